"""The demo's reader and the storage of any dataset, on small files of the same form."""

import errno
import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from retrieval.datasets import Dataset, Interactions, Triple, load_dataset, load_movielens, save_dataset
from retrieval.datasets.dataset import item_line
from retrieval.datasets.movielens import SCHEMA, natural_title
from retrieval.errors import BadDataError, IndexMissingError
from retrieval.history import Interaction
from retrieval.items import Catalog, Item
from retrieval.resources import catalog_hash
from retrieval.schema import CatalogSchema, FieldKind, read_schema

ITEMS = """item_id:token\tmovie_title:token_seq\trelease_year:token\tclass:token_seq
1\tToy Story\t1995\tAnimation Children's Comedy
12\tUsual Suspects, The\t1995\tCrime Thriller
246\tChasing Amy\t1997\tDrama Romance
267\tunkonwn\tunkonwn\tunknown
268\tChasing Amy\t1997\tDrama Romance
274\tSabrina\t1995\tComedy Romance
486\tSabrina\t1954\tComedy Romance
1005\tDouble vie de Véronique, La (Double Life of Veronique, The)\t1991\tDrama
1373\tGood Morning\t1971\tunknown
1412\tLand Before Time III: The Time of the Great Giving (1995)\tV\tAnimation Children's
"""
RATINGS = """user_id:token\titem_id:token\trating:float\ttimestamp:float
7\t1\t5\t881250949
7\t12\t3\t881250900
8\t1\t1\t881250000
8\t267\t4\t881250001
"""
MOVIES = [
    {"id": "ml100k:1", "title": "Toy Story", "year": 1995, "genres": ["Animation", "Comedy"], "themes": ["toys"],
     "directors": ["John Lasseter"], "synopsis": "Toys talk when nobody looks.",
     "queries": ["jealous dolls", "会说话的玩具"], "aka": ["玩具总动员"]},
    {"id": "ml100k:12", "title": "The Usual Suspects", "year": 1995, "genres": [], "synopsis": ""},
    {"id": "film:parasite-2019", "title": "Parasite", "year": 2019, "genres": ["Thriller"], "aka": ["기생충", "寄生虫"],
     "countries": ["KR"], "languages": ["Korean"], "synopsis": "A family folds boxes."},
]  # fmt: skip


@pytest.fixture
def demo(tmp_path: Path) -> Path:
    folder = tmp_path / "ml"
    folder.mkdir()
    (folder / "ml-100k.item").write_text(ITEMS, encoding="utf-8")
    (folder / "ml-100k.inter").write_text(RATINGS, encoding="utf-8")
    (folder / "ml-100k.link").write_text("item_id:token\tentity_id:token\n1\tm.0dyb1\n", encoding="utf-8")
    kg = "head_id:token\trelation_id:token\ttail_id:token\nm.0dyb1\tfilm.film.genre\tm.01z4y\n"
    (folder / "ml-100k.kg").write_text(kg, encoding="utf-8")
    return folder


@pytest.fixture
def movies(tmp_path: Path) -> Path:
    path = tmp_path / "movies.jsonl"
    path.write_text("\n".join(json.dumps(movie) for movie in MOVIES) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("raw", "title", "aka"),
    [
        ("Usual Suspects, The", "The Usual Suspects", ()),
        ("Légende de l'amour, La", "La Légende de l'amour", ()),
        ("Seven (Se7en)", "Seven", ("Se7en",)),
        ("Blue Angel, The (Blaue Engel, Der)", "The Blue Angel", ("Der Blaue Engel",)),
        ("Star Maker, The (Uomo delle stelle, L')", "The Star Maker", ("L'Uomo delle stelle",)),
        ("Maybe, Maybe Not (Bewegte Mann, Der)", "Maybe, Maybe Not", ("Der Bewegte Mann",)),
        ("Hate (Haine, La)", "Hate", ("La Haine",)),
        ("I, Worst of All (Yo, la peor de todas)", "I, Worst of All", ("Yo, la peor de todas",)),
        ("Good, The Bad and The Ugly, The", "The Good, The Bad and The Ugly", ()),
    ],
)
def test_titles_come_in_natural_order(raw: str, title: str, aka: tuple[str, ...]) -> None:
    assert natural_title(raw) == (title, aka)


def test_demo_without_facts_knows_titles_years_and_genres(demo: Path) -> None:
    dataset = load_movielens(demo, None)

    toy = dataset.catalog.item("ml100k:1")
    assert (toy.title, toy.year, toy.values["genres"]) == ("Toy Story", 1995, ("Animation", "Children's", "Comedy"))
    assert dataset.catalog.item("ml100k:1373").values == {}


def test_nameless_item_is_left_out_with_its_ratings(demo: Path) -> None:
    dataset = load_movielens(demo, None)

    assert "ml100k:267" not in dataset.catalog
    assert {interaction.item_id for interaction in dataset.interactions} == {"ml100k:1", "ml100k:12"}


def test_misprinted_year_is_read_from_the_title(demo: Path) -> None:
    item = load_movielens(demo, None).catalog.item("ml100k:1412")

    assert (item.title, item.year) == ("Land Before Time III: The Time of the Great Giving", 1995)


