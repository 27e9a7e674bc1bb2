"""Recall at 10 of vector search alone on benchmarks/wishes.jsonl, without and with the demo's own catalog file.

Run: python -m benchmarks.wishes [--out docs/catalog.json]
The wishes and the films a good friend would name were written before any synopsis.
"""

import argparse
import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

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
K = 10
RESAMPLES = 2000


@dataclass(frozen=True, slots=True)
class Wish:
    """A wish and the films that answer it."""

    text: str
    language: str
    films: tuple[tuple[str, int], ...]


def read_wishes() -> list[Wish]:
    """The wishes as committed."""
    lines = (HERE / "wishes.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    return [
        Wish(row["wish"], row["language"], tuple((film["title"], film["year"]) for film in row["films"]))
        for row in rows
    ]


def answers(wish: Wish, catalog: Catalog) -> list[frozenset[str]]:
    """The ids of each named film in a catalog; empty where it does not have the film."""
    found = []
    for title, year in wish.films:
        ids = {one.item_id for one in catalog.titles.exact(title) if one.year is not None and abs(one.year - year) <= 1}
        found.append(frozenset(double for one in ids for double in catalog.double_of(one)))
    return found


def recalls(wishes: Sequence[Wish], dataset: Dataset, encoder: Encoder, folder: Path, *, old_only: bool) -> list[float]:
    """Recall at K by wish; with `old_only` only films of MovieLens-100k count."""
    settings = RetrievalSettings(data_dir=folder)
    if not (folder / "chroma").exists():
        build_vectors(dataset, settings)
    channel = ContentChannel(dataset.catalog, VectorIndex.open(dataset.catalog, settings), encoder)
    found = []
    for wish in wishes:
        wanted = answers(wish, dataset.catalog)
        if old_only:
            wanted = [ids for ids in wanted if any(one.startswith("ml100k:") for one in ids)]
        if wanted:
            shown = {one.item_id for one in channel.retrieve(Preference(text=wish.text), UserHistory(), k=K)}
            found.append(sum(bool(ids & shown) for ids in wanted) / len(wanted))
    return found


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
    out = parser.parse_args().out
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
    if out:
        out.write_text(json.dumps(figures, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
