"""Draws the pictures of docs/images: every view of the page at three sizes, from a server that runs.

`./serve.sh --llm none &`, then `python -m benchmarks.pictures --url http://127.0.0.1:7860`. The visit is always the
same: a wish, another one, opinions, things saved, a comparison. Needs Chromium and Pillow, asks no other machine.
"""

import argparse
import asyncio
import io
import shutil
from pathlib import Path

from PIL import Image
from playwright.async_api import Browser, Page, async_playwright, expect

from ui.page.views.table import VIEWS

SIZES = {"desk": (1280, 900), "tablet": (820, 1180), "phone": (390, 844)}
WISHES = ("A clever heist, not too violent", "but from the 90s, and nothing with Tom Hanks")
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking")
QUALITY, PATIENCE_MS = 72, 120_000


async def draw(url: str, into: Path) -> None:
    """Visit the page at each size in the light, and at a desk in the dark, too.

    Raises:
        RuntimeError: There is no Chromium.
    """
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        raise RuntimeError("expected chromium on PATH, found none. Install it with: apt-get install chromium")
    expect.set_options(timeout=PATIENCE_MS)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        for name, (width, height) in SIZES.items():
            await visit(browser, url, into, name, width, height, "light")
        await visit(browser, url, into, "dark", *SIZES["desk"], "dark")
        await browser.close()


async def visit(browser: Browser, url: str, into: Path, name: str, width: int, height: int, scheme: str) -> None:
    """One visitor, one size: the views in turn; in the dark the conversation alone."""
    size = {"width": width, "height": height}
    context = await browser.new_context(viewport=size, color_scheme=scheme, locale="en", reduced_motion="reduce")  # type: ignore[arg-type]
    context.set_default_timeout(PATIENCE_MS)
    page = await context.new_page()
    await page.goto(url)
    await expect(page.locator(".welcome")).to_be_visible()
    if scheme == "light":
        await keep(page, into / f"welcome-{name}.webp")
    for at, wish in enumerate(WISHES, 1):
        await page.fill("#box textarea", wish)
        await page.keyboard.press("Enter")
        await expect(page.locator(".turn")).to_have_count(at)
        await expect(page.locator(".turn[aria-busy]")).to_have_count(0)
    await page.locator(".turn").last.evaluate("(turn) => turn.scrollIntoView({ block: 'start' })")
    await keep(page, into / f"conversation-{name}.webp")
    if scheme == "light":
        views = await begun(page)
        for view, address in views.items():
            await page.evaluate("(address) => { location.hash = address; }", address)
            await expect(page.locator("[data-view]")).not_to_have_attribute("aria-busy", "true")
            await expect(page.locator("#view [data-title]")).to_be_focused()
            await keep(page, into / f"{view}-{name}.webp")
    await context.close()


async def begun(page: Page) -> dict[str, str]:
    """Opinions, two things saved, three picked to compare; the views with their addresses."""
    turn = page.locator(".turn").last
    for at, kind in enumerate(("like", "dislike", "seen")):
        await turn.locator(".card-slot").nth(at).locator(f".opinion.{kind}").click()
        await expect(page.locator(f".turn .card.{kind}")).to_have_count(1)
    for at in (0, 3):
        await turn.locator(".card-slot").nth(at).locator("button[data-do=save]").click()
        await expect(page.locator(".turn button[data-do=unsave]")).to_have_count(1 if at == 0 else 2)
    for at in (0, 1, 3):
        await turn.locator("button[data-compare]").nth(at).click()
    compared = await page.locator("[data-compare-link]").get_attribute("href") or ""
    item = await turn.locator(".card h4 a").first.get_attribute("href") or ""
    views = {name: f"#/{name}" for name in VIEWS if name not in ("item", "compare")}
    return {"item": item, "compare": compared, **views}


async def keep(page: Page, path: Path) -> None:
    """What the window shows, as WebP."""
    shot = await page.screenshot(animations="disabled", caret="hide")
    with Image.open(io.BytesIO(shot)) as picture:
        picture.convert("RGB").save(path, "WEBP", quality=QUALITY, method=6)


def main() -> None:
    """Read the arguments and draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", default="http://127.0.0.1:7860", help="of the page (default: %(default)s)")
    parser.add_argument("--into", type=Path, default=Path("docs/images"), help="folder (default: %(default)s)")
    options = parser.parse_args()
    options.into.mkdir(parents=True, exist_ok=True)
    asyncio.run(draw(options.url, options.into))


if __name__ == "__main__":
    main()
