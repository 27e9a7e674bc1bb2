"""Leads a turn by one constrained JSON answer; asks a second time only where the first was no answer."""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any, TypeVar

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage
from langchain_openai import ChatOpenAI

from agent.drivers.acts import (
    ABOUT,
    CHOOSE,
    COMPARE,
    CONNECT,
    COUNTS,
    LISTS,
    NEWER,
    OLDER,
    PERSON,
    TALK,
    ActClassifier,
    Likely,
)
from agent.drivers.base import Drive, View
from agent.drivers.offline import Spotter, by_rules, parse, scene_of
from agent.drivers.reading import carry_out
from agent.drivers.schema.agree import calls_of, calls_with, held, is_read, told
from agent.drivers.schema.asking import BY_DEFAULT, asked_about
from agent.drivers.schema.bank import STAFF, ExampleBank, own_words
from agent.drivers.schema.form import SKIP, Answer, Form, read_answer, relations, schema_of
from agent.drivers.schema.heard import Ear
from agent.drivers.schema.plan import Plan, plan_of
from agent.drivers.schema.question import (
    JOINT,
    history_form,
    history_question,
    messages_of,
)
from agent.drivers.schema.unaided import UnaidedReader, least_for, small_talk, unasked
from agent.drivers.schema.which import read_which, which_question, which_schema, with_title
from agent.drivers.text import Spot
from agent.drivers.vocabulary import READ
from agent.examples import names_of, render_prompt
from agent.llm import FAILURES, constrained, count
from retrieval.encoder import Encoder
from retrieval.errors import ModelUnavailableError
from retrieval.items import Catalog
from tools.batch import Call

logger = logging.getLogger(__name__)

PROMPT = "step"
PURPOSE = "understand"
STAFF_TOLD = ", person (somebody of the staff is asked for: a human being, support, customer service)"
TRIES = 2
WHICH_TOKENS = 24
Read = TypeVar("Read")


