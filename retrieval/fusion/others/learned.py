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
from retrieval.channels.profiles import told
from retrieval.datasets import Dataset
from retrieval.errors import IndexMissingError
from retrieval.features.trust import believed_features
from retrieval.fusion.others.attention import AttentionModel
from retrieval.fusion.others.examples import LEAST_PROFILE
from retrieval.fusion.others.fused import (
    ATTENTION,
    COMING,
    LATER,
    WHAT,
    FusedModel,
    FusionSettings,
    Look,
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
class Judged:
    """Candidates in the order in which someone is expected to take them."""

    model: FusedModel
    look: Look
    candidates: tuple[Candidate, ...]
    """Best first, each with its score under `TASTE`."""

    @property
    def dimensions(self) -> dict[str, float]:
        """How much each dimension of interest counts for this person, summing to 1."""
        attention = self.model.strategies.get(ATTENTION)
        if not isinstance(attention, AttentionModel):
            return _shares(self.model)
        found = attention.attention(self.look.features)[0]
        return {str(name): float(share) for name, share in zip(attention.dimensions, found, strict=True)}

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
        known = [one for one in item_ids if one in catalog and catalog.row(one) in place]
        places = np.asarray([place[catalog.row(one)] for one in known], dtype=np.int64)
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
    ) -> Judged | None:
        """What the channels brought, in the order of this person's taste; None where too little is known of it.

        It was learned from pasts of at least `LEAST_PROFILE` items; adding up the lists serves those who named fewer.

        Items that were disliked are left out of the profile: as a guess at what someone takes next a badly rated item
        is as good as any, but in a conversation it must not attract.
        """
        profile = self.profile(preference, history)
        ids = dict.fromkeys(one.item_id for found in by_channel.values() for one in found)
        known = [one for one in ids if one in self._catalog]
        if len(profile) < LEAST_PROFILE or not known:
            return None
        look = self._model.look(profile, self._catalog.rows(known))
        order = np.argsort(-look.scores, kind="stable")
        found = tuple(Candidate(known[i], {TASTE: float(look.scores[i])}) for i in order.tolist())
        return Judged(self._model, look, found)

    def profile(self, preference: Preference, history: UserHistory) -> Profile:
        """What this person took and did not dislike, oldest first; what was said just now is the newest."""
        user = told(self._catalog, preference, history)
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
    one = model_settings or FusionSettings(seed=settings.seed)
    one = replace(one, strategy=wanted, strategies=tuple(dict.fromkeys((WEIGHTED, ATTENTION, wanted))))
    steps = 2 * len(one.members) + 1
    done: list[str] = []

    def tell(what: str, part: int, whole: int) -> None:
        if part >= whole:
            done.append(what)
            progress(NAME, min(len(done), steps), steps)

    read = believed_features(settings.data_dir, dataset.catalog, settings.language_model_channel)
    if read is None:
        logger.info("no language model has read the items: the fusion does without (have one read: reconteur features)")
    log, side = Log.of_dataset(dataset), item_side(dataset.catalog, vectors, read)
    if wanted in (LATER, COMING):
        from retrieval.fusion.others.later import fit_coming, fit_later

        likes = log.likes()
        model = fit_later(likes, side, progress=tell) if wanted == LATER else fit_coming(likes, side, tell)
    else:
        model = fit_fusion(log, side, one, tell)
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


def _parts(model: FusedModel, look: Look, places: NDArray[np.int64]) -> tuple[tuple[str, ...], NDArray[np.float32]]:
    """Names of dimensions, and what each adds for the candidates at some places, shape (len(places), n_names)."""
    features, strategy, attention = look.features, model.strategy, model.strategies.get(ATTENTION)
    if isinstance(strategy, RankerModel):
        chosen = Features(features.rows[:, places], features.values[:, places], features.people, features.members)
        names, by_feature = model.feature_names(), strategy.shares(chosen)[0]
        speaks_for = dimensions_of(names)
        found = {one: [i for i, name in enumerate(names) if speaks_for.get(name) == one] for one in Dimension}
        heard = {one: columns for one, columns in found.items() if columns}
        summed = np.stack([by_feature[:, columns].sum(axis=1) for columns in heard.values()], axis=1)
        return tuple(map(str, heard)), summed
    if isinstance(attention, AttentionModel):
        parts = attention.parts(features)[0] if look.parts is None else look.parts
        return tuple(map(str, attention.dimensions)), np.asarray(parts[places] - parts.mean(axis=0), dtype=np.float32)
    if isinstance(strategy, WeightedModel):
        kinds = _kinds(model, strategy)
        added = features.values[0, :, : len(strategy.weights)] * strategy.weights
        distinct = tuple(dict.fromkeys(kinds))
        summed = np.stack([added[:, [kind == one for kind in kinds]].sum(axis=1) for one in distinct], axis=1)
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
    found: dict[str, float] = {}
    for kind, weight in zip(_kinds(model, strategy), strategy.weights.tolist(), strict=True):
        found[kind] = found.get(kind, 0.0) + weight / total
    return {name: share for name, share in found.items() if share > 0}
