"""Messages that were read before: they fit any catalog, look as the question will, and the nearest one is shown."""

import json
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from importlib.resources import files
from typing import Any

import jsonschema
import pytest
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage

from agent.conversation import Conversation
from agent.drivers.acts import PERSON
from agent.drivers.base import View
from agent.drivers.language import LANGUAGES
from agent.drivers.offline import Spotter
from agent.drivers.schema import SchemaDriver
from agent.drivers.schema.asking import asked_about
from agent.drivers.schema.bank import AS_STEPS, IN_OTHERS, Example, ExampleBank, examples_of, written
from agent.drivers.schema.form import read_answer, schema_of
from agent.drivers.vocabulary import READ
from agent.examples import PLACE, fill, names_of
from agent.llm import make_chat_model
from agent.settings import LlmSettings
from retrieval.house import Handover, House
from retrieval.items import Catalog
from tests.agent.films import film_catalog, film_id
from tests.agent.schema.conftest import Driven, after_list
from tests.fakes import HashEncoder, ScriptedChatModel, tea_catalog

MOST_LEFT_OUT = 0.02
"""The share of the bank that may say what a catalog's form has no place for."""
COUNTRIES = ("US", "FR", "IT", "DE", "GB")
OTHER_NAMES = {
    "item1": "Casablanca",
    "item2": "Braveheart",
    "item3": "Titanic",
    "person": "Ridley Scott",
    "person2": "James Cameron",
    "word_a": "horror",
    "word_b": "thriller",
    "noun": "film",
    "nouns": "films",
}
"""What the bank is not filled with for the shelf of films."""


@cache
def films_with_countries() -> Catalog:
    """The shelf of films, each from somewhere: every place of the bank can be filled."""
    catalog = film_catalog()
    items = (
        replace(item, values={**item.values, "countries": (COUNTRIES[row % len(COUNTRIES)],)})
        for row, item in enumerate(catalog)
    )
    return Catalog(catalog.schema, tuple(items))


CATALOGS = {"films": films_with_countries, "teas": tea_catalog}
EVERY = {"films": 2, "teas": 7}
"""Which of the bank's lines are looked at: all would take minutes."""
STAFFED = House(handover=Handover({"en": "Our staff is glad to help."}))


@cache
def lines(name: str) -> list[str]:
    return files("agent.prompts").joinpath(name).read_text(encoding="utf-8").splitlines()


@cache
def answers(name: str) -> list[tuple[Example, str | None, dict[str, Any]]]:
    """Each example for a catalog, its answer as the model should write it, and what the form allows."""
    catalog = replace(CATALOGS[name](), house=STAFFED)
    spotter, examples = Spotter(catalog), []
    for example in examples_of(catalog, has_staff=True)[:: EVERY[name]]:
        form = asked_about(example.view, spotter, example.language).form
        examples.append(
            (
                example,
                written(example.answer, form, spotter.placer),
                schema_of(form, catalog.schema),
            )
        )
    return examples


@pytest.fixture(scope="module")
def bank(spotter: Spotter) -> ExampleBank:
    return ExampleBank(film_catalog(), spotter, HashEncoder())


def view(message: str, conversation: Conversation | None = None) -> View:
    conversation = conversation or Conversation()
    return View(conversation, message, film_catalog(), conversation.preference)


def said(asked: BaseMessage) -> str:
    """The message that a question of the prompt is about."""
    line = next(line for line in str(asked.content).splitlines() if line.startswith("message: "))
    return str(json.loads(line.removeprefix("message: ")))


# What the files say


def test_every_line_is_an_example_for_films() -> None:
    assert len(examples_of(films_with_countries(), has_staff=True)) >= 0.99 * len([*lines(AS_STEPS), *lines(IN_OTHERS)])


def test_to_hand_over_stands_in_it_for_houses_with_staff_alone() -> None:
    done = [
        {example.answer["do"] for example in examples_of(film_catalog(), has_staff=staffed)}
        for staffed in (True, False)
    ]

    assert done[0] - done[1] == {PERSON}


@pytest.mark.parametrize("name", [AS_STEPS, IN_OTHERS])
def test_no_line_stands_there_twice(name: str) -> None:
    assert len(set(lines(name))) == len(lines(name))


def test_each_file_has_its_languages() -> None:
    steps, others = ([json.loads(line) for line in lines(name)] for name in (AS_STEPS, IN_OTHERS))

    assert {data["lang"] for data in steps} <= set(READ)
    assert {data["lang"] for data in others} <= set(LANGUAGES) - set(READ)


@pytest.mark.parametrize("name", CATALOGS)
def test_every_answer_is_one_that_its_form_allows(name: str) -> None:
    misfits = [
        (example.view.message, answer)
        for example, answer, schema in answers(name)
        if answer is not None and not jsonschema.Draft202012Validator(schema).is_valid(json.loads(answer))
    ]

    assert misfits == []


@pytest.mark.parametrize("name", CATALOGS)
def test_hardly_an_example_has_no_place_in_its_form(name: str) -> None:
    left_out = [example.view.message for example, answer, _ in answers(name) if answer is None]

    assert len(left_out) <= MOST_LEFT_OUT * len(answers(name)), left_out


# Which examples are shown


