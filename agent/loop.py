"""One turn as a LangGraph state graph: understand -> act -> rank -> explore -> write -> check.

There is no second round of tools: limits are masks inside every channel, so asking again could not bring more; where
too few items fit, the ranking brings labeled near misses instead.
"""

import asyncio
import logging
import re
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, TypedDict

from langchain_core.messages import ToolMessage
from langchain_core.tools import BaseTool
from langgraph.channels import UntrackedValue
from langgraph.config import get_stream_writer
from langgraph.graph import END, START, StateGraph
from numpy.random import Generator
from pydantic import JsonValue

from agent import replies
from agent.check import Checker
from agent.conversation import Conversation, Question, Role, Turn, dump_conversation
from agent.events import Event, Finished, Recommended, TextDelta, ToolCalled
from agent.events import Understood as UnderstoodEvent
from agent.explain import explain, near_miss, statement
from agent.intent import Act, ToolCall
from agent.phrases import THANKS
from agent.recommendation import Recommendation, Reply, ToolRun
from agent.rules import TEXT_FIELD
from agent.stream_check import checked, plain
from agent.understand import Understanding
from agent.working import Working, merged
from agent.writer import Writer
from retrieval.candidates import Candidate, Evidence
from retrieval.errors import ModelUnavailableError
from retrieval.policies import Slot
from retrieval.retriever import Retriever
from tools import Found, ToolContext, make_tools

logger = logging.getLogger(__name__)

RECOMMENDING = (Act.RECOMMEND, Act.REFINE, Act.FEEDBACK)


class TurnState(TypedDict, total=False):
    """What flows through the graph; only the conversation is checkpointed."""

    conversation: dict[str, JsonValue]
    working: Annotated[Working, UntrackedValue]


@dataclass(frozen=True, slots=True)
class Memory:
    """What a turn reads from and writes to the user's state; empty functions where nothing is to be kept."""

    load: Callable[[Working], Working]
    note: Callable[[Working], None]
    """Keeps what the message said: opinions, tastes."""
    expose: Callable[[Working], None]
    """Logs what is about to be shown."""


