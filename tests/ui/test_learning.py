"""A server that learns as it runs, and the command that does it at once."""

import asyncio
import multiprocessing
import shutil
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from agent.agent import Agent
from agent.settings import LearningSettings, Settings
from retrieval.refit import Generation, Generations, Last, Measured
from retrieval.settings import RetrievalSettings
from retrieval.state import FeedbackKind, StateStore
from tests.agent.films import film_id
from tests.ui.conftest import open_agent
from ui import cli
from ui.learning import schedule
from ui.learning.command import told
from ui.learning.schedule import learning

STRANGE = tuple(film_id(title) for title in ("Nosferatu", "Speed", "Midnight Harbor", "Braveheart"))


@pytest.fixture
def settings(film_shelf: RetrievalSettings, tmp_path: Path) -> Settings:
    shutil.copytree(film_shelf.data_dir, tmp_path / "films")
    retrieval = film_shelf.model_copy(update={"data_dir": tmp_path / "films"})
    return Settings(retrieval=retrieval, learning=LearningSettings(refit_h=100, look_s=0.05))


@pytest.fixture
async def agent(settings: Settings) -> AsyncIterator[Agent]:
    made = await open_agent(settings)
    yield made
    await made.aclose()


def come(state: StateStore, people: int) -> None:
    for number in range(people):
        user = state.create_user().user_id
        liked = [item_id for place, item_id in enumerate(STRANGE) if place != number % len(STRANGE)]
        state.bring_feedback(user, dict.fromkeys(liked, FeedbackKind.LIKE))


async def until(is_so, seconds: float = 500.0) -> None:
    async with asyncio.timeout(seconds):
        while not is_so():  # noqa: ASYNC110 - a thread and another process decide
            await asyncio.sleep(0.05)


async def test_a_server_learns_by_itself_and_lets_it_serve(agent: Agent, settings: Settings):
    come(agent.state, 60)

    async with learning(agent, settings):
        await until(lambda: agent.of("").retriever.parts.generation)

    generations = Generations.of(settings.retrieval.data_dir, "")
    assert agent.of("").retriever.parts.generation == generations.current.name
    assert generations.last is not None
    assert generations.last.taken
    assert schedule._due(agent, settings) == []


async def test_without_a_schedule_nothing_is_fitted_and_what_a_command_learned_is_taken_up(
    agent: Agent, settings: Settings, monkeypatch: pytest.MonkeyPatch
):
    looked = asyncio.Event()
    loop = asyncio.get_running_loop()

    def look() -> list[str]:
        loop.call_soon_threadsafe(looked.set)
        return []

    monkeypatch.setattr(agent, "renew", look)
    come(agent.state, 60)
    quiet = settings.model_copy(update={"learning": LearningSettings(look_s=0.01)})

    async with learning(agent, quiet):
        await looked.wait()
        looked.clear()
        await looked.wait()

    assert Generations.of(settings.retrieval.data_dir, "").last is None
    assert multiprocessing.active_children() == []


def endless(*_: object) -> None:
    time.sleep(10_000)


async def test_a_fit_ends_with_the_server(agent: Agent, settings: Settings, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(schedule, "_fit", endless)
    come(agent.state, 1)

    async with learning(agent, settings):
        await until(multiprocessing.active_children)
        (process,) = multiprocessing.active_children()

    await until(lambda: not process.is_alive())
    assert process.exitcode != 0


def test_the_command_says_what_changed_and_can_go_back(settings: Settings, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(schedule, "be_modest", lambda: None)
    monkeypatch.setenv("RECONTEUR_RETRIEVAL__ENCODER", "hash")
    monkeypatch.setenv("RECONTEUR_RETRIEVAL__GRAPH_VECTORS", "none")
    folder = settings.retrieval.data_dir
    with StateStore(f"sqlite:///{folder / 'state.db'}") as state:
        come(state, 60)
    runner = CliRunner()

    first = runner.invoke(cli.app, ["refit", "--data", str(folder)])
    back = runner.invoke(cli.app, ["refit", "--back", "--data", str(folder)])

    assert (first.exit_code, back.exit_code) == (0, 0)
    assert "180 opinions of 60 people." in first.stdout
    assert "It serves from now on." in first.stdout
    assert "most often came" in first.stdout
    assert back.stdout == "What was built serves again.\n"


def test_what_was_not_taken_is_said_with_its_figures():
    measured = Measured(people=20, ndcg_before=0.25, ndcg_after=0.2, found_before=9, found_after=7, moved=0.31)
    generation = Generation(
        base="b",
        fitted_at=1.0,
        until=1.0,
        people=20,
        opinions=60,
        left_out=2,
        measured=measured,
        weights_learned_from=0,
    )

    lines = list(told(Last(at=1.0, taken=False, reason="it is worse.", generation=generation), str))

    assert lines == [
        "60 opinions of 20 people (2 accounts with too many left out).",
        "Of 20 likes held back, 7 are among the first ten (9 before); NDCG@10 0.200 (0.250 before).",
        "31% of the places of their lists changed.",
        "Not taken: it is worse.",
    ]
