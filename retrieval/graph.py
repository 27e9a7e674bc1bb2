"""The knowledge graph of a catalog: an embedded RDF store on disk, or any SPARQL 1.1 endpoint by URL.

Queries are fixed texts; what a caller names enters only as RDF terms, never as text. Read-only for everybody but
`build_graph`.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from urllib.parse import quote, unquote

import httpx
import pyoxigraph as ox

from retrieval.datasets import Dataset
from retrieval.errors import IndexMissingError, RecommenderError
from retrieval.items import Catalog, Item
from retrieval.resources import Progress, catalog_hash, require, silent, writing
from retrieval.schema import CatalogSchema, FieldKind
from retrieval.settings import RetrievalSettings

NAME = "graph"
WHAT = "knowledge graph"
BASE = "urn:reconteur:"
LABEL = ox.NamedNode("http://www.w3.org/2000/01/rdf-schema#label")
STORE, DUMP = "store", "graph.nt"
TIMEOUT_S = 5.0
DAMAGED = (OSError, RuntimeError)
"""What pyoxigraph raises where its files are absent, cut off or overwritten."""

logger = logging.getLogger(__name__)

Term = ox.NamedNode | ox.Literal | ox.BlankNode
Row = Mapping[str, Term]
Step = tuple[str, str, str]
"""(subject, relation, object): an item id, a relation name, a value."""

FACTS = (
    "SELECT ?relation ?value WHERE { ?item ?relation ?value . FILTER(?relation != ?label) } ORDER BY ?relation ?value"
)
ITEMS_WITH = "SELECT DISTINCT ?item WHERE { ?item ?relation ?value } ORDER BY ?item LIMIT 5000"
SHARED = """SELECT ?relation ?value (COUNT(?holder) AS ?holders)
WHERE { ?item ?relation ?value . ?other ?relation ?value . ?holder ?relation ?value . FILTER(isIRI(?value)) }
GROUP BY ?relation ?value ORDER BY ?holders ?relation ?value"""
BRIDGE = """SELECT ?relation ?value ?middle ?relation2 ?value2
WHERE {
  ?item ?relation ?value . ?middle ?relation ?value . ?middle ?relation2 ?value2 . ?other ?relation2 ?value2 .
  FILTER(?middle != ?item && ?middle != ?other && ?value != ?value2 && isIRI(?value) && isIRI(?value2))
  FILTER NOT EXISTS { ?relation ?common true } FILTER NOT EXISTS { ?relation2 ?common true }
} LIMIT 20"""
NEIGHBORS = """SELECT ?other (COUNT(?value) AS ?count)
WHERE { ?item ?relation ?value . ?other ?relation ?value . FILTER(?other != ?item && isIRI(?value))
  FILTER NOT EXISTS { ?relation ?common true } }
GROUP BY ?other ORDER BY DESC(?count) ?other LIMIT 200"""
COMMON = ox.NamedNode(f"{BASE}common")
"""Marks relations whose values say little (categories, decades), so that bridges do not run over them."""


class GraphUnavailableError(RecommenderError):
    """The SPARQL endpoint did not answer, or not with a result."""


class Triples(Protocol):
    """Answers one SELECT with terms bound to some of its variables."""

    def select(self, query: str, bound: Mapping[str, Term]) -> list[Row]:
        """The solutions, each with the variables that are bound in it."""
        ...


class EmbeddedTriples:
    """A pyoxigraph store, opened read-only."""

    def __init__(self, folder: Path) -> None:
        self._store = ox.Store.read_only(str(folder))

    def select(self, query: str, bound: Mapping[str, Term]) -> list[Row]:
        """Run the query with the terms bound by a VALUES block.

        pyoxigraph's own substitutions reach only the variables that a query projects, so both stores bind alike.

        Raises:
            GraphUnavailableError: A part of the store that was not read before is damaged.
        """
        try:
            solutions = self._store.query(bind(query, bound))
            if not isinstance(solutions, ox.QuerySolutions):
                raise TypeError("expected a SELECT query")
            names = [variable.value for variable in solutions.variables]
            return [_row(names, solution) for solution in solutions]
        except DAMAGED as error:
            raise GraphUnavailableError(f"expected a whole {WHAT}, found damage. Run: reconteur build") from error


class RemoteTriples:
    """A SPARQL 1.1 endpoint."""

    def __init__(self, url: str, *, client: httpx.Client | None = None) -> None:
        self._url = url
        self._client = client or httpx.Client(timeout=TIMEOUT_S)

    def select(self, query: str, bound: Mapping[str, Term]) -> list[Row]:
        """Run the query with the terms bound by a VALUES block, in their N-Triples form.

        Raises:
            GraphUnavailableError: The endpoint is down, late, or answers with something else than solutions.
        """
        try:
            answer = self._client.post(
                self._url,
                content=bind(query, bound).encode(),
                headers={"Content-Type": "application/sparql-query", "Accept": "application/sparql-results+json"},
            )
            answer.raise_for_status()
            solutions = ox.parse_query_results(answer.content, format=ox.QueryResultsFormat.JSON)
        except (httpx.HTTPError, SyntaxError, OSError) as error:
            raise GraphUnavailableError(
                f"expected SPARQL results from {self._url}, found {type(error).__name__}. "
                "Start the endpoint, or leave sparql_url empty to use the embedded store."
            ) from error
        if not isinstance(solutions, ox.QuerySolutions):
            raise GraphUnavailableError(f"expected solutions from {self._url}, found another kind of result")
        names = [variable.value for variable in solutions.variables]
        return [_row(names, solution) for solution in solutions]


def bind(query: str, bound: Mapping[str, Term]) -> str:
    """The query with a VALUES block in front of its pattern; terms are serialized by pyoxigraph, which escapes them."""
    if not bound:
        return query
    names = " ".join(f"?{name}" for name in bound)
    terms = " ".join(str(term) for term in bound.values())
    return query.replace("WHERE {", f"WHERE {{ VALUES ({names}) {{ ({terms}) }} ", 1)


@dataclass(frozen=True, slots=True)
class Fact:
    """One triple about an item, in the catalog's words."""

    item_id: str
    relation: str
    value: str


