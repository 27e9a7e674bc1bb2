"""Which of the facts that can be told a client's field is meant for, by the language model; code fills it in then."""

import hashlib
import json
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field

from langchain_core.messages import HumanMessage
from langchain_openai import ChatOpenAI

from agent.admission import Admission, NoRoomError
from agent.llm import FAILURES, constrained, within
from retrieval.errors import ModelBusyError, ModelUnavailableError
from tools.render import one_line

NONE = "none"
MOST_FIELDS = 20
MOST_KEPT = 200
"""Forms whose fields are remembered; clients send the same one with every request."""
TIMEOUT_S = 20.0
TOKENS_A_FIELD = 40


@dataclass(frozen=True, slots=True)
class FieldMatcher:
    """Asks a model once for each form."""

    model: ChatOpenAI
    calls: Admission
    """The line before the language model."""
    _kept: OrderedDict[bytes, dict[str, str]] = field(default_factory=OrderedDict)

    async def match(self, wanted: Mapping[str, str], known: Mapping[str, str]) -> dict[str, str]:
        """The fact that each field is meant for; fields that no fact is for are left out.

        Args:
            wanted: Fields by their path, with what the client says of them.
            known: Facts by name, with what each is.

        Raises:
            ModelUnavailableError: The model did not answer, or with no such choice.
        """
        wanted = dict([*wanted.items()][:MOST_FIELDS])
        key = hashlib.sha256(json.dumps([wanted, known]).encode("utf-8", "replace")).digest()
        if key not in self._kept:
            self._kept[key] = await self._ask(wanted, known)
            while len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)
        return self._kept[key]

    async def _ask(self, wanted: Mapping[str, str], known: Mapping[str, str]) -> dict[str, str]:
        names = [f"field{number}" for number in range(1, len(wanted) + 1)]
        choice = {"type": "string", "enum": [*known, NONE]}
        schema = {
            "title": "fields",
            "type": "object",
            "properties": dict.fromkeys(names, choice),
            "required": names,
            "additionalProperties": False,
        }
        bound = constrained(self.model, schema, max_tokens=TOKENS_A_FIELD * len(names))
        try:
            async with self.calls.place(TIMEOUT_S):
                answer = await within(bound.ainvoke([HumanMessage(_prompt(names, wanted, known))]), TIMEOUT_S)
            chosen = json.loads(str(answer.content))
            sources = {path: chosen[name] for name, path in zip(names, wanted, strict=True)}
        except NoRoomError:
            raise ModelBusyError from None
        except FAILURES as error:
            raise ModelUnavailableError(f"the language model chose no fields ({type(error).__name__})") from error
        return {path: name for path, name in sources.items() if name in known}


def _prompt(names: list[str], wanted: Mapping[str, str], known: Mapping[str, str]) -> str:
    facts = [f"- {name}: {one_line(meaning)}" for name, meaning in known.items()]
    asked = [
        f"- {name}: {' - '.join(json.dumps(words, ensure_ascii=False) for words in described if words)}"
        for name, described in zip(names, wanted.items(), strict=True)
    ]
    return "\n".join(
        (
            "A program wants recommended items in a form of its own. Choose for each field of the form the fact that "
            f"it is meant for, '{NONE}' where it is meant for none of them. Facts:",
            *facts,
            "Fields:",
            *asked,
        )
    )
