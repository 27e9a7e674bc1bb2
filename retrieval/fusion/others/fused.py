"""The whole: models that each know something, and a learned strategy that makes one score of theirs.

`fit_fusion` sees one log and nothing else. To learn the strategy it fits the models without everyone's last
interactions and guesses those; then it fits the models again on all of the log.
"""

import json
import logging
from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from retrieval.errors import IndexMissingError
from retrieval.fusion.others import attention, multitask, ranker
from retrieval.fusion.others.attention import AttentionModel, AttentionSettings
from retrieval.fusion.others.examples import AT_ONCE, Examples, best_open, gather, moments, score_all
from retrieval.fusion.others.members import MEMBERS, SavableModel
from retrieval.fusion.others.multitask import MultiTaskModel, MultiTaskSettings
from retrieval.fusion.others.ranker import RankerMissingError, RankerModel, RankerSettings
from retrieval.fusion.others.weighted import (
    RECIPROCAL_RANK,
    VOTES,
    WEIGHTED,
    VotingModel,
    WeightedModel,
    fit_weights,
    usual_weights,
)
from retrieval.models import popularity_now
from retrieval.models.features import Dimension, Features, ItemFacts, ItemSide, feature_names, make_features, open_items
from retrieval.models.log import Log, Profile
from retrieval.resources import Progress, load_arrays, save_arrays, silent

NAME = "fusion"
WHAT = "learned fusion"
CASCADE, RANKER, ATTENTION, MULTITASK = "cascade", "ranker", "attention", "multitask"
STRATEGIES = (WEIGHTED, RECIPROCAL_RANK, VOTES, CASCADE, RANKER, ATTENTION, MULTITASK)
"""All ways to fuse."""
PLAIN = frozenset((WEIGHTED, RECIPROCAL_RANK, VOTES))
LONG_TERM = "later"
"""A weighted sum whose weights were learned from what people took much later (`retrieval.fusion.others.long_term`)."""
POPULARITY_NOW = "coming"
"""A weighted sum around what is popular for those who come, or come back, now (`retrieval.fusion.others.long_term`)."""
STORED = (WEIGHTED, RANKER, ATTENTION, MULTITASK)
"""Those that have something to write to disk."""
SETTINGS = "settings.json"
LEAST_EXAMPLES = 300
"""With fewer moments to learn from, the weighted sum with its usual weights stands in for everything learned."""

Fitted = MutableMapping[tuple[str, int], SavableModel]
"""Models by name and by how many last interactions they were fitted without; lets several fusions share them."""

NOBODY = Profile(np.zeros(0, np.int64), np.zeros(0, np.float32), np.zeros(0))

log_ = logging.getLogger(__name__)


class Strategy(Protocol):
    """A way to make one score of many."""

    @property
    def name(self) -> str:
        """Its name in the settings."""
        ...

    def rank(self, features: Features) -> NDArray[np.float32]:
        """Scores of the candidates, shape (n, m), higher is better."""
        ...


@dataclass(frozen=True, slots=True)
class FusionSettings:
    """Chosen on the validation interactions of protocol one (docs/recommender.md)."""

    members: tuple[str, ...] = (
        "ease",
        "ease_plain",
        "ease_liked",
        "transitions",
        "sessions",
        "trend",
        "items",
        "als",
        "facts",
        "texts",
    )
    strategy: str = ATTENTION
    """The one that `FusedModel.score` uses."""
    strategies: tuple[str, ...] = STRATEGIES
    """Those that are fitted; the weighted sum always is."""
    cuts: int = 5
    """Each person's last so many interactions are guessed to learn from."""
    pool: int = 200
    """Best candidates of a person that are looked at closely."""
    most_examples: int = 6000
    short: float = 0.5
    """Share of the examples that come again with only the newest entries of the past: people who just arrived."""
    seed: int = 0
    ranker: RankerSettings = field(default_factory=RankerSettings)
    attention: AttentionSettings = field(default_factory=AttentionSettings)
    multitask: MultiTaskSettings = field(default_factory=MultiTaskSettings)


