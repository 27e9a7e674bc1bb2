"""A graph neural recommender on the user-item-fact graph, in which people are placed by what they took.

LightGCN's propagation (He et al., SIGIR 2020, doi:10.1145/3397271.3401063) by sparse matrix products: on a CPU the
gather and scatter of torch-geometric takes many times longer. Three things differ. Users have no vectors of their own
but are the fading mean of their items, so a new person is placed like a known one. Values that items share (themes,
people) are nodes, so an item without ratings has a place, too. It is trained on what people took next, by
cross-entropy over all rated items instead of sampled pairs.
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, diags, hstack

from retrieval.models.log import Log, Profile
from retrieval.models.recency import ages, fading
from retrieval.models.storage import load_model, save_model
from retrieval.resources import Progress, silent

if TYPE_CHECKING:
    import torch

NAME = "lightgcn"
WHAT = "graph neural model"


@dataclass(frozen=True, slots=True)
class LightGcnSettings:
    """Chosen on the validation interactions of protocol one (docs/recommender.md)."""

    dimension: int = 64
    layers: int = 2
    steps: int = 600
    """Updates; each sees one moment of every user."""
    learning_rate: float = 0.01
    weight_decay: float = 1e-5
    dropout: float = 0.2
    """Share of the items of a profile that are left out in a step."""
    unrated: float = 0.1
    """Share of items whose own vector is left out in a step, so that values learn to stand in for it.

    Source: Volkovs, Yu and Poutanen, "DropoutNet", NeurIPS 2017.
    """
    facts: float = 0.5
    """Weight of an edge between an item and a value; one between an item and a user weighs 1."""
    recency: float = 0.6
    """Power by which older entries of a profile fade."""
    ahead: int = 5
    """How many of the following items are to be predicted."""
    seed: int = 0


@dataclass(frozen=True, slots=True)
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
        connected = self.outward.any(axis=1)
        scores = np.full((len(profiles), len(self.outward)), -np.inf, dtype=np.float32)
        scores[np.ix_(told, connected)] = people[told] @ self.outward[connected].T + self.bias[connected]
        return scores

    def people(self, profiles: Sequence[Profile]) -> NDArray[np.float32]:
        """The people's points, shape (len(profiles), dimension); zeros where nothing is known."""
        points = np.zeros((len(profiles), self.inward.shape[1]), dtype=np.float32)
        for i, one in enumerate(profiles):
            if len(one):
                fresh = fading(ages(one.times), self.settings.recency)
                points[i] = fresh @ self.inward[one.items] / fresh.sum()
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
    """Train the vectors.

    Args:
        log: What people took.
        facts: 1 where an item holds a value, shape (n_items, n_values).
        settings: How.
        progress: Told after every update.
    """
    settings = settings or LightGcnSettings()
    import torch

    rng = np.random.default_rng(settings.seed)
    network = _Network(log, facts, settings)
    rated = np.flatnonzero(log.counts() > 0)
    column = np.full(log.n_items, -1, dtype=np.int64)
    column[rated] = np.arange(len(rated))
    updates = torch.optim.AdamW(network.parameters, settings.learning_rate, weight_decay=settings.weight_decay)
    moments = _Moments(log, settings)
    for step in range(settings.steps if moments.can_learn else 0):
        pasts, following = moments.draw(rng)
        inward, outward = network.propagate(rng.random(log.n_items) >= settings.unrated)
        people = torch.sparse.mm(_sparse(pasts), inward)
        logits = people @ outward[rated].T + network.bias[rated]
        users, items, weights = following
        losses = -torch.log_softmax(logits, dim=1)[users, column[items]]
        loss = (losses * torch.from_numpy(weights)).sum() / float(weights.sum())
        updates.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        updates.step()
        progress(NAME, step + 1, settings.steps)
    return network.model(rated)


