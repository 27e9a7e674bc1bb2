"""A learned blend as a folder: LightGBM's text, arrays without pickles, words and ids as JSON, a manifest.

Items are kept by id, so a blend serves any catalog that shares ids with the one it was learned on.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ValidationError
from scipy.sparse import csr_matrix

from eval.ranking.blend import COLUMNS, Blend
from eval.ranking.fit import Fitted
from eval.ranking.knowledge import Records
from eval.ranking.text import TextIndex
from retrieval.errors import BadDataError
from retrieval.items import Catalog
from retrieval.resources import writing

if TYPE_CHECKING:
    import lightgbm

VERSION = 1
MANIFEST, ARRAYS, WORDS = "blend.json", "records.npz", "words.json"
MATRICES = ("sessions", "contexts", "answers", "documents")


class Manifest(BaseModel):
    """What a blend is and how it came about."""

    version: int
    share: float
    forests: int
    columns: tuple[str, ...]
    dialogues: int
    places: int
    notes: dict[str, float]
    command: str = ""
    seed: int = 0
    versions: dict[str, str] = {}


def save_blend(
    fitted: Fitted,
    catalog: Catalog,
    folder: Path,
    *,
    command: str = "",
    seed: int = 0,
    versions: Mapping[str, str] = {},
) -> Manifest:
    """Write a blend; a folder that is there is replaced once the new one is whole."""
    records = fitted.records
    manifest = Manifest(
        version=VERSION,
        share=fitted.blend.share,
        forests=len(fitted.blend.trees),
        columns=COLUMNS,
        dialogues=records.sessions.shape[0],
        places=records.answers.shape[0],
        notes=fitted.notes,
        command=command,
        seed=seed,
        versions=dict(versions),
    )
    arrays: dict[str, NDArray[np.generic]] = {"idf": records.index.idf}
    for name, matrix in zip(MATRICES, _matrices(records), strict=True):
        arrays |= {f"{name}_data": matrix.data, f"{name}_indices": matrix.indices, f"{name}_indptr": matrix.indptr}
    terms = sorted(records.index.vocabulary, key=records.index.vocabulary.__getitem__)
    with writing(folder, "") as half:
        np.savez_compressed(half / ARRAYS, allow_pickle=False, **arrays)
        words = {"items": [item.item_id for item in catalog], "terms": terms}
        (half / WORDS).write_text(json.dumps(words, ensure_ascii=False), encoding="utf-8")
        for place, one in enumerate(fitted.blend.trees):
            (half / f"trees-{place}.txt").write_text(one.model_to_string(), encoding="utf-8")
        (half / MANIFEST).write_text(manifest.model_dump_json(indent=2) + "\n", encoding="utf-8")
    return manifest


def load_blend(folder: Path, catalog: Catalog) -> tuple[Blend, Records, Manifest]:
    """Read a blend for a catalog; items that the catalog lacks are left out.

    Raises:
        BadDataError: There is no blend in the folder, or it was written by another version.
    """
    try:
        manifest = Manifest.model_validate_json((folder / MANIFEST).read_text(encoding="utf-8"))
        words = json.loads((folder / WORDS).read_text(encoding="utf-8"))
        texts = [(folder / f"trees-{place}.txt").read_text(encoding="utf-8") for place in range(manifest.forests)]
        with np.load(folder / ARRAYS, allow_pickle=False) as found:
            arrays = dict(found)
    except (OSError, ValueError, ValidationError) as error:
        raise BadDataError(f"no blend can be read in {folder}: {error}. Make one: python -m eval fit") from error
    if manifest.version != VERSION or manifest.columns != COLUMNS:
        raise BadDataError(f"the blend in {folder} is of another version. Make it again: python -m eval fit")
    items, terms = list(words["items"]), list(words["terms"])
    places = {item_id: row for row, item_id in enumerate(item.item_id for item in catalog)}
    rows = np.asarray([places.get(item_id, -1) for item_id in items], dtype=np.int64)
    sessions, contexts, answers = (
        _moved(_matrix(arrays, name, len(items)), rows, len(catalog)) for name in MATRICES[:3]
    )
    documents = _matrix(arrays, "documents", len(terms))
    index = TextIndex(
        dict(zip(terms, range(len(terms)), strict=True)), arrays["idf"], documents, csr_matrix(documents.T)
    )
    return Blend(_trees(texts), manifest.share), Records(sessions, contexts, answers, index), manifest


def _trees(texts: Sequence[str]) -> "tuple[lightgbm.Booster, ...]":
    if not texts:
        return ()
    import lightgbm

    return tuple(lightgbm.Booster(model_str=text) for text in texts)


def _matrices(records: Records) -> tuple[csr_matrix, ...]:
    return records.sessions, records.contexts, records.answers, records.index.matrix


def _matrix(arrays: Mapping[str, NDArray[np.generic]], name: str, width: int) -> csr_matrix:
    parts = (arrays[f"{name}_data"], arrays[f"{name}_indices"], arrays[f"{name}_indptr"])
    return csr_matrix(parts, shape=(len(parts[2]) - 1, width))  # type: ignore[arg-type]


def _moved(matrix: csr_matrix, rows: NDArray[np.int64], width: int) -> csr_matrix:
    """The matrix with its columns at other places; columns without a place are dropped."""
    flat = matrix.tocoo()
    columns = rows[flat.col]
    kept = columns >= 0
    return csr_matrix((flat.data[kept], (flat.row[kept], columns[kept])), shape=(matrix.shape[0], width))