@dataclass(frozen=True)
class Cascade:
    """A cheap first choice, then a closer look at the best of it."""

    first: WeightedModel
    second: Strategy
    looked_at: int = 50

    @property
    def name(self) -> str:
        """The name of this strategy."""
        return CASCADE

    def rank(self, features: Features) -> NDArray[np.float32]:
        """Scores of the candidates, shape (n, m): the best `looked_at` by the second model, the others below."""
        cheap = self.first.rank(features)
        order = np.argsort(-cheap, axis=1, kind="stable")[:, : self.looked_at]
        line = np.arange(len(features))[:, None]
        closer = Features(features.rows[line, order], features.values[line, order], features.people, features.members)
        dear = self.second.rank(closer)
        lowest = dear.min(axis=1, keepdims=True, initial=np.inf) if dear.size else np.zeros((len(features), 1))
        merged = np.minimum(cheap - cheap.max(axis=1, keepdims=True, initial=-np.inf) - 1.0, -1.0) + lowest
        np.put_along_axis(merged, order, dear, axis=1)
        return np.asarray(merged, dtype=np.float32)


@dataclass(frozen=True, slots=True)
class CandidateScores:
    """A close look at some candidates of one person."""

    features: Features
    scores: NDArray[np.float32]
    """Shape (m,)."""
    inside: NDArray[np.bool_]
    """Which of them are among the best that the strategy was made for, shape (m,)."""
    parts: NDArray[np.float32] | None
    """What each dimension of the attention adds, shape (m, n_dimensions); None where it did not rank."""


