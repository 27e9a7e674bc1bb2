"""Lets the language model read every item's text once and choose moods and themes from closed lists; resumable."""

import asyncio
import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from langchain_core.messages import BaseMessage, HumanMessage
from langchain_openai import ChatOpenAI
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from agent.examples import names_of, plain_items, render_prompt, version
from agent.llm import FAILURES, constrained
from retrieval.errors import ModelUnavailableError
from retrieval.features.moods import MOODS, moods_in
from retrieval.features.shortlist import SHORT, Shortlist
from retrieval.features.store import (
    MOST_MOODS,
    MOST_VALUES,
    FeatureRecord,
    append_records,
    checked,
    read_records,
    record_key,
    soft_fields,
    text_to_read,
)
from retrieval.items import Catalog, Item
from retrieval.resources import Progress, silent
from tools.placing import fold
from tools.render import one_line

TOKENS = 160
TEXT_LIMIT = 1200
"""The model reads this many characters of a text."""
AT_ONCE = 4
CHUNK = 64
PATIENCE = 5
"""After so many failures in a row the model is taken for gone."""

logger = logging.getLogger(__name__)
Pairs = Sequence[tuple[str, str]]
"""(field, value): the closed list of one item."""


class FeaturesAnswer(BaseModel):
    """What the model answers."""

    model_config = ConfigDict(extra="ignore")

    moods: list[str] = Field(default_factory=list)
    subjects: list[str] = Field(default_factory=list)


def features_schema(subjects: Sequence[str]) -> dict[str, Any]:
    """The JSON schema of an answer: enums and bounds everywhere."""
    properties: dict[str, Any] = {"moods": {"type": "array", "maxItems": MOST_MOODS, "items": {"enum": list(MOODS)}}}
    if subjects:
        properties["subjects"] = {"type": "array", "maxItems": MOST_VALUES, "items": {"enum": list(subjects)}}
    return {"title": "features", "type": "object", "properties": properties, "additionalProperties": False}


@dataclass(frozen=True, slots=True)
class FeatureReader:
    """Reads the texts of one catalog's items with a chat model."""

    catalog: Catalog
    model: ChatOpenAI
    identity: str
    prefix: tuple[BaseMessage, ...]
    version: str
    """Of the prompt; another prompt reads everything anew."""

    @classmethod
    def of(cls, catalog: Catalog, model: ChatOpenAI, *, identity: str = "") -> "FeatureReader":
        """Render the prompt for a catalog."""
        return cls(
            catalog, model, identity or model.model_name, tuple(features_prompt(catalog)), version("features", *MOODS)
        )

    async def read(self, item: Item, pairs: Pairs) -> FeatureRecord:
        """Moods and values of one item.

        Raises:
            ModelUnavailableError: No answer, or one that is no reading.
        """
        named = {_name(self.catalog, field, value): (field, value) for field, value in pairs}
        asked = [*self.prefix, HumanMessage(question(item, list(named)))]
        bound = constrained(self.model, features_schema(list(named)), max_tokens=TOKENS)
        try:
            answer = await bound.ainvoke(asked)
            read = FeaturesAnswer.model_validate_json(str(answer.content))
        except FAILURES as error:
            raise ModelUnavailableError(f"the language model did not answer ({type(error).__name__})") from error
        except ValidationError as error:
            raise ModelUnavailableError("the language model answered with something that is no reading") from error
        values: dict[str, tuple[str, ...]] = {}
        for field, value in (named[subject] for subject in dict.fromkeys(read.subjects) if subject in named):
            values[field] = (*values.get(field, ()), value)
        record = FeatureRecord(
            item_id=item.item_id,
            key=record_key(item, self.identity, self.version),
            model=self.identity,
            prompt=self.version,
            moods=tuple(read.moods),
            values=values,
        )
        return checked(record, self.catalog)

    def unread(self, data_dir: Path, limit: int | None = None) -> list[Item]:
        """Items with a description that this model has not read with this prompt, in the catalog's order."""
        known, _ = read_records(data_dir)
        keys = {item_id: record.key for item_id, record in known.items()}
        items = [
            item
            for item in self.catalog
            if item.text and keys.get(item.item_id) != record_key(item, self.identity, self.version)
        ]
        return items[:limit]


