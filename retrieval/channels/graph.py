"""Recommends by what items share: the same people, themes, kinds and decades, the rarer the better.

Scores come from arrays made from the catalog; the lookups and explaining paths of `retrieval.graph` go through SPARQL.
Where vectors were learned on the graph, they have a say in the order of what shares anything.
"""

import numpy as np
from numpy.typing import NDArray

from retrieval.candidates import Candidate, Evidence, EvidenceKind, Pending
from retrieval.channels.profiles import folded_profile
from retrieval.channels.tastes import KnownOpinions, best_rows, candidate, eligible, taste_of
from retrieval.datasets import Dataset
from retrieval.history import UserHistory
from retrieval.items import Catalog
from retrieval.knowledge import holdings, triple_table
from retrieval.models.base import Model
from retrieval.models.log import Log
from retrieval.preference import Preference
from retrieval.resources import Progress, require, silent, writing
from retrieval.schema import FieldKind, FieldSpec
from retrieval.settings import RetrievalSettings

NAME = "graph"
VECTORS = "graph-vectors"
WHAT = "graph model"
LEARNED = 4.0
"""Share of the learned score where nothing is wished for, in standard deviations of the score by shared facts."""
ASIDE = 0.5
"""The same where something is wished for or an example is given: then facts decide."""
WISH = 1.5
"""What a wish adds, relative to what all liked items together can add."""
SAID, KNOWN = 1.0, 0.4
"""Shares of examples given just now and of the history."""
DISLIKED = 0.5
SHOWN = 2
"""How many shared values explain one candidate, beside the wishes."""


