"""`python -m benchmarks.tagging`: how well the tagger reads messages that it was not taught; `--write` teaches it.

`tagged.tsv` holds messages in 13 languages, written for this project, in which every word that matters is marked with
what it is there for ("no [musicals|not] from before [1990|before]"). One in ten of each language is kept apart; the
table tells precision, recall and F1 of whole stretches (start, end and role), by role and by language, and how often
the role is right where the stretch is given.
"""

import argparse
import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from agent.drivers.offline import Spotter
from agent.drivers.tagging import (
    FILE,
    NAMES,
    ROLES,
    SIGNS,
    Tagger,
    bundled_tagger,
    joined,
    plain,
    signs_of,
    tokens,
)
from agent.drivers.text import Place, Spot
from retrieval.datasets.storage import load_dataset
from retrieval.encoder import MultilingualEncoder, multilingual

HERE: Final = Path(__file__).parent
MARKED: Final = HERE / "tagged.tsv"
MARK = re.compile(r"\[([^\[\]|]+)\|(\w+)\]")
APART: Final = 10
"""One message in so many is read and not taught."""
INNER, WHOLE, HIDDEN = 128, 24, 128
EPOCHS, BATCH, RATE, DROPOUT, FORGOTTEN = 30, 32, 4e-3, 0.4, 0.3
"""The last: how often, while it learns, the catalog is taken to know nothing of a message."""
SEED: Final = 0
Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Marked:
    """A message, and what its words are there for."""

    language: str
    message: str
    marks: tuple[tuple[int, int, str], ...]


def read_marked(path: Path = MARKED) -> list[Marked]:
    """The marked messages."""
    rows = (line.partition("\t") for line in path.read_text(encoding="utf-8").splitlines() if line.strip())
    return [_marked(language, text) for language, _, text in rows]


def _marked(language: str, text: str) -> Marked:
    message, marks, end = "", list[tuple[int, int, str]](), 0
    for match in MARK.finditer(text):
        message += text[end : match.start()]
        marks.append((len(message), len(message) + len(match[1]), match[2]))
        message += match[1]
        end = match.end()
    return Marked(language, message + text[end:], tuple(marks))


