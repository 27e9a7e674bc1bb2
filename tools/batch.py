"""Carries out one step of a driver: patches first, look-ups side by side on the patched wish, then one ending call."""

import asyncio
import json
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from langchain_core.messages import ToolMessage
from langchain_core.tools import BaseTool
from pydantic import BaseModel, JsonValue, ValidationError

from retrieval.preference import Preference
from retrieval.untrusted import visible, without_links
from tools import cf_scores, search_catalog
from tools.context import Found, ToolContext
from tools.registry import ENDINGS, LOOKUPS, PATCHES, make_tools
from tools.render import clipped

logger = logging.getLogger(__name__)

MOST_CALLS = 8
"""Calls of one step that are carried out."""
LONGEST_RESULT = 9000
"""Characters of one result that go back to a model."""
LEAST_S, LEAST_WISH_S = 0.05, 1.0
"""What a call gets when the turn's time is spent; what the user said, and an ending, wait for no other machine."""
WITH_WISH = (search_catalog.NAME, cf_scores.NAME)
"""Look-ups that answer otherwise once the wish has changed."""

REPEATED = "the same call was made before in this turn; its result stands above. Go on, or end the turn."


@dataclass(frozen=True, slots=True)
class Call:
    """A tool and its arguments, as a driver wants them."""

    tool: str
    arguments: Mapping[str, JsonValue] = field(default_factory=dict)
    call_id: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a call."""

    call: Call
    text: str
    """For the model."""
    seconds: float = 0.0
    found: int = 0
    error: str = ""
    """'late', 'failed', 'refused' (the model can mend it) or ''."""


@dataclass(slots=True)
class Batch:
    """Runs the calls of a turn over its context; remembers them, so that the same call again is told so.

    Everything a driver proposes is checked here and nowhere else: names of tools, arguments, order, repetition, time.
    """

    context: ToolContext
    tools: Mapping[str, BaseTool]
    tool_timeout_s: float
    remaining_s: Callable[[], float] = lambda: float("inf")
    """What is left of the turn's deadline."""
    on_result: Callable[[Result], None] = lambda result: None
    _made: set[tuple[str, str, Preference | None]] = field(default_factory=set)

    @classmethod
    def over(
        cls,
        context: ToolContext,
        *,
        tool_timeout_s: float,
        remaining_s: Callable[[], float] = lambda: float("inf"),
        on_result: Callable[[Result], None] = lambda result: None,
    ) -> "Batch":
        """A batch with the tools of the registry."""
        return cls(context, make_tools(context), tool_timeout_s, remaining_s, on_result)

    async def run(self, calls: Sequence[Call]) -> list[Result]:
        """Carry out the calls of one step.

        Returns:
            A result for every call, in the order of the calls; the context holds what they brought.
        """
        calls = [replace(call, arguments=_without_links(call.arguments)) for call in calls]
        results: dict[int, Result] = {}
        for place, call in enumerate(calls):
            if refusal := self._refusal(call, place):
                results[place] = self._told(Result(call, refusal, error="refused"))
        accepted = [(place, call) for place, call in enumerate(calls) if place not in results]
        for place, call in self._new(accepted, PATCHES, results):
            results[place] = await self._one(call)
        lookups = self._new(accepted, LOOKUPS, results)
        brought = await asyncio.gather(*(self._invoke(call) for _, call in lookups))
        for (place, _), (result, artifact) in zip(lookups, brought, strict=True):
            results[place] = self._taken(result, artifact)
        for place, call in accepted:
            if call.tool in ENDINGS:
                results[place] = await self._end(call)
        return [results[place] for place in range(len(calls))]

    def _refusal(self, call: Call, place: int) -> str:
        """Why a call is not carried out; '' where it is."""
        if call.tool not in self.tools:
            return f"no such tool. There are: {', '.join(self.tools)}"
        if place >= MOST_CALLS and call.tool not in ENDINGS:
            return f"too many calls in one step: at most {MOST_CALLS}"
        return ""

    def _new(
        self, calls: Sequence[tuple[int, Call]], tools: Sequence[str], results: dict[int, Result]
    ) -> list[tuple[int, Call]]:
        """The calls of some tools that were not made before; the others are told so."""
        new = []
        for place, call in calls:
            if call.tool not in tools:
                continue
            wish = self.context.wanted if call.tool in WITH_WISH else None
            key = (call.tool, json.dumps(call.arguments, sort_keys=True, default=str), wish)
            if key in self._made:
                results[place] = self._told(Result(call, REPEATED, error="refused"))
            else:
                new.append((place, call))
            self._made.add(key)
        return new

    async def _end(self, call: Call) -> Result:
        if self.context.ending is not None:
            return self._told(Result(call, "the turn has ended already: one ending call a turn", error="refused"))
        return await self._one(call)

    async def _one(self, call: Call) -> Result:
        result, artifact = await self._invoke(call)
        return self._taken(result, artifact)

    async def _invoke(self, call: Call) -> tuple[Result, Found | None]:
        """One tool, within its time and the turn's; what goes wrong becomes a result."""
        started = time.perf_counter()
        least_s = LEAST_S if call.tool in LOOKUPS else LEAST_WISH_S
        limit_s = min(self.tool_timeout_s, max(least_s, self.remaining_s()))
        request = {
            "type": "tool_call",
            "id": call.call_id or call.tool,
            "name": call.tool,
            "args": dict(call.arguments),
        }
        try:
            answer = await asyncio.wait_for(asyncio.to_thread(self.tools[call.tool].invoke, request), limit_s)
        except ValidationError as error:
            return Result(call, _problems(error), _since(started), error="refused"), None
        except TimeoutError:
            logger.warning("tool %s was late", call.tool)
            return Result(call, "did not answer in time", _since(started), error="late"), None
        except Exception as error:  # whatever breaks in one tool, the others answer
            logger.warning("tool %s failed: %s", call.tool, type(error).__name__)
            return Result(call, "failed", _since(started), error="failed"), None
        artifact = answer.artifact if isinstance(answer, ToolMessage) and isinstance(answer.artifact, Found) else None
        is_refused = getattr(answer, "status", "") == "error" or (artifact is not None and artifact.is_refused)
        text = _bounded(str(getattr(answer, "content", answer)), _left_out(call, self.tools[call.tool]))
        outcome = "refused" if is_refused else ""
        return Result(call, text, _since(started), artifact.size if artifact else 0, outcome), artifact

    def _taken(self, result: Result, artifact: Found | None) -> Result:
        if artifact is not None:
            self.context.take(artifact)
        if result.error in ("late", "failed"):
            self.context.has_lost = True
        return self._told(result)

    def _told(self, result: Result) -> Result:
        self.on_result(result)
        return result


