"""The network of the sequence model: causal self-attention over a person's items. Imports torch; import it late.

Source: Kang and McAuley, "Self-Attentive Sequential Recommendation", ICDM 2018, doi:10.1109/ICDM.2018.00035; here with
a learned bias per distance in place of positions (Raffel et al., JMLR 2020, "Exploring the Limits of Transfer
Learning", section 2.1), so that a window cut anywhere reads alike, and one per time between two interactions (as Li,
Wang and McAuley, WSDM 2020, doi:10.1145/3336191.3371786, whose intervals are vectors).
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from retrieval.models.sequence_windows import OPINIONS, UNTOLD_GAPS, Batch

NEAR = 16
"""Distances up to this have a bias of their own, longer ones share it by logarithm."""
PER_DOUBLING = 4
INITIAL_STD = 0.02
FAR_BELOW = -1e9


@dataclass(frozen=True, slots=True)
class Shape:
    """What the weights depend on."""

    n_places: int
    width: int
    heads: int
    layers: int
    longest: int
    dropout: float


@contextmanager
def one_thread() -> Iterator[None]:
    """The matrices here are small: threads inside one operation would only wait for each other."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


class Dropout(nn.Module):
    """Dropout with masks from a generator of random bytes: on a CPU much faster than torch's own."""

    def __init__(self, share: float) -> None:
        super().__init__()
        self._limit = round(256 * share)
        self.rng = np.random.default_rng(0)

    def forward(self, x: Tensor) -> Tensor:
        """Zero a share of the values while training, and scale the rest up."""
        if not self.training or self._limit == 0:
            return x
        bytes_ = torch.frombuffer(bytearray(self.rng.bytes(x.numel())), dtype=torch.uint8).view(x.shape)
        return x * ((bytes_ >= self._limit).to(x.dtype) * (256 / (256 - self._limit)))


class Block(nn.Module):
    """Attention and a feed-forward layer, each behind a norm and beside the signal."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        width = shape.width
        self._heads = shape.heads
        self.attention_norm, self.forward_norm = nn.LayerNorm(width), nn.LayerNorm(width)
        self.mixed_in, self.mixed_out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.wide, self.narrow = nn.Linear(width, width), nn.Linear(width, width)
        self.drop = Dropout(shape.dropout)

    def forward(self, x: Tensor, bias: Tensor) -> Tensor:
        """One layer; `bias` is added to the attention logits, shape (n, heads, length, length)."""
        n, length, width = x.shape
        mixed = self.mixed_in(self.attention_norm(x)).view(n, length, 3, self._heads, -1)
        query, key, value = mixed.permute(2, 0, 3, 1, 4)  # each (n, heads, length, width / heads)
        logits = query @ key.transpose(-1, -2) / math.sqrt(width // self._heads) + bias
        seen = self.drop(functional.softmax(logits, dim=-1)) @ value
        x = x + self.drop(self.mixed_out(seen.transpose(1, 2).reshape(n, length, width)))
        inner = self.drop(functional.gelu(self.wide(self.forward_norm(x))))
        return torch.add(x, self.drop(self.narrow(inner)))


class SequenceNet(nn.Module):
    """From padded histories to a vector after each interaction, and from vectors to a logit per place."""

    def __init__(self, shape: Shape, features: NDArray[np.float32] | None = None) -> None:
        super().__init__()
        self.shape = shape
        self.items = nn.Parameter(torch.randn(shape.n_places + 1, shape.width) * INITIAL_STD)
        self.opinions = nn.Parameter(torch.randn(OPINIONS + 1, shape.width) * INITIAL_STD)
        self.gaps = nn.Parameter(torch.randn(UNTOLD_GAPS, shape.width) * INITIAL_STD)
        kinds = distance_kinds(shape.longest)
        self.register_buffer("kinds", torch.from_numpy(kinds), persistent=False)
        self.distances = nn.Parameter(torch.zeros(shape.heads, int(kinds.max()) + 1))
        self.apart = nn.Parameter(torch.zeros(shape.heads, UNTOLD_GAPS))
        self.popularity = nn.Parameter(torch.zeros(shape.n_places))
        self.blocks = nn.ModuleList(Block(shape) for _ in range(shape.layers))
        self.norm = nn.LayerNorm(shape.width)
        self.drop, self.feature_drop = Dropout(shape.dropout), Dropout(shape.dropout)
        self.features = None if features is None else torch.from_numpy(features)
        if self.features is not None:
            spread = INITIAL_STD / math.sqrt(max(float((self.features**2).sum(1).mean()), 1e-9))
            self.reading = nn.Parameter(torch.randn(self.features.shape[1], shape.width) * spread)

    def table(self, among: Tensor | None = None) -> Tensor:
        """A vector per place and one for padding: learned for itself, plus what is read out of its features.

        Args:
            among: Only these places, shape (m,).

        Returns:
            Shape (m + 1, width).
        """
        items = self.items if among is None else self.items[functional.pad(among, (0, 1), value=self.shape.n_places)]
        if self.features is None:
            return items
        read = self.feature_drop(self.features if among is None else self.features[among]) @ self.reading
        return items + functional.pad(read, (0, 0, 0, 1))

    @torch.no_grad()
    def without_features(self) -> "SequenceNet":
        """The same network with the table worked out once and for all, ready to score."""
        if self.features is not None:
            self.eval()
            self.items.copy_(self.table())
            self.features = None
            del self.reading
        return self.eval()

    def forward(self, batch: Batch, table: Tensor) -> Tensor:
        """The vector after each interaction, shape (n, length, width); the last of the table stands for padding."""
        places = torch.from_numpy(batch.places)
        told = self.opinions[torch.from_numpy(batch.opinions)] + self.gaps[torch.from_numpy(batch.gaps)]
        x = self.drop(table[places] + told)
        bias = self._bias(places == len(table) - 1, torch.from_numpy(batch.apart))
        for block in self.blocks:
            x = block(x, bias)
        return torch.as_tensor(self.norm(x))

    def logits(self, vectors: Tensor, table: Tensor, among: Tensor | None = None) -> Tensor:
        """A logit per place of the table for each vector, shape (n, m); `among` are these places where not all."""
        popularity = self.popularity if among is None else self.popularity[among]
        return torch.addmm(popularity, vectors, table[:-1].T)

    def reseed(self, seed: int) -> None:
        """Let every dropout draw from a new generator."""
        for number, module in enumerate(self.modules()):
            if isinstance(module, Dropout):
                module.rng = np.random.default_rng([seed, number])

    def _bias(self, is_padding: Tensor, apart: Tensor) -> Tensor:
        """By distance and by time between; nobody looks ahead or at padding. Shape (n, heads, length, length)."""
        length = is_padding.shape[1]
        near = self.distances[:, torch.as_tensor(self.kinds)[:length, :length]]
        ahead = torch.full((length, length), FAR_BELOW).triu(1)
        padded = is_padding[:, None, None, :] * FAR_BELOW
        return (near + ahead)[None] + self.apart[:, apart].transpose(0, 1) + padded


def distance_kinds(longest: int) -> NDArray[np.int64]:
    """Which bias two positions share, shape (longest, longest); 0 for what lies ahead."""
    positions = np.arange(longest)
    distance = np.maximum(positions[:, None] - positions[None, :], 0)
    far = NEAR + np.floor(PER_DOUBLING * np.log2(np.maximum(distance, NEAR) / NEAR))
    return np.asarray(np.where(distance < NEAR, distance, far), dtype=np.int64)
