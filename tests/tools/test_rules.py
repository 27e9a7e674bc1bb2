"""The house's rules: what a file says, what it does to a catalog, and where it is wrong."""

# ruff: noqa: E501 - one file a line

from pathlib import Path

import pytest

from retrieval.errors import ContextError
from retrieval.house import MOST_BOOST
from retrieval.retriever import Retriever
from tests.agent.films import film_catalog, film_id
from tools.rules import RuleBook, RulesError

FILMS = film_catalog()
REGION = """
[context.region]
[context.age_confirmed]
default = "no"
[keys.3f9a1c07be]
region = "AT"
"""
HORROR = """
[[never_show]]
name = "horror"
where = [{ field = "genres", op = "any_of", value = ["Horror", "War"] }]
unless = { age_confirmed = "yes" }
"""


def book(text: str, tmp_path: Path) -> RuleBook:
    path = tmp_path / "rules.toml"
    path.write_text(text, encoding="utf-8")
    return RuleBook.read(path, FILMS)


def wrong(text: str, tmp_path: Path) -> str:
    with pytest.raises(RulesError) as caught:
        book(text, tmp_path)
    (line,) = caught.value.lines
    assert str(caught.value) == f"{tmp_path / 'rules.toml'}:{line}"
    return line


def hidden(rules: RuleBook, **said: str) -> set[str]:
    return set(rules.house(rules.context(said)).hidden)


# What rules do


def test_a_rule_hides_what_has_all_that_it_names(tmp_path: Path) -> None:
    rules = book(
        '[[never_show]]\nname = "old crime"\nwhere = [{field = "genres", value = "Crime"}, '
        '{field = "year", op = "max", value = 1992}]',
        tmp_path,
    )

    assert hidden(rules) == {film_id("GoodFellas"), film_id("Reservoir Dogs")}


def test_what_is_hidden_has_a_row_and_nothing_else(films: Retriever, tmp_path: Path) -> None:
    rules = book(HORROR.replace("unless", "# unless"), tmp_path)
    seen, placer = rules.seen(films, {})
    alien, catalog = film_id("Alien"), seen.catalog

    assert len(catalog) == len(FILMS)
    assert catalog.size == len(FILMS) - 3
    assert alien not in catalog
    assert alien not in {item.item_id for item in catalog}
    assert not catalog.mask(())[FILMS.row(alien)]
    assert catalog.values("genres")["Horror"] == 0
    assert not catalog.titles.exact("Alien")
    assert FILMS.row(alien) not in catalog.holders("directors", "Ridley Scott")
    assert seen.matching(())[0] == catalog.size
    assert placer.item("Alien").item_ids == placer.item(f"i{FILMS.row(alien)}").item_ids == ()
    assert placer.item("#1", shown=[alien]).item_ids == ()
    assert alien not in {candidate.item_id for candidate in seen.similar(film_id("Star Wars"), 20)}
    assert alien not in seen.popular_diverse(28)
    assert alien not in {other for other, _ in seen.neighbors(film_id("Blade Runner"), 20)}


def test_what_a_request_does_not_say_hides(tmp_path: Path) -> None:
    rules = book("[context.age_confirmed]\n" + HORROR, tmp_path)

    assert (
        hidden(rules)
        == hidden(rules, age_confirmed="no")
        == {film_id(title) for title in ("Alien", "Braveheart", "Nosferatu")}
    )
    assert hidden(rules, age_confirmed="yes") == set()


def test_a_value_may_come_from_the_request(tmp_path: Path) -> None:
    rules = book(
        REGION
        + '[[never_show]]\nname = "elsewhere"\nwhere = [{ field = "directors", op = "not", context = "region" }]',
        tmp_path,
    )
    own = {film_id("Alien"), film_id("Blade Runner")}

    assert hidden(rules, region="Ridley Scott") == {item.item_id for item in FILMS} - own
    assert hidden(rules, region="Nobody") == hidden(rules) == {item.item_id for item in FILMS}


def test_when_is_the_reverse_of_unless(tmp_path: Path) -> None:
    rules = book(
        REGION + HORROR.replace('unless = { age_confirmed = "yes" }', 'when = { region = ["US", "CA"] }'), tmp_path
    )

    assert len(hidden(rules, region="US")) == len(hidden(rules)) == 3
    assert hidden(rules, region="AT") == set()


