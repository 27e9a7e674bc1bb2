"""A made-up catalog of sixty games in three kinds, and people who like one kind and a little of the next."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from agent.drivers.offline.spot import Spotter
from eval.simulation.drawing import Drawing
from eval.simulation.people import Person
from eval.simulation.run import Stage
from eval.simulation.speech import Line
from eval.simulation.systems import Answer
from eval.simulation.taste import SimulatedTaste, Temper
from retrieval.items import Catalog, Item
from retrieval.schema import CatalogSchema, FieldKind, FieldSpec

KINDS = ("strategy", "party", "puzzle")
PER_KIND = 20
SCHEMA = CatalogSchema(
    name="games",
    noun={"en": "game", "zh": "游戏"},
    nouns={"en": "games", "zh": "游戏"},
    consumed={"en": "played it", "zh": "玩过"},
    fields=(
        FieldSpec(
            name="kinds",
            kind=FieldKind.CATEGORY,
            label={"en": "kind", "zh": "类型"},
            fact={"en": "its kind is {value}", "zh": "类型：{value}"},
            names={"party": {"zh": "聚会"}, "strategy": {"zh": "策略"}, "puzzle": {"zh": "解谜"}},
        ),
        FieldSpec(name="year", kind=FieldKind.NUMBER, unit="year", label={"en": "year", "zh": "年份"}),
        FieldSpec(
            name="designers",
            kind=FieldKind.ENTITY,
            people=True,
            label={"en": "designer", "zh": "设计师"},
            fact={"en": "designed by {value}", "zh": "由{value}设计"},
        ),
    ),
)


def item_id(kind: int, place: int) -> str:
    return f"g{kind}-{place}"


def item(kind: int, place: int) -> Item:
    name = ("Castle", "Confetti", "Cipher")[kind]
    return Item(
        item_id(kind, place),
        f"{name} of the {'ABCDEFGHIJKLMNOPQRST'[place]}wick",
        values={"kinds": (KINDS[kind],), "designers": (f"Ada Quill{place % 4}",)},
        numbers={"year": 1980.0 + 2 * place},
    )


CATALOG = Catalog(SCHEMA, tuple(item(kind, place) for kind in range(3) for place in range(PER_KIND)))
SPOTTER = Spotter(CATALOG)


def person(number: int) -> Person:
    kind = number % 3
    liked = [item_id(kind, place) for place in range(PER_KIND)] + [item_id((kind + 1) % 3, 2 * n) for n in range(8)]
    disliked = [item_id((kind + 2) % 3, place) for place in range(6)]
    return Person(f"p{number}", tuple(liked), tuple(disliked), frozenset((*liked, *disliked)))


def taste(number: int = 0, *, temper: Temper = Temper.TERSE, rich: bool = False, seed: int = 0) -> SimulatedTaste:
    made = Drawing.of(person(number), CATALOG, seed).taste(temper, rich=rich)
    assert made is not None
    return made


def write_users(path: Path, count: int) -> Path:
    with path.open("w", encoding="utf-8", newline="") as out:
        rows = csv.writer(out)
        rows.writerow(["user_id", "item_id", "rating", "timestamp"])
        for user in map(person, range(count)):
            rows.writerows([user.user_id, liked, 5, 1000] for liked in user.liked)
            rows.writerows([user.user_id, disliked, 1, 1000] for disliked in user.disliked)
    return path


def write_catalog(path: Path) -> Path:
    with path.open("w", encoding="utf-8", newline="") as out:
        rows = csv.writer(out)
        rows.writerow(["item_id", "title", "kinds", "designers", "year"])
        for entry in CATALOG:
            rows.writerow(
                [entry.item_id, entry.title, entry.values["kinds"][0], entry.values["designers"][0], entry.year]
            )
    return path


@dataclass
class Scripted:
    """Answers from a list, the same for everybody; hears everything."""

    answers: Sequence[Answer]
    name: str = "scripted"
    heard: list[Line] = field(default_factory=list)

    def begin(self, user_id: str) -> "_Talk":
        return _Talk(self, list(self.answers))


@dataclass
class _Talk:
    system: Scripted
    left: list[Answer]

    async def say(self, line: Line) -> Answer:
        self.system.heard.append(line)
        return self.left.pop(0) if self.left else Answer("I have nothing more.")


def stage(*answers: Answer, turns: int = 6) -> Stage:
    return Stage(Scripted(answers), CATALOG, SPOTTER, 0, turns)
