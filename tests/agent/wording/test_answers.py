"""Answers by template: each stands on what the tools of the turn brought."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from agent.conversation import Conversation, Role, Turn
from agent.wording.answers import answer
from agent.wording.lookups import among, common, comparison, facts, identified, listing
from agent.wording.messages import LANGUAGES
from retrieval.history import Interaction, UserHistory
from retrieval.items import Catalog
from retrieval.preference import Constraint, Op, Preference, Wish
from retrieval.retriever import Retriever
from retrieval.schema import FieldKind, FieldSpec
from tests.agent.films import film_id
from tools import Ending, Lookup, ToolContext
from tools.placing import Placer

HEAT, CASINO, FARGO = film_id("Heat"), film_id("Casino"), film_id("Fargo")
HITCHCOCK = Constraint("directors", Op.IS, ("Alfred Hitchcock",))

Desk = Callable[..., ToolContext]


@pytest.fixture
def desk(film_retriever: Retriever) -> Desk:
    def make(preference: Preference = Preference(), **members: object) -> ToolContext:  # noqa: B008
        history = members.pop("history", UserHistory())
        return ToolContext(film_retriever, Placer(film_retriever.catalog), history, preference, **members)

    return make


def said(context: ToolContext, kind: str, *item_ids: str, fields: tuple[str, ...] = (), language: str = "en") -> str:
    ending = Ending("answer", item_ids, kind=kind, fields=fields)
    return answer(context, ending, Conversation(), language)[0]


def lookup(context: ToolContext, *limits: Constraint, sort: str = "") -> ToolContext:
    total, ids = context.retriever.matching(limits, sort)
    context.lookups = (*context.lookups, Lookup(limits, total, tuple(ids), sort))
    return context


def test_a_description_without_end_is_said_in_part(desk: Desk):
    catalog = desk().retriever.catalog
    endless = replace(catalog.item(HEAT), text="word " * 2000)

    told = facts([endless], (), catalog, "en"), identified([endless], catalog, "en")

    assert all("word word" in text and "word…" in text and len(text) < 1300 for text in told)


# Counts and lists


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("en", "There are 2 films by Alfred Hitchcock. The oldest is Rear Window (1954)."),
        ("zh", "阿尔弗雷德·希区柯克执导的电影共有 2 部。最早的是《后窗》（1954）。"),
        ("es", "Hay 2 películas de Alfred Hitchcock. Lo más antiguo: Rear Window (1954)."),
        ("fr", "Il y a 2 films d’Alfred Hitchcock. Le plus ancien\u00a0: Rear Window (1954)."),
        ("de", "Es gibt 2 Filme von Alfred Hitchcock. Am ältesten: Rear Window (1954)."),
        ("pt", "Há 2 filmes de Alfred Hitchcock. O mais antigo: Rear Window (1954)."),
        ("ja", "アルフレッド・ヒッチコック監督の映画は2本あります。いちばん古いのは『Rear Window』（1954）です。"),
        ("ko", "앨프리드 히치콕 감독 영화: 모두 2편 있어요. 가장 오래된 것은 Rear Window (1954)."),
    ],
)
def test_a_count_names_what_was_counted_and_the_first_where_it_was_sorted(desk: Desk, language: str, expected: str):
    context = lookup(desk(), HITCHCOCK, sort="year")

    assert said(context, "count", language=language) == expected


def test_a_field_of_the_first_one_is_told_with_the_count(desk: Desk):
    context = lookup(desk(), HITCHCOCK, sort="year")

    told = said(context, "count", fields=("directors", "year"))

    assert told.startswith("There are 2 films by Alfred Hitchcock. The oldest is Rear Window (1954). ")
    assert told.count("Alfred Hitchcock") == 2
    assert told.count("1954") == 2


def test_a_count_of_nothing_says_so(desk: Desk):
    context = lookup(desk(), HITCHCOCK, Constraint("year", Op.MIN, (1990.0,)))

    assert said(context, "count") == "There are no films by Alfred Hitchcock from 1990 on in the catalog."


def test_counts_of_several_look_ups_are_all_told(desk: Desk):
    context = lookup(lookup(desk(), HITCHCOCK), Constraint("directors", Op.IS, ("Michael Mann",)))

    assert said(context, "count") == "There are 2 films by Alfred Hitchcock. There is 1 film by Michael Mann."


def test_a_list_names_the_items_in_order_for_the_next_turn(desk: Desk):
    context = lookup(desk(), HITCHCOCK, sort="-year")

    text, ids = answer(context, Ending("answer", kind="list"), Conversation(), "en")

    assert text == "There are 2 films by Alfred Hitchcock. They are: Vertigo (1958) and Rear Window (1954)."
    assert ids == (film_id("Vertigo"), film_id("Rear Window"))


def test_a_long_list_says_how_many_more_there_are(desk: Desk):
    text, ids = answer(lookup(desk()), Ending("answer", kind="list"), Conversation(), "en")

    assert len(ids) == 10
    assert text.endswith("and 18 more.")


def test_limits_of_every_kind_have_words(desk: Desk):
    limits = (
        Constraint("year", Op.MIN, (1950.0,)),
        Constraint("year", Op.MAX, (1959.0,)),
        Constraint("genres", Op.NOT, ("War",)),
    )

    assert said(lookup(desk(), *limits), "count").startswith("There are 3 films from 1950 to 1959 not in the genre war")


# Facts, comparison, connection


def test_facts_that_were_asked_for_are_told_and_no_others(desk: Desk):
    assert (
        said(desk(), "facts", HEAT, fields=("directors", "year")) == "Heat (1995): from 1995; directed by Michael Mann."
    )


def test_what_the_catalog_does_not_say_is_said_to_be_unknown(desk: Desk):
    assert said(desk(), "facts", HEAT, fields=("countries",)) == "The catalog doesn't say that about Heat (country)."


def test_a_general_question_is_answered_with_the_description_first(desk: Desk):
    text = said(desk(), "facts", HEAT)

    assert text.startswith("Heat (1995): A thief plans a last robbery. Heat: crime and thriller")


def test_who_asks_for_a_field_hears_of_what_is_slight_and_nobody_else_does(films: Catalog):
    items = [replace(films.item(item_id), main=("Drama", "Thriller"), slight=("Crime",)) for item_id in (HEAT, CASINO)]

    assert facts(items[:1], ("genres",), films, "en") == "Heat (1995): thriller and crime."
    assert "crime" not in facts(items[:1], (), films, "en")
    assert "crime" not in common(items, (), films, "en")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("Michael Mann", "Yes, as far as the catalog says. Heat (1995): by Michael Mann."),
        ("Alfred Hitchcock", "No, as far as the catalog says (Heat (1995))."),
    ],
)
def test_whether_one_item_has_something_is_answered_by_yes_or_no(films: Catalog, value: str, text: str):
    asked = Lookup((Constraint("directors", Op.IS, (value,)),), 0, ())

    assert among([films.item(HEAT)], asked, films, "en") == text


def test_more_than_two_are_compared_in_a_few_words(films: Catalog):
    items = [films.item(item_id) for item_id in (HEAT, CASINO, film_id("Amelie"))]

    text = comparison(items, (), films, "en")

    assert "Director" not in text
    assert text.count(";") <= 9


def test_the_first_few_of_a_sorted_list_are_told_with_their_numbers(films: Catalog):
    spec = FieldSpec(name="minutes", kind=FieldKind.NUMBER, unit="min", label={"en": "running time"})
    schema = films.schema.model_copy(update={"fields": (*films.schema.fields, spec)})
    held = [(films.item(HEAT), 170.0), (films.item(CASINO), 178.0)]
    items = [replace(item, numbers={**item.numbers, "minutes": minutes}) for item, minutes in held]

    text = listing(items, 2, replace(films, schema=schema), "en", "-minutes")

    assert "Heat (1995) (170" in text
    assert "Casino (1995) (178" in text


def test_a_comparison_says_what_is_shared_and_what_differs(desk: Desk):
    text = said(desk(), "comparison", HEAT, CASINO)

    assert text.startswith("In common: crime; from 1995.")
    assert "Director: Michael Mann (Heat); Martin Scorsese (Casino)." in text
    assert "Genre: Thriller (Heat); Drama (Casino)." in text


def test_a_connection_names_people_before_themes_and_kinds(desk: Desk):
    text = said(desk(), "connection", CASINO, film_id("GoodFellas"))

    assert text == (
        "What connects Casino and GoodFellas: directed by Martin Scorsese; about the mafia; crime and drama."
    )


def test_no_connection_is_said_to_be_none(desk: Desk):
    assert said(desk(), "connection", HEAT, film_id("Amelie")) == (
        "I found no connection between Heat and Amelie in the catalog."
    )


# Why, why not, about me, talk


def test_why_gives_the_reasons_of_the_recommenders(desk: Desk):
    goodfellas = film_id("GoodFellas")

    text = said(desk(Preference(liked=(CASINO,)), cards=(goodfellas,)), "why", goodfellas)

    assert text.startswith("I picked GoodFellas because: ")
    assert "Casino" in text


@pytest.mark.parametrize(
    ("preference", "expected"),
    [
        (
            Preference(constraints=(Constraint("genres", Op.IS, ("Comedy",)), Constraint("year", Op.MAX, (1990.0,)))),
            "Heat doesn't fit what you asked for: not comedy (genre), from 1995 (you asked for: up to 1990).",
        ),
        (Preference(disliked=(HEAT,)), "You told me that you don't like Heat."),
        (Preference(seen=(HEAT,)), "I left out Heat because you know it already."),
        (
            Preference(),
            "Heat would fit, but others came out ahead of it. If you would like it all the same, just say so.",
        ),
    ],
)
def test_why_not_tells_the_true_cause(desk: Desk, preference: Preference, expected: str):
    assert said(desk(preference, cards=(CASINO,)), "why_not", HEAT) == expected


def test_why_not_knows_what_was_shown(desk: Desk):
    assert said(desk(shown_before=(HEAT,)), "why_not", HEAT) == "I have shown you Heat already."


def test_about_me_tells_opinions_and_limits(desk: Desk):
    preference = Preference(
        text="slow and sad",
        liked=(FARGO,),
        constraints=(Constraint("genres", Op.NOT, ("Horror",), lasting=True), Constraint("year", Op.MIN, (1980.0,))),
        wishes=(Wish("themes", "heist"),),
    )
    history = UserHistory.of("ann", [Interaction("ann", HEAT, 1.0, 1.0), Interaction("ann", CASINO, -1.0, 2.0)])

    assert said(desk(preference, history=history), "about_me") == (
        "You like Fargo and Heat (from before this conversation). "
        "You don't like Casino (from before this conversation). "
        "What always holds for you: no horror (from before this conversation). "
        "What you are looking for now: from 1980 on, heist, “slow and sad”. "
        "I know of 2 films that you have rated or marked as known."
    )


def test_about_me_owns_up_to_knowing_nothing(desk: Desk):
    assert said(desk(), "about_me", language="de").startswith("Über deinen Geschmack weiß ich noch nichts.")


@pytest.mark.parametrize("language", LANGUAGES)
def test_talk_depends_on_nothing_but_whether_the_conversation_has_begun(desk: Desk, language: str):
    ending, begun = Ending("answer", kind="talk"), Conversation().add(Turn(Role.USER, "Hi"))

    first = answer(desk(), ending, Conversation(), language)
    later = answer(desk(), ending, begun, language)

    assert first != later
    assert first == answer(desk(), ending, Conversation(), language)


def test_a_question_about_what_the_catalog_lacks_is_left_to_the_opening(desk: Desk):
    assert answer(desk(), Ending("answer", kind="facts", unknown=("Interstellar",)), Conversation(), "en") == ("", ())


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", ["facts", "comparison", "connection", "count", "list", "why", "why_not", "about_me"])
def test_every_kind_of_answer_has_words_in_every_language(desk: Desk, kind: str, language: str):
    text = said(lookup(desk(), HITCHCOCK), kind, HEAT, CASINO, language=language)

    assert text
    assert "{" not in text
