"""What the language model adds of its own: titles it names for a wish, and themes and moods it reads out of item texts.

python -m benchmarks.language_model --data .reconteur/demo --llm-url http://127.0.0.1:8080/v1 [--llm-model NAME]
    [--limit 20] [--items 100] [--seed 0] [--out FILE]

Titles: recall at 10 on benchmarks/wishes.jsonl, of the films that a good friend would name and the catalog has, beside
vector search alone and both lists together; how many named titles the catalog does not have; seconds per call.
Themes: the model reads label and description alone, and what it chooses is compared with the catalog's own themes on a
seeded sample of items, beside taking as many of the shortlist by embedding alone. The catalog's own moods are those
that its themes name ('feel-good' is uplifting). Items of the prompt's examples are left out.
"""

import argparse
import asyncio
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import numpy as np
from pydantic import JsonValue
from rich.console import Console
from rich.progress import Progress, track

from agent.item_features import FeatureReader, Pairs, example_items
from agent.llm import make_chat_model, make_waiting_model, open_client
from agent.model_size import identify
from agent.proposals import TitleProposer
from agent.settings import LlmSettings
from benchmarks.report import environment, environment_lines, spread, table
from benchmarks.wishes import K, Wish, answers, interval, read_wishes
from retrieval.candidates import Candidate
from retrieval.channels.content import ContentChannel
from retrieval.datasets import Dataset, load_dataset
from retrieval.encoder import Encoder, make_encoder
from retrieval.errors import ModelUnavailableError, RecommenderError
from retrieval.features.moods import moods_in
from retrieval.features.shortlist import Shortlist
from retrieval.features.store import soft_fields
from retrieval.fusion import reciprocal_rank
from retrieval.history import UserHistory
from retrieval.items import Catalog, Item
from retrieval.preference import Preference
from retrieval.proposals import Linked, Proposer, Request, link_proposals
from retrieval.settings import RetrievalSettings
from retrieval.vectors import VectorIndex

LISTS = ("the model's titles", "vector search", "both, by reciprocal rank")
TIMEOUT_S = 300.0
AT_ONCE = 2
log = Console(stderr=True)


@dataclass(slots=True)
class Named:
    """What became of the wishes; recalls by list and wish."""

    recalls: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in LISTS})
    languages: list[str] = field(default_factory=list)
    titles: int = 0
    unknown: int = 0
    failed: int = 0
    seconds: list[float] = field(default_factory=list)


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


def name_titles(wishes: Sequence[Wish], catalog: Catalog, proposer: Proposer, search: ContentChannel | None) -> Named:
    """Ask for titles, one wish after the other; wishes for which the catalog has no wanted film are passed over."""
    found = Named()
    for wish in track(wishes, "wishes", console=log):
        wanted = [ids for ids in answers(wish, catalog) if ids]
        if not wanted:
            continue
        linked = _named(proposer, wish, catalog, found)
        searched = search.retrieve(Preference(text=wish.text), UserHistory(), k=50) if search is not None else []
        near = [one.item_id for one in searched]
        lists = (linked.item_ids, near, _together(linked.item_ids, near))
        for name, ids in zip(LISTS, lists, strict=True):
            shown = set(ids[:K])
            found.recalls[name].append(sum(bool(one & shown) for one in wanted) / len(wanted))
        found.languages.append(wish.language)
    return found


def _named(proposer: Proposer, wish: Wish, catalog: Catalog, found: Named) -> Linked:
    started = time.perf_counter()
    try:
        linked = link_proposals(proposer.propose(Request(wish.text, count=K)), catalog)
    except ModelUnavailableError:
        found.failed += 1
        return Linked()
    found.seconds.append(time.perf_counter() - started)
    found.titles += linked.named
    found.unknown += linked.unknown
    return linked


def _together(*lists: Sequence[str]) -> list[str]:
    by_list = {str(place): [Candidate(one) for one in ids] for place, ids in enumerate(lists)}
    return [one.item_id for one in reciprocal_rank(by_list, {})]


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
    found, gate = ReadTexts(), asyncio.Semaphore(AT_ONCE)
    with Progress(console=log) as bars:
        task = bars.add_task("items", total=len(items))

        async def one(item: Item, pairs: Pairs) -> None:
            async with gate:
                await _read(item, pairs, reader, found)
                bars.advance(task)

        await asyncio.gather(*(one(item, pairs) for item, pairs in zip(items, lists, strict=True)))
    return found


async def _read(item: Item, pairs: Pairs, reader: FeatureReader, found: ReadTexts) -> None:
    started = time.perf_counter()
    try:
        record = await reader.read(item, pairs)
    except ModelUnavailableError:
        found.failed += 1
        return
    found.seconds.append(time.perf_counter() - started)
    own = own_themes(item, reader.catalog)
    chosen = {(name, value) for name, values in record.values.items() for value in values}
    found.chosen.append(len(chosen))
    found.recall.append(len(own & chosen) / len(own))
    found.listed.append(len(own & set(pairs)) / len(own))
    if chosen:
        found.precision.append(len(own & chosen) / len(chosen))
        found.by_embedding.append(len(own & set(pairs[: len(chosen)])) / len(chosen))
    named = {mood for mood, weight in moods_in(", ".join(value for _, value in own)).items() if weight > 0}
    if named:
        found.moods.append(len(named & set(record.moods)) / len(named))


