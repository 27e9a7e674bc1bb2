import json
import logging

import pytest
from fastapi.testclient import TestClient

from agent.transcript import near_titles, shown_titles
from tests.ui.fakes import FakeAgent, make_agent
from ui.api.app import create_app
from ui.page.mount import mount_chat


def ask(client: TestClient, text: str, **more) -> dict:
    answer = client.post("/v1/chat/completions", json={"messages": [{"role": "user", "content": text}], **more})
    assert answer.status_code == 200, answer.text
    return answer.json()


def stream(client: TestClient, text: str, **more) -> list[dict]:
    body = {"messages": [{"role": "user", "content": text}], "stream": True, **more}
    lines = client.post("/v1/chat/completions", json=body).text.split("\n\n")
    assert lines[-2:] == ["data: [DONE]", ""]
    return [json.loads(line.removeprefix("data: ")) for line in lines[:-2]]


def new_user(client: TestClient, name: str = "Kim") -> str:
    return client.post("/api/users", json={"name": name}).json()["user_id"]


def test_the_text_is_the_same_streamed_or_not(client):
    whole = ask(client, "something calm")["choices"][0]["message"]["content"]

    pieces = "".join(chunk["choices"][0]["delta"].get("content", "") for chunk in stream(client, "something calm"))

    assert pieces == whole
    assert whole.endswith("would suit an evening like that.")


def test_the_cards_leave_before_the_prose_starts(client):
    chunks = stream(client, "something calm")

    contents = [chunk["choices"][0]["delta"].get("content") for chunk in chunks]
    assert contents[0] == ""
    assert contents[1].startswith("1. **Lantern Harbor (2014)**: calm, by Ada Quill.")
    assert contents[2].startswith("\n\n")
    assert [film["item_id"] for film in chunks[0]["reconteur"]["recommendations"]] == ["game:1", "game:2", "game:3"]
    assert "trace" not in chunks[0]["reconteur"]
    assert chunks[-1]["reconteur"]["trace"]["tools"][0]["name"] == "search_catalog"


def test_small_talk_has_no_list(client):
    answer = ask(client, "hello there")

    assert answer["choices"][0]["message"]["content"] == "Hello! What would you like to play?"
    assert answer["reconteur"]["recommendations"] == []
    assert answer["reconteur"]["intent"]["act"] == "answer"


def test_a_question_has_choices_and_no_list(client):
    answer = ask(client, "which one")

    intent = answer["reconteur"]["intent"]
    assert answer["choices"][0]["message"]["content"] == "Shall it be calm or tense?"
    assert (intent["act"], intent["choices"]) == ("ask", ["Calm ones", "Tense ones"])
    assert answer["reconteur"]["recommendations"] == []


def test_an_answer_says_who_led_the_turn_and_why(client):
    answer = ask(client, "calm")["reconteur"]

    assert answer["intent"]["driver"] == answer["trace"]["driver"] == "tools"
    assert answer["trace"]["reason"] == "right tool calls in 3 of 3 trials"


def test_near_misses_stand_apart_with_the_limits_they_break(client):
    answer = ask(client, "nothing fits this")

    content = answer["choices"][0]["message"]["content"]
    assert shown_titles(content) == []
    assert len(near_titles(content)) == 2
    assert "> No game keeps all limits" in content
    assert answer["reconteur"]["near_misses"][0]["breaks"] == ["minutes:max:10"]
    assert answer["reconteur"]["notices"] == ["No game keeps all limits; these come close."]


def test_a_chinese_request_gets_a_chinese_list(client):
    content = ask(client, "想玩一个安静的游戏")["choices"][0]["message"]["content"]

    assert content.startswith("1. **Lantern Harbor (2014)**：")
    assert content.endswith("希望你喜欢。")


def test_evidence_comes_with_its_statement(client):
    first = ask(client, "calm")["reconteur"]["recommendations"][0]

    assert first["reason"] == "calm, by Ada Quill."
    assert first["evidence"][0] == {
        "statement": "its mood is calm",
        "channel": "graph",
        "kind": "fact",
        "field": "moods",
        "value": "calm",
    }


def test_usage_sums_the_calls_of_the_language_model(client):
    usage = ask(client, "calm")["usage"]

    assert (usage["prompt_tokens"], usage["completion_tokens"], usage["total_tokens"]) == (1200, 100, 1300)


