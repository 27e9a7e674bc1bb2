"""The tables of docs/recommender.md and the figures of docs/recommender.json."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict

import numpy as np
from numpy.typing import NDArray
from pydantic import JsonValue

from benchmarks.recommender.ablation import Without
from benchmarks.recommender.grids import GRIDS
from benchmarks.recommender.harness import Gain, Result, interval
from benchmarks.recommender.parts import CANDIDATES, SHOWN, Latency, NewItems, Spread
from benchmarks.recommender.protocols import NDCG, NEXT, One, Two
from benchmarks.report import table

METRICS = ("ndcg@10", "hr@10", "precision@10", "mrr", "recall@50")
OURS = "**fused (default)**"
LATER = "**fused (coming)**"
Figures = dict[str, JsonValue]


def one_tables(one: One) -> str:
    """Protocol one."""
    rows = _named(OURS, one.strategies["fused"], one.peers, one.strategies, one.channels)
    untied = ~one.split.tied
    gains = one.gain()
    return "\n\n".join(
        (
            f"Test, {len(one.split)} people, {one.split.train.n_items} films; "
            f"{one.split.tied.mean():.0%} of the people have a tie at the target's second.",
            table(_HEAD, [_row(label, result, untied) for label, result in rows]),
            f"The default against the best peer ({one.best}), paired over people: NDCG@10 {gains.relative}, "
            f"difference {gains.difference:+.4f} ({gains.low:+.4f} to {gains.high:+.4f}); "
            f"without ties {one.gain(untied).relative}; "
            f"targets in the long tail {one.gain(one.strategies['fused'].long_tail).relative}; "
            f"HR@10 {one.gain(metric='hr@10').relative}.",
            _beyond(rows),
        )
    )


def search_table(one: One) -> str:
    """What was chosen for each peer."""
    head = ("peer", "library", "tried", "chosen", "epochs", "validation NDCG@10", "fits averaged")
    lines = []
    for name, it in one.choices.items():
        grid = GRIDS[name]
        row = (name, grid.library, it.tried, _settings(it.settings), it.epochs or "-", f"{it.ndcg:.4f}", grid.n_seeds)
        lines.append(row)
    return table(head, lines)


def few_table(one: One) -> str:
    """Users with few interactions."""
    few, lines = one.few, []
    for name, result in few.values.items():
        low, high = interval(result.values[NDCG], few.users)
        cell = "-" if name == "fused" else few.gains[name].relative
        difference = "-" if name == "fused" else _signed(few.gains[name])
        lines.append(
            (
                OURS if name == "fused" else name,
                _span(result.mean(NDCG), low, high),
                f"{result.mean('hr@10'):.3f}",
                difference,
                cell,
            )
        )
    head = ("model", "NDCG@10", "HR@10", "default minus this", "relative")
    text = f"The {few.n_users} people with the fewest interactions (at most {few.most_interactions}), "
    text += f"{len(few.users)} requests."
    return f"{text}\n\n{table(head, lines)}"


def two_tables(two: Two) -> str:
    """Protocol two."""
    rows = _named(LATER, two.strategies["fused"], two.peers, two.strategies, two.channels)
    head = ("model", "NDCG@10", "HR@10", "precision@10", "recall@50", "NDCG@10, with a past", "NDCG@10, without")
    lines = [
        (
            label,
            _span(result.mean(NDCG), *interval(result.values[NDCG], two.users)),
            f"{result.mean('hr@10'):.3f}",
            f"{result.mean('precision@10'):.3f}",
            f"{result.mean('recall@50'):.3f}",
            _span(result.mean(NDCG, two.known), *interval(result.values[NDCG][two.known], two.users[two.known])),
            f"{result.mean(NDCG, ~two.known):.4f}",
        )
        for label, result in rows
    ]
    cuts = "; ".join(f"{cut.name}: {len(cut.train)} liked before, {len(cut)} people after" for cut in two.cuts)
    gains = (("all", None), ("with a past", two.known), ("without a past", ~two.known))
    said = "; ".join(f"{name} {two.gain(mask).relative}, difference {_signed(two.gain(mask))}" for name, mask in gains)
    last = f"Ours against the best peer ({two.best}), paired over people: {said}. "
    last += f"Protocol one's default, asked this: {two.gain(name=NEXT).relative}."
    return f"{cuts}.\n\n{table(head, lines)}\n\n{last}"


def ablation_table(whole: Result, parts: Sequence[Without]) -> str:
    """What is lost without each thing."""
    lines = [("nothing", "-", f"{whole.mean(NDCG):.4f}", "-")]
    lines += [(part.taken, ", ".join(part.members), f"{part.ndcg:.4f}", _signed(part.gain)) for part in parts]
    return table(("taken away", "members", "NDCG@10", "lost by that (paired)"), lines)


def new_items_table(new: NewItems) -> str:
    """Items without ratings."""
    lines = [
        (name, f"{value:.3f}", "-" if name == "random" else f"{_times(new.gains[name])} times random")
        for name, value in new.recall.items()
    ]
    return f"{new.n_held} items held out, {new.n_users} people.\n\n" + table(
        ("scored by", f"recall@{SHOWN}", ""), lines
    )


def latency_text(latency: Latency) -> str:
    """Milliseconds per request."""
    return (
        f"One thread, {latency.n} requests: fusing, ranking and diversifying {CANDIDATES} candidates takes "
        f"{latency.fusing[0]:.1f} ms (median), {latency.fusing[1]:.1f} ms (p95), of which processor time "
        f"{latency.fusing_processor[0]:.1f} ms (median), {latency.fusing_processor[1]:.1f} ms (p95); before that, all "
        f"members score all items "
        f"in {latency.scoring[0]:.1f} ms (median), {latency.scoring[1]:.1f} ms (p95)."
    )


def spread_table(spreads: Sequence[Spread]) -> str:
    """What diversity costs."""
    lines = [(spread.diversity, f"{spread.ndcg:.4f}", f"{spread.difference:.3f}") for spread in spreads]
    return table(("diversity", "NDCG@10", "difference among the ten"), lines)


def figures(result: Result, groups: NDArray[np.int64] | None = None) -> Figures:
    """One model's figures with their intervals."""
    numbers: Figures = {}
    for name in METRICS:
        low, high = interval(result.values[name], groups)
        numbers[name] = round(result.mean(name), 5)
        numbers[f"{name}_interval"] = [round(low, 5), round(high, 5)]
    numbers["untied_ndcg@10"] = _rounded(result.mean(NDCG, ~result.tied))
    numbers["long_tail_ndcg@10"] = _rounded(result.mean(NDCG, result.long_tail))
    numbers["long_tail_hr@10"] = _rounded(result.mean("hr@10", result.long_tail))
    numbers["coverage@10"] = round(result.coverage, 4)
    numbers["long_tail_share@10"] = round(result.mean("long_tail@10"), 4)
    numbers["novelty@10"] = round(result.mean("novelty@10"), 3)
    numbers["fit_s"] = round(result.fit_s, 2)
    numbers["score_ms"] = round(result.score_ms, 3)
    return numbers


