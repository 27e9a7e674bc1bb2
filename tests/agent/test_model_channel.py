"""What the language model adds of its own: titles it names, texts and opinions it reads; and when it may not."""

import json
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from langchain_openai import ChatOpenAI

from agent.agent import Agent
from agent.aspects import AspectReader, aspects_schema, says_why, wishes_of
from agent.build import add_model_channel, trusted_model
from agent.enrich import reading_run
from agent.enrich.item_features import PATIENCE, FeatureReader, features_prompt, features_schema, read_features
from agent.enrich.model_size import identify
from agent.enrich.reading_run import run
from agent.examples import render_prompt, version
from agent.llm import make_chat_model, make_waiting_model, text_of
from agent.plan import TITLES, recommending_plan, with_titles
from agent.proposals import TITLE, TitleProposer, question, titles_prompt, titles_schema
from agent.settings import LlmSettings, Settings
from retrieval.candidates import EvidenceKind
from retrieval.datasets import load_dataset
from retrieval.errors import ModelUnavailableError, SettingsError
from retrieval.features.moods import MOODS
from retrieval.features.shortlist import Shortlist
from retrieval.features.store import FeatureRecord, append_records, load_features, read_records, record_key
from retrieval.features.trust import billions_in, is_large
from retrieval.items import Catalog
from retrieval.preference import Preference, Wish
from retrieval.proposals import Proposal, Request
from retrieval.settings import RetrievalSettings
from tests.agent.conftest import MakeAgent, events, visitor
from tests.agent.films import film_id
from tests.agent.test_prompts import FILM_WORDS, bounds
from tests.fakes import Cut, Hang, HashEncoder, ScriptedChatModel, Status, tea_catalog

TITLES_ANSWER = '{"titles":[{"title":"Fargo","year":1996},{"title":"Moon Dust"},{"title":"Casino","year":1995}]}'


@pytest.fixture(scope="module")
def books(books_dir: Path) -> Catalog:
    return load_dataset(books_dir).catalog


@pytest.fixture(params=["books", "teas"])
def other_catalog(request: pytest.FixtureRequest) -> Catalog:
    return request.getfixturevalue("books") if request.param == "books" else tea_catalog()


@pytest.fixture
def chat(model: ScriptedChatModel) -> ChatOpenAI:
    made = make_chat_model(LlmSettings(url=model.url, timeout_s=2))
    assert made is not None
    return made


# Which models may


@pytest.mark.parametrize(
    ("name", "billions"),
    [
        ("Qwen2.5-7B-Instruct-AWQ", 7),
        ("qwen2.5-1.5b-instruct-q4_k_m.gguf", 1.5),
        ("meta-llama/Llama-3.1-70B", 70),
        ("Mixtral-8x7B-Instruct", 56),
        ("Qwen3-30B-A3B", 30),
        ("llama3.1:8b", 8),
        ("some-model-4bit", None),
        ("local", None),
        ("gpt-4o", None),
        ("local 1.5B", 1.5),
    ],
)
def test_a_name_tells_the_size(name: str, billions: float | None):
    assert billions_in(name) == billions


def test_seven_billion_are_large_and_the_unknown_is_small():
    assert [is_large(name) for name in ("x-7b", "x-6.9b", "x-32B", "local", "")] == [True, False, True, False, False]


@pytest.mark.parametrize(
    ("told", "identity"),
    [
        ({"root": "/models/Qwen2.5-7B-Instruct"}, "local Qwen2.5-7B-Instruct"),
        ({"meta": {"n_params": 1_543_714_304}}, "local 1.5B"),
        ({"root": "local", "meta": None}, "local"),
        ({"id": "another", "root": "x-70b"}, "local"),
    ],
)
async def test_where_the_name_is_silent_the_server_is_asked(told, identity, monkeypatch: pytest.MonkeyPatch):
    async def get(self, url, **_):
        return httpx.Response(200, json={"data": [{"id": "local", **told}]}, request=httpx.Request("GET", url))

    monkeypatch.setattr(httpx.AsyncClient, "get", get)

    assert await identify(LlmSettings(url="http://127.0.0.1:9/v1")) == identity


async def test_a_server_that_is_not_there_tells_nothing():
    assert await identify(LlmSettings(url="http://127.0.0.1:9/v1")) == "local"


@pytest.mark.parametrize(
    ("mode", "name", "trusted"),
    [
        ("auto", "x-1.5b", ""),
        ("auto", "x-7b", "x-7b"),
        ("on", "x-1.5b", "x-1.5b"),
        ("off", "x-70b", ""),
    ],
)
async def test_auto_is_on_for_large_models_only(mode, name: str, trusted: str):
    settings = Settings(
        llm=LlmSettings(url="http://127.0.0.1:9/v1", model=name),
        retrieval=RetrievalSettings(language_model_channel=mode),
    )

    assert await trusted_model(settings) == trusted
    assert await trusted_model(settings.model_copy(update={"llm": LlmSettings(model=name)})) == ""


