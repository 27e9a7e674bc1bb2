"""From the agent's events to a response: typed items, whole or as typed events; knows nothing of HTTP."""

import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from uuid import uuid4

from pydantic import JsonValue

from agent.client import ClientCall
from agent.conversation import Conversation
from agent.events import Event, Finished, Recommended
from agent.recommendation import Trace
from ui.api.error_answer import ErrorAnswer
from ui.api.outcome import Outcome, Render, in_words
from ui.api.talk import MODEL
from ui.api.writing import Chunk, Writing, plain, trace_to_wire, usage_of


@dataclass(slots=True)
class ResponseAnswer:
    """One response."""

    conversation: Conversation
    render: Render = in_words
    writing: Writing = field(default_factory=Writing)
    created: int = field(default_factory=lambda: int(time.time()))
    _message_id: str = field(default_factory=lambda: f"msg_{uuid4().hex}")
    _number: int = 0

    async def whole(self, events: AsyncIterator[Event]) -> Chunk:
        """The response in one piece."""
        await self.writing.take_all(events)
        return self._finished(self._items(self.render(self.writing)))

    async def events(self, events: AsyncIterator[Event]) -> AsyncIterator[Chunk]:
        """The response as it comes: `response.in_progress` brings the cards, before a word is written."""
        yield self._event("response.created", response=self._response("in_progress", []))
        started = opened = False
        async for event in events:
            piece = self.writing.take(event)
            if not started and (piece or isinstance(event, Finished | Recommended)):
                started = True
                yield self._event("response.in_progress", response=self._response("in_progress", [], with_cards=True))
            if piece and self.render is in_words:
                for opening in [] if opened else self._open():
                    yield opening
                opened = True
                yield self._delta("output_text", piece)
        outcome = self.render(self.writing)
        for closing in self._close(outcome, opened=opened):
            yield closing
        yield self._event("response.completed", response=self._finished(self._items(outcome)))

    def failed(self, error: ErrorAnswer) -> Chunk:
        """The last event of a stream that ended in an error."""
        told: Chunk = {"code": "server_error", "message": error.error.message}
        return self._event("response.failed", response={**self._response("failed", []), "error": told})

    # Items ---------------------------------------------------------------------------------------------------------

    def _items(self, outcome: Outcome) -> list[JsonValue]:
        if outcome.calls:
            return [_call(call) for call in outcome.calls]
        return [self._message([_part(outcome)], "completed")]

    def _message(self, parts: list[JsonValue], status: str) -> Chunk:
        return {"id": self._message_id, "type": "message", "role": "assistant", "status": status, "content": parts}

    def _response(self, status: str, output: list[JsonValue], *, with_cards: bool = False) -> Chunk:
        extras: Chunk = {"reconteur": plain(self.writing.extras(self.conversation))} if with_cards else {}
        return {
            "id": f"resp_{self.conversation.conversation_id}",
            "object": "response",
            "created_at": self.created,
            "status": status,
            "model": MODEL,
            "output": output,
            "error": None,
            "incomplete_details": None,
            "instructions": None,
            "metadata": {},
            "parallel_tool_calls": True,
            "tool_choice": "auto",
            "tools": [],
            "store": False,
            **extras,
        }

    def _finished(self, output: list[JsonValue]) -> Chunk:
        trace = self.writing.reply.trace if self.writing.reply else Trace()
        extras = self.writing.extras(self.conversation).model_copy(update={"trace": trace_to_wire(trace)})
        return {**self._response("completed", output), "usage": _usage(trace), "reconteur": plain(extras)}

    # Events --------------------------------------------------------------------------------------------------------

    def _open(self) -> Iterator[Chunk]:
        yield self._event("response.output_item.added", output_index=0, item=self._message([], "in_progress"))
        yield self._in_part("response.content_part.added", part=_text_part(""))

    def _close(self, outcome: Outcome, *, opened: bool) -> Iterator[Chunk]:
        """What was not streamed, and the ends of what was."""
        if outcome.calls:
            for at, call in enumerate(outcome.calls):
                yield from self._called(at, call)
            return
        if not opened:
            yield from self._open()
            yield self._delta("refusal" if outcome.refusal is not None else "output_text", _said(outcome))
        if outcome.refusal is not None:
            yield self._in_part("response.refusal.done", refusal=outcome.refusal)
        else:
            yield self._in_part("response.output_text.done", text=outcome.content, logprobs=[])
        yield self._in_part("response.content_part.done", part=_part(outcome))
        done = self._message([_part(outcome)], "completed")
        yield self._event("response.output_item.done", output_index=0, item=done)

    def _called(self, at: int, call: ClientCall) -> Iterator[Chunk]:
        item = _call(call)
        begun: Chunk = {**item, "arguments": "", "status": "in_progress"}
        yield self._event("response.output_item.added", output_index=at, item=begun)
        about: Chunk = {"item_id": item["id"], "output_index": at}
        yield self._event("response.function_call_arguments.delta", **about, delta=call.arguments)
        yield self._event("response.function_call_arguments.done", **about, arguments=call.arguments, name=call.name)
        yield self._event("response.output_item.done", output_index=at, item=item)

    def _delta(self, kind: str, piece: str) -> Chunk:
        more: Chunk = {"logprobs": []} if kind == "output_text" else {}
        return self._in_part(f"response.{kind}.delta", delta=piece, **more)

    def _in_part(self, kind: str, **members: JsonValue) -> Chunk:
        return self._event(kind, item_id=self._message_id, output_index=0, content_index=0, **members)

    def _event(self, kind: str, **members: JsonValue) -> Chunk:
        self._number += 1
        return {"type": kind, "sequence_number": self._number - 1, **members}


def _said(outcome: Outcome) -> str:
    return outcome.refusal if outcome.refusal is not None else outcome.content or ""


def _part(outcome: Outcome) -> Chunk:
    if outcome.refusal is not None:
        return {"type": "refusal", "refusal": outcome.refusal}
    return _text_part(outcome.content or "")


def _text_part(text: str) -> Chunk:
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}


def _call(call: ClientCall) -> Chunk:
    return {
        "id": f"fc_{call.call_id}",
        "type": "function_call",
        "call_id": call.call_id,
        "name": call.name,
        "arguments": call.arguments,
        "status": "completed",
    }


def _usage(trace: Trace) -> Chunk:
    """The tokens of all calls of the language model, as this API counts them."""
    counted = usage_of(trace)
    cached = sum(call.cached_tokens for call in trace.llm)
    return {
        "input_tokens": counted["prompt_tokens"],
        "input_tokens_details": {"cached_tokens": cached, "cache_write_tokens": 0},
        "output_tokens": counted["completion_tokens"],
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": counted["total_tokens"],
    }
