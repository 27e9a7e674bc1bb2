"""A question to the person in mid-call: asked over the client where that can be done, carried in the call's state."""

import json
from typing import Literal

from mcp import MCPError
from mcp.server.context import ServerRequestContext
from mcp_types import (
    INVALID_PARAMS,
    CallToolRequestParams,
    ElicitRequest,
    ElicitRequestFormParams,
    ElicitResult,
    InputRequiredResult,
)
from mcp_types.version import is_version_at_least
from pydantic import TypeAdapter, ValidationError

from agent.conversation import Role
from ui.mcp.shapes import RecommendResult

SINCE = "2026-07-28"
"""The version of the protocol from which on a call can end in a question."""
ANSWER = "answer"
MOST_QUESTIONS = 3
LONGEST_STATE = 20_000

Said = tuple[Literal["user", "assistant"], str]
_STATE: TypeAdapter[list[Said]] = TypeAdapter(list[Said])


def can_ask(context: ServerRequestContext) -> bool:
    """Whether the client can put a question to the person."""
    capabilities = context.session.client_capabilities
    return (
        is_version_at_least(context.protocol_version, SINCE)
        and capabilities is not None
        and capabilities.elicitation is not None
    )


def answered(params: CallToolRequestParams) -> list[Said]:
    """What was asked and answered since the call was made first; the client holds it, so it is nobody's secret.

    Raises:
        MCPError: The state is none that was given out here.
    """
    if params.request_state is None:
        return []
    try:
        if len(params.request_state) > LONGEST_STATE:
            raise ValueError("too long")
        said = _STATE.validate_json(params.request_state)
    except (ValidationError, ValueError):
        raise MCPError(INVALID_PARAMS, "expected the request_state that was sent, found another one.") from None
    reply = (params.input_responses or {}).get(ANSWER)
    if isinstance(reply, ElicitResult) and reply.action == "accept" and (words := (reply.content or {}).get(ANSWER)):
        return [*said, ("user", str(words)[:LONGEST_STATE])]
    return []  # declined: the wish stands alone


def may_ask(said: list[Said], params: CallToolRequestParams) -> bool:
    """Whether another question is bearable."""
    declined = params.request_state is not None and not said
    return not declined and len(said) < 2 * MOST_QUESTIONS


def ask(result: RecommendResult, said: list[Said]) -> InputRequiredResult:
    """The question of a turn, as the protocol asks it."""
    question = result.question or result.text
    choices = result.choices or []
    described = {"type": "string", "title": question[:200], "description": " / ".join(choices)}
    schema = {"type": "object", "properties": {ANSWER: described}, "required": [ANSWER]}
    asked = ElicitRequest(params=ElicitRequestFormParams(message=question, requested_schema=schema))
    state = json.dumps([*said, (Role.ASSISTANT.value, result.text)], ensure_ascii=False)
    return InputRequiredResult(input_requests={ANSWER: asked}, request_state=state)
