"""One turn on the page: follows its events, takes each in, and settles how it ended - done, stopped or failed."""

import logging
import traceback
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any

from agent.conversation import Conversation, Role, Turn
from agent.events import Compared, Event, Finished, Recommended, TextDelta, ToolCalled, Understood
from agent.intent import Act
from agent.partial_turn import PartialTurn
from agent.recommendation import Trace
from retrieval.errors import RecommenderError
from ui.logs import begin_request
from ui.page.chat_turn import ChatTurn
from ui.page.parts import Changes, Region
from ui.page.people import UserSessions
from ui.page.problems import problem_in
from ui.page.state import Session
from ui.page.stream import Running
from ui.page.words import word

logger = logging.getLogger(__name__)

_OPINIONS = ("liked", "disliked", "seen")


@dataclass(frozen=True, slots=True)
class Turns:
    """Runs turns; holds nothing of any session."""

    people: UserSessions

    async def run(
        self, session: Session, message: str, start: Callable[[], AsyncIterator[Event]], before: ChatTurn | None = None
    ) -> Changes:
        """Follow a turn's events; whatever goes wrong becomes a message in the chat, and the words come back.

        Args:
            session: Its last turn is the one that runs.
            message: What the user said; '' where a click asked.
            start: Begins the turn.
            before: The list that a click makes anew.
        """
        begin_request()  # the turn's lines in the log belong together
        session.talk.running = turn = Running()
        finished = False
        try:
            await self.people.ensure_user(session)
            if message:
                await self.people.agent.receive(session.conversation, message)
            async with aclosing(turn.follow(start())) as events:
                async for event in events:
                    finished = finished or isinstance(event, Finished)
                    yield self._take(session, event)
            if turn.is_stopped and not finished:
                await self._keep_half(session, message, before)
            await self._settle(session)
        except RecommenderError as error:
            self._fail(session, message, problem_in(error, session.language))
        except Exception as error:  # the last stop before the person: a bug is told here, without its words
            where = "".join(traceback.format_tb(error.__traceback__))
            logger.error("a turn failed with %s at\n%s", type(error).__name__, where)
            self._fail(session, message, word("failed", session.language))
        finally:
            session.talk.status, session.talk.running = "", None
            session.talk.touched.clear()
        yield Region.ALL | Region.DRAFT if session.draft else Region.ALL

    def _take(self, session: Session, event: Event) -> Region:
        turn = session.turns[-1]
        match event:
            case Understood():
                session.turns[-1] = replace(turn, intent=event.intent, wanted=event.wanted)
                session.talk.status = "searching" if event.intent.act is Act.RECOMMEND else "writing"
                return Region.LOG | Region.LIVE
            case ToolCalled():
                session.turns[-1] = replace(turn, tools=(*turn.tools, event.run))
                session.talk.status = "searching"
                return Region.LIVE
            case Recommended():
                session.turns[-1] = replace(
                    turn,
                    intent=turn.intent and replace(turn.intent, choices=event.choices or turn.intent.choices),
                    recommendations=event.recommendations,
                    near_misses=event.near_misses,
                    notices=event.notices,
                    knowing=event.knowing,
                    has_cards=True,
                )
                session.talk.status = "writing"
                return Region.LOG | Region.LIVE
            case Compared():
                session.turns[-1] = replace(turn, table=event.table)
                return Region.LOG | Region.LIVE
            case TextDelta():
                session.turns[-1] = replace(turn, text=turn.text + event.text)
                session.talk.status = "writing"
                return Region.LIVE
            case Finished():
                return self._finish(session, event)

    def _finish(self, session: Session, event: Finished) -> Region:
        reply = event.reply
        session.turns[-1] = replace(
            session.turns[-1],
            intent=reply.intent,
            recommendations=reply.recommendations,
            near_misses=reply.near_misses,
            notices=reply.notices,
            knowing=reply.knowing,
            table=reply.table,
            handover=reply.handover,
            text=reply.text,
            trace=reply.trace,
            has_cards=True,
        )
        session.talk.conversation = carry_clicks(
            reply.conversation, session.conversation, frozenset(session.talk.touched)
        )
        return Region.LIVE

    async def _keep_half(self, session: Session, message: str, before: ChatTurn | None) -> None:
        """A stopped turn stays with what it had brought; a list that was not made anew yet is the old one again."""
        turn = session.turns[-1]
        if before is not None and turn.recommendations is before.recommendations:
            session.turns[-1:] = [before] if before.has_cards else []
            return
        half = PartialTurn(
            message,
            turn.intent,
            turn.wanted,
            turn.recommendations,
            turn.near_misses,
            turn.notices,
            turn.knowing,
            turn.tools,
            turn.text.rstrip(),
        )
        kept = await self.people.agent.stop(session.conversation, half)
        session.talk.conversation = carry_clicks(kept, session.conversation, frozenset(session.talk.touched))
        trace = Trace(turn.tools) if turn.tools else None
        session.turns[-1] = replace(turn, text=half.text, trace=trace, has_cards=True, stopped=True)

    async def _settle(self, session: Session) -> None:
        if session.talk.touched:
            await self.people.agent.conversations.save(session.conversation)
        await self.people.refresh(session)

    def _fail(self, session: Session, message: str, text: str) -> None:
        """Keep what was shown before the failure, so that the next message can refer to it."""
        turn = replace(session.turns[-1], error=text, has_cards=True)
        session.turns[-1] = turn
        session.draft = message
        session.notice = word("broken_off", session.language) if message else ""
        shown = tuple(card.item.item_id for card in turn.recommendations)
        if shown and turn.intent is not None:
            conversation = session.conversation.add(Turn(Role.USER, message)) if message else session.conversation
            conversation = conversation.add(Turn(Role.ASSISTANT, turn.text, shown))
            wanted = turn.wanted or turn.intent.preference
            session.talk.conversation = replace(conversation, preference=wanted, asked=True)


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
