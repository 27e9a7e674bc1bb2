"""The API keeps what it describes; a longer run is `python -m benchmarks.contract --cases N`."""

from pathlib import Path

from agent.settings import Settings
from benchmarks.contract import check
from retrieval.settings import RetrievalSettings
from tests.ui.conftest import open_agent
from tests.ui.test_server import handlers, served

__all__ = ["handlers"]
CASES = 210
"""Fifteen an operation."""


async def test_the_api_keeps_what_it_describes(film_shelf: RetrievalSettings, tmp_path: Path):
    retrieval = film_shelf.model_copy(update={"state_url": f"sqlite:///{tmp_path / 'state.db'}"})

    async with served(open_agent, Settings(retrieval=retrieval, _env_file=None)) as server:
        await server.client.get("/v1/models")
        status, report = await check(str(server.client.base_url), cases=CASES, seed=1)

    assert status == 0, report
