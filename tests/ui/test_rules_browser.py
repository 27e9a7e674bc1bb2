"""The house's rules on the page, in a real browser, over the real agent without a model."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Page, expect

from agent.settings import Settings
from retrieval.settings import RetrievalSettings
from tests.browser import open_browser, open_context, say
from tests.ui.conftest import open_agent, serving
from ui.api.app import create_app
from ui.page.mount import mount_chat

pytestmark = [pytest.mark.live, pytest.mark.filterwarnings("ignore:.*no_silent_downcasting")]
RULES = """
[[never_show]]
name = "crime"
where = [{ field = "genres", value = "Crime" }]
[[disclose]]
name = "sponsored"
where = [{ field = "genres", value = "Sci-Fi" }]
words = { en = "Sponsored", de = "Anzeige" }
[handover]
words = { en = "Our staff is glad to help.", de = "Wir helfen gern." }
link = "https://shop.example.org/help"
"""


@pytest.fixture
async def url(film_shelf: RetrievalSettings, tmp_path) -> AsyncIterator[str]:
    (tmp_path / "rules.toml").write_text(RULES, encoding="utf-8")
    shelf = film_shelf.model_copy(update={"state_url": f"sqlite:///{tmp_path / 'state.db'}"})
    settings = Settings(retrieval=shelf, rules=str(tmp_path / "rules.toml"), _env_file=None)
    agent = await open_agent(settings)
    with serving(mount_chat(create_app(agent, settings, warm=False), agent)) as address:
        yield address


async def finished(page: Page, turns: int = 1) -> None:
    """The real agent takes longer than the fake one of the other tests."""
    await expect(page.locator(".turn")).to_have_count(turns, timeout=60_000)
    await expect(page.locator(".turn[aria-busy]")).to_have_count(0, timeout=60_000)


async def test_the_page_keeps_the_rules_and_shows_the_way_to_a_person(url: str):
    async with open_browser() as browser, open_context(browser) as visitor:
        page = await visitor.open(url)
        await expect(page.locator(".welcome")).to_be_visible(timeout=60_000)
        offered = await page.locator(".welcome").inner_text()

        await page.get_by_role("button", name="Talk to a person").click()
        await finished(page)
        link = page.locator(".handover a")
        await expect(page.locator(".turn").first).to_contain_text("Our staff is glad to help.")
        await expect(link).to_have_attribute("href", "https://shop.example.org/help")
        await expect(page.locator(".said").first).to_contain_text("Talk to a person")

        await say(page, "science fiction")
        await finished(page, 2)
        cards = page.locator(".turn").nth(1).locator(".card")
        await expect(cards.first).to_be_visible()
        said = await cards.all_inner_texts()

        await page.reload()
        await expect(page.locator(".turn")).to_have_count(2, timeout=60_000)
        again = await page.locator(".turn").nth(1).locator(".card").all_inner_texts()
        await expect(page.locator(".handover a")).to_have_count(1)

    async with open_browser() as browser, open_context(browser, locale="de-DE") as visitor:
        page = await visitor.open(url)
        await page.get_by_role("button", name="Mit einem Menschen sprechen").click(timeout=60_000)
        await finished(page)
        await expect(page.locator(".turn").first).to_contain_text("Wir helfen gern.")

    assert "Casino" not in offered
    assert "GoodFellas" not in offered
    space = [text for text in said if any(title in text for title in ("Alien", "Star Wars", "Blade Runner", "Contact"))]
    assert space
    assert all("Sponsored" in text for text in space)
    assert sum("Sponsored" in text for text in again) == sum("Sponsored" in text for text in said)
    assert visitor.errors == []
