"""The learned fusion at work: how much each dimension of interest counts for someone, and what they will take next.

Looks at what the channels brought, and only says in which order. What was asked for in words is not its business.
"""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from retrieval.candidates import Candidate
from retrieval.channels.profiles import folded_profile
from retrieval.datasets import Dataset
from retrieval.errors import IndexMissingError
from retrieval.features.trust import believed_features
from retrieval.fusion.others.attention import AttentionModel
from retrieval.fusion.others.examples import LEAST_PROFILE
from retrieval.fusion.others.fused import (
    ATTENTION,
    LONG_TERM,
    POPULARITY_NOW,
    WHAT,
    CandidateScores,
    FusedModel,
    FusionSettings,
    dimensions_of,
    fit_fusion,
)
from retrieval.fusion.others.ranker import RankerModel
from retrieval.fusion.others.weighted import WEIGHTED, WeightedModel
from retrieval.history import UserHistory
from retrieval.items import Catalog
from retrieval.measuring import train_hits
from retrieval.models.features import Dimension, Features, ItemSide
from retrieval.models.log import Log, Profile
from retrieval.models.side import item_side
from retrieval.preference import Preference
from retrieval.resources import Progress, require, silent, writing
from retrieval.settings import LEARNED, RetrievalSettings

NAME = "fusion"
TASTE = "taste"
"""The name of the learned fusion's scores beside those of the channels."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class FusionScores:
    """Candidates in the order in which someone is expected to take them."""

    model: FusedModel
    look: CandidateScores
    candidates: tuple[Candidate, ...]
    """Best first, each with its score under `TASTE`."""

    @property
    def dimensions(self) -> dict[str, float]:
        """How much each dimension of interest counts for this person, summing to 1."""
        attention = self.model.strategies.get(ATTENTION)
        if not isinstance(attention, AttentionModel):
            return _shares(self.model)
        shares = attention.attention(self.look.features)[0]
        return {str(name): float(share) for name, share in zip(attention.dimensions, shares, strict=True)}

    @property
    def parts_are(self) -> str:
        """What `parts` are: 'exact' summands, 'shap' values of trees, or an 'attention' network's summands.

        'attention_beside' where another strategy ranked that cannot tell, and the attention fitted beside it speaks.
        """
        strategy = self.model.strategy
        if isinstance(strategy, RankerModel):
            return "shap"
        if isinstance(self.model.strategies.get(ATTENTION), AttentionModel):
            return "attention" if isinstance(strategy, AttentionModel) else "attention_beside"
        return "exact" if isinstance(strategy, WeightedModel) else ""

    def parts(self, catalog: Catalog, item_ids: Iterable[str]) -> dict[str, dict[str, float]]:
        """By item, what each dimension adds to its score, compared with the mean of all candidates.

        Only for items that the strategy ranked itself: SHAP values where trees ranked, else what the attention says
        (also where the two tasks or the cascade ranked, which cannot tell).
        """
        rows, inside = self.look.features.rows[0].tolist(), self.look.inside.tolist()
        place = {row: i for i, (row, is_in) in enumerate(zip(rows, inside, strict=True)) if is_in}
        known = [item_id for item_id in item_ids if item_id in catalog and catalog.row(item_id) in place]
        places = np.asarray([place[catalog.row(item_id)] for item_id in known], dtype=np.int64)
        if len(places) == 0:
            return {}
        names, values = _parts(self.model, self.look, places)
        return {
            item_id: {name: float(value) for name, value in zip(names, line, strict=True)}
            for item_id, line in zip(known, values, strict=True)
        }


class LearnedFusion:
    """A fitted fusion over one catalog."""

    def __init__(self, catalog: Catalog, model: FusedModel, *, newest: float = 0.0) -> None:
        self._catalog = catalog
        self._model = model
        self._newest = newest

    @property
    def is_learned(self) -> bool:
        """Whether there was enough to learn from; where not, adding up the channels' lists is as good."""
        return self._model.is_learned

    @property
    def notices(self) -> tuple[str, ...]:
        """Why something stands in for the strategy of the settings; empty where all is well."""
        return self._model.notices

    @classmethod
    def open(cls, dataset: Dataset, settings: RetrievalSettings) -> "LearnedFusion":
        """Load what `build_fusion` wrote.

        Raises:
            IndexMissingError: It is absent, half-written, damaged, or made for other data.
        """
        folder = settings.data_dir / NAME
        require(folder, dataset.fingerprint, WHAT)
        model = FusedModel.load(folder, item_side(dataset.catalog))
        if model.is_learned and settings.fusion not in model.offers and not model.notices:
            raise IndexMissingError(f"a {WHAT} without the strategy {settings.fusion!r}", path=str(folder))
        if not model.is_learned:
            return cls(dataset.catalog, model)
        model = replace(model, settings=replace(model.settings, strategy=settings.fusion))
        return cls(dataset.catalog, model, newest=float(dataset.interactions.timestamps.max(initial=0.0)))

    def judge(
        self, by_channel: Mapping[str, Sequence[Candidate]], preference: Preference, history: UserHistory
    ) -> FusionScores | None:
        """What the channels brought, in the order of this person's taste; None where too little is known of it.

        It was learned from pasts of at least `LEAST_PROFILE` items; adding up the lists serves those who named fewer.

        Items that were disliked are left out of the profile: as a guess at what someone takes next a badly rated item
        is as good as any, but in a conversation it must not attract.
        """
        profile = self.profile(preference, history)
        ids = dict.fromkeys(candidate.item_id for channel_list in by_channel.values() for candidate in channel_list)
        known = [item_id for item_id in ids if item_id in self._catalog]
        if len(profile) < LEAST_PROFILE or not known:
            return None
        look = self._model.look(profile, self._catalog.rows(known))
        order = np.argsort(-look.scores, kind="stable")
        candidates = tuple(Candidate(known[i], {TASTE: float(look.scores[i])}) for i in order.tolist())
        return FusionScores(self._model, look, candidates)

    def profile(self, preference: Preference, history: UserHistory) -> Profile:
        """What this person took and did not dislike, oldest first; what was said just now is the newest."""
        user = folded_profile(self._catalog, preference, history)
        kept = user.profile.weights >= 0
        times = user.profile.times.copy()
        if not (user.profile.times[~user.said] > 0).any():
            times[user.said] = self._newest
        return Profile(user.profile.items[kept], user.profile.weights[kept], times[kept])


