"""Scripted conversations played through the real agent: real titles only, and the written limits kept.

python -m benchmarks.scripts --data .reconteur/demo --llm-url http://127.0.0.1:8080/v1 [--driver schema] [--limit 5]
    [--verbose]
"""

import argparse
import asyncio
import json
import logging
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from pydantic import JsonValue
from rich.console import Console
from rich.progress import track

from agent.agent import Agent
from agent.recommendation import Reply
from benchmarks.named import find_titles, strays
from benchmarks.report import median, share_by, spread, table, wanted
from benchmarks.session import Cost, DriverName, new_visitor, open_agent, play, warm
from benchmarks.understanding import label_ids
from retrieval.items import Catalog, Item
from retrieval.preference import Constraint, Op
from retrieval.retriever import Retriever
from retrieval.settings import RetrievalSettings

SCRIPTS = Path(__file__).parent / "scripts.jsonl"
YEARS_FORGIVEN = 1
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class TurnResult:
    """What one turn of a script showed, held against what was written beside it."""

    script: str
    turn: int
    scarce: bool = False
    language: str = "en"
    shown: tuple[str, ...] = ()
    """Labels of the main list."""
    breaking: tuple[str, ...] = ()
    """Those of them that break a written limit."""
    unwelcome: tuple[str, ...] = ()
    """What was shown (near misses, too) although the user has seen it or turned it down."""
    near: tuple[str, ...] = ()
    """Labels of the near misses."""
    unlabeled: tuple[str, ...] = ()
    """Near misses that do not say which limit they break."""
    foreign: tuple[str, ...] = ()
    """Cards that are no items of the catalog."""
    prose_titles: int = 0
    strays: tuple[str, ...] = ()
    """Titles in the prose that are neither on the list nor said by the user."""
    cost: Cost = field(default_factory=lambda: Cost(0.0))
    act: str = ""
    error: str = ""

    @property
    def problems(self) -> list[str]:
        """What went wrong, in words."""
        by_kind = {
            "failed": (self.error,) if self.error else (),
            "breaks a limit": self.breaking,
            "not to be shown": self.unwelcome,
            "near miss without a label": self.unlabeled,
            "not in the catalog": self.foreign,
            "named, but not on the list": self.strays,
        }
        problems = [f"{what}: {', '.join(names)}" for what, names in by_kind.items() if names]
        if not self.shown and not self.scarce and not self.error:
            problems.append(f"nothing recommended (act {self.act})")
        return problems


def limits(turn: dict[str, Any]) -> list[Constraint]:
    """The written limits, a year to either side forgiven."""
    made = (Constraint(limit["field"], Op(limit["op"]), tuple(limit["values"])) for limit in turn["constraints"])
    return [_forgiving(constraint) for constraint in made]


def _forgiving(limit: Constraint) -> Constraint:
    if limit.field != "year" or limit.op not in (Op.MIN, Op.MAX):
        return limit
    slack = -YEARS_FORGIVEN if limit.op is Op.MIN else YEARS_FORGIVEN
    return replace(limit, values=(float(limit.values[0]) + slack,))


def breaks(item: Item, written: Iterable[Constraint], catalog: Catalog) -> bool:
    """Whether an item breaks one of the limits."""
    return not all(catalog.satisfies(item, constraint) for constraint in written)


def judge(turn: dict[str, Any], reply: Reply, catalog: Catalog, *, said: str, before: frozenset[str]) -> TurnResult:
    """One turn against the limits that were written for it.

    Args:
        turn: A turn of a script.
        reply: What the agent answered.
        catalog: The items.
        said: Everything the user has said so far.
        before: Ids of items shown in earlier turns: naming them again suggests nothing new.
    """
    cards = [recommendation.item for recommendation in reply.recommendations]
    near = [recommendation.item for recommendation in reply.near_misses]
    written = limits(turn)
    banned = {item_id for label in turn.get("not_shown", ()) for item_id in label_ids(label, catalog)}
    every = [*cards, *near]
    return TurnResult(
        script="",
        turn=0,
        shown=tuple(item.label for item in cards),
        breaking=tuple(item.label for item in cards if breaks(item, written, catalog)),
        unwelcome=tuple(item.label for item in every if item.item_id in banned),
        near=tuple(item.label for item in near),
        unlabeled=tuple(card.item.label for card in reply.near_misses if not card.breaks),
        foreign=tuple(item.label for item in every if item.item_id not in catalog),
        prose_titles=len(find_titles(reply.text, catalog)),
        strays=tuple(strays(reply.text, catalog, allowed={*before, *(item.item_id for item in every)}, said=said)),
        act=reply.intent.act.value,
    )


