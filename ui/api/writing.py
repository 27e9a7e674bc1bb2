"""The answer's text, written from the events of a turn; and what else there is to tell, in the shapes of the API.

The text stands alone: the list comes first, then the prose, streamed or not. It is Markdown, in which foreign text is
escaped; all other members are plain text.
"""

from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass, field, replace

from pydantic import JsonValue
from pydantic_core import to_jsonable_python

from agent.conversation import Conversation
from agent.events import Compared, Event, Finished, Recommended, TextDelta, Understood
from agent.intent import Intent
from agent.markdown import escaped
from agent.recommendation import Recommendation, Reply, Statement, Table, Trace
from agent.transcript import render_list, render_notices, render_table
from agent.wording.messages import say
from retrieval.house import ENGLISH
from retrieval.items import Catalog, Item
from ui.api.error_answer import ErrorAnswer
from ui.api.wire import (
    EvidenceWire,
    HandoverWire,
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
    has_more: bool = False
    """Whether the message had parts that are no words: the user is told so."""
    ignored: str = ""
    """What of the request was not followed, and why: the client is told so."""
    _prose: bool = field(default=False)

    async def take_all(self, events: AsyncIterator[Event]) -> None:
        """Write the whole turn; where this is canceled, so is the turn."""
        async with aclosing(events) as open_events:  # type: ignore[type-var]
            async for event in open_events:
                self.take(event)

    def take(self, event: Event) -> str:
        """The piece of text that this event adds; '' where it adds none."""
        piece = self._piece(self._told(event))
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

    def _told(self, event: Event) -> Event:
        """The event with what this surface has to say itself."""
        if not self.has_more:
            return event
        if isinstance(event, Recommended):
            return replace(event, notices=(self._only_words(), *event.notices))
        if isinstance(event, Finished):
            return Finished(replace(event.reply, notices=(self._only_words(), *event.reply.notices)))
        return event

    def _only_words(self) -> str:
        return say("only_words", self.intent.preference.language if self.intent else "en")

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
        self.text += self._block(render_notices(notice for notice in reply.notices if notice not in known))
        if reply.handover is not None and reply.handover.link:  # the house's own: no escaping
            self.text += self._block(f"<{reply.handover.link}>")
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
            recommendations=[recommendation_to_wire(card) for card in shown.recommendations],
            near_misses=[recommendation_to_wire(card) for card in shown.near_misses],
            notices=list(self.reply.notices if self.reply else shown.notices),
            table=table_to_wire(self.table) if self.table else None,
            handover=handover_to_wire(self.reply) if self.reply else None,
            ignored=self.ignored or None,
        )


def recommendation_to_wire(recommendation: Recommendation) -> RecommendationWire:
    """An item with its reason and evidence."""
    return RecommendationWire(
        item_id=recommendation.item.item_id,
        title=recommendation.item.title,
        year=recommendation.item.year,
        score=recommendation.score,
        channels=dict(recommendation.channels),
        parts=dict(recommendation.parts),
        shares=dict(recommendation.shares),
        exploratory=recommendation.exploratory,
        propensity=recommendation.propensity,
        reason=recommendation.explanation.text,
        evidence=[evidence_to_wire(statement) for statement in recommendation.explanation.statements],
        slot=recommendation.slot or None,
        breaks=[limit.key for limit in recommendation.breaks] or None,
        disclosure=recommendation.disclosure or None,
    )


def handover_to_wire(reply: Reply) -> HandoverWire | None:
    """How the user reaches a person, where the turn ends with that."""
    if reply.handover is None:
        return None
    return HandoverWire(words=reply.text, link=reply.handover.link or None)


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


def item_to_wire(item: Item, catalog: Catalog, language: str = ENGLISH) -> ItemWire:
    """An item of the catalog, with what the house discloses of it."""
    return ItemWire(
        item_id=item.item_id,
        title=item.title,
        values=item.values,
        numbers=item.numbers,
        text=item.text,
        aka=item.aka,
        same_as=item.same_as or None,
        disclosure=catalog.house.disclosure(item.item_id, language) or None,
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
