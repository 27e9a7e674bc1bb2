"""Edit and send again, another answer, copy, share: in a real browser, over an agent that needs no model."""

from collections.abc import Iterator

import pytest
from playwright.async_api import Browser, Page, expect

from tests.browser import Watched, finished, open_context, say
from tests.ui.fakes import FakeAgent, make_agent

pytestmark = [
    pytest.mark.live,
    # Gradio's queue sets an option that pandas 3 is about to drop; nothing of ours uses it
    pytest.mark.filterwarnings("ignore:.*no_silent_downcasting"),
]

ANSWER = """Lantern Harbor (2014) and Nine Foxes (2019) would suit an evening like that.

1. Lantern Harbor (2014) – calm, by Ada Quill.
2. Nine Foxes (2019) – funny, by Bo Lindt.
3. Salt Road (1998) – tense, by Ada Quill."""


@pytest.fixture
def agent(tmp_path) -> Iterator[FakeAgent]:
    made = make_agent(tmp_path, delay_s=0.02)
    yield made
    made.state.close()


@pytest.fixture
async def page(url: str, visitor: Watched) -> Page:
    """After two lists."""
    opened = await visitor.open(url)
    await expect(opened.locator(".welcome")).to_be_visible(timeout=30_000)
    for turn, message in enumerate(("a calm game", "after 2000"), start=1):
        await say(opened, message)
        await finished(opened, turn)
    return opened


async def answered_anew(page: Page) -> None:
    """The second exchange has another name: that of the first answer to it is never given again."""
    await expect(page.locator(".turn").nth(1).locator("[data-do=edit]")).to_have_attribute("data-turn", "1:4")
    await finished(page, 2)


async def test_a_message_is_edited_by_the_keyboard_and_sent_again(page: Page, agent: FakeAgent):
    await page.get_by_role("button", name="Like: Lantern Harbor (2014)").click()
    await expect(page.locator(".card.like")).to_have_count(1)
    await page.fill("#box textarea", "a draft")
    first = page.locator(".turn").first
    await first.get_by_role("button", name="Edit").focus()
    await page.keyboard.press("Enter")
    field = first.get_by_role("textbox", name="Your message")
    await expect(field).to_be_focused()
    await expect(field).to_have_value("a calm game")
    await expect(first).to_contain_text("What you clicked on cards stays.")

    await page.keyboard.press("Escape")
    await expect(field).to_have_count(0)
    await expect(first.get_by_role("button", name="Edit")).to_be_focused()
    await page.keyboard.press("Enter")
    await field.fill("after 2010")
    await page.keyboard.press("Shift+Enter")
    await page.keyboard.type("please")
    await page.keyboard.press("Enter")
    await finished(page, 1)

    await expect(page.locator(".said")).to_contain_text("after 2010")
    await expect(page.locator(".said")).to_contain_text("please")
    await expect(page.locator(".turn .chips")).to_contain_text("after 2010")
    await expect(page.locator("#box textarea")).to_be_focused()
    await expect(page.locator("#box textarea")).to_have_value("a draft")
    await expect(page.locator(".card.like")).to_have_count(1)
    await page.reload()
    await finished(page, 1)
    await expect(page.locator(".said")).to_contain_text("after 2010")


async def test_an_edited_message_goes_out_when_one_is_online_again(page: Page, visitor: Watched):
    await page.locator(".turn").nth(1).get_by_role("button", name="Edit").click()
    await page.locator("[data-edit] textarea").fill("after 2015")
    await visitor.context.set_offline(True)
    await page.get_by_role("button", name="Send again").click()
    await expect(page.locator("#entry .offline")).to_be_visible()

    await visitor.context.set_offline(False)

    await expect(page.locator(".said").nth(1)).to_contain_text("after 2015", timeout=15_000)
    await finished(page, 2)
    visitor.errors.clear()  # of the stream of updates that was cut


async def test_a_message_that_another_tab_took_back_is_refused(page: Page, visitor: Watched, url: str):
    other = await visitor.open(url)
    await expect(other.locator(".turn")).to_have_count(2, timeout=30_000)
    await other.locator(".turn").nth(1).get_by_role("button", name="Edit").click()
    await page.locator(".turn").first.get_by_role("button", name="Edit").click()
    await page.locator("[data-edit] textarea").fill("tense")
    await page.get_by_role("button", name="Send again").click()
    await finished(page, 1)

    await other.locator("[data-edit] textarea").fill("after 2015")
    await other.get_by_role("button", name="Send again").click()

    await expect(other.locator("#notice")).to_contain_text("That message is no longer there.")
    await expect(other.locator("#box textarea")).to_have_value("after 2015")
    await finished(other, 1)
    await expect(other.locator(".said")).to_contain_text("tense")


