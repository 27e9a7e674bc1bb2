"""The page's door: a form to log in with, and the way out. Plain HTML, so that it needs nothing of the page."""

import asyncio
import html
import math
from urllib.parse import parse_qs, urlsplit

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from agent.admission import NoRoomError
from retrieval.errors import StateError
from ui.access.access import Access
from ui.access.guard import COOKIE
from ui.access.passwords import is_right
from ui.edge.addresses import is_local
from ui.limits.callers import caller_of
from ui.limits.quotas import Quotas, RateLimitExceededError
from ui.page.words import language_of, word

router = APIRouter(include_in_schema=False)
WRONG_S = 0.5
"""After a wrong password, before that is said."""
WAIT_S = 5.0
"""How long a login stands in line before others."""
MOST_BYTES = 4096
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; "
    "form-action 'self'; frame-ancestors 'none'",
}
_FORM = """<!doctype html>
<html lang="{language}"><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Reconteur</title>
<style>
  :root {{ color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }}
  body {{ display: grid; min-height: 90vh; place-content: center; }}
  form {{ display: grid; gap: .75rem; width: min(20rem, 90vw); }}
  h1 {{ font-size: 1.5rem; margin: 0; }}
  input, button {{ font: inherit; padding: .6rem .75rem; border-radius: .5rem; border: 1px solid gray; width: 100%; }}
  input {{ box-sizing: border-box; }}
</style>
<form method="post" action="{action}">
  <h1>Reconteur</h1>
  {message}
  <label>{name}<input name="name" autocomplete="username" autocapitalize="none" required autofocus></label>
  <label>{password}<input name="password" type="password" autocomplete="current-password" required></label>
  <button>{log_in}</button>
</form>
"""


def add_door(app: FastAPI) -> None:
    """Let people log in at an application; from now on its guard knows that there is a page."""
    app.include_router(router)
    app.state.page = True


@router.get("/login", response_class=HTMLResponse)
async def show_form(request: Request) -> HTMLResponse:
    """The form."""
    return _form(request)


@router.post("/login")
async def log_in(request: Request) -> Response:
    """Check a password, and start a session where it is right."""
    access: Access = request.state.access
    if not access.settings.cookies_over_http and _is_readable_on_the_way(request):
        return _form(request, "login_http", status=403)
    quotas: Quotas = request.app.state.quotas
    attempts, address = access.attempts, caller_of(request.scope)
    try:
        quotas.count(request.scope)
        name, password = await _read(request)
        wait_s = math.ceil(attempts.wait_s(address, name))
    except RateLimitExceededError as error:
        wait_s = error.retry_after_s
    if wait_s > 0:
        return _form(request, "login_wait", status=429, headers={"Retry-After": str(wait_s)})
    attempts.fail(address, name)  # until the password turns out right: many at once count as many
    account = await asyncio.to_thread(access.store.account, name)
    try:
        async with access.checks.place(WAIT_S):
            is_welcome = await asyncio.to_thread(is_right, password, account)
    except NoRoomError:
        return _form(request, "login_busy", status=429, headers={"Retry-After": f"{WAIT_S:.0f}"})
    if not is_welcome or account is None:
        await asyncio.sleep(WRONG_S)
        return _form(request, "login_wrong", status=401)
    attempts.succeed(address, name)
    answer = RedirectResponse(_root(request) + "/", 303)
    try:
        cookie = await asyncio.to_thread(access.make_session, account)
    except StateError:
        return _form(request, "login_unsaved", status=503, headers={"Retry-After": f"{WAIT_S:.0f}"})
    secure = not (access.settings.cookies_over_http or is_local(request.url.hostname or ""))
    answer.set_cookie(
        COOKIE,
        cookie,
        max_age=access.session_s,
        path=_root(request) or "/",
        secure=secure,
        httponly=True,
        samesite="lax",
    )
    return answer


@router.post("/logout")
async def log_out(request: Request) -> Response:
    """End the session of this browser; its cookie opens nothing any more, wherever it was copied to."""
    access: Access = request.state.access
    await asyncio.to_thread(access.store.end_session, request.cookies.get(COOKIE, ""))
    answer = RedirectResponse(_root(request) + "/login", 303)
    answer.delete_cookie(COOKIE, path=_root(request) or "/")
    return answer


async def _read(request: Request) -> tuple[str, str]:
    """Name and password of a form; '' for what is not there or too long to be one."""
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > MOST_BYTES:
            return "", ""
    fields = parse_qs(body.decode("utf-8", "replace"))
    name, password = (fields.get(field, [""])[0] for field in ("name", "password"))
    return name.strip().lower()[:64], password


def _is_readable_on_the_way(request: Request) -> bool:
    """Whether the browser says that it talks plain http to another machine: it would not keep the cookie either."""
    origin = urlsplit(request.headers.get("origin", ""))
    return origin.scheme == "http" and not is_local(origin.hostname or "")


def _form(
    request: Request, problem: str = "", *, status: int = 200, headers: dict[str, str] | None = None
) -> HTMLResponse:
    language = language_of(request.headers.get("accept-language", ""))
    told = f'<p role="alert">{html.escape(word(problem, language))}</p>' if problem else ""
    page = _FORM.format(
        language=language,
        action=html.escape(_root(request) + "/login"),
        message=told,
        name=html.escape(word("login_name", language)),
        password=html.escape(word("login_password", language)),
        log_in=html.escape(word("log_in", language)),
    )
    return HTMLResponse(page, status, headers={**_HEADERS, **(headers or {})})


def _root(request: Request) -> str:
    return str(request.scope.get("root_path", ""))
