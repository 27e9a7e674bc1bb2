"""The classifier of decisions: what it was taught, what it reads where there are no rules, where it is not asked."""

import asyncio
from dataclasses import replace

import pytest

from agent.conversation import Conversation, Role, Turn
from agent.drivers.acts import (
    COMPARE,
    CONNECT,
    COUNT,
    FACTS,
    FIND,
    LISTS,
    ME,
    SORROW,
    TALK,
    WHY,
    Likely,
    bundled_acts,
)
from agent.drivers.base import View
from agent.drivers.offline import Parsed, Spotter
from agent.drivers.schema import UnaidedReader
from agent.drivers.schema.heard import bundled_ear
from retrieval.preference import Preference
from tests.agent.films import film_catalog, film_id

SHOWN = ("Titanic", "Braveheart", "Alien")


def view_of(message: str, *, has_list: bool = False) -> View:
    """A turn over the shelf of films, the first or one after a list."""
    conversation = Conversation("c")
    if has_list:
        shown = tuple(film_id(title) for title in SHOWN)
        conversation = conversation.add(Turn(Role.USER, "films")).add(Turn(Role.ASSISTANT, "", shown=shown))
    return View(conversation, message, film_catalog(), Preference())


def likely_of(message: str, *, has_list: bool = False) -> Likely:
    view = view_of(message, has_list=has_list)
    spotter = Spotter(view.catalog)
    language = spotter.vocabulary.language_of(message, "en")
    return bundled_acts().likely(view, spotter.spot(message, shown=view.shown, language=language))


def unaided(message: str, *, has_list: bool = False) -> Parsed:
    """What is made of a message without a language model."""
    view = view_of(message, has_list=has_list)
    return UnaidedReader(bundled_acts(), bundled_ear(view.catalog))(view, Spotter(view.catalog))


@pytest.mark.parametrize(
    ("message", "ending", "said"),
    [
        ("which of those would you watch?", "recommend", {"among": 3, "count": 1}),
        ("welchen davon würdest du nehmen?", "recommend", {"among": 3, "count": 1}),
        ("Alien or Titanic tonight?", "recommend", {"among": 2, "count": 2}),
        ("which of these are comedies?", "answer", {"items": 3}),
        ("welche davon sind Komödien?", "answer", {"items": 3}),
    ],
)
def test_one_of_several_is_chosen_or_asked_about(message: str, ending: str, said: dict[str, int]) -> None:
    parsed = unaided(message, has_list=True)

    counted = {key: len(parsed.ending.arguments[key]) for key in ("among", "items") if key in parsed.ending.arguments}
    assert parsed.ending.tool == ending
    assert counted | {key: parsed.ending.arguments[key] for key in ("count",) if key in said} == said


@pytest.mark.parametrize(
    ("message", "act"),
    [
        ("Warum hast du mir Titanic vorgeschlagen?", WHY),
        ("¿Por qué no sale Braveheart?", WHY),
        ("lequel des trois est le plus court", COMPARE),
        ("この中で一番短いのはどれ？", COMPARE),
        ("quantos filmes do Ridley Scott vocês têm?", COUNT),
        ("что общего у Alien и Titanic?", CONNECT),
        ("Wie lang ist Alien?", FACTS),
        ("was weißt du eigentlich über mich?", ME),
        ("grazie mille, buona notte!", TALK),
        ("cherche un film avec plein de neige", FIND),
    ],
)
def test_a_question_is_told_from_a_wish_in_any_language(message: str, act: str) -> None:
    assert likely_of(message, has_list=act in (COMPARE, ME, WHY)).first[0] == act


def test_shares_add_up_and_name_the_kind_of_talk() -> None:
    likely = likely_of("my cat died last night and I can't stop crying")

    assert sum(likely.shares.values()) == pytest.approx(1.0, abs=1e-5)
    assert likely.kind == SORROW


def test_what_is_asked_about_items_is_told_in_other_languages() -> None:
    assert likely_of("¿cuál es la más corta?", has_list=True).asked == ("length_field",)


def test_without_a_model_a_question_in_german_is_no_wish() -> None:
    parsed = unaided("Warum Titanic?", has_list=True)

    assert parsed.ending.arguments["kind"] == "why"
    assert "about" not in parsed.patch


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ("why did you pick this?", "why"),
        ("why didn't you show me Casablanca?", "why_not"),
        ("为什么推荐第一个？", "why"),
    ],
)
def test_why_and_why_not(message: str, kind: str) -> None:
    assert unaided(message, has_list=True).ending.arguments["kind"] == kind


def test_a_wish_in_words_is_searched_for_as_it_stands() -> None:
    parsed = unaided("quelque chose avec plein de neige et un vieux bateau")

    assert parsed.ending.tool == "recommend"
    assert "neige" in parsed.patch["about"]
    assert parsed.patch["language"] == "fr"


def test_somebody_sad_gets_no_list() -> None:
    parsed = unaided("Mein Kater ist gestern gestorben, ich bin so traurig")

    assert (parsed.ending.tool, parsed.saying) == ("answer", "comfort")
    assert parsed.patch == {"language": "de"}


@pytest.mark.parametrize(
    ("message", "kind", "saying"),
    [
        ("what do you know about me?", "about_me", ""),
        ("thank you so much", "talk", "parting"),
        ("Thank you. Good night.", "talk", "parting"),
        ("谢谢", "talk", "parting"),
        ("bye", "talk", "parting"),
        ("你好，你能做什么？", "help", ""),
        ("Can you book me two cinema tickets?", "talk", "beyond"),
        ("Kannst du mir eine Pizza bestellen?", "talk", "beyond"),
        ("¿Qué sabes hacer?", "help", ""),
    ],
)
def test_talk_gets_the_sentence_of_its_kind(message: str, kind: str, saying: str) -> None:
    parsed = unaided(message)

    assert (parsed.ending.arguments["kind"], parsed.saying) == (kind, saying)


def test_what_the_rules_read_stays_where_the_classifier_is_not_sure() -> None:
    likely = Likely({FIND: 0.5, WHY: 0.4, TALK: 0.1})

    assert likely.decided == ""
    assert likely.agrees(WHY)
    assert likely.open_to(COUNT) == {COUNT, FIND, WHY}


def test_one_wish_or_another_is_for_the_rules_to_tell() -> None:
    likely = Likely({FIND: 0.9, WHY: 0.1})

    assert all(likely.agrees(act) for act in LISTS)
    assert not likely.agrees(WHY)
    assert likely.open_to(WHY) == {FIND}


def test_a_message_of_any_length_is_read_in_bounded_time() -> None:
    view = view_of("why " * 20_000)
    spots = Spotter(view.catalog).spot(view.message[:200])

    likely = asyncio.run(asyncio.wait_for(asyncio.to_thread(bundled_acts().likely, view, spots), 20))

    assert likely.shares == bundled_acts().likely(replace(view, message=view.message[:1200]), spots).shares
