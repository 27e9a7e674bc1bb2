"""What was learned from recorded conversations: a weight per signal, and how often items came up. One small JSON file.

The demo's file rests on the validation set of ReDial (Li et al., NeurIPS 2018; CC BY 4.0): numbers, no text of it.
"""

from importlib.resources import files
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from retrieval.datasets.storage import write_atomic
from retrieval.errors import BadDataError
from retrieval.fusion.talk import Talk
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

    together: tuple[str, ...] = ()
    """Which of these came up in one conversation, as `Talk.written` says it."""

    def talk(self, catalog: Catalog) -> Talk:
        """What came up, by catalog row."""
        return Talk.read(self.spoken, self.together, catalog)


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
