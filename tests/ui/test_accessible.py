"""Every view read by axe-core, in the light and in the dark; what is too small to hit; zoom; the keyboard's way in."""

from collections.abc import Iterator
from importlib.resources import files

import pytest
from playwright.async_api import Page, expect

from tests.browser import finished, open_context, say
from tests.ui.fakes import FakeAgent, make_agent

pytestmark = [
    pytest.mark.live,
    # Gradio's queue sets an option that pandas 3 is about to drop; nothing of ours uses it
    pytest.mark.filterwarnings("ignore:.*no_silent_downcasting"),
]

AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
VIEWS = {
    "conversation": "#/",
    "watchlist": "#/watchlist",
    "taste": "#/taste",
    "conversations": "#/conversations",
    "shared lists": "#/shares",
    "item": "#/item/game%3A1",
    "import": "#/import",
    "comparison": "#/compare/game%3A1/game%3A2",
}
SMALLEST_PX = 40
SMALL = """
(least) => [...document.querySelectorAll("button, summary, select, input:not([type=hidden]), textarea")]
  .map((one) => [one, one.getBoundingClientRect()])
  .filter(([, box]) => box.width && box.height && Math.min(box.width, box.height) < least - 0.5)
  .map(([one, box]) => [one.ariaLabel ?? one.textContent, one.className, box.width, box.height].join(" "))
"""


@pytest.fixture
def agent(tmp_path) -> Iterator[FakeAgent]:
    made = make_agent(tmp_path, delay_s=0.02)
    yield made
    made.state.close()


async def prepare(page: Page) -> None:
    """A list with opinions of each kind, something saved, everything unfolded."""
    await expect(page.locator(".welcome")).to_be_visible(timeout=30_000)
    await say(page, "after 2000")
    await finished(page)
    for place, kind in enumerate(("like", "dislike", "seen")):
        await page.locator(".card-slot").nth(place).locator(f".opinion.{kind}").click()
        await expect(page.locator(f".card.{kind}")).to_have_count(1)
    await page.get_by_role("button", name="Save:").first.click()
    await page.locator(".card .why > summary").first.click()
    await page.locator(".how > summary").click()
    await page.get_by_role("button", name="Share").click()
    await expect(page.locator(".shared")).to_be_visible()
    await page.get_by_role("button", name="Edit").click()
    await expect(page.locator("[data-edit] textarea")).to_be_focused()
    for place in (0, 1):
        await page.locator("#log button[data-compare]").nth(place).click()


async def look(page: Page, address: str) -> None:
    await page.evaluate("address => { location.hash = address; }", address)
    if address == "#/":
        await expect(page.locator("#log")).to_be_visible()
    else:
        await expect(page.locator("[data-view]")).not_to_have_attribute("aria-busy", "true")
        await expect(page.locator("#view [data-title]")).to_be_focused()


async def broken_rules(page: Page) -> list[str]:
    await page.evaluate(AXE)
    asked = {"runOnly": {"type": "tag", "values": RULES}}
    violations = await page.evaluate("async (asked) => (await axe.run(document, asked)).violations", asked)
    return [f"{violation['id']}: {node['html'][:160]}" for violation in violations for node in violation["nodes"]]


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_no_view_breaks_a_rule_of_axe(browser, url, scheme, width):
    size = {"width": width, "height": 900}
    async with open_context(browser, color_scheme=scheme, viewport=size, reduced_motion="reduce") as visitor:
        page = await visitor.open(url)
        await expect(page.locator(".welcome")).to_be_visible(timeout=30_000)
        by_view = {"welcome": await broken_rules(page)}
        await prepare(page)
        for name, address in VIEWS.items():
            await look(page, address)
            by_view[name] = await broken_rules(page) + await page.evaluate(SMALL, SMALLEST_PX)

    assert {name: broken for name, broken in by_view.items() if broken} == {}


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_no_shared_list_breaks_a_rule_of_axe(browser, url, scheme, width):
    size = {"width": width, "height": 900}
    async with open_context(browser, color_scheme=scheme, viewport=size) as visitor:
        page = await visitor.open(url)
        await prepare(page)
        link = await page.get_by_role("link", name="Link to this list").get_attribute("href")
        by_address = {}
        for address in (link, "shared/nothing"):
            await page.goto(f"{url}/{address}")
            assert await page.evaluate("document.documentElement.scrollWidth") <= width
            by_address[address] = await broken_rules(page)

    assert {address: broken for address, broken in by_address.items() if broken} == {}


async def test_at_twice_the_size_nothing_scrolls_sideways_and_all_can_be_reached(browser, url):
    async with open_context(browser, viewport={"width": 640, "height": 450}) as visitor:
        page = await visitor.open(url)
        await prepare(page)
        for address in VIEWS.values():
            await look(page, address)
            assert await page.evaluate("document.documentElement.scrollWidth") <= 640, address
        assert visitor.errors == []


async def test_nothing_moves_for_whoever_wants_less_motion(browser, url, agent):
    agent.delay_s = 0.5
    async with open_context(browser, reduced_motion="reduce") as visitor:
        page = await visitor.open(url)
        await expect(page.locator(".welcome")).to_be_visible(timeout=30_000)
        await say(page, "a calm game")
        await expect(page.locator(".pulse")).to_be_visible()

        moving = "document.getAnimations().filter((one) => one.playState === 'running').length"
        assert await page.evaluate(moving) == 0


async def test_the_keyboard_gets_past_the_head_and_out_of_the_side(browser, url):
    async with open_context(browser, viewport={"width": 390, "height": 844}) as visitor:
        page = await visitor.open(url)
        await expect(page.locator(".welcome")).to_be_visible(timeout=30_000)
        first = await page.evaluate("document.querySelector('a, button, input, select, textarea').textContent")
        assert first == "Skip to the content"
        await page.get_by_role("link", name=first).focus()
        await page.keyboard.press("Enter")
        await expect(page.locator("#box textarea")).to_be_focused()

        await page.get_by_role("button", name="You and your settings").click()
        await expect(page.get_by_role("button", name="Close")).to_be_focused()
        for _ in range(30):  # round and round: what lies behind the side is never reached
            await page.keyboard.press("Tab")
            assert await page.evaluate("document.activeElement.closest('#main, #head') === null")
        await page.get_by_role("button", name="Close").focus()
        await page.keyboard.press("Escape")
        await expect(page.get_by_role("button", name="You and your settings")).to_be_focused()
        await expect(page.locator(".rail")).to_be_hidden()
