"""The house's rules: a TOML file, held against a catalog, becomes what holds for a request (`retrieval.house.House`).

Conditions are limits as everywhere else (`tools.limits`): a field, an operator, a value. A value may come from what the
program that asks says of its request (a region, whether an age was confirmed); what it does not say hides rather than
shows.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationError

from retrieval.errors import ContextError, SettingsError
from retrieval.house import ENGLISH, MOST_BOOST, MOST_ITEMS, Handover, House, Words
from retrieval.items import Catalog
from retrieval.preference import Constraint
from retrieval.retriever import Retriever
from retrieval.titles import normalize_title
from retrieval.untrusted import visible
from tools.arguments import Limit
from tools.limits import LimitReader, Problems
from tools.placing import Placer
from tools.render import one_line

FILE = "rules.toml"
MOST_RULES = 50
"""Of each kind."""
LONGEST_NAME, LONGEST_WORDS = 60, 300
VIEWS = 32
"""Catalogs as requests see them that are kept ready."""
MOST_NAMED = 12
"""Names of rules that a model is told."""
Context = Mapping[str, str]
"""What is known of a request, by the names that the file declares."""


class RulesError(SettingsError):
    """A file of rules that cannot be used; each line says where, and what was expected."""

    def __init__(self, path: str, lines: Sequence[str]) -> None:
        super().__init__("\n".join(f"{path}:{line}" for line in lines))
        self.lines = tuple(lines)


def _one_text(value: object) -> object:
    return {ENGLISH: value} if isinstance(value, str) else value


def _plain(value: str) -> str:
    if one_line(visible(value)) != value:
        raise ValueError("expected one line of plain words")
    return value


def _web(value: str) -> str:
    if value and not re.fullmatch(r"(?:https://[^\s<>\"'()\[\]\\]+|mailto:[^\s<>\"'()\[\]\\]+)", value):
        raise ValueError("expected an address that begins with https:// or mailto:")
    return value


Name = Annotated[
    str, StringConstraints(min_length=1, max_length=LONGEST_NAME, strip_whitespace=True), AfterValidator(_plain)
]
Said = Annotated[
    str, StringConstraints(min_length=1, max_length=LONGEST_WORDS, strip_whitespace=True), AfterValidator(_plain)
]
Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2}$")]
InWords = Annotated[dict[Language, Said], Field(min_length=1), BeforeValidator(_one_text)]
ContextName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
ContextValue = Annotated[str, StringConstraints(min_length=1, max_length=64, strip_whitespace=True)]
Values = Annotated[list[ContextValue], Field(min_length=1), BeforeValidator(lambda v: [v] if isinstance(v, str) else v)]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Condition(Limit):
    """A limit, written as a model writes it; its value may be one that the request brings."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    context: ContextName | None = None


class Declared(_Strict):
    """Something that a request may bring."""

    default: ContextValue | None = None
    """Where it does not."""


class Rule(_Strict):
    """Which items a rule is about, and for which requests."""

    name: Name
    where: Annotated[list[Condition], Field(min_length=1, max_length=12)]
    """All of it holds of an item."""
    when: dict[ContextName, Values] = Field(default_factory=dict)
    unless: dict[ContextName, Values] = Field(default_factory=dict)


class NeverShow(Rule):
    """Items that are not there."""

    words: InWords | None = None
    """What is said where one is asked for by its title."""


class Disclose(Rule):
    """Items that are shown with words of the house."""

    words: InWords


class Boost(Rule):
    """Items that rank a little higher."""

    by: Annotated[float, Field(gt=0, le=MOST_BOOST)]


class ListRule(_Strict):
    """How long a list is at most."""

    most: Annotated[int, Field(ge=1, le=MOST_ITEMS)]


class HandoverRule(_Strict):
    """What is said and offered to somebody who asks for a person."""

    words: InWords
    link: Annotated[str, StringConstraints(max_length=300), AfterValidator(_web)] = ""


