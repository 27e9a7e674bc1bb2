"""The door to the recommenders for other packages: opens what was built, runs channels, ranks, explores, looks up."""

import copy
import gc
import logging
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from retrieval.belief import Belief, TasteModel
from retrieval.belief_fit import TasteSettings
from retrieval.belief_index import open_taste, taste_in_passing
from retrieval.candidates import Candidate, Evidence, EvidenceKind
from retrieval.channels.base import Channel
from retrieval.channels.content import ContentChannel
from retrieval.channels.factors import FactorsChannel
from retrieval.channels.graph import GraphChannel, open_graph_vectors
from retrieval.channels.language_model import LanguageModelChannel
from retrieval.channels.neighbors import NeighborsChannel
from retrieval.channels.ratings import read_ratings
from retrieval.channels.sequence import SequenceChannel
from retrieval.channels.tastes import candidate, eligible
from retrieval.channels.trend import TrendChannel
from retrieval.datasets import Dataset, load_dataset
from retrieval.encoder import Encoder, make_encoder
from retrieval.errors import IndexMissingError, UnknownItemError
from retrieval.exploration.asking import Inquiry
from retrieval.exploration.explorer import Explorer
from retrieval.fusion import POINTS, merge, weighted_points
from retrieval.graph import KnowledgeGraph, item_facts
from retrieval.history import UserHistory
from retrieval.items import Catalog
from retrieval.learned import TASTE, Judged, LearnedFusion
from retrieval.policies import POLICIES, Policy, Slot
from retrieval.preference import Op, Preference
from retrieval.ranking import (
    POOL,
    Ranked,
    breaches,
    broken_by,
    diversify,
    drop_doubles,
    known_ids,
    wish_changes,
)
from retrieval.schema import CatalogSchema
from retrieval.settings import LEARNED, RetrievalSettings
from retrieval.vectors import VectorIndex

CATALOG = "catalog"
"""The channel name of facts read off the catalog itself, and of items that only the limits brought."""
HABIT = 0.4
"""How much a channel counts that is of little use for the request (see `request_weights`)."""

BESIDE_EXAMPLES = 0.5
"""How much the channels that know habits count beside descriptions and facts where an example is given."""
HABITUAL = frozenset(("factors", "neighbors", "sequence", "trend"))
DESCRIPTIVE = frozenset(("content", "graph"))
BESIDE_WORDS = 0.5
"""How much taste counts at most where words ask for something, relative to the channels that answer them."""
SPEAKS_FOR = {"content": "content", "graph": "graph"}
"""The dimension of interest of each channel that answers words."""
Opened = TypeVar("Opened")

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Parts:
    """What a retriever is made of; a test may leave out any of them but the dataset."""

    dataset: Dataset
    channels: Mapping[str, Channel] = field(default_factory=dict)
    vectors: VectorIndex | None = None
    graph: KnowledgeGraph | None = None
    encoder: Encoder | None = None
    notices: tuple[str, ...] = ()
    taste: TasteModel | None = None
    """What is believed of strangers; a small one is fitted in passing where there is none."""
    learned: LearnedFusion | None = None
    """Orders what fits someone's taste; without it the channels' lists are added up."""