class KnowledgeGraph:
    """Lookups and paths over the catalog's facts."""

    def __init__(self, triples: Triples) -> None:
        self._triples = triples

    @classmethod
    def open(cls, catalog: Catalog, settings: RetrievalSettings) -> "KnowledgeGraph":
        """Open the endpoint of the settings, or the embedded store of this catalog.

        Raises:
            IndexMissingError: The embedded store is absent, half-written, damaged, or made for another catalog.
        """
        if settings.sparql_url:
            return cls(RemoteTriples(settings.sparql_url))
        folder = settings.data_dir / NAME
        require(folder, catalog_hash(catalog), WHAT)
        try:
            return cls(EmbeddedTriples(folder / STORE))
        except DAMAGED as error:
            raise IndexMissingError(f"a damaged {WHAT}", path=str(folder)) from error

    def try_asking(self) -> None:
        """Ask for any one statement.

        Raises:
            GraphUnavailableError: There is no answer.
        """
        self._triples.select("SELECT ?item WHERE { ?item ?relation ?value } LIMIT 1", {})

    def facts(self, item_id: str) -> tuple[Fact, ...]:
        """Everything that the graph says of an item; empty for an unknown one."""
        rows = self._triples.select(FACTS, {"item": item_iri(item_id), "label": LABEL})
        return tuple(Fact(item_id, _relation(row["relation"]), _value(row["value"])) for row in rows)

    def items_with(self, field: str, value: str, *, limit: int = 50) -> tuple[str, ...]:
        """Ids of items that have a value (or are of a decade: field 'year_decade', value '1990s')."""
        rows = self._triples.select(ITEMS_WITH, {"relation": relation_iri(field), "value": value_iri(field, value)})
        return tuple(_item_id(row["item"]) for row in rows[: max(0, limit)])

    def shared(self, item_id: str, other_id: str) -> tuple[tuple[str, str, int], ...]:
        """Values that two items have in common, as (relation, value, how many items have it), rarest first."""
        rows = self._triples.select(SHARED, {"item": item_iri(item_id), "other": item_iri(other_id)})
        return tuple((_relation(row["relation"]), _value(row["value"]), int(row["holders"].value)) for row in rows)

    def path(self, liked_id: str, item_id: str) -> tuple[Step, ...]:
        """The shortest explaining path from a liked item to another, over the rarest value; at most four hops.

        Returns:
            Facts as (item id, relation, value): two of them for a shared value, four over an item between; empty
            where there is no such path.
        """
        if liked_id == item_id:
            return ()
        for relation, value, _ in self.shared(liked_id, item_id):
            return (liked_id, relation, value), (item_id, relation, value)
        bound = {"item": item_iri(liked_id), "other": item_iri(item_id), "common": COMMON}
        paths = [
            (
                (liked_id, _relation(row["relation"]), _value(row["value"])),
                (_item_id(row["middle"]), _relation(row["relation"]), _value(row["value"])),
                (_item_id(row["middle"]), _relation(row["relation2"]), _value(row["value2"])),
                (item_id, _relation(row["relation2"]), _value(row["value2"])),
            )
            for row in self._triples.select(BRIDGE, bound)
        ]
        return min(paths, default=())

    def neighbors(self, item_id: str, *, limit: int = 20) -> tuple[tuple[str, int], ...]:
        """Items that share most entities with one, as (item id, how many), most first."""
        rows = self._triples.select(NEIGHBORS, {"item": item_iri(item_id), "common": COMMON})
        return tuple((_item_id(row["other"]), int(row["count"].value)) for row in rows[: max(0, limit)])


