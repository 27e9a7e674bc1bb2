"""Fitted models on disk: arrays as npz without pickles, settings as JSON beside them."""

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from retrieval.errors import IndexMissingError
from retrieval.resources import load_arrays, save_arrays

SETTINGS = "settings.json"
Settings = TypeVar("Settings")


@dataclass(frozen=True, slots=True)
class Stored:
    """The arrays of one model, by name and kind."""

    arrays: Mapping[str, NDArray[np.generic]]

    def floats(self, name: str) -> NDArray[np.float32]:
        """An array of 32-bit floats."""
        return np.asarray(self.arrays[name], dtype=np.float32)

    def doubles(self, name: str) -> NDArray[np.float64]:
        """An array of 64-bit floats, such as times."""
        return np.asarray(self.arrays[name], dtype=np.float64)

    def rows(self, name: str) -> NDArray[np.int64]:
        """An array of row numbers or counts."""
        return np.asarray(self.arrays[name], dtype=np.int64)


def save_model(folder: Path, arrays: Mapping[str, NDArray[Any]], settings: object) -> None:
    """Write a model's arrays and its settings, a dataclass of plain values, into an existing folder."""
    if not dataclasses.is_dataclass(settings) or isinstance(settings, type):
        raise TypeError(f"expected settings as a dataclass, found {type(settings).__name__}")
    save_arrays(folder, arrays)
    (folder / SETTINGS).write_text(json.dumps(dataclasses.asdict(settings), indent=1) + "\n", encoding="utf-8")


def load_model(folder: Path, what: str, names: tuple[str, ...], settings: type[Settings]) -> tuple[Stored, Settings]:
    """Read what `save_model` wrote.

    Raises:
        IndexMissingError: A file is absent or damaged, or holds other settings than this version knows.
    """
    arrays = load_arrays(folder, what, names)
    try:
        kept: dict[str, Any] = json.loads((folder / SETTINGS).read_text(encoding="utf-8"))
        return Stored(arrays), settings(**kept)
    except (OSError, ValueError, TypeError) as error:
        raise IndexMissingError(f"a {what} with unreadable settings", path=str(folder)) from error


def read_settings(folder: Path) -> dict[str, str | int | float | bool | None]:
    """The settings of a saved model; empty where there are none."""
    try:
        kept = json.loads((folder / SETTINGS).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {str(name): value for name, value in kept.items() if isinstance(value, str | int | float | bool | None)}
