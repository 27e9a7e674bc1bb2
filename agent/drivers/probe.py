"""Finds out whether an endpoint's model calls tools when and as it should; what it is called decides nothing."""

import hashlib
import json
import logging
import os
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage
from langchain_openai import ChatOpenAI
from pydantic import BaseModel, ValidationError

from agent.conversation import Conversation, Role, Turn
from agent.drivers.base import View
from agent.drivers.tool_calling.prompt import prefix, turn_messages
from agent.examples import names_of, plain_items
from agent.llm import FAILURES, within
from agent.settings import LlmSettings
from retrieval.errors import ModelUnavailableError
from retrieval.items import Catalog
from retrieval.preference import Preference
from retrieval.schema import FieldKind
from tools.arguments import ArgumentTypes
from tools.registry import ENDINGS, LOOKUPS, schemas

logger = logging.getLogger(__name__)

FILE = "probe.json"
KEPT = 20
"""Endpoints whose findings are kept."""
TOKENS = 700
ENOUGH = 2
"""Trials of three that must be right."""
HELLO = {
    "type": "function",
    "function": {
        "name": "greet",
        "description": "Greet somebody by name.",
        "parameters": {
            "type": "object",
            "properties": {"name": {"type": "string"}},
            "required": ["name"],
            "additionalProperties": False,
        },
    },
}
"""A first, short question: whether the server makes native tool calls at all."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What a probe found."""

    driver: str
    """'tools' or 'schema'."""
    reason: str


@dataclass(frozen=True, slots=True)
class Trial:
    """A message and what a good first step does with it."""

    view: View
    is_right: Callable[[Sequence[tuple[str, BaseModel]]], bool]


@dataclass(frozen=True, slots=True)
class Prober:
    """Probes one endpoint with the prompt and the tools of the driver itself."""

    model: ChatOpenAI
    catalog: Catalog
    timeout_s: float

    async def probe(self) -> Finding:
        """Ask up to four times.

        Raises:
            ModelUnavailableError: The endpoint did not answer at all.
        """
        try:
            return await self._probe()
        except FAILURES as error:
            raise ModelUnavailableError(f"the language model did not answer ({type(error).__name__})") from error

    async def _probe(self) -> Finding:
        hello = await self._ask([HumanMessage("Greet Ada.")], [HELLO], 60)
        if not any(call["name"] == "greet" and call["args"].get("name") for call in hello.tool_calls):
            return Finding("schema", "the endpoint makes no native tool calls")
        types, right = ArgumentTypes.of(self.catalog.schema), 0
        trials = trials_of(self.catalog)
        for trial in trials:
            answer = await self._ask([prefix(self.catalog), *turn_messages(trial.view)], schemas(types), TOKENS)
            right += trial.is_right(valid_calls(answer, types))
        report = f"right tool calls in {right} of {len(trials)} trials"
        return Finding("tools" if right >= ENOUGH else "schema", report)

    async def _ask(self, messages: list[BaseMessage], tools: list[dict[str, Any]], tokens: int) -> AIMessage:
        bound = self.model.bind(tools=tools, tool_choice="required", max_tokens=tokens)
        answer = await within(bound.ainvoke(messages), self.timeout_s)
        return answer if isinstance(answer, AIMessage) else AIMessage("")


def valid_calls(answer: AIMessage, types: ArgumentTypes) -> list[tuple[str, BaseModel]]:
    """The calls of an answer whose arguments fit; none where one of them does not, or no tool has that name."""
    made: list[tuple[str, BaseModel]] = []
    for call in answer.tool_calls:
        kind = getattr(types, call["name"], None)
        if kind is None:
            return []
        try:
            made.append((call["name"], kind.model_validate(call["args"])))
        except ValidationError:
            return []
    return [] if answer.invalid_tool_calls else made


def trials_of(catalog: Catalog) -> tuple[Trial, ...]:
    """Several limits at once, a follow-up, and a message that needs no look-up, in the words of a catalog."""
    names = names_of(catalog)
    nouns, shown = catalog.schema.nouns_in("en"), [item.item_id for item in plain_items(catalog)[:3]]
    listed = Conversation(
        turns=(Turn(Role.USER, f"Some good {nouns}, please"), Turn(Role.ASSISTANT, "", shown=tuple(shown)))
    )
    return (
        Trial(_view(catalog, Conversation(), _several_limits(catalog, names)), _states_limits),
        Trial(_view(catalog, listed, "More like the second one, please"), _follows_second),
        Trial(_view(catalog, listed, "Thank you, that was very kind of you. Good night!"), _only_talks),
    )


def _several_limits(catalog: Catalog, names: dict[str, str]) -> str:
    """'Comedy, but nothing with Drama, at most 1990'."""
    noun = catalog.schema.noun_in("en")
    words = [f"I want a {noun}: {names.get('word_a', 'something good')}"]
    if "word_b" in names:
        words.append(f"but not {names['word_b']}")
    words += [
        f"and {spec.label_in('en')} at most {sum(bounds) / 2:.0f}"
        for spec in catalog.schema.of_kind(FieldKind.NUMBER)[:1]
        if (bounds := catalog.bounds(spec.name)) is not None
    ]
    return ", ".join(words)


def _states_limits(calls: Sequence[tuple[str, BaseModel]]) -> bool:
    limits = [limit for name, call in calls if name == "update_wish" for limit in getattr(call, "limits", ())]
    return len(limits) >= 2


def _follows_second(calls: Sequence[tuple[str, BaseModel]]) -> bool:
    """Whether the second item is looked at or made an example, and no question is asked."""
    said = " ".join(str(call.model_dump(exclude_defaults=True)) for _, call in calls)
    return bool(calls) and "#2" in said and all(name != "ask_user" for name, _ in calls)


def _only_talks(calls: Sequence[tuple[str, BaseModel]]) -> bool:
    names = [name for name, _ in calls]
    return "answer" in names and not set(names) & {*LOOKUPS, *ENDINGS[::2]}


def _view(catalog: Catalog, conversation: Conversation, message: str) -> View:
    return View(conversation, message, catalog, Preference())


@dataclass(frozen=True, slots=True)
class ProbeCache:
    """Findings by endpoint, model and prompt, in a file of the data folder."""

    path: Path

    def read(self, key: str) -> Finding | None:
        """What was found before; None where nothing was, or the file is no such file."""
        try:
            kept = json.loads(self.path.read_text(encoding="utf-8"))[key]
            finding = Finding(str(kept["driver"]), str(kept["reason"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return finding if finding.driver in ("tools", "schema") else None

    def write(self, key: str, finding: Finding) -> None:
        """Keep a finding; a folder that cannot be written only means that it is found out again."""
        try:
            kept = json.loads(self.path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            kept = {}
        kept = {**(kept if isinstance(kept, dict) else {}), key: asdict(finding)}
        draft = self.path.with_suffix(f".{os.getpid()}.tmp")
        try:
            draft.write_text(json.dumps(dict(list(kept.items())[-KEPT:]), indent=1), encoding="utf-8")
            draft.replace(self.path)
        except OSError as error:
            logger.warning("the finding about the language model is not kept (%s)", type(error).__name__)


def cache_key(settings: LlmSettings, catalog: Catalog) -> str:
    """Endpoint, model and everything that it would be asked with; a digest, since a URL may hold a secret."""
    tools = json.dumps(schemas(ArgumentTypes.of(catalog.schema)), sort_keys=True)
    system: SystemMessage = prefix(catalog)
    parts = (settings.url, settings.model, str(system.content), tools)
    return hashlib.sha256("\x00".join(parts).encode()).hexdigest()[:32]
