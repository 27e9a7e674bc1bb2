"""Any field of any catalog, through the whole agent without a model: a shop of bicycles as its file came."""

import csv
from dataclasses import replace
from pathlib import Path

import pytest

from agent.agent import Agent
from agent.conversation import Conversation
from agent.intent import Act
from agent.recommendation import Reply
from retrieval.datasets import load_dataset
from retrieval.graph import build_graph
from retrieval.ingest import ingest
from retrieval.retriever import Retriever
from retrieval.settings import RetrievalSettings
from retrieval.vectors import build_vectors
from tests.agent.conftest import MakeAgent, visitor
from tests.fakes import HashEncoder

HEAD = ("id", "title", "price", "weight", "gears", "shops", "assembly", "range", "motor power")
ROWS = (
    ("Ada", "450 €", "12.5 kg", "3", "North|East", "easy", "80 km", "250 W"),
    ("Bela", "1,200 €", "27.56 lb", "8", "North", "medium", "-", "250 W"),
    ("Cleo", "799 €", "9,8 kg", "11", "South", "hard", "N/A", "250 W"),
    ("Dora", "2,300 €", "22 kg", "8", "South|West", "hard", "120 km", "250 W"),
    ("Emil", "620 €", "14 kg", "7", "East", "easy", "", "250 W"),
    ("Fred", "990 €", "16 kg", "9", "North|South", "medium", "", "250 W"),
    ("Gina", "1,750 €", "18 kg", "10", "West", "medium", "-", "250 W"),
    ("Hugo", "300 €", "15 kg", "3", "East|West", "easy", "", "250 W"),
    ("Ilse", "1,500 €", "11 kg", "12", "South", "hard", "", "250 W"),
)


def opened(folder: Path, schema: Path | None = None) -> Retriever:
    """The shop, read with a schema or without."""
    items, settings = folder / "bikes.csv", RetrievalSettings(data_dir=folder / "data", encoder="hash")
    with items.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([HEAD, *((f"b{place}", *row) for place, row in enumerate(ROWS))])
    ingest(items, schema=schema, data_dir=settings.data_dir)
    build_vectors(dataset := load_dataset(settings.data_dir), settings, encoder=HashEncoder())
    build_graph(dataset, settings)
    return Retriever.open(settings, encoder=HashEncoder())


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Retriever:
    return opened(tmp_path_factory.mktemp("shop"))


@pytest.fixture
async def seller(make_agent: MakeAgent, shop: Retriever) -> Agent:
    return await make_agent(retriever=shop, driver="offline")


def titles(reply: Reply) -> list[str]:
    return [card.item.title for card in reply.recommendations]


async def said(seller: Agent, *messages: str, before: Conversation | None = None) -> Reply:
    """The reply to the last of some messages."""
    conversation = before or visitor(seller)
    for message in messages:
        reply = await seller.reply(conversation, message)
        conversation = reply.conversation
    return reply


@pytest.mark.parametrize(
    ("message", "wanted"),
    [
        ("a bike under eight hundred euros", {"Ada", "Cleo", "Emil", "Hugo"}),
        ("no heavier than 12 kilos", {"Cleo", "Ilse"}),
        ("more than 9 gears, from South", {"Cleo", "Ilse"}),
        ("assembly no harder than medium, at most 1000 euros, at least 7 gears", {"Emil", "Fred"}),
        ("the assembly must be medium or harder, from West", {"Dora", "Gina"}),
        ("from North or West, 300 to 1000 euros", {"Ada", "Fred", "Hugo"}),
        ("höchstens 700 Euro", {"Ada", "Emil", "Hugo"}),
        ("12公斤以内", {"Cleo", "Ilse"}),
    ],
)
async def test_limits_of_a_guessed_schema_hold_in_every_unit(seller: Agent, message: str, wanted: set[str]) -> None:
    assert {*titles(await said(seller, message))} == wanted