def build_graph(dataset: Dataset, settings: RetrievalSettings, progress: Progress = silent) -> None:
    """Write the store under data_dir/graph, and beside it graph.nt for loading into a server of one's own."""
    catalog = dataset.catalog
    progress(NAME, 0, len(catalog))
    with writing(settings.data_dir / NAME, catalog_hash(catalog)) as folder:
        store = ox.Store(str(folder / STORE))
        store.bulk_extend(quads(catalog))
        store.flush()
        store.dump(str(folder / DUMP), format=ox.RdfFormat.N_TRIPLES, from_graph=ox.DefaultGraph())
        del store  # closes the files before the folder moves
    progress(NAME, len(catalog), len(catalog))


def quads(catalog: Catalog) -> Iterator[ox.Quad]:
    """All facts of a catalog as triples in the default graph."""
    for relation in _common_relations(catalog.schema):
        yield ox.Quad(relation_iri(relation), COMMON, ox.Literal(True))
    for item in catalog:
        subject = item_iri(item.item_id)
        yield ox.Quad(subject, LABEL, ox.Literal(item.label))
        for relation, value in item_facts(item, catalog.schema):
            yield ox.Quad(subject, relation_iri(relation), value_iri(relation, value))
        for name, number in item.numbers.items():
            yield ox.Quad(subject, relation_iri(name), ox.Literal(float(number)))


def item_facts(item: Item, schema: CatalogSchema) -> Iterator[tuple[str, str]]:
    """An item's facts as (relation, value), the decades of its years included; nothing of for whom it is."""
    for spec in schema.descriptive:
        if spec.kind is not FieldKind.NUMBER:
            yield from ((spec.name, value) for value in item.values.get(spec.name, ()))
        elif spec.unit == "year" and spec.name in item.numbers:
            yield decade_relation(spec.name), decade(item.numbers[spec.name])


def decade(year: float) -> str:
    """'1990s'."""
    return f"{int(year) // 10 * 10}s"


def decade_relation(field: str) -> str:
    """The relation between an item and the decade of one of its years."""
    return f"{field}_decade"


def item_iri(item_id: str) -> ox.NamedNode:
    """The name of an item in the graph."""
    return ox.NamedNode(f"{BASE}item:{quote(item_id, safe='')}")


def relation_iri(name: str) -> ox.NamedNode:
    """The name of a relation in the graph."""
    return ox.NamedNode(f"{BASE}relation:{quote(name, safe='')}")


def value_iri(relation: str, value: str) -> ox.NamedNode:
    """The name of a value in the graph; one value per relation, since 'Brazil' the film is not the country."""
    return ox.NamedNode(f"{BASE}value:{quote(relation, safe='')}:{quote(value, safe='')}")


def _common_relations(schema: CatalogSchema) -> list[str]:
    categories = [spec.name for spec in schema.of_kind(FieldKind.CATEGORY)]
    return categories + [decade_relation(spec.name) for spec in schema.of_kind(FieldKind.NUMBER)]


def _row(names: Sequence[str], solution: ox.QuerySolution) -> dict[str, Term]:
    terms = ((name, solution[name]) for name in names)
    return {name: term for name, term in terms if isinstance(term, ox.NamedNode | ox.Literal | ox.BlankNode)}


def _last(term: Term) -> str:
    return unquote(term.value.rsplit(":", 1)[-1])


def _relation(term: Term) -> str:
    return _last(term)


def _item_id(term: Term) -> str:
    return _last(term)


def _value(term: Term) -> str:
    """The words of a value; numbers without a needless '.0'."""
    if isinstance(term, ox.Literal):
        try:
            return f"{float(term.value):.15g}" if term.datatype.value.endswith(("double", "integer")) else term.value
        except ValueError:
            return term.value
    return _last(term)
