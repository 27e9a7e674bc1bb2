"""What an audit finds: each finding quotes the sentence, what it claims, and what the catalog or the user said."""

from dataclasses import dataclass, fields
from enum import StrEnum

from pydantic import BaseModel, ConfigDict


class Check(StrEnum):
    """What was looked at."""

    TITLE = "title"
    """A title that the catalog does not have."""
    CLAIM = "claim"
    """A statement about an item that the catalog speaks against."""
    CONSTRAINT = "constraint"
    """An item was suggested that breaks a limit the user set."""
    REPEAT = "repeat"
    """An item was suggested again, though nobody asked for it."""
    SEEN = "seen"
    """An item was suggested that the user said they know."""


class Verdict(StrEnum):
    """What became of a statement."""

    WRONG = "wrong"
    """The catalog, or what the user said, speaks against it."""
    HOLDS = "holds"
    """The catalog supports it."""
    UNVERIFIABLE = "unverifiable"
    """Nothing at hand can tell."""


class Finding(BaseModel):
    """One thing looked at in one sentence."""

    model_config = ConfigDict(frozen=True)

    dialogue_id: str = ""
    turn_index: int = 0
    """From 0, in the dialogue."""
    check: Check
    verdict: Verdict = Verdict.WRONG
    sentence: str
    """As it stands in the turn; '' for a card without a word."""
    claimed: str
    """What was claimed or done, in words."""
    known: str
    """What the catalog, or the user, says."""
    item_ids: tuple[str, ...] = ()
    """The item it is about; several where the title fits several."""
    field: str = ""
    """The field of the catalog that was looked at."""


@dataclass(frozen=True, slots=True)
class Audit:
    """All that was looked at in some dialogues; audits add up."""

    results: tuple[Finding, ...] = ()
    dialogues: int = 0
    turns: int = 0
    """Assistant's turns."""
    judged: int = 0
    """Those of them whose claims a judge read."""
    named: int = 0
    """Titles of the catalog named by the assistant."""
    suggested: int = 0
    """Suggestions made."""

    def __add__(self, other: "Audit") -> "Audit":
        return Audit(*(getattr(self, part.name) + getattr(other, part.name) for part in fields(self)))

    def of(self, verdict: Verdict) -> list[Finding]:
        """The results with one verdict, in the order of the dialogues."""
        return [result for result in self.results if result.verdict is verdict]

    @property
    def findings(self) -> list[Finding]:
        """What is wrong."""
        return self.of(Verdict.WRONG)
