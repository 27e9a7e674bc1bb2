"""Shared lists: what whoever has the link sees, what they never see, and what ends it."""

import asyncio
import re
import time
from dataclasses import replace

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import update

from agent.settings import AccessSettings
from retrieval.house import House
from retrieval.items import Catalog
from retrieval.state import AccessStore, Account, ShareStore
from retrieval.state import shares as shares_module
from retrieval.state.tables import ShareRow
from tests.ui.access.conftest import add_key
from tests.ui.conftest import drain
from tests.ui.fakes import CATALOG, SCHEMA, FakeAgent, FakeRetriever
from ui.access.caller import Caller
from ui.access.login import add_door
from ui.access.passwords import hash_password
from ui.api.app import create_app
from ui.page.actions import Actions
from ui.page.conversation import log_html
from ui.page.shared_page import add_shared
from ui.page.sharing import Sharing, dump_list, load_list
from ui.page.state import Session
from ui.page.views.table import draw_view
from ui.page.ways import name_of

HIDDEN = re.compile(r"calm secret|user", re.IGNORECASE)
NOWHERE = "This link leads nowhere"


@pytest.fixture
def sharing(actions: Actions) -> Sharing:
    return Sharing(actions.people)


@pytest.fixture
def visitor(agent: FakeAgent) -> TestClient:
    """Somebody else, before an application with a page."""
    return visitor_of(agent)


def visitor_of(agent: FakeAgent) -> TestClient:
    app = create_app(agent, agent.settings)
    add_door(app)
    add_shared(app)
    return TestClient(app, base_url="http://localhost", follow_redirects=False)


async def shared(actions: Actions, sharing: Sharing, session: Session, message: str = "calm secret") -> str:
    await drain(actions.send(session, message))
    await drain(sharing.share(session, name_of(len(session.turns) - 1, session.turns[-1])))
    return session.shared.token


async def test_whoever_has_the_link_sees_cards_reasons_and_reply_and_nothing_else(actions, sharing, session, visitor):
    token = await shared(actions, sharing, session)

    answer = visitor.get(f"/shared/{token}", headers={"Accept-Language": "de"})

    assert answer.status_code == 200
    for told in ("1. Lantern Harbor (2014)", "calm, by Ada Quill.", "3. Salt Road (1998)", "would suit an evening"):
        assert told in answer.text
    assert "Eine Liste für dich" in answer.text
    assert HIDDEN.search(answer.text) is None
    for secret in (session.user.user_id, session.conversation.conversation_id):
        assert secret not in answer.text


async def test_the_page_of_a_link_is_kept_by_nobody_and_runs_nothing(actions, sharing, session, visitor):
    token = await shared(actions, sharing, session)

    for path in (f"/shared/{token}", "/shared/nothing"):
        headers = visitor.get(path).headers
        assert headers["cache-control"] == "no-store"
        assert headers["referrer-policy"] == "no-referrer"
        assert "noindex" in headers["x-robots-tag"]
        assert "default-src 'none'; style-src 'sha256-" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-frame-options"] == "DENY"
        assert "set-cookie" not in headers


@pytest.mark.parametrize(
    "token", ["", "x", "a" * 43, "..%2f..", "a/b/c", "%20", "é", "<script>", "x" * 5000, "{token}?x=1"]
)
async def test_a_mangled_token_leads_nowhere(actions, sharing, session, visitor, token):
    good = await shared(actions, sharing, session)

    answer = visitor.get("/shared/" + token.replace("{token}", good[:-1]))

    assert answer.status_code == 404
    assert NOWHERE in answer.text
    assert "<script>" not in answer.text


async def test_revoked_expired_and_erased_links_look_the_same(actions, sharing, session, visitor, agent):
    token = await shared(actions, sharing, session)
    await drain(sharing.revoke(session, str(session.shared.share.share_id)))
    revoked = visitor.get(f"/shared/{token}")
    assert session.shared is None
    assert session.notice == "The link no longer leads anywhere."

    token = await shared(actions, sharing, session)
    with agent.state.database.write() as opened:
        opened.execute(update(ShareRow).values(expires_at=time.time() - 1))
    expired = visitor.get(f"/shared/{token}")

    token = await shared(actions, sharing, session)
    assert visitor.get(f"/shared/{token}").status_code == 200
    await agent.erase(session.user.user_id)
    erased = visitor.get(f"/shared/{token}")

    assert [response.status_code for response in (revoked, expired, erased)] == [404] * 3
    assert revoked.text == expired.text == erased.text
    assert NOWHERE in revoked.text