class Rules(_Strict):
    """The file."""

    context: Annotated[dict[ContextName, Declared], Field(max_length=8)] = Field(default_factory=dict)
    keys: dict[str, dict[ContextName, ContextValue]] = Field(default_factory=dict)
    """What is known of all requests of a key, by its id; no request says otherwise."""
    never_show: Annotated[list[NeverShow], Field(max_length=MOST_RULES)] = Field(default_factory=list)
    disclose: Annotated[list[Disclose], Field(max_length=MOST_RULES)] = Field(default_factory=list)
    boost: Annotated[list[Boost], Field(max_length=MOST_RULES)] = Field(default_factory=list)
    length: Annotated[ListRule | None, Field(alias="list")] = None
    handover: HandoverRule | None = None

    def each(self) -> Iterator[tuple[str, int, Rule]]:
        """Every rule about items: its kind, its place among those, itself."""
        for kind, rules in (("never_show", self.never_show), ("disclose", self.disclose), ("boost", self.boost)):
            yield from ((kind, place, rule) for place, rule in enumerate(rules))


class _View(NamedTuple):
    catalog: Catalog
    placer: Placer


@dataclass(frozen=True, slots=True)
class Effect:
    """A rule and the rows that it is about, for one request."""

    kind: str
    rule: Rule
    rows: NDArray[np.int64]


