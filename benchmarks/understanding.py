"""How well the shipped agent understands messages: accuracy by field on the frozen and the open set.

python -m benchmarks.understanding --data .reconteur/demo [--llm-url http://127.0.0.1:8080/v1] [--driver schema]
    [--set open] [--verbose]
"""

import argparse
import asyncio
import json
import re
import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import track

from agent.agent import Agent
from agent.conversation import Conversation, Role, Turn
from agent.drivers.base import Deadline, View
from agent.drivers.offline import OfflineDriver
from agent.intent import Act, Intent
from benchmarks.session import DriverName, open_agent, play, warm
from retrieval.items import Catalog
from retrieval.preference import Constraint, Op, Preference
from retrieval.retriever import Retriever
from retrieval.settings import RetrievalSettings

HERE = Path(__file__).parent
FIELDS = ("act", "liked", "disliked", "seen", "constraints", "avoid", "lasting", "about", "count", "unknown")
CORE = ("act", "liked", "disliked", "constraints")
"""What must all be right for a turn to count."""
ACTS = {
    "recommend": Act.RECOMMEND,
    "refine": Act.RECOMMEND,
    "feedback": Act.RECOMMEND,
    "ask": Act.ANSWER,
    "chat": Act.ANSWER,
}
"""How a turn must end for each act of the sets, which are older than the agent's own acts."""
READING_S = 60.0
"""For the messages before the one that counts."""


@dataclass
class Score:
    """Right and wrong by field."""

    right: dict[str, list[bool]] = field(default_factory=lambda: {name: [] for name in (*FIELDS, "turn")})
    tokens: list[int] = field(default_factory=list)
    """Answer tokens of the steps that led a turn, where the model was asked."""
    seconds: list[float] = field(default_factory=list)
    calls: list[int] = field(default_factory=list)
    drivers: Counter[str] = field(default_factory=Counter)
    """How many turns each driver led."""

    def row(self, name: str) -> str:
        """'27/30'."""
        values = self.right[name]
        return f"{sum(values)}/{len(values)}"


async def conversation_of(case: dict[str, Any], agent: Agent) -> Conversation:
    """The conversation before the message; what was wanted in it is read by the offline driver, the same for all."""
    conversation = Conversation(asked=bool(case["history"]))
    for turn in case["history"]:
        shown = tuple(ids[0] for label in turn["shown"] if (ids := label_ids(label, agent.catalog)))
        conversation = conversation.add(Turn(Role.USER, turn["user"])).add(Turn(Role.ASSISTANT, "", shown=shown))
    view = View(conversation, "", agent.catalog, Preference())
    reader = OfflineDriver(agent.catalog, agent.placer)
    return replace(conversation, preference=await reader.wish_of(view, Deadline.after(READING_S)))


def label_ids(label: str, catalog: Catalog) -> list[str]:
    """Every item that a title such as 'Heat (1995)' may mean."""
    match = re.fullmatch(r"(.+?)(?: \((\d{4})\))?", label)
    assert match
    title, year = match.group(1), int(match.group(2)) if match.group(2) else None
    matches = catalog.find_title(title, year=year, limit=8)
    ids = [hit.item_id for hit in matches if hit.score == 1.0 and year in (None, hit.year)]
    return [double for item_id in ids for double in sorted(catalog.double_of(item_id))]


def act_right(expect: dict[str, Any], intent: Intent, catalog: Catalog) -> bool:
    """The turn ends as it should; asking which of several items of one title was meant is right, too."""
    if intent.act in {ACTS[act] for act in (expect["act"], *expect.get("act_also", []))}:
        return True
    about = [expect["about"]] if "about" in expect else []
    titles = [*expect.get("liked", []), *expect.get("disliked", []), *expect.get("seen", []), *about]
    asked = {item_id for _, item_ids in intent.ambiguous for item_id in item_ids}
    return intent.act is Act.ASK and any(asked & set(label_ids(title, catalog)) for title in titles)


def same_titles(expected: Sequence[str], got: Sequence[str], intent: Intent, catalog: Catalog) -> bool:
    """Each expected title is there and no other; asking back about an ambiguous one is right too."""
    left = set(got)
    for label in expected:
        options = set(label_ids(label, catalog))
        asked_back = any(options & set(ids) for _, ids in intent.ambiguous)
        if not options & left and not asked_back:
            return False
        left -= options
    return not left


