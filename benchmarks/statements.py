"""What there is to be judged true or false: facts of the catalog, and what the agent states.

python -m benchmarks.statements facts --out facts.jsonl [--count 300] [--seed 0]
python -m benchmarks.statements said --data .reconteur/demo --out said.jsonl [--count 400] [--seed 0]
python -m benchmarks.statements said ... --llm-url URL [--model NAME] [--driver tools] [--turn-s 900] [--scenes id,id]
python -m benchmarks.statements sheet --data .reconteur/demo --out sheet.md [--count 200] [--seed 0]

Facts are drawn evenly over the fields, within a field over all that its items have. Statements are those of cards, near
misses and answers in the scenes of explanations_scenes.jsonl and statements_scenes.jsonl, as many of each language,
evenly over kinds; without --llm-url no language model has a part in them. The sheet is for blind readers: cards as the
page shows them and half as many replies, to the wishes of wishes.jsonl and wording_scenes.jsonl; they mark what repeats
the wish, the card or its neighbor, says nothing, sounds odd or is false. The same seed draws the same.
"""

import argparse
import asyncio
import json
import random
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar, get_args

from rich.console import Console

from agent.agent import Agent
from agent.conversation import Conversation, Role
from agent.recommendation import Recommendation
from agent.wording.stream import sentences
from agent.wording.values import card_facts
from benchmarks.explanations import PATIENCE_S, SCENES
from benchmarks.named import find_titles
from benchmarks.session import DriverName, new_visitor, open_agent, play
from benchmarks.wishes import read_wishes
from eval.catalogs import load_catalog
from retrieval.datasets.movielens import MOVIES, SCHEMA
from retrieval.items import Catalog, Item
from retrieval.retriever import Retriever
from retrieval.schema import FieldKind
from retrieval.settings import RetrievalSettings
from retrieval.state import FeedbackKind
from tools.render import item_facts

Drawn = TypeVar("Drawn")
LANGUAGES = ("en", "zh", "de", "es")
WORDING = Path(__file__).parent / "wording_scenes.jsonl"
"""Messages in the eight languages of the templates."""
QUESTIONS = Path(__file__).parent / "statements_scenes.jsonl"
"""First messages in languages that the rules do not read, and questions in those that they do."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One value of one item."""

    item_id: str
    label: str
    field: str
    value: str
    statement: str
    """As a card says it, in English."""


@dataclass(frozen=True, slots=True)
class Said:
    """One statement of the agent."""

    language: str
    kind: str
    """'card', 'near miss' or 'words'."""
    scene: str
    turn: int
    said: str
    """The user's message."""
    about: str
    """The item's label; of words, those of the list beside them."""
    statement: str
    facts: str
    """What the catalog has of that item; of words, of every item that they name."""


def all_facts(catalog: Catalog) -> Iterator[Fact]:
    """Every value of every item."""
    for item in catalog:
        for spec in catalog.schema.fields:
            for value in _values(item, spec.name, is_number=spec.kind is FieldKind.NUMBER):
                yield Fact(item.item_id, item.label, spec.name, value, spec.fact_in(value, "en"))


def _values(item: Item, name: str, *, is_number: bool) -> Sequence[str]:
    if not is_number:
        return item.values.get(name, ())
    return [f"{item.numbers[name]:.15g}"] if name in item.numbers else []


def drawn(groups: Iterable[tuple[object, Drawn]], count: int, seed: int) -> list[Drawn]:
    """So many out of groups, as evenly over them as they allow."""
    rng = random.Random(seed)
    by_group: dict[object, list[Drawn]] = defaultdict(list)
    for group, member in groups:
        by_group[group].append(member)
    rows = [rng.sample(by_group[group], len(by_group[group])) for group in sorted(by_group, key=str)]
    chosen: list[Drawn] = []
    while len(chosen) < count and any(rows):
        chosen += [row.pop() for row in rows if row][: count - len(chosen)]
    return chosen


@dataclass(frozen=True, slots=True)
class Speaker:
    """Who leads the turns and writes their words."""

    url: str = ""
    """The language model's endpoint; '' for none."""
    model: str = ""
    driver: DriverName = "auto"
    turn_s: float | None = None


async def all_said(data: Path, seed: int, speaker: Speaker, only: Sequence[str] = ()) -> list[Said]:
    """Every statement of every scene, or of those named, none twice."""
    retriever = await asyncio.to_thread(Retriever.open, RetrievalSettings(data_dir=data))
    scenes = [
        json.loads(line) for path in (SCENES, QUESTIONS) for line in path.read_text(encoding="utf-8").splitlines()
    ]
    scenes = [scene for scene in scenes if not only or scene["id"] in only]
    said: list[Said] = []
    with Console(stderr=True).status("scenes") as status:
        for number, scene in enumerate(scenes):
            status.update(f"scene {number + 1} of {len(scenes)}")
            async with open_agent(retriever, seed=seed, tool_timeout_s=PATIENCE_S, **asdict(speaker)) as agent:
                said += await _scene(agent, scene)
    return list({(statement.language, statement.about, statement.statement): statement for statement in said}.values())


