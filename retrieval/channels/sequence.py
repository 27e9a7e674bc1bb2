"""What comes next: scores by the sequence model, with the items it rests on and the cluster of people like the user.

What was said in this conversation counts as newest. Where no conversation about a catalog was recorded, its log teaches
how far other models count beside the network (`retrieval.fusion.next_items`).
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import isfinite

import numpy as np
from numpy.typing import NDArray

from retrieval.candidates import Candidate, Evidence, EvidenceKind, Pending
from retrieval.channels.likers import Likers
from retrieval.channels.profiles import folded_profile
from retrieval.channels.ratings import read_ratings
from retrieval.channels.tastes import best_rows, candidate, eligible
from retrieval.datasets import Dataset
from retrieval.errors import IndexMissingError
from retrieval.fusion.next_items import NextItems, fit_next_items, held_back
from retrieval.fusion.weights import read_weights
from retrieval.history import UserHistory
from retrieval.items import Catalog
from retrieval.measuring import train_hits
from retrieval.models import clusters as taste_clusters
from retrieval.models.clusters import TasteClusters
from retrieval.models.clusters_names import Choose, Fact, holds, label, load_names, name_clusters, save_names
from retrieval.models.features import Dimension
from retrieval.models.log import Log, Profile
from retrieval.models.sequence import NAME, WHAT, Read, SequenceModel, SequenceSettings, fit
from retrieval.models.sequence_features import item_features
from retrieval.models.side import item_side
from retrieval.preference import Preference
from retrieval.resources import Progress, require, silent, writing
from retrieval.settings import RetrievalSettings
from retrieval.vectors import VectorIndex

logger = logging.getLogger(__name__)

CLUSTERS, NEXT = "clusters", "next"
LATEST = 8
"""Of so many newest liked items the one is looked for that a score rests on."""
CONTEXT = 40
"""For that, only so many newest items are read."""
AT_HOME = 0.4
"""Whoever belongs to no cluster this much is told of none."""
IN_COMMON = 2
"""Nor is told who likes fewer of the things that the cluster is named for: few items place a person only roughly."""
SOON_S = 3600.0
"""What was said just now follows what is known by so much."""
NETWORKS = 1
"""A second network costs every build two minutes more and every turn a few milliseconds; the benchmark averages two."""


MOST_ITEMS, MOST_STEPS, LONGEST = 30_000, 3000, 50
"""Of the network where the log is the only teacher: nearly all items get a place, and the training ends in time."""


def network_settings(settings: RetrievalSettings, *, is_teacher: bool = False) -> SequenceSettings:
    """How the channel's model is trained; `is_teacher` where nothing but the log teaches."""
    usual = replace(SequenceSettings(seed=settings.seed), seeds=NETWORKS)
    return replace(usual, most_items=MOST_ITEMS, most_steps=MOST_STEPS, longest=LONGEST) if is_teacher else usual


def log_teaches(dataset: Dataset, settings: RetrievalSettings) -> bool:
    """Whether a log is there, and no recorded conversation speaks of the catalog's items."""
    spoken = read_weights(settings.data_dir).spoken
    return len(dataset.interactions) > 0 and not any(item_id in dataset.catalog for item_id in spoken)


def build_sequence(
    dataset: Dataset,
    settings: RetrievalSettings,
    progress: Progress = silent,
    *,
    model_settings: SequenceSettings | None = None,
    choose: Choose | None = None,
) -> None:
    """Train the model, cluster the people and write both under data_dir/sequence, with what the log teaches beside."""
    log = Log.of_dataset(dataset)
    features = item_features(dataset.catalog, _texts(dataset.catalog, settings))
    taken = log.where(log.weights >= 0)
    held = held_back(taken, seed=settings.seed) if log_teaches(dataset, settings) else None
    how = model_settings or network_settings(settings, is_teacher=held is not None)
    model = fit(log if held is None else taken.where(~held), how, progress, features=features)
    learned = None if held is None else fit_next_items(taken, held, item_side(dataset.catalog), model, progress)
    people = list(log.profiles())
    earlier = [profile.head(max(0, len(profile) - 1)) for profile in people]
    clusters = taste_clusters.fit(log, model.vectors(people), model.vectors(earlier))
    with writing(settings.data_dir / NAME, dataset.fingerprint, train_hits(model, log)) as folder:
        model.save(folder)
        (folder / CLUSTERS).mkdir()
        clusters.save(folder / CLUSTERS)
        save_names(folder / CLUSTERS, name_clusters(clusters, dataset.catalog, choose))
        if learned is not None:
            (folder / NEXT).mkdir()
            learned.save(folder / NEXT)


