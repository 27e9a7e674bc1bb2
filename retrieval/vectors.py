"""Item texts as vectors in Chroma: embedded on disk by default, a Chroma server by URL.

One collection per catalog and encoder; it counts only once its metadata says that it is complete.
"""

import logging
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray

from retrieval.datasets import Dataset
from retrieval.encoder import Encoder, make_encoder
from retrieval.errors import IndexMissingError, SettingsError, VectorServerError
from retrieval.items import Catalog, Item
from retrieval.resources import Progress, catalog_hash, silent
from retrieval.schema import CatalogSchema, FieldKind
from retrieval.settings import RetrievalSettings

if TYPE_CHECKING:
    from chromadb.api import ClientAPI
    from chromadb.api.collection_configuration import CreateCollectionConfiguration

PREFIX = "reconteur-"
TEXTS = "asked"
"""Which texts are embedded: a collection of other ones is not opened, and built again.

(Before: "about", without queries; before that with titles.)
"""
FIRST_SHARE = 0.5
"""The weight of an item's first query; its others share the rest, and all together weigh as much as its text.

Chosen on the thirty and the forty plain wishes by vectors alone: recall at 10 .296 and .140, without queries .209 and
.096; on the 120 blind wishes, on which nothing was chosen, .135 and .105 (`python -m benchmarks.wishes --data DIR`).
"""
BATCH = 128
PAGE = 2000
MOST_NAMED = 1000
"""So many items a search may be narrowed to by their ids; of more, the closed ones are skipped afterwards."""
SPARE = 2
"""How many times the items wanted are asked for where the others are skipped; more where those are not enough."""
EF_SEARCH = 400
HNSW = {"space": "cosine", "ef_construction": 200, "ef_search": EF_SEARCH, "max_neighbors": 32}
"""Chosen by recall at 50 against exact search on the demo: 2,715 vectors, 500 means of 1-5 items (seed 0), 30 wishes.

Neighbors / construction / search width -> recall of profiles, of wishes: 8/50/50 .835, .819; 8/50/400 .998, .997;
16/100/100 .989, .981; 16/100/200 .999, .997; 32/200/100 .998, .989; 32/200/200 1.000, .999; 32/200/400 1.000, 1.000 at
about a millisecond a query. The search width must not be below the number of items asked for.
"""

logger = logging.getLogger(__name__)


def item_text(item: Item, schema: CatalogSchema, *, most: int = 8) -> str:
    """What an item is about, in the words that are embedded: description, then its categories and entities.

    A title names and does not describe: no war is in 'Star Wars', no dessert in 'The Ice Storm'. Titles are found by
    `retrieval.titles`; one is embedded only where there is no description.
    """
    facts = [
        f"{spec.label_in('en')}: {', '.join(spec.value_in(value, 'en') for value in item.values[spec.name][:most])}"
        for spec in schema.descriptive
        if spec.kind is not FieldKind.NUMBER and item.values.get(spec.name)
    ]
    return ". ".join(part.strip().rstrip(".") for part in (item.text.strip() or item.title, *facts) if part.strip())


def item_vectors(items: Sequence[Item], schema: CatalogSchema, encoder: Encoder) -> NDArray[np.float32]:
    """The unit vectors of items, of what they are about and how people ask for them, shape (n_items, dimension)."""
    texts = [item_text(item, schema) for item in items]
    encoded = encoder.encode([*texts, *(query for item in items for query in item.queries)])
    vectors = encoded[: len(items)].copy()
    start = len(items)
    for row, item in enumerate(items):
        if item.queries:
            end = start + len(item.queries)
            vector = vectors[row] + _joined(encoded[start:end])
            vectors[row] = vector / np.linalg.norm(vector)
            start = end
    return vectors


def _joined(queries: NDArray[np.float32]) -> NDArray[np.float32]:
    """The weighted mean of one item's queries, not of unit length, shape (dimension,)."""
    n_others = len(queries) - 1
    weights = [FIRST_SHARE, *[(1 - FIRST_SHARE) / n_others] * n_others] if n_others else [1.0]
    return np.asarray(weights, dtype=np.float32) @ queries


def build_vectors(
    dataset: Dataset, settings: RetrievalSettings, progress: Progress = silent, *, encoder: Encoder | None = None
) -> None:
    """Embed every item and store the vectors; collections of other catalogs are removed from the embedded store."""
    encoder = encoder or make_encoder(settings.encoder)
    catalog = dataset.catalog
    client = open_client(settings, create=True)
    name = collection_name(catalog, encoder.name)
    if any(known.name == name for known in client.list_collections()):
        client.delete_collection(name)
    collection = client.create_collection(
        name,
        embedding_function=None,
        configuration=cast("CreateCollectionConfiguration", {"hnsw": dict(HNSW)}),
        metadata={"complete": 0},
    )
    for start in range(0, len(catalog), BATCH):
        items = catalog.items[start : start + BATCH]
        texts = [item_text(item, catalog.schema) for item in items]
        vectors = item_vectors(items, catalog.schema, encoder)
        collection.upsert(ids=[item.item_id for item in items], embeddings=vectors, documents=texts)
        progress("vectors", min(start + BATCH, len(catalog)), len(catalog))
    collection.modify(metadata={"complete": len(catalog)})
    if not settings.chroma_url:
        _drop_stale(client, keep=name)


