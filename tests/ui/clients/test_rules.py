"""The house's rules as programs meet them: what a request says of itself, keys and tokens, and every way to an item."""

import json
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from mcp import Client as Protocol
from mcp import MCPError

from agent.settings import Settings
from retrieval.settings import RetrievalSettings
from retrieval.state import StateStore
from tests.agent.films import film_catalog, film_id
from tests.ui.access.conftest import Client, add_key
from tests.ui.clients.conftest import chat
from tests.ui.conftest import open_agent, serving
from ui.access.keys import PREFIX, id_of
from ui.api.app import create_app

CRIME = {item.item_id for item in film_catalog() if "Crime" in item.values["genres"]}
HEAT, ALIEN = film_id("Heat"), film_id("Alien")
RULES = """
[context.age_confirmed]
[[never_show]]
name = "crime"
where = [{ field = "genres", value = "Crime" }]
unless = { age_confirmed = "yes" }
[[disclose]]
name = "sponsored"
where = [{ field = "genres", value = "Sci-Fi" }]
words = { en = "Sponsored", de = "Anzeige" }
[handover]
words = "Our staff is glad to help."
link = "https://shop.example.org/help"
"""
ADULT = {"Reconteur-Context": "age_confirmed=yes"}
SPACE = [{"role": "user", "content": "science fiction"}]


@pytest.fixture
def settings(film_shelf: RetrievalSettings, tmp_path) -> Settings:
    (tmp_path / "rules.toml").write_text(RULES, encoding="utf-8")
    shelf = film_shelf.model_copy(update={"state_url": f"sqlite:///{tmp_path / 'state.db'}"})
    return Settings(retrieval=shelf, rules=str(tmp_path / "rules.toml"), _env_file=None)


@pytest.fixture
def ruled(settings: Settings) -> Iterator[TestClient]:
    with TestClient(create_app(open_agent, settings, warm=False)) as made:
        yield made


@pytest.fixture
def state(tmp_path) -> Iterator[StateStore]:
    store = StateStore(f"sqlite:///{tmp_path / 'state.db'}")
    yield store
    store.close()


def ids(answer) -> set[str]:
    assert answer.is_success, answer.text
    extras = answer.json().get("reconteur") or answer.json()
    return {card["item_id"] for card in (*extras["recommendations"], *extras["near_misses"])}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/chat/completions", {"messages": [{"role": "user", "content": "a crime story like Heat"}]}),
        ("/v1/responses", {"input": "a crime story like Heat"}),
        ("/api/recommend", {"message": "a crime story like Heat"}),
        ("/api/recommend", {"constraints": [{"field": "genres", "op": "not", "values": ["Comedy"]}], "k": 10}),
    ],
)
def test_a_request_is_shown_what_it_says_it_may_see(ruled: TestClient, path: str, body: dict):
    plain, adult = ruled.post(path, json=body), ruled.post(path, json=body, headers=ADULT)

    assert not ids(plain) & CRIME
    assert ids(adult) & CRIME


def test_an_item_that_is_hidden_is_not_there(ruled: TestClient):
    hidden, liked = ruled.get(f"/api/items/{HEAT}"), ruled.post("/api/recommend", json={"liked": [HEAT]})

    assert (hidden.status_code, liked.status_code) == (404, 404)
    assert "Heat" not in hidden.text
    assert ruled.get(f"/api/items/{HEAT}", headers=ADULT).json()["title"] == "Heat"


@pytest.mark.parametrize("header", ["age=yes", "age_confirmed", "age_confirmed=yes; x=1", "a=<b>"])
def test_what_no_rule_asks_for_is_refused(ruled: TestClient, header: str):
    answer = ruled.get(f"/api/items/{ALIEN}", headers={"Reconteur-Context": header})

    assert answer.status_code == 400, answer.text
    assert "expected" in answer.json()["error"]["message"]
    assert answer.json()["error"]["code"] == "context"


def test_a_token_keeps_what_it_was_made_with_and_its_browser_says_nothing(ruled: TestClient, state: StateStore):
    key = add_key(state, "acme")
    server = Client(ruled, key)
    child = server.token_for("kim")
    adult = ruled.post("/api/tokens", json={"user": "lee"}, headers={"Authorization": f"Bearer {key}", **ADULT}).json()[
        "token"
    ]

    def status(bearer: str, **headers: str) -> int:
        return ruled.get(f"/api/items/{HEAT}", headers={"Authorization": f"Bearer {bearer}", **headers}).status_code

    assert status(child.bearer, **ADULT) == 404
    assert status(adult) == 200
    assert (status(key), status(key, **ADULT)) == (404, 200)


def test_what_a_key_is_for_no_request_changes(settings: Settings, state: StateStore, tmp_path):
    key = add_key(state, "acme")
    with open(settings.rules, "a", encoding="utf-8") as file:
        file.write(f'[keys.{id_of(key)}]\nage_confirmed = "no"\n')
    with TestClient(create_app(open_agent, settings, warm=False)) as http:
        answer = http.get(f"/api/items/{HEAT}", headers={"Authorization": f"Bearer {key}", **ADULT})

    assert key.startswith(PREFIX)
    assert answer.status_code == 404


