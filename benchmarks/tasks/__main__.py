"""Plays a shopper with requirements through the agent, on a shop that is ingested without a schema.

python -m benchmarks.tasks [--half open|frozen] [--driver schema --llm-url http://127.0.0.1:8080/v1] [--verbose]
    [--out FILE]
"""

import argparse
import asyncio
import json
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from rich.console import Console
from rich.progress import track

from agent.agent import Agent
from benchmarks.report import Share, environment, environment_lines, share_by, table, wanted
from benchmarks.session import DriverName, new_visitor, open_agent, play, warm
from benchmarks.tasks.catalog import SEED, Bike, make_bikes, write_bikes
from benchmarks.tasks.user import ANSWERS, Kind, Shopper, Task, make_tasks
from retrieval.build import build
from retrieval.ingest import ingest
from retrieval.retriever import Retriever
from retrieval.settings import RetrievalSettings

GOALS = {
    "success within eight answers": 0.9,
    "first pick right where all was told": 0.7,
    "impossible ones refused": 1.0,
}


@dataclass(slots=True)
class Played:
    """What became of one task."""

    task: str
    kind: str
    language: str
    answers: int = 0
    success: bool = False
    first_right: bool = False
    refused: bool = False
    cards: int = 0
    broken: int = 0
    """Cards that break what was told before them."""
    unheeded: int = 0
    """First cards that are no better than the one that a hint was said of."""
    hinted: int = 0
    asked: int = 0
    lines: list[str] = field(default_factory=list)


@contextmanager
def shop(bikes: tuple[Bike, ...]) -> Iterator[Retriever]:
    """The shop as a newcomer brings it: one file, nothing declared."""
    with tempfile.TemporaryDirectory(prefix="reconteur-tasks-") as folder:
        data, items = Path(folder) / "data", Path(folder) / "bikes.csv"
        write_bikes(bikes, items)
        ingest(items, data_dir=data)
        settings = RetrievalSettings(data_dir=data)
        build(settings)
        yield Retriever.open(settings)


async def play_task(agent: Agent, task: Task, bikes: dict[str, Bike], *, odd: bool) -> Played:
    """One conversation, until the shopper is content or has had enough."""
    shopper, played = Shopper(task, odd), Played(task.name, task.kind, task.language)
    conversation, message = new_visitor(agent), shopper.opening()
    while True:
        reply, _ = await play(agent, conversation, message)
        conversation, played.answers = reply.conversation, played.answers + 1
        shown = [bikes[card.item.item_id] for card in reply.recommendations]
        broken = shopper.breaking(shown)
        played.cards, played.broken = played.cards + len(shown), played.broken + len(broken)
        played.lines += [f"> {message}", f"< {reply.text}", *(f"    {_line(bike, shopper)}" for bike in shown[:2])]
        if shopper.hinted and shown and shopper.hinted[-1][1] is not None:
            played.unheeded += shown[0] is shopper.hinted[-1][1]
        played.success = shopper.accepts(shown)
        played.first_right |= played.answers == 1 and shopper.accepts(shown[:1])
        is_all_told = len(shopper.told) == len(task.needs)
        played.refused = is_all_told and not shown
        if played.success or played.answers == ANSWERS or (task.kind is Kind.IMPOSSIBLE and is_all_told):
            played.hinted = len(shopper.hinted)
            return played
        asked = conversation.open_inquiry.partition(":")[0]
        played.asked += bool(asked)
        message = shopper.reply(shown, asked)


def _line(bike: Bike, shopper: Shopper) -> str:
    wrong = [f"{need.field} {need.op} {need.value}" for need in shopper.task.needs if not need.keeps(bike)]
    return f"{bike.title}: {'; '.join(wrong) or 'right'}"


async def run(retriever: Retriever, tasks: Sequence[Task], bikes: Sequence[Bike], *, odd: bool, url: str, model: str,
              driver: DriverName, seed: int) -> list[Played]:  # fmt: skip
    """All tasks, one after the other; progress goes to stderr."""
    by_id = {bike.bike_id: bike for bike in bikes}
    async with open_agent(retriever, url=url, model=model, seed=seed, driver=driver) as agent:
        await warm(agent)
        return [
            await play_task(agent, task, by_id, odd=odd) for task in track(tasks, "tasks", console=Console(stderr=True))
        ]


def shares(played: Sequence[Played]) -> dict[str, Share]:
    """The figures; intervals are over tasks."""
    possible = [shopping for shopping in played if shopping.kind != Kind.IMPOSSIBLE]
    plain = [shopping for shopping in possible if shopping.kind != Kind.HINTED]
    told = [shopping for shopping in played if shopping.kind == Kind.TOLD]

    def share(of: Sequence[Played], name: str) -> Share:
        return share_by((shopping.task, bool(getattr(shopping, name))) for shopping in of)

    return {
        "success within eight answers": share(possible, "success"),
        "the same, hints aside": share(plain, "success"),
        "the same, hinted at": share([shopping for shopping in possible if shopping.kind == Kind.HINTED], "success"),
        "first pick right where all was told": share(told, "first_right"),
        "cards that keep what was told": share_by(
            (shopping.task, place >= shopping.broken) for shopping in played for place in range(shopping.cards)
        ),
        "impossible ones refused": share(
            [shopping for shopping in played if shopping.kind == Kind.IMPOSSIBLE], "refused"
        ),
        "conversations in which something was asked": share(possible, "asked"),
    }


def report(played: Sequence[Played], *, verbose: bool) -> str:
    """The figures as Markdown; with `verbose`, the conversations that failed, too."""
    rows = [
        (name, share, f"{GOALS[name]:.0%}" if name in GOALS else "",
         wanted(share.value, GOALS[name], at_most=False) if name in GOALS else "")
        for name, share in shares(played).items()
    ]  # fmt: skip
    lines = [table(("", "share (count; 95 % interval over tasks)", "wanted", ""), rows)]
    if verbose:
        failed = [
            shopping
            for shopping in played
            if not (shopping.refused if shopping.kind == Kind.IMPOSSIBLE else shopping.success) or shopping.broken
        ]
        lines += [
            "\n".join((f"## {shopping.task} ({shopping.language}) broken {shopping.broken}", *shopping.lines))
            for shopping in failed
        ]
    return "\n\n".join(lines)


def main() -> None:
    """Parse arguments, make the shop, play, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--half", choices=("open", "frozen"), default="open", help="frozen: for reports alone")
    parser.add_argument("--llm-url", default="", help="left out: no model, the offline driver leads")
    parser.add_argument("--model", default="local")
    parser.add_argument("--driver", choices=("auto", "tools", "schema", "offline"), default="auto")
    parser.add_argument("--limit", type=int, help="so many tasks of each kind")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--verbose", action="store_true", help="print the conversations that went wrong")
    parser.add_argument("--out", type=Path, help="write the conversations as JSON")
    given = parser.parse_args()
    odd, bikes = given.half == "frozen", make_bikes(given.seed)
    tasks = [task for task in make_tasks(bikes, odd=odd, seed=given.seed) if int(task.name[-2:]) < (given.limit or 99)]
    with shop(bikes) as retriever:
        played = asyncio.run(
            run(retriever, tasks, bikes, odd=odd, url=given.llm_url, model=given.model, driver=given.driver,
                seed=given.seed)
        )  # fmt: skip
    print(report(played, verbose=given.verbose))
    print(environment_lines(environment()))
    if given.out:
        given.out.write_text(
            json.dumps([asdict(shopping) for shopping in played], ensure_ascii=False, indent=1) + "\n", "utf-8"
        )


if __name__ == "__main__":
    main()
