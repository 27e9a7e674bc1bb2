"""What comes next: a self-attentive model of the order in which people take items, several seeds averaged.

A profile is only read, never trained on, so what was said a second ago is folded in at once.
Source: Kang and McAuley, "Self-Attentive Sequential Recommendation", ICDM 2018, doi:10.1109/ICDM.2018.00035; trained
with cross-entropy over all items (Klenitskiy and Vasilev, RecSys 2023, doi:10.1145/3604915.3610644).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from retrieval.errors import IndexMissingError
from retrieval.models.log import Log, Profile
from retrieval.models.pairs import most_rated, places
from retrieval.models.sequence_windows import Batch, histories, history_of, pad
from retrieval.models.storage import load_model, save_model
from retrieval.resources import Progress, silent

if TYPE_CHECKING:
    from retrieval.models.sequence_net import SequenceNet, Shape

NAME = "sequence"
WHAT = "sequence model"
WEIGHTS = "weights-{}.safetensors"
FAR_BELOW = -1e9
AT_ONCE = 64
"""Profiles scored in one batch."""


@dataclass(frozen=True, slots=True)
class SequenceSettings:
    """Chosen on the validation interactions of protocol one (docs/recommender.md)."""

    width: int = 64
    heads: int = 2
    layers: int = 2
    longest: int = 200
    """Interactions that one look back reaches."""
    dropout: float = 0.3
    epochs: int = 24
    least_steps: int = 300
    """Few histories are gone through more often, until so many steps are made."""
    most_steps: int = 10_000
    batch_places: int = 2000
    """Interactions per step, padding included."""
    rate: float = 1e-3
    weight_decay: float = 0.0
    averaging: float = 0.995
    """How much of the moving average of the weights a step keeps."""
    seeds: int = 2
    """Networks trained and averaged."""
    seed: int = 0
    most_items: int = 6000
    """Only the most rated items get a place."""


@dataclass(frozen=True, slots=True)
class Read:
    """What the networks made of some profiles that were read together."""

    asked: NDArray[np.int64]
    """Which profiles, shape (n,)."""
    last: tuple[NDArray[np.float32], ...]
    """The hidden state after the newest interaction, by network, each of shape (n, width)."""


@dataclass(frozen=True, slots=True)
class SequenceModel:
    """Trained networks over the rated items."""

    settings: SequenceSettings
    rows: NDArray[np.int64]
    """Catalog row of each place, ascending, shape (m,)."""
    n_items: int
    nets: tuple["SequenceNet", ...]
    """Empty where nobody did two things in a row."""

    @property
    def name(self) -> str:
        """The key of this model's scores."""
        return NAME

    def score(self, profiles: Sequence[Profile]) -> NDArray[np.float32]:
        """Mean log-probability of coming next among what is new to a person, shape (len(profiles), n_items).

        -inf for unrated items, and throughout for a profile without any rated item. What the profile holds has a
        score, too, but one that was never trained.
        """
        return self.score_read(profiles, self.read(profiles))

    def vectors(self, profiles: Sequence[Profile]) -> NDArray[np.float32]:
        """Interest vectors: the last hidden states of all networks, each of length 1, side by side.

        Returns:
            Shape (len(profiles), n_nets * width); 0 for a profile without any rated item.
        """
        return self.vectors_read(len(profiles), self.read(profiles))

    def read(self, profiles: Sequence[Profile]) -> tuple[Read, ...]:
        """What the networks make of some profiles, by batch: all that scores and vectors rest on."""
        return tuple(
            Read(asked, tuple(_last(net, batch) for net in self.nets)) for asked, batch in self._batches(profiles)
        )

    def score_read(self, profiles: Sequence[Profile], read: Sequence[Read]) -> NDArray[np.float32]:
        """`score` of profiles that were read before."""
        scores = np.full((len(profiles), self.n_items), -np.inf, dtype=np.float32)
        place_of = places(self.rows, self.n_items)
        for reading in read:
            new = np.ones((len(reading.asked), len(self.rows) + 1), dtype=np.bool_)
            for row, index in enumerate(reading.asked.tolist()):
                new[row, place_of[profiles[index].items]] = False  # -1, no place, falls on the spare last column
            scores[np.ix_(reading.asked, self.rows)] = self._log_probabilities(reading, new[:, :-1])
        return scores

    def vectors_read(self, n_profiles: int, read: Sequence[Read]) -> NDArray[np.float32]:
        """`vectors` of so many profiles that were read before."""
        vectors = np.zeros((n_profiles, len(self.nets) * self.settings.width), dtype=np.float32)
        for reading in read:
            vectors[reading.asked] = np.hstack(
                [last / np.linalg.norm(last, axis=1, keepdims=True) for last in reading.last]
            )
        return vectors

    def save(self, folder: Path) -> None:
        """Write the model into an existing folder."""
        from safetensors.torch import save_file

        sizes = np.asarray([self.n_items, len(self.nets)])
        save_model(folder, {"rows": self.rows, "sizes": sizes}, self.settings)
        for number, net in enumerate(self.nets):
            save_file(net.state_dict(), folder / WEIGHTS.format(number))

    @classmethod
    def load(cls, folder: Path) -> "SequenceModel":
        """Read what `save` wrote.

        Raises:
            IndexMissingError: It is absent or damaged.
        """
        stored, settings = load_model(folder, WHAT, ("rows", "sizes"), SequenceSettings)
        rows, (n_items, n_nets) = stored.rows("rows"), stored.rows("sizes").tolist()
        shape = shape_of(settings, len(rows))
        return cls(settings, rows, n_items, tuple(_load_net(folder, number, shape) for number in range(n_nets)))

    def _batches(self, profiles: Sequence[Profile]) -> Iterator[tuple[NDArray[np.int64], Batch]]:
        """Which profiles can be read, and they themselves, by length; nothing where there is no network."""
        if not self.nets:
            return
        place_of = places(self.rows, self.n_items)
        read = [history_of(profile, place_of, self.settings.longest) for profile in profiles]
        lengths = np.asarray([len(history) for history in read], dtype=np.int64)
        order = np.argsort(lengths, kind="stable")
        order = order[lengths[order] > 0]
        for begin in range(0, len(order), AT_ONCE):
            asked = order[begin : begin + AT_ONCE]
            yield asked, pad([read[index] for index in asked], len(self.rows))

    def _log_probabilities(self, read: Read, new: NDArray[np.bool_]) -> NDArray[np.float32]:
        import torch

        from retrieval.models.sequence_net import one_thread

        mean = np.zeros(new.shape, dtype=np.float32)
        with torch.inference_mode(), one_thread():
            for net, last in zip(self.nets, read.last, strict=True):
                logits = net.logits(torch.from_numpy(last), net.items)
                total = torch.logsumexp(logits.masked_fill(torch.from_numpy(~new), FAR_BELOW), dim=1, keepdim=True)
                mean += (logits - total).numpy() / len(self.nets)
        return mean


