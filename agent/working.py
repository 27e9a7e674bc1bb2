"""What a turn works on while it runs; nothing of it is kept but the conversation."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from agent import replies
from agent.conversation import Conversation
from agent.intent import Intent
from agent.recommendation import LlmRun, Recommendation, ToolRun, Trace
from agent.understand import Understood
from retrieval.candidates import Candidate
from retrieval.exploration.asking import Inquiry
from retrieval.history import UserHistory
from retrieval.policies import Slot
from retrieval.preference import Constraint, Preference, Wish
from retrieval.ranking import Ranked
from tools import Found


@dataclass(frozen=True, slots=True)
class Working:
    """Frozen: a node of the graph returns a changed copy."""

    conversation: Conversation
    message: str = ""
    """'' when nothing was said: the list is made anew without a model."""
    store: bool = True
    """Whether feedback, tastes and exposures go to the user's state."""
    keep: bool = True
    """Whether the conversation itself is kept."""
    understood: Understood | None = None
    history: UserHistory = field(default_factory=UserHistory)
    tastes: tuple[Constraint | Wish, ...] = ()
    """The user's lasting tastes, from earlier conversations."""
    found: Found = field(default_factory=Found)
    ranked: Ranked = field(default_factory=lambda: Ranked(()))
    slots: tuple[Slot, ...] = ()
    width: float = 0.0
    """How little is known of the user's taste, 0..1; see `retrieval.belief`."""
    inquiry: Inquiry | None = None
    """The one question that is asked at the end."""
    recommendations: tuple[Recommendation, ...] = ()
    near_misses: tuple[Recommendation, ...] = ()
    notices: tuple[str, ...] = ()
    tools: tuple[ToolRun, ...] = ()
    llm: tuple[LlmRun, ...] = ()
    seconds: Mapping[str, float] = field(default_factory=dict)
    text: str = ""
    started: float = field(default_factory=time.perf_counter)

    @property
    def intent(self) -> Intent:
        """What was understood."""
        assert self.understood is not None, "the turn was not understood yet"  # noqa: S101
        return self.understood.intent

    @property
    def preference(self) -> Preference:
        """What is wanted in this turn."""
        return self.intent.preference

    @property
    def language(self) -> str:
        """The language of the reply."""
        return self.preference.language

    def timed(self, stage: str, since: float) -> "Working":
        """With the seconds that a stage took."""
        return replace(self, seconds={**self.seconds, stage: time.perf_counter() - since})

    def noticing(self, *notices: str) -> "Working":
        """With more notices, none twice."""
        return replace(self, notices=tuple(dict.fromkeys((*self.notices, *filter(None, notices)))))

    def telling(self, *notices: str) -> "Working":
        """With notices of what stays as it is: each is told once in a conversation, until it has passed."""
        told = dict.fromkeys((*self.conversation.told, *filter(None, notices)))
        new = [one for one in told if one not in self.conversation.told]
        return replace(self.noticing(*new), conversation=replace(self.conversation, told=tuple(told)))

    def recovered(self, *notices: str) -> "Working":
        """With notices that no longer hold: should it happen again, it is told again."""
        left = tuple(one for one in self.conversation.told if one not in notices)
        return replace(self, conversation=replace(self.conversation, told=left))

    @property
    def knowing(self) -> str:
        """How sure we are of this user's taste, in words; '' where there is nothing to say."""
        return replies.knowing(self.width, self.language) if self.recommendations else ""

    def trace(self) -> Trace:
        """How the items were found, so far."""
        seconds = {**self.seconds, "total": time.perf_counter() - self.started}
        return Trace(self.tools, self.llm, seconds, dict(self.ranked.dimensions))


def merged(found: Found, item_id: str) -> Candidate:
    """All that the channels said about one item."""
    same = [one for many in found.by_channel.values() for one in many if one.item_id == item_id]
    scores = {name: score for one in same for name, score in one.scores.items()}
    return Candidate(item_id, scores, tuple(evidence for one in same for evidence in one.evidence))