def test_double_listing_is_marked_and_a_remake_is_not(demo: Path) -> None:
    catalog = load_movielens(demo, None).catalog

    assert catalog.double_of("ml100k:246") == {"ml100k:246", "ml100k:268"}
    assert catalog.double_of("ml100k:274") == {"ml100k:274"}


def test_ratings_become_weights_in_the_order_of_time(demo: Path) -> None:
    history = load_movielens(demo, None).interactions.of_user("ml100k:7")

    assert [(interaction.item_id, interaction.weight) for interaction in history.interactions] == [
        ("ml100k:12", 0.0),
        ("ml100k:1", 1.0),
    ]


def test_statements_about_films_carry_item_ids(demo: Path) -> None:
    assert load_movielens(demo, None).triples == (Triple("ml100k:1", "film.film.genre", "m.01z4y"),)


def test_own_facts_win_and_newer_films_are_appended(demo: Path, movies: Path) -> None:
    catalog = load_movielens(demo, movies).catalog

    toy, suspects = catalog.item("ml100k:1"), catalog.item("ml100k:12")
    assert toy.values["genres"] == ("Animation", "Comedy")
    assert toy.values["directors"] == ("John Lasseter",)
    assert (toy.queries, suspects.queries) == (("jealous dolls", "会说话的玩具"), ())
    assert suspects.values["genres"] == ("Crime", "Thriller")
    assert catalog.items[-1].item_id == "film:parasite-2019"
    assert catalog.find_title("寄生虫")[0].item_id == "film:parasite-2019"


def test_line_that_is_no_film_is_named(demo: Path, movies: Path) -> None:
    movies.write_text('{"id": "ml100k:1", "title": "Toy Story"}\n{"id": "ml100k:2"}\n', encoding="utf-8")

    with pytest.raises(BadDataError, match=r"movies\.jsonl, line 2: not a film: .*title"):
        load_movielens(demo, movies)


def test_missing_demo_file_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(BadDataError, match="run again: reconteur build"):
        load_movielens(tmp_path, None)


def test_demo_schema_speaks_english_and_chinese() -> None:
    schema = read_schema(SCHEMA)

    genres = schema.field("genres")
    assert "funny" in genres.synonyms["Comedy"]
    assert "搞笑" in genres.synonyms["Comedy"]
    assert schema.field("countries").fact_in("FR", "zh") == "来自法国"
    assert schema.field("directors").fact_in("Michael Mann", "en") == "directed by Michael Mann"
    assert (len(schema.wishes["en"]), len(schema.wishes["zh"])) == (6, 4)


def test_no_word_of_the_demo_schema_names_two_values_of_a_field() -> None:
    for spec in read_schema(SCHEMA).fields:
        words = [word.casefold() for synonyms in spec.synonyms.values() for word in set(synonyms)]

        assert sorted(words) == sorted(set(words)), spec.name


def small_dataset(title: str = "A <b>bold</b> title") -> Dataset:
    schema = CatalogSchema.model_validate(
        {"name": "tools", "fields": [{"name": "brand", "kind": FieldKind.ENTITY, "label": {"en": "brand"}}]}
    )
    items = (
        Item("号-1", title, values={"brand": ("Ünal",)}, numbers={}, text="line\nbreak", aka=("x",)),
        Item("2", "Saw", same_as="号-1", remarks={"follows": ("号-1",)}),
        Item("3", "Axe", values={"brand": ("Bolt", "Acme", "Ünal")}, main=("Acme",), slight=("Bolt",)),
        Item("4", "Plane", queries=("for smooth boards", "到处都是刨花")),
    )
    catalog = Catalog(schema, items)
    done = [Interaction("u", "2", 1.0, 5.0), Interaction("ü", "号-1", -1.0, 0.0), Interaction("u", "gone", 1.0, 1.0)]
    return Dataset(catalog, Interactions.of(catalog, done), (Triple("a", "b", "c"),))


def test_dataset_comes_back_as_it_was_saved(tmp_path: Path) -> None:
    dataset = small_dataset()

    save_dataset(dataset, tmp_path)
    again = load_dataset(tmp_path)

    assert again.catalog == dataset.catalog
    assert list(again.interactions) == list(dataset.interactions)
    assert tuple(again.triples) == dataset.triples
    assert (
        again.fingerprint
        == dataset.fingerprint
        == Dataset(again.catalog, again.interactions, again.triples).fingerprint
    )


def test_a_line_without_degrees_and_queries_is_as_it_was_before_there_were_any() -> None:
    drill = small_dataset().catalog.items[0]

    assert {*json.loads(item_line(drill))} == {
        "id",
        "title",
        "text",
        "aka",
        "same_as",
        "remarks",
        "values",
        "numbers",
    }


def test_a_line_from_before_there_were_queries_is_read(tmp_path: Path) -> None:
    catalog = small_dataset().catalog
    plane = replace(catalog.items[-1], queries=())
    pointer = save_dataset(Dataset(Catalog(catalog.schema, (plane,))), tmp_path)

    assert "queries" not in (tmp_path / pointer.folder / "catalog.jsonl").read_text(encoding="utf-8")
    assert load_dataset(tmp_path).catalog.items == (plane,)


