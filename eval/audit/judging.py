"""Runs the judge over transcripts and puts what it said into words."""

import asyncio
import math
import random
from collections.abc import Callable, Sequence
from pathlib import Path

from agent.learning.transcripts import Dialogue, read_transcripts
from agent.llm import make_chat_model, open_client
from agent.settings import LlmSettings
from eval.audit.judge import CRITERIA, Case, Cost, Verdicts, agreement, cases_of, judge_all
from eval.commands.options import bar
from retrieval.errors import BadDataError


def judge_and_describe(
    dialogues: Sequence[Dialogue],
    against: Path | None,
    *,
    url: str,
    model: str | None,
    limit: int,
    seed: int,
    skip_bad: bool,
) -> str:
    """Ask the judge, and say what it found, how far it agrees with itself, and what it cost.

    Raises:
        BadDataError: There is nothing to judge, or the other transcripts cannot be read.
    """
    others = None if against is None else read_transcripts(against, skip_bad=skip_bad).dialogues
    shuffled = random.Random(seed).sample(list(dialogues), len(dialogues))  # noqa: S311 - no secret  # nosec B311
    cases = cases_of(shuffled, limit=limit, others=others)
    if not cases:
        raise BadDataError("nothing to judge: expected replies of an assistant (with --against: to the same turns).")
    with bar("judged") as progress:
        verdicts, cost = asyncio.run(_ask_all(LlmSettings(url=url, model=model or "local"), cases, progress))
    return describe(verdicts, cost, compared=others is not None)


async def _ask_all(
    settings: LlmSettings, cases: Sequence[Case], progress: Callable[[int, int], None]
) -> tuple[list[Verdicts], Cost]:
    async with open_client(settings) as client:
        chat = make_chat_model(settings, client)
        if chat is None:
            raise BadDataError("--judge-url: expected the base URL of an OpenAI-compatible endpoint, found none.")
        return await judge_all(chat, cases, progress=progress)


def describe(verdicts: Sequence[Verdicts], cost: Cost, *, compared: bool) -> str:
    """The judge's result as Markdown."""
    rows = [_compared(verdicts, name) if compared else _rated(verdicts, name) for name in CRITERIA]
    head = "| first better | second better | tie or torn |" if compared else "| mean of 1 to 5 |"
    lines = [
        "",
        f"judge: {len(verdicts)} cases, each asked twice in swapped order",
        "",
        f"| {head} agrees with itself | Cohen's kappa |",
        "|---|" + "---:|" * (5 if compared else 3),
        *rows,
        "",
        f"cost: {cost.calls} calls ({cost.failed} failed), {cost.prompt_tokens} prompt and "
        f"{cost.completion_tokens} answer tokens, {cost.seconds:.1f} s of calls",
    ]
    return "\n".join(lines)


def _rated(verdicts: Sequence[Verdicts], name: str) -> str:
    ratings = [int(one[name]) for verdict in verdicts for one in (verdict.plain, verdict.swapped)]
    mean = sum(ratings) / len(ratings) if ratings else math.nan
    return f"| {name} | {mean:.2f} | {_trust(verdicts, name)} |"


def _compared(verdicts: Sequence[Verdicts], name: str) -> str:
    """A side counts where both orders name it; else the judge is torn."""
    sure = [one.plain[name] for one in verdicts if one.plain[name] == one.swapped[name]]
    first, second = sure.count("first"), sure.count("second")
    return f"| {name} | {first} | {second} | {len(verdicts) - first - second} | {_trust(verdicts, name)} |"


def _trust(verdicts: Sequence[Verdicts], name: str) -> str:
    share, kappa = agreement(verdicts, name)
    return f"{share:.0%} | {'-' if math.isnan(kappa) else f'{kappa:.2f}'}"
