"""A person logs in, talks, leaves, and finds everything again from another browser; somebody else finds nothing."""

import time

import pytest
from playwright.async_api import Browser, Page, expect

from retrieval.state import AccessStore, Account
from tests.browser import finished, say
from tests.ui.conftest import serving
from tests.ui.fakes import FakeAgent
from ui.access.passwords import hash_password
from ui.api.app import create_app
from ui.page.mount import mount_chat

pytestmark = [
    pytest.mark.live,
    # Gradio's queue sets an option that pandas 3 is about to drop; nothing of ours uses it
    pytest.mark.filterwarnings("ignore:.*no_silent_downcasting"),
]
PASSWORD = "correct horse battery"


async def log_in(browser: Browser, url: str, name: str) -> Page:
    """A page in a browser that has never been here."""
    page = await (await browser.new_context()).new_page()
    await page.goto(url)
    await page.get_by_label("Name").fill(name)
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Log in").click()
    await expect(page.locator("#box textarea")).to_be_visible(timeout=30_000)
    return page


async def test_an_account_finds_its_conversations_in_every_browser(browser: Browser, agent: FakeAgent):
    store = AccessStore(agent.state.database)
    for name in ("ann", "bob"):
        store.add_account(Account(name, "", hash_password(PASSWORD), time.time()), who="test")
    with serving(mount_chat(create_app(agent, agent.settings), agent)) as url:
        ann = await log_in(browser, url, "ann")
        await say(ann, "something calm")
        await finished(ann)
        await ann.locator("#log [data-do=feedback]").first.click()
        await expect(ann.locator("#rail")).to_contain_text("ann")

        again, bob = await log_in(browser, url, "ann"), await log_in(browser, url, "bob")
        users = again.locator("#rail optgroup").first.locator("option")
        await expect(users).to_have_count(1)
        await expect(bob.locator("#rail optgroup")).to_have_count(1)  # the people of the data set alone
        assert len(agent.state.of("/ann").list_users()) == 1

        await ann.get_by_role("button", name="Log out").click()
        await expect(ann.get_by_label("Password")).to_be_visible()
        await ann.goto(url)
        await expect(ann.get_by_label("Password")).to_be_visible()
