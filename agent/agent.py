"""The agent: what every surface talks to. Holds no conversation; streaming events is its only primitive."""

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from typing import cast

import httpx
from numpy.random import Generator
from pydantic import JsonValue

from agent import replies
from agent.chips import chips, without_chip
from agent.conversation import Conversation, Question, Role, Turn, dump_conversation
from agent.conversations import ConversationStore, thread
from agent.events import Event, Finished, TextDelta
from agent.events import Understood as UnderstoodEvent
from agent.intent import Act, Intent
from agent.language import language_of
from agent.linking import ORDINALS, split_year
from agent.loop import Loop, Memory, TurnState
from agent.memory import StoredMemory, keep_shown, meanings
from agent.plan import TITLES, recommending_plan
from agent.recommendation import Reply
from agent.settings import Settings
from agent.shown import Shown, load_shown
from agent.stopping import Half
from agent.transcript import near_titles, shown_titles
from agent.understand import Understanding, Understood
from agent.wanting import add_tastes
from agent.working import Working
from agent.writer import Writer
from retrieval.errors import ModelUnavailableError, UnknownConversationError, UnknownItemError
from retrieval.items import Catalog
from retrieval.preference import Preference
from retrieval.retriever import Retriever
from retrieval.state import Feedback, FeedbackKind, StateStore
from retrieval.titles import normalize_title

logger = logging.getLogger(__name__)

UNREADABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]+")
"""Control characters and lone surrogates: no JSON body and no database takes all of them."""


