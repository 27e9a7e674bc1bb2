"""The figures in words: docs/exploration.json, the tables of docs/exploration.md and two drawn curves."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import JsonValue

from benchmarks.exploration.plot import ASKED, draw
from benchmarks.report import environment_lines, insert, table

BEGIN, END = "<!-- figures: begin -->", "<!-- figures: end -->"
NEW_ITEMS = "60% of guesses to new items, learning from all"
"""The row of the part about new items that the headline takes."""
DEFAULT = "ucb"
"""The strategy of the simulation that is the product's."""
WANTED: Mapping[str, str] = {
    "cold_likes_vs_greedy": "1.25 aimed at, lower end > 1.05",
    "dense_likes_vs_greedy": "lower end >= 0.97",
    "coverage_vs_greedy": ">= 2",
    "longtail_likes_vs_greedy": ">= 1.5",
    "ndcg_after_5_rounds_vs_greedy": "> 1",
    "cold_likes_vs_greedy_with_questions": "",
    "dense_likes_vs_greedy_with_questions": "",
    "coverage_vs_greedy_with_questions": "",
    "longtail_likes_vs_greedy_with_questions": "",
    "ndcg_after_5_rounds_vs_greedy_with_questions": "",
}
"""Ratios to greedy; those with questions are beside what was asked for: greedy asks none."""
ASKED_KNOWN = "20 known, default, answered 100%"
Parts = Mapping[str, Any]


def write_document(parts: Parts, environment: dict[str, JsonValue], folder: Path) -> None:
    """Write the JSON, and the tables between the marks of the document where there is one.

    Raises:
        RecommenderError: The document has no marks.
    """
    whole = {
        **headline(parts),
        "command": "python -m benchmarks.exploration",
        "environment": environment,
        "parts": parts,
    }
    (folder / "exploration.json").write_text(json.dumps(whole, indent=1) + "\n", encoding="utf-8")
    document = folder / "exploration.md"
    if document.is_file():
        insert(document, tables(parts, environment), BEGIN, END)
    if "cold" in parts and "dial" in parts:
        draw(parts, folder / "images")


def headline(parts: Parts) -> dict[str, JsonValue]:
    """The figures that are asked for by name; None where a part was not run."""
    cold, dense, ope = (parts.get(name, {}) for name in ("cold", "dense", "ope"))
    at_cold, at_dense = cold.get(DEFAULT, {}).get("to_greedy", {}), dense.get(DEFAULT, {}).get("to_greedy", {})
    # the same figures stand in the part with questions, as the rows without any
    at_cold = parts.get("asked", {}).get("default", {}).get("to_greedy", at_cold)
    at_dense = parts.get("asked", {}).get("20 known, default", {}).get("to_greedy", at_dense)
    told, told_dense = (parts.get("asked", {}).get(name, {}).get("to_greedy", {}) for name in (ASKED, ASKED_KNOWN))
    new = parts.get("fresh", {}).get(NEW_ITEMS, {})
    usual = parts.get("fresh", {}).get("default", {})
    robust = [target["doubly_robust"] for target in ope.get("targets", {}).values()]
    return {
        "cold_likes_vs_greedy": at_cold.get("likes"),
        "dense_likes_vs_greedy": at_dense.get("likes"),
        "coverage_vs_greedy": at_cold.get("coverage"),
        "longtail_likes_vs_greedy": at_cold.get("longtail_likes"),
        "ndcg_after_5_rounds_vs_greedy": at_cold.get("ndcg"),
        "cold_likes_vs_greedy_with_questions": told.get("likes"),
        "dense_likes_vs_greedy_with_questions": told_dense.get("likes"),
        "coverage_vs_greedy_with_questions": told.get("coverage"),
        "longtail_likes_vs_greedy_with_questions": told.get("longtail_likes"),
        "ndcg_after_5_rounds_vs_greedy_with_questions": told.get("ndcg"),
        "new_items_share_of_guesses": _share_of_guesses(usual),
        "likes_vs_greedy_with_new_items": usual.get("to_greedy", {}).get("likes"),
        "new_items_share_of_slots": new.get("new_item_share_of_slots"),
        "new_items_liked": new.get("guesses", {}).get("unrated", {}).get("liked"),
        "other_guesses_liked": _others_liked(new),
        "cold_likes_vs_greedy_deaf_to_silence": parts.get("literal", {})
        .get("default", {})
        .get("to_greedy", {})
        .get("likes"),
        "ope_median_relative_error": max((target["median_relative_error"] for target in robust), default=None),
        "ope_interval_coverage": min((target["interval_coverage"] for target in robust), default=None),
        "added_p95_ms": parts.get("speed", {}).get("p95_ms"),
        "added_cpu_p95_ms": parts.get("speed", {}).get("cpu_p95_ms"),
    }


