"""Asks a chat model what it would recommend at a place of a dialogue: titles as JSON.

The model sees the turns before the place and nothing else.
"""

import json
import re
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from langchain_core.messages import HumanMessage, SystemMessage
from pydantic import BaseModel, ConfigDict, ValidationError

from agent.learning.transcripts import TranscriptTurn
from agent.llm import FAILURES
from eval.places import Query
from retrieval.errors import RecommenderError
from retrieval.items import Catalog

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

TITLES = 20
"""How many titles are asked for."""
TITLE_LENGTH = 80
LONGEST_DIALOGUE = 6000
"""Characters of a dialogue that the model reads, its end."""


class _Answer(BaseModel):
    model_config = ConfigDict(extra="ignore")

    titles: list[str]


@dataclass(frozen=True, slots=True)
class Proposer:
    """A chat model, and the catalog whose items it names."""

    model: "BaseChatModel"
    catalog: Catalog

    async def titles(self, ask: Query) -> list[str]:
        """The titles that the model names at a place, best first, none twice.

        Raises:
            RecommenderError: It fails, or answers with something else.
        """
        bound = self.model.bind(response_format=self._format(), max_tokens=TITLES * 16 + 120)
        try:
            answer = await bound.ainvoke([SystemMessage(self._prompt()), HumanMessage(dialogue_text(ask.before))])
            named = _Answer.model_validate_json(str(answer.content)).titles
        except ValidationError:
            raise RecommenderError("the model's answer was not the JSON that was asked for") from None
        except FAILURES as error:
            raise RecommenderError(f"no answer ({type(error).__name__})") from error
        numbered = (re.sub(r"^\W*\d{1,2}[.)]\s+", "", title.strip()) for title in named)
        return list(dict.fromkeys(title for title in numbered if title))

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