class RuleBook:
    """The rules of one catalog; made once, holds no request."""

    def __init__(self, rules: Rules, catalog: Catalog) -> None:
        self.rules, self.catalog = rules, catalog
        self._reader = LimitReader(Placer(catalog))
        self._view = lru_cache(VIEWS)(self._make_view)
        self._seen = lru_cache(VIEWS)(self._make_seen)

    @classmethod
    def read(cls, path: Path, catalog: Catalog) -> "RuleBook":
        """The rules of a file.

        Raises:
            RulesError: There is no such file, or something in it cannot work.
        """
        try:
            text = path.read_text(encoding="utf-8")
            rules = Rules.model_validate(tomllib.loads(text))
        except (OSError, UnicodeDecodeError) as error:
            raise RulesError(str(path), [f"1: expected a text file, found none ({type(error).__name__})"]) from None
        except tomllib.TOMLDecodeError as error:
            place = re.search(r"at line (\d+)", str(error))
            raise RulesError(str(path), [f"{place[1] if place else len(text.splitlines())}: {error}"]) from None
        except ValidationError as error:
            problems = [
                f"{_line_of(text, problem['loc'])}: {_where(problem['loc'])}: {problem['msg']}"
                for problem in error.errors()
            ]
            raise RulesError(str(path), problems) from None
        book = cls(rules, catalog)
        if wrong := [f"{_line_of(text, place)}: {_where(place)}: {what}" for place, what in book.problems()]:
            raise RulesError(str(path), wrong)
        return book

    def problems(self) -> Iterator[tuple[Sequence[str | int], str]]:
        """What this catalog cannot keep, and names that stand for nothing: where, and what was expected."""
        names: set[str] = set()
        for kind, place, rule in self.rules.each():
            if rule.name in names:
                yield (kind, place, "name"), f"expected a name of its own, found {rule.name!r} again"
            names.add(rule.name)
            for part, gate in (("when", rule.when), ("unless", rule.unless)):
                yield from (((kind, place, part, name), self._undeclared(name)) for name in gate if self._is_new(name))
            for at, condition in enumerate(rule.where):
                yield from (((kind, place, "where", at), what) for what in self._wrong(condition))
        for key, context in self.rules.keys.items():
            yield from ((("keys", key, name), self._undeclared(name)) for name in context if self._is_new(name))

    def context(self, said: Mapping[str, str], *, key_id: str = "", is_old: bool = False) -> Context:
        """What is known of a request: what it says, over the defaults; what a key says, over both.

        Args:
            said: What the request says, by name.
            key_id: The key that it was made with.
            is_old: Whether it was said when the rules may have been others: names that none of them has are left out.

        Raises:
            ContextError: It says something that no rule asks for.
        """
        given = {name: value for name, value in said.items() if not (is_old and self._is_new(name))}
        for name in given:
            if self._is_new(name):
                raise ContextError(f"Reconteur-Context: {self._undeclared(name)}")
        defaults = {name: declared.default for name, declared in self.rules.context.items() if declared.default}
        return {**defaults, **given, **self.rules.keys.get(key_id, {})}

    def seen(self, retriever: Retriever, context: Context) -> tuple[Retriever, Placer]:
        """Recommenders and names as a request sees them."""
        seen: tuple[Retriever, Placer] = self._seen(retriever, self._shape(context))
        return seen

    def effects(self, context: Context) -> list[Effect]:
        """The rules that hold for a request, each with the rows that it is about."""
        return [
            Effect(kind, rule, np.flatnonzero(self._mask(rule, context, unknown_holds=kind != "boost")))
            for kind, _, rule in self.rules.each()
            if _applies(rule, context, unknown_holds=kind != "boost")
        ]

    def told(self) -> str:
        """What a model is told of all this, the same in every turn."""
        rules, nouns = self.rules, self.catalog.schema.nouns_in(ENGLISH)
        lines = []
        if rules.never_show:
            lines.append(
                f"Some {nouns} are not offered here ({_names(rules.never_show)}): tools do not return them. Suggest "
                "and describe none that no tool returned; if one is asked for, say that it is not offered here."
            )
        if rules.disclose:
            said = {rule.words.get(ENGLISH) or next(iter(rule.words.values())) for rule in rules.disclose}
            words = "; ".join(f'"{value}"' for value in sorted(said)[:MOST_NAMED])
            lines.append(f"Where {words} stands beside an item it is true: never deny or play it down.")
        if rules.boost:
            lines.append(
                f"The house lifts some {nouns} a little ({_names(rules.boost)}); say so if asked. Order by the wish."
            )
        if rules.length is not None:
            lines.append(f"A list has at most {rules.length.most} here, whatever is asked for: put the best first.")
        if rules.handover is not None:
            lines.append("When the user asks for a person, staff or support, end the turn with hand_over.")
        return "\n".join(f"- {line}" for line in lines)

    def _make_seen(self, retriever: Retriever, shape: "Shape") -> tuple[Retriever, Placer]:
        view = self._view(shape)
        return retriever.within(view.catalog), view.placer

    def _make_view(self, shape: "Shape") -> _View:
        catalog = Catalog(self.catalog.schema, self.catalog.items, self.house(dict(shape.context)))
        return _View(catalog, Placer(catalog))

    def house(self, context: Context) -> House:
        """What holds for a request."""
        ids = [item.item_id for item in self.catalog.items]
        hidden: set[str] = set()
        disclosed: dict[str, tuple[Words, ...]] = {}
        boosts: dict[str, float] = {}
        titles: dict[str, Words] = {}
        for effect in self.effects(context):
            for item_id in (ids[row] for row in effect.rows.tolist()):
                match effect.rule:
                    case Disclose(words=words):
                        disclosed[item_id] = (*disclosed.get(item_id, ()), words)
                    case Boost(by=by):
                        boosts[item_id] = min(MOST_BOOST, boosts.get(item_id, 0.0) + by)
                    case NeverShow(words=words):
                        hidden |= (twins := self.catalog.double_of(item_id))
                        items = [self.catalog.item(twin) for twin in twins]
                        named = [normalize_title(name) for item in items for name in (item.title, *item.aka)]
                        titles |= {name: words or titles.get(name, {}) for name in named}
        rules = self.rules
        handover = Handover(rules.handover.words, rules.handover.link) if rules.handover else None
        return House(
            frozenset(hidden), titles, disclosed, boosts, rules.length.most if rules.length else MOST_ITEMS, handover
        )

    def _mask(self, rule: Rule, context: Context, *, unknown_holds: bool) -> NDArray[np.bool_]:
        keep = self.catalog.mask(())
        for condition in rule.where:
            value = context.get(condition.context) if condition.context else ""
            if value is None and unknown_holds:
                continue
            constraints = self._read(condition, value or "")[0] if value is not None else ()
            if constraints:
                keep &= self.catalog.mask(constraints)
            elif condition.op != "not":  # no item has such a value
                keep[:] = False
        return keep

    def _read(self, condition: Condition, value: str) -> tuple[tuple[Constraint, ...], Problems]:
        problems = Problems()
        limit = condition.model_copy(update={"value": [value]}) if condition.context else condition
        return self._reader.read([limit], problems), problems

    def _wrong(self, condition: Condition) -> Iterator[str]:
        """What is wrong with a condition, whatever a request brings."""
        fields = [spec.name for spec in self.catalog.schema.fields]
        if condition.field not in fields:
            yield f"expected a field of the catalog ({', '.join(fields)}), found {condition.field!r}"
            return
        if condition.context:
            if self._is_new(condition.context):
                yield self._undeclared(condition.context)
            if condition.value:
                yield "expected a value or a context, found both"
            return
        constraints, problems = self._read(condition, "")
        yield from problems.lines
        if not constraints and not problems.lines:
            yield "expected a limit that this catalog can keep"
        yield from (
            f"expected a value of {condition.field}, found one of {limit.field}"
            for limit in constraints
            if limit.field != condition.field
        )

    def _is_new(self, name: str) -> bool:
        return name not in self.rules.context

    def _undeclared(self, name: str) -> str:
        known = ", ".join(self.rules.context) or "none is declared"
        return f"expected a name that the rules declare under [context] ({known}), found {name!r}"

    def _shape(self, context: Context) -> "Shape":
        """What of a context makes a difference: requests that agree in it see the same catalog."""
        asked = {name for _, _, rule in self.rules.each() for name in (*rule.when, *rule.unless)}
        free = {condition.context for _, _, rule in self.rules.each() for condition in rule.where if condition.context}
        told = {
            (kind, place): _applies(rule, context, unknown_holds=kind != "boost")
            for kind, place, rule in self.rules.each()
        }
        return Shape(
            tuple(sorted((name, value) for name, value in context.items() if name in asked | free)),
            (*told.values(), *(context.get(name) for name in sorted(free))),
        )


