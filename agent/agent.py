"""The agent: what every surface talks to. Holds no conversation; streaming events is its only primitive."""

import asyncio
import logging
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass, field, replace
from math import inf

from numpy.random import Generator
from pydantic import JsonValue

from agent.admission import Admission
from agent.chips import chips, without_chip
from agent.client import NO_TERMS, ClientTerms
from agent.conversation import Conversation, Role, Turn, dump_conversation
from agent.conversations import ConversationStore
from agent.direct import explain_item
from agent.drivers.base import Deadline
from agent.drivers.choose import TOOLS, DriverChooser
from agent.endpoint import Endpoint
from agent.events import Event, Finished, TextDelta, Understood
from agent.histories import HistoryCache
from agent.intent import Act, Intent
from agent.keeping import Keeper, Writes
from agent.loop.state import TurnState
from agent.loop.turn import Loop
from agent.loop.weighing import weigh
from agent.loop.words import Words
from agent.matching import FieldMatcher
from agent.memory import StoredMemory, keep_shown
from agent.partial_turn import PartialTurn
from agent.recommendation import Recommendation, Reply
from agent.rewinding import rewind
from agent.settings import Settings
from agent.transcript import near_titles, shown_titles
from agent.turn_record import TurnRecord, load_record
from agent.watching import Watcher
from agent.wording.messages import say
from agent.wording.why import why_not
from retrieval.errors import StateError, UnknownConversationError, UnknownItemError
from retrieval.graph import GraphUnavailableError
from retrieval.history import UserHistory
from retrieval.items import Catalog
from retrieval.preference import Preference
from retrieval.refit import Generations
from retrieval.retriever import Retriever
from retrieval.state import Feedback, FeedbackKind, StateStore, User
from retrieval.state.learning import learn_from_log
from retrieval.state.realms import tenant_of
from retrieval.tendencies import Tendency
from tools import Ending, ToolContext
from tools.endings import ANSWER
from tools.placing import Placer, split_year
from tools.rules import Context, RuleBook

logger = logging.getLogger(__name__)

UNREADABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
"""Control characters, odd ends of lines and lone surrogates: no JSON body and no database takes all of them."""
STORE_S = 1.5
SAVED_S = 5.0
"""How long a test write that went well counts, unless a write fails: whoever asks all the time wears out no disk."""
MOST_UTTERANCES = 200
"""Utterances of a history sent along that are looked at; older ones are left out."""


