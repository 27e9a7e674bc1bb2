"""What was learned from recorded conversations: a weight per signal, and how often items came up. One small JSON file.

The demo's file rests on the validation set of ReDial (Li et al., NeurIPS 2018; CC BY 4.0): numbers, no text of it.
"""

from importlib.resources import files
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, ValidationError

from retrieval.datasets.storage import write_atomic
from retrieval.errors import BadDataError
from retrieval.items import Catalog

FILE = "conversation.json"
VERSION = 1


class ConversationWeights(BaseModel):
    """How much each signal counts; signals are columns of mean 0 and deviation 1."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: int = VERSION
    source: str = ""
    """What it was learned from."""
    dialogues: int = 0
    places: int = 0
    """Recommendations that it was learned from."""
    named: dict[str, float]
    """Weights by signal where the user likes an item; a signal without one counts nothing."""
    bare: dict[str, float]
    """Where none is known."""
    spoken: dict[str, int] = {}
    """In how many conversations each item came up, by item id."""

    def counts(self, catalog: Catalog) -> NDArray[np.float32]:
        """`spoken` by catalog row, shape (n_items,)."""
        known = {item_id: count for item_id, count in self.spoken.items() if item_id in catalog}
        counted = np.zeros(len(catalog), dtype=np.float32)
        counted[catalog.rows(known)] = list(known.values())
        return counted


def read_weights(data_dir: Path) -> ConversationWeights:
    """What was learned in a data folder; else what the project brings.

    Raises:
        BadDataError: The folder's file cannot be read.
    """
    own = data_dir / FILE
    if not own.is_file():
        return shipped_weights()
    try:
        return ConversationWeights.model_validate_json(own.read_text(encoding="utf-8"))
    except (OSError, ValidationError) as error:
        raise BadDataError(
            f"expected weights that `reconteur fit` wrote in {own}, found: {error}. Fit again, or remove the file."
        ) from error


def shipped_weights() -> ConversationWeights:
    """What the project brings."""
    text = files("retrieval").joinpath(f"data/{FILE}").read_text(encoding="utf-8")
    return ConversationWeights.model_validate_json(text)


def write_weights(data_dir: Path, weights: ConversationWeights) -> Path:
    """Write what was learned into a data folder, whole or not at all; returns the file."""
    path = data_dir / FILE
    write_atomic(path, weights.model_dump_json(indent=1) + "\n")
    return path
