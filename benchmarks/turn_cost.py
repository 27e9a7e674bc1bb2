"""What a turn costs beside LangChain's `create_agent` with the same look-ups, model and server, in the same run.

python -m benchmarks.turn_cost --data .reconteur/demo --llm-url http://127.0.0.1:8080/v1 [--limit 3] [--verbose]

Three systems answer the same single-turn requests in turns, so that a busy machine is fair to all of them: ours;
`create_agent` as it is; and `create_agent` with the model's JSON translated into the tool calls that it meant, since a
small model writes a call into its text instead of making it.
"""

import argparse
import asyncio
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pydantic import JsonValue
from rich.console import Console
from rich.progress import Progress

from agent.agent import Agent
from agent.settings import LlmSettings
from benchmarks.baseline import TIME_LIMIT_S, ask_baseline, make_baseline, meant_calls
from benchmarks.named import find_titles, is_said
from benchmarks.report import median, spread, table, wanted
from benchmarks.scripts import breaks, limits
from benchmarks.session import Cost, DriverName, new_visitor, open_agent, play, warm
from retrieval.items import Catalog, Item
from retrieval.retriever import Retriever
from retrieval.settings import RetrievalSettings
from tools import LOOKUPS

OURS, PLAIN, TRANSLATED = "ours", "create_agent", "create_agent, calls translated"
SYSTEMS = (OURS, PLAIN, TRANSLATED)


def _limit(field: str, op: str, *values: str | float) -> dict[str, Any]:
    return {"field": field, "op": op, "values": list(values)}


REQUESTS: tuple[dict[str, Any], ...] = (
    {
        "user": "Recommend a crime film made after 1990.",
        "constraints": [_limit("genres", "is", "Crime"), _limit("year", "min", 1990)],
    },
    {
        "user": "Something like Toy Story for a rainy afternoon, nothing from before 1990.",
        "constraints": [_limit("year", "min", 1990)],
    },
    {
        "user": "I could use a funny film from the eighties.",
        "constraints": [_limit("genres", "is", "Comedy"), _limit("year", "min", 1980), _limit("year", "max", 1989)],
    },
    {
        "user": "Which scary films from before 1970 do you have?",
        "constraints": [_limit("genres", "is", "Horror"), _limit("year", "max", 1970)],
    },
    {
        "user": "Show me films that Alfred Hitchcock directed.",
        "constraints": [_limit("directors", "is", "Alfred Hitchcock")],
    },
    {
        "user": "A romantic comedy made after 1990, please.",
        "constraints": [
            _limit("genres", "is", "Romance"),
            _limit("genres", "is", "Comedy"),
            _limit("year", "min", 1990),
        ],
    },
    {
        "user": "I loved Blade Runner. Is there more science fiction from the eighties?",
        "constraints": [_limit("genres", "is", "Sci-Fi"), _limit("year", "min", 1980), _limit("year", "max", 1989)],
    },
    {
        "user": "War films older than 1980, but no comedies.",
        "constraints": [_limit("genres", "is", "War"), _limit("genres", "not", "Comedy"), _limit("year", "max", 1980)],
    },
    {
        "user": "推荐几部1990年以后拍的悬疑片",
        "constraints": [_limit("genres", "is", "Mystery"), _limit("year", "min", 1990)],
    },
    {
        "user": "今晚想看一部1960年以前的爱情片",
        "constraints": [_limit("genres", "is", "Romance"), _limit("year", "max", 1960)],
    },
)
"""Our own words; none is in the evaluation sets or in a prompt."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One system's answer to one request."""

    system: str
    request: int
    seconds: float
    calls: int
    prompt_tokens: int
    cached_tokens: int
    answer_tokens: int
    suggested: tuple[str, ...] = ()
    """Labels of items of the catalog that were suggested, on cards or in prose."""
    keeping: tuple[str, ...] = ()
    """Those of them that keep what was asked for."""
    foreign: tuple[str, ...] = ()
    """Titles that the catalog does not have."""
    text: str = ""
    error: str = ""
    cost: Cost | None = None
    """Ours only."""


# Judging -----------------------------------------------------------------------------------------------------------