def test_hashes_depend_on_queries_where_there_are_some() -> None:
    schema, plane = small_dataset().catalog.schema, Item("4", "Plane")
    asked = [replace(plane, queries=queries) for queries in ((), ("smooth boards",), ("shavings",))]

    catalogs = [Catalog(schema, (item,)) for item in asked]

    assert catalog_hash(catalogs[0]) == "94356ab01995c743"
    assert len({catalog_hash(catalog) for catalog in catalogs}) == 3
    assert len({Dataset(catalog).catalog_hash for catalog in catalogs}) == 3


def test_dataset_without_interactions_comes_back(tmp_path: Path) -> None:
    dataset = Dataset(small_dataset().catalog)

    save_dataset(dataset, tmp_path)

    assert list(load_dataset(tmp_path).interactions) == []


def test_saving_replaces_the_dataset_and_leaves_no_old_files(tmp_path: Path) -> None:
    save_dataset(small_dataset(), tmp_path)
    save_dataset(small_dataset("Other"), tmp_path)
    save_dataset(small_dataset("Other"), tmp_path)

    assert load_dataset(tmp_path).catalog.items[0].title == "Other"
    assert len(list(tmp_path.glob("dataset-*"))) == 1


def test_interactions_with_unknown_items_are_left_out() -> None:
    assert [interaction.item_id for interaction in small_dataset().interactions] == ["2", "号-1"]


def test_unknown_user_has_no_history() -> None:
    assert small_dataset().interactions.of_user("nobody").interactions == ()


def test_empty_folder_names_the_command(tmp_path: Path) -> None:
    with pytest.raises(IndexMissingError, match=r"no dataset in .* Build it with: reconteur build"):
        load_dataset(tmp_path)


def test_truncated_file_is_noticed(tmp_path: Path) -> None:
    save_dataset(small_dataset(), tmp_path)
    catalog = next(tmp_path.glob("dataset-*/catalog.jsonl"))
    catalog.write_bytes(catalog.read_bytes()[:-20])

    with pytest.raises(IndexMissingError, match=r"half-written dataset: catalog\.jsonl has"):
        load_dataset(tmp_path)


def test_damaged_file_of_the_right_size_is_noticed(tmp_path: Path) -> None:
    save_dataset(small_dataset(), tmp_path)
    ratings = next(tmp_path.glob("dataset-*/interactions.parquet"))
    ratings.write_bytes(b"x" * ratings.stat().st_size)

    with pytest.raises(IndexMissingError, match="damaged dataset"):
        load_dataset(tmp_path)


@pytest.mark.parametrize("text", ["", "{", '{"format": 1}', "[]"])
def test_unreadable_pointer_is_noticed(tmp_path: Path, text: str) -> None:
    save_dataset(small_dataset(), tmp_path)
    (tmp_path / "dataset.json").write_text(text, encoding="utf-8")

    with pytest.raises(IndexMissingError, match=r"unreadable dataset\.json"):
        load_dataset(tmp_path)


@pytest.mark.parametrize("step", ["retrieval.datasets.storage.os.replace", "retrieval.datasets.storage.os.fsync"])
def test_full_disk_leaves_the_old_dataset_intact(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    save_dataset(small_dataset(), tmp_path)

    def fail(*args: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(step, fail)
    with pytest.raises(BadDataError, match=r"No space left on device\. What was there before is unchanged"):
        save_dataset(small_dataset("Other"), tmp_path)
    monkeypatch.undo()

    assert load_dataset(tmp_path).catalog.items[0].title == "A <b>bold</b> title"
    assert not list(tmp_path.glob("dataset-tmp-*"))


def test_indexes_do_not_rest_on_the_words_of_a_language() -> None:
    dataset = small_dataset()
    schema = dataset.catalog.schema
    spec = schema.fields[0].model_copy(update={"synonyms_in": {"de": {"Ünal": ("Ünaler*",)}}})
    more = schema.model_copy(update={"fields": (spec,), "also_called_in": {"de": ("Gerät",)}})
    renamed = schema.model_copy(update={"name": "devices"})

    changed = [Dataset(Catalog(one, dataset.catalog.items)).catalog_hash for one in (more, renamed)]

    assert changed[0] == dataset.catalog_hash != changed[1]


def test_columns_keep_their_types_on_disk(tmp_path: Path) -> None:
    save_dataset(small_dataset(), tmp_path)

    interactions = load_dataset(tmp_path).interactions

    assert (interactions.users.dtype, interactions.rows.dtype) == (np.int32, np.int32)
    assert (interactions.weights.dtype, interactions.timestamps.dtype) == (np.float32, np.float64)


def test_demo_schema_gives_synonyms_only_to_themes_that_are_used() -> None:
    vocabulary = (SCHEMA.parent / "themes.txt").read_text(encoding="utf-8").splitlines()

    assert set(read_schema(SCHEMA).field("themes").synonyms) <= set(vocabulary)
