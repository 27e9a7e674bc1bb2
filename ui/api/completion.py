"""From the agent's events to OpenAI's chat completions, whole or in chunks; knows nothing of HTTP.

The text stands alone: the list comes first, then the prose, streamed or not. It is Markdown, in which foreign text is
escaped; all other members are plain text.
"""

import time
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass, field

from pydantic import JsonValue
from pydantic_core import to_jsonable_python

from agent.conversation import Conversation
from agent.events import Compared, Event, Finished, Recommended, TextDelta, Understood
from agent.intent import Intent
from agent.markdown import escaped
from agent.recommendation import Recommendation, Reply, Statement, Table, Trace
from agent.transcript import render_list, render_notices, render_table
from retrieval.items import Item
from ui.api.wire import (
    MODEL,
    ErrorAnswer,
    EvidenceWire,
    ItemWire,
    RecommendationWire,
    ReconteurWire,
    TableRowWire,
    TableWire,
)

Chunk = dict[str, JsonValue]


@dataclass(slots=True)
class Writing:
    """Writes the answer's text from the events of one turn, piece by piece."""

    intent: Intent | None = None
    shown: Recommended | None = None
    reply: Reply | None = None
    table: Table | None = None
    text: str = ""
    _prose: bool = field(default=False)

    async def take_all(self, events: AsyncIterator[Event]) -> None:
        """Write the whole turn; where this is canceled, so is the turn."""
        async with aclosing(events) as open_events:  # type: ignore[type-var]
            async for event in open_events:
                self.take(event)

    def take(self, event: Event) -> str:
        """The piece of text that this event adds; '' where it adds none."""
        piece = self._piece(event)
        self.text += piece
        return piece

    def _piece(self, event: Event) -> str:
        match event:
            case Understood(intent):
                self.intent = intent
            case Recommended():
                return self._show(event)
            case Compared(table):
                return self._compare(table)
            case TextDelta(text):
                return self._say(text)
            case Finished(reply):
                return self._finish(reply)
            case _:
                pass
        return ""

    def _show(self, event: Recommended) -> str:
        self.shown = event
        language = self.intent.preference.language if self.intent else "en"
        return self._block(render_list(event.recommendations, event.near_misses, event.notices, language))

    def _compare(self, table: Table) -> str:
        self.table = table
        return self._block(render_table(table))

    def _say(self, text: str) -> str:
        gap = "\n\n" if self.text and not self._prose and text else ""
        self._prose = self._prose or bool(text)
        before = self.text + gap
        return gap + escaped(text, begins_line=not before or before.endswith("\n"))

    def _finish(self, reply: Reply) -> str:
        """What the pieces before did not bring: a list or prose sent in one go, and notices that came late."""
        self.reply, self.intent = reply, reply.intent
        before = self.text
        if self.shown is None and (reply.recommendations or reply.near_misses or reply.notices):
            self.text += self._show(Recommended(reply.recommendations, reply.near_misses, reply.notices))
        if self.table is None and reply.table is not None:
            self.text += self._compare(reply.table)
        if not self._prose:
            self.text += self._say(reply.text)
        known = self.shown.notices if self.shown else ()
        self.text += self._block(render_notices(one for one in reply.notices if one not in known))
        piece, self.text = self.text[len(before) :], before
        return piece

    def _block(self, text: str) -> str:
        return f"\n\n{text}" if self.text and text else text

    def extras(self, conversation: Conversation) -> ReconteurWire:
        """Everything but the trace, as far as it is known."""
        shown = self.shown or Recommended(())
        return ReconteurWire(
            conversation_id=conversation.conversation_id,
            intent=intent_to_wire(self.intent) if self.intent else None,
            recommendations=[recommendation_to_wire(one) for one in shown.recommendations],
            near_misses=[recommendation_to_wire(one) for one in shown.near_misses],
            notices=list(self.reply.notices if self.reply else shown.notices),
            table=table_to_wire(self.table) if self.table else None,
        )