@dataclass
class Agent:
    """Answers messages about one catalog. Made by `agent.build.build_agent`."""

    retriever: Retriever
    state: StateStore
    conversations: ConversationStore
    settings: Settings
    chooser: DriverChooser
    words: Words
    placer: Placer
    make_rng: Callable[[], Generator]
    turns: Admission
    """The line before the turns of this process."""
    calls: Admission
    """The line before the language model."""
    matcher: FieldMatcher | None = None
    """Reads the forms of clients; None without a language model."""
    resources: AsyncExitStack = field(default_factory=AsyncExitStack)
    """What to close in the end."""
    histories: HistoryCache = field(default_factory=HistoryCache)
    retrievers: dict[str, Retriever] = field(default_factory=dict)
    """By tenant: what its users said, and what became of guesses, teaches its retriever and no other."""

    make_retriever: Callable[[str], Retriever] | None = None
    """A tenant's, from what lies in the data folder now; None where it stays as it is."""

    watchers: list[Watcher] = field(default_factory=list)
    """Told of every turn and click, of every realm."""

    writes: Writes = field(default_factory=Writes)
    """What is being stored, for every realm of this agent."""

    rules: RuleBook | None = None
    """The house's rules; `retriever`, `placer` and `words` are what they leave of those that the agent is made with."""

    endpoint: Endpoint | None = None
    """The language model's server; None without one."""

    context: Context = field(default_factory=dict)
    """What is known of the requests that this agent answers, as far as rules ask for it."""

    def __post_init__(self) -> None:
        """Put the loop together."""
        self.retrievers.setdefault(tenant_of(self.state.realm), self.retriever)
        self._whole = self.retriever
        if self.rules is not None:
            self.context = self.context or self.rules.context({})
            self.retriever, self.placer = self.rules.seen(self.retriever, self.context)
            self.words = replace(self.words, retriever=self.retriever)
        self._keeper = Keeper(self.state, self.conversations, self.writes)
        self._saved_at = -inf
        if self.endpoint is None and self.settings.llm.url:
            self.endpoint = Endpoint(self.settings.llm)
        self._loop = Loop(
            retriever=self.retriever,
            chooser=self.chooser,
            memory=StoredMemory(self.state, self.retriever),
            words=self.words,
            llm=self.settings.llm,
            limits=self.settings.limits,
            turns=self.turns,
            calls=self.calls,
            make_rng=self.make_rng,
            tool_timeout_s=self.settings.retrieval.tool_timeout_s,
            keep=self._keeper.keep,
            endpoint=self.endpoint,
        )

    @property
    def catalog(self) -> Catalog:
        """The items."""
        return self.retriever.catalog

    @property
    def leads_by_tools(self) -> bool:
        """Whether the next turn is led by a model that calls tools well: it heeds a client's terms, and reads forms."""
        return self.chooser.pick().driver.name == TOOLS

    def of(self, realm: str, context: Context | None = None) -> "Agent":
        """The same agent for a realm: users, conversations and histories of others are not there for it.

        May read the realm's log (in a thread, please); only the agent that was built is closed. What `renew` takes up
        shows here, so ask for each request anew.

        Args:
            realm: Whose.
            context: What is known of the request, from `RuleBook.context`; as little as may be where None.
        """
        context = {} if self.rules is None else self.rules.context({}) if context is None else context
        retriever = self._retriever_of(tenant_of(realm))
        if realm == self.state.realm and context == self.context and retriever is self._whole:
            return self
        state = self.state.of(realm)
        return replace(
            self,
            retriever=retriever,
            words=replace(self.words, retriever=retriever),
            context=context,
            state=state,
            conversations=self.conversations.of(realm),
            histories=self.histories.of(realm),
            resources=AsyncExitStack(),
        )

    def _retriever_of(self, tenant: str) -> Retriever:
        if tenant not in self.retrievers:
            self.retrievers.setdefault(tenant, self._made(tenant))
        return self.retrievers[tenant]

    def _made(self, tenant: str) -> Retriever:
        if self.make_retriever is not None:
            return self.make_retriever(tenant)
        whole = next(iter(self.retrievers.values()))
        return whole.updated(*learn_from_log(self.state.of(tenant), whole.catalog))

    def renew(self) -> list[str]:
        """Take up what was learned since (`agent.learning.refit`), for the tenants that are known here.

        It takes as long as opening the parts: call it in a thread.
        Agents that `of` made before go on as they are, so whoever is answered by one sees a whole old or a whole new.

        Returns:
            The tenants whose recommenders are others now.
        """
        renewed = []
        for tenant, old in list(self.retrievers.items()):
            current = Generations.of(self.settings.retrieval.data_dir, tenant).current.name
            if current == old.parts.generation:
                continue
            new = self._made(tenant)
            if new.parts.generation == current:  # otherwise it cannot be opened: what runs is better than less
                new.try_once()
                self.retrievers[tenant] = new
                renewed.append(tenant)
        return renewed

    # Turns -------------------------------------------------------------------------------------------------------

    async def stream(
        self,
        conversation: Conversation,
        message: str,
        *,
        store: bool = True,
        keep: bool = True,
        terms: ClientTerms = NO_TERMS,
        is_lost: bool = False,
    ) -> AsyncIterator[Event]:
        """Answer a message.

        Args:
            conversation: What was said before.
            message: What the user says now.
            store: Whether feedback, tastes and exposures are written to the user's state.
            keep: Whether the conversation is stored; False for clients that send it along themselves.
            terms: What the client asks beside the message; heeded where a model leads by tools.
            is_lost: Whether what should be stored cannot be: it is said.

        Yields:
            Events; the last one is `Finished`, with the conversation as it is now.
        """
        text = UNREADABLE.sub(" ", message).strip()
        if not any(char.isalnum() for char in text):
            for event in self._fixed(conversation, text, "empty"):
                yield event
            return
        limit = self.settings.message_limit
        turn = self._begin(conversation, text[:limit], store=store, keep=keep and store, terms=terms)
        if is_lost:
            turn.add_notices(say("unsaved", conversation.preference.language))
        if len(text) > limit:
            turn.add_notices(say("long", conversation.preference.language, limit=limit))
        async with aclosing(self._run(turn)) as events:  # type: ignore[type-var]
            async for event in events:
                yield event

    async def reply(self, conversation: Conversation, message: str, *, store: bool = True, keep: bool = True) -> Reply:
        """The finished turn, collected from `stream`."""
        async for event in self.stream(conversation, message, store=store, keep=keep):
            if isinstance(event, Finished):
                return event.reply
        raise RuntimeError("a turn ended without Finished: please report this with the log")

    async def rerank(
        self,
        conversation: Conversation,
        *,
        remove: str | None = None,
        novelty: float | None = None,
        keep: bool = True,
    ) -> AsyncIterator[Event]:
        """Make the list anew without a model call: a chip was taken away, or the dial was turned."""
        user_id = conversation.user_id
        preference = conversation.preference
        if novelty is not None:
            preference = replace(preference, novelty=novelty)
            if user_id is not None:
                await asyncio.to_thread(self.state.set_novelty, user_id, novelty)
        if remove is not None:
            preference = without_chip(preference, remove)
            if user_id is not None:
                await asyncio.to_thread(self.state.drop_taste, user_id, remove)
        turn = self._begin(replace(conversation, preference=preference), "", store=True, keep=keep)
        async with aclosing(self._run(turn)) as events:  # type: ignore[type-var]
            async for event in events:
                yield event

    def _begin(
        self, conversation: Conversation, message: str, *, store: bool, keep: bool, terms: ClientTerms = NO_TERMS
    ) -> TurnState:
        """A turn with nothing done yet."""
        last = conversation.last_list()
        context = ToolContext(
            self.retriever,
            self.placer,
            UserHistory(),
            conversation.preference,
            is_unread=conversation.unread,
            shown=conversation.last_shown(),
            shown_before=tuple(conversation.all_shown()),
            cards=last.shown if last else (),
            shown_earlier=conversation.shown_before_last(),
            ranked=last.ranked if last else (),
            said="\n".join((*(turn.text for turn in conversation.turns if turn.role is Role.USER), message)),
        )
        return TurnState(
            conversation,
            context,
            message,
            store=store,
            keep=keep,
            deadline=Deadline.after(self.settings.llm.turn_s),
            announced=conversation.told,
            terms=terms,
        )

    async def _run(self, turn: TurnState) -> AsyncIterator[Event]:
        """Run a turn; its last event comes once it is stored."""
        if turn.keep:
            await self._loop.with_state(turn, lambda: self._check_owner(turn.conversation))
        async with aclosing(self._loop.events(turn)) as events:  # type: ignore[type-var]
            async for event in events:
                if isinstance(event, Finished) and not event.reply.calls and self.histories.most:
                    self.histories.keep(event.reply.conversation)
                    if turn.user is not None and not await asyncio.to_thread(self._is_still, turn.user):
                        self.histories.forget(turn.user.user_id)
                if isinstance(event, Finished):
                    for watcher in self.watchers:
                        watcher.on_turn(turn.message, event.reply, self.state.realm)
                yield event

    async def receive(self, conversation: Conversation, message: str) -> None:
        """Keep a message before it is answered, so that it outlives a server that ends meanwhile.

        Where it cannot be kept nothing is said: the turn itself will say so.
        """
        user_id, text = conversation.user_id, UNREADABLE.sub(" ", message)[: self.settings.message_limit]
        if user_id is None or not any(char.isalnum() for char in text):
            return
        try:
            await asyncio.to_thread(self._check_owner, conversation)
            await asyncio.to_thread(
                self.state.open_conversation, user_id, conversation.conversation_id, title=text[:60]
            )
            await self._keeper.keep(conversation.add(Turn(Role.USER, text)))
        except StateError as error:
            logger.warning("a message is not kept before it is answered: %s", error)

    def _is_still(self, user: User) -> bool:
        """Whether a user was not erased meanwhile, as far as can be read."""
        try:
            return self.state.is_still(user)
        except StateError:
            return False

    async def stop(self, conversation: Conversation, half: PartialTurn) -> Conversation:
        """Keep what a turn had brought when its events were closed; closing them is what ends tools and model calls.

        Args:
            conversation: As it was before the turn.
            half: What the events had told.

        Returns:
            The conversation with that half, marked as stopped.
        """
        await asyncio.to_thread(self._check_owner, conversation)
        stopped = half.added_to(conversation)
        if stopped.user_id is not None:
            await asyncio.to_thread(self._keep_half, stopped.user_id, stopped, half)
        await self._keeper.keep(stopped)
        return stopped

    def _keep_half(self, user_id: str, stopped: Conversation, half: PartialTurn) -> None:
        self.state.open_conversation(user_id, stopped.conversation_id, title=half.message[:60])
        keep_shown(self.state, stopped, half.shown())

    async def shown(self, conversation: Conversation) -> dict[int, TurnRecord]:
        """What was shown with the turns of a conversation, by their number; nothing where it was not kept."""
        if conversation.user_id is None:
            return {}
        user_id, conversation_id = conversation.user_id, conversation.conversation_id
        kept = await asyncio.to_thread(self.state.shown_in, user_id, conversation_id)
        loaded = {at: load_record(content) for at, content in kept.items()}
        return {at: shown for at, shown in loaded.items() if shown is not None}

    async def rewind(self, conversation: Conversation, place: int, *, language: str) -> Conversation:
        """A conversation as it was before a message, to have that said or answered anew; see `agent.rewinding`.

        Args:
            conversation: As it is now; it stays stored so until the next turn begins.
            place: Where the message stands among its turns.
            language: Of the replies, where nothing was said before.
        """
        await asyncio.to_thread(self._check_owner, conversation)
        shown = await self.shown(conversation)
        kept = {number: turn.after for number, turn in shown.items() if turn.after is not None}
        return await asyncio.to_thread(rewind, self.state, conversation, place, kept, language=language)

    def _fixed(self, conversation: Conversation, message: str, key: str) -> list[Event]:
        """A turn of one fixed sentence."""
        preference = conversation.preference
        intent = Intent(Act.ANSWER, preference, chips=chips(preference, self.catalog), kind="talk")
        text = say(key, preference.language)
        kept = conversation.add(Turn(Role.USER, message)).add(Turn(Role.ASSISTANT, text))
        return [Understood(intent), TextDelta(text), Finished(Reply(text, kept, intent))]

    # Clicks ------------------------------------------------------------------------------------------------------

    async def feedback(self, conversation: Conversation, item_id: str, kind: FeedbackKind) -> tuple[Conversation, str]:
        """Note a click on a card; the very next turn knows it.

        Returns:
            The conversation as it is now, and the id for `undo` ('' when there is no user to store it for).

        Raises:
            UnknownItemError: The catalog has no such item.
        """
        if item_id not in self.catalog:
            near = [match.title for match in self.catalog.find_title(item_id, limit=3)]
            raise UnknownItemError(item_id, near_titles=near)
        await asyncio.to_thread(self._check_owner, conversation)
        feedback_id = ""
        if conversation.user_id is not None:
            given = await asyncio.to_thread(self._add_feedback, conversation, item_id, kind)
            feedback_id = str(given.feedback_id)
        conversation = replace(conversation, preference=_with_opinion(conversation, item_id, kind))
        await self._keeper.keep(conversation)
        for watcher in self.watchers:
            watcher.on_feedback(kind)
        return conversation, feedback_id

    def _check_owner(self, conversation: Conversation) -> None:
        """Raise before anything is stored where a conversation is not this user's, or the user is unknown."""
        if conversation.user_id is not None:
            self.state.user(conversation.user_id)
        owner = self.state.owner_of(conversation.conversation_id)
        if owner not in (None, conversation.user_id):
            raise UnknownConversationError(conversation.conversation_id)

    def _add_feedback(self, conversation: Conversation, item_id: str, kind: FeedbackKind) -> Feedback:
        """Store a click; the conversation is listed as the user's from now on, so that erasing finds it."""
        user_id, conversation_id = str(conversation.user_id), conversation.conversation_id
        self.state.open_conversation(user_id, conversation_id)
        return self.state.add_feedback(user_id, item_id, kind, conversation_id=conversation_id)

    async def undo(self, conversation: Conversation, feedback_id: str, item_id: str = "") -> Conversation:
        """Take a click back."""
        await asyncio.to_thread(self._check_owner, conversation)
        user_id = conversation.user_id
        if user_id is not None and feedback_id.isdigit():
            given = await asyncio.to_thread(self.state.feedback_of, user_id)
            item_id = next(
                (feedback.item_id for feedback in given if str(feedback.feedback_id) == feedback_id), item_id
            )
            await asyncio.to_thread(self.state.undo_feedback, user_id, int(feedback_id))
        conversation = replace(conversation, preference=_with_opinion(conversation, item_id, None))
        if conversation.turns:  # a click alone, by its id, belongs to no conversation
            await self._keeper.keep(conversation)
        return conversation

    async def desk(self, user_id: str | None, preference: Preference) -> ToolContext:
        """What the tools know of a user and a wish, for what is asked without a turn (`agent.direct`).

        Raises:
            UnknownUserError: There is no such user.
        """
        turn = self._begin(Conversation(user_id=user_id, preference=preference), "", store=True, keep=False)
        await asyncio.to_thread(self._loop.memory.load, turn)
        return turn.context

    async def explain(self, conversation: Conversation, item_id: str, *, language: str) -> Recommendation:
        """An item with all that speaks for it to this user and wish, whether it was on a list or not; stores nothing.

        Raises:
            UnknownItemError: There is no such item.
            UnknownUserError: There is no such user.
        """
        desk = await self.desk(conversation.user_id, replace(conversation.preference, language=language))
        return await asyncio.to_thread(explain_item, desk, item_id)

    async def why_not(self, conversation: Conversation, item_id: str, *, language: str) -> str:
        """Why an item was not on the last list, in words: the ranking run again with it; no model, nothing stored.

        Raises:
            UnknownItemError: There is no such item.
            UnknownUserError: There is no such user.
        """
        item = self.catalog.item(item_id)
        turn = self._begin(conversation, "", store=True, keep=False)
        await asyncio.to_thread(self._loop.memory.load, turn)
        turn.context.ending = Ending(ANSWER, (item_id,), kind="why_not")
        await weigh(turn, timeout_s=self.settings.retrieval.tool_timeout_s)
        return why_not(item, turn.context, language)

    async def tendencies(self, conversation: Conversation) -> tuple[Tendency, ...]:
        """What is believed of the user's taste, group by group, as the next list would rest on it.

        Raises:
            UnknownUserError: There is no such user.
        """
        desk = await self.desk(conversation.user_id, conversation.preference)
        return await asyncio.to_thread(self.retriever.tendencies, desk.preference, desk.history)

    # Other doors -------------------------------------------------------------------------------------------------

    def from_messages(self, messages: Sequence[tuple[Role, str]], *, user_id: str | None) -> Conversation:
        """A conversation of which only the messages are known; what was shown is read off the assistant's lists.

        What was wanted in it is found again where it was answered here before; else it is marked as unread.
        """
        turns = []
        for role, text in ((role, UNREADABLE.sub(" ", text)) for role, text in messages[-MOST_UTTERANCES:]):
            if role is Role.ASSISTANT:
                shown, near = self._ids(shown_titles(text)), self._ids(near_titles(text))
                turns.append(Turn(role, text, shown, near))
            else:
                turns.append(Turn(role, text.strip()[: self.settings.message_limit]))
        conversation = Conversation(user_id=user_id, turns=tuple(turns), asked=any(turn.shown for turn in turns))
        return self.histories.find(conversation)

    def _ids(self, labels: Sequence[str]) -> tuple[str, ...]:
        item_ids = []
        for label in labels:
            title, year = split_year(label)
            matches = self.catalog.titles.exact(label) or self.catalog.titles.exact(title, year=year)
            item_ids += [match.item_id for match in matches[:1]]
        return tuple(item_ids)

    async def erase(self, user_id: str, *, who: str = "") -> None:
        """Forget a user for good: conversations, feedback, tastes, exposures.

        Args:
            user_id: Whom to forget.
            who: Who asks for it, for the audit log.

        Raises:
            UnknownUserError: There is no such user.
        """
        await self._keeper.erase(user_id, who=who)
        self.histories.forget(user_id)

    async def forget(self, user_id: str, conversation_id: str) -> None:
        """Forget one conversation of a user for good; opinions given in it stay.

        Raises:
            UnknownUserError: There is no such user.
            UnknownConversationError: It is not one of this user's.
        """
        await self._keeper.forget(user_id, conversation_id)
        self.histories.forget(user_id)

    async def export(self, user_id: str) -> dict[str, JsonValue]:
        """Everything that is stored about a user, ready for JSON.

        Raises:
            UnknownUserError: There is no such user.
        """
        exported: dict[str, JsonValue] = await asyncio.to_thread(self.state.export_user, user_id)
        turns: dict[str, JsonValue] = {}
        for conversation_id in await asyncio.to_thread(self.state.conversation_ids_of, user_id):
            if (kept := await self.conversations.load(conversation_id)) is not None:
                turns[conversation_id] = dump_conversation(kept)
        return {**exported, "conversation_turns": turns}

    async def ready(self) -> dict[str, str]:
        """Each part and 'ok', or what is wrong with it."""
        graph = await _how(self._try_graph())
        missing = (*self.retriever.notices, *((graph,) if graph != "ok" else ()))
        parts = {"catalog": "ok", "indexes": "; ".join(missing) or "ok"}
        parts["state"] = await _how(asyncio.to_thread(self.state.list_users, 1))
        parts["saving"] = await _how(self._try_saving()) if parts["state"] == "ok" else parts["state"]
        parts["model"] = await self._model_status()
        return parts

    async def _try_graph(self) -> None:
        if self.retriever.graph is not None:
            await asyncio.to_thread(self.retriever.graph.try_asking)

    async def _try_saving(self) -> None:
        for doubted in (self.state.database.doubted, self.conversations.doubted):
            if doubted.is_set():
                doubted.clear()
                self._saved_at = -inf
        if time.monotonic() - self._saved_at > SAVED_S:
            await asyncio.to_thread(self.state.try_writing)
            await self.conversations.try_writing()
            self._saved_at = time.monotonic()

    async def _model_status(self) -> str:
        if self.endpoint is None:
            return "none"
        status = await self.endpoint.look()
        is_away = status == "ok" and self.chooser.is_left_alone
        return "failed in two turns and is left alone for a while" if is_away else status

    async def warm(self) -> None:
        """Load the encoder and run every channel once; the language model is found out about in the background."""
        self.chooser.start()
        await asyncio.to_thread(self.retriever.warm)
        await asyncio.to_thread(self.words.titles.warm)

    async def aclose(self) -> None:
        """End what runs in the background and close what was opened."""
        await self.chooser.aclose()
        await self._keeper.aclose()
        await self.resources.aclose()


async def _how(work: Awaitable[object]) -> str:
    """'ok', or what is wrong with a part."""
    try:
        await asyncio.wait_for(work, STORE_S)
    except StateError as error:
        return error.reason
    except GraphUnavailableError as error:
        return str(error)
    except TimeoutError:
        return f"no answer within {STORE_S:g} s"
    return "ok"


def _with_opinion(conversation: Conversation, item_id: str, kind: FeedbackKind | None) -> Preference:
    """The preference with one opinion set (None: taken back)."""
    preference = conversation.preference

    def without(ids: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(other for other in ids if other != item_id)

    liked, disliked, seen = without(preference.liked), without(preference.disliked), without(preference.seen)
    if kind is FeedbackKind.LIKE:
        liked = (*liked, item_id)
    elif kind is FeedbackKind.DISLIKE:
        disliked = (*disliked, item_id)
    elif kind is FeedbackKind.SEEN:
        seen = (*seen, item_id)
    return replace(preference, liked=liked, disliked=disliked, seen=seen, set_aside=without(preference.set_aside))
