"""Asks a chat model what it would recommend at a place of a dialogue: titles as JSON, linked to the catalog.

The model sees the turns before the place and nothing else. What it names and the catalog lacks is counted, not used.
"""

import json
import re
import time
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from langchain_core.messages import HumanMessage, SystemMessage
from pydantic import BaseModel, ConfigDict, ValidationError

from agent.learning.transcripts import TranscriptTurn
from agent.llm import FAILURES
from eval.places import Query
from retrieval.items import Catalog
from tools.placing import split_year

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

TITLES = 20
"""How many titles are asked for."""
TITLE_LENGTH = 80
LONGEST_DIALOGUE = 6000
"""Characters of a dialogue that the model reads, its end."""
SURE = 0.9
"""The least likeness of a title that the catalog writes otherwise."""


class _Answer(BaseModel):
    model_config = ConfigDict(extra="ignore")

    titles: list[str]


@dataclass(frozen=True, slots=True)
class Proposal:
    """What the model named, as rows of the catalog."""

    rows: tuple[int, ...] = ()
    """Proposed items, best first."""
    named: int = 0
    foreign: int = 0
    """Titles proposed that the catalog does not have."""
    seconds: float = 0.0
    tokens: int = 0
    error: str = ""


@dataclass(frozen=True, slots=True)
class Proposer:
    """A chat model and the catalog that its titles are looked up in."""

    model: "BaseChatModel"
    catalog: Catalog

    async def propose(self, ask: Query) -> Proposal:
        """The model's proposal for a place; a model that fails or answers with something else is an error in it."""
        started = time.perf_counter()
        bound = self.model.bind(response_format=self._format(), max_tokens=TITLES * 16 + 120)
        messages = [SystemMessage(self._prompt()), HumanMessage(dialogue_text(ask.before))]
        try:
            answer = await bound.ainvoke(messages)
        except FAILURES as error:
            return Proposal(seconds=time.perf_counter() - started, error=f"no answer ({type(error).__name__})")
        seconds = time.perf_counter() - started
        usage = getattr(answer, "usage_metadata", None) or {}
        try:
            parsed = _Answer.model_validate_json(str(answer.content))
        except ValidationError:
            return Proposal(seconds=seconds, error="the model's answer was not the JSON that was asked for")
        return self._linked(parsed, seconds, int(usage.get("total_tokens", 0)))

    def _linked(self, answer: _Answer, seconds: float, tokens: int) -> Proposal:
        titles = list(dict.fromkeys(title.strip() for title in answer.titles if title.strip()))
        rows = [self.row(title) for title in titles]
        return Proposal(
            rows=tuple(dict.fromkeys(row for row in rows if row is not None)),
            named=len(titles),
            foreign=sum(row is None for row in rows),
            seconds=seconds,
            tokens=tokens,
        )

    def row(self, title: str) -> int | None:
        """The catalog's row of a title, with or without a year; None where it has no such item."""
        name, year = split_year(re.sub(r"^\W*\d{1,2}[.)]\s+", "", title))
        matches = [match for match in self.catalog.find_title(name, year=year, limit=3) if match.score >= SURE]
        if year is not None:
            matches = [match for match in matches if match.year is None or abs(match.year - year) <= 1]
        return self.catalog.row(matches[0].item_id) if matches else None

    def _prompt(self) -> str:
        schema = self.catalog.schema
        text = files("eval").joinpath("prompts/propose.md").read_text(encoding="utf-8")
        return text.replace("<<nouns>>", schema.nouns_in("en")).replace("<<count>>", str(TITLES))

    def _format(self) -> dict[str, Any]:
        title = {"type": "string", "minLength": 1, "maxLength": TITLE_LENGTH}
        titles = {"type": "array", "minItems": TITLES, "maxItems": TITLES, "items": title}
        properties = {"titles": titles}
        schema = {"type": "object", "properties": properties, "required": [*properties], "additionalProperties": False}
        return {"type": "json_schema", "json_schema": {"name": "proposal", "schema": schema, "strict": True}}


def dialogue_text(turns: tuple[TranscriptTurn, ...]) -> str:
    """The turns as the model reads them, each quoted as JSON so that none can pass for another; the end of it."""
    lines = [f"{turn.role.value}: {json.dumps(turn.text, ensure_ascii=False)}" for turn in turns if turn.text.strip()]
    text = "\n".join(lines) or "(nothing was said yet)"
    return text[-LONGEST_DIALOGUE:]
