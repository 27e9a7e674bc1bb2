"""The peers: what is known for being hard to beat on such logs, each fitted on the same pasts and nothing else."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, diags

Pasts = Sequence[NDArray[np.int64]]
Score = Callable[[Pasts], NDArray[np.float32]]
"""Scores of all items for some pasts, shape (len(pasts), n_items)."""
RIDGE = 100.0
MOST_FOR_EASE = 8000
"""Its matrix of all pairs of items is inverted: beyond so many items it would take the run's whole time."""


def matrix(pasts: Pasts, n_items: int) -> csr_matrix:
    """1 where someone has an item."""
    rows = np.repeat(np.arange(len(pasts)), [len(past) for past in pasts])
    return csr_matrix((np.ones(len(rows), np.float32), (rows, np.concatenate(pasts))), shape=(len(pasts), n_items))


def popular(pasts: Pasts, n_items: int) -> Score:
    """What most people took."""
    counts = np.bincount(np.concatenate(pasts), minlength=n_items).astype(np.float32)
    return lambda asked: np.tile(counts, (len(asked), 1))


def item_knn(pasts: Pasts, n_items: int) -> Score:
    """Cosine between items, over all entries of a past alike."""
    taken = matrix(pasts, n_items)
    lengths = diags(1.0 / np.sqrt(np.maximum(np.asarray(taken.sum(axis=0)).ravel(), 1.0)))
    pairs = csr_matrix(lengths @ (taken.T @ taken) @ lengths)
    pairs.setdiag(0)
    return lambda asked: np.asarray((matrix(asked, n_items) @ pairs).toarray(), dtype=np.float32)


def ease(pasts: Pasts, n_items: int) -> Score:
    """Source: Steck, WWW 2019, doi:10.1145/3308558.3313710."""
    taken = matrix(pasts, n_items)
    gram = np.asarray((taken.T @ taken).todense(), dtype=np.float32)
    gram[np.diag_indices_from(gram)] += RIDGE
    inverse = np.linalg.inv(gram)
    weights = -inverse / np.diag(inverse)
    np.fill_diagonal(weights, 0)
    return lambda asked: np.asarray(matrix(asked, n_items) @ weights, dtype=np.float32)


def sas_rec(pasts: Pasts, n_items: int, path: Path) -> Score:
    """The Transformer; its weights are kept in a file."""
    import torch

    from benchmarks.sequences import sasrec

    settings = sasrec.SasRecSettings()
    if path.is_file():
        net = sasrec.SasRec(n_items, settings)
        net.load_state_dict(torch.load(path, weights_only=True))
    else:
        net = sasrec.fit(pasts, n_items, settings)
        torch.save(net.state_dict(), path)
    return lambda asked: sasrec.score(net, asked, settings)
