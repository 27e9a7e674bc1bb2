"""Learning from recorded conversations: they are read as the agent reads them, and never past the place."""

import asyncio
from pathlib import Path

import pytest

from agent.learning.fit import fit
from agent.learning.play import Player, came_up
from agent.learning.transcripts import Dialogue, write_dialogues
from retrieval.datasets import Dataset, save_dataset
from retrieval.errors import BadDataError
from retrieval.fusion.learning import LEAST_PLACES, RecordedPlace
from retrieval.fusion.weights import read_weights
from retrieval.settings import RetrievalSettings
from tests.fakes import tea_dataset


def talk(number: int = 0, *, accepted: list[str] | None = None) -> Dialogue:
    offer = {"role": "assistant", "text": "Jade Path?", "recommended": ["tea:1", "tea:9"], "accepted": accepted}
    turns = [
        {"role": "user", "text": "I love Morning Mist.", "mentions": [{"item_id": "tea:0"}]},
        offer,
        {"role": "user", "text": "I hate Old Harbor, though.", "mentions": [{"item_id": "tea:4"}]},
        {"role": "assistant", "text": "Quiet Lake, then.", "recommended": ["tea:3", "tea:1"]},
    ]
    return Dialogue.model_validate({"dialogue_id": f"d{number}", "turns": turns})


@pytest.fixture(scope="module")
def teas() -> Dataset:
    return tea_dataset()


async def places(player: Player, dialogue: Dialogue) -> list[RecordedPlace]:
    return [place async for place in player.places(dialogue)]


async def test_each_place_knows_what_was_said_and_shown_before_it(teas: Dataset):
    first, second = await places(Player.of(teas.catalog), talk())

    assert (first.preference.liked, first.preference.disliked, first.shown) == (("tea:0",), (), ())
    assert first.chosen == ("tea:1", "tea:9")
    assert (second.preference.disliked, second.shown) == (("tea:4",), (("tea:1", "tea:9"),))
    assert second.chosen == ("tea:3",)  # the other came up before


async def test_what_was_taken_counts_where_it_was_noted(teas: Dataset):
    (first, _) = await places(Player.of(teas.catalog), talk(accepted=["tea:9"]))

    assert first.chosen == ("tea:9",)
    assert came_up(talk(accepted=["tea:9"])) == {"tea:0", "tea:4", "tea:9", "tea:3", "tea:1"}
    assert len(await places(Player.of(teas.catalog), talk(accepted=[]))) == 1


def test_weights_are_fitted_into_the_data_folder(teas: Dataset, tmp_path: Path):
    settings = RetrievalSettings(data_dir=tmp_path / "data", encoder="hash")
    save_dataset(teas, settings.data_dir)
    write_dialogues(tmp_path / "d.jsonl", [talk(number) for number in range(LEAST_PLACES)])

    fitted = fit(settings, [tmp_path / "d.jsonl"], source="tea talk")

    assert fitted == read_weights(settings.data_dir)
    assert (fitted.source, fitted.dialogues, fitted.places) == ("tea talk", LEAST_PLACES, 2 * LEAST_PLACES)
    assert fitted.spoken["tea:1"] == LEAST_PLACES


def test_nothing_to_learn_from_is_said(teas: Dataset, tmp_path: Path):
    settings = RetrievalSettings(data_dir=tmp_path, encoder="hash")
    save_dataset(teas, tmp_path)

    with pytest.raises(BadDataError, match="--dialogues FILE"):
        fit(settings, [])


def test_a_place_is_the_same_whatever_follows(teas: Dataset):
    whole = talk()
    cut = whole.model_copy(update={"turns": whole.turns[:2]})
    player = Player.of(teas.catalog)

    (first, _), (alone,) = asyncio.run(places(player, whole)), asyncio.run(places(player, cut))

    assert (first.preference, first.shown, first.chosen) == (alone.preference, alone.shown, alone.chosen)
