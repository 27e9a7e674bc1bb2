"""What recorded dialogues teach: what is spoken of, what comes up together, what was recommended after which words."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, diags, vstack

from eval.ranking.reading import Situation
from eval.ranking.text import TextIndex
from eval.ranking.world import ItemWeights, Vector, World, fit_ease, latent_space

SESSION_WEIGHT = 1.5
"""How much a dialogue counts beside a user's ratings in the joint item-item model."""
JOINT_RIDGE = 40.0
SHRINK = 2.0
"""Added to the norms of co-mention, so that pairs seen once do not lead."""
KERNEL_RIDGE = 1.0


@dataclass(frozen=True, slots=True)
class Place:
    """A place of a recorded dialogue where something was recommended."""

    dialogue_id: str
    turn_index: int
    situation: Situation
    targets: tuple[int, ...]
    """Catalog rows that were recommended there and had not come up."""
    n_answers: int = 0
    """How many items were recommended there, those outside the catalog included."""


@dataclass(frozen=True, slots=True)
class Lesson:
    """A recorded dialogue as far as learning goes."""

    dialogue_id: str
    items: tuple[int, ...]
    """Catalog rows that came up anywhere in it."""
    places: tuple[Place, ...]


@dataclass(frozen=True)
class Records:
    """Recorded dialogues as arrays over the catalog's rows; what is kept of them in a file."""

    sessions: csr_matrix
    """Dialogue x item: what came up anywhere in it."""
    contexts: csr_matrix
    """Place x item: what had come up before it."""
    answers: csr_matrix
    """Place x item: what was recommended there."""
    index: TextIndex
    """Words, items and values said before each place, as documents."""

    @classmethod
    def of(cls, world: World, lessons: Sequence[Lesson]) -> "Records":
        """Count what the lessons hold."""
        places = [place for lesson in lessons for place in lesson.places]
        return cls(
            _matrix([lesson.items for lesson in lessons], world.n_items),
            _matrix([place.situation.items for place in places], world.n_items),
            _matrix([place.targets for place in places], world.n_items),
            TextIndex.of([situation_terms(world, place.situation) for place in places]),
        )


@dataclass(frozen=True)
class Knowledge:
    """What follows from records, over the catalog's rows."""

    mentioned: Vector
    """In how many dialogues an item came up, shape (n_items,)."""
    recommended: Vector
    """At how many places it was recommended."""
    together: csr_matrix
    """Cosine of coming up in the same dialogues, shape (n_items, n_items), zero diagonal."""
    after: csr_matrix
    """How often the second was recommended after the first had come up, by the root of the first's count."""
    joint: ItemWeights
    """Item-item weights of ratings and dialogues at once."""
    shared: Vector
    """Items by who likes and names them, in a latent space, rows of unit length."""
    index: TextIndex
    answers: csr_matrix
    """Place x item: what was recommended there, rows summing to 1."""
    solved: Vector
    """(K + ridge I)^-1 of the places' likenesses K, shape (n_places, n_places)."""
    answer_vectors: Vector
    """Mean latent vector of what was recommended at each place."""


def learn(world: World, records: Records) -> Knowledge:
    """Count and fit over recorded dialogues; none at all is an empty knowledge."""
    mentioned = np.asarray(records.sessions.sum(axis=0), dtype=np.float32).ravel()
    likeness = np.asarray((records.index.matrix @ records.index.by_term).todense(), dtype=np.float64)
    answers = _shares(records.answers)
    return Knowledge(
        mentioned=mentioned,
        recommended=np.asarray(records.answers.sum(axis=0), dtype=np.float32).ravel(),
        together=_cosines(records.sessions, mentioned),
        after=_after(records.contexts, records.answers),
        joint=_joint(world, records.sessions, mentioned),
        shared=_shared(world, records.sessions),
        index=records.index,
        answers=answers,
        solved=np.linalg.inv(likeness + KERNEL_RIDGE * np.eye(len(likeness))).astype(np.float32),
        answer_vectors=np.asarray(answers @ world.latent, dtype=np.float32),
    )


def situation_terms(world: World, situation: Situation) -> list[str]:
    """A situation as words: what was said, which items and values came up; the last turn counts twice."""
    words = [word for turn in (*situation.turns, *situation.turns[-1:]) for word in turn.words]
    items = [f"item:{world.catalog.items[row].item_id}" for row in situation.items]
    values = [f"value:{value}" for turn in situation.turns for _, value, sign in turn.values if sign > 0]
    return [*words, *items, *values, *values]


def _matrix(rows_of: Sequence[Sequence[int]], n_items: int) -> csr_matrix:
    """0/1 rows."""
    indptr = np.cumsum([0, *(len(rows) for rows in rows_of)])
    columns = np.asarray([row for rows in rows_of for row in sorted(rows)], dtype=np.int64)
    ones = np.ones(len(columns), dtype=np.float32)
    return csr_matrix((ones, columns, indptr), shape=(len(rows_of), n_items))


def _shares(matrix: csr_matrix) -> csr_matrix:
    """Rows that sum to 1."""
    sizes = np.diff(matrix.indptr)
    data = np.repeat(1 / np.maximum(sizes, 1), sizes).astype(np.float32)
    return csr_matrix((data, matrix.indices, matrix.indptr), shape=matrix.shape)


def _cosines(sessions: csr_matrix, counts: Vector) -> csr_matrix:
    both = csr_matrix(sessions.T @ sessions).tocoo()
    kept = both.row != both.col
    rows, columns = both.row[kept], both.col[kept]
    values = both.data[kept] / np.sqrt((counts[rows] + SHRINK) * (counts[columns] + SHRINK))
    return csr_matrix((values.astype(np.float32), (rows, columns)), shape=both.shape)


def _after(contexts: csr_matrix, answers: csr_matrix) -> csr_matrix:
    pairs = csr_matrix(contexts.T @ answers).tocoo()
    counts = np.asarray(contexts.sum(axis=0), dtype=np.float32).ravel()
    values = pairs.data / np.sqrt(counts[pairs.row] + SHRINK)
    return csr_matrix((values.astype(np.float32), (pairs.row, pairs.col)), shape=pairs.shape)


def _joint(world: World, sessions: csr_matrix, mentioned: Vector) -> ItemWeights:
    """EASE over the users' likes and the dialogues, one below the other."""
    stacked = csr_matrix(vstack([world.likes, sessions * np.float32(np.sqrt(SESSION_WEIGHT))]), dtype=np.float32)
    enough = (world.popularity >= 8) | (mentioned >= 1)
    rows: NDArray[np.int64] = np.flatnonzero(enough).astype(np.int64)
    return fit_ease(stacked, rows, ridge=JOINT_RIDGE)


def _shared(world: World, sessions: csr_matrix) -> Vector:
    """Latent vectors of the items from users and dialogues; those who have much count less for each."""
    stacked = csr_matrix(vstack([world.likes, sessions]), dtype=np.float32)
    sizes = np.asarray(stacked.sum(axis=1)).ravel()
    counts = np.asarray(stacked.sum(axis=0)).ravel()
    by_person = diags(1 / np.sqrt(np.maximum(sizes, 1)))
    by_item = diags(1 / np.sqrt(counts + SHRINK))
    return latent_space(csr_matrix((by_person @ stacked @ by_item).T))
