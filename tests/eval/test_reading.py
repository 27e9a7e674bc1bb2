"""What offline evaluations read out of recorded words: titles, values, limits, and what a user wants and knows."""

import pytest

from agent.conversation import Conversation, Role, Turn
from eval.reading.lexicon import Lexicon
from eval.reading.limits import find_limits
from eval.reading.mentions import MentionFinder
from eval.reading.opinions import Opinion, stances
from eval.reading.pointers import pointers
from eval.reading.wishes import Kind, WishReader
from retrieval.preference import Preference
from tests.agent.films import film_catalog, film_id

CATALOG = film_catalog()
LEXICON = Lexicon(CATALOG)
FINDER = MentionFinder(CATALOG, LEXICON)
READER = WishReader.of(CATALOG)
SHOWN = ("Heat", "Casino", "Fargo")


def heard(*messages: str, shown: tuple[str, ...] = ()) -> Conversation:
    """The conversation after some messages, each but the last answered by a list."""
    conversation = Conversation()
    for message in messages:
        conversation, _ = READER.hear(conversation, message)
        if message != messages[-1]:
            conversation = conversation.add(Turn(Role.ASSISTANT, "", tuple(map(film_id, shown))))
    return conversation


def wanted(*messages: str, shown: tuple[str, ...] = ()) -> Preference:
    return heard(*messages, shown=shown).preference


def limits(*messages: str, shown: tuple[str, ...] = ()) -> set[str]:
    return {limit.key for limit in wanted(*messages, shown=shown).constraints}


# Spans -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("a funny film with Hitchcock", ["Comedy", "Alfred Hitchcock"]),
        ("scary westerns? no, comedies", ["Horror", "Comedy"]),
        ("来部喜剧片", ["Comedy"]),
        ("my young cousin", []),
    ],
)
def test_values_are_found_by_the_words_that_people_use(text: str, values: list[str]):
    assert [span.value for span in LEXICON.find(text)] == values


def test_values_inside_titles_are_not_read():
    text = "A Comedy of Horror"

    assert [span.value for span in LEXICON.find(text, covered=((0, 8),))] == ["Horror"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("made after 1990", ["year:min:1991"]),
        ("nothing before 1990", ["year:min:1990"]),
        ("from the 80s", ["year:max:1989", "year:min:1980"]),
        ("between 1970 and 1980", ["year:max:1980", "year:min:1970"]),
        ("1990年以前的不要", ["year:min:1990"]),
        ("八十年代以前", ["year:max:1979"]),
        ("this century", ["year:min:2000"]),
        ("I have 1990 reasons", []),
    ],
)
def test_years_are_read_as_limits(text: str, found: list[str]):
    spans = find_limits(text, CATALOG.schema)

    keys = [(span.constraint.field, span.constraint.op.value, f"{span.constraint.values[0]:g}") for span in spans]
    assert sorted(":".join(key) for key in keys) == found


@pytest.mark.parametrize(
    ("text", "titles"),
    [
        ("I loved Heat and Casino", ["Heat", "Casino"]),
        ("heat, casino, fargo: more of that", ["heat", "casino", "fargo"]),
        ("have you got “The Usual Suspects”?", ["The Usual Suspects"]),
        ("the usual suspekts was great", ["the usual suspekts"]),
        ("《异形》不错", ["异形"]),
        ("I feel the heat today", []),
        ("Vertigo (1958) is fine", ["Vertigo (1958)"]),
    ],
)
def test_titles_are_believed_where_they_stand_as_titles(text: str, titles: list[str]):
    assert [mention for found in FINDER.find(text) for mention in found.mentions] == titles


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("the second one", [2]),
        ("the last two", [2, 3]),
        ("neither of those", [1, 2, 3]),
        ("#3 and the first one", [3, 1]),
        ("the first one is fine, the others are not", [1, 2, 3]),
        ("第三部看过了", [3]),
        ("前两部", [1, 2]),
        ("the first time I saw it", []),
        ("number 7", []),
    ],
)
def test_places_of_the_last_list_are_pointed_at(text: str, places: list[int]):
    assert [place for _, _, many in pointers(text, 3) for place in many] == places


# Opinions --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("I loved Heat but Casino was boring", [{Opinion.LIKED}, {Opinion.DISLIKED}]),
        ("Heat and Casino are great", [{Opinion.LIKED}, {Opinion.LIKED}]),
        ("I have seen Heat, and I don't really like Casino", [{Opinion.SEEN}, {Opinion.DISLIKED}]),
        ("Heat? Seen it. Casino? Nope", [{Opinion.SEEN}, {Opinion.DISLIKED}]),
        ("我很喜欢《异形》", [{Opinion.LIKED}]),
        ("Heat with Casino", [set(), set()]),
    ],
)
def test_opinions_are_read_from_the_words_around(text: str, said: list[set[Opinion]]):
    assert [set(stance) for stance in stances(text, FINDER.find(text))] == said


# Wishes ----------------------------------------------------------------------------------------------------------


def test_refusals_and_wishes_become_limits():
    assert (
        limits("a crime film from the 90s, no comedies")
        == {*("genres:is:Crime", "genres:not:Comedy", "year:min:1990", "year:max:1999")}
        == limits("a crime film", "from the 90s please", "and no comedies")
    )


def test_alternatives_are_one_limit_and_shades_are_none():
    assert limits("comedy or drama") == {"genres:is:Comedy|Drama"}
    assert limits("something funnier") == set()
    assert {wish.value for wish in wanted("something funnier").wishes} == {"Comedy"}


def test_a_full_new_wish_drops_the_old_one_but_what_lasts():
    assert limits("I can't stand horror", "a comedy from the 80s", "a drama") == {
        *("genres:not:Horror", "genres:is:Drama")
    }


def test_saying_it_again_lets_go_of_nothing():
    said = ("a comedy from the 80s", "I said a comedy")

    assert limits(*said, shown=SHOWN) == limits(said[0])


def test_what_is_taken_back_holds_no_longer():
    assert limits("no horror and no comedies", "horror is fine again") == {"genres:not:Comedy"}


def test_the_newest_word_about_a_value_wins():
    assert limits("no comedies, please", "only comedies") == {"genres:is:Comedy"}
    assert limits("after 1990", "before 1960") == {"year:max:1959"}


def test_titles_named_in_a_wish_are_examples_and_opinions_are_not():
    example, opinion = wanted("something like Heat"), wanted("I loved Heat")

    assert example.liked == opinion.liked == (film_id("Heat"),)
    assert (example.examples, opinion.examples) == ((film_id("Heat"),), ())


def test_what_is_pointed_at_is_known_and_turned_down():
    preference = wanted("a crime film", "I've seen the first one. The third one was boring.", shown=SHOWN)

    assert preference.seen == (film_id("Heat"),)
    assert preference.disliked == (film_id("Fargo"),)


def test_a_question_changes_nothing_and_says_what_it_is_about():
    before = heard("a crime film").add(Turn(Role.ASSISTANT, "", tuple(map(film_id, SHOWN))))

    after, said = READER.hear(before, "Who directed Casino?")

    assert said.kind is Kind.QUESTION
    assert said.named == {film_id("Casino")}
    assert after.preference == before.preference


def test_of_several_items_of_a_title_the_one_that_came_up_before_is_meant():
    both = [item.item_id for item in CATALOG if item.title == "Sabrina"]
    shown = Conversation().add(Turn(Role.ASSISTANT, "", (both[1],)))

    assert READER.hear(Conversation(), "I loved Sabrina")[0].preference.liked == ()
    assert READER.hear(shown, "I loved Sabrina")[0].preference.liked == (both[1],)
