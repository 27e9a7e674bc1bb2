"""Takes back what no longer holds: limits, wishes, words, opinions, by whatever name a driver calls them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from retrieval.preference import Constraint, Leaning, Preference, Wish
from retrieval.schema import FieldKind
from tools.limits import Problems
from tools.placing import Placer, fold
from tools.quantities import plain, read_decade

TEXT_FIELD = "text"
"""The field name of a wish in free words."""
ABOUT = ("about", TEXT_FIELD)
PEOPLE = "people"

Held = Constraint | Wish | Leaning


@dataclass(slots=True)
class Dropping:
    """What is wanted while things are taken back."""

    preference: Preference
    placer: Placer
    shown: Sequence[str] = ()
    tastes: tuple[Constraint | Wish, ...] = ()
    """The user's lasting tastes, which can be taken back, too."""
    dropped: list[str] = field(default_factory=list)
    """Keys of what is gone or has become less."""
    kept: list[Constraint] = field(default_factory=list)
    """What is left of lasting limits that lost a value."""

    def drop(self, said: str, problems: Problems) -> None:
        """Take back a key, a field, a value, a title, or 'about'."""
        before = self.preference
        text = "" if said.casefold() in ABOUT else _text_without(before.text, said)
        self.preference = replace(before, text=text)
        n_dropped = len(self.dropped)
        if said.casefold() not in ABOUT:
            self._drop_held(said)
            self._drop_person(said)
            if len(self.dropped) == n_dropped:
                self._drop_item(said)
        if self.preference == before and len(self.dropped) == n_dropped:
            problems.add(f"nothing of the wish is called {said!r}")

    def _drop_held(self, said: str) -> None:
        wanted = self.preference
        for held in (*wanted.constraints, *wanted.wishes, *wanted.leanings, *self.tastes):
            rest = _left(held, said, self.placer)
            if rest == held:
                continue
            self.dropped.append(held.key)
            self.preference = self.preference.without(held.key)
            if isinstance(rest, Constraint):
                self.preference = replace(self.preference, constraints=(*self.preference.constraints, rest))
                self.kept += [rest] if rest.lasting else []

    def _drop_person(self, said: str) -> None:
        """One of several people who choose together, or all of them."""
        people = self.preference.people
        left = tuple(person for person in people if fold(said) not in (fold(person.name), PEOPLE))
        self.dropped += [f"person:{person.name}" for person in people if person not in left]
        self.preference = replace(self.preference, people=left)

    def _drop_item(self, said: str) -> None:
        wanted = self.preference
        known = tuple(wanted.closed)
        gone = self.placer.item(said, shown=self.shown, known=known).item_ids
        self.preference = replace(
            wanted,
            liked=without_ids(wanted.liked, gone),
            examples=without_ids(wanted.examples, gone),
            disliked=without_ids(wanted.disliked, gone),
            seen=without_ids(wanted.seen, gone),
            passed_over=without_ids(wanted.passed_over, gone),
        )


def without_ids(item_ids: Iterable[str], gone: Iterable[str]) -> tuple[str, ...]:
    """Each id once, without some."""
    left_out = set(gone)
    return tuple(item_id for item_id in dict.fromkeys(item_ids) if item_id not in left_out)


def _left(held: Held, said: str, placer: Placer) -> Held | None:
    """What is left when something is taken back: itself, a limit with fewer values, or nothing."""
    if said == held.key or _is_field(held.field, said, placer):
        return None
    values: tuple[str | float, ...] = ()
    match held:
        case Constraint():
            values = held.values
        case Wish():
            values = (held.value,)
        case Leaning():
            values = (held.more, held.less)
    left = tuple(value for value in values if not _is_value(held.field, value, said, placer))
    if left == values:
        return held
    return replace(held, values=left) if left and isinstance(held, Constraint) else None


def _is_field(name: str, said: str, placer: Placer) -> bool:
    if name == TEXT_FIELD or name not in {spec.name for spec in placer.schema.fields}:
        return False
    return fold(said) in {fold(name), *map(fold, placer.schema.field(name).label.values())}


def _is_value(name: str, value: str | float, said: str, placer: Placer) -> bool:
    """Whether a value is what was said, in any of its names; a year is within its decade."""
    if fold(plain(value)) == fold(said) != "":
        return True
    if name == TEXT_FIELD or name not in {spec.name for spec in placer.schema.fields}:
        return False
    spec = placer.schema.field(name)
    if spec.kind is not FieldKind.NUMBER:
        return placer.names(name).get(fold(said)) == value
    decade = read_decade(said) if spec.unit == "year" else None
    is_within = decade is not None and isinstance(value, float) and value in decade
    return is_within or (bool(spec.unit) and fold(f"{plain(value)} {spec.unit}") == fold(said))


def _text_without(text: str, said: str) -> str:
    """A wish's words without the phrases that hold what was said."""
    words = f" {fold(said)} "
    if not words.strip():
        return text
    return ", ".join(phrase for phrase in text.split(", ") if words not in f" {fold(phrase)} ")