async def read_features(
    reader: FeatureReader,
    shortlist: Shortlist,
    data_dir: Path,
    *,
    limit: int | None = None,
    at_once: int = AT_ONCE,
    progress: Progress = silent,
) -> tuple[int, int]:
    """Read what is unread, several items at once; each reading is on disk as soon as it is there.

    Returns:
        How many items were read, and how many answers were unusable (another run tries them again).

    Raises:
        ModelUnavailableError: The model failed several times in a row.
    """
    todo = await asyncio.to_thread(reader.unread, data_dir, limit)
    read = failed = in_a_row = 0
    gate = asyncio.Semaphore(max(1, at_once))

    async def one(item: Item, pairs: Pairs) -> None:
        nonlocal read, failed, in_a_row
        async with gate:
            if in_a_row >= PATIENCE:
                return
            try:
                append_records(data_dir, [await reader.read(item, pairs)])
            except ModelUnavailableError as error:
                logger.warning("%s was not read: %s", item.item_id, error)
                failed, in_a_row = failed + 1, in_a_row + 1
            else:
                read, in_a_row = read + 1, 0
            progress("features", read + failed, len(todo))

    for start in range(0, len(todo), CHUNK):
        chunk = todo[start : start + CHUNK]
        lists = await asyncio.to_thread(shortlist.of, chunk)
        await asyncio.gather(*(one(item, pairs) for item, pairs in zip(chunk, lists, strict=True)))
        if in_a_row >= PATIENCE:
            raise ModelUnavailableError(
                f"the language model failed {in_a_row} times in a row after {read} items; what was read is kept. "
                "Start it, then run the same command again."
            )
    return read, failed


def question(item: Item, subjects: Sequence[str]) -> str:
    """The part of the prompt that changes."""
    text = json.dumps(one_line(text_to_read(item))[:TEXT_LIMIT], ensure_ascii=False)
    return "\n".join(filter(None, (f"text: {text}", f"subjects: {' | '.join(subjects)}" if subjects else "")))


def features_prompt(catalog: Catalog) -> list[BaseMessage]:
    """The messages before the question, the same bytes each time: examples are items and values of the catalog."""
    names = names_of(catalog) | {"moods": ", ".join(MOODS)}
    for letter, item in zip("ab", example_items(catalog), strict=False):
        own = [_name(catalog, field, value) for field, value in _own(catalog, item)][:MOST_VALUES]
        others = [
            _name(catalog, spec.name, value)
            for spec in soft_fields(catalog)
            for value, _ in catalog.values(spec.name).most_common(SHORT)
        ]
        listed = sorted({*own, *others[: SHORT - len(own)]})
        answer = {"moods": list(_moods(catalog, item)), "subjects": own[:MOST_VALUES]}
        names[f"text_{letter}"] = json.dumps(one_line(text_to_read(item))[:TEXT_LIMIT], ensure_ascii=False)[1:-1]
        names[f"list_{letter}"] = " | ".join(listed)
        names[f"answer_{letter}"] = json.dumps(answer, ensure_ascii=False, separators=(",", ":"))
    return render_prompt("features", catalog, names)


def example_items(catalog: Catalog) -> list[Item]:
    """Two items for the examples: those whose text says most plainly what the catalog has, a mood included."""
    items = [item for item in plain_items(catalog) if item.text and _own(catalog, item)]
    return sorted(items, key=lambda item: (not _moods(catalog, item), -_said(catalog, item)))[:2]


def _said(catalog: Catalog, item: Item) -> int:
    """How many of the item's values stand in its text."""
    text = _words(text_to_read(item))
    return sum(_words(value) <= text for _, value in _own(catalog, item))


def _words(text: str) -> set[str]:
    """The words of a text, without the s of a plural."""
    return {word.removesuffix("s") for word in fold(text).split()}


def _moods(catalog: Catalog, item: Item) -> tuple[str, ...]:
    words = ", ".join(value for _, value in _own(catalog, item))
    return tuple(mood for mood, weight in moods_in(f"{words}. {item.text}").items() if weight > 0)[:MOST_MOODS]


def _own(catalog: Catalog, item: Item) -> list[tuple[str, str]]:
    return [(spec.name, value) for spec in soft_fields(catalog) for value in item.values.get(spec.name, ())]


def _name(catalog: Catalog, field: str, value: str) -> str:
    return one_line(catalog.schema.field(field).value_in(value, "en"))
