"""A real browser for tests: Debian's chromium through playwright, shut off from everything but this machine."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, Route, async_playwright, expect

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
_LEFT = ("AbortError: signal is aborted", "Unexpected error Connection errored out.")
"""What Gradio's client says of the streams that it breaks off when its page is left."""
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass
class Watched:
    """A context and what its pages did."""

    context: BrowserContext
    outside: list[str] = field(default_factory=list)
    """Addresses outside this machine that were asked for (and blocked)."""
    dialogs: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    async def open(self, url: str) -> Page:
        page = await self.context.new_page()
        page.on("pageerror", lambda error: self._failed(str(error)))
        page.on("console", self._note)
        page.on("dialog", self._dismiss)
        await page.goto(url)
        return page

    async def _dismiss(self, dialog) -> None:
        self.dialogs.append(dialog.message)
        await dialog.dismiss()

    def _note(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self._failed(message.text)

    def _failed(self, said: str) -> None:
        if not said.startswith(_LEFT):
            self.errors.append(said)

    async def guard(self, route: Route) -> None:
        address = urlsplit(route.request.url)
        if address.scheme in ("data", "blob", "about") or address.hostname in _LOOPBACK:
            await route.continue_()
        else:
            self.outside.append(route.request.url)
            await route.abort()


@asynccontextmanager
async def open_browser() -> AsyncIterator[Browser]:
    """Chromium; the test is skipped where there is none."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        pytest.skip("no chromium on PATH; install it with: apt-get install chromium")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        try:
            yield browser
        finally:
            await browser.close()


@asynccontextmanager
async def open_context(browser: Browser, **options) -> AsyncIterator[Watched]:
    """A context of its own: its storage is shared with no other."""
    context = await browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
    watched = Watched(context)
    await context.route("**/*", watched.guard)
    try:
        yield watched
    finally:
        await context.close()


async def say(page: Page, message: str) -> None:
    await page.fill("#box textarea", message)
    await page.keyboard.press("Enter")


async def finished(page: Page, turns: int = 1) -> None:
    await expect(page.locator(".turn")).to_have_count(turns)
    await expect(page.locator(".turn[aria-busy]")).to_have_count(0)
