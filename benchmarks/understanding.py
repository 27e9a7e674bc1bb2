"""How well messages are understood: accuracy by field on the frozen and the open set.

python -m benchmarks.understanding --data .reconteur/demo [--llm-url http://127.0.0.1:8080/v1] [--set open] [--verbose]
"""

import argparse
import asyncio
import json
import re
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import track

from agent.build import make_understanding
from agent.conversation import Conversation, Role, Turn
from agent.intent import Intent
from agent.settings import LlmSettings
from agent.understand import Understanding, Understood
from retrieval.datasets import load_dataset
from retrieval.items import Catalog
from retrieval.preference import Constraint, Op

HERE = Path(__file__).parent
FIELDS = ("act", "liked", "disliked", "seen", "constraints", "avoid", "lasting", "about", "count", "unknown")
CORE = ("act", "liked", "disliked", "constraints")
"""What must all be right for a turn to count."""


@dataclass
class Score:
    """Right and wrong by field."""

    right: dict[str, list[bool]] = field(default_factory=lambda: {name: [] for name in (*FIELDS, "turn")})
    tokens: list[int] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    def row(self, name: str) -> str:
        """'27/30'."""
        values = self.right[name]
        return f"{sum(values)}/{len(values)}"


def conversation_of(case: dict[str, Any], catalog: Catalog, understanding: Understanding) -> Conversation:
    """The conversation before the message, its wishes read by rule."""
    conversation = Conversation(asked=bool(case["history"]))
    for turn in case["history"]:
        shown = tuple(one for label in turn["shown"] for one in label_ids(label, catalog)[:1])
        conversation = conversation.add(Turn(Role.USER, turn["user"])).add(Turn(Role.ASSISTANT, "", shown=shown))
    return replace(conversation, preference=understanding.replay(conversation))


def label_ids(label: str, catalog: Catalog) -> list[str]:
    """Every item that a title such as 'Heat (1995)' may mean."""
    match = re.fullmatch(r"(.+?)(?: \((\d{4})\))?", label)
    assert match
    title, year = match.group(1), int(match.group(2)) if match.group(2) else None
    found = catalog.find_title(title, year=year, limit=8)
    ids = [one.item_id for one in found if one.score == 1.0 and year in (None, one.year)]
    return [double for one in ids for double in sorted(catalog.double_of(one))]


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
    found = set()
    for one in constraints:
        values = [value if isinstance(value, str) else f"{value:g}" for value in one.values]
        if one.op is Op.NOT:
            found |= {(one.field, "not", frozenset([value])) for value in values}
        else:
            found.add((one.field, one.op.value, frozenset(values)))
    return found


def limits_right(case: dict[str, Any], new: Sequence[Constraint], years: Sequence[int]) -> bool:
    """Every expected limit is there, and none that nobody asked for."""
    avoid = " ".join(case["expect"].get("avoid", []))
    refused = [one for one in new if one.op is Op.NOT and one.words and one.words.lower() in avoid]
    got = {one for one in limits_of([one for one in new if one not in refused]) if one[:2] not in FREE}
    free = expected_limits(case["expect"].get("constraints_also", []))
    for limit in case["expect"].get("constraints", []):
        if "relative" in limit:
            hit = {
                one for one in got if one[0] == limit["field"] and one[1] == limit["op"] and relative(one, limit, years)
            }
        else:
            wanted = expected_limits([limit])
            hit = {one for one in got if any(alike(one, other) for other in wanted)}
            if len(hit) < len(wanted):
                return False
        if not hit:
            return False
        got -= hit
    rest = {one for one in got if not any(alike(one, other) for other in free)}
    return all(
        op == "not" and any(word.rstrip("s") in avoid for value in values for word in value.lower().split())
        for _, op, values in rest
    )


FREE = (("themes", "is"),)
"""Limits that are neither asked for nor punished."""


def expected_limits(limits: Sequence[dict[str, Any]]) -> set[tuple[str, str, frozenset[str]]]:
    """The written limits in the same form."""
    return limits_of(
        [Constraint(one["field"], Op(one["op"]), tuple(one["values"])) for one in limits if "values" in one]
    )


def alike(one: tuple[str, str, frozenset[str]], other: tuple[str, str, frozenset[str]]) -> bool:
    """Equal, or numbers at most one apart."""
    if one[:2] != other[:2]:
        return False
    if one[1] in ("min", "max"):
        return abs(float(next(iter(one[2]))) - float(next(iter(other[2])))) <= 1
    return one[2] == other[2]


def relative(one: tuple[str, str, frozenset[str]], limit: dict[str, Any], years: Sequence[int]) -> bool:
    """Older than the newest shown, newer than the oldest shown."""
    value = float(next(iter(one[2])))
    return value < max(years) if limit["relative"] == "older" else value > min(years)


