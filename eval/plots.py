"""Plots of scores as inline SVG; needs the extra `eval`."""

import io
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from eval.scores import RECALL_AT, Score, Scores
from retrieval.errors import SettingsError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WARMTH = ("0 items before", "1-2 items before", "3+ items before")


def plots(runs: Mapping[str, Scores]) -> list[str]:
    """Recall by k, by warmth, coverage beside the long tail, and seconds a turn.

    Raises:
        SettingsError: The extra for plots is not installed.
    """
    drawings: list[Callable[[Axes, Mapping[str, Scores]], None]] = [_by_k, _by_warmth]
    if any(scores.coverage is not None for scores in runs.values()):
        drawings.append(_coverage)
    if any(scores.seconds_p50 is not None for scores in runs.values()):
        drawings.append(_latency)
    return [_drawn(draw, runs) for draw in drawings]


def _drawn(draw: "Callable[[Axes, Mapping[str, Scores]], None]", runs: Mapping[str, Scores]) -> str:
    try:
        import matplotlib as mpl
        from matplotlib.figure import Figure
    except ImportError as error:
        raise SettingsError("plots need the extra: .venv/bin/pip install -e '.[eval]'") from error
    # text stays text, and ids depend on nothing that changes from run to run
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "reconteur", "font.size": 10}):
        figure = Figure(figsize=(8, 4.2), layout="constrained")
        axes = figure.add_subplot()
        draw(axes, runs)
        axes.grid(visible=True, axis="y", alpha=0.3)
        axes.spines[["top", "right"]].set_visible(False)
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    text = buffer.getvalue()
    return re.sub(r"<metadata>.*?</metadata>", "", text[text.index("<svg") :], flags=re.DOTALL)


def _by_k(axes: "Axes", runs: Mapping[str, Scores]) -> None:
    for name, scores in runs.items():
        points = [scores.readings["excluded"]["all"].scores[f"recall@{k}"] for k in RECALL_AT]
        axes.errorbar(RECALL_AT, _means(points), yerr=_ends(points), marker="o", capsize=3, label=name)
    axes.set(xscale="log", xticks=RECALL_AT, xticklabels=[str(k) for k in RECALL_AT], xlabel="k", title="Recall by k")
    axes.minorticks_off()
    axes.legend(frameon=False)


def _by_warmth(axes: "Axes", runs: Mapping[str, Scores]) -> None:
    width = 0.8 / len(runs)
    for place, (name, scores) in enumerate(runs.items()):
        points = [scores.readings["excluded"][group].scores["recall@10"] for group in WARMTH]
        at = [x + (place - (len(runs) - 1) / 2) * width for x in range(len(WARMTH))]
        axes.bar(at, _means(points), width, yerr=_ends(points), capsize=2, label=name)
    axes.set(xticks=range(len(WARMTH)), xticklabels=WARMTH, title="Recall@10 by what was mentioned before")
    axes.legend(frameon=False)


def _coverage(axes: "Axes", runs: Mapping[str, Scores]) -> None:
    for name, scores in runs.items():
        tail = scores.make_up["long_tail_share"].mean if scores.make_up else None
        if scores.coverage is not None and tail is not None:
            axes.scatter([scores.coverage], [tail])
            axes.annotate(name, (scores.coverage, tail), xytext=(5, 4), textcoords="offset points")
    axes.set(xlabel="share of the catalog in some list of ten", ylabel="long-tail share", title="Coverage, long tail")
    axes.margins(0.15)


def _latency(axes: "Axes", runs: Mapping[str, Scores]) -> None:
    timed = {name: scores for name, scores in runs.items() if scores.seconds_p50}
    p50 = [scores.seconds_p50 or 0.0 for scores in timed.values()]
    p95 = [scores.seconds_p95 or 0.0 for scores in timed.values()]
    axes.barh(list(timed), p95, alpha=0.4, label="p95")
    axes.barh(list(timed), p50, label="median")
    axes.set(xlabel="seconds a turn", title="Latency")
    axes.legend(frameon=False)


def _means(scores: list[Score]) -> list[float]:
    return [score.mean or 0.0 for score in scores]


def _ends(scores: list[Score]) -> list[list[float]]:
    """How far the ends of the intervals are from the means, below and above."""
    return [
        [(score.mean or 0.0) - (score.low or 0.0) for score in scores],
        [(score.high or 0.0) - (score.mean or 0.0) for score in scores],
    ]