def one_figures(one: One) -> Figures:
    """Protocol one for machines."""
    few: Figures = {name: round(result.mean(NDCG), 5) for name, result in one.few.values.items()}
    return {
        "fused": figures(one.strategies["fused"]),
        "peers": {name: figures(result) for name, result in one.peers.items()},
        "channels": {name: figures(result) for name, result in one.channels.items()},
        "strategies": {name: figures(result) for name, result in one.strategies.items() if name != "fused"},
        "best_peer": one.best,
        "gain": gain_figures(one.gain()),
        "gain_untied": gain_figures(one.gain(~one.split.tied)),
        "few": {"ndcg@10": few, "gains": {name: gain_figures(it) for name, it in one.few.gains.items()}},
        "search": {
            name: {"tried": it.tried, "settings": dict(it.settings), "epochs": it.epochs, "validation_ndcg@10": it.ndcg}
            for name, it in one.choices.items()
        },
    }


def two_figures(two: Two) -> Figures:
    """Protocol two for machines."""
    return {
        "fused": figures(two.strategies["fused"], two.users),
        "peers": {name: figures(result, two.users) for name, result in two.peers.items()},
        "channels": {name: figures(result, two.users) for name, result in two.channels.items()},
        "strategies": {name: figures(result, two.users) for name, result in two.strategies.items() if name != "fused"},
        "best_peer": two.best,
        "gain": gain_figures(two.gain()),
        "gain_next": gain_figures(two.gain(name=NEXT)),
        "gain_with_history": gain_figures(two.gain(two.known)),
        "gain_without_history": gain_figures(two.gain(~two.known)),
        "with_history": _by_past(two, two.known),
        "without_history": _by_past(two, ~two.known),
    }