def tables(parts: Parts, environment: dict[str, JsonValue]) -> str:
    """All tables."""
    sections = [
        f"- command: `python -m benchmarks.exploration` (= `make bench-exploration`)\n{environment_lines(environment)}"
    ]
    sections.append(_targets(parts))
    for name, title in (("cold", "Users who start with nothing"), ("dense", "Users of whom 20 ratings are known")):
        if name in parts:
            sections.append(f"### {title}\n\n{_of(parts[name])}{_strategies(parts[name])}")
    for name, title in (
        ("asked", "With the question that may come with every other list"),
        ("literal", "Where silence teaches nothing"),
        ("fresh", "New items: the ratings of 10 % of the items withheld"),
        ("dial", "The dial"),
    ):
        if name in parts:
            sections.append(f"### {title}\n\n{_of(parts[name])}{_variants(parts[name])}")
    if "bound" in parts:
        sections.append(
            f"### What more knowledge could bring at the most\n\n{_of(parts['bound'])}{_bound(parts['bound'])}"
        )
    if "worth" in parts:
        sections.append(f"### What knowing more is worth\n\n{_of(parts['worth'])}{_worth(parts['worth'])}")
    if "ope" in parts:
        sections.append(
            f"### Off-policy estimates beside known truths\n\n{_of(parts['ope'])}{_ope(parts['ope']['targets'])}"
        )
    if "speed" in parts:
        one = parts["speed"]
        sections.append(
            f"### Added time per turn\n\n{_of(one)}Wall clock p50 {one['p50_ms']:.1f} ms, p95 {one['p95_ms']:.1f} ms, "
            f"at a load of {one['load']:.1f}; processor time p50 {one['cpu_p50_ms']:.1f} ms, "
            f"p95 {one['cpu_p95_ms']:.1f} ms; {one['turns']} turns, {one['items']} items "
            f"(wanted: p95 <= {one['wanted_ms']:.0f} ms)."
        )
    if "tuning" in parts:
        sections.append(f"### Settings, on the tuning users\n\n{_of(parts['tuning'])}{_variants(parts['tuning'])}")
    return "\n\n".join(sections)


def _of(part: Mapping[str, Any]) -> str:
    """Which code a part was measured with: parts are run one by one."""
    return f"Commit {part['commit']}.\n\n" if "commit" in part else ""


def _targets(parts: Parts) -> str:
    rows: list[Sequence[object]] = []
    figures = headline(parts)
    for name, wanted in WANTED.items():
        rows.append((f"`{name}`", _ratio(figures[name]), wanted))
    for name, wanted in (
        ("new_items_share_of_guesses", ">= 0.10"),
        ("likes_vs_greedy_with_new_items", ">= 0.98"),
        ("new_items_share_of_slots", ">= 0.10"),
        ("new_items_liked", ">= the next"),
        ("other_guesses_liked", ""),
        ("ope_median_relative_error", "<= 0.10"),
        ("ope_interval_coverage", ">= 0.90"),
        ("added_p95_ms", "<= 5"),
        ("added_cpu_p95_ms", ""),
    ):
        value = figures[name]
        said = _ratio(value) if isinstance(value, dict) else "not run" if value is None else f"{value:.3f}"
        rows.append((f"`{name}`", said, wanted))
    return "### Against what was wanted\n\n" + table(("figure", "measured, 95 % interval", "wanted"), rows)


