"""What the tools take and give back: pydantic models, from which the schemas of both are made."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from ui.api.talk import LONGEST_MESSAGE
from ui.api.values import Id, Several, Text
from ui.api.wire import EvidenceWire, FeedbackWord, HandoverWire, ItemWire, LanguageCode, Limit, RecommendationWire

User = Annotated[
    Id | None,
    Field(description="Whose stored taste counts, an id of your own; left out, nothing is stored. Made if new."),
]
Limits = Annotated[
    Several[Limit], Field(max_length=50, description="Hard limits: field, op (is, not, min, max) and values.")
]


class Arguments(BaseModel):
    """Names that no tool has are mistakes that a model can mend."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Utterance(Arguments):
    """What one of both said."""

    role: Literal["user", "assistant"]
    content: Annotated[Text, Field(max_length=LONGEST_MESSAGE)]


class RecommendArguments(Arguments):
    """Of `recommend`."""

    message: Annotated[
        Text, Field(min_length=1, max_length=LONGEST_MESSAGE, description="The wish, in the person's own words.")
    ]
    history: Annotated[
        Several[Utterance],
        Field(max_length=200, description="What was said before, oldest first, with the texts of earlier answers."),
    ] = []
    user: User = None
    conversation_id: Annotated[
        Id | None, Field(description="Goes on with a conversation of this user, in place of `history`.")
    ] = None


class SearchArguments(Arguments):
    """Of `search`."""

    query: Annotated[Text, Field(max_length=1000, description="What it should be about, in English.")] = ""
    limits: Limits = []
    user: User = None
    k: Annotated[int, Field(ge=1, le=50)] = 10
    language: Annotated[LanguageCode, Field(description="Of the reasons.")] = "en"


class ExplainArguments(Arguments):
    """Of `explain`."""

    item_id: Id
    query: Annotated[Text, Field(max_length=1000, description="The wish that it is to be held against.")] = ""
    user: User = None
    language: LanguageCode = "en"


class CompareArguments(Arguments):
    """Of `compare`."""

    item_ids: Annotated[Several[Id], Field(min_length=2, max_length=5)]


class FeedbackArguments(Arguments):
    """Of `feedback`."""

    user: Annotated[Id, Field(description="Whose opinion it is.")]
    item_id: Id
    kind: FeedbackWord
    conversation_id: Annotated[Id | None, Field(description="In which the item was shown.")] = None


class TasteArguments(Arguments):
    """Of `taste`."""

    user: Id


class RecommendResult(BaseModel):
    """A finished turn, or the question that comes before it."""

    status: Literal["complete", "input_required"]
    text: str
    recommendations: list[RecommendationWire] = []
    near_misses: list[RecommendationWire] = []
    notices: list[str] = []
    question: str | None = None
    choices: list[str] | None = None
    conversation_id: str | None = None
    handover: HandoverWire | None = None
    """How the person reaches somebody of the house, where they asked for that."""


class SearchAnswer(BaseModel):
    """What was found, nearest first."""

    total: int
    items: list[RecommendationWire]


class ExplainAnswer(BaseModel):
    """Why an item, and its facts."""

    recommendation: RecommendationWire
    item: ItemWire


class CompareAnswer(BaseModel):
    """Items side by side."""

    item_ids: list[str]
    titles: list[str]
    fields: dict[str, list[list[str]]]
    """Field -> the values of each item, in the items' order."""
    shared: dict[str, list[str]]
    connections: list[EvidenceWire]
    disclosures: dict[str, str] = {}
    """What the house says of an item wherever it is shown ('Sponsored'), by item id."""


class FeedbackResult(BaseModel):
    """What was kept."""

    feedback_id: str
    item_id: str
    kind: FeedbackWord


class TasteAnswer(BaseModel):
    """What is known about a user."""

    liked: list[str]
    disliked: list[str]
    seen: list[str]
    lasting: list[str]
    novelty: float
