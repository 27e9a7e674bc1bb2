import jwt
import pytest
from fastapi.testclient import TestClient

from retrieval.state import AccessStore
from tests.ui.access.conftest import Client, add_key
from tests.ui.fakes import FakeAgent
from ui.access import signing
from ui.access.caller import Scope
from ui.access.scopes import ANYBODY, RULES
from ui.access.signing import Signer, UserClaims

ABOUT = {
    ("POST", "/v1/chat/completions"): lambda user: {
        "json": {"messages": [{"role": "user", "content": "calm"}], "user": user}
    },
    ("POST", "/v1/responses"): lambda user: {"json": {"input": "calm", "user": user}},
    ("POST", "/api/recommend"): lambda user: {"json": {"message": "calm", "user": user}},
    ("POST", "/api/feedback"): lambda user: {"json": {"user": user, "item_id": "game:1", "kind": "like"}},
    ("DELETE", "/api/feedback/{feedback_id}"): lambda user: {"params": {"user": user}},
    ("GET", "/api/watchlist"): lambda user: {"params": {"user": user}},
    ("POST", "/api/watchlist"): lambda user: {"json": {"user": user, "item_id": "game:1"}},
    ("DELETE", "/api/watchlist/{item_id}"): lambda user: {"params": {"user": user}},
    ("GET", "/api/users/{user_id}"): lambda user: {},
    ("GET", "/api/users/{user_id}/profile"): lambda user: {},
    ("GET", "/api/users/{user_id}/export"): lambda user: {},
    ("DELETE", "/api/users/{user_id}"): lambda user: {},
}
"""Every route that is about a user, and how to ask it about one."""
NOBODYS = {("GET", "/v1/models"), ("GET", "/v1/models/{model}"), ("GET", "/api/items/{item_id}")}
PROTOCOL = {("POST", "/mcp"), ("POST", "/tools/{name}")}
"""Whom a call is about is said within it: see test_mcp.py and test_tool_server.py in tests/ui/clients."""
KEYS_ALONE = {route for route, rule in RULES.items() if not rule.tokens}


@pytest.fixture
def backend(client: TestClient, agent: FakeAgent) -> Client:
    return Client(client, add_key(agent.state, "acme"))


def ask_about(client: Client, route: tuple[str, str], user: str):
    return client.ask(route[0], route[1].format(user_id=user, feedback_id="1", item_id="game:1"), **ABOUT[route](user))


def test_every_route_is_either_about_a_user_or_not():
    assert set(RULES) - {route for route, rule in RULES.items() if rule is ANYBODY} == {
        *ABOUT,
        *NOBODYS,
        *PROTOCOL,
        *KEYS_ALONE,
    }


@pytest.mark.parametrize("route", ABOUT)
def test_a_token_speaks_for_its_user_and_for_nobody_else(backend: Client, agent: FakeAgent, route: tuple[str, str]):
    kim, lee = backend.token_for("kim"), backend.token_for("lee")
    ask_about(lee, ("POST", "/api/feedback"), "lee")
    before = agent.state.of("acme").export_user("lee")

    refused, own = ask_about(kim, route, "lee"), ask_about(kim, route, "kim")

    assert (refused.status_code, own.is_success) == (403, True), own.text
    assert "another" in refused.json()["error"]["message"]
    assert agent.state.of("acme").export_user("lee") == before


@pytest.mark.parametrize("route", sorted(KEYS_ALONE))
def test_a_token_makes_neither_tokens_nor_users(backend: Client, route: tuple[str, str]):
    answer = backend.token_for("kim").ask(*route, json={"user": "kim"})

    assert answer.status_code == 403
    assert "with its key" in answer.json()["error"]["message"]


@pytest.mark.parametrize("route", ABOUT)
def test_a_token_may_do_what_its_key_may_and_no_more(client: TestClient, agent: FakeAgent, route: tuple[str, str]):
    for scope in (Scope.CHAT, Scope.ADMIN):  # those that make tokens
        key = Client(client, add_key(agent.state, "acme", (scope, Scope.ITEMS)))
        kim = key.token_for("kim")

        answer = ask_about(kim, route, "kim")

        assert (answer.status_code == 403) == (scope not in RULES[route].scopes), answer.text


def test_a_token_that_names_nobody_means_its_user(backend: Client, agent: FakeAgent):
    kim = backend.token_for("kim")

    kim.ask("POST", "/v1/chat/completions", json={"messages": [{"role": "user", "content": "calm"}]})
    kim.ask("POST", "/api/recommend", json={"message": "calm"})

    assert agent.stored == [True, True]


def test_a_token_ends(backend: Client, monkeypatch: pytest.MonkeyPatch):
    now = signing.time.time()
    monkeypatch.setattr(signing.time, "time", lambda: now - 61)
    kim = backend.token_for("kim", seconds=60)

    answer = kim.ask("GET", "/api/users/kim")

    assert answer.status_code == 401
    assert "POST /api/tokens" in answer.json()["error"]["message"]


def test_a_token_ends_with_its_user_whoever_has_the_id_afterwards(backend: Client):
    kim = backend.token_for("kim")
    assert kim.ask("DELETE", "/api/users/kim").status_code == 204

    for again in (False, True):
        if again:
            backend.token_for("kim")
        assert kim.ask("GET", "/v1/models").status_code == 401
        assert kim.ask("POST", "/api/recommend", json={"message": "calm"}).status_code == 401


def test_a_token_ends_with_the_key_that_made_it(backend: Client, agent: FakeAgent):
    kim, store = backend.token_for("kim"), AccessStore(agent.state.database)
    assert kim.ask("GET", "/api/users/kim").status_code == 200

    store.revoke_key(store.list_keys()[0].key_id, who="test")

    assert kim.ask("GET", "/api/users/kim").status_code == 401


def test_a_token_that_was_changed_or_signed_by_others_opens_nothing(backend: Client, agent: FakeAgent):
    token = backend.token_for("kim").bearer
    head, body, signature = token.split(".")
    claims = jwt.decode(token, options={"verify_signature": False})
    forged = [
        f"{head}.{body}.{signature[::-1]}",
        jwt.encode({**claims, "sub": "lee"}, "0" * 64, algorithm="HS256"),
        jwt.encode(claims, "", algorithm="none"),
        "a.b.c",
    ]

    for forged_token in forged:
        assert Client(backend.http, forged_token).ask("GET", "/api/users/kim").status_code == 401


def test_a_token_of_the_open_server_ends_with_the_first_key(client: TestClient, agent: FakeAgent):
    token = Client(client, client.post("/api/tokens", json={"user": "kim"}).json()["token"])
    assert token.ask("GET", "/api/users/kim").status_code == 200
    assert token.ask("GET", "/api/users/lee").status_code == 403

    add_key(agent.state)

    assert token.ask("GET", "/api/users/kim").status_code == 401


def test_an_id_that_cannot_be_a_users_gets_no_token(backend: Client):
    for body in ({"user": "\x1fkim"}, {"user": ""}, {"user": "kim", "seconds": 5}, {"user": "kim", "seconds": 10**6}):
        assert backend.ask("POST", "/api/tokens", json=body).status_code == 422


def test_the_secret_is_made_once_and_kept(agent: FakeAgent):
    store = AccessStore(agent.state.database)
    claims = UserClaims("kim", 12.5, "", "")
    token, _ = Signer(store.secret()).user_token(claims, seconds=60)

    assert Signer(AccessStore(agent.state.database).secret()).read_user(token) == claims
    assert len(store.secret()) == 64
