"""How alike two rows of opinions are, over the columns that both have.

Source of the correlation: Herlocker, Konstan, Borchers and Riedl, SIGIR 1999, doi:10.1145/312624.312682.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix


def pearson(a: csr_matrix, has_a: csr_matrix, b: csr_matrix, has_b: csr_matrix) -> NDArray[np.float32]:
    """Correlation of centered rows over the columns that both have, shape (len(a), len(b)); 0 where undefined."""
    lengths = np.asarray((a.multiply(a) @ has_b.T).todense()) * np.asarray((has_a @ b.multiply(b).T).todense())
    return divide(np.asarray((a @ b.T).todense()), np.sqrt(np.maximum(lengths, 0)))


def euclidean(
    a: csr_matrix, has_a: csr_matrix, b: csr_matrix, has_b: csr_matrix, common: NDArray[np.float32]
) -> NDArray[np.float32]:
    """1 / (1 + root mean squared difference over the columns that both have), shape (len(a), len(b))."""
    squares = np.asarray((a.multiply(a) @ has_b.T).todense()) + np.asarray((has_a @ b.multiply(b).T).todense())
    distance = np.maximum(squares - 2 * np.asarray((a @ b.T).todense()), 0)
    return np.asarray(1.0 / (1.0 + np.sqrt(distance / np.maximum(common, 1))), dtype=np.float32)


def largest(values: NDArray[np.float32], k: int) -> csr_matrix:
    """The `k` largest positive values of each row, the others dropped; equal ones at the edge: the first."""
    kept = values.copy()
    if values.shape[1] > k:
        order = np.argsort(-values, axis=1, kind="stable")[:, k:]
        np.put_along_axis(kept, order, 0.0, axis=1)
    return csr_matrix(np.maximum(kept, 0))


def ones(matrix: csr_matrix) -> csr_matrix:
    """1 where an entry is stored, also where its value is 0."""
    return csr_matrix((np.ones(matrix.nnz, dtype=np.float32), matrix.indices, matrix.indptr), shape=matrix.shape)


def divide(above: NDArray[np.floating], below: NDArray[np.floating]) -> NDArray[np.float32]:
    """0 where the divisor is 0."""
    return np.asarray(np.where(below > 1e-9, above / np.maximum(below, 1e-9), 0.0), dtype=np.float32)
