"""Draws a simulated user's taste from a real person's likes: values that several of them share, a limit, examples.

What a person rated is split at random: one half is what the user knows and may name, the other half is held out.
Success is a held-out like that fits, so nothing that is said may point at one item: a value is wished for only where at
least `SHARED` likes and some `HOLDERS` items of the catalog have it.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
from numpy.random import Generator

from eval.simulation.people import AGAIN, Person
from eval.simulation.taste import DECADE, Piece, SimulatedTaste, Temper, Wish
from retrieval.items import Catalog, Item
from retrieval.preference import Constraint, Op
from retrieval.schema import FieldKind

SHARED, WIDEST = 5, 0.4
"""A value to be wished for: the fewest likes with it, the largest share of the catalog."""
HOLDERS, SMALLEST = 20, 0.05
"""The fewest items with it; in a small catalog a share of it instead."""
FEWEST_HELD_OUT, FEWEST_TARGETS = 3, 2
"""Held-out likes with the value; those of them that keep the limit, too."""
BEST = 8
"""How many of a person's most telling values a wish is drawn from."""
MOST_PIECES, MOST_EXAMPLES = 3, 4
OFTEN = 0.4
"""A further piece is true of so many of the likes that fit."""
KEPT = 0.6
"""The share of the held-out likes that fit which a limit has to leave."""
EXCLUDED = (0.05, 0.6)
"""The share of the catalog that a limit takes away."""


def seeded(seed: int, *names: object) -> Generator:
    """A generator of random numbers for one purpose; the same names draw the same."""
    digest = hashlib.sha256("\x1f".join(map(str, (seed, *names))).encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:8], "big"))


def draw_tastes(
    persons: Sequence[Person], catalog: Catalog, *, count: int | None, seed: int, draws: int = 1
) -> tuple[SimulatedTaste, ...]:
    """Simulated users of people in an order that the seed draws, all tempers and kinds of fullness in turn.

    People whose likes share nothing that could be wished for are passed over.

    Args:
        persons: Whom they are made of.
        catalog: The items.
        count: The most users; all where None.
        seed: The same seed draws the same.
        draws: How many users are made of a person; each has other likes held out, another wish and another limit.
    """
    order = [persons[place] for place in seeded(seed, "order").permutation(len(persons)).tolist()]
    again = [
        replace(person, user_id=f"{person.user_id}{AGAIN}{draw}") for draw in range(2, draws + 1) for person in order
    ]
    cells = list(product((False, True), Temper))
    tastes: list[SimulatedTaste] = []
    for person in (*order, *again):
        if count is not None and len(tastes) >= count:
            break
        rich, temper = cells[len(tastes) % len(cells)]
        made = Drawing.of(person, catalog, seed).taste(temper, rich=rich)
        tastes += [] if made is None else [made]
    return tuple(tastes)


