"""Recall at 10 of the films that a good friend would name for a wish, by vector search alone and by the agent.

Run: python -m benchmarks.wishes [--out docs/catalog.json]   vector search, without and with the demo's own catalog file
     python -m benchmarks.wishes --data .reconteur/demo      the agent without a model beside vector search, both sets
The thirty wishes of `wishes.jsonl` were written before any synopsis, the forty plain ones of `wishes_plain.jsonl`
before the ranking that they measure, the 120 of `wishes_blind.jsonl` by somebody who knew nothing of either; films that
the catalog lacks count as missed.
"""

import argparse
import asyncio
import json
import tempfile
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from agent.build import build_agent
from agent.learning.transcripts import Question
from agent.options import make_settings
from agent.settings import Settings
from eval.rankers import listed, reply_to
from retrieval.artifacts import default_cache, ensure_movielens
from retrieval.channels.content import ContentChannel
from retrieval.datasets import Dataset, load_movielens
from retrieval.encoder import Encoder, make_encoder
from retrieval.history import UserHistory
from retrieval.items import Catalog
from retrieval.preference import Preference
from retrieval.settings import RetrievalSettings
from retrieval.vectors import VectorIndex, build_vectors

HERE = Path(__file__).parent
SETS = ("wishes", "wishes_plain", "wishes_blind")
K = 10
RESAMPLES = 2000


@dataclass(frozen=True, slots=True)
class Wish:
    """A wish and the films that answer it."""

    text: str
    language: str
    films: tuple[tuple[str, int], ...]


