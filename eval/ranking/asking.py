"""Ranks with a language model: alone, beside the offline ranker, or as the whole agent; several places at once."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from agent.conversation import Role
from eval.places import Ask
from eval.predictions import Prediction, append
from eval.ranking.proposals import Proposal, Proposer
from eval.ranking.rankers import best_rows
from eval.ranking.reading import ReadTurn, Situation
from eval.ranking.run import OfflineRanker, Ranker, prediction
from eval.ranking.text import terms
from eval.ranking.world import Vector
from eval.transcripts import question_of
from retrieval.errors import BadDataError
from retrieval.items import Catalog
from retrieval.resources import Progress, silent

if TYPE_CHECKING:
    from agent.agent import Agent

PROPOSED = 1.5
"""What the first proposal counts, in deviations of the offline scores of the best candidates."""
FADING = 0.15
"""How fast later proposals count less."""
AROUND = 200
"""So many of the best items set the scale of the offline scores."""
MOST_CARDS = 10
"""The agent shows at most this many."""
Answer = Callable[[Ask], Awaitable[Prediction]]


@dataclass(frozen=True, slots=True)
class LlmOptions:
    """Whether and how a language model is asked."""

    intent: str = "none"
    system: str = "default"
    url: str | None = None
    model: str | None = None
    parallel: int = 4
    data: Path | None = None

    @classmethod
    def of(cls, **given: object) -> "LlmOptions":
        """Check what was asked for.

        Raises:
            BadDataError: It does not go together.
        """
        made = cls(**given)  # type: ignore[arg-type]
        if made.intent not in ("llm", "none"):
            raise BadDataError(f"--intent: expected llm or none, found {made.intent!r}")
        return made

    @property
    def asks_model(self) -> bool:
        """Whether a model is asked at all."""
        return self.intent == "llm" or self.needs_no_ranker

    @property
    def needs_no_ranker(self) -> bool:
        """Whether the model (or the agent) ranks alone."""
        return self.system in ("zero-shot", "agent")

    def name_of(self, ranker: "Ranker | None") -> str:
        """What reports call the run."""
        if self.needs_no_ranker or ranker is None:
            return self.system
        return f"{ranker.name} + llm" if self.intent == "llm" else ranker.name


async def answer_all(
    answer: Answer, asks: Sequence[Ask], out: Path, *, parallel: int, progress: Progress = silent
) -> None:
    """Ask for every place, several at once, and write each answer as soon as it is there.

    A stop loses only what is on its way: what is written is whole.
    """
    waiting = iter(asks)
    done = 0
    with out.open("a", encoding="utf-8") as file:

        async def work() -> None:
            nonlocal done
            for ask in waiting:
                append(file, [await answer(ask)])
                done += 1
                progress("turns", done, len(asks))

        async with asyncio.TaskGroup() as group:
            for _ in range(min(parallel, len(asks))):
                group.create_task(work())


def zero_shot(proposer: Proposer, k: int) -> Answer:
    """The bare model: its titles in their order, without those that came up before."""

    async def answer(ask: Ask) -> Prediction:
        found = await proposer.propose(ask)
        known = {one for turn in ask.before for one in (*turn.recommended, *(m.item_id for m in turn.mentions))}
        items = proposer.catalog.items
        rows = [(row, 1.0 / place) for place, row in enumerate(found.rows, start=1) if items[row].item_id not in known]
        return _noted(prediction(ask, rows[:k], proposer.catalog, found.seconds), found)

    return answer


def with_proposals(proposer: Proposer, ranker: OfflineRanker, k: int) -> Answer:
    """The offline ranker over what the model read, with the model's proposals among the candidates."""

    async def answer(ask: Ask) -> Prediction:
        found = await proposer.propose(ask)
        started = time.perf_counter()
        plain = ranker.situation(ask)
        situation = informed(plain, found, ranker)
        scores = ranker.score(situation)
        rows = best_rows(lifted(scores, found), plain, k)
        seconds = found.seconds + time.perf_counter() - started
        return replace_error(prediction(ask, rows, proposer.catalog, seconds), found)

    return answer


def informed(situation: Situation, found: Proposal, ranker: OfflineRanker) -> Situation:
    """The situation with what the model read as one more turn of the user."""
    if not (found.search or found.liked or found.disliked):
        return situation
    lexicon = ranker.reader.lexicon
    values = tuple((one.field.name, one.value, 1) for one in lexicon.find(found.search))
    heard = frozenset(found.disliked)
    turn = ReadTurn(Role.USER, (*found.liked, *found.disliked), heard, values, tuple(terms(found.search)))
    return replace(situation, turns=(*situation.turns, turn))


def lifted(scores: Vector, found: Proposal) -> Vector:
    """The offline scores with the model's proposals lifted among the best, the first one most."""
    if not found.rows:
        return scores
    best = np.sort(scores)[-AROUND:]
    middle, deviation = float(best.mean()), float(best.std()) or 1.0
    lifted_scores = scores.copy()
    for place, row in enumerate(found.rows):
        floor = max(float(scores[row]), middle)
        lifted_scores[row] = floor + deviation * PROPOSED / (1 + FADING * place)
    return lifted_scores


def of_agent(agent: "Agent", k: int, catalog: Catalog) -> Answer:
    """The agent itself, with what was said before as its conversation; it shows at most ten cards."""
    from eval.replay import ask as ask_agent
    from eval.replay import known_titles

    titles = known_titles(agent.retriever.catalog)

    async def answer(ask: Ask) -> Prediction:
        found = await ask_agent(
            agent, question_of(ask.dialogue_id, ask.turn_index, ask.before), k=min(k, MOST_CARDS), titles=titles
        )
        rows = [(catalog.row(one), 1.0 / place) for place, one in enumerate(found.ranked, start=1) if one in catalog]
        made = prediction(ask, rows, catalog, found.total_s)
        return made.model_copy(update={"named": found.named, "foreign": len(found.foreign), "error": found.error})

    return answer


def replace_error(made: Prediction, found: Proposal) -> Prediction:
    """A failing model leaves the offline ranking as it is; the run can be resumed to ask again."""
    return made.model_copy(update={"error": found.error}) if found.error else made


def _noted(made: Prediction, found: Proposal) -> Prediction:
    return made.model_copy(update={"named": found.named, "foreign": found.foreign, "error": found.error})
