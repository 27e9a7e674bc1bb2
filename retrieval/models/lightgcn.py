"""A graph neural recommender on the user-item-fact graph, in which people are placed by what they took.

LightGCN's propagation (He et al., SIGIR 2020, doi:10.1145/3397271.3401063) by sparse matrix products: on a CPU the
gather and scatter of torch-geometric takes many times longer. Three things differ. Users have no vectors of their own
but are the fading mean of their items, so a new person is placed like a known one. Values that items share (themes,
people) are nodes, so an item without ratings has a place, too. It is trained on what people took next, by
cross-entropy over all rated items instead of sampled pairs.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from retrieval.models.log import Log, Profile
from retrieval.models.recency import ages, fading
from retrieval.models.storage import load_model, save_model
from retrieval.resources import Progress, silent

NAME = "lightgcn"
WHAT = "graph neural model"
LEAST_STEPS, PER_STEP = 20, 100
"""Little data needs few updates: one for so many interactions, and so many in any case."""
MOST_CELLS = 10_000_000
"""Users times items of one update: where there are more, users are drawn."""


@dataclass(frozen=True, slots=True)
class LightGcnSettings:
    """Chosen on the validation interactions of protocol one (docs/recommender.md)."""

    dimension: int = 64
    layers: int = 1
    steps: int = 300
    """Updates; each sees one moment of every user, or of as many as it can hold."""
    learning_rate: float = 0.01
    weight_decay: float = 0.5
    dropout: float = 0.2
    """Share of the items of a profile that are left out in a step."""
    unrated: float = 0.1
    """Share of items whose own vector is left out in a step, so that values learn to stand in for it.

    Source: Volkovs, Yu and Poutanen, "DropoutNet", NeurIPS 2017.
    """
    facts: float = 0.5
    """Weight of an edge between an item and a value; one between an item and a user weighs 1."""
    recency: float = 1.0
    """Power by which older entries of a profile fade."""
    ahead: int = 5
    """How many of the following items are to be predicted."""
    seed: int = 0


@dataclass(frozen=True)
class LightGcnModel:
    """The propagated vectors of all items."""

    settings: LightGcnSettings
    inward: NDArray[np.float32]
    """What having an item says of a person, shape (n_items, dimension)."""
    outward: NDArray[np.float32]
    """What an item looks for in a person, shape (n_items, dimension); zeros where nothing connects it."""
    bias: NDArray[np.float32]
    """Shape (n_items,)."""

    @property
    def name(self) -> str:
        """The key of this model's scores."""
        return NAME

    def score(self, profiles: Sequence[Profile]) -> NDArray[np.float32]:
        """Logits of all connected items, shape (len(profiles), n_items); -inf for others and where nothing is known."""
        people = self.people(profiles)
        told = people.any(axis=1)
        connected, outward = self._connected
        scores = np.full((len(profiles), len(self.outward)), -np.inf, dtype=np.float32)
        scores[np.ix_(told, connected)] = people[told] @ outward.T + self.bias[connected]
        return scores

    @cached_property
    def _connected(self) -> tuple[NDArray[np.bool_], NDArray[np.float32]]:
        """Which items anything connects, shape (n_items,), and what these look for."""
        connected = np.asarray(self.outward.any(axis=1), dtype=np.bool_)
        return connected, self.outward[connected]

    def people(self, profiles: Sequence[Profile]) -> NDArray[np.float32]:
        """The people's points, shape (len(profiles), dimension); zeros where nothing is known."""
        points = np.zeros((len(profiles), self.inward.shape[1]), dtype=np.float32)
        for i, profile in enumerate(profiles):
            if len(profile):
                fresh = fading(ages(profile.times), self.settings.recency)
                points[i] = fresh @ self.inward[profile.items] / fresh.sum()
        return points

    def item_vectors(self) -> NDArray[np.float32]:
        """Unit vectors of all items as features for others, shape (n_items, dimension); zeros where unconnected."""
        lengths = np.linalg.norm(self.outward, axis=1, keepdims=True)
        return np.asarray(self.outward / np.maximum(lengths, 1e-9), dtype=np.float32)

    def save(self, folder: Path) -> None:
        """Write the model into an existing folder."""
        arrays: dict[str, NDArray[Any]] = {"inward": self.inward, "outward": self.outward, "bias": self.bias}
        save_model(folder, arrays, self.settings)

    @classmethod
    def load(cls, folder: Path) -> "LightGcnModel":
        """Read what `save` wrote.

        Raises:
            IndexMissingError: It is absent or damaged.
        """
        stored, settings = load_model(folder, WHAT, ("inward", "outward", "bias"), LightGcnSettings)
        return cls(settings, stored.floats("inward"), stored.floats("outward"), stored.floats("bias"))


