"""Words of one language: values are asked for by them in messages of that language, and in no other."""

from functools import cache

import pytest

from agent.conversation import Conversation
from agent.drivers.base import View
from agent.drivers.offline import Scene, Spotter, parse
from agent.drivers.schema.asking import asked_about
from agent.drivers.schema.things import Kind
from retrieval.datasets.movielens import SCHEMA
from retrieval.items import Catalog, Item
from retrieval.preference import Preference
from retrieval.schema import CatalogSchema, FieldKind, FieldSpec, read_schema
from tools.placing import Placer, fold

FIELDS = ("genres", "countries", "languages")

MESSAGES = [
    ("queria ver um drama brasileiro", "genres is Drama", "countries is BR"),
    ("procuro uma comédia argentina ou chilena", "genres is Comedy", "countries any_of AR CL"),
    ("um policial francês, por favor", "genres is Crime", "countries is FR"),
    ("sem filmes americanos", "countries not US"),
    ("um filme passado no Brasil", "countries is BR"),
    ("uma animação japonesa em português", "genres is Animation", "countries is JP", "languages is Portuguese"),
    ("keine amerikanischen Filme", "countries not US"),
    ("Ich suche eine Komödie", "genres is Comedy"),
    ("Krimi oder Thriller, gern aus Schweden", "genres any_of Crime Thriller", "countries is SE"),
    ("ich hätte Lust auf dänische Krimis", "countries is DK", "genres is Crime"),
    ("was Lustiges auf Französisch", "genres is Comedy", "languages is French"),
    ("koreanische Gruselfilme, keine Trickfilme", "countries is KR", "genres is Horror", "genres not Animation"),
    ("Horror mag ich nicht", "genres not Horror"),
    ("der isländische Film war gut", "countries is IS"),
    ("un polar français", "genres is Crime", "countries is FR"),
    ("pas de films américains", "countries not US"),
    ("rien d'américain ni d'anglais", "countries not US GB"),
    ("une comédie italienne en français", "genres is Comedy", "countries is IT", "languages is French"),
    ("un truc qui fait peur, coréen si possible", "genres is Horror", "countries is KR"),
    ("des dessins animés pour ce soir", "genres is Animation"),
    ("peli coreana", "countries is KR"),
    ("nada de cine americano", "countries not US"),
    ("busco dibujos animados japoneses", "genres is Animation", "countries is JP"),
    ("una peli de miedo española", "genres is Horror", "countries is ES"),
    ("un thriller psicológico argentino", "genres is Thriller", "countries is AR"),
    ("ni comedia ni drama, algo del oeste", "genres not Comedy Drama", "genres is Western"),
    ("una película hablada en francés", "languages is French"),
    ("una commedia tedesca, per favore", "genres is Comedy", "countries is DE"),
    ("un giallo italiano degli anni settanta", "genres is Mystery", "countries is IT"),
    ("niente cartoni animati, meglio un film d'avventura", "genres not Animation", "genres is Adventure"),
    ("un film in spagnolo che fa paura", "languages is Spanish", "genres is Horror"),
    ("een Deense komedie zonder oorlog", "countries is DK", "genres is Comedy", "genres not War"),
    ("szukam czeskiej komedii", "countries is CZ", "genres is Comedy"),
    ("посоветуй французскую комедию, только не про войну", "countries is FR", "genres is Comedy", "genres not War"),
    ("İtalyan komedisi öner, Amerikan filmi olmasın", "countries is IT", "genres is Comedy", "countries not US"),
    ("日本の映画", "countries is JP"),
    ("アメリカ映画以外", "countries not US"),
    ("笑えるフランス映画が観たい", "genres is Comedy", "countries is FR"),
    ("邦画のサスペンスをお願いします", "countries is JP", "genres is Thriller"),
    ("ホラーは苦手です", "genres not Horror"),
    ("미국 영화 말고", "countries not US"),
    ("무서운 일본 영화 추천해 줘", "genres is Horror", "countries is JP"),
    ("공포 말고 프랑스어로 된 코미디", "genres not Horror", "languages is French", "genres is Comedy"),
]  # fmt: skip
"""A message, and the limits that it sets."""


@cache
def catalog() -> Catalog:
    """An item for every value of the demo's schema that has a word in some language."""
    schema = read_schema(SCHEMA)
    items = []
    for spec in schema.fields:
        values = {**spec.names, **{value: {} for said in spec.synonyms_in.values() for value in said}}
        items += [Item(f"{spec.name}:{value}", f"Zzyx {value}", {spec.name: (value,)}) for value in values]
    return Catalog(schema, tuple(items))


@cache
def spotter() -> Spotter:
    return Spotter(catalog())


def limits(message: str) -> set[str]:
    patch = parse(message, spotter()).patch
    return {" ".join((limit["field"], limit["op"], *map(str, limit["value"]))) for limit in patch.get("limits", ())}


