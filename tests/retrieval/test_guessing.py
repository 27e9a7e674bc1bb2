"""Columns of unknown files are understood: units, scales, dates, ages, lists, orders, and what cannot be used."""

from pathlib import Path

import pytest

from retrieval.certificates import certificate_age
from retrieval.datasets import load_dataset
from retrieval.errors import BadDataError
from retrieval.ingest import ingest, plan_ingest, read_spec
from retrieval.ingest.columns import guess_column
from retrieval.ingest.quantities import as_quantity
from retrieval.items import Catalog
from retrieval.schema import FieldKind, FieldSpec

HEADER = "id,Title,Runtime,Score,Certificate,Streaming on,Price,Release date,Vegan,Fear,Only"
ROWS = (
    "1,One,1h 48m,8.1/10,PG,Netflix; Hulu,€12.50,1999-03-01,yes,none,x",
    '2,Two,95 min,7.4,PG-13,"[""Hulu""]","13,50 €",12.05.2004,no,mild,x',
    "3,Three,2 hours,65%,G,Netflix,€9.00,\"March 3, 1998\",no,strong,x",
    "4,Four,-90 min,9.0,R,Max; Netflix,€20.00,2010-01-01,yes,some,x",
    "5,Five,N/A,-,Not Rated,Max,-,-,no,none,x",
    "6,Six,130,5.5,PG,Hulu; Max,€11.00,2011-07-09,no,none,x",
)  # fmt: skip


@pytest.fixture
def items(tmp_path: Path) -> Path:
    path = tmp_path / "shows.csv"
    path.write_text("\n".join([HEADER, *ROWS]) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def catalog(items: Path, tmp_path: Path) -> Catalog:
    ingest(items, data_dir=tmp_path / "data")
    return load_dataset(tmp_path / "data").catalog


def test_quantities_come_in_one_unit_whatever_the_cells_say(catalog: Catalog) -> None:
    numbers = [item.numbers for item in catalog]

    assert [values_of_item.get("runtime") for values_of_item in numbers] == [108, 95, 120, None, None, 130]
    assert [values_of_item.get("score") for values_of_item in numbers] == [8.1, 7.4, 6.5, 9.0, None, 5.5]
    assert [values_of_item.get("price") for values_of_item in numbers] == [12.5, 13.5, 9, 20, None, 11]
    assert [values_of_item.get("year") for values_of_item in numbers] == [1999, 2004, 1998, 2010, None, 2011]
    schema = catalog.schema
    assert (schema.field("runtime").unit, schema.field("price").unit) == ("minutes", "EUR")
    assert schema.field("score").scale == (0, 10)


def test_age_ratings_have_an_order_and_say_from_which_age(catalog: Catalog) -> None:
    assert catalog.schema.field("certificate").order == ("G", "PG", "PG-13", "R")
    assert [item.numbers.get("suits_from") for item in catalog] == [8, 13, 3, 17, None, 8]


def test_lists_flags_and_levels_are_told_apart(catalog: Catalog) -> None:
    values = [item.values for item in catalog]

    assert values[0]["streaming_on"] == ("Netflix", "Hulu")
    assert values[1]["streaming_on"] == ("Hulu",)
    assert catalog.schema.field("streaming_on").one_suffices
    assert [value["vegan"] for value in values[:2]] == [("vegan",), ("not vegan",)]
    assert catalog.schema.field("fear").role == "fear"
    assert values[0]["fear"] == ("none",)


@pytest.mark.parametrize("column", ["queries", "Search phrases"])
def test_queries_are_guessed_from_the_name_of_their_column(tmp_path: Path, column: str) -> None:
    path = tmp_path / "shows.csv"
    path.write_text(f"id,title,{column}\n1,One,slow family drama|zum Weinen\n2,Two,\n", encoding="utf-8")

    ingest(path, data_dir=tmp_path / "data")

    catalog = load_dataset(tmp_path / "data").catalog
    assert [item.queries for item in catalog] == [("slow family drama", "zum Weinen"), ()]
    assert catalog.schema.fields == ()
    assert read_spec(tmp_path / "data" / "schema.toml").columns.queries == column


def test_what_cannot_be_used_is_named_with_the_reason(items: Path, tmp_path: Path) -> None:
    plan = plan_ingest(items, data_dir=tmp_path / "data")

    report = plan.run()

    assert "Only: left out: 'x' in every row tells nothing apart" in plan.describe()
    assert [str(cell) for cell in report.odd_cells] == [
        "shows.csv, line 5: runtime must be more than 0, found '-90 min': taken as unknown"
    ]
    assert report.bad_rows == ()


def test_a_guessed_schema_is_written_beside_the_data_and_means_the_same_when_read_again(
    items: Path, tmp_path: Path
) -> None:
    plan = plan_ingest(items, data_dir=tmp_path / "data")
    plan.run()

    path = tmp_path / "data" / "schema.toml"
    again = read_spec(path)

    assert (again.catalog, again.columns) == (plan.spec.catalog, plan.spec.columns)
    assert "[[fields]] # numbers in minutes" in path.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('kind = "number"', 'kind = "numbr"', "'category', 'entity' or 'number', found 'numbr'"),
        ("one_suffices = true", "one_sufices = true", "Extra inputs are not permitted"),
        ("scale = [0.0, 10.0]", 'scale = "ten"', "should be a valid tuple, found 'ten'"),
    ],
)
def test_a_schema_edited_into_nonsense_names_the_line(
    items: Path, tmp_path: Path, old: str, new: str, said: str
) -> None:
    plan_ingest(items, data_dir=tmp_path / "data").run()
    path = tmp_path / "data" / "schema.toml"
    text = path.read_text(encoding="utf-8").replace(old, new, 1)
    path.write_text(text, encoding="utf-8")
    line = 1 + next(number for number, text_line in enumerate(text.splitlines()) if new in text_line)

    with pytest.raises(BadDataError) as raised:
        read_spec(path)

    assert f"line {line}, fields." in str(raised.value)
    assert said in str(raised.value)


