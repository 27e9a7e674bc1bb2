"""A plain SASRec in torch, the Transformer among the peers: fitted in the same run, read from nothing of ours.

Source: Kang and McAuley, "Self-Attentive Sequential Recommendation", ICDM 2018, doi:10.1109/ICDM.2018.00035; trained
with a softmax over the right item and shared random ones (Klenitskiy and Vasilev, RecSys 2023,
doi:10.1145/3604915.3610644), which ranks far better than the paper's one negative an item.
"""

import copy
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.random import Generator
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

logger = logging.getLogger(__name__)

Pasts = Sequence[NDArray[np.int64]]


@dataclass(frozen=True, slots=True)
class SasRecSettings:
    """Sizes of the paper, whose dropout for sparse logs is .5."""

    width: int = 64
    blocks: int = 2
    longest: int = 50
    dropout: float = 0.3
    rate: float = 1e-3
    negatives: int = 1000
    batch_places: int = 2500
    most_epochs: int = 60
    patience: int = 3
    """Looks at held-back people without a gain before the fit ends."""
    look_every: int = 3
    held_share: float = 0.2
    most_held: int = 1000
    seed: int = 0


class Block(nn.Module):
    """Attention to what was taken before, then two layers, each beside its input."""

    def __init__(self, settings: SasRecSettings) -> None:
        super().__init__()
        width = settings.width
        self.norms = nn.ModuleList([nn.LayerNorm(width), nn.LayerNorm(width)])
        self.project, self.back = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.first, self.second = nn.Linear(width, width), nn.Linear(width, width)
        self.drop = nn.Dropout(settings.dropout)

    def forward(self, x: Tensor) -> Tensor:
        """Shape (n, length, width), in and out."""
        query, key, value = self.project(self.norms[0](x)).chunk(3, dim=-1)
        x = x + self.drop(self.back(functional.scaled_dot_product_attention(query, key, value, is_causal=True)))
        hidden = self.drop(torch.relu(self.first(self.norms[1](x))))
        changed: Tensor = x + self.drop(self.second(hidden))
        return changed


class SasRec(nn.Module):
    """Reads pasts of one length at a time, so that nothing is padded."""

    def __init__(self, n_items: int, settings: SasRecSettings) -> None:
        super().__init__()
        self.items = nn.Embedding(n_items, settings.width)
        self.places = nn.Embedding(settings.longest, settings.width)
        """From the newest back."""
        nn.init.normal_(self.items.weight, std=0.02)
        nn.init.normal_(self.places.weight, std=0.02)
        self.drop = nn.Dropout(settings.dropout)
        self.blocks = nn.ModuleList([Block(settings) for _ in range(settings.blocks)])
        self.norm = nn.LayerNorm(settings.width)
        self.scale = settings.width**0.5

    def forward(self, items: Tensor) -> Tensor:
        """The state after each item, shape (n, length, width)."""
        ages = torch.arange(items.shape[1] - 1, -1, -1)
        x = self.drop(self.items(items) * self.scale + self.places(ages))
        for block in self.blocks:
            x = block(x)
        return torch.as_tensor(self.norm(x))


def fit(pasts: Pasts, n_items: int, settings: SasRecSettings | None = None) -> SasRec:
    """Train until people of whom the last item is held back are guessed no better."""
    settings = settings or SasRecSettings()
    rng = np.random.default_rng(settings.seed)
    torch.manual_seed(settings.seed)
    net = SasRec(n_items, settings)
    optimizer = torch.optim.Adam(net.parameters(), lr=settings.rate, betas=(0.9, 0.98), fused=True)
    long = [at for at, past in enumerate(pasts) if len(past) > 2]
    held = set(rng.permutation(long)[: min(settings.most_held, int(settings.held_share * len(pasts)))].tolist())
    read = [past[:-1] if at in held else past for at, past in enumerate(pasts)]
    asked, right = [read[at] for at in held], np.asarray([pasts[at][-1] for at in held])
    best, gained, since = copy.deepcopy(net.state_dict()), -1.0, 0
    for epoch in range(1, settings.most_epochs + 1):
        net.train()
        for batch in batches([past[-settings.longest - 1 :] for past in read if len(past) > 1], settings, rng):
            optimizer.zero_grad()
            _loss(net, torch.from_numpy(batch), settings).backward()  # type: ignore[no-untyped-call]
            optimizer.step()
        if epoch % settings.look_every:
            continue
        gain = _mean_gain(score(net, asked, settings), asked, right)
        logger.info("SASRec, epoch %d: NDCG@10 of held-back people %.4f", epoch, gain)
        if gain > gained:
            best, gained, since = copy.deepcopy(net.state_dict()), gain, 0
        elif (since := since + 1) >= settings.patience:
            break
    net.load_state_dict(best)
    return net.eval()


def batches(pasts: Pasts, settings: SasRecSettings, rng: Generator) -> Iterator[NDArray[np.int64]]:
    """Pasts of equal length together, in a new order."""
    lengths = np.asarray([len(past) for past in pasts])
    made = []
    for length in np.unique(lengths).tolist():
        own = rng.permutation(np.flatnonzero(lengths == length))
        size = max(1, settings.batch_places // length)
        made += [np.stack([pasts[at] for at in own[begin : begin + size]]) for begin in range(0, len(own), size)]
    for at in rng.permutation(len(made)).tolist():
        yield made[at]


@torch.inference_mode()
def score(net: SasRec, pasts: Pasts, settings: SasRecSettings | None = None) -> NDArray[np.float32]:
    """Logits of all items, shape (len(pasts), n_items)."""
    settings = settings or SasRecSettings()
    net.eval()
    scores = np.zeros((len(pasts), net.items.num_embeddings), dtype=np.float32)
    lengths = np.asarray([min(len(past), settings.longest) for past in pasts])
    for length in np.unique(lengths[lengths > 0]).tolist():
        own = np.flatnonzero(lengths == length)
        for begin in range(0, len(own), 256):
            chosen = own[begin : begin + 256]
            read = torch.from_numpy(np.stack([pasts[at][-length:] for at in chosen]))
            scores[chosen] = (net(read)[:, -1] @ net.items.weight.T).numpy()
    return scores


def _loss(net: SasRec, items: Tensor, settings: SasRecSettings) -> Tensor:
    """Cross-entropy of each next item against random ones that the batch shares."""
    states, following = net(items[:, :-1]).flatten(0, 1), items[:, 1:].flatten()
    drawn = torch.randint(net.items.num_embeddings, (settings.negatives,))
    right = (states * net.items(following)).sum(dim=1, keepdim=True)
    wrong = (states @ net.items(drawn).T).masked_fill(drawn[None, :] == following[:, None], -1e9)
    return functional.cross_entropy(torch.cat([right, wrong], dim=1), torch.zeros(len(states), dtype=torch.long))


def _mean_gain(scores: NDArray[np.float32], pasts: Pasts, right: NDArray[np.int64]) -> float:
    for row, past in enumerate(pasts):
        scores[row, past] = -np.inf
    places = (scores > scores[np.arange(len(right)), right][:, None]).sum(axis=1)
    return float(np.where(places < 10, 1.0 / np.log2(places + 2.0), 0.0).mean())