def _bounded(text: str, *more: str) -> str:
    """The first whole lines of a result, as many as a model can read; `more` comes behind them in any case."""
    if len(text) > LONGEST_RESULT:
        text = text[: LONGEST_RESULT + 1].rpartition("\n")[0] or text[:LONGEST_RESULT]
        more = ("(cut here: too long)", *more)
    return "\n".join(filter(None, (text, *more)))


def _left_out(call: Call, tool: BaseTool) -> str:
    """What a tool takes no notice of: a limit under a wrong name is no limit."""
    schema = tool.args_schema  # `tool.args` makes a whole JSON schema, every time
    known = schema.model_fields if isinstance(schema, type) and issubclass(schema, BaseModel) else tool.args
    unknown = [clipped(name, 40) for name in call.arguments if name not in known]
    return f"left out: no argument {', '.join(unknown)}" if unknown else ""


def _without_links(arguments: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """Arguments as they may be shown: a driver's words become chips, notices and questions."""
    return {name: _plain(value) for name, value in arguments.items()}


def _plain(value: JsonValue) -> JsonValue:
    if isinstance(value, str):
        return without_links(visible(value))
    if isinstance(value, list):
        return [_plain(element) for element in value]
    return _without_links(value) if isinstance(value, dict) else value


def _since(started: float) -> float:
    return time.perf_counter() - started


def _problems(error: ValidationError) -> str:
    """What is wrong with arguments, in words that a model can act on; without what was sent."""
    lines = [f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}" for problem in error.errors()[:4]]
    return "arguments refused: " + "; ".join(lines)
