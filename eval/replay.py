"""Asks the agent at a place of a dialogue, and writes down what it ranked and which titles it named."""

import re
import time
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from agent.conversation import Conversation, Role
from agent.events import Finished
from agent.learning.transcripts import Question
from agent.recommendation import Reply
from retrieval.errors import RecommenderError
from retrieval.items import Catalog
from retrieval.titles import normalize_title

if TYPE_CHECKING:
    from agent.agent import Agent

_BRACKETED = re.compile(r"《([^》\n]{1,120})》|\*\*([^*\n]{1,120})\*\*")
_YEAR = re.compile(r"\s\(((?:1[89]|20)\d\d)\)")
LONGEST_TITLE = 120


@dataclass(frozen=True, slots=True)
class Answer:
    """What the agent made of one question."""

    ranked: tuple[str, ...] = ()
    """The cards in their order; near misses, which stand apart, come last."""
    named: int = 0
    """Titles in cards and prose."""
    foreign: tuple[str, ...] = ()
    """Those of them that the catalog does not have."""
    total_s: float = 0.0
    error: str = ""


async def ask(agent: "Agent", question: Question, *, k: int, titles: Collection[str]) -> Answer:
    """The agent's answer to one question, its list where nothing was said yet; an error of it is an empty answer."""
    conversation = _conversation(agent, question, k=k)
    said = question.message.strip()
    events = agent.stream(conversation, said, store=False) if said else agent.rerank(conversation, keep=False)
    started = time.perf_counter()
    reply: Reply | None = None
    try:
        async for event in events:
            reply = event.reply if isinstance(event, Finished) else reply
    except RecommenderError as error:
        return Answer(error=str(error), total_s=time.perf_counter() - started)
    if reply is None:
        return Answer(error="the agent ended without an answer")
    total_s = time.perf_counter() - started
    named, foreign = _foreign(reply, agent.retriever.catalog, titles)
    ranked = tuple(card.item.item_id for card in (*reply.recommendations, *reply.near_misses))
    return Answer(ranked, named, foreign, total_s)


def _conversation(agent: "Agent", question: Question, *, k: int) -> Conversation:
    """What was said before, with the items that were recommended then as if they had been on cards."""
    before: Conversation = agent.from_messages([(turn.role, turn.text) for turn in question.before], user_id=None)
    if len(before.turns) == len(question.before):
        pairs = zip(before.turns, question.before, strict=True)
        turns = tuple(
            replace(turn, shown=old.recommended) if old.role is Role.ASSISTANT and old.recommended else turn
            for turn, old in pairs
        )
        before = replace(before, turns=turns)
    return replace(before, preference=replace(before.preference, count=k))


def _foreign(reply: Reply, catalog: Catalog, titles: Collection[str]) -> tuple[int, tuple[str, ...]]:
    """How many titles were named, and which of them the catalog lacks."""
    cards = [card.item for card in (*reply.recommendations, *reply.near_misses)]
    named = [first or second for first, second in _BRACKETED.findall(reply.text)]
    unknown = [name for name in named if normalize_title(_YEAR.sub("", name)) not in titles]
    rest = _BRACKETED.sub(" ", reply.text)
    ends = [match.start() for match in _YEAR.finditer(rest)]
    before_years = [rest[max(0, end - LONGEST_TITLE) : end] for end in ends]
    unknown += [text[-40:] for text in before_years if not _ends_with_title(text, titles)]
    foreign = [*(item.label for item in cards if item.item_id not in catalog), *unknown]
    return len(cards) + len(named) + len(ends), tuple(foreign)


def _ends_with_title(text: str, titles: Collection[str]) -> bool:
    starts = (match.start() for match in re.finditer(r"(?<!\w)\S", text))
    return any(normalize_title(text[start:]) in titles for start in starts)


def known_titles(catalog: Catalog) -> frozenset[str]:
    """Every title and other title of a catalog, normalized."""
    return frozenset(normalize_title(title) for item in catalog for title in (item.title, *item.aka))
