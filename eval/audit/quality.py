"""Helpfulness and explanations, rated or compared by a judge that is asked twice, the second time in swapped order.

What a judge says of the same thing in another order tells how far to trust it: agreement and Cohen's kappa go with
every result. The prompts are eval/prompts/judge.md and compare.md.
"""

import asyncio
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, create_model

from agent.conversation import Role
from agent.learning.transcripts import Dialogue
from eval.audit.judge import Judge, told

CRITERIA = ("helpfulness", "explanation")
SCALE = ("1", "2", "3", "4", "5")
SIDES = ("first", "second", "tie")
SWAPPED = {"first": "second", "second": "first", "tie": "tie"}
MOST_TOKENS = 60
Marks = dict[str, str]
"""A rating or a side, by criterion."""


@dataclass(frozen=True, slots=True)
class Case:
    """One reply to judge, or two to compare."""

    dialogue_id: str
    turn_index: int
    before: str
    reply: str
    other: str = ""


@dataclass(frozen=True, slots=True)
class Verdicts:
    """What the judge said of one case in both orders; sides with the swap undone."""

    case: Case
    plain: Marks
    swapped: Marks


def cases_of(dialogues: Sequence[Dialogue], *, limit: int, others: Sequence[Dialogue] | None = None) -> list[Case]:
    """The replies to judge: of each dialogue the turns of the assistant that follow a message of the user.

    Args:
        dialogues: To judge.
        limit: The most cases, spread over the dialogues in their order.
        others: The same dialogues answered by somebody else; turns are paired by dialogue and place.
    """
    answered = {
        (dialogue.dialogue_id, at): turn.text for dialogue in others or () for at, turn in enumerate(dialogue.turns)
    }
    cases = [
        Case(
            dialogue.dialogue_id, at, told(dialogue.turns[:at]), turn.text, answered.get((dialogue.dialogue_id, at), "")
        )
        for dialogue in dialogues
        for at, turn in enumerate(dialogue.turns)
        if turn.role is Role.ASSISTANT and turn.text.strip() and any(t.role is Role.USER for t in dialogue.turns[:at])
    ]
    if others is not None:
        cases = [case for case in cases if case.other.strip() and case.other != case.reply]
    step = max(1, len(cases) // limit)
    return cases[::step][:limit]


async def judge_all(
    judge: Judge, cases: Sequence[Case], progress: Callable[[int, int], None] = lambda *_: None
) -> list[Verdicts]:
    """Ask for every case in both orders; cases that the judge fails at are left out."""
    done = 0

    async def ask(case: Case) -> Verdicts | None:
        nonlocal done
        give = _compare if case.other else _rate
        plain = await give(judge, case, swap=False)
        swapped = await give(judge, case, swap=True) if plain else None
        done += 1
        progress(done, len(cases))
        return Verdicts(case, plain, swapped) if plain and swapped else None

    judged = await asyncio.gather(*map(ask, cases))
    return [verdicts for verdicts in judged if verdicts is not None]


def agreement(verdicts: Sequence[Verdicts], criterion: str) -> tuple[float, float]:
    """How far the judge agrees with itself on swapped order: the share of equal answers, and Cohen's kappa.

    Kappa is weighted linearly for ratings; it is nan where there is nothing to compare or only one answer was given.

    Source: Cohen, 1960, doi:10.1177/001316446002000104.
    """
    from sklearn.metrics import cohen_kappa_score

    plain = [verdict.plain[criterion] for verdict in verdicts]
    swapped = [verdict.swapped[criterion] for verdict in verdicts]
    if not plain:
        return math.nan, math.nan
    share = sum(a == b for a, b in zip(plain, swapped, strict=True)) / len(plain)
    if len({*plain, *swapped}) < 2:
        return share, math.nan
    labels, weights = (SCALE, "linear") if plain[0].isdigit() else (SIDES, None)
    return share, float(cohen_kappa_score(plain, swapped, labels=labels, weights=weights))


def describe(verdicts: Sequence[Verdicts], *, compared: bool) -> str:
    """The result as Markdown."""
    head = "| first better | second better | tie or torn |" if compared else "| mean of 1 to 5 |"
    lines = [
        f"judge: {len(verdicts)} cases, each asked twice in swapped order",
        "",
        f"| {head} agrees with itself | Cohen's kappa |",
        "|---|" + "---:|" * (5 if compared else 3),
    ]
    for name in CRITERIA:
        share, kappa = agreement(verdicts, name)
        cells = _sides(verdicts, name) if compared else [_mean(verdicts, name)]
        lines.append(f"| {' | '.join([name, *cells, f'{share:.0%}', '-' if math.isnan(kappa) else f'{kappa:.2f}'])} |")
    return "\n".join(lines)


def _mean(verdicts: Sequence[Verdicts], name: str) -> str:
    ratings = [int(marks[name]) for verdict in verdicts for marks in (verdict.plain, verdict.swapped)]
    return f"{sum(ratings) / len(ratings):.2f}" if ratings else "-"


def _sides(verdicts: Sequence[Verdicts], name: str) -> list[str]:
    """A side counts where both orders name it; else the judge is torn."""
    sure = [verdict.plain[name] for verdict in verdicts if verdict.plain[name] == verdict.swapped[name]]
    first, second = sure.count("first"), sure.count("second")
    return [str(first), str(second), str(len(verdicts) - first - second)]


async def _rate(judge: Judge, case: Case, *, swap: bool) -> Marks | None:
    """Ratings; swapped, the criteria come in the other order."""
    asked = f"{case.before}\n\nThe reply to judge:\n{case.reply}"
    return await _marks(judge, "judge", CRITERIA[::-1] if swap else CRITERIA, SCALE, asked)


async def _compare(judge: Judge, case: Case, *, swap: bool) -> Marks | None:
    """Sides; swapped, the replies change places, and the answer is turned back."""
    first, second = (case.other, case.reply) if swap else (case.reply, case.other)
    asked = f"{case.before}\n\nThe first reply:\n{first}\n\nThe second reply:\n{second}"
    marks = await _marks(judge, "compare", CRITERIA, SIDES, asked)
    return {name: SWAPPED[side] for name, side in marks.items()} if marks and swap else marks


async def _marks(
    judge: Judge, prompt: str, criteria: Sequence[str], answers: tuple[str, ...], asked: str
) -> Marks | None:
    choice: Any = Literal[answers]
    mark: Any = Annotated[choice, BeforeValidator(str)]
    parts: dict[str, Any] = dict.fromkeys(criteria, (mark, ...))
    shape: type[BaseModel] = create_model("Verdict", __config__=ConfigDict(extra="forbid"), **parts)
    places = {"criteria": " and ".join(criteria)}
    marks = await judge.ask(prompt, places, asked, shape, most_tokens=MOST_TOKENS)
    return None if marks is None else marks.model_dump()
