"""What every driver gets and does: it reads a view of the turn and works with a batch of tools until the turn ends."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Protocol, TypeVar

from langchain_core.messages import BaseMessage

from agent.admission import FIRST, Admission, NoRoomError
from agent.client import NO_TERMS, ClientCall, ClientTerms
from agent.conversation import Conversation, Question, Role, Turn
from agent.llm import within
from agent.recommendation import LlmRun
from retrieval.errors import ModelBusyError
from retrieval.items import Catalog
from retrieval.preference import Preference
from tools import Batch
from tools.placing import reference_of
from tools.render import one_line, wish_text

Answer = TypeVar("Answer")

OLD_TURN = 300
"""Characters that are shown of an utterance that is not among the last ones."""
RECENT = 4
"""Utterances that are shown at full length."""
MOST_TURNS = 20


@dataclass(frozen=True, slots=True)
class Deadline:
    """One point in time that every wait of a turn shares."""

    ends: float
    """On the clock of `time.monotonic`."""

    @classmethod
    def after(cls, seconds: float) -> "Deadline":
        """So many seconds from now."""
        return cls(time.monotonic() + seconds)

    def remaining_s(self) -> float:
        """Seconds that are left; never below 0."""
        return max(0.0, self.ends - time.monotonic())

    def share(self, part: float) -> "Deadline":
        """An earlier deadline that takes a part (0..1) of what is left."""
        return replace(self, ends=time.monotonic() + part * self.remaining_s())


@dataclass(frozen=True, slots=True)
class View:
    """What a driver sees of a turn, beside the tools."""

    conversation: Conversation
    """What was said and shown before the message."""
    message: str
    catalog: Catalog
    preference: Preference
    """The wish as it stands, lasting tastes included."""
    terms: ClientTerms = NO_TERMS
    """What the client asks beside the message."""

    @property
    def is_unread(self) -> bool:
        """Whether the wish does not know the turns before the message (a client sent a history that is new here)."""
        return self.conversation.unread

    @property
    def question(self) -> Question | None:
        """Which of several items of one title was meant: what the last reply asked."""
        return self.conversation.question

    @property
    def shown(self) -> tuple[str, ...]:
        """The item ids of the last list, in order."""
        return self.conversation.last_shown()

    def wish_line(self) -> str:
        """The wish in the words of the tools."""
        return "not read yet" if self.is_unread else wish_text(self.preference, self.catalog)

    def shown_line(self) -> str:
        """'#1 Heat (1995); #2 Casino (1995)'; '' where nothing was shown."""
        labels = [one_line(self.catalog.item(item_id).label) for item_id in self.shown if item_id in self.catalog]
        return "; ".join(f"#{place} {label}" for place, label in enumerate(labels, 1))

    def turns(self) -> list[tuple[Role, str]]:
        """The dialogue before the message, older utterances shortened, with what each list showed."""
        turns = self.conversation.turns[-MOST_TURNS:]
        return [(turn.role, self._said(turn, len(turns) - place)) for place, turn in enumerate(turns)]

    def _said(self, turn: Turn, age: int) -> str:
        text = one_line(turn.text)
        text = text if age <= RECENT or len(text) <= OLD_TURN else f"{text[:OLD_TURN]} ..."
        items = [self.catalog.item(item_id) for item_id in turn.shown if item_id in self.catalog]
        labels = [f"{reference_of(self.catalog, item.item_id)} {one_line(item.label)}" for item in items]
        listed = f"[showed: {'; '.join(labels)}]" if labels else ""
        return " ".join(filter(None, (listed, text)))


@dataclass(slots=True)
class Drive:
    """A turn in a driver's hands."""

    view: View
    batch: Batch
    deadline: Deadline
    most_steps: int = 6
    most_tokens: int = 4000
    """Answer tokens of all calls of the turn."""
    calls: Admission = field(default_factory=lambda: Admission(1))
    """The line before the model, which all turns share."""
    wait_share: float = 1.0
    """The part of its time that the turn waits in that line."""
    runs: list[LlmRun] = field(default_factory=list)
    """What every call of the model cost."""
    on_run: Callable[[LlmRun], None] = lambda run: None
    transcript: list[BaseMessage] = field(default_factory=list)
    """Every message of the turn, for the call that writes the words."""
    has_room: bool = False
    """Whether a call of this turn is under way."""
    handed_back: tuple[ClientCall, ...] = ()
    """Functions of the client's own that the model called: the turn waits for what they answer."""
    was_cut: bool = False
    """Whether the prose ended at the token limit, in mid-sentence perhaps."""

    def note(self, run: LlmRun) -> None:
        """Keep the cost of a call."""
        self.runs.append(run)
        self.on_run(run)

    async def ask(self, call: Callable[[], Awaitable[Answer]]) -> Answer:
        """What a call of the model answers, within the time of the drive.

        Raises:
            ModelBusyError: The model works for others for too long.
        """
        async with self.room(self.deadline.remaining_s()):
            answer: Answer = await within(call(), self.deadline.remaining_s())
            return answer

    @asynccontextmanager
    async def room(self, seconds: float, *, rank: int = FIRST) -> AsyncIterator[None]:
        """Room for one call of the model, where there is some within a share of so many seconds.

        Within a call that has room, as where a sentence is mended while others are still written, there is room.

        Raises:
            ModelBusyError: There is none.
        """
        if self.has_room:
            yield
            return
        try:
            async with self.calls.place(self.wait_share * seconds, rank=rank):
                self.has_room = True
                yield
        except NoRoomError:
            raise ModelBusyError from None
        finally:
            self.has_room = False

    @property
    def is_over(self) -> bool:
        """Whether an ending call was made, or one that is the client's to carry out."""
        return self.batch.context.ending is not None or bool(self.handed_back)


class Driver(Protocol):
    """A way to lead a turn."""

    @property
    def name(self) -> str:
        """'tools', 'schema' or 'offline'."""
        ...

    async def drive(self, drive: Drive) -> None:
        """Work with the batch's tools until one ends the turn, or until there is nothing more to do.

        Whatever the tools brought stays in `drive.batch.context`, also when this raises.

        Raises:
            ModelUnavailableError: The model did not answer, was late, or answered with garbage twice.
        """
        ...
