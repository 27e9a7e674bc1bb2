"""Opens the system that simulated users talk to, and closes it in the end."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import httpx

from agent.drivers.offline.spot import Spotter
from agent.options import make_settings
from eval.hearing import Hearing
from eval.readers.suggestions import SuggestionReader
from eval.simulation.baselines import FilteredSystem, PopularitySystem, by_likes
from eval.simulation.records import SimulatedDialogue
from eval.simulation.run import Stage, dialogue_id
from eval.simulation.speech import DEFAULT, wordings
from eval.simulation.systems import MOST_SHOWN, AgentSystem, ChatSystem, System
from eval.simulation.taste import SimulatedTaste
from retrieval.datasets import Dataset
from retrieval.errors import BadDataError

SYSTEMS = ("agent", "http", "chat", "popularity", "filtered")
TIMEOUT_S = 300.0


@dataclass(frozen=True, slots=True)
class Partner:
    """Whom to talk to, and in which words."""

    system: str = "agent"
    url: str = ""
    model: str = "local"
    data: Path | None = None
    llm_url: str | None = None
    llm_model: str | None = None
    wordings: Path | None = None
    """What the users say, where it is not what is shipped."""

    def check(self) -> None:
        """Raise where something is missing.

        Raises:
            BadDataError: There is no such system, it lacks its endpoint, or wordings are missing.
        """
        if self.system not in SYSTEMS:
            raise BadDataError(f"--system: expected one of {', '.join(SYSTEMS)}, found {self.system!r}")
        if self.system in ("http", "chat") and not self.url:
            raise BadDataError(f"--system {self.system} talks to an endpoint: name it, --url http://127.0.0.1:7860/v1")
        for language in ("en", "zh") if self.wordings else ():
            wordings(language, str(self.wordings))


@asynccontextmanager
async def open_stage(partner: Partner, dataset: Dataset, *, seed: int, turns: int) -> AsyncIterator[Stage]:
    """Everything that the conversations of a run share."""
    async with open_system(partner, dataset, seed) as system:
        yield Stage(system, dataset.catalog, Spotter(dataset.catalog), seed, turns, str(partner.wordings or DEFAULT))


@asynccontextmanager
async def open_system(partner: Partner, dataset: Dataset, seed: int) -> AsyncIterator[System]:
    """The system that is named."""
    if partner.system == "popularity":
        yield PopularitySystem(dataset.catalog, by_likes(dataset.catalog, dataset.interactions))
    elif partner.system == "filtered":
        ranked = by_likes(dataset.catalog, dataset.interactions)
        yield FilteredSystem(dataset.catalog, ranked, Hearing.of(dataset.catalog))
    elif partner.system == "agent":
        from agent.build import build_agent

        settings = make_settings(data=partner.data, llm_url=partner.llm_url, llm_model=partner.llm_model)
        agent = await build_agent(settings)
        try:
            await agent.warm()
            name = "agent + llm" if settings.llm.url else "agent"
            yield AgentSystem(agent, seed, name)
        finally:
            await agent.aclose()
    else:
        prompt = chat_prompt(dataset) if partner.system == "chat" else ""
        async with httpx.AsyncClient(timeout=TIMEOUT_S) as client:
            reader = SuggestionReader.of(dataset.catalog)
            yield ChatSystem(client, partner.url, partner.model, reader, prompt, partner.system)


def chat_prompt(dataset: Dataset) -> str:
    """What a bare chat model is told of its task."""
    text = files("eval").joinpath("prompts/simulated_chat.md").read_text(encoding="utf-8")
    nouns = dataset.catalog.schema.nouns_in("en")
    return text.replace("<<nouns>>", nouns).replace("<<count>>", str(MOST_SHOWN)).strip()


def left_to_do(
    tastes: Sequence[SimulatedTaste], done: Sequence[SimulatedDialogue], *, seed: int, turns: int
) -> list[SimulatedTaste]:
    """The users who have not talked yet.

    Raises:
        BadDataError: What is done was drawn otherwise.
    """
    kinds = {(dialogue.simulated.seed, dialogue.simulated.max_turns) for dialogue in done}
    if kinds - {(seed, turns)}:
        raise BadDataError("what is in the file was run with another --seed or --turns. Name another file with --out.")
    known = {dialogue.dialogue_id for dialogue in done}
    return [taste for taste in tastes if dialogue_id(seed, taste.user_id) not in known]
