"""What a running turn emits: `ToolCalled` for every call, `Understood`, cards if any, words, and `Finished` last."""

from dataclasses import dataclass

from agent.intent import Intent
from agent.recommendation import Recommendation, Reply, Table, ToolRun
from retrieval.preference import Preference


@dataclass(frozen=True, slots=True)
class Understood:
    """The message was read."""

    intent: Intent
    wanted: Preference | None = None
    """What is wanted from now on, without what holds for this turn alone."""


@dataclass(frozen=True, slots=True)
class ToolCalled:
    """A tool came back (or failed, or was late)."""

    run: ToolRun


@dataclass(frozen=True, slots=True)
class Recommended:
    """The cards: emitted before the call that writes the prose starts."""

    recommendations: tuple[Recommendation, ...]
    near_misses: tuple[Recommendation, ...] = ()
    notices: tuple[str, ...] = ()
    knowing: str = ""
    """How sure we are of the user's taste, in words."""
    choices: tuple[str, ...] = ()
    """Answers to the question with which the words will end."""


@dataclass(frozen=True, slots=True)
class Compared:
    """Items side by side: emitted before the words that compare them."""

    table: Table


@dataclass(frozen=True, slots=True)
class TextDelta:
    """A checked piece of the prose."""

    text: str


@dataclass(frozen=True, slots=True)
class Finished:
    """The turn is over; always the last event."""

    reply: Reply


Event = Understood | ToolCalled | Recommended | Compared | TextDelta | Finished
