"""What a browser may do with the page."""

import asyncio
import re
from collections.abc import Iterator

import httpx
import pytest
from fastapi import FastAPI

from tests.ui.conftest import serving
from tests.ui.fakes import make_agent
from ui.api.app import create_app
from ui.edge.policy import policy_of
from ui.page.mount import mount_chat

# Gradio's queue sets an option that pandas 3 is about to drop; nothing of ours uses it
pytestmark = pytest.mark.filterwarnings("ignore:.*no_silent_downcasting")


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    agent = make_agent(tmp_path_factory.mktemp("policy"))

    async def mounted() -> FastAPI:
        return mount_chat(create_app(agent, agent.settings), agent)

    # without a running loop, Gradio makes loops of its own and leaves them open
    with serving(asyncio.run(mounted())) as url, httpx.Client(base_url=url, trust_env=False, timeout=60) as opened:
        yield opened
    agent.state.close()


def directives(policy: str) -> dict[str, list[str]]:
    return {words[0]: words[1:] for words in (part.split() for part in policy.split(";")) if words}


def test_the_page_may_run_what_the_server_sent_and_nothing_else(client: httpx.Client):
    answer = client.get("/")

    policy = directives(answer.headers["content-security-policy"])
    assert policy["default-src"] == ["'none'"]
    assert policy["frame-ancestors"] == ["'none'"]
    assert policy["connect-src"] == policy["form-action"] == ["'self'"]
    assert "'unsafe-inline'" not in policy["script-src"]
    inline = re.findall(r"<script(?![^>]*\ssrc=)", answer.text)
    assert len([source for source in policy["script-src"] if source.startswith("'sha256-")]) == len(inline) > 0
    assert "http" not in " ".join(map(" ".join, policy.values()))


def test_a_script_that_was_not_in_the_page_has_no_digest_in_its_policy():
    assert "sha256" in policy_of("<script>one()</script>")
    assert policy_of("<script>one()</script>") != policy_of("<script>two()</script>")
    assert "sha256" not in policy_of('<script type="module" src="./a.js"></script><p onclick="x()">')


@pytest.mark.parametrize("path", ["/", "/theme.css", "/config", "/no-such-file", "/gradio_api/upload"])
def test_every_answer_of_the_page_is_guarded(client: httpx.Client, path: str):
    headers = client.get(path).headers

    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["x-frame-options"] == "DENY"


def test_the_form_to_log_in_keeps_its_own_policy(client: httpx.Client):
    policy = directives(client.get("/login").headers["content-security-policy"])

    assert policy["form-action"] == ["'self'"]
    assert "script-src" not in policy


def test_the_api_has_no_policy(client: httpx.Client):
    assert "content-security-policy" not in client.get("/v1/models").headers


def test_a_browser_that_asks_for_what_is_not_there_gets_a_page_with_a_way_home(client: httpx.Client):
    answer = client.get("/foo/bar", headers={"accept": "text/html,*/*;q=0.8", "accept-language": "de"})

    assert answer.status_code == 404
    assert '<html lang="de">' in answer.text
    assert '<a href="/" class="own">Zu Reconteur</a>' in answer.text
    assert "unsafe" not in answer.headers["content-security-policy"]


def test_any_other_client_that_asks_for_what_is_not_there_gets_json(client: httpx.Client):
    for answer in (client.get("/foo"), client.post("/foo", headers={"accept": "text/html"})):
        assert answer.status_code in (404, 405)
        assert answer.json()["error"]["type"] == "invalid_request_error"
