"""The OpenAI-compatible routes: chat completions, streamed or not, and the list of models."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse

from agent.conversation import Conversation, Role
from agent.events import Event
from retrieval.errors import RecommenderError, StateError, UnknownConversationError
from retrieval.state import User
from ui.access.scopes import user_of
from ui.api import paths  # noqa: F401  the kinds of paths that routes are written with
from ui.api.answers import COMPLETION, NOT_FOUND, ModelCard, ModelList
from ui.api.asking import Choice, check_model, read_terms, schema_of
from ui.api.background import answer_to
from ui.api.completion import Completion
from ui.api.errors import BadFieldError, describe
from ui.api.leaving import while_here
from ui.api.middleware import log_bug
from ui.api.outcome import Render, one_reply, rendering, saying
from ui.api.talk import MODEL, ChatRequest, Message, NamedTool, split
from ui.api.writing import Chunk, Writing, plain
from ui.forms.reading import as_list
from ui.limits.quotas import hold_turn

if TYPE_CHECKING:
    from agent.agent import Agent

logger = logging.getLogger(__name__)
router = APIRouter()
SCHEMA = "response_format.json_schema.schema"
SSE_HEADERS = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}


def the_agent(request: Request) -> "Agent":
    """The agent as the caller's tenant sees it: there is no other way to it."""
    agent: Agent = request.state.agent
    return agent


@router.get("/v1/models")
async def list_models() -> ModelList:
    """The one model there is."""
    return ModelList(data=[ModelCard(id=MODEL, owned_by=MODEL)])


@router.get("/v1/models/{model:rest}", responses=NOT_FOUND)
async def get_model(model: str) -> ModelCard:
    """The model."""
    check_model(model)
    return ModelCard(id=model, owned_by=MODEL)


@router.post("/v1/chat/completions", response_model=None, responses=COMPLETION, dependencies=[Depends(hold_turn)])
async def complete(body: ChatRequest, request: Request) -> Response:
    """Answer the last message of a conversation."""
    agent, user = the_agent(request), user_of(request, body.user)
    schema = schema_of(body.response_format, param=SCHEMA)
    preparing = prepare(
        agent,
        body.messages,
        user,
        _choice(body),
        schema,
        model=body.model,
        param=SCHEMA,
        conversation_id=body.conversation_id or "",
        k=body.k,
    )
    turn = await while_here(request, preparing)
    completion = Completion(turn.conversation, turn.render, turn.writing)
    if not body.stream:
        return JSONResponse(await while_here(request, completion.whole(turn.events)))
    # an error before the first event still gets a status of its own
    events = await while_here(request, begun(turn.events))
    chunks = completion.chunks(events, with_usage=body.wants_usage)
    return StreamingResponse(_server_sent(chunks), media_type="text/event-stream", headers=SSE_HEADERS)


@dataclass(frozen=True, slots=True)
class Turn:
    """A turn that is about to begin, and how its answer is put."""

    conversation: Conversation
    events: AsyncIterator[Event]
    render: Render
    writing: Writing = field(default_factory=Writing)


async def prepare(
    agent: "Agent",
    messages: list[Message],
    user: str | None,
    choice: Choice,
    schema: Mapping[str, Any] | None,
    *,
    model: str,
    param: str,
    conversation_id: str = "",
    k: int | None = None,
) -> Turn:
    """The turn that answers a request's messages.

    Args:
        agent: Who answers, as the caller's tenant sees it.
        messages: The conversation.
        user: Whose taste is used and kept.
        choice: The client's own functions.
        schema: What the text has to be; None for words.
        model: Which model is asked for.
        param: Where the schema stands, for errors.
        conversation_id: Of the user's stored conversation that the last message belongs to; '' where the messages
            are all there is.
        k: How many items a list has; as many as before where it is None.

    Raises:
        RecommenderError: The request cannot be answered as it asks to be.
    """
    check_model(model)
    if (fixed := answer_to(split(messages)[1].text, agent.catalog)) is not None:
        nobodys = Conversation()
        return Turn(nobodys, one_reply(nobodys, fixed), saying(fixed))
    asked = await read_terms(agent, messages, choice, schema, param=param)
    conversation, message = await start(agent, messages, user, conversation_id)
    if k is not None:
        conversation = replace(conversation, preference=replace(conversation.preference, count=k))
    stores = conversation.user_id is not None
    events = agent.stream(
        conversation,
        message,
        store=stores,
        keep=stores and bool(conversation_id),
        terms=asked.terms,
        is_lost=user is not None and not stores,
    )
    return Turn(conversation, events, rendering(asked), Writing(has_more=asked.has_more, ignored=asked.ignored))