async def test_a_link_goes_with_its_conversation(actions, sharing, session, visitor, agent):
    token = await shared(actions, sharing, session)
    agent.state.open_conversation(session.user.user_id, session.conversation.conversation_id)

    await agent.forget(session.user.user_id, session.conversation.conversation_id)

    assert visitor.get(f"/shared/{token}").status_code == 404


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("zh-CN", "这个链接打不开了"),
        ("fr", "Ce lien ne mène nulle part"),
        ("ko;q=0.9, xx", "열 수 없는 링크예요"),
        ("", NOWHERE),
    ],
)
async def test_a_link_that_leads_nowhere_says_so_in_the_readers_language(visitor, language, told):
    answer = visitor.get("/shared/gone", headers={"Accept-Language": language})

    assert told in answer.text


async def test_an_item_that_is_gone_from_the_catalog_is_not_named(actions, sharing, session, visitor, agent):
    token = await shared(actions, sharing, session)
    agent.retriever = FakeRetriever(Catalog(SCHEMA, CATALOG.items[1:]))

    text = visitor.get(f"/shared/{token}").text

    assert "This isn’t in the catalog any more" in text
    assert "1. Lantern Harbor" not in text
    assert "2. Nine Foxes (2019)" in text


async def test_what_the_house_has_hidden_since_is_not_named_by_the_words(actions, sharing, session, visitor, agent):
    token = await shared(actions, sharing, session)
    house = House(frozenset(("game:2",)), {"nine foxes": {}})
    agent.retriever = FakeRetriever(Catalog(SCHEMA, CATALOG.items, house))

    text = visitor.get(f"/shared/{token}").text

    assert "Nine Foxes" not in text
    assert "would suit an evening" not in text
    assert "1. Lantern Harbor (2014)" in text
    assert "calm, by Ada Quill." in text


async def test_near_misses_say_what_they_lack(actions, sharing, session, visitor):
    token = await shared(actions, sharing, session, "nothing")

    text = visitor.get(f"/shared/{token}").text

    assert "Close, but not quite" in text
    assert 'class="breaks"' in text


async def test_hostile_text_is_shown_and_never_runs(actions, sharing, session, visitor, agent):
    evil = "<script>alert(1)</script><img src=x onerror=alert(1)>"
    bad = replace(CATALOG.items[0], title=evil, values=dict.fromkeys(CATALOG.items[0].values, (evil,)))
    agent.retriever = FakeRetriever(Catalog(SCHEMA, (bad, *CATALOG.items[1:])))

    token = await shared(actions, sharing, session)
    text = visitor.get(f"/shared/{token}").text

    assert "<script" not in text
    assert "<img" not in text
    assert "&lt;script&gt;" in text


async def test_a_link_needs_no_login_and_lets_nobody_further_in(agent: FakeAgent):
    store = AccessStore(agent.state.database)
    store.add_account(Account("ann", "acme", hash_password("correct horse battery"), time.time()), who="test")
    add_key(agent.state, "acme")
    ann = Actions(lambda: agent.of("acme/ann"))
    session = await ann.open(None, "en", Caller("acme", account="ann"))
    token = await shared(ann, Sharing(ann.people), session)
    visitor = visitor_of(agent)

    assert "Lantern Harbor" in visitor.get(f"/shared/{token}").text
    assert visitor.get("/shared/nothing").status_code == 404
    assert visitor.get("/", headers={"Accept": "text/html"}).headers["location"] == "/login"
    assert visitor.get("/api/watchlist", params={"user": session.user.user_id}).status_code == 401
    assert visitor.post(f"/shared/{token}").status_code in (404, 405)
    assert ShareStore(agent.state.of("acme").database).of_user(agent.state.of("acme").create_user().user_id) == []


async def test_a_user_sees_what_is_shared_and_takes_it_back(actions, sharing, session, agent: FakeAgent):
    await shared(actions, sharing, session)
    session.view = "shares"

    drawn = (await draw_view(session, agent)).whole()
    assert "Lantern Harbor, Nine Foxes, Salt Road" in drawn
    assert session.shared.token not in drawn
    await drain(sharing.revoke(session, str(session.shared.share.share_id)))

    assert "Nothing is shared" in (await draw_view(session, agent)).whole()


