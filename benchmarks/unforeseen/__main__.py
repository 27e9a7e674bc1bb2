"""Plays, lays out for blind readers, and scores talk that nobody foresaw.

python -m benchmarks.unforeseen --out runs/offline.jsonl --driver offline [--set open] [--languages en,zh] [--ids a-02]
python -m benchmarks.unforeseen --out runs/small.jsonl --llm-url http://127.0.0.1:8080/v1 [--driver schema]
python -m benchmarks.unforeseen --judge-sheet sheet.md runs/offline.jsonl runs/small.jsonl
python -m benchmarks.unforeseen --score reader1.jsonl reader2.jsonl --key sheet.md.key.json

A run that was stopped goes on where it was when the same file is named again.
"""

import argparse
import asyncio
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from benchmarks.session import open_agent, warm
from benchmarks.unforeseen.playing import play_all
from benchmarks.unforeseen.records import SETS, Case, begin, chosen, read_cases
from benchmarks.unforeseen.scoring import read_judged, read_key, report
from benchmarks.unforeseen.sheet import write_sheet
from retrieval.errors import RecommenderError
from retrieval.retriever import Retriever
from retrieval.settings import RetrievalSettings

log = Console(stderr=True)


def main(arguments: list[str] | None = None) -> int:
    """Do what was asked for; 1 and a message where something is missing."""
    parser = _parser()
    given = parser.parse_args(arguments)
    try:
        if given.score:
            first, second = given.score
            print(report(read_judged(first, second, read_key(given.key, read_cases())), seed=given.seed))
        elif given.judge_sheet:
            if not given.runs:
                parser.error("--judge-sheet: name the files of one or more runs")
            key = write_sheet(given.judge_sheet, given.runs, read_cases(), seed=given.seed)
            log.print(f"the sheet is for the readers; {key.name} is not", highlight=False)
        elif given.out:
            asyncio.run(_run(given))
        else:
            parser.error("expected --out, --judge-sheet or --score")
    except RecommenderError as error:
        log.print(str(error), style="red", highlight=False)
        return 1
    return 0


async def _run(given: argparse.Namespace) -> None:
    languages, ids = (_names(value) for value in (given.languages, given.ids))
    cases = chosen(read_cases(SETS if given.set == "all" else (given.set,)), languages=languages, ids=ids)
    how = {"driver": given.driver, "model": given.model if given.llm_url else "", "seed": given.seed}
    done = {played.id for played in begin(given.out, how)}
    todo: list[Case] = [case for case in cases if case.id not in done]
    log.print(f"{len(cases)} conversations, {len(cases) - len(todo)} of them played before", highlight=False)
    retriever = await asyncio.to_thread(Retriever.open, RetrievalSettings(data_dir=given.data))
    async with open_agent(
        retriever, url=given.llm_url, model=given.model, seed=given.seed, driver=given.driver, turn_s=given.turn_s
    ) as agent:
        await warm(agent)
        log.print(f"driver {agent.chooser.status}", highlight=False)
        with Progress(console=log) as bar:
            task = bar.add_task("conversations", total=len(todo))
            await play_all(
                agent,
                todo,
                given.out,
                seed=given.seed,
                parallel=given.parallel,
                progress=lambda played, _: bar.update(task, completed=played),
            )


def _names(value: str) -> list[str]:
    return [name.strip() for name in value.split(",") if name.strip()]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.unforeseen",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("runs", nargs="*", type=Path, help="files of runs, for --judge-sheet")
    parser.add_argument("--out", type=Path, help="play, and write a conversation a line here")
    parser.add_argument(
        "--judge-sheet", type=Path, help="write the runs, shuffled and without names, for blind readers"
    )
    parser.add_argument("--score", nargs=2, type=Path, metavar=("FIRST", "SECOND"), help="the files of two readers")
    parser.add_argument("--key", type=Path, help="the key of the sheet that was judged")
    parser.add_argument("--set", choices=(*SETS, "all"), default="open")
    parser.add_argument("--languages", default="", help="only these, as en,zh")
    parser.add_argument("--ids", default="", help="only these conversations, as a-02,a-07")
    parser.add_argument("--data", type=Path, default=RetrievalSettings().data_dir)
    parser.add_argument("--llm-url", default="", help="left out: no model, the offline driver leads")
    parser.add_argument("--model", default="local")
    parser.add_argument("--driver", choices=("auto", "tools", "schema", "offline"), default="auto")
    parser.add_argument("--turn-s", type=float, help="most seconds of a turn, where answers are written by hand")
    parser.add_argument("--parallel", type=int, default=1, help="conversations side by side")
    parser.add_argument("--seed", type=int, default=0)
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
