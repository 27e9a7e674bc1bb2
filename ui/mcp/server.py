"""The protocol's server: lists, calls and reads for whoever is there; the transports bring who that is."""

import logging
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from mcp import MCPError
from mcp.server import Server
from mcp.server.context import ServerRequestContext
from mcp_types import (
    INTERNAL_ERROR,
    INVALID_PARAMS,
    CallToolRequestParams,
    CallToolResult,
    InputRequiredResult,
    ListResourcesResult,
    ListResourceTemplatesResult,
    ListToolsResult,
    PaginatedRequestParams,
    ReadResourceRequestParams,
    ReadResourceResult,
    TextContent,
)
from pydantic import BaseModel, ValidationError
from starlette.exceptions import HTTPException

from agent.conversation import Role
from retrieval.errors import RecommenderError
from ui.access.caller import Scope
from ui.api.errors import BUG
from ui.api.mistakes import mistakes_of
from ui.logs import place_of
from ui.mcp import questions
from ui.mcp.calls import Desk
from ui.mcp.resources import list_items, list_templates, read_item
from ui.mcp.shapes import RecommendArguments, RecommendResult
from ui.mcp.tools import TOOLS, DeskTool
from ui.version import package_version

logger = logging.getLogger(__name__)
T = TypeVar("T")
FindDesk = Callable[[ServerRequestContext], Awaitable[Desk]]
INSTRUCTIONS = (
    "Recommends items of one catalog in conversation. Call `recommend` with the person's wish in their own words; show "
    "the reasons as they come, they are true. Tell opinions with `feedback`."
)


def make_server(find_desk: FindDesk) -> Server[Any]:
    """The server.

    Args:
        find_desk: The tools for whoever sent a request.
    """

    async def list_tools(context: ServerRequestContext, _: PaginatedRequestParams | None) -> ListToolsResult:
        desk = await find_desk(context)
        return ListToolsResult(tools=[tool.described(desk.agent.catalog.schema) for tool in TOOLS.values()])

    async def call_tool(
        context: ServerRequestContext, params: CallToolRequestParams
    ) -> CallToolResult | InputRequiredResult:
        tool = TOOLS.get(params.name)
        if tool is None:
            raise MCPError(INVALID_PARAMS, f"expected one of {', '.join(TOOLS)}, found another tool.")
        desk = await find_desk(context)
        return await _guarded(tool.name, lambda: _call(tool, desk, context, params))

    async def list_resources(
        context: ServerRequestContext, params: PaginatedRequestParams | None
    ) -> ListResourcesResult:
        desk = await _reader(context)
        return list_items(desk.agent.catalog, params.cursor if params is not None else None)

    async def list_resource_templates(
        context: ServerRequestContext, _: PaginatedRequestParams | None
    ) -> ListResourceTemplatesResult:
        return list_templates((await _reader(context)).agent.catalog)

    async def read_resource(context: ServerRequestContext, params: ReadResourceRequestParams) -> ReadResourceResult:
        return read_item((await _reader(context)).agent.catalog, str(params.uri))

    async def _reader(context: ServerRequestContext) -> Desk:
        desk = await find_desk(context)
        if not desk.may(Scope.ITEMS):
            raise MCPError(INVALID_PARAMS, missing(Scope.ITEMS))
        return desk

    return Server(
        "reconteur",
        version=package_version(),
        instructions=INSTRUCTIONS,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
        on_list_resources=list_resources,
        on_list_resource_templates=list_resource_templates,
        on_read_resource=read_resource,
    )


async def _call(
    tool: DeskTool, desk: Desk, context: ServerRequestContext, params: CallToolRequestParams
) -> CallToolResult | InputRequiredResult:
    if not desk.may(tool.scope):
        return _refused(missing(tool.scope))
    given = tool.takes.model_validate(params.arguments or {})
    if not isinstance(given, RecommendArguments):
        return _done(await tool.run(desk, given))
    said = questions.answered(params)
    result = await desk.recommend(given, tuple((Role(role), text) for role, text in said))
    asks = result.status == "input_required" and questions.can_ask(context) and questions.may_ask(said, params)
    return questions.ask(result, said) if asks else _done(result)


def _done(result: BaseModel) -> CallToolResult:
    """A result in fields, and in words for clients that show nothing else."""
    fields = result.model_dump(mode="json", exclude_none=True)
    text = result.text if isinstance(result, RecommendResult) else result.model_dump_json(exclude_none=True)
    return CallToolResult(content=[TextContent(type="text", text=text)], structured_content=fields)


def _refused(reason: str) -> CallToolResult:
    return CallToolResult(content=[TextContent(type="text", text=reason)], is_error=True)


def missing(scope: Scope) -> str:
    """What a key lacks."""
    return f"expected a key with the scope {scope}, found one without. Make one with: reconteur keys add"


async def _guarded(name: str, call: Callable[[], Awaitable[T]]) -> T | CallToolResult:
    """What a call brings; an error that the caller can mend as a result, a bug without its words."""
    try:
        return await call()
    except ValidationError as error:
        return _refused(" ".join(map(str, mistakes_of(error.errors(), whole="arguments"))))
    except RecommenderError as error:
        return _refused(error.public)
    except HTTPException as error:
        return _refused(str(error.detail))
    except MCPError:
        raise
    except Exception as error:
        logger.error("bug in tool %s: %s", name, place_of(error))
        raise MCPError(INTERNAL_ERROR, BUG) from None
