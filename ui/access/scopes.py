"""What each route needs: the one table. A route that is not in it answers nobody."""

from dataclasses import dataclass

from fastapi import Request
from starlette.exceptions import HTTPException

from ui.access.caller import Caller, Scope

PUBLIC = frozenset(("/healthz", "/readyz", "/api/openapi.json", "/tools/openapi.json", "/operations"))
"""Paths that ask for no key."""
LOGIN = frozenset(("/login", "/logout"))
SHARED = "/shared/"
"""How the paths begin of lists that somebody shared: whoever has the link may see one, logged in or not."""


@dataclass(frozen=True, slots=True)
class Rule:
    """Who may use a route: a key with one of the scopes, and (or not) a user's token that such a key made."""

    scopes: frozenset[Scope]
    tokens: bool = True


def _needs(*scopes: Scope, tokens: bool = True) -> Rule:
    return Rule(frozenset(scopes), tokens)


ANYBODY = Rule(frozenset())
MCP = (Scope.RECOMMEND, Scope.FEEDBACK, Scope.ITEMS, Scope.ADMIN)
"""One of them opens the door; each tool asks for its own."""
RULES: dict[tuple[str, str], Rule] = {
    ("POST", "/v1/chat/completions"): _needs(Scope.CHAT),
    ("POST", "/v1/responses"): _needs(Scope.CHAT),
    ("GET", "/v1/models"): _needs(Scope.CHAT),
    ("GET", "/v1/models/{model}"): _needs(Scope.CHAT),
    ("POST", "/api/recommend"): _needs(Scope.RECOMMEND),
    ("POST", "/api/feedback"): _needs(Scope.FEEDBACK),
    ("DELETE", "/api/feedback/{feedback_id}"): _needs(Scope.FEEDBACK),
    ("GET", "/api/watchlist"): _needs(Scope.FEEDBACK),
    ("POST", "/api/watchlist"): _needs(Scope.FEEDBACK),
    ("DELETE", "/api/watchlist/{item_id}"): _needs(Scope.FEEDBACK),
    ("GET", "/api/items/{item_id}"): _needs(Scope.ITEMS),
    ("POST", "/api/users"): _needs(Scope.FEEDBACK, Scope.ADMIN, tokens=False),
    ("GET", "/api/users/{user_id}"): _needs(Scope.ADMIN),
    ("GET", "/api/users/{user_id}/profile"): _needs(Scope.ADMIN),
    ("GET", "/api/users/{user_id}/export"): _needs(Scope.ADMIN),
    ("DELETE", "/api/users/{user_id}"): _needs(Scope.ADMIN),
    ("POST", "/api/tokens"): _needs(Scope.CHAT, Scope.ADMIN, tokens=False),
    ("POST", "/mcp"): _needs(*MCP),
    ("POST", "/tools/{name}"): _needs(*MCP),
    ("GET", "/tools/openapi.json"): ANYBODY,
    ("GET", "/metrics"): _needs(Scope.ADMIN, tokens=False),
    ("GET", "/api/operations"): _needs(Scope.ADMIN, tokens=False),
    ("GET", "/operations"): ANYBODY,
    ("GET", "/healthz"): ANYBODY,
    ("GET", "/readyz"): ANYBODY,
    ("GET", "/login"): ANYBODY,
    ("POST", "/login"): ANYBODY,
    ("POST", "/logout"): ANYBODY,
    ("GET", "/shared/{token}"): ANYBODY,
}


async def check_scope(request: Request) -> None:
    """A dependency of every route: let those pass who may use it, and tokens for their own user only."""
    rule = RULES.get((request.method, request.scope["route"].path_format))
    if rule is None:
        raise HTTPException(
            403, "expected a route with a declared scope, found none. Declare it in ui/access/scopes.py."
        )
    if rule is ANYBODY:
        return
    caller = caller_of(request)
    if caller.user is not None and not rule.tokens:
        raise HTTPException(403, "expected an API key, found a user's token. Ask from your server, with its key.")
    if not rule.scopes & caller.scopes:
        _refuse_scope(rule)
    for named in (request.path_params.get("user_id"), request.query_params.get("user")):
        if named is not None:
            user_of(request, named)


def caller_of(request: Request) -> Caller:
    """Who makes the request."""
    caller: Caller = request.state.caller
    return caller


def user_of(request: Request, named: str | None) -> str | None:
    """Whom the request is about: who it names; with a token its user, and nobody else."""
    return check_user(caller_of(request), named)


def check_user(caller: Caller, named: str | None) -> str | None:
    """The same for a caller.

    Raises:
        HTTPException: A token speaks for somebody else.
    """
    own = caller.user
    if own is not None and named not in (None, own):
        raise HTTPException(403, "expected the user of this token, found another. Ask for a token of that user.")
    return named if own is None else own


def _refuse_scope(rule: Rule) -> None:
    needed = " or ".join(sorted(rule.scopes))
    challenge = f'Bearer realm="reconteur", error="insufficient_scope", scope="{" ".join(sorted(rule.scopes))}"'
    raise HTTPException(
        403,
        f"expected a key with the scope {needed}, found one without. Make one with: reconteur keys add",
        headers={"WWW-Authenticate": challenge},
    )