async def play_script(agent: Agent, script: dict[str, Any]) -> list[TurnResult]:
    """All turns of a script by a new user; a turn that fails leaves the conversation as it was."""
    conversation = new_visitor(agent)
    results: list[TurnResult] = []
    said = ""
    for number, turn in enumerate(script["turns"], 1):
        said += f"\n{turn['user']}"
        known = {"script": script["id"], "turn": number, "scarce": bool(script.get("scarce"))}
        known["language"] = script["language"]
        try:
            before = conversation.all_shown()
            reply, cost = await play(agent, conversation, turn["user"])
        except Exception as error:  # one bad turn must not end a long run
            logger.exception("script %s turn %d failed", script["id"], number)
            results.append(TurnResult(**known, error=type(error).__name__))
            continue
        result = judge(turn, reply, agent.catalog, said=said, before=before)
        failed = next((run.error for run in cost.llm if run.error), "")
        results.append(replace(result, **known, cost=cost, error=failed and f"language model: {failed}"))
        conversation = reply.conversation
    return results


def read_scripts(limit: int | None = None) -> list[dict[str, Any]]:
    """The scripts; with a limit, so many spread evenly over the file."""
    every = [json.loads(line) for line in SCRIPTS.read_text(encoding="utf-8").splitlines()]
    if limit is None or limit >= len(every):
        return every
    return [every[place * len(every) // limit] for place in range(limit)]


async def run(
    retriever: Retriever,
    *,
    url: str,
    model: str = "local",
    driver: DriverName = "auto",
    limit: int | None = None,
    seed: int = 0,
) -> list[TurnResult]:
    """Play the scripts one after the other; progress goes to stderr."""
    async with open_agent(retriever, url=url, model=model, seed=seed, driver=driver) as agent:
        await warm(agent)
        results: list[TurnResult] = []
        for script in track(read_scripts(limit), "scripts", console=Console(stderr=True)):
            results += await play_script(agent, script)
    return results


# Figures -----------------------------------------------------------------------------------------------------------


def figures(results: Sequence[TurnResult], *, seed: int = 0) -> dict[str, JsonValue]:
    """Everything that the report prints, and the turns it comes from, for JSON."""
    shares = _shares(results, seed)
    return {
        "scripts": len({result.script for result in results}),
        "turns": len(results),
        "shares": {name: share.figures() for name, share in shares.items()},
        "turn_cost": {name: median(values) for name, values in _costs(results).items()},
        "results": [_plain(result) for result in results],
    }


def _shares(results: Sequence[TurnResult], seed: int) -> dict[str, Any]:
    normal = [result for result in results if not result.scarce]

    def share(of: Sequence[TurnResult], good: Callable[[TurnResult], int], bad: Callable[[TurnResult], int]) -> Any:
        pairs = ((result.script, held) for result in of for held in (*[True] * good(result), *[False] * bad(result)))
        return share_by(pairs, seed=seed)

    def kept(result: TurnResult) -> int:
        return len(result.shown) - len(result.breaking)

    def titles(result: TurnResult) -> int:
        return len(result.shown) + len(result.near) + result.prose_titles - len(result.foreign) - len(result.strays)

    return {
        "suggested titles that are catalog items": share(
            results, titles, lambda result: len(result.foreign) + len(result.strays)
        ),
        "shown items that keep the written limits": share(results, kept, lambda result: len(result.breaking)),
        "the same, scripts with enough films": share(normal, kept, lambda result: len(result.breaking)),
        "the same, scarce scripts": share(
            [result for result in results if result.scarce], kept, lambda result: len(result.breaking)
        ),
        "shown items that were not ruled out": share(
            results,
            lambda result: len(result.shown) + len(result.near) - len(result.unwelcome),
            lambda result: len(result.unwelcome),
        ),
        "near misses that say what they break": share(
            results, lambda result: len(result.near) - len(result.unlabeled), lambda result: len(result.unlabeled)
        ),
        "turns with a recommendation (scarce left out)": share(
            normal, lambda result: bool(result.shown), lambda result: not result.shown
        ),
        ONE_CALL: share(
            [result for result in results if result.cost.cards_s is not None and result.cost.llm],
            lambda result: len(result.cost.steps) <= 1,
            lambda result: len(result.cost.steps) > 1,
        ),
    }


ONE_CALL = "lists with at most one model call before the cards"
GOALS = {
    ONE_CALL: 0.8,
    "suggested titles that are catalog items": 1.0,
    "shown items that keep the written limits": 0.95,
    "the same, scripts with enough films": 0.95,
    "the same, scarce scripts": 0.95,
}


def _costs(results: Sequence[TurnResult]) -> dict[str, list[float]]:
    costs = [result.cost for result in results if not result.error]
    return {
        "LLM calls a turn": [len(cost.llm) for cost in costs],
        "of them before the cards": [len(cost.steps) for cost in costs if cost.cards_s is not None],
        "answer tokens a turn, steps": [cost.step_tokens for cost in costs if cost.steps],
        "fresh prompt tokens a turn, steps": [cost.fresh_tokens for cost in costs if cost.steps],
        "answer tokens, writing": [run.completion_tokens for cost in costs for run in cost.writing],
        "prompt tokens a call": [run.prompt_tokens for cost in costs for run in cost.llm if not run.error],
        "of them from the cache": [run.cached_tokens for cost in costs for run in cost.llm if not run.error],
        "seconds a turn": [cost.total_s for cost in costs],
        "seconds to the cards": [cost.cards_s for cost in costs if cost.cards_s is not None],
        "cards / model calls before them": [cost.cards_ratio for cost in costs if cost.cards_ratio is not None],
        "whole turn / its LLM calls": [cost.turn_ratio for cost in costs if cost.turn_ratio is not None],
    }


COST_GOALS = {
    "answer tokens a turn, steps": 70,
    "fresh prompt tokens a turn, steps": 350,
    "cards / model calls before them": 1.15,
    "whole turn / its LLM calls": 1.10,
}


def report(results: Sequence[TurnResult], *, seed: int = 0, verbose: bool = False) -> str:
    """The figures as Markdown; with `verbose`, the turns that went wrong, too."""
    scripts = {result.script for result in results}
    shares = [
        (name, share, f"{GOALS[name]:.0%}", wanted(share.value if share.n else None, GOALS[name], at_most=False))
        if name in GOALS
        else (name, share, "", "")
        for name, share in _shares(results, seed).items()
    ]
    costs = [
        (name, spread(values, 2 if "/" in name else 1 if "seconds" in name else 0), COST_GOALS.get(name, ""),
         wanted(median(values), COST_GOALS[name]) if name in COST_GOALS else "")
        for name, values in _costs(results).items()
    ]  # fmt: skip
    mean_calls = sum(len(result.cost.llm) for result in results) / max(1, len(results))
    drivers = Counter(result.cost.driver for result in results if result.cost.driver)
    bad = [result for result in results if result.problems]
    parts = [
        f"{len(scripts)} scripts, {len(results)} turns, seed {seed}; {len(bad)} turns with a flaw, "
        f"{sum(bool(result.error) for result in results)} failed; {mean_calls:.2f} LLM calls a turn on average; led by "
        f"{', '.join(f'{name} {count}' for name, count in drivers.items()) or 'nobody'}.",
        table(("", "share (count; 95 % interval over scripts)", "wanted", ""), shares),
        table(("", "median (smallest to largest)", "wanted", ""), costs),
    ]
    if verbose:
        parts.append("\n".join(f"- {result.script} turn {result.turn}: {'; '.join(result.problems)}" for result in bad))
    return "\n\n".join(parts)


def _plain(result: TurnResult) -> dict[str, JsonValue]:
    named = {name: value for name, value in asdict(result).items() if name != "cost"}
    return {**named, "cost": result.cost.figures(), "problems": [*result.problems]}


def main() -> None:
    """Parse arguments, play, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=RetrievalSettings().data_dir)
    parser.add_argument("--llm-url", default="", help="left out: no model, the offline driver leads")
    parser.add_argument("--model", default="local")
    parser.add_argument("--driver", choices=("auto", "tools", "schema", "offline"), default="auto")
    parser.add_argument("--limit", type=int, help="so many scripts, spread over the file")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--verbose", action="store_true", help="list the turns that went wrong")
    parser.add_argument("--out", type=Path, help="write the raw figures as JSON")
    given = parser.parse_args()
    retriever = Retriever.open(RetrievalSettings(data_dir=given.data))
    played = run(
        retriever, url=given.llm_url, model=given.model, driver=given.driver, limit=given.limit, seed=given.seed
    )
    results = asyncio.run(played)
    print(report(results, seed=given.seed, verbose=given.verbose))
    if given.out:
        given.out.write_text(
            json.dumps(figures(results, seed=given.seed), ensure_ascii=False, indent=1) + "\n", encoding="utf-8"
        )


if __name__ == "__main__":
    main()
