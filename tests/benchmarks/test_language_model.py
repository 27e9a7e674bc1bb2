"""The measures of what the model adds, on a shelf where the right answers are known."""

from collections.abc import Sequence

import pytest

from agent.item_features import FeatureReader, example_items
from agent.llm import make_chat_model
from agent.settings import LlmSettings
from benchmarks import language_model
from benchmarks.language_model import LISTS, name_titles, read_texts, report_texts, report_titles, sample
from benchmarks.wishes import Wish
from retrieval.errors import ModelUnavailableError
from retrieval.proposals import Proposal, Request
from tests.agent.films import film_catalog
from tests.fakes import HashEncoder, ScriptedChatModel


class Scripted:
    """Names what the wish says after a colon."""

    name = "scripted"

    def propose(self, request: Request) -> Sequence[Proposal]:
        if "broken" in request.wish:
            raise ModelUnavailableError("no")
        return [Proposal(one.strip()) for one in request.wish.split(":")[1].split(",")]


WISHES = [
    Wish("crooks: Heat, Casino, Nothing Such", "en", (("Heat", 1995), ("Fargo", 1996), ("Gone", 1990))),
    Wish("太空: Alien", "zh", (("Alien", 1979),)),
    Wish("broken", "en", (("Babe", 1995),)),
    Wish("none of these is there: Heat", "en", (("Gone", 1990),)),
]


def test_recall_counts_the_films_that_the_catalog_has():
    found = name_titles(WISHES, film_catalog(), Scripted(), None)

    assert found.recalls[LISTS[0]] == [0.5, 1.0, 0.0]
    assert found.recalls[LISTS[1]] == [0.0, 0.0, 0.0]
    assert found.recalls[LISTS[2]] == [0.5, 1.0, 0.0]
    assert (found.titles, found.unknown, found.failed) == (4, 1, 1)
    text = report_titles(found)
    assert "25.0% of 4" in text
    assert "1 of 3" in text


async def test_agreement_counts_themes_and_moods_of_the_catalog(model: ScriptedChatModel, monkeypatch):
    monkeypatch.setattr(language_model, "AT_ONCE", 1)
    catalog = film_catalog()
    chat = make_chat_model(LlmSettings(url=model.url))
    assert chat is not None
    items = [one for one in catalog if one.title in ("Babe", "Reservoir Dogs", "Speed")]
    model.readings = [
        '{"moods":["dark"],"subjects":["heist","mafia"]}',
        '{"moods":["uplifting"],"subjects":["feel-good"]}',
        "sorry",
    ]

    found = await read_texts(items, FeatureReader.of(catalog, chat), HashEncoder())

    assert (found.precision, found.recall, found.failed) == ([0.5, 1.0], [0.5, 1.0], 1)
    assert found.moods == [1.0]
    assert found.chosen == [2, 1]
    assert "1 of 3" in report_texts(found)


def test_the_sample_is_seeded_and_leaves_the_examples_out():
    catalog = film_catalog()

    once, twice, other = (sample(catalog, 5, seed) for seed in (0, 0, 1))

    assert once == twice
    assert once != other
    assert not {item.item_id for item in sample(catalog, 999, 0)} & {item.item_id for item in example_items(catalog)}


@pytest.mark.parametrize(
    "report", [lambda: report_titles(language_model.Named()), lambda: report_texts(language_model.ReadTexts())]
)
def test_a_report_of_nothing_is_a_report(report):
    assert "none" in report()
