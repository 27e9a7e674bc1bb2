"""The report as one HTML page that needs no network, as Markdown, and its figures as JSON."""

import json
import re
from pathlib import Path

from markdown_it import MarkdownIt

from eval.comparison import Comparison, WorstDialogue
from eval.plots import plots
from eval.predictions import Run
from eval.tables import counts_line, differences_table, groups_table, make_up_table, ranking_table

STYLE = """
body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:84rem;padding:0 1rem;color:#1c2430;background:#fff}
table{border-collapse:collapse;margin:1rem 0;display:block;overflow-x:auto;font-size:.85rem}
th,td{border-bottom:1px solid #d8dee6;padding:.25rem .45rem;text-align:right;white-space:nowrap}
th:first-child,td:first-child{text-align:left}code{background:#f2f4f7;padding:.1rem .3rem;overflow-wrap:anywhere}
svg{max-width:100%;height:auto}.turn{margin:.2rem 0}.user{color:#0b5394}.place{background:#fff6df;padding:.3rem .6rem}
"""


def write_report(comparison: Comparison, folder: Path) -> None:
    """Write report.html, report.md and report.json."""
    (folder / "report.md").write_text(to_markdown(comparison), encoding="utf-8")
    (folder / "report.html").write_text(to_html(comparison), encoding="utf-8")
    (folder / "report.json").write_text(to_json(comparison), encoding="utf-8")


def to_markdown(comparison: Comparison) -> str:
    """All but the plots."""
    return "\n\n".join(f"{text}" for _, text in _sections(comparison)) + "\n"


def to_html(comparison: Comparison) -> str:
    """Tables, plots (inline SVG) and the worst dialogues; no script, nothing from elsewhere."""
    parts = []
    for name, text in _sections(comparison):
        parts.append(_as_html(text))
        if name == "scores":
            parts += [f"<figure>{drawing}</figure>" for drawing in plots(comparison.runs)]
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>Offline evaluation</title><style>{STYLE}</style></head><body>{''.join(parts)}</body></html>\n"
    )


def to_json(comparison: Comparison) -> str:
    """Every figure, and how each run was made; dialogues are left out."""
    figures = {
        "runs": {
            name: {"made": comparison.made[name].model_dump(mode="json"), "scores": scores.model_dump(mode="json")}
            for name, scores in comparison.runs.items()
        },
        "differences": [difference.figures() for difference in comparison.differences],
    }
    return json.dumps(figures, indent=1, ensure_ascii=False) + "\n"


def _sections(comparison: Comparison) -> list[tuple[str, str]]:
    first = next(iter(comparison.runs.values()))
    return [
        ("title", "# Offline evaluation"),
        ("counts", counts_line(first)),
        ("scores", f"## Found\n\nItems mentioned before are left out.\n\n{ranking_table(comparison.runs, 'excluded')}"),
        ("included", f"## Items mentioned before left in\n\n{ranking_table(comparison.runs, 'included')}"),
        ("groups", f"## Cold to warm\n\n{groups_table(comparison.runs)}"),
        ("make-up", f"## What the lists are made of\n\n{make_up_table(comparison.runs)}"),
        ("pairs", f"## Is the first better?\n\n{_pairs(comparison)}"),
        ("worst", f"## Worst dialogues of the first run\n\n{_worst(comparison)}"),
        ("made", f"## How it was made\n\n{_made(comparison.made)}"),
    ]


def _pairs(comparison: Comparison) -> str:
    return (
        differences_table(comparison.differences, {}, "turns") if comparison.differences else "There is one run only."
    )


def _worst(comparison: Comparison) -> str:
    return "\n\n".join(_dialogue(dialogue, comparison.titles) for dialogue in comparison.worst) or "There are none."


def _dialogue(worst: WorstDialogue, titles: dict[str, str]) -> str:
    """A dialogue, with what was ranked before each place."""
    at = {truth.turn_index: (truth, ranked) for truth, ranked in worst.places}
    lines = [f"### {_plain(worst.dialogue.dialogue_id)}: recall@10 {worst.recall:.3f}"]
    for index, turn in enumerate(worst.dialogue.turns):
        if index in at:
            truth, ranked = at[index]
            wanted = ", ".join(_plain(titles.get(item_id, item_id)) for item_id in truth.fresh)
            lines.append(f"- *recorded:* {wanted}; *ranked:* {', '.join(map(_plain, ranked)) or 'nothing'}")
        lines.append(f"- **{turn.role.value}** {_plain(turn.text)}")
    return "\n".join(lines)


def _made(made: dict[str, Run]) -> str:
    lines = []
    for name, run in made.items():
        kept = ", ".join(f"{package} {version}" for package, version in run.versions.items())
        rate = f", {run.turns / run.seconds:.1f} turns a second" if run.seconds else ""
        lines += [
            f"- **{_plain(name)}** ({_plain(run.system)}): `{run.command or 'unknown command'}`",
            f"- seed {run.seed}; {run.turns} turns in {run.seconds:.1f} s ({run.cpu_s:.1f} s of processor time){rate}; "
            f"{run.hardware}; {kept}",
        ]
    return "\n".join(lines)


def _plain(text: str) -> str:
    """Text that Markdown takes as it is."""
    return re.sub(r"([\\`*_\[\]<>|#])", r"\\\1", " ".join(text.split()))


def _as_html(text: str) -> str:
    """Markdown as HTML; what looks like HTML in it stays text."""
    return str(MarkdownIt("js-default").render(text))
