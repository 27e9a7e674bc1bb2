"""The blocks of docs/integrate.md that need nothing but what is installed here, run as they stand there."""

import re
from pathlib import Path

import pytest

from retrieval.settings import RetrievalSettings
from tests.fakes import Calls
from tests.ui.clients.conftest import _app
from tests.ui.conftest import serving

PAGE = Path(__file__).parents[3] / "docs" / "integrate.md"
ADDRESS = "http://127.0.0.1:7860"
FIRST = ("openai, Python", "In your own schema", "LangChain and LangGraph")


def blocks(language: str) -> dict[str, str]:
    """By heading, the first block of a language below it."""
    found: dict[str, str] = {}
    for part in re.split(r"^##+ ", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
        heading, _, rest = part.partition("\n")
        block = re.search(rf"```{language}\n(.*?)```", rest, re.DOTALL)
        if block:
            found[heading.strip()] = block[1]
    return found


def run(block: str, url: str) -> None:
    exec(compile(block.replace(ADDRESS, url), str(PAGE), "exec"), {"__name__": "block"})


@pytest.mark.parametrize("heading", FIRST)
def test_a_block_prints_films(served_plain: str, heading: str, capsys):
    run(blocks("python")[heading], served_plain)

    assert "film:" in (said := capsys.readouterr().out) or "title=" in said


def test_the_block_with_functions_ends_with_what_they_answered(served_capable: str, model, capsys):
    text = "There are 3 copies of [[i0]] left."
    model.steps = [
        Calls.of(("check_stock", {"title": "Heat"})),
        Calls.of(("answer", {"kind": "facts", "items": ["Heat"], "text": text})),
    ]

    run(blocks("python")["With your own functions (model)"], served_capable)

    assert "3 copies of Heat (1995)" in capsys.readouterr().out


def test_the_rules_of_the_page_work_and_its_block_prints_films(
    film_shelf: RetrievalSettings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    (rules := tmp_path / "rules.toml").write_text(blocks("toml")["House rules"].replace("countries", "themes"))

    with serving(_app(film_shelf, tmp_path, rules=str(rules))) as url:
        run(blocks("python")["House rules"], url)

    assert "film:" in capsys.readouterr().out