@dataclass
class Agent:
    """Answers messages about one catalog. Made by `agent.build.build_agent`."""

    retriever: Retriever
    state: StateStore
    conversations: ConversationStore
    settings: Settings
    understanding: Understanding
    make_writer: Callable[[], Writer | None]
    make_rng: Callable[[], Generator]
    resources: AsyncExitStack = field(default_factory=AsyncExitStack)
    """What to close in the end."""

    def __post_init__(self) -> None:
        """Compile the graph twice: with the checkpointer for stored conversations, without it for the others."""
        memory = StoredMemory(self.state, self.retriever)
        loop = Loop(
            retriever=self.retriever,
            understanding=self.understanding,
            memory=Memory(memory.load, memory.note, memory.expose, memory.keep),
            make_writer=self.make_writer,
            make_rng=self.make_rng,
            tool_timeout_s=self.settings.retrieval.tool_timeout_s,
            timeouts={TITLES: self.settings.llm.titles_timeout_s},
        )
        graph = loop.graph()
        self._stored = graph.compile(checkpointer=self.conversations.saver)
        self._passing = graph.compile()
        self.conversations.graph = self._stored

    @property
    def catalog(self) -> Catalog:
        """The items."""
        return self.retriever.catalog

    # Turns -------------------------------------------------------------------------------------------------------

    async def stream(
        self, conversation: Conversation, message: str, *, store: bool = True, keep: bool = True
    ) -> AsyncIterator[Event]:
        """Answer a message.

        Args:
            conversation: What was said before.
            message: What the user says now.
            store: Whether feedback, tastes and exposures are written to the user's state.
            keep: Whether the conversation goes to the checkpointer; False for clients that send it along themselves.

        Yields:
            Events; the last one is `Finished`, with the conversation as it is now.
        """
        text = UNREADABLE.sub(" ", message).strip()
        if not re.search(r"\w", text):
            for event in self._fixed(conversation, text, "empty"):
                yield event
            return
        limit = self.settings.message_limit
        notices: tuple[str, ...] = ()
        if len(text) > limit:
            notices = (replies.say("long", language_of(text[:limit], conversation.preference.language), limit=limit),)
        text = text[:limit]
        if conversation.question:
            text = resolve_question(conversation.question, text, self.catalog) or text
        conversation = replace(conversation, question=None)
        work = Working(conversation, message=text, store=store, keep=keep and store, notices=notices)
        async for event in self._run(work):
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
        tastes = meanings(await asyncio.to_thread(self.state.tastes_of, user_id)) if user_id is not None else ()
        wanted = add_tastes(preference, tastes)
        intent = Intent(
            Act.REFINE, wanted, plan=recommending_plan(wanted), chips=chips(wanted, self.catalog), source="click"
        )
        conversation = replace(conversation, preference=preference)
        work = Working(conversation, understood=Understood(intent, preference), keep=keep)
        async for event in self._run(work):
            yield event

    async def _run(self, work: Working) -> AsyncIterator[Event]:
        """Run the graph; what it emits are the events, the last one once the turn is stored."""
        if work.keep:
            await asyncio.to_thread(self._check_owner, work.conversation)
        graph = self._stored if work.keep else self._passing
        state: TurnState = {"working": work, "conversation": dump_conversation(work.conversation)}
        config = thread(work.conversation.conversation_id)
        finished: Finished | None = None
        async for event in graph.astream(state, config, stream_mode="custom", durability="sync" if work.keep else None):
            if isinstance(event, Finished):
                finished = event
            else:
                yield cast(Event, event)
        # Held back until the checkpointer has the turn: what was acknowledged survives a kill.
        if finished is not None:
            yield finished

    async def stop(self, conversation: Conversation, half: Half) -> Conversation:
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
        await self.conversations.save(stopped)
        return stopped

    def _keep_half(self, user_id: str, stopped: Conversation, half: Half) -> None:
        self.state.open_conversation(user_id, stopped.conversation_id, title=half.message[:60])
        keep_shown(self.state, stopped, half.shown())

    async def shown(self, conversation: Conversation) -> dict[int, Shown]:
        """What was shown with the turns of a conversation, by their index; nothing where it was not kept."""
        if conversation.user_id is None:
            return {}
        user_id, conversation_id = conversation.user_id, conversation.conversation_id
        kept = await asyncio.to_thread(self.state.shown_in, user_id, conversation_id)
        found = {at: load_shown(content) for at, content in kept.items()}
        return {at: one for at, one in found.items() if one is not None}

    def _fixed(self, conversation: Conversation, message: str, key: str) -> list[Event]:
        """A turn of one fixed sentence."""
        preference = conversation.preference
        intent = Intent(Act.CHAT, preference, chips=chips(preference, self.catalog))
        text = replies.say(key, preference.language)
        kept = conversation.add(Turn(Role.USER, message)).add(Turn(Role.ASSISTANT, text))
        return [UnderstoodEvent(intent), TextDelta(text), Finished(Reply(text, kept, intent))]

    # Clicks ------------------------------------------------------------------------------------------------------

    async def feedback(self, conversation: Conversation, item_id: str, kind: FeedbackKind) -> tuple[Conversation, str]:
        """Note a click on a card; the very next turn knows it.

        Returns:
            The conversation as it is now, and the id for `undo` ('' when there is no user to store it for).

        Raises:
            UnknownItemError: The catalog has no such item.
        """
        if item_id not in self.catalog:
            near = [one.title for one in self.catalog.find_title(item_id, limit=3)]
            raise UnknownItemError(item_id, near_titles=near)
        await asyncio.to_thread(self._check_owner, conversation)
        feedback_id = ""
        if conversation.user_id is not None:
            given = await asyncio.to_thread(self._add_feedback, conversation, item_id, kind)
            feedback_id = str(given.feedback_id)
        conversation = replace(conversation, preference=_with_opinion(conversation, item_id, kind))
        await self.conversations.save(conversation)
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
            item_id = next((one.item_id for one in given if str(one.feedback_id) == feedback_id), item_id)
            await asyncio.to_thread(self.state.undo_feedback, user_id, int(feedback_id))
        conversation = replace(conversation, preference=_with_opinion(conversation, item_id, None))
        await self.conversations.save(conversation)
        return conversation

    # Other doors -------------------------------------------------------------------------------------------------

    def from_messages(self, messages: Sequence[tuple[Role, str]], *, user_id: str | None) -> Conversation:
        """A conversation of which only the messages are known; what was shown is read off the assistant's lists."""
        turns = []
        for role, text in ((role, UNREADABLE.sub(" ", text)) for role, text in messages):
            if role is Role.ASSISTANT:
                shown, near = self._ids(shown_titles(text)), self._ids(near_titles(text))
                turns.append(Turn(role, text, shown, near))
            else:
                turns.append(Turn(role, text[: self.settings.message_limit]))
        conversation = Conversation(user_id=user_id, turns=tuple(turns), asked=any(turn.shown for turn in turns))
        return replace(conversation, preference=self.understanding.replay(conversation))

    def _ids(self, labels: Sequence[str]) -> tuple[str, ...]:
        found = []
        for label in labels:
            title, year = split_year(label)
            matches = self.catalog.titles.exact(label) or self.catalog.titles.exact(title, year=year)
            found += [one.item_id for one in matches[:1]]
        return tuple(found)

    async def erase(self, user_id: str) -> None:
        """Forget a user for good: conversations, feedback, tastes, exposures.

        Raises:
            UnknownUserError: There is no such user.
        """
        await asyncio.to_thread(self.state.user, user_id)
        for conversation_id in await asyncio.to_thread(self.state.conversation_ids_of, user_id):
            await self.conversations.delete(conversation_id)
        await asyncio.to_thread(self.state.erase_user, user_id)
        await self.conversations.compact()

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
        parts = {"catalog": "ok", "indexes": "; ".join(self.retriever.notices) or "ok"}
        try:
            await asyncio.to_thread(self.state.list_users, 1)
            parts["state"] = "ok"
        except Exception as error:
            parts["state"] = type(error).__name__
        parts["model"] = await self._model_status()
        return parts

    async def _model_status(self) -> str:
        url = self.settings.llm.url
        if not url:
            return "none"
        try:
            async with httpx.AsyncClient(timeout=3.0) as client:
                headers = {"Authorization": f"Bearer {self.settings.llm.api_key.get_secret_value()}"}
                answer = await client.get(f"{url.rstrip('/')}/models", headers=headers)
        except httpx.HTTPError as error:
            return f"unreachable ({type(error).__name__})"
        return "ok" if answer.is_success else f"answers {answer.status_code}"

    async def warm(self) -> None:
        """Load the encoder, run every channel once, let the model server read the prompts' prefixes."""
        await asyncio.to_thread(self.retriever.warm)
        intent = Intent(Act.CHAT, Conversation().preference)
        writer = self.make_writer()
        try:
            if self.understanding.model is not None:
                await self.understanding.model.read(Conversation(), "hello")
            if writer is not None:
                async for _ in replace(writer, max_tokens=1).recommend("hello", intent, ()):
                    pass
        except ModelUnavailableError as error:
            logger.warning("warming failed: %s", error)

    async def aclose(self) -> None:
        """Close what was opened."""
        await self.resources.aclose()


