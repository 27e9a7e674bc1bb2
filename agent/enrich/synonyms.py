"""Everyday words for the values of a guessed schema, proposed by the language model.

They are shown before anything is written, and stand in the schema to be edited: what is doubtful is left out by code.
"""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import httpx
from langchain_core.messages import HumanMessage, SystemMessage
from langchain_openai import ChatOpenAI

from agent.examples import fill, template
from agent.llm import FAILURES, constrained, make_waiting_model
from agent.settings import Settings
from retrieval.errors import ModelUnavailableError
from retrieval.ingest.plan import IngestPlan
from retrieval.schema import CatalogSchema, FieldKind, FieldSpec
from tools.placing import fold
from tools.render import one_line

MOST_VALUES, MOST_WORDS, LONGEST = 30, 4, 30
"""Values of a field that are asked about, words for one, and characters of a word."""
TOKENS = 1200

Words = dict[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class SynonymProposer:
    """Asks a chat model about one field at a time."""

    model: ChatOpenAI

    def propose(self, spec: FieldSpec, values: list[str], schema: CatalogSchema) -> Words:
        """Words by value, as the model gives them.

        Raises:
            ModelUnavailableError: No answer, a late one, or one that is no list of words.
        """
        system = fill(template("synonyms"), {"nouns": schema.nouns_in("en")})
        listed = "\n".join(f"{number}: {one_line(value)}" for number, value in enumerate(values, 1))
        asked = [SystemMessage(system.strip()), HumanMessage(f"field: {spec.label_in('en')}\n{listed}")]
        try:
            answer = constrained(self.model, words_schema(len(values)), max_tokens=TOKENS).invoke(asked)
            proposals = json.loads(str(answer.content))
            return {value: tuple(map(str, proposals.get(str(number), ()))) for number, value in enumerate(values, 1)}
        except FAILURES as error:
            raise ModelUnavailableError(f"the language model proposed no words ({type(error).__name__})") from error
        except (ValueError, AttributeError, TypeError) as error:
            raise ModelUnavailableError(
                "the language model answered with something that is no list of words"
            ) from error


def words_schema(size: int) -> dict[str, Any]:
    """The JSON schema of some words for each of so many values."""
    word = {"type": "string", "minLength": 2, "maxLength": LONGEST}
    words = {"type": "array", "maxItems": MOST_WORDS, "items": word}
    names = [str(number) for number in range(1, size + 1)]
    return {
        "title": "words",
        "type": "object",
        "properties": dict.fromkeys(names, words),
        "required": names,
        "additionalProperties": False,
    }


def with_proposed(plan: IngestPlan, settings: Settings) -> IngestPlan:
    """A guessed plan with what the model proposes for its closed lists, named in its notes.

    Raises:
        ModelUnavailableError: The model failed.
    """
    with httpx.Client(timeout=settings.llm.timeout_s) as client:
        proposer = SynonymProposer(make_waiting_model(settings.llm, client, timeout_s=settings.llm.timeout_s))
        return proposed(plan, proposer)


def proposed(plan: IngestPlan, proposer: SynonymProposer) -> IngestPlan:
    """The same with a proposer at hand."""
    schema, values = plan.spec.catalog, plan.values()
    asked = [
        spec
        for spec in schema.descriptive
        if spec.kind is FieldKind.CATEGORY
        and spec.name not in plan.spec.columns.flags
        and 1 < len(values.get(spec.name, ())) <= MOST_VALUES
    ]
    said = {spec.name: proposer.propose(spec, values[spec.name], schema) for spec in asked}
    taken = Counter(
        fold(word) for words in said.values() for synonyms in words.values() for word in {*map(fold, synonyms)}
    )
    known = {fold(value) for held in values.values() for value in held}
    known |= {fold(word) for spec in schema.fields for words in spec.synonyms.values() for word in words}
    known |= {fold(word) for spec in schema.fields for word in (spec.name, *spec.words, *spec.label.values())}
    kept = {name: _kept(words, taken, known) for name, words in said.items()}
    fields = tuple(_with_words(spec, kept.get(spec.name, {})) for spec in schema.fields)
    notes = tuple(_noted(note, plan, kept) for note in plan.spec.notes)
    catalog = schema.model_copy(update={"fields": fields})
    return replace(plan, spec=plan.spec.model_copy(update={"catalog": catalog, "notes": notes}))


def _kept(words: Words, taken: Mapping[str, int], known: set[str]) -> Words:
    """Words that mean one value alone, and none that the catalog uses already."""
    kept: Words = {}
    for value, said in words.items():
        plain = dict.fromkeys(one_line(word).strip().lower() for word in said[:MOST_WORDS])
        held = [
            word
            for word in plain
            if 2 <= len(word) <= LONGEST and fold(word) not in known and taken[fold(word)] == 1 and not word.isdecimal()
        ]
        if held:
            kept[value] = tuple(held)
    return kept


def _with_words(spec: FieldSpec, words: Words) -> FieldSpec:
    both = {value: (*spec.synonyms.get(value, ()), *words.get(value, ())) for value in (*spec.synonyms, *words)}
    return spec.model_copy(update={"synonyms": both}) if words else spec


def _noted(note: str, plan: IngestPlan, kept: Mapping[str, Words]) -> str:
    """A note on a column with the words that the model proposed for its field."""
    column = note.split(": ", 1)[0]
    synonyms = next((words for name, words in kept.items() if plan.spec.column_of(name) == column), {})
    told = "; ".join(f"{one_line(value)} = {', '.join(words)}" for value, words in synonyms.items())
    return f"{note}; proposed by the model: {told}" if told else note
