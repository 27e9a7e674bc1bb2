"""Somebody with requirements: tells some at once, some when asked or when an item is wrong, and hints at others."""

import random
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from importlib.resources import files
from typing import Any

from benchmarks.tasks.catalog import ASSEMBLY, COLORS, Bike

ANSWERS = 8
"""So many answers somebody waits for."""
FEW, MANY = 1, 12
"""Bicycles that keep all requirements of a task that is possible."""
NUMBERS = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"),
    *("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
FIELDS = {"year": "released"}


class Kind(StrEnum):
    """What a task tries."""

    TOLD = "told"
    """All requirements stand in the first message."""
    STAGED = "staged"
    """One or two do; the others are told when asked, or when an item breaks them."""
    HINTED = "hinted"
    """One is never told: it shows in what is said of items that break it."""
    IMPOSSIBLE = "impossible"
    """No bicycle keeps them all."""


@dataclass(frozen=True, slots=True)
class Need:
    """One requirement, as it is true of bicycles."""

    field: str
    op: str
    value: float | str

    @property
    def key(self) -> str:
        """Under which wordings stand."""
        return f"{self.field}_{self.op}"

    def keeps(self, bike: Bike) -> bool:
        """Whether a bicycle is what is wanted."""
        has: Any = getattr(bike, FIELDS.get(self.field, self.field))
        if self.field == "assembly":
            return ASSEMBLY.index(has) <= ASSEMBLY.index(str(self.value))
        if self.field == "electric":
            return has == (self.op == "is")
        if self.op in ("min", "max"):
            return has is not None and (has >= self.value if self.op == "min" else has <= self.value)
        holds = self.value in has if isinstance(has, tuple) else self.value == has
        return holds == (self.op == "is")


@dataclass(frozen=True, slots=True)
class Task:
    """Who wants what, and what of it is told when."""

    name: str
    kind: Kind
    language: str
    needs: tuple[Need, ...]
    first: int
    """How many of them the first message tells."""
    seed: int


def make_tasks(bikes: Sequence[Bike], *, odd: bool, seed: int) -> list[Task]:
    """The tasks of one half: those for development, or those for reports alone."""
    counts = {Kind.TOLD: 24, Kind.STAGED: 20, Kind.HINTED: 16, Kind.IMPOSSIBLE: 12}
    tasks = []
    for kind, count in counts.items():
        for place in range(count):
            language = {0: "de", 1: "zh"}.get(place % 6, "en") if kind in (Kind.TOLD, Kind.STAGED) else "en"
            own = seed + 1000 * place + 10 * list(Kind).index(kind) + odd
            tasks.append(_task(f"{kind}-{place:02}", kind, language, bikes, own))
    return tasks


def wordings() -> dict[str, Any]:
    """The file of wordings."""
    return tomllib.loads(files(__package__).joinpath("wordings.toml").read_text("utf-8"))


@dataclass(slots=True)
class Shopper:
    """One conversation of one task."""

    task: Task
    odd: bool
    """Whose half of the wordings."""
    told: list[Need] = field(default_factory=list)
    hinted: list[tuple[Need, Bike]] = field(default_factory=list)
    _rng: random.Random = field(init=False)
    _said: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Chance of its own."""
        self._rng = random.Random(self.task.seed)

    def opening(self) -> str:
        """The first message."""
        clauses = [self._say(need) for need in self.task.needs[: self.task.first]]
        frame = self._of(wordings()["frames"][self.task.language])
        return str(frame.format(all=("，" if self.task.language == "zh" else ", ").join(clauses)))

    def accepts(self, bikes: Sequence[Bike]) -> bool:
        """Whether one of a list is what is wanted."""
        return any(all(need.keeps(bike) for need in self.task.needs) for bike in bikes)

    def breaking(self, bikes: Sequence[Bike]) -> list[Bike]:
        """Those that break what was told so far."""
        return [bike for bike in bikes if not all(need.keeps(bike) for need in self.told)]

    def reply(self, bikes: Sequence[Bike], asked: str) -> str:
        """What is said to a list, and to a question about a field ('' for none)."""
        parts = []
        secret = self.task.needs[-1] if self.task.kind is Kind.HINTED else None
        need = next(
            (
                other_need
                for other_need in self.task.needs
                if other_need.field == asked and other_need not in (*self.told, secret)
            ),
            None,
        )
        if need is not None:
            return self._say(need)
        if asked and not any(other_need.field == asked for other_need in self.task.needs):
            parts.append(self._of(wordings()["frames"]["no_matter"]))
        first = bikes[0] if bikes else None
        wrong = [other_need for other_need in self.task.needs if first is None or not other_need.keeps(first)]
        if secret in wrong and first is not None and wrong[0] is secret:
            self.hinted.append((secret, first))
            parts.append(str(self._of(wordings()["hints"][secret.field])))
        else:
            open_needs = [other_need for other_need in wrong if other_need not in (*self.told, secret)]
            missing = open_needs or [other_need for other_need in wrong if other_need is not secret] or list(self.told)
            again = self._of(wordings()["frames"]["again"]) if self.task.language == "en" else "{one}"
            parts.append(str(again.format(one=self._say(missing[0]))))
        return ". ".join(parts)

    def _say(self, need: Need) -> str:
        if need not in self.told:
            self.told.append(need)
        language = self.task.language if need.key in wordings()[self.task.language] else "en"
        value = need.value if isinstance(need.value, str) else f"{need.value:g}"
        lower = "" if isinstance(need.value, str) else f"{need.value - 1:g}"
        words = "" if isinstance(need.value, str) else spelled(need.value)
        return str(self._of(wordings()[language][need.key]).format(v=value, u=lower, w=words))

    def _of(self, row: Sequence[str]) -> str:
        """One of the wordings of this half, another one than last time."""
        half = row[int(self.odd) :: 2]
        key = row[0]
        place = self._said.get(key, self._rng.randrange(len(half)))
        self._said[key] = place + 1
        return half[place % len(half)]


def spelled(number: float) -> str:
    """A whole number in English words."""
    if number != int(number) or number >= 10_000:
        return f"{number:g}"
    whole, words = int(number), []
    for size, name in ((1000, "thousand"), (100, "hundred")):
        if whole >= size:
            words += [NUMBERS[whole // size], name]
            whole %= size
    if whole >= 20:
        words.append(TENS[whole // 10] + (f"-{NUMBERS[whole % 10]}" if whole % 10 else ""))
    elif whole or not words:
        words.append(NUMBERS[whole])
    return " ".join(words)


def _task(name: str, kind: Kind, language: str, bikes: Sequence[Bike], seed: int) -> Task:
    rng = random.Random(seed)
    while True:
        target = rng.choice(bikes)
        needs = _needs(target, rng, language)
        if kind is Kind.HINTED:
            hintable = [need for need in needs if need.field in wordings()["hints"]]
            if not hintable:
                continue
            secret = rng.choice(hintable)
            needs = [*(need for need in needs if need is not secret), secret]
        if kind is Kind.IMPOSSIBLE:
            needs[0] = Need("price", "max", 200.0) if rng.random() < 0.5 else Need("weight", "max", 6.0)
            needs = [needs[0], *(need for need in needs[1:] if need.field != needs[0].field)]
        fitting = sum(all(need.keeps(bike) for need in needs) for bike in bikes)
        if len(needs) < 3 or not (fitting == 0 if kind is Kind.IMPOSSIBLE else FEW <= fitting <= MANY):
            continue
        first = len(needs) if kind in (Kind.TOLD, Kind.IMPOSSIBLE) else min(rng.choice((1, 2)), len(needs) - 1)
        return Task(name, kind, language, tuple(needs), first, seed)


def _needs(bike: Bike, rng: random.Random, language: str) -> list[Need]:
    """Three to five requirements that a bicycle keeps."""
    other = rng.choice([color for color in COLORS if color != bike.color])
    needs = [
        Need("price", "max", _up(bike.price, 100)),
        Need("weight", "max", _up(bike.weight + 0.05, 1)),
        Need("rating", "min", bike.rating // 0.5 * 0.5),
        Need("gears", "min", bike.gears - rng.randint(0, 2)),
        Need("year", "min", bike.released - rng.randint(0, 2)),
        Need("type", "is", bike.type),
        rng.choice((Need("color", "is", bike.color), Need("color", "not", other))),
        Need("electric", "is" if bike.electric else "not", ""),
        Need("sizes", "is", rng.choice(bike.sizes)),
        Need("shops", "is", rng.choice(bike.shops)),
        Need("assembly", "max", bike.assembly),
        *([Need("brand", "is", bike.brand)] if rng.random() < 0.3 else []),
        *([Need("range", "min", (bike.range - 1) // 10 * 10)] if bike.range is not None else []),
    ]
    told = [
        need
        for need in needs
        if need.value not in ("hard", 1.0, 0.0, -1.0) and (language == "en" or need.key in wordings()[language])
    ]
    return rng.sample(told, rng.randint(3, 5))


def _up(number: float, step: int) -> float:
    return float(-(-number // step) * step)