@dataclass(frozen=True)
class SchemaDriver:
    """Drives with a small model, or with one whose server knows no tool calls. Holds no user."""

    catalog: Catalog
    model: ChatOpenAI
    spotter: Spotter
    max_tokens: int = 220
    encoder: Encoder | None = None
    """Finds the examples most like a message; without one only those of the prompt are shown."""
    has_staff: bool = False
    """Whether the house has somebody to hand over to; else the prompt says nothing of it."""
    acts: ActClassifier | None = None
    """Says which decisions are likely; the model takes one of these."""
    ear: Ear | None = None
    """Hears what words are there for, in languages whose words code does not know above all."""

    @property
    def name(self) -> str:
        """As settings and traces call it."""
        return "schema"

    @cached_property
    def prefix(self) -> tuple[BaseMessage, ...]:
        """What stands before every message, the same bytes each time."""
        names = names_of(self.catalog)
        names["relations"] = ", ".join(f"{role} (by the same)" for role in relations(self.catalog.schema)[:-2])
        names |= {**STAFF, "staff_told": STAFF_TOLD} if self.has_staff else {}
        return tuple(render_prompt(PROMPT, self.catalog, names))

    @cached_property
    def _names(self) -> Mapping[str, str]:
        return names_of(self.catalog)

    @cached_property
    def bank(self) -> ExampleBank | None:
        """Messages with how they read, for this catalog."""
        if self.encoder is None:
            return None
        return ExampleBank(self.catalog, self.spotter, self.encoder, has_staff=self.has_staff)

    @property
    def _ready_bank(self) -> ExampleBank | None:
        return self.bank if self.bank and self.bank.is_ready else None

    async def warm(self) -> None:
        """Let the server read the prompt's beginning, so that the first message need not wait for it.

        Raises:
            ModelUnavailableError: The server did not answer.
        """
        if self.bank:
            await asyncio.to_thread(self.bank.prepare)
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
        language = self.spotter.vocabulary.language_of(view.message, view.preference.language)
        spots = await asyncio.to_thread(self.spotter.spot, view.message, shown=view.shown, language=language)
        asked = await asyncio.to_thread(asked_about, view, self.spotter, language, self.ear, spots=spots)
        likely = await asyncio.to_thread(self.acts.likely, view, spots) if self.acts else Likely()
        draft = read_answer(asked.draft, asked.form)
        least = least_for(asked.parsed)
        if idle := await asyncio.to_thread(small_talk, likely, self.ear, view, spots):
            await carry_out(idle, drive, language)
            return
        if likely.first[1] >= least and (plain := unasked(likely)):
            await carry_out(plain, drive, language)
            return
        whole = is_read(asked) and likely.agrees(draft.do, least=least)
        is_of_several = likely.first[0] in (COMPARE, CONNECT, CHOOSE)  # of more than the rules found, perhaps
        is_asked = likely.first[0] in (*ABOUT, CHOOSE) and likely.first[1] >= least and (is_of_several or not whole)
        is_heard = is_asked or (language not in READ and likely.decided not in ("", TALK, PERSON))
        if self.acts and self.ear and is_heard:
            await carry_out(await asyncio.to_thread(UnaidedReader(self.acts, self.ear), view, self.spotter), drive)
            return
        if whole and draft.do not in (OLDER, NEWER):
            await carry_out(asked.parsed, drive, language)
            return
        answer = draft
        if not whole:
            left = likely.open_to(*([] if asked.draft.startswith(BY_DEFAULT) else [draft.do]))
            staff = {PERSON} if asked.form.has_staff else set()  # whoever wants a human being is never kept from one
            form = replace(asked.form, acts=left and left | staff)
            near = partial(bank.nearest, acts=form.acts) if (bank := self._ready_bank) else None
            examples = await asyncio.to_thread(near, view, draft, language) if near else ()
            answer = await self._understand(drive, asked.question, form, examples)
            if language in READ:
                answer = self._in_own_words(answer, view.message, examples)
                answer = held(answer, asked) if likely.agrees(draft.do, least=least) else answer
        if answer.do == COMPARE and not answer.field:  # 'which is the shortest?'
            answer = replace(answer, field=next(iter(likely.fields(self._names)), ""))
        form, answer = asked.form, replace(answer, language=language)
        if self.ear and language not in READ and answer.do in (*LISTS, *COUNTS):
            form, answer = await asyncio.to_thread(self._heard, self.ear, answer, form, view, spots)
        plan = plan_of(form, view, self.spotter, context.placer)
        if leaning := plan.leaning(answer, view.conversation.open_inquiry):
            others = (old for old in context.wanted.leanings if (old.field, old.more) != (leaning.field, leaning.less))
            context.wanted = replace(context.wanted, leanings=tuple(dict.fromkeys((*others, leaning))))
        made = partial(calls_of, answer, asked, plan) if language in READ else partial(self._calls, answer, view, plan)
        calls, ambiguous = await asyncio.to_thread(lambda: (made(), plan.ambiguous(answer)))
        context.unread = asked.parsed.unread
        await drive.batch.run(calls)
        context.problems.ambiguous += ambiguous if not context.problems.ambiguous else ()

    async def wish_of(self, drive: Drive) -> None:
        """Read a history that nobody has read into the wish.

        Raises:
            ModelUnavailableError: The model did not answer, was late, or answered with garbage twice.
        """
        said = messages_of(drive.view)
        if not said:
            return
        language = self.spotter.vocabulary.language_of(JOINT.join(said), drive.view.preference.language)
        form = await asyncio.to_thread(history_form, said, self.catalog, self.spotter, language)
        answer = await self._understand(drive, history_question(said, form), form)
        view = replace(drive.view, message=JOINT.join(said))
        answer, plan = replace(answer, language=language), plan_of(form, view, self.spotter, drive.batch.context.placer)
        if language in READ:
            calls = [Call("update_wish", plan.patch(answer))]
        else:
            calls = await asyncio.to_thread(self._calls, answer, view, plan)
        await drive.batch.run([call for call in calls if call.tool == "update_wish"])

    def _heard(self, ear: Ear, answer: Answer, form: Form, view: View, spots: Sequence[Spot]) -> tuple[Form, Answer]:
        """The model's decision with the roles that the tagger hears: a small model knows other languages less well."""
        heard = ear.hear(view.message, form, spots, act=answer.do, language=answer.language)
        if not (heard.answer.want or heard.answer.without or {*heard.answer.roles.values()} - {SKIP}):
            return form, answer
        said = heard.answer
        roles = {**answer.roles, **said.roles}
        return heard.form, replace(
            answer, roles=roles, want=said.want, without=said.without, titles=said.titles or answer.titles
        )

    def _calls(self, answer: Answer, view: View, plan: Plan) -> list[Call]:
        """What an answer about a message in another language comes to: its English words are read as a user's are.

        What no value stands for is searched for in the user's own words, which lose less than a small model's English.
        """
        english = replace(view, message=told(answer), preference=replace(view.preference, language="en"))
        scene = scene_of(view.conversation, view.preference, self.spotter.spot)
        own = parse(view.message, self.spotter, scene, is_wish=True).patch.get("about")
        return calls_with(answer, by_rules(english, self.spotter), plan, own)

    def _in_own_words(self, answer: Answer, message: str, examples: Sequence[BaseMessage]) -> Answer:
        """Without words of the examples that the message does not have; a mood alone may be one that they have."""
        examples = [*self.prefix, *examples]
        is_mood = all(role == "skip" for role in answer.roles.values())
        want = answer.want if is_mood else own_words(answer.want, message, examples)
        return replace(answer, want=want, without=own_words(answer.without, message, examples))

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

    async def _understand(self, drive: Drive, asked: str, form: Form, examples: Sequence[BaseMessage] = ()) -> Answer:
        schema = schema_of(form, self.catalog.schema)
        return await self._ask(drive, asked, schema, lambda text: read_answer(text, form), self.max_tokens, examples)

    async def _ask(
        self,
        drive: Drive,
        asked: str,
        schema: dict[str, Any],
        read: Callable[[str], Read],
        max_tokens: int,
        examples: Sequence[BaseMessage] = (),
    ) -> Read:
        """Ask within the turn's time, twice at the most."""
        bound = constrained(self.model, schema, max_tokens=max_tokens)
        prompt = [*self.prefix, *examples, HumanMessage(asked)]
        error = "the turn's time is over"
        for _ in range(TRIES):
            started, answer = time.perf_counter(), None
            try:
                answer = await drive.ask(lambda: bound.ainvoke(prompt))
                said = read(str(answer.content))
            except FAILURES as failure:
                error = type(failure).__name__
                drive.note(count(PURPOSE, started, answer if isinstance(answer, AIMessage) else None, error))
                logger.warning("the language model gave no step (%s)", error)
                continue
            drive.note(count(PURPOSE, started, answer))
            return said
        raise ModelUnavailableError(f"the language model did not answer ({error})")