def digest(path: Path = MARKED) -> str:
    """Tells one set of messages from another, 16 hex digits."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]


def labels_of(places: Sequence[Place], marks: Sequence[tuple[int, int, str]]) -> NDArray[np.int64]:
    """By word: 0 for no role, 1 + r where role r begins, 1 + n_roles + r where it goes on."""
    labels = np.zeros(len(places), dtype=np.int64)
    for start, end, role in marks:
        inside = [at for at, (low, high) in enumerate(places) if low < end and start < high]
        for number, at in enumerate(inside):
            labels[at] = ROLES.index(role) + 1 + (len(ROLES) if number else 0)
    return labels


@dataclass
class Taught:
    """One message as the network sees it."""

    words: Floats
    whole: Floats
    bare: Floats
    """Signs without what a catalog knows."""
    signs: Floats
    labels: NDArray[np.int64]


def prepared(messages: Sequence[Marked], spotter: Spotter, encoder: MultilingualEncoder) -> list[Taught]:
    """Features and labels of messages."""
    taught = []
    known: dict[str, Floats] = {}
    for each in messages:
        places = tokens(each.message, encoder)
        words = [plain(each.message[start:end]) for start, end in places]
        new = [word for word in dict.fromkeys(words) if word not in known]
        known |= dict(zip(new, encoder.encode(new), strict=True)) if new else {}
        spots: list[Spot] = spotter.spot(each.message, language=each.language)
        taught.append(
            Taught(
                np.stack([known[word] for word in words]),
                encoder.encode([each.message])[0],
                signs_of(each.message, places, ()),
                signs_of(each.message, places, spots),
                labels_of(places, each.marks),
            )
        )
    return taught


def learn(taught: Sequence[Taught], *, epochs: int = EPOCHS, seed: int = SEED) -> dict[str, Floats]:
    """The weights that messages teach, by name."""
    import torch
    from torch import nn
    from torch.nn.utils.rnn import pad_sequence

    torch.manual_seed(seed)
    torch.set_num_threads(2)
    rng = np.random.default_rng(seed)
    dim, each = taught[0].whole.shape[0], taught[0].words.shape[1]

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner, self.whole = nn.Linear(each, INNER), nn.Linear(dim, WHOLE)
            width = INNER + SIGNS + WHOLE
            self.forth, self.back = (nn.GRU(width, HIDDEN, batch_first=True) for _ in range(2))
            self.drop = nn.Dropout(DROPOUT)
            self.outer = nn.Linear(2 * HIDDEN + width, 2 * len(ROLES) + 1)

        def forward(self, words: Any, signs: Any, whole: Any, lengths: Any) -> Any:
            inner = torch.relu(self.inner(self.drop(words)))
            said = torch.relu(self.whole(self.drop(whole)))[:, None].expand(-1, words.shape[1], -1)
            inputs = torch.cat([inner, signs, said], dim=2)
            to, _ = self.forth(self.drop(inputs))
            at = torch.arange(words.shape[1])[None].expand(len(words), -1)
            turned = torch.where(at < lengths[:, None], lengths[:, None] - 1 - at, at)[:, :, None]
            fro, _ = self.back(self.drop(inputs.gather(1, turned.expand(-1, -1, inputs.shape[2]))))
            fro = fro.gather(1, turned.expand(-1, -1, HIDDEN))
            return self.outer(self.drop(torch.cat([to, fro, inputs], dim=2)))

    net = Net()
    steps = epochs * -(-len(taught) // BATCH)
    optimizer = torch.optim.AdamW(net.parameters(), lr=RATE, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=steps)
    loss_of = nn.CrossEntropyLoss(ignore_index=-1)
    for epoch in range(epochs):
        net.train()
        total = 0.0
        order = rng.permutation(len(taught))
        for start in range(0, len(order), BATCH):
            batch = [taught[at] for at in order[start : start + BATCH]]
            signs = [each.bare if rng.random() < FORGOTTEN else each.signs for each in batch]
            words = pad_sequence([torch.from_numpy(each.words) for each in batch], batch_first=True)
            known = pad_sequence([torch.from_numpy(one) for one in signs], batch_first=True)
            labels = pad_sequence([torch.from_numpy(each.labels) for each in batch], True, -1)
            lengths = torch.tensor([len(each.labels) for each in batch])
            whole = torch.from_numpy(np.stack([each.whole for each in batch]))
            scores = net(words, known, whole, lengths)
            loss = loss_of(scores.flatten(0, 1), labels.flatten())
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            total += loss.item() * len(batch)
        print(f"pass {epoch + 1} of {epochs}: loss {total / len(taught):.3f}", flush=True)
    arrays = {}
    for name, layer in (("inner", net.inner), ("whole", net.whole), ("outer", net.outer)):
        arrays |= {name: layer.weight, f"{name}_bias": layer.bias}
    for way, gru in (("to", net.forth), ("fro", net.back)):
        arrays |= {f"{way}_in": gru.weight_ih_l0, f"{way}_on": gru.weight_hh_l0}
        arrays |= {f"{way}_in_bias": gru.bias_ih_l0, f"{way}_on_bias": gru.bias_hh_l0}
    return {name: value.detach().numpy().astype(np.float32) for name, value in arrays.items()}


def kept_apart(messages: Sequence[Marked]) -> list[bool]:
    """Which messages are read and not taught: one in ten of each language."""
    counts: dict[str, int] = {}
    apart = []
    for each in messages:
        counts[each.language] = counts.get(each.language, 0) + 1
        apart.append(counts[each.language] % APART == 0)
    return apart


def scores(tagger: Tagger, messages: Sequence[Marked], spotter: Spotter) -> Iterator[tuple[str, str, int, int, int]]:
    """(language, role, found and right, found, to be found) by message and role; '*' for roles of given stretches."""
    encoder = multilingual()
    for each in messages:
        spots = spotter.spot(each.message, language=each.language)
        places = tokens(each.message, encoder)
        shares = tagger.shares(each.message, places, spots)
        found = {(one.start, one.end, one.role) for one in joined(places, shares)}
        labels = labels_of(places, each.marks)
        wanted = {(one.start, one.end, one.role) for one in joined(places, np.eye(2 * len(ROLES) + 1)[labels])}
        for role in ROLES:
            ours, theirs = ({one for one in side if one[2] == role} for side in (found, wanted))
            yield each.language, role, len(ours & theirs), len(ours), len(theirs)
        by_role = np.hstack([shares[:, :1], shares[:, 1 : len(ROLES) + 1] + shares[:, len(ROLES) + 1 :]])
        for start, end, role in each.marks:
            inside = [at for at, (low, high) in enumerate(places) if low < end and start < high]
            right = NAMES[int(by_role[inside].mean(axis=0).argmax())] == role if inside else False
            yield each.language, f"*{role}", int(right), 1, 1


def table(rows: Sequence[tuple[str, str, int, int, int]]) -> None:
    """Print precision, recall and F1 by role and by language, and the share of right roles of given stretches."""

    def told(name: str, chosen: Sequence[tuple[str, str, int, int, int]]) -> None:
        right, found, wanted = (sum(row[at] for row in chosen) for at in (2, 3, 4))
        if wanted:
            precision, recall = right / max(found, 1), right / wanted
            f1 = 2 * precision * recall / max(precision + recall, 1e-9)
            print(f"{name:>10} {precision:.3f} {recall:.3f} {f1:.3f} of {wanted}")

    print(f"{'':>10} {'prec.':>5} {'rec.':>5} {'F1':>5}")
    whole = [row for row in rows if not row[1].startswith("*")]
    given = [row for row in rows if row[1].startswith("*")]
    for role in ROLES:
        told(role, [row for row in whole if row[1] == role])
    for language in sorted({row[0] for row in rows}):
        told(language, [row for row in whole if row[0] == language])
    told("all", whole)
    print("roles of stretches that are given:")
    for role in ROLES:
        told(role, [row for row in given if row[1] == f"*{role}"])
    told("all", given)


def main(arguments: Sequence[str] | None = None) -> None:
    """Teach nine in ten messages and read the tenth; or teach all and write the weights beside the code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.tagging", description=__doc__)
    parser.add_argument("--write", action="store_true", help=f"learn from all messages and write {FILE}")
    parser.add_argument("--data", type=Path, default=Path(".reconteur/demo"), help="whose names are spotted")
    given = parser.parse_args(arguments)
    spotter, encoder = Spotter(load_dataset(given.data).catalog), multilingual()
    messages = read_marked()
    apart = [False] * len(messages) if given.write else kept_apart(messages)
    taught = [each for each, is_apart in zip(messages, apart, strict=True) if not is_apart]
    arrays = learn(prepared(taught, spotter, encoder))
    if given.write:
        path = Path(str(files("agent.drivers").joinpath(FILE)))
        halved: dict[str, Any] = {name: array.astype(np.float16) for name, array in arrays.items()}
        np.savez_compressed(path, messages=np.array(digest()), **halved)
        bundled_tagger.cache_clear()
        print(f"written: {path} ({path.stat().st_size} bytes)")
        return
    rest = [each for each, is_apart in zip(messages, apart, strict=True) if is_apart]
    print(f"{len(taught)} messages taught, {len(rest)} read")
    table([*scores(Tagger(encoder, arrays), rest, spotter)])


if __name__ == "__main__":
    main()
