"""Messages in any language by the roles of their words: as wishes, as look-ups, beside the rules, beside the model."""

from dataclasses import replace

import pytest

from agent.conversation import Conversation
from agent.drivers.acts import bundled_acts
from agent.drivers.base import View
from agent.drivers.offline import Parsed, Spotter
from agent.drivers.schema import SchemaDriver, UnaidedReader, bundled_ear
from agent.drivers.schema.asking import asked_about
from agent.drivers.schema.heard import _is_name
from agent.drivers.schema.meanings import Meanings
from agent.drivers.tagging import Tagged
from retrieval.encoder import multilingual
from retrieval.preference import Op, Preference
from retrieval.schema import FieldKind, FieldSpec
from tests.agent.films import film_catalog, film_id
from tests.agent.schema.conftest import Driven, after_list
from tests.fakes import ScriptedChatModel


def read(message: str, conversation: Conversation | None = None) -> Parsed:
    """What is made of a message without a language model."""
    conversation = conversation or Conversation("c")
    view = View(conversation, message, film_catalog(), conversation.preference)
    return UnaidedReader(bundled_acts(), bundled_ear(view.catalog))(view, Spotter(view.catalog))


def limits_of(parsed: Parsed) -> set[tuple[str, str, object]]:
    return {(limit["field"], limit["op"], limit["value"][0]) for limit in parsed.patch.get("limits", ())}


@pytest.mark.parametrize(
    ("message", "limits"),
    [
        ("eine Komödie ohne Romantik bitte", {("genres", "is", "Comedy"), ("genres", "not", "Romance")}),
        ("un film policier d'avant 1970", {("genres", "is", "Crime"), ("year", "max", 1969.0)}),
        ("una commedia degli anni novanta", {("year", "min", 1990.0), ("year", "max", 1999.0)}),
        ("Science-Fiction aus den 80ern", {("genres", "is", "Sci-Fi"), ("year", "min", 1980.0)}),
        ("一番怖くないやつ、90年代のコメディ", {("genres", "is", "Comedy"), ("year", "min", 1990.0)}),
        ("로맨스 말고 스릴러로 추천해줘", {("genres", "is", "Thriller"), ("genres", "not", "Romance")}),
        ("qualcosa di Hitchcock", {("directors", "is", "Alfred Hitchcock")}),
    ],
)
def test_wishes_in_other_languages_become_limits(message: str, limits: set[tuple[str, str, object]]) -> None:
    parsed = read(message)

    assert limits <= limits_of(parsed)
    assert parsed.ending.tool == "recommend"


def test_what_names_no_value_is_searched_for_in_its_own_words() -> None:
    parsed = read("ich suche was mit ganz viel Schnee und Hunden")

    assert "Schnee" in parsed.patch["about"]
    assert "ich" not in parsed.patch["about"].split()


def test_films_are_examples_dislikes_or_seen_by_what_is_said_of_them() -> None:
    liked, known = read("etwas wie Alien, aber ohne Blut"), read("Titanic habe ich schon gesehen, was anderes bitte")

    assert liked.patch["similar_to"] == [film_id("Alien")]
    assert known.patch.get("seen") == [film_id("Titanic")]


def test_a_question_in_another_language_counts_by_its_roles() -> None:
    parsed = read("wie viele Komödien aus den 90ern habt ihr?")

    limits = {(one["field"], one["op"]) for look in parsed.lookups for one in look.arguments["limits"]}
    assert {("genres", "is"), ("year", "min"), ("year", "max")} <= limits


def test_what_says_nothing_is_read_as_before() -> None:
    plain = UnaidedReader(bundled_acts())
    view = View(Conversation("c"), "hmm", film_catalog(), Preference(language="de"))

    assert read("hmm", Conversation("c", preference=view.preference)) == plain(view, Spotter(view.catalog))


@pytest.mark.parametrize(
    ("message", "name", "value"),
    [("a comedy, and romance can stay away", "genres", "Romance")],
)
def test_a_refusal_that_the_rules_missed_is_kept(message: str, name: str, value: str) -> None:
    view = View(Conversation("c"), message, film_catalog(), Preference())
    spotter, ear = Spotter(view.catalog), bundled_ear(view.catalog)

    alone, both = asked_about(view, spotter).parsed, asked_about(view, spotter, ear=ear).parsed

    assert (name, "not", value) not in limits_of(alone)
    assert (name, "not", value) in limits_of(both)
    assert (name, "is", value) not in limits_of(both)


@pytest.mark.parametrize(
    "message",
    ["no comedies, unless Hitchcock made them", "keine Komödien, außer sie sind von Hitchcock"],
)
def test_an_exception_is_let_through(message: str) -> None:
    limits = [limit for limit in read(message).patch["limits"] if limit["field"] == "genres"]

    assert limits == [
        {
            "field": "genres",
            "op": "not",
            "value": ["Comedy"],
            "unless": [{"field": "directors", "value": ["Alfred Hitchcock"]}],
        }
    ]


