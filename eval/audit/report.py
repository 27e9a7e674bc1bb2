"""An audit in words: counts by check, and the findings with the sentences they quote."""

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from eval.audit.findings import Audit, Check, Finding, Verdict

NAMES = {
    Check.TITLE: "titles that the catalog does not have",
    Check.CLAIM: "claims that the catalog speaks against",
    Check.CONSTRAINT: "suggestions that break a limit of the user",
    Check.REPEAT: "suggestions made again",
    Check.SEEN: "suggestions of what the user knows",
}


def wanted(audit: Audit, *, unverifiable: bool = False, held: bool = False) -> list[Finding]:
    """The results to list: what is wrong and, on demand, what could not be told and what holds."""
    verdicts = {Verdict.WRONG}
    verdicts |= {Verdict.UNVERIFIABLE} if unverifiable else set()
    verdicts |= {Verdict.HOLDS} if held else set()
    return [finding for finding in audit.results if finding.verdict in verdicts]


def write_findings(path: Path, findings: Iterable[Finding]) -> int:
    """Write findings, one JSON object a line.

    Returns:
        How many there were.
    """
    lines = [finding.model_dump_json() + "\n" for finding in findings]
    path.write_text("".join(lines), encoding="utf-8")
    return len(lines)


def to_text(audit: Audit, *, shown: int = 10, unverifiable: bool = False, held: bool = False) -> str:
    """The whole report."""
    lines = [
        f"{audit.dialogues} dialogues, {audit.turns} turns of the assistant, {audit.named} titles named, "
        f"{audit.suggested} suggestions",
        f"{audit.judged} turns judged: claims and unknown titles are looked at in these alone"
        + ("" if audit.judged else " (--judge-url)"),
        "",
        *_counts(audit),
    ]
    for check in Check:
        lines += _listed(NAMES[check], [finding for finding in audit.findings if finding.check is check], shown)
    if unverifiable:
        lines += _listed("could not be told", audit.of(Verdict.UNVERIFIABLE), shown)
    if held:
        lines += _listed("held", audit.of(Verdict.HOLDS), shown)
    return "\n".join(lines)


def _counts(audit: Audit) -> list[str]:
    counts = Counter((finding.check, finding.verdict) for finding in audit.results)
    turns = {check: len({(f.dialogue_id, f.turn_index) for f in audit.findings if f.check is check}) for check in Check}
    rows = [
        f"| {NAMES[check]} | {counts[check, Verdict.WRONG]} | {turns[check]} "
        f"| {_or_dash(counts[check, Verdict.HOLDS])} | {_or_dash(counts[check, Verdict.UNVERIFIABLE])} |"
        for check in Check
    ]
    return ["| | wrong | in turns | held | unverifiable |", "|---|---:|---:|---:|---:|", *rows]


def _or_dash(count: int) -> str:
    return str(count) if count else "-"


def _listed(name: str, findings: Sequence[Finding], shown: int) -> list[str]:
    if not findings or not shown:
        return []
    rest = [f"... and {len(findings) - shown} more (--shown, --out)"] if len(findings) > shown else []
    return ["", f"{name}:", *(_line(finding) for finding in findings[:shown]), *rest]


def _line(finding: Finding) -> str:
    quoted = " ".join(finding.sentence.split()) or "(a card)"
    return f"- {finding.dialogue_id}, turn {finding.turn_index}: “{quoted}” {finding.claimed}. {finding.known}."