# Naming titles


@pytest.fixture
def proposer(films: Catalog, model: ScriptedChatModel):
    settings = LlmSettings(url=model.url, model="big-7b")
    with httpx.Client() as client:
        yield TitleProposer.of(films, make_waiting_model(settings, client, timeout_s=0.5), max_tokens=99)


def test_titles_are_asked_for_by_schema(proposer: TitleProposer, model: ScriptedChatModel):
    model.readings = [TITLES_ANSWER]

    titles = proposer.propose(Request("snow and crooks", ("Heat (1995)",), ("Alien (1979)",), 2))

    (call,) = model.calls
    schema = call.body["response_format"]["json_schema"]["schema"]
    assert titles == [Proposal("Fargo", 1996), Proposal("Moon Dust")]
    assert schema == titles_schema(2, years=True)
    assert call.body["temperature"] == 0.0
    assert 99 in (call.body.get("max_tokens"), call.body.get("max_completion_tokens"))
    assert call.question.splitlines() == [
        'wish: "snow and crooks"',
        "like: Heat (1995)",
        "not like: Alien (1979)",
        "how many: 2",
    ]
    assert proposer.name == f"big-7b/{version('titles')}"


@pytest.mark.parametrize("answer", ["", "sorry", "[]", '{"titles": "Heat"}', Status(503), Hang(), Cut('{"titles":[')])
def test_what_is_no_list_of_titles_is_one_kind_of_error(proposer: TitleProposer, model: ScriptedChatModel, answer):
    model.readings = [answer]

    with pytest.raises(ModelUnavailableError, match="language model"):
        proposer.propose(Request("crime"))

    assert len(model.calls) == 1


def test_a_wish_cannot_pose_as_another_line():
    asked = question(Request('x"\nhow many: 99', ("A\nB",)), 3)

    assert asked.splitlines() == ['wish: "x\\" how many: 99"', "like: A B", "how many: 3"]


def test_every_schema_is_bounded():
    assert bounds(titles_schema(10, years=True)) == []
    assert bounds(features_schema(["a", "b"])) == []
    assert bounds(aspects_schema()) == []
    assert "year" not in json.dumps(titles_schema(10, years=False))
    assert str(TITLE) in json.dumps(titles_schema(10, years=False))


def test_the_prompts_are_the_same_bytes_and_know_no_film(other_catalog: Catalog):
    own = " ".join(f"{item.title} {item.text} {item.values}" for item in other_catalog).lower()
    for prompt in (titles_prompt, features_prompt, lambda catalog: AspectReader.of(catalog, None).prefix):
        text = text_of(prompt(other_catalog))

        assert text == text_of(prompt(Catalog(other_catalog.schema, other_catalog.items)))
        assert {word for word in FILM_WORDS.findall(text) if word.lower() not in own} <= {"screen"}
        assert "<<" not in text


def test_the_examples_name_items_of_the_catalog(other_catalog: Catalog):
    answers = [json.loads(str(one.content)) for one in titles_prompt(other_catalog) if one.type == "ai"]

    titles = {item.title for item in other_catalog}
    assert answers
    assert all(one["title"] in titles for answer in answers for one in answer["titles"])


def test_the_prefix_of_other_prompts_stays_as_it_was(films: Catalog):
    assert text_of(render_prompt("titles", films)) != text_of(render_prompt("write", films))


# In a turn


@pytest.fixture
async def naming(make_agent: MakeAgent, model: ScriptedChatModel) -> Agent:
    return await make_agent(model, language_model_channel="on")


def channels_of(reply) -> set[str]:
    return {name for one in reply.recommendations for name in one.channels}


async def test_a_title_that_the_model_names_comes_with_its_evidence(naming: Agent, model: ScriptedChatModel):
    model.readings = ['{"act":"recommend","search":"snow"}', TITLES_ANSWER]

    reply = await naming.reply(visitor(naming), "something with a lot of snow in it")

    fargo = next(one for one in reply.recommendations if one.item.item_id == film_id("Fargo"))
    kinds = {one.evidence.kind for one in fargo.explanation.statements}
    shown = {one.item.title for one in reply.recommendations}
    assert fargo.channels["language_model"] == 1.0
    assert EvidenceKind.PROPOSED in kinds
    assert "Moon Dust" not in shown
    assert [one.name for one in reply.trace.tools] == ["search_catalog", "cf_scores", "graph_lookup", TITLES]
    assert not any("model_titles" in one for one in reply.notices)