def test_without_a_user_nothing_is_stored(client, agent: FakeAgent):
    ask(client, "calm")
    ask(client, "calm", user="")

    assert agent.stored == [False, False]
    assert agent.state.list_users() == []


def test_a_client_may_bring_its_own_user_id(client, agent: FakeAgent):
    ask(client, "calm", user="shop/customer-7")

    assert agent.stored == [True]
    assert client.get("/api/users/shop/customer-7").json()["user_id"] == "shop/customer-7"
    assert client.get("/api/users/shop/customer-7/profile").status_code == 200


@pytest.mark.parametrize("user", ["x" * 5000, "line\nbreak", "\u0000"])
def test_an_impossible_user_id_is_refused(client, user: str):
    body = {"messages": [{"role": "user", "content": "calm"}], "user": user}

    answer = client.post("/v1/chat/completions", json=body)

    assert answer.status_code == 422
    assert answer.json()["error"]["param"] == "user"


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({}, "messages"),
        ({"messages": []}, "messages"),
        ({"messages": "hi"}, "messages"),
        ({"messages": [{"role": "user"}]}, "messages"),
        ({"messages": [{"role": "user", "content": "  \n"}]}, "messages"),
        ({"messages": [{"role": "assistant", "content": "hi"}]}, "messages"),
        ({"messages": [{"content": "hi"}]}, "messages.0.role"),
        ({"messages": [{"role": "user", "content": 7}]}, "messages.0.content"),
        ({"messages": [{"role": "user", "content": [{"type": "smell"}]}]}, "messages.0.content.0.type"),
        ({"messages": [{"role": "user", "content": "hi"}], "stream": "maybe"}, "stream"),
        ({"messages": [{"role": "user", "content": "hi"}], "user": 5}, "user"),
        ([], "body"),
    ],
)
def test_a_malformed_request_names_the_field(client, body, param: str):
    answer = client.post("/v1/chat/completions", json=body)

    error = answer.json()["error"]
    assert answer.status_code == 422
    assert set(error) == {"message", "type", "param", "code"}
    assert error["param"] == param
    assert param in error["message"]


@pytest.mark.parametrize("body", [b"{", b'{"messages": [}', b""])
def test_malformed_json_says_so(client, body: bytes):
    answer = client.post("/v1/chat/completions", content=body, headers={"content-type": "application/json"})

    assert answer.status_code == 422
    assert "body" in answer.json()["error"]["message"]


def test_bytes_that_are_no_text_are_refused(client):
    answer = client.post("/v1/chat/completions", content=b"\xff\xfe{", headers={"content-type": "application/json"})

    assert answer.status_code in (400, 422)
    assert answer.json()["error"]["type"] == "invalid_request_error"


def test_a_long_message_is_answered_and_a_huge_body_refused(client):
    assert ask(client, "calm " * 20_000)["reconteur"]["recommendations"]

    answer = client.post("/v1/chat/completions", content=b" " * (2 << 20))

    assert answer.status_code == 413
    assert "expected a body of at most 1048576 bytes" in answer.json()["error"]["message"]


def test_a_huge_body_without_a_length_is_refused(client):
    chunks = (b" " * (1 << 18) for _ in range(8))

    answer = client.post("/v1/chat/completions", content=chunks, headers={"content-type": "application/json"})

    assert answer.status_code == 413


def test_odd_characters_pass(client):
    halves = b'{"messages": [{"role": "user", "content": "calm \\ud83c"}], "user": "kim"}'
    assert client.post("/v1/chat/completions", content=halves, headers={"content-type": "application/json"}).is_success
    assert ask(client, "🎲 calm \u0007 <script>alert(1)</script> \u202e")["choices"]


def test_an_error_in_the_stream_is_an_event(client):
    chunks = stream(client, "break late")

    assert chunks[-1] == {
        "error": {
            "message": "the language model stopped in mid-sentence.",
            "type": "server_error",
            "param": None,
            "code": "model_unavailable",
        }
    }


