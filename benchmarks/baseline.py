"""LangChain's `create_agent` as a baseline: as it is, or with the calls translated that a small model writes out."""

import asyncio
import json
import logging
import re
import time
from collections.abc import Awaitable, Callable, Collection
from typing import Any
from uuid import UUID, uuid4

from langchain.agents import create_agent
from langchain.agents.middleware import AgentMiddleware, ModelRequest, ModelResponse
from langchain_core.callbacks import AsyncCallbackHandler
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage
from langchain_core.messages.tool import tool_call
from langchain_core.outputs import LLMResult
from langgraph.errors import GraphRecursionError

from agent.llm import make_chat_model
from agent.settings import LlmSettings
from retrieval.history import UserHistory
from retrieval.preference import Preference
from retrieval.retriever import Retriever
from tools import LOOKUPS, ToolContext, make_tools
from tools.placing import Placer

logger = logging.getLogger(__name__)

RECURSION_LIMIT = 14
"""Steps of the baseline's graph: six rounds of model and tools."""
TIME_LIMIT_S = 120.0
MAX_TOKENS = 420
"""Most answer tokens of one baseline call; as many as ours may use in a whole turn."""
PROMPT = (
    "You recommend films from a catalog. Always call a tool before you answer, and name only films that a tool "
    "returned. Recommend up to five, keep every limit that the user names, and say briefly why each fits. Answer in "
    "the user's language."
)


def meant_calls(text: str, names: Collection[str]) -> list[tuple[str, dict[str, Any]]]:
    """The tool calls that a model wrote into its text.

    In a fence, in <tool_call> tags, as nothing but JSON, or in a form of its own: a tool's name and an object after it.
    """
    pieces = re.findall(r"```(?:\w+)?\s*(.*?)```", text, re.DOTALL)
    pieces += re.findall(r"<tool_call>(.*?)(?:</tool_call>|$)", text, re.DOTALL)
    if not pieces and text.lstrip().startswith(("{", "[")):
        pieces = [text]
    values = [value for piece in pieces for value in _json_values(piece)]
    calls = [entry for value in values for entry in (value if isinstance(value, list) else [value])]
    return [call for entry in calls if (call := _as_call(entry, names)) is not None] or _named_objects(text, names)


def _json_values(text: str) -> list[Any]:
    """The JSON values at the beginning of a text, one after the other."""
    decoder, values, place = json.JSONDecoder(), [], 0
    while match := re.compile(r"[\s,;]*(?=[{\[])").match(text, place):
        try:
            value, place = decoder.raw_decode(text, match.end())
        except json.JSONDecodeError:
            break
        values.append(value)
    return values


def _named_objects(text: str, names: Collection[str]) -> list[tuple[str, dict[str, Any]]]:
    """`<function name="search_catalog" arguments='{...}'/>` and the like."""
    calls = []
    for match in re.finditer(rf"\b({'|'.join(map(re.escape, names))})\b[^{{}}\n]{{0,40}}(?={{)", text):
        values = _json_values(text[match.end() :])
        if values and isinstance(values[0], dict):
            calls.append((match.group(1), values[0]))
    return calls


def _as_call(value: Any, names: Collection[str]) -> tuple[str, dict[str, Any]] | None:
    if not isinstance(value, dict):
        return None
    inner = value.get("function")
    body = inner if isinstance(inner, dict) else value
    name, arguments = body.get("name"), body.get("arguments", body.get("parameters", {}))
    if name not in names or not isinstance(arguments, dict):
        return None
    return str(name), arguments


def translated(message: BaseMessage, names: Collection[str]) -> BaseMessage:
    """The message with the calls that it meant; unchanged when it made some, or meant none."""
    if not isinstance(message, AIMessage) or message.tool_calls:
        return message
    calls = meant_calls(str(message.text), names)
    if not calls:
        return message
    made = [tool_call(name=name, args=arguments, id=f"call_{uuid4().hex[:12]}") for name, arguments in calls]
    return message.model_copy(update={"content": "", "tool_calls": made})


class CallTranslator(AgentMiddleware[Any, Any, Any]):
    """Turns calls written as text into calls."""

    def __init__(self, names: Collection[str]) -> None:
        super().__init__()
        self.names = frozenset(names)

    async def awrap_model_call(
        self, request: ModelRequest[Any], handler: Callable[[ModelRequest[Any]], Awaitable[ModelResponse[Any]]]
    ) -> ModelResponse[Any]:
        """Call the model, then translate."""
        response = await handler(request)
        return ModelResponse(
            [translated(message, self.names) for message in response.result], response.structured_response
        )


class Meter(AsyncCallbackHandler):
    """Counts a run's model calls and their tokens, of unfinished runs too."""

    def __init__(self) -> None:
        self.calls = self.prompt = self.cached = self.answer = 0

    async def on_chat_model_start(
        self, serialized: dict[str, Any], messages: list[list[BaseMessage]], *, run_id: UUID, **kwargs: Any
    ) -> None:
        """A call begins."""
        self.calls += 1

    async def on_llm_end(self, response: LLMResult, *, run_id: UUID, **kwargs: Any) -> None:
        """A call has ended."""
        message = getattr(response.generations[0][0], "message", None)
        usage = message.usage_metadata if isinstance(message, AIMessage) else None
        if usage:
            self.prompt += usage["input_tokens"]
            self.answer += usage["output_tokens"]
            self.cached += usage.get("input_token_details", {}).get("cache_read", 0) or 0


def make_baseline(retriever: Retriever, settings: LlmSettings, *, translate: bool) -> Any:
    """`create_agent` over the same look-ups; no user, no history, no wish that is kept."""
    context = ToolContext(retriever, Placer(retriever.catalog), UserHistory(), Preference())
    tools = {name: tool for name, tool in make_tools(context).items() if name in LOOKUPS}
    model = make_chat_model(settings)
    if model is None:
        raise ValueError("expected the URL of a language model, found none. Give it with --llm-url.")
    return create_agent(
        model.model_copy(update={"max_tokens": MAX_TOKENS}),
        list(tools.values()),
        system_prompt=PROMPT,
        middleware=[CallTranslator(tools)] if translate else [],
    )


async def ask_baseline(baseline: Any, message: str) -> tuple[str, float, Meter, str]:
    """The last words, the seconds, the counted calls, and what went wrong."""
    meter, text, error = Meter(), "", ""
    config = {"recursion_limit": RECURSION_LIMIT, "callbacks": [meter]}
    started = time.perf_counter()
    try:
        async with asyncio.timeout(TIME_LIMIT_S):
            result = await baseline.ainvoke({"messages": [HumanMessage(message)]}, config)
        last = result["messages"][-1]
        text = str(last.text) if isinstance(last, AIMessage) else ""
    except (TimeoutError, GraphRecursionError) as failure:
        error = "time limit" if isinstance(failure, TimeoutError) else "step limit"
    except Exception as failure:  # whatever a tool or the server raises ends this answer, not the run
        logger.exception("the baseline failed")
        error = type(failure).__name__
    return text, time.perf_counter() - started, meter, error
