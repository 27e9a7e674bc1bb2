"""Facts as arrays."""

from retrieval.datasets import Dataset
from retrieval.datasets.dataset import Triple
from retrieval.knowledge import holdings, triple_table


def test_holdings_name_the_values_and_leave_rare_ones_out(teas: Dataset) -> None:
    every, names = holdings(teas.catalog)
    shared, common = holdings(teas.catalog, least=3)

    place = names.index(("notes", "honey"))
    assert every[:, [place]].toarray().ravel().nonzero()[0].tolist() == [9, 10, 11, 13]
    assert ("notes", "jasmine") in names
    assert ("notes", "jasmine") not in common
    assert shared.shape == (16, len(common))
    assert set(shared.data.tolist()) == {1.0}


def test_statements_are_numbered_with_the_catalogs_rows_first(teas: Dataset) -> None:
    triples = (
        Triple("tea:4", "grown.at", "m.1"),
        Triple("m.1", "place.teas", "tea:4"),
        Triple("tea:7", "grown.at", "m.1"),
        Triple("tea:7", "grown.at", "m.rare"),
    )

    table = triple_table(Dataset(teas.catalog, teas.interactions, triples))

    assert table.n_items == 16
    assert (table.heads < 16).all()
    stated = [(int(head), int(tail)) for head, tail in zip(table.heads, table.tails, strict=True) if tail >= 16]
    assert len(stated) == len(table)
    places = {tail for head, tail in stated if head == 4} & {tail for head, tail in stated if head == 7}
    assert len(places) >= 1
    assert len(table) == len(triple_table(Dataset(teas.catalog))) + 3


def test_a_catalog_without_facts_has_no_statements(teas: Dataset) -> None:
    from retrieval.items import Catalog, Item

    bare = Catalog(teas.catalog.schema, (Item("é", "Ünïcode 茶"),))

    assert len(triple_table(Dataset(bare))) == 0
    assert holdings(bare)[0].shape == (1, 0)