def suggestions(text: str, catalog: Catalog, *, said: str) -> tuple[list[Item], list[str]]:
    """The items that a text suggests (what the user named left out), and the titles that no item has."""
    if meant_calls(text, LOOKUPS):
        return [], []  # not an answer but a call that nobody made
    items: dict[str, Item] = {}
    foreign: list[str] = []
    for named in find_titles(text, catalog):
        if is_said(named, catalog, said):
            continue
        if named.ids:
            first = min(named.ids)
            items[first] = catalog.item(first)
        elif named.text not in foreign:
            foreign.append(named.text)
    return list(items.values()), foreign


def keeps(item: Item, request: dict[str, Any], catalog: Catalog) -> bool:
    """Whether an item, or a double of it, keeps what was asked for."""
    written = limits(request)
    return any(not breaks(catalog.item(item_id), written, catalog) for item_id in catalog.double_of(item.item_id))


async def ask(system: str, number: int, agent: Agent, baselines: dict[str, Any]) -> Answer:
    """One request to one system."""
    request, catalog = REQUESTS[number], agent.catalog
    if system == OURS:
        reply, cost = await play(agent, new_visitor(agent), request["user"])
        items: Sequence[Item] = [card.item for card in reply.recommendations]
        return Answer(
            system, number, cost.total_s, len(cost.llm),
            sum(run.prompt_tokens for run in cost.llm),
            sum(run.cached_tokens for run in cost.llm),
            sum(run.completion_tokens for run in cost.llm),
            suggested=tuple(item.label for item in items),
            keeping=tuple(item.label for item in items if keeps(item, request, catalog)),
            foreign=tuple(suggestions(reply.text, catalog, said=request["user"])[1]),
            text=reply.text,
            error=next((run.error for run in cost.llm if run.error), ""),
            cost=cost,
        )  # fmt: skip
    text, seconds, meter, error = await ask_baseline(baselines[system], request["user"])
    items, foreign = suggestions(text, catalog, said=request["user"])
    return Answer(
        system, number, seconds, meter.calls, meter.prompt, meter.cached, meter.answer,
        suggested=tuple(item.label for item in items),
        keeping=tuple(item.label for item in items if keeps(item, request, catalog)),
        foreign=tuple(foreign),
        text=text,
        error=error,
    )  # fmt: skip


async def run(
    retriever: Retriever,
    *,
    url: str,
    model: str = "local",
    driver: DriverName = "auto",
    limit: int | None = None,
    seed: int = 0,
) -> list[Answer]:
    """Every request to every system; who goes first changes from request to request."""
    settings = LlmSettings(url=url, model=model, timeout_s=TIME_LIMIT_S)
    baselines = {
        PLAIN: make_baseline(retriever, settings, translate=False),
        TRANSLATED: make_baseline(retriever, settings, translate=True),
    }
    answers: list[Answer] = []
    count = min(limit or len(REQUESTS), len(REQUESTS))
    async with open_agent(retriever, url=url, model=model, seed=seed, driver=driver) as agent:
        await warm(agent)
        await play(agent, new_visitor(agent), "hello")  # prompts are read before the clock runs, ours and the other's
        await ask_baseline(baselines[PLAIN], "hello")
        with Progress(console=Console(stderr=True)) as bar:
            task = bar.add_task("turn cost", total=count * len(SYSTEMS))
            for number in range(count):
                for place in range(len(SYSTEMS)):
                    system = SYSTEMS[(number + place) % len(SYSTEMS)]
                    answers.append(await ask(system, number, agent, baselines))
                    bar.advance(task)
    return answers


# Figures -----------------------------------------------------------------------------------------------------------

GOALS = (
    ("answer tokens, steps", 70),
    ("fresh prompt tokens, steps", 350),
    ("cards / model calls before them", 1.15),
    ("whole turn / its LLM calls", 1.10),
    ("seconds, ours / create_agent with calls translated", 1.0),
)


def by_system(answers: Sequence[Answer]) -> dict[str, list[Answer]]:
    """The answers of each system, in the order of requests."""
    return {
        name: sorted((answer for answer in answers if answer.system == name), key=lambda answer: answer.request)
        for name in SYSTEMS
    }