class GraphChannel:
    """Shared values with liked items, and wished values, weighted by rarity and relation."""

    def __init__(self, catalog: Catalog, learned: Model | None = None) -> None:
        self._catalog = catalog
        self._learned = learned
        self._holds, self._names = holdings(catalog)
        self._places = {(field, value.casefold()): place for place, (field, value) in enumerate(self._names)}
        self._weights = self._rarity() * self._relation_weights()

    @property
    def name(self) -> str:
        """The key of this channel's scores."""
        return NAME

    def retrieve(
        self,
        preference: Preference,
        history: UserHistory,
        *,
        k: int,
        allowed: NDArray[np.bool_] | None = None,
    ) -> list[Candidate]:
        """Items that have wished values or share values with liked items; empty where there are neither."""
        taste = taste_of(self._catalog, preference, history)
        wished = self._wished(preference)
        profile = self._profile(taste)
        scores = self._scores(preference, history, wished, profile)
        rows = best_rows(scores, eligible(self._catalog, preference, history, allowed), k)
        why = self._evidence(rows, wished, profile, self._sources(taste) if profile is not None else {})
        scored = zip(rows.tolist(), scores[rows].tolist(), why, strict=True)
        return [candidate(self._catalog, row, NAME, score, why) for row, score, why in scored if why is not None]

    def scores(self, preference: Preference, history: UserHistory) -> NDArray[np.float32]:
        """What every item shares with wishes and liked items; -inf where it shares nothing."""
        profile = self._profile(taste_of(self._catalog, preference, history))
        return self._scores(preference, history, self._wished(preference), profile)

    def _scores(
        self,
        preference: Preference,
        history: UserHistory,
        wished: dict[int, float],
        profile: NDArray[np.float32] | None,
    ) -> NDArray[np.float32]:
        total = np.zeros(len(self._names), dtype=np.float32) if profile is None else profile.copy()
        positive = np.maximum(total, 0)
        for place, weight in wished.items():
            total[place] += WISH * weight
            positive[place] += max(0.0, WISH * weight)
        scores = np.asarray(self._holds @ (total * self._weights), dtype=np.float32)
        touched = np.asarray(self._holds @ (positive * self._weights) > 0)
        if profile is not None and self._learned is not None and touched.any():
            share = ASIDE if wished or preference.text or preference.liked else LEARNED
            scores = scores + share * float(scores[touched].std()) * self._learned_scores(preference, history, touched)
        return np.where(touched, scores, -np.inf).astype(np.float32)

    def _learned_scores(
        self, preference: Preference, history: UserHistory, touched: NDArray[np.bool_]
    ) -> NDArray[np.float32]:
        """The learned scores in standard deviations from their mean over the touched rows; the lowest if unknown."""
        if self._learned is None:
            return np.zeros(len(self._catalog), dtype=np.float32)
        raw = self._learned.score([folded_profile(self._catalog, preference, history).profile])[0]
        known = np.isfinite(raw) & touched
        if not known.any():
            return np.zeros(len(self._catalog), dtype=np.float32)
        spread = float(raw[known].std()) or 1.0
        filled = np.where(np.isfinite(raw), raw, raw[known].min())
        return np.asarray((filled - raw[known].mean()) / spread, dtype=np.float32)

    def _wished(self, preference: Preference) -> dict[int, float]:
        """Column -> weight of each wish that some item has."""
        keys = [((wish.field, wish.value.casefold()), wish.weight) for wish in preference.wishes]
        return {self._places[key]: weight for key, weight in keys if key in self._places}

    def _profile(self, taste: KnownOpinions) -> NDArray[np.float32] | None:
        """How much each value is liked, shape (n_values,); None where nothing is liked."""
        strength = np.where(taste.said, SAID, KNOWN).astype(np.float32)
        liked = np.maximum(taste.weights, 0) * strength
        if not liked.any():
            return None
        held = self._holds[taste.rows]
        sizes = np.maximum(np.sqrt(np.asarray(held.sum(axis=1)).ravel()), 1)
        total = (held.T @ (liked / sizes)) / np.sqrt(liked.sum())
        disliked = np.maximum(-taste.weights, 0) * strength
        if disliked.any():
            total = total - DISLIKED * (held.T @ (disliked / sizes)) / np.sqrt(disliked.sum())
        return np.asarray(total, dtype=np.float32)

    def _evidence(
        self,
        rows: NDArray[np.int64],
        wished: dict[int, float],
        profile: NDArray[np.float32] | None,
        sources: dict[int, int],
    ) -> list[Pending | None]:
        """For each row the wished values that it has, and paths over the values worth most that it shares."""
        best = self._worth_most(rows, profile * self._weights) if profile is not None else [[]] * len(rows)
        wanted = np.zeros(len(self._names), dtype=np.float32)
        wanted[[column for column, weight in wished.items() if weight > 0]] = 1
        has_wished = (self._holds[rows] @ wanted > 0).tolist() if wished else [False] * len(rows)
        told = [[(column, sources[column]) for column in columns if column in sources] for columns in best]
        return [
            Pending(self._reasons, row, wished, shared) if shared or is_wished else None
            for row, shared, is_wished in zip(rows.tolist(), told, has_wished, strict=True)
        ]

    def _reasons(self, row: int, wished: dict[int, float], shared: list[tuple[int, int]]) -> list[Evidence]:
        paths = [self._path(row, column, source) for column, source in shared]
        return self._wished_facts(row, wished) + paths

    def _wished_facts(self, row: int, wished: dict[int, float]) -> list[Evidence]:
        facts = []
        for column in self._columns(row).tolist() if wished else ():
            if wished.get(column, 0) > 0:
                name, value = self._names[column]
                facts.append(Evidence(NAME, EvidenceKind.FACT, name, value, score=wished[column]))
        return facts

    def _worth_most(self, rows: NDArray[np.int64], worth: NDArray[np.float32]) -> list[list[int]]:
        """For each row the columns of at most `SHOWN` values that are worth most and more than nothing, best first."""
        held = self._holds[rows]
        columns, owners = held.indices, np.repeat(np.arange(len(rows)), np.diff(held.indptr))
        order = np.lexsort((-worth[columns], owners))  # row by row; values of equal worth stay in their order
        ranked, telling = columns[order].tolist(), (worth[columns[order]] > 0).tolist()
        spans = zip(held.indptr[:-1].tolist(), held.indptr[1:].tolist(), strict=True)
        return [
            [ranked[place] for place in range(begin, min(begin + SHOWN, end)) if telling[place]] for begin, end in spans
        ]

    def _path(self, row: int, column: int, liked_row: int) -> Evidence:
        """Liked item - value - candidate."""
        relation, value = self._names[column]
        liked, item = self._catalog.items[liked_row], self._catalog.items[row]
        path = ((liked.item_id, relation, value), (item.item_id, relation, value))
        score = float(self._weights[column])
        return Evidence(NAME, EvidenceKind.PATH, relation, value, (liked.item_id,), score=score, path=path)

    def _sources(self, taste: KnownOpinions) -> dict[int, int]:
        """Column -> the liked row that has this value and counts most, examples given just now first."""
        order = np.argsort(-(np.where(taste.said, 2, 0) + taste.weights), kind="stable")
        sources: dict[int, int] = {}
        for row in taste.rows[order][taste.weights[order] > 0].tolist():
            for column in self._columns(row).tolist():
                sources.setdefault(column, row)
        return sources

    def _columns(self, row: int) -> NDArray[np.int32]:
        start, end = self._holds.indptr[row], self._holds.indptr[row + 1]
        return np.asarray(self._holds.indices[start:end])

    def _rarity(self) -> NDArray[np.float32]:
        """Inverse document frequency per value, 0..1."""
        n = max(2, len(self._catalog))
        holders = np.asarray(self._holds.sum(axis=0)).ravel()
        return np.asarray(np.log(n / np.maximum(holders, 1) + 1e-9) / np.log(n), dtype=np.float32).clip(0.02, 1)

    def _relation_weights(self) -> NDArray[np.float32]:
        by_relation = {spec.name: relation_weight(spec) for spec in self._catalog.schema.fields}
        return np.asarray([by_relation.get(relation, 0.3) for relation, _ in self._names], dtype=np.float32)


