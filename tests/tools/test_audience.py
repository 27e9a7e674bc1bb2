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
        ("a movie for the kids", 6),
        ("the little ones are up", 5),
        ("les petits dorment chez nous", 5),
        ("sleepover on Friday", 9),
        ("youth group, 12 to 15", 12),
        ("she's seven and loves horses", 7),
        ("avec ma classe de cinquième", 12),
        ("mis sobrinos, el mayor tiene ocho años", 6),
        ("grandkids, the youngest is in first grade, the oldest is thirteen", 6),
        ("dos anos 50", None),
        ("our toddler will be there", 4),
        ("with my teenagers", 13),
        ("family night", 8),
        ("with my wife", None),
        ("my sister's two for the weekend, 5 and 8", 5),
        ("two toddlers and a sulky 14 year old", 4),
        ("der Kleine ist vier, die Große geht in die dritte Klasse", 4),
        ("Mein Sohn wird morgen acht", 8),
        ("los críos de mi hermana, 4 y 7", 4),
        ("profe de sexto de primaria", 11),
        ("Minha filha faz 6 aninhos sábado", 6),
        ("一个上幼儿园大班一个二年级", 5),
        ("아이들이 7살, 4살이에요", 4),
        ("the kids are finally asleep", None),
        ("les enfants dorment, un bon thriller", None),
        ("endlich ohne Kinder", None),
        ("eu e meu namorado, aniversário de três anos", None),
        ("Three sisters, one sofa", None),
        ("a film about a 12-year-old boy", None),
        ("a movie about kids who find a treasure", None),
        ("讲一个孩子的成长", None),
        ("when I was six years old I saw one", None),
        ("nothing from the last ten years", None),
        ("three comedies from the 1990s under 100 minutes", None),
    ],
)
def test_the_youngest_age_counts(text: str, age: int | None) -> None:
    said = [audience.words for audience in find_audiences(text)]

    assert Care.of(said).age == age


def test_an_age_that_is_told_takes_the_place_of_the_usual_one() -> None:
    assert Care.of(["kids", "12", "14"]).age == 12


def test_company_keeps_content_low_in_whatever_order_the_catalog_has() -> None:
    limits = set(Care.of(["my grandma, who is very religious"]).limits(GUARDED))

    assert limits == {Constraint("fear", Op.IS, ("none", "mild")), Constraint("sex", Op.IS, ("no",))}


@pytest.mark.parametrize(
    ("text", "group"),
    [
        ("my nan is over for tea", "elders"),
        ("Filmnachmittag im Seniorenheim", "elders"),
        ("my sales director is staying until Sunday", "guests"),
        ("陪领导看", "guests"),
        ("義理の両親が泊まりに来ている", "guests"),
        ("date night with someone I barely know", "a date"),
        ("primera cita en casa", "a date"),
        ("a friend of mine just lost her father", "the grieving"),
        ("外公刚去世", "the grieving"),
        ("he faints at the sight of blood", "the squeamish"),
        ("we have a Mormon family visiting", "strict"),
        ("they're pretty churchy", "strict"),
        ("Dad's home after his heart bypass", "the unwell"),
        ("meu pai teve um AVC", "the unwell"),
        ("meine Freundin kann kein Blut sehen", "the squeamish"),
        ("我姐刚流产没多久", "the grieving"),
        ("mi novia acaba de salir de una depre", "the low"),
        ("o pessoal do trabalho", "guests"),
        ("시어머니랑 같이 볼 영화", "guests"),
        ("eine heult bei allem", "easily moved"),
    ],
)
def test_company_is_found_in_roundabout_words(text: str, group: str) -> None:
    assert group in Care.of([audience.words for audience in find_audiences(text)]).groups


@pytest.mark.parametrize(
    "text",
    [
        "a film about a grandmother and her grandson",
        "ein Film über eine Oma, die eine Bank ausraubt",
        "una película sobre abuelos",
        "关于奶奶的电影",
        "おばあちゃんの話",
        "a movie in which the teacher marries a widower",
        "when I was six my dad took me to the pictures",
        "I want to see somebody tell their boss where to go",
        "una gran aventura en el mar",
        "an old lady robs a casino",
        "my boss was on my case all day",
        "it's movie night at my place and nobody can decide",
    ],
)
def test_whom_a_story_is_about_is_nobodys_company(text: str) -> None:
    assert find_audiences(text) == []


def test_a_told_age_stands_for_the_group_of_that_age() -> None:
    assert Care.of(["kids", "12", "14"]).groups == ("schoolchildren",)


def test_what_is_refused_beside_an_audience_is_kept_low() -> None:
    limits = list(Care.of(["6"], ["anything scary"]).limits(GUARDED))

    assert limits == [Constraint("age", Op.MAX, (6.0,)), Constraint("fear", Op.IS, ("none", "mild"))]


def test_a_level_is_never_less_than_the_least() -> None:
    assert at_most(GUARDED.field("sex"), "none").values == ("no",)
