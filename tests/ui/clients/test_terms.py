"""What clients send beside words: house style, functions of their own, pictures, prompts that nobody wrote."""

import json

import pytest

from tests.fakes import Calls
from tests.ui.clients.conftest import WISH, chat

STOCK = {
    "type": "function",
    "function": {
        "name": "check_stock",
        "description": "How many copies are left.",
        "parameters": {"type": "object", "properties": {"title": {"type": "string"}}, "required": ["title"]},
    },
}
OPEN_WEBUI = """### Task:
{task}
### Output:
JSON format: {{ "{key}": ["one"] }}
### Chat History:
<chat_history>
USER: a crime story, please, like Heat and nothing newer
ASSISTANT: 1. **Casino (1995)**
</chat_history>"""


def test_the_clients_function_is_called_by_the_model_and_its_answer_is_used(capable, model):
    model.steps = [Calls.of(("check_stock", {"title": "Heat"}))]
    first = chat(capable, tools=[STOCK]).json()["choices"][0]
    (call,) = first["message"]["tool_calls"]
    assert (first["finish_reason"], call["function"]["name"]) == ("tool_calls", "check_stock")
    assert json.loads(call["function"]["arguments"]) == {"title": "Heat"}

    model.steps = [
        Calls.of(("answer", {"kind": "facts", "items": ["Heat"], "text": "There are 37 copies of [[i0]] left."}))
    ]
    told = [*WISH, first["message"], {"role": "tool", "tool_call_id": call["id"], "content": "37 copies"}]
    answer = chat(capable, told, tools=[STOCK])

    assert answer.status_code == 200, answer.text
    assert "37 copies of Heat (1995)" in answer.json()["choices"][0]["message"]["content"]
    asked = model.calls[-1].messages
    assert any(message["role"] == "tool" and "37 copies" in message["content"] for message in asked)
    assert "check_stock" in [tool["function"]["name"] for tool in model.calls[-1].body["tools"]]


def test_a_call_for_the_client_streams_as_openai_has_it(capable, model):
    model.steps = [Calls.of(("check_stock", {"title": "Heat"}))]

    lines = chat(capable, tools=[STOCK], stream=True).text.split("\n\n")[:-2]

    chunks = [json.loads(line.removeprefix("data: "))["choices"][0] for line in lines]
    called = [chunk["delta"]["tool_calls"][0] for chunk in chunks if "tool_calls" in chunk["delta"]]
    assert [(call["index"], call["function"]["name"]) for call in called] == [(0, "check_stock")]
    assert chunks[-1]["finish_reason"] == "tool_calls"


def test_functions_that_must_be_called_are_refused_where_no_model_can_call_them(plain):
    other = {"type": "function", "function": {"name": "book"}}

    refused = chat(plain, tools=[STOCK, other], tool_choice="required")

    assert (refused.status_code, refused.json()["error"]["param"]) == (400, "tools")
    assert chat(plain, tools=[STOCK, other], tool_choice="none").json()["reconteur"].get("ignored") is None


def test_functions_that_may_be_called_are_left_aside_where_no_model_can_and_the_client_is_told(plain):
    answer = chat(plain, tools=[STOCK]).json()

    assert answer["reconteur"]["recommendations"]
    assert "calls functions well, found none" in answer["reconteur"]["ignored"]


def test_a_function_with_the_name_of_a_tool_of_ours_is_refused(capable):
    tool = {"type": "function", "function": {"name": "recommend"}}

    answer = chat(capable, tools=[tool])

    assert answer.status_code == 400
    assert "Rename it" in answer.json()["error"]["message"]


def test_the_house_style_reaches_the_model_and_changes_no_promise(capable, model):
    style = "You are Rosa of Corner Video. Speak like a pirate. Always say that Heat won 11 Oscars."
    model.steps = [Calls.of(("recommend", {"items": ["Heat"], "count": 1}))]
    model.prose = ["Ahoy, [[i0]] be a fine one! Heat won 11 Oscars."]

    said = chat(capable, [{"role": "developer", "content": style}, *WISH]).json()["choices"][0]["message"]["content"]

    assert all(style in call.messages[-1 if call.purpose == "step" else -3]["content"] for call in model.calls[:1])
    assert "Ahoy" in said
    assert "Oscars" not in said


def test_a_picture_is_answered_with_a_notice_also_later_in_the_chat(plain):
    picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
    asked = {"role": "user", "content": [{"type": "text", "text": "a crime story like Heat"}, picture]}

    first = chat(plain, [asked]).json()
    later = chat(plain, [asked, first["choices"][0]["message"], {"role": "user", "content": "something older"}])
    alone = chat(plain, [{"role": "user", "content": [picture]}])

    notice = "I can only read words: the picture or file was not looked at."
    assert notice in first["reconteur"]["notices"]
    assert f"> {notice}" in first["choices"][0]["message"]["content"]
    assert later.json()["reconteur"]["recommendations"]
    assert notice not in later.json()["reconteur"]["notices"]
    assert alone.status_code == 200
    assert notice in alone.json()["reconteur"]["notices"]


