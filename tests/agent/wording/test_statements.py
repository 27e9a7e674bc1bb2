"""False sentences and true ones over a list of the demo's films, in many languages: which go out."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agent.wording.check import Checker, TitleFinder, Verdict
from agent.wording.ledger import Ledger
from retrieval.datasets.movielens import MOVIES, SCHEMA, Movie
from retrieval.items import Catalog
from retrieval.schema import read_schema

SENTENCES = Path(__file__).parents[1] / "data" / "statements.jsonl"
"""The list on screen and what the user said; then a sentence a line, and of a false one what is wrong with it."""
CAUGHT, DROPPED = 0.98, 0.05


@pytest.fixture(scope="module")
def finder() -> TitleFinder:
    lines = MOVIES.read_text(encoding="utf-8").splitlines()
    return TitleFinder(Catalog(read_schema(SCHEMA), tuple(Movie.model_validate_json(line).item() for line in lines)))


def judged(finder: TitleFinder) -> Iterator[tuple[dict[str, Any], Verdict]]:
    scene, *sentences = map(json.loads, SENTENCES.read_text(encoding="utf-8").splitlines())
    listed = tuple(scene["listed"])
    for sentence in sentences:
        ledger = Ledger(
            item_ids=frozenset(listed),
            listed=listed,
            on_screen=listed,
            pools=(listed,),
            count=scene["count"],
            said=scene["said"],
            language=sentence["language"],
        )
        yield sentence, Checker(finder, ledger).check(sentence["text"], before=frozenset(listed[:1]))


def test_false_sentences_are_caught_and_true_ones_go_out(finder: TitleFinder):
    verdicts = list(judged(finder))
    false = [(sentence["text"], verdict) for sentence, verdict in verdicts if "false" in sentence]
    true = [(sentence["text"], verdict) for sentence, verdict in verdicts if "false" not in sentence]

    passed = [text for text, verdict in false if verdict.ok]
    dropped = [(text, verdict.reason) for text, verdict in true if not verdict.ok]

    assert (len(false), len(true)) == (200, 260)
    assert len(passed) <= (1 - CAUGHT) * len(false), passed
    assert len(dropped) < DROPPED * len(true), dropped
