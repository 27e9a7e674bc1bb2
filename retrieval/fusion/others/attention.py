"""Attention over the dimensions of interest: how much each counts for this person, and what each says of an item.

Each dimension's scores pass a small network of their own; a second network looks at the person (how much they did, how
fast, how they rate) and divides its attention among the dimensions by softmax. Trained by cross-entropy on what people
took next. Knows nothing of what a score is made of.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from retrieval.fusion.others.layers import Scale, load_layers, relu, save_layers, train_seeds
from retrieval.models.calibration import shares
from retrieval.models.features import Dimension, Features
from retrieval.resources import Progress, silent

if TYPE_CHECKING:
    import torch

NAME = "attention"
WHAT = "attention fusion"


@dataclass(frozen=True, slots=True)
class AttentionSettings:
    """Chosen on the validation interactions of protocol one (docs/recommender.md)."""

    width: int = 32
    """Of the network of each dimension, and of the one that looks at the person."""
    epochs: int = 16
    batch: int = 64
    rate: float = 5e-3
    decay: float = 1e-3
    seeds: int = 3
    """Networks trained and averaged."""
    seed: int = 0


@dataclass(frozen=True)
class AttentionModel:
    """Trained networks; the arrays hold those of all seeds, stacked along the first axis."""

    settings: AttentionSettings
    dimensions: tuple[Dimension, ...]
    """Those that some feature speaks for, in the order of the attention."""
    columns: tuple[tuple[int, ...], ...]
    """The features of each dimension."""
    arrays: Mapping[str, NDArray[np.float32]]

    @property
    def name(self) -> str:
        """The name of this strategy."""
        return NAME

    def rank(self, features: Features) -> NDArray[np.float32]:
        """Scores of the candidates, shape (n, m)."""
        parts = self.parts(features)
        return np.asarray(parts.sum(axis=-1), dtype=np.float32)

    def attention(self, features: Features) -> NDArray[np.float32]:
        """How much each dimension counts for each person, shape (n, n_dimensions), summing to 1."""
        people = Scale(self.arrays["people_mean"], self.arrays["people_deviation"])(features.people)
        attentions = [shares(self._query(people, seed)) for seed in range(self.settings.seeds)]
        return np.asarray(np.mean(attentions, axis=0), dtype=np.float32)

    def parts(self, features: Features) -> NDArray[np.float32]:
        """What each dimension adds to each candidate's score, shape (n, m, n_dimensions)."""
        people = Scale(self.arrays["people_mean"], self.arrays["people_deviation"])(features.people)
        values = Scale(self.arrays["mean"], self.arrays["deviation"])(features.values)
        total = np.zeros((*features.rows.shape, len(self.dimensions)), dtype=np.float32)
        for seed in range(self.settings.seeds):
            attention = shares(self._query(people, seed))
            for d, columns in enumerate(self.columns):
                total[..., d] += attention[:, None, d] * self._says(values[..., list(columns)], d, seed)
        return np.asarray(total / self.settings.seeds, dtype=np.float32)

    def save(self, folder: Path) -> None:
        """Write the networks into an existing folder."""
        facts = {
            "settings": asdict(self.settings),
            "dimensions": [str(dimension) for dimension in self.dimensions],
            "columns": [list(indexes) for indexes in self.columns],
        }
        save_layers(folder, self.arrays, facts)

    @classmethod
    def load(cls, folder: Path) -> "AttentionModel":
        """Read what `save` wrote.

        Raises:
            IndexMissingError: It is absent or damaged.
        """
        arrays, facts = load_layers(folder, WHAT)
        settings = AttentionSettings(**facts["settings"])  # type: ignore[arg-type]
        dimensions = tuple(Dimension(name) for name in facts["dimensions"])  # type: ignore[attr-defined]
        columns = tuple(tuple(indexes) for indexes in facts["columns"])  # type: ignore[attr-defined]
        return cls(settings, dimensions, columns, arrays)

    def _query(self, people: NDArray[np.float32], seed: int) -> NDArray[np.float32]:
        arrays = self.arrays
        hidden = relu(people @ arrays["query_in"][seed].T + arrays["query_in_bias"][seed])
        return np.asarray(hidden @ arrays["query_out"][seed].T + arrays["query_out_bias"][seed], dtype=np.float32)

    def _says(self, values: NDArray[np.float32], d: int, seed: int) -> NDArray[np.float32]:
        arrays = self.arrays
        hidden = relu(values @ arrays[f"in_{d}"][seed].T + arrays[f"in_bias_{d}"][seed])
        straight = values @ arrays[f"straight_{d}"][seed].T
        return np.asarray((hidden @ arrays[f"out_{d}"][seed].T + straight)[..., 0], dtype=np.float32)


