"""How many planted falsehoods the audit of transcripts catches, and how many true statements it suspects.

python -m benchmarks.audit

Both sets lie in eval/data/audit; they were written before the audit, over the demo's catalog. The rules were made on
half 1; the figures of half 2 at its first reading are in docs/audit.md.
"""

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from agent.learning.transcripts import read_dialogues
from eval.audit.auditor import Auditor
from eval.audit.findings import Check, Verdict
from eval.catalogs import load_catalog

ROOT = Path(__file__).parents[1]
SETS = ROOT / "eval/data/audit"
MOVIES, SCHEMA = ROOT / "retrieval/data/movies.jsonl", ROOT / "retrieval/data/movielens.toml"
EXPECTED = {
    "title": (Check.TITLE,),
    "sequel": (Check.TITLE, Check.CLAIM),
    "constraint": (Check.CONSTRAINT,),
    "repeat": (Check.REPEAT,),
    "seen": (Check.SEEN,),
}
"""Which check must find a falsehood of a kind; of the others, a claim."""
Row = tuple[str, int, bool, bool]
"""Kind, half, whether it was flagged, whether anything in it was confirmed."""


def rows(name: str) -> list[Row]:
    """One row for each statement of a set."""
    auditor = Auditor.of(load_catalog(MOVIES, schema=SCHEMA).dataset.catalog)
    lines = [json.loads(line) for line in (SETS / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]
    found = []
    for line, dialogue in zip(lines, read_dialogues(SETS / f"{name}.jsonl"), strict=True):
        results = [one for one in auditor.dialogue(dialogue).results if one.turn_index == len(dialogue.turns) - 1]
        wrong = [one.check for one in results if one.verdict is Verdict.WRONG]
        checks = tuple(Check) if name == "true" else EXPECTED.get(line["kind"], (Check.CLAIM,))
        held = any(one.verdict is Verdict.HOLDS for one in results)
        found.append((line["kind"], line["half"], any(one in checks for one in wrong), held))
    return found


def table(name: str, found: Sequence[Row]) -> list[str]:
    """Flagged statements by half, with Wilson's intervals, and by kind."""
    from scipy.stats import binomtest

    lines = [f"{name} statements", "", "| | flagged | share | 95 % (Wilson) |", "|---|---:|---:|---|"]
    for label, halves in (("half 1", (1,)), ("half 2", (2,)), ("all", (1, 2))):
        part = [flagged for _, half, flagged, _ in found if half in halves]
        low, high = binomtest(sum(part), len(part)).proportion_ci(method="wilson")
        lines.append(
            f"| {label} | {sum(part)} of {len(part)} | {sum(part) / len(part):.1%} | {low:.1%} to {high:.1%} |"
        )
    of_kind, flagged = Counter(row[0] for row in found), Counter(row[0] for row in found if row[2])
    lines += ["", "by kind: " + ", ".join(f"{kind} {flagged[kind]}/{count}" for kind, count in of_kind.items())]
    return [*lines, f"confirmed by the catalog in part: {sum(row[3] for row in found)}", ""]


def main() -> None:
    """Print both tables."""
    for name in ("false", "true"):
        print("\n".join(table(name, rows(name))))


if __name__ == "__main__":
    main()
