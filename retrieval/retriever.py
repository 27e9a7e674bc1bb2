"""The door to the recommenders for other packages: opens what was built, runs channels, ranks, explores, looks up."""

import copy
import gc
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from retrieval.belief import Belief
from retrieval.belief_fit import TasteSettings
from retrieval.belief_index import taste_in_passing
from retrieval.candidates import Candidate, Evidence, EvidenceKind
from retrieval.channels.base import Channel
from retrieval.channels.content import ContentChannel
from retrieval.channels.language_model import LanguageModelChannel
from retrieval.channels.ratings import read_ratings
from retrieval.channels.tastes import candidate
from retrieval.channels.trend import TrendChannel
from retrieval.encoder import Encoder
from retrieval.errors import UnknownItemError
from retrieval.exploration.asking import Elicitation
from retrieval.exploration.explorer import Explorer
from retrieval.exploration.splitting import Split, best_split
from retrieval.facts import CATALOG, all_facts, wanted_facts, with_wanted_facts
from retrieval.fusion.base import Shown
from retrieval.fusion.learning import Person, RecordedPlace, Relearned, learn, relearn
from retrieval.fusion.others.by_lists import ListsFusion
from retrieval.fusion.signals import asked_values, standard
from retrieval.fusion.weights import ConversationWeights
from retrieval.history import UserHistory
from retrieval.house import House
from retrieval.item_learning import Impressions
from retrieval.items import Catalog
from retrieval.lookups import Lookups
from retrieval.moods import Moods
from retrieval.parts import Parts, open_parts
from retrieval.people import PeopleGraph
from retrieval.policies import POLICIES, Policy, Slot
from retrieval.preference import Constraint, Preference
from retrieval.ranker import Ranker
from retrieval.ranking import Ranked, drop_doubles
from retrieval.resources import Progress, silent
from retrieval.schema import CatalogSchema
from retrieval.settings import RetrievalSettings
from retrieval.tendencies import Tendency, tendencies

YOUNG = 20_000
"""New objects before cycles are looked for: with Python's 700 that is a fifteenth of a request's processor time."""