def test_without_a_refusal_an_exception_is_left_out_of_what_is_wanted() -> None:
    assert limits_of(read("Komödien, aber mit Ausnahme von Romanzen")) == {
        ("genres", "is", "Comedy"),
        ("genres", "not", "Romance"),
    }


def test_a_value_that_is_only_taken_back_is_no_wish() -> None:
    view = View(Conversation("c"), "enough with the horror already, some comedy", film_catalog(), Preference())
    spotter, ear = Spotter(view.catalog), bundled_ear(view.catalog)

    assert ("genres", "is", "Horror") in limits_of(asked_about(view, spotter).parsed)
    assert limits_of(asked_about(view, spotter, ear=ear).parsed) == {("genres", "is", "Comedy")}


def test_somebody_of_many_films_is_meant_by_the_given_name() -> None:
    catalog = film_catalog()
    more = tuple(
        replace(item, item_id=f"more:{row}", title=f"More {row}", values={**item.values, "cast": ("Keanu Reeves",)})
        for row, item in enumerate(catalog.items[:4])
    )
    ear = bundled_ear(replace(catalog, items=(*catalog.items, *more)))

    assert ear.meanings.person("keanu") == ("cast", "Keanu Reeves")
    assert bundled_ear(catalog).meanings.person("harrison") == ("cast", "Harrison Ford")


@pytest.mark.parametrize("spelled", ["Хичкока", "Хичкок"])
def test_a_name_in_another_script_is_known_by_its_sound(spelled: str) -> None:
    catalog = film_catalog()
    more = tuple(
        replace(item, item_id=f"more:{row}", title=f"More {row}", values={**item.values, "cast": ("Alfred Hitchcock",)})
        for row, item in enumerate(catalog.items[:4])
    )
    meanings = bundled_ear(replace(catalog, items=(*catalog.items, *more))).meanings

    assert meanings.person(spelled) == ("cast", "Alfred Hitchcock")
    assert meanings.person("кошка") is None
    assert meanings.person("希区柯克") is None


@pytest.mark.parametrize(
    ("words", "bend"),
    [
        ("kürzer", ("minutes", "before")),
        ("più vecchio", ("year", "before")),
        ("plus récent", ("year", "after")),
        ("lustig", None),
        ("Berlin", None),
    ],
)
def test_less_or_more_than_what_was_shown_is_told_by_meaning(words: str, bend: tuple[str, str] | None) -> None:
    spec = FieldSpec(name="minutes", kind=FieldKind.NUMBER, unit="min", label={"en": "running time"})
    catalog = film_catalog()
    schema = catalog.schema.model_copy(update={"fields": (*catalog.schema.fields, spec)})

    assert Meanings(replace(catalog, schema=schema), multilingual()).bend(words) == bend


async def test_a_sure_wish_in_another_language_needs_no_call(
    driver: SchemaDriver, driven: Driven, model: ScriptedChatModel
) -> None:
    object.__setattr__(driver, "acts", bundled_acts())
    object.__setattr__(driver, "ear", bundled_ear(film_catalog()))

    drive = await driven("je cherche une comédie sans romance, s'il te plaît")

    wanted = drive.batch.context.wanted
    assert model.calls == []
    assert {(limit.op, *limit.values) for limit in wanted.constraints} == {(Op.IS, "Comedy"), (Op.NOT, "Romance")}
    assert wanted.language == "fr"


async def test_what_the_model_decides_is_carried_out_with_the_roles_that_are_heard(
    driver: SchemaDriver, driven: Driven, model: ScriptedChatModel
) -> None:
    object.__setattr__(driver, "ear", bundled_ear(film_catalog()))
    conversation = after_list(film_id("Heat"), wish=Preference(language="de"))

    drive = await driven("Horror? auf keinen Fall, lieber eine Komödie", {"do": "find"}, conversation=conversation)

    assert len(model.calls) == 1
    said = {(limit.op, *limit.values) for limit in drive.batch.context.wanted.constraints}
    assert said == {(Op.NOT, "Horror"), (Op.IS, "Comedy")}


@pytest.mark.parametrize("words", ["…", "?!", "", "9" * 5000])
def test_stretches_without_a_word_are_no_names(words: str) -> None:
    assert not _is_name(words)


def test_an_amount_with_a_comma_is_read() -> None:
    ear, message = bundled_ear(film_catalog()), "höchstens 1,5 Stunden"

    found = ear._found(Tagged(10, 21, "most", 1.0), message[10:], message, "de", "find")

    assert found is not None
    assert (found[0].field, found[0].values, found[1]) == ("minutes", (90.0,), "until")
