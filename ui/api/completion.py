"""From the agent's events to OpenAI's chat completions, whole or in chunks; knows nothing of HTTP."""

import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from pydantic import JsonValue

from agent.conversation import Conversation
from agent.events import Event, Finished, Recommended
from agent.recommendation import Trace
from ui.api.outcome import Outcome, Render, in_words
from ui.api.talk import MODEL
from ui.api.wire import ReconteurWire
from ui.api.writing import Chunk, Writing, handover_to_wire, plain, trace_to_wire, usage_of


@dataclass(slots=True)
class Completion:
    """One chat completion of a turn."""

    conversation: Conversation
    render: Render = in_words
    """How the answer is put; all but words are put at the end, in one piece."""
    writing: Writing = field(default_factory=Writing)
    created: int = field(default_factory=lambda: int(time.time()))

    async def whole(self, events: AsyncIterator[Event]) -> Chunk:
        """The answer in one piece."""
        await self.writing.take_all(events)
        extras = self.writing.extras(self.conversation)
        outcome = self.render(self.writing)
        message: Chunk = {"role": "assistant", "content": outcome.content, "refusal": outcome.refusal}
        if outcome.calls:
            message["tool_calls"] = _calls(outcome, numbered=False)
        choice: Chunk = {"index": 0, "message": message, "logprobs": None, "finish_reason": outcome.finish}
        return {
            **self._head("chat.completion"),
            "choices": [choice],
            "usage": usage_of(self._trace()),
            "reconteur": plain(extras.model_copy(update={"trace": trace_to_wire(self._trace())})),
        }

    async def chunks(self, events: AsyncIterator[Event], *, with_usage: bool = False) -> AsyncIterator[Chunk]:
        """The answer as it comes: first the cards, then the words, at last the trace."""
        started = False
        async for event in events:
            piece = self.writing.take(event)
            if not started and (piece or isinstance(event, Finished | Recommended)):
                started = True
                extras = self.writing.extras(self.conversation)
                yield {**self._chunk({"role": "assistant", "content": ""}, with_usage), "reconteur": plain(extras)}
            if piece and self.render is in_words:
                yield self._chunk({"content": piece}, with_usage)
        outcome = self.render(self.writing)
        if rest := self._rest(outcome):
            yield self._chunk(rest, with_usage)
        reply = self.writing.reply
        trace = ReconteurWire(
            trace=trace_to_wire(self._trace()), handover=handover_to_wire(reply) if reply is not None else None
        )
        yield {**self._chunk({}, with_usage, finish=outcome.finish), "reconteur": plain(trace)}
        if with_usage:
            yield {**self._head("chat.completion.chunk"), "choices": [], "usage": usage_of(self._trace())}

    def _rest(self, outcome: Outcome) -> Chunk:
        """What was not streamed."""
        if outcome.calls:
            return {"tool_calls": _calls(outcome, numbered=True)}
        if outcome.refusal is not None:
            return {"refusal": outcome.refusal}
        return {} if self.render is in_words else {"content": outcome.content}

    def _head(self, kind: str) -> Chunk:
        head: Chunk = {"id": f"chatcmpl-{self.conversation.conversation_id}", "object": kind}
        return {**head, "created": self.created, "model": MODEL, "system_fingerprint": None}

    def _chunk(self, delta: Chunk, with_usage: bool, *, finish: str | None = None) -> Chunk:
        choice: Chunk = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        usage: Chunk = {"usage": None} if with_usage else {}
        return {**self._head("chat.completion.chunk"), "choices": [choice], **usage}

    def _trace(self) -> Trace:
        return self.writing.reply.trace if self.writing.reply else Trace()


def _calls(outcome: Outcome, *, numbered: bool) -> list[JsonValue]:
    """The calls for the client as OpenAI writes them; in a stream each has its number."""
    return [
        {
            **({"index": number} if numbered else {}),
            "id": call.call_id,
            "type": "function",
            "function": {"name": call.name, "arguments": call.arguments},
        }
        for number, call in enumerate(outcome.calls)
    ]
