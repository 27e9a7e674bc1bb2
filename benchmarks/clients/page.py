"""Open WebUI's real page in a real browser, with Reconteur behind it."""

import asyncio
import os
import re
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import httpx
from playwright.async_api import async_playwright

from benchmarks.reliability.server import free_port

START_S = 900
"""Its first start makes its database and loads much."""
ANSWER_MS = 300_000
WISH = "A clever heist, not too violent"
LISTED = re.compile(r"\(\d{4}\)")


def talk_in_open_webui(folder: Path, url: str) -> None:
    """Ask for a list in its page, and see that one comes.

    Args:
        folder: The environment that it is installed in.
        url: Of the server.

    Raises:
        RuntimeError: It did not start, or no list came.
    """
    with tempfile.TemporaryDirectory() as place:
        port = free_port()
        log = Path(place) / "log"
        env = {
            **os.environ,
            "DATA_DIR": str(Path(place) / "data"),
            "WEBUI_AUTH": "False",
            "WEBUI_SECRET_KEY": "of this run",
            "OPENAI_API_BASE_URL": f"{url}/v1",
            "OPENAI_API_KEY": "none",
            "ENABLE_OLLAMA_API": "False",
            "OFFLINE_MODE": "True",
            "HF_HUB_OFFLINE": "1",
            "BYPASS_EMBEDDING_AND_RETRIEVAL": "True",
        }
        words = [str(folder / "bin" / "open-webui"), "serve", "--host", "127.0.0.1", "--port", str(port)]
        with log.open("wb") as written:
            process = subprocess.Popen(words, env=env, stdout=written, stderr=written, cwd=place)
        try:
            _wait(f"http://127.0.0.1:{port}/health", process, log)
            said = asyncio.run(_talk(f"http://127.0.0.1:{port}"))
        finally:
            process.terminate()
            process.wait(60)
    if not LISTED.search(said):
        raise RuntimeError(f"expected an answer with a film and its year, found {said[:300]!r}")


def _wait(url: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    end = time.monotonic() + START_S
    while time.monotonic() < end:
        if process.poll() is not None:
            break
        try:
            if httpx.get(url, timeout=5, trust_env=False).status_code == httpx.codes.OK:
                return
        except httpx.HTTPError:
            pass
        time.sleep(1)
    raise RuntimeError(f"expected Open WebUI to answer at {url}, found: {log.read_text(errors='replace')[-400:]}")


async def _talk(url: str) -> str:
    """What the page shows as the answer to a wish."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=["--headless", "--no-sandbox"])
        page = await browser.new_page()
        await page.goto(url, timeout=ANSWER_MS)
        box = page.locator("#chat-input")
        await box.wait_for(timeout=ANSWER_MS)
        await page.keyboard.press("Escape")  # what is new in this version
        await box.click()
        await page.keyboard.type(WISH)
        await page.keyboard.press("Enter")
        answer = page.locator(".chat-assistant").first
        await answer.get_by_text(LISTED).first.wait_for(timeout=ANSWER_MS)
        said = await answer.inner_text()
        await browser.close()
        return said