class Retriever:
    """Channels, fusion, ranking and exploration over one catalog. Holds no user and no conversation."""

    def __init__(self, parts: Parts, settings: RetrievalSettings, *, policy: Policy | None = None) -> None:
        self._dataset = parts.dataset
        self._channels = dict(parts.channels)
        self._vectors = parts.vectors
        self._encoder = parts.encoder
        self._settings = settings
        self._learned = parts.learned
        trend = next((one for one in parts.channels.values() if isinstance(one, TrendChannel)), None)
        self._popularity = trend or TrendChannel(parts.dataset.catalog, read_ratings(parts.dataset))
        self.graph = parts.graph
        """The knowledge graph; None where it was not built."""
        taste = parts.taste if parts.taste is not None else taste_in_passing(parts.dataset)
        self.explorer = Explorer(parts.dataset.catalog, taste, TasteSettings(), self._popularity.counts)
        """Beliefs, guesses and questions."""
        self.policy: Policy = policy or POLICIES[settings.exploration]()
        self.notices = parts.notices
        """What is missing and the command that builds it; empty where all is well."""

    @classmethod
    def open(cls, settings: RetrievalSettings, *, encoder: Encoder | None = None) -> "Retriever":
        """Open everything that was built in the data folder; an index that is missing is left out with a notice.

        Raises:
            IndexMissingError: There is no catalog.
        """
        # requests run side by side, and their matrices are small: threads inside one only wait for busy cores
        threadpool_limits(limits=1, user_api="blas")
        return cls(open_parts(settings, encoder=encoder), settings)

    @property
    def catalog(self) -> Catalog:
        """The items."""
        return self._dataset.catalog

    @property
    def schema(self) -> CatalogSchema:
        """What the items look like."""
        return self._dataset.catalog.schema

    @property
    def channel_names(self) -> tuple[str, ...]:
        """The channels that can be run."""
        return tuple(self._channels)

    def with_channel(self, channel: Channel) -> "Retriever":
        """The same with one more channel; what is open is shared."""
        changed = copy.copy(self)
        changed._channels = {**self._channels, channel.name: channel}
        return changed

    def prepare(self, channel: str, preference: Preference) -> None:
        """Let a channel ask what it must ask another machine; `run` itself waits for nobody.

        Raises:
            ModelUnavailableError: The other machine did not answer.
        """
        known = self._channels.get(channel)
        if isinstance(known, LanguageModelChannel):
            known.ask(preference)

    def warm(self) -> None:
        """Load the encoder and serve one request, so that the first user does not wait."""
        if self._encoder is not None and self._vectors is not None:
            self._encoder.warm()
        preference, nobody = Preference(text="warm"), UserHistory()
        ranked = self.rank({name: self.run(name, preference, nobody) for name in self._channels}, preference, nobody, 5)
        self.explore(ranked, preference, nobody, np.random.default_rng(0))
        gc.collect()
        gc.freeze()  # the catalog and the models live as long as the process: no need to walk them in a request

    def run(
        self,
        channel: str,
        preference: Preference,
        history: UserHistory,
        k: int | None = None,
        *,
        only: Iterable[str] | None = None,
    ) -> list[Candidate]:
        """Candidates of one channel that keep every limit.

        Args:
            channel: One of `channel_names`; an unknown or missing one brings nothing.
            preference: What is wanted.
            history: What is known.
            k: The most candidates; the settings' pool size where None.
            only: Score just these item ids.
        """
        allowed = self.catalog.mask(preference.constraints)
        if only is not None:
            allowed &= self._mask_of(only)
        return self._run(channel, preference, history, k or self._settings.pool_size, allowed)

    def rank(
        self, by_channel: Mapping[str, Sequence[Candidate]], preference: Preference, history: UserHistory, k: int
    ) -> Ranked:
        """Fuse, enforce the limits, drop what is known, spread look-alikes; near misses where too few items fit."""
        judged = self._learned.judge(by_channel, preference, history) if self._learned is not None else None
        keeps = breaches(self.catalog, preference.constraints) == 0
        fit = self._fuse(by_channel, preference, history, judged, keeps, k)
        fit = drop_doubles([*fit, *self._fill(fit, preference, history, keeps, k - len(fit))], self.catalog)
        chosen = diversify(fit, self._vectors_of(fit), k, diversity=self._settings.diversity)
        parts = judged.parts(self.catalog, [one.item_id for one in chosen]) if judged is not None else {}
        chosen = [replace(self.explain(one, preference), parts=parts.get(one.item_id, {})) for one in chosen]
        near = self._near(by_channel, preference, history, k - len(chosen)) if len(chosen) < k else []
        broken = {one.item_id: broken_by(self.catalog, one.item_id, preference.constraints) for one in near}
        weights = self._weights(by_channel, preference, judged)
        dimensions = dimension_weights(judged.dimensions, weights) if judged is not None else {}
        return Ranked(tuple(chosen), tuple(self.explain(one, preference) for one in near), broken, dimensions)

    def explore(
        self,
        ranked: Ranked,
        preference: Preference,
        history: UserHistory,
        rng: Generator,
        *,
        slots: int | None = None,
        unanswered: Collection[str] = (),
        belief: Belief | None = None,
    ) -> tuple[Slot, ...]:
        """The list as shown: ranked items with guesses mixed in, each with its probability of being shown.

        Args:
            ranked: What the recommenders are sure of.
            preference: What is wanted.
            history: What is known.
            rng: The source of chance.
            slots: How many places the list has; as many as wanted where None.
            unanswered: Ids that were shown in this conversation; they are no guesses any more.
            belief: What `belief` gave, where it is at hand.
        """
        shown = self.explorer.explore(
            self.policy,
            ranked,
            preference,
            history,
            rng,
            slots=preference.count if slots is None else slots,
            shown=unanswered,
            nearness=self._nearness(preference, history),
            belief=belief,
        )
        return tuple(replace(slot, candidate=self.explain(slot.candidate, preference)) for slot in shown)

    def belief(self, preference: Preference, history: UserHistory, unanswered: Collection[str] = ()) -> Belief:
        """What is believed of somebody's taste; its `width` says how little is known."""
        return self.explorer.belief(preference, history, unanswered)

    def inquiry(self, slots: Sequence[Slot], belief: Belief, asked: Collection[str] = ()) -> Inquiry | None:
        """The question that teaches more than any item of the list would; None where there is none.

        Args:
            slots: The list.
            belief: What is believed of the user.
            asked: Keys of the questions that were asked before.
        """
        return self.explorer.inquiry(belief, tuple(slots), asked)

    def explain(self, found: Candidate, preference: Preference) -> Candidate:
        """Add the facts that answer a limit or a wish, where the channels have not shown them."""
        shown = {(one.field, one.value) for one in found.evidence if one.kind is EvidenceKind.FACT}
        wanted = self._wanted_facts(found.item_id, preference)
        added = tuple(one for one in wanted if (one.field, one.value) not in shown)
        return replace(found, evidence=(*found.evidence, *added)) if added else found

    def history_of(self, user_id: str) -> UserHistory:
        """What a user of the dataset did; empty for an unknown one."""
        return self._dataset.interactions.of_user(user_id)

    def dataset_users(self, limit: int = 20) -> tuple[str, ...]:
        """Some users of the dataset."""
        return tuple(self._dataset.interactions.user_ids[: max(0, limit)])

    def facts(self, item_id: str) -> tuple[Evidence, ...]:
        """Everything that the catalog says of an item, in the schema's order.

        Raises:
            UnknownItemError: There is no such item.
        """
        item = self.catalog.item(item_id)
        found = []
        for spec in self.schema.fields:
            if spec.name in item.numbers:
                found.append(_fact(spec.name, f"{item.numbers[spec.name]:.15g}"))
            found.extend(_fact(spec.name, value) for value in item.values.get(spec.name, ()))
        return tuple(found)

    def path(self, liked_id: str, item_id: str) -> Evidence | None:
        """The shortest explaining path from a liked item to another; None where there is none or no graph.

        Raises:
            UnknownItemError: One of the two is not in the catalog.
        """
        for one in (liked_id, item_id):
            if one not in self.catalog:
                raise UnknownItemError(one)
        steps = self.graph.path(liked_id, item_id) if self.graph is not None else ()
        if not steps:
            return None
        _, relation, value = steps[-1]
        return Evidence("graph", EvidenceKind.PATH, relation, value, (liked_id,), path=steps)

    def items_with(self, field_name: str, value: str, limit: int = 50) -> tuple[str, ...]:
        """Ids of items that have a value, from the graph, or from the catalog where there is none; popular first."""
        if self.graph is not None:
            found = [one for one in self.graph.items_with(field_name, value, limit=5000) if one in self.catalog]
        else:
            found = [self.catalog.items[row].item_id for row in self.catalog.holders(field_name, value)]
        found.sort(key=lambda one: -float(self._popularity.popularity[self.catalog.row(one)]))
        return tuple(found[: max(0, limit)])

    def similar(self, item_id: str, k: int = 5) -> tuple[Candidate, ...]:
        """Items like one, by all channels that can tell.

        Raises:
            UnknownItemError: There is no such item.
        """
        self.catalog.row(item_id)
        preference, nobody = Preference(liked=(item_id,)), UserHistory()
        names = [name for name in self._channels if name != self._popularity.name]
        return self.rank({name: self.run(name, preference, nobody) for name in names}, preference, nobody, k).fit

    def popular_diverse(self, k: int = 12) -> tuple[str, ...]:
        """Ids of well-known items that differ from each other, for a first taste."""
        counts = self._popularity.counts
        order = np.lexsort((-self._popularity.popularity, -(counts > 0).astype(np.int64)))[: max(10 * k, 60)]
        found = [candidate(self.catalog, row, CATALOG, 0.0, ()) for row in order]
        best = float(self._popularity.popularity.max(initial=0.0)) or 1.0
        scored = [
            replace(one, score=float(self._popularity.popularity[row]) / best)
            for one, row in zip(found, order, strict=True)
        ]
        scored = drop_doubles(scored, self.catalog)
        return tuple(one.item_id for one in diversify(scored, self._vectors_of(scored), k, diversity=0.5))

    def _run(
        self, channel: str, preference: Preference, history: UserHistory, k: int, allowed: NDArray[np.bool_]
    ) -> list[Candidate]:
        known = self._channels.get(channel)
        return [] if known is None else known.retrieve(preference, history, k=k, allowed=allowed)

    def _fuse(
        self,
        by_channel: Mapping[str, Sequence[Candidate]],
        preference: Preference,
        history: UserHistory,
        judged: Judged | None,
        keeps: NDArray[np.bool_],
        k: int,
    ) -> list[Candidate]:
        """The best of all lists that keep the limits, several times `k` of them."""
        lists = by_channel if judged is None else {**by_channel, TASTE: judged.candidates}
        fused = POINTS.get(self._settings.fusion, weighted_points)(lists, self._weights(by_channel, preference, judged))
        known, changes = known_ids(self.catalog, preference, history), wish_changes(self.catalog, preference)
        points = {
            item_id: score + changes.get(item_id, 0.0)
            for item_id, score in fused.items()
            if item_id in self.catalog and item_id not in known and keeps[self.catalog.row(item_id)]
        }
        return drop_doubles(merge(lists, points, most=max(2 * POOL, 4 * k)), self.catalog)

    def _weights(
        self, by_channel: Mapping[str, Sequence[Candidate]], preference: Preference, judged: Judged | None
    ) -> dict[str, float]:
        """What each list counts for this request; lists without candidates have no weight to give away."""
        present = {name: weight for name, weight in self._settings.weights.items() if by_channel.get(name)}
        weights = request_weights(present, preference)
        return weights if judged is None else taste_weights(weights, preference)

    def _fill(
        self,
        fit: Sequence[Candidate],
        preference: Preference,
        history: UserHistory,
        keeps: NDArray[np.bool_],
        missing: int,
    ) -> list[Candidate]:
        """Where the channels brought too few: other items that keep the limits, popular first, at the end."""
        if missing <= 0:
            return []
        open_rows = eligible(self.catalog, preference, history, keeps)
        open_rows[self.catalog.rows(twin for one in fit for twin in self.catalog.double_of(one.item_id))] = False
        rows = np.flatnonzero(open_rows)
        rows = rows[np.argsort(-self._popularity.popularity[rows], kind="stable")][: 2 * missing]
        lowest = min((one.score for one in fit), default=0.0)
        return [
            replace(
                candidate(self.catalog, row, CATALOG, 0.0, self._plain_reasons(row, preference)),
                score=lowest - 1e-3 * (rank + 1),
            )
            for rank, row in enumerate(rows.tolist())
        ]

    def _plain_reasons(self, row: int, preference: Preference) -> tuple[Evidence, ...]:
        """The facts that were asked for, else the first facts of the item."""
        item_id = self.catalog.items[row].item_id
        return self._wanted_facts(item_id, preference) or self.facts(item_id)[:2]

    def _near(
        self,
        by_channel: Mapping[str, Sequence[Candidate]],
        preference: Preference,
        history: UserHistory,
        missing: int,
    ) -> list[Candidate]:
        """The best items that break one limit of this request; two or more only where none breaks just one.

        What a user refuses for good ("I can't stand gore") is never relaxed.
        """
        lasting = tuple(one for one in preference.constraints if one.lasting)
        counts = breaches(self.catalog, [one for one in preference.constraints if not one.lasting])
        keeps = self.catalog.mask(lasting)
        open_rows = eligible(self.catalog, preference, history, keeps & (counts > 0))
        if not open_rows.any():
            return []
        allowed = open_rows & (counts == counts[open_rows].min())
        relaxed = replace(preference, constraints=lasting)
        lists = {name: self._run(name, relaxed, history, self._settings.pool_size, allowed) for name in by_channel}
        judged = self._learned.judge(lists, preference, history) if self._learned is not None else None
        found = self._fuse(lists, preference, history, judged, allowed, missing)
        found += self._fill(found, preference, history, allowed, missing - len(found))
        return drop_doubles(found, self.catalog)[:missing]

    def _nearness(self, preference: Preference, history: UserHistory) -> NDArray[np.float32] | None:
        """How near each item is to what was asked for; None where nothing was."""
        content = self._channels.get("content")
        asked = preference.text or preference.wishes or preference.liked
        return content.nearness(preference, history) if asked and isinstance(content, ContentChannel) else None

    def _wanted_facts(self, item_id: str, preference: Preference) -> tuple[Evidence, ...]:
        """The item's facts that keep a limit or fulfill a wish."""
        item = self.catalog.item(item_id)
        held = {(relation, value.casefold()): value for relation, value in item_facts(item, self.schema)}
        found: dict[Evidence, None] = {}
        for one in preference.constraints:
            if one.field in item.numbers:
                if one.op is not Op.NOT and self.catalog.satisfies(item, one):
                    found[_fact(one.field, f"{item.numbers[one.field]:.15g}")] = None
            elif one.op is Op.IS:
                keys = [(one.field, str(value).casefold()) for value in one.values]
                found |= {_fact(one.field, held[key]): None for key in keys if key in held}
        wishes = [(one.field, one.value.casefold()) for one in preference.wishes if one.weight > 0]
        found |= {_fact(key[0], held[key]): None for key in wishes if key in held}
        return tuple(found)

    def _mask_of(self, item_ids: Iterable[str]) -> NDArray[np.bool_]:
        mask = np.zeros(len(self.catalog), dtype=np.bool_)
        mask[self.catalog.rows(item_ids)] = True
        return mask

    def _vectors_of(self, found: Sequence[Candidate]) -> NDArray[np.float32] | None:
        if self._vectors is None:
            return None
        return np.asarray(self._vectors.matrix[self.catalog.rows(one.item_id for one in found)], dtype=np.float32)