def build_fusion(
    dataset: Dataset,
    settings: RetrievalSettings,
    progress: Progress = silent,
    *,
    vectors: NDArray[np.float32] | None = None,
    model_settings: FusionSettings | None = None,
) -> None:
    """Fit the members and the strategy of the settings, and write them under data_dir/fusion.

    Args:
        dataset: What to learn from.
        settings: Which strategy; the attention is fitted beside it, since its weights are shown.
        progress: Told what is being fitted.
        vectors: Of the descriptions in row order, shape (n_items, width), where there are any.
        model_settings: How to fit.
    """
    wanted = settings.fusion if settings.fusion in LEARNED else ATTENTION
    fusion_settings = model_settings or FusionSettings(seed=settings.seed)
    fusion_settings = replace(
        fusion_settings, strategy=wanted, strategies=tuple(dict.fromkeys((WEIGHTED, ATTENTION, wanted)))
    )
    steps = 2 * len(fusion_settings.members) + 1
    done: list[str] = []

    def tell(what: str, part: int, whole: int) -> None:
        if part >= whole:
            done.append(what)
            progress(NAME, min(len(done), steps), steps)

    read = believed_features(settings.data_dir, dataset.catalog, settings.language_model_channel)
    if read is None:
        logger.info("no language model has read the items: the fusion does without (have one read: reconteur features)")
    log, side = Log.of_dataset(dataset), item_side(dataset.catalog, vectors, read)
    if wanted in (LONG_TERM, POPULARITY_NOW):
        from retrieval.fusion.others.long_term import fit_long_term, fit_popularity_now

        likes = log.likes()
        model = (
            fit_long_term(likes, side, progress=tell) if wanted == LONG_TERM else fit_popularity_now(likes, side, tell)
        )
    else:
        model = fit_fusion(log, side, fusion_settings, tell)
    facts: dict[str, str | int | float] = {"strategy": wanted, **train_hits(model, log.likes())}
    with writing(settings.data_dir / NAME, dataset.fingerprint, facts) as folder:
        model.save(folder)
    progress(NAME, steps, steps)


def check_fusion(dataset: Dataset, data_dir: Path) -> FusedModel:
    """What `build_fusion` wrote, where it is whole.

    Raises:
        IndexMissingError: It is not.
    """
    require(data_dir / NAME, dataset.fingerprint, WHAT)
    return FusedModel.load(data_dir / NAME, ItemSide.bare(len(dataset.catalog)))


def _parts(
    model: FusedModel, look: CandidateScores, places: NDArray[np.int64]
) -> tuple[tuple[str, ...], NDArray[np.float32]]:
    """Names of dimensions, and what each adds for the candidates at some places, shape (len(places), n_names)."""
    features, strategy, attention = look.features, model.strategy, model.strategies.get(ATTENTION)
    if isinstance(strategy, RankerModel):
        chosen = Features(features.rows[:, places], features.values[:, places], features.people, features.members)
        names, by_feature = model.feature_names(), strategy.shares(chosen)[0]
        speaks_for = dimensions_of(names)
        by_dimension = {
            dimension: [i for i, name in enumerate(names) if speaks_for.get(name) == dimension]
            for dimension in Dimension
        }
        heard = {dimension: columns for dimension, columns in by_dimension.items() if columns}
        summed = np.stack([by_feature[:, columns].sum(axis=1) for columns in heard.values()], axis=1)
        return tuple(map(str, heard)), summed
    if isinstance(attention, AttentionModel):
        parts = attention.parts(features)[0] if look.parts is None else look.parts
        return tuple(map(str, attention.dimensions)), np.asarray(parts[places] - parts.mean(axis=0), dtype=np.float32)
    if isinstance(strategy, WeightedModel):
        kinds = _kinds(model, strategy)
        added = features.values[0, :, : len(strategy.weights)] * strategy.weights
        distinct = tuple(dict.fromkeys(kinds))
        summed = np.stack(
            [added[:, [kind == dimension for kind in kinds]].sum(axis=1) for dimension in distinct], axis=1
        )
        return distinct, np.asarray(summed[places] - summed.mean(axis=0), dtype=np.float32)
    return (), np.zeros((len(places), 0), dtype=np.float32)


def _kinds(model: FusedModel, strategy: WeightedModel) -> tuple[str, ...]:
    """The dimension of interest that each member speaks for."""
    speaks_for = dimensions_of(model.feature_names())
    return tuple(str(speaks_for.get(name, Dimension.COLLABORATIVE)) for name in strategy.members)


def _shares(model: FusedModel) -> dict[str, float]:
    """How much each dimension counts in a weighted sum, summing to 1."""
    strategy = model.strategy
    if not isinstance(strategy, WeightedModel):
        return {}
    total = float(strategy.weights.sum()) or 1.0
    shares: dict[str, float] = {}
    for kind, weight in zip(_kinds(model, strategy), strategy.weights.tolist(), strict=True):
        shares[kind] = shares.get(kind, 0.0) + weight / total
    return {name: share for name, share in shares.items() if share > 0}
