"""Building a data folder: what is missing is made, what is current is skipped, what is broken is made again."""

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from retrieval import build as build_module
from retrieval.build import build
from retrieval.datasets import load_dataset
from retrieval.errors import BadDataError, IndexMissingError
from retrieval.ingest import ingest
from retrieval.manifest import read_manifest
from retrieval.measuring import METRIC
from retrieval.settings import RetrievalSettings
from tests.fakes import HashEncoder
from tests.retrieval.conftest import SMALL

BOOKS = Path(__file__).parents[2] / "examples" / "books"
ROOT = Path(__file__).parents[2]
KILLED = """
import os, signal, sys
from dataclasses import replace
from pathlib import Path
from retrieval import build as building
from retrieval.settings import RetrievalSettings

def killed(*_):
    os.kill(os.getpid(), signal.SIGKILL)

building.PARTS = [replace(part, build=killed) if part.name == "graph" else part for part in building.PARTS]
building.build(RetrievalSettings(data_dir=Path(sys.argv[1]), encoder="hash"))
"""
"""Ends in the third part without a chance to clean up."""
ALL_PARTS = {"factors", "neighbors", "graph", "graph-vectors", "sequence", "vectors", "typicality", "taste"}


@pytest.fixture(autouse=True)
def quick_models(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("retrieval.vectors.make_encoder", lambda name: HashEncoder())
    monkeypatch.setattr("retrieval.channels.sequence.SequenceSettings", lambda seed: replace(SMALL, least_steps=2))


@pytest.fixture
def settings(tmp_path: Path) -> RetrievalSettings:
    settings = RetrievalSettings(data_dir=tmp_path / "books", encoder="hash")
    take_in_books(settings)
    return settings


def take_in_books(settings: RetrievalSettings, *, interactions: bool = True) -> None:
    done = BOOKS / "interactions.csv" if interactions else None
    ingest(BOOKS / "items.csv", done, BOOKS / "facts.csv", BOOKS / "schema.toml", data_dir=settings.data_dir)


def built_parts(settings: RetrievalSettings) -> set[str]:
    told: set[str] = set()
    build(settings, lambda what, done, total: told.add(what))
    return told


def test_first_build_makes_every_part_and_a_manifest(settings: RetrievalSettings) -> None:
    assert built_parts(settings) == ALL_PARTS

    manifest = read_manifest(settings.data_dir)
    assert set(manifest.parts) == ALL_PARTS
    assert (manifest.items, manifest.encoder) == (62, "hash")
    assert manifest.fingerprint == load_dataset(settings.data_dir).fingerprint
    assert "chromadb" in manifest.versions
    measured = {name: part.metrics[METRIC] for name, part in manifest.parts.items() if METRIC in part.metrics}
    assert set(measured) == {"factors", "neighbors", "sequence"}
    assert all(0 <= share <= 1 for share in measured.values())
    assert measured["factors"] > 0


def test_second_build_skips_everything(settings: RetrievalSettings) -> None:
    first = build(settings)

    assert built_parts(settings) == set()
    assert read_manifest(settings.data_dir) == first


def test_new_interactions_rebuild_only_what_rests_on_them(settings: RetrievalSettings) -> None:
    build(settings)
    take_in_books(settings, interactions=False)

    assert built_parts(settings) == {"factors", "neighbors", "graph-vectors", "typicality", "taste", "sequence"}


def test_other_encoder_rebuilds_only_the_vectors_and_what_reads_them(
    settings: RetrievalSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    build(settings)

    class Other(HashEncoder):
        @property
        def name(self) -> str:
            return "other"

    monkeypatch.setattr("retrieval.vectors.make_encoder", lambda name: Other())

    assert built_parts(settings.model_copy(update={"encoder": "other"})) == {
        "taste",
        "typicality",
        "sequence",
        "vectors",
    }


@pytest.mark.parametrize(("folder", "part"), [("factors", "factors"), ("graph", "graph"), ("chroma", "vectors")])
def test_part_that_is_gone_is_made_again(tmp_path: Path, settings: RetrievalSettings, folder: str, part: str) -> None:
    other = settings.model_copy(update={"data_dir": tmp_path / f"without-{folder}"})
    build(settings)
    shutil.copytree(settings.data_dir, other.data_dir)
    shutil.rmtree(other.data_dir / folder)

    assert built_parts(other) == {part}


def test_half_written_part_is_made_again(settings: RetrievalSettings) -> None:
    build(settings)
    arrays = settings.data_dir / "factors" / "arrays.npz"
    arrays.write_bytes(arrays.read_bytes()[:100])

    assert built_parts(settings) == {"factors"}


def test_an_interrupted_build_goes_on_where_it_was(
    settings: RetrievalSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        parts = [replace(part, build=broken) if part.name == "graph" else part for part in build_module.PARTS]
        patch.setattr(build_module, "PARTS", parts)
        with pytest.raises(KeyboardInterrupt):
            build(settings)

    assert built_parts(settings) == ALL_PARTS - {"factors", "neighbors"}
    assert not (settings.data_dir / ".build.json").exists()
    assert read_manifest(settings.data_dir).parts["factors"].settings["ridge"] > 0


def test_a_build_that_is_killed_goes_on_where_it_was(settings: RetrievalSettings) -> None:
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, str(settings.data_dir)], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert killed.returncode == -signal.SIGKILL, killed.stderr
    with pytest.raises(IndexMissingError):
        read_manifest(settings.data_dir)
    assert built_parts(settings) == ALL_PARTS - {"factors", "neighbors"}
    assert set(read_manifest(settings.data_dir).parts) == ALL_PARTS


def test_folder_without_manifest_names_the_command(settings: RetrievalSettings) -> None:
    with pytest.raises(IndexMissingError, match=r"manifest\.json in .* Build it with: reconteur build --data"):
        read_manifest(settings.data_dir)


def test_half_written_manifest_names_the_command(settings: RetrievalSettings) -> None:
    build(settings)
    manifest = settings.data_dir / "manifest.json"
    manifest.write_text(manifest.read_text(encoding="utf-8")[:50], encoding="utf-8")

    with pytest.raises(IndexMissingError, match="half-written"):
        read_manifest(settings.data_dir)

    build(settings)
    assert read_manifest(settings.data_dir).items == 62


def test_indexes_of_another_dataset_name_the_command(settings: RetrievalSettings) -> None:
    build(settings)
    take_in_books(settings, interactions=False)

    with pytest.raises(IndexMissingError, match="indexes made for another dataset"):
        read_manifest(settings.data_dir)


def test_damaged_catalog_of_the_user_is_not_replaced_by_the_demo(settings: RetrievalSettings) -> None:
    next(settings.data_dir.glob("dataset-*/catalog.jsonl")).unlink()

    with pytest.raises(IndexMissingError, match=r"a damaged dataset .* Build it with: reconteur ingest"):
        build(settings)


def test_full_disk_is_said_clearly(settings: RetrievalSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(build_module, "write_atomic", fail)

    with pytest.raises(BadDataError, match=r"No space left on device.* run again: reconteur build"):
        build(settings)


@pytest.fixture
def tiny_demo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RetrievalSettings:
    cache = tmp_path / "cache"
    cache.mkdir()
    items = "item\ttitle\tyear\tclass\n1\tToy Story\t1995\tComedy\n2\tHeat\t1995\tCrime\n3\tBabe\t1995\tDrama\n"
    (cache / "ml-100k.item").write_text(items, encoding="utf-8")
    ratings = "user\titem\trating\ttime\n" + "".join(f"{u}\t{i}\t5\t{u}\n" for u in (1, 2) for i in (1, 2))
    (cache / "ml-100k.inter").write_text(ratings, encoding="utf-8")
    monkeypatch.setattr("retrieval.artifacts.ensure_movielens", lambda cache: cache)
    facts = tmp_path / "movies.jsonl"
    monkeypatch.setattr(build_module, "MOVIES", facts)
    monkeypatch.setattr(build_module, "load_movielens", lambda folder: load_demo(folder, facts))
    return RetrievalSettings(data_dir=tmp_path / "demo", encoder="hash")


def load_demo(folder: Path, facts: Path) -> object:
    from retrieval.datasets import load_movielens

    return load_movielens(folder, facts)


def test_empty_folder_becomes_the_demo(tiny_demo: RetrievalSettings, tmp_path: Path) -> None:
    manifest = build(tiny_demo, cache=tmp_path / "cache")

    assert (manifest.items, manifest.interactions) == (3, 4)


def test_demo_is_made_again_when_our_facts_change(tiny_demo: RetrievalSettings, tmp_path: Path) -> None:
    build(tiny_demo, cache=tmp_path / "cache")
    movie = {"id": "film:up-2009", "title": "Up", "year": 2009, "synopsis": "A house flies."}
    (tmp_path / "movies.jsonl").write_text(json.dumps(movie) + "\n", encoding="utf-8")

    manifest = build(tiny_demo, cache=tmp_path / "cache")

    assert manifest.items == 4
    assert read_manifest(tiny_demo.data_dir) == manifest


def test_damaged_demo_is_made_again(tiny_demo: RetrievalSettings, tmp_path: Path) -> None:
    build(tiny_demo, cache=tmp_path / "cache")
    next(tiny_demo.data_dir.glob("dataset-*/catalog.jsonl")).unlink()

    build(tiny_demo, cache=tmp_path / "cache")

    assert len(load_dataset(tiny_demo.data_dir).catalog) == 3
