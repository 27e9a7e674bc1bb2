"""A language model judges what a reply says of items, from their facts alone; code checks what can be checked.

The model gets the dialogue, the facts and the sentences, and answers from a closed schema. A title that it calls
unknown is looked up, and nothing is false by a field of which the catalog says nothing.
"""

import asyncio
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, create_model

from agent.conversation import Role
from agent.learning.transcripts import Dialogue
from agent.wording.stream import sentences
from eval.audit.findings import Check, Finding, Verdict
from eval.audit.judge import Judge, told
from eval.readers.naming import TitleReader
from retrieval.items import Catalog, Item
from tools.placing import reference_of
from tools.render import item_facts, one_line, value_text

MOST_ITEMS = 30
"""Items whose facts the judge reads for one reply."""
LOOKS_BACK = 2
"""Turns before a reply whose items it may go on about."""
MOST_TOKENS = 1500
CLOSED = ConfigDict(extra="forbid")
NOTHING, DESCRIPTION = "none", "description"
VERDICTS = {"holds": Verdict.HOLDS, "false": Verdict.WRONG, "unknown": Verdict.UNVERIFIABLE}
Place = tuple[str, int]
"""Dialogue id and place of a turn."""


@dataclass(frozen=True, slots=True)
class ClaimVerdict:
    """What the judge said of one reply."""

    suggested: frozenset[str]
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Question:
    """What the judge is asked about one reply."""

    place: Place
    text: str
    shape: type[BaseModel]
    """What an answer may say."""
    items: Mapping[str, Item]
    """By their references."""
    said: tuple[str, ...]
    """The sentences of the reply."""


@dataclass(frozen=True, slots=True)
class ClaimReader:
    """Asks of replies over one catalog, and reads the answers."""

    titles: TitleReader

    async def judged_by(
        self,
        judge: Judge,
        dialogues: Sequence[Dialogue],
        *,
        limit: int,
        seed: int,
        progress: Callable[[int, int], None] = lambda *_: None,
    ) -> dict[Place, ClaimVerdict]:
        """What a judge says of at most `limit` replies, drawn by a seed; those that it fails at are left out."""
        places = [(dialogue, at) for dialogue in dialogues for at in replies(dialogue)]
        drawn = random.Random(seed).sample(places, min(limit, len(places)))  # noqa: S311 - no secret  # nosec B311
        nouns, judged = self.titles.catalog.schema.nouns_in("en"), dict[Place, ClaimVerdict]()

        async def ask(dialogue: Dialogue, at: int) -> None:
            question = self.question(dialogue, at)
            answer = await judge.ask("claims", {"nouns": nouns}, question.text, question.shape, most_tokens=MOST_TOKENS)
            if answer is not None:
                judged[question.place] = self.judged(question, answer)
            progress(len(judged), len(drawn))

        await asyncio.gather(*(ask(*place) for place in drawn))
        return judged

    def question(self, dialogue: Dialogue, at: int) -> Question:
        """What the judge reads of a reply, and may answer."""
        catalog, turn = self.titles.catalog, dialogue.turns[at]
        named: dict[str, str] = {}
        for text in (turn.text, *(before.text for before in reversed(dialogue.turns[max(0, at - LOOKS_BACK) : at]))):
            for title in self.titles.find(text):
                named |= {item_id: title.text for item_id in title.ids if item_id not in named}
        named |= {item_id: "" for item_id in turn.recommended if item_id in catalog and item_id not in named}
        items = {reference_of(catalog, item_id): catalog.item(item_id) for item_id in [*named][:MOST_ITEMS]}
        said = tuple(sentence.strip() for sentence in sentences(turn.text, final=True)[0])
        facts = [f'"{one_line(named[item.item_id])}" = {_facts(item, catalog)}' for item in items.values()]
        parts = {
            "The dialogue before": told(dialogue.turns[:at]) or "(nothing)",
            "Items": "\n".join(facts) or "(none)",
            "The sentences of the reply": "\n".join(f"{n}. {sentence}" for n, sentence in enumerate(said, 1)),
        }
        text = "\n\n".join(f"{name}:\n{part}" for name, part in parts.items())
        return Question((dialogue.dialogue_id, at), text, _shape([*items], len(said), catalog), items, said)

    def judged(self, question: Question, answer: Any) -> ClaimVerdict:
        """What an answer says, as far as code cannot tell better."""
        catalog = self.titles.catalog
        findings = [
            Finding(check=Check.TITLE, sentence=line, claimed=f"names {title!r}", known=nearest(title, catalog))
            for title in answer.unlisted
            for line in [line for line in question.said if title in line][:1]
            if not catalog.titles.exact(title)
        ]
        for claim in (claim for claim in answer.claims if claim.item in question.items):
            item, verdict = question.items[claim.item], VERDICTS[claim.verdict]
            known = _known(item, claim.field, catalog)
            findings.append(
                Finding(
                    check=Check.CLAIM,
                    verdict=verdict if known or verdict is not Verdict.WRONG else Verdict.UNVERIFIABLE,
                    sentence=question.said[claim.sentence - 1],
                    claimed=item.label,
                    known=f"{claim.field}: {known or 'not known'}",
                    item_ids=(item.item_id,),
                    field=claim.field,
                )
            )
        where = {"dialogue_id": question.place[0], "turn_index": question.place[1]}
        suggested = frozenset(question.items[ref].item_id for ref in answer.suggested if ref in question.items)
        return ClaimVerdict(suggested, tuple(finding.model_copy(update=where) for finding in findings))