class VectorIndex:
    """The vectors of one catalog: nearest items by Chroma, exact scores from a copy in memory."""

    def __init__(self, collection: Any, catalog: Catalog, matrix: NDArray[np.float32]) -> None:
        self._collection = collection
        self._catalog = catalog
        self.matrix = matrix
        """Unit vectors in row order, shape (n_items, dimension)."""

    @classmethod
    def open(cls, catalog: Catalog, settings: RetrievalSettings) -> "VectorIndex":
        """Open the collection of this catalog and encoder.

        Raises:
            IndexMissingError: It is absent, half-written, damaged, or made for another catalog.
        """
        where = settings.chroma_url or str(settings.data_dir / "chroma")
        client = open_client(settings, create=False)
        name = collection_name(catalog, settings.encoder)
        try:
            if all(known.name != name for known in client.list_collections()):
                raise IndexMissingError("no vector index for this catalog and encoder", path=where)
            collection = client.get_collection(name, embedding_function=None)
            complete = (collection.metadata or {}).get("complete")
            if complete != len(catalog) or collection.count() != len(catalog):
                raise IndexMissingError("a half-written vector index", path=where)
            return cls(collection, catalog, _read_matrix(collection, catalog))
        except IndexMissingError:
            raise
        except Exception as error:  # Chroma raises errors of its own, of SQLite and of its Rust part
            raise IndexMissingError(f"a damaged vector index ({type(error).__name__})", path=where) from error

    def query(
        self, vector: NDArray[np.float32], k: int, *, among: NDArray[np.int64] | None = None
    ) -> list[tuple[int, float]]:
        """The `k` nearest items as (row, cosine), best first; approximate.

        Args:
            vector: Shape (dimension,), of any length but zero.
            k: The most items.
            among: Rows that may be returned; None for all. Few are named to Chroma, of many the others are skipped.
        """
        wanted = min(k, len(self._catalog) if among is None else len(among))
        if wanted <= 0:
            return []
        if among is None or len(among) <= MOST_NAMED:
            return self._nearest(vector, wanted, among)
        open_rows = set(among.tolist())
        total, n_asked = len(self._catalog), SPARE * wanted * len(self._catalog) // len(among)
        while True:
            nearest = [hit for hit in self._nearest(vector, min(n_asked, total)) if hit[0] in open_rows]
            if len(nearest) >= wanted or n_asked >= total:
                return nearest[:wanted]
            n_asked *= 4

    def _nearest(
        self, vector: NDArray[np.float32], k: int, named: NDArray[np.int64] | None = None
    ) -> list[tuple[int, float]]:
        """What Chroma returns, of all items or of some that are named to it."""
        answer = self._collection.query(
            query_embeddings=[vector],
            n_results=k,
            ids=None if named is None else [self._catalog.items[row].item_id for row in named.tolist()],
            include=["distances"],
        )
        ids, distances = answer["ids"][0], answer["distances"][0]
        return [
            (self._catalog.row(item_id), 1.0 - float(distance))
            for item_id, distance in zip(ids, distances, strict=True)
            if item_id in self._catalog
        ]


def built_vectors(catalog: Catalog, settings: RetrievalSettings) -> NDArray[np.float32] | None:
    """The vectors of a data folder in row order, shape (n_items, dimension); None where they are not built."""
    try:
        return VectorIndex.open(catalog, settings).matrix
    except IndexMissingError:
        return None


def collection_name(catalog: Catalog, encoder_name: str) -> str:
    """One name per catalog content, kind of text and encoder."""
    encoder = "".join(c if c.isalnum() else "-" for c in encoder_name)[-40:].strip("-")
    return f"{PREFIX}{catalog_hash(catalog)}-{TEXTS}-{encoder}"


def open_client(settings: RetrievalSettings, *, create: bool) -> "ClientAPI":
    """A Chroma client with telemetry off.

    Raises:
        IndexMissingError: `create` is false and there is no folder, or the folder is damaged.
        VectorServerError: There is no server at the URL.
    """
    os.environ.setdefault("ANONYMIZED_TELEMETRY", "False")
    import chromadb
    from chromadb.config import Settings as ChromaSettings

    options = ChromaSettings(anonymized_telemetry=False)
    folder = settings.data_dir / "chroma"
    if not settings.chroma_url and not create and not (folder / "chroma.sqlite3").is_file():
        raise IndexMissingError("no vector index", path=str(folder))
    try:
        if settings.chroma_url:
            return _http_client(settings.chroma_url, options)
        Path(folder).mkdir(parents=True, exist_ok=True)
        return chromadb.PersistentClient(path=str(folder), settings=options)
    except SettingsError:
        raise
    except Exception as error:  # see VectorIndex.open
        reason = type(error).__name__
        if settings.chroma_url:
            raise VectorServerError(settings.chroma_url, reason) from error
        raise IndexMissingError(f"a vector store that does not open ({reason})", path=str(folder)) from error


def _http_client(url: str, options: Any) -> "ClientAPI":
    import chromadb

    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise SettingsError(f"chroma_url must look like http://host:8000, found {url!r}")
    tls = parts.scheme == "https"
    port = parts.port or (443 if tls else 8000)
    return chromadb.HttpClient(host=parts.hostname, port=port, ssl=tls, settings=options)


def _read_matrix(collection: Any, catalog: Catalog) -> NDArray[np.float32]:
    pages: list[NDArray[np.float32]] = []
    order: list[str] = []
    for offset in range(0, len(catalog), PAGE):
        page = collection.get(limit=PAGE, offset=offset, include=["embeddings"])
        order.extend(page["ids"])
        pages.append(np.asarray(page["embeddings"], dtype=np.float32))
    if not pages:
        return np.zeros((0, 1), dtype=np.float32)
    stacked = np.vstack(pages)
    matrix = np.empty_like(stacked)
    matrix[catalog.rows(order)] = stacked
    return matrix


def _drop_stale(client: "ClientAPI", *, keep: str) -> None:
    names: Sequence[str] = [collection.name for collection in client.list_collections()]
    for name in names:
        if name.startswith(PREFIX) and name != keep:
            client.delete_collection(name)