def limits_of(constraints: Sequence[Constraint]) -> set[tuple[str, str, frozenset[str]]]:
    """Limits in a form to compare: NOT by single value, numbers rounded."""
    limits = set()
    for constraint in constraints:
        values = [value if isinstance(value, str) else f"{value:g}" for value in constraint.values]
        if constraint.op is Op.NOT:
            limits |= {(constraint.field, "not", frozenset([value])) for value in values}
        else:
            limits.add((constraint.field, constraint.op.value, frozenset(values)))
    return limits


def limits_right(case: dict[str, Any], new: Sequence[Constraint], years: Sequence[int]) -> bool:
    """Every expected limit is there, and none that nobody asked for."""
    avoid = " ".join(case["expect"].get("avoid", []))
    refused = [
        constraint
        for constraint in new
        if constraint.op is Op.NOT and constraint.words and constraint.words.lower() in avoid
    ]
    got = {
        triple
        for triple in limits_of([constraint for constraint in new if constraint not in refused])
        if triple[:2] not in FREE
    }
    free = expected_limits(case["expect"].get("constraints_also", []))
    for limit in case["expect"].get("constraints", []):
        if "relative" in limit:
            hit = {
                triple
                for triple in got
                if triple[0] == limit["field"] and triple[1] == limit["op"] and relative(triple, limit, years)
            }
        else:
            wanted = expected_limits([limit])
            hit = {triple for triple in got if any(alike(triple, other) for other in wanted)}
            if len(hit) < len(wanted):
                return False
        if not hit:
            return False
        got -= hit
    rest = {triple for triple in got if not any(alike(triple, other) for other in free)}
    return all(
        name in avoid  # less of the field that is to be avoided: 'violence'
        or (op == "not" and any(word.rstrip("s") in avoid for value in values for word in value.lower().split()))
        for name, op, values in rest
    )


FREE = (("themes", "is"),)
"""Limits that are neither asked for nor punished."""


def expected_limits(limits: Sequence[dict[str, Any]]) -> set[tuple[str, str, frozenset[str]]]:
    """The written limits in the same form."""
    return limits_of(
        [Constraint(limit["field"], Op(limit["op"]), tuple(limit["values"])) for limit in limits if "values" in limit]
    )


def alike(one: tuple[str, str, frozenset[str]], other: tuple[str, str, frozenset[str]]) -> bool:
    """Equal, or numbers at most one apart."""
    if one[:2] != other[:2]:
        return False
    if one[1] in ("min", "max"):
        return abs(float(next(iter(one[2]))) - float(next(iter(other[2])))) <= 1
    return one[2] == other[2]


def relative(triple: tuple[str, str, frozenset[str]], limit: dict[str, Any], years: Sequence[int]) -> bool:
    """Older than the newest shown, newer than the oldest shown."""
    value = float(next(iter(triple[2])))
    return value < max(years) if limit["relative"] == "older" else value > min(years)


def words_right(expected: Sequence[str], got: str) -> bool:
    """One of the words of each entry is found."""
    return all(any(word.strip().lower() in got for word in entry.split("|")) for entry in expected)


def judge(case: dict[str, Any], conversation: Conversation, intent: Intent, catalog: Catalog) -> dict[str, bool]:
    """Right or wrong by field; a field that is expected empty counts when something was made up."""
    expect = case["expect"]
    before = {limit.key for limit in conversation.preference.constraints}
    new = [limit for limit in intent.preference.constraints if limit.key not in before]
    years = [catalog.item(item_id).year or 0 for item_id in conversation.last_shown()]
    refused = " ".join(str(value) for limit in new if limit.op is Op.NOT for value in (*limit.values, limit.words))
    refused += " " + " ".join(f"{wish.value} {wish.words}" for wish in intent.preference.wishes if wish.weight < 0)
    kept = " ".join(
        f"{lasting.words} {getattr(lasting, 'values', getattr(lasting, 'value', ''))}" for lasting in intent.kept
    ).lower()
    unknown = [name.lower() for name in intent.unknown]
    liked = tuple(dict.fromkeys((*intent.liked, *intent.examples)))
    verdict = {
        "act": act_right(expect, intent, catalog),
        "liked": same_titles(expect.get("liked", []), liked, intent, catalog),
        "disliked": same_titles(expect.get("disliked", []), intent.disliked, intent, catalog),
        "constraints": limits_right(case, new, years),
        "unknown": sorted(unknown) == sorted(name.lower() for name in expect.get("unknown", [])),
    }
    if "seen" in expect:
        verdict["seen"] = same_titles(expect["seen"], [*intent.seen, *liked, *intent.disliked], intent, catalog)
    if "about" in expect:
        verdict["about"] = same_titles([expect["about"]], intent.about[:1], intent, catalog)
    if "count" in expect:
        verdict["count"] = intent.preference.count == expect["count"]
    if "avoid" in expect:
        verdict["avoid"] = words_right(expect["avoid"], refused.lower())
    if "lasting" in expect:
        verdict["lasting"] = words_right(expect["lasting"], kept)
    verdict["turn"] = all(verdict[name] for name in CORE)
    return verdict