class _Network:
    """The trained vectors and the graph they are propagated over."""

    def __init__(self, log: Log, facts: csr_matrix, settings: LightGcnSettings) -> None:
        import torch

        self._settings = settings
        self._n_users = log.n_users
        edges = normalized(csr_matrix(hstack([log.matrix().T, settings.facts * facts])))
        self._edges, self._back = _sparse(edges), _sparse(edges.T.tocsr())
        self._connected = torch.from_numpy(np.diff(edges.indptr) > 0)
        torch.manual_seed(settings.seed)
        self._own = (torch.randn(2, log.n_items, settings.dimension) * 0.1).requires_grad_()
        self._values = (torch.randn(2, facts.shape[1], settings.dimension) * 0.1).requires_grad_()
        counts = log.counts()
        start = np.log(np.maximum(counts, 0.5) / max(1, counts.sum())).astype(np.float32)
        self.bias = torch.from_numpy(start).requires_grad_()
        self.parameters = [self._own, self._values, self.bias]

    def propagate(self, kept: NDArray[np.bool_] | None = None) -> "tuple[torch.Tensor, torch.Tensor]":
        """The items' inward and outward vectors; items that are not kept lend only what their values say."""
        import torch

        mask = 1.0 if kept is None else torch.from_numpy(kept.astype(np.float32))[:, None]
        found = []
        for own, values in zip(self._own, self._values, strict=True):
            items = own * mask
            contexts = torch.cat([torch.zeros(self._n_users, own.shape[1]), values])
            total = items
            for _ in range(self._settings.layers):
                items, contexts = torch.sparse.mm(self._edges, contexts), torch.sparse.mm(self._back, items)
                total = total + items
            found.append(total)
        return found[0], found[1]

    def model(self, rated: NDArray[np.int64]) -> LightGcnModel:
        """What was learned; items that nobody rated get the bias of rarely rated ones."""
        import torch

        with torch.no_grad():
            inward, outward = (side * self._connected[:, None] for side in self.propagate())
        bias = self.bias.detach().numpy().copy()
        unrated = np.ones(len(bias), dtype=np.bool_)
        unrated[rated] = False
        bias[unrated] = np.quantile(bias[rated], 0.1) if len(rated) else 0.0
        return LightGcnModel(self._settings, inward.numpy(), outward.numpy(), bias)


class _Moments:
    """Draws one moment of every user: what they had taken by then, and what they took next."""

    def __init__(self, log: Log, settings: LightGcnSettings) -> None:
        self._log = log
        self._settings = settings
        starts = log.starts()
        self._lengths = np.diff(starts)
        self._places = np.arange(len(log)) - starts[log.users]
        self.can_learn = bool((self._lengths > 1).any())

    def draw(
        self, rng: Generator
    ) -> tuple[csr_matrix, tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]]:
        """Fading pasts, shape (n_users, n_items), rows summing to 1; following (users, items, weights)."""
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
        return pasts, (log.users[later], log.items[later], soon)


def normalized(edges: csr_matrix) -> csr_matrix:
    """Each edge divided by the roots of its two nodes' weighted degrees."""
    rows = np.asarray(edges.sum(axis=1)).ravel()
    columns = np.asarray(edges.sum(axis=0)).ravel()
    left, right = (np.where(one > 0, 1.0 / np.sqrt(np.maximum(one, 1e-9)), 0.0) for one in (rows, columns))
    return csr_matrix(diags(left) @ edges @ diags(right), dtype=np.float32)


def _sparse(matrix: csr_matrix) -> "torch.Tensor":
    import torch

    parts = (matrix.indptr.astype(np.int64), matrix.indices.astype(np.int64), matrix.data.astype(np.float32))
    indptr, indices, data = (torch.from_numpy(np.ascontiguousarray(one)) for one in parts)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Sparse CSR tensor support is in beta", UserWarning)
        return torch.sparse_csr_tensor(indptr, indices, data, size=matrix.shape, check_invariants=False)