def open_parts(settings: RetrievalSettings, *, encoder: Encoder | None = None) -> Parts:
    """Open the dataset and every index that is whole.

    Raises:
        IndexMissingError: There is no dataset.
    """
    dataset = load_dataset(settings.data_dir)
    catalog = dataset.catalog
    notices: list[str] = []
    encoder = encoder or make_encoder(settings.encoder)

    vectors = _attempt(lambda: VectorIndex.open(catalog, settings), notices)
    factors = _attempt(lambda: FactorsChannel.open(dataset, settings), notices)
    neighbors = _attempt(lambda: NeighborsChannel.open(dataset, settings), notices)
    graph = _attempt(lambda: KnowledgeGraph.open(catalog, settings), notices)
    learned = _attempt(lambda: open_graph_vectors(dataset, settings), notices)
    sequence = _attempt(lambda: SequenceChannel.open(dataset, settings), notices)
    taste = _attempt(lambda: open_taste(dataset, settings), notices)
    fusion = None
    if settings.fusion in LEARNED:
        fusion = _attempt(lambda: LearnedFusion.open(dataset, settings), notices)
        if fusion is not None and fusion.is_learned:
            notices.extend(fusion.notices)
        else:
            fusion = None
    ratings = read_ratings(dataset)
    found: list[Channel | None] = [
        ContentChannel(catalog, vectors, encoder) if vectors is not None else None,
        factors,
        neighbors,
        sequence,
        GraphChannel(catalog, learned) if graph is not None else None,
        TrendChannel(catalog, ratings),
    ]
    channels = {one.name: one for one in found if one is not None}
    return Parts(dataset, channels, vectors, graph, encoder, tuple(notices), taste, fusion)


