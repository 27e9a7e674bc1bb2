"""What a log teaches of what comes next: planted walks, and what people get who ask for nothing."""

import shutil
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from retrieval.build_parts import PARTS
from retrieval.candidates import Candidate
from retrieval.channels.ratings import read_ratings
from retrieval.channels.sequence import NEXT, SequenceChannel, build_sequence, log_teaches
from retrieval.channels.trend import TrendChannel
from retrieval.datasets import Dataset
from retrieval.datasets.dataset import Interactions
from retrieval.errors import IndexMissingError
from retrieval.fusion.base import Fused
from retrieval.fusion.conversation import ConversationFusion
from retrieval.fusion.next_items import LEAST_HELD, held_back
from retrieval.fusion.signals import Signals
from retrieval.fusion.talk import Talk
from retrieval.fusion.weights import ConversationWeights, write_weights
from retrieval.history import Interaction, UserHistory
from retrieval.items import Catalog, Item
from retrieval.models.log import Log
from retrieval.models.sequence import SequenceSettings
from retrieval.preference import Preference
from retrieval.schema import CatalogSchema, FieldKind, FieldSpec
from retrieval.settings import RetrievalSettings

N_ITEMS, STEPS = 30, 6
TINY = SequenceSettings(width=8, heads=1, layers=1, epochs=1, least_steps=5, seeds=1)
DISLIKES = ConversationWeights(named={"likes": -1.0}, bare={"likes": -1.0})


@pytest.fixture(scope="module")
def walks() -> Dataset:
    """People walk around a ring of things of three kinds in turn."""
    kinds = FieldSpec(name="kinds", kind=FieldKind.CATEGORY, label={"en": "kind"})
    items = tuple(Item(f"i{n}", f"Thing {n}", {"kinds": (f"k{n % 3}",)}) for n in range(N_ITEMS))
    catalog = Catalog(CatalogSchema(name="things", fields=(kinds,)), items)
    begins = np.random.default_rng(0).integers(0, N_ITEMS, 2 * LEAST_HELD + 10).tolist()
    taken = [
        Interaction(f"u{user}", f"i{(begin + step) % N_ITEMS}", 1.0, 1e9 + 86_400.0 * step)
        for user, begin in enumerate(begins)
        for step in range(STEPS)
    ]
    return Dataset(catalog, Interactions.of(catalog, taken))


@pytest.fixture(scope="module")
def built(walks: Dataset, tmp_path_factory: pytest.TempPathFactory) -> RetrievalSettings:
    settings = RetrievalSettings(data_dir=tmp_path_factory.mktemp("walks"))
    build_sequence(walks, settings, model_settings=TINY)
    return settings


@pytest.fixture
def fusion(walks: Dataset, built: RetrievalSettings) -> ConversationFusion:
    popularity = TrendChannel(walks.catalog, read_ratings(walks))
    channels = {"sequence": SequenceChannel.open(walks, built)}
    signals = Signals(walks.catalog, channels, popularity, Talk.of((), walks.catalog))
    return ConversationFusion(signals, DISLIKES, {})


def person(*items: int) -> UserHistory:
    return UserHistory.of("x", [Interaction("x", f"i{item}", 1.0, 2e9 + at) for at, item in enumerate(items)])


def fused(fusion: ConversationFusion, preference: Preference, history: UserHistory) -> Fused:
    return fusion.fuse({"trend": [Candidate(f"i{row}", {}) for row in range(N_ITEMS)]}, preference, history)


def best(points: Mapping[str, float], history: UserHistory) -> str:
    return max((item_id for item_id in points if item_id not in history.seen()), key=points.__getitem__)


@pytest.mark.parametrize("newest", [5, 11, 20])
def test_who_asks_for_nothing_gets_what_comes_next(fusion: ConversationFusion, newest: int) -> None:
    history = person(newest - 2, newest - 1, newest)

    assert best(fused(fusion, Preference(), history).points, history) == f"i{newest + 1}"


def test_the_parts_of_what_comes_next_are_exact(fusion: ConversationFusion) -> None:
    ours = fused(fusion, Preference(), person(3, 4))

    sums = {item_id: sum(parts.values()) for item_id, parts in ours.parts(ours.points).items()}
    assert ours.parts_are == "exact"
    assert max(ours.points.values()) == pytest.approx(1.0)
    assert sorted(sums, key=sums.__getitem__) == sorted(ours.points, key=ours.points.__getitem__)
    assert sum(ours.dimensions.values()) == pytest.approx(1.0)


def test_who_asks_for_something_is_answered_by_what_conversations_taught(fusion: ConversationFusion) -> None:
    history = person(3, 4)

    assert set(fused(fusion, Preference(), history).shares) == {"sequence"}
    for asked in (Preference(text="a thing"), Preference(liked=("i9",))):
        assert "trend" in fused(fusion, asked, history).shares


def test_recorded_conversations_about_the_catalog_take_over(
    walks: Dataset, built: RetrievalSettings, tmp_path: Path
) -> None:
    shutil.copytree(built.data_dir, tmp_path / "data")
    settings = built.model_copy(update={"data_dir": tmp_path / "data"})
    assert SequenceChannel.open(walks, settings).foreseen(Preference(), person(3)) is not None
    sequence = next(part for part in PARTS if part.name == "sequence")
    key = sequence.key(walks, settings)

    write_weights(settings.data_dir, DISLIKES.model_copy(update={"spoken": {"i0": 1}}))

    assert not log_teaches(walks, settings)
    assert sequence.key(walks, settings) != key
    assert SequenceChannel.open(walks, settings).foreseen(Preference(), person(3)) is None


def test_too_few_people_teach_nothing(walks: Dataset) -> None:
    log = Log.of_dataset(walks)

    held = held_back(log)

    assert held is not None
    assert held.sum() == (2 * LEAST_HELD + 10) // 2
    assert (np.diff(np.flatnonzero(held)) % STEPS == 0).all()
    assert held_back(log.where(log.users < LEAST_HELD)) is None


def test_a_damaged_part_is_refused_with_the_command(walks: Dataset, built: RetrievalSettings, tmp_path: Path) -> None:
    shutil.copytree(built.data_dir, tmp_path / "data")
    (tmp_path / "data" / "sequence" / NEXT / "settings.json").unlink()

    with pytest.raises(IndexMissingError, match=r"Build it with: reconteur build"):
        SequenceChannel.open(walks, built.model_copy(update={"data_dir": tmp_path / "data"}))