class Retriever:
    """Channels, fusion, ranking and exploration over one catalog. Holds no user and no conversation."""

    def __init__(self, parts: Parts, settings: RetrievalSettings, *, policy: Policy | None = None) -> None:
        self._dataset = parts.dataset
        self._channels = dict(parts.channels)
        self._vectors = parts.vectors
        self._encoder = parts.encoder
        self._settings = settings
        trend = next((channel for channel in parts.channels.values() if isinstance(channel, TrendChannel)), None)
        self._popularity = trend or TrendChannel(parts.dataset.catalog, read_ratings(parts.dataset))
        catalog, channels = parts.dataset.catalog, self._channels
        self._parts = parts
        fusion = parts.fusion(settings, self._popularity)
        self._signals = parts.signals(self._popularity)
        self._ranker = Ranker(catalog, settings, channels, self._popularity, fusion, parts.vectors)
        self.graph = parts.graph
        """The knowledge graph; None where it was not built."""
        taste = parts.taste if parts.taste is not None else taste_in_passing(parts.dataset)
        self.explorer = Explorer(parts.dataset.catalog, taste, TasteSettings(), self._popularity.counts)
        """Beliefs, guesses and questions."""
        self.policy: Policy = policy or POLICIES[settings.exploration]()
        self._people = PeopleGraph(catalog)
        self._moods = Moods(catalog)
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
    def parts(self) -> Parts:
        """What it was made of; channels that were added later are not in it."""
        return self._parts

    @property
    def catalog(self) -> Catalog:
        """The items."""
        return self._dataset.catalog

    @property
    def encoder(self) -> Encoder | None:
        """What turned the items' texts into vectors; None where that cannot be loaded."""
        return self._encoder

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
        changed._ranker = replace(self._ranker, channels=changed._channels)
        return changed

    def updated(self, impressions: Impressions, guessed: NDArray[np.int64]) -> "Retriever":
        """The same after what a log of guesses teaches (`retrieval.state.learning`); what is open is shared."""
        changed = copy.copy(self)
        changed.explorer = self.explorer.updated(impressions, guessed)
        return changed

    def weighing(self, weights: ConversationWeights) -> "Retriever":
        """The same as made, with other weights of the default way to fuse; what is open is shared."""
        return Retriever(replace(self._parts, weights=weights), self._settings, policy=self.policy)

    def within(self, catalog: Catalog) -> "Retriever":
        """The same over a catalog with the same rows, of which a house hides, names or raises some; see `House`."""
        changed = copy.copy(self)
        changed._dataset = replace(self._dataset, catalog=catalog)
        changed._ranker = replace(self._ranker, catalog=catalog)
        changed.explorer = self.explorer.within(catalog)
        changed._people = PeopleGraph(catalog)
        return changed

    @property
    def house(self) -> House:
        """The house's rules that hold."""
        return self.catalog.house

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
        self.try_once()
        gc.collect()
        gc.freeze()  # the catalog and the models live as long as the process: no need to walk them in a request
        gc.set_threshold(YOUNG)  # a request makes thousands of objects and hardly a cycle

    def try_once(self) -> None:
        """Serve one request, so that what is made at the first one is there."""
        preference, nobody = Preference(text="warm"), UserHistory()
        ranked = self.rank(self._recall(preference, nobody), preference, nobody, 5)
        self.explore(ranked, preference, nobody, np.random.default_rng(0))

    def implied(self, preference: Preference) -> Preference:
        """The same with what its everyday words imply."""
        return self._moods.implied(preference)

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
        preference = self._moods.implied(preference)
        allowed = self.catalog.mask(preference.constraints)
        if only is not None:
            allowed &= self._mask_of(only)
        known = self._channels.get(channel)
        size = k or self._settings.pool_size
        candidates = [] if known is None else known.retrieve(preference, history, k=size, allowed=allowed)
        return self.house.without_hidden(candidates)

    def rank(
        self,
        by_channel: Mapping[str, Sequence[Candidate]],
        preference: Preference,
        history: UserHistory,
        k: int,
        shown: Shown = (),
    ) -> Ranked:
        """Fuse, enforce the limits, drop what is known, spread look-alikes; near misses where too few items fit.

        Args:
            by_channel: What each channel found.
            preference: What is wanted.
            history: What is known of the user.
            k: How many items to rank.
            shown: Item ids of the lists that were shown in this conversation, oldest first; others come first.
        """
        return self._ranker.rank(by_channel, self._moods.implied(preference), history, k, shown)

    def learn(
        self,
        places: Sequence[RecordedPlace],
        sessions: Sequence[frozenset[str]],
        *,
        own: Sequence[frozenset[str]] = (),
        source: str = "",
        progress: Progress = silent,
    ) -> ConversationWeights:
        """Weights for the default way to fuse; see `retrieval.fusion.learning.learn`."""
        return learn(
            [replace(place, preference=self._moods.implied(place.preference)) for place in places],
            sessions,
            self._signals,
            self._recall,
            before=self._parts.weights,
            own=own,
            source=source,
            progress=progress,
        )

    def relearn(self, people: Sequence[Person], *, support: int) -> Relearned:
        """Weights moved by what a folder's own users took; see `retrieval.fusion.learning.relearn`."""
        implied = [
            replace(
                person, places=tuple(replace(at, preference=self._moods.implied(at.preference)) for at in person.places)
            )
            for person in people
        ]
        return relearn(implied, self._signals, self._recall, before=self._parts.weights, support=support)

    def _recall(self, preference: Preference, history: UserHistory) -> dict[str, list[Candidate]]:
        """What every channel brings."""
        return {name: self.run(name, preference, history) for name in self._channels}

    def order(
        self,
        by_channel: Mapping[str, Sequence[Candidate]],
        preference: Preference,
        history: UserHistory,
        shown: Shown = (),
    ) -> list[Candidate]:
        """All that the channels brought and that may be shown, best first, each with its shares; see `rank`."""
        return self._ranker.order(by_channel, self._moods.implied(preference), history, shown)

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
        preference = self._moods.implied(preference)
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
        explained = (with_wanted_facts(self.catalog, slot.candidate, preference) for slot in shown)
        return tuple(replace(slot, candidate=hit) for slot, hit in zip(shown, explained, strict=True))

    def belief(self, preference: Preference, history: UserHistory, unanswered: Collection[str] = ()) -> Belief:
        """What is believed of somebody's taste; its `width` says how little is known."""
        return self.explorer.belief(preference, history, unanswered)

    def tendencies(self, preference: Preference, history: UserHistory) -> tuple[Tendency, ...]:
        """The same, group by group: kinds, decades, themes."""
        return tendencies(self.belief(preference, history), self.catalog)

    def elicitation(
        self,
        slots: Sequence[Slot],
        belief: Belief,
        asked: Collection[str] = (),
        settled: Collection[str] = (),
        *,
        among: Sequence[str] = (),
    ) -> Elicitation | None:
        """The question that teaches more than any item of the list would; None where there is none.

        Args:
            slots: The list.
            belief: What is believed of the user.
            asked: Keys of the questions that were asked before.
            settled: Fields that a limit was stated on: nothing is asked about them.
            among: The ids of what fits best, which an answer has to tell apart.
        """
        return self.explorer.elicitation(belief, tuple(slots), asked, settled, among)

    def split(self, preference: Preference, asked: Collection[str] = ()) -> Split | None:
        """The field whose answer would tell most of what keeps the limits apart; None where none would.

        Args:
            preference: What is wanted.
            asked: Keys of the questions that were asked before.
        """
        settled = {key.partition(":")[0] for key in asked}
        settled |= {limit.field for limit in preference.constraints} | {wish.field for wish in preference.wishes}
        return best_split(self.catalog, self.catalog.mask(preference.constraints), settled)

    def explain(self, hit: Candidate, preference: Preference) -> Candidate:
        """Add the facts that answer a limit or a wish, where the channels have not shown them."""
        return with_wanted_facts(self.catalog, hit, self._moods.implied(preference))

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
        return all_facts(self.catalog, item_id)

    def search(
        self, description: str, constraints: Sequence[Constraint], preference: Preference, history: UserHistory
    ) -> list[Candidate]:
        """Items whose description is near to words, within limits; what the user knows is left out.

        The nearest come from Chroma; the matrix in memory answers only while Chroma does not.

        Args:
            description: What it should be about, in English words.
            constraints: Limits that every item keeps.
            preference: Whose liked, disliked and seen items are left out.
            history: Likewise.

        Returns:
            At most `pool_size` candidates, nearest first; none without the vector index.
        """
        content = self._channels.get("content")
        if not isinstance(content, ContentChannel):
            return []
        allowed = self.catalog.mask(constraints)
        candidates = content.search(description, preference, history, k=self._settings.pool_size, allowed=allowed)
        return self.house.without_hidden(candidates)

    def matching(self, constraints: Sequence[Constraint], sort: str = "") -> tuple[int, list[str]]:
        """All items that keep some limits: how many, and their ids in an order.

        Positive limits on names are looked up in the knowledge graph where there is one, everything else in the
        catalog; items that stand for the same thing count once.

        Args:
            constraints: Several must all hold.
            sort: A field of numbers or 'popularity', '-' before it for the largest first; '' for the popular first.
        """
        ids = self._lookups.matching(constraints, sort)
        return len(ids), ids

    @property
    def pool_size(self) -> int:
        """How many candidates a channel brings."""
        return self._settings.pool_size

    def candidates_of(
        self, item_ids: Sequence[str], channel: str, constraints: Sequence[Constraint]
    ) -> tuple[Candidate, ...]:
        """Items that a look-up found as candidates of a channel, in their order, with the facts they were found by."""
        wanted = Preference(constraints=tuple(constraints))
        return tuple(
            Candidate(item_id, {channel: 1.0 / rank}, wanted_facts(self.catalog, item_id, wanted))
            for rank, item_id in enumerate(item_ids, 1)
            if item_id in self.catalog
        )

    def connections(self, first_id: str, second_id: str) -> tuple[Evidence, ...]:
        """How two items hang together: all values that they share, the rarest first, else the shortest path.

        Raises:
            UnknownItemError: One of the two is not in the catalog.
        """
        self.catalog.row(first_id)
        self.catalog.row(second_id)
        return self._lookups.connections(first_id, second_id)

    def people_path(self, first: str, second: str) -> Evidence | None:
        """How two people hang together: by an item that both had a part in, or over others; None where they do not."""
        steps = self._people.path(first, second)
        if not steps:
            return None
        _, relation, value = steps[-1]
        return Evidence("graph", EvidenceKind.PATH, relation, value, (steps[0][0],), path=steps)

    def neighbors(self, item_id: str, k: int = 12) -> tuple[tuple[str, int], ...]:
        """Items that share most entities with one, as (item id, how many), most first, doubles left out.

        Raises:
            UnknownItemError: There is no such item.
        """
        self.catalog.row(item_id)
        return self._lookups.neighbors(item_id, k)

    @property
    def _lookups(self) -> Lookups:
        return Lookups(self.catalog, self.graph, self._popularity.popularity)

    def path(self, liked_id: str, item_id: str) -> Evidence | None:
        """The shortest explaining path from a liked item to another; None where there is none or no graph.

        Raises:
            UnknownItemError: One of the two is not in the catalog.
        """
        for named_id in (liked_id, item_id):
            if named_id not in self.catalog:
                raise UnknownItemError(named_id)
        steps = self.graph.path(liked_id, item_id) if self.graph is not None else ()
        if not steps or self.house.names_hidden(steps):
            return None
        _, relation, value = steps[-1]
        return Evidence("graph", EvidenceKind.PATH, relation, value, (liked_id,), path=steps)

    def items_with(self, field_name: str, value: str, limit: int = 50) -> tuple[str, ...]:
        """Ids of items that have a value, from the graph, or from the catalog where there is none; popular first."""
        if self.graph is not None:
            item_ids = [
                item_id for item_id in self.graph.items_with(field_name, value, limit=5000) if item_id in self.catalog
            ]
        else:
            item_ids = [self.catalog.items[row].item_id for row in self.catalog.holders(field_name, value)]
        item_ids.sort(key=lambda item_id: -float(self._popularity.popularity[self.catalog.row(item_id)]))
        return tuple(item_ids[: max(0, limit)])

    def similar(self, item_id: str, k: int = 5) -> tuple[Candidate, ...]:
        """Items like one, by all channels that can tell; how known they are does not count.

        Raises:
            UnknownItemError: There is no such item.
        """
        self.catalog.row(item_id)
        preference, nobody = Preference(liked=(item_id,)), UserHistory()
        names = [name for name in self._channels if name != self._popularity.name]
        by_likeness = replace(self._ranker, fusion=ListsFusion(self.catalog, self._settings))
        lists = {name: self.run(name, preference, nobody) for name in names}
        return by_likeness.rank(lists, preference, nobody, k).fit

    def popular_diverse(self, k: int = 12) -> tuple[str, ...]:
        """Ids of well-known items that differ from each other, for a first taste."""
        counts = self._popularity.counts
        order = np.lexsort((-self._popularity.popularity, -(counts > 0).astype(np.int64)))
        order = order[self.catalog.mask(())[order]][: max(10 * k, 60)]
        candidates = [candidate(self.catalog, row, CATALOG, 0.0, ()) for row in order]
        best = float(self._popularity.popularity.max(initial=0.0)) or 1.0
        scored = [
            replace(hit, score=float(self._popularity.popularity[row]) / best)
            for hit, row in zip(candidates, order, strict=True)
        ]
        scored = drop_doubles(scored, self.catalog)
        return tuple(hit.item_id for hit in self._ranker.spread(scored, k, diversity=0.5))

    def _nearness(self, preference: Preference, history: UserHistory) -> NDArray[np.floating] | None:
        """How near each item is to what was asked for, however famous it is; None where nothing was."""
        content = self._channels.get("content")
        asked = preference.text or preference.liked or asked_values(preference)
        if not asked or not isinstance(content, ContentChannel):
            return None
        nearness = content.nearness(preference, history)
        return None if nearness is None else standard(nearness.astype(np.float64)) + self._signals.asked_for(preference)

    def _mask_of(self, item_ids: Iterable[str]) -> NDArray[np.bool_]:
        mask = np.zeros(len(self.catalog), dtype=np.bool_)
        mask[self.catalog.rows(item_ids)] = True
        return mask
