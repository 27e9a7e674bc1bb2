"""The real agent over a built data folder, with a state of its own that vanishes, and one turn played through it."""

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from pydantic import JsonValue

from agent.agent import Agent
from agent.build import assemble
from agent.conversation import Conversation
from agent.drivers.choose import DriverChooser
from agent.events import Finished, Recommended
from agent.recommendation import LlmRun, Reply
from agent.settings import LlmSettings, Settings
from retrieval.retriever import Retriever
from retrieval.settings import RetrievalSettings
from retrieval.state import open_state

DriverName = Literal["auto", "tools", "schema", "offline"]
PROBE_S = 1200.0
"""A small model on two cores reads long prompts for minutes."""
AFTER_CARDS, BESIDE = "write", "probe"
"""Purposes of model calls that do not lead a turn: those that write its words, and those of the background."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What a turn cost."""

    total_s: float
    cards_s: float | None = None
    """Until the cards were there; None when there were none."""
    llm: tuple[LlmRun, ...] = ()

    driver: str = ""
    """Who led the turn."""

    @property
    def steps(self) -> list[LlmRun]:
        """The calls that led the turn and got an answer: all that come before the cards."""
        return [run for run in self.llm if run.purpose not in (AFTER_CARDS, BESIDE) and not run.error]

    @property
    def writing(self) -> list[LlmRun]:
        """The calls that wrote words and got an answer."""
        return [run for run in self.llm if run.purpose == AFTER_CARDS and not run.error]

    @property
    def step_tokens(self) -> int:
        """Answer tokens of all steps."""
        return sum(run.completion_tokens for run in self.steps)

    @property
    def fresh_tokens(self) -> int:
        """Prompt tokens of all steps that no cache held."""
        return sum(run.prompt_tokens - run.cached_tokens for run in self.steps)

    @property
    def llm_s(self) -> float:
        """Seconds spent in the language model."""
        return sum(run.seconds for run in self.llm)

    @property
    def cards_ratio(self) -> float | None:
        """Seconds to the cards, as a multiple of the model's before them."""
        leading = sum(run.seconds for run in self.llm if run.purpose not in (AFTER_CARDS, BESIDE))
        return self.cards_s / leading if self.cards_s is not None and leading else None

    @property
    def turn_ratio(self) -> float | None:
        """Seconds of the turn, as a multiple of its language-model calls."""
        return self.total_s / self.llm_s if self.llm_s else None

    def figures(self) -> dict[str, JsonValue]:
        """For JSON."""
        runs: list[JsonValue] = [asdict(run) for run in self.llm]
        return {"total_s": self.total_s, "cards_s": self.cards_s, "driver": self.driver, "llm": runs}


@asynccontextmanager
async def open_agent(
    retriever: Retriever,
    *,
    url: str,
    model: str,
    seed: int,
    driver: DriverName = "auto",
    tool_timeout_s: float = 5.0,
    turn_s: float | None = None,
) -> AsyncIterator[Agent]:
    """An agent that writes only to a temporary folder; the data folder behind the retriever is read, not written.

    Args:
        retriever: The indexes.
        url: The language model's endpoint; '' for none.
        model: Its name there.
        seed: Of the exploration.
        driver: Who leads the turns; 'auto' lets the agent find out, as it does when it is shipped.
        tool_timeout_s: For one tool.
        turn_s: For a whole turn; what is shipped where it is left out.
    """
    with tempfile.TemporaryDirectory(prefix="reconteur-bench-") as folder:
        retrieval = RetrievalSettings(
            data_dir=Path(folder), state_url=f"sqlite:///{folder}/state.db", tool_timeout_s=tool_timeout_s
        )
        llm = LlmSettings(url=url, model=model, driver=driver)
        llm = llm if turn_s is None else llm.model_copy(update={"turn_s": turn_s, "timeout_s": turn_s})
        settings = Settings(llm=llm, retrieval=retrieval, checkpoint_url="")
        agent = await assemble(retriever, open_state(retrieval), settings, seed=seed)
        try:
            yield agent
        finally:
            await agent.aclose()


async def warm(agent: Agent) -> None:
    """Load everything and wait until it is known who leads the turns, as on a server that has run for a while.

    Raises:
        TimeoutError: The language model was not found out about.
    """
    await agent.warm()
    chooser = agent.chooser
    async with asyncio.timeout(PROBE_S):
        while _is_unknown(chooser):  # noqa: ASYNC110 - the agent tells nobody when its probe is done
            await asyncio.sleep(0.2)


def _is_unknown(chooser: DriverChooser) -> bool:
    return chooser.model is not None and chooser.setting == "auto" and chooser.finding is None


def new_visitor(agent: Agent) -> Conversation:
    """A new conversation of a new user."""
    return Conversation(user_id=agent.state.create_user("bench").user_id)


async def play(agent: Agent, conversation: Conversation, message: str) -> tuple[Reply, Cost]:
    """One turn, timed as a surface sees it."""
    started = time.perf_counter()
    cards_s: float | None = None
    reply: Reply | None = None
    async with aclosing(agent.stream(conversation, message)) as events:  # type: ignore[type-var]
        async for event in events:
            if isinstance(event, Recommended):
                cards_s = time.perf_counter() - started
            elif isinstance(event, Finished):
                reply = event.reply
    if reply is None:
        raise RuntimeError("the turn ended without Finished")
    return reply, Cost(time.perf_counter() - started, cards_s, reply.trace.llm, reply.trace.driver)
