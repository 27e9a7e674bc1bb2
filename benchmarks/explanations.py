"""What the agent says of its items, and how much of it is true.

python -m benchmarks.explanations --data .reconteur/demo [--seed 0] [--out statements.jsonl] [--sample 200]

The agent answers the scenes of explanations_scenes.jsonl without a language model; each statement of each card is
written down with the evidence that it rests on. explanations_labels.jsonl holds what a person found of a sample of them
by looking each one up; precision is the share that is true, with Wilson's interval.
"""

import argparse
import asyncio
import json
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console

from agent.agent import Agent
from agent.conversation import Conversation
from agent.recommendation import Recommendation
from benchmarks.session import new_visitor, open_agent, play
from retrieval.items import Catalog
from retrieval.retriever import Retriever
from retrieval.settings import RetrievalSettings
from retrieval.state import FeedbackKind

HERE = Path(__file__).parent
SCENES, LABELS = HERE / "explanations_scenes.jsonl", HERE / "explanations_labels.jsonl"
PATIENCE_S = 120.0
"""For a tool: a busy machine must not change what is said."""


@dataclass(frozen=True, slots=True)
class StatedReason:
    """One statement about one item."""

    scene: str
    turn: int
    said: str
    """The user's message."""
    item_id: str
    title: str
    guess: bool
    near: bool
    """In the group of near misses."""
    in_reason: bool
    """In the short reason of the card, not only behind its 'Why this?'."""
    kind: str
    statement: str
    evidence: dict[str, object]

    @property
    def key(self) -> tuple[str, int, str, str]:
        """What makes it the same statement in another run."""
        return self.scene, self.turn, self.item_id, self.statement


async def collect(data: Path, seed: int) -> tuple[list[StatedReason], int]:
    """Every statement of every card of every scene, and how many cards show an item that the catalog lacks."""
    retriever = await asyncio.to_thread(Retriever.open, RetrievalSettings(data_dir=data))
    told: list[StatedReason] = []
    foreign = 0
    scenes = [json.loads(line) for line in SCENES.read_text(encoding="utf-8").splitlines()]
    with Console(stderr=True).status("scenes") as status:
        for number, scene in enumerate(scenes):
            status.update(f"scene {number + 1} of {len(scenes)}")
            async with open_agent(retriever, url="", model="", seed=seed, tool_timeout_s=PATIENCE_S) as agent:
                of_scene, outside = await _scene(agent, scene)
            told += of_scene
            foreign += outside
    return told, foreign


async def _scene(agent: Agent, scene: dict[str, object]) -> tuple[list[StatedReason], int]:
    conversation = new_visitor(agent)
    for kind, name in ((FeedbackKind.LIKE, "like"), (FeedbackKind.DISLIKE, "dislike")):
        for title in scene.get(name, ()):  # type: ignore[attr-defined]
            conversation = await _clicked(agent, conversation, str(title), kind)
    told: list[StatedReason] = []
    foreign = 0
    for turn, message in enumerate(scene["say"]):  # type: ignore[arg-type, var-annotated]
        reply, _ = await play(agent, conversation, message)
        conversation = reply.conversation
        for recommendation, near in (
            *((card, False) for card in reply.recommendations),
            *((card, True) for card in reply.near_misses),
        ):
            foreign += recommendation.item.item_id not in agent.catalog
            told += _statements(str(scene["id"]), turn, message, recommendation, near=near)
    return told, foreign


async def _clicked(agent: Agent, conversation: Conversation, title: str, kind: FeedbackKind) -> Conversation:
    item_id = _find(agent.catalog, title)
    conversation, _ = await agent.feedback(conversation, item_id, kind)
    return conversation


def _find(catalog: Catalog, title: str) -> str:
    matches = catalog.find_title(title, limit=1)
    if not matches:
        raise SystemExit(f"expected the demo's catalog, found none with {title!r}")
    return matches[0].item_id


def _statements(scene: str, turn: int, said: str, card: Recommendation, *, near: bool) -> list[StatedReason]:
    reason = card.explanation.text.casefold()
    return [
        StatedReason(
            scene, turn, said, card.item.item_id, card.item.label, card.exploratory, near,
            statement.text.casefold() in reason, statement.evidence.kind.value, statement.text,
            {name: value for name, value in asdict(statement.evidence).items() if value and name != "text"},
        )
        for statement in card.explanation.statements
    ]  # fmt: skip


def describe(told: Sequence[StatedReason], foreign: int) -> list[str]:
    """Counts as Markdown."""
    per_item = Counter((statement.scene, statement.turn, statement.item_id) for statement in told)
    counts = list(per_item.values())
    enough = sum(count >= 2 for count in counts)
    return [
        f"{len(counts)} items in {len({statement.scene for statement in told})} scenes, {len(told)} statements, "
        f"{len(told) / len(counts):.2f} an item; {enough} of {len(counts)} items have at least two, the fewest "
        f"{min(counts)}; {foreign} items outside the catalog",
        "",
        "| kind of evidence | statements |",
        "|---|---:|",
        *(f"| {kind} | {count} |" for kind, count in Counter(statement.kind for statement in told).most_common()),
    ]


def precision(told: Sequence[StatedReason]) -> list[str]:
    """The share of labeled statements that are true, and how many of them this run makes again."""
    if not LABELS.is_file():
        return []
    from scipy.stats import binomtest

    labels = [json.loads(line) for line in LABELS.read_text(encoding="utf-8").splitlines()]
    made = {statement.key for statement in told}
    again = sum((label["scene"], label["turn"], label["item_id"], label["statement"]) in made for label in labels)
    right = sum(label["label"] for label in labels)
    result = binomtest(right, len(labels))
    wilson, exact = (result.proportion_ci(method=name) for name in ("wilson", "exact"))
    wrong = [f"- {label['title']}: “{label['statement']}” ({label['note']})" for label in labels if not label["label"]]
    return [
        "",
        f"{right} of {len(labels)} labeled statements are true: {right / len(labels):.1%} (95 %: {wilson.low:.1%} to "
        f"{wilson.high:.1%} by Wilson, {exact.low:.1%} to {exact.high:.1%} by Clopper and Pearson); {again} of them "
        "are made again by this run",
        *wrong,
    ]


def sample(told: Sequence[StatedReason], count: int, seed: int) -> list[StatedReason]:
    """Statements to label: drawn without replacement, the same for the same seed."""
    return sorted(
        random.Random(seed).sample(list(told), min(count, len(told))),
        key=lambda statement: (statement.scene, statement.turn, statement.title),
    )


def write(path: Path, told: Sequence[StatedReason]) -> None:
    """One statement a line."""
    path.write_text(
        "".join(json.dumps(asdict(statement), ensure_ascii=False) + "\n" for statement in told), encoding="utf-8"
    )


def main() -> None:
    """Parse arguments, run, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path(".reconteur/demo"))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, help="write every statement here")
    parser.add_argument("--sample", type=int, default=0, help="write so many, drawn by the seed, for labeling")
    arguments = parser.parse_args()
    told, foreign = asyncio.run(collect(arguments.data, arguments.seed))
    if arguments.out is not None:
        write(arguments.out, sample(told, arguments.sample, arguments.seed) if arguments.sample else told)
    print("\n".join([*describe(told, foreign), *precision(told)]))


if __name__ == "__main__":
    main()