def _attempt(load: Callable[[], Opened], notices: list[str]) -> Opened | None:
    try:
        return load()
    except IndexMissingError as error:
        logger.warning("left out: %s", error)
        notices.append(str(error))
        return None


def request_weights(weights: Mapping[str, float], preference: Preference) -> dict[str, float]:
    """Fusion weights for one request: what only the history says steps back once something is asked for.

    Where nothing is asked for and no example is given, people of like taste know more than descriptions do.
    """
    stepping_back, factor = HABITUAL, 0.8 if preference.examples else HABIT
    if not (preference.text or preference.wishes):
        stepping_back, factor = DESCRIPTIVE, 1.0 if preference.liked else HABIT
        if preference.examples:  # "like X" asks for what is like it, not only for what its fans like too
            stepping_back, factor = HABITUAL, BESIDE_EXAMPLES
    return {name: weight * (factor if name in stepping_back else 1.0) for name, weight in weights.items()}


def taste_weights(weights: Mapping[str, float], preference: Preference) -> dict[str, float]:
    """Weights for one request where a learned fusion speaks for what the history says.

    It takes over the weight of all channels that only know habits; these keep their evidence. Where nothing is asked
    for and nothing was just liked or disliked, it decides alone, since it has looked at descriptions and facts, too;
    where words ask for something, it counts `BESIDE_WORDS` of what answers them.
    """
    mine = sum(weight for name, weight in weights.items() if name in HABITUAL)
    if preference.text or preference.wishes:
        mine = min(mine, BESIDE_WORDS * sum(weight for name, weight in weights.items() if name in DESCRIPTIVE))
    asked = bool(preference.text or preference.wishes or preference.liked or preference.disliked)
    silent = HABITUAL if asked else HABITUAL | DESCRIPTIVE
    return {name: 0.0 if name in silent else weight for name, weight in weights.items()} | {TASTE: mine}


def dimension_weights(attention: Mapping[str, float], weights: Mapping[str, float]) -> dict[str, float]:
    """How much each dimension of interest counts for a person and a request, summing to 1.

    Args:
        attention: How the learned fusion divides its attention.
        weights: Of that fusion and of the channels that answer words.
    """
    taste = weights.get(TASTE, 0.0)
    found = {name: taste * share for name, share in attention.items()}
    for channel, dimension in SPEAKS_FOR.items():
        if found and weights.get(channel, 0.0) > 0:
            found[dimension] = found.get(dimension, 0.0) + weights[channel]
    total = sum(found.values())
    return {name: weight / total for name, weight in found.items()} if total > 0 else {}


def _fact(field_name: str, value: str) -> Evidence:
    return Evidence(CATALOG, EvidenceKind.FACT, field_name, value)
