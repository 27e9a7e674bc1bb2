"""The same tools for programs that read OpenAPI, as Open WebUI does: a description of its own, and a path a tool.

Every schema stands whole where it is used: what reads such descriptions seldom follows references well.
"""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, JsonValue, ValidationError
from starlette.exceptions import HTTPException

from retrieval.schema import CatalogSchema
from ui.access.scopes import caller_of
from ui.api.chat_routes import the_agent
from ui.api.error_answer import ErrorAnswer
from ui.api.leaving import while_here
from ui.mcp.calls import Desk
from ui.mcp.server import missing
from ui.mcp.tools import TOOLS, DeskTool
from ui.version import package_version

BASE = "/tools"
USER = "X-OpenWebUI-User-Id"
"""Who is logged in to an Open WebUI that forwards it; a model's word for a user counts less."""
FAILURES = {
    400: "Not a request",
    401: "No key",
    403: "A key without the scope",
    404: "No such item, user or conversation",
    422: "Arguments that do not fit",
    429: "Too many requests",
    503: "Busy, or a part is down",
}
router = APIRouter(prefix=BASE, include_in_schema=False)


@router.get("/openapi.json")
async def describe_tools(request: Request) -> JSONResponse:
    """The description."""
    root = str(request.scope.get("root_path", ""))
    return JSONResponse(described(the_agent(request).catalog.schema, f"{root}{BASE}"))


@router.post("/{name}")
async def call_tool(name: str, body: dict[str, JsonValue], request: Request) -> JSONResponse:
    """Call a tool."""
    tool = TOOLS.get(name)
    if tool is None:
        raise HTTPException(404, f"expected one of {', '.join(TOOLS)}, found another tool.")
    desk = Desk(the_agent(request), caller_of(request), request)
    if not desk.may(tool.scope):
        raise HTTPException(403, missing(tool.scope))
    given = _arguments(tool, body, request.headers.get(USER, ""))
    result: BaseModel = await while_here(request, tool.run(desk, given))
    return JSONResponse(result.model_dump(mode="json", exclude_none=True))


def described(schema: CatalogSchema, url: str) -> dict[str, Any]:
    """The tools as OpenAPI has them.

    Args:
        schema: Of the catalog that they are about.
        url: Where they are.
    """
    return {
        "openapi": "3.1.0",
        "info": {
            "title": f"Reconteur: {schema.nouns_in('en')}",
            "version": package_version(),
            "description": "The tools of the recommender, the same as those of its MCP server.",
        },
        "servers": [{"url": url}],
        "security": [{"key": []}],
        "paths": {f"/{tool.name}": {"post": _operation(tool, schema)} for tool in TOOLS.values()},
        "components": {"securitySchemes": {"key": {"type": "http", "scheme": "bearer"}}},
    }


def _operation(tool: DeskTool, schema: CatalogSchema) -> dict[str, Any]:
    listed = tool.described(schema)
    failed = {"application/json": {"schema": whole(ErrorAnswer.model_json_schema(mode="serialization"))}}
    return {
        "operationId": tool.name,
        "summary": tool.name.capitalize(),
        "description": listed.description,
        "requestBody": {"required": True, "content": {"application/json": {"schema": whole(listed.input_schema)}}},
        "responses": {
            "200": {
                "description": "What was found",
                "content": {"application/json": {"schema": whole(listed.output_schema or {})}},
            },
            **{str(status): {"description": words, "content": failed} for status, words in FAILURES.items()},
        },
    }


def whole(schema: Mapping[str, Any]) -> dict[str, Any]:
    """A JSON Schema with its definitions in place of the references to them; what may be left out need not be null."""
    inlined = _inlined(schema, schema.get("$defs", {}))
    assert isinstance(inlined, dict)  # noqa: S101  a schema of ours is an object
    return inlined


def _inlined(part: Any, known: Mapping[str, Any]) -> Any:
    if isinstance(part, list):
        return [_inlined(element, known) for element in part]
    if not isinstance(part, Mapping):
        return part
    if "$ref" in part:
        beside = {name: value for name, value in part.items() if name != "$ref"}
        return _inlined({**known[part["$ref"].rpartition("/")[2]], **beside}, known)
    rest = {name: _inlined(value, known) for name, value in part.items() if name != "$defs"}
    options = [option for option in rest.get("anyOf", ()) if option != {"type": "null"}]
    if len(options) == 1 and len(rest["anyOf"]) == 2:
        del rest["anyOf"]
        rest = {**options[0], **{name: value for name, value in rest.items() if (name, value) != ("default", None)}}
    return rest


def _arguments(tool: DeskTool, body: Mapping[str, JsonValue], user: str) -> BaseModel:
    """What a tool takes; models write an empty text, or null, for what they leave out.

    Raises:
        RequestValidationError: It does not fit.
    """
    given = {name: value for name, value in body.items() if value not in ("", None)}
    if user and "user" in tool.takes.model_fields:
        given["user"] = user
    try:
        return tool.takes.model_validate(given)
    except ValidationError as error:
        raise RequestValidationError(
            [{**problem, "loc": ("body", *problem["loc"])} for problem in error.errors()]
        ) from None
