"""The API through the clients that people use; nothing here depends on which agent answers."""

import json

import httpx
import openai
import pytest
from langchain_openai import ChatOpenAI
from openai import AsyncOpenAI, OpenAI

from agent.transcript import shown_titles

WISH = [{"role": "user", "content": "Recommend me three good ones, please."}]


@pytest.fixture
def sdk(base_url: str):
    with OpenAI(base_url=f"{base_url}/v1", api_key="none", max_retries=0, timeout=120) as made:
        yield made


def labels(recommendations: list[dict]) -> list[str]:
    return [
        film["title"] if film.get("year") is None else f"{film['title']} ({film['year']})" for film in recommendations
    ]


def test_a_completion_has_the_list_in_words_and_in_fields(sdk: OpenAI):
    answer = sdk.chat.completions.create(model="reconteur", messages=WISH)

    extras = answer.model_extra["reconteur"]
    assert answer.object == "chat.completion"
    assert answer.choices[0].finish_reason == "stop"
    assert extras["recommendations"]
    assert shown_titles(answer.choices[0].message.content) == labels(extras["recommendations"])
    wanted = {"item_id", "title", "score", "channels", "exploratory", "propensity", "reason", "evidence"}
    assert all(wanted <= set(film) for film in extras["recommendations"])
    assert {"intent", "near_misses", "notices", "trace"} <= set(extras)


def test_a_stream_brings_the_cards_first_and_the_trace_last(sdk: OpenAI):
    chunks = list(sdk.chat.completions.create(model="reconteur", messages=WISH, stream=True))

    first, second, last = chunks[0], chunks[1], chunks[-1]
    cards = first.model_extra["reconteur"]["recommendations"]
    assert first.choices[0].delta.role == "assistant"
    assert "intent" in first.model_extra["reconteur"]
    assert shown_titles(second.choices[0].delta.content) == labels(cards)
    assert last.choices[0].finish_reason == "stop"
    assert "trace" in last.model_extra["reconteur"]
    assert len({chunk.id for chunk in chunks}) == 1
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks).startswith("1. **")


def test_the_usage_chunk_comes_when_asked_for(sdk: OpenAI):
    options = {"include_usage": True}

    chunks = list(sdk.chat.completions.create(model="reconteur", messages=WISH, stream=True, stream_options=options))

    assert chunks[-1].choices == []
    assert chunks[-1].usage.total_tokens == chunks[-1].usage.prompt_tokens + chunks[-1].usage.completion_tokens
    assert all(chunk.usage is None for chunk in chunks[:-1])


def test_what_was_shown_is_not_shown_again(sdk: OpenAI):
    first = sdk.chat.completions.create(model="reconteur", messages=WISH)
    shown = first.choices[0].message
    more = [*WISH, {"role": "assistant", "content": shown.content}, {"role": "user", "content": "Others, please."}]

    second = sdk.chat.completions.create(model="reconteur", messages=more)

    before = {film["item_id"] for film in first.model_extra["reconteur"]["recommendations"]}
    after = {film["item_id"] for film in second.model_extra["reconteur"]["recommendations"]}
    assert after
    assert not before & after


def test_unknown_parameters_parts_and_system_messages_are_accepted(sdk: OpenAI):
    messages = [
        {"role": "system", "content": "You are a pirate."},
        {"role": "user", "content": [{"type": "text", "text": "Recommend me "}, {"type": "text", "text": "a few."}]},
    ]

    answer = sdk.chat.completions.create(
        model="reconteur", messages=messages, temperature=0, max_tokens=9, seed=1, n=1, extra_body={"what_is_this": [1]}
    )

    assert answer.model_extra["reconteur"]["recommendations"]


def test_a_bad_request_raises_the_error_that_names_the_field(sdk: OpenAI):
    with pytest.raises(openai.UnprocessableEntityError, match=r"messages\.0\.role") as caught:
        sdk.chat.completions.create(model="reconteur", messages=[{"role": "robot", "content": "hi"}])

    assert caught.value.param == "messages.0.role"
    assert caught.value.type == "invalid_request_error"


async def test_the_async_client_streams(base_url: str):
    async with AsyncOpenAI(base_url=f"{base_url}/v1", api_key="none", timeout=120) as client:
        stream = await client.chat.completions.create(model="reconteur", messages=WISH, stream=True)

        text = "".join([chunk.choices[0].delta.content or "" async for chunk in stream])

    assert shown_titles(text)


def test_the_models_are_listed(sdk: OpenAI):
    assert [model.id for model in sdk.models.list()] == ["reconteur"]
    assert sdk.models.retrieve("reconteur").id == "reconteur"


def test_langchain_invokes(base_url: str):
    model = ChatOpenAI(base_url=f"{base_url}/v1", api_key="none", model="reconteur", timeout=120)

    answer = model.invoke([("user", WISH[0]["content"])])

    assert shown_titles(answer.content)
    assert "total_tokens" in answer.usage_metadata


def test_langchain_streams(base_url: str):
    model = ChatOpenAI(base_url=f"{base_url}/v1", api_key="none", model="reconteur", timeout=120, stream_usage=True)

    pieces = list(model.stream([("user", WISH[0]["content"])]))

    assert len(pieces) > 2
    assert shown_titles("".join(piece.content for piece in pieces))


def test_each_event_is_followed_by_a_blank_line_and_done_is_last(base_url: str):
    body = {"messages": WISH, "stream": True}

    answer = httpx.post(f"{base_url}/v1/chat/completions", json=body, timeout=120)

    events = answer.text.split("\n\n")
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert events[-2:] == ["data: [DONE]", ""]
    assert all(json.loads(event.removeprefix("data: "))["object"] == "chat.completion.chunk" for event in events[:-2])


def test_a_very_long_message_is_answered(base_url: str):
    body = {"messages": [{"role": "user", "content": "recommend me something " * 5000}]}

    answer = httpx.post(f"{base_url}/v1/chat/completions", json=body, timeout=240)

    assert answer.status_code == 200
    assert answer.json()["choices"][0]["message"]["content"]


def test_an_error_within_the_stream_is_raised_by_the_client(fake_url: str):
    with OpenAI(base_url=f"{fake_url}/v1", api_key="none", max_retries=0) as client:
        messages = [{"role": "user", "content": "break late"}]
        stream = client.chat.completions.create(model="reconteur", messages=messages, stream=True)

        with pytest.raises(openai.APIError, match="stopped in mid-sentence"):
            list(stream)


def test_an_error_before_the_stream_has_a_status(fake_url: str):
    with OpenAI(base_url=f"{fake_url}/v1", api_key="none", max_retries=0) as client:
        messages = [{"role": "user", "content": "break early"}]

        with pytest.raises(openai.InternalServerError, match="stopped answering") as caught:
            client.chat.completions.create(model="reconteur", messages=messages, stream=True)

    assert caught.value.status_code == 503
