"""`python -m benchmarks.acts`: fits the classifier of decisions to the messages of the example bank, in a minute.

Prints how well it reads each fifth of them after learning from the others, and messages of languages it was not shown.
"""

import argparse
import hashlib
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from agent.drivers.acts import FILE, masked, signs_of
from agent.drivers.offline import Spotter
from agent.drivers.schema.bank import AS_STEPS, IN_OTHERS, Example, examples_of
from retrieval.datasets.storage import load_dataset
from retrieval.encoder import BUNDLED, Encoder, make_encoder

INVERSE_PENALTY: Final = 5.0
"""Of logistic regression; of 1 to 30 it read most of 531 messages that are not in the bank (88 % of those in English
and Chinese where it is at least .6 sure, the rules elsewhere; 77 % the rules alone)."""
FOLDS: Final = 5


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
    parser.add_argument("--data", type=Path, default=Path(".reconteur/demo"), help="whose names fill the bank")
    catalog = load_dataset(parser.parse_args(arguments).data).catalog
    examples = examples_of(catalog, has_staff=True)
    features = features_of(examples, Spotter(catalog), make_encoder(BUNDLED))
    acts = np.array([example.answer["do"] for example in examples])
    languages = np.array([example.language for example in examples])
    guessed = cross_val_predict(fresh(), features, acts, cv=StratifiedKFold(FOLDS, shuffle=True, random_state=0))
    print(f"{len(examples)} messages; each fifth read by what the others taught: {np.mean(guessed == acts):.3f}")
    for language in sorted({*languages}):
        own = languages == language
        if own.sum() > len({*acts}):
            right = fresh().fit(features[~own], acts[~own]).score(features[own], acts[own])
            print(f"{language}: {np.mean((guessed == acts)[own]):.3f} of {own.sum()}; never shown: {right:.3f}")
    model = fresh().fit(features, acts)
    arrays = {"acts": model.classes_.astype(str), "weights": model.coef_, "biases": model.intercept_}
    floats = {name: np.asarray(array, dtype=np.float32) for name, array in arrays.items() if name != "acts"}
    path = Path(str(files("agent.drivers").joinpath(FILE)))
    np.savez(path, acts=arrays["acts"], bank=np.array(bank_digest()), **floats)
    print(f"written: {path} ({path.stat().st_size} bytes)")


if __name__ == "__main__":
    main()
