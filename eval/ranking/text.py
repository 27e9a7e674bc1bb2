"""Texts as weighted words (TF-IDF), and how near a query is to each."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from eval.reading.words import STOPWORDS, stem

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")
CHATTER = frozenset(
    re.findall(
        r"\w+",
        """movie movy film watch see seen like love good great think know recommend suggest hi hello hey thank thanks
        bye yes no ok okay sure really just one look looking kind type something anything maybe also would could try
        enjoy heard want mind well lol haha nice day please help today favorite am im ive dont cant""",
    )
)
"""Words of almost every conversation about finding something."""


def terms(text: str) -> list[str]:
    """The stems of a text's words without the commonest ones."""
    found = (stem(word.replace("'", "").replace("’", "")) for word in _WORD.findall(text.casefold()))
    return [word for word in found if word not in STOPWORDS and word not in CHATTER and len(word) > 1]


@dataclass(frozen=True)
class TextIndex:
    """Documents as rows of unit length."""

    vocabulary: dict[str, int]
    idf: NDArray[np.float32]
    """Weight of each term, shape (n_terms,)."""
    matrix: csr_matrix
    """Shape (n_documents, n_terms), rows of unit length, float32."""
    by_term: csr_matrix
    """The same, transposed: shape (n_terms, n_documents)."""

    @classmethod
    def of(cls, documents: Sequence[Sequence[str]], *, least: int = 2) -> "TextIndex":
        """Index documents given as terms; a term must occur in `least` of them.

        Source: Salton and Buckley, Information Processing & Management 1988, doi:10.1016/0306-4573(88)90021-0.
        """
        frequency = Counter(term for document in documents for term in set(document))
        kept = sorted(term for term, count in frequency.items() if count >= least)
        vocabulary = {term: place for place, term in enumerate(kept)}
        idf = np.log((1 + len(documents)) / (1 + np.asarray([frequency[term] for term in kept], dtype=np.float64))) + 1
        matrix = _rows(documents, vocabulary, idf.astype(np.float32))
        return cls(vocabulary, idf.astype(np.float32), matrix, csr_matrix(matrix.T))

    def vector(self, document: Iterable[str]) -> csr_matrix:
        """A text as a row of unit length, shape (1, n_terms)."""
        return _rows([list(document)], self.vocabulary, self.idf)

    def near(self, query: csr_matrix) -> NDArray[np.float32]:
        """Cosine of a query row to every document, shape (n_documents,)."""
        return np.asarray((query @ self.by_term).todense(), dtype=np.float32).ravel()


def _rows(documents: Sequence[Sequence[str]], vocabulary: dict[str, int], idf: NDArray[np.float32]) -> csr_matrix:
    """One row of unit length per document: (1 + log tf) * idf."""
    indptr, indices, data = [0], list[int](), list[float]()
    for document in documents:
        counts = Counter(vocabulary[term] for term in document if term in vocabulary)
        places = sorted(counts)
        values = np.asarray([(1 + np.log(counts[place])) * idf[place] for place in places], dtype=np.float32)
        norm = float(np.linalg.norm(values)) or 1.0
        indices += places
        data += (values / norm).tolist()
        indptr.append(len(indices))
    shape = (len(documents), len(vocabulary))
    return csr_matrix((np.asarray(data, dtype=np.float32), indices, indptr), shape=shape, dtype=np.float32)
