"""A learned ranker: gradient-boosted trees over calibrated scores and facts, several seeds averaged.

Stored as LightGBM's own text. LightGBM is imported only when a ranker is fitted or loaded.
Source: Burges, "From RankNet to LambdaRank to LambdaMART", MSR-TR-2010-82; Ke et al., "LightGBM", NeurIPS 2017. The
share of each feature in a score: Lundberg et al., Nature Machine Intelligence 2020, doi:10.1038/s42256-019-0138-9.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from retrieval.errors import IndexMissingError, RecommenderError
from retrieval.models.features import Features
from retrieval.resources import Progress, silent

if TYPE_CHECKING:
    from lightgbm import Booster

NAME = "ranker"
WHAT = "learned ranker"
TREES = "trees-{}.txt"
SETTINGS = "settings.json"
MANY = 100_000
"""Candidates; with fewer, a second thread only waits."""


class RankerMissingError(RecommenderError):
    """LightGBM cannot be imported."""


@dataclass(frozen=True, slots=True)
class RankerSettings:
    """Chosen on the validation interactions of protocol one (docs/recommender.md)."""

    objective: Literal["binary", "lambdarank"] = "binary"
    """Each candidate alone (cross-entropy), or the order of each person's candidates."""
    trees: int = 200
    leaves: int = 15
    rate: float = 0.05
    least_in_leaf: int = 200
    """Candidates per leaf; fewer where there are few examples."""
    seeds: int = 3
    """Rankers fitted and averaged."""
    seed: int = 0


@dataclass(frozen=True)
class RankerModel:
    """Fitted trees."""

    settings: RankerSettings
    boosters: tuple["Booster", ...]

    @property
    def name(self) -> str:
        """The name of this strategy."""
        return NAME

    def rank(self, features: Features) -> NDArray[np.float32]:
        """Scores of the candidates, shape (n, m): log-odds of being taken next, up to a constant."""
        flat = features.values.reshape(-1, features.values.shape[-1])
        if len(flat) == 0:
            return np.zeros(features.rows.shape, dtype=np.float32)
        predictions = [np.asarray(booster.predict(flat, raw_score=True, num_threads=1)) for booster in self.boosters]
        return np.asarray(np.mean(predictions, axis=0), dtype=np.float32).reshape(features.rows.shape)

    def shares(self, features: Features) -> NDArray[np.float32]:
        """What each feature adds to each candidate's score (SHAP values), shape (n, m, f)."""
        width = features.values.shape[-1]
        flat = features.values.reshape(-1, width)
        contributions = [
            np.asarray(booster.predict(flat, pred_contrib=True, num_threads=1)) for booster in self.boosters
        ]
        mean = np.asarray(np.mean(contributions, axis=0), dtype=np.float32)
        return mean[:, :width].reshape(*features.rows.shape, width)

    def save(self, folder: Path) -> None:
        """Write the trees as text into an existing folder."""
        for number, booster in enumerate(self.boosters):
            booster.save_model(folder / TREES.format(number))
        (folder / SETTINGS).write_text(json.dumps(asdict(self.settings), indent=1) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> "RankerModel":
        """Read what `save` wrote.

        Raises:
            IndexMissingError: It is absent or damaged.
            RankerMissingError: LightGBM cannot be imported.
        """
        lightgbm = _lightgbm()
        try:
            settings = RankerSettings(**json.loads((folder / SETTINGS).read_text(encoding="utf-8")))
            texts = [(folder / TREES.format(i)).read_text(encoding="utf-8") for i in range(settings.seeds)]
            boosters = tuple(lightgbm.Booster(model_str=text) for text in texts)
        except (OSError, ValueError, TypeError, lightgbm.basic.LightGBMError) as error:
            raise IndexMissingError(f"a damaged {WHAT}", path=str(folder)) from error
        return cls(settings, boosters)


def fit(
    features: Features,
    taken: NDArray[np.bool_],
    settings: RankerSettings | None = None,
    progress: Progress = silent,
    *,
    names: Sequence[str] = (),
) -> RankerModel:
    """Grow trees that tell the candidate that was taken from the others.

    Args:
        features: Candidates of some people, n x m of them.
        taken: Which candidate was taken next, shape (n, m).
        settings: How to grow them.
        progress: Told after each seed.
        names: Of the features, for reading the stored text.

    Raises:
        RankerMissingError: LightGBM cannot be imported.
    """
    settings = settings or RankerSettings()
    lightgbm = _lightgbm()
    n, m, width = features.values.shape
    data = lightgbm.Dataset(
        features.values.reshape(-1, width),
        taken.astype(np.int32).ravel(),
        group=np.full(n, m),
        feature_name=list(names) if names else "auto",
        free_raw_data=False,
    )
    boosters = []
    for number in range(settings.seeds):
        progress(NAME, number, settings.seeds)
        boosters.append(lightgbm.train(_parameters(settings, n * m, number), data, settings.trees))
    progress(NAME, settings.seeds, settings.seeds)
    return RankerModel(settings, tuple(boosters))


def _parameters(settings: RankerSettings, n_rows: int, number: int) -> dict[str, Any]:
    return {
        "objective": settings.objective,
        "num_leaves": settings.leaves,
        "learning_rate": settings.rate,
        "min_data_in_leaf": max(1, min(settings.least_in_leaf, n_rows // 500)),
        "feature_fraction": 0.5,
        "bagging_fraction": 0.7,
        "bagging_freq": 1,
        "lambda_l2": 10.0,
        "seed": settings.seed + number,
        "deterministic": True,
        "force_col_wise": True,
        "num_threads": 2 if n_rows > MANY else 1,
        "verbosity": -1,
    }


def _lightgbm() -> Any:
    try:
        import lightgbm
    except (ImportError, OSError) as error:
        raise RankerMissingError(
            "expected the library lightgbm with OpenMP, found none that loads. Install it (pip install lightgbm; on "
            "Debian or Ubuntu: apt-get install libgomp1) and run again: reconteur build"
        ) from error
    return lightgbm
