"""Shares, intervals and tables, by hand."""

from pathlib import Path

import pytest

from benchmarks.__main__ import BEGIN, END, insert
from benchmarks.report import Share, environment, environment_lines, median, share_by, spread, table, wanted
from retrieval.errors import RecommenderError


def test_a_share_counts_over_groups() -> None:
    share = share_by([("a", True), ("b", False), ("a", True), ("b", True)])
    assert (share.hits, share.n, share.value) == (3, 4, 0.75)
    low, high = share.interval()
    assert (low, high) == (0.5, 1.0)  # two groups of 1 and 1/2: means of 0.5, 0.75 or 1
    assert str(share) == "75.0% (3/4; 50.0% to 100.0%)"


def test_a_flawless_share_is_not_certain() -> None:
    low, high = Share(((True, True),) * 50).interval()
    assert high == 1.0
    assert low == pytest.approx(0.025 ** (1 / 50))


def test_a_share_of_nothing_says_so() -> None:
    assert str(share_by([])) == "none"
    assert share_by([]).figures() == {"hits": 0, "n": 0, "share": 1.0, "low": None, "high": None}


def test_words_for_figures() -> None:
    assert spread([3, 1, 8]) == "3 (1 to 8)"
    assert spread([]) == "none"
    assert median([]) is None
    assert [wanted(1.1, 1.15), wanted(1.2, 1.15), wanted(None, 1), wanted(0.9, 0.85, at_most=False)] == [
        *("reached", "MISSED", "not measured", "reached")
    ]
    assert table(("", "a|b"), [("x", 1)]) == "|  | a/b |\n| --- | --- |\n| x | 1 |"


def test_the_environment_names_no_machine_and_no_folder() -> None:
    text = environment_lines(environment())
    assert "Python 3." in text
    assert "/" not in text.replace("GiB", "").split("versions")[1]


def test_a_report_goes_between_the_marks(tmp_path: Path) -> None:
    document = tmp_path / "page.md"
    document.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n", encoding="utf-8")
    insert(document, "new")
    insert(document, "newer")
    assert document.read_text(encoding="utf-8") == f"before\n{BEGIN}\n\nnewer\n\n{END}\nafter\n"
    document.write_text("no marks", encoding="utf-8")
    with pytest.raises(RecommenderError, match="results"):
        insert(document, "new")