def words_right(expected: Sequence[str], got: str) -> bool:
    """One of the words of each entry is found."""
    return all(any(word.strip().lower() in got for word in entry.split("|")) for entry in expected)


def judge(
    case: dict[str, Any], conversation: Conversation, understood: Understood, catalog: Catalog
) -> dict[str, bool]:
    """Right or wrong by field; a field that is expected empty counts when something was made up."""
    intent, expect = understood.intent, case["expect"]
    before = {one.key for one in conversation.preference.constraints}
    new = [one for one in intent.preference.constraints if one.key not in before]
    years = [catalog.item(one).year or 0 for one in conversation.last_shown()]
    refused = " ".join(str(value) for one in new if one.op is Op.NOT for value in (*one.values, one.words))
    refused += " " + " ".join(f"{one.value} {one.words}" for one in intent.preference.wishes if one.weight < 0)
    kept = " ".join(f"{one.words} {getattr(one, 'values', getattr(one, 'value', ''))}" for one in intent.kept).lower()
    unknown = [name.lower() for name in intent.unknown]
    verdict = {
        "act": intent.act.value in (expect["act"], *expect.get("act_also", [])),
        "liked": same_titles(expect.get("liked", []), intent.liked, intent, catalog),
        "disliked": same_titles(expect.get("disliked", []), intent.disliked, intent, catalog),
        "constraints": limits_right(case, new, years),
        "unknown": sorted(unknown) == sorted(name.lower() for name in expect.get("unknown", [])),
    }
    if "seen" in expect:
        verdict["seen"] = same_titles(expect["seen"], [*intent.seen, *intent.liked, *intent.disliked], intent, catalog)
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


async def run(
    name: str, understanding: Understanding, catalog: Catalog, *, verbose: bool, limit: int | None = None
) -> Score:
    """Score one set, or its first lines."""
    score = Score()
    lines = (HERE / f"understanding_{name}.jsonl").read_text(encoding="utf-8").splitlines()[:limit]
    for line in track(lines, f"understanding, {name}", console=Console(stderr=True)):
        case = json.loads(line)
        conversation = conversation_of(case, catalog, understanding)
        understood = await understanding.understand(conversation, case["message"])
        verdict = judge(case, conversation, understood, catalog)
        for key, value in verdict.items():
            score.right[key].append(value)
        for llm_run in understood.runs:
            score.tokens.append(llm_run.completion_tokens)
            score.seconds.append(llm_run.seconds)
        if verbose and not all(verdict.values()):
            intent = understood.intent
            print(case["id"], repr(case["message"]), "WRONG", [key for key, value in verdict.items() if not value])
            print("    got", intent.act.value, "liked", intent.liked, "disliked", intent.disliked, "seen", intent.seen)
            print(
                "    ",
                [one.key for one in intent.preference.constraints],
                [one.key for one in intent.preference.wishes],
            )
            print(
                "    ",
                "text",
                repr(intent.preference.text),
                "unknown",
                intent.unknown,
                "about",
                intent.about,
                "amb",
                intent.ambiguous,
            )
            print("    want", case["expect"])
    return score


async def run_all(
    names: Sequence[str], understanding: Understanding, catalog: Catalog, *, verbose: bool, limit: int | None = None
) -> dict[str, Score]:
    """Score several sets, one after the other; only the open set's errors may be looked at."""
    return {
        name: await run(name, understanding, catalog, verbose=verbose and name == "open", limit=limit) for name in names
    }


def main() -> None:
    """Parse arguments, run, print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path(".reconteur/demo"))
    parser.add_argument("--llm-url", default="")
    parser.add_argument("--model", default="local")
    parser.add_argument("--set", choices=("frozen", "open", "both"), default="both")
    parser.add_argument("--verbose", action="store_true", help="show what went wrong (open set only)")
    arguments = parser.parse_args()
    catalog = load_dataset(arguments.data).catalog
    understanding = make_understanding(catalog, LlmSettings(url=arguments.llm_url, model=arguments.model))
    names = ("frozen", "open") if arguments.set == "both" else (arguments.set,)
    scores = asyncio.run(run_all(names, understanding, catalog, verbose=arguments.verbose))
    print(f"| field | {' | '.join(names)} |\n|---|{'---|' * len(names)}")
    for key in (*FIELDS, "turn"):
        print(f"| {key} | {' | '.join(scores[name].row(key) for name in names)} |")
    for name, score in scores.items():
        if score.tokens:
            print(
                f"{name}: answer tokens median {statistics.median(score.tokens):g}, max {max(score.tokens)};", end=" "
            )
            print(f"seconds median {statistics.median(score.seconds):.1f}; model calls {len(score.tokens)}")


if __name__ == "__main__":
    main()
