"""Lists that others may see by a link: the cards, their reasons and the reply; nothing else of the conversation."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter, ValidationError

from agent.recommendation import Explanation, Recommendation
from agent.wording.cards import disclosed
from agent.wording.explain import speaks_for
from retrieval.items import Catalog
from retrieval.state import ShareStore
from ui.page.anew import find
from ui.page.chat_turn import ChatTurn
from ui.page.parts import Changes, Region
from ui.page.people import UserSessions
from ui.page.state import Link, Session
from ui.page.words import word


@dataclass(frozen=True, slots=True)
class SharedCard:
    """A card as others see it."""

    item_id: str
    text: str
    """Why it is there; of a near miss, what it lacks."""
    speaks_for: str = ""
    """What speaks for a near miss."""
    slot: str = ""
    disclosure: str = ""

    def seen(self, rank: int, catalog: Catalog, language: str) -> Recommendation | None:
        """The card with what the house says of its item today; None where the catalog has no such item."""
        if self.item_id not in catalog:
            return None
        made = Recommendation(
            catalog.item(self.item_id), rank, Explanation(self.text), slot=self.slot, disclosure=self.disclosure
        )
        return disclosed(made, catalog, language)


@dataclass(frozen=True, slots=True)
class SharedList:
    """What others see."""

    cards: tuple[SharedCard, ...] = ()
    near: tuple[SharedCard, ...] = ()
    text: str = ""
    language: str = "en"


_ADAPTER = TypeAdapter(SharedList)


def list_of(turn: ChatTurn, language: str) -> SharedList:
    """What others see of an exchange; `language` where that of its reply is not known."""
    spoken = turn.language(language)
    cards, near = _cards(turn.recommendations, spoken), _cards(turn.near_misses, spoken)
    return SharedList(cards, near, turn.text, spoken)


def dump_list(shared: SharedList) -> dict[str, Any]:
    """The list as JSON values, for the state."""
    dumped: dict[str, Any] = _ADAPTER.dump_python(shared, mode="json")
    return dumped


def load_list(content: Mapping[str, Any]) -> SharedList | None:
    """The reverse of `dump_list`; None where another version wrote something else."""
    try:
        return _ADAPTER.validate_python(content)
    except ValidationError:
        return None


@dataclass(frozen=True, slots=True)
class Sharing:
    """Makes and ends links; holds nothing of any session."""

    people: UserSessions

    @property
    def store(self) -> ShareStore:
        """The links of the realm."""
        return ShareStore(self.people.agent.state.database)

    async def share(self, session: Session, name: str) -> Changes:
        """Let others see the list of an exchange; again shows the same link."""
        located, days = find(session, name), self.people.agent.settings.access.share_days
        is_shared = session.shared is not None and session.shared.turn == name
        if located is None or session.user is None or not (days and located[1].has_list) or is_shared:
            return
        content = dump_list(list_of(located[1], session.language))
        user_id, conversation_id = session.user.user_id, session.conversation.conversation_id
        token, share = await asyncio.to_thread(self.store.add, user_id, conversation_id, content, days=days)
        session.shared = Link(name, token, share)
        yield Region.LOG

    async def revoke(self, session: Session, share_id: str) -> Changes:
        """Let a link of the user's lead nowhere."""
        if session.user is None or not share_id.isdecimal():
            return
        if await asyncio.to_thread(self.store.revoke, session.user.user_id, int(share_id[:12])):
            session.notice = word("revoked", session.language)
        if session.shared is not None and str(session.shared.share.share_id) == share_id:
            session.shared = None
        yield Region.LOG | Region.INPUT


def _cards(cards: Iterable[Recommendation], language: str) -> tuple[SharedCard, ...]:
    return tuple(
        SharedCard(
            card.item.item_id,
            card.explanation.text,
            speaks_for(card.explanation, language) if card.breaks else "",
            card.slot,
            card.disclosure,
        )
        for card in cards
    )
