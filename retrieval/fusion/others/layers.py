"""Small dense networks: trained with torch, used with numpy, kept as safetensors."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from retrieval.errors import IndexMissingError

if TYPE_CHECKING:
    import torch

WEIGHTS = "weights.safetensors"
SETTINGS = "settings.json"
Arrays = Mapping[str, NDArray[np.float32]]


@dataclass(frozen=True, slots=True)
class Scale:
    """Brings features to mean 0 and deviation 1, far ones to at most 5."""

    mean: NDArray[np.float32]
    deviation: NDArray[np.float32]

    @classmethod
    def of(cls, values: NDArray[np.float32]) -> "Scale":
        """The scale of the last axis."""
        flat = values.reshape(-1, values.shape[-1])
        if len(flat) == 0:
            return cls(np.zeros(values.shape[-1], dtype=np.float32), np.ones(values.shape[-1], dtype=np.float32))
        deviation = flat.std(axis=0, dtype=np.float64)
        mean = flat.mean(axis=0, dtype=np.float64)
        return cls(mean.astype(np.float32), np.where(deviation > 1e-6, deviation, 1.0).astype(np.float32))

    def __call__(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """The scaled values, in -5..5."""
        return np.asarray(((values - self.mean) / self.deviation).clip(-5.0, 5.0), dtype=np.float32)


def relu(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Negative values become 0."""
    return np.maximum(values, 0.0)


def save_layers(folder: Path, arrays: Arrays, facts: Mapping[str, object]) -> None:
    """Write weights as safetensors and facts as JSON into an existing folder."""
    from safetensors.numpy import save_file

    save_file({name: np.ascontiguousarray(array) for name, array in arrays.items()}, folder / WEIGHTS)
    (folder / SETTINGS).write_text(json.dumps(dict(facts), indent=1) + "\n", encoding="utf-8")


def load_layers(folder: Path, what: str) -> tuple[dict[str, NDArray[np.float32]], dict[str, object]]:
    """Read what `save_layers` wrote.

    Raises:
        IndexMissingError: It is absent or damaged.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        stored = json.loads((folder / SETTINGS).read_text(encoding="utf-8"))
        return dict(load_file(folder / WEIGHTS)), dict(stored)
    except (OSError, ValueError, TypeError, SafetensorError) as error:
        raise IndexMissingError(f"a damaged {what}", path=str(folder)) from error


class Training(Protocol):
    """How networks that are averaged are trained."""

    @property
    def epochs(self) -> int: ...  # noqa: D102
    @property
    def batch(self) -> int: ...  # noqa: D102
    @property
    def rate(self) -> float: ...  # noqa: D102
    @property
    def decay(self) -> float: ...  # noqa: D102
    @property
    def seeds(self) -> int: ...  # noqa: D102
    @property
    def seed(self) -> int: ...  # noqa: D102


def train_seeds(
    make_net: Callable[[], "torch.nn.Module"],
    loss_of: Callable[["torch.nn.Module", NDArray[np.int64]], "torch.Tensor"],
    n: int,
    settings: Training,
    tell: Callable[[int, int], None],
) -> dict[str, NDArray[np.float32]]:
    """Train one network per seed.

    Args:
        make_net: A new network.
        loss_of: The mean loss of a network on some examples by their numbers.
        n: How many examples there are.
        settings: How to train.
        tell: Called after each epoch with how many are done and how many there are, over all seeds.

    Returns:
        The weights by name, those of all seeds stacked along the first axis.
    """
    import torch

    arrays: dict[str, list[NDArray[np.float32]]] = {}
    for number in range(settings.seeds):
        torch.manual_seed(settings.seed + number)
        net = make_net()
        train(
            net,
            partial(loss_of, net),
            n,
            epochs=settings.epochs,
            batch=settings.batch,
            rate=settings.rate,
            decay=settings.decay,
            seed=settings.seed + number,
            tell=lambda done, total, number=number: tell(number * total + done, settings.seeds * total),  # type: ignore[misc]
        )
        for name, tensor in net.state_dict().items():
            arrays.setdefault(name, []).append(tensor.numpy().copy())
    return {name: np.stack(per_seed) for name, per_seed in arrays.items()}


def train(
    module: "torch.nn.Module",
    loss_of: Callable[[NDArray[np.int64]], "torch.Tensor"],
    n: int,
    *,
    epochs: int,
    batch: int,
    rate: float,
    decay: float,
    seed: int,
    tell: Callable[[int, int], None],
) -> None:
    """Adam with a falling rate over batches of examples.

    Args:
        module: What is trained, in place.
        loss_of: The mean loss of some examples by their numbers.
        n: How many examples there are.
        epochs: Passes over them.
        batch: Examples per step.
        rate: The first learning rate; it falls to 0 along a cosine.
        decay: Weight decay.
        seed: Of the order.
        tell: Called after each epoch with how many are done and how many there are.
    """
    import torch

    steps = epochs * max(1, -(-n // batch))
    updates = torch.optim.AdamW(module.parameters(), lr=rate, weight_decay=decay)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(updates, steps)
    for epoch in range(epochs):
        for chosen in _batches(n, batch, np.random.default_rng([seed, epoch])):
            loss = loss_of(chosen)
            updates.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            updates.step()
            schedule.step()
        tell(epoch + 1, epochs)


def _batches(n: int, batch: int, rng: np.random.Generator) -> Iterator[NDArray[np.int64]]:
    order = rng.permutation(n).astype(np.int64)
    for begin in range(0, n, batch):
        yield order[begin : begin + batch]
