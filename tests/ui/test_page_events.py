"""The page's own events: what reaches Gradio is what the page itself would send."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.ui.fakes import FakeAgent
from ui.api.app import create_app
from ui.page.mount import mount_chat

JOIN = "/gradio_api/queue/join"


@pytest.fixture
async def page(agent: FakeAgent) -> AsyncIterator[httpx.AsyncClient]:
    app = mount_chat(create_app(agent, agent.settings, warm=False), agent)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1:7860") as client:
        yield client


async def events(page: httpx.AsyncClient) -> list[dict[str, Any]]:
    dependencies: list[dict[str, Any]] = (await page.get("/config")).json()["dependencies"]
    return dependencies


async def join(page: httpx.AsyncClient, number: object, data: object) -> int:
    return (await page.post(JOIN, json={"fn_index": number, "session_hash": "s", "data": data})).status_code


async def test_a_file_of_this_machine_cannot_be_named(page: httpx.AsyncClient, tmp_path: Path):
    secret = tmp_path / "secret"
    secret.write_text("nobody may read this", encoding="utf-8")
    file = {"path": str(secret), "meta": {"_type": "gradio.FileData"}}

    for event in await events(page):
        count = len(event["inputs"])
        for place in range(count):
            for value in (file, {"deep": [file]}):
                assert await join(page, event["id"], [value if at == place else None for at in range(count)]) == 400


@pytest.mark.parametrize("number", [99, -1, None, "1", [1]])
async def test_an_event_that_the_page_does_not_have_is_refused(page: httpx.AsyncClient, number: object):
    assert await join(page, number, []) == 400


async def test_too_few_values_are_refused_before_anything_logs_them(
    page: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
):
    known = await events(page)
    event = next(event for event in known if len(event["inputs"]) > 1)

    assert await join(page, event["id"], ["zqxjsecretword"]) == 400

    assert "zqxjsecretword" not in caplog.text


async def test_the_page_s_own_event_passes(page: httpx.AsyncClient):
    event = (await events(page))[0]

    assert await join(page, event["id"], [None] * len(event["inputs"])) == 200
