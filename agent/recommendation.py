"""What the agent answers with: items, why, how they were found, and what it cost."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pydantic import JsonValue

from agent.client import ClientCall
from agent.conversation import Conversation
from agent.intent import Intent
from retrieval.candidates import Evidence
from retrieval.house import Handover
from retrieval.items import Item
from retrieval.preference import Constraint
from retrieval.standing import Decisive, Standing


@dataclass(frozen=True, slots=True)
class Statement:
    """One claim in words and the evidence it rests on."""

    text: str
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why an item is here: a short reason, and each claim with its evidence."""

    text: str
    statements: tuple[Statement, ...] = ()
    leads: tuple[int, ...] = ()
    """Which statements the short reason says; of a near miss, whose text says how it breaks the limits, what would."""


@dataclass(frozen=True, slots=True)
class Recommendation:
    """An item on a card."""

    item: Item
    rank: int
    """From 1."""
    explanation: Explanation
    score: float = 0.0
    channels: Mapping[str, float] = field(default_factory=dict)
    """Raw scores by channel."""
    parts: Mapping[str, float] = field(default_factory=dict)
    """What each dimension of interest added to the score, compared with the mean candidate."""
    parts_are: str = ""
    """What these parts are; see `Trace.parts_are`."""
    shares: Mapping[str, float] = field(default_factory=dict)
    """What each channel added to the score, exactly; empty where the driver or a guess put it here."""
    exploratory: bool = False
    propensity: float = 1.0
    """The probability with which the policy showed this item."""
    context: Mapping[str, float] = field(default_factory=dict)
    """For the log of exposures: what the policy knew; see `retrieval.policies.Slot`."""
    breaks: tuple[Constraint, ...] = ()
    """For a near miss: the limits it does not keep."""
    slot: str = ""
    """What its place in the list is for ('the 1950s', 'for Anna'); '' where the list has no such places."""
    disclosure: str = ""
    """What the house says of it wherever it is shown ('Sponsored'); the reason begins with it."""


@dataclass(frozen=True, slots=True)
class ToolRun:
    """One tool call of a turn."""

    name: str
    arguments: Mapping[str, JsonValue]
    seconds: float
    found: int = 0
    error: str = ""
    """'late', 'failed', 'refused' (the driver could mend it), or ''."""
    at: float = 0.0
    """Seconds since the turn began."""


@dataclass(frozen=True, slots=True)
class LlmRun:
    """One call of the language model."""

    purpose: str
    """'step', 'history', 'write' or 'probe'."""
    seconds: float
    prompt_tokens: int = 0
    cached_tokens: int = 0
    completion_tokens: int = 0
    error: str = ""
    at: float = 0.0
    """Seconds since the turn began."""


@dataclass(frozen=True, slots=True)
class Trace:
    """How the items were found."""

    tools: tuple[ToolRun, ...] = ()
    llm: tuple[LlmRun, ...] = ()
    seconds: Mapping[str, float] = field(default_factory=dict)
    """By stage: drive, rank, explore, cards (since the start), write, total."""
    dimensions: Mapping[str, float] = field(default_factory=dict)
    """How much each dimension of interest counted for this person and this request, summing to 1; empty where no
    learned fusion ranked."""
    driver: str = ""
    """Who led the turn: 'tools', 'schema', 'offline', or 'click' where nothing was said."""
    reason: str = ""
    """Why that driver."""
    dropped: int = 0
    """Sentences of the model that the check left out."""
    parts_are: str = ""
    """What the cards' `parts` are: 'exact', 'shap', 'attention' or 'attention_beside'; see `retrieval.fusion.base`."""
    standings: Mapping[str, Standing] = field(default_factory=dict)
    """Where items stand that were asked about, by item id."""
    decisions: Mapping[str, Decisive] = field(default_factory=dict)
    """What would have changed that items were shown, where that was asked, by item id."""


@dataclass(frozen=True, slots=True)
class Table:
    """Items side by side."""

    item_ids: tuple[str, ...]
    heads: tuple[str, ...]
    """Their titles."""
    rows: tuple[tuple[str, tuple[str, ...]], ...]
    """The label of a field and what each item has in it, in words."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A finished turn."""

    text: str
    """The prose; with the cards' short reasons it stands alone (see `ui.api.wire`)."""
    conversation: Conversation
    intent: Intent
    recommendations: tuple[Recommendation, ...] = ()
    near_misses: tuple[Recommendation, ...] = ()
    notices: tuple[str, ...] = ()
    trace: Trace = field(default_factory=Trace)
    knowing: str = ""
    """How sure we are of the user's taste, in words; '' where there is nothing to say."""
    calls: tuple[ClientCall, ...] = ()
    """Functions of the client's own that it is to carry out; the turn goes on when it sends what they answered."""
    table: Table | None = None
    """Items side by side, where they are compared."""
    handover: Handover | None = None
    """How the user reaches a person, where that is how the turn ends; the text is what the house says to it."""
