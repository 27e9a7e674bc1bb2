"""The blocks of docs/integrate.md that need nothing but what is installed here, run as they stand there."""

from pathlib import Path

import pytest

from benchmarks.clients.__main__ import ADDRESS, CLIENTS, PAGE, blocks
from retrieval.settings import RetrievalSettings
from tests.fakes import Calls
from tests.ui.clients.conftest import application
from tests.ui.conftest import serving

FIRST = ("openai, Python", "In your own schema", "LangChain and LangGraph")


def run(block: str, url: str) -> None:
    exec(compile(block.replace(ADDRESS, url), str(PAGE), "exec"), {"__name__": "block"})


def under(heading: str, language: str = "python") -> str:
    return blocks(PAGE.read_text(encoding="utf-8"), heading, language)[0]


@pytest.mark.parametrize("heading", FIRST)
def test_a_block_prints_films(served_plain: str, heading: str, capsys):
    run(under(heading), served_plain)

    assert "film:" in (said := capsys.readouterr().out) or "title=" in said


def test_the_block_with_functions_ends_with_what_they_answered(served_capable: str, model, capsys):
    text = "There are 3 copies of [[i0]] left."
    model.steps = [
        Calls.of(("check_stock", {"title": "Heat"})),
        Calls.of(("answer", {"kind": "facts", "items": ["Heat"], "text": text})),
    ]

    run(under("With your own functions (model)"), served_capable)

    assert "3 copies of Heat (1995)" in capsys.readouterr().out


def test_the_rules_of_the_page_work_and_its_block_prints_films(
    film_shelf: RetrievalSettings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    (rules := tmp_path / "rules.toml").write_text(under("House rules", "toml").replace("countries", "themes"))

    with serving(application(film_shelf, tmp_path, rules=str(rules))) as url:
        run(under("House rules"), url)

    assert "film:" in capsys.readouterr().out


def test_every_client_of_make_clients_has_its_block():
    page = PAGE.read_text(encoding="utf-8")

    assert [client.heading for client in CLIENTS if not blocks(page, client.heading, client.language)] == []
