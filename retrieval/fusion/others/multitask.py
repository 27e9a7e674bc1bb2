"""Several tasks learned together: what is taken next, and how it will be rated, from layers they share and own ones.

Each task has its own network beside the shared one, and a gate per task that mixes the two by what it sees.
Source of the gates: Ma et al., "Modeling Task Relationships in Multi-task Learning with Multi-gate
Mixture-of-Experts", KDD 2018, doi:10.1145/3219819.3220007.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from retrieval.fusion.others.layers import Scale, load_layers, relu, save_layers, train_seeds
from retrieval.models.features import Features
from retrieval.resources import Progress, silent

if TYPE_CHECKING:
    import torch

NAME = "multitask"
WHAT = "multi-task fusion"
TASKS = ("next", "rating")


@dataclass(frozen=True, slots=True)
class MultiTaskSettings:
    """Chosen on the validation interactions of protocol one (docs/recommender.md)."""

    width: int = 32
    rating_weight: float = 0.3
    """Loss of the rating, relative to that of what is taken next."""
    liking: float = 0.0
    """How much an expected rating raises a candidate's score; 0 ranks by what is taken next alone."""
    epochs: int = 20
    batch: int = 64
    rate: float = 3e-3
    decay: float = 1e-3
    seeds: int = 3
    """Networks trained and averaged."""
    seed: int = 0


@dataclass(frozen=True)
class MultiTaskModel:
    """Trained networks; the arrays hold those of all seeds, stacked along the first axis."""

    settings: MultiTaskSettings
    arrays: Mapping[str, NDArray[np.float32]]

    @property
    def name(self) -> str:
        """The name of this strategy."""
        return NAME

    def rank(self, features: Features) -> NDArray[np.float32]:
        """Scores of the candidates, shape (n, m)."""
        taken = self._task(features, 0)
        return taken if self.settings.liking == 0 else taken + self.settings.liking * self.ratings(features)

    def ratings(self, features: Features) -> NDArray[np.float32]:
        """How each candidate would be liked, shape (n, m), about -1..1."""
        return self._task(features, 1)

    def save(self, folder: Path) -> None:
        """Write the networks into an existing folder."""
        save_layers(folder, self.arrays, {"settings": asdict(self.settings)})

    @classmethod
    def load(cls, folder: Path) -> "MultiTaskModel":
        """Read what `save` wrote.

        Raises:
            IndexMissingError: It is absent or damaged.
        """
        arrays, facts = load_layers(folder, WHAT)
        return cls(MultiTaskSettings(**facts["settings"]), arrays)  # type: ignore[arg-type]

    def _task(self, features: Features, task: int) -> NDArray[np.float32]:
        arrays = self.arrays
        values = Scale(arrays["mean"], arrays["deviation"])(features.values)
        total = np.zeros(features.rows.shape, dtype=np.float32)
        for seed in range(self.settings.seeds):
            shared = relu(values @ arrays["shared"][seed].T + arrays["shared_bias"][seed])
            own = relu(values @ arrays[f"own_{task}"][seed].T + arrays[f"own_bias_{task}"][seed])
            gate = 1.0 / (1.0 + np.exp(-(values @ arrays[f"gate_{task}"][seed] + arrays[f"gate_bias_{task}"][seed])))
            mixed = gate[..., None] * shared + (1.0 - gate[..., None]) * own
            total += mixed @ arrays[f"out_{task}"][seed] + values @ arrays[f"straight_{task}"][seed]
            total += arrays[f"out_bias_{task}"][seed]
        return np.asarray(total / self.settings.seeds, dtype=np.float32)


def fit(
    features: Features,
    taken: NDArray[np.bool_],
    liking: NDArray[np.float32],
    settings: MultiTaskSettings | None = None,
    progress: Progress = silent,
) -> MultiTaskModel:
    """Train both tasks at once: cross-entropy over the candidates, squared error of the rating of the one taken.

    Args:
        features: Candidates of some people, n x m of them.
        taken: Which candidate was taken next, one per line, shape (n, m).
        liking: How it was rated, -1 to 1, shape (n,).
        settings: How to train.
        progress: Told after each epoch.
    """
    import torch

    settings = settings or MultiTaskSettings()
    scale = Scale.of(features.values)
    values = torch.from_numpy(scale(features.values))
    target, rated = torch.from_numpy(taken.argmax(axis=1)), torch.from_numpy(liking.astype(np.float32))

    def loss_of(net: "torch.nn.Module", chosen: NDArray[np.int64]) -> "torch.Tensor":
        index = torch.from_numpy(chosen)
        following, rating = net(values[index])
        expected = rating.gather(1, target[index][:, None])[:, 0]
        wrong = torch.nn.functional.mse_loss(expected, rated[index])
        return torch.nn.functional.cross_entropy(following, target[index]) + settings.rating_weight * wrong

    stacked = train_seeds(
        lambda: _net(values.shape[-1], settings.width),
        loss_of,
        len(taken),
        settings,
        lambda done, total: progress(NAME, done, total),
    )
    return MultiTaskModel(settings, stacked | {"mean": scale.mean, "deviation": scale.deviation})


def _net(n_features: int, width: int) -> "torch.nn.Module":
    import torch

    class Net(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self._add("shared", (width, n_features), n_features)
            self._add("shared_bias", (width,), 0)
            for task in range(len(TASKS)):
                self._add(f"own_{task}", (width, n_features), n_features)
                self._add(f"own_bias_{task}", (width,), 0)
                self._add(f"gate_{task}", (n_features,), 0)
                self._add(f"gate_bias_{task}", (), 0)
                self._add(f"out_{task}", (width,), width)
                self._add(f"straight_{task}", (n_features,), 0)
                self._add(f"out_bias_{task}", (), 0)

        def _add(self, name: str, shape: tuple[int, ...], fan_in: int) -> None:
            """Uniform by the number of inputs; zeros where that is 0."""
            bound = 1.0 / np.sqrt(fan_in) if fan_in else 0.0
            self.register_parameter(name, torch.nn.Parameter((torch.rand(shape) * 2 - 1) * bound))

        def forward(self, values: torch.Tensor) -> list[torch.Tensor]:
            shared = torch.relu(
                torch.nn.functional.linear(values, self.get_parameter("shared"), self.get_parameter("shared_bias"))
            )
            outputs = []
            for task in range(len(TASKS)):
                part = {name: getattr(self, f"{name}_{task}") for name in ("own", "gate", "out", "straight")}
                own = torch.relu(values @ part["own"].T + getattr(self, f"own_bias_{task}"))
                gate = torch.sigmoid(values @ part["gate"] + getattr(self, f"gate_bias_{task}"))[..., None]
                mixed = gate * shared + (1 - gate) * own
                outputs.append(mixed @ part["out"] + values @ part["straight"] + getattr(self, f"out_bias_{task}"))
            return outputs

    return Net()
