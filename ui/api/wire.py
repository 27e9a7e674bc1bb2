"""What goes over HTTP: the requests and answers of the API as pydantic models, OpenAI's shapes where it has one."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BaseModel, Field, JsonValue, field_validator, model_validator

from retrieval.preference import Op
from ui.api.talk import LONGEST_MESSAGE, MOST_MESSAGES, Message, Talk, check_messages
from ui.api.values import Body, Id, Number, OptionalId, Request, Several, Text, Whole

FeedbackWord = Literal["like", "dislike", "seen"]
LanguageCode = Literal["en", "zh", "es", "fr", "de", "pt", "ja", "ko", "it", "nl", "ru", "pl", "tr"]
"""Of `agent.wording.messages`."""


class Limit(Request):
    """A hard limit on one field of the catalog."""

    field: Annotated[str, Field(max_length=200)]
    op: Op
    values: Annotated[Several[Annotated[Text, Field(max_length=200)] | Number], Field(min_length=1, max_length=50)]


class RecommendRequest(Talk):
    """The body of POST /api/recommend: words (`message` or `messages`), or a preference in fields, or both.

    Without words no language model is called.
    """

    message: Annotated[Text, Field(max_length=LONGEST_MESSAGE)] | None = None
    messages: Annotated[Several[Message], Field(max_length=MOST_MESSAGES)] = Field(default_factory=list)
    query: Annotated[Text, Field(max_length=1000)] = ""
    liked: Annotated[Several[Id], Field(max_length=200)] = Field(default_factory=list)
    disliked: Annotated[Several[Id], Field(max_length=200)] = Field(default_factory=list)
    seen: Annotated[Several[Id], Field(max_length=2000)] = Field(default_factory=list)
    constraints: Annotated[Several[Limit], Field(max_length=50)] = Field(default_factory=list)
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
        return check_messages(messages) if messages else messages

    @model_validator(mode="after")
    def _one_of_both(self) -> "RecommendRequest":
        if self.message is not None and self.messages:
            raise ValueError("expected `message` or `messages`, found both. Put the message last in `messages`.")
        return self

    def talk(self) -> list[Message]:
        """The conversation in words; empty where there is none."""
        return self.messages if self.message is None else [Message(role="user", content=self.message)]


class FeedbackRequest(Body):
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


class WatchRequest(Body):
    """The body of POST /api/watchlist."""

    user: Id
    item_id: Id


class NewUser(Body):
    """The body of POST /api/users."""

    name: Annotated[Text, Field(max_length=200)] = ""
    dataset_user: Id | None = None


class TokenRequest(Body):
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
    disclosure: str | None = None
    """What the house says of it wherever it is shown ('Sponsored'); `reason` begins with it."""


class TableRowWire(BaseModel):
    """A field, and what each item has in it."""

    label: str
    cells: list[str]


class TableWire(BaseModel):
    """Items side by side, where they are compared."""

    item_ids: list[str]
    heads: list[str]
    rows: list[TableRowWire]


class HandoverWire(BaseModel):
    """How the user reaches a person of the house."""

    words: str
    link: str | None = None


class ReconteurWire(BaseModel):
    """What an answer holds beside its text; in a stream the first chunk brings all but `trace`, the last `trace`."""

    conversation_id: str | None = None
    intent: dict[str, JsonValue] | None = None
    recommendations: list[RecommendationWire] | None = None
    near_misses: list[RecommendationWire] | None = None
    notices: list[str] | None = None
    table: TableWire | None = None
    handover: HandoverWire | None = None
    ignored: str | None = None
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
    disclosure: str | None = None
    """What the house says of it wherever it is shown."""