def share(values: Sequence[float]) -> str:
    """'0.310 [0.255, 0.371] (48)': mean, 95 % bootstrap interval, how many."""
    if not values:
        return "none"
    mean, low, high = interval(values)
    return f"{mean:.3f} [{low:.3f}, {high:.3f}] ({len(values)})"


def report_titles(found: Named) -> str:
    """The table of the wishes."""
    english = [place for place, language in enumerate(found.languages) if language == "en"]
    rows: list[tuple[str, ...]] = [
        (f"recall at {K}: {name}", share(values), share([values[place] for place in english]))
        for name, values in found.recalls.items()
    ]
    unknown = f"{found.unknown / found.titles:.1%} of {found.titles}" if found.titles else "none named"
    rows += [
        ("titles that the catalog does not have", unknown, ""),
        ("wishes without a usable answer", f"{found.failed} of {len(found.languages)}", ""),
        ("seconds per call, median (range)", spread(found.seconds, 2), ""),
    ]
    return table(("titles named for a wish", "all wishes", "English ones"), rows)


def report_texts(found: ReadTexts) -> str:
    """The table of the items."""
    rows = [
        ("chosen themes that the catalog has, too (precision)", share(found.precision)),
        ("the same, as many of the shortlist by embedding alone", share(found.by_embedding)),
        ("the catalog's themes that were chosen (recall)", share(found.recall)),
        ("the catalog's themes that are on the shortlist (the most to be found)", share(found.listed)),
        ("moods that the catalog's themes name and the model chose", share(found.moods)),
        ("themes chosen per item, median (range)", spread(found.chosen)),
        ("items without a usable answer", f"{found.failed} of {found.failed + len(found.recall)}"),
        ("seconds per call, median (range)", spread(found.seconds, 2)),
    ]
    return table(("themes and moods read out of texts", "mean [95 % interval] (n)"), rows)


def figures(named: Named, read: ReadTexts) -> dict[str, JsonValue]:
    """The raw values for JSON."""
    return {
        "titles": {
            "recalls": {name: [*values] for name, values in named.recalls.items()},
            "languages": [*named.languages],
            "named": named.titles,
            "unknown": named.unknown,
            "failed": named.failed,
            "seconds": [*named.seconds],
        },
        "texts": {
            "precision": [*read.precision],
            "by_embedding": [*read.by_embedding],
            "recall": [*read.recall],
            "listed": [*read.listed],
            "moods": [*read.moods],
            "chosen": [*read.chosen],
            "failed": read.failed,
            "seconds": [*read.seconds],
        },
    }


async def measure(dataset: Dataset, settings: RetrievalSettings, llm: LlmSettings, given: argparse.Namespace) -> str:
    """Both parts; what is printed."""
    catalog, encoder = dataset.catalog, make_encoder(settings.encoder)
    search = ContentChannel(catalog, VectorIndex.open(catalog, settings), encoder)
    identity, found = await identify(llm), environment()
    with httpx.Client(timeout=TIMEOUT_S) as client:
        waiting = make_waiting_model(llm, client, timeout_s=TIMEOUT_S)
        proposer = TitleProposer.of(catalog, waiting, max_tokens=llm.titles_tokens, identity=identity)
        named = name_titles(read_wishes()[: given.limit], catalog, proposer, search)
    async with open_client(llm) as connections:
        model = make_chat_model(llm, connections)
        assert model is not None
        reader = FeatureReader.of(catalog, model, identity=identity)
        read = await read_texts(sample(catalog, given.items, given.seed), reader, encoder)
    limit = f"--limit {given.limit} " if given.limit else ""
    found["command"] = f"python -m benchmarks.language_model {limit}--items {given.items} --seed {given.seed}"
    if given.out:
        whole = {"environment": found, "model": identity, **figures(named, read)}
        given.out.write_text(json.dumps(whole, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    head = f"- command: `{found['command']}`, model {identity}\n{environment_lines(found)}"
    return "\n\n".join((head, report_titles(named), report_texts(read)))


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=RetrievalSettings().data_dir)
    parser.add_argument("--llm-url", required=True, help="OpenAI-compatible base URL ending in /v1")
    parser.add_argument("--llm-model", default="local", help="its name there")
    parser.add_argument("--limit", type=int, help="of the wishes; all where left out")
    parser.add_argument("--items", type=int, default=100, help="how many items are read")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, help="write the raw figures as JSON")
    given = parser.parse_args()
    llm = LlmSettings(url=given.llm_url, model=given.llm_model, timeout_s=TIMEOUT_S)
    try:
        dataset = load_dataset(given.data)
        print(asyncio.run(measure(dataset, RetrievalSettings(data_dir=given.data), llm, given)))
    except RecommenderError as error:
        log.print(str(error), style="red", highlight=False)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
