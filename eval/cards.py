"""What came of replaying dialogues with the agent: cards, prose and seconds, as JSON and as Markdown."""

import math
from collections.abc import Callable, Sequence

from pydantic import BaseModel

from eval.metrics import bootstrap_interval, ndcg_at_k, percentile, recall_at_k
from eval.replay import Answer

LEVEL = 0.95


class Score(BaseModel):
    """A mean over all turns and its bootstrap interval over dialogues."""

    mean: float | None
    low: float | None
    high: float | None


class TurnReport(BaseModel):
    """One turn, for whoever wants to read on."""

    dialogue_id: str
    turn_index: int
    relevant: tuple[str, ...]
    ranked: tuple[str, ...]
    foreign: tuple[str, ...]
    cards_s: float
    total_s: float
    error: str


class Report(BaseModel):
    """What came of a run."""

    dialogues: int
    turns: int
    failed_turns: int
    k: int
    interval: float = LEVEL
    recall: Score
    ndcg: Score
    named_titles: int
    foreign_titles: int
    foreign_share: float | None
    unknown_relevant: int
    """Recorded recommendations that the catalog does not have; they count as misses."""
    cards_s_p50: float | None
    cards_s_p95: float | None
    total_s_p50: float | None
    total_s_p95: float | None
    details: tuple[TurnReport, ...]


def make_report(answers: Sequence[Answer], *, k: int, unknown_relevant: int = 0, seed: int = 0) -> Report:
    """The report of a run; a failed turn counts as one that found nothing."""
    done = [answer for answer in answers if not answer.error]
    named = sum(answer.named for answer in answers)
    foreign = sum(len(answer.foreign) for answer in answers)
    return Report(
        dialogues=len({answer.dialogue_id for answer in answers}),
        turns=len(answers),
        failed_turns=len(answers) - len(done),
        k=k,
        recall=_score(answers, lambda answer: recall_at_k(answer.ranked, answer.relevant, k), seed=seed),
        ndcg=_score(answers, lambda answer: ndcg_at_k(answer.ranked, answer.relevant, k), seed=seed),
        named_titles=named,
        foreign_titles=foreign,
        foreign_share=foreign / named if named else None,
        unknown_relevant=unknown_relevant,
        cards_s_p50=_number(percentile([answer.cards_s for answer in done], 0.5)),
        cards_s_p95=_number(percentile([answer.cards_s for answer in done], 0.95)),
        total_s_p50=_number(percentile([answer.total_s for answer in done], 0.5)),
        total_s_p95=_number(percentile([answer.total_s for answer in done], 0.95)),
        details=tuple(_detail(answer) for answer in answers),
    )


def to_markdown(report: Report) -> str:
    """The report as a table."""
    foreign = f"{report.foreign_titles} of {report.named_titles}"
    rows = [
        ("dialogues, turns", f"{report.dialogues}, {report.turns} ({report.failed_turns} failed)"),
        (f"recall@{report.k}", _scored(report.recall)),
        (f"NDCG@{report.k}", _scored(report.ndcg)),
        ("titles outside the catalog", f"{foreign} ({_shown(report.foreign_share)})"),
        ("recorded items the catalog lacks", str(report.unknown_relevant)),
        ("seconds to the cards, p50 / p95", f"{_shown(report.cards_s_p50)} / {_shown(report.cards_s_p95)}"),
        ("seconds to the end, p50 / p95", f"{_shown(report.total_s_p50)} / {_shown(report.total_s_p95)}"),
    ]
    lines = [f"| {name} | {value} |" for name, value in rows]
    note = f"Means over turns; in brackets the {report.interval:.0%} bootstrap interval over dialogues."
    return "\n".join(["# Offline evaluation", "", "| | |", "|---|---|", *lines, "", note, ""])


def _score(answers: Sequence[Answer], value: Callable[[Answer], float], *, seed: int) -> Score:
    groups: dict[str, list[float]] = {}
    for answer in answers:
        groups.setdefault(answer.dialogue_id, []).append(value(answer))
    values = [number for group in groups.values() for number in group]
    low, high = bootstrap_interval(list(groups.values()), level=LEVEL, seed=seed)
    mean = math.fsum(values) / len(values) if values else math.nan
    return Score(mean=_number(mean), low=_number(low), high=_number(high))


def _detail(answer: Answer) -> TurnReport:
    return TurnReport(
        dialogue_id=answer.dialogue_id,
        turn_index=answer.turn_index,
        relevant=answer.relevant,
        ranked=answer.ranked,
        foreign=answer.foreign,
        cards_s=round(answer.cards_s, 4),
        total_s=round(answer.total_s, 4),
        error=answer.error,
    )


def _number(value: float) -> float | None:
    """JSON has no NaN."""
    return None if math.isnan(value) else value


def _scored(score: Score) -> str:
    return f"{_shown(score.mean)} [{_shown(score.low)}, {_shown(score.high)}]"


def _shown(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
