"""A conversation as requests send it along: OpenAI's messages, and what a client asks of the answer beside them."""

from typing import Annotated, Literal, get_args

from pydantic import Field, JsonValue, StrictBool, StringConstraints, field_validator

from agent.client import ClientCall, ClientStep, ClientTerms, ClientTool
from agent.conversation import Role
from ui.api.values import Body, OptionalId, Request, Several, Text, Whole

MODEL = "reconteur"
MOST_MESSAGES = 1000
LONGEST_MESSAGE = 200_000
"""In characters; of the last one `Settings.message_limit` are read."""
MOST_TOOLS = 64
LONGEST_NAME = 64
_OTHER = Literal["image_url", "input_image", "image_file", "input_audio", "file", "input_file", "video_url"]
ToolName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]+$", max_length=LONGEST_NAME)]


class Part(Request):
    """A piece of a message; only text is read, of the others the user is told so."""

    type: Literal["text", "input_text", "output_text", "refusal"] | _OTHER
    text: Annotated[Text, Field(max_length=LONGEST_MESSAGE)] = ""


class FunctionCall(Request):
    """What an assistant's message calls."""

    name: ToolName
    arguments: Annotated[Text, Field(max_length=LONGEST_MESSAGE)] = "{}"


class ToolCall(Request):
    """A call of one of the client's own functions."""

    id: Annotated[Text, Field(max_length=200)]
    type: Literal["function"] = "function"
    function: FunctionCall


class Message(Request):
    """One message of a conversation."""

    role: Literal["user", "assistant", "system", "developer", "tool", "function"]
    content: (
        Annotated[Text, Field(max_length=LONGEST_MESSAGE)] | Annotated[Several[Part], Field(max_length=100)] | None
    ) = None
    tool_calls: Annotated[Several[ToolCall], Field(max_length=MOST_TOOLS)] | None = None
    tool_call_id: Annotated[Text, Field(max_length=200)] = ""

    @property
    def text(self) -> str:
        """The words, whatever form they came in."""
        if isinstance(self.content, list):
            return "".join(part.text for part in self.content)
        return self.content or ""

    @property
    def has_more(self) -> bool:
        """Whether there is more in it than words: an image, a sound, a file."""
        return isinstance(self.content, list) and any(part.type in get_args(_OTHER) for part in self.content)

    @property
    def speaker(self) -> Role | None:
        """Whose turn it is; None for messages that are not part of the conversation."""
        if self.tool_calls and not self.text:
            return None
        return Role(self.role) if self.role in (Role.USER, Role.ASSISTANT) else None


class Function(Request):
    """One of the client's own functions."""

    name: ToolName
    description: Annotated[Text, Field(max_length=4000)] | None = None
    parameters: dict[str, JsonValue] | None = None

    def tool(self) -> ClientTool:
        """What the agent makes of it."""
        return ClientTool(self.name, self.description or "", self.parameters or {"type": "object", "properties": {}})


class Tool(Request):
    """A function that the client carries out when it is called."""

    type: Literal["function"]
    function: Function


class NamedFunction(Request):
    """A function's name."""

    name: ToolName


class NamedTool(Request):
    """The one function that must be called."""

    type: Literal["function"]
    function: NamedFunction


class JsonSchemaFormat(Request):
    """A schema of the client's own."""

    name: Annotated[Text, Field(max_length=200)] = ""
    schema_: Annotated[dict[str, JsonValue], Field(alias="schema")]


class ResponseFormat(Request):
    """What the answer's text is: words, JSON, or JSON of a schema."""

    type: Literal["text", "json_object", "json_schema"]
    json_schema: JsonSchemaFormat | None = None


class StreamOptions(Request):
    """What a stream brings beside the answer."""

    include_usage: StrictBool = False


class Talk(Body):
    """A request whose `messages` are the conversation."""

    user: OptionalId | None = None

    @field_validator("user", mode="after")
    @classmethod
    def _no_user(cls, user: str | None) -> str | None:
        return user or None


class ChatRequest(Talk):
    """The body of POST /v1/chat/completions."""

    messages: Annotated[Several[Message], Field(min_length=1, max_length=MOST_MESSAGES)]
    model: Annotated[str, Field(json_schema_extra={"enum": [MODEL]})] = MODEL
    stream: StrictBool | None = False
    stream_options: StreamOptions | None = None
    conversation_id: OptionalId | None = None
    """Of a conversation that is kept here: its last message alone is read."""
    k: Annotated[Whole, Field(ge=1, le=10)] | None = None
    """How many items a list has; with 1 a question comes before it where one tells much."""
    response_format: ResponseFormat | None = None
    tools: Annotated[Several[Tool], Field(max_length=MOST_TOOLS)] | None = None
    tool_choice: Literal["none", "auto", "required"] | NamedTool | None = None

    @field_validator("messages")
    @classmethod
    def _ends_with_user(cls, messages: list[Message]) -> list[Message]:
        return check_messages(messages)

    @property
    def wants_usage(self) -> bool:
        """Whether the stream ends with a usage chunk."""
        return self.stream_options is not None and self.stream_options.include_usage


def check_messages(messages: list[Message]) -> list[Message]:
    """The messages, where they end with something to answer.

    Raises:
        ValueError: They do not.
    """
    asked = messages[_last_user(messages)] if any(message.speaker is Role.USER for message in messages) else None
    if messages[-1].role not in ("user", "tool", "function") or asked is None:
        raise ValueError(f"expected the last message to be the user's, found role {messages[-1].role!r}.")
    if not asked.text.strip() and not asked.has_more:
        raise ValueError("expected words in the last message, found none. Say what you feel like.")
    return messages


def split(messages: list[Message]) -> tuple[list[Message], Message, list[Message]]:
    """What was said before, the user's last message, and what the client's functions answered since."""
    at = _last_user(messages)
    return messages[:at], messages[at], messages[at + 1 :]


def terms_of(messages: list[Message], functions: list[Function]) -> ClientTerms:
    """What the client asks of the turn beside the message."""
    style = "\n".join(message.text for message in messages if message.role in ("system", "developer"))
    return ClientTerms(style.strip(), tuple(function.tool() for function in functions), _steps(split(messages)[2]))


def _steps(messages: list[Message]) -> tuple[ClientStep, ...]:
    """Calls of the client's functions with what they answered; an answer to no call is left out."""
    answers = {message.tool_call_id: message.text for message in messages if message.role == "tool"}
    return tuple(
        ClientStep(tuple(ClientCall(call.id, call.function.name, call.function.arguments) for call in made), answers)
        for made in (message.tool_calls for message in messages)
        if made and all(call.id in answers for call in made)
    )


def _last_user(messages: list[Message]) -> int:
    return max(at for at, message in enumerate(messages) if message.speaker is Role.USER)
