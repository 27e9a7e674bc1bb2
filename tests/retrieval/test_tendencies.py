"""What a belief says of groups: a planted taste is found on its side, and doubt shrinks with answers."""

import numpy as np
import pytest

from retrieval.belief import Belief
from retrieval.belief_fit import TasteSettings, fit_taste
from retrieval.items import Catalog, Item
from retrieval.schema import CatalogSchema, FieldKind, FieldSpec
from retrieval.tendencies import Tendency, tendencies
from tests.retrieval.test_belief import answer, planted

SCHEMA = CatalogSchema(
    name="halves",
    fields=(
        FieldSpec(name="half", kind=FieldKind.CATEGORY, label={"en": "half"}),
        FieldSpec(name="year", kind=FieldKind.NUMBER, unit="year", label={"en": "year"}),
        FieldSpec(name="themes", kind=FieldKind.ENTITY, soft=True, label={"en": "theme"}),
    ),
)


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    """Thirty items: the second half is of the 1990s; one theme has too few items to say anything of."""

    def made(row: int) -> Item:
        half = "first" if row < 15 else "second"
        values = {"half": (half,), "themes": ("rare",) if row < 3 else ("common",)}
        return Item(f"i{row}", f"Item {row}", values, {"year": 1980.0 if row < 15 else 1990.0 + row % 10})

    return Catalog(SCHEMA, tuple(map(made, range(30))))


@pytest.fixture
def belief() -> Belief:
    return Belief(fit_taste(planted(), settings=TasteSettings(width=4, clusters=2)))


def by_value(belief: Belief, catalog: Catalog) -> dict[str, Tendency]:
    return {tendency.value: tendency for tendency in tendencies(belief, catalog)}


def test_of_a_stranger_it_is_said_that_nothing_is_known(belief: Belief, catalog: Catalog) -> None:
    by_name = by_value(belief, catalog)

    assert set(by_name) == {"first", "second", "1980..1989", "1990..1999", "common"}
    assert all(abs(tendency.mean) < 1e-6 for tendency in by_name.values())
    assert all(tendency.deviation == pytest.approx(1.0) for tendency in by_name.values())


def test_answers_turn_a_group_to_their_side_and_leave_less_doubt(belief: Belief, catalog: Catalog) -> None:
    for item in (20, 22, 25):
        answer(belief, item, 1.0)

    by_name = by_value(belief, catalog)

    assert by_name["second"].mean > 0.3
    assert by_name["first"].mean < -0.3
    assert by_name["1990..1999"].mean == pytest.approx(by_name["second"].mean)
    assert by_name["second"].deviation < 0.8
    assert np.isfinite([tendency.deviation for tendency in by_name.values()]).all()