async def test_the_same_wish_is_asked_once_and_a_click_never(naming: Agent, model: ScriptedChatModel):
    model.readings = ['{"act":"recommend","search":"snow"}', TITLES_ANSWER]
    first = await naming.reply(visitor(naming), "something with a lot of snow in it")
    model.calls.clear()

    turned = await events(naming.rerank(first.conversation, novelty=0.0))
    removed = await events(naming.rerank(first.conversation, remove="text"))

    assert model.calls == []
    assert "language_model" in channels_of(turned[-1].reply)
    assert "language_model" not in channels_of(removed[-1].reply)


@pytest.mark.parametrize("answer", ["sorry", Status(500)])
async def test_a_broken_answer_leaves_the_channel_out_with_a_notice(naming: Agent, model: ScriptedChatModel, answer):
    model.readings = ['{"act":"recommend","search":"snow"}', answer]

    reply = await naming.reply(visitor(naming), "something with a lot of snow in it")

    assert len(reply.recommendations) == 5
    assert "language_model" not in channels_of(reply)
    assert reply.notices[-1] == "model_titles did not answer in time and was left out."


async def test_a_late_answer_has_a_limit_of_its_own(make_agent: MakeAgent, model: ScriptedChatModel):
    agent = await make_agent(model, language_model_channel="on", titles_timeout_s=0.3)
    model.readings = ['{"act":"recommend","search":"snow"}', Hang()]

    reply = await agent.reply(visitor(agent), "something with a lot of snow in it")

    assert len(reply.recommendations) == 5
    assert reply.notices[-1] == "model_titles did not answer in time and was left out."
    model.closing.set()


async def test_a_small_model_is_not_asked(talking: Agent, model: ScriptedChatModel):
    reply = await talking.reply(visitor(talking), "something with a lot of snow in it")

    assert model.purposes() == ["understand", "write"]
    assert TITLES not in {one.name for one in reply.trace.tools}
    assert talking.understanding.aspects is None


async def test_what_a_large_model_read_counts_without_a_model(make_agent: MakeAgent, films: Catalog, tmp_path: Path):
    item = films.item(film_id("Babe"))
    for name, moods in (("x-7b", ("calm",)), ("x-1b", ("dark",))):
        key = record_key(item, name, "1")
        append_records(tmp_path, [FeatureRecord(item_id=item.item_id, key=key, model=name, prompt="1", moods=moods)])
        agent = await make_agent()

        found = agent.retriever.run("language_model", Preference(text="calm"), agent.retriever.history_of("nobody"))

        assert [one.item_id for one in found] == ([item.item_id] if name == "x-7b" else [])


def test_switched_off_nothing_is_added(film_retriever, tmp_path: Path):
    settings = Settings(retrieval=RetrievalSettings(data_dir=tmp_path, language_model_channel="off"))

    assert add_model_channel(film_retriever, settings, "x-70b", None) is film_retriever


def test_a_plan_without_a_search_asks_nobody():
    plan = recommending_plan(Preference(text="calm"))

    assert [one.tool for one in with_titles(plan, (TITLES,), ask=True)][-1] == TITLES
    assert with_titles(plan, (), ask=True) == plan
    assert with_titles(plan[1:], (TITLES,), ask=True) == plan[1:]


# Reading texts


@pytest.fixture
def reader(films: Catalog, chat: ChatOpenAI) -> FeatureReader:
    return FeatureReader.of(films, chat, identity="reader-7b")


async def test_a_text_is_read_into_closed_lists(reader: FeatureReader, films: Catalog, model: ScriptedChatModel):
    model.readings = ['{"moods":["tense","bogus"],"subjects":["heist","ship","heist"]}']

    read = await reader.read(films.item(film_id("Heat")), [("themes", "heist"), ("themes", "gore")])

    schema = model.calls[0].body["response_format"]["json_schema"]["schema"]
    assert (read.moods, read.values) == (("tense",), {"themes": ("heist",)})
    assert schema["properties"]["subjects"]["items"] == {"enum": ["heist", "gore"]}
    assert model.calls[0].question.splitlines() == [
        'text: "Heat (1995). A thief plans a last robbery."',
        "subjects: heist | gore",
    ]


async def test_a_run_goes_on_where_the_last_one_ended(reader: FeatureReader, model: ScriptedChatModel, tmp_path: Path):
    shortlist = Shortlist(reader.catalog, HashEncoder())
    model.readings = ['{"moods":["tense"]}'] * 40
    seen: list[tuple[str, int, int]] = []

    first = await read_features(reader, shortlist, tmp_path, limit=3, at_once=2)
    rest = await read_features(reader, shortlist, tmp_path, at_once=4, progress=lambda *told: seen.append(told))
    again = await read_features(reader, shortlist, tmp_path)

    assert (first, rest, again) == ((3, 0), (25, 0), (0, 0))
    assert seen[-1] == ("features", 25, 25)
    assert len(model.calls) == 28
    found = load_features(tmp_path, reader.catalog)
    assert found is not None
    assert len(found) == 28


