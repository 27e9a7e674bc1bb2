"""A turn: let a driver decide, then rank, explore, show, word and keep; events go out as soon as they are known."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass, replace
from math import ceil

from numpy.random import Generator

from agent.admission import Admission, NoRoomError
from agent.chips import origins
from agent.conversation import Conversation, Question, Role, Turn
from agent.drivers.base import Drive, Driver, View
from agent.drivers.choose import OFFLINE, TOOLS, DriverChooser
from agent.drivers.narrowed import narrowed
from agent.endpoint import Endpoint
from agent.events import Compared, Event, Finished, Recommended, TextDelta, ToolCalled, Understood
from agent.intent import PERSON, Act
from agent.loop.places import has_places, rank_places
from agent.loop.ranking import explore, rank
from agent.loop.state import TurnState
from agent.loop.weighing import weigh
from agent.loop.words import Words
from agent.memory import StoredMemory
from agent.recommendation import Reply, ToolRun
from agent.settings import LimitSettings, LlmSettings
from agent.wording.cards import make_cards, shortage
from agent.wording.messages import comma, say, say_in_all
from retrieval.errors import ModelBusyError, ModelUnavailableError, OverloadedError, StateError
from retrieval.preference import Constraint, Op
from retrieval.retriever import Retriever
from retrieval.state import User
from tools import Batch, Ending, Result
from tools.endings import ASK_USER, HAND_OVER

logger = logging.getLogger(__name__)

DECIDE = 0.5
"""The part of the turn's time until the cards are due."""
UNHEARD_S = 15.0
"""How long a turn waits for a server that has answered nothing at all since the process began."""
CLICK = "click"
LISTINGS = ("count", "list", "identify")
"""Kinds of answers whose words list items of their own."""
MOST_MEANT = 2
"""People that 'he', 'she' or 'they' may stand for."""

Emit = Callable[[Event], None]