def relation_weight(spec: FieldSpec) -> float:
    """How much sharing a value of a field says: people and themes much, a category some."""
    if spec.kind is FieldKind.CATEGORY:
        return 0.6
    return 1.0 if spec.people or spec.soft else 0.8


def build_graph_vectors(dataset: Dataset, settings: RetrievalSettings, progress: Progress = silent) -> None:
    """Train the chosen vectors on the graph and write them under data_dir/graph-vectors."""
    tell: Progress = lambda _, done, total: progress(VECTORS, done, total)  # noqa: E731
    with writing(settings.data_dir / VECTORS, dataset.fingerprint, {"model": settings.graph_vectors}) as folder:
        if settings.graph_vectors == "complex":
            from retrieval.models import graph_embeddings

            chosen = graph_embeddings.GraphEmbeddingSettings(seed=settings.seed)
            graph_embeddings.fit(triple_table(dataset), chosen, tell).save(folder)
        elif settings.graph_vectors == "lightgcn":
            from retrieval.models import lightgcn

            facts, _ = holdings(dataset.catalog, least=2)
            lightgcn.fit(Log.of_dataset(dataset), facts, lightgcn.LightGcnSettings(seed=settings.seed), tell).save(
                folder
            )


def open_graph_vectors(dataset: Dataset, settings: RetrievalSettings) -> Model | None:
    """Load what `build_graph_vectors` wrote; None where the settings want no vectors.

    Raises:
        IndexMissingError: They are absent, half-written, of another kind, or made for other data.
    """
    from retrieval.models.graph_embeddings import GraphEmbeddingModel
    from retrieval.models.lightgcn import LightGcnModel

    folder = settings.data_dir / VECTORS
    if settings.graph_vectors == "none":
        return None
    require(folder, dataset.fingerprint, WHAT)
    if settings.graph_vectors == "complex":
        return GraphEmbeddingModel.load(folder)
    return LightGcnModel.load(folder)
