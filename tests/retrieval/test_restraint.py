"""Strong content never comes first unasked, and near misses never show what does not suit those it is for."""

import pytest

from retrieval.datasets import Dataset, Interactions, save_dataset
from retrieval.graph import build_graph
from retrieval.history import UserHistory
from retrieval.items import Catalog, Item
from retrieval.preference import Constraint, Op, Preference, Wish
from retrieval.restraint import first_place, held_back
from retrieval.retriever import Retriever
from retrieval.schema import LEVELS, CatalogSchema, FieldKind, FieldSpec
from retrieval.settings import RetrievalSettings
from retrieval.vectors import build_vectors
from tests.fakes import HashEncoder

SCHEMA = CatalogSchema(
    name="shows",
    fields=(
        FieldSpec(name="kinds", kind=FieldKind.CATEGORY, label={"en": "kind"}),
        FieldSpec(name="age", kind=FieldKind.NUMBER, label={"en": "age"}, role="suits_from"),
        FieldSpec(name="sex", kind=FieldKind.CATEGORY, label={"en": "sex"}, role="sex", order=LEVELS),
    ),
)


def show(number: int, kind: str, age: int | None, sex: str) -> Item:
    numbers = {} if age is None else {"age": float(age)}
    return Item(f"s{number}", f"Show {number}", values={"kinds": (kind,), "sex": (sex,)}, numbers=numbers, text=kind)


CATALOG = Catalog(
    SCHEMA,
    (
        show(0, "Drama", 18, "strong"),
        show(1, "Drama", 12, "mild"),
        show(2, "Drama", 12, "none"),
        show(3, "Drama", 10, "none"),
        show(4, "Erotic", 18, "strong"),
        show(5, "Erotic", 16, "some"),
        show(6, "Cartoon", 6, "none"),
        show(7, "Cartoon", None, "none"),
    ),
)


def only(kind: str) -> Preference:
    return Preference(constraints=(Constraint("kinds", Op.IS, (kind,)),))


@pytest.mark.parametrize(
    ("preference", "held"),
    [
        (Preference(), ["s0", "s4"]),
        (only("Drama"), ["s0", "s4"]),
        (only("Erotic"), []),
        (Preference(wishes=(Wish("kinds", "Erotic"),)), []),
        (Preference(wishes=(Wish("kinds", "Erotic", -1.0),)), ["s0", "s4"]),
        (Preference(liked=("s4",)), []),
        (Preference(constraints=(Constraint("sex", Op.IS, ("some", "strong")),)), []),
    ],
)
def test_a_wish_asks_for_strong_content_by_what_it_names(preference: Preference, held: list[str]) -> None:
    rows = held_back(CATALOG, preference)

    assert [item.item_id for item, is_held in zip(CATALOG, rows, strict=True) if is_held] == held


def test_the_first_place_goes_to_the_first_that_may_have_it() -> None:
    assert first_place(CATALOG, ["s4", "s0", "s2"], Preference()) == 2
    assert first_place(CATALOG, ["s4", "s0"], Preference()) == 0


@pytest.fixture(scope="module")
def retriever(tmp_path_factory: pytest.TempPathFactory) -> Retriever:
    settings = RetrievalSettings(data_dir=tmp_path_factory.mktemp("shows"), encoder="hash", graph_vectors="none")
    dataset = Dataset(CATALOG, Interactions.of(CATALOG, ()))
    save_dataset(dataset, settings.data_dir)
    build_vectors(dataset, settings, encoder=HashEncoder())
    build_graph(dataset, settings)
    return Retriever.open(settings, encoder=HashEncoder())


def test_near_misses_never_relax_for_whom_it_is(retriever: Retriever) -> None:
    wanted = Preference(
        text="drama", constraints=(Constraint("kinds", Op.IS, ("Drama",)), Constraint("age", Op.MAX, (6.0,)))
    )
    lists = {name: retriever.run(name, wanted, UserHistory(())) for name in retriever.channel_names}

    ranked = retriever.rank(lists, wanted, UserHistory(()), 5)

    assert ranked.fit == ()
    assert [candidate.item_id for candidate in ranked.near] == ["s6"]
