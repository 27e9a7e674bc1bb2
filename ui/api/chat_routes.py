"""The OpenAI-compatible routes: chat completions, streamed or not, and the list of models."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse
from pydantic import JsonValue

from agent.conversation import Conversation
from agent.events import Event
from retrieval.errors import RecommenderError
from ui.access.scopes import user_of
from ui.api.completion import Chunk, Completion, plain
from ui.api.errors import BadFieldError, describe
from ui.api.middleware import log_bug
from ui.api.wire import MODEL, ChatRequest, Message

if TYPE_CHECKING:
    from agent.agent import Agent

logger = logging.getLogger(__name__)
router = APIRouter()
_CARD: dict[str, JsonValue] = {"id": MODEL, "object": "model", "created": 0, "owned_by": MODEL}


def the_agent(request: Request) -> "Agent":
    """The agent as the caller's tenant sees it: there is no other way to it."""
    agent: Agent = request.state.agent
    return agent


@router.get("/v1/models", response_model=None)
async def list_models() -> dict[str, JsonValue]:
    """The one model there is."""
    return {"object": "list", "data": [_CARD]}


@router.get("/v1/models/{model}", response_model=None)
async def get_model(model: str) -> dict[str, JsonValue]:
    """The model, under whatever name it is asked for."""
    return {**_CARD, "id": model}


@router.post("/v1/chat/completions", response_model=None)
async def complete(body: ChatRequest, request: Request) -> Response:
    """Answer the last message of a conversation."""
    agent, user = the_agent(request), user_of(request, body.user)
    conversation, message = await start(agent, body.messages, user)
    events = agent.stream(conversation, message, store=user is not None, keep=False)
    completion = Completion(conversation)
    if not body.stream:
        return JSONResponse(await completion.whole(events))
    # an error before the first event still gets a status of its own
    begun = await _begin(events)
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


async def ensure_user(agent: "Agent", user: str) -> None:
    """Make the user of an id that the client brings, unless there is one."""
    try:
        await asyncio.to_thread(agent.state.ensure_user, user)
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