@pytest.mark.parametrize("streamed", [True, False])
def test_a_bug_is_answered_without_its_words_and_logged_by_place(client, caplog, streamed: bool):
    body = {"messages": [{"role": "user", "content": "bug marker-4711"}], "stream": streamed}

    with caplog.at_level(logging.INFO):
        answer = client.post("/v1/chat/completions", json=body)

    assert answer.status_code == 500
    assert "hit a bug" in answer.json()["error"]["message"]
    assert "ZeroDivisionError at fakes.py" in caplog.text
    assert "marker-4711" not in caplog.text + answer.text


def test_the_log_has_route_templates_and_no_ids(client, caplog):
    with caplog.at_level(logging.DEBUG):
        user = new_user(client, "Kim-Marker")
        client.get(f"/api/users/{user}/profile")
        ask(client, "text-marker", user=user)
        client.post("/api/feedback", json={"user": user, "item_id": "game:1", "kind": "like"})
        client.delete(f"/api/users/{user}")
        client.get("/api/nowhere/path-marker")

    ours = "\n".join(record.getMessage() for record in caplog.records if record.name.startswith(("ui.", "uvicorn")))
    assert "GET /api/users/{user_id}/profile 200" in ours
    assert "GET (no such path) 404" in ours
    assert user not in ours
    assert "marker" not in ours.casefold()


def test_no_such_path_and_wrong_method_have_the_shape_of_errors(client):
    assert client.get("/v1/nothing").json()["error"]["type"] == "invalid_request_error"
    assert client.get("/v1/chat/completions").status_code == 405


async def test_no_such_path_keeps_that_shape_beside_the_page(agent: FakeAgent):
    app = mount_chat(create_app(agent, agent.settings, warm=False), agent)
    client = TestClient(app)

    for path in ("/api/nothing", "/v1/nothing/at/all"):
        answer = client.post(path)
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "404")
    assert client.get("/v1/chat/completions").status_code == 405


def test_feedback_is_kept_and_can_be_undone(client, agent: FakeAgent):
    user = new_user(client)

    given = client.post("/api/feedback", json={"user": user, "item_id": "game:2", "kind": "dislike"}).json()

    assert client.get(f"/api/users/{user}/profile").json()["disliked"] == ["game:2"]
    undone = client.delete(f"/api/feedback/{given['feedback_id']}", params={"user": user})
    assert undone.status_code == 204
    assert client.get(f"/api/users/{user}/profile").json()["disliked"] == []


def test_a_watchlist_is_kept_and_an_item_can_be_taken_off(client, agent: FakeAgent):
    user = agent.state.create_user("Ann").user_id

    for item_id in ("game:1", "game:2", "game:1"):
        assert client.post("/api/watchlist", json={"user": user, "item_id": item_id}).status_code == 200
    kept = client.get("/api/watchlist", params={"user": user}).json()
    gone = [client.delete("/api/watchlist/game:2", params={"user": user}).status_code for _ in range(2)]

    assert [film["item_id"] for film in kept] == ["game:2", "game:1"]
    assert gone == [204, 204]
    assert [entry.item_id for entry in agent.state.watchlist_of(user)] == ["game:1"]


@pytest.mark.parametrize(("user", "item_id"), [("nobody", "game:1"), ("", "game:9999")])
def test_a_watchlist_takes_known_items_of_known_users_alone(client, agent: FakeAgent, user: str, item_id: str):
    made = agent.state.create_user("Ann").user_id

    answer = client.post("/api/watchlist", json={"user": user or made, "item_id": item_id})

    assert answer.status_code == 404
    assert agent.state.watchlist_of(made) == []


def test_feedback_about_an_unknown_item_names_near_titles(client):
    body = {"user": new_user(client), "item_id": "game:Lantern Harbour", "kind": "like"}

    answer = client.post("/api/feedback", json=body)

    assert answer.status_code == 404
    assert answer.json()["error"]["param"] == "item_id"
    assert "Lantern Harbor (game:1)" in answer.json()["error"]["message"]


def test_feedback_of_an_unknown_user_says_how_to_get_one(client):
    answer = client.post("/api/feedback", json={"user": "nobody", "item_id": "game:1", "kind": "like"})

    assert answer.status_code == 404
    assert "POST /api/users" in answer.json()["error"]["message"]


