"""What goes over HTTP: the requests and answers of the API as pydantic models, OpenAI's shapes where it has one."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    FiniteFloat,
    JsonValue,
    StrictBool,
    WithJsonSchema,
    field_validator,
    model_validator,
)

from agent.conversation import Role
from retrieval.preference import Op
from retrieval.state.tables import ID_LENGTH
from retrieval.state.text import is_id

MODEL = "reconteur"
FeedbackWord = Literal["like", "dislike", "seen"]
LanguageCode = Literal["en", "zh", "es", "fr", "de", "pt", "ja", "ko"]
"""Of `agent.wording.messages`."""
MOST_MESSAGES = 1000
LONGEST_MESSAGE = 200_000
"""In characters; of the last one `Settings.message_limit` are read."""
DEEPEST = 64
"""How deep lists and objects of a body may lie in each other."""


def _plain_id(value: object) -> object:
    if not isinstance(value, str) or is_id(value):
        return value
    raise ValueError(f"expected 1 to {ID_LENGTH} printable characters without spaces around them. Send a plain id.")


def _id_or_none(value: object) -> object:
    return _plain_id(value) if value else value


def _plain_text(value: object) -> object:
    """Halves of a character that JSON can hold and UTF-8 cannot are replaced."""
    if not isinstance(value, str) or (value.isascii() and "\x00" not in value):
        return value
    if "\x00" in value:
        raise ValueError("expected text, found NUL in it. Leave it out.")
    return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _number(value: object) -> object:
    """JSON has numbers of its own; what only looks like one is a mistake of the client."""
    if isinstance(value, str | bool):
        raise ValueError("expected a number, found something else. Send it without quotes.")
    return value


_ID = r"[^\x00-\x20\x7f-\xa0](?:[^\x00-\x1f\x7f-\xa0]*[^\x00-\x20\x7f-\xa0])?"
_ID_SCHEMA: dict[str, JsonValue] = {"type": "string", "minLength": 1, "maxLength": ID_LENGTH, "pattern": f"^{_ID}$"}
_OPTIONAL_ID_SCHEMA: dict[str, JsonValue] = {"type": "string", "maxLength": ID_LENGTH, "pattern": f"^(?:{_ID})?$"}
Id = Annotated[str, BeforeValidator(_plain_id), WithJsonSchema(_ID_SCHEMA)]
OptionalId = Annotated[str, BeforeValidator(_id_or_none), WithJsonSchema(_OPTIONAL_ID_SCHEMA)]
"""'' is as good as none."""
Text = Annotated[str, BeforeValidator(_plain_text)]
Number = Annotated[FiniteFloat, BeforeValidator(_number)]
Whole = Annotated[int, BeforeValidator(_number)]


class _Request(BaseModel):
    """Unknown parameters are accepted, as OpenAI's clients send what this server never heard of."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class _Body(_Request):
    """A whole body."""

    @model_validator(mode="before")
    @classmethod
    def _check_depth(cls, data: object) -> object:
        _check_depth(data, DEEPEST)
        return data


class TextPart(_Request):
    """A piece of a message; only text is understood."""

    type: Literal["text", "input_text", "refusal"]
    text: Annotated[Text, Field(max_length=LONGEST_MESSAGE)] = ""


class Message(_Request):
    """One message of a conversation; only those of user and assistant are read."""

    role: Literal["user", "assistant", "system", "developer", "tool", "function"]
    content: (
        Annotated[Text, Field(max_length=LONGEST_MESSAGE)] | Annotated[list[TextPart], Field(max_length=100)] | None
    ) = None

    @property
    def text(self) -> str:
        """The words, whatever form they came in."""
        if isinstance(self.content, list):
            return "".join(part.text for part in self.content)
        return self.content or ""

    @property
    def speaker(self) -> Role | None:
        """Whose turn it is; None for messages that are not part of the conversation."""
        return Role(self.role) if self.role in (Role.USER, Role.ASSISTANT) else None


class StreamOptions(_Request):
    """What a stream brings beside the answer."""

    include_usage: StrictBool = False


class _Talk(_Body):
    """A request whose `messages` are the conversation."""

    user: OptionalId | None = None

    @field_validator("user", mode="after")
    @classmethod
    def _no_user(cls, user: str | None) -> str | None:
        return user or None


class ChatRequest(_Talk):
    """The body of POST /v1/chat/completions."""

    messages: Annotated[list[Message], Field(min_length=1, max_length=MOST_MESSAGES)]
    model: str = MODEL
    stream: StrictBool | None = False
    stream_options: StreamOptions | None = None

    @field_validator("messages")
    @classmethod
    def _ends_with_user(cls, messages: list[Message]) -> list[Message]:
        return _check_messages(messages)

    @property
    def wants_usage(self) -> bool:
        """Whether the stream ends with a usage chunk."""
        return self.stream_options is not None and self.stream_options.include_usage


class Limit(_Request):
    """A hard limit on one field of the catalog."""

    field: Annotated[str, Field(max_length=200)]
    op: Op
    values: Annotated[list[Annotated[Text, Field(max_length=200)] | Number], Field(min_length=1, max_length=50)]


