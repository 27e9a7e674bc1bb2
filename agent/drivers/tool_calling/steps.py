"""What happens around each call of the model in LangChain's loop: forced tool choice, costs, and the step carried out.

The loop's own tool node would run every call of a step by itself and before the others are patched in; here the whole
step goes through the batch, and the turn ends as soon as an ending call went through.
"""

import json
import time
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

from langchain.agents.middleware import AgentMiddleware, AgentState, ModelRequest, ModelResponse, hook_config
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage
from langgraph.runtime import Runtime

from agent.client import ClientCall
from agent.drivers.base import Drive
from agent.llm import count
from retrieval.errors import ModelBusyError, ModelUnavailableError
from tools import Call, Result

MOST_LOST = 2
"""Steps without any call that could be carried out, before the model is given up for this turn."""
CALL_A_TOOL = "Call tools; what you write outside a call is not read. End the turn with recommend, answer or ask_user."


class CallMiddleware(AgentMiddleware[AgentState[Any], None, Any]):
    """Around every single call: the choice of tools forced, the turn's time kept, the cost noted. Innermost."""

    def __init__(self, drive: Drive) -> None:
        super().__init__()
        self._drive = drive

    async def awrap_model_call(
        self, request: ModelRequest[None], handler: Callable[[ModelRequest[None]], Awaitable[ModelResponse[Any]]]
    ) -> ModelResponse[Any]:
        """Ask with the choice of tools forced, within what is left of the turn."""
        started = time.perf_counter()
        try:
            response = await self._drive.ask(lambda: handler(request.override(tool_choice="required")))
        except ModelBusyError:  # no call was made
            raise
        except Exception as error:
            self._drive.note(count("step", started, None, error=type(error).__name__))
            raise
        answer = response.result[0] if response.result else None
        self._drive.note(count("step", started, answer if isinstance(answer, AIMessage) else None))
        return response


class StepMiddleware(AgentMiddleware[AgentState[Any], None, Any]):
    """Carries out what a step calls. First in the list: what jumps skips what would come after it."""

    def __init__(self, drive: Drive) -> None:
        super().__init__()
        self._drive = drive
        self._lost = 0

    @hook_config(can_jump_to=["end", "model"])
    async def aafter_model(self, state: AgentState[Any], runtime: Runtime[None]) -> dict[str, Any] | None:
        """Carry out the calls of the step, and end the turn where one of them ended it."""
        last = state["messages"][-1]
        if not isinstance(last, AIMessage):
            return None
        told = await self._carry_out(last)
        if self._drive.is_over or self._is_spent():
            return {"messages": told, "jump_to": "end"}
        return {"messages": told, "jump_to": "model"}

    async def _carry_out(self, last: AIMessage) -> list[BaseMessage]:
        if handed_back := self._for_client(last):
            self._drive.handed_back = handed_back
            return []
        calls = [Call(call["name"], call["args"], call["id"] or "") for call in last.tool_calls]
        results = await self._drive.batch.run(calls)
        told: list[BaseMessage] = [ToolMessage(result.text, tool_call_id=result.call.call_id) for result in results]
        told += [
            ToolMessage(f"arguments are no JSON: {call.get('error') or 'cut off'}", tool_call_id=call.get("id") or "")
            for call in last.invalid_tool_calls
        ]
        self._lost = 0 if _got_somewhere(results) else self._lost + 1
        if self._lost > MOST_LOST:
            raise ModelUnavailableError("the language model made no call that could be carried out")
        return told or [HumanMessage(CALL_A_TOOL)]

    def _for_client(self, last: AIMessage) -> tuple[ClientCall, ...]:
        """The calls of a step that the client carries out; what else it calls is asked for again afterwards."""
        names = self._drive.view.terms.names()
        return tuple(
            ClientCall(call["id"] or f"call_{uuid4().hex}", call["name"], json.dumps(call["args"], ensure_ascii=False))
            for call in last.tool_calls
            if call["name"] in names
        )

    def _is_spent(self) -> bool:
        """Whether the turn's tokens are used up."""
        return sum(run.completion_tokens for run in self._drive.runs) >= self._drive.most_tokens


def _got_somewhere(results: list[Result]) -> bool:
    return any(result.error != "refused" for result in results)
