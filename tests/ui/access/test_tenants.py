"""Two tenants with a user of the same id: through no route does one see, steer, export or erase the other's."""

from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient

from tests.ui.access.conftest import Client, add_key

WISH = {"messages": [{"role": "user", "content": "something sad from the nineties"}], "user": "kim"}


@pytest.fixture
def tenants(films: TestClient) -> tuple[Client, Client]:
    state = films.app.state.agent.state
    return Client(films, add_key(state, "acme")), Client(films, add_key(state, "bolt"))


def profile(client: Client, user: str = "kim") -> dict:
    answer = client.ask("GET", f"/api/users/{user}/profile")
    assert answer.status_code == 200, answer.text
    return answer.json()


def like(client: Client, item_id: str, **more):
    return client.ask("POST", "/api/feedback", json={"user": "kim", "item_id": item_id, "kind": "like", **more})


def shown_to(client: Client) -> dict:
    answer = client.ask("POST", "/v1/chat/completions", json=WISH)
    assert answer.status_code == 200, answer.text
    return answer.json()["reconteur"]


def test_what_one_does_is_nowhere_to_be_seen_by_the_other(tenants):
    acme, bolt = tenants
    shown = shown_to(acme)
    item_id = shown["recommendations"][0]["item_id"]
    assert like(acme, item_id, conversation_id=shown["conversation_id"]).status_code == 200

    for path in ("", "/profile", "/export"):
        assert bolt.ask("GET", f"/api/users/kim{path}").status_code == 404
    assert like(bolt, item_id).status_code == 404
    bolt.ask("POST", "/v1/chat/completions", json=WISH)

    assert profile(acme)["liked"] == [item_id]
    assert (profile(bolt)["liked"], profile(bolt)["feedback_count"]) == ([], 0)
    exported = bolt.ask("GET", "/api/users/kim/export").json()
    assert (exported["feedback"], exported["conversation_turns"]) == ([], {})
    assert {row["conversation_id"] for row in exported["exposures"]}.isdisjoint({shown["conversation_id"]})
    assert "\x1f" not in acme.ask("GET", "/api/users/kim/export").text


def test_ids_of_feedback_and_conversations_open_nothing_elsewhere(tenants):
    acme, bolt = tenants
    shown = shown_to(acme)
    item_id, conversation_id = shown["recommendations"][0]["item_id"], shown["conversation_id"]
    given = like(acme, item_id, conversation_id=conversation_id).json()
    shown_to(bolt)

    undone = bolt.ask("DELETE", f"/api/feedback/{given['feedback_id']}", params={"user": "kim"})
    theirs = like(bolt, item_id, conversation_id=conversation_id)

    assert (undone.status_code, theirs.status_code) == (204, 200)
    assert profile(acme)["liked"] == [item_id]
    bolt.ask("DELETE", f"/api/feedback/{theirs.json()['feedback_id']}", params={"user": "kim"})
    exported = acme.ask("GET", "/api/users/kim/export").json()
    assert exported["conversation_turns"][conversation_id]["preference"]["liked"] == [item_id]
    assert [row["undone_at"] for row in exported["feedback"]] == [None]


def test_erasing_reaches_one_tenant_alone(tenants):
    acme, bolt = tenants
    for client in tenants:
        shown_to(client)

    assert bolt.ask("DELETE", "/api/users/kim").status_code == 204

    assert bolt.ask("GET", "/api/users/kim").status_code == 404
    assert profile(acme)["exposure_count"] > 0


def test_what_one_wished_does_not_steer_the_other_who_says_the_same(tenants):
    acme, bolt = tenants
    said = {"message": "something sad", "constraints": [{"field": "year", "op": "max", "values": [1985]}]}
    acme.ask("POST", "/api/recommend", json=said)
    history = [
        {"role": "user", "content": "something sad"},
        {"role": "assistant", "content": acme.ask("POST", "/api/recommend", json=said).json()["text"]},
        {"role": "user", "content": "shorter"},
    ]

    def limits(client: Client) -> list:
        answer = client.ask("POST", "/v1/chat/completions", json={"messages": history}).json()
        return [
            constraint
            for constraint in answer["reconteur"]["intent"]["preference"]["constraints"]
            if constraint["field"] == "year"
        ]

    assert limits(acme) != []
    assert limits(bolt) == []


@pytest.mark.parametrize("user", ["acme\x1fkim", "\x1fkim", "acme/kim", "acme/\x1fkim"])
def test_no_spelling_of_an_id_reaches_into_a_tenant(films: TestClient, tenants, user: str):
    acme, _ = tenants
    shown_to(acme)
    nobody = Client(films, add_key(films.app.state.agent.state))

    answer = nobody.ask("POST", "/v1/chat/completions", json={**WISH, "user": user})
    read = nobody.ask("GET", f"/api/users/{quote(user)}/export")

    assert answer.status_code == (422 if "\x1f" in user else 200)
    assert read.status_code == (404 if "\x1f" in user else 200)
    assert profile(acme)["exposure_count"] == len(shown_to(acme)["recommendations"])
    talk = nobody.ask(
        "POST", "/api/feedback", json={"user": "x", "item_id": "x", "kind": "like", "conversation_id": user}
    )
    assert talk.status_code in (404, 422)


def test_before_the_first_key_everything_belongs_to_the_tenant_without_a_name(films: TestClient):
    films.post("/v1/chat/completions", json=WISH)
    state = films.app.state.agent.state
    mine, other = Client(films, add_key(state)), Client(films, add_key(state, "acme"))

    assert profile(mine)["exposure_count"] > 0
    assert other.ask("GET", "/api/users/kim").status_code == 404


def test_guesses_shown_to_one_tenant_teach_the_other_nothing(films: TestClient, tenants):
    agent = films.app.state.agent
    acme, bolt = (agent.of(name).retriever.explorer for name in ("acme", "bolt"))
    before = bolt.guessed.copy()

    for _ in range(4):
        shown_to(tenants[0])

    assert acme.guessed is not bolt.guessed
    assert (bolt.guessed == before).all()
    assert agent.of("acme/kim").retriever is agent.of("acme").retriever