def fit(
    log: Log,
    settings: SequenceSettings | None = None,
    progress: Progress = silent,
    *,
    features: NDArray[np.float32] | None = None,
) -> SequenceModel:
    """Train as many networks as set, one after the other; none where nobody has two rated items.

    Args:
        log: Everyone's interactions.
        settings: Sizes, epochs and the like.
        progress: Told the epochs of all networks together.
        features: What is known of each item, shape (n_items, d), such as `sequence_features.item_features`; a network
            reads a part of an item's vector out of them, so that items with few interactions are understood, too.
    """
    from retrieval.models.sequence_net import one_thread
    from retrieval.models.sequence_training import train, without_cached_shapes

    settings = settings or SequenceSettings()
    rows = most_rated(log, settings.most_items)
    place_of = places(rows, log.n_items)
    train_histories = histories(log, place_of, longest=len(log) + 1)
    if not train_histories:
        progress(NAME, 1, 1)
        return SequenceModel(settings, rows, log.n_items, ())
    known = None if features is None else np.ascontiguousarray(features[rows], dtype=np.float32)
    nets = []
    for number in range(settings.seeds):

        def tell(epoch: int, epochs: int, number: int = number) -> None:
            progress(NAME, number * epochs + epoch, settings.seeds * epochs)

        with one_thread(), without_cached_shapes():
            nets.append(
                train(shape_of(settings, len(rows)), train_histories, settings, settings.seed + number, tell, known)
            )
    return SequenceModel(settings, rows, log.n_items, tuple(nets))


def shape_of(settings: SequenceSettings, n_places: int) -> "Shape":
    """What the weights of a network depend on."""
    from retrieval.models.sequence_net import Shape

    one = settings
    return Shape(n_places, one.width, one.heads, one.layers, one.longest, one.dropout)


def _last(net: "SequenceNet", batch: Batch) -> NDArray[np.float32]:
    import torch

    from retrieval.models.sequence_net import one_thread

    with torch.inference_mode(), one_thread():
        return np.asarray(net(batch, net.items)[:, -1].numpy(), dtype=np.float32)


def _load_net(folder: Path, number: int, shape: "Shape") -> "SequenceNet":
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    from retrieval.models.sequence_net import SequenceNet

    net = SequenceNet(shape)
    try:
        net.load_state_dict(load_file(folder / WEIGHTS.format(number)))
    except (OSError, RuntimeError, SafetensorError) as error:
        raise IndexMissingError(f"a damaged {WHAT}", path=str(folder)) from error
    return net.eval()
