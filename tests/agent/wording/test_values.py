"""Values, labels and facts of the films' schema in eight languages."""

import pytest

from agent.chips import without_chip
from agent.wording.messages import LANGUAGES
from agent.wording.values import constraint_label, fact_text, leaning_label, limit_labels, value_text, wish_label
from retrieval.items import Catalog
from retrieval.preference import Constraint, Leaning, Op, Preference, Wish
from retrieval.schema import CatalogSchema, FieldKind, FieldSpec


def test_none_of_something_is_said_as_its_absence(films: Catalog):
    mild = Constraint("violence", Op.IS, ("none", "mild"))

    assert constraint_label(Constraint("violence", Op.IS, ("none",)), films, "en") == "no violence"
    assert constraint_label(mild, films, "zh") == "暴力程度不超过轻微"


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_films_schema_speaks_every_language(films: Catalog, language: str):
    schema = films.schema

    assert all(language in spoken for spoken in (schema.noun, schema.nouns, schema.consumed))
    for spec in schema.fields:
        assert all(language in spoken for spoken in (spec.label, spec.fact, spec.having)), spec.name
        assert "{value}" in spec.fact[language]
        assert "{value}" in spec.having[language]
    for name in ("genres", "themes"):
        unnamed = [value for value, names in schema.field(name).names.items() if language not in names]
        assert unnamed == [] or language == "en"


@pytest.mark.parametrize(
    ("field", "value", "language", "expected"),
    [
        ("countries", "FR", "de", "Frankreich"),
        ("countries", "HK", "fr", "Hong Kong"),
        ("countries", "VE", "pt", "Venezuela"),
        ("countries", "US", "en", "United States"),
        ("languages", "French", "es", "francés"),
        ("languages", "Mandarin", "ja", "中国語"),
        ("languages", "Klingon", "de", "Klingonisch"),
        ("languages", "Elvish", "de", "Elvish"),
        ("genres", "Sci-Fi", "pt", "Ficção científica"),
        ("themes", "heist", "fr", "braquage"),
        ("year", "1990..1995", "de", "1990–1995"),
        ("year", "..1990", "ja", "1990年以前"),
        ("year", "1991..", "es", "1991 y después"),
    ],
)
def test_values_are_called_by_their_names(films: Catalog, field: str, value: str, language: str, expected: str):
    assert films.schema.field(field).value_in(value, language) == expected


def test_a_country_within_a_fact_takes_its_article(films: Catalog):
    schema = films.schema

    assert fact_text(schema, "countries", ["US", "FR"], "en") == "from the United States and France"
    assert fact_text(schema, "countries", ["TR"], "de") == "aus der Türkei"
    assert schema.field("countries").value_in("TR", "de") == "Türkei"


def test_french_drops_a_vowel_before_another(films: Catalog):
    directors = films.schema.field("directors")

    assert directors.having_of("Alfred Hitchcock", "fr") == "d’Alfred Hitchcock"
    assert directors.having_of("Jane Campion", "fr") == "de Jane Campion"


def test_a_field_without_words_in_a_language_is_labeled():
    spec = FieldSpec(name="brand", kind=FieldKind.ENTITY, label={"en": "brand"}, fact={"en": "made by {value}"})

    assert spec.fact_in("Acme", "en") == "made by Acme"
    assert spec.fact_in("Acme", "fr") == "made by Acme"
    assert spec.model_copy(update={"label": {"fr": "marque"}}).fact_in("Acme", "fr") == "marque: Acme"


def test_a_field_that_the_schema_lacks_is_its_value():
    assert fact_text(CatalogSchema(name="none"), "year_decade", ["1990s"], "en") == "1990s"


@pytest.mark.parametrize(
    ("language", "refused", "since", "rather"),
    [
        ("en", "no horror", "from 1991 on", "rather Drama than Comedy"),
        ("zh", "不要恐怖片", "1991年及以后", "更想要剧情而不是喜剧"),
        ("es", "nada de terror", "desde 1991", "mejor Drama que Comedia"),
        ("fr", "pas de films d’horreur", "à partir de 1991", "plutôt Drame que Comédie"),
        ("de", "kein Horror", "ab 1991", "lieber Drama als Komödie"),
        ("pt", "nada de terror", "a partir de 1991", "antes Drama do que Comédia"),
        ("ja", "ホラーなし", "1991年以降", "コメディよりドラマ"),
        ("ko", "공포 제외", "1991년 이후", "코미디보다 드라마"),
    ],
)
def test_limits_and_wishes_have_labels(films: Catalog, language: str, refused: str, since: str, rather: str):
    assert constraint_label(Constraint("genres", Op.NOT, ("Horror",)), films, language) == refused
    assert constraint_label(Constraint("year", Op.MIN, (1991.0,)), films, language) == since
    assert leaning_label(Leaning("genres", "Drama", "Comedy"), films, language) == rather


@pytest.mark.parametrize(
    ("low", "high", "english", "chinese"),
    [(1990.0, 1999.0, "1990s", "1990年代"), (1993.0, 1995.0, "1993–1995", "1993–1995年")],
)
def test_a_least_and_a_most_are_one_chip(films: Catalog, low: float, high: float, english: str, chinese: str):
    limits = (Constraint("year", Op.MIN, (low,)), Constraint("year", Op.MAX, (high,)))
    wish = Preference(constraints=(*limits, Constraint("genres", Op.IS, ("Comedy",))))

    assert [words for _, words, _ in limit_labels(wish.constraints, films, "en")] == [english, "Comedy"]
    assert limit_labels(limits, films, "zh")[0][1] == chinese
    assert [limit.field for limit in without_chip(wish, "year:span").constraints] == ["genres"]


def test_a_limit_that_lasts_keeps_a_chip_of_its_own(films: Catalog):
    limits = (Constraint("year", Op.MIN, (1990.0,), lasting=True), Constraint("year", Op.MAX, (1999.0,)))

    assert [key for key, _, _ in limit_labels(limits, films, "en")] == [limit.key for limit in limits]
    assert len(without_chip(Preference(constraints=limits), "year:span").constraints) == 1


def test_alternatives_are_joined_with_or(films: Catalog):
    limit = Constraint("genres", Op.IS, ("Comedy", "Drama"))

    assert constraint_label(limit, films, "en") == "Comedy or Drama"
    assert constraint_label(limit, films, "ja") == "コメディかドラマ"


def test_a_wish_against_something_says_so(films: Catalog):
    assert wish_label(Wish("text", "violence", -1.0), films, "en") == "rather not violence"
    assert wish_label(Wish("themes", "gore"), films, "zh") == "血腥"


def test_numbers_carry_their_unit():
    spec = FieldSpec(name="length", kind=FieldKind.NUMBER, label={"en": "length"}, unit="min")

    assert value_text(spec, 1200.0, "en") == "1,200 min"
    assert value_text(spec, 7.5, "de") == "7,5 min"
