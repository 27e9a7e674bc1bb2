"""Lets a judge read transcripts: what the replies claim, and how good they are."""

import asyncio
import random
from collections.abc import Mapping, Sequence

from agent.learning.transcripts import Dialogue
from agent.settings import LlmSettings
from eval.audit.claims import ClaimReader, ClaimVerdict, Place
from eval.audit.judge import open_judge
from eval.audit.quality import cases_of, describe, judge_all
from eval.commands.options import bar
from eval.readers.naming import TitleReader
from retrieval.errors import BadDataError
from retrieval.items import Catalog


def judge_replies(
    settings: LlmSettings,
    catalog: Catalog,
    dialogues: Sequence[Dialogue],
    others: Sequence[Dialogue] | None = None,
    *,
    limit: int,
    seed: int,
) -> tuple[Mapping[Place, ClaimVerdict], str]:
    """What the judge said of claims, and its ratings in words with what all of it cost.

    Args:
        settings: Its endpoint.
        catalog: Whose facts count.
        dialogues: To judge.
        others: The same dialogues answered by another assistant, to compare with.
        limit: The most turns, of claims and of ratings.
        seed: Draws them.

    Raises:
        BadDataError: There is nothing to judge.
    """
    shuffled = random.Random(seed).sample(list(dialogues), len(dialogues))  # noqa: S311 - no secret  # nosec B311
    cases = cases_of(shuffled, limit=limit, others=others)
    if others is not None and not cases:
        raise BadDataError("nothing to compare: expected other replies to the same turns (--against).")

    async def ask() -> tuple[Mapping[Place, ClaimVerdict], str]:
        async with open_judge(settings) as judge:
            claims = ClaimReader(TitleReader.of(catalog))
            with bar("claims") as progress:
                judged = await claims.judged_by(judge, dialogues, limit=limit, seed=seed, progress=progress)
            with bar("ratings") as progress:
                verdicts = await judge_all(judge, cases, progress)
            rated = [describe(verdicts, compared=others is not None)] if cases else []
            return judged, "\n\n".join(["", *rated, str(judge.cost)])

    return asyncio.run(ask())
