"""`python -m benchmarks.acts`: how well the classifier of decisions reads messages that it was not taught.

Each fifth of the example bank after learning from the others, each language after learning from the others, and the
531 messages of `unforeseen_*.jsonl` that `unforeseen_acts.jsonl` labels (by one reader, other decisions that will do
beside the first), the rules' reading of the English and Chinese ones beside it. `--write` puts the weights that the
whole bank teaches beside the code.
"""

import argparse
import hashlib
import json
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest

from agent.conversation import Conversation, Role, Turn
from agent.drivers.acts import FILE, PART, bundled_acts, masked, signs_of
from agent.drivers.base import View
from agent.drivers.offline import Spotter
from agent.drivers.schema.asking import asked_about
from agent.drivers.schema.bank import AS_STEPS, IN_OTHERS, Example, examples_of
from agent.drivers.schema.form import read_answer
from agent.drivers.vocabulary import READ
from agent.examples import names_of
from retrieval.datasets.storage import load_dataset
from retrieval.encoder import BUNDLED, Encoder, make_encoder
from retrieval.items import Catalog
from retrieval.preference import Preference

INVERSE_PENALTY: Final = 5.0
"""Of logistic regression; of 1 to 30 it read most of 531 messages that are not in the bank (88 % of those in English
and Chinese where it is at least .6 sure, the rules elsewhere; 77 % the rules alone)."""
FOLDS: Final = 5
HERE: Final = Path(__file__).parent


def bank_digest() -> str:
    """Tells one bank from another, 16 hex digits."""
    texts = (files("agent.prompts").joinpath(name).read_bytes() for name in (AS_STEPS, IN_OTHERS))
    return hashlib.sha256(b"\x00".join(texts)).hexdigest()[:16]


def features_of(examples: Sequence[Example], spotter: Spotter, encoder: Encoder) -> NDArray[np.float32]:
    """What the classifier sees of each message, shape (n, dimension + signs)."""
    spotted = [spotter.spot(each.view.message, shown=each.view.shown, language=each.language) for each in examples]
    pairs = list(zip(examples, spotted, strict=True))
    vectors = encoder.encode([masked(each.view.message, spots) for each, spots in pairs])
    return np.hstack([vectors, np.stack([signs_of(each.view, spots) for each, spots in pairs])])


def fresh() -> Any:
    """A classifier that has learned nothing."""
    from sklearn.linear_model import LogisticRegression  # slow to load

    return LogisticRegression(C=INVERSE_PENALTY, max_iter=3000)


def main(arguments: Sequence[str] | None = None) -> None:
    """Fit and write the weights beside the code."""
    from sklearn.model_selection import StratifiedKFold, cross_val_predict

    parser = argparse.ArgumentParser(prog="python -m benchmarks.acts", description=__doc__)
    parser.add_argument("--write", action="store_true", help=f"learn from the whole bank and write {FILE}")
    parser.add_argument("--data", type=Path, default=Path(".reconteur/demo"), help="whose names fill the bank")
    given = parser.parse_args(arguments)
    catalog = load_dataset(given.data).catalog
    examples = examples_of(catalog, has_staff=True)
    features = features_of(examples, Spotter(catalog), make_encoder(BUNDLED))
    acts = np.array([example.answer["do"] for example in examples])
    kinds = [str(example.answer.get("kind", "")) for example in examples]
    asked = np.array([str(example.answer.get("field", "")) for example in examples])
    meant = {name: place for place, name in names_of(catalog).items() if place.endswith(("_field", "_field2"))}
    asked = np.array([meant.get(name, name) for name in asked])
    if given.write:
        named = np.array([f"{act}{PART}{kind}" if kind else act for act, kind in zip(acts, kinds, strict=True)])
        _write({"acts": (features, named), "fields": (features[asked != ""], asked[asked != ""])})
        return
    languages = np.array([example.language for example in examples])
    guessed = cross_val_predict(fresh(), features, acts, cv=StratifiedKFold(FOLDS, shuffle=True, random_state=0))
    print(f"{len(examples)} messages; each fifth read by what the others taught: {np.mean(guessed == acts):.3f}")
    for language in sorted({*languages}):
        own = languages == language
        if own.sum() > len({*acts}):
            right = fresh().fit(features[~own], acts[~own]).score(features[own], acts[own])
            print(f"{language}: {np.mean((guessed == acts)[own]):.3f} of {own.sum()}; never shown: {right:.3f}")
    guessed = cross_val_predict(fresh(), features[asked != ""], asked[asked != ""], cv=FOLDS)
    print(f"what is asked about items: {np.mean(guessed == asked[asked != '']):.3f} of {(asked != '').sum()}")
    unforeseen(catalog)


def _write(taught: Mapping[str, tuple[NDArray[np.float32], NDArray[np.str_]]]) -> None:
    """Learn and keep each head from its features and names."""
    arrays: dict[str, Any] = {"bank": np.array(bank_digest())}
    for name, (features, named) in taught.items():
        head = fresh().fit(features, named)
        learned = head.coef_.astype(np.float32), head.intercept_.astype(np.float32)
        arrays |= {
            f"{name}_names": head.classes_.astype(str),
            f"{name}_weights": learned[0],
            f"{name}_biases": learned[1],
        }
    path = Path(str(files("agent.drivers").joinpath(FILE)))
    np.savez(path, **arrays)
    print(f"written: {path} ({path.stat().st_size} bytes)")


def unforeseen(catalog: Catalog) -> None:
    """Print how the labeled messages are read; each but the first of a conversation after a list of five."""
    spotter, classifier = Spotter(catalog), bundled_acts()
    shown = tuple(item.item_id for item in catalog.items[:5])
    messages: dict[str, tuple[str, list[str]]] = {}
    for path in sorted(HERE.glob("unforeseen_*.jsonl")):
        rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        name = path.stem.removeprefix("unforeseen_")
        for row in (row for row in rows if "messages" in row):
            told = ((n, row["messages"][: n + 1]) for n in range(len(row["messages"])))
            messages |= {f"{name}/{row['id']}/{n}": (row["language"], said) for n, said in told}
    right: dict[str, list[bool]] = {"rules": [], "classifier": [], "both": [], "classifier, other languages": []}
    for line in (HERE / "unforeseen_acts.jsonl").read_text(encoding="utf-8").splitlines():
        label = json.loads(line)
        language, said = messages[label["key"]]
        wanted, talk = {label["do"], *label["also"]}, Conversation("labeled")
        for earlier in said[:-1]:
            talk = talk.add(Turn(Role.USER, earlier)).add(Turn(Role.ASSISTANT, "", shown=shown))
        wish = Preference(text="a wish") if said[1:] else Preference()
        view = View(talk, said[-1], catalog, wish)
        likely = classifier.likely(view, spotter.spot(view.message, shown=view.shown, language=language))
        if language not in READ:
            right["classifier, other languages"].append(likely.first[0] in wanted)
            continue
        asked = asked_about(view, spotter, language)
        drafted = read_answer(asked.draft, asked.form).do
        right["rules"].append(drafted in wanted)
        right["classifier"].append(likely.first[0] in wanted)
        right["both"].append((likely.decided or drafted) in wanted)
    for who, hits in right.items():
        low, high = binomtest(sum(hits), len(hits)).proportion_ci(method="wilson")
        print(f"{who}: {np.mean(hits):.3f} ({low:.3f} to {high:.3f}) of {len(hits)}")


if __name__ == "__main__":
    main()
