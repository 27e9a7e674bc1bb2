"""The body of POST /v1/responses, and the messages and functions that it means."""

from typing import Annotated, Literal

from pydantic import Field, JsonValue, StrictBool, field_validator, model_validator

from ui.api.asking import Choice
from ui.api.talk import (
    LONGEST_MESSAGE,
    MODEL,
    MOST_MESSAGES,
    MOST_TOOLS,
    Function,
    FunctionCall,
    JsonSchemaFormat,
    Message,
    Part,
    ResponseFormat,
    Talk,
    ToolCall,
    ToolName,
    check_messages,
)
from ui.api.values import Request, Several, Text

STATELESS = "expected the whole conversation in `input`: this server keeps no responses. Send it, and leave this out."
Content = Annotated[Text, Field(max_length=LONGEST_MESSAGE)] | Annotated[Several[Part], Field(max_length=100)]


class Item(Request):
    """A message, a call of a function of the client's, or what one answered; what a model thought is not read."""

    type: Literal["message", "function_call", "function_call_output", "reasoning"] = "message"
    role: Literal["user", "assistant", "system", "developer"] = "user"
    content: Content | None = None
    call_id: Annotated[Text, Field(max_length=200)] = ""
    name: ToolName | None = None
    arguments: Annotated[Text, Field(max_length=LONGEST_MESSAGE)] = "{}"
    output: Content | None = None

    @model_validator(mode="after")
    def _is_whole(self) -> "Item":
        if self.type == "function_call" and not (self.name and self.call_id):
            raise ValueError("expected `name` and `call_id` of a function_call, found none.")
        return self

    def message(self) -> Message | None:
        """As a chat's message; None for what is not read."""
        if self.type == "message":
            return Message(role=self.role, content=self.content)
        if self.type == "function_call_output":
            return Message(role="tool", content=self.output, tool_call_id=self.call_id)
        if self.type == "function_call" and self.name:
            call = ToolCall(id=self.call_id, function=FunctionCall(name=self.name, arguments=self.arguments))
            return Message(role="assistant", tool_calls=[call])
        return None


class FunctionTool(Function):
    """A function that the client carries out when it is called."""

    type: Literal["function"]


class NamedFunctionTool(Request):
    """The one function that must be called."""

    type: Literal["function"]
    name: ToolName


class TextFormat(Request):
    """What the text is: words, JSON, or JSON of a schema."""

    type: Literal["text", "json_object", "json_schema"] = "text"
    name: Annotated[Text, Field(max_length=200)] = ""
    schema_: Annotated[dict[str, JsonValue] | None, Field(alias="schema")] = None


class TextConfig(Request):
    """How the text is to be."""

    format: TextFormat = TextFormat()


class ResponsesRequest(Talk):
    """The body of POST /v1/responses."""

    input: (
        Annotated[Text, Field(min_length=1, max_length=LONGEST_MESSAGE)]
        | Annotated[Several[Item], Field(min_length=1, max_length=MOST_MESSAGES)]
    )
    instructions: Annotated[Text, Field(max_length=LONGEST_MESSAGE)] | None = None
    model: Annotated[str, Field(json_schema_extra={"enum": [MODEL]})] = MODEL
    stream: StrictBool | None = False
    text: TextConfig | None = None
    tools: Annotated[Several[FunctionTool], Field(max_length=MOST_TOOLS)] | None = None
    tool_choice: Literal["none", "auto", "required"] | NamedFunctionTool | None = None
    previous_response_id: None = None
    conversation: None = None

    @field_validator("previous_response_id", "conversation", mode="before")
    @classmethod
    def _is_stateless(cls, value: object) -> object:
        if value is not None:
            raise ValueError(STATELESS)
        return value

    @field_validator("input")
    @classmethod
    def _ends_with_something_to_answer(cls, items: str | list[Item]) -> str | list[Item]:
        check_messages(_messages(items))
        return items

    def messages(self) -> list[Message]:
        """The conversation, as a chat has it."""
        told = [Message(role="developer", content=self.instructions)] if self.instructions else []
        return [*told, *_messages(self.input)]

    def choice(self) -> Choice:
        """The client's functions."""
        functions = list(self.tools or ())
        if isinstance(self.tool_choice, NamedFunctionTool):
            return Choice(functions, "named", self.tool_choice.name)
        return Choice(functions, self.tool_choice or "auto")

    def response_format(self) -> ResponseFormat | None:
        """What the text is to be, as a chat asks for it."""
        wanted = self.text.format if self.text is not None else TextFormat()
        schema = (
            None
            if wanted.schema_ is None
            else JsonSchemaFormat.model_validate({"name": wanted.name, "schema": wanted.schema_})
        )
        return ResponseFormat(type=wanted.type, json_schema=schema)


def _messages(items: str | list[Item]) -> list[Message]:
    """The messages of items; calls that follow each other were made in one step."""
    if isinstance(items, str):
        return [Message(role="user", content=items)]
    messages: list[Message] = []
    for message in filter(None, (item.message() for item in items)):
        last = messages[-1] if messages else None
        if message.tool_calls and last is not None and last.tool_calls:
            messages[-1] = last.model_copy(update={"tool_calls": [*last.tool_calls, *message.tool_calls]})
        else:
            messages.append(message)
    return messages or [Message(role="assistant")]