@dataclass(frozen=True, slots=True)
class Loop:
    """Runs turns; holds none."""

    retriever: Retriever
    chooser: DriverChooser
    memory: StoredMemory
    words: Words
    llm: LlmSettings
    make_rng: Callable[[], Generator]
    tool_timeout_s: float
    limits: LimitSettings
    turns: Admission
    """The line before the turns of this process."""
    calls: Admission
    """The line before the language model."""
    keep: Callable[[Conversation, User | None], Awaitable[None]]
    """Stores the conversation of a finished turn for the user that it began with."""
    endpoint: Endpoint | None = None
    """The language model's server."""

    async def events(self, state: TurnState) -> AsyncIterator[Event]:
        """The events of a turn as they come; closing this ends whatever the turn waits for."""
        queue: asyncio.Queue[Event | None] = asyncio.Queue()
        task = asyncio.create_task(self._run(state, queue.put_nowait))
        task.add_done_callback(lambda _: queue.put_nowait(None))
        try:
            while (event := await queue.get()) is not None:
                yield event
            await task
        finally:
            task.cancel()
            await asyncio.wait({task})

    async def _run(self, state: TurnState, emit: Emit) -> None:
        """Run the turn where there is room for it; the place is held by this task, not by whoever reads the events.

        Raises:
            OverloadedError: Too many turns run and wait already.
        """
        started = time.perf_counter()
        try:
            async with self.turns.place(self.limits.wait_s):
                state.time("wait", started)
                await self._work(state, emit)
        except NoRoomError as error:
            raise OverloadedError(
                running=self.turns.running, waiting=self.turns.waiting, retry_after_s=max(1, ceil(error.wait_s))
            ) from None

    async def _work(self, state: TurnState, emit: Emit) -> None:
        await self.with_state(state, lambda: self.memory.load(state))
        drive = await self._decide(state, emit)
        if drive.handed_back:
            intent = replace(state.intent, act=Act.CALL)
            emit(Understood(intent))
            emit(Finished(replace(self._reply(state, state.conversation), intent=intent, calls=drive.handed_back)))
            return
        if state.message or state.keep:
            await self.with_state(state, lambda: self.memory.note(state))
        if state.act is Act.ASK:
            state.context.ending = replace(state.ending, choices=self.words.choices(state))
        if state.message and state.conversation.preference.count == 1:
            await asyncio.to_thread(self._ask_first, state)
        emit(Understood(state.intent, state.wanted))
        if state.act is Act.RECOMMEND or state.lists_beside:
            await self._show(state, emit)
        elif state.act is Act.ANSWER:
            await weigh(state, timeout_s=self.tool_timeout_s)
            self._compare(state, emit)
        await self._say(state, drive, emit)
        state.disclose()
        conversation = await self._keep(state)
        emit(Finished(self._reply(state, conversation)))

    async def with_state(self, state: TurnState, work: Callable[[], None]) -> None:
        """Read or write what is stored; where that fails, the turn says so and goes on without."""
        if not state.store:
            return  # nobody's turn
        try:
            await asyncio.to_thread(work)
        except StateError as error:
            self._give_up_storing(state, error)

    def _give_up_storing(self, state: TurnState, error: StateError) -> None:
        logger.warning("a turn goes on unsaved: %s", error)
        state.store = state.keep = False
        state.add_notices(say("unsaved", state.language))

    # Deciding ----------------------------------------------------------------------------------------------------

    async def _decide(self, state: TurnState, emit: Emit) -> Drive:
        """Let the chosen driver work; where the model fails, the offline driver takes over what is left to do."""
        started = time.perf_counter()
        drive = self._drive(state, emit)
        if state.message.casefold() == PERSON and state.context.catalog.house.handover is not None:
            state.driver, state.reason, state.context.ending = CLICK, "a person was asked for", Ending(HAND_OVER)
        elif state.message:
            await self._lead(state, drive)
        else:
            state.driver, state.reason = CLICK, "nothing was said"
        state.llm = tuple(drive.runs)
        state.add_notices(*self.words.refused(state))
        if self.retriever.notices:  # which ones, and what to do, is for whoever looks after the server: `/readyz`
            state.announce_once("parts_down")
        specs = (self.retriever.schema.field(name) for name in state.context.problems.unchecked)
        state.announce(*(say("unchecked", state.language, label=spec.label_in(state.language)) for spec in specs))
        if state.context.has_lost:
            state.add_notices(say("tool_down", state.language))
        state.time("drive", started)
        return drive

    async def _lead(self, state: TurnState, drive: Drive) -> None:
        choice = self.chooser.pick()
        state.driver, state.reason = choice.driver.name, choice.reason
        failure = await self._attempt(choice.driver, drive)
        if failure is not None:
            state.driver, state.reason = OFFLINE, str(failure)
            if not state.context.patches and state.context.ending is None:
                await self._attempt(self.chooser.drivers[OFFLINE], self._offline(state, drive))
        if choice.driver.name == OFFLINE and self.chooser.model is None:
            if state.act is Act.RECOMMEND:
                state.announce_once("no_model")
        elif state.driver == OFFLINE and self.chooser.setting != OFFLINE:
            key = "model_busy" if isinstance(failure, ModelBusyError) else "model_down"
            state.announce_once(key)
        else:
            state.withdraw(*say_in_all("model_down"), *say_in_all("model_busy"))

    async def _attempt(self, driver: Driver, drive: Drive) -> ModelUnavailableError | None:
        """Drive; why the model failed, None where it did not."""
        try:
            await self._heard(narrowed(driver, drive.batch.context.placer), drive)
        except ModelUnavailableError as error:
            logger.warning("driver %s: %s", driver.name, error)
            if not isinstance(error, ModelBusyError):
                self.chooser.failed()
            return error
        if driver.name != OFFLINE:
            self.chooser.succeeded()
        return None

    async def _heard(self, driver: Driver, drive: Drive) -> None:
        """Drive; with a model whose server was never heard, not even when it is asked for its name, not for long.

        Raises:
            ModelUnavailableError: As `Driver.drive`, or nothing was heard.
        """
        server = self.endpoint
        if driver.name == OFFLINE or server is None or server.was_heard:
            await driver.drive(drive)
            return
        driving, looking = asyncio.create_task(driver.drive(drive)), asyncio.create_task(server.look(UNHEARD_S))
        try:
            await asyncio.wait({driving}, timeout=UNHEARD_S)
            server.was_heard = server.was_heard or any(not run.error for run in drive.runs)
            if not driving.done() and not server.was_heard:
                raise ModelUnavailableError(f"the language model's server has not answered anything in {UNHEARD_S:g} s")
            await driving
        finally:
            for task in (driving, looking):
                task.cancel()
            await asyncio.wait({driving, looking})

    def _drive(self, state: TurnState, emit: Emit) -> Drive:
        deadline = state.deadline.share(DECIDE)

        def on_result(result: Result) -> None:
            at = time.perf_counter() - result.seconds - state.started
            run = ToolRun(result.call.tool, dict(result.call.arguments), result.seconds, result.found, result.error, at)
            state.tools = (*state.tools, run)
            emit(ToolCalled(run))

        batch = Batch.over(
            state.context,
            tool_timeout_s=self.tool_timeout_s,
            remaining_s=state.deadline.remaining_s,
            on_result=on_result,
        )
        view = View(state.conversation, state.message, self.retriever.catalog, state.context.preference, state.terms)
        return Drive(view, batch, deadline, self.llm.most_steps, calls=self.calls, wait_share=self.llm.wait_share)

    def _offline(self, state: TurnState, drive: Drive) -> Drive:
        """The same turn with what is left of its time: the model may have spent its own share."""
        return replace(drive, deadline=state.deadline)

    # Showing -----------------------------------------------------------------------------------------------------

    def _ask_first(self, state: TurnState) -> None:
        """Where one item is shown at a time (a voice, a watch): the question that tells most comes before it."""
        before = state.conversation
        if state.driver == TOOLS or before.has_just_asked():
            return  # a model that writes well asks in its own words
        if state.act is Act.RECOMMEND and not has_places(state):
            state.split = self.retriever.split(state.preference, before.inquired)
        if state.split is not None:
            state.context.ending = Ending(ASK_USER)

    async def _show(self, state: TurnState, emit: Emit) -> None:
        """The cards: on screen before a word is written."""
        started = time.perf_counter()
        rank_list = rank_places if has_places(state) else rank
        await rank_list(state, self.retriever, timeout_s=self.tool_timeout_s)
        if state.lost:
            state.add_notices(say("tool_down", state.language))
        state.slot_names, state.unfilled = self.words.slot_names(state)
        if named := [name for name in state.unfilled if name]:
            state.add_notices(say("slot_empty", state.language, names=comma(named, state.language)))
        state.time("rank", started)
        started = time.perf_counter()
        await asyncio.to_thread(explore, state, self.retriever, self.make_rng)
        state.time("explore", started)
        made = make_cards(state.slots, state.ranked, state.preference, self.retriever, state.language, state.slot_names)
        state.recommendations, state.near_misses = made
        state.keep_to_screen()
        state.knowing = self.words.knowing(state)
        if not state.places:  # of places it was said which stay empty
            state.add_notices(shortage(made, self.retriever.schema, state.language, state.preference))
        await self.with_state(state, lambda: self.memory.expose(state))
        state.time("cards", state.started)
        shown = (state.recommendations, state.near_misses, state.notices, state.knowing)
        emit(Recommended(*shown, state.intent.choices))

    def _compare(self, state: TurnState, emit: Emit) -> None:
        """What is compared, side by side: on screen before its words."""
        state.table = self.words.table(state)
        if state.table is not None:
            emit(Compared(state.table))

    async def _say(self, state: TurnState, drive: Drive, emit: Emit) -> None:
        started = time.perf_counter()
        pieces = []
        async with aclosing(self.words.stream(state, drive)) as spoken:
            async for piece in spoken:
                pieces.append(piece)
                emit(TextDelta(piece))
        state.text = "".join(pieces).strip()
        state.llm = tuple(drive.runs)
        state.time("write", started)

    # Keeping -----------------------------------------------------------------------------------------------------

    async def _keep(self, state: TurnState) -> Conversation:
        """Store the finished turn; a notice that it cannot be comes late, with the reply."""
        conversation = self._after(state)
        if state.keep:
            await self.with_state(state, lambda: self.memory.keep(state, conversation))
        if state.keep:  # unless that failed
            try:
                await self.keep(conversation, state.user)
            except StateError as error:
                self._give_up_storing(state, error)
        return conversation

    def _after(self, state: TurnState) -> Conversation:
        """The conversation after this turn."""
        before = state.conversation
        conversation = replace(
            before,
            preference=state.wanted,
            question=self._open_question(state),
            told=state.announced,
            unread=False,
            open_inquiry="",
        )
        if state.message:
            said_at = len(before.turns)
            known = origins(before.origins, state.wanted, self.retriever.catalog, said_at)
            conversation = replace(conversation, origins=known).add(Turn(Role.USER, state.message))
        if question := state.split or state.elicitation:
            key = question.key
            conversation = replace(conversation, open_inquiry=key, inquired=(*conversation.inquired, key))
        shown = tuple(card.item.item_id for card in state.recommendations)
        near = tuple(card.item.item_id for card in state.near_misses)
        asked = conversation.asked or bool(shown or near)
        ranked = state.ranked.order if shown else ()
        is_new = not set(state.listed) <= set(before.last_shown())
        named = state.listed if is_new and _is_listing(state) else ()  # else the numbers of the cards stay on screen
        turn = Turn(
            Role.ASSISTANT,
            state.text,
            shown,
            near,
            listed=named,
            ranked=ranked,
            counted=_counted(state),
            about=_about(state),
            people=_people(state),
        )
        return replace(conversation, asked=asked).add(turn)

    def _open_question(self, state: TurnState) -> Question | None:
        """Which of several items of one title was meant, where that is what was asked."""
        ambiguous = state.context.problems.ambiguous
        if state.act is not Act.ASK or not ambiguous or not state.message:
            return None
        title, options = ambiguous[0]
        return Question(title, options, state.message)

    def _reply(self, state: TurnState, conversation: Conversation) -> Reply:
        return Reply(
            text=state.text,
            conversation=conversation,
            intent=state.intent,
            recommendations=state.recommendations,
            near_misses=state.near_misses,
            notices=state.notices,
            knowing=state.knowing,
            trace=state.trace(),
            table=state.table,
            handover=state.handover,
        )


