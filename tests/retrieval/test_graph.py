"""The knowledge graph: a real store on disk, and the same queries against an endpoint by HTTP."""

import shutil
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pyoxigraph as ox
import pytest

from retrieval.channels.graph import GraphChannel
from retrieval.datasets import Dataset
from retrieval.errors import IndexMissingError
from retrieval.graph import (
    EmbeddedTriples,
    GraphUnavailableError,
    KnowledgeGraph,
    RemoteTriples,
    bind,
    build_graph,
    item_iri,
    quads,
    value_iri,
)
from retrieval.items import Catalog, Item
from retrieval.settings import RetrievalSettings
from tests.fakes import tea_schema


@pytest.fixture(scope="module")
def endpoint(teas: Dataset) -> httpx.Client:
    store = ox.Store()
    store.bulk_extend(quads(teas.catalog))

    def answer(request: httpx.Request) -> httpx.Response:
        solutions = store.query(request.content.decode())
        assert isinstance(solutions, ox.QuerySolutions)
        return httpx.Response(200, content=solutions.serialize(format=ox.QueryResultsFormat.JSON))

    return httpx.Client(transport=httpx.MockTransport(answer))


@pytest.fixture(params=["embedded", "remote"])
def graph(
    request: pytest.FixtureRequest, teas: Dataset, tea_settings: RetrievalSettings, endpoint: httpx.Client
) -> KnowledgeGraph:
    if request.param == "embedded":
        return KnowledgeGraph.open(teas.catalog, tea_settings)
    return KnowledgeGraph(RemoteTriples("http://graph.test/sparql", client=endpoint))


def test_facts_are_those_of_the_catalog_with_decades(graph: KnowledgeGraph) -> None:
    facts = {(fact.relation, fact.value) for fact in graph.facts("tea:4")}

    assert facts == {
        ("kinds", "Black"),
        ("growers", "Chiara Rossi"),
        ("notes", "smoky"),
        ("notes", "tar"),
        ("year", "1998"),
        ("year_decade", "1990s"),
        ("price", "11"),
    }


def test_items_are_found_by_value_and_by_decade(graph: KnowledgeGraph) -> None:
    assert set(graph.items_with("growers", "Farid Aziz")) == {"tea:12", "tea:13"}
    assert set(graph.items_with("year_decade", "2010s")) == {"tea:10", "tea:11", "tea:12", "tea:13"}
    assert len(graph.items_with("kinds", "Green", limit=2)) == 2
    assert graph.items_with("kinds", "Nothing") == ()


def test_shared_values_come_rarest_first(graph: KnowledgeGraph) -> None:
    shared = graph.shared("tea:4", "tea:5")

    assert shared[0] in {("growers", "Chiara Rossi", 3), ("notes", "smoky", 3)}
    assert ("kinds", "Black", 5) in shared
    assert [count for _, _, count in shared] == sorted(count for _, _, count in shared)


def test_the_path_runs_over_the_rarest_shared_value(graph: KnowledgeGraph) -> None:
    assert graph.path("tea:0", "tea:3") == (("tea:0", "notes", "sea breeze"), ("tea:3", "notes", "sea breeze"))


def test_a_longer_path_runs_over_an_item_between(graph: KnowledgeGraph) -> None:
    path = graph.path("tea:7", "tea:13")

    assert len(path) == 4
    assert (path[0][0], path[-1][0]) == ("tea:7", "tea:13")
    assert path[0][1:] == path[1][1:]
    assert path[1][0] == path[2][0]
    assert path[2][1:] == path[3][1:]


def test_neighbors_share_most_entities(graph: KnowledgeGraph) -> None:
    assert graph.neighbors("tea:5")[0] == ("tea:15", 3)


def test_unknown_items_have_no_facts_and_no_path(graph: KnowledgeGraph) -> None:
    assert graph.facts("nothing") == ()
    assert graph.path("tea:0", "nothing") == ()
    assert graph.path("tea:0", "tea:0") == ()


@pytest.mark.parametrize(
    "name", ["é 茶/1", 'x" . ?s ?p ?o . "', "a> } DELETE WHERE { ?s ?p ?o } #", "50 % off:now", "line\nbreak"]
)
def test_odd_names_are_data_and_come_back_unchanged(name: str, data_dir: Path) -> None:
    catalog = Catalog(tea_schema(), (Item(name, name, {"notes": (name,)}), Item("b", "B", {"notes": (name,)})))
    dataset, settings = Dataset(catalog), RetrievalSettings(data_dir=data_dir)
    build_graph(dataset, settings)

    graph = KnowledgeGraph.open(catalog, settings)

    assert [(fact.relation, fact.value) for fact in graph.facts(name)] == [("notes", name)]
    assert set(graph.items_with("notes", name)) == {name, "b"}
    assert graph.path(name, "b") == ((name, "notes", name), ("b", "notes", name))