@dataclass(frozen=True)
class FusedModel:
    """Fitted members and strategies; itself a `Model`."""

    settings: FusionSettings
    members: Mapping[str, SavableModel]
    strategies: Mapping[str, Strategy]
    side: ItemSide
    facts: ItemFacts
    notices: tuple[str, ...] = ()
    """Why something stands in for the strategy that was asked for; empty where all is well."""

    @property
    def name(self) -> str:
        """The key of this model's scores."""
        return NAME

    @property
    def n_items(self) -> int:
        """Rows of the catalog."""
        return len(self.facts.counts)

    @property
    def strategy(self) -> Strategy:
        """The one in use: the one of the settings, else the next best that is there."""
        best = (self.settings.strategy, ATTENTION, MULTITASK, WEIGHTED)
        return next(self.strategies[name] for name in best if name in self.strategies)

    @property
    def is_learned(self) -> bool:
        """Whether there was enough to learn from."""
        return self.settings.strategy in (LONG_TERM, POPULARITY_NOW) or bool(set(self.strategies) - PLAIN)

    @property
    def offers(self) -> frozenset[str]:
        """The names under which this model can be used."""
        return frozenset((*self.strategies, self.settings.strategy)) if self.is_learned else frozenset(self.strategies)

    def using(self, strategy: str) -> "FusedModel":
        """The same with another of its strategies.

        Raises:
            KeyError: It was not fitted.
        """
        if strategy not in self.strategies:
            raise KeyError(f"expected one of {', '.join(self.strategies)}, found {strategy!r}")
        return replace(self, settings=replace(self.settings, strategy=strategy))

    def score(self, profiles: Sequence[Profile]) -> NDArray[np.float32]:
        """Scores of all items, shape (len(profiles), n_items): candidates by the strategy, the others below them."""
        parts = [self._score(profiles[begin : begin + AT_ONCE]) for begin in range(0, len(profiles), AT_ONCE)]
        return np.concatenate([np.zeros((0, self.n_items), dtype=np.float32), *parts])

    def features(self, profiles: Sequence[Profile], rows: NDArray[np.int64]) -> Features:
        """What the strategies look at, for some candidates of each person, rows of shape (n, m)."""
        return make_features(score_all(self.members, profiles), profiles, rows, self.side, self.facts)

    def look(self, profile: Profile, rows: NDArray[np.int64]) -> CandidateScores:
        """Score some candidates of one person, rows of shape (m,), as `score` would.

        The strategy has only ever seen people's best candidates. What is further down is ordered below these by the sum
        that chose them, not by what the strategy makes of things that it does not know.
        """
        calibrated = score_all(self.members, [profile])
        best, total = best_open(
            calibrated, _recalling(self.members), open_items([profile], self.n_items), self.settings.pool
        )
        features = make_features(calibrated, [profile], rows[None, :], self.side, self.facts)
        strategy = self.strategy
        parts = strategy.parts(features)[0] if isinstance(strategy, AttentionModel) else None
        scores = strategy.rank(features)[0] if parts is None else parts.sum(axis=1)
        inside = np.isin(rows, best[0])
        rest = total[0, rows]
        highest = rest[~inside].max(initial=-np.inf)
        below = scores[inside].min(initial=0.0) - 1.0 + rest - (highest if np.isfinite(highest) else 0.0)
        return CandidateScores(features, np.where(inside, scores, below).astype(np.float32), inside, parts)

    def feature_names(self) -> tuple[str, ...]:
        """The columns of `Features.values`."""
        return feature_names(tuple(self.members), self.side.numbers.shape[1])

    def save(self, folder: Path) -> None:
        """Write everything but the item side into an existing folder."""
        for name, member in self.members.items():
            (folder / "members" / name).mkdir(parents=True)
            member.save(folder / "members" / name)
        for name in STORED:
            if name in self.strategies:
                (folder / "strategies" / name).mkdir(parents=True)
                self.strategies[name].save(folder / "strategies" / name)  # type: ignore[attr-defined]
        save_arrays(folder, {"counts": self.facts.counts, "liking": self.facts.liking})
        kept = {
            "members": list(self.members),
            "strategy": self.settings.strategy,
            "pool": self.settings.pool,
            "cuts": self.settings.cuts,
            "short": self.settings.short,
            "seed": self.settings.seed,
            "notices": list(self.notices),
        }
        (folder / SETTINGS).write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, folder: Path, side: ItemSide) -> "FusedModel":
        """Read what `save` wrote; a strategy whose library is missing is left out with a notice.

        Raises:
            IndexMissingError: It is absent, damaged, or made for another catalog.
        """
        arrays = load_arrays(folder, WHAT, ("counts", "liking"))
        try:
            kept = json.loads((folder / SETTINGS).read_text(encoding="utf-8"))
            names = [str(name) for name in kept["members"]]
            settings = FusionSettings(members=tuple(names), strategy=str(kept["strategy"]), pool=int(kept["pool"]))
            members = {name: MEMBERS[name].load(folder / "members" / name) for name in names}
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise IndexMissingError(f"a damaged {WHAT}", path=str(folder)) from error
        facts = ItemFacts(arrays["counts"].astype(np.int64), arrays["liking"].astype(np.float32))
        if len(facts.counts) != side.facts.shape[0]:
            raise IndexMissingError(f"a {WHAT} made for another catalog", path=str(folder))
        weighted = WeightedModel.load(folder / "strategies" / WEIGHTED)
        strategies, notices = _plain(weighted), [str(notice) for notice in kept.get("notices", [])]
        if (folder / "strategies" / ATTENTION).is_dir():
            strategies[ATTENTION] = AttentionModel.load(folder / "strategies" / ATTENTION)
        if (folder / "strategies" / MULTITASK).is_dir():
            strategies[MULTITASK] = MultiTaskModel.load(folder / "strategies" / MULTITASK)
        if (folder / "strategies" / RANKER).is_dir():
            try:
                strategies |= _with_ranker(weighted, RankerModel.load(folder / "strategies" / RANKER))
            except RankerMissingError as error:
                notices.append(error.public)
        return cls(settings, members, strategies, side, facts, tuple(notices))

    def _score(self, profiles: Sequence[Profile]) -> NDArray[np.float32]:
        calibrated = score_all(self.members, profiles)
        is_open = open_items(profiles, self.n_items)
        rows, total = best_open(calibrated, _recalling(self.members), is_open, self.settings.pool)
        features = make_features(calibrated, profiles, rows, self.side, self.facts)
        ranked = self.strategy.rank(features)
        below = np.where(np.isfinite(total), total, 0.0)
        below -= below.max(axis=1, keepdims=True, initial=0.0)
        scores = below + (ranked.min(axis=1, keepdims=True) - 1.0 if rows.size else 0.0)
        np.put_along_axis(scores, rows, ranked, axis=1)
        # nobody to learn from: what most people took; learned on people with a past, the strategies cannot tell
        scores[np.asarray([len(profile) == 0 for profile in profiles], dtype=np.bool_)] = self._popular()
        return np.where(is_open & self._known(), scores, -np.inf).astype(np.float32)

    def _popular(self) -> NDArray[np.float64]:
        """How popular each item is: with newcomers, where a member knows, else ever; shape (n_items,)."""
        if popularity_now.NAME not in self.members:
            return np.asarray(np.log1p(self.facts.counts), dtype=np.float64)
        lately = self.members[popularity_now.NAME].score([NOBODY])[0].astype(np.float64)
        known = np.isfinite(lately)
        return np.asarray(np.where(known, lately, lately[known].min(initial=0.0) - 1.0), dtype=np.float64)

    def _known(self) -> NDArray[np.bool_]:
        """Items that someone took, or that have a description."""
        known = self.facts.counts > 0
        return known if self.side.vectors is None else known | self.side.vectors.any(axis=1)