def _is_listing(state: TurnState) -> bool:
    """Whether the words are a list of their own, or there are no cards whose numbers somebody could mean."""
    ending = state.context.ending
    return state.conversation.last_list() is None or (ending is not None and ending.kind in LISTINGS)


def _counted(state: TurnState) -> tuple[Constraint, ...]:
    """The limits of what the turn's words count or sort."""
    ending, asked = state.context.ending, [lookup for lookup in state.context.lookups if lookup.is_asked]
    return asked[-1].limits if asked and ending is not None and ending.kind in ("count", "list") else ()


def _about(state: TurnState) -> str:
    """The one item that the turn's words are about."""
    ending, catalog = state.context.ending, state.context.catalog
    items = [item_id for item_id in ending.item_ids if item_id in catalog] if ending is not None else []
    return items[0] if len(items) == 1 else ""


def _people(state: TurnState) -> tuple[Constraint, ...]:
    """Whom the turn's words are about: who is counted or wanted, else who made the one item that they tell of."""
    ending, catalog = state.context.ending, state.context.catalog
    roles = [spec.name for spec in catalog.schema.fields if spec.people]
    if ending is not None and ending.kind == "connection" and len(ending.item_ids) > 1:  # whom both have
        held = [catalog.item(item_id).values for item_id in ending.item_ids if item_id in catalog]
        shared = ((role, set.intersection(*({*values.get(role, ())} for values in held))) for role in roles)
        return tuple(Constraint(role, Op.IS, tuple(sorted(both))) for role, both in shared if both)[:1]
    if ending is not None and roles and (item_id := _about(state)):
        role = next((name for name in ending.fields if name in roles), roles[0])
        values = catalog.item(item_id).values.get(role, ())
        return (Constraint(role, Op.IS, values),) if 0 < len(values) <= MOST_MEANT else ()
    limits = _counted(state) or state.wanted.constraints
    return tuple(limit for limit in limits if limit.field in roles and limit.op is Op.IS)
