"""The real agent over a built data folder, with a state of its own that vanishes, and one turn played through it."""

import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from pydantic import JsonValue

from agent.agent import Agent
from agent.build import assemble
from agent.conversation import Conversation
from agent.events import Finished, Recommended
from agent.recommendation import LlmRun, Reply
from agent.settings import LlmSettings, Settings
from retrieval.retriever import Retriever
from retrieval.settings import RetrievalSettings
from retrieval.state import open_state


@dataclass(frozen=True, slots=True)
class Cost:
    """What a turn cost."""

    total_s: float
    cards_s: float | None = None
    """Until the cards were there; None when there were none."""
    llm: tuple[LlmRun, ...] = ()

    def of(self, purpose: str) -> list[LlmRun]:
        """The calls of one purpose that got an answer."""
        return [run for run in self.llm if run.purpose == purpose and not run.error]

    @property
    def llm_s(self) -> float:
        """Seconds spent in the language model."""
        return sum(run.seconds for run in self.llm)

    @property
    def cards_ratio(self) -> float | None:
        """Seconds to the cards, as a multiple of the understanding call."""
        understanding = sum(run.seconds for run in self.llm if run.purpose == "understand")
        return self.cards_s / understanding if self.cards_s is not None and understanding else None

    @property
    def turn_ratio(self) -> float | None:
        """Seconds of the turn, as a multiple of its language-model calls."""
        return self.total_s / self.llm_s if self.llm_s else None

    def figures(self) -> dict[str, JsonValue]:
        """For JSON."""
        return {"total_s": self.total_s, "cards_s": self.cards_s, "llm": [asdict(run) for run in self.llm]}


@asynccontextmanager
async def open_agent(
    retriever: Retriever, *, url: str, model: str, seed: int, tool_timeout_s: float = 5.0
) -> AsyncIterator[Agent]:
    """An agent that writes only to a temporary folder; the data folder behind the retriever is read, not written."""
    with tempfile.TemporaryDirectory(prefix="reconteur-bench-") as folder:
        retrieval = RetrievalSettings(
            data_dir=Path(folder), state_url=f"sqlite:///{folder}/state.db", tool_timeout_s=tool_timeout_s
        )
        settings = Settings(llm=LlmSettings(url=url, model=model), retrieval=retrieval, checkpoint_url="")
        agent = await assemble(retriever, open_state(retrieval), settings, seed=seed)
        try:
            yield agent
        finally:
            await agent.aclose()


def new_visitor(agent: Agent) -> Conversation:
    """A new conversation of a new user."""
    return Conversation(user_id=agent.state.create_user("bench").user_id)


async def play(agent: Agent, conversation: Conversation, message: str) -> tuple[Reply, Cost]:
    """One turn, timed as a surface sees it."""
    started = time.perf_counter()
    cards_s: float | None = None
    reply: Reply | None = None
    async for event in agent.stream(conversation, message):
        if isinstance(event, Recommended):
            cards_s = time.perf_counter() - started
        elif isinstance(event, Finished):
            reply = event.reply
    if reply is None:
        raise RuntimeError("the turn ended without Finished")
    return reply, Cost(time.perf_counter() - started, cards_s, reply.trace.llm)
