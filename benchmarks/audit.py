"""How many planted falsehoods the audit of transcripts catches, and how many true statements it suspects.

python -m benchmarks.audit                                    ids, limits and repeats alone: no judge
python -m benchmarks.audit --answers eval/data/audit/answers.jsonl    with recorded answers of a judge
python -m benchmarks.audit --judge-url URL [--judge-model NAME]

Both sets lie in eval/data/audit, over the demo's catalog. An answer is what eval/audit/claims.py asks for, with ids of
items in place of rows.
"""

import argparse
import asyncio
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from agent.learning.transcripts import Dialogue, read_dialogues
from agent.settings import LlmSettings
from eval.audit.auditor import Auditor
from eval.audit.claims import ClaimReader, ClaimVerdict, Place, replies
from eval.audit.findings import Check, Verdict
from eval.audit.judge import open_judge
from eval.catalogs import load_catalog
from eval.readers.naming import TitleReader
from retrieval.items import Catalog
from tools.placing import reference_of

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


def recorded(claims: ClaimReader, dialogues: Sequence[Dialogue], path: Path) -> dict[Place, ClaimVerdict]:
    """What recorded answers say, read as those of a judge are."""
    lines = map(json.loads, path.read_text(encoding="utf-8").splitlines())
    answers = {(line["dialogue_id"], line["turn_index"]): line["answer"] for line in lines}
    questions = (claims.question(dialogue, at) for dialogue in dialogues for at in replies(dialogue))
    return {
        question.place: claims.judged(
            question, question.shape.model_validate(_with_rows(answers[question.place], claims.titles.catalog))
        )
        for question in questions
    }


def _with_rows(answer: dict[str, Any], catalog: Catalog) -> dict[str, Any]:
    """An answer with rows of the catalog, as a judge gives it, in place of ids."""
    stated = [claim | {"item": reference_of(catalog, claim["item"])} for claim in answer["claims"]]
    suggested = [reference_of(catalog, item_id) for item_id in answer["suggested"]]
    return answer | {"suggested": suggested, "claims": stated}


async def asked(claims: ClaimReader, dialogues: Sequence[Dialogue], settings: LlmSettings) -> dict[Place, ClaimVerdict]:
    """What a judge says of every reply."""
    async with open_judge(settings) as judge:
        judged = await claims.judged_by(judge, dialogues, limit=len(dialogues) * 10, seed=0)
        print(f"{len(judged)} replies judged; {judge.cost}\n")
        return judged


def rows(name: str, auditor: Auditor, dialogues: Sequence[Dialogue]) -> list[Row]:
    """One row for each statement of a set, which is the last turn of its dialogue."""
    lines = [json.loads(line) for line in (SETS / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]
    measured = []
    for line, dialogue in zip(lines, dialogues, strict=True):
        last = len(dialogue.turns) - 1
        results = [finding for finding in auditor.dialogue(dialogue).results if finding.turn_index == last]
        wrong = {finding.check for finding in results if finding.verdict is Verdict.WRONG}
        checks = {*Check} if name == "true" else {*EXPECTED.get(line["kind"], (Check.CLAIM,))}
        held = any(finding.verdict is Verdict.HOLDS for finding in results)
        measured.append((line["kind"], line["half"], bool(wrong & checks), held))
    return measured


def table(name: str, results: Sequence[Row]) -> list[str]:
    """Flagged statements by half, with Wilson's intervals, and by kind."""
    from scipy.stats import binomtest

    lines = [f"{name} statements", "", "| | flagged | share | 95 % (Wilson) |", "|---|---:|---:|---|"]
    for label, halves in (("half 1", (1,)), ("half 2", (2,)), ("all", (1, 2))):
        part = [flagged for _, half, flagged, _ in results if half in halves]
        low, high = binomtest(sum(part), len(part)).proportion_ci(method="wilson")
        lines.append(
            f"| {label} | {sum(part)} of {len(part)} | {sum(part) / len(part):.1%} | {low:.1%} to {high:.1%} |"
        )
    of_kind, flagged = Counter(row[0] for row in results), Counter(row[0] for row in results if row[2])
    lines += ["", "by kind: " + ", ".join(f"{kind} {flagged[kind]}/{count}" for kind, count in of_kind.items())]
    return [*lines, f"confirmed by the catalog in part: {sum(row[3] for row in results)}", ""]


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--answers", type=Path, help="recorded answers of a judge")
    parser.add_argument("--judge-url", help="OpenAI-compatible base URL of a judge")
    parser.add_argument("--judge-model", default="local")
    options = parser.parse_args()
    catalog = load_catalog(MOVIES, schema=SCHEMA).dataset.catalog
    claims = ClaimReader(TitleReader.of(catalog))
    sets = {name: read_dialogues(SETS / f"{name}.jsonl") for name in ("false", "true")}
    dialogues = [dialogue for of_set in sets.values() for dialogue in of_set]
    judged: Mapping[Place, ClaimVerdict] = {}
    if options.judge_url:
        settings = LlmSettings(url=options.judge_url, model=options.judge_model)
        judged = asyncio.run(asked(claims, dialogues, settings))
    elif options.answers:
        judged = recorded(claims, dialogues, options.answers)
    for name, of_set in sets.items():
        print("\n".join(table(name, rows(name, Auditor.of(catalog, judged), of_set))))


if __name__ == "__main__":
    main()