@dataclass(slots=True)
class Completion:
    """One chat completion of a turn."""

    conversation: Conversation
    created: int = field(default_factory=lambda: int(time.time()))
    writing: Writing = field(default_factory=Writing)

    async def whole(self, events: AsyncIterator[Event]) -> Chunk:
        """The answer in one piece."""
        await self.writing.take_all(events)
        extras = self.writing.extras(self.conversation)
        message: Chunk = {"role": "assistant", "content": self.writing.text, "refusal": None}
        choice: Chunk = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
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
            if piece:
                yield self._chunk({"content": piece}, with_usage)
        trace = ReconteurWire(trace=trace_to_wire(self._trace()))
        yield {**self._chunk({}, with_usage, finish="stop"), "reconteur": plain(trace)}
        if with_usage:
            yield {**self._head("chat.completion.chunk"), "choices": [], "usage": usage_of(self._trace())}

    def _head(self, kind: str) -> Chunk:
        head: Chunk = {"id": f"chatcmpl-{self.conversation.conversation_id}", "object": kind}
        return {**head, "created": self.created, "model": MODEL, "system_fingerprint": None}

    def _chunk(self, delta: Chunk, with_usage: bool, *, finish: str | None = None) -> Chunk:
        choice: Chunk = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        usage: Chunk = {"usage": None} if with_usage else {}
        return {**self._head("chat.completion.chunk"), "choices": [choice], **usage}

    def _trace(self) -> Trace:
        return self.writing.reply.trace if self.writing.reply else Trace()


def recommendation_to_wire(one: Recommendation) -> RecommendationWire:
    """An item with its reason and evidence."""
    return RecommendationWire(
        item_id=one.item.item_id,
        title=one.item.title,
        year=one.item.year,
        score=one.score,
        channels=dict(one.channels),
        parts=dict(one.parts),
        shares=dict(one.shares),
        exploratory=one.exploratory,
        propensity=one.propensity,
        reason=one.explanation.text,
        evidence=[evidence_to_wire(statement) for statement in one.explanation.statements],
        slot=one.slot or None,
        breaks=[limit.key for limit in one.breaks] or None,
    )


def table_to_wire(table: Table) -> TableWire:
    """Items side by side."""
    return TableWire(
        item_ids=list(table.item_ids),
        heads=list(table.heads),
        rows=[TableRowWire(label=label, cells=list(cells)) for label, cells in table.rows],
    )


def evidence_to_wire(statement: Statement) -> EvidenceWire:
    """A claim and the members of its evidence that are filled."""
    evidence = statement.evidence
    return EvidenceWire(
        statement=statement.text,
        channel=evidence.channel,
        kind=evidence.kind.value,
        field=evidence.field or None,
        value=evidence.value or None,
        item_ids=list(evidence.item_ids) or None,
        count=evidence.count or None,
        score=evidence.score or None,
        text=evidence.text or None,
        path=list(evidence.path) or None,
        facts=list(evidence.facts) or None,
    )


def intent_to_wire(intent: Intent) -> dict[str, JsonValue]:
    """What was understood, as JSON values."""
    values: dict[str, JsonValue] = to_jsonable_python(intent)
    return values


def trace_to_wire(trace: Trace) -> dict[str, JsonValue]:
    """How it was found and what it cost, as JSON values."""
    values: dict[str, JsonValue] = to_jsonable_python(trace)
    return values


def item_to_wire(item: Item) -> ItemWire:
    """An item of the catalog."""
    return ItemWire(
        item_id=item.item_id,
        title=item.title,
        values=item.values,
        numbers=item.numbers,
        text=item.text,
        aka=item.aka,
        same_as=item.same_as or None,
    )


def usage_of(trace: Trace) -> Chunk:
    """The tokens of all calls of the language model in this turn."""
    prompt = sum(call.prompt_tokens for call in trace.llm)
    answer = sum(call.completion_tokens for call in trace.llm)
    cached: Chunk = {"cached_tokens": sum(call.cached_tokens for call in trace.llm)}
    counts: Chunk = {"prompt_tokens": prompt, "completion_tokens": answer, "total_tokens": prompt + answer}
    return {**counts, "prompt_tokens_details": cached}


def plain(model: ReconteurWire | ErrorAnswer) -> Chunk:
    """A model as JSON values; what is not known yet is left out."""
    values: Chunk = model.model_dump(mode="json", exclude_none=isinstance(model, ReconteurWire))
    return values
