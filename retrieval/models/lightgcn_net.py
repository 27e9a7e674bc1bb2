"""The trained part of the graph neural recommender: vectors, and the graph they are propagated over."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, diags, hstack
from torch import Tensor

from retrieval.models.lightgcn import LightGcnSettings
from retrieval.models.log import Log


class Network:
    """Own vectors of items and values, an inward and an outward half each; users have none."""

    def __init__(self, log: Log, facts: csr_matrix, settings: LightGcnSettings) -> None:
        self._settings = settings
        self._n_users = log.n_users
        self._edges = normalized(csr_matrix(hstack([log.matrix().T, settings.facts * facts])))
        self._back = csr_matrix(self._edges.T)
        self._connected = np.diff(self._edges.indptr) > 0
        counts = log.counts()
        self._rated = np.flatnonzero(counts > 0)
        generator = torch.Generator().manual_seed(settings.seed)
        width = 2 * settings.dimension
        self._own = (torch.randn(log.n_items, width, generator=generator) * 0.1).requires_grad_()
        self._values = (torch.randn(facts.shape[1], width, generator=generator) * 0.1).requires_grad_()
        usual = np.log(np.maximum(counts, 0.5) / max(1, counts.sum())).astype(np.float32)
        self._bias = torch.from_numpy(usual).requires_grad_()
        self._updates = torch.optim.AdamW(
            [self._own, self._values, self._bias], settings.learning_rate, weight_decay=settings.weight_decay
        )

    def learn(self, past: csr_matrix, following: csr_matrix, *, kept: NDArray[np.bool_]) -> float:
        """One update: cross-entropy of what follows, over all rated items.

        Args:
            past: Shares of the items that people have taken, shape (n_users, n_items).
            following: Weights of the items that they take next, shape (n_users, n_items).
            kept: Items whose own vector is used; the others show what their values and users say of them.
        """
        inward, outward = self._propagate(torch.from_numpy(kept.astype(np.float32))[:, None])
        people = spread(past, csr_matrix(past.T), inward)
        logits = people @ outward[self._rated].T + self._bias[self._rated]
        wanted = following[:, self._rated].tocoo()
        chosen = torch.log_softmax(logits, dim=1)[wanted.row, wanted.col]
        weights = torch.from_numpy(wanted.data.astype(np.float32))
        loss = -(chosen * weights).sum() / weights.sum().clamp(min=1e-9)
        self._updates.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        self._updates.step()
        return float(loss.detach())

    def vectors(self) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
        """Inward and outward vectors and biases; an item that nobody rated gets the bias of a rarely rated one."""
        with torch.no_grad():
            halves = self._propagate(torch.ones(1, 1))
        inward, outward = (np.where(self._connected[:, None], half.numpy(), 0).astype(np.float32) for half in halves)
        bias = self._bias.detach().numpy().copy()
        unrated = np.ones(len(bias), dtype=np.bool_)
        unrated[self._rated] = False
        bias[unrated] = np.quantile(bias[self._rated], 0.1)
        return inward, outward, bias

    def _propagate(self, mask: Tensor) -> tuple[Tensor, Tensor]:
        items = self._own * mask
        contexts = torch.cat([torch.zeros(self._n_users, self._own.shape[1]), self._values])
        total = items
        for _ in range(self._settings.layers):
            items, contexts = spread(self._edges, self._back, contexts), spread(self._back, self._edges, items)
            total = total + items
        inward, outward = total.chunk(2, dim=1)
        return inward, outward


class _Spread(torch.autograd.Function):
    """A sparse constant times a dense variable.

    torch converts the transposed matrix anew in each backward pass; both directions being at hand, this takes a
    quarter of the time.
    """

    @staticmethod
    def forward(context: Any, matrix: csr_matrix, transposed: csr_matrix, vectors: Tensor) -> Tensor:
        context.transposed = transposed
        return torch.from_numpy(matrix @ vectors.detach().numpy())

    @staticmethod
    def backward(context: Any, *gradients: Tensor) -> tuple[None, None, Tensor]:
        return None, None, torch.from_numpy(context.transposed @ gradients[0].contiguous().numpy())


def spread(matrix: csr_matrix, transposed: csr_matrix, vectors: Tensor) -> Tensor:
    """The product of a constant sparse matrix, shape (m, n), with vectors, shape (n, d)."""
    result: Tensor = _Spread.apply(matrix, transposed, vectors)  # type: ignore[no-untyped-call]
    return result


def normalized(edges: csr_matrix) -> csr_matrix:
    """Each edge divided by the roots of its two nodes' weighted degrees."""
    rows = np.asarray(edges.sum(axis=1)).ravel()
    columns = np.asarray(edges.sum(axis=0)).ravel()
    left, right = (np.where(degrees > 0, 1.0 / np.sqrt(np.maximum(degrees, 1e-9)), 0.0) for degrees in (rows, columns))
    return csr_matrix(diags(left) @ edges @ diags(right), dtype=np.float32)
