"""The OpenAI-compatible routes: chat completions, streamed or not, and the list of models."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse

from agent.conversation import Conversation
from agent.events import Event
from retrieval.errors import RecommenderError
from retrieval.state import User
from ui.access.scopes import user_of
from ui.api import paths  # noqa: F401  the kinds of paths that routes are written with
from ui.api.answers import COMPLETION, ModelCard, ModelList
from ui.api.completion import Chunk, Completion, plain
from ui.api.errors import BadFieldError, describe
from ui.api.leaving import while_here
from ui.api.middleware import log_bug
from ui.api.wire import MODEL, ChatRequest, Message
from ui.limits.quotas import hold_turn

if TYPE_CHECKING:
    from agent.agent import Agent

logger = logging.getLogger(__name__)
router = APIRouter()


def the_agent(request: Request) -> "Agent":
    """The agent as the caller's tenant sees it: there is no other way to it."""
    agent: Agent = request.state.agent
    return agent


@router.get("/v1/models")
async def list_models() -> ModelList:
    """The one model there is."""
    return ModelList(data=[ModelCard(id=MODEL, owned_by=MODEL)])


@router.get("/v1/models/{model:rest}")
async def get_model(model: str) -> ModelCard:
    """The model, under whatever name it is asked for."""
    return ModelCard(id=model, owned_by=MODEL)


@router.post("/v1/chat/completions", response_model=None, responses=COMPLETION, dependencies=[Depends(hold_turn)])
async def complete(body: ChatRequest, request: Request) -> Response:
    """Answer the last message of a conversation."""
    agent, user = the_agent(request), user_of(request, body.user)
    conversation, message = await while_here(request, start(agent, body.messages, user))
    events = agent.stream(conversation, message, store=user is not None, keep=False)
    completion = Completion(conversation)
    if not body.stream:
        return JSONResponse(await while_here(request, completion.whole(events)))
    # an error before the first event still gets a status of its own
    begun = await while_here(request, _begin(events))
    chunks = completion.chunks(begun, with_usage=body.wants_usage)
    headers = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
    return StreamingResponse(_server_sent(chunks), media_type="text/event-stream", headers=headers)


async def start(agent: "Agent", messages: Sequence[Message], user: str | None) -> tuple[Conversation, str]:
    """The conversation so far and the message to answer; a user who is new here is made.

    Raises:
        BadFieldError: `user` cannot be an id.
    """
    if user is not None:
        await ensure_user(agent, user)
    before = [(one.speaker, one.text) for one in messages[:-1] if one.speaker is not None]
    conversation = await asyncio.to_thread(agent.from_messages, before, user_id=user)
    return conversation, messages[-1].text if messages else ""


async def ensure_user(agent: "Agent", user: str) -> User:
    """Make the user of an id that the client brings, unless there is one."""
    try:
        return await asyncio.to_thread(agent.state.ensure_user, user)
    except ValueError as error:
        raise BadFieldError(str(error), param="user") from error


async def _begin(events: AsyncIterator[Event]) -> AsyncIterator[Event]:
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
