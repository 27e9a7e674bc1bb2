"""The blocks of docs/integrate.md that need nothing but what is installed here, run as they stand there."""

import re
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from fastapi.responses import HTMLResponse
from playwright.async_api import expect

from agent.settings import HttpSettings
from benchmarks.clients.__main__ import ADDRESS, CLIENTS, PAGE, Client, blocks
from retrieval.settings import RetrievalSettings
from tests.browser import open_browser, open_context
from tests.fakes import Calls
from tests.ui.access.conftest import add_key
from tests.ui.clients.conftest import application
from tests.ui.conftest import serving
from ui.access.caller import Scope

FIRST = ("openai, Python", "In your own schema", "LangChain", "LangGraph")

WITHIN = ("In your own schema",)
"""Sections within another one, which has said what to install."""


def run(block: str, url: str) -> None:
    exec(compile(block.replace(ADDRESS, url), str(PAGE), "exec"), {"__name__": "block"})


def under(heading: str, language: str = "python") -> str:
    return blocks(PAGE.read_text(encoding="utf-8"), heading, language)[0]


@pytest.mark.parametrize("heading", FIRST)
def test_a_block_prints_films(served_plain: str, heading: str, capsys):
    run(under(heading), served_plain)

    assert "film:" in (said := capsys.readouterr().out) or "title=" in said or "1. **" in said


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


@pytest.mark.live
async def test_the_plain_page_lists_films_with_a_token_from_another_origin(
    film_shelf: RetrievalSettings, tmp_path: Path
):
    shop = FastAPI()
    with serving(shop) as address:
        app = application(film_shelf, tmp_path, http=HttpSettings(origins=(address,)))
        with serving(app) as url:
            key = add_key(app.state.agent.state, scopes=(Scope.CHAT, Scope.RECOMMEND))
            headers = {"Authorization": f"Bearer {key}"}
            async with httpx.AsyncClient(base_url=url, headers=headers, timeout=60) as client:
                token = (await client.post("/api/tokens", json={"user": "kim"})).json()["token"]
            page = under("A plain HTML page", "html").replace(ADDRESS, url).replace('"none"', f'"{token}"')
            shop.add_api_route("/", lambda: HTMLResponse(page))
            async with open_browser() as browser, open_context(browser) as visitor:
                opened = await visitor.open(address)
                await opened.get_by_role("button", name="Ask").click()
                await expect(opened.locator("#list li")).to_have_count(5, timeout=60_000)
                first = await opened.locator("#list li").first.inner_text()

    assert re.search(r"\w \(\d{4}\):", first)
    assert [error for error in visitor.errors if "favicon" not in error] == []


@pytest.mark.parametrize(
    "client", [client for client in CLIENTS if client.heading not in WITHIN], ids=lambda client: client.heading
)
def test_every_section_begins_with_what_make_clients_installs(client: Client):
    words = f"{'npm' if client.language == 'js' else 'pip'} install {' '.join(client.packages)}"
    section = PAGE.read_text(encoding="utf-8").partition(f"\n## {client.heading}\n")[2].partition("\n## ")[0]

    assert words in section.replace('"', "") or "npx " + client.packages[0] in section


def test_every_client_of_make_clients_has_its_block():
    page = PAGE.read_text(encoding="utf-8")

    assert [client.heading for client in CLIENTS if not blocks(page, client.heading, client.language)] == []
