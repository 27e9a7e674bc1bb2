"""Shares, intervals and tables, by hand."""

from pathlib import Path

import pytest

from agent.serving import ServingError
from benchmarks import __main__ as suite
from benchmarks.__main__ import BEGIN, END
from benchmarks.report import Share, environment, environment_lines, insert, median, share_by, spread, table, wanted
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
    insert(document, "new", BEGIN, END)
    insert(document, "newer", BEGIN, END)
    assert document.read_text(encoding="utf-8") == f"before\n{BEGIN}\n\nnewer\n\n{END}\nafter\n"
    document.write_text("no marks", encoding="utf-8")
    with pytest.raises(RecommenderError, match="results"):
        insert(document, "new", BEGIN, END)


def test_a_server_that_ends_at_once_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(b"GGUF no model")
    monkeypatch.setattr(suite, "resolve_gguf", lambda *_: broken)
    monkeypatch.setattr(suite.sys, "executable", "/bin/false")
    with pytest.raises(ServingError, match="ended"), suite.model_server("", ""):
        raise AssertionError("not reached")


def test_a_given_server_is_used_as_it_is() -> None:
    with suite.model_server("http://127.0.0.1:1/v1", "") as url:
        assert url == "http://127.0.0.1:1/v1"


def test_the_command_hides_folders_and_addresses() -> None:
    words = ["--data", "/srv/data", "--llm-url", "http://box:1/v1", "--model", "/srv/m.gguf", "--quick"]
    given = suite._parser().parse_args(words)
    assert suite._command(given) == "python -m benchmarks --quick --seed 0 --llm-url URL --model m.gguf"