def fit_fusion(
    train_log: Log,
    item_side: ItemSide,
    settings: FusionSettings | None = None,
    progress: Progress = silent,
    *,
    fitted: Fitted | None = None,
) -> FusedModel:
    """Learn to fuse.

    Args:
        train_log: All that may be known; nothing else is read.
        item_side: What is known of the items without interactions.
        settings: Which models and strategies.
        progress: Told what is being fitted.
        fitted: Models that were fitted on this very log before; filled with those that are fitted now.
    """
    settings = settings or FusionSettings()
    fitted = {} if fitted is None else fitted
    rng = np.random.default_rng(settings.seed)
    cases = moments(train_log, settings.cuts, settings.most_examples, rng, short=settings.short)
    members = _fit_members(train_log, item_side, settings, progress, fitted, without=0)
    facts = ItemFacts.of(train_log)
    if len(cases) < LEAST_EXAMPLES:
        notice = (
            f"expected at least {LEAST_EXAMPLES} interactions to learn the fusion from, found {len(cases)}: "
            "the weighted sum with its usual weights is used"
        )
        log_.info("%s", notice)
        weighted = usual_weights(tuple(members))
        return FusedModel(settings, members, _plain(weighted), item_side, facts, (notice,))
    earlier = train_log.without_last(settings.cuts)
    past = _fit_members(earlier, item_side, settings, progress, fitted, without=settings.cuts)
    examples = gather(
        cases,
        past,
        _recalling(past),
        item_side,
        ItemFacts.of(earlier),
        pool=settings.pool,
    )
    strategies, notices = fit_strategies(examples, item_side, settings, progress)
    return FusedModel(settings, members, strategies, item_side, facts, notices)


def fit_strategies(
    examples: Examples, side: ItemSide, settings: FusionSettings, progress: Progress = silent
) -> tuple[dict[str, Strategy], tuple[str, ...]]:
    """All strategies of the settings by name, and a notice for each that could not be fitted."""
    features, taken = examples.features, examples.taken
    weighted = fit_weights(features, taken, progress=progress)
    strategies = _plain(weighted)
    notices: list[str] = []
    names = feature_names(features.members, side.numbers.shape[1])
    if ATTENTION in settings.strategies:
        columns = attention.columns_of(names, dimensions_of(names))
        strategies[ATTENTION] = attention.fit(features, taken, columns, settings.attention, progress)
    if MULTITASK in settings.strategies:
        strategies[MULTITASK] = multitask.fit(features, taken, examples.liking, settings.multitask, progress)
    if {RANKER, CASCADE} & set(settings.strategies):
        try:
            strategies |= _with_ranker(weighted, ranker.fit(features, taken, settings.ranker, progress, names=names))
        except RankerMissingError as error:
            log_.warning("%s", error)
            notices.append(error.public)
    return strategies, tuple(notices)


def dimensions_of(names: Sequence[str]) -> dict[str, Dimension]:
    """Which dimension of interest each feature speaks for; what describes the person speaks for none."""
    dimensions = {name: MEMBERS[name].dimension for name in names if name in MEMBERS}
    dimensions |= {f"place_{name}": dimension for name, dimension in dimensions.items()}
    dimensions |= {"count": Dimension.COLLABORATIVE, "liking": Dimension.SENTIMENT}
    return dimensions | {name: Dimension.CONTENT for name in names if name.startswith("number")}


def _fit_members(
    log: Log, side: ItemSide, settings: FusionSettings, progress: Progress, fitted: Fitted, *, without: int
) -> dict[str, SavableModel]:
    for name in settings.members:
        if (name, without) not in fitted:
            fitted[name, without] = MEMBERS[name].fit(log, side, progress)
    return {name: fitted[name, without] for name in settings.members}


def _recalling(members: Mapping[str, SavableModel]) -> tuple[str, ...]:
    return tuple(name for name in members if MEMBERS[name].recalls)


def _plain(weighted: WeightedModel) -> dict[str, Strategy]:
    """The strategies that need only weights."""
    strategies: dict[str, Strategy] = {WEIGHTED: weighted}
    return strategies | {
        kind: VotingModel(weighted.members, weighted.weights, kind) for kind in (RECIPROCAL_RANK, VOTES)
    }


def _with_ranker(weighted: WeightedModel, trees: RankerModel) -> dict[str, Strategy]:
    return {RANKER: trees, CASCADE: Cascade(weighted, trees)}
