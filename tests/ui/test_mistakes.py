"""What is told of values that do not fit: little of a lot, in words that know nothing of the library that checks."""

from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from ui.api.mistakes import mistakes_of
from ui.api.talk import ChatRequest
from ui.api.wire import RecommendRequest
from ui.mcp.shapes import CompareArguments, RecommendArguments, SearchArguments
from ui.responses.wire import ResponsesRequest

WISH = {"role": "user", "content": "calm"}
LIBRARY = ("pydantic", "Input should", "input_", "should have", "Field required", "dictionary", "[", "http")


def problems_of(model: type[BaseModel], body: dict[str, Any]) -> list[Any]:
    with pytest.raises(ValidationError) as caught:
        model.model_validate(body)
    return caught.value.errors()


@pytest.mark.parametrize(
    ("model", "body"),
    [
        (ChatRequest, {"messages": [{"role": "x", "content": [1] * 100}] * 1000}),
        (ChatRequest, {"messages": [{"role": "user", "tool_calls": [{}] * 64}] * 1000}),
        (ResponsesRequest, {"input": [{"type": "m", "content": [{}] * 100}] * 1000}),
        (
            RecommendRequest,
            {"seen": [1] * 2000, "constraints": [{"field": "x", "op": "is", "values": [None] * 50}] * 50},
        ),
        (RecommendArguments, {"message": "x", "history": [{}] * 200}),
        (SearchArguments, {"limits": [{}] * 50}),
    ],
)
def test_a_huge_body_that_is_wrong_throughout_is_read_up_to_its_first_mistakes(model: type[BaseModel], body: dict):
    assert len(problems_of(model, body)) < 10


@pytest.mark.parametrize(
    ("model", "body", "told"),
    [
        (SearchArguments, {"query": 5}, "query: expected text, found something else. Send it in quotes."),
        (SearchArguments, {"k": 0}, "k: expected at least 1, found less. Send more."),
        (SearchArguments, {"k": 51}, "k: expected at most 50, found more. Send less."),
        (SearchArguments, {"k": "many"}, "k: expected a whole number, found something else. Send it without quotes."),
        (SearchArguments, {"limits": {}}, "limits: expected a list, found something else. Send one."),
        (SearchArguments, {"limits": [5]}, "limits.0: expected an object, found something else. Send one with the"),
        (
            SearchArguments,
            {"query": "x" * 1001},
            "query: expected a length of at most 1000, found a greater one. Send less.",
        ),
        (
            SearchArguments,
            {"language": "xx"},
            "language: expected 'en', 'zh', 'es', 'fr', 'de', 'pt', 'ja', 'ko', 'it', 'nl', 'ru', 'pl' or 'tr', found",
        ),
        (
            CompareArguments,
            {"item_ids": ["a"]},
            "item_ids: expected a length of at least 2, found a smaller one. Send more.",
        ),
        (
            CompareArguments,
            {"item_ids": ["a"] * 6},
            "item_ids: expected a length of at most 5, found a greater one. Send less.",
        ),
        (CompareArguments, {}, "item_ids: expected a value, found none. Send one."),
        (CompareArguments, {"item_ids": ["a", ""]}, "item_ids.1: expected 1 to 128 printable characters"),
        (ChatRequest, {"messages": [WISH], "stream": 5}, "stream: expected true or false, found something else."),
        (ChatRequest, {"messages": [WISH], "k": 2.5}, "k: expected a whole number, found something else."),
        (
            ChatRequest,
            {"messages": [WISH], "tool_choice": {"type": "x"}},
            "tool_choice.type: expected 'function', found",
        ),
        (
            ChatRequest,
            {"messages": [{"role": "user", "content": [5]}]},
            "messages.0.content.0: expected an object, found",
        ),
        (
            ChatRequest,
            {"messages": [WISH], "tools": [{"type": "function", "function": {"name": "a b"}}]},
            "tools.0.function.name: expected text of the form ^",
        ),
        (RecommendRequest, {"novelty": float("inf")}, "novelty: expected a number that is finite, found another."),
        (RecommendRequest, {"message": "a", "messages": [WISH]}, "body: expected `message` or `messages`, found both."),
    ],
)
def test_a_mistake_says_what_was_expected_what_was_found_and_what_to_do(model: type[BaseModel], body: dict, told: str):
    found = "; ".join(map(str, mistakes_of(problems_of(model, body), whole="body")))

    assert found.startswith(told)
    assert not [word for word in LIBRARY if word in found.replace("^[A-Za-z0-9_.-]+$", "")]


def test_names_that_a_client_made_up_are_not_repeated_at_length():
    assert (
        len(str(mistakes_of(problems_of(CompareArguments, {"item_ids": ["a", "b"], "x" * 5000: 1}), whole="")[0])) < 200
    )