def test_a_boost_is_given_to_nobody_of_whom_too_little_is_known(tmp_path: Path) -> None:
    text = '[[boost]]\nname = "{}"\nwhere = [{{ field = "genres", value = "Horror" }}]\nby = 0.2\n{}\n'
    rules = book(REGION + text.format("one", 'when = { region = "US" }') + text.format("two", ""), tmp_path)
    alien = film_id("Alien")

    assert rules.house(rules.context({})).boosts[alien] == 0.2
    assert rules.house(rules.context({"region": "US"})).boosts[alien] == MOST_BOOST


def test_a_key_says_more_than_a_request(tmp_path: Path) -> None:
    rules = book(REGION, tmp_path)

    assert rules.context({"region": "US"}) == {"region": "US", "age_confirmed": "no"}
    assert rules.context({"region": "US"}, key_id="3f9a1c07be")["region"] == "AT"
    assert rules.context({"gone": "x"}, is_old=True) == {"age_confirmed": "no"}
    with pytest.raises(ContextError, match=r"expected a name that the rules declare .*region.*found 'stock'"):
        rules.context({"stock": "0"})


def test_requests_that_agree_in_what_matters_see_the_same_catalog(films: Retriever, tmp_path: Path) -> None:
    rules = book(REGION + HORROR, tmp_path)

    one, two, three = (
        rules.seen(films, rules.context(said))[0].catalog
        for said in ({"region": "US"}, {"region": "AT"}, {"age_confirmed": "yes"})
    )

    assert one is two
    assert one is not three


def test_what_a_model_is_told_is_short_and_the_same_for_every_request(tmp_path: Path) -> None:
    rules = book(
        REGION
        + HORROR
        + '[[disclose]]\nname = "ads"\nwhere = [{field = "genres", value = "Comedy"}]\nwords = {de = "Anzeige"}\n'
        '[list]\nmost = 1\n[handover]\nwords = "We help."',
        tmp_path,
    )

    told = rules.told()

    assert [word in told for word in ("horror", '"Anzeige"', "at most 1", "hand_over")] == [True] * 4
    assert len(told) < 1000


# Where rules are wrong


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("[[never_show]\n", "1: "),
        (REGION + HORROR.replace("Horror", "Opera"), "9: never_show 1, where 1: no genres 'Opera' in the catalog"),
        (REGION + HORROR.replace('"genres"', '"stock"'), "9: never_show 1, where 1: expected a field of the catalog (genres, "),
        (REGION + HORROR.replace("any_of", "like"), "9: never_show 1, where 1, op: Input should be 'is', "),
        (HORROR, "4: never_show 1, unless, age_confirmed: expected a name that the rules declare under [context] (none is"),
        (REGION + HORROR + HORROR, "13: never_show 2, name: expected a name of its own, found 'horror' again"),
        (REGION + HORROR + 'hide = true', "11: never_show 1, hide: Extra inputs are not permitted"),
        ("[[boost]]\nname = \"x\"\nwhere = [{field = \"year\", op = \"min\", value = 1990}]\nby = 3", "4: boost 1, by: Input should be less"),
        ("[list]\nmost = 0", "2: list, most: Input should be greater"),
        ('[handover]\nwords = "We help."\nlink = "javascript:alert(1)"', "3: handover, link: Value error, expected an address"),
        ('[handover]\nwords = "We\\nhelp."', "2: handover, words, en: Value error, expected one line"),
        ('[keys.abc]\nplanet = "Mars"', "2: keys, abc, planet: expected a name that the rules declare"),
        ("[[never_show]]\nname = \"year\"\nwhere = [{field = \"year\", op = \"min\", value = \"late\"}]", "3: never_show 1, where 1: limit left out: year takes numbers"),
        ("[[never_show]]\nname = \"all\"\nwhere = []", "3: never_show 1, where: List should have at least 1 item"),
    ],
)  # fmt: skip
def test_a_line_and_an_expectation_are_named(text: str, line: str, tmp_path: Path) -> None:
    problem = wrong(text.removeprefix("\n"), tmp_path)

    assert problem.startswith(line), problem


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(RulesError, match="expected a text file, found none"):
        RuleBook.read(tmp_path / "none.toml", FILMS)
