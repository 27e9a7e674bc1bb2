"""On a phone: every view can be reached, and what was begun stays at hand."""

from collections.abc import AsyncIterator, Iterator

import pytest
from playwright.async_api import Browser, Page, expect

from tests.browser import Watched, finished, open_context, say
from tests.ui.fakes import FakeAgent, make_agent

pytestmark = [
    pytest.mark.live,
    # Gradio's queue sets an option that pandas 3 is about to drop; nothing of ours uses it
    pytest.mark.filterwarnings("ignore:.*no_silent_downcasting"),
]
PHONE = {"width": 390, "height": 844}
BOXES = "(links) => links.filter((one) => one.offsetParent).map((one) => one.getBoundingClientRect().toJSON())"


@pytest.fixture
def agent(tmp_path) -> Iterator[FakeAgent]:
    made = make_agent(tmp_path, delay_s=0.02)
    yield made
    made.state.close()


@pytest.fixture(params=["en", "de"])
async def visitor(request: pytest.FixtureRequest, browser: Browser) -> AsyncIterator[Watched]:
    async with open_context(browser, viewport=PHONE, locale=request.param) as watched:
        yield watched
        assert watched.errors == []


async def listed(visitor: Watched, url: str) -> Page:
    """After one list."""
    page = await visitor.open(url)
    await expect(page.locator(".welcome")).to_be_visible(timeout=30_000)
    await say(page, "after 2000")
    await finished(page)
    return page


async def test_every_view_has_a_link_on_the_screen_and_none_hides_what_is_read(visitor: Watched, url: str):
    page = await listed(visitor, url)
    for place in (0, 1):
        await page.locator("#log button[data-compare]").nth(place).click()
    await expect(page.locator("[data-compare-link]")).to_be_visible()

    boxes = await page.locator(".views a").evaluate_all(BOXES)

    assert len(boxes) == 5
    assert min(box["left"] for box in boxes) >= 0
    assert max(box["right"] for box in boxes) <= PHONE["width"]
    head = await page.locator("#head").evaluate("(head) => head.offsetHeight")
    kept_free = await page.locator(".turn").evaluate("(turn) => parseFloat(getComputedStyle(turn).scrollMarginTop)")
    assert max(box["bottom"] for box in boxes) <= head <= kept_free


async def test_what_stands_side_by_side_outlives_a_reload_and_follows_the_comparison(visitor: Watched, url: str):
    page = await listed(visitor, url)
    for place in (0, 1, 2):
        await page.locator("#log button[data-compare]").nth(place).click()
    link = page.locator("[data-compare-link]")
    address = await link.get_attribute("href")

    await page.reload()
    await expect(link).to_have_attribute("href", address)
    await link.click()
    await expect(page.locator(".column-top")).to_have_count(3)
    await page.locator(".leave").first.click()
    await expect(page.locator(".column-top")).to_have_count(2)

    await expect(page.locator("[data-compared]")).to_have_text("2")
    await page.evaluate("location.hash = '#/item/game%3A2'")
    pressed = page.locator(".item-top button[data-compare]")
    await expect(pressed).to_have_attribute("aria-pressed", "true")
    await pressed.click()
    await expect(link).to_be_hidden()


@pytest.mark.parametrize(("width", "columns"), [(360, 3), (820, 6)])
async def test_what_can_be_picked_is_small_enough_to_choose_from(browser: Browser, url: str, width: int, columns: int):
    async with open_context(browser, viewport={"width": width, "height": 844}) as watched:
        page = await watched.open(url)
        await expect(page.locator(".welcome")).to_be_visible(timeout=30_000)

        tops = await page.locator(".tiles > li").evaluate_all("(tiles) => tiles.map((one) => one.offsetTop)")

    assert tops.count(tops[0]) == columns


async def test_two_side_by_side_fit_the_screen(visitor: Watched, url: str):
    page = await listed(visitor, url)
    for place in (0, 1):
        await page.locator("#log button[data-compare]").nth(place).click()
    await page.locator("[data-compare-link]").click()
    await expect(page.locator(".column-top")).to_have_count(2)
    await page.locator(".columns .opinion.dislike").first.click()
    await expect(page.locator(".columns .opinion.dislike[aria-pressed=true]")).to_have_count(1)

    scroll = await page.locator(".columns").evaluate("(one) => [one.scrollWidth, one.clientWidth]")

    assert scroll[0] <= scroll[1]


async def test_a_question_why_not_keeps_the_keyboard_where_it_was(visitor: Watched, url: str):
    page = await listed(visitor, url)
    field = page.locator(".ways input")

    await field.fill("Salt Road")
    await field.press("Enter")

    await expect(page.locator(".why-not")).to_contain_text("Salt Road")
    await expect(field).to_be_focused()
    await expect(field).to_have_value("")


async def test_renaming_folds_away_and_leaves_the_keyboard_there(visitor: Watched, url: str):
    page = await listed(visitor, url)
    await page.evaluate("location.hash = '#/conversations'")
    rename, delete = (page.locator(".talk-rows summary").nth(place) for place in (0, 1))
    await delete.click()
    await rename.click()
    await expect(page.locator(".talk-rows details[open]")).to_have_count(1)

    await page.locator(".talk-rows input[name=title]").fill("An evening")
    await page.keyboard.press("Enter")

    await expect(page.locator(".talk-rows .row-title")).to_have_text("An evening")
    await expect(page.locator(".talk-rows details[open]")).to_have_count(0)
    await expect(rename).to_be_focused()