class RecommendRequest(_Talk):
    """The body of POST /api/recommend: words (`message` or `messages`), or a preference in fields, or both.

    Without words no language model is called.
    """

    message: Annotated[Text, Field(max_length=LONGEST_MESSAGE)] | None = None
    messages: Annotated[list[Message], Field(max_length=MOST_MESSAGES)] = Field(default_factory=list)
    query: Annotated[Text, Field(max_length=1000)] = ""
    liked: Annotated[list[Id], Field(max_length=200)] = Field(default_factory=list)
    disliked: Annotated[list[Id], Field(max_length=200)] = Field(default_factory=list)
    seen: Annotated[list[Id], Field(max_length=2000)] = Field(default_factory=list)
    constraints: Annotated[list[Limit], Field(max_length=50)] = Field(default_factory=list)
    k: Annotated[Whole, Field(ge=1, le=10)] = 5
    novelty: Annotated[Number, Field(ge=0, le=1)] | None = None
    language: LanguageCode | None = None
    """Of the answer; where it is left out the conversation's, English before there is one."""

    @field_validator("message")
    @classmethod
    def _not_empty(cls, message: str | None) -> str | None:
        if message is not None and not message.strip():
            raise ValueError("expected words, found an empty message. Write one, or leave `message` out.")
        return message

    @field_validator("messages")
    @classmethod
    def _ends_with_user(cls, messages: list[Message]) -> list[Message]:
        return _check_messages(messages) if messages else messages

    @model_validator(mode="after")
    def _one_of_both(self) -> "RecommendRequest":
        if self.message is not None and self.messages:
            raise ValueError("expected `message` or `messages`, found both. Put the message last in `messages`.")
        return self

    def talk(self) -> list[Message]:
        """The conversation in words; empty where there is none."""
        return self.messages if self.message is None else [Message(role="user", content=self.message)]


class FeedbackRequest(_Body):
    """The body of POST /api/feedback."""

    user: Id
    item_id: Id
    kind: FeedbackWord
    conversation_id: OptionalId = ""


class FeedbackAnswer(BaseModel):
    """What can be undone with DELETE /api/feedback/{feedback_id}?user=..."""

    feedback_id: str
    item_id: str
    kind: FeedbackWord


class NewUser(_Body):
    """The body of POST /api/users."""

    name: Annotated[Text, Field(max_length=200)] = ""
    dataset_user: Id | None = None


class TokenRequest(_Body):
    """The body of POST /api/tokens."""

    user: Id
    seconds: Annotated[int | None, Field(ge=60, le=86400)] = None


class TokenAnswer(BaseModel):
    """A token that speaks for one user, until `expires_at` (seconds since 1970)."""

    token: str
    user: str
    expires_at: int


class EvidenceWire(BaseModel):
    """A claim in words (`statement`) and what it rests on; members that do not apply are left out."""

    statement: str
    channel: str
    kind: str
    field: str | None = None
    value: str | None = None
    item_ids: list[str] | None = None
    count: int | None = None
    score: float | None = None
    text: str | None = None
    path: list[tuple[str, str, str]] | None = None
    facts: list[tuple[str, str]] | None = None
    """Field and value, several together: what the people of a cluster have in common."""


class RecommendationWire(BaseModel):
    """One item, why it is here, and with what probability."""

    item_id: str
    title: str
    year: int | None = None
    score: float
    channels: dict[str, float]
    parts: dict[str, float] = Field(default_factory=dict)
    """What each dimension of interest added to the learned part of the score; `trace.parts_are` says what they are."""
    shares: dict[str, float] = Field(default_factory=dict)
    """What each channel added to the score, exactly."""
    exploratory: bool
    propensity: float
    reason: str
    evidence: list[EvidenceWire]
    slot: str | None = None
    """What its place in the list is for ('the 1950s'), where the list has such places."""
    breaks: list[str] | None = None
    """For a near miss: the keys of the limits it does not keep."""


class TableRowWire(BaseModel):
    """A field, and what each item has in it."""

    label: str
    cells: list[str]


class TableWire(BaseModel):
    """Items side by side, where they are compared."""

    item_ids: list[str]
    heads: list[str]
    rows: list[TableRowWire]


class ReconteurWire(BaseModel):
    """What an answer holds beside its text; in a stream the first chunk brings all but `trace`, the last `trace`."""

    conversation_id: str | None = None
    intent: dict[str, JsonValue] | None = None
    recommendations: list[RecommendationWire] | None = None
    near_misses: list[RecommendationWire] | None = None
    notices: list[str] | None = None
    table: TableWire | None = None
    trace: dict[str, JsonValue] | None = None


class RecommendAnswer(ReconteurWire):
    """The answer of POST /api/recommend."""

    text: str


class ItemWire(BaseModel):
    """An item of the catalog."""

    item_id: str
    title: str
    values: Mapping[str, tuple[str, ...]]
    numbers: Mapping[str, float]
    text: str
    aka: tuple[str, ...]
    same_as: str | None = None


class ErrorBody(BaseModel):
    """What went wrong, as OpenAI's clients read it."""

    message: str
    type: str
    param: str | None = None
    code: str | None = None


class ErrorAnswer(BaseModel):
    """The body of every answer that is not a success, and of an error within a stream."""

    error: ErrorBody


def _check_messages(messages: list[Message]) -> list[Message]:
    if messages[-1].speaker is not Role.USER:
        raise ValueError(f"expected the last message to be the user's, found role {messages[-1].role!r}.")
    if not messages[-1].text.strip():
        raise ValueError("expected words in the last message, found none. Say what you feel like.")
    return messages


def _check_depth(data: object, depth: int) -> None:
    if isinstance(data, list | dict):
        if not depth:
            raise ValueError(f"expected lists and objects at most {DEEPEST} deep, found more. Send a flatter one.")
        for one in data.values() if isinstance(data, dict) else data:
            _check_depth(one, depth - 1)
