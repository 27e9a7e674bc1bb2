from dataclasses import replace

import pytest

from agent.recommendation import Explanation, Recommendation
from agent.transcript import NEAR_HEADINGS, near_titles, render_list, shown_titles
from retrieval.items import Item


def recommendation(title: str, *, year: int | None = None, reason: str = "calm, by Ada Quill.") -> Recommendation:
    numbers = {} if year is None else {"year": float(year)}
    return Recommendation(Item("game:1", title, numbers=numbers), 1, Explanation(reason))


def test_the_list_is_numbered_with_label_and_reason():
    text = render_list([recommendation("Salt Road", year=1998), recommendation("Chess")])

    assert text == "1. **Salt Road (1998)**: calm, by Ada Quill.\n2. **Chess**: calm, by Ada Quill."


def test_near_misses_stand_under_their_heading_and_are_read_apart():
    text = render_list([recommendation("A")], [recommendation("B"), recommendation("C")], ["Only one\nfits."], "en")

    assert NEAR_HEADINGS["en"] in text
    assert text.endswith("> Only one fits.")
    assert shown_titles(text) == ["A"]
    assert near_titles(text) == ["B", "C"]


def test_near_misses_alone_are_no_recommendations():
    text = render_list([], [recommendation("B")], (), "zh")

    assert text.startswith(NEAR_HEADINGS["zh"])
    assert shown_titles(text) == []
    assert near_titles(text) == ["B"]


@pytest.mark.parametrize(
    "title",
    [
        "Salt Road",
        "Quarry & Sons",
        "M*A*S*H",
        "**bold**",
        "back\\slash\\",
        "[link](javascript:alert(1))",
        "<script>alert(1)</script>",
        "a `code` _title_",
        "1. **Inner**: reason",
        "盐路",
        "Ends with a star*",
        "Love: a story",
    ],
)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_title_is_read_back_as_it_was(title: str, language: str):
    items = [recommendation(title, year=1990, reason="because: **bold** 1. **X**"), recommendation("Plain")]

    assert shown_titles(render_list(items, language=language)) == [f"{title} (1990)", "Plain"]


def test_a_title_over_two_lines_stays_on_one():
    assert shown_titles(render_list([recommendation("Two\nlines  here")])) == ["Two lines here"]


def test_an_item_without_reason_has_no_colon():
    assert render_list([replace(recommendation("A"), explanation=Explanation(""))]) == "1. **A**"
    assert shown_titles("1. **A**") == ["A"]


def test_numbered_lines_of_the_prose_are_no_part_of_the_list():
    content = (
        render_list([recommendation("A"), recommendation("B")]) + "\n\nThree steps:\n1. **Open**: it\n7. **Go**: on"
    )

    assert shown_titles(content) == ["A", "B"]


def test_nothing_to_show_is_no_text():
    assert render_list([]) == ""
    assert shown_titles("Hello, what would you like?") == []
