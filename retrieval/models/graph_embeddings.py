"""Embeddings of a knowledge graph: what stands for an item is learned from the statements about it alone.

ComplEx (Trouillon et al., ICML 2016, PMLR 48) trained by cross-entropy with the nuclear 3-norm (Lacroix, Usunier and
Obozinski, ICML 2018, PMLR 80), against all items as heads and against a sample of entities as tails. Written in torch,
since PyKEEN brings eighteen packages (a migration tool for databases among them) for the few lines needed here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from retrieval.knowledge import TripleTable
from retrieval.models.log import Profile
from retrieval.models.profiles import by_mean, nearest
from retrieval.models.storage import load_model, save_model
from retrieval.resources import Progress, silent

if TYPE_CHECKING:
    import torch

NAME = "graph_embeddings"
WHAT = "graph embedding"


@dataclass(frozen=True, slots=True)
class GraphEmbeddingSettings:
    """Chosen on the validation interactions of protocol one (docs/recommender.md)."""

    dimension: int = 64
    """Complex numbers per entity; an item's vector is twice as long."""
    epochs: int = 10
    batch: int = 1000
    learning_rate: float = 0.1
    norm: float = 0.01
    """Weight of the nuclear 3-norm."""
    negatives: int = 500
    """Entities that a tail is told apart from, one sample per batch."""
    recency: float = 0.6
    """Power by which older entries of a profile fade."""
    near: int = 5
    """An item is scored by the mean over so many nearest items of the profile; 0 compares with the profile's mean."""
    seed: int = 0


@dataclass(frozen=True, slots=True)
class GraphEmbeddingModel:
    """A unit vector per item, and cosines to what a person took."""

    settings: GraphEmbeddingSettings
    vectors: NDArray[np.float32]
    """Shape (n_items, 2 * dimension); zeros where nothing is stated of an item."""

    @property
    def name(self) -> str:
        """The key of this model's scores."""
        return NAME

    def score(self, profiles: Sequence[Profile]) -> NDArray[np.float32]:
        """Nearness to the profile, shape (len(profiles), n_items), in -1..1; -inf where nothing is known."""
        if self.settings.near > 0:
            return nearest(self.vectors, profiles, recency=self.settings.recency, near=self.settings.near)
        return by_mean(self.vectors, profiles, recency=self.settings.recency)

    def item_vectors(self) -> NDArray[np.float32]:
        """Unit vectors of all items as features for others, shape (n_items, 2 * dimension); zeros where unknown."""
        return self.vectors

    def save(self, folder: Path) -> None:
        """Write the model into an existing folder."""
        arrays: dict[str, NDArray[Any]] = {"vectors": self.vectors}
        save_model(folder, arrays, self.settings)

    @classmethod
    def load(cls, folder: Path) -> "GraphEmbeddingModel":
        """Read what `save` wrote.

        Raises:
            IndexMissingError: It is absent or damaged.
        """
        stored, settings = load_model(folder, WHAT, ("vectors",), GraphEmbeddingSettings)
        return cls(settings, stored.floats("vectors"))


def fit(
    triples: TripleTable, settings: GraphEmbeddingSettings | None = None, progress: Progress = silent
) -> GraphEmbeddingModel:
    """Train ComplEx on the statements."""
    settings = settings or GraphEmbeddingSettings()
    import torch

    torch.manual_seed(settings.seed)
    rng = np.random.default_rng(settings.seed)
    entities = (torch.randn(triples.n_entities, 2 * settings.dimension) * 1e-2).requires_grad_()
    relations = (torch.randn(max(1, triples.n_relations), 2 * settings.dimension) * 1e-1).requires_grad_()
    updates = torch.optim.Adagrad([entities, relations], settings.learning_rate)
    for epoch in range(settings.epochs if len(triples) else 0):
        order = rng.permutation(len(triples))
        for begin in range(0, len(order), settings.batch):
            batch = order[begin : begin + settings.batch]
            loss = _loss(
                entities, relations, triples, batch, rng.integers(triples.n_entities, size=settings.negatives), settings
            )
            updates.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            updates.step()
        progress(NAME, epoch + 1, settings.epochs)
    vectors = entities.detach().numpy()[: triples.n_items].copy()
    stated = np.zeros(triples.n_items, dtype=np.bool_)
    ends = np.concatenate([triples.heads, triples.tails])
    stated[ends[ends < triples.n_items]] = True
    vectors[~stated] = 0
    lengths = np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    return GraphEmbeddingModel(settings, np.asarray(vectors / lengths, dtype=np.float32))


def _loss(
    entities: "torch.Tensor",
    relations: "torch.Tensor",
    triples: TripleTable,
    batch: NDArray[np.int64],
    others: NDArray[np.int64],
    settings: GraphEmbeddingSettings,
) -> "torch.Tensor":
    """Cross-entropy of the true head among all items (where it is one) and of the true tail among a sample."""
    import torch

    heads, tails = torch.from_numpy(triples.heads[batch]), torch.from_numpy(triples.tails[batch])
    head, tail = entities[heads], entities[tails]
    relation = relations[torch.from_numpy(triples.relations[batch])]
    is_item = heads < triples.n_items
    asked = _product(_conjugate(relation[is_item]), tail[is_item])
    by_head = torch.nn.functional.cross_entropy(asked @ entities[: triples.n_items].T, heads[is_item])
    forward = _product(head, relation)
    right = (forward * tail).sum(dim=1, keepdim=True)
    wrong = forward @ entities[torch.from_numpy(others)].T
    by_tail = -torch.log_softmax(torch.cat([right, wrong], dim=1), dim=1)[:, 0].mean()
    cubes = sum((_modulus(vectors) ** 3).sum() / len(batch) for vectors in (head, relation, tail))
    return torch.nan_to_num(by_head) + by_tail + settings.norm * cubes


def _product(a: "torch.Tensor", b: "torch.Tensor") -> "torch.Tensor":
    """Entrywise product of complex numbers, stored as real parts, then imaginary ones."""
    import torch

    (x, y), (u, v) = a.chunk(2, dim=1), b.chunk(2, dim=1)
    return torch.cat([x * u - y * v, x * v + y * u], dim=1)


def _conjugate(a: "torch.Tensor") -> "torch.Tensor":
    import torch

    x, y = a.chunk(2, dim=1)
    return torch.cat([x, -y], dim=1)


def _modulus(a: "torch.Tensor") -> "torch.Tensor":
    x, y = a.chunk(2, dim=1)
    return (x**2 + y**2 + 1e-12).sqrt()
