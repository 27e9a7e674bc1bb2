"""Asks the language model what a message says: a byte-identical prefix, closed choices, a short answer."""

import json
import re
import time
from dataclasses import dataclass
from typing import Any, Literal

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage
from langchain_core.runnables import Runnable
from langchain_openai import ChatOpenAI
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from agent.chips import chips
from agent.conversation import Conversation
from agent.examples import askable, render_prompt
from agent.intent import Act
from agent.llm import FAILURES, count
from agent.recommendation import LlmRun
from retrieval.errors import ModelUnavailableError
from retrieval.items import Catalog

TITLE, WORDS, SEARCH, REPLY = 60, 60, 80, 220
"""The longest strings of an answer, in characters."""
MESSAGE_LIMIT = 1200
"""The model reads this many characters of a message; the rules read all of it."""


class ModelLimit(BaseModel):
    """A limit on a category or on names, with the user's words."""

    words: str = Field(max_length=WORDS)
    field: str
    op: Literal["is", "not"]
    value: str = Field(max_length=TITLE)


class ModelAnswer(BaseModel):
    """What the model answers; everything but the act may be left out."""

    model_config = ConfigDict(extra="ignore")

    act: Act
    liked: list[str] = Field(default_factory=list)
    disliked: list[str] = Field(default_factory=list)
    seen: list[str] = Field(default_factory=list)
    about: str = ""
    limits: list[ModelLimit] = Field(default_factory=list)
    search: str = ""
    count: int | None = None
    reply: str = ""


def answer_schema(catalog: Catalog) -> dict[str, Any]:
    """The JSON schema of an answer about one catalog: enums and bounds everywhere."""
    title = {"type": "string", "minLength": 1, "maxLength": TITLE}
    titles = {"type": "array", "minItems": 1, "maxItems": 4, "items": title}
    fields = [spec.name for spec in askable(catalog)] or ["none"]
    limit = {
        "type": "object",
        "properties": {
            "words": {"type": "string", "minLength": 2, "maxLength": WORDS},
            "field": {"enum": fields},
            "op": {"enum": ["is", "not"]},
            "value": title,
        },
        "required": ["words", "field", "op", "value"],
        "additionalProperties": False,
    }
    properties: dict[str, Any] = {
        "act": {"enum": [act.value for act in Act]},
        "liked": titles,
        "disliked": titles,
        "seen": titles,
        "about": title,
        "limits": {"type": "array", "minItems": 1, "maxItems": 4, "items": limit},
        "search": {"type": "string", "minLength": 2, "maxLength": SEARCH},
        "count": {"type": "integer", "minimum": 1, "maximum": 10},
        "reply": {"type": "string", "minLength": 2, "maxLength": REPLY},
    }
    return {
        "title": "reading",
        "type": "object",
        "properties": properties,
        "required": ["act"],
        "additionalProperties": False,
    }


@dataclass(frozen=True, slots=True)
class ModelReader:
    """Reads messages about one catalog with a chat model."""

    catalog: Catalog
    prefix: tuple[BaseMessage, ...]
    runnable: Runnable[Any, Any]

    @classmethod
    def of(cls, catalog: Catalog, model: ChatOpenAI, *, max_tokens: int) -> "ModelReader":
        """Bind a chat model to a catalog's schema."""
        bound = model.bind(
            max_tokens=max_tokens,
            response_format={
                "type": "json_schema",
                "json_schema": {"name": "reading", "schema": answer_schema(catalog), "strict": True},
            },
        )
        return cls(catalog, tuple(render_prompt("understand", catalog)), bound)

    async def read(self, conversation: Conversation, message: str) -> tuple[ModelAnswer, LlmRun]:
        """Ask for a reading of one message.

        Raises:
            ModelUnavailableError: No answer, or one that is no reading.
        """
        started = time.perf_counter()
        try:
            answer = await self.runnable.ainvoke([*self.prefix, HumanMessage(self._question(conversation, message))])
        except FAILURES as error:
            raise ModelUnavailableError(f"the language model did not answer ({type(error).__name__})") from error
        run = count("understand", started, answer if isinstance(answer, AIMessage) else None)
        try:
            return ModelAnswer.model_validate_json(str(answer.content)), run
        except ValidationError as error:
            raise ModelUnavailableError("the language model answered with something that is no reading") from error

    def _question(self, conversation: Conversation, message: str) -> str:
        shown = [self.catalog.item(one).label for one in conversation.last_shown() if one in self.catalog]
        wanted = [chip.label for chip in chips(conversation.preference, self.catalog)]
        return question(message, shown=shown, wanted=wanted)


def question(message: str, *, shown: list[str], wanted: list[str]) -> str:
    """The part of the prompt that changes: what was shown, what is wanted so far, the message in quotes."""
    lines = []
    if shown:
        lines.append("shown: " + " | ".join(f"#{number} {label}" for number, label in enumerate(shown, 1)))
    if wanted:
        lines.append("wanted so far: " + "; ".join(wanted[:8]))
    clean = re.sub(r"[\x00-\x1f\x7f]+", " ", message)[:MESSAGE_LIMIT]
    return "\n".join([*lines, f"message: {json.dumps(clean, ensure_ascii=False)}"])
