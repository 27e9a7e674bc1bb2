"""What a patch says of who is there: limits that they can live with, and what such company likes."""

import pytest

from agent.chips import chips, without_chip
from agent.wording.messages import has_message
from retrieval.items import Catalog, Item
from retrieval.preference import Constraint, Op, Preference, Wish
from retrieval.schema import LEVELS, CatalogSchema, FieldSpec
from tests.tools.desk import patch
from tools.audience import groups
from tools.patch import apply_patch
from tools.placing import Placer


def field(name: str, **more: object) -> FieldSpec:
    return FieldSpec.model_validate({"name": name, "kind": "category", "label": {}, **more})


def show(number: int, kind: str, violence: str, sorrow: str, age: float) -> Item:
    values = {"kinds": (kind,), "violence": (violence,), "sorrow": (sorrow,)}
    return Item(f"show:{number}", f"Show {number}", values=values, numbers={"age": age})


SHOWS = Catalog(
    CatalogSchema(
        name="shows",
        fields=(
            field("kinds"),
            FieldSpec.model_validate({"name": "age", "kind": "number", "label": {}, "role": "suits_from"}),
            field("violence", role="violence", order=LEVELS),
            field("sorrow", role="sorrow", order=LEVELS),
        ),
        company={"the grieving": ("kinds:Comedy",), "elders": ("kinds:Musical", "-kinds:War")},
        unfit={"the low": ("kinds:Elegy", "kinds:War")},
    ),
    (
        show(1, "Comedy", "none", "none", 6),
        show(2, "Musical", "none", "mild", 8),
        show(3, "War", "some", "some", 12),
        show(4, "War", "strong", "strong", 16),
        show(5, "Elegy", "none", "strong", 14),
    ),
)


def wanted(before: Preference | None = None, **members: object) -> Preference:
    return apply_patch(before or Preference(), patch(SHOWS, **members), Placer(SHOWS)).preference


def levels(preference: Preference, name: str) -> list[tuple[str | float, ...]]:
    return [limit.values for limit in preference.constraints if limit.field == name]


def test_company_alone_wishes_for_what_it_likes() -> None:
    assert wanted(audience=["grandma"]).wishes == (Wish("kinds", "Musical", 0.6), Wish("kinds", "War", -0.6))


def test_the_first_of_the_catalogs_company_counts() -> None:
    assert wanted(audience=["grandma", "grandpa died last month"]).wishes == (Wish("kinds", "Comedy", 0.6),)


def test_who_says_what_they_want_is_not_given_what_their_company_likes() -> None:
    assert wanted(audience=["grandma"], limits=[{"field": "kinds", "op": "is", "value": ["Elegy"]}]).wishes == ()
    assert wanted(Preference(text="gardens"), audience=["grandma"]).wishes == ()


def test_grown_up_company_that_asks_for_a_war_film_bears_a_little_more_of_it() -> None:
    asked = wanted(audience=["my mother-in-law"], limits=[{"field": "kinds", "op": "is", "value": ["War"]}])

    assert levels(asked, "violence") == [("none", "mild", "some")]


def test_company_loosens_nothing_that_was_said_before() -> None:
    peaceful = wanted(limits=[{"field": "violence", "op": "max", "value": ["none"]}])

    asked = wanted(peaceful, audience=["elders"])

    assert levels(asked, "violence") == [("none",)]


def test_the_grieving_who_ask_for_a_film_on_grief_get_one() -> None:
    asked = wanted(audience=["my dad died"], limits=[{"field": "kinds", "op": "is", "value": ["Elegy"]}])

    assert levels(asked, "sorrow") == []
    assert levels(asked, "violence") == [("none", "mild")]


def test_for_children_no_limit_gives_way() -> None:
    asked = wanted(audience=["6", "my mother-in-law"], limits=[{"field": "kinds", "op": "is", "value": ["War"]}])

    assert Constraint("age", Op.MAX, (6.0,), words="6; my mother-in-law") in asked.constraints
    assert levels(asked, "violence") == [("none", "mild")]


def test_a_refused_content_is_one_chip_whose_removal_takes_all_of_it_away() -> None:
    asked = wanted(avoid=["gore"])

    (chip,) = chips(asked, SHOWS)

    assert chip.label == "violence up to some"
    assert levels(asked, "violence") == [("strong",)]
    assert without_chip(asked, chip.key) == Preference()


def test_company_is_one_chip_that_says_who_it_is() -> None:
    asked = wanted(audience=["my mother-in-law"], limits=[{"field": "kinds", "op": "is", "value": ["Comedy"]}])

    company, kind = chips(asked, SHOWS)

    assert (company.label, kind.label) == ("for “my mother-in-law”", "Comedy")
    assert [limit.field for limit in without_chip(asked, company.key).constraints] == ["kinds"]


@pytest.mark.parametrize(
    ("audience", "label"),
    [(["children"], "for children (age 6)"), (["6"], "for age 6"), (["my kids"], "for “my kids” (age 6)")],
)
def test_the_chip_of_children_says_for_what_age_it_is(audience: list[str], label: str) -> None:
    assert chips(wanted(audience=audience), SHOWS)[0].label == label


def test_all_company_has_a_name_that_can_be_said() -> None:
    assert [name for name in groups() if not has_message(f"whom_{name}")] == []


def test_company_keeps_its_levels_where_enough_of_what_is_asked_for_keeps_them() -> None:
    mild = tuple(show(number, "War", "mild", "mild", 12) for number in range(6, 9))
    more = Catalog(
        SHOWS.schema, (*SHOWS.items, *mild, *(show(number, "War", "strong", "some", 16) for number in range(9, 20)))
    )
    asked = patch(more, audience=["my mother-in-law"], limits=[{"field": "kinds", "op": "is", "value": ["War"]}])

    assert levels(apply_patch(Preference(), asked, Placer(more)).preference, "violence") == [("none", "mild")]


def test_what_company_must_not_be_shown_is_refused_unless_it_is_asked_for() -> None:
    asked = wanted(audience=["she is so depressed"], limits=[{"field": "kinds", "op": "is", "value": ["Elegy"]}])

    assert [limit.values for limit in asked.constraints if limit.op is Op.NOT] == [("War",)]
