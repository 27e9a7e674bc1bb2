"""For whom something is: ages and company in many words become limits that are kept."""

import pytest

from retrieval.preference import Constraint, Op
from retrieval.schema import LEVELS, CatalogSchema, FieldKind, FieldSpec
from tools.audience import Care, at_most, find_audiences


def content(role: str, *order: str) -> FieldSpec:
    return FieldSpec.model_validate(
        {"name": role, "kind": "category", "label": {}, "role": role, "order": order or LEVELS}
    )


GUARDED = CatalogSchema(
    name="shows",
    fields=(
        FieldSpec(name="age", kind=FieldKind.NUMBER, label={}, role="suits_from"),
        content("fear"),
        content("sex", "no", "yes"),
    ),
)


@pytest.mark.parametrize(
    ("text", "age"),
    [
        ("my six-year-old", 6),
        ("for kids aged 5 and 8", 5),
        ("twins, 9yo", 9),
        ("meine Tochter ist 7 Jahre alt", 7),
        ("mis sobrinos de 9 y 11", 9),
        ("un gamin de dix ans", 10),
        ("女儿八岁，儿子十二岁", 8),
        ("5歳の息子と", 5),
        ("일곱 살 말고 8살 아이", 8),
        ("something for fourth graders", 9),
        ("eine 4. Klasse", 9),
        ("a movie for the kids", 7),
        ("our toddler will be there", 4),
        ("with my teenagers", 13),
        ("family night", 8),
        ("with my wife", None),
        ("a film about a 12-year-old boy", None),
        ("when I was six years old I saw one", None),
        ("nothing from the last ten years", None),
        ("three comedies from the 1990s under 100 minutes", None),
    ],
)
def test_the_youngest_age_counts(text: str, age: int | None) -> None:
    found = [one.words for one in find_audiences(text)]

    assert Care.of(found).age == age


def test_an_age_that_is_told_takes_the_place_of_the_usual_one() -> None:
    assert Care.of(["kids", "12", "14"]).age == 12


def test_company_keeps_content_low_in_whatever_order_the_catalog_has() -> None:
    limits = set(Care.of(["my grandma, who is very religious"]).limits(GUARDED))

    assert limits == {Constraint("fear", Op.IS, ("none", "mild", "some")), Constraint("sex", Op.IS, ("no",))}


def test_what_is_refused_beside_an_audience_is_kept_low() -> None:
    limits = list(Care.of(["6"], ["anything scary"]).limits(GUARDED))

    assert limits == [Constraint("age", Op.MAX, (6.0,)), Constraint("fear", Op.IS, ("none", "mild"))]


def test_a_level_is_never_less_than_the_least() -> None:
    assert at_most(GUARDED.field("sex"), "none").values == ("no",)
