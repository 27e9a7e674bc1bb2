"""Runs a ranker over the places of dialogues, one after the other, and writes each ranking as soon as it is there."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from eval.places import Ask
from eval.predictions import Prediction, RankedItem, append
from eval.ranking.blend import Blend
from eval.ranking.features import Signals
from eval.ranking.rankers import WeightedSum, best_rows
from eval.ranking.reading import ReadTurn, Situation, TurnReader
from eval.ranking.world import Vector
from retrieval.items import Catalog
from retrieval.resources import Progress, silent

Scorer = Callable[[NDArray[np.float32], Situation], Vector]


@dataclass
class OfflineRanker:
    """Reads what was said before a place and ranks the catalog, without a language model."""

    signals: Signals
    reader: TurnReader
    ranker: WeightedSum | Blend
    _dialogue: str = ""
    _read: list[ReadTurn] = field(default_factory=list)

    @property
    def name(self) -> str:
        """What reports call it."""
        return self.ranker.name

    def rank(self, ask: Ask, k: int) -> list[tuple[int, float]]:
        """The best rows for a place, with scores."""
        situation = self.situation(ask)
        return best_rows(self.score(situation), situation, k)

    def score(self, situation: Situation) -> Vector:
        """A score per row."""
        table = self.signals.of(situation)
        return self.ranker.rank(table, situation.known) if isinstance(self.ranker, Blend) else self.ranker.score(table)

    def situation(self, ask: Ask) -> Situation:
        """What was said before; turns of the dialogue at hand are read once."""
        if ask.dialogue_id != self._dialogue or len(ask.before) < len(self._read):
            self._dialogue, self._read = ask.dialogue_id, []
        for turn in ask.before[len(self._read) :]:
            known = frozenset(row for one in self._read for row in one.items)
            self._read.append(self.reader.read(turn, known))
        known = frozenset(row for one in self._read for row in one.items)
        return Situation(tuple(self._read), known)


class Ranker(Protocol):
    """Ranks the catalog at one place after the other."""

    @property
    def name(self) -> str:
        """What reports call it."""
        ...

    def rank(self, ask: Ask, k: int) -> list[tuple[int, float]]:
        """The best rows for a place, with scores."""
        ...


def predictions(ranker: Ranker, asks: Sequence[Ask], catalog: Catalog, k: int) -> Iterator[Prediction]:
    """The ranking of each place, as it comes."""
    for ask in asks:
        started = time.perf_counter()
        rows = ranker.rank(ask, k)
        seconds = time.perf_counter() - started
        yield prediction(ask, rows, catalog, seconds)


def prediction(ask: Ask, rows: Sequence[tuple[int, float]], catalog: Catalog, seconds: float) -> Prediction:
    """A ranking with ids and titles."""
    items = [(catalog.items[row], score) for row, score in rows]
    ranked = tuple(RankedItem(item_id=one.item_id, title=one.label, score=round(score, 5)) for one, score in items)
    return Prediction(dialogue_id=ask.dialogue_id, turn_index=ask.turn_index, items=ranked, seconds=round(seconds, 5))


def write_rankings(
    ranker: Ranker, asks: Sequence[Ask], catalog: Catalog, k: int, out: Path, progress: Progress = silent
) -> float:
    """Add the rankings of places to a file.

    Returns:
        The seconds that it took.
    """
    started = time.perf_counter()
    with out.open("a", encoding="utf-8") as file:
        for done, one in enumerate(predictions(ranker, asks, catalog, k), start=1):
            append(file, [one])
            progress("turns", done, len(asks))
    return time.perf_counter() - started