def plain_lines() -> list[str]:
    """Messages of a first turn, each with a place that other names can fill."""
    records = (json.loads(line) for line in lines(AS_STEPS))
    plain = [data["message"] for data in records if data["lang"] == "en" and not {"shown", "wish"} & set(data)]
    return [text for text in plain if PLACE.search(text) and set(PLACE.findall(text)) <= set(OTHER_NAMES)][:12]


@pytest.mark.parametrize("line", plain_lines())
def test_the_nearest_example_of_a_message_with_other_names_is_its_line(bank: ExampleBank, line: str) -> None:
    shown = bank.nearest(view(fill(line, OTHER_NAMES)))

    assert said(shown[-2]) == fill(line, names_of(film_catalog()))


def test_examples_are_questions_with_answers_and_no_more_than_a_few(bank: ExampleBank) -> None:
    shown = bank.nearest(view("something funny with animals"))

    assert [type(message) for message in shown] == [HumanMessage, AIMessage] * bank.most
    assert all(json.loads(str(message.content))["do"] for message in shown[1::2])


def test_one_example_reads_as_the_draft_does(bank: ExampleBank, spotter: Spotter) -> None:
    asked = asked_about(view("but without horror"), spotter)

    shown = bank.nearest(view("but without horror"), read_answer(asked.draft, asked.form))

    other = json.loads(str(shown[1].content))
    assert other["do"] == "find"
    assert "no" in other.values()


def test_an_example_is_asked_as_the_question_is(bank: ExampleBank, spotter: Spotter) -> None:
    message = fill(plain_lines()[0], names_of(film_catalog()))

    shown = bank.nearest(view(message))

    assert shown[-2].content == asked_about(view(message), spotter).question


def test_where_a_list_was_shown_an_example_with_a_list_is_nearer(bank: ExampleBank) -> None:
    conversation = after_list(film_id("Heat"), film_id("Fargo"))

    first, later = bank.nearest(view("next please")), bank.nearest(view("next please", conversation))

    assert lists_of(later) >= lists_of(first)
    assert lists_of(later) > 0


def lists_of(messages: Sequence[BaseMessage]) -> int:
    return sum(str(message.content).startswith("shown: ") for message in messages)


@pytest.mark.parametrize("place", range(0, 320, 40))
def test_an_example_in_another_language_is_shown_for_a_message_of_its_kind(bank: ExampleBank, place: int) -> None:
    data = json.loads(lines(IN_OTHERS)[place])
    names = names_of(film_catalog())
    message = fill(data["message"], names | OTHER_NAMES)

    shown = bank.nearest(view(message), None, data["lang"])

    assert len(shown) == 2 * bank.most
    assert fill(data["message"], names) in [said(earlier_message) for earlier_message in shown[::2]]


def test_examples_are_of_the_messages_language(bank: ExampleBank) -> None:
    spoken = {example.view.message: example.language for example in examples_of(film_catalog())}

    shown = bank.nearest(view("etwas mit Zebrafischen"), None, "de")

    assert {spoken[said(message)] for message in shown[::2]} == {"de"}


def test_a_language_that_the_bank_does_not_have_gets_others(bank: ExampleBank) -> None:
    spoken = {example.view.message: example.language for example in examples_of(film_catalog())}

    shown = bank.nearest(view("jotain hauskaa täksi illaksi"), None, "fi")

    assert len(shown) == 2 * bank.most
    assert not {spoken[said(message)] for message in shown[::2]} & {*READ}


# Where they stand


@pytest.fixture
def driver(model: ScriptedChatModel, spotter: Spotter, bank: ExampleBank) -> SchemaDriver:
    """One that has an encoder."""
    chat = make_chat_model(LlmSettings(url=model.url, timeout_s=5))
    assert chat is not None
    made = SchemaDriver(film_catalog(), chat, spotter, encoder=bank.encoder)
    vars(made)["bank"] = bank  # made once for all tests
    return made


async def test_examples_stand_behind_the_bytes_that_are_always_the_same(
    driven: Driven, driver: SchemaDriver, model: ScriptedChatModel
) -> None:
    await driver.warm()
    await driven("got anything by Ridley Scott, zorb?", {"do": "find"})
    await driven("I loved Casablanca, zorb", {"do": "tell", "I loved Casablanca": "like"})
    await driven("Ich hätte gern etwas Leichtes für heute Abend", {"do": "find", "want": ["light"]})

    head = len(driver.prefix)
    assert len({json.dumps(call.messages[:head]) for call in model.calls}) == 1
    assert [len(call.messages) - head for call in model.calls] == [1, 5, 5, 5]
    assert len({json.dumps(call.messages[head:-1]) for call in model.calls}) == len(model.calls)
    assert said(HumanMessage(model.calls[1].question)) == "got anything by Ridley Scott, zorb?"


async def test_without_an_encoder_only_the_prompts_own_examples_are_shown(
    driven: Driven, driver: SchemaDriver, model: ScriptedChatModel
) -> None:
    object.__setattr__(driver, "encoder", None)
    del vars(driver)["bank"]

    await driven("a comedy, zorb", {"do": "find", "a comedy": "yes"})

    assert len(model.calls[0].messages) == len(driver.prefix) + 1
