"""What happens on the page: each action changes one session and says which parts of the page to draw anew.

Knows no Gradio: an action is an async generator, so it can be tested by itself.
"""

import asyncio
import json
import logging
import traceback
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import dataclass, replace
from enum import Flag, auto
from typing import Any

from pydantic import ValidationError

from agent.conversation import Conversation, Role, Turn
from agent.events import Event, Finished, Recommended, TextDelta, ToolCalled, Understood
from retrieval.errors import RecommenderError, UnknownUserError
from retrieval.items import Catalog
from retrieval.state import FeedbackKind, User
from ui.chat_agent import ChatAgent
from ui.chat_rail import demo_name
from ui.chat_state import MOST_OWN_USERS, Browser, ChatTurn, Session, turns_of
from ui.words import word

logger = logging.getLogger(__name__)

MOST_PICKS = 12
MOST_DEMO_USERS = 6
_LONGEST_NAME = 60
_OPINIONS = ("liked", "disliked", "seen")


class Part(Flag):
    """The parts of the page."""

    LOG = auto()
    LIVE = auto()
    RAIL = auto()
    INPUT = auto()
    """The words around the input; what was typed stays."""
    DRAFT = auto()
    """What was typed."""
    BROWSER = auto()
    DOWNLOAD = auto()
    ALL = LOG | LIVE | RAIL | INPUT | BROWSER


Changes = AsyncGenerator[Part, None]