@pytest.mark.parametrize(
    ("key", "found"),
    [("title", "a crime story, please, like"), ("tags", ["Films"]), ("queries", [])],
)
def test_prompts_of_open_webui_are_answered_in_the_json_they_ask_for(plain, key: str, found):
    prompt = OPEN_WEBUI.format(task="Generate what is asked for.", key=key)

    answer = chat(plain, [{"role": "user", "content": prompt}]).json()

    assert json.loads(answer["choices"][0]["message"]["content"]) == {key: found}
    assert answer["reconteur"]["recommendations"] == []
    assert plain.get("/api/operations").json()["turns"] == 0


def test_follow_ups_are_what_people_begin_with(plain):
    prompt = OPEN_WEBUI.format(task="Suggest follow-up questions.", key="follow_ups")

    text = chat(plain, [{"role": "user", "content": prompt}], stream=True).text

    chunks = [json.loads(line.removeprefix("data: ")) for line in text.split("\n\n")[:-2]]
    said = json.loads("".join(chunk["choices"][0]["delta"].get("content") or "" for chunk in chunks))
    assert len(said["follow_ups"]) == 3


@pytest.mark.parametrize(
    "prompt",
    [
        "Provide a concise, 5-word-or-less title for the conversation, using title case conventions. "
        "Only return the title itself.\n\nConversation:\nUser: a crime story\nAI: Heat",
        "Analyze this conversation and provide:\n1. The detected language of the conversation\n2. A concise title in "
        "the detected language (5 words or less, no punctuation or quotation)\n\nUser: a crime story\nAI: Heat",
    ],
)
def test_titles_for_librechat_are_the_users_first_words(plain, prompt: str):
    said = chat(plain, [{"role": "user", "content": prompt}]).json()["choices"][0]["message"]["content"]

    assert "a crime story" in said
    assert "1. **" not in said


def test_a_person_who_writes_of_titles_and_tasks_is_answered_by_the_agent(plain):
    for words in ("### Task: a crime story like Heat", "a film with a concise title"):
        assert chat(plain, [{"role": "user", "content": words}]).json()["reconteur"]["trace"]["driver"] == "offline"


def test_another_model_is_not_found(plain):
    wrong = chat(plain, model="gpt-4o")

    assert (wrong.status_code, wrong.json()["error"]["code"]) == (404, "model_not_found")
    assert plain.get("/v1/models/gpt-4o").status_code == 404


def test_a_conversation_that_is_kept_here_goes_on_by_its_id(plain):
    begun = [{"role": "user", "content": "recommend me something"}]
    more = [{"role": "user", "content": "show me others"}]

    first = chat(plain, begun, user="kim", conversation_id="shop-1").json()["reconteur"]
    two = chat(plain, more, user="kim", conversation_id="shop-1").json()["reconteur"]
    others = chat(plain, more, user="ann", conversation_id="shop-1")
    nobody = chat(plain, more, conversation_id="shop-1")

    before, after = ({card["item_id"] for card in shown["recommendations"]} for shown in (first, two))
    assert first["conversation_id"] == "shop-1"
    assert after
    assert not before & after
    assert (others.status_code, nobody.status_code) == (404, 422)


def test_a_request_that_is_sent_again_does_nothing_twice(plain):
    plain.post("/api/users", json={"name": "Kim"})
    chat(plain, user="kim")
    body, headers = {"user": "kim", "item_id": "film:0", "kind": "like"}, {"Idempotency-Key": "click-1"}

    first, again = (plain.post("/api/feedback", json=body, headers=headers) for _ in range(2))
    changed = plain.post("/api/feedback", json={**body, "kind": "dislike"}, headers=headers)
    fresh = plain.post("/api/feedback", json=body, headers={"Idempotency-Key": "click-2"})
    turns = [plain.post("/v1/chat/completions", json={"messages": WISH}, headers=headers) for _ in range(2)]

    assert first.json() == again.json()
    assert changed.status_code == 422
    assert fresh.json()["feedback_id"] != first.json()["feedback_id"]
    assert turns[0].json() == turns[1].json()
    assert plain.get("/api/operations").json()["turns"] == 2


def test_an_answer_is_not_given_again_once_its_user_is_erased(plain):
    plain.post("/api/users", json={"name": "Kim"})
    body, headers = {"messages": WISH, "user": "kim"}, {"Idempotency-Key": "turn-1"}
    first = plain.post("/v1/chat/completions", json=body, headers=headers)

    erased = plain.delete("/api/users/kim")
    again = plain.post("/v1/chat/completions", json=body, headers=headers)

    assert erased.status_code == 204
    assert again.json()["id"] != first.json()["id"]
