"""Training of the sequence network: cross-entropy over all items that a person has not had yet. Imports torch.

Where there are very many items, over those of the batch and some drawn by lot, each logit less the log of how likely it
is among them (Bengio and Senecal, IEEE Transactions on Neural Networks 2008, doi:10.1109/TNN.2007.912312).
"""

import copy
import math
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.random import Generator
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from retrieval.models.sequence_net import FAR_BELOW, SequenceNet, Shape
from retrieval.models.sequence_windows import History, Window, batches, pad, taken, windows

if TYPE_CHECKING:
    from retrieval.models.sequence import SequenceSettings

BETAS = (0.9, 0.98)
WARM_STEPS = 50
LARGEST_GRADIENT = 1.0
MOST_AT_ONCE, DRAWN = 6000, 2000
"""With more places than this, only those of a batch and so many others are told apart in a step."""


@dataclass(frozen=True, slots=True)
class Draw:
    """The places that a step tells apart."""

    places: NDArray[np.int64]
    """Ascending, shape (m,)."""
    log_share: NDArray[np.float32]
    """The logarithm of how likely each is among them, shape (m,)."""


def train(
    shape: Shape,
    histories: Sequence[History],
    settings: "SequenceSettings",
    seed: int,
    tell: Callable[[int, int], None],
    features: NDArray[np.float32] | None = None,
) -> SequenceNet:
    """One trained network.

    Args:
        shape: Its sizes.
        histories: Histories of two or more interactions each.
        settings: Epochs, rate and the like.
        seed: For weights, order and dropout.
        tell: Called with the epochs done and their number.
        features: What is known of the item of each place, shape (n_places, d).

    Returns:
        The moving average of the weights, ready to score.
    """
    rng = np.random.default_rng(seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        net = SequenceNet(shape, features)
    net.reseed(seed)
    average = copy.deepcopy(net)
    optimizer = torch.optim.AdamW(
        net.parameters(), lr=settings.rate, betas=BETAS, weight_decay=settings.weight_decay, fused=True
    )
    per_epoch = len(_epoch(histories, settings, np.random.default_rng(seed)))
    epochs = n_epochs(settings, per_epoch)
    counts = np.bincount(np.concatenate([history.places for history in histories]), minlength=shape.n_places)
    step, total = 0, epochs * per_epoch
    for epoch in range(epochs):
        tell(epoch, epochs)
        for batch in _epoch(histories, settings, rng):
            for group in optimizer.param_groups:
                group["lr"] = settings.rate * _rate(step, total)
            optimizer.zero_grad()
            drawn = draw(batch, counts, rng) if shape.n_places > MOST_AT_ONCE else None
            loss(net, batch, drawn).backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(net.parameters(), LARGEST_GRADIENT)
            optimizer.step()
            step += 1
            _follow(average, net, min(settings.averaging, step / (step + 10)))
    tell(epochs, epochs)
    return average.without_features()


@contextmanager
def without_cached_shapes() -> Iterator[None]:
    """Without oneDNN: it keeps code for every new shape of a matrix, and as no two batches are alike, gigabytes."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # about Intel GPUs, when the flags are read
        with torch.backends.mkldnn.flags(enabled=False):
            yield


def n_epochs(settings: "SequenceSettings", per_epoch: int) -> int:
    """As set, but more where few histories make few steps, and fewer where there are very many."""
    steps = min(max(settings.epochs * per_epoch, settings.least_steps), settings.most_steps)
    return max(1, math.ceil(steps / max(1, per_epoch)))


def draw(batch: Sequence[Window], counts: NDArray[np.int64], rng: Generator) -> Draw:
    """The places of a batch and some others; `counts`, shape (n_places,): how often each occurs in an epoch."""
    own = np.concatenate([np.concatenate([window.past.places, window.following]) for window in batch])
    others = rng.choice(len(counts), DRAWN, replace=False)
    places = np.union1d(own, others)
    absent = (1.0 - DRAWN / len(counts)) * np.exp(-counts[places] * len(own) / (2.0 * counts.sum()))
    return Draw(places.astype(np.int64), np.log1p(-absent).astype(np.float32))


def loss(net: SequenceNet, batch: Sequence[Window], drawn: Draw | None = None) -> Tensor:
    """Mean cross-entropy of what follows, over all drawn places that a person has not had at that moment."""
    n_places = net.shape.n_places
    places = np.arange(n_places) if drawn is None else drawn.places
    among = None if drawn is None else torch.from_numpy(places)
    table, read = net.table(among), pad([window.past for window in batch], n_places)
    vectors = net(replace(read, places=np.searchsorted(places, read.places)), table)  # padding is beyond them all
    length = vectors.shape[1]
    learned = torch.zeros(vectors.shape[:2], dtype=torch.bool)
    for row, window in enumerate(batch):
        learned[row, length - len(window.past) + window.learned_from :] = True
    had = torch.from_numpy(np.concatenate([taken(window, n_places)[:, places] for window in batch]))
    following = np.concatenate([window.following[window.learned_from :] for window in batch])
    logits = net.logits(vectors[learned], table, among)
    if drawn is not None:
        logits = logits - torch.from_numpy(drawn.log_share)
    right = torch.from_numpy(np.searchsorted(places, following))
    return functional.cross_entropy(logits.masked_fill_(had, FAR_BELOW), right)


def _epoch(histories: Sequence[History], settings: "SequenceSettings", rng: Generator) -> list[list[Window]]:
    """All histories once, with ties in a new order and long ones cut anew."""
    made = [window for history in histories for window in windows(history.shuffled_ties(rng), settings.longest, rng)]
    return batches(made, settings.batch_places, rng)


def _rate(step: int, total: int) -> float:
    """Share of the learning rate: a short rise, then half a cosine down to 0."""
    return min(1.0, (step + 1) / WARM_STEPS) * (0.5 + 0.5 * math.cos(math.pi * step / total))


@torch.no_grad()
def _follow(average: SequenceNet, net: SequenceNet, kept: float) -> None:
    for slow, fast in zip(average.parameters(), net.parameters(), strict=True):
        slow.lerp_(fast, 1 - kept)
