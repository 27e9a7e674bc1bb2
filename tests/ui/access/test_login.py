"""The page's door: who is let in, who is not, and that what one account keeps is nobody else's."""

import asyncio
import time

import gradio as gr
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select
from starlette.responses import PlainTextResponse

from agent.settings import AccessSettings, LimitSettings
from retrieval.errors import StateError
from retrieval.state import AccessStore, Account
from retrieval.state.tables import SessionRow
from tests.ui.access.conftest import add_key
from tests.ui.conftest import drain
from tests.ui.fakes import FakeAgent
from ui.access import login, passwords
from ui.access.caller import Caller
from ui.access.guard import COOKIE
from ui.access.login import add_door
from ui.access.passwords import Attempts, hash_password
from ui.api.app import create_app
from ui.page.actions import Actions
from ui.page.layout import Handlers
from ui.page.mount import mount_chat

PASSWORD = "correct horse battery"
HTML = {"Accept": "text/html"}
LOCAL = "http://localhost"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(login, "WRONG_S", 0.0)


@pytest.fixture
def quick_check(monkeypatch: pytest.MonkeyPatch) -> None:
    """Passwords are compared as they are: on a busy machine the real check outlasts the shortest wait."""
    monkeypatch.setattr(login, "is_right", lambda password, account: account is not None and password == PASSWORD)


def page_of(agent: FakeAgent, *, base_url: str = LOCAL, **access) -> TestClient:
    """A page that says 'the page' to whatever it is asked."""
    app = create_app(agent, agent.settings.model_copy(update={"access": AccessSettings(**access)}))
    add_door(app)
    app.mount("/", PlainTextResponse("the page"))
    return TestClient(app, base_url=base_url, follow_redirects=False)


@pytest.fixture
def accounts(agent: FakeAgent) -> AccessStore:
    store = AccessStore(agent.state.database)
    for name in ("ann", "bob"):
        store.add_account(Account(name, "", hash_password(PASSWORD), time.time()), who="test")
    return store


@pytest.fixture
def page(agent: FakeAgent, accounts: AccessStore) -> TestClient:
    return page_of(agent)


def log_in(page: TestClient, name: str = "ann", password: str = PASSWORD, **headers: str):
    return page.post("/login", data={"name": name, "password": password}, headers=headers)


def test_without_keys_and_accounts_nobody_logs_in(agent: FakeAgent):
    assert page_of(agent).get("/", headers=HTML).text == "the page"


async def test_the_real_page_lies_behind_the_same_door(agent: FakeAgent, accounts: AccessStore):
    app = mount_chat(create_app(agent, agent.settings), agent)
    page = TestClient(app, base_url=LOCAL, follow_redirects=False)
    before = page.get("/config").status_code, page.get("/", headers=HTML).status_code

    log_in(page)

    assert before == (401, 303)
    assert "<gradio-app" in page.get("/", headers=HTML).text
    assert "reconteur" in page.get("/config").text


def test_who_is_not_logged_in_is_sent_to_the_form_and_reaches_nothing(page: TestClient):
    sent = page.get("/", headers=HTML)

    assert (sent.status_code, sent.headers["location"]) == (303, "/login")
    for method, path in (
        ("GET", "/config"),
        ("POST", "/gradio_api/queue/join"),
        ("GET", "/gradio_api/info"),
        ("GET", "/theme.css"),
    ):
        assert page.request(method, path, json={} if method == "POST" else None).status_code == 401
    assert 'type="password"' in page.get("/login").text


def test_a_key_alone_closes_the_page_too(agent: FakeAgent):
    shown = add_key(agent.state)
    page = page_of(agent)
    assert page.get("/", headers=HTML).status_code == 303
    assert page.get("/config", headers={"Authorization": f"Bearer {shown}"}).status_code == 401


def test_the_right_password_opens_the_page_and_leaving_closes_it(page: TestClient):
    answer = log_in(page)

    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "samesite=lax" in cookie.lower()
    assert "secure" not in cookie.lower()
    assert page.get("/", headers=HTML).status_code == 200
    assert page.get("/config").status_code == 200

    assert page.post("/logout").status_code == 303
    assert page.get("/", headers=HTML).status_code == 303


def test_a_copied_cookie_is_useless_once_its_session_was_left_and_other_browsers_stay(page: TestClient):
    log_in(page)
    copied = page.cookies[COOKIE]
    page.cookies.clear()
    log_in(page)
    other = page.cookies[COOKIE]
    page.cookies.clear()

    page.post("/logout", headers={"Cookie": f"{COOKIE}={copied}"})

    assert page.get("/config", headers={"Cookie": f"{COOKIE}={copied}"}).status_code == 401
    assert page.get("/config", headers={"Cookie": f"{COOKIE}={other}"}).status_code == 200
    assert page.post("/logout", headers={"Cookie": f"{COOKIE}={copied}"}).status_code == 303


