"""Leads a turn by native tool calls: several a step, several steps, then words beside what is on screen."""

import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from typing import Any

from langchain.agents import create_agent
from langchain.agents.middleware import AgentMiddleware, ModelCallLimitMiddleware, ModelRetryMiddleware
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, HumanMessage, SystemMessage
from langchain_core.runnables import RunnableConfig
from langchain_core.utils.function_calling import convert_to_openai_tool
from langchain_openai import ChatOpenAI

from agent.admission import LATER
from agent.drivers.base import Drive
from agent.drivers.language import language_of
from agent.drivers.tool_calling.prompt import prefix, turn_messages
from agent.drivers.tool_calling.steps import CallMiddleware, StepMiddleware
from agent.llm import FAILURES, count, within
from retrieval.errors import ModelBusyError, ModelUnavailableError
from retrieval.items import Catalog

RETRY_S = 0.3
"""Before the one retry of a step; the turn's deadline bounds both."""
TRANSCRIPT = "messages"
MEND_TOKENS = 160
WRITE = "write"
"""Purpose of the calls that come after the cards."""


@dataclass(frozen=True, slots=True)
class ToolCallingDriver:
    """A driver over a chat model and one catalog."""

    model: ChatOpenAI
    catalog: Catalog
    step_tokens: int = 1200
    write_tokens: int = 400
    house: str = ""
    """The house's rules, in words."""
    _system: SystemMessage = field(init=False)

    def __post_init__(self) -> None:
        """Render what is the same in every call."""
        object.__setattr__(self, "_system", prefix(self.catalog, self.house))

    @property
    def name(self) -> str:
        """As settings and traces call it."""
        return "tools"

    async def drive(self, drive: Drive) -> None:
        """Loop until a call ended the turn or the budget is spent.

        Raises:
            ModelUnavailableError: The model failed twice in a row, was late, or made no call that could be carried out.
        """
        middleware: list[AgentMiddleware[Any, Any, Any]] = [
            ModelRetryMiddleware(
                max_retries=1, retry_on=_may_pass, initial_delay=RETRY_S, jitter=False, on_failure="error"
            ),
            CallMiddleware(drive),
            # what comes after a step runs from the last to the first, and the step jumps: nothing behind it would count
            StepMiddleware(drive),
            ModelCallLimitMiddleware(run_limit=drive.most_steps, exit_behavior="end"),
        ]
        loop = create_agent(
            self.model.model_copy(update={"max_tokens": self.step_tokens}),
            [*drive.batch.tools.values(), *(tool.schema() for tool in drive.view.terms.tools)],
            system_prompt=self._system,
            middleware=middleware,
        )
        opening = turn_messages(drive.view)
        drive.transcript = [self._system, *opening]
        start: Any = {"messages": list(opening)}
        config: RunnableConfig = {"recursion_limit": 4 * drive.most_steps + 8}
        try:
            state = await within(
                loop.ainvoke(start, config),
                drive.deadline.remaining_s(),
            )
        except ModelUnavailableError:
            raise
        except FAILURES as error:
            raise ModelUnavailableError(f"the language model did not answer ({type(error).__name__})") from error
        drive.transcript = [self._system, *_without_limit(state[TRANSCRIPT])]
        context = drive.batch.context
        if not context.patches:  # a question needs none, but an answer in its language
            told = language_of(drive.view.message, context.wanted.language)
            context.wanted = replace(context.wanted, language=told)

    async def words(self, drive: Drive, asked: str, *, seconds: float) -> AsyncIterator[str]:
        """Stream prose for what is on screen, over the same prompt as the steps.

        Args:
            drive: The turn as it was driven.
            asked: What to write; see `prompt.words_prompt`.
            seconds: How long it may take in all.

        Raises:
            ModelBusyError: It works for others; deciding other turns goes before prose.
            ModelUnavailableError: The model did not answer, stopped in mid-stream, or was late.
        """
        ends = time.monotonic() + seconds
        async with drive.room(seconds, rank=LATER):
            async for piece in self._write(drive, asked, ends=ends):
                yield piece

    async def mend(self, drive: Drive, sentence: str, asked: str, *, seconds: float) -> str:
        """Have one sentence written anew, over the same prompt; '' where the model does not answer in time.

        Args:
            drive: The turn as it was driven.
            sentence: As the model wrote it.
            asked: What is wrong with it; see `prompt.mend_prompt`.
            seconds: How long it may take.
        """
        bound = self.model.bind(tools=_schemas(drive), tool_choice="none", max_tokens=MEND_TOKENS)
        messages = [*drive.transcript, AIMessage(sentence), HumanMessage(asked)]
        started, answer = time.perf_counter(), None
        try:
            async with drive.room(seconds, rank=LATER):
                answer = await within(bound.ainvoke(messages), seconds)
        except (*FAILURES, ModelBusyError) as error:
            drive.note(count(WRITE, started, None, error=type(error).__name__))
            return ""
        drive.note(count(WRITE, started, answer if isinstance(answer, AIMessage) else None))
        return answer.content if isinstance(answer.content, str) and not getattr(answer, "tool_calls", None) else ""

    async def _write(self, drive: Drive, asked: str, *, ends: float) -> AsyncIterator[str]:
        bound = self.model.bind(tools=_schemas(drive), tool_choice="none", max_tokens=self.write_tokens)
        drive.transcript = [*drive.transcript, HumanMessage(asked)]
        started, whole = time.perf_counter(), None
        try:
            stream = bound.astream(drive.transcript)
            while True:
                try:
                    chunk = await within(anext(stream), ends - time.monotonic())
                except StopAsyncIteration:
                    break
                if isinstance(chunk, AIMessageChunk):
                    whole = chunk if whole is None else whole + chunk
                if isinstance(chunk, AIMessageChunk) and chunk.tool_call_chunks:
                    drive.was_cut = True  # text beside a call of a tool is meant for nobody
                    return
                if isinstance(chunk.content, str) and chunk.content:
                    yield chunk.content
        except FAILURES as error:
            drive.note(count(WRITE, started, whole, error=type(error).__name__))
            raise ModelUnavailableError(f"the language model stopped ({type(error).__name__})") from error
        ended = whole.response_metadata.get("finish_reason", "") if whole is not None else ""
        drive.note(count(WRITE, started, whole, error="" if ended else "stopped in mid-stream"))
        if not ended:
            raise ModelUnavailableError("the language model stopped in mid-stream")
        drive.was_cut = ended == "length"


def _may_pass(error: Exception) -> bool:
    """Whether a second try is worth it."""
    return not isinstance(error, ModelBusyError)


def _without_limit(messages: list[BaseMessage]) -> list[BaseMessage]:
    """Every step ends with results; an answer behind them is what the limit of steps says, and meant for nobody."""
    return messages[:-1] if isinstance(messages[-1], AIMessage) else messages


def _schemas(drive: Drive) -> list[dict[str, Any]]:
    """The tools as the steps offered them: the prompt's beginning stays the same."""
    own = [convert_to_openai_tool(tool) for tool in drive.batch.tools.values()]
    return [*own, *(tool.schema() for tool in drive.view.terms.tools)]
