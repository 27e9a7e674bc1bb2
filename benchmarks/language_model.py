"""What the language model adds to a catalog: themes and moods that it reads out of item texts.

python -m benchmarks.language_model --data .reconteur/demo --llm-url http://127.0.0.1:8080/v1 [--llm-model NAME]
    [--items 100] [--seed 0] [--out FILE]

The model reads label and description alone, and what it chooses is compared with the catalog's own themes on a seeded
sample of items, beside taking as many of the shortlist by embedding alone. The catalog's own moods are those that its
themes name ('feel-good' is uplifting). Items of the prompt's examples are left out.
"""

import argparse
import asyncio
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from pydantic import JsonValue
from rich.console import Console
from rich.progress import Progress

from agent.enrich.item_features import FeatureReader, Pairs, example_items
from agent.llm import make_chat_model, open_client
from agent.settings import LlmSettings
from benchmarks.report import environment, environment_lines, spread, table
from benchmarks.wishes import interval
from retrieval.datasets import load_dataset
from retrieval.encoder import Encoder, make_encoder
from retrieval.errors import ModelUnavailableError, RecommenderError
from retrieval.features.moods import moods_in
from retrieval.features.shortlist import Shortlist
from retrieval.features.store import soft_fields
from retrieval.items import Catalog, Item
from retrieval.settings import RetrievalSettings

TIMEOUT_S = 300.0
AT_ONCE = 2
log = Console(stderr=True)


@dataclass(slots=True)
class ReadTexts:
    """What became of the items; shares by item."""

    precision: list[float] = field(default_factory=list)
    recall: list[float] = field(default_factory=list)
    by_embedding: list[float] = field(default_factory=list)
    """Precision of as many themes of the shortlist, nearest first."""
    listed: list[float] = field(default_factory=list)
    """Which share of an item's own themes is on its shortlist: more cannot be found."""
    moods: list[float] = field(default_factory=list)
    """Which share of the moods that an item's own themes name was chosen."""
    chosen: list[float] = field(default_factory=list)
    failed: int = 0
    seconds: list[float] = field(default_factory=list)


def sample(catalog: Catalog, n: int, seed: int) -> list[Item]:
    """Items with a description and themes of their own, without those of the prompt's examples."""
    shown = {item.item_id for item in example_items(catalog)}
    usable = [item for item in catalog if item.text and own_themes(item, catalog) and item.item_id not in shown]
    rows = np.random.default_rng(seed).permutation(len(usable))[:n]
    return [usable[row] for row in sorted(rows)]


def own_themes(item: Item, catalog: Catalog) -> set[tuple[str, str]]:
    """What the catalog says."""
    return {(spec.name, value) for spec in soft_fields(catalog) for value in item.values.get(spec.name, ())}


async def read_texts(items: Sequence[Item], reader: FeatureReader, encoder: Encoder) -> ReadTexts:
    """Have items read and compare with the catalog; some at once."""
    lists = Shortlist(reader.catalog, encoder).of(items)
    texts, gate = ReadTexts(), asyncio.Semaphore(AT_ONCE)
    with Progress(console=log) as bars:
        task = bars.add_task("items", total=len(items))

        async def one(item: Item, pairs: Pairs) -> None:
            async with gate:
                await _read(item, pairs, reader, texts)
                bars.advance(task)

        await asyncio.gather(*(one(item, pairs) for item, pairs in zip(items, lists, strict=True)))
    return texts


async def _read(item: Item, pairs: Pairs, reader: FeatureReader, texts: ReadTexts) -> None:
    started = time.perf_counter()
    try:
        record = await reader.read(item, pairs)
    except ModelUnavailableError:
        texts.failed += 1
        return
    texts.seconds.append(time.perf_counter() - started)
    own = own_themes(item, reader.catalog)
    chosen = {(name, value) for name, values in record.values.items() for value in values}
    texts.chosen.append(len(chosen))
    texts.recall.append(len(own & chosen) / len(own))
    texts.listed.append(len(own & set(pairs)) / len(own))
    if chosen:
        texts.precision.append(len(own & chosen) / len(chosen))
        texts.by_embedding.append(len(own & set(pairs[: len(chosen)])) / len(chosen))
    named = {mood for mood, weight in moods_in(", ".join(value for _, value in own)).items() if weight > 0}
    if named:
        texts.moods.append(len(named & set(record.moods)) / len(named))


def share(values: Sequence[float]) -> str:
    """'0.310 [0.255, 0.371] (48)': mean, 95 % bootstrap interval, how many."""
    if not values:
        return "none"
    mean, low, high = interval(values)
    return f"{mean:.3f} [{low:.3f}, {high:.3f}] ({len(values)})"


def report_texts(texts: ReadTexts) -> str:
    """The table of the items."""
    rows = [
        ("chosen themes that the catalog has, too (precision)", share(texts.precision)),
        ("the same, as many of the shortlist by embedding alone", share(texts.by_embedding)),
        ("the catalog's themes that were chosen (recall)", share(texts.recall)),
        ("the catalog's themes that are on the shortlist (the most to be found)", share(texts.listed)),
        ("moods that the catalog's themes name and the model chose", share(texts.moods)),
        ("themes chosen per item, median (range)", spread(texts.chosen)),
        ("items without a usable answer", f"{texts.failed} of {texts.failed + len(texts.recall)}"),
        ("seconds per call, median (range)", spread(texts.seconds, 2)),
    ]
    return table(("themes and moods read out of texts", "mean [95 % interval] (n)"), rows)


def figures(read: ReadTexts) -> dict[str, JsonValue]:
    """The raw values for JSON."""
    return {
        "precision": [*read.precision],
        "by_embedding": [*read.by_embedding],
        "recall": [*read.recall],
        "listed": [*read.listed],
        "moods": [*read.moods],
        "chosen": [*read.chosen],
        "failed": read.failed,
        "seconds": [*read.seconds],
    }


async def measure(catalog: Catalog, settings: RetrievalSettings, llm: LlmSettings, given: argparse.Namespace) -> str:
    """What is printed."""
    machine = environment()
    async with open_client(llm) as connections:
        model = make_chat_model(llm, connections)
        assert model is not None
        reader = FeatureReader.of(catalog, model)
        read = await read_texts(sample(catalog, given.items, given.seed), reader, make_encoder(settings.encoder))
    machine["command"] = f"python -m benchmarks.language_model --items {given.items} --seed {given.seed}"
    if given.out:
        whole = {"environment": machine, "model": llm.model, "texts": figures(read)}
        given.out.write_text(json.dumps(whole, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    head = f"- command: `{machine['command']}`, model {llm.model}\n{environment_lines(machine)}"
    return "\n\n".join((head, report_texts(read)))


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=RetrievalSettings().data_dir)
    parser.add_argument("--llm-url", required=True, help="OpenAI-compatible base URL ending in /v1")
    parser.add_argument("--llm-model", default="local", help="its name there")
    parser.add_argument("--items", type=int, default=100, help="how many items are read")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, help="write the raw figures as JSON")
    given = parser.parse_args()
    llm = LlmSettings(url=given.llm_url, model=given.llm_model, timeout_s=TIMEOUT_S)
    try:
        catalog = load_dataset(given.data).catalog
        print(asyncio.run(measure(catalog, RetrievalSettings(data_dir=given.data), llm, given)))
    except RecommenderError as error:
        log.print(str(error), style="red", highlight=False)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
