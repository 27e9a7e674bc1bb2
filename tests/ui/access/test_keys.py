import hashlib

import pytest
from fastapi.testclient import TestClient

from retrieval.errors import SettingsError
from retrieval.state import AccessStore
from tests.ui.access.conftest import Client, add_key
from tests.ui.conftest import routes_of
from tests.ui.fakes import FakeAgent
from ui.access.caller import Scope
from ui.access.keys import make_key
from ui.access.login import add_door
from ui.access.scopes import ANYBODY, RULES
from ui.api.app import create_app
from ui.page.shared_page import add_shared

WISH = {"messages": [{"role": "user", "content": "something calm"}], "user": "kim"}
GUARDED = {route: rule for route, rule in RULES.items() if rule is not ANYBODY}


def fill_in(path: str) -> str:
    return path.format(model="reconteur", feedback_id="1", item_id="game:1", user_id="kim", name="search")


def test_without_keys_nothing_is_asked_whatever_a_client_sends(client: TestClient):
    for header in ("Bearer none", "Bearer rk_made_up", "Basic abc", ""):
        assert client.get("/v1/models", headers={"Authorization": header}).status_code == 200


def test_every_route_declares_its_scope(agent: FakeAgent):
    app = create_app(agent, agent.settings)
    add_door(app)
    add_shared(app)

    assert routes_of(app) == set(RULES)


def test_a_route_without_a_scope_answers_nobody(agent: FakeAgent):
    app = create_app(agent, agent.settings)
    app.add_api_route("/healthz/more", lambda: "secret", methods=["GET"])

    answer = TestClient(app).get("/healthz/more")

    assert answer.status_code == 403
    assert "ui/access/scopes.py" in answer.json()["error"]["message"]


@pytest.mark.parametrize(("method", "path"), GUARDED)
def test_from_the_first_key_on_every_route_asks_for_one(client, agent: FakeAgent, method: str, path: str):
    add_key(agent.state)

    for header in ({}, {"Authorization": "Bearer rk_0123456789_wrong"}, {"Authorization": "Basic abc"}):
        answer = client.request(method, fill_in(path), headers=header)

        assert answer.status_code == 401
        assert answer.json()["error"]["message"].startswith("expected an API key")
        assert answer.headers["www-authenticate"] == 'Bearer realm="reconteur"'
    assert client.get("/healthz").status_code == 200


@pytest.mark.parametrize(("method", "path"), GUARDED)
def test_a_key_opens_what_its_scopes_name_and_no_more(client, agent: FakeAgent, method: str, path: str):
    agent.state.ensure_user("kim")
    for scope in Scope:
        answer = Client(client, add_key(agent.state, scopes=(scope,))).ask(
            method, fill_in(path), params={"user": "kim"}
        )

        assert (answer.status_code == 403) == (scope not in RULES[method, path].scopes), answer.text
        if answer.status_code == 403:
            assert 'error="insufficient_scope"' in answer.headers["www-authenticate"]


def test_a_revoked_key_opens_nothing_and_the_server_stays_closed(client, agent: FakeAgent):
    shown = add_key(agent.state)
    store = AccessStore(agent.state.database)
    assert Client(client, shown).ask("POST", "/v1/chat/completions", json=WISH).status_code == 200

    store.revoke_key(store.list_keys()[0].key_id, who="test")

    assert Client(client, shown).ask("GET", "/v1/models").status_code == 401
    assert client.get("/v1/models").status_code == 401


def test_only_the_digest_of_a_key_is_stored(agent: FakeAgent):
    shown = add_key(agent.state)

    (stored,) = AccessStore(agent.state.database).list_keys()

    assert shown.startswith(f"rk_{stored.key_id}_")
    assert stored.digest == hashlib.sha256(shown.encode()).hexdigest()
    assert shown not in repr(stored)


@pytest.mark.parametrize(
    ("tenant", "scopes", "says"),
    [
        ("Acme", ["chat"], "expected as tenant"),
        ("a/b", ["chat"], "expected as tenant"),
        ("", ["sing"], "found sing"),
        ("", [""], "found none"),
    ],
)
def test_a_key_that_cannot_be_names_what_can(tenant: str, scopes: list[str], says: str):
    with pytest.raises(SettingsError, match=says):
        make_key("x", tenant=tenant, scopes=scopes)


def test_neither_keys_nor_users_are_logged(client, agent: FakeAgent, caplog: pytest.LogCaptureFixture):
    shown = add_key(agent.state)
    with caplog.at_level("DEBUG"):
        Client(client, shown).ask("DELETE", "/api/users/kim-marker")
        Client(client, shown + "x").ask("DELETE", "/api/users/kim-marker")

    assert shown not in caplog.text
    ours = "\n".join(
        record.getMessage() for record in caplog.records if record.name.startswith(("ui", "agent", "retrieval"))
    )
    assert "kim-marker" not in ours


def test_an_erasure_names_the_key_that_asked_for_it(client, agent: FakeAgent):
    key = Client(client, add_key(agent.state, "acme"))
    key.token_for("kim")

    key.ask("DELETE", "/api/users/kim")

    entry = AccessStore(agent.state.database).audit()[-1]
    (stored,) = AccessStore(agent.state.database).list_keys()
    assert (entry.who, entry.act, entry.tenant) == (f"key {stored.key_id}", "erase user", "acme")
