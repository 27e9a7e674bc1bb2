"""The route that makes tokens: a client's server asks with its key, its web page then speaks for one user."""

import asyncio

from fastapi import APIRouter, Request

from ui.access.access import Access
from ui.access.scopes import caller_of
from ui.api.chat_routes import ensure_user, the_agent
from ui.api.wire import TokenAnswer, TokenRequest

router = APIRouter(prefix="/api")


@router.post("/tokens", status_code=201)
async def make_token(body: TokenRequest, request: Request) -> TokenAnswer:
    """A short-lived token for one user, good for what the key is good for."""
    access: Access = request.state.access
    user = await ensure_user(the_agent(request), body.user)
    token, expires_at = await asyncio.to_thread(access.make_token, caller_of(request), user, seconds=body.seconds)
    return TokenAnswer(token=token, user=body.user, expires_at=expires_at)