def test_terms_enter_a_query_only_as_terms() -> None:
    query = bind("SELECT ?item WHERE { ?item ?p ?value }", {"value": value_iri("notes", "a> } #")})

    assert query == (
        "SELECT ?item WHERE { VALUES (?value) { (<urn:reconteur:value:notes:a%3E%20%7D%20%23>) }  ?item ?p ?value }"
    )
    assert str(ox.Literal('a" } #')) == '"a\\" } #"'
    assert item_iri("é").value == "urn:reconteur:item:%C3%A9"


def test_a_missing_or_foreign_graph_says_how_to_build_it(teas: Dataset, data_dir: Path) -> None:
    settings = RetrievalSettings(data_dir=data_dir)
    with pytest.raises(IndexMissingError, match=r"no knowledge graph in .*graph\. Build it with: reconteur build"):
        KnowledgeGraph.open(teas.catalog, settings)

    build_graph(Dataset(Catalog(tea_schema(), ())), settings)
    with pytest.raises(IndexMissingError, match="made for another catalog"):
        KnowledgeGraph.open(teas.catalog, settings)


def test_a_half_written_graph_is_refused(teas: Dataset, data_dir: Path) -> None:
    settings = RetrievalSettings(data_dir=data_dir)
    build_graph(teas, settings)
    (data_dir / "graph" / "index.json").unlink()

    with pytest.raises(IndexMissingError, match="a half-written knowledge graph"):
        KnowledgeGraph.open(teas.catalog, settings)


def test_a_graph_without_its_store_is_refused(teas: Dataset, data_dir: Path) -> None:
    settings = RetrievalSettings(data_dir=data_dir)
    build_graph(teas, settings)
    shutil.rmtree(data_dir / "graph" / "store")

    with pytest.raises(IndexMissingError, match="a damaged knowledge graph"):
        KnowledgeGraph.open(teas.catalog, settings)


def test_a_graph_whose_writing_broke_off_is_refused(teas: Dataset, data_dir: Path) -> None:
    settings = RetrievalSettings(data_dir=data_dir)
    build_graph(teas, settings)
    for path in (data_dir / "graph" / "store").glob("*.sst"):
        with path.open("r+b") as file:
            file.truncate(path.stat().st_size // 2)

    with pytest.raises(IndexMissingError, match="a damaged knowledge graph"):
        KnowledgeGraph.open(teas.catalog, settings)


def test_damage_that_only_a_question_meets_is_named(teas: Dataset, data_dir: Path) -> None:
    class Damaged:
        def query(self, _: str) -> ox.QuerySolutions:
            raise RuntimeError("Corruption: block checksum mismatch")

    settings = RetrievalSettings(data_dir=data_dir)
    build_graph(teas, settings)
    triples = EmbeddedTriples(data_dir / "graph" / "store")
    triples._store = Damaged()

    with pytest.raises(GraphUnavailableError, match="expected a whole knowledge graph, found damage"):
        KnowledgeGraph(triples).facts("tea:0")


@pytest.mark.parametrize("status", [500, 200])
def test_an_endpoint_that_fails_is_named(status: int) -> None:
    client = httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(status, content=b"oops")))
    graph = KnowledgeGraph(RemoteTriples("http://graph.test/sparql", client=client))

    with pytest.raises(GraphUnavailableError, match=r"expected SPARQL results from http://graph.test/sparql"):
        graph.facts("tea:0")


@pytest.fixture
def sparql_url(teas: Dataset) -> Iterator[str]:
    """A SPARQL 1.1 endpoint of its own, over HTTP."""
    store = ox.Store()
    store.bulk_extend(quads(teas.catalog))

    class Endpoint(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.headers["Content-Type"] == "application/sparql-query"
            solutions = store.query(self.rfile.read(int(self.headers["Content-Length"])).decode())
            assert isinstance(solutions, ox.QuerySolutions)
            body = solutions.serialize(format=ox.QueryResultsFormat.JSON)
            assert body is not None
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Endpoint) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/sparql"
        server.shutdown()


def test_an_endpoint_by_url_knows_what_the_folder_knows(
    teas: Dataset, tea_settings: RetrievalSettings, sparql_url: str, tmp_path: Path
) -> None:
    embedded = KnowledgeGraph.open(teas.catalog, tea_settings)

    remote = KnowledgeGraph.open(teas.catalog, RetrievalSettings(data_dir=tmp_path, sparql_url=sparql_url))

    assert remote.facts("tea:5") == embedded.facts("tea:5")
    assert remote.path("tea:5", "tea:4") == embedded.path("tea:5", "tea:4") != ()


def test_every_path_of_the_graph_channel_is_a_path_of_the_graph(teas: Dataset, tea_settings: RetrievalSettings) -> None:
    from retrieval.history import UserHistory
    from retrieval.preference import Preference

    graph = KnowledgeGraph.open(teas.catalog, tea_settings)
    candidates = GraphChannel(teas.catalog).retrieve(Preference(liked=("tea:5",)), UserHistory(), k=20)

    for candidate in candidates:
        shared = {(relation, value) for relation, value, _ in graph.shared("tea:5", candidate.item_id)}
        assert {(why.field, why.value) for why in candidate.evidence} <= shared
