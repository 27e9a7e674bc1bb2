"""Words for the values of a guessed schema: what the model proposes is shown, checked and kept to be edited."""

import json
from pathlib import Path

import httpx
import pytest

from agent.enrich.synonyms import SynonymProposer, proposed, words_schema
from agent.llm import make_waiting_model
from agent.settings import LlmSettings
from retrieval.errors import ModelUnavailableError
from retrieval.ingest import IngestPlan, plan_ingest
from retrieval.ingest.plan import GUESSED
from retrieval.ingest.spec import read_spec
from tests.fakes import Answer, ScriptedChatModel, Status

ROWS = "id,title,style,finish\n1,Ada,city,matte\n2,Bela,trekking,glossy\n3,Cleo,city,glossy\n4,Dora,trekking,matte\n"


@pytest.fixture
def plan(tmp_path: Path) -> IngestPlan:
    (tmp_path / "bikes.csv").write_text(ROWS, "utf-8")
    return plan_ingest(tmp_path / "bikes.csv", data_dir=tmp_path / "data")


def proposer(model: ScriptedChatModel) -> SynonymProposer:
    return SynonymProposer(make_waiting_model(LlmSettings(url=model.url, timeout_s=2), httpx.Client(), timeout_s=2))


def test_words_are_shown_and_stand_in_the_schema_to_edit(model: ScriptedChatModel, plan: IngestPlan):
    model.readings += [json.dumps({"1": ["urban", "Stadtrad"], "2": ["touring"]}), json.dumps({"1": ["dull"], "2": []})]

    plan_with_words = proposed(plan, proposer(model))
    plan_with_words.run()

    assert "proposed by the model: city = urban, stadtrad; trekking = touring" in plan_with_words.describe()
    assert plan_with_words.spec.catalog.nouns_in("en") == "bikes"
    written = read_spec(plan.data_dir / GUESSED).catalog
    assert written.field("style").synonyms == {"city": ("urban", "stadtrad"), "trekking": ("touring",)}


def test_what_means_two_values_or_is_taken_already_is_left_out(model: ScriptedChatModel, plan: IngestPlan):
    style = {"1": ["urban", "trekking", "shiny", "7"], "2": ["urban", "style", "\x1btour"]}
    model.readings += [json.dumps(style), json.dumps({"1": ["shiny"], "2": ["polished"]})]

    fields = proposed(plan, proposer(model)).spec.catalog

    assert fields.field("style").synonyms.get("city") is None
    assert fields.field("finish").synonyms == {"glossy": ("polished",)}


@pytest.mark.parametrize("answer", [Status(500), "no JSON", "[]", '{"1": 5}'])
def test_a_failing_model_is_told_and_changes_nothing(model: ScriptedChatModel, plan: IngestPlan, answer: Answer):
    model.readings.append(answer)

    with pytest.raises(ModelUnavailableError):
        proposed(plan, proposer(model))


def test_each_value_has_a_place_of_its_own():
    assert words_schema(2)["required"] == ["1", "2"]
