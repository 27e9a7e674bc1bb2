"""A page of plain HTML that needs nothing of the chat page: a shared list, an address at which there is nothing."""

import base64
import hashlib
from importlib.resources import files

from fastapi.responses import HTMLResponse
from starlette.requests import Request
from starlette.types import Scope

from ui.page.markup import Html, tag
from ui.page.words import language_of, word

_STYLE = (files("ui.page") / "assets" / "shared.css").read_text(encoding="utf-8")
_STYLE_DIGEST = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
HEADERS = {
    "Cache-Control": "no-store",  # a link that is taken back leads nowhere at once
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow",
    "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{_STYLE_DIGEST}'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'",
}


def plain_page(
    language: str,
    title: str,
    body: Html,
    home: str,
    *,
    way: str = "shared_own",
    status: int = 200,
    retry_s: int | None = None,
) -> HTMLResponse:
    """A page with a heading and a link to the chat page; `way` is the key of what the link says."""
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="robots", content="noindex, nofollow"),
        tag("title", f"{title} – Reconteur"),
        tag("style", Html(_STYLE)),
    )
    own = tag("a", word(way, language), href=home, class_="own")
    main = tag("main", tag("h1", title), body, tag("p", own))
    page = tag("html", head, tag("body", tag("header", tag("p", "Reconteur")), main), lang=language)
    later = {} if retry_s is None else {"Retry-After": str(retry_s)}
    return HTMLResponse(f"<!doctype html>{page}", status, headers={**HEADERS, **later})


def nothing_here(scope: Scope) -> HTMLResponse | None:
    """Says to a browser that there is nothing at an address; None to any other client, which asks for no HTML."""
    headers = Request(scope).headers
    if scope["method"] not in ("GET", "HEAD") or "text/html" not in headers.get("accept", ""):
        return None
    language = language_of(headers.get("accept-language", ""))
    lead = tag("p", word("page_gone_lead", language), class_="lead")
    home = f"{scope.get('root_path', '')}/"
    return plain_page(language, word("page_gone", language), lead, home, way="page_home", status=404)
