"""Where dialogues recommend something or ask for a ranking, and what counts as right there."""

from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from agent.conversation import Role
from agent.learning.transcripts import Dialogue, TranscriptTurn


@dataclass(frozen=True, slots=True)
class Query:
    """What a ranker gets: the turns before a place, and nothing of it or after it."""

    dialogue_id: str
    turn_index: int
    before: tuple[TranscriptTurn, ...]

    @property
    def key(self) -> tuple[str, int]:
        """Which turn it is."""
        return self.dialogue_id, self.turn_index


@dataclass(frozen=True, slots=True)
class GroundTruth:
    """What a scorer knows of a place."""

    dialogue_id: str
    turn_index: int
    fresh: tuple[str, ...]
    """Recommended there and not mentioned before."""
    recommended: tuple[str, ...]
    """All that was recommended there."""
    known: frozenset[str]
    """Mentioned or recommended before."""
    is_first: bool
    """The first place of its dialogue that recommends."""

    @property
    def key(self) -> tuple[str, int]:
        """Which turn it is."""
        return self.dialogue_id, self.turn_index


def asks(dialogues: Sequence[Dialogue]) -> Iterator[Query]:
    """Every assistant turn that recommends something, or says that a ranking is wanted."""
    for dialogue in dialogues:
        for index, turn in enumerate(dialogue.turns):
            if turn.role is Role.ASSISTANT and (turn.recommended or turn.rank_here):
                yield Query(dialogue.dialogue_id, index, dialogue.turns[:index])


def ground_truths(dialogues: Sequence[Dialogue]) -> Iterator[GroundTruth]:
    """What was recommended at every such turn; turns that only ask for a ranking have no answer."""
    for dialogue in dialogues:
        known: set[str] = set()
        is_first = True
        for index, turn in enumerate(dialogue.turns):
            if turn.role is Role.ASSISTANT and turn.recommended:
                every = tuple(dict.fromkeys(turn.recommended))
                fresh = tuple(item_id for item_id in every if item_id not in known)
                yield GroundTruth(dialogue.dialogue_id, index, fresh, every, frozenset(known), is_first)
                is_first = False
            known |= {*turn.recommended, *(mention.item_id for mention in turn.mentions)}


def within(truths: Iterable[GroundTruth], catalog: Container[str]) -> list[GroundTruth]:
    """The places with only those answers that a catalog has; what nobody could find there no longer counts."""
    return [
        replace(
            truth,
            fresh=tuple(item_id for item_id in truth.fresh if item_id in catalog),
            recommended=tuple(item_id for item_id in truth.recommended if item_id in catalog),
        )
        for truth in truths
    ]