def listed(message: str) -> set[tuple[str, str]]:
    """Which values the model is told of, of the fields of these tests."""
    conversation = Conversation()
    view = View(conversation, message, catalog(), conversation.preference)
    form = asked_about(view, spotter(), spotter().vocabulary.language_of(message, "en")).form
    values = {(thing.field, str(thing.values[0])) for thing in form.things if thing.kind is Kind.VALUE}
    return {(name, value) for name, value in values if name in FIELDS}


def spotted(message: str, language: str) -> set[str]:
    return {str(spot.value) for spot in spotter().spot(message, language=language) if spot.kind == "value"}


@pytest.mark.parametrize(("message", "expected"), [(message, {*said}) for message, *said in MESSAGES])
def test_a_message_limits_what_its_words_name(message: str, expected: set[str]) -> None:
    assert limits(message) == expected


@pytest.mark.parametrize(("message", "expected"), [(message, said) for message, *said in MESSAGES])
def test_the_model_is_told_of_every_value_that_is_named(message: str, expected: list[str]) -> None:
    split = (limit.split() for limit in expected)

    assert listed(message) == {(name, value) for name, _, *values in split for value in values}


@pytest.mark.parametrize(
    ("message", "wish"),
    [
        ("qualcosa di meno americano", {"field": "countries", "value": "US", "less": True}),
        ("etwas Lustigeres bitte", {"field": "genres", "value": "Comedy"}),
        ("un film plus drôle que ça", {"field": "genres", "value": "Comedy"}),
    ],
)
def test_more_and_less_of_a_value_are_no_limits(message: str, wish: dict[str, object]) -> None:
    patch = parse(message, spotter()).patch

    assert patch["prefer"] == [wish]
    assert "limits" not in patch


@pytest.mark.parametrize(
    ("message", "language", "value"),
    [
        ("the war was long", "de", "War"),
        ("der Film war gut", "de", "War"),
        ("a lustig film by the Dokus", "en", "Comedy"),
        ("a tropical island", "en", "IS"),
        ("eine alte Doku", "fr", "Documentary"),
        ("un film sur la polaire", "es", "Crime"),
    ],
)
def test_a_word_of_one_language_says_nothing_in_another(message: str, language: str, value: str) -> None:
    assert value not in spotted(f"{message}, and nothing else that anybody could take for a wish", language)


@pytest.mark.parametrize(
    ("message", "language"),
    [("un polar français", "fr"), ("peli de miedo", "es"), ("pourquoi pas un western", "fr"), ("a war film", "en")],
)
def test_words_tell_the_language_of_a_few_better_than_letters(message: str, language: str) -> None:
    assert spotter().vocabulary.language_of(message, "en") == language


def test_the_language_of_before_is_kept_where_a_word_is_of_another() -> None:
    assert spotter().vocabulary.language_of("lieber francese", "de") == "de"
    assert parse("peli coreana", spotter(), Scene(Preference(language="es"))).patch.get("language") is None


def test_a_beginning_stands_for_every_word_that_begins_so_in_any_catalog() -> None:
    spec = FieldSpec(
        name="kinds",
        kind=FieldKind.CATEGORY,
        label={"en": "kind"},
        synonyms_in={"de": {"Green": ("grün*", "ganz weich*")}},
    )
    shelf = Catalog(CatalogSchema(name="teas", fields=(spec,)), (Item("t:0", "Tea", {"kinds": ("Green",)}),))
    found = Spotter(shelf)

    for said in ("grüner Tee", "einen ganz weichen", "green"):
        assert [spot.value for spot in found.spot(said, language="de") if spot.kind == "value"] == ["Green"]
    for said in ("weichen Tee", "immergrün"):
        assert not found.spot(said, language="de")


def test_every_word_of_the_demo_is_for_a_value_that_it_knows_and_for_one_alone() -> None:
    for spec in read_schema(SCHEMA).fields:
        for language, said in spec.synonyms_in.items():
            words = [fold(word) + "*" * word.endswith("*") for words in said.values() for word in words]

            assert sorted(words) == sorted({*words}), (spec.name, language)
            assert all(value in spec.names or spec.standard for value in said), (spec.name, language)


def test_no_word_of_the_demo_repeats_a_name_that_counts_in_every_language() -> None:
    names = {spec.name: Placer(catalog()).names(spec.name) for spec in read_schema(SCHEMA).fields}
    repeated = [
        (language, word)
        for spec in read_schema(SCHEMA).fields
        for language, said in spec.synonyms_in.items()
        for value, words in said.items()
        for word in words
        if not word.endswith("*") and names[spec.name].get(fold(word)) == value
    ]

    assert repeated == [("de", "Island")]  # elsewhere it is a word for a subject


@pytest.mark.parametrize(
    ("message", "language"),
    [
        ("no Schwarzenegger", "en"),
        ("no Arnold Schwarzenegger", "en"),
        ("mit Schwarzenegger", "de"),
        ("keine Filme mit Schwarzenegger", "de"),
    ],
)
def test_a_name_says_nothing_of_the_language(message: str, language: str) -> None:
    people = Item("t", "Terminator", {"cast": ("Arnold Schwarzenegger",)})
    known = Catalog(read_schema(SCHEMA), (people,))

    assert Spotter(known).vocabulary.language_of(message, "en") == language
