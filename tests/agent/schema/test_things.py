"""What code lists of a message, and the words that stand for it."""

import pytest

from agent.drivers.offline import Spotter
from agent.drivers.schema.things import Kind, things_in
from tests.agent.films import film_id


def lines(spotter: Spotter, message: str, *shown: str) -> list[str]:
    spots = spotter.spot(message, shown=shown)
    return [thing.line for thing in things_in(message, spots, spotter.catalog, shown)]


def test_each_thing_stands_with_the_words_around_it(spotter: Spotter) -> None:
    written = lines(spotter, "some comedies, but please nothing by Martin Scorsese at all")

    assert written == [
        '"some comedies" = genre Comedy',
        '"please nothing by Martin Scorsese at all" = director Martin Scorsese',
    ]


def test_a_neighbor_ends_the_words_of_a_thing(spotter: Spotter) -> None:
    assert lines(spotter, "no horror and no comedy please") == [
        '"no horror and no" = genre Horror',
        '"and no comedy please" = genre Comedy',
    ]


@pytest.mark.parametrize(
    "message", ["aus den 90er Jahren", "des années 90", "90年代の映画", "90년대 영화", "films from the 1990s"]
)
def test_decades_of_any_language_are_seen_by_their_digits(spotter: Spotter, message: str) -> None:
    spots = spotter.spot(message)
    years = [thing for thing in things_in(message, spots, spotter.catalog, ()) if thing.kind is Kind.NUMBER]

    assert [thing.values for thing in years] == [(1990.0,)]


def test_an_age_is_no_year(spotter: Spotter) -> None:
    message = "my daughter is 12 years old, and there is an 80-year-old"
    things = things_in(message, spotter.spot(message), spotter.catalog, ())

    assert things
    assert not any(thing.kind is Kind.NUMBER for thing in things)


def test_a_decade_in_words_is_a_span(spotter: Spotter) -> None:
    assert lines(spotter, "from the nineties") == ['"from the nineties" = year 1990 to 1999']


def test_places_of_the_last_list_are_named(spotter: Spotter) -> None:
    shown = (film_id("Heat"), film_id("Fargo"))

    assert lines(spotter, "more like the second one", *shown) == ['"more like the second one" = #2 Fargo (1996)']


def test_the_same_thing_is_listed_once(spotter: Spotter) -> None:
    assert len(lines(spotter, "comedy, comedy and again comedy")) == 1


def test_quotes_of_a_message_break_no_key(spotter: Spotter) -> None:
    written = lines(spotter, 'my "friend" likes \\ "Fargo" a lot')

    assert all("\\" not in line and line.count('"') == 2 for line in written)
