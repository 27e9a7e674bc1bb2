"""Which language models are believed in what they read and name: large ones by name, or whichever a setting says."""

import hashlib
import logging
import re
from pathlib import Path

from retrieval.features.store import ItemFeatures, load_features
from retrieval.items import Catalog

LARGE = 7.0
"""Billions of parameters from which on a model is trusted with what it has read."""
SIZE = re.compile(r"(?<![a-z0-9.])(?:(\d+)x)?(\d+(?:\.\d+)?)b(?![a-z0-9])", re.IGNORECASE)
"""'7B', '1.5b', '8x7B'; not the '4bit' of a quantization, nor the 'A3B' that says how much of a mixture is active."""

logger = logging.getLogger(__name__)


def billions_in(name: str) -> float | None:
    """Billions of parameters by a model's name; None where the name does not tell.

    'Qwen2.5-7B-Instruct-AWQ' is 7, 'Mixtral-8x7B' 56, 'Qwen3-30B-A3B' 30, 'local' and 'gpt-4o' do not tell.
    """
    sizes = [float(size) * int(times or 1) for times, size in SIZE.findall(name)]
    return max(sizes, default=None)


def is_large(name: str) -> bool:
    """Whether the name says that the model has at least `LARGE` billion parameters; an unknown size is small."""
    size = billions_in(name)
    return size is not None and size >= LARGE


def believed_features(data_dir: Path, catalog: Catalog, mode: str) -> ItemFeatures | None:
    """What a language model read about the items, as far as it is believed; None where there is nothing.

    Args:
        data_dir: The data folder.
        catalog: Decides which items and values count.
        mode: The setting `language_model_channel`: 'auto' believes large models, 'on' all, 'off' none.
    """
    if mode == "off":
        return None
    return load_features(data_dir, catalog, believes=is_large if mode == "auto" else bool)


def features_hash(features: ItemFeatures | None) -> str:
    """A digest of what was read, 16 hex digits; '' for nothing."""
    if features is None:
        return ""
    values = {item_id: sorted(weights.items()) for item_id, weights in features.values.items()}
    read = sorted((item_id, moods, values[item_id]) for item_id, moods in features.moods.items())
    return hashlib.sha256(repr(read).encode()).hexdigest()[:16]