def test_a_session_ends_with_its_time_and_only_its_digest_is_stored(
    page: TestClient, agent: FakeAgent, monkeypatch: pytest.MonkeyPatch
):
    log_in(page)
    cookie, now = page.cookies[COOKIE], time.time()
    with agent.state.database.read() as session:
        (row,) = session.scalars(select(SessionRow))
        assert (row.account, cookie in row.digest) == ("ann", False)

    monkeypatch.setattr("retrieval.state.access.time.time", lambda: now + 400 * 3600)

    assert page.get("/config").status_code == 401


def test_where_no_session_can_be_kept_the_form_says_so(page: TestClient, monkeypatch: pytest.MonkeyPatch):
    def fail(*_, **__) -> None:
        raise StateError("the disk is full")

    monkeypatch.setattr(AccessStore, "open_session", fail)

    answer = log_in(page, **{"Accept-Language": "zh"})

    assert (answer.status_code, "无法" in answer.text) == (503, True)
    assert "set-cookie" not in answer.headers


def test_a_login_opens_no_route_of_the_api(page: TestClient):
    log_in(page)

    assert page.get("/v1/models").status_code == 401


@pytest.mark.parametrize(("name", "password"), [("ann", "wrong"), ("nobody", PASSWORD), ("", ""), ("ann", "x" * 5000)])
def test_a_wrong_password_and_a_wrong_name_are_told_alike(page: TestClient, name: str, password: str):
    answer = log_in(page, name, password)

    assert answer.status_code == 401
    assert "don’t match" in answer.text
    assert "set-cookie" not in answer.headers


@pytest.mark.usefixtures("quick_check")
@pytest.mark.parametrize("name", ["ann", "nobody"])
def test_after_five_wrong_passwords_even_the_right_one_has_to_wait(page: TestClient, name: str):
    for _ in range(passwords.FREE_ATTEMPTS):
        log_in(page, name, "wrong")

    answer = log_in(page, name)

    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) >= 1
    assert log_in(page, "bob").status_code == 303


FAR, OTHER = "203.0.113.7", "198.51.100.9"


def from_address(page: TestClient, host: str) -> TestClient:
    return TestClient(page.app, base_url=LOCAL, follow_redirects=False, client=(host, 50_000))


@pytest.mark.usefixtures("quick_check")
def test_whoever_guesses_at_a_name_locks_out_nobody_who_comes_from_elsewhere(page: TestClient):
    guesser, owner = from_address(page, FAR), from_address(page, OTHER)
    for _ in range(passwords.FREE_ATTEMPTS):
        log_in(guesser, "ann", "wrong")

    assert log_in(guesser).status_code == 429
    assert log_in(owner).status_code == 303


@pytest.mark.usefixtures("quick_check")
def test_an_address_that_guesses_at_many_names_has_to_wait_with_any(page: TestClient):
    guesser = from_address(page, FAR)
    answers = [log_in(guesser, f"name {number}", "wrong") for number in range(passwords.FREE_OF_ADDRESS)]

    refused = log_in(guesser, "bob")

    assert {answer.status_code for answer in answers} == {401}
    assert (refused.status_code, int(refused.headers["retry-after"]) >= 1) == (429, True)
    assert log_in(from_address(page, OTHER), "bob").status_code == 303