async def test_the_protocols_tools_keep_the_rules(settings: Settings):
    with serving(create_app(open_agent, settings, warm=False)) as url:
        async with Protocol(f"{url}/mcp") as client:
            shown = (await client.call_tool("recommend", {"message": "a crime story like Heat"})).structured_content
            searched = (await client.call_tool("search", {"query": "a robbery", "k": 28})).structured_content
            gone = [
                await client.call_tool("explain", {"item_id": HEAT}),
                await client.call_tool("compare", {"item_ids": [HEAT, ALIEN]}),
                await client.call_tool("feedback", {"item_id": HEAT, "user": "kim", "kind": "like"}),
            ]
            both = await client.call_tool("compare", {"item_ids": [ALIEN, film_id("Vertigo")]})
            why = (await client.call_tool("explain", {"item_id": ALIEN, "language": "de"})).structured_content
            listed = (await client.list_resources()).resources
            staff = (await client.call_tool("recommend", {"message": "/person"})).structured_content
            with pytest.raises(MCPError):
                await client.read_resource(f"reconteur://items/{HEAT}")

    cards = [*shown["recommendations"], *shown["near_misses"], *searched["items"]]
    assert cards
    assert not {card["item_id"] for card in cards} & CRIME
    assert all(answer.is_error for answer in gone)
    assert both.structured_content["disclosures"] == {ALIEN: "Sponsored"}
    assert (why["recommendation"]["disclosure"], why["item"]["disclosure"]) == ("Anzeige", "Anzeige")
    assert not {resource.uri.rpartition("/")[2] for resource in listed} & CRIME
    assert len(listed) == len(film_catalog()) - len(CRIME)
    assert staff["handover"] == {"words": "Our staff is glad to help.", "link": "https://shop.example.org/help"}


def test_what_is_sponsored_says_so_in_text_and_in_fields(ruled: TestClient):
    answer = chat(ruled, SPACE).json()
    cards = {card["title"]: card for card in answer["reconteur"]["recommendations"]}
    lines = [line for line in answer["choices"][0]["message"]["content"].splitlines() if line[:1].isdigit()]

    assert {title for title, card in cards.items() if card.get("disclosure")} >= {"Alien", "Star Wars"}
    assert {"Sponsored" in line for line in lines if "Alien" in line or "Star Wars" in line} == {True}
    assert ruled.get(f"/api/items/{ALIEN}").json()["disclosure"] == "Sponsored"
    assert "disclosure" not in ruled.get(f"/api/items/{film_id('Vertigo')}").json()


def form(**fields: dict) -> dict:
    items = {"type": "object", "properties": fields, "required": [*fields], "additionalProperties": False}
    schema = {
        "type": "object",
        "properties": {"films": {"type": "array", "items": items}},
        "required": ["films"],
        "additionalProperties": False,
    }
    return {"type": "json_schema", "json_schema": {"name": "films", "schema": schema}}


def test_a_form_without_room_for_reasons_says_it_in_the_title(ruled: TestClient):
    text = {"type": "string"}
    bare = chat(ruled, SPACE, response_format=form(title=text)).json()["choices"][0]["message"]
    roomy = chat(ruled, SPACE, response_format=form(title=text, reason=text)).json()["choices"][0]["message"]
    ids_alone = chat(ruled, SPACE, response_format=form(id=text)).json()["choices"][0]["message"]

    assert "Alien (Sponsored)" in [film["title"] for film in json.loads(bare["content"])["films"]]
    alien = next(film for film in json.loads(roomy["content"])["films"] if film["title"] == "Alien")
    assert alien["reason"].startswith("Sponsored")
    assert ids_alone["content"] is None
    assert "Sponsored" in ids_alone["refusal"]


def test_who_asks_for_a_person_is_handed_over(ruled: TestClient):
    asked = [{"role": "user", "content": "/person"}]
    whole = chat(ruled, asked).json()
    stream = [json.loads(line[6:]) for line in chat(ruled, asked, stream=True).text.splitlines() if line[6:7] == "{"]
    response = ruled.post("/v1/responses", json={"input": "/person"}).json()

    expected = {"words": "Our staff is glad to help.", "link": "https://shop.example.org/help"}
    content = "Our staff is glad to help.\n\n<https://shop.example.org/help>"
    assert whole["choices"][0]["message"]["content"] == content
    assert whole["reconteur"]["intent"]["act"] == "hand_over"
    assert whole["reconteur"]["handover"] == response["reconteur"]["handover"] == expected
    assert stream[-1]["reconteur"]["handover"] == expected
    assert "".join(chunk["choices"][0]["delta"].get("content", "") for chunk in stream) == content


def test_nothing_is_asked_of_requests_where_there_are_no_rules(plain: TestClient):
    assert plain.get(f"/api/items/{HEAT}", headers=ADULT).status_code == 200