def resolve_question(question: Question, answer: str, catalog: Catalog) -> str:
    """The message that waited, with the meant item spelled out; '' when the answer does not say which."""
    chosen = _chosen(question, answer, catalog)
    if not chosen:
        return ""
    label = catalog.item(chosen).label
    if question.text in question.message:
        return question.message.replace(question.text, label, 1)
    return f"{question.message} ({label})"


def _chosen(question: Question, answer: str, catalog: Catalog) -> str:
    """The option that an answer names by year, by position or by anything ('either')."""
    years = [int(year) for year in re.findall(r"(?:18|19|20)\d{2}", answer)]
    for item_id in question.options:
        if catalog.item(item_id).year in years:
            return item_id
    if len(answer.split()) > 8:
        return ""
    lowered = answer.casefold()
    for words, position in ((r"newer|later|recent|新", -1), (r"older|earlier|original|老|旧", 0)):
        if re.search(words, lowered):
            return sorted(question.options, key=lambda one: catalog.item(one).year or 0)[position]
    for word, position in ORDINALS.items():
        pattern = rf"\b{word}\b" if word.isascii() else rf"第{word}"
        if position <= len(question.options) and re.search(pattern, lowered):
            return question.options[position - 1]
    if re.search(r"\b(?:either|any|whatever|both|don't care|doesn't matter|all)\b|都行|随便|都可以", lowered):
        return question.options[0]
    if normalize_title(answer) == normalize_title(question.text):
        return question.options[0]
    return ""


def _with_opinion(conversation: Conversation, item_id: str, kind: FeedbackKind | None) -> Preference:
    """The preference with one opinion set (None: taken back)."""
    preference = conversation.preference

    def without(ids: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(one for one in ids if one != item_id)

    liked, disliked, seen = without(preference.liked), without(preference.disliked), without(preference.seen)
    if kind is FeedbackKind.LIKE:
        liked = (*liked, item_id)
    elif kind is FeedbackKind.DISLIKE:
        disliked = (*disliked, item_id)
    elif kind is FeedbackKind.SEEN:
        seen = (*seen, item_id)
    return replace(preference, liked=liked, disliked=disliked, seen=seen, set_aside=without(preference.set_aside))
