"""Has the language model choose among the names that can be made for groups of people; its own are not taken."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import httpx
from langchain_core.messages import BaseMessage, HumanMessage
from langchain_openai import ChatOpenAI

from agent.examples import render_prompt
from agent.llm import FAILURES, constrained, make_waiting_model
from agent.settings import Settings
from retrieval.channels.sequence import rename_clusters
from retrieval.datasets import load_dataset
from retrieval.errors import ModelUnavailableError, SettingsError
from retrieval.items import Catalog

TOKENS = 80
"""The most answer tokens of one choice."""


@dataclass(frozen=True, slots=True)
class ClusterNamer:
    """Chooses with a chat model, in the words of one catalog."""

    model: ChatOpenAI
    prefix: tuple[BaseMessage, ...]

    @classmethod
    def of(cls, catalog: Catalog, model: ChatOpenAI) -> "ClusterNamer":
        """Render the prompt for a catalog."""
        return cls(model, tuple(render_prompt("cluster", catalog)))

    def choose(self, names: Sequence[str]) -> str:
        """The name that the model finds most telling; anything else that it says is left to the caller to refuse.

        Raises:
            ModelUnavailableError: No answer, a late one, or one that is no choice.
        """
        asked = [*self.prefix, HumanMessage("\n".join(f"- {name}" for name in names))]
        try:
            answer = constrained(self.model, choice_schema(names), max_tokens=TOKENS).invoke(asked)
            return str(json.loads(str(answer.content))["name"])
        except FAILURES as error:
            raise ModelUnavailableError(f"the language model chose no name ({type(error).__name__})") from error
        except (ValueError, KeyError, TypeError) as error:
            raise ModelUnavailableError("the language model answered with something that is no choice") from error


def choice_schema(names: Sequence[str]) -> dict[str, Any]:
    """The JSON schema of one of several names."""
    return {
        "title": "choice",
        "type": "object",
        "properties": {"name": {"type": "string", "enum": list(names)}},
        "required": ["name"],
        "additionalProperties": False,
    }


def name_clusters_of(settings: Settings) -> int:
    """Have the clusters of a built data folder named; how many there are.

    Raises:
        IndexMissingError: There is no dataset or no cluster.
        ModelUnavailableError: The model failed; the names stay as they were.
        SettingsError: There is no endpoint.
    """
    if not settings.llm.url:
        raise SettingsError("naming groups of people needs a language model, found no endpoint. Use --llm-url URL.")
    dataset = load_dataset(settings.retrieval.data_dir)
    with httpx.Client(timeout=settings.llm.timeout_s) as client:
        model = make_waiting_model(settings.llm, client, timeout_s=settings.llm.timeout_s)
        namer = ClusterNamer.of(dataset.catalog, model)
        return len(rename_clusters(dataset, settings.retrieval, namer.choose))
