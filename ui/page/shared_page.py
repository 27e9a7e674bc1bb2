"""A list that somebody shared, as whoever has the link sees it: plain HTML that needs nothing of the page."""

import asyncio
from typing import TYPE_CHECKING

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import HTMLResponse

from agent.recommendation import Recommendation
from retrieval.errors import StateError
from retrieval.house import House
from retrieval.items import Catalog
from retrieval.state import Share, ShareStore
from ui.access.scopes import SHARED
from ui.limits.quotas import Quotas, RateLimitExceededError
from ui.page.card_context import CardContext
from ui.page.cards import facts
from ui.page.covers import cover
from ui.page.markup import Html, paragraphs, tag
from ui.page.plain_page import plain_page
from ui.page.sharing import SharedCard, SharedList, load_list
from ui.page.words import day, language_of, word

if TYPE_CHECKING:
    from agent.agent import Agent

router = APIRouter(include_in_schema=False)
RETRY_S = 5


def add_shared(app: FastAPI) -> None:
    """Let an application show shared lists."""
    app.include_router(router)


@router.get(SHARED + "{token:path}", response_class=HTMLResponse)
async def show(request: Request, token: str) -> HTMLResponse:
    """The list of a link; a page of its own where it leads nowhere."""
    language = language_of(request.headers.get("accept-language", ""))
    home = f"{request.scope.get('root_path', '')}/"
    quotas: Quotas = request.app.state.quotas
    try:
        quotas.count(request.scope)
        located = await asyncio.to_thread(_find, request.state.agent, token)
    except RateLimitExceededError as error:
        return _later(word("too_many", language, seconds=error.retry_after_s), language, home, 429, error.retry_after_s)
    except StateError:
        return _later(word("state_down", language), language, home, 503, RETRY_S)
    if located is None:
        told = tag("p", word("shared_gone_lead", language), class_="lead")
        return plain_page(language, word("shared_gone", language), told, home, status=404)
    catalog, share, shared = located
    lead = tag("p", word("shared_lead", language, date=day(share.expires_at, language)), class_="lead")
    body = tag("div", *_list(shared, catalog, language), lang=shared.language)
    return plain_page(language, word("shared_title", language), Html(lead + body), home)


def _find(agent: "Agent", token: str) -> tuple[Catalog, Share, SharedList] | None:
    """What a link leads to, over the catalog as the house shows it to somebody of whom nothing is known. Blocks."""
    if not agent.settings.access.share_days:
        return None
    located = ShareStore(agent.state.database).find(token)
    if located is None or (shared := load_list(located[1].content)) is None:
        return None
    realm, share = located
    return agent.of(realm).catalog, share, shared


def _list(shared: SharedList, catalog: Catalog, language: str) -> list[Html]:
    context = CardContext(catalog, shared.language)
    is_told = shared.text and not catalog.house.names(shared.text)
    parts = [tag("div", paragraphs(shared.text), class_="reply")] if is_told else []
    if shared.cards:
        cards = [_card(card, at, context, language) for at, card in enumerate(shared.cards, start=1)]
        parts += [tag("h2", context.say("suggestions")), tag("ol", *cards)]
    if shared.near:
        near = [_card(card, at, context, language, is_near=True) for at, card in enumerate(shared.near, start=1)]
        parts += [tag("h2", context.say("near")), tag("ol", *near)]
    return parts


def _card(card: SharedCard, rank: int, context: CardContext, language: str, *, is_near: bool = False) -> Html:
    seen = card.seen(rank, context.catalog, context.language)
    if seen is None:
        return tag("li", tag("p", word("item_gone", language), class_="gone", lang=language))
    item = seen.item
    heading = tag("h3", f"{rank}. {item.label}")
    body = tag(
        "div",
        heading,
        facts(item, context, card.speaks_for or seen.explanation.text),
        *_why(seen, card, context.catalog.house, is_near=is_near),
    )
    return tag("li", tag("article", cover(item, context.catalog.schema, label=""), body, aria_label=item.label))


def _why(seen: Recommendation, card: SharedCard, house: House, *, is_near: bool) -> list[Html]:
    """What the place is for, what a near miss lacks, and why it is there; nothing that names what is hidden now."""
    text = seen.explanation.text
    told = {"slot": seen.slot, "breaks": text if is_near else "", "reason": card.speaks_for if is_near else text}
    return [tag("p", said, class_=name) for name, said in told.items() if said and not house.names(said)]


def _later(reason: str, language: str, home: str, status: int, retry_s: int) -> HTMLResponse:
    """Why there is nothing to see yet."""
    told = tag("p", reason, class_="lead")
    return plain_page(language, word("suggestions", language), told, home, status=status, retry_s=retry_s)