@dataclass(frozen=True, slots=True)
class Actions:
    """All actions over one agent; holds nothing of any session."""

    find_agent: Callable[[], ChatAgent]

    @property
    def agent(self) -> ChatAgent:
        """The agent, which may be made after the page."""
        return self.find_agent()

    @property
    def catalog(self) -> Catalog:
        """The agent's catalog."""
        return self.agent.retriever.catalog

    def picks(self) -> list[str]:
        """The item ids of the taste picker."""
        return [one for one in self.agent.retriever.popular_diverse(MOST_PICKS) if one in self.catalog]

    def demo_users(self) -> list[str]:
        """A few people of the data set."""
        return list(self.agent.retriever.dataset_users(MOST_DEMO_USERS))

    async def open(self, browser: object, language: str) -> Session:
        """A session from what the browser kept; users and conversations that are gone are left out."""
        kept = _read_browser(browser)
        session = Session(language=language)
        for user_id in kept.users:
            user = await self._user(user_id)
            if user is not None:
                session.users.append(user)
        session.user = next((user for user in session.users if user.user_id == kept.current), None)
        self._start(session)
        await self._refresh(session)
        if kept.conversation and any(row.conversation_id == kept.conversation for row in session.rows):
            await self._load(session, kept.conversation)
        return session

    async def send(self, session: Session, message: str) -> Changes:
        """Answer a message."""
        session.notice = ""
        if session.running:
            session.notice = word("busy", session.language)
            yield Part.INPUT
            return
        if not message.strip():
            wishes = self.catalog.schema.wishes
            wish = next(iter(wishes.get(session.language) or wishes.get("en", ())), "…")
            session.notice = word("empty", session.language, wish=wish)
            yield Part.INPUT
            return
        session.status, session.draft = "reading", ""
        session.turns.append(ChatTurn(message))
        yield Part.LOG | Part.LIVE | Part.INPUT | Part.DRAFT
        async with aclosing(
            self._run(session, message, lambda: self.agent.stream(session.conversation, message))
        ) as parts:
            async for part in parts:
                yield part

    async def rerank(self, session: Session, *, remove: str | None = None, novelty: float | None = None) -> Changes:
        """Sort the last list anew, in its place."""
        if session.running or not session.turns:
            return
        session.status, session.notice = "reranking", ""
        session.turns[-1] = replace(session.turns[-1], text="", trace=None, tools=(), error="")
        yield Part.LOG | Part.LIVE | Part.RAIL | Part.INPUT
        run = self._run(session, "", lambda: self.agent.rerank(session.conversation, remove=remove, novelty=novelty))
        async with aclosing(run) as parts:
            async for part in parts:
                yield part

    async def show_picks(self, session: Session) -> Changes:
        """A first list from the taste picker, without the model."""
        if session.running:
            return
        session.turns.append(ChatTurn("", title=word("from_taps", session.language)))
        async with aclosing(self.rerank(session)) as parts:
            async for part in parts:
                yield part

    async def dial(self, session: Session, value: float) -> Changes:
        """Move the dial; a list that is shown is sorted anew."""
        novelty = min(1.0, max(0.0, value))
        if session.user is not None:
            session.user = await asyncio.to_thread(self._set_novelty, session.user.user_id, novelty)
            session.users = [session.user if one.user_id == session.user.user_id else one for one in session.users]
        preference = replace(session.conversation.preference, novelty=novelty)
        session.conversation = replace(session.conversation, preference=preference)
        yield Part.RAIL
        if session.conversation.last_shown():
            async with aclosing(self.rerank(session, novelty=novelty)) as parts:
                async for part in parts:
                    yield part

    async def feedback(self, session: Session, item_id: str, kind: str) -> Changes:
        """Take in an opinion; another opinion about the same item replaces the first."""
        await self._ensure_user(session)
        if item_id in session.feedback:
            await self._undo(session, session.feedback[item_id][1], item_id)
        session.conversation, _ = await self.agent.feedback(session.conversation, item_id, FeedbackKind(kind))
        await self._touched(session, item_id)
        yield Part.LOG | Part.RAIL | Part.BROWSER

    async def undo(self, session: Session, item_id: str) -> Changes:
        """Take back the opinion about an item."""
        if item_id in session.feedback:
            await self._undo(session, session.feedback[item_id][1], item_id)
            await self._touched(session, item_id)
        yield Part.LOG

    async def pick(self, session: Session, choice: str) -> Changes:
        """Become another user of this browser ('own:0'), or continue a person of the data set ('data:42')."""
        kind, _, name = choice.partition(":")
        if session.running:
            session.notice = word("busy", session.language)
        elif kind == "own" and name.isdecimal() and int(name) < len(session.users):
            session.user = session.users[int(name)]
            await self._restart(session)
        elif kind == "data" and name in self.demo_users():
            await self._add_user(session, demo_name(name, session.language), name)
            await self._restart(session)
        yield Part.ALL

    async def create(self, session: Session, name: str) -> Changes:
        """Make a new user, known to this browser alone."""
        if session.running:
            session.notice = word("busy", session.language)
        else:
            await self._add_user(session, " ".join(name.split())[:_LONGEST_NAME], None)
            await self._restart(session)
        yield Part.ALL

    async def new_conversation(self, session: Session) -> Changes:
        """Begin anew with the same user."""
        if session.running:
            session.notice = word("busy", session.language)
        else:
            await self._restart(session)
        yield Part.ALL

    async def reopen(self, session: Session, conversation_id: str) -> Changes:
        """Go on with an earlier conversation of the user."""
        if session.running:
            session.notice = word("busy", session.language)
        elif any(row.conversation_id == conversation_id for row in session.rows):
            session.notice = ""
            if not await self._load(session, conversation_id):
                session.notice = word("gone", session.language)
        yield Part.ALL

    async def drop_taste(self, session: Session, key: str) -> Changes:
        """Take a lasting taste back, in the running conversation too."""
        if session.user is None:
            return
        await asyncio.to_thread(self.agent.state.drop_taste, session.user.user_id, key)
        await self._refresh(session)
        wanted = session.conversation.preference
        yield Part.RAIL
        if wanted == wanted.without(key) or session.running:
            return
        if session.conversation.last_shown():
            async with aclosing(self.rerank(session, remove=key)) as parts:
                async for part in parts:
                    yield part
        else:
            session.conversation = replace(session.conversation, preference=wanted.without(key))

    async def export(self, session: Session) -> Changes:
        """Hand all that is kept to the browser, which saves it; nothing of it stays here."""
        if session.user is not None:
            data = await self.agent.export(session.user.user_id)
            session.download = json.dumps(data, ensure_ascii=False, indent=2)
            yield Part.DOWNLOAD
            session.download = ""

    async def ask_erase(self, session: Session, *, ask: bool) -> Changes:
        """Ask before erasing, or stop asking."""
        session.confirming = ask
        yield Part.RAIL

    async def erase(self, session: Session) -> Changes:
        """Erase the user for good and begin anew without one."""
        if session.user is None or session.running or not session.confirming:
            return
        gone = session.user
        await self.agent.erase(gone.user_id)
        session.users = [user for user in session.users if user.user_id != gone.user_id]
        session.user = None
        await self._restart(session)
        session.notice = word("erased", session.language, name=gone.name or word("guest", session.language))
        yield Part.ALL

    async def _run(self, session: Session, message: str, start: Callable[[], AsyncIterator[Event]]) -> Changes:
        """Follow a turn's events; whatever goes wrong becomes a message in the chat, and the words come back."""
        try:
            await self._ensure_user(session)
            async with aclosing(_closable(start())) as events:
                async for event in events:
                    yield self._take(session, event)
            await self._settle(session)
        except RecommenderError as error:
            self._fail(session, message, str(error))
        except Exception as error:  # the last stop before the person: a bug is told here, without its words
            where = "".join(traceback.format_tb(error.__traceback__))
            logger.error("a turn failed with %s at\n%s", type(error).__name__, where)
            self._fail(session, message, word("failed", session.language))
        finally:
            session.status = ""
            session.touched.clear()
        yield Part.ALL | Part.DRAFT if session.draft else Part.ALL

    def _take(self, session: Session, event: Event) -> Part:
        turn = session.turns[-1]
        match event:
            case Understood():
                session.turns[-1] = replace(turn, intent=event.intent)
                session.status = "searching"
                return Part.LOG | Part.LIVE
            case ToolCalled():
                session.turns[-1] = replace(turn, tools=(*turn.tools, event.run))
                return Part.LIVE
            case Recommended():
                session.turns[-1] = replace(
                    turn,
                    recommendations=event.recommendations,
                    near_misses=event.near_misses,
                    notices=event.notices,
                    knowing=event.knowing,
                    has_cards=True,
                )
                session.status = "writing"
                return Part.LOG | Part.LIVE
            case TextDelta():
                session.turns[-1] = replace(turn, text=turn.text + event.text)
                session.status = "writing"
                return Part.LIVE
            case Finished():
                return self._finish(session, event)

    def _finish(self, session: Session, event: Finished) -> Part:
        reply = event.reply
        session.turns[-1] = replace(
            session.turns[-1],
            intent=reply.intent,
            recommendations=reply.recommendations,
            near_misses=reply.near_misses,
            notices=reply.notices,
            knowing=reply.knowing,
            text=reply.text,
            trace=reply.trace,
            has_cards=True,
        )
        session.conversation = carry_clicks(reply.conversation, session.conversation, frozenset(session.touched))
        return Part.LIVE

    async def _settle(self, session: Session) -> None:
        if session.touched:
            await self.agent.conversations.save(session.conversation)
        await self._refresh(session)

    def _fail(self, session: Session, message: str, text: str) -> None:
        """Keep what was shown before the failure, so that the next message can refer to it."""
        turn = replace(session.turns[-1], error=text, has_cards=True)
        session.turns[-1] = turn
        session.draft = message
        shown = tuple(one.item.item_id for one in turn.recommendations)
        if shown and turn.intent is not None:
            conversation = session.conversation.add(Turn(Role.USER, message)) if message else session.conversation
            conversation = conversation.add(Turn(Role.ASSISTANT, turn.text, shown))
            session.conversation = replace(conversation, preference=turn.intent.preference, asked=True)

    async def _undo(self, session: Session, feedback_id: str, item_id: str) -> None:
        session.conversation = await self.agent.undo(session.conversation, feedback_id)
        session.touched.add(item_id)

    async def _touched(self, session: Session, item_id: str) -> None:
        if session.running:
            session.touched.add(item_id)
        else:
            session.touched.clear()
        await self._refresh(session)

    async def _ensure_user(self, session: Session) -> None:
        """Somebody who did not choose gets a private user with the first thing worth keeping."""
        if session.user is None:
            await self._add_user(session, "", None)
            self._adopt(session)

    async def _add_user(self, session: Session, name: str, dataset_user: str | None) -> None:
        user = await asyncio.to_thread(self.agent.state.create_user, name, dataset_user=dataset_user)
        if dataset_user is None and session.user is None:
            user = await asyncio.to_thread(self._set_novelty, user.user_id, session.novelty)
        session.users = [*session.users, user][-MOST_OWN_USERS:]
        session.user = user

    def _set_novelty(self, user_id: str, novelty: float) -> User:
        self.agent.state.set_novelty(user_id, novelty)
        return self.agent.state.user(user_id)

    def _adopt(self, session: Session) -> None:
        user_id = None if session.user is None else session.user.user_id
        session.conversation = replace(session.conversation, user_id=user_id)

    def _start(self, session: Session) -> None:
        """An empty conversation of the present user."""
        session.conversation, session.turns = Conversation(), []
        session.notice, session.confirming, session.draft = "", False, ""
        self._adopt(session)
        if session.user is not None:
            preference = replace(session.conversation.preference, novelty=session.user.novelty)
            session.conversation = replace(session.conversation, preference=preference)

    async def _restart(self, session: Session) -> None:
        self._start(session)
        await self._refresh(session)

    async def _load(self, session: Session, conversation_id: str) -> bool:
        found = await self.agent.conversations.load(conversation_id)
        user_id = None if session.user is None else session.user.user_id
        if found is None or found.user_id != user_id:
            return False
        session.conversation = found
        session.turns = turns_of(found, self.catalog)
        return True

    async def _user(self, user_id: str) -> User | None:
        try:
            return await asyncio.to_thread(self.agent.state.user, user_id)
        except UnknownUserError:
            return None

    async def _refresh(self, session: Session) -> None:
        """Read what is kept about the user."""
        if session.user is None:
            session.feedback, session.tastes, session.rows = {}, (), ()
            return
        state, user_id = self.agent.state, session.user.user_id
        given = await asyncio.to_thread(state.feedback_of, user_id)
        session.feedback = {one.item_id: (str(one.kind), str(one.feedback_id)) for one in given}
        session.tastes = tuple(await asyncio.to_thread(state.tastes_of, user_id))
        rows = await asyncio.to_thread(state.conversations_of, user_id)
        session.rows = tuple(sorted(rows, key=lambda row: row.updated_at, reverse=True))


def carry_clicks(finished: Conversation, clicked: Conversation, touched: frozenset[str]) -> Conversation:
    """The finished turn's conversation with the opinions that were given while it ran."""
    if not touched:
        return finished
    merged: dict[str, Any] = {}
    for name in _OPINIONS:
        before: tuple[str, ...] = getattr(finished.preference, name)
        now: tuple[str, ...] = getattr(clicked.preference, name)
        kept = [item_id for item_id in before if item_id not in touched]
        merged[name] = (*kept, *(item_id for item_id in now if item_id in touched))
    return replace(finished, preference=replace(finished.preference, **merged))


async def _closable(events: AsyncIterator[Event]) -> AsyncGenerator[Event, None]:
    """The events as a generator, which closes its source with itself."""
    try:
        async for event in events:
            yield event
    finally:
        if isinstance(events, AsyncGenerator):
            await events.aclose()


def _read_browser(browser: object) -> Browser:
    try:
        return Browser.model_validate(browser or {})
    except ValidationError:
        return Browser()