def replies(dialogue: Dialogue) -> list[int]:
    """The places of what an assistant said."""
    return [at for at, turn in enumerate(dialogue.turns) if turn.role is Role.ASSISTANT and turn.text.strip()]


def nearest(title: str, catalog: Catalog) -> str:
    """What the catalog has in place of a title that it does not have."""
    near = catalog.find_title(title, limit=1)
    return f"no such item in the catalog{f'; the nearest title is {near[0].title!r}' if near else ''}"


def _shape(refs: Sequence[str], sentence_count: int, catalog: Catalog) -> type[BaseModel]:
    """What an answer may say of these items and sentences."""
    schema = catalog.schema
    known = (*(spec.name for spec in schema.fields), *(remark.name for remark in schema.remarks))
    names = (*known, DESCRIPTION, NOTHING)
    ref: Any = Literal[tuple(refs) or (NOTHING,)]
    number: Any = Literal[tuple(range(1, sentence_count + 1))]
    field: Any = Literal[names]
    verdict: Any = Literal[tuple(VERDICTS)]
    stated: dict[str, Any] = {"sentence": (number, ...), "item": (ref, ...), "field": (field, ...)}
    claim: Any = create_model("Claim", __config__=CLOSED, verdict=(verdict, ...), **stated)
    said: dict[str, Any] = {"suggested": (list[ref], ...), "unlisted": (list[str], ...), "claims": (list[claim], ...)}
    return create_model("Reply", __config__=CLOSED, **said)


def _facts(item: Item, catalog: Catalog) -> str:
    """All that the catalog says of an item, what is told but not asked for included."""
    return "\n".join(
        [item_facts(item, catalog), *(f"  {name}: {_known(item, name, catalog)}" for name in item.remarks)]
    )


def _known(item: Item, name: str, catalog: Catalog) -> str:
    """What the catalog says of an item in a field; '' where it says nothing."""
    if name == DESCRIPTION:
        return one_line(item.text)
    spec = next((spec for spec in catalog.schema.fields if spec.name == name), None)
    if spec is not None:
        return value_text(item, spec)
    values = item.remarks.get(name, ())
    return ", ".join(one_line(catalog.item(value).label if value in catalog else value) for value in values)
