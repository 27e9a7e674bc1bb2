"""What is said around a list."""

from dataclasses import replace

import pytest

from agent.intent import Act, Chip, Intent
from agent.recommendation import Explanation, Recommendation, Statement
from agent.wording.answers import ask_which, elicitation, help_text, knowing, opening, question, summary
from agent.wording.messages import LANGUAGES, paragraph, say
from agent.wording.values import constraint_label
from retrieval.candidates import Evidence, EvidenceKind
from retrieval.exploration.asking import Elicitation
from retrieval.items import Catalog
from retrieval.preference import Constraint, Op, Preference
from tests.agent.films import film_id

HEAT, CASINO = film_id("Heat"), film_id("Casino")


def card(films: Catalog, row: int, reason: str, *, statement: str = "", exploratory: bool = False) -> Recommendation:
    told = (Statement(statement, Evidence("graph", EvidenceKind.FACT)),) if statement else ()
    return Recommendation(films.item(f"film:{row}"), 1, Explanation(reason, told), exploratory=exploratory)


def test_a_summary_says_why_the_first_comes_first(films: Catalog):
    cards = [card(films, 1, "Like Heat: Crime", statement="like Heat: Crime"), card(films, 2, "")]

    assert summary(cards, films, "en") == "I’d start with Casino: like Heat: Crime."
    assert summary(cards, films, "zh") == "我会先选《Casino》：like Heat: Crime。"


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_summary_says_what_a_later_message_added(films: Catalog, language: str):
    cards, before = [card(films, 0, "")], Preference(constraints=(Constraint("genres", Op.IS, ("Comedy",)),))
    limit = Constraint("year", Op.MAX, (1999.0,))
    after = replace(before, constraints=(*before.constraints, limit))

    first, later = summary(cards, films, language, after), summary(cards, films, language, after, before)

    assert "1999" not in first
    assert later == paragraph((say("noted", language, words=constraint_label(limit, films, language)), first), language)


def test_a_name_keeps_its_capital_in_a_summary(films: Catalog):
    cards = [card(films, 1, "Al Pacino 출연", statement="Al Pacino 출연")]

    assert summary(cards, films, "ko") == "Casino부터 추천해요: Al Pacino 출연."


def test_a_summary_owns_up_to_a_guess(films: Catalog):
    cards = [card(films, 1, ""), card(films, 2, "", exploratory=True)]

    assert summary(cards, films, "en").startswith("I’d start with Casino. GoodFellas is a guess to learn your taste.")


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_empty_list_says_what_can_be_done(films: Catalog, language: str):
    assert len(summary([], films, language)) > 20


def test_which_one_is_asked_with_years(films: Catalog):
    options = (film_id("Sabrina", 1954), film_id("Sabrina", 1995))

    assert (
        ask_which("“Sabrina”", options, films, "en") == "Which Sabrina do you mean: Sabrina (1954) or Sabrina (1995)?"
    )
    assert (
        ask_which("Sabrina", options, films, "es")
        == "¿A cuál te refieres con Sabrina: Sabrina (1954) o Sabrina (1995)?"
    )


def test_a_question_is_about_the_title_in_doubt_or_about_what_is_wanted(films: Catalog):
    doubtful = Intent(
        Act.ASK, Preference(), ambiguous=(("Sabrina", (film_id("Sabrina", 1954), film_id("Sabrina", 1995))),)
    )

    assert question(doubtful, films, "en").startswith("Which Sabrina")
    assert question(Intent(Act.ASK, Preference()), films, "en").startswith(
        "Hello! Tell me what you are in the mood for"
    )


def test_the_opening_says_what_is_missing_and_what_is_kept(films: Catalog):
    kept = (Constraint("themes", Op.NOT, ("gore",), words="gore", lasting=True),)
    intent = Intent(Act.RECOMMEND, Preference(), unknown=("Interstellar",), kept=kept)

    assert opening(intent, films, "en") == ("I don't have Interstellar; closest in spirit: Without gore from now on.")
    assert opening(intent, films, "zh") == "目录里没有《Interstellar》；气质最接近的是：以后都会记住：不要血腥。"


def test_the_opening_notes_opinions_and_owns_up_to_what_it_did_not_read(films: Catalog):
    chips = (Chip("liked:x", "like Heat"),)
    intent = Intent(Act.RECOMMEND, Preference(), chips, liked=(HEAT, CASINO), unread=("flibber",))

    assert opening(intent, films, "en") == (
        "Good to know that you liked Heat and Casino. "
        "I couldn't use “flibber”: the catalog doesn't say, or I didn't understand."
    )


def test_a_list_that_was_passed_over_needs_no_remark(films: Catalog):
    intent = Intent(Act.RECOMMEND, Preference(), seen=tuple(f"film:{row}" for row in range(5)))

    assert opening(intent, films, "en") == ""


@pytest.mark.parametrize("language", LANGUAGES)
def test_questions_about_taste_name_both_values(films: Catalog, language: str):
    spec = films.schema.field("genres")

    text = elicitation(Elicitation("genres", ("Comedy", "Drama"), 0.1), films, language)

    assert spec.value_in("Comedy", language) in text
    assert spec.value_in("Drama", language) in text
    assert "1990" in elicitation(Elicitation("year", ("..1990", "1991.."), 0.1), films, language)


def test_how_sure_we_are_falls_silent_with_time():
    assert knowing(0.9, "en").startswith("I'm still guessing")
    assert knowing(0.6, "de") == "Ich lerne deinen Geschmack langsam kennen."
    assert knowing(0.1, "en") == ""


@pytest.mark.parametrize("language", LANGUAGES)
def test_help_names_the_fields_of_the_catalog(films: Catalog, language: str):
    text = help_text(films, language)

    assert films.schema.nouns_in(language) in text
    assert films.schema.field("genres").label_in(language) in text
