"""Notes what became of each turn, for the operations page: in the state, so that it is there for all processes."""

import asyncio
import logging
import time
from collections import deque
from contextlib import suppress

from agent.intent import Act
from agent.recommendation import Reply
from retrieval.errors import StateError
from retrieval.preference import Constraint, Op
from retrieval.state import FeedbackKind, TurnLog, TurnNote

logger = logging.getLogger(__name__)
FLUSH_S = 5.0
MOST_WAITING = 10_000
MOST_CHARS = 200
SIGNS = {Op.IS: "is", Op.NOT: "is not", Op.MIN: "≥", Op.MAX: "≤"}


class Notes:
    """Gathers notes, and writes them every few seconds, so that no turn waits for it."""

    def __init__(self, log: TurnLog) -> None:
        self._log = log
        self._waiting: deque[TurnNote] = deque(maxlen=MOST_WAITING)

    def on_turn(self, message: str, reply: Reply, realm: str) -> None:
        """Note a turn."""
        trace, intent = reply.trace, reply.intent
        unread = ", ".join((*intent.unread, *intent.unknown))
        is_empty = intent.act is Act.RECOMMEND and not reply.recommendations
        limits = "; ".join(_told(constraint) for constraint in intent.preference.constraints)
        self._waiting.append(
            TurnNote(
                realm,
                reply.conversation.user_id,
                time.time(),
                trace.driver[:16],
                intent.act.value,
                trace.seconds.get("total", 0.0),
                len(reply.recommendations),
                sum(card.exploratory for card in reply.recommendations),
                len(reply.near_misses),
                trace.dropped,
                sum(bool(run.error) for run in trace.tools) + sum(bool(call.error) for call in trace.llm),
                bool(unread),
                unread[:MOST_CHARS],
                limits[:MOST_CHARS] if is_empty else "",
            )
        )

    def on_feedback(self, kind: FeedbackKind) -> None:
        """Opinions are in the state already."""

    async def run(self) -> None:
        """Write what was noted, for ever."""
        while True:
            await asyncio.sleep(FLUSH_S)
            with suppress(StateError):  # told by `/readyz`; tried again
                await self.flush()

    async def flush(self) -> None:
        """Write what was noted.

        Raises:
            StateError: It cannot be written now, and waits.
        """
        notes = [self._waiting.popleft() for _ in range(len(self._waiting))]
        if not notes:
            return
        try:
            await asyncio.to_thread(self._log.keep, notes)
        except StateError:
            self._waiting.extendleft(reversed(notes))
            raise


def _told(limit: Constraint) -> str:
    return f"{limit.field} {SIGNS.get(limit.op, limit.op)} {' or '.join(str(value) for value in limit.values)}"
