"""Whom the simulated users talk to: the agent in this process, or an endpoint over HTTP."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol

import httpx
from numpy.random import Generator
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from agent.conversation import Conversation
from agent.transcript import render_list
from eval.readers.suggestions import SuggestionReader
from eval.simulation.drawing import seeded
from eval.simulation.speech import Line
from retrieval.errors import RecommenderError

if TYPE_CHECKING:
    from agent.agent import Agent

MOST_SHOWN = 5
"""Items that a baseline shows a turn, and that a user looks at where some are near misses."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One turn of an assistant."""

    text: str = ""
    items: tuple[str, ...] = ()
    """Item ids suggested, best first; near misses of the agent, which it marks as such, are left out."""
    near: tuple[str, ...] = ()
    foreign: int = 0
    """Suggested titles that the catalog does not have."""
    seconds: float = 0.0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    error: str = ""


class Talk(Protocol):
    """One conversation with a system."""

    async def say(self, line: Line) -> Answer:
        """Say something and hear the answer."""


class System(Protocol):
    """Somebody to talk to."""

    @property
    def name(self) -> str:
        """For reports."""

    def begin(self, user_id: str) -> Talk:
        """A new conversation, of a stranger; the id is for drawing random numbers alone."""


# The agent --------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class AgentSystem:
    """The agent in this process; nothing of the conversations is stored."""

    agent: "Agent"
    seed: int
    name: str = "agent"

    def begin(self, user_id: str) -> Talk:
        """A conversation whose exploration draws the same numbers whoever talked before."""
        rng = seeded(self.seed, "explore", user_id)
        return AgentTalk(with_rng(self.agent, rng))


@dataclass(slots=True)
class AgentTalk:
    """One conversation with the agent."""

    agent: "Agent"
    conversation: Conversation = field(default_factory=Conversation)

    async def say(self, line: Line) -> Answer:
        """Ask the agent; an error of it is an empty answer that says so."""
        started = time.perf_counter()
        try:
            reply = await self.agent.reply(self.conversation, line.text, store=False, keep=False)
        except RecommenderError as error:
            return Answer(seconds=time.perf_counter() - started, error=str(error))
        self.conversation = reply.conversation
        language = reply.intent.preference.language
        listed = render_list(reply.recommendations, reply.near_misses, reply.notices, language)
        return Answer(
            text="\n\n".join(filter(None, (listed, reply.text))),
            items=tuple(card.item.item_id for card in reply.recommendations),
            near=tuple(card.item.item_id for card in reply.near_misses),
            seconds=time.perf_counter() - started,
            prompt_tokens=sum(run.prompt_tokens for run in reply.trace.llm),
            completion_tokens=sum(run.completion_tokens for run in reply.trace.llm),
        )


def with_rng(agent: "Agent", rng: Generator) -> "Agent":
    """The same agent with another source of random numbers."""
    return replace(agent, make_rng=lambda: rng)


# Over HTTP --------------------------------------------------------------------------------------------------------


class _Item(BaseModel):
    item_id: str


class _Extras(BaseModel):
    recommendations: list[_Item] = Field(default_factory=list)
    near_misses: list[_Item] = Field(default_factory=list)


class _Message(BaseModel):
    content: str | None = None


class _Choice(BaseModel):
    message: _Message


class _Usage(BaseModel):
    prompt_tokens: int = 0
    completion_tokens: int = 0


class _Completion(BaseModel):
    """An answer of an OpenAI-compatible server; Reconteur's says which items it shows."""

    model_config = ConfigDict(extra="ignore")

    choices: list[_Choice] = Field(min_length=1)
    usage: _Usage | None = None
    reconteur: _Extras | None = None


@dataclass(slots=True)
class ChatSystem:
    """An OpenAI-compatible chat endpoint: Reconteur's own, or any other, whose titles are read out of its words."""

    client: httpx.AsyncClient
    url: str
    model: str
    reader: SuggestionReader
    prompt: str = ""
    """System message; '' for none."""
    name: str = "chat"

    def begin(self, user_id: str) -> Talk:
        """A conversation; nothing tells the server who it is."""
        first = [{"role": "system", "content": self.prompt}] if self.prompt else []
        return ChatTalk(self, first)

    async def complete(self, messages: Sequence[dict[str, str]]) -> _Completion:
        """One request.

        Raises:
            httpx.HTTPError: The server is not there, is too slow, or refuses.
            pydantic.ValidationError: It answers with something else.
        """
        body = {"model": self.model, "messages": list(messages), "temperature": 0.0, "max_tokens": 500}
        answer = await self.client.post(f"{self.url.rstrip('/')}/chat/completions", json=body)
        answer.raise_for_status()
        return _Completion.model_validate_json(answer.content)


@dataclass(slots=True)
class ChatTalk:
    """One conversation over HTTP: the client sends all of it with every request."""

    system: ChatSystem
    messages: list[dict[str, str]]
    named: set[str] = field(default_factory=set)

    async def say(self, line: Line) -> Answer:
        """Ask the server; an error is an empty answer that says so."""
        self.messages.append({"role": "user", "content": line.text})
        self.named |= {mention.item_id for mention in line.mentions}
        started = time.perf_counter()
        try:
            completion = await self.system.complete(self.messages)
        except (httpx.HTTPError, ValidationError) as error:
            return Answer(seconds=time.perf_counter() - started, error=f"no answer ({type(error).__name__})")
        text = completion.choices[0].message.content or ""
        self.messages.append({"role": "assistant", "content": text})
        usage = completion.usage or _Usage()
        answer = Answer(
            text=text,
            seconds=time.perf_counter() - started,
            prompt_tokens=usage.prompt_tokens,
            completion_tokens=usage.completion_tokens,
        )
        return self._with_items(answer, completion.reconteur)

    def _with_items(self, answer: Answer, extras: _Extras | None) -> Answer:
        if extras is None:
            read = self.system.reader.read(answer.text, self.named)
            return replace(answer, items=read.items, foreign=read.foreign)
        catalog = self.system.reader.catalog
        items = [card.item_id for card in extras.recommendations]
        near = tuple(card.item_id for card in extras.near_misses if card.item_id in catalog)
        known = tuple(item_id for item_id in items if item_id in catalog)
        return replace(answer, items=known, near=near, foreign=len(items) - len(known))