def fit(
    log: Log, facts: csr_matrix, settings: LightGcnSettings | None = None, progress: Progress = silent
) -> LightGcnModel:
    """Train the vectors; where nobody took two things there is nothing to learn, and all vectors are 0.

    Args:
        log: What people took.
        facts: 1 where an item holds a value, shape (n_items, n_values).
        settings: How.
        progress: Told after every update.
    """
    settings = settings or LightGcnSettings()
    moments = Moments(log, settings)
    progress(NAME, 0, 1)
    if not moments.can_learn:
        nothing = np.zeros((log.n_items, settings.dimension), dtype=np.float32)
        return LightGcnModel(settings, nothing, nothing, np.zeros(log.n_items, dtype=np.float32))
    from retrieval.models.lightgcn_net import Network

    rng = np.random.default_rng(settings.seed)
    network = Network(log, facts, settings)
    steps = min(settings.steps, LEAST_STEPS + len(log) // PER_STEP)
    for step in range(steps):
        past, following = _fewer(*moments.draw(rng), rng)
        network.learn(past, following, kept=rng.random(log.n_items) >= settings.unrated)
        progress(NAME, step + 1, steps)
    return LightGcnModel(settings, *network.vectors())


def _fewer(past: csr_matrix, following: csr_matrix, rng: Generator) -> tuple[csr_matrix, csr_matrix]:
    """As many people as an update can hold, drawn by lot."""
    n_users, n_items = past.shape
    most = max(1, MOST_CELLS // max(1, n_items))
    if n_users <= most:
        return past, following
    drawn = np.sort(rng.permutation(n_users)[:most])
    return past[drawn], following[drawn]


class Moments:
    """Draws one moment of every user: what they had taken by then, and what they took next."""

    def __init__(self, log: Log, settings: LightGcnSettings) -> None:
        self._log = log
        self._settings = settings
        starts = log.starts()
        self._lengths = np.diff(starts)
        self._places = np.arange(len(log)) - starts[log.users]
        self.can_learn = bool((self._lengths > 1).any())

    def draw(self, rng: Generator) -> tuple[csr_matrix, csr_matrix]:
        """Fading pasts, rows summing to 1, and weights of the following items, both shape (n_users, n_items)."""
        log = self._log
        cuts = 1 + (rng.random(log.n_users) * np.maximum(self._lengths - 1, 0)).astype(np.int64)
        distance = self._places - cuts[log.users]
        known = (distance < 0) & (rng.random(len(log)) >= self._settings.dropout)
        weights = np.where(known, np.maximum(-distance, 1.0) ** -self._settings.recency, 0.0)
        sums = np.bincount(log.users, weights=weights, minlength=log.n_users)
        shares = (weights / np.maximum(sums, 1e-9)[log.users])[known].astype(np.float32)
        shape = (log.n_users, log.n_items)
        pasts = csr_matrix((shares, (log.users[known], log.items[known])), shape=shape)
        later = (distance >= 0) & (distance < self._settings.ahead) & (sums[log.users] > 0)
        soon = (1.0 / (1.0 + distance[later])).astype(np.float32)
        return pasts, csr_matrix((soon, (log.users[later], log.items[later])), shape=shape)
