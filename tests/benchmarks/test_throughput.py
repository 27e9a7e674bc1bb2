"""Requests that the throughput benchmark sends, and its table."""

from itertools import islice

import numpy as np
import pytest
from rich.console import Console

from benchmarks.throughput import Body, Round, bodies, cards, table
from retrieval.datasets import Dataset, load_dataset
from tests.agent.films import build_films
from ui.api.wire import RecommendRequest


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return load_dataset(build_films(tmp_path_factory.mktemp("shelf")).data_dir)


def some(dataset: Dataset, seed: int) -> list[Body]:
    return list(islice(bodies(dataset, ("ann", "bob"), np.random.default_rng(seed)), 60))


def test_the_same_seed_asks_the_same(dataset: Dataset):
    assert some(dataset, 1) == some(dataset, 1)
    assert some(dataset, 1) != some(dataset, 2)


def test_requests_are_mixed_and_what_the_api_takes(dataset: Dataset):
    asked = [RecommendRequest.model_validate(body) for body in some(dataset, 0)]

    assert {request.user for request in asked} == {"ann", "bob", None}
    assert {request.message is None for request in asked} == {True, False}
    assert any(request.liked for request in asked)
    assert any(request.constraints for request in asked)


def test_the_table_shows_medians_and_what_failed():
    rounds = [Round(2.0, 0.5, [0.1] * 10, [], 0.5, 10), Round(2.0, 0.5, [0.3] * 30, [503], 1.5, 31)]
    console = Console(width=120, record=True)

    console.print(table({".:2": rounds}, "title"))

    line = next(line for line in console.export_text().splitlines() if ".:2" in line)
    assert [cell.strip() for cell in line.strip("│").split("│")] == [
        ".:2",
        "10.0 (5.0 to 15.0)",
        "0.20 (0.10 to 0.30)",
        "0.20 (0.10 to 0.30)",
        "49 (48 to 50)",
        "1",
        "0.5 (0.5 to 0.5)",
    ]


def test_guesses_are_no_part_of_what_is_compared():
    card = {"item_id": "a", "reason": "calm", "evidence": [{"statement": "calm"}, {"statement": "short"}]}
    guess = {"item_id": "b", "reason": "new", "evidence": [], "exploratory": True}
    near = {"item_id": "c", "reason": "long", "evidence": []}

    compared = cards({"recommendations": [card, guess], "near_misses": [near]})

    assert compared == (("a", "calm", "calm", "short"), ("c", "long"))
