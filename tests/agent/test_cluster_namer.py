"""Names for groups of people: the model chooses among what code made, and nothing else."""

import json

import httpx
import pytest

from agent.enrich.cluster_namer import ClusterNamer, choice_schema, name_clusters_of
from agent.llm import make_waiting_model, text_of
from agent.settings import LlmSettings, Settings
from retrieval.errors import ModelUnavailableError, SettingsError
from retrieval.items import Catalog
from retrieval.models.clusters_names import _chosen
from tests.fakes import Answer, ScriptedChatModel, Status, tea_catalog

NAMES = ("smoky, Black, 1990s", "cocoa, Black")


def namer(model: ScriptedChatModel, catalog: Catalog) -> ClusterNamer:
    settings = LlmSettings(url=model.url, timeout_s=2)
    return ClusterNamer.of(catalog, make_waiting_model(settings, httpx.Client(), timeout_s=2))


def test_the_model_chooses_one_of_the_names(model: ScriptedChatModel):
    model.readings.append(json.dumps({"name": NAMES[1]}))

    assert namer(model, tea_catalog()).choose(NAMES) == NAMES[1]
    assert choice_schema(NAMES)["properties"]["name"]["enum"] == list(NAMES)


def test_the_prompt_speaks_of_this_catalog():
    with httpx.Client() as client:
        waiting = make_waiting_model(LlmSettings(url="http://127.0.0.1:9/v1"), client, timeout_s=1)
        text = text_of(ClusterNamer.of(tea_catalog(), waiting).prefix)

    assert tea_catalog().schema.nouns_in("en") in text
    assert "<<" not in text


@pytest.mark.parametrize("answer", [Status(500), "no JSON", '{"other": 1}'])
def test_a_failing_model_is_told(model: ScriptedChatModel, answer: Answer):
    model.readings.append(answer)

    with pytest.raises(ModelUnavailableError):
        namer(model, tea_catalog()).choose(NAMES)


def test_a_name_of_its_own_is_not_taken():
    offered = [(("kinds", "Black"),), (("kinds", "Green"),)]

    assert _chosen(offered, tea_catalog(), lambda names: "Lovers of everything") == offered[0]


def test_without_an_endpoint_it_says_what_is_needed():
    with pytest.raises(SettingsError, match="--llm-url"):
        name_clusters_of(Settings(llm=LlmSettings(url="")))
