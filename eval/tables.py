"""Scores as Markdown tables."""

from collections.abc import Mapping, Sequence

from eval.bootstrap import Difference
from eval.scores import LIST, Score, Scores

MAIN = ("recall@1", "recall@5", "recall@10", "recall@20", "recall@50", "ndcg@10", "ndcg@20", "mrr")
MORE = ("precision@1", "precision@5", "precision@10")
MAKE_UP_NAMES = {
    "long_tail_share": "long-tail share",
    "novelty_bits": "novelty (bits)",
    "intra_list_diversity": "intra-list diversity",
    "popularity_percentile": "popularity percentile",
    "popularity_lift": "popularity above what was recorded",
}


def scores_table(runs: Mapping[str, Scores]) -> str:
    """All tables of some runs: rankings in both readings, groups of turns, and the make-up of the lists."""
    parts = [counts_line(next(iter(runs.values())))]
    for reading in ("excluded", "included"):
        said = "left out of lists and answers" if reading == "excluded" else "left in"
        parts += [f"### Items mentioned before {said}", ranking_table(runs, reading)]
    parts += ["### By place", groups_table(runs), f"### What the first {LIST} are made of", make_up_table(runs)]
    return "\n\n".join(parts)


def counts_line(scores: Scores) -> str:
    """How much was scored."""
    outside = scores.answers_outside_catalog
    fresh = scores.readings["excluded"]["all"].turns
    told = "" if outside is None else f"; {outside} of {scores.answers} recorded recommendations are not in the catalog"
    return (
        f"{scores.dialogues} dialogues, {scores.turns} turns that recommend, {fresh} of them something that had not "
        f"come up{told}. Means with {scores.level:.0%} intervals "
        f"(bootstrap over dialogues, seed {scores.seed})."
    )


def ranking_table(runs: Mapping[str, Scores], reading: str, metrics: Sequence[str] = (*MAIN, *MORE)) -> str:
    """A row per run, a column per metric."""
    rows = [
        [name, *(shown(scores.readings[reading]["all"].scores[metric]) for metric in metrics)]
        for name, scores in runs.items()
    ]
    return table(["run", *metrics], rows)


def groups_table(runs: Mapping[str, Scores], metric: str = "recall@10", reading: str = "excluded") -> str:
    """One metric by first and later turns, and by how much was mentioned before."""
    groups = list(next(iter(runs.values())).readings[reading])
    head = [f"{name} ({next(iter(runs.values())).readings[reading][name].turns})" for name in groups]
    rows = [
        [name, *(shown(scores.readings[reading][group].scores[metric]) for group in groups)]
        for name, scores in runs.items()
    ]
    return table([f"{metric}, turns", *head], rows)


def make_up_table(runs: Mapping[str, Scores]) -> str:
    """Coverage, novelty and the like, and seconds a turn."""
    head = ["run", "coverage", "Gini", *MAKE_UP_NAMES.values(), "outside catalog", "s/turn p50", "p95", "unranked"]
    rows = [
        [
            name,
            number(scores.coverage),
            number(scores.gini),
            *(shown(scores.make_up[key]) if key in scores.make_up else "-" for key in MAKE_UP_NAMES),
            number(scores.outside_catalog_share),
            number(scores.seconds_p50),
            number(scores.seconds_p95),
            str(scores.unranked_turns),
        ]
        for name, scores in runs.items()
    ]
    return table(head, rows)


def differences_table(differences: Sequence[Difference], names: Mapping[str, str], pairs: str) -> str:
    """A row per metric: how much more of it the first run has.

    Args:
        differences: Between runs.
        names: How metrics are called, where not by their key.
        pairs: What the pairs are.
    """
    rows = [
        [
            f"{one.first} - {one.second}",
            names.get(one.metric, one.metric),
            str(one.pairs),
            f"{one.gain.mean:+.3f}",
            f"[{one.gain.low:+.3f}, {one.gain.high:+.3f}]",
            number(one.not_above),
        ]
        for one in differences
    ]
    return table(["comparison, in pairs", "metric", pairs, "difference", "interval", "draws not above 0"], rows)


def acceptance_line(accepted: tuple[Score, int] | None) -> str:
    """What users accepted, where it was written down."""
    if accepted is None:
        return "acceptance: not recorded (no turn has `accepted`, no mention has `liked`)"
    return f"acceptance: {shown(accepted[0])} of {accepted[1]} shown items were clicked or liked"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; the first column is text, the others are figures."""
    lines = [_line(head), _line(["---", *["---:"] * (len(head) - 1)])]
    return "\n".join([*lines, *(_line(row) for row in rows)])


def shown(score: Score) -> str:
    """'.206 [.190, .222]'."""
    if score.mean is None:
        return "-"
    return f"{number(score.mean)} [{number(score.low)}, {number(score.high)}]"


def number(value: float | None) -> str:
    """Three decimals; '-' for none."""
    return "-" if value is None else f"{value:.3f}"


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"
