"""`response_format` and forced functions: recommendations in the caller's own schema, or 400 with the reason."""

import json
from enum import StrEnum
from typing import Literal

import pytest
from pydantic import BaseModel, Field

from tests.fakes import Calls
from tests.ui.clients.conftest import chat


class Film(BaseModel):
    movieTitle: str  # noqa: N815 - as many name it
    releaseYear: int  # noqa: N815
    director: str | None
    genres: list[Literal["Crime", "Drama", "Thriller", "Comedy", "Mystery"]]
    why: str = Field(description="why it fits")


class Picks(BaseModel):
    summary: str
    movies: list[Film]


class Genre(StrEnum):
    CRIME = "crime"
    THRILLER = "thriller"


class Labeled(BaseModel):
    title: str
    genres: list[Genre]
    label: str = Field(max_length=8)


class OneFilm(BaseModel):
    title: str
    year: int
    budget: float | None = None


class Titles(BaseModel):
    titles: list[str] = Field(max_length=2)


class Mood(BaseModel):
    title: str
    vibe: str
    stars: int


def wanted(model: type[BaseModel]) -> dict:
    schema = model.model_json_schema()
    return {"type": "json_schema", "json_schema": {"name": model.__name__, "strict": True, "schema": schema}}


def message(answer) -> dict:
    assert answer.status_code == 200, answer.text
    return answer.json()["choices"][0]["message"]


def test_a_list_comes_in_the_callers_words(plain):
    answer = chat(plain, response_format=wanted(Picks))

    shown = answer.json()["reconteur"]["recommendations"]
    picks = Picks.model_validate_json(message(answer)["content"])
    assert [film.movieTitle for film in picks.movies] == [film["title"] for film in shown]
    assert [film.why for film in picks.movies] == [film["reason"] for film in shown]
    assert all(film.releaseYear and film.director and "Crime" in film.genres for film in picks.movies[:1])


def test_a_flat_schema_is_the_first_item_and_a_list_of_texts_its_titles(plain):
    film = OneFilm.model_validate_json(message(chat(plain, response_format=wanted(OneFilm)))["content"])
    few = Titles.model_validate_json(message(chat(plain, response_format=wanted(Titles)))["content"])

    assert (film.title, film.budget) == (few.titles[0], None)
    assert len(few.titles) == 2


def test_values_are_put_as_the_schema_has_them(capable, model):
    model.steps = [Calls.of(("recommend", {"items": ["Heat"], "count": 1}))]
    schema = wanted(Labeled)
    schema["json_schema"]["schema"]["properties"]["genres"]["maxItems"] = 1.0

    labeled = Labeled.model_validate_json(message(chat(capable, response_format=schema))["content"])

    assert (labeled.title, labeled.genres, labeled.label) == ("Heat", [Genre.CRIME], "Heat (1…")


def test_a_stream_brings_the_same_form(plain):
    text = chat(plain, response_format=wanted(Picks), stream=True).text
    chunks = [json.loads(line.removeprefix("data: ")) for line in text.split("\n\n")[:-2]]

    content = "".join(chunk["choices"][0]["delta"].get("content") or "" for chunk in chunks)

    assert Picks.model_validate_json(content).movies
    assert chunks[0]["reconteur"]["recommendations"]


def test_what_no_fact_can_fill_is_named(plain):
    answer = chat(plain, response_format=wanted(Mood))

    error = answer.json()["error"]
    assert (answer.status_code, error["param"]) == (400, "response_format.json_schema.schema")
    assert "vibe, stars" in error["message"]
    assert "title, item_id" in error["message"]


@pytest.mark.parametrize(
    "schema",
    [
        {"type": 7},
        {"type": "object", "properties": {"a": {"$ref": "#"}}, "required": ["a"]},
        {"$ref": "https://example.org/schema.json"},
        {"type": "object", "properties": {"title": {"type": "string", "pattern": "(a+)+$"}}, "required": ["title"]},
        {},
        {
            "type": "object",
            "properties": {f"a{number}": {"$ref": "#"} for number in range(9)},
            "required": [f"a{number}" for number in range(9)],
        },
        {"type": "object", "properties": {"title": {"type": "string", "description": "x" * 70_000}}},
    ],
)
def test_a_schema_that_is_none_or_leads_elsewhere_is_refused(plain, schema: dict):
    answer = chat(plain, response_format={"type": "json_schema", "json_schema": {"name": "x", "schema": schema}})

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "cannot_fill")


DOUBLED = {f"a{depth}": {"allOf": [{"$ref": f"#/$defs/a{depth + 1}"}] * 2} for depth in range(40)}


def test_references_that_double_at_each_step_cost_no_more_than_others(plain):
    schema = OneFilm.model_json_schema() | {"allOf": [{"$ref": "#/$defs/a0"}] * 2, "$defs": DOUBLED | {"a40": {}}}

    answer = chat(plain, response_format={"type": "json_schema", "json_schema": {"name": "x", "schema": schema}})

    assert answer.status_code == 200
    assert message(answer)["refusal"]


def test_a_capable_model_says_which_fact_a_field_is_meant_for_and_code_fills_it(capable, model):
    model.readings = ['{"field1": "themes", "field2": "year"}']
    steps = Calls.of(("recommend", {"items": ["Heat"], "count": 1}))
    model.steps = [steps, steps]

    first, again = (message(chat(capable, response_format=wanted(Mood))) for _ in range(2))

    assert json.loads(first["content"]) == {"title": "Heat", "vibe": "heist", "stars": 1995}
    assert again["content"] == first["content"]
    assert model.purposes().count("understand") == 1


def test_a_question_in_place_of_a_list_is_a_refusal_in_words(capable, model):
    model.steps = [Calls.of(("ask_user", {"question": "Old or new?", "choices": ["Old", "New"]}))]

    said = message(chat(capable, response_format=wanted(OneFilm)))

    assert said["content"] is None
    assert said["refusal"].startswith("Old or new?")


def test_json_without_a_schema_is_an_object_with_the_list(plain):
    answer_object = json.loads(message(chat(plain, response_format={"type": "json_object"}))["content"])

    assert {"text", "recommendations"} <= set(answer_object)
    assert all(film["item_id"].startswith("film:") for film in answer_object["recommendations"])


@pytest.mark.parametrize("choice", ["required", {"type": "function", "function": {"name": "final_result"}}])
def test_a_function_that_must_be_called_is_filled_like_a_form(plain, choice):
    tool = {"type": "function", "function": {"name": "final_result", "parameters": Picks.model_json_schema()}}

    answer = chat(plain, tools=[tool], tool_choice=choice)

    (call,) = message(answer)["tool_calls"]
    assert answer.json()["choices"][0]["finish_reason"] == "tool_calls"
    assert call["function"]["name"] == "final_result"
    assert Picks.model_validate_json(call["function"]["arguments"]).movies


def test_what_was_filled_in_is_known_again_when_it_is_sent_back(plain):
    begun = [{"role": "user", "content": "recommend me something"}]
    first = message(chat(plain, begun, response_format=wanted(Picks)))["content"]
    talk = [*begun, {"role": "assistant", "content": first}, {"role": "user", "content": "show me others"}]

    second = message(chat(plain, talk, response_format=wanted(Picks)))["content"]

    before, after = (
        {(film.movieTitle, film.releaseYear) for film in Picks.model_validate_json(content).movies}
        for content in (first, second)
    )
    assert after
    assert not before & after
