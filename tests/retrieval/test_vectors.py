"""The vector index: a real Chroma in a folder of its own."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from retrieval.datasets import Dataset
from retrieval.encoder import BUNDLED, MOST_CHARACTERS, SentenceEncoder, bundled_path, make_encoder
from retrieval.errors import IndexMissingError, SettingsError
from retrieval.items import Catalog, Item
from retrieval.settings import RetrievalSettings
from retrieval.vectors import FIRST_SHARE, VectorIndex, build_vectors, item_text, item_vectors, open_client
from tests.fakes import HashEncoder, tea_schema


def built(dataset: Dataset, data_dir: Path) -> RetrievalSettings:
    settings = RetrievalSettings(data_dir=data_dir, encoder="hash")
    build_vectors(dataset, settings, encoder=HashEncoder())
    return settings


def test_an_item_is_embedded_by_what_it_is_not_by_what_it_is_called(teas: Dataset) -> None:
    item, schema = teas.catalog.item("tea:4"), teas.catalog.schema

    text = item_text(item, schema)

    assert text == "Strong, dried over pine fires. kind: Black. grower: Chiara Rossi. note: smoky, tar"
    assert item_text(replace(item, text=""), schema).startswith("Old Harbor. kind: Black")


@pytest.mark.parametrize("before", ["titles-too", "about"])
def test_an_index_of_other_texts_counts_as_missing(
    teas: Dataset, data_dir: Path, monkeypatch: pytest.MonkeyPatch, before: str
) -> None:
    monkeypatch.setattr("retrieval.vectors.TEXTS", before)
    settings = built(teas, data_dir)
    monkeypatch.undo()

    with pytest.raises(IndexMissingError, match="no vector index for this catalog"):
        VectorIndex.open(teas.catalog, settings)


def test_rows_of_the_matrix_are_rows_of_the_catalog(teas: Dataset, vectors: VectorIndex) -> None:
    texts = [item_text(item, teas.catalog.schema) for item in teas.catalog]

    assert np.allclose(vectors.matrix, HashEncoder().encode(texts), atol=1e-5)


def test_an_item_is_found_by_its_queries_though_its_text_has_none_of_their_words(teas: Dataset, data_dir: Path) -> None:
    queries = ("campfire cup", "cold night blanket", "wie Schinken")
    items = tuple(replace(item, queries=queries) if item.item_id == "tea:4" else item for item in teas.catalog)
    asked = Catalog(teas.catalog.schema, items)
    settings = built(Dataset(asked), data_dir)
    row, wishes = asked.row("tea:4"), HashEncoder().encode(queries)

    index = VectorIndex.open(asked, settings)

    before = item_vectors(teas.catalog.items, asked.schema, HashEncoder())
    assert [index.query(wish, 1)[0][0] for wish in wishes] == [row] * 3
    assert all(index.matrix[row] @ wishes.T > before[row] @ wishes.T)
    assert np.allclose(np.delete(index.matrix, row, axis=0), np.delete(before, row, axis=0), atol=1e-5)


def test_queries_weigh_as_much_as_the_text_and_the_first_as_much_as_the_others(teas: Dataset) -> None:
    item, schema, encoder = teas.catalog.item("tea:4"), teas.catalog.schema, HashEncoder()
    queries = ("campfire", "a cold night", "wie Schinken")
    text, first, second, third = encoder.encode([item_text(item, schema), *queries])
    asked = [replace(item, queries=queries), item, replace(item, queries=queries[:1])]

    vectors = item_vectors(asked, schema, encoder)

    expected = [text + 0.5 * first + 0.25 * (second + third), text, text + first]
    assert np.allclose(vectors, [vector / np.linalg.norm(vector) for vector in expected], atol=1e-5)
    assert FIRST_SHARE == 0.5


def test_chroma_agrees_with_exact_search(vectors: VectorIndex) -> None:
    query = 2 * vectors.matrix[3] + vectors.matrix[7]

    nearest = vectors.query(query, 5)

    cosines = vectors.matrix @ (query / np.linalg.norm(query))
    assert [row for row, _ in nearest] == np.argsort(-cosines)[:5].tolist()
    assert [score for _, score in nearest] == pytest.approx(np.sort(cosines)[::-1][:5].tolist(), abs=1e-4)


def test_the_index_finds_nearly_all_of_the_exact_fifty(data_dir: Path) -> None:
    rng = np.random.default_rng(0)
    words = [f"word{n}" for n in range(120)]
    catalog = Catalog(
        tea_schema(),
        tuple(Item(f"tea:{n}", f"Tea {n}", text=" ".join(rng.choice(words, size=6))) for n in range(1500)),
    )
    settings = built(Dataset(catalog), data_dir)
    index = VectorIndex.open(catalog, settings)
    queries = rng.standard_normal((40, index.matrix.shape[1])).astype(np.float32)
    queries += 2 * index.matrix[rng.integers(1500, size=40)]

    recall = [
        len({row for row, _ in index.query(query, 50)} & set(np.argsort(-(index.matrix @ query))[:50].tolist())) / 50
        for query in queries
    ]

    assert np.mean(recall) >= 0.98


def test_more_than_the_catalog_can_be_asked_for(vectors: VectorIndex) -> None:
    assert len(vectors.query(vectors.matrix[0], 999)) == len(vectors.matrix)
    assert vectors.query(vectors.matrix[0], 0) == []


def test_progress_ends_at_the_number_of_items(teas: Dataset, data_dir: Path) -> None:
    told: list[tuple[str, int, int]] = []

    build_vectors(
        teas,
        RetrievalSettings(data_dir=data_dir, encoder="hash"),
        lambda what, done, total: told.append((what, done, total)),
        encoder=HashEncoder(),
    )

    assert told[-1] == ("vectors", 16, 16)


def test_a_second_build_replaces_the_first(teas: Dataset, data_dir: Path) -> None:
    built(teas, data_dir)

    settings = built(teas, data_dir)

    assert len(VectorIndex.open(teas.catalog, settings).matrix) == 16
    assert len(open_client(settings, create=False).list_collections()) == 1


def test_a_missing_folder_says_how_to_build_it(teas: Dataset, data_dir: Path) -> None:
    with pytest.raises(IndexMissingError, match=r"no vector index in .*chroma\. Build it with: reconteur build"):
        VectorIndex.open(teas.catalog, RetrievalSettings(data_dir=data_dir, encoder="hash"))


def test_an_index_of_another_catalog_or_encoder_is_refused(teas: Dataset, data_dir: Path) -> None:
    settings = built(teas, data_dir)
    other = Catalog(teas.catalog.schema, (replace(teas.catalog.items[0], text="changed"), *teas.catalog.items[1:]))

    with pytest.raises(IndexMissingError, match="no vector index for this catalog and encoder"):
        VectorIndex.open(other, settings)
    with pytest.raises(IndexMissingError, match="no vector index for this catalog and encoder"):
        VectorIndex.open(teas.catalog, settings.model_copy(update={"encoder": "another"}))


def test_a_half_written_index_is_refused(teas: Dataset, data_dir: Path) -> None:
    class Dies(HashEncoder):
        def encode(self, texts):
            raise RuntimeError("power cut")

    settings = RetrievalSettings(data_dir=data_dir, encoder="hash")
    with pytest.raises(RuntimeError):
        build_vectors(teas, settings, encoder=Dies())

    with pytest.raises(IndexMissingError, match="a half-written vector index"):
        VectorIndex.open(teas.catalog, settings)


def test_a_damaged_store_is_refused(teas: Dataset, tmp_path: Path) -> None:
    settings = built(teas, tmp_path / "good")
    broken = tmp_path / "broken"
    shutil.copytree(settings.data_dir, broken)
    (broken / "chroma" / "chroma.sqlite3").write_bytes(b"not a database" * 100)

    with pytest.raises(IndexMissingError, match="reconteur build"):
        VectorIndex.open(teas.catalog, RetrievalSettings(data_dir=broken, encoder="hash"))


def test_a_server_address_must_be_a_url(teas: Dataset, data_dir: Path) -> None:
    with pytest.raises(SettingsError, match="chroma_url must look like http://host:8000, found 'nowhere'"):
        VectorIndex.open(teas.catalog, RetrievalSettings(data_dir=data_dir, chroma_url="nowhere"))


def test_the_bundled_model_lies_in_the_installed_package() -> None:
    assert (bundled_path() / "model.safetensors").is_file()
    assert SentenceEncoder().name == "bundled-minilm"


def test_what_says_the_same_in_two_languages_lies_close_together() -> None:
    encoder = make_encoder(RetrievalSettings().encoder)
    encoder.warm()
    said = [
        "a bank robbery that goes wrong",
        "ein Banküberfall, der schiefgeht",
        "银行抢劫出了岔子",
        "recetas de pan casero",
        "",
    ]

    vectors = encoder.encode(said)

    assert vectors.dtype == np.float32
    assert vectors.shape == (5, 512)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(5), abs=1e-4)
    assert min(vectors[0] @ vectors[1], vectors[0] @ vectors[2]) > 0.5 > vectors[0] @ vectors[3]
    assert encoder.encode([]).shape == (0, 512)


def test_a_text_without_end_is_read_from_its_beginning_alone() -> None:
    encoder = make_encoder(BUNDLED)
    begun = "a tale of a town " * 100

    long, short = encoder.encode([begun + "x" * 10_000_000, begun[:MOST_CHARACTERS]])

    np.testing.assert_allclose(long, short, atol=1e-6)


@pytest.mark.live
def test_the_bundled_model_puts_like_meanings_together() -> None:
    encoder = SentenceEncoder()
    encoder.warm()

    vectors = encoder.encode(["a robbery of a bank", "a heist movie", "baking bread", ""])

    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(4), abs=1e-4)
    assert vectors[0] @ vectors[1] > vectors[0] @ vectors[2]


@pytest.mark.live
@pytest.mark.parametrize("text", ["a heist movie", "", "慢一点的爱情片", "a long tale " * 200])
def test_one_text_alone_gets_the_vector_that_it_gets_in_a_row(text: str) -> None:
    encoder = SentenceEncoder()

    alone, twice = encoder.encode([text]), encoder.encode([text, text])

    assert alone.shape == (1, 384)
    assert alone.dtype == np.float32
    np.testing.assert_allclose(alone[0], twice[0], atol=1e-6)


@pytest.mark.live
def test_any_other_model_can_be_named(teas: Dataset, tmp_path: Path) -> None:
    folder = str(bundled_path())
    settings = RetrievalSettings(data_dir=tmp_path, encoder=folder)
    build_vectors(teas, settings)

    index = VectorIndex.open(teas.catalog, settings)

    wish = SentenceEncoder(folder).encode(["smoked over pine"])[0]
    assert "tea:4" in [teas.catalog.items[row].item_id for row, _ in index.query(wish, 4)]
    with pytest.raises(IndexMissingError):
        VectorIndex.open(teas.catalog, settings.model_copy(update={"encoder": "bundled-minilm"}))


def test_a_model_that_is_nothing_says_what_can_be_named(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()

    with pytest.raises(SettingsError, match=r"cannot be loaded .*\. Use 'bundled-use', a folder, or"):
        SentenceEncoder(str(tmp_path / "model")).encode(["a"])
