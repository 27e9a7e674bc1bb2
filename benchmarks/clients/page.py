"""Open WebUI's real page in a real browser, with Reconteur behind it: as its model, and as its tool server."""

import asyncio
import json
import os
import re
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from urllib.parse import urlencode

import httpx
from playwright.async_api import Page, async_playwright

from benchmarks.clients.caller import FROM_TOOL, FUNCTION, NAME, Caller
from benchmarks.reliability.server import free_port

START_S = 3600
"""Its first start makes its database and loads much."""
ANSWER_MS = 300_000
WISH = "A clever heist, not too violent"
LISTED = re.compile(r"\(\d{4}\)")
SERVER = "reconteur"
"""What the tool server is called there."""


def talk_in_open_webui(folder: Path, url: str) -> None:
    """Ask for a list in its page, and see that one comes; then let another model there use the tools.

    Args:
        folder: The environment that it is installed in.
        url: Of the server.

    Raises:
        RuntimeError: It did not start, no list came, or the tools were not listed or not called.
    """
    with tempfile.TemporaryDirectory() as place, Caller(WISH) as caller:
        port = free_port()
        log = Path(place) / "log"
        env = {**os.environ, **_settings(url, caller.url), "DATA_DIR": str(Path(place) / "data")}
        words = [str(folder / "bin" / "open-webui"), "serve", "--host", "127.0.0.1", "--port", str(port)]
        with log.open("wb") as written:
            process = subprocess.Popen(words, env=env, stdout=written, stderr=written, cwd=place)
        try:
            _wait(f"http://127.0.0.1:{port}/health", process, log)
            answers = asyncio.run(_talk(f"http://127.0.0.1:{port}"))
        finally:
            process.terminate()
            process.wait(60)
    for said in answers:
        if not LISTED.search(said):
            raise RuntimeError(f"expected an answer with a film and its year, found {said[:300]!r}")
    if FUNCTION not in caller.offered:
        raise RuntimeError(f"expected its model to be offered {FUNCTION!r}, found {sorted(caller.offered)}")


def _settings(url: str, model: str) -> dict[str, str]:
    """What its administrator would fill in: two models, of which one calls tools, and the tool server."""
    server = {
        "url": f"{url}/tools",
        "path": "openapi.json",
        "type": "openapi",
        "auth_type": "bearer",
        "key": "none",
        "config": {"enable": True},
        "info": {"id": SERVER, "name": SERVER},
    }
    return {
        "WEBUI_AUTH": "False",
        "WEBUI_SECRET_KEY": "of this run",
        "OPENAI_API_BASE_URLS": f"{url}/v1;{model}",
        "OPENAI_API_KEYS": "none;none",
        "TOOL_SERVER_CONNECTIONS": json.dumps([server]),
        "ENABLE_FORWARD_USER_INFO_HEADERS": "True",
        "ENABLE_OLLAMA_API": "False",
        "OFFLINE_MODE": "True",
        "HF_HUB_OFFLINE": "1",
        "BYPASS_EMBEDDING_AND_RETRIEVAL": "True",
    }


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


async def _talk(url: str) -> tuple[str, str]:
    """What the page shows as the answer to a wish: of Reconteur, and of a model that asks its tools."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=["--headless", "--no-sandbox"])
        page = await browser.new_page()
        chosen = {"models": SERVER}
        said = await _ask(page, f"{url}/?{urlencode(chosen)}", LISTED)
        with_tools = {"models": NAME, "tools": f"server:{SERVER}"}
        by_tools = await _ask(page, f"{url}/?{urlencode(with_tools)}", re.compile(FROM_TOOL))
        await browser.close()
        return said, by_tools


async def _ask(page: Page, url: str, expected: re.Pattern[str]) -> str:
    """Type the wish into a new chat; the answer, once something in it is as expected."""
    await page.goto(url, timeout=ANSWER_MS)
    box = page.locator("#chat-input")
    await box.wait_for(timeout=ANSWER_MS)
    await page.keyboard.press("Escape")  # what is new in this version
    await box.click()
    await page.keyboard.type(WISH)
    await page.keyboard.press("Enter")
    answer = page.locator(".chat-assistant").first
    await answer.get_by_text(expected).first.wait_for(timeout=ANSWER_MS)
    return await answer.inner_text()