@pytest.mark.parametrize(
    ("text", "age"),
    [
        ("PG-13", 13),
        ("FSK 12", 12),
        ("ab 6", 6),
        ("16+", 16),
        ("All ages", 3),
        ("8-12", 8),
        ("blue", None),
        ("1999", None),
    ],
)
def test_age_ratings_are_read(text: str, age: int | None) -> None:
    assert certificate_age(text) == age


def test_a_column_of_thousands_of_names_is_searched_rather_than_listed() -> None:
    guess = guess_column("Maker", [f"Maker {number}" for number in range(5000)])

    assert guess.specs[0].kind is FieldKind.ENTITY


def test_sizes_have_their_order_and_everyday_words_their_value() -> None:
    sizes = guess_column("Size", ["S", "XL", "M", "S", "M"])
    kinds = guess_column("Genre", ["Sci-Fi", "Drama", "Sci-Fi", "Drama"])

    assert sizes.specs[0].order == ("S", "M", "XL")
    assert "science fiction" in kinds.specs[0].synonyms["Sci-Fi"]


def test_a_cell_of_another_kind_of_quantity_is_no_number_of_the_field() -> None:
    spec = FieldSpec(name="length", kind=FieldKind.NUMBER, label={}, unit="minutes")

    with pytest.raises(ValueError, match="length must be a number, found '3 kg'"):
        as_quantity("3 kg", spec)


def test_sizes_in_lists_have_their_order_and_single_letters_stand_for_sizes_alone() -> None:
    (sizes,) = guess_column("sizes", ["S|M", "M|L", "XL", "S"] * 3).specs
    (level,) = guess_column("assembly", ["easy", "medium", "hard"] * 3).specs

    assert sizes.order == ("S", "M", "L", "XL")
    assert sizes.one_suffices
    assert "m" not in level.synonyms["medium"]
    assert level.ask


def test_miles_and_kilometers_of_one_column_are_one_distance() -> None:
    (spec,) = guess_column("range", ["80 km", "24.85 miles", "110 km", "N/A"] * 3).specs

    assert spec.unit == "km"
    assert as_quantity("24.85 miles", spec) == pytest.approx(40, abs=0.05)


@pytest.mark.parametrize(
    ("name", "one", "many"), [("bikes", "bike", "bikes"), ("stories", "story", "stories"), ("items", "item", "items")]
)
def test_items_are_called_after_their_file(tmp_path: Path, name: str, one: str, many: str) -> None:
    path = tmp_path / f"{name}.csv"
    path.write_text("id,title,kind\n1,A,x\n2,B,y\n3,C,x\n4,D,y\n", "utf-8")

    schema = plan_ingest(path, data_dir=tmp_path / "data").spec.catalog

    assert (schema.noun_in("en"), schema.nouns_in("en"), schema.noun_in("de")) == (one, many, "Artikel")
