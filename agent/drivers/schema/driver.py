"""Leads a turn by one constrained JSON answer; asks a second time only where the first was no answer."""

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, TypeVar

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage
from langchain_openai import ChatOpenAI

from agent.drivers.base import Drive, View
from agent.drivers.offline import Parsed, Spotter
from agent.drivers.schema.agree import confirmed_calls, is_confirmed, with_words
from agent.drivers.schema.english import Restated
from agent.drivers.schema.form import INSTEAD, READ, Answer, Form, read_answer, relations, schema_of
from agent.drivers.schema.hints import Draft, parse_of, parsed_for
from agent.drivers.schema.plan import Plan
from agent.drivers.schema.question import JOINT, form_of, history_form, history_question, messages_of, question
from agent.drivers.schema.which import read_which, which_question, which_schema, with_title
from agent.examples import names_of, render_prompt
from agent.llm import FAILURES, constrained, count
from retrieval.errors import ModelUnavailableError
from retrieval.items import Catalog
from tools.batch import Call
from tools.patch import start_anew
from tools.placing import Placer

logger = logging.getLogger(__name__)

PROMPT = "step"
PURPOSE = "understand"
TRIES = 2
WHICH_TOKENS = 24
Ambiguous = tuple[tuple[str, tuple[str, ...]], ...]
Read = TypeVar("Read")


@dataclass(frozen=True)
class SchemaDriver:
    """Drives with a small model, or with one whose server knows no tool calls. Holds no user."""

    catalog: Catalog
    model: ChatOpenAI
    spotter: Spotter
    max_tokens: int = 220

    @property
    def name(self) -> str:
        """As settings and traces call it."""
        return "schema"

    @cached_property
    def prefix(self) -> tuple[BaseMessage, ...]:
        """What stands before every message, the same bytes each time."""
        names = names_of(self.catalog)
        names["spoken"] = ", ".join(READ)
        names["relations"] = ", ".join(f"{role} (by the same)" for role in relations(self.catalog.schema)[:-2])
        return tuple(render_prompt(PROMPT, self.catalog, names))

    async def warm(self) -> None:
        """Let the server read the prompt's beginning, so that the first message need not wait for it.

        Raises:
            ModelUnavailableError: The server did not answer.
        """
        try:
            await self.model.bind(max_tokens=1).ainvoke([*self.prefix, HumanMessage("message: ")])
        except FAILURES as error:
            raise ModelUnavailableError(f"the language model did not answer ({type(error).__name__})") from error

    async def drive(self, drive: Drive) -> None:
        """Ask what the message says, and carry it out.

        Raises:
            ModelUnavailableError: The model did not answer, was late, or answered with garbage twice.
        """
        context = drive.batch.context
        if drive.view.is_unread:
            await self.wish_of(drive)
        view = await self._answered(drive, replace(drive.view, preference=context.preference))
        form, draft, parsed = await asyncio.to_thread(self._prepare, view, context.placer)
        answer = await self._understand(drive, question(view, form, draft), form)
        plan = self._plan(form, view, context.placer)
        if leaning := plan.leaning(answer, view.conversation.open_inquiry):
            others = (old for old in context.wanted.leanings if (old.field, old.more) != (leaning.field, leaning.less))
            context.wanted = replace(context.wanted, leanings=tuple(dict.fromkeys((*others, leaning))))
        calls, ambiguous = await asyncio.to_thread(self._read, answer, plan, view)
        if parsed is not None and not answer.english:
            context.unread = parsed.unread
            if is_confirmed(answer, draft, form) and not parsed.ambiguous:
                calls = confirmed_calls(answer, parsed)
            else:
                calls = with_words(calls, answer, parsed)
        await drive.batch.run(calls)
        context.problems.ambiguous += ambiguous if not context.problems.ambiguous else ()

    async def wish_of(self, drive: Drive) -> None:
        """Read a history that nobody has read, in one call, into the wish.

        Raises:
            ModelUnavailableError: The model did not answer, was late, or answered with garbage twice.
        """
        if not (said := messages_of(drive.view)):
            return
        form = await asyncio.to_thread(history_form, said, self.catalog, self.spotter)
        answer = await self._understand(drive, history_question(said, form), form)
        context, view = drive.batch.context, replace(drive.view, message=JOINT.join(said))
        for sentence in answer.english.split(JOINT) if answer.english else ():
            parsed = await asyncio.to_thread(
                parse_of, replace(view, preference=context.preference), sentence, self.spotter
            )
            patch = Restated(answer, parsed, self._plan(form, view, context.placer)).patch()
            await drive.batch.run([Call("update_wish", patch)])
        if not answer.english:
            await drive.batch.run([Call("update_wish", self._plan(form, view, context.placer).patch(answer))])

    def _read(self, answer: Answer, plan: Plan, view: View) -> tuple[list[Call], Ambiguous]:
        """The calls of an answer, and the title in it that may be several items."""
        if not answer.english:
            return plan.calls(answer), plan.ambiguous(answer)
        if answer.do == INSTEAD:
            view = replace(view, preference=start_anew(view.preference))
        restated = Restated(answer, parse_of(view, answer.english, self.spotter), plan)
        return restated.calls(), tuple((spot.words, spot.item_ids) for spot in restated.parsed.ambiguous[:1])

    def _prepare(self, view: View, placer: Placer) -> tuple[Form, str, Parsed | None]:
        """The form of an answer, and a draft of it in the languages that the offline driver reads."""
        parsed = parsed_for(view, self.spotter)
        form = form_of(view, self.spotter, has_count=parsed is not None and "count" in parsed.patch)
        return form, Draft(parsed, form, placer, view.shown).line() if parsed else "", parsed

    def _plan(self, form: Form, view: View, placer: Placer) -> Plan:
        shown_before = view.conversation.all_shown()
        return Plan(form, self.catalog, placer, self.spotter, view.message, view.shown, shown_before, view.preference)

    async def _answered(self, drive: Drive, view: View) -> View:
        """Where the last reply asked which item of a title was meant and this says it: the message that waited."""
        if view.question is None:
            return view
        options = [item_id for item_id in view.question.options if item_id in self.catalog]
        asked = which_question(view.question.text, view.message, options, self.catalog)
        schema = which_schema(len(options))
        place = await self._ask(drive, asked, schema, lambda text: read_which(text, len(options)), WHICH_TOKENS)
        if place is None:
            return view
        return replace(view, message=with_title(view.question, self.catalog.item(options[place]).label))

    async def _understand(self, drive: Drive, asked: str, form: Form) -> Answer:
        schema = schema_of(form, self.catalog.schema)
        return await self._ask(drive, asked, schema, lambda text: read_answer(text, form), self.max_tokens)

    async def _ask(
        self, drive: Drive, asked: str, schema: dict[str, Any], read: Callable[[str], Read], max_tokens: int
    ) -> Read:
        """Ask within the turn's time, twice at the most."""
        bound = constrained(self.model, schema, max_tokens=max_tokens)
        error = "the turn's time is over"
        for _ in range(TRIES):
            started, answer = time.perf_counter(), None
            try:
                answer = await drive.ask(lambda: bound.ainvoke([*self.prefix, HumanMessage(asked)]))
                said = read(str(answer.content))
            except FAILURES as failure:
                error = type(failure).__name__
                drive.note(count(PURPOSE, started, answer if isinstance(answer, AIMessage) else None, error))
                logger.warning("the language model gave no step (%s)", error)
                continue
            drive.note(count(PURPOSE, started, answer))
            return said
        raise ModelUnavailableError(f"the language model did not answer ({error})")
