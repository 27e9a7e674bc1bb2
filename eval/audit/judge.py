"""A language model that judges: one question at a time, an answer from a closed schema, and what it all cost."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from importlib.resources import files
from typing import TypeVar

from langchain_core.messages import AIMessage, HumanMessage, SystemMessage
from langchain_openai import ChatOpenAI
from pydantic import BaseModel

from agent.conversation import Role
from agent.learning.transcripts import TranscriptTurn
from agent.llm import FAILURES, constrained, count, make_chat_model, open_client
from agent.settings import LlmSettings
from retrieval.errors import BadDataError

LONGEST = 4000
"""Characters of a dialogue that a judge reads, its end."""
Answer = TypeVar("Answer", bound=BaseModel)


@dataclass(slots=True)
class Cost:
    """What the judge took."""

    calls: int = 0
    failed: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    seconds: float = 0.0
    """Summed over calls; several run at once."""

    def __str__(self) -> str:
        return (
            f"cost: {self.calls} calls ({self.failed} failed), {self.prompt_tokens} prompt and "
            f"{self.completion_tokens} answer tokens, {self.seconds:.1f} s of calls"
        )


@dataclass(frozen=True)
class Judge:
    """A model, asked a few questions at once."""

    model: ChatOpenAI
    gate: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(2))
    cost: Cost = field(default_factory=Cost)

    async def ask(
        self, prompt: str, places: dict[str, str], asked: str, shape: type[Answer], *, most_tokens: int
    ) -> Answer | None:
        """One question; None where the model fails or answers with something else.

        Args:
            prompt: The name of a prompt in eval/prompts.
            places: What its places such as `<<nouns>>` stand for.
            asked: What is to be judged.
            shape: What an answer is.
            most_tokens: The longest answer.
        """
        text = files("eval").joinpath(f"prompts/{prompt}.md").read_text(encoding="utf-8")
        for name, words in places.items():
            text = text.replace(f"<<{name}>>", words)
        model = constrained(self.model, shape.model_json_schema(), max_tokens=most_tokens)
        async with self.gate:
            started = time.perf_counter()
            self.cost.calls += 1
            said: AIMessage | None = None
            answer: Answer | None = None
            try:
                said = await model.ainvoke([SystemMessage(text), HumanMessage(asked)])
                answer = shape.model_validate_json(str(said.content))
            except FAILURES:  # what an answer may not say is a ValueError, too
                self.cost.failed += 1
        run = count("judge", started, said)
        self.cost.seconds += run.seconds
        self.cost.prompt_tokens += run.prompt_tokens
        self.cost.completion_tokens += run.completion_tokens
        return answer


@asynccontextmanager
async def open_judge(settings: LlmSettings) -> AsyncIterator[Judge]:
    """A judge at an endpoint.

    Raises:
        BadDataError: No endpoint is named.
    """
    async with open_client(settings) as client:
        model = make_chat_model(settings, client)
        if model is None:
            raise BadDataError("--judge-url: expected the base URL of an OpenAI-compatible endpoint, found none.")
        yield Judge(model)


def told(turns: Sequence[TranscriptTurn]) -> str:
    """What was said, for the judge to read."""
    names = {Role.USER: "User", Role.ASSISTANT: "Assistant"}
    return "\n".join(f"{names[turn.role]}: {turn.text}" for turn in turns)[-LONGEST:]
