"""What a turn showed, as it is kept: cards with their reasons and how they were found, to be shown again unchanged."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from pydantic import JsonValue, TypeAdapter, ValidationError

from agent.intent import Chip
from agent.recommendation import Explanation, Recommendation, Table, Trace
from agent.rewinding import Snapshot
from retrieval.house import Handover
from retrieval.items import Catalog
from retrieval.preference import Constraint


@dataclass(frozen=True, slots=True)
class ShownCard:
    """A recommendation whose item is named by its id alone."""

    item_id: str
    rank: int
    explanation: Explanation
    score: float = 0.0
    channels: Mapping[str, float] = field(default_factory=dict)
    parts: Mapping[str, float] = field(default_factory=dict)
    exploratory: bool = False
    propensity: float = 1.0
    breaks: tuple[Constraint, ...] = ()
    slot: str = ""
    shares: Mapping[str, float] = field(default_factory=dict)
    parts_are: str = ""
    disclosure: str = ""


@dataclass(frozen=True, slots=True)
class TurnRecord:
    """Everything beside the words of a turn that its reader could open."""

    cards: tuple[ShownCard, ...] = ()
    near: tuple[ShownCard, ...] = ()
    notices: tuple[str, ...] = ()
    knowing: str = ""
    chips: tuple[Chip, ...] = ()
    language: str = "en"
    trace: Trace | None = None
    """None where the turn was stopped before it was known."""
    choices: tuple[str, ...] = ()
    """Answers to click, where it asked."""
    table: Table | None = None
    handover: Handover | None = None
    after: Snapshot | None = None
    """How the conversation stood after the turn; None where an older version kept it."""


def cards_of(recommendations: Iterable[Recommendation]) -> tuple[ShownCard, ...]:
    """Recommendations as they are kept."""
    return tuple(
        ShownCard(
            card.item.item_id,
            card.rank,
            card.explanation,
            card.score,
            card.channels,
            card.parts,
            card.exploratory,
            card.propensity,
            card.breaks,
            card.slot,
            card.shares,
            card.parts_are,
            card.disclosure,
        )
        for card in recommendations
    )


def recommendations_of(cards: Iterable[ShownCard], catalog: Catalog) -> tuple[Recommendation, ...]:
    """The reverse; items that the catalog no longer has are left out."""
    return tuple(
        Recommendation(
            catalog.item(card.item_id),
            card.rank,
            card.explanation,
            card.score,
            card.channels,
            card.parts,
            card.parts_are,
            exploratory=card.exploratory,
            propensity=card.propensity,
            shares=card.shares,
            breaks=card.breaks,
            slot=card.slot,
            disclosure=card.disclosure,
        )
        for card in cards
        if card.item_id in catalog
    )


_ADAPTER = TypeAdapter(TurnRecord)


def dump_record(shown: TurnRecord) -> dict[str, JsonValue]:
    """What was shown as JSON values, for the state."""
    dumped: dict[str, JsonValue] = _ADAPTER.dump_python(shown, mode="json")
    return dumped


def load_record(data: object) -> TurnRecord | None:
    """The reverse of `dump_shown`; None where another version wrote something else."""
    try:
        return _ADAPTER.validate_python(data)
    except ValidationError:
        return None
