"""The operations page: what it counts, for whom, and what of people's words it may hold."""

import time

import httpx
import pytest
from fastapi.testclient import TestClient
from playwright.async_api import expect

from retrieval.state import Answered, Exposure, FeedbackKind, StateStore, TurnLog, TurnNote
from tests.browser import open_browser, open_context
from tests.fakes import Calls
from tests.ui.access.conftest import add_key
from tests.ui.clients.conftest import application, chat
from tests.ui.conftest import serving
from ui.access.caller import Scope

SECRET = "zanzibar"


def operations(client: TestClient, **more) -> dict:
    return client.get("/api/operations", **more).json()


def note(state: StateStore, user_id: str | None, **more) -> TurnNote:
    told = {"at": time.time(), "driver": "offline", "act": "recommend", "seconds": 1.0} | more
    return TurnNote(state.realm, user_id, **told)


def test_turns_and_likes_of_the_last_hours_are_counted(capable, model):
    model.steps = [
        Calls.of(("search_catalog", {"description": "crime"}), (SECRET, {})),
        Calls.of(("recommend", {"items": ["Heat"], "count": 1})),
    ]
    model.prose = ["[[i0]] fits."]
    told = chat(capable, user="kim").json()["reconteur"]
    like = {"user": "kim", "item_id": "film:0", "kind": "like", "conversation_id": told["conversation_id"]}
    capable.post("/api/feedback", json=like)

    counted = operations(capable)

    assert (counted["turns"], counted["shown"], counted["failed_calls"], counted["empty_turns"]) == (1, 1, 1, 0)
    assert [(row["driver"], row["turns"]) for row in counted["drivers"]] == [("tools", 1)]
    assert counted["acts"] == [{"text": "recommend", "turns": 1}]
    assert sum(row["turns"] for row in counted["hours"]) == 1
    assert {(row["shown"], row["liked"], row["disliked"]) for row in counted["channels"]} == {(1, 1, 0)}
    assert [(row["shown"], row["liked"]) for row in counted["policies"]] == [(1, 1)]


def test_opinions_count_as_they_stand_now_for_each_channel_and_guesses_apart(state):
    state.ensure_user("kim")
    state.open_conversation("kim", "shop-1")
    both, one = {"content": 0.5, "trend": 0.1}, {"trend": 0.2}
    liked = Exposure("film:0", 1, 1.0, policy="thompson", channels=both)
    refused = Exposure("film:1", 2, 0.3, exploratory=True, policy="thompson", channels=one)
    state.record_exposures("kim", "shop-1", 0, [liked, refused])
    for item_id, kind in (("film:0", "like"), ("film:0", "seen"), ("film:1", "like"), ("film:1", "dislike")):
        state.add_feedback("kim", item_id, FeedbackKind(kind), conversation_id="shop-1")

    channels, policies = TurnLog(state.database).answers("", 0.0)

    assert channels == {"trend": Answered(2, 1, 1), "content": Answered(1, 1, 0)}
    assert policies == {"thompson": Answered(1, 1, 0), "thompson, guess": Answered(1, 0, 1)}


def test_words_that_were_not_understood_are_told_and_go_with_their_user(plain):
    unknown = [{"role": "user", "content": f'something like "{SECRET.title()} Nights"'}]
    chat(plain, unknown, user="kim")
    chat(plain, unknown)

    before = operations(plain)
    plain.delete("/api/users/kim")
    after = operations(plain)

    assert before["unread_turns"] == 2
    assert [row["turns"] for row in before["unread"] if SECRET.title() in row["text"]] == [1]
    assert (after["turns"], after["unread"]) == (1, [])


def test_limits_that_nothing_keeps_are_told(plain):
    chat(plain, [{"role": "user", "content": "a comedy from before 1900"}])

    counted = operations(plain)

    assert counted["empty_turns"] == 1
    assert "year ≤ 1899" in counted["empty"][0]["text"]


def test_a_user_who_was_erased_before_the_note_was_written_leaves_no_word(state):
    log = TurnLog(state.database)
    state.ensure_user("kim")
    late = note(state, "kim", is_unread=True, unread=SECRET)
    state.erase_user("kim")
    state.ensure_user("kim")  # somebody else by now

    log.keep([late])

    assert [(turn.is_unread, turn.unread) for turn in log.since("", 0.0)] == [(True, "")]
    assert state.export_user("kim")["turns"] == []


def test_a_tenant_sees_its_own_turns_alone(plain, state):
    mine = add_key(state, scopes=(Scope.ADMIN,), tenant="acme")
    reads = add_key(state, scopes=(Scope.CHAT,), tenant="acme")
    log = TurnLog(state.database)
    log.keep([note(state.of("acme"), None), note(state.of("acme/ann"), None), note(state.of("other"), None)])

    keys = [{}, *({"Authorization": f"Bearer {key}"} for key in (reads, mine))]

    assert [plain.get("/api/operations", headers=key).status_code for key in keys] == [401, 403, 200]
    assert operations(plain, headers=keys[-1])["turns"] == 2


def test_old_notes_are_forgotten(state):
    log = TurnLog(state.database)
    log.keep([note(state, None, at=time.time() - 40 * 86400), note(state, None)])

    assert len(log.since("", 0.0)) == 1


@pytest.mark.parametrize("path", ["/operations", "/operations?hours=1"])
def test_the_page_has_no_figures_of_its_own_and_needs_no_key(plain, state, path: str):
    add_key(state, scopes=(Scope.ADMIN,))

    answer = plain.get(path)

    assert answer.status_code == 200
    assert "script-src" in answer.headers["content-security-policy"]


@pytest.mark.live
async def test_the_page_draws_what_was_counted_and_asks_for_a_key(film_shelf, tmp_path):
    app = application(film_shelf, tmp_path)
    with serving(app) as url:
        async with httpx.AsyncClient(base_url=url) as client:
            evil = {"role": "user", "content": f'something like "{SECRET.title()} <img src=x onerror=alert(1)>"'}
            await client.post("/v1/chat/completions", json={"messages": [evil], "user": "kim"})
        async with open_browser() as browser, open_context(browser) as visitor:
            page = await visitor.open(f"{url}/operations")
            await expect(page.locator("#sums dd").first).to_have_text("1")
            await expect(page.get_by_role("cell", name=SECRET.title())).to_be_visible()
            await expect(page.get_by_role("img", name=": 1")).to_be_visible()

            key = add_key(app.state.agent.state, scopes=(Scope.ADMIN,))
            await page.reload()
            await page.get_by_label("Key").fill(key)
            await page.get_by_role("button", name="Show").click()
            await expect(page.locator("#sums dd").first).to_have_text("1")

            assert visitor.dialogs == []
            assert [error for error in visitor.errors if "401" not in error] == []