@pytest.mark.parametrize(
    ("hint", "key"),
    [
        ("the second one is too expensive", "price:max"),
        ("cheaper please", "price:max"),
        ("too heavy", "weight:max"),
        ("not enough gears", "gears:min"),
        ("the assembly is too hard", "assembly:is"),
        ("not at my shop", "shops:is"),
        ("另外，太贵了", "price:max"),
    ],
)
async def test_a_hint_moves_the_limit_from_the_item_it_was_said_of(seller: Agent, hint: str, key: str) -> None:
    first = await said(seller, "bikes over 600 euros, assembly medium or harder")
    named = first.recommendations[1 if "second" in hint else 0].item

    reply = await said(seller, hint, before=first.conversation)

    assert any(limit.key.startswith(key) for limit in reply.conversation.preference.constraints)
    assert named.item_id not in [card.item.item_id for card in reply.recommendations]


async def test_of_several_shops_one_suffices_unless_all_are_wanted(seller: Agent) -> None:
    assert len(titles(await said(seller, "bikes from North or South"))) == 5
    assert titles(await said(seller, "bikes sold at both North and South")) == ["Fred"]


async def test_the_newest_word_on_a_field_counts(seller: Agent) -> None:
    reply = await said(seller, "a bike from North", "from West please")

    assert {*titles(reply)} <= {"Dora", "Gina", "Hugo"}


async def test_what_is_not_known_stands_apart_behind_what_is_known(seller: Agent) -> None:
    reply = await said(seller, "a range of at least 70 km")

    assert {*titles(reply)} == {"Ada", "Dora"}
    assert len(reply.near_misses) > 0
    assert {miss.explanation.text for miss in reply.near_misses} == {"Range not known"}
    assert "I don’t know whether those listed separately fit" in " ".join(reply.notices)


async def test_a_field_that_says_nothing_is_named_once_and_rules_nothing_out(
    make_agent: MakeAgent, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("edited")
    opened(folder)
    schema = folder / "data" / "schema.toml"
    load = '[[fields]]\nname = "load"\nkind = "number"\nunit = "kg"\nlabel = { en = "load" }\n\n[columns]'
    schema.write_text(schema.read_text("utf-8").replace("[columns]", load, 1), "utf-8")
    seller = await make_agent(retriever=opened(folder, schema), driver="offline")

    first = await said(seller, "a load of at least 120 kg, under 500 euros")
    second = await said(seller, "a load of at least 130 kg", before=first.conversation)

    told = "The catalog says nothing about “load”, so I left that limit out."
    assert {*titles(first)} == {"Ada", "Hugo"}
    assert [told in reply.notices for reply in (first, second)] == [True, False]


async def test_one_at_a_time_a_question_comes_first_and_never_two_in_a_row(seller: Agent) -> None:
    one = visitor(seller)
    one = replace(one, preference=replace(one.preference, count=1))

    asked = await said(seller, "a bike please", before=one)
    answered = await said(seller, asked.intent.choices[0], before=asked.conversation)

    assert (asked.intent.act, titles(asked)) == (Act.ASK, [])
    assert len(asked.intent.choices) >= 2
    assert asked.text.endswith("?")
    assert len(titles(answered)) == 1
    assert answered.conversation.preference.constraints


async def test_one_at_a_time_where_the_wish_is_clear_the_item_comes_at_once(seller: Agent) -> None:
    one = visitor(seller)
    one = replace(one, preference=replace(one.preference, count=1))

    reply = await said(seller, "under 500 euros, from North", before=one)

    assert titles(reply) == ["Ada"]
    assert reply.recommendations[0].explanation.statements


async def test_limits_that_exclude_each_other_are_said_to_leave_nothing(seller: Agent) -> None:
    reply = await said(seller, "over 1000 euros, no more than 500 euros")

    assert titles(reply) == []
    assert all(miss.breaks for miss in reply.near_misses)
    assert "Nothing" in " ".join((reply.text, *reply.notices))
