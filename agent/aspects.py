"""What an opinion praises and blames, from a closed list, by the language model; it moves the next list. Not stored."""

import json
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage
from langchain_openai import ChatOpenAI
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from agent.examples import names_of, render_prompt
from agent.llm import FAILURES, constrained, count
from agent.recommendation import LlmRun
from agent.rules import TEXT_FIELD
from retrieval.errors import ModelUnavailableError
from retrieval.features.aspects import ASPECTS, BY_NAME
from retrieval.items import Catalog
from retrieval.preference import Wish
from tools.render import one_line

TOKENS = 60
MOST = 3
OPINION_LIMIT = 600
SHORTEST, SHORTEST_HAN = 20, 8
"""Shorter messages, in characters, say whether something was liked, not why."""
WEIGHT = 0.5


class AspectsAnswer(BaseModel):
    """What the model answers."""

    model_config = ConfigDict(extra="ignore")

    liked: list[str] = Field(default_factory=list)
    disliked: list[str] = Field(default_factory=list)


def aspects_schema() -> dict[str, Any]:
    """The JSON schema of an answer: two lists from one closed list."""
    aspects = {"type": "array", "maxItems": MOST, "items": {"enum": [one.name for one in ASPECTS]}}
    properties = {"liked": aspects, "disliked": aspects}
    return {"title": "aspects", "type": "object", "properties": properties, "additionalProperties": False}


@dataclass(frozen=True, slots=True)
class AspectReader:
    """Reads opinions with a chat model."""

    model: ChatOpenAI
    prefix: tuple[BaseMessage, ...]

    @classmethod
    def of(cls, catalog: Catalog, model: ChatOpenAI) -> "AspectReader":
        """Render the prompt for a catalog."""
        names = names_of(catalog) | {"aspects": ", ".join(one.name for one in ASPECTS)}
        return cls(model, tuple(render_prompt("aspects", catalog, names)))

    async def read(self, message: str) -> tuple[tuple[Wish, ...], LlmRun]:
        """Soft wishes for what was praised, and against what was blamed.

        Raises:
            ModelUnavailableError: No answer, or one that is no reading.
        """
        started = time.perf_counter()
        asked = f"opinion: {json.dumps(one_line(message)[:OPINION_LIMIT], ensure_ascii=False)}"
        bound = constrained(self.model, aspects_schema(), max_tokens=TOKENS)
        try:
            answer = await bound.ainvoke([*self.prefix, HumanMessage(asked)])
            read = AspectsAnswer.model_validate_json(str(answer.content))
        except FAILURES as error:
            raise ModelUnavailableError(f"the language model did not answer ({type(error).__name__})") from error
        except ValidationError as error:
            raise ModelUnavailableError("the language model answered with something that is no reading") from error
        run = count("aspects", started, answer if isinstance(answer, AIMessage) else None)
        return wishes_of(read.liked, read.disliked), run


def says_why(message: str) -> bool:
    """Whether a message is long enough to say what was good or bad."""
    return len(message) >= SHORTEST or len(re.findall(r"[\u4e00-\u9fff]", message)) >= SHORTEST_HAN


def wishes_of(liked: Sequence[str], disliked: Sequence[str]) -> tuple[Wish, ...]:
    """Aspects as soft wishes; one that is praised and blamed says nothing, nor one that tells of this item only."""
    both = set(liked) & set(disliked)
    signed = [*((name, WEIGHT) for name in liked), *((name, -1.0) for name in disliked)]
    wishes = [
        Wish(TEXT_FIELD, BY_NAME[name].words, weight)
        for name, weight in signed
        if name in BY_NAME and name not in both and BY_NAME[name].words
    ]
    return tuple({one.key: one for one in wishes}.values())