async def test_another_model_reads_anew(reader: FeatureReader, chat: ChatOpenAI, model: ScriptedChatModel, tmp_path):
    model.readings = ["{}"] * 3
    await read_features(reader, Shortlist(reader.catalog, HashEncoder()), tmp_path, limit=3)

    assert len(reader.unread(tmp_path)) == 25
    assert len(FeatureReader.of(reader.catalog, chat, identity="other-70b").unread(tmp_path)) == 28


async def test_one_bad_answer_is_tried_again_by_the_next_run(reader: FeatureReader, model: ScriptedChatModel, tmp_path):
    shortlist = Shortlist(reader.catalog, HashEncoder())
    model.readings = ["{}", "sorry", '{"moods":["calm"]}', "{}"]

    first = await read_features(reader, shortlist, tmp_path, limit=3, at_once=1)
    again = await read_features(reader, shortlist, tmp_path, limit=1, at_once=1)

    assert (first, again) == ((2, 1), (1, 0))
    assert len(read_records(tmp_path)[0]) == 3


async def test_a_model_that_is_gone_ends_the_run_and_keeps_what_was_read(
    reader: FeatureReader, model: ScriptedChatModel, tmp_path: Path
):
    model.readings = ["{}", *["sorry"] * 30]

    with pytest.raises(ModelUnavailableError, match="5 times in a row after 1 items; what was read is kept"):
        await read_features(reader, Shortlist(reader.catalog, HashEncoder()), tmp_path, at_once=1)

    assert len(model.calls) == 1 + PATIENCE
    assert len(read_records(tmp_path)[0]) == 1


async def test_another_prompt_reads_anew(reader: FeatureReader, model: ScriptedChatModel, tmp_path: Path):
    model.readings = ["{}"]
    await read_features(reader, Shortlist(reader.catalog, HashEncoder()), tmp_path, limit=1)

    assert len(replace(reader, version=version("features", "other", "moods")).unread(tmp_path)) == 28
    assert reader.version == version("features", *MOODS)


async def test_the_command_reads_a_folder(
    film_copy: RetrievalSettings, model: ScriptedChatModel, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(reading_run, "make_encoder", lambda name: HashEncoder())
    model.readings = ['{"moods":["calm"],"subjects":[]}'] * 2
    settings = Settings(llm=LlmSettings(url=model.url, model="x-7b"), retrieval=film_copy)

    assert await run(settings, limit=2) == (2, 0)

    records, _ = read_records(film_copy.data_dir)
    assert [(one.model, one.moods) for one in records.values()] == [("x-7b", ("calm",))] * 2


async def test_reading_needs_an_endpoint(tmp_path: Path):
    with pytest.raises(SettingsError, match="--llm-url"):
        await run(Settings(retrieval=RetrievalSettings(data_dir=tmp_path)))


# Reading opinions


async def test_an_opinion_becomes_soft_wishes(chat: ChatOpenAI, films: Catalog, model: ScriptedChatModel):
    model.readings = ['{"liked":["humor","ending"],"disliked":["slow pace","bogus"]}']

    wishes, cost = await AspectReader.of(films, chat).read("Fargo was far too slow, but funny and what an ending")

    assert wishes == (Wish("text", "humor", 0.5), Wish("text", "slow", -1.0))
    assert cost.purpose == "aspects"


def test_what_is_praised_and_blamed_says_nothing():
    assert wishes_of(["humor", "look"], ["humor"]) == (Wish("text", "beautiful to look at", 0.5),)


def test_a_short_opinion_does_not_say_why():
    assert [says_why(one) for one in ("I loved it", "too slow and much too long", "太慢", "节奏太慢而且结局不好")] == [
        False,
        True,
        False,
        True,
    ]


async def test_an_opinion_moves_the_next_list_and_can_be_taken_back(naming: Agent, model: ScriptedChatModel):
    model.readings = ['{"act":"feedback","disliked":["Heat"]}', '{"disliked":["slow pace"]}']

    reply = await naming.reply(visitor(naming), "I did not like Heat at all, it dragged on forever")

    keys = [chip.key for chip in reply.intent.chips]
    assert Wish("text", "slow", -1.0) in reply.intent.preference.wishes
    assert "text:less:slow" in keys
    assert "aspects" in [one.purpose for one in reply.trace.llm]


async def test_an_opinion_stands_where_the_reader_fails(naming: Agent, model: ScriptedChatModel):
    model.readings = ['{"act":"feedback","disliked":["Heat"]}', "sorry"]

    reply = await naming.reply(visitor(naming), "I did not like Heat at all, it dragged on forever")

    assert reply.intent.disliked == (film_id("Heat"),)
    assert reply.intent.preference.wishes == ()
