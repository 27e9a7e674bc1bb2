"""What a request asks of the answer beside words: a form to fill, functions of the client's own, a house style."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agent.client import NO_TERMS, ClientTerms
from retrieval.errors import ModelUnavailableError, RecommenderError
from tools.registry import NAMES
from ui.api.talk import MODEL, Function, Message, ResponseFormat, split, terms_of
from ui.forms.form import CannotFillError, Form
from ui.forms.sources import sources_of

if TYPE_CHECKING:
    from agent.agent import Agent

OBJECT: Mapping[str, Any] = {
    "type": "object",
    "properties": {
        "text": {"type": "string"},
        "recommendations": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {name: {"type": "string"} for name in ("item_id", "title", "reason")},
                "required": ["item_id", "title"],
            },
        },
        "notices": {"type": "array", "items": {"type": "string"}},
    },
    "required": ["text", "recommendations"],
}
"""The form where a client asks for JSON without saying which."""


class ModelNotFoundError(RecommenderError):
    """A request names a model that is not served here."""


class CannotCallError(RecommenderError):
    """A client's functions cannot be called; the message says why."""


@dataclass(frozen=True, slots=True)
class Asked:
    """How the answer of one request is to be."""

    terms: ClientTerms = NO_TERMS
    form: Form | None = None
    """What the answer fills in."""
    function: str = ""
    """The client's function whose arguments the form is; '' where the form is the text."""
    has_more: bool = False
    """Whether the message has parts that are no words."""
    ignored: str = ""
    """Why functions that might have been called are not: no model here calls functions well."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Which of its functions the client wants called."""

    functions: Sequence[Function] = ()
    mode: str = "auto"
    """'none', 'auto', 'required', or 'named' where it names one."""
    name: str = ""

    @property
    def offered(self) -> list[Function]:
        """The functions that may be called."""
        if self.mode == "named":
            return [function for function in self.functions if function.name == self.name]
        return [] if self.mode == "none" else [*self.functions]

    @property
    def forced(self) -> Function | None:
        """The one function that must be called: its arguments are a form to fill."""
        offered = self.offered
        return offered[0] if self.mode in ("required", "named") and len(offered) == 1 else None


def check_model(model: str) -> None:
    """Let requests for this model pass.

    Raises:
        ModelNotFoundError: It is for another one.
    """
    if model != MODEL:
        raise ModelNotFoundError(f"model: expected {MODEL!r}, found another name. GET /v1/models lists what there is.")


async def read_terms(
    agent: "Agent", messages: list[Message], choice: Choice, schema: Mapping[str, Any] | None, *, param: str
) -> Asked:
    """What a request asks of its answer.

    Args:
        agent: Who answers.
        messages: The conversation.
        choice: The client's functions.
        schema: What the text has to be; None for words.
        param: Where the schema stands, for errors.

    Raises:
        CannotFillError: The form has fields that no fact can fill.
        CannotCallError: A function must be called that nobody here can call, or has a name of ours.
    """
    message = split(messages)[1]
    terms = terms_of(messages, [])
    if schema is None and (forced := choice.forced):
        filled = await read_form(agent, forced.tool().parameters, param=f"tools.{forced.name}.parameters")
        return Asked(terms, filled, forced.name, message.has_more)
    form = await read_form(agent, schema, param=param) if schema is not None else None
    ignored = _no_caller(agent) if choice.offered else ""
    if ignored and choice.mode != "auto":
        raise CannotCallError(f"{ignored} Leave `tools` out, or send tool_choice 'none'.")
    if choice.offered and not ignored:
        _check_names(choice)
        terms = terms_of(messages, choice.offered)
    return Asked(terms, form, "", message.has_more, ignored)


async def read_form(agent: "Agent", schema: Mapping[str, Any], *, param: str) -> Form:
    """A client's schema; what its names do not say, a capable model chooses among the facts there are.

    Raises:
        CannotFillError: It cannot be filled.
    """
    try:
        return await asyncio.to_thread(Form.of, schema, agent.catalog, param=param)
    except CannotFillError as error:
        if not error.unplaced or not agent.leads_by_tools or agent.matcher is None:
            raise
        sources = sources_of(agent.catalog)
        known = {name: source.meaning for name, source in sources.item.items()}
        known |= {name: source.meaning for name, source in sources.answer.items()}
        try:
            chosen = await agent.matcher.match(error.unplaced, known)
        except ModelUnavailableError:
            raise error from None
    return await asyncio.to_thread(Form.of, schema, agent.catalog, param=param, chosen=chosen)


def schema_of(wanted: ResponseFormat | None, *, param: str) -> Mapping[str, Any] | None:
    """The schema of the answer's text; None for words.

    Raises:
        CannotFillError: A schema is announced and none is there.
    """
    if wanted is None or wanted.type == "text":
        return None
    if wanted.type == "json_object":
        return OBJECT
    if wanted.json_schema is None:
        raise CannotFillError("expected a schema, found none.", param=param)
    return wanted.json_schema.schema_


def _no_caller(agent: "Agent") -> str:
    """Why no function can be called; '' where one can."""
    if agent.leads_by_tools:
        return ""
    return f"tools: expected a language model here that calls functions well, found none ({agent.chooser.status})."


def _check_names(choice: Choice) -> None:
    own = {function.name for function in choice.offered}.intersection(NAMES)
    if own:
        raise CannotCallError(f"tools: {', '.join(sorted(own))} is a name of this server's own tools. Rename it.")
