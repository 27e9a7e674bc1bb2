"""The route of the Responses API."""

import json
import logging
from collections.abc import AsyncIterator
from contextlib import aclosing

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse

from agent.events import Event
from retrieval.errors import RecommenderError
from ui.access.scopes import user_of
from ui.api.answers import RESPONSE
from ui.api.asking import schema_of
from ui.api.chat_routes import SSE_HEADERS, begun, prepare, the_agent
from ui.api.errors import describe
from ui.api.leaving import while_here
from ui.api.middleware import log_bug
from ui.api.writing import Chunk
from ui.limits.quotas import hold_turn
from ui.responses.answer import ResponseAnswer
from ui.responses.wire import ResponsesRequest

logger = logging.getLogger(__name__)
router = APIRouter()


@router.post("/v1/responses", response_model=None, responses=RESPONSE, dependencies=[Depends(hold_turn)])
async def respond(body: ResponsesRequest, request: Request) -> Response:
    """Answer the last item of a conversation."""
    agent, user = the_agent(request), user_of(request, body.user)
    schema = schema_of(body.response_format(), param="text.format.schema")
    preparing = prepare(
        agent, body.messages(), user, body.choice(), schema, model=body.model, param="text.format.schema"
    )
    turn = await while_here(request, preparing)
    answer = ResponseAnswer(turn.conversation, turn.render, turn.writing)
    if not body.stream:
        return JSONResponse(await while_here(request, answer.whole(turn.events)))
    events = await while_here(request, begun(turn.events))
    return StreamingResponse(_server_sent(answer, events), media_type="text/event-stream", headers=SSE_HEADERS)


async def _server_sent(answer: ResponseAnswer, events: AsyncIterator[Event]) -> AsyncIterator[str]:
    """Server-sent events; an error becomes the last one."""
    try:
        async with aclosing(answer.events(events)) as pieces:  # type: ignore[type-var]
            async for piece in pieces:
                yield _sse(piece)
    except RecommenderError as error:
        logger.warning("stream ended by %s", type(error).__name__)
        yield _sse(answer.failed(describe(error)[1]))
    except Exception as error:
        log_bug(error, where="a stream")
        yield _sse(answer.failed(describe(error)[1]))


def _sse(piece: Chunk) -> str:
    return f"event: {piece['type']}\ndata: {json.dumps(piece, ensure_ascii=False, separators=(',', ':'))}\n\n"
