"""Writes the prose: the model gets the chosen items and their evidence and nothing else."""

import json
import re
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from langchain_core.messages import AIMessageChunk, BaseMessage, HumanMessage
from langchain_openai import ChatOpenAI

from agent.examples import render_prompt
from agent.intent import Intent
from agent.llm import FAILURES, count
from agent.recommendation import LlmRun, Recommendation
from retrieval.errors import ModelUnavailableError
from retrieval.items import Catalog
from tools.render import one_line

LANGUAGE_NAMES = {"en": "English", "zh": "Chinese"}
ITEMS = 3
"""Items that the model writes about; the cards hold all."""
FACTS = 3
TEXT_LIMIT = 240
MESSAGE_LIMIT = 400


@dataclass(slots=True)
class Writer:
    """Streams prose about one catalog's items. One per turn: `run` holds the cost of the last call."""

    model: ChatOpenAI
    catalog: Catalog
    max_tokens: int
    run: LlmRun | None = None
    cut: bool = False
    """Whether the last answer ended at the token limit, in mid-sentence perhaps."""

    def recommend(self, message: str, intent: Intent, recommendations: Sequence[Recommendation]) -> AsyncIterator[str]:
        """Say why the items fit.

        Raises:
            ModelUnavailableError: The model did not answer, or stopped in mid-stream.
        """
        return self._stream(recommending_prompt(self.catalog, message, intent, recommendations))

    def answer(self, message: str, intent: Intent, facts: Sequence[str]) -> AsyncIterator[str]:
        """Answer a question from facts.

        Raises:
            ModelUnavailableError: Likewise.
        """
        return self._stream(answering_prompt(self.catalog, message, intent, facts))

    async def _stream(self, prompt: Sequence[BaseMessage]) -> AsyncIterator[str]:
        started = time.perf_counter()
        whole: AIMessageChunk | None = None
        try:
            async for chunk in self.model.astream(list(prompt), max_tokens=self.max_tokens):
                if isinstance(chunk, AIMessageChunk):
                    whole = chunk if whole is None else whole + chunk
                if chunk.content:
                    yield str(chunk.content)
        except FAILURES as error:
            self.run = count("write", started, whole, error=type(error).__name__)
            raise ModelUnavailableError(f"the language model stopped ({type(error).__name__})") from error
        ended = whole.response_metadata.get("finish_reason", "") if whole is not None else ""
        self.cut = ended == "length"
        self.run = count("write", started, whole, error="" if ended else "stopped in mid-stream")
        if not ended:
            raise ModelUnavailableError("the language model stopped in mid-stream")


def recommending_prompt(
    catalog: Catalog, message: str, intent: Intent, recommendations: Sequence[Recommendation]
) -> list[BaseMessage]:
    """The prompt of the writing call."""
    lines = []
    for one in recommendations[:ITEMS]:
        reasons = "; ".join(statement.text for statement in one.explanation.statements[:FACTS])
        guess = " (a guess)" if one.exploratory else ""
        # A small model that translates a description makes things up: outside English it gets the reasons alone.
        told = one.item.text and intent.preference.language == "en"
        about = f" About: {one_line(one.item.text)[:TEXT_LIMIT]}" if told else ""
        lines.append(f"- {one_line(one.item.title)}{guess}: {reasons}.{about}")
    wanted = "; ".join(chip.label for chip in intent.chips[:8])
    return _prompt("write", catalog, message, intent, ["wanted: " + wanted if wanted else "", "list:", *lines])


def answering_prompt(catalog: Catalog, message: str, intent: Intent, facts: Sequence[str]) -> list[BaseMessage]:
    """The prompt of an answer to a question."""
    return _prompt("answer", catalog, message, intent, ["facts:", *facts])


def _prompt(name: str, catalog: Catalog, message: str, intent: Intent, lines: Sequence[str]) -> list[BaseMessage]:
    clean = re.sub(r"[\x00-\x1f\x7f]+", " ", message)[:MESSAGE_LIMIT]
    asked = [f"message: {json.dumps(clean, ensure_ascii=False)}", *filter(None, lines)]
    language = LANGUAGE_NAMES.get(intent.preference.language, "English")
    return [*render_prompt(name, catalog), HumanMessage("\n".join([*asked, f"Write in {language}."]))]
