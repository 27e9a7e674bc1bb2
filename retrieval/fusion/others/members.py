"""The models that a fusion is made of: by name, with the dimension of interest each one speaks for.

Heavy libraries are imported when a member that needs one is fitted or loaded.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from retrieval.models import (
    als,
    content,
    ease,
    facts,
    neighbors,
    popularity_now,
    sequential_rules,
    sessions,
    transitions,
    trend,
)
from retrieval.models.base import Model
from retrieval.models.features import Dimension, ItemSide
from retrieval.models.log import Log
from retrieval.resources import Progress


class SavableModel(Model, Protocol):
    """A model that can be written to disk."""

    def save(self, folder: Path) -> None:
        """Write the model into an existing folder."""
        ...


Fit = Callable[[Log, ItemSide, Progress], SavableModel]
Load = Callable[[Path], SavableModel]


@dataclass(frozen=True, slots=True)
class FusionMember:
    """One model of a fusion."""

    name: str
    dimension: Dimension
    fit: Fit
    load: Load
    recalls: bool = False
    """Chooses, with the others that do, which candidates are looked at more closely."""


PLAIN_EASE = ease.EaseSettings(ridge=300.0, nearness=0.0, recency=0.0)
LIKED_EASE = ease.EaseSettings(opinions=1.0, recency=0.3)
PLAIN_ITEMS = neighbors.NeighborSettings(of="item", k=100_000, recency=0.0, nearness=0.0)
ITEMS, USERS = neighbors.NeighborSettings(of="item"), neighbors.NeighborSettings(of="user")


def _fit_texts(log: Log, side: ItemSide, tell: Progress) -> SavableModel:
    return content.fit(np.zeros((log.n_items, 1), dtype=np.float32) if side.vectors is None else side.vectors)


def _fit_sequence(log: Log, side: ItemSide, tell: Progress) -> SavableModel:
    from retrieval.models import sequence
    from retrieval.models.sequence_features import stacked

    return sequence.fit(log, progress=tell, features=stacked(side.facts, side.numbers, side.vectors))


def _load_sequence(folder: Path) -> SavableModel:
    from retrieval.models import sequence

    return sequence.SequenceModel.load(folder)


def _fit_lightgcn(log: Log, side: ItemSide, tell: Progress) -> SavableModel:
    from retrieval.models import lightgcn

    return lightgcn.fit(log, side.holds(), progress=tell)


def _load_lightgcn(folder: Path) -> SavableModel:
    from retrieval.models import lightgcn

    return lightgcn.LightGcnModel.load(folder)


def _ease(settings: ease.EaseSettings) -> Fit:
    return lambda log, _, tell: ease.fit(log, settings, tell)


def _neighbors(settings: neighbors.NeighborSettings) -> Fit:
    return lambda log, _, tell: neighbors.fit(log, settings, tell)


_ALL = (
    FusionMember("ease", Dimension.COLLABORATIVE, _ease(ease.EaseSettings()), ease.EaseModel.load, recalls=True),
    FusionMember("ease_plain", Dimension.COLLABORATIVE, _ease(PLAIN_EASE), ease.EaseModel.load),
    FusionMember("ease_liked", Dimension.SENTIMENT, _ease(LIKED_EASE), ease.EaseModel.load),
    FusionMember(
        "transitions",
        Dimension.TIMELINESS,
        lambda log, _, tell: transitions.fit(log, None, tell),
        transitions.TransitionModel.load,
        recalls=True,
    ),
    FusionMember(
        "sessions",
        Dimension.TIMELINESS,
        lambda log, _, tell: sessions.fit(log, None, tell),
        sessions.SessionModel.load,
        recalls=True,
    ),
    FusionMember(
        "rules", Dimension.TIMELINESS, lambda log, _, __: sequential_rules.fit(log), sequential_rules.RuleModel.load
    ),
    FusionMember(
        "together",
        Dimension.COLLABORATIVE,
        lambda log, _, __: sequential_rules.fit(log, sequential_rules.TOGETHER),
        sequential_rules.RuleModel.load,
    ),
    FusionMember("trend", Dimension.TIMELINESS, lambda log, _, tell: trend.fit(log, None, tell), trend.TrendModel.load),
    FusionMember(
        "coming",
        Dimension.TIMELINESS,
        lambda log, _, tell: popularity_now.fit(log, None, tell),
        popularity_now.PopularityNowModel.load,
    ),
    FusionMember("items", Dimension.COLLABORATIVE, _neighbors(ITEMS), neighbors.ItemNeighbors.load),
    FusionMember("items_plain", Dimension.COLLABORATIVE, _neighbors(PLAIN_ITEMS), neighbors.ItemNeighbors.load),
    FusionMember("people", Dimension.COLLABORATIVE, _neighbors(USERS), neighbors.UserNeighbors.load),
    FusionMember("als", Dimension.COLLABORATIVE, lambda log, _, tell: als.fit(log, None, tell), als.AlsModel.load),
    FusionMember("sequence", Dimension.TIMELINESS, _fit_sequence, _load_sequence, recalls=True),
    FusionMember("lightgcn", Dimension.GRAPH, _fit_lightgcn, _load_lightgcn),
    FusionMember("facts", Dimension.GRAPH, lambda _, side, __: facts.fit(side.facts), facts.FactsModel.load),
    FusionMember("texts", Dimension.CONTENT, _fit_texts, content.ContentModel.load),
)
MEMBERS: Mapping[str, FusionMember] = {member.name: member for member in _ALL}
"""By name."""
CHEAP = (
    "ease",
    "ease_plain",
    "ease_liked",
    "transitions",
    "sessions",
    "trend",
    "items",
    "people",
    "als",
    "facts",
    "texts",
)
"""Those that are fitted in seconds."""
