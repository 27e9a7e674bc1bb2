"""Asks the language model to name titles for a wish: a byte-identical prefix, a bounded list, linked by code later."""

import json
from dataclasses import dataclass
from typing import Any

from langchain_core.messages import BaseMessage, HumanMessage
from langchain_openai import ChatOpenAI
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from agent.examples import names_of, plain_items, render_prompt, version
from agent.llm import FAILURES, constrained
from retrieval.errors import ModelUnavailableError
from retrieval.items import Catalog, Item
from retrieval.proposals import Proposal, Request
from tools.render import one_line

TITLE = 80
"""The longest title, in characters."""
MOST = 20


class NamedTitle(BaseModel):
    """One title as the model wrote it."""

    model_config = ConfigDict(extra="ignore")

    title: str = Field(min_length=1)
    year: int | None = None


class TitlesAnswer(BaseModel):
    """What the model answers."""

    model_config = ConfigDict(extra="ignore")

    titles: list[NamedTitle]


def titles_schema(count: int, *, years: bool) -> dict[str, Any]:
    """The JSON schema of at most `count` titles; with years where the catalog has them."""
    properties: dict[str, Any] = {"title": {"type": "string", "minLength": 1, "maxLength": TITLE}}
    if years:
        properties["year"] = {"type": "integer", "minimum": 1000, "maximum": 2999}
    one = {"type": "object", "properties": properties, "required": ["title"], "additionalProperties": False}
    titles = {"type": "array", "minItems": 1, "maxItems": count, "items": one}
    return {
        "title": "titles",
        "type": "object",
        "properties": {"titles": titles},
        "required": ["titles"],
        "additionalProperties": False,
    }


@dataclass(frozen=True, slots=True)
class TitleProposer:
    """A `Proposer` over a chat model and one catalog's words."""

    model: ChatOpenAI
    identity: str
    prefix: tuple[BaseMessage, ...]
    years: bool
    max_tokens: int

    @classmethod
    def of(cls, catalog: Catalog, model: ChatOpenAI, *, max_tokens: int, identity: str = "") -> "TitleProposer":
        """Render the prompt for a catalog."""
        years = any(item.year is not None for item in catalog)
        return cls(model, identity or model.model_name, tuple(titles_prompt(catalog)), years, max_tokens)

    @property
    def name(self) -> str:
        """The model and the version of the prompt."""
        return f"{self.identity}/{version('titles')}"

    def propose(self, request: Request) -> list[Proposal]:
        """At most `request.count` titles, best first.

        Raises:
            ModelUnavailableError: No answer, a late one, or one that is no list of titles.
        """
        count = min(max(request.count, 1), MOST)
        schema = titles_schema(count, years=self.years)
        asked = [*self.prefix, HumanMessage(question(request, count))]
        try:
            answer = constrained(self.model, schema, max_tokens=self.max_tokens).invoke(asked)
        except FAILURES as error:
            raise ModelUnavailableError(f"the language model named no titles ({type(error).__name__})") from error
        try:
            read = TitlesAnswer.model_validate_json(str(answer.content))
        except ValidationError as error:
            raise ModelUnavailableError("the language model answered with something that is no list") from error
        return [Proposal(one.title[:TITLE], one.year) for one in read.titles[:count]]


def question(request: Request, count: int) -> str:
    """The part of the prompt that changes; a wish in quotes cannot pose as another line."""
    lines = [f"wish: {json.dumps(one_line(request.wish), ensure_ascii=False)}" if request.wish else ""]
    lines += [f"like: {'; '.join(map(one_line, request.liked))}" if request.liked else ""]
    lines += [f"not like: {'; '.join(map(one_line, request.disliked))}" if request.disliked else ""]
    return "\n".join(filter(None, [*lines, f"how many: {count}"]))


def titles_prompt(catalog: Catalog) -> list[BaseMessage]:
    """The messages before the question, the same bytes each time: examples are items of the catalog."""
    names = names_of(catalog)
    for letter in "ab":
        value = names.get(f"category_{letter}")
        fitting = [
            item
            for item in plain_items(catalog)
            if value is not None and value in item.values.get(names["category_field"], ())
        ]
        step = max(1, len(fitting) // 4)
        if len(chosen := fitting[::step][:4]) >= 3:
            if len(chosen) == 4:
                names[f"like_{letter}"] = chosen[3].label
            names[f"fits_{letter}"] = f"[{','.join(_written(item) for item in chosen[:3])}]"
    return render_prompt("titles", catalog, names)


def _written(item: Item) -> str:
    year = {} if item.year is None else {"year": item.year}
    return json.dumps({"title": item.title, **year}, ensure_ascii=False, separators=(",", ":"))