def columns_of(names: Sequence[str], speaks_for: Mapping[str, Dimension]) -> dict[Dimension, tuple[int, ...]]:
    """The features of each dimension, by their names; dimensions that no feature speaks for are left out."""
    columns: dict[Dimension, list[int]] = {}
    for index, name in enumerate(names):
        if name in speaks_for:
            columns.setdefault(speaks_for[name], []).append(index)
    return {dimension: tuple(columns[dimension]) for dimension in Dimension if dimension in columns}


def fit(
    features: Features,
    taken: NDArray[np.bool_],
    columns: Mapping[Dimension, tuple[int, ...]],
    settings: AttentionSettings | None = None,
    progress: Progress = silent,
) -> AttentionModel:
    """Train the networks to choose what was taken among the candidates.

    Args:
        features: Candidates of some people, n x m of them.
        taken: Which candidate was taken next, one per line, shape (n, m).
        columns: The features of each dimension.
        settings: How to train.
        progress: Told after each epoch.
    """
    import torch

    settings = settings or AttentionSettings()
    scale, people_scale = Scale.of(features.values), Scale.of(features.people)
    values = torch.from_numpy(scale(features.values))
    people = torch.from_numpy(people_scale(features.people))
    target = torch.from_numpy(taken.argmax(axis=1))

    def loss_of(net: "torch.nn.Module", chosen: NDArray[np.int64]) -> "torch.Tensor":
        index = torch.from_numpy(chosen)
        return torch.nn.functional.cross_entropy(net(values[index], people[index]), target[index])

    stacked = train_seeds(
        lambda: _net(tuple(columns.values()), people.shape[1], settings.width),
        loss_of,
        len(taken),
        settings,
        lambda done, total: progress(NAME, done, total),
    )
    stacked |= {"mean": scale.mean, "deviation": scale.deviation}
    stacked |= {"people_mean": people_scale.mean, "people_deviation": people_scale.deviation}
    return AttentionModel(settings, tuple(columns), tuple(columns.values()), stacked)


def _net(columns: tuple[tuple[int, ...], ...], n_people: int, width: int) -> "torch.nn.Module":
    import torch

    class Net(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            for d, indexes in enumerate(columns):
                bound = 1.0 / np.sqrt(max(1, len(indexes)))
                self._add(f"in_{d}", (width, len(indexes)), bound)
                self._add(f"in_bias_{d}", (width,), 0.0)
                self._add(f"out_{d}", (1, width), 1.0 / np.sqrt(width))
                self._add(f"straight_{d}", (1, len(indexes)), bound)
            self._add("query_in", (width, n_people), 1.0 / np.sqrt(max(1, n_people)))
            self._add("query_in_bias", (width,), 0.0)
            self._add("query_out", (len(columns), width), 0.0)
            self._add("query_out_bias", (len(columns),), 0.0)

        def _add(self, name: str, shape: tuple[int, ...], bound: float) -> None:
            self.register_parameter(name, torch.nn.Parameter((torch.rand(shape) * 2 - 1) * bound))

        def forward(self, values: torch.Tensor, people: torch.Tensor) -> torch.Tensor:
            linear, parameter = torch.nn.functional.linear, self.get_parameter
            query = torch.relu(linear(people, parameter("query_in"), parameter("query_in_bias")))
            query = linear(query, parameter("query_out"), parameter("query_out_bias"))
            attention = torch.softmax(query, dim=-1)
            total = torch.zeros(values.shape[:2])
            for d, places in enumerate(columns):
                mine = values[..., list(places)]
                hidden = torch.relu(linear(mine, parameter(f"in_{d}"), parameter(f"in_bias_{d}")))
                says = linear(hidden, parameter(f"out_{d}")) + linear(mine, parameter(f"straight_{d}"))
                total = total + attention[:, None, d] * says[..., 0]
            return total

    return Net()