class Shape:
    """A context, equal to every other one that makes the same difference."""

    __slots__ = ("context", "makes")

    def __init__(self, context: tuple[tuple[str, str], ...], makes: tuple[bool | str | None, ...]) -> None:
        self.context, self.makes = context, makes

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Shape) and self.makes == other.makes

    def __hash__(self) -> int:
        return hash(self.makes)


def _applies(rule: Rule, context: Context, *, unknown_holds: bool) -> bool:
    """Whether a rule is about a request; of what is not known the careful side is taken."""
    for name, values in rule.when.items():
        known = context.get(name)
        if not (unknown_holds if known is None else known in values):
            return False
    return not any(
        (not unknown_holds if context.get(name) is None else context[name] in values)
        for name, values in rule.unless.items()
    )


def _names(rules: Sequence[Rule]) -> str:
    return ", ".join(rule.name for rule in rules[:MOST_NAMED])


def _where(place: Sequence[Any]) -> str:
    """'never_show 2, where 1'."""
    parts: list[str] = []
    for step in place:
        if isinstance(step, int) and parts:
            parts[-1] += f" {step + 1}"
        elif step != "[key]":
            parts.append(str(step))
    return ", ".join(parts)


def _line_of(text: str, place: Sequence[Any]) -> int:
    """The line of the file where something stands, as near as its tables and keys tell."""
    lines = text.splitlines() or [""]
    kind = str(place[0]) if place else ""
    number = place[1] if len(place) > 1 and isinstance(place[1], int) else None
    table = re.compile(rf"\s*\[\[\s*{re.escape(kind)}\s*\]\]") if number is not None else None
    heads = [at for at, line in enumerate(lines) if table and table.match(line)]
    if number is not None and number < len(heads):
        start = heads[number]
    else:
        head = re.compile(rf"\s*\[?\[?\s*{re.escape(kind)}\b")
        start = next((at for at, line in enumerate(lines) if head.match(line)), 0)
    end = next((at for at in range(start + 1, len(lines)) if lines[at].lstrip().startswith("[")), len(lines))
    line = start
    for name in (step for step in place[1:] if isinstance(step, str)):
        key = re.compile(rf"(?<![\w-]){re.escape(name)}(?![\w-])")
        line = next((at for at in range(line, end) if key.search(lines[at])), line)
    within = [step for step in place[2:] if isinstance(step, int)]
    if within:  # the n-th table of a list that goes over several lines
        tables = [at for at in range(line, end) for _ in range(lines[at].count("{"))]
        line = tables[within[0]] if within[0] < len(tables) else line
    return line + 1
