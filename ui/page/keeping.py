"""What is kept of a user by clicks in the page's views; `ui.page.actions` has what belongs to the conversation."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace

from retrieval.items import Catalog
from retrieval.preference import Wish
from retrieval.schema import FieldKind, FieldSpec
from retrieval.spans import parse_span
from retrieval.state import Taste
from ui.page.agents import ChatAgent
from ui.page.importing import MOST_PIECES, Import
from ui.page.parts import Changes, Region
from ui.page.people import UserSessions
from ui.page.state import Session
from ui.page.words import word


@dataclass(frozen=True, slots=True)
class Keeping:
    """Changes what is kept; holds nothing of any session."""

    people: UserSessions

    @property
    def agent(self) -> ChatAgent:
        """The agent."""
        return self.people.agent

    async def save(self, session: Session, item_id: str) -> Changes:
        """Put an item on the watchlist."""
        self.agent.retriever.catalog.item(item_id)
        await self.people.ensure_user(session)
        if session.user is not None:
            await asyncio.to_thread(self.agent.state.save_item, session.user.user_id, item_id)
        await self.people.refresh(session)
        yield Region.LOG | Region.BROWSER

    async def lean(self, session: Session, key: str) -> Changes:
        """Keep that there shall be more of a value from now on ('genres:wish:Comedy'), or less ('genres:less:...')."""
        wish = _wish_of(key, self.agent.retriever.catalog)
        if wish is None:
            return
        await self.people.ensure_user(session)
        if session.user is not None:
            state, user_id = self.agent.state, session.user.user_id
            await asyncio.to_thread(state.drop_taste, user_id, replace(wish, weight=-wish.weight).key)
            await asyncio.to_thread(state.keep_taste, user_id, Taste("", wish=wish))
        await self.people.refresh(session)
        yield Region.RAIL | Region.BROWSER

    async def read(self, session: Session, piece: Mapping[str, str]) -> Changes:
        """Take in a piece of an export, for a preview; the first one of a file takes the place of an earlier file."""
        number, of = (int(piece[name]) if piece[name].isdecimal() else 0 for name in ("number", "of"))
        if session.incoming is None or session.incoming.is_whole or session.incoming.of != of:
            session.incoming = Import(self.agent.retriever.catalog, min(max(of, 1), MOST_PIECES))
        incoming = session.incoming
        await asyncio.to_thread(incoming.take, number, piece["name"], piece["head"], piece["text"])
        yield Region(0)

    async def bring(self, session: Session) -> Changes:
        """Keep what was read."""
        incoming, session.incoming = session.incoming, None
        if incoming is not None and incoming.is_whole:
            await self.people.ensure_user(session)
            if session.user is not None:
                bring = self.agent.state.bring_feedback
                count = await asyncio.to_thread(bring, session.user.user_id, incoming.given, [*incoming.saved])
                session.notice = word("imported", session.language, count=count)
            await self.people.refresh(session)
        yield Region.ALL

    async def leave(self, session: Session) -> Changes:
        """Keep nothing of it."""
        session.incoming = None
        yield Region(0)

    async def rename(self, session: Session, conversation_id: str, title: str) -> Changes:
        """Call one of the user's conversations something else."""
        if session.user is not None and title.strip():
            rename = self.agent.state.rename_conversation
            await asyncio.to_thread(rename, session.user.user_id, conversation_id, title.strip())
            await self.people.refresh(session)
        yield Region.RAIL

    async def forget(self, session: Session, conversation_id: str) -> Changes:
        """Forget one of the user's conversations for good; where it is the present one, begin anew."""
        is_open = conversation_id == session.conversation.conversation_id
        if is_open and session.running:
            session.notice = word("busy", session.language)
        elif session.user is not None:
            await self.agent.forget(session.user.user_id, conversation_id)
            await (self.people.restart if is_open else self.people.refresh)(session)
        yield Region.ALL

    async def unsave(self, session: Session, item_id: str) -> Changes:
        """Take an item off the watchlist."""
        if session.user is not None:
            await asyncio.to_thread(self.agent.state.unsave_item, session.user.user_id, item_id)
            await self.people.refresh(session)
        yield Region.LOG


def _wish_of(key: str, catalog: Catalog) -> Wish | None:
    """The lasting wish that a key names; None where the catalog has no such value."""
    field, kind, value = (*key.split(":", 2), "", "")[:3]
    spec = next((spec for spec in catalog.schema.fields if spec.name == field), None)
    if spec is None or kind not in ("wish", "less") or not _is_held(value, spec, catalog):
        return None
    return Wish(field, value, 1.0 if kind == "wish" else -1.0, lasting=True)


def _is_held(value: str, spec: FieldSpec, catalog: Catalog) -> bool:
    """Whether some item has a value; of a field of numbers, whether one lies within a span."""
    if spec.kind is FieldKind.NUMBER:
        return str(parse_span(value)) == value and len(catalog.holders(spec.name, value)) > 0
    return value in catalog.values(spec.name)
