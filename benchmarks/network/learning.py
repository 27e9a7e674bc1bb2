"""Teaches the network: messages whose words are marked and messages whose decision is known, in turn."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from agent.drivers.network import SIGNS
from agent.drivers.tagging import ROLES

INNER, WHOLE, HIDDEN, WIDE = 128, 24, 192, 64
EPOCHS, BATCH, RATE, DROPOUT = 28, 32, 4e-3, 0.4
ROLES_COUNT: Final = 2.0
"""How much the roles of words weigh beside decisions: of both together the roles lost most."""
FORGOTTEN: Final = 0.3
"""How often, while it learns what words are there for, the catalog is taken to know nothing of a message."""
SMOOTHED: Final = 0.05
"""Of what a decision counts, so much is spread over the others: labels err."""
Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Marked:
    """A message whose words have roles, as the network sees it."""

    words: Floats
    said: Floats
    """The vector of the message."""
    bare: Floats
    """Signs of the words without what a catalog knows."""
    signs: Floats
    labels: NDArray[np.int64]
    """By word."""


@dataclass(frozen=True, slots=True)
class Decided:
    """A message whose decision is known, as the network sees it."""

    words: Floats
    said: Floats
    signs: Floats
    whole: Floats
    """What is known of the message beside its words; the vector of the message stands last."""
    label: int


def learn(
    marked: Sequence[Marked], decided: Sequence[Decided], n_acts: int, *, epochs: int = EPOCHS, seed: int = 0
) -> dict[str, Floats]:
    """The weights that messages teach, by name.

    Args:
        marked: Teach what words are there for.
        decided: Teach what a message is after.
        n_acts: How many decisions there are.
        epochs: How often each message is read.
        seed: Of all that is drawn.
    """
    import torch
    from torch import nn
    from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence

    torch.manual_seed(seed)
    torch.set_num_threads(2)
    rng = np.random.default_rng(seed)
    n_word, n_said, n_whole = marked[0].words.shape[1], len(marked[0].said), len(decided[0].whole)

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            width = INNER + SIGNS + WHOLE
            self.inner, self.whole, self.wide = (
                nn.Linear(n_word, INNER),
                nn.Linear(n_said, WHOLE),
                nn.Linear(n_whole, WIDE),
            )
            self.layer = nn.GRU(width, HIDDEN, batch_first=True, bidirectional=True)
            self.drop = nn.Dropout(DROPOUT)
            self.tags = nn.Linear(2 * HIDDEN + width, 2 * len(ROLES) + 1)
            self.acts = nn.Linear(4 * HIDDEN + n_whole + WIDE, n_acts)

        def read(self, words: Any, signs: Any, said: Any, lengths: Any) -> tuple[Any, Any]:
            inner = torch.relu(self.inner(self.drop(words)))
            whole = torch.relu(self.whole(self.drop(said)))[:, None].expand(-1, words.shape[1], -1)
            inputs = torch.cat([inner, signs, whole], dim=2)
            packed = pack_padded_sequence(self.drop(inputs), lengths, batch_first=True, enforce_sorted=False)
            states, _ = pad_packed_sequence(self.layer(packed)[0], batch_first=True)
            return states, inputs

        def roles(self, taught: Sequence[Marked], part: Sequence[int]) -> Any:
            batch = [taught[number] for number in part]
            signs = [each.bare if rng.random() < FORGOTTEN else each.signs for each in batch]
            states, inputs = self.read(*_padded(batch, signs))
            scores = self.tags(self.drop(torch.cat([states, inputs], dim=2)))
            labels = pad_sequence([torch.from_numpy(each.labels) for each in batch], True, -1)
            loss = nn.functional.cross_entropy(scores.flatten(0, 1), labels.flatten(), ignore_index=-1)
            return ROLES_COUNT * loss

        def decisions(self, taught: Sequence[Decided], part: Sequence[int]) -> Any:
            batch = [taught[number] for number in part]
            words, signs, said, lengths = _padded(batch, [each.signs for each in batch])
            states, _ = self.read(words, signs, said, lengths)
            is_word = torch.arange(states.shape[1])[None] < lengths[:, None]
            most = states.masked_fill(~is_word[:, :, None], -1e4).amax(dim=1)
            mean = (states * is_word[:, :, None]).sum(dim=1) / lengths[:, None]
            whole = self.drop(torch.from_numpy(np.stack([each.whole for each in batch])))
            wide = torch.relu(self.wide(whole))
            scores = self.acts(torch.cat([self.drop(most), self.drop(mean), whole, wide], dim=1))
            labels = torch.tensor([each.label for each in batch])
            return nn.functional.cross_entropy(scores, labels, label_smoothing=SMOOTHED)

    def _padded(batch: Sequence[Marked] | Sequence[Decided], signs: Sequence[Floats]) -> tuple[Any, Any, Any, Any]:
        words = pad_sequence([torch.from_numpy(each.words) for each in batch], batch_first=True)
        known = pad_sequence([torch.from_numpy(one) for one in signs], batch_first=True)
        said = torch.from_numpy(np.stack([each.said for each in batch]))
        return words, known, said, torch.tensor([len(each.words) for each in batch])

    net = Net()
    counts = len(marked), len(decided)
    steps = epochs * sum(-(-count // BATCH) for count in counts)
    optimizer = torch.optim.AdamW(net.parameters(), lr=RATE, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=steps)
    for epoch in range(epochs):
        net.train()
        losses = partial(net.roles, marked), partial(net.decisions, decided)
        batches = [(loss_of, part) for loss_of, n in zip(losses, counts, strict=True) for part in _parts(n, rng)]
        total = 0.0
        for at in rng.permutation(len(batches)).tolist():
            loss_of, part = batches[at]
            loss = loss_of(part)
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            total += loss.item()
        print(f"pass {epoch + 1} of {epochs}: loss {total / len(batches):.3f}", flush=True)
    arrays = dict[str, Any]()
    for name in ("inner", "whole", "wide", "tags", "acts"):
        layer = getattr(net, name)
        arrays |= {name: layer.weight, f"{name}_bias": layer.bias}
    for way, end in (("to", ""), ("fro", "_reverse")):
        arrays |= {
            f"{way}_{ours}": getattr(net.layer, f"{theirs}_l0{end}")
            for ours, theirs in (
                ("in", "weight_ih"),
                ("on", "weight_hh"),
                ("in_bias", "bias_ih"),
                ("on_bias", "bias_hh"),
            )
        }
    return {name: value.detach().numpy().astype(np.float32) for name, value in arrays.items()}


def _parts(count: int, rng: np.random.Generator) -> list[list[int]]:
    """All of so many in random order, a batch at a time."""
    order = rng.permutation(count).tolist()
    return [order[start : start + BATCH] for start in range(0, count, BATCH)]
