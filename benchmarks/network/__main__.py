"""`python -m benchmarks.network`: how well the network reads messages that it was not taught; `--write` teaches it all.

It learns from `tagged.tsv` (messages in 13 languages in which every word that matters is marked with what it is there
for: "no [musicals|not] from before [1990|before]"), from `acted.tsv` (messages with what came before them, what they
are after, and which fields are asked about) and from the example bank of the schema driver; all were written for this
project. One in ten of each language is kept apart and read: whole stretches (start, end and role) and the roles of
given stretches; decisions, and fields asked about. Beside them stand the 531 messages of `unforeseen_*.jsonl` that
`unforeseen_acts.jsonl` labels. With `--write` all of them teach, and the weights are put beside the code.
"""

import argparse
import hashlib
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from agent.drivers.acts import ActClassifier
from agent.drivers.network import FILE, Network, bundled_network, plain, signs_of, stored, tokens, weights
from agent.drivers.offline import Spotter
from agent.drivers.schema.bank import AS_STEPS, IN_OTHERS
from agent.drivers.tagging import Tagger
from agent.drivers.text import Spot
from benchmarks.network import acts, tags
from benchmarks.network.acts import ACTED, Acted
from benchmarks.network.learning import Decided, Floats, Marked, learn
from benchmarks.network.tags import MARKED
from retrieval.datasets.storage import load_dataset
from retrieval.encoder import MultilingualEncoder, multilingual
from retrieval.items import Catalog


def digest() -> str:
    """Tells one set of messages from another, 16 hex digits."""
    bank = [files("agent.prompts").joinpath(name).read_bytes() for name in (AS_STEPS, IN_OTHERS)]
    texts = [MARKED.read_bytes(), ACTED.read_bytes(), *bank]
    return hashlib.sha256(b"\x00".join(texts)).hexdigest()[:16]


class Preparing:
    """Makes features of messages; the vector of a word is made once."""

    def __init__(self, catalog: Catalog) -> None:
        self.spotter, self.encoder = Spotter(catalog), multilingual()
        self._known: dict[str, Floats] = {}
        self._size = self.encoder.encode(["a"]).shape[1]

    def words(self, message: str, spots: Sequence[Spot]) -> tuple[Floats, Floats, Floats]:
        """The vectors of a message's words, their signs without and with what the catalog knows."""
        places = tokens(message, self.encoder) or [(0, 0)]
        words = [plain(message[start:end]) for start, end in places]
        new = [word for word in dict.fromkeys(words) if word not in self._known]
        self._known |= dict(zip(new, self.encoder.encode(new), strict=True)) if new else {}
        bare, signs = (signs_of(message, places, known) for known in ((), spots))
        return np.stack([self._known[word] for word in words]), bare, signs

    def marked(self, messages: Sequence[tags.Marks]) -> list[Marked]:
        """Messages whose words are marked."""
        made = []
        for each in messages:
            words, bare, signs = self.words(each.message, self.spotter.spot(each.message, language=each.language))
            labels = tags.labels_of(tokens(each.message, self.encoder), each.marks)
            made.append(Marked(words, self.encoder.encode([each.message])[0], bare, signs, labels))
        return made

    def decided(self, messages: Sequence[Acted], names: Sequence[str]) -> tuple[list[Decided], Floats]:
        """Messages whose decision is known, and what is seen of them beside their words."""
        spotted = [acts.spots_of(each, self.spotter) for each in messages]
        wholes = acts.wholes(messages, spotted, self.encoder)
        made = []
        for each, spots, whole in zip(messages, spotted, wholes, strict=True):
            words, _, signs = self.words(each.view.message, spots)
            made.append(Decided(words, whole[-self._size :], signs, whole, names.index(each.act)))
        return made, wholes


def main(arguments: Sequence[str] | None = None) -> None:
    """Teach nine in ten messages and read the tenth; or teach all and write the weights beside the code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.network", description=__doc__)
    parser.add_argument("--write", action="store_true", help=f"learn from all messages and write {FILE}")
    parser.add_argument("--shipped", action="store_true", help="read with the weights that stand beside the code")
    parser.add_argument("--data", type=Path, default=Path(".reconteur/demo"), help="whose names are spotted")
    given = parser.parse_args(arguments)
    catalog = load_dataset(given.data).catalog
    made = Preparing(catalog)
    marked, acted = tags.read_marked(), acts.read_acted(catalog)
    if given.shipped:
        acts.unforeseen(_classifier(dict(stored()), made.encoder), catalog, made.spotter)
        return
    marks_apart = [not given.write and is_apart for is_apart in tags.kept_apart(marked)]
    acts_apart = [not given.write and is_apart for is_apart in tags.kept_apart(acted)]
    arrays = _taught(
        made,
        [each for each, is_apart in zip(marked, marks_apart, strict=True) if not is_apart],
        [*acts.of_bank(catalog), *(each for each, is_apart in zip(acted, acts_apart, strict=True) if not is_apart)],
    )
    if given.write:
        _write(arrays)
        return
    rest = [each for each, is_apart in zip(marked, marks_apart, strict=True) if is_apart]
    print(f"what words are there for, {len(rest)} messages:")
    tags.table([*tags.scores(Tagger(Network(made.encoder, weights(arrays))), rest, made.spotter)])
    others = [each for each, is_apart in zip(acted, acts_apart, strict=True) if is_apart]
    print(f"what {len(others)} messages are after:")
    classifier = _classifier(arrays, made.encoder)
    acts.table(classifier, others, made.spotter)
    print("labeled messages of the opened sets:")
    acts.unforeseen(classifier, catalog, made.spotter)


def _taught(made: Preparing, marked: Sequence[tags.Marks], acted: Sequence[Acted]) -> dict[str, Any]:
    names = sorted({each.act for each in acted})
    decided, wholes = made.decided(acted, names)
    print(f"{len(marked)} messages with roles, {len(acted)} with decisions", flush=True)
    learned = learn(made.marked(marked), decided, len(names))
    return {**learned, "act_names": np.array(names), **acts.learn_fields(acted, wholes, made.encoder)}


def _classifier(arrays: dict[str, Any], encoder: MultilingualEncoder) -> ActClassifier:
    names, fields = (tuple(map(str, arrays[f"{of}_names"])) for of in ("act", "field"))
    return ActClassifier(Network(encoder, weights(arrays)), names, fields)


def _write(arrays: dict[str, Any]) -> None:
    path = Path(str(files("agent.drivers").joinpath(FILE)))
    halved = {
        name: array.astype(np.float16) if array.dtype.kind == "f" else array.astype(str)
        for name, array in arrays.items()
    }
    np.savez_compressed(path, messages=np.array(digest()), **halved)
    stored.cache_clear()
    bundled_network.cache_clear()
    print(f"written: {path} ({path.stat().st_size} bytes)")


if __name__ == "__main__":
    main()
