"""POST /v1/responses through OpenAI's own client."""

from collections.abc import Iterator

import openai
import pytest
from openai import OpenAI
from pydantic import BaseModel

from agent.transcript import shown_titles
from tests.fakes import Calls

STOCK = {
    "type": "function",
    "name": "check_stock",
    "parameters": {"type": "object", "properties": {"title": {"type": "string"}}, "required": ["title"]},
    "strict": False,
}


class Pick(BaseModel):
    title: str
    year: int


class Picks(BaseModel):
    movies: list[Pick]


def client_of(url: str) -> OpenAI:
    return OpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0, timeout=120)


@pytest.fixture
def sdk(served_plain: str) -> Iterator[OpenAI]:
    with client_of(served_plain) as made:
        yield made


@pytest.fixture
def capable_sdk(served_capable: str) -> Iterator[OpenAI]:
    with client_of(served_capable) as made:
        yield made


def test_a_response_has_typed_items_and_the_list_in_fields(sdk: OpenAI):
    first = sdk.responses.create(model="reconteur", input="recommend me something", instructions="Be brief.")
    talk = [
        {"role": "user", "content": "recommend me something"},
        *(item.model_dump(exclude_none=True) for item in first.output),
        {"role": "user", "content": [{"type": "input_text", "text": "show me others"}]},
    ]
    second = sdk.responses.create(model="reconteur", input=talk)

    before, after = (
        {card["item_id"] for card in answer.model_extra["reconteur"]["recommendations"]} for answer in (first, second)
    )
    assert (first.status, first.output[0].type) == ("completed", "message")
    assert len(shown_titles(first.output_text)) == len(before)
    assert first.usage.total_tokens == 0
    assert after
    assert not before & after


def test_a_stream_of_typed_events_adds_up_to_the_response(sdk: OpenAI):
    with sdk.responses.stream(model="reconteur", input="a crime story like Heat") as stream:
        events = list(stream)
        final = stream.get_final_response()

    kinds = [event.type for event in events]
    assert kinds[:3] == ["response.created", "response.in_progress", "response.output_item.added"]
    assert kinds[-4:] == [
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.completed",
    ]
    assert events[1].response.model_extra["reconteur"]["recommendations"]
    text = "".join(event.delta for event in events if event.type == "response.output_text.delta")
    assert text == final.output_text
    assert [event.sequence_number for event in events] == sorted({event.sequence_number for event in events})


def test_a_schema_is_parsed_by_the_client(sdk: OpenAI):
    answer = sdk.responses.parse(model="reconteur", input="a crime story like Heat", text_format=Picks)

    shown = answer.model_extra["reconteur"]["recommendations"]
    assert [film.title for film in answer.output_parsed.movies] == [card["title"] for card in shown]


def test_functions_go_to_the_client_and_their_answers_come_back(capable_sdk: OpenAI, model):
    model.steps = [Calls.of(("check_stock", {"title": "Heat"}))]
    talk = [{"role": "user", "content": "is Heat there?"}]
    with capable_sdk.responses.stream(model="reconteur", input=talk, tools=[STOCK]) as stream:
        called = [event for event in stream if event.type == "response.function_call_arguments.done"]
        (call,) = stream.get_final_response().output

    model.steps = [Calls.of(("answer", {"kind": "facts", "items": ["Heat"], "text": "There are 37 copies of [[i0]]."}))]
    told = {"type": "function_call_output", "call_id": call.call_id, "output": "37 copies"}
    answer = capable_sdk.responses.create(
        model="reconteur", input=[*talk, call.model_dump(exclude_none=True), told], tools=[STOCK]
    )

    assert (call.type, call.name, called[0].arguments) == ("function_call", "check_stock", call.arguments)
    assert "37 copies of Heat (1995)" in answer.output_text


def test_what_needs_a_store_is_refused(sdk: OpenAI):
    with pytest.raises(openai.UnprocessableEntityError, match="keeps no responses"):
        sdk.responses.create(model="reconteur", input="more", previous_response_id="resp_1")
    with pytest.raises(openai.NotFoundError):
        sdk.responses.create(model="gpt-5", input="more")