def test_feedback_cannot_reach_into_somebody_elses_conversation(client, agent: FakeAgent):
    mine, other = new_user(client), new_user(client)
    conversation = agent.from_messages([], user_id=other)
    agent.conversations.stored[conversation.conversation_id] = conversation
    body = {"user": mine, "item_id": "game:1", "kind": "like", "conversation_id": conversation.conversation_id}

    answer = client.post("/api/feedback", json=body)

    assert answer.status_code == 404
    assert agent.state.feedback_of(mine) == []


def test_an_erased_user_is_gone(client):
    user = new_user(client)
    assert client.get(f"/api/users/{user}/export").json()["user"]["name"] == "Kim"

    assert client.delete(f"/api/users/{user}").status_code == 204

    for path in ("", "/profile", "/export"):
        assert client.get(f"/api/users/{user}{path}").status_code == 404
    assert client.delete(f"/api/users/{user}").status_code == 404


def test_an_item_shows_its_facts(client):
    shown = client.get("/api/items/game:7").json()

    assert shown["title"] == "Deep Signal"
    assert shown["values"]["designers"] == ["Mina Sol"]
    assert client.get("/api/items/game:99").status_code == 404


def test_recommend_from_words(client):
    answer = client.post("/api/recommend", json={"message": "calm, after 2015", "k": 2}).json()

    assert [film["item_id"] for film in answer["recommendations"]] == ["game:2", "game:4"]
    assert answer["text"].startswith("1. **Nine Foxes (2019)**")


def test_recommend_from_fields_calls_no_model(client, agent: FakeAgent):
    limits = [{"field": "year", "op": "min", "values": [2015]}, {"field": "kinds", "op": "is", "values": ["Party"]}]

    answer = client.post("/api/recommend", json={"constraints": limits, "disliked": ["game:2"]}).json()

    assert [film["item_id"] for film in answer["recommendations"]] == ["game:9"]
    assert [call[0] for call in agent.calls] == ["rerank"]


@pytest.mark.parametrize(("asked", "given"), [("ko", "ko"), (None, "en")])
def test_recommend_answers_in_the_language_asked_for(client, asked: str | None, given: str):
    body = {"liked": ["game:1"], **({} if asked is None else {"language": asked})}

    answer = client.post("/api/recommend", json=body).json()

    assert answer["intent"]["preference"]["language"] == given


@pytest.mark.parametrize(
    ("body", "status", "param"),
    [
        ({"message": " "}, 422, "message"),
        ({"language": "xx"}, 422, "language"),
        ({"k": 0}, 422, "k"),
        ({"novelty": 2}, 422, "novelty"),
        ({"constraints": [{"field": "colour", "op": "is", "values": ["red"]}]}, 422, "constraints.0.field"),
        ({"constraints": [{"field": "kinds", "op": "min", "values": [3]}]}, 422, "constraints.0.op"),
        ({"constraints": [{"field": "year", "op": "is", "values": ["new"]}]}, 422, "constraints.0.values"),
        ({"constraints": [{"field": "kinds", "op": "is", "values": ["opera"]}]}, 422, "constraints.0.values"),
        ({"liked": ["game:99"]}, 404, "item_id"),
        ({"message": "a", "messages": [{"role": "user", "content": "b"}]}, 422, "body"),
    ],
)
def test_recommend_names_the_field_that_is_wrong(client, body: dict, status: int, param: str):
    answer = client.post("/api/recommend", json=body)

    assert (answer.status_code, answer.json()["error"]["param"]) == (status, param)


def test_health_and_readiness(client, agent: FakeAgent):
    assert client.get("/healthz").json() == {"status": "ok"}
    ready = client.get("/readyz").json()
    assert (ready["status"], ready["driver"]) == ("ready", "tools: right tool calls in 3 of 3 trials")

    agent.parts["model"] = "no answer from http://127.0.0.1:8080/v1"
    degraded = client.get("/readyz")
    agent.parts["catalog"] = "no catalog. Build it with: reconteur build"
    down = client.get("/readyz")

    assert (degraded.status_code, degraded.json()["status"]) == (200, "degraded")
    assert (down.status_code, down.json()["status"]) == (503, "not ready")


def test_the_application_builds_warms_and_closes_its_agent(tmp_path):
    agent = make_agent(tmp_path)

    async def build(settings):
        return agent

    with TestClient(create_app(build, agent.settings)) as client:
        assert client.get("/readyz").status_code == 200
        assert agent.warmed

    assert agent.closed
    agent.state.close()