async def test_nobody_else_takes_a_link_back(actions, sharing, session, visitor):
    token = await shared(actions, sharing, session)
    other = await actions.open(None, "en")
    await drain(actions.send(other, "calm"))

    for number in (str(session.shared.share.share_id), "x", "", "9" * 40, "-1"):
        await drain(sharing.revoke(other, number))

    assert visitor.get(f"/shared/{token}").status_code == 200


async def test_the_same_list_is_shared_once(actions, sharing, session):
    token = await shared(actions, sharing, session)

    await drain(sharing.share(session, session.shared.turn))

    assert session.shared.token == token
    assert len(sharing.store.of_user(session.user.user_id)) == 1


async def test_only_lists_that_are_there_are_shared(actions, sharing, session):
    await drain(actions.send(session, "hello"))

    for name in ("0:0", "5:5", "", "x"):
        await drain(sharing.share(session, name))

    assert session.shared is None
    assert sharing.store.of_user(session.user.user_id) == []


async def test_too_many_links_say_what_to_do(actions, sharing, session, monkeypatch):
    from ui.page.problems import problem_in

    monkeypatch.setattr(shares_module, "MOST_SHARES", 1)
    await shared(actions, sharing, session)
    await drain(actions.send(session, "calm"))

    with pytest.raises(shares_module.TooManySharesError) as caught:
        await drain(sharing.share(session, name_of(1, session.turns[1])))

    assert problem_in(caught.value, "de").startswith("Du teilst schon 1 Listen")


async def test_where_sharing_is_off_there_is_no_button_and_links_lead_nowhere(actions, sharing, session, agent):
    token = await shared(actions, sharing, session)
    agent.settings = agent.settings.model_copy(update={"access": AccessSettings(share_days=0)})
    quiet = await actions.open(None, "en")
    await drain(actions.send(quiet, "calm"))
    await drain(sharing.share(quiet, name_of(0, quiet.turns[0])))

    assert visitor_of(agent).get(f"/shared/{token}").status_code == 404
    assert quiet.shared is None
    assert 'data-do="share"' not in log_html(quiet, agent.catalog)
    assert 'data-do="share"' in log_html(session, agent.catalog)


async def test_a_state_that_cannot_be_read_is_said_to_be_so(visitor, agent, monkeypatch):
    from retrieval.errors import StateError

    def fail(*_args):
        raise StateError("the disk is gone")

    monkeypatch.setattr(ShareStore, "find", fail)

    answer = visitor.get("/shared/" + "a" * 43)

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert "What is kept about you cannot be read" in answer.text
    assert "disk" not in answer.text


async def test_visits_are_counted_so_that_nobody_can_try_many(agent):
    limits = agent.settings.limits.model_copy(update={"requests_per_minute": 3, "loopback": True})
    agent.settings = agent.settings.model_copy(update={"limits": limits})
    visitor = visitor_of(agent)

    codes = [visitor.get("/shared/" + "a" * 43).status_code for _ in range(5)]

    assert codes == [404, 404, 404, 429, 429]


async def test_too_many_visits_are_told_so_in_the_reader_s_language(agent):
    limits = agent.settings.limits.model_copy(update={"requests_per_minute": 1, "loopback": True})
    agent.settings = agent.settings.model_copy(update={"limits": limits})
    visitor = visitor_of(agent)
    visitor.get("/shared/x")

    answer = visitor.get("/shared/x", headers={"Accept-Language": "es"})

    wait_s = int(answer.headers["retry-after"])
    assert answer.status_code == 429
    assert f"Espera {wait_s} segundos" in answer.text
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in answer.headers["content-security-policy"]


async def test_an_export_names_the_links(actions, sharing, session, agent):
    token = await shared(actions, sharing, session)

    exported = await agent.export(session.user.user_id)

    assert [row["content"]["cards"][0]["item_id"] for row in exported["shares"]] == ["game:1"]
    assert token not in str(exported)


def test_what_another_version_wrote_is_no_list():
    assert load_list({"cards": 7}) is None
    assert dump_list(load_list({"text": "calm"}))["language"] == "en"


async def test_a_link_is_made_while_others_are_made(actions, sharing, session):
    """Two tabs at once make two links, both good."""
    await drain(actions.send(session, "calm"))
    twin = await actions.open(session.browser(), "en")
    twin.talk, twin.user = session.talk, session.user
    name = name_of(0, session.turns[0])

    await asyncio.gather(drain(sharing.share(session, name)), drain(sharing.share(twin, name)))

    assert session.shared.token != twin.shared.token
    assert len(sharing.store.of_user(session.user.user_id)) == 2
