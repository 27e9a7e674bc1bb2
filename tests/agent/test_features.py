"""What a language model reads in the items' texts: who is believed, the command that reads, and what becomes of it."""

from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from langchain_openai import ChatOpenAI

from agent.build import with_features
from agent.enrich import reading_run
from agent.enrich.item_features import PATIENCE, FeatureReader, features_prompt, features_schema, read_features
from agent.enrich.model_size import identify
from agent.enrich.reading_run import run
from agent.examples import version
from agent.llm import make_chat_model, text_of
from agent.settings import LlmSettings, Settings
from retrieval.candidates import EvidenceKind
from retrieval.datasets import load_dataset
from retrieval.errors import ModelUnavailableError, SettingsError
from retrieval.features.moods import MOODS
from retrieval.features.shortlist import Shortlist
from retrieval.features.store import FeatureRecord, append_records, load_features, read_records, record_key
from retrieval.features.trust import billions_in, is_large
from retrieval.items import Catalog
from retrieval.preference import Preference
from retrieval.retriever import Retriever
from retrieval.settings import RetrievalSettings
from tests.agent.conftest import MakeAgent, visitor
from tests.agent.films import film_id
from tests.agent.test_prompts import FILM_WORDS, bounds
from tests.fakes import Calls, HashEncoder, ScriptedChatModel, tea_catalog


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


# Which models are believed


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


# In a turn


def records_of(films: Catalog, folder: Path, title: str, model: str, moods: tuple[str, ...]) -> None:
    """What a model has read of one item."""
    item = films.item(film_id(title))
    key = record_key(item, model, "1")
    append_records(folder, [FeatureRecord(item_id=item.item_id, key=key, model=model, prompt="1", moods=moods)])


@pytest.mark.parametrize(
    ("mode", "name", "is_believed"),
    [
        ("auto", "x-1.5b", False),
        ("auto", "x-7b", True),
        ("on", "x-1.5b", True),
        ("off", "x-70b", False),
    ],
)
async def test_auto_believes_large_models_only(
    make_agent: MakeAgent, films: Catalog, tmp_path: Path, mode: str, name: str, is_believed: bool
):
    records_of(films, tmp_path, "Babe", name, ("calm",))
    agent = await make_agent(driver="auto", language_model_channel=mode)

    candidates = agent.retriever.run("language_model", Preference(text="calm"), agent.retriever.history_of("nobody"))

    assert [candidate.item_id for candidate in candidates] == ([film_id("Babe")] if is_believed else [])


async def test_what_was_read_counts_with_and_without_a_model_and_is_said(
    make_agent: MakeAgent, model: ScriptedChatModel, films: Catalog, tmp_path: Path
):
    records_of(films, tmp_path, "Babe", "x-7b", ("calm",))
    alone = await make_agent(driver="auto")
    leading = await make_agent(model)
    model.steps = [Calls.of(("update_wish", {"about": "calm"}), ("recommend", {}))]

    replies = [await alone.reply(visitor(alone), "something calm"), await leading.reply(visitor(leading), "calm")]

    for reply in replies:
        babe = next(card for card in reply.recommendations if card.item.item_id == film_id("Babe"))
        assert babe.channels["language_model"] > 0
        assert EvidenceKind.READ in {statement.evidence.kind for statement in babe.explanation.statements}


async def test_a_title_that_the_model_names_comes_with_its_evidence(make_agent: MakeAgent, model: ScriptedChatModel):
    agent = await make_agent(model)
    model.steps = [
        Calls.of(("search_catalog", {"titles": ["Fargo", "Moon Dust"]}), ("recommend", {"items": ["Fargo"]}))
    ]

    reply = await agent.reply(visitor(agent), "something with a lot of snow in it")

    fargo = reply.recommendations[0]
    assert fargo.item.item_id == film_id("Fargo")
    assert fargo.channels["language_model"] == 1.0
    assert EvidenceKind.PROPOSED in {statement.evidence.kind for statement in fargo.explanation.statements}
    assert "Moon Dust" not in {card.item.title for card in reply.recommendations}


def test_without_anything_read_nothing_is_added(film_retriever: Retriever, tmp_path: Path):
    settings = Settings(retrieval=RetrievalSettings(data_dir=tmp_path, language_model_channel="auto"))

    assert with_features(film_retriever, settings) is film_retriever


# Reading texts


def test_the_schema_of_a_reading_is_bounded():
    assert bounds(features_schema(["a", "b"])) == []
    assert bounds(features_schema([])) == []


def test_the_prompt_is_the_same_bytes_and_knows_no_film(other_catalog: Catalog):
    own = " ".join(f"{item.title} {item.text} {item.values}" for item in other_catalog).lower()
    text = text_of(features_prompt(other_catalog))

    assert text == text_of(features_prompt(Catalog(other_catalog.schema, other_catalog.items)))
    assert {word for word in FILM_WORDS.findall(text) if word.lower() not in own} <= {"screen"}
    assert "<<" not in text


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
    features = load_features(tmp_path, reader.catalog)
    assert features is not None
    assert len(features) == 28


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
    assert [(record.model, record.moods) for record in records.values()] == [("x-7b", ("calm",))] * 2


async def test_reading_needs_an_endpoint(tmp_path: Path):
    with pytest.raises(SettingsError, match="--llm-url"):
        await run(Settings(retrieval=RetrievalSettings(data_dir=tmp_path)))