def read_wishes(name: str = "wishes") -> list[Wish]:
    """The wishes as committed."""
    lines = (HERE / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    return [
        Wish(row["wish"], row["language"], tuple((film["title"], film["year"]) for film in row["films"]))
        for row in rows
    ]


def answers(wish: Wish, catalog: Catalog) -> list[frozenset[str]]:
    """The ids of each named film in a catalog; empty where it does not have the film."""
    wanted = []
    for title, year in wish.films:
        ids = {
            match.item_id
            for match in catalog.titles.exact(title)
            if match.year is not None and abs(match.year - year) <= 1
        }
        wanted.append(frozenset(double for item_id in ids for double in catalog.double_of(item_id)))
    return wanted


def recalls(wishes: Sequence[Wish], dataset: Dataset, encoder: Encoder, folder: Path, *, old_only: bool) -> list[float]:
    """Recall at K by wish; with `old_only` only films of MovieLens-100k count."""
    settings = RetrievalSettings(data_dir=folder)
    if not (folder / "chroma").exists():
        build_vectors(dataset, settings)
    channel = ContentChannel(dataset.catalog, VectorIndex.open(dataset.catalog, settings), encoder)
    values = []
    for wish in wishes:
        wanted = answers(wish, dataset.catalog)
        if old_only:
            wanted = [ids for ids in wanted if any(item_id.startswith("ml100k:") for item_id in ids)]
        if wanted:
            shown = {
                candidate.item_id for candidate in channel.retrieve(Preference(text=wish.text), UserHistory(), k=K)
            }
            values.append(recall(wanted, shown))
    return values


def recall(wanted: Sequence[frozenset[str]], shown: Collection[str]) -> float:
    """The share of the films of a wish that are shown."""
    return sum(not ids.isdisjoint(shown) for ids in wanted) / len(wanted)


async def agent_lists(settings: Settings, wishes: Sequence[Wish]) -> tuple[Catalog, list[tuple[str, ...]]]:
    """What the agent without a model shows a stranger for each wish as the first message, K places, guesses on."""
    agent = await build_agent(settings)
    try:
        catalog = agent.retriever.catalog
        asked = [Question(f"wish {place}", 1, (), wish.text) for place, wish in enumerate(wishes)]
        return catalog, [listed(await reply_to(agent, question, k=K)) for question in asked]
    finally:
        await agent.aclose()


def beside_vectors(data: Path, *, show: bool) -> dict[str, Any]:
    """Both sets of wishes: the agent's list, vector search alone, and the difference in pairs."""
    settings = make_settings(data=data, llm_url="none")
    figures: dict[str, Any] = {}
    for name in SETS:
        wishes = read_wishes(name)
        catalog, lists = asyncio.run(agent_lists(settings, wishes))
        wanted = [answers(wish, catalog) for wish in wishes]
        encoder = make_encoder(settings.retrieval.encoder)
        channel = ContentChannel(catalog, VectorIndex.open(catalog, settings.retrieval), encoder)
        near = [
            [candidate.item_id for candidate in channel.retrieve(Preference(text=wish.text), UserHistory(), k=K)]
            for wish in wishes
        ]
        agents, vectors = (
            [recall(films, shown) for films, shown in zip(wanted, ranked, strict=True)] for ranked in (lists, near)
        )
        firsts = [
            float(bool(shown) and any(shown[0] in ids for ids in films))
            for films, shown in zip(wanted, lists, strict=True)
        ]
        pairs = [ours - theirs for ours, theirs in zip(agents, vectors, strict=True)]
        figures[name] = {
            "agent": interval(agents),
            "vector search": interval(vectors),
            "difference": interval(pairs),
            "first pick named": interval(firsts),
            "wishes": len(wishes),
        }
        if show:
            for wish, films, shown in zip(wishes, wanted, lists, strict=True):
                marked = (
                    f"{'+' if any(item_id in ids for ids in films) else '-'} {catalog.item(item_id).label}"
                    for item_id in shown
                )
                print(f"{wish.text}\n    {'; '.join(marked)}")
    return figures


def interval(values: Sequence[float]) -> tuple[float, float, float]:
    """Mean with a 95 % bootstrap interval over wishes."""
    rng = np.random.default_rng(0)
    sample = np.asarray(values)
    means = rng.choice(sample, (RESAMPLES, len(sample))).mean(axis=1)
    low, high = np.percentile(means, (2.5, 97.5))
    return float(sample.mean()), float(low), float(high)


def main() -> None:
    """Build both indexes, measure, print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, help="write the figures as JSON")
    parser.add_argument("--data", type=Path, help="a built data folder: measure the agent, too")
    parser.add_argument("--show", action="store_true", help="print the agent's lists, films of the wish with a plus")
    told = parser.parse_args()
    if told.data:
        figures = beside_vectors(told.data, show=told.show)
        print(_table(figures))
    else:
        figures = _with_and_without_the_file()
    if told.out:
        told.out.write_text(json.dumps(figures, indent=1), encoding="utf-8")


def _table(figures: Mapping[str, Mapping[str, Any]]) -> str:
    kinds = ("agent", "vector search", "difference", "first pick named")
    rows = [
        [
            f"{name} ({row['wishes']})",
            *(f"{mean:.3f} [{low:.3f}, {high:.3f}]" for mean, low, high in map(row.get, kinds)),
        ]
        for name, row in figures.items()
    ]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in ([f"recall at {K}", *kinds], ["---"] * 5, *rows))


def _with_and_without_the_file() -> dict[str, Any]:
    source, encoder, wishes = ensure_movielens(default_cache()), make_encoder("bundled-minilm"), read_wishes()
    english = [wish for wish in wishes if wish.language == "en"]
    figures: dict[str, Any] = {}
    for name, dataset in (("without", load_movielens(source, None)), ("with", load_movielens(source))):
        with tempfile.TemporaryDirectory() as folder:
            for kind, chosen, old_only in (
                ("all films named", wishes, False),
                ("all films named, English wishes", english, False),
                ("films of MovieLens-100k only", wishes, True),
            ):
                values = recalls(chosen, dataset, encoder, Path(folder), old_only=old_only)
                figures.setdefault(kind, {})[name] = (*interval(values), len(values))
    print(f"| recall at {K} of vector search alone | without the catalog file | with it |\n|---|---|---|")
    for kind, row in figures.items():
        cells = [f"{mean:.3f} [{low:.3f}, {high:.3f}] ({n})" for mean, low, high, n in (row["without"], row["with"])]
        print(f"| {kind} | {' | '.join(cells)} |")
    return figures


if __name__ == "__main__":
    main()