def own_figures(answers: Sequence[Answer]) -> dict[str, list[float]]:
    """What is wanted of ours, request by request; compared with the baseline only where that has an answer."""
    mine = by_system(answers)[OURS]
    costs = [answer.cost for answer in mine if answer.cost is not None and not answer.error]
    seconds = {answer.request: answer.seconds for answer in by_system(answers)[TRANSLATED] if answer.suggested}
    return {
        "answer tokens, steps": [cost.step_tokens for cost in costs if cost.steps],
        "fresh prompt tokens, steps": [cost.fresh_tokens for cost in costs if cost.steps],
        "answer tokens, writing": [run.completion_tokens for cost in costs for run in cost.writing],
        "cards / model calls before them": [cost.cards_ratio for cost in costs if cost.cards_ratio is not None],
        "whole turn / its LLM calls": [cost.turn_ratio for cost in costs if cost.turn_ratio is not None],
        "seconds, ours / create_agent with calls translated": [
            answer.seconds / seconds[answer.request] for answer in mine if seconds.get(answer.request)
        ],
    }


def report(answers: Sequence[Answer], *, verbose: bool = False) -> str:
    """The figures as Markdown; with `verbose`, every answer, too."""
    systems = by_system(answers)
    rows: list[tuple[object, ...]] = [
        (name, *(spread([float(getattr(answer, member)) for answer in many], digits) for many in systems.values()))
        for name, member, digits in (
            ("LLM calls", "calls", 0),
            ("prompt tokens", "prompt_tokens", 0),
            ("of them from the cache", "cached_tokens", 0),
            ("answer tokens", "answer_tokens", 0),
            ("seconds", "seconds", 1),
        )
    ]
    rows += [
        (
            "answers that suggest an item",
            *(_of(bool(answer.suggested) for answer in many) for many in systems.values()),
        ),
        ("suggested items that keep what was asked", *(_kept(many) for many in systems.values())),
        ("titles outside the catalog", *(sum(len(answer.foreign) for answer in many) for many in systems.values())),
        ("ended by an error or a limit", *(sum(bool(answer.error) for answer in many) for many in systems.values())),
    ]
    figures = own_figures(answers)
    goals = [
        (name, spread(figures[name], 2 if "/" in name else 0), goal, wanted(median(figures[name]), goal))
        for name, goal in GOALS
    ]
    parts = [
        f"{len(systems[OURS])} single-turn requests; median (smallest to largest).",
        table(("", *SYSTEMS), rows),
        table(("ours", "median (smallest to largest)", "wanted", ""), goals),
    ]
    if verbose:
        parts.append(
            "\n".join(_line(answer) for answer in sorted(answers, key=lambda answer: (answer.request, answer.system)))
        )
    return "\n\n".join(parts)


def _line(answer: Answer) -> str:
    named = ", ".join(f"{label}{'' if label in answer.keeping else ' (breaks a limit)'}" for label in answer.suggested)
    outside = f"; outside the catalog: {', '.join(answer.foreign)}" if answer.foreign else ""
    what = answer.error or named or "nothing"
    return f"- {answer.request + 1} {answer.system}: {answer.seconds:.1f} s, {answer.calls} calls, {what}{outside}"


def _of(values: Any) -> str:
    flags = list(values)
    return f"{sum(flags)}/{len(flags)}"


def _kept(many: Sequence[Answer]) -> str:
    return f"{sum(len(answer.keeping) for answer in many)}/{sum(len(answer.suggested) for answer in many)}"


def figures(answers: Sequence[Answer]) -> dict[str, JsonValue]:
    """What was measured, for JSON."""
    return {
        "goals": {name: median(values) for name, values in own_figures(answers).items()},
        "answers": [
            {**{name: value for name, value in asdict(answer).items() if name != "cost"},
             "cost": answer.cost.figures() if answer.cost else None}
            for answer in answers
        ],
    }  # fmt: skip


def main() -> None:
    """Parse arguments, ask, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=RetrievalSettings().data_dir)
    parser.add_argument("--llm-url", required=True)
    parser.add_argument("--model", default="local")
    parser.add_argument("--driver", choices=("auto", "tools", "schema"), default="auto", help="who leads our turns")
    parser.add_argument("--limit", type=int, help="so many requests")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--verbose", action="store_true", help="list every answer")
    parser.add_argument("--out", type=Path, help="write the raw figures as JSON")
    given = parser.parse_args()
    retriever = Retriever.open(RetrievalSettings(data_dir=given.data))
    asked = run(
        retriever, url=given.llm_url, model=given.model, driver=given.driver, limit=given.limit, seed=given.seed
    )
    answers = asyncio.run(asked)
    print(report(answers, verbose=given.verbose))
    if given.out:
        given.out.write_text(json.dumps(figures(answers), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