def gain_figures(gain: Gain) -> Figures:
    """A paired comparison for machines."""
    return {name: round(float(value), 5) for name, value in asdict(gain).items()}


def _by_past(two: Two, mask: NDArray[np.bool_]) -> Figures:
    everyone = {"fused": two.strategies["fused"], **two.peers}
    return {name: _rounded(result.mean(NDCG, mask)) for name, result in everyone.items()}


_HEAD = (
    *("model", "NDCG@10", "HR@10", "precision@10", "MRR", "recall@50", "NDCG@10 without ties"),
    *("NDCG@10 long tail", "HR@10 long tail"),
)


def _row(label: str, result: Result, untied: NDArray[np.bool_]) -> tuple[str, ...]:
    return (
        label,
        _span(result.mean(NDCG), *interval(result.values[NDCG])),
        _span(result.mean("hr@10"), *interval(result.values["hr@10"]), digits=3),
        f"{result.mean('precision@10'):.4f}",
        f"{result.mean('mrr'):.4f}",
        f"{result.mean('recall@50'):.3f}",
        f"{result.mean(NDCG, untied):.4f}",
        f"{result.mean(NDCG, result.long_tail):.4f}",
        f"{result.mean('hr@10', result.long_tail):.3f}",
    )


def _beyond(rows: Iterable[tuple[str, Result]]) -> str:
    head = ("model", "coverage@10", "long-tail share@10", "novelty@10 (bits)", "fit seconds", "ms per user")
    lines = [
        (
            label,
            f"{result.coverage:.3f}",
            f"{result.mean('long_tail@10'):.3f}",
            f"{result.mean('novelty@10'):.2f}",
            f"{result.fit_s:.1f}",
            "-" if label.startswith("strategy") else f"{result.score_ms:.2f}",
        )
        for label, result in rows
    ]
    return table(head, lines)


def _named(
    label: str,
    fused: Result,
    peers: Mapping[str, Result],
    strategies: Mapping[str, Result],
    channels: Mapping[str, Result],
) -> list[tuple[str, Result]]:
    """The default, peers, other strategies, channels; each group best first."""
    groups = (
        ("", peers),
        ("strategy: ", {k: v for k, v in strategies.items() if k != "fused"}),
        ("channel: ", channels),
    )
    rows = [(label, fused)]
    for prefix, group in groups:
        rows += [
            (f"{prefix}{name}", result) for name, result in sorted(group.items(), key=lambda it: -it[1].mean(NDCG))
        ]
    return rows


def _span(value: float, low: float, high: float, digits: int = 4) -> str:
    return f"{value:.{digits}f} ({low:.{digits}f} to {high:.{digits}f})"


def _signed(gain: Gain) -> str:
    return f"{gain.difference:+.4f} ({gain.low:+.4f} to {gain.high:+.4f})"


def _times(gain: Gain) -> str:
    return f"{gain.ratio:.2f} ({gain.ratio_low:.2f} to {gain.ratio_high:.2f})"


def _settings(settings: Mapping[str, object]) -> str:
    return ", ".join(f"{name} {value}" for name, value in settings.items()) or "defaults"


def _rounded(value: float) -> float | None:
    return None if np.isnan(value) else round(value, 5)