@dataclass(frozen=True, slots=True)
class Drawing:
    """One person's likes, halved, with what they share."""

    person: Person
    catalog: Catalog
    rng: Generator
    known: Mapping[str, bool | None]
    held_out: Mapping[str, bool | None]
    shares: Mapping[Piece, float]

    @classmethod
    def of(cls, person: Person, catalog: Catalog, seed: int) -> "Drawing":
        """Halve what a person rated."""
        rng = seeded(seed, "taste", person.user_id)
        opinions: dict[str, bool | None] = dict.fromkeys(sorted(person.rated))
        opinions |= dict.fromkeys(person.liked, True) | dict.fromkeys(person.disliked, False)
        order = [list(opinions)[place] for place in rng.permutation(len(opinions)).tolist()]
        known, held_out = order[: len(order) // 2], order[len(order) // 2 :]
        likes = [catalog.item(item_id) for item_id in sorted(person.liked)]
        shares = {piece: count / len(likes) for piece, count in Counter(_all_pieces(likes, catalog)).items()}
        return cls(
            person,
            catalog,
            rng,
            {item_id: opinions[item_id] for item_id in known},
            {item_id: opinions[item_id] for item_id in held_out},
            {piece: share for piece, share in shares.items() if share * len(likes) >= SHARED},
        )

    def taste(self, temper: Temper, *, rich: bool) -> SimulatedTaste | None:
        """A simulated user; None where nothing can be wished for."""
        wishes, limit = self._first_wish()
        if limit is None:
            return None
        if temper is Temper.CONTRARY and (second := self._second_wish(wishes[0], limit)) is not None:
            wishes = (*wishes, second)
        turn = int(self.rng.integers(1, 3) if rich else self.rng.integers(2, 4))
        return SimulatedTaste(
            self.person.user_id, temper, rich, wishes, limit, turn, self.known, self.held_out, dict(self.shares)
        )

    def _first_wish(self) -> tuple[tuple[Wish, ...], Constraint | None]:
        cores = self._cores()
        while cores:
            core = cores.pop(self._draw([weight for _, weight in cores]))[0]
            if (limit := self._limit(core)) is not None:
                return (self._wish(core, limit),), limit
        return (), None

    def _second_wish(self, first: Wish, limit: Constraint) -> Wish | None:
        """Another value of the same field, which goes with the limit."""
        others = [(piece, weight) for piece, weight in self._cores() if piece.field == first.core.field]
        others = [pair for pair in others if pair[0] != first.core and not _about(limit, pair[0])]
        others = [pair for pair in others if len(self._targets(pair[0], limit)) >= FEWEST_TARGETS]
        return self._wish(others[self._draw([w for _, w in others])][0], limit) if others else None

    def _cores(self) -> list[tuple[Piece, float]]:
        """What could be wished for, with weights: how much more common it is in the likes than in the catalog."""
        weighed = []
        for piece, share in self.shares.items():
            holders = self._holders(piece)
            held_out = len(self._liked(piece, self.held_out))
            if self._is_sayable(holders) and held_out >= FEWEST_HELD_OUT:
                weighed.append((piece, share * max(0.0, float(np.log(share * len(self.catalog) / holders)))))
        best = sorted(weighed, key=lambda pair: (-pair[1], pair[0].key))[:BEST]
        return [pair for pair in best if pair[1] > 0]

    def _wish(self, core: Piece, limit: Constraint) -> Wish:
        """The piece with others that are often true of the likes that have it."""
        fitting = [
            self.catalog.item(item_id)
            for item_id in self.person.liked
            if core.fits(self.catalog.item(item_id), self.catalog)
        ]
        more = []
        for piece in self.shares:
            share = sum(piece.fits(item, self.catalog) for item in fitting) / len(fitting)
            holders = self._holders(piece)
            if piece.field != core.field and share >= OFTEN and self._is_sayable(holders):
                more.append((share * len(self.catalog) / holders, piece))
        more.sort(key=lambda pair: (-pair[0], pair[1].key))
        more = [pair for pair in more if not _about(limit, pair[1])]
        examples = [
            item_id
            for item_id in self._liked(core, self.known)
            if self.catalog.satisfies(self.catalog.item(item_id), limit)
        ]
        pieces = (core, *(piece for _, piece in more[: MOST_PIECES - 1]))
        return Wish(pieces, tuple(examples[:MOST_EXAMPLES]), frozenset(self._targets(core, limit)))

    def _limit(self, core: Piece) -> Constraint | None:
        """A limit that leaves enough of what would please and takes something away, one of a kind at random."""
        kinds: dict[tuple[str, str], list[Constraint]] = {}
        fitting = len(self._liked(core, self.held_out))
        for limit in _limits(self.catalog):
            if _about(limit, core) or self._likes_unusually(limit):
                continue
            gone = 1.0 - float(self.catalog.mask((limit,)).mean())
            left = len(self._targets(core, limit))
            if EXCLUDED[0] <= gone <= EXCLUDED[1] and left >= max(FEWEST_TARGETS, KEPT * fitting):
                kinds.setdefault((limit.field, limit.op), []).append(limit)
        if not kinds:
            return None
        of_kind = kinds[sorted(kinds)[int(self.rng.integers(len(kinds)))]]
        return of_kind[int(self.rng.integers(len(of_kind)))]

    def _likes_unusually(self, limit: Constraint) -> bool:
        """Whether what a limit shuts out is more common in the likes than in the catalog: nobody would say so."""
        if limit.op is not Op.NOT:
            return False
        piece = Piece(limit.field, str(limit.values[0]))
        return self.shares.get(piece, 0.0) > self._holders(piece) / len(self.catalog)

    def _is_sayable(self, holders: int) -> bool:
        """Whether a value with so many items neither points at one of them nor fits nearly all."""
        size = len(self.catalog)
        return min(HOLDERS, SMALLEST * size) <= holders <= WIDEST * size

    def _holders(self, piece: Piece) -> int:
        if isinstance(piece.value, str):
            return self.catalog.values(piece.field)[piece.value]
        return int(self.catalog.mask(piece.constraints).sum())

    def _liked(self, piece: Piece, of: Mapping[str, bool | None]) -> list[str]:
        return [
            item_id for item_id, likes in of.items() if likes and piece.fits(self.catalog.item(item_id), self.catalog)
        ]

    def _targets(self, core: Piece, limit: Constraint) -> list[str]:
        return [
            item_id
            for item_id in self._liked(core, self.held_out)
            if self.catalog.satisfies(self.catalog.item(item_id), limit)
        ]

    def _draw(self, weights: Sequence[float]) -> int:
        odds = np.asarray(weights)
        return int(self.rng.choice(len(odds), p=odds / odds.sum()))


def pieces_of(item: Item, catalog: Catalog) -> Iterator[Piece]:
    """Everything about an item that could be wished for."""
    for spec in catalog.schema.descriptive:
        if spec.kind is not FieldKind.NUMBER:
            yield from (Piece(spec.name, value) for value in item.values.get(spec.name, ()))
        elif spec.unit == "year" and spec.name in item.numbers:
            yield Piece(spec.name, int(item.numbers[spec.name]) // DECADE * DECADE)


def _all_pieces(items: Iterable[Item], catalog: Catalog) -> Iterator[Piece]:
    return (piece for item in items for piece in pieces_of(item, catalog))


def _limits(catalog: Catalog) -> Iterator[Constraint]:
    """Limits that people set: not this value of a closed field, nothing before or after the turn of a decade, ..."""
    for spec in catalog.schema.descriptive:
        if spec.kind is FieldKind.NUMBER:
            yield from _number_limits(spec.name, catalog, by_decade=spec.unit == "year")
        elif spec.kind is FieldKind.CATEGORY:
            yield from (Constraint(spec.name, Op.NOT, (value,)) for value in sorted(catalog.values(spec.name)))


def _number_limits(field: str, catalog: Catalog, *, by_decade: bool) -> Iterator[Constraint]:
    known = np.asarray([item.numbers[field] for item in catalog if field in item.numbers])
    if not len(known):
        return
    places = np.unique(np.round(np.quantile(known, (0.1, 0.25, 0.5, 0.75, 0.9))))
    if by_decade:
        places = np.unique(places // DECADE * DECADE)
    for place in places.tolist():
        yield Constraint(field, Op.MIN, (float(place),))
        yield Constraint(field, Op.MAX, (float(place) - 1 if by_decade else float(place),))


def _about(limit: Constraint, piece: Piece) -> bool:
    """Whether a limit and a piece speak of the same: 'no comedy' and comedy, 'after 1990' and the 1970s."""
    if limit.field != piece.field:
        return False
    return isinstance(piece.value, int) or piece.value in limit.values
