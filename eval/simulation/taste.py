"""What a simulated user is after and what would please; `drawing` makes it of a real person."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from retrieval.items import Catalog, Item
from retrieval.preference import Constraint, Op

DECADE = 10


class Temper(StrEnum):
    """How somebody talks."""

    TERSE = "terse"
    """Few words, one remark a turn."""
    CHATTY = "chatty"
    """Many words around the same; three remarks a turn."""
    CONTRARY = "contrary"
    """Does not answer questions, finds fault, and changes its mind once."""
    CHINESE = "chinese"
    """Speaks Chinese; else neither terse nor chatty."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Something that can be wished for: a value of a field, or a stretch of years."""

    field: str
    value: str | int
    """The value; of a stretch of years its first."""

    @property
    def constraints(self) -> tuple[Constraint, ...]:
        """What an item has to keep to fit."""
        if isinstance(self.value, str):
            return (Constraint(self.field, Op.IS, (self.value,)),)
        first, last = float(self.value), float(self.value + DECADE - 1)
        return Constraint(self.field, Op.MIN, (first,)), Constraint(self.field, Op.MAX, (last,))

    @property
    def key(self) -> str:
        """A stable name: 'genres:Comedy', 'year:1990s'."""
        return f"{self.field}:{self.value}{'s' if isinstance(self.value, int) else ''}"

    def fits(self, item: Item, catalog: Catalog) -> bool:
        """Whether an item has it."""
        return all(catalog.satisfies(item, constraint) for constraint in self.constraints)


@dataclass(frozen=True, slots=True)
class Wish:
    """What is wanted, the first piece being what an item must have."""

    pieces: tuple[Piece, ...]
    examples: tuple[str, ...]
    """Known and liked items that have the first piece: may be named."""
    targets: frozenset[str]
    """Held-out likes that have the first piece and keep the limit: accepted, never named first by the user."""

    @property
    def core(self) -> Piece:
        """What an item must have."""
        return self.pieces[0]


@dataclass(frozen=True, slots=True)
class SimulatedTaste:
    """All that a simulated user knows, and what would please."""

    user_id: str
    temper: Temper
    rich: bool
    """Says much at once, with examples; else one thing after the other."""
    wishes: tuple[Wish, ...]
    """The wish; of contrary users a second one that takes its place."""
    limit: Constraint
    limit_turn: int
    """In which turn (from 1) the limit is stated; earlier where an item breaks it."""
    known: Mapping[str, bool | None]
    """Items that the user knows from before and may speak of: liked, disliked or neither."""
    held_out: Mapping[str, bool | None]
    """Items that the user has not met yet, and whether they would please."""
    shares: Mapping[Piece, float]
    """The share of the likes that has a value: what questions are answered by."""

    @property
    def language(self) -> str:
        """'en' or 'zh'."""
        return "zh" if self.temper is Temper.CHINESE else "en"