def rename_clusters(dataset: Dataset, settings: RetrievalSettings, choose: Choose) -> tuple[tuple[Fact, ...], ...]:
    """Have the names of the clusters that `build_sequence` wrote chosen again; they are replaced all or not at all.

    Raises:
        IndexMissingError: There are no clusters, or they were made for other data.
    """
    folder = settings.data_dir / NAME
    require(folder, dataset.fingerprint, WHAT)
    names = name_clusters(TasteClusters.load(folder / CLUSTERS), dataset.catalog, choose)
    save_names(folder / CLUSTERS, names)
    return names


def _texts(catalog: Catalog, settings: RetrievalSettings) -> NDArray[np.float32] | None:
    """The vectors of the items' texts, where they were built."""
    try:
        return VectorIndex.open(catalog, settings).matrix
    except IndexMissingError as error:
        logger.warning("the sequence model does without texts: %s", error)
        return None


class SequenceChannel:
    """Scores every rated item by how likely it comes next."""

    def __init__(
        self,
        dataset: Dataset,
        model: SequenceModel,
        clusters: TasteClusters | None = None,
        names: tuple[tuple[Fact, ...], ...] = (),
        learned: NextItems | None = None,
    ) -> None:
        self._catalog = dataset.catalog
        self._model = model
        self._clusters = clusters
        self._names = names
        self._learned = learned
        self._likers = Likers(read_ratings(dataset))

    @classmethod
    def open(cls, dataset: Dataset, settings: RetrievalSettings) -> "SequenceChannel":
        """Load what `build_sequence` wrote.

        Raises:
            IndexMissingError: It is absent, half-written, damaged, or made for other data.
        """
        folder = settings.data_dir / NAME
        require(folder, dataset.fingerprint, WHAT)
        model, clusters = SequenceModel.load(folder), TasteClusters.load(folder / CLUSTERS)
        is_taught = (folder / NEXT).is_dir() and log_teaches(dataset, settings)
        learned = NextItems.load(folder / NEXT, model) if is_taught else None
        return cls(dataset, model, clusters, load_names(folder / CLUSTERS, len(clusters)), learned)

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
        """Items that come next for people with such a past; empty where nothing liked was rated by others."""
        profile = read_profile(self._catalog, preference, history)
        read = self._read(profile)
        scores = self._scores(profile, read)
        rows = best_rows(scores, eligible(self._catalog, preference, history, allowed), k)
        if len(rows) == 0:
            return []
        main, alike = self._shared_taste(profile, read, rows)
        scored = zip(rows.tolist(), scores[rows].tolist(), self._followed(profile, rows), alike, strict=True)
        return [
            candidate(self._catalog, row, NAME, score, Pending(self._evidence, *followed, main, count))
            for row, score, followed, count in scored
            if isfinite(followed[2]) or count
        ]

    def scores(self, preference: Preference, history: UserHistory) -> NDArray[np.float32]:
        """Log-probability of every rated item to come next; -inf for others, and where nothing is liked."""
        profile = read_profile(self._catalog, preference, history)
        return self._scores(profile, self._read(profile))

    def foreseen(self, preference: Preference, history: UserHistory) -> Mapping[Dimension, NDArray[np.float32]] | None:
        """See `retrieval.channels.base.Foreseeing`."""
        profile = read_profile(self._catalog, preference, history)
        if self._learned is None or not (profile.weights > 0).any():
            return None
        return self._learned.by_dimension(_taken(profile))

    def cluster_of(self, preference: Preference, history: UserHistory) -> tuple[tuple[Fact, ...], float, float]:
        """The facts that name the user's main cluster, how much they belong to it, and its share of the people.

        Nothing known gives the largest cluster.
        """
        if self._clusters is None:
            return (), 0.0, 0.0
        membership = self._membership(self._clusters, read_profile(self._catalog, preference, history))
        main = int(membership.argmax())
        return self._name(main), float(membership[main]), float(self._clusters.shares[main])

    def prior(self, preference: Preference, history: UserHistory) -> NDArray[np.float32]:
        """Log-probability of each item by the user's clusters alone, shape (n_items,); -inf for unrated items."""
        if self._clusters is None:
            return np.full(len(self._catalog), -np.inf, dtype=np.float32)
        membership = self._membership(self._clusters, read_profile(self._catalog, preference, history))
        return np.asarray(self._clusters.prior(membership[None, :])[0], dtype=np.float32)

    def _read(self, profile: Profile) -> tuple[Read, ...]:
        """What the networks make of a profile, for scores and reasons alike; nothing where nothing is liked."""
        return self._model.read([profile]) if (profile.weights > 0).any() else ()

    def _scores(self, profile: Profile, read: Sequence[Read]) -> NDArray[np.float32]:
        if self._learned is not None and (profile.weights > 0).any():
            return np.asarray(self._learned.score([_taken(profile)])[0], dtype=np.float32)
        return np.asarray(self._model.score_read([profile], read)[0], dtype=np.float32)

    def _membership(
        self, clusters: TasteClusters, profile: Profile, read: Sequence[Read] | None = None
    ) -> NDArray[np.float32]:
        vectors = self._model.vectors_read(1, self._model.read([profile]) if read is None else read)
        return np.asarray(clusters.place(vectors)[0], dtype=np.float32)

    def _name(self, cluster: int) -> tuple[Fact, ...]:
        return self._names[cluster] if cluster < len(self._names) else ()

    def _evidence(self, liked: int, both: int, score: float, main: Evidence, count: int) -> list[Evidence]:
        """The liked item that a score rests on, and the people of the user's cluster, where there are any."""
        item_ids = (self._catalog.items[liked].item_id,)
        followed = Evidence(NAME, EvidenceKind.CO_LIKED, item_ids=item_ids, count=both, score=score)
        return [*([followed] if isfinite(score) else ()), *([replace(main, count=count)] if count else ())]

    def _shared_taste(
        self, profile: Profile, read: Sequence[Read], rows: NDArray[np.int64]
    ) -> tuple[Evidence, list[int]]:
        """The user's cluster, and for each row how many people of it like it; 0 where the user is at home in none."""
        nothing = Evidence(NAME, EvidenceKind.CLUSTER), [0] * len(rows)
        if self._clusters is None or len(self._clusters) < 2:
            return nothing
        membership = self._membership(self._clusters, profile, read)
        main = int(membership.argmax())
        facts = self._name(main)
        liked = [self._catalog.items[row] for row in profile.items[profile.weights > 0].tolist()]
        shared = sum(any(holds(item, fact) for item in liked) for fact in facts)
        if membership[main] < AT_HOME or shared < max(1, min(IN_COMMON, len(facts))):
            return nothing
        words, share = label(facts, self._catalog), float(membership[main])
        told = Evidence(NAME, EvidenceKind.CLUSTER, value=words, score=share, facts=facts)
        return told, self._clusters.likes[main, rows].tolist()

    def _followed(self, profile: Profile, rows: NDArray[np.int64]) -> list[tuple[int, int, float]]:
        """For each row the liked row without which its score falls most, how many liked both, and by how much it falls.

        Among those that people liked with it; by -inf where there is none.
        """
        latest, effects = self._effects(profile)
        both = self._likers.both(latest, rows)
        ranked = np.where(both > 0, effects[:, rows], -np.inf)
        best, columns = ranked.argmax(axis=0), np.arange(len(rows))
        return list(
            zip(latest[best].tolist(), both[best, columns].tolist(), ranked[best, columns].tolist(), strict=True)
        )

    def _effects(self, profile: Profile) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """The newest liked rows, and by how much the scores of all items fall without each, shape (n, n_items).

        One network is asked instead of all: this only orders the reasons.
        """
        liked = np.flatnonzero(profile.weights > 0)[-LATEST:]
        short = np.arange(max(0, min(len(profile) - CONTEXT, int(liked[0]))), len(profile))
        variants = [_only(profile, short), *(_only(profile, short[short != row]) for row in liked)]
        one_net = replace(self._model, nets=self._model.nets[:1])
        scores = one_net.score(variants)
        with np.errstate(invalid="ignore"):
            effects = scores[0] - scores[1:]
        return profile.items[liked], np.nan_to_num(effects, nan=0.0, posinf=1.0, neginf=0.0)


def read_profile(catalog: Catalog, preference: Preference, history: UserHistory) -> Profile:
    """What is known of a user, oldest first, as the model reads it: what was liked just now ends it.

    What was disliked just now is left out: people also take what they dislike next to what is like it.
    """
    user = folded_profile(catalog, preference, history)
    times = user.profile.times.copy()
    times[user.said] = times[~user.said].max(initial=0.0) + SOON_S
    kept = ~user.said | user.liked
    return Profile(user.profile.items[kept], user.profile.weights[kept], times[kept])


def _taken(profile: Profile) -> Profile:
    """What was not disliked: all that the models of the log were fitted on."""
    kept = profile.weights >= 0
    return Profile(profile.items[kept], profile.weights[kept], profile.times[kept])


def _only(profile: Profile, kept: NDArray[np.int64]) -> Profile:
    return Profile(profile.items[kept], profile.weights[kept], profile.times[kept])
