"""The measures of what the model reads out of texts, on a shelf where the right answers are known."""

from agent.enrich.item_features import FeatureReader, example_items
from agent.llm import make_chat_model
from agent.settings import LlmSettings
from benchmarks import language_model
from benchmarks.language_model import read_texts, report_texts, sample
from tests.agent.films import film_catalog
from tests.fakes import HashEncoder, ScriptedChatModel


async def test_agreement_counts_themes_and_moods_of_the_catalog(model: ScriptedChatModel, monkeypatch):
    monkeypatch.setattr(language_model, "AT_ONCE", 1)
    catalog = film_catalog()
    chat = make_chat_model(LlmSettings(url=model.url))
    assert chat is not None
    items = [item for item in catalog if item.title in ("Babe", "Reservoir Dogs", "Speed")]
    model.readings = [
        '{"moods":["dark"],"subjects":["heist","mafia"]}',
        '{"moods":["uplifting"],"subjects":["feel-good"]}',
        "sorry",
    ]

    texts = await read_texts(items, FeatureReader.of(catalog, chat), HashEncoder())

    assert (texts.precision, texts.recall, texts.failed) == ([0.5, 1.0], [0.5, 1.0], 1)
    assert texts.moods == [1.0]
    assert texts.chosen == [2, 1]
    assert "1 of 3" in report_texts(texts)


def test_the_sample_is_seeded_and_leaves_the_examples_out():
    catalog = film_catalog()

    once, twice, other = (sample(catalog, 5, seed) for seed in (0, 0, 1))

    assert once == twice
    assert once != other
    assert not {item.item_id for item in sample(catalog, 999, 0)} & {item.item_id for item in example_items(catalog)}


def test_a_report_of_nothing_is_a_report():
    assert "none" in report_texts(language_model.ReadTexts())