def _strategies(strategies: Mapping[str, Any]) -> str:
    head = (
        "strategy",
        "likes found",
        "to greedy",
        "coverage",
        "to greedy",
        "long-tail likes",
        "NDCG@10 after 5",
        "to greedy",
        "guesses",
    )
    rows = [
        (
            name,
            f"{strategy['likes']:.2f}",
            _ratio(strategy["to_greedy"]["likes"]),
            f"{strategy['coverage']:.0f}",
            _ratio(strategy["to_greedy"]["coverage"]),
            f"{strategy['longtail_likes']:.3f}",
            f"{strategy['ndcg']:.4f}",
            _ratio(strategy["to_greedy"]["ndcg"]),
            f"{strategy['guess_share']:.0%}",
        )
        for name, strategy in strategies.items()
        if isinstance(strategy, dict)
    ]
    people = next(strategy["people"] for strategy in strategies.values() if isinstance(strategy, dict))
    return f"{people} users, 5 seeds, 10 rounds of 5 items.\n\n" + table(head, rows)


def _variants(variants: Mapping[str, Any]) -> str:
    head = (
        "variant",
        "likes found",
        "to greedy",
        "coverage",
        "long-tail likes",
        "NDCG@10 after 5",
        "new items' slots",
        "liked: new / little known / telling",
    )
    rows = []
    for name, variant in variants.items():
        if not isinstance(variant, dict):
            continue
        liked = " / ".join(f"{variant['guesses'][kind]['liked']:.3f}" for kind in ("unrated", "little_known", "other"))
        rows.append(
            (
                name,
                f"{variant['likes']:.2f}",
                _ratio(variant["to_greedy"]["likes"]) if "to_greedy" in variant else "",
                f"{variant['coverage']:.0f}",
                f"{variant['longtail_likes']:.3f}",
                f"{variant['ndcg']:.4f}",
                f"{variant['new_item_share_of_slots']:.1%}" if "new_item_share_of_slots" in variant else "",
                liked if variant["guess_share"] else "",
            )
        )
    return table(head, rows)


def _worth(part: Mapping[str, Any]) -> str:
    rows = [
        (name, f"{figures['likes_in_first_list']:.3f}") for name, figures in part.items() if isinstance(figures, dict)
    ]
    return f"{part['people']} users with at least 50 revealable ratings.\n\n" + table(
        ("ratings known for free", "likes in greedy's first list of 5"), rows
    )


def _bound(part: Mapping[str, Any]) -> str:
    rows = [
        (name, f"{figures['likes']:.2f}", _ratio(figures["to_greedy"]["likes"]))
        for name, figures in part.items()
        if isinstance(figures, dict)
    ]
    return table(("ratings told for free after the first list", "likes in ten lists", "to greedy"), rows)


def _share_of_guesses(figures: Mapping[str, Any]) -> float | None:
    """Which share of the guesses goes to items that nobody rated."""
    unrated = figures.get("guesses", {}).get("unrated", {}).get("share_of_slots")
    return unrated / figures["guess_share"] if unrated is not None and figures.get("guess_share") else None


def _others_liked(figures: Mapping[str, Any]) -> float | None:
    """The liked share of the guesses that are not at unrated items."""
    others = [of for kind, of in figures.get("guesses", {}).items() if kind != "unrated"]
    share = sum(of["share_of_slots"] for of in others)
    return sum(of["share_of_slots"] * of["liked"] for of in others) / share if share else None


def _ope(targets: Mapping[str, Any]) -> str:
    rows = [
        (
            target,
            kind.replace("_", " "),
            f"{figures['truth']:.4f}",
            f"{figures['median_relative_error']:.1%}",
            f"{figures['interval_coverage']:.0%}",
            f"{figures['effective_size']:.0f}",
        )
        for target, kinds in targets.items()
        for kind, figures in kinds.items()
    ]
    return table(
        (
            "target",
            "estimator",
            "true value",
            "median relative error",
            "intervals that hold the truth",
            "effective size",
        ),
        rows,
    )


def _ratio(ratio: Any) -> str:
    if not ratio or ratio.get("ratio") is None:
        return "not told"
    return f"{ratio['ratio']:.3f} ({ratio['low']:.3f} to {ratio['high']:.3f})"
