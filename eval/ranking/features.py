"""What speaks for each item at a place: one column per signal, one row per item of the catalog."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from agent.conversation import Role
from eval.ranking.knowledge import Knowledge, situation_terms
from eval.ranking.reading import ReadTurn, Situation
from eval.ranking.world import Vector, World

NEAREST = 40
"""How many of the nearest recorded places speak."""

GROUPS: dict[str, tuple[str, ...]] = {
    "popularity": ("liked_by", "trend", "liked_share", "year", "newness"),
    "ratings": ("ease", "ease_user", "ease_last"),
    "items": (
        "text_like",
        "text_best",
        "latent_like",
        "latent_best",
        "series",
        "year_gap",
        "people_like",
        "people_best",
        "kind_like",
        "kind_best",
        "theme_like",
    ),
    "words": ("kind_asked", "kind_last", "kind_refused", "person_asked", "person_last", "theme_asked", "limits_kept"),
    "facts": ("text_said", "text_last", "latent_said"),
    "situation": ("n_turns", "n_items", "n_kinds", "n_people", "n_words"),
    "dialogue popularity": ("mentioned", "recommended"),
    "dialogue items": (
        "together",
        "together_best",
        "together_last",
        "after",
        "joint",
        "joint_user",
        "joint_last",
        "shared",
    ),
    "dialogue words": ("nearest", "kernel", "kernel_latent"),
}
"""Signals by what they rest on; the last three need recorded dialogues."""
LEARNED = ("dialogue popularity", "dialogue items", "dialogue words")
NAMES: tuple[str, ...] = tuple(name for names in GROUPS.values() for name in names)


@dataclass(frozen=True)
class Signals:
    """Computes the columns of `NAMES` for one world and what was learned."""

    world: World
    knowledge: Knowledge | None = None

    def of(self, situation: Situation) -> NDArray[np.float32]:
        """All signals, shape (n_items, len(NAMES)), float32, finite."""
        found: dict[str, Vector | float] = {}
        found |= self._popularity()
        found |= self._ratings(situation)
        found |= self._items(situation)
        found |= self._words(situation)
        found |= self._facts(situation)
        if self.knowledge is not None:
            found |= self._learned(self.knowledge, situation)
        table = np.zeros((self.world.n_items, len(NAMES)), dtype=np.float32)
        for place, name in enumerate(NAMES):
            if name in found:
                table[:, place] = found[name]
        return table

    def _popularity(self) -> dict[str, Vector | float]:
        world = self.world
        return {
            "liked_by": np.log1p(world.popularity),
            "liked_share": world.quality,
            "year": world.year,
            "newness": world.newness,
        }

    def _ratings(self, situation: Situation) -> dict[str, Vector | float]:
        rows, user, last = _rows(situation), _rows(situation.by(Role.USER)), _last(situation)
        ease = self.world.ease
        strength = _strength(rows, situation)
        return {"ease": ease.score(rows, strength), "ease_user": ease.score(user), "ease_last": ease.score(last)}

    def _items(self, situation: Situation) -> dict[str, Vector | float]:
        """How like an item is to those that came up."""
        world, rows = self.world, _rows(situation)
        if not len(rows):
            return {}
        text = _dense(world.text.matrix[rows] @ world.text.by_term)
        latent = world.latent[rows] @ world.latent.T
        kinds, people, themes = (self._field_likeness(rows, names) for names in self._field_names())
        return {
            "text_like": text.mean(axis=0),
            "text_best": text.max(axis=0),
            "latent_like": latent.mean(axis=0),
            "latent_best": latent.max(axis=0),
            "series": np.isin(world.series, world.series[rows]).astype(np.float32),
            "year_gap": np.abs(world.year - world.year[rows].mean()),
            "people_like": people.sum(axis=0),
            "people_best": people.max(axis=0),
            "kind_like": kinds.mean(axis=0),
            "kind_best": kinds.max(axis=0),
            "theme_like": themes.mean(axis=0),
        }

    def _field_names(self) -> tuple[list[str], list[str], list[str]]:
        """Fields that say of what kind an item is, who made it, and all others."""
        specs = [spec for spec in self.world.catalog.schema.fields if spec.name in self.world.fields]
        kinds = [spec.name for spec in specs if spec.kind == "category"]
        people = [spec.name for spec in specs if spec.people]
        return kinds, people, [spec.name for spec in specs if spec.name not in {*kinds, *people}]

    def _field_likeness(self, rows: NDArray[np.int64], names: Sequence[str]) -> Vector:
        total = np.zeros((len(rows), self.world.n_items), dtype=np.float32)
        for name in names:
            matrix = self.world.fields[name]
            total += _dense(matrix[rows] @ matrix.T)
        return total

    def _words(self, situation: Situation) -> dict[str, Vector | float]:
        """Values of the catalog that were asked for or refused by name."""
        kinds, people, themes = self._field_names()
        user, last = situation.by(Role.USER).turns, situation.turns[-2:]
        asked = [self._having(situation.turns, names, 1) for names in (kinds, people, themes)]
        return {
            "kind_asked": asked[0] + self._having(user, kinds, 1),
            "kind_last": self._having(last, kinds, 1),
            "kind_refused": self._having(user, kinds, -1),
            "person_asked": asked[1],
            "person_last": self._having(last, people, 1),
            "theme_asked": asked[2],
            "limits_kept": self._kept(situation),
            "n_kinds": float(_count(situation.turns, kinds)),
            "n_people": float(_count(situation.turns, people)),
            "n_turns": float(len(situation.turns)),
            "n_items": float(len(situation.items)),
            "n_words": float(len(situation.by(Role.USER).words)),
        }

    def _kept(self, situation: Situation) -> Vector:
        """The share of the limits that each item keeps; 0 where none was stated."""
        kept = [self.world.catalog.mask([one]) for one in situation.limits]
        if not kept:
            return np.zeros(self.world.n_items, dtype=np.float32)
        return np.asarray(np.mean(kept, axis=0), dtype=np.float32)

    def _having(self, turns: Sequence[ReadTurn], names: Sequence[str], sign: int) -> Vector:
        """How many of the values named each item has; a name counts in whichever field it stands."""
        values = {
            value.casefold() for turn in turns for name, value, one in turn.values if one == sign and name in names
        }
        found = np.zeros(self.world.n_items, dtype=np.float32)
        for value in sorted(values):
            has = np.zeros(self.world.n_items, dtype=np.float32)
            for name in names:
                column = self.world.values.get((name, value))
                if column is not None:
                    holders = self.world.holders[name]
                    has[holders.indices[holders.indptr[column] : holders.indptr[column + 1]]] = 1
            found += has
        return found

    def _facts(self, situation: Situation) -> dict[str, Vector | float]:
        """How near what was said is to an item's facts."""
        text, latent = self.world.text, self.world.latent
        said = text.vector(situation.by(Role.USER).words)
        last = text.vector(word for turn in situation.turns[-2:] for word in turn.words)
        near = text.near(said)
        best = np.argsort(-near)[:20]
        centroid = near[best] @ latent[best]
        return {"text_said": near, "text_last": text.near(last), "latent_said": latent @ centroid}

    def _learned(self, knowledge: Knowledge, situation: Situation) -> dict[str, Vector | float]:
        rows, user, last = _rows(situation), _rows(situation.by(Role.USER)), _last(situation)
        together = _dense(knowledge.together[rows])
        likeness = knowledge.index.near(knowledge.index.vector(situation_terms(self.world, situation)))
        weights = knowledge.solved @ likeness
        nearest = np.where(likeness >= _kth(likeness, NEAREST), likeness, 0).astype(np.float32)
        empty = np.zeros(self.world.n_items, dtype=np.float32)
        return {
            "mentioned": np.log1p(knowledge.mentioned),
            "recommended": np.log1p(knowledge.recommended),
            "together": together.sum(axis=0) if len(rows) else empty,
            "together_best": together.max(axis=0) if len(rows) else empty,
            "together_last": _dense(knowledge.together[last]).sum(axis=0) if len(last) else empty,
            "after": _dense(knowledge.after[rows]).sum(axis=0) if len(rows) else empty,
            "joint": knowledge.joint.score(rows, _strength(rows, situation)),
            "joint_user": knowledge.joint.score(user),
            "shared": (knowledge.shared[rows] @ knowledge.shared.T).sum(axis=0) if len(rows) else empty,
            "joint_last": knowledge.joint.score(last),
            "nearest": np.asarray(nearest @ knowledge.answers, dtype=np.float32),
            "kernel": np.asarray(weights @ knowledge.answers, dtype=np.float32),
            "kernel_latent": np.asarray(self.world.latent @ (weights @ knowledge.answer_vectors), dtype=np.float32),
        }


def _rows(situation: Situation) -> NDArray[np.int64]:
    return np.asarray(situation.items, dtype=np.int64)


def _last(situation: Situation) -> NDArray[np.int64]:
    """The items of the last turn that named any."""
    named = next((turn.items for turn in reversed(situation.turns) if turn.items), ())
    return np.asarray(named, dtype=np.int64)


def _strength(rows: NDArray[np.int64], situation: Situation) -> Vector:
    """What a named item counts: what was spoken ill of counts against."""
    bad = situation.disliked
    return np.asarray([-0.3 if row in bad else 1.0 for row in rows.tolist()], dtype=np.float32)


def _count(turns: Sequence[ReadTurn], names: Sequence[str]) -> int:
    return len({value for turn in turns for name, value, sign in turn.values if sign > 0 and name in names})


def _dense(matrix: csr_matrix) -> Vector:
    return np.asarray(matrix.todense(), dtype=np.float32)


def _kth(values: Vector, k: int) -> float:
    """The k-th largest value that is above 0; else the smallest above 0."""
    positive = values[values > 0]
    if not len(positive):
        return float("inf")
    return float(np.partition(positive, -k)[-k]) if len(positive) > k else float(positive.min())