@dataclass(frozen=True, slots=True)
class Loop:
    """The nodes of the graph, over the parts they need."""

    retriever: Retriever
    understanding: Understanding
    memory: Memory
    make_writer: Callable[[], Writer | None]
    make_rng: Callable[[], Generator]
    tool_timeout_s: float

    def graph(self) -> "StateGraph[Any, Any, Any, Any]":
        """The graph, not compiled: with or without a checkpointer is the caller's choice."""
        graph = StateGraph(TurnState)
        for name, node in (
            ("understand", self._understand),
            ("act", self._act),
            ("rank", self._rank),
            ("explore", self._explore),
            ("write", self._write),
            ("check", self._check),
        ):
            graph.add_node(name, _node(name, node))
        graph.add_edge(START, "understand")
        graph.add_conditional_edges("understand", lambda state: "act" if _needs_tools(state["working"]) else "write")
        graph.add_conditional_edges("act", lambda state: "rank" if _recommends(state["working"]) else "write")
        graph.add_edge("rank", "explore")
        graph.add_edge("explore", "write")
        graph.add_edge("write", "check")
        graph.add_edge("check", END)
        return graph

    # Nodes -------------------------------------------------------------------------------------------------------

    async def _understand(self, work: Working) -> Working:
        work = await asyncio.to_thread(self.memory.load, work)
        if work.understood is None:
            understood = await self.understanding.understand(work.conversation, work.message, work.tastes)
            work = replace(work, understood=understood, llm=understood.runs)
            if understood.notice:
                work = work.noticing(replies.say(understood.notice, work.language))
        if self.understanding.model is None and work.message:
            work = work.noticing(replies.say("no_model", work.language))
        await asyncio.to_thread(self.memory.note, work)
        _emit(UnderstoodEvent(work.intent))
        return work

    async def _act(self, work: Working) -> Working:
        tools = make_tools(ToolContext(self.retriever, work.preference, work.history))
        results = await asyncio.gather(*(self._call(tools, call, work.language) for call in work.intent.plan))
        found = Found(
            {name: many for one, _ in results for name, many in one.by_channel.items()},
            {item_id: facts for one, _ in results for item_id, facts in one.facts.items()},
        )
        notices = (run.error for _, run in results)
        work = replace(work, found=found, tools=tuple(run for _, run in results))
        return work.noticing(*self.retriever.notices, *notices)

    async def _call(self, tools: dict[str, BaseTool], call: ToolCall, language: str) -> tuple[Found, ToolRun]:
        """One tool, within its time; what goes wrong becomes a notice."""
        started, found, error = time.perf_counter(), Found(), ""
        request = {"type": "tool_call", "id": call.tool, "name": call.tool, "args": dict(call.arguments)}
        try:
            answer = await asyncio.wait_for(asyncio.to_thread(tools[call.tool].invoke, request), self.tool_timeout_s)
            if isinstance(answer, ToolMessage) and isinstance(answer.artifact, Found):
                found = answer.artifact
        except Exception as failure:  # whatever breaks in one tool, the others answer
            logger.warning("tool %s failed: %s", call.tool, type(failure).__name__)
            error = replies.say("tool_down", language, tool=call.tool)
        run = ToolRun(call.tool, dict(call.arguments), time.perf_counter() - started, found.size, error)
        _emit(ToolCalled(run))
        return found, run

    async def _rank(self, work: Working) -> Working:
        ranked = await asyncio.to_thread(
            self.retriever.rank, work.found.by_channel, work.preference, work.history, work.preference.count
        )
        return replace(work, ranked=ranked)

    async def _explore(self, work: Working) -> Working:
        slots = await asyncio.to_thread(
            self.retriever.explore, work.ranked, work.preference, work.history, self.make_rng()
        )
        work = self._cards(replace(work, slots=slots))
        await asyncio.to_thread(self.memory.expose, work)
        work = work.timed("cards", work.started)
        _emit(Recommended(work.recommendations, work.near_misses, work.notices))
        return work

    async def _write(self, work: Working) -> Working:
        """Prose, let through sentence by sentence."""
        opening = self._opening(work)
        if opening:
            _emit(TextDelta(opening + " "))
        work = replace(work, text=opening)
        writer = self.make_writer() if self._worth_writing(work) else None
        if writer is None:
            return work
        dropped: list[str] = []
        written: list[str] = []
        try:
            async for sentence in checked(
                self._pieces(writer, work), self._checker(work), dropped, whole=lambda: not writer.cut
            ):
                written.append(sentence)
                _emit(TextDelta(sentence))
        except ModelUnavailableError:
            work = work.noticing(replies.say("model_down", work.language))
        if dropped:
            logger.info("the check dropped %d sentences", len(dropped))
        runs = (*work.llm, writer.run) if writer.run else work.llm
        return replace(work, llm=runs, text=" ".join(filter(None, (opening, "".join(written).strip()))))

    async def _check(self, work: Working) -> Working:
        """The end: a template where no sentence passed or none was written, then the finished reply."""
        written = work.text.removeprefix(self._opening(work)).strip()
        if not written and (template := self._template(work)):
            _emit(TextDelta(template))
            work = replace(work, text=" ".join(filter(None, (work.text, template))))
        conversation = self._kept(work)
        work = replace(work, conversation=conversation)
        _emit(
            Finished(
                Reply(
                    text=work.text,
                    conversation=conversation,
                    intent=work.intent,
                    recommendations=work.recommendations,
                    near_misses=work.near_misses,
                    notices=work.notices,
                    trace=work.trace(),
                )
            )
        )
        return work

    # Cards -------------------------------------------------------------------------------------------------------

    def _cards(self, work: Working) -> Working:
        catalog, language = self.retriever.catalog, work.language
        cards = tuple(self._card(slot, rank, language) for rank, slot in enumerate(work.slots, 1))
        near = tuple(
            Recommendation(
                item=catalog.item(one.item_id),
                rank=rank,
                explanation=near_miss(one, work.ranked.broken.get(one.item_id, ()), catalog, language),
                score=one.score,
                channels=dict(one.scores),
                breaks=tuple(work.ranked.broken.get(one.item_id, ())),
            )
            for rank, one in enumerate(work.ranked.near, 1)
        )
        if near:
            key = {0: "only_near", 1: "one"}.get(len(cards), "few")
            noun = self.retriever.schema.nouns_in(language) if key == "few" else self.retriever.schema.noun_in(language)
            work = work.noticing(replies.say(key, language, count=len(cards), noun=noun))
        return replace(work, recommendations=cards, near_misses=near)

    def _card(self, slot: Slot, rank: int, language: str) -> Recommendation:
        catalog, found = self.retriever.catalog, slot.candidate
        return Recommendation(
            item=catalog.item(found.item_id),
            rank=rank,
            explanation=explain(found, catalog, language, guess=slot.why if slot.exploratory else ""),
            score=found.score,
            channels=dict(found.scores),
            exploratory=slot.exploratory,
            propensity=slot.propensity,
        )

    # Words -------------------------------------------------------------------------------------------------------

    def _opening(self, work: Working) -> str:
        """What a rule can say better than a model: what is missing, what was noted, which one was meant."""
        if work.intent.ambiguous and work.message:
            title, options = work.intent.ambiguous[0]
            return replies.ask_which(title, options, self.retriever.catalog, work.language)
        if not work.message:
            return replies.say("reranked", work.language) if work.recommendations else ""
        return replies.opening(work.intent, self.retriever.catalog)

    def _worth_writing(self, work: Working) -> bool:
        if not work.message or work.intent.ambiguous or any(run.error for run in work.llm):
            return False
        if work.intent.act is Act.ASK:
            # A question about one field or the description is answered word by word from the catalog.
            return bool(work.found.facts) and work.intent.topic == ""
        return bool(work.recommendations) and work.intent.act in RECOMMENDING

    def _pieces(self, writer: Writer, work: Working) -> AsyncIterator[str]:
        if work.intent.act is Act.ASK:
            return writer.answer(work.message, work.intent, self._facts_in_words(work))
        return writer.recommend(work.message, work.intent, work.recommendations)

    def _checker(self, work: Working) -> Checker:
        said = " ".join(turn.text for turn in work.conversation.turns if turn.role is Role.USER) + " " + work.message
        wanted = work.preference
        mentionable = frozenset((*wanted.liked, *work.intent.about, *work.intent.liked))
        lexicon = self.understanding.rules.lexicon
        cards = (*work.recommendations, *work.near_misses)
        return Checker(self.retriever.catalog, lexicon, cards, said=said, mentionable=mentionable)

    def _facts_in_words(self, work: Working) -> list[str]:
        catalog, lines = self.retriever.catalog, []
        for item_id, facts in work.found.facts.items():
            words = [statement(one, catalog, work.language) for one in facts[:14]]
            lines.append(f"- {catalog.item(item_id).label}: {'; '.join(words)}")
            if catalog.item(item_id).text:
                lines.append(f"  about: {catalog.item(item_id).text[:400]}")
        return lines

    def _template(self, work: Working) -> str:
        """What is said when no model wrote, or nothing that it wrote held."""
        language, intent = work.language, work.intent
        if intent.ambiguous and work.message:
            return ""
        if intent.act is Act.CHAT:
            reply = self._small_talk(work)
            key = "welcome" if work.conversation.asked and re.search(THANKS, work.message, re.IGNORECASE) else "hello"
            return reply or replies.say(key, language, nouns=self.retriever.schema.nouns_in(language))
        if intent.act is Act.ASK:
            return self._answer(work)
        return replies.summary(work.recommendations, language, self.retriever.schema) if work.message else ""

    def _small_talk(self, work: Working) -> str:
        """The model's own words, if they claim nothing."""
        checker = self._checker(work)
        text = plain(work.intent.reply).strip()
        return text if text and checker.check(text).ok else ""

    def _answer(self, work: Working) -> str:
        language = work.language
        if work.intent.topic == "why" and work.intent.about:
            return " ".join(self._why(work, item_id) for item_id in work.intent.about)
        parts = [self._about(work, item_id, facts) for item_id, facts in work.found.facts.items()]
        if not parts and not work.intent.unknown:
            return replies.say("hello", language, nouns=self.retriever.schema.nouns_in(language))
        return " ".join(parts)

    def _about(self, work: Working, item_id: str, facts: Sequence[Evidence]) -> str:
        """The facts that were asked for, in words."""
        catalog, language, topic = self.retriever.catalog, work.language, work.intent.topic
        item = catalog.item(item_id)
        if topic not in ("", TEXT_FIELD):
            facts = [one for one in facts if one.field == topic]
            if not facts:
                return replies.say("no_fact", language, title=item.title)
        if topic == TEXT_FIELD and not item.text:
            return replies.say("no_text", language, title=item.title)
        words = [statement(one, catalog, language) for one in facts[:8]] if topic != TEXT_FIELD else []
        about = [item.text.rstrip(".。")] if item.text and topic in ("", TEXT_FIELD) else []
        return f"{item.label}: {'; '.join(filter(None, [*about, *words]))}."

    def _why(self, work: Working, item_id: str) -> str:
        catalog = self.retriever.catalog
        found: Candidate = self.retriever.explain(merged(work.found, item_id), work.preference)
        found = replace(found, evidence=(*work.found.facts.get(item_id, ()), *found.evidence))
        if not found.evidence:
            found = replace(found, evidence=self.retriever.facts(item_id)[:3])
        statements = explain(found, catalog, work.language).statements[:4]
        reasons = ("；" if work.language == "zh" else "; ").join(one.text for one in statements)
        return replies.say("reasons", work.language, title=catalog.item(item_id).title, reasons=reasons)

    # Keeping -----------------------------------------------------------------------------------------------------

    def _kept(self, work: Working) -> Conversation:
        """The conversation after this turn."""
        understood = work.understood
        wanted = understood.wanted if understood else work.conversation.preference
        conversation = replace(work.conversation, preference=wanted, question=None)
        if work.message:
            conversation = conversation.add(Turn(Role.USER, work.message))
        if work.intent.ambiguous and work.message:
            title, options = work.intent.ambiguous[0]
            conversation = replace(conversation, question=Question(title, options, work.message))
        shown = tuple(one.item.item_id for one in work.recommendations)
        near = tuple(one.item.item_id for one in work.near_misses)
        asked = conversation.asked or bool(shown or near)
        return replace(conversation, asked=asked).add(Turn(Role.ASSISTANT, work.text, shown, near))


def _needs_tools(work: Working) -> bool:
    return bool(work.intent.plan) and not (work.intent.ambiguous and work.message)


def _recommends(work: Working) -> bool:
    return work.intent.act in RECOMMENDING


def _emit(event: Event) -> None:
    get_stream_writer()(event)


def _node(name: str, step: Callable[[Working], Any]) -> Any:
    """A node of the graph from a step over `Working`; its time is noted, the conversation goes to the checkpointer."""

    async def run(state: TurnState) -> TurnState:
        started = time.perf_counter()
        work: Working = (await step(state["working"])).timed(name, started)
        return {"working": work, "conversation": dump_conversation(work.conversation)}

    return run