async def run(name: str, agent: Agent, *, verbose: bool, limit: int | None = None) -> Score:
    """Score one set, or its first lines."""
    score = Score()
    lines = (HERE / f"understanding_{name}.jsonl").read_text(encoding="utf-8").splitlines()[:limit]
    for line in track(lines, f"understanding, {name}", console=Console(stderr=True)):
        case = json.loads(line)
        conversation = await conversation_of(case, agent)
        reply, cost = await play(agent, conversation, case["message"])
        verdict = judge(case, conversation, reply.intent, agent.catalog)
        for key, value in verdict.items():
            score.right[key].append(value)
        if cost.steps:
            score.tokens.append(cost.step_tokens)
            score.seconds.append(sum(run.seconds for run in cost.steps))
            score.calls.append(len(cost.steps))
        score.drivers[cost.driver] += 1
        if verbose and not all(verdict.values()):
            print(_line(case, verdict, reply.intent))
    return score


def _line(case: dict[str, Any], verdict: dict[str, bool], intent: Intent) -> str:
    """What went wrong in a turn."""
    wanted = intent.preference
    got = {
        "act": f"{intent.act} {intent.kind}",
        "liked": intent.liked,
        "examples": intent.examples,
        "disliked": intent.disliked,
        "seen": intent.seen,
        "limits": [limit.key for limit in wanted.constraints],
        "wishes": [wish.key for wish in wanted.wishes],
        "text": wanted.text,
        "about": intent.about,
        "unknown": intent.unknown,
        "ambiguous": intent.ambiguous,
    }
    wrong = ", ".join(key for key, value in verdict.items() if not value)
    shown = "; ".join(f"{name} {value}" for name, value in got.items() if value)
    return f"{case['id']} {case['message']!r}: wrong {wrong}\n    got {shown}\n    want {case['expect']}"


async def run_all(names: Sequence[str], agent: Agent, *, verbose: bool, limit: int | None = None) -> dict[str, Score]:
    """Score several sets, one after the other; only the open set's errors may be looked at."""
    return {name: await run(name, agent, verbose=verbose and name == "open", limit=limit) for name in names}


async def measure(
    retriever: Retriever, names: Sequence[str], *, url: str, model: str, driver: DriverName, verbose: bool
) -> dict[str, Score]:
    """Score sets with an agent of our own."""
    async with open_agent(retriever, url=url, model=model, seed=0, driver=driver) as agent:
        await warm(agent)
        return await run_all(names, agent, verbose=verbose)


def main() -> None:
    """Parse arguments, run, print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=RetrievalSettings().data_dir)
    parser.add_argument("--llm-url", default="", help="left out: no model, the offline driver leads")
    parser.add_argument("--model", default="local")
    parser.add_argument("--driver", choices=("auto", "tools", "schema", "offline"), default="auto")
    parser.add_argument("--set", choices=("frozen", "open", "both"), default="both")
    parser.add_argument("--verbose", action="store_true", help="show what went wrong (open set only)")
    given = parser.parse_args()
    retriever = Retriever.open(RetrievalSettings(data_dir=given.data))
    names = ("frozen", "open") if given.set == "both" else (given.set,)
    scores = asyncio.run(
        measure(retriever, names, url=given.llm_url, model=given.model, driver=given.driver, verbose=given.verbose)
    )
    print(f"| field | {' | '.join(names)} |\n|---|{'---|' * len(names)}")
    for key in (*FIELDS, "turn"):
        print(f"| {key} | {' | '.join(scores[name].row(key) for name in names)} |")
    for name, score in scores.items():
        print(f"{name}: turns led by {', '.join(f'{driver} {count}' for driver, count in score.drivers.items())}")
        if score.tokens:
            print(
                f"    steps: answer tokens a turn median {statistics.median(score.tokens):g}, max {max(score.tokens)}; "
                f"seconds median {statistics.median(score.seconds):.1f}; calls {sum(score.calls)}"
            )


if __name__ == "__main__":
    main()
