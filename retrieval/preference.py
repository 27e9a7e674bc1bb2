"""What the user wants now: hard constraints, soft wishes, examples. Made by the agent, read by every channel."""

from dataclasses import dataclass, replace
from enum import StrEnum

COMPANY_SEPARATOR = "; "
"""Between those who are named together, in the words of the limits that hold for their sake."""


class Op(StrEnum):
    """How a constraint compares."""

    IS = "is"
    """Has any of the values."""
    NOT = "not"
    """Has none of the values."""
    MIN = "min"
    """The number is at least the value."""
    MAX = "max"
    """The number is at most the value."""


@dataclass(frozen=True, slots=True)
class Constraint:
    """A hard limit on one field, with the user's own words it rests on."""

    field: str
    op: Op
    values: tuple[str | float, ...]
    """Any of them for IS and NOT; exactly one number for MIN and MAX."""
    words: str = ""
    lasting: bool = False
    """Holds in later conversations until taken back."""
    unless: tuple["Constraint", ...] = ()
    """Whatever keeps one of these keeps the limit as well: 'no musicals, unless they are French'."""

    @property
    def key(self) -> str:
        """A stable name: 'year:min:1990', 'genres:is:Comedy|Drama', 'genres:not:Musical~languages:is:French'."""
        own = f"{self.field}:{self.op}:{'|'.join(_plain(value) for value in self.values)}"
        return "~".join((own, *(other.key for other in self.unless)))


@dataclass(frozen=True, slots=True)
class Wish:
    """A soft wish for (or, with a negative weight, against) a value of an entity or category field."""

    field: str
    """A field of the schema, or 'text' for a wish in free words."""
    value: str
    weight: float = 1.0
    words: str = ""
    lasting: bool = False
    """Holds in later conversations until taken back."""

    @property
    def key(self) -> str:
        """A stable name: 'themes:wish:heist'."""
        return f"{self.field}:{'wish' if self.weight > 0 else 'less'}:{self.value}"


@dataclass(frozen=True, slots=True)
class Leaning:
    """The answer to a question that offered two values: rather the one than the other. Softer than a wish."""

    field: str
    more: str
    """A value of the field; in a number field a span, as in `retrieval.spans`."""
    less: str

    @property
    def key(self) -> str:
        """A stable name: 'genres:rather:Drama|Comedy'."""
        return f"{self.field}:rather:{self.more}|{self.less}"


@dataclass(frozen=True, slots=True)
class Person:
    """One of several people who choose together, with wishes of their own; what all of them want stands outside."""

    name: str
    """As one speaks of them to the user: 'your wife'."""
    constraints: tuple[Constraint, ...] = ()
    wishes: tuple[Wish, ...] = ()


@dataclass(frozen=True, slots=True)
class Preference:
    """Everything the recommenders need to know about the present request."""

    text: str = ""
    """Soft wishes in English words, for semantic search; '' when there are none."""
    liked: tuple[str, ...] = ()
    """Item ids that are liked, as an opinion or as an example of what is wanted, in this conversation."""
    examples: tuple[str, ...] = ()
    """Those of `liked` that came with a request ("something like X"): they go when another request takes its place."""
    disliked: tuple[str, ...] = ()
    seen: tuple[str, ...] = ()
    """Item ids that must not be shown (already known), without opinion."""
    passed_over: tuple[str, ...] = ()
    """Item ids that were shown and in place of which others are wanted: not shown again for this wish, known or not."""
    set_aside: tuple[str, ...] = ()
    """Item ids whose opinion, known from before, must not count in this conversation: their chip was taken away."""
    constraints: tuple[Constraint, ...] = ()
    wishes: tuple[Wish, ...] = ()
    leanings: tuple[Leaning, ...] = ()
    people: tuple[Person, ...] = ()
    """Who chooses together, where their wishes differ; `constraints` and `wishes` hold for everybody."""
    novelty: float = 0.3
    """The dial: from 0 (safe) to 1 (adventurous)."""
    count: int = 5
    """How many items to show, 1 to 10."""
    language: str = "en"
    """'en' or 'zh': the language of the reply."""

    @property
    def closed(self) -> frozenset[str]:
        """Item ids that are not to be shown."""
        return frozenset((*self.liked, *self.disliked, *self.seen, *self.passed_over))

    def without(self, key: str) -> "Preference":
        """The same without the constraint, wish or leaning of that key."""
        return replace(
            self,
            constraints=tuple(constraint for constraint in self.constraints if constraint.key != key),
            wishes=tuple(wish for wish in self.wishes if wish.key != key),
            leanings=tuple(leaning for leaning in self.leanings if leaning.key != key),
        )


def _plain(value: str | float) -> str:
    return value if isinstance(value, str) else f"{value:.15g}"