def test_logins_are_requests_that_an_address_has_so_many_of(agent: FakeAgent, accounts: AccessStore):
    app = create_app(agent, agent.settings.model_copy(update={"limits": LimitSettings(requests_per_minute=2)}))
    add_door(app)
    page = TestClient(app, base_url=LOCAL, follow_redirects=False, client=(FAR, 1))

    answers = [log_in(page) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [303, 303, 429]
    assert (int(answers[-1].headers["retry-after"]) >= 1, "<form" in answers[-1].text) == (True, True)


@pytest.fixture
def now() -> list[float]:
    return [1e6]


@pytest.fixture
def attempts(now: list[float]) -> Attempts:
    return Attempts(clock=lambda: now[0])


def test_waiting_grows_to_a_limit_and_ends_with_success(attempts: Attempts, now: list[float]):
    waits = []
    for _ in range(15):
        attempts.fail(FAR, "ann")
        waits.append(attempts.wait_s(FAR, "ann"))

    assert waits[: passwords.FREE_ATTEMPTS - 1] == [0.0] * (passwords.FREE_ATTEMPTS - 1)
    assert waits[passwords.FREE_ATTEMPTS - 1 :][:3] == [4.0, 8.0, 16.0]
    assert waits[-1] == passwords.LONGEST_WAIT_S
    now[0] += passwords.LONGEST_WAIT_S
    assert attempts.wait_s(FAR, "ann") == 0.0
    attempts.succeed(FAR, "ann")
    attempts.fail(FAR, "ann")
    assert attempts.wait_s(FAR, "ann") == 0.0


def test_a_right_password_of_ones_own_buys_no_guesses_at_others_and_time_does(attempts: Attempts, now: list[float]):
    for number in range(passwords.FREE_OF_ADDRESS):
        attempts.fail(FAR, "own")
        attempts.succeed(FAR, "own")
        assert not attempts.wait_s(FAR, "own")
        attempts.fail(FAR, f"name {number}")

    assert attempts.wait_s(FAR, "ann") == 4.0
    now[0] += passwords.FORGOTTEN_S + 1
    assert attempts.wait_s(FAR, "ann") == 0.0
    attempts.fail(FAR, "ann")
    assert attempts.wait_s(FAR, "ann") == 0.0


def test_only_so_many_wrong_passwords_are_remembered(attempts: Attempts):
    for number in range(2 * passwords.MOST_COUNTS):
        attempts.fail(f"address {number}", "ann")

    assert len(attempts._failed) == passwords.MOST_COUNTS


def test_a_session_ends_with_its_password_and_with_its_account(page: TestClient, accounts: AccessStore):
    log_in(page)
    accounts.add_account(Account("ann", "", hash_password("another password"), time.time()), who="test")
    assert page.get("/config").status_code == 401

    log_in(page, "bob")
    assert page.get("/config").status_code == 200
    accounts.remove_account("bob", who="test")
    assert page.get("/config").status_code == 401


@pytest.mark.parametrize("cookie", ["", "x", "a.b.c"])
def test_a_made_up_session_is_nobody(page: TestClient, cookie: str):
    page.cookies.set(COOKIE, cookie)

    assert page.get("/config").status_code == 401


def test_a_users_token_is_no_session_and_a_session_no_token(page: TestClient, agent: FakeAgent):
    key = {"Authorization": f"Bearer {add_key(agent.state)}"}
    token = page.post("/api/tokens", json={"user": "ann"}, headers=key).json()["token"]
    log_in(page)
    session = page.cookies[COOKIE]

    assert page.get("/v1/models", headers={"Authorization": f"Bearer {session}"}).status_code == 401
    page.cookies.set(COOKIE, token)
    assert page.get("/v1/models", headers={"Authorization": f"Bearer {token}"}).status_code == 200
    page.cookies.clear()
    page.cookies.set(COOKIE, token)
    assert page.get("/config").status_code == 401


@pytest.mark.parametrize(
    "headers", [{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "https://evil.example"}]
)
def test_other_sites_can_neither_log_in_nor_act_for_somebody(page: TestClient, headers: dict[str, str]):
    assert log_in(page, **headers).status_code == 403
    log_in(page)

    for path in ("/gradio_api/queue/join", "/logout"):
        assert page.post(path, json={}, headers=headers).status_code == 403
    assert page.get("/config", headers=headers).status_code == 200
    assert page.post("/logout", headers={"Origin": LOCAL, "Sec-Fetch-Site": "same-origin"}).status_code == 303


def test_off_this_machine_the_cookie_goes_over_https_alone(agent: FakeAgent, accounts: AccessStore):
    page = page_of(agent, base_url="https://films.example")
    assert "secure" in log_in(page, Origin="https://films.example").headers["set-cookie"].lower()
    page = page_of(agent, base_url="http://films.example")
    refused = log_in(page, Origin="http://films.example")
    assert (refused.status_code, "https" in refused.text) == (403, True)
    page = page_of(agent, base_url="http://films.example", cookies_over_http=True)
    assert "secure" not in log_in(page, Origin="http://films.example").headers["set-cookie"].lower()


def test_guests_come_in_where_that_is_wanted_and_see_no_accounts_users(agent: FakeAgent, accounts: AccessStore):
    agent.state.ensure_user("kim")
    page = page_of(agent, guests=True)
    assert page.get("/", headers=HTML).status_code == 200
    assert page.get("/v1/models").status_code == 401
    guest = asyncio.run(
        Actions(lambda: agent.of("/")).open({"users": ["kim"], "current": "kim"}, "en", Caller(account=""))
    )

    assert guest.users == []


def request_of(caller: Caller) -> gr.Request:
    """As Gradio passes it to the page's functions."""
    from starlette.requests import Request

    scope = {"type": "http", "headers": [], "state": {"caller": caller}}
    return gr.Request(request=Request(scope))


async def test_an_account_has_its_users_in_every_browser_and_nobody_elses(agent: FakeAgent):
    handlers = Handlers(lambda: agent)
    ann, bob = (request_of(Caller(account=name, scopes=frozenset())) for name in ("ann", "bob"))
    first = await handlers._session(None, None, ann)
    await drain(handlers._actions(first.caller).create(first, "Kim"))

    again = await handlers._session(None, None, ann)
    others = await handlers._session(None, first.browser(), bob)
    taken = await handlers._session(first, first.browser(), bob)

    assert [user.name for user in again.users] == ["Kim"]
    assert (others.users, taken.users) == ([], [])
    assert taken is not first
    assert agent.state.list_users() == []
    assert [user.name for user in agent.state.of("/ann").list_users()] == ["Kim"]
