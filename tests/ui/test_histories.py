"""Clients that send their conversation along: the real agent, without a model, behind the API."""

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from agent.settings import Settings
from agent.transcript import shown_titles
from retrieval.settings import RetrievalSettings
from tests.ui.conftest import open_agent
from ui.api.app import create_app

ELSEWHERE = [
    {"role": "user", "content": "a comedy, please"},
    {"role": "assistant", "content": "Here you are."},
    {"role": "user", "content": "something about friendship"},
]
"""Messages that were never answered here."""


@pytest.fixture(scope="module")
def client(film_shelf: RetrievalSettings) -> Iterator[TestClient]:
    settings = Settings(retrieval=film_shelf, _env_file=None)
    with TestClient(create_app(open_agent, settings)) as made:
        yield made


def complete(client: TestClient, messages: list[dict[str, str]], **more: object) -> dict:
    answer = client.post("/v1/chat/completions", json={"messages": messages, **more})
    assert answer.status_code == 200, answer.text
    return answer.json()


def limits(extras: dict) -> list[tuple[str, str, list]]:
    return [
        (constraint["field"], constraint["op"], constraint["values"])
        for constraint in extras["intent"]["preference"]["constraints"]
    ]


def said(text: str, *before: dict[str, str]) -> list[dict[str, str]]:
    return [*before, {"role": "user", "content": text}]


def test_what_was_wanted_in_a_conversation_of_before_still_holds(client: TestClient):
    first = complete(client, said("comedies, no horror"))
    content = first["choices"][0]["message"]["content"]
    answered = (*said("comedies, no horror"), {"role": "assistant", "content": content})

    second = complete(client, said("others", *answered))

    again = shown_titles(second["choices"][0]["message"]["content"])
    assert limits(second["reconteur"]) == limits(first["reconteur"]) != []
    assert again
    assert not set(shown_titles(content)) & set(again)


def test_a_conversation_is_known_again_to_its_own_user_alone(client: TestClient):
    body = {"message": "comedies", "constraints": [{"field": "year", "op": "max", "values": [1996]}], "user": "ann"}
    first = client.post("/api/recommend", json=body).json()
    answered = (*said("comedies"), {"role": "assistant", "content": first["text"]})

    ann = complete(client, said("others", *answered), user="ann")
    bob = complete(client, said("others", *answered), user="bob")

    assert ("year", "max", [1996.0]) in limits(ann["reconteur"])
    assert ("year", "max", [1996.0]) not in limits(bob["reconteur"])


def test_messages_that_are_new_here_are_read(client: TestClient):
    answer = complete(client, ELSEWHERE)

    assert ("genres", "is", ["Comedy"]) in limits(answer["reconteur"])


def test_fields_beside_messages_that_are_new_here_hold_too(client: TestClient):
    fields = {"constraints": [{"field": "year", "op": "max", "values": [1996]}], "novelty": 0.9, "k": 3}

    answer = client.post("/api/recommend", json={"messages": ELSEWHERE, **fields}).json()

    wanted = answer["intent"]["preference"]
    assert ("year", "max", [1996.0]) in limits(answer)
    assert (wanted["novelty"], wanted["count"]) == (0.9, 3)
    assert {film["year"] <= 1996 for film in answer["recommendations"]} == {True}
