"""What a program that calls the agent asks of a turn beside the message: house style, and functions of its own.

A model that leads may call these functions; the client carries them out and sends what they answered.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pydantic import JsonValue

LONGEST_STYLE = 4000
"""Characters of a house style that are read."""


@dataclass(frozen=True, slots=True)
class ClientTool:
    """A function that the client offers."""

    name: str
    description: str
    parameters: Mapping[str, JsonValue]
    """A JSON Schema of its arguments."""

    def schema(self) -> dict[str, JsonValue]:
        """As OpenAI's clients describe a function to a model."""
        function: dict[str, JsonValue] = {
            "name": self.name,
            "description": self.description,
            "parameters": dict(self.parameters),
        }
        return {"type": "function", "function": function}


@dataclass(frozen=True, slots=True)
class ClientCall:
    """A call for the client to carry out; its arguments are the model's words, which nothing here has checked."""

    call_id: str
    name: str
    arguments: str
    """JSON."""


@dataclass(frozen=True, slots=True)
class ClientStep:
    """Calls that the client carried out, and what each answered, by its id."""

    calls: tuple[ClientCall, ...]
    answers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ClientTerms:
    """All of it; empty for the surfaces of our own."""

    style: str = ""
    """How to speak: tone, name, form of address. It changes no limit, no fact and no list."""
    tools: tuple[ClientTool, ...] = ()
    steps: tuple[ClientStep, ...] = field(default=())
    """What was called and answered since the message."""

    @property
    def answered(self) -> tuple[str, ...]:
        """What the client's functions answered."""
        return tuple(step.answers[call.call_id] for step in self.steps for call in step.calls)

    def names(self) -> frozenset[str]:
        """The names of its functions."""
        return frozenset(tool.name for tool in self.tools)


NO_TERMS = ClientTerms()