async def test_another_answer_takes_the_place_of_the_last(page: Page, agent: FakeAgent):
    await expect(page.get_by_role("button", name="Another answer")).to_have_count(1)

    await page.get_by_role("button", name="Another answer").click()

    await answered_anew(page)
    await expect(page.locator(".turn").nth(1).locator(".card")).to_have_count(3)
    assert [call for call in agent.calls if call[0] == "stream"][-2:] == [("stream", "after 2000")] * 2


async def test_an_answer_is_copied_and_that_is_said(page: Page, visitor: Watched):
    await visitor.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await page.locator(".turn").first.get_by_role("button", name="Copy").focus()

    await page.keyboard.press("Enter")

    await expect(page.get_by_role("status").filter(has_text="Copied")).to_have_count(1)
    await expect(page.get_by_role("button", name="✓ Copied")).to_be_focused()
    assert await page.evaluate("navigator.clipboard.readText()") == ANSWER
    await expect(page.locator(".turn").first.get_by_role("button", name="Copy")).to_have_text("Copy")


async def test_an_answer_is_copied_without_the_right_to(page: Page, visitor: Watched):
    await visitor.context.grant_permissions(["clipboard-read"])
    await page.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(new Error()); }")

    await page.locator(".turn").first.get_by_role("button", name="Copy").click()

    await expect(page.get_by_role("button", name="✓ Copied")).to_be_focused()
    assert await page.evaluate("navigator.clipboard.readText()") == ANSWER


async def test_where_nothing_can_be_copied_the_text_is_there_to_take(page: Page):
    await page.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(new Error()); }")
    await page.evaluate("() => { document.execCommand = () => false; }")

    await page.locator(".turn").first.get_by_role("button", name="Copy").click()

    text = page.get_by_role("textbox", name="The browser doesn’t let this page copy")
    await expect(text).to_be_focused()
    await expect(text).to_have_value(ANSWER)
    assert await page.evaluate("getSelection().toString()") in (ANSWER, "")


async def test_a_list_is_shared_seen_by_somebody_else_and_taken_back(page: Page, visitor: Watched, browser: Browser):
    await visitor.context.grant_permissions(["clipboard-read", "clipboard-write"])
    turn = page.locator(".turn").first
    await turn.get_by_role("button", name="Share").click()
    await expect(turn.get_by_role("status")).to_contain_text("and nothing else, until ")
    await turn.get_by_role("button", name="Copy link").click()
    link = await page.evaluate("navigator.clipboard.readText()")

    async with open_context(browser, locale="es-ES") as other:
        seen = await other.open(link)
        await expect(seen.get_by_role("heading", level=1)).to_have_text("Una lista para ti")
        await expect(seen.locator("h3")).to_have_text(
            ["1. Lantern Harbor (2014)", "2. Nine Foxes (2019)", "3. Salt Road (1998)"]
        )
        await expect(seen.locator("body")).not_to_contain_text("after 2000")
        assert await seen.evaluate("document.documentElement.lang") == "es"

        await page.get_by_role("link", name="Shared lists").last.click()
        await page.get_by_role("button", name="Stop sharing: Lantern Harbor, Nine Foxes, Salt Road").click()
        await expect(page.locator("#view")).to_contain_text("Nothing is shared.")
        await expect(page.locator("#notice")).to_have_text("The link no longer leads anywhere.")
        answer = await seen.reload()

        assert answer.status == 404
        await expect(seen.get_by_role("heading", level=1)).to_have_text("Este enlace no lleva a ninguna parte")
        assert [error for error in other.errors if "404" not in error] == []

    await page.go_back()
    await expect(turn.locator(".shared")).to_have_count(0)


async def test_editing_sharing_and_answering_anew_send_little(page: Page):
    received = []
    session = await page.context.new_cdp_session(page)
    await session.send("Network.enable")
    session.on("Network.dataReceived", lambda event: received.append(event["dataLength"]))

    await page.locator(".turn").first.get_by_role("button", name="Edit").click()
    await expect(page.locator("[data-edit]")).to_have_count(1)
    assert 0 < sum(received) < 5_000

    received.clear()
    await page.locator(".turn").first.get_by_role("button", name="Share").click()
    await expect(page.locator(".shared")).to_have_count(1)
    assert 0 < sum(received) < 5_000

    received.clear()
    await page.get_by_role("button", name="Another answer").click()
    await answered_anew(page)
    assert 0 < sum(received) < 15_000