async def _scene(agent: Agent, scene: dict[str, Any]) -> list[Said]:
    conversation, statements = new_visitor(agent), list[Said]()
    for title in scene.get("like", ()):
        liked = agent.catalog.find_title(title, limit=1)[0].item_id
        conversation, _ = await agent.feedback(conversation, liked, FeedbackKind.LIKE)
    for turn, message in enumerate(scene["say"]):
        reply, _ = await play(agent, conversation, message)
        conversation = reply.conversation
        language, beside = (
            conversation.preference.language,
            ", ".join(recommendation.item.label for recommendation in reply.recommendations),
        )
        where = (scene["id"], turn, message)
        for kind, cards in (("card", reply.recommendations), ("near miss", reply.near_misses)):
            for card in cards:
                facts = item_facts(card.item, agent.catalog)
                told = {card.explanation.text, *(statement.text for statement in card.explanation.statements)}
                statements += [
                    Said(language, kind, *where, card.item.label, text, facts) for text in sorted(told) if text
                ]
        for text in sentences(reply.text, final=True)[0]:
            statements.append(Said(language, "words", *where, beside, text.strip(), _facts_of(text, agent.catalog)))
    return statements


def _facts_of(text: str, catalog: Catalog) -> str:
    ids = sorted({item_id for title in find_titles(text, catalog) for item_id in title.ids})
    return "\n".join(item_facts(catalog.item(item_id), catalog) for item_id in ids)


SHEET = """# To be judged

Mark each line that **repeats** the wish, its own card or the card above it, **says nothing**, **sounds odd** to one
who grew up with the language, or is **false**. Most lines deserve no mark. `—` is a card without a reason.

"""
REASON, REPLY = "card", "reply"


async def sheet(data: Path, count: int, seed: int) -> str:
    """So many cards with their reasons, and half as many replies, as Markdown; each list stays in one piece."""
    retriever = await asyncio.to_thread(Retriever.open, RetrievalSettings(data_dir=data))
    wishes = [{"say": [wish.text], "language": wish.language} for wish in read_wishes()]
    scenes = [*wishes, *map(json.loads, WORDING.read_text(encoding="utf-8").splitlines())]
    lists, replies = list[list[str]](), list[str]()
    with Console(stderr=True).status("scenes") as status:
        for number, scene in enumerate(scenes):
            status.update(f"scene {number + 1} of {len(scenes)}")
            async with open_agent(retriever, url="", model="", seed=seed, tool_timeout_s=PATIENCE_S) as agent:
                conversation = new_visitor(agent)
                for message in scene["say"]:
                    reply, _ = await play(agent, conversation, message)
                    conversation = reply.conversation
                    lists.append([_card_line(card, agent.catalog, conversation) for card in reply.recommendations])
                    shown = ", ".join(card.item.label for card in reply.recommendations) or "no list"
                    if reply.near_misses:
                        shown += "; near: " + ", ".join(card.item.label for card in reply.near_misses)
                    words = " ".join((reply.text, *reply.notices))
                    replies.append(f"“{message}” → {words}  ({shown})")
    rng = random.Random(seed)
    rng.shuffle(lists)
    cards = [line for lines in lists for line in lines][:count]
    told = rng.sample(replies, min(count // 2, len(replies)))
    kinds = ((REASON, cards), (REPLY, told))
    return SHEET + "\n".join(f"- {kind} {n}: {line}" for kind, lines in kinds for n, line in enumerate(lines, 1)) + "\n"


def _card_line(card: Recommendation, catalog: Catalog, conversation: Conversation) -> str:
    language, schema = conversation.preference.language, catalog.schema
    facts = map(", ".join, card_facts(card.item, schema, language, card.explanation.text).values())
    wish = next(turn.text for turn in reversed(conversation.turns) if turn.role is Role.USER)
    return f"“{wish}” | {card.rank}. {card.item.label} | {' · '.join(facts)} | **{card.explanation.text or '—'}**"


def write(path: Path, rows: Iterable[Fact | Said]) -> None:
    """One a line."""
    path.write_text("".join(json.dumps(asdict(row), ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


def main() -> None:
    """Parse arguments, draw, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("facts", "said", "sheet"))
    parser.add_argument("--data", type=Path, default=Path(".reconteur/demo"))
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--count", type=int)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--llm-url", default="", help="of 'said': left out, no model has a part")
    parser.add_argument("--model", default="", help="its name there")
    parser.add_argument("--driver", choices=get_args(DriverName), default="auto")
    parser.add_argument("--turn-s", type=float, help="most seconds of a turn, where answers are written by hand")
    parser.add_argument("--scenes", default="", help="of 'said': only these, by id, with commas between")
    arguments = parser.parse_args()
    if arguments.what == "facts":
        facts = all_facts(load_catalog(MOVIES, schema=SCHEMA).dataset.catalog)
        write(arguments.out, drawn(((fact.field, fact) for fact in facts), arguments.count or 300, arguments.seed))
        return
    if arguments.what == "sheet":
        judged = asyncio.run(sheet(arguments.data, arguments.count or 200, arguments.seed))
        arguments.out.write_text(judged, encoding="utf-8")
        return
    speaker = Speaker(arguments.llm_url, arguments.model, arguments.driver, arguments.turn_s)
    only = arguments.scenes.split(",") if arguments.scenes else ()
    said, sample = asyncio.run(all_said(arguments.data, arguments.seed, speaker, only)), list[Said]()
    each = (arguments.count or 400) // len(LANGUAGES)
    for language in LANGUAGES:
        groups = ((statement.kind, statement) for statement in said if statement.language == language)
        sample += drawn(groups, each, arguments.seed)
    write(arguments.out, sample)


if __name__ == "__main__":
    main()
