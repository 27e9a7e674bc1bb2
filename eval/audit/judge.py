"""A language model as judge of helpfulness and explanations: it is asked twice, the second time in swapped order.

What a judge says of the same thing in another order tells how far to trust it: agreement and Cohen's kappa go with
every result, and so does its cost. The prompts are eval/prompts/judge.md and compare.md.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING

from langchain_core.messages import HumanMessage, SystemMessage
from pydantic import BaseModel, ConfigDict, ValidationError, create_model

from agent.conversation import Role
from agent.learning.transcripts import Dialogue, TranscriptTurn
from agent.llm import FAILURES

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

CRITERIA = ("helpfulness", "explanation")
SCALE = (1, 2, 3, 4, 5)
SIDES = ("first", "second", "tie")
SWAPPED = {"first": "second", "second": "first", "tie": "tie"}
LONGEST = 4000
"""Characters of a dialogue that the judge reads, its end."""
MOST_TOKENS = 60


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
    """What the judge said of one case in both orders, by criterion; numbers, or sides with the swap undone."""

    case: Case
    plain: dict[str, str]
    swapped: dict[str, str]


@dataclass(slots=True)
class Cost:
    """What the judge took."""

    calls: int = 0
    failed: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    seconds: float = 0.0
    """Summed over calls; several run at once."""


def cases_of(dialogues: Sequence[Dialogue], *, limit: int, others: Sequence[Dialogue] | None = None) -> list[Case]:
    """The replies to judge: of each dialogue the turns of the assistant that follow a message of the user.

    Args:
        dialogues: To judge.
        limit: The most cases, spread over the dialogues in their order.
        others: The same dialogues answered by somebody else; turns are paired by dialogue and place.
    """
    answered = {
        (one.dialogue_id, index): turn.text
        for one in others or ()
        for index, turn in enumerate(one.turns)
        if turn.role is Role.ASSISTANT
    }
    cases = [
        Case(one.dialogue_id, index, _text(one.turns[:index]), turn.text, answered.get((one.dialogue_id, index), ""))
        for one in dialogues
        for index, turn in enumerate(one.turns)
        if turn.role is Role.ASSISTANT and turn.text.strip() and any(t.role is Role.USER for t in one.turns[:index])
    ]
    if others is not None:
        cases = [case for case in cases if case.other.strip() and case.other != case.reply]
    step = max(1, len(cases) // limit)
    return cases[::step][:limit]


async def judge_all(
    model: "BaseChatModel",
    cases: Sequence[Case],
    *,
    parallel: int = 2,
    progress: Callable[[int, int], None] = lambda *_: None,
) -> tuple[list[Verdicts], Cost]:
    """Ask for every case in both orders; cases that the judge fails at are counted and left out."""
    cost, done, gate = Cost(), 0, asyncio.Semaphore(parallel)

    async def ask(case: Case) -> Verdicts | None:
        nonlocal done
        async with gate:
            judge = _compare if case.other else _rate
            plain = await judge(model, case, False, cost)
            swapped = await judge(model, case, True, cost) if plain else None
        done += 1
        progress(done, len(cases))
        return Verdicts(case, plain, swapped) if plain and swapped else None

    found = await asyncio.gather(*(ask(case) for case in cases))
    return [one for one in found if one is not None], cost


def agreement(verdicts: Sequence[Verdicts], criterion: str) -> tuple[float, float]:
    """How far the judge agrees with itself on swapped order: the share of equal answers, and Cohen's kappa.

    Kappa is weighted linearly for ratings; it is nan where there is nothing to compare or only one answer was given.

    Source: Cohen, 1960, doi:10.1177/001316446002000104.
    """
    from sklearn.metrics import cohen_kappa_score

    plain = [one.plain[criterion] for one in verdicts]
    swapped = [one.swapped[criterion] for one in verdicts]
    if not plain:
        return float("nan"), float("nan")
    share = sum(a == b for a, b in zip(plain, swapped, strict=True)) / len(plain)
    if len({*plain, *swapped}) < 2:
        return share, float("nan")
    rating = plain[0].isdigit()
    labels = [str(one) for one in SCALE] if rating else list(SIDES)
    return share, float(cohen_kappa_score(plain, swapped, labels=labels, weights="linear" if rating else None))


async def _rate(model: "BaseChatModel", case: Case, swap: bool, cost: Cost) -> dict[str, str] | None:
    """Ratings; swapped, the criteria come in the other order."""
    criteria = CRITERIA[::-1] if swap else CRITERIA
    asked = f"{case.before}\n\nThe reply to judge:\n{case.reply}"
    return await _ask(model, "judge", criteria, [str(one) for one in SCALE], asked, cost)


async def _compare(model: "BaseChatModel", case: Case, swap: bool, cost: Cost) -> dict[str, str] | None:
    """Sides; swapped, the replies change places, and the answer is turned back."""
    first, second = (case.other, case.reply) if swap else (case.reply, case.other)
    asked = f"{case.before}\n\nThe first reply:\n{first}\n\nThe second reply:\n{second}"
    found = await _ask(model, "compare", CRITERIA, list(SIDES), asked, cost)
    if found is None or not swap:
        return found
    return {name: SWAPPED[side] for name, side in found.items()}


async def _ask(
    model: "BaseChatModel", prompt: str, criteria: Sequence[str], answers: Sequence[str], asked: str, cost: Cost
) -> dict[str, str] | None:
    started = time.perf_counter()
    text = files("eval").joinpath(f"prompts/{prompt}.md").read_text(encoding="utf-8")
    messages = [SystemMessage(text.replace("<<criteria>>", " and ".join(criteria))), HumanMessage(asked)]
    cost.calls += 1
    try:
        answer = await model.bind(response_format=_format(criteria, answers), max_tokens=MOST_TOKENS).ainvoke(messages)
    except FAILURES:
        cost.failed += 1
        return None
    finally:
        cost.seconds += time.perf_counter() - started
    usage = getattr(answer, "usage_metadata", None) or {}
    cost.prompt_tokens += int(usage.get("input_tokens", 0))
    cost.completion_tokens += int(usage.get("output_tokens", 0))
    try:
        return _parsed(criteria, answers, str(answer.content))
    except (ValidationError, ValueError):
        cost.failed += 1
        return None


def _format(criteria: Sequence[str], answers: Sequence[str]) -> dict[str, object]:
    properties = {name: {"type": "string", "enum": list(answers)} for name in criteria}
    schema = {"type": "object", "properties": properties, "required": list(criteria), "additionalProperties": False}
    return {"type": "json_schema", "json_schema": {"name": "verdict", "schema": schema, "strict": True}}


def _parsed(criteria: Sequence[str], answers: Sequence[str], content: str) -> dict[str, str]:
    """The answer by criterion.

    Raises:
        ValidationError: It is not the JSON that was asked for.
        ValueError: It says something that was not offered.
    """
    shape: type[BaseModel] = create_model(
        "Verdict", __config__=ConfigDict(coerce_numbers_to_str=True), **dict.fromkeys(criteria, (str, ...))
    )  # type: ignore[call-overload]
    found = {name: str(getattr(shape.model_validate_json(content), name)) for name in criteria}
    if any(value not in answers for value in found.values()):
        raise ValueError("an answer that was not offered")
    return found


def _text(turns: Sequence[TranscriptTurn]) -> str:
    names = {Role.USER: "User", Role.ASSISTANT: "Assistant"}
    return "\n".join(f"{names[turn.role]}: {turn.text}" for turn in turns)[-LONGEST:]