def _choice(body: ChatRequest) -> Choice:
    functions = [tool.function for tool in body.tools or ()]
    if isinstance(body.tool_choice, NamedTool):
        return Choice(functions, "named", body.tool_choice.function.name)
    return Choice(functions, body.tool_choice or "auto")


async def start(
    agent: "Agent", messages: list[Message], user: str | None, conversation_id: str = ""
) -> tuple[Conversation, str]:
    """The conversation so far and the message to answer; a user who is new here is made.

    Raises:
        BadFieldError: `user` cannot be an id, or a stored conversation is named without one.
    """
    if conversation_id and user is None:
        raise BadFieldError("expected the user whose conversation it is, found none. Send `user`.", param="user")
    if user is not None and not await can_be_known(agent, user):
        user, conversation_id = None, ""
    if conversation_id and user is not None:
        return await conversation_of(agent, user, conversation_id), messages[-1].text
    earlier, message = split(messages)[:2] if messages else ([], None)
    before = [(role, text) for earlier_message in earlier for role, text in _said(earlier_message, agent)]
    conversation = await asyncio.to_thread(agent.from_messages, before, user_id=user)
    return conversation, message.text if message is not None else ""


async def conversation_of(agent: "Agent", user_id: str, conversation_id: str) -> Conversation:
    """A user's conversation by its id, a new one where it is not known; nobody reaches somebody else's."""
    if not conversation_id:
        return Conversation(user_id=user_id)
    stored = await agent.conversations.load(conversation_id)
    if stored is not None and stored.user_id != user_id:
        raise UnknownConversationError(conversation_id)
    return stored or Conversation(conversation_id=conversation_id, user_id=user_id)


def _said(message: Message, agent: "Agent") -> Iterator[tuple[Role, str]]:
    """A message as it was shown; a form that was filled here becomes the list that it names."""
    if message.role == "assistant":
        filled = [message.text, *(call.function.arguments for call in message.tool_calls or ())]
        listed = next(filter(None, (as_list(text, agent.catalog) for text in filled)), "")
        if listed:
            yield Role.ASSISTANT, listed
            return
    if message.speaker is not None:
        yield message.speaker, message.text


async def ensure_user(agent: "Agent", user: str) -> User:
    """Make the user of an id that the client brings, unless there is one."""
    try:
        return await asyncio.to_thread(agent.state.ensure_user, user)
    except ValueError as error:
        raise BadFieldError(str(error), param="user") from error


async def can_be_known(agent: "Agent", user: str) -> bool:
    """Make the user of an id that the client brings; False where nothing can be stored: they get cards all the same."""
    try:
        await ensure_user(agent, user)
    except StateError as error:
        logger.warning("somebody new is answered as nobody: %s", error)
        return False
    return True


async def begun(events: AsyncIterator[Event]) -> AsyncIterator[Event]:
    """The same events, the first one already there."""
    first = await anext(events)

    async def rest() -> AsyncIterator[Event]:
        yield first
        async for event in events:
            yield event

    return rest()


async def _server_sent(chunks: AsyncIterator[Chunk]) -> AsyncIterator[str]:
    """Server-sent events, closed by [DONE]; an error becomes the last event before it."""
    try:
        async with aclosing(chunks) as open_chunks:  # type: ignore[type-var]
            async for chunk in open_chunks:
                yield _sse(chunk)
    except RecommenderError as error:
        logger.warning("stream ended by %s", type(error).__name__)
        yield _sse(plain(describe(error)[1]))
    except Exception as error:
        log_bug(error, where="a stream")
        yield _sse(plain(describe(error)[1]))
    yield "data: [DONE]\n\n"


def _sse(chunk: Chunk) -> str:
    return f"data: {json.dumps(chunk, ensure_ascii=False, separators=(',', ':'))}\n\n"
