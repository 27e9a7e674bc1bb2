"""One turn as a LangGraph state graph: understand -> act -> rank -> explore -> write -> check.

There is no second round of tools: limits are masks inside every channel, so asking again could not bring more; where
too few items fit, the ranking brings labeled near misses instead.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, TypedDict

from langchain_core.messages import ToolMessage
from langchain_core.tools import BaseTool
from langgraph.channels import UntrackedValue
from langgraph.config import get_stream_writer
from langgraph.graph import END, START, StateGraph
from numpy.random import Generator
from pydantic import JsonValue

from agent import replies
from agent.cards import with_cards
from agent.conversation import Conversation, Question, Role, Turn, dump_conversation
from agent.events import Event, Finished, Recommended, TextDelta, ToolCalled
from agent.events import Understood as UnderstoodEvent
from agent.intent import ToolCall
from agent.plan import with_titles
from agent.recommendation import Reply, ToolRun
from agent.speech import RECOMMENDING, Speech
from agent.stream_check import checked
from agent.understand import Understanding
from agent.working import Working
from agent.writer import Writer
from retrieval.errors import ModelUnavailableError
from retrieval.retriever import Retriever
from tools import Found, ToolContext, make_tools

logger = logging.getLogger(__name__)


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
    keep: Callable[[Working], None]
    """Keeps what the finished turn showed, reasons and all."""


@dataclass(frozen=True, slots=True)
class Loop:
    """The nodes of the graph, over the parts they need."""

    retriever: Retriever
    understanding: Understanding
    memory: Memory
    make_writer: Callable[[], Writer | None]
    make_rng: Callable[[], Generator]
    tool_timeout_s: float
    timeouts: Mapping[str, float] = field(default_factory=dict)
    """Of tools that have a limit of their own, by name."""

    @property
    def speech(self) -> Speech:
        """The words of a turn."""
        return Speech(self.retriever, self.understanding.rules.lexicon)

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
                work = work.telling(replies.say(understood.notice, work.language))
            elif understood.runs:
                work = work.recovered(*replies.TEXTS["model_down"].values())
        if self.understanding.model is None and work.message:
            work = work.telling(replies.say("no_model", work.language))
        await asyncio.to_thread(self.memory.note, work)
        _emit(UnderstoodEvent(work.intent, work.understood.wanted if work.understood else None))
        return work

    async def _act(self, work: Working) -> Working:
        tools = make_tools(ToolContext(self.retriever, work.preference, work.history))
        plan = with_titles(work.intent.plan, tools, ask=work.intent.source != "click")
        results = await asyncio.gather(*(self._call(tools, call, work.language) for call in plan))
        found = Found(
            {name: many for one, _ in results for name, many in one.by_channel.items()},
            {item_id: facts for one, _ in results for item_id, facts in one.facts.items()},
        )
        notices = (run.error for _, run in results)
        work = replace(work, found=found, tools=tuple(run for _, run in results))
        return work.telling(*self.retriever.notices).noticing(*notices)

    async def _call(self, tools: dict[str, BaseTool], call: ToolCall, language: str) -> tuple[Found, ToolRun]:
        """One tool, within its time; what goes wrong becomes a notice."""
        started, found, error = time.perf_counter(), Found(), ""
        request = {"type": "tool_call", "id": call.tool, "name": call.tool, "args": dict(call.arguments)}
        try:
            limit_s = self.timeouts.get(call.tool, self.tool_timeout_s)
            answer = await asyncio.wait_for(asyncio.to_thread(tools[call.tool].invoke, request), limit_s)
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
            self.retriever.rank,
            work.found.by_channel,
            work.preference,
            work.history,
            work.preference.count,
            work.conversation.all_shown() if work.message else (),
        )
        return replace(work, ranked=ranked)

    async def _explore(self, work: Working) -> Working:
        work = with_cards(await asyncio.to_thread(self._guess, work), self.retriever)
        await asyncio.to_thread(self.memory.expose, work)
        work = work.timed("cards", work.started)
        _emit(Recommended(work.recommendations, work.near_misses, work.notices, work.knowing))
        return work

    def _guess(self, work: Working) -> Working:
        """The list with its guesses, how sure we are, and what to ask."""
        preference, history, conversation = work.preference, work.history, work.conversation
        unanswered = conversation.all_shown()
        belief = self.retriever.belief(preference, history, unanswered)
        slots = self.retriever.explore(
            work.ranked, preference, history, self.make_rng(), unanswered=unanswered, belief=belief
        )
        inquiry = None
        if work.message and slots and preference.novelty > 0 and not conversation.has_just_asked():
            settled = {one.field for one in preference.constraints}
            inquiry = self.retriever.inquiry(slots, belief, conversation.inquired, settled)
        return replace(work, slots=slots, width=float(belief.width()[0]), inquiry=inquiry)

    async def _write(self, work: Working) -> Working:
        """Prose, let through sentence by sentence."""
        opening = self.speech.opening(work)
        if opening:
            _emit(TextDelta(opening + " "))
        work = replace(work, text=opening)
        writer = self.make_writer() if self.speech.is_for_the_model(work) else None
        if writer is None:
            return work
        dropped: list[str] = []
        written: list[str] = []
        try:
            async for sentence in checked(
                self.speech.written(writer, work), self.speech.checker(work), dropped, whole=lambda: not writer.cut
            ):
                written.append(sentence)
                _emit(TextDelta(sentence))
        except ModelUnavailableError:
            work = work.telling(replies.say("model_down", work.language))
        if dropped:
            logger.info("the check dropped %d sentences", len(dropped))
        runs = (*work.llm, writer.run) if writer.run else work.llm
        return replace(work, llm=runs, text=" ".join(filter(None, (opening, "".join(written).strip()))))

    async def _check(self, work: Working) -> Working:
        """The end: a template where no sentence passed or none was written, then the finished reply."""
        written = work.text.removeprefix(self.speech.opening(work)).strip()
        if not written and (template := self.speech.template(work)):
            _emit(TextDelta(template))
            work = replace(work, text=" ".join(filter(None, (work.text, template))))
        if question := self.speech.inquiry(work):
            _emit(TextDelta(f" {question}" if work.text else question))
            work = replace(work, text=" ".join(filter(None, (work.text, question))))
        conversation = self._kept(work)
        work = replace(work, conversation=conversation)
        await asyncio.to_thread(self.memory.keep, work)
        _emit(
            Finished(
                Reply(
                    text=work.text,
                    conversation=conversation,
                    intent=work.intent,
                    recommendations=work.recommendations,
                    near_misses=work.near_misses,
                    notices=work.notices,
                    knowing=work.knowing,
                    trace=work.trace(),
                )
            )
        )
        return work

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
        key = work.inquiry.key if work.inquiry is not None else ""
        conversation = replace(conversation, open_inquiry=key)
        if key:
            conversation = replace(conversation, inquired=(*conversation.inquired, key))
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
