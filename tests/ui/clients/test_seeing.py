"""What whoever looks after a server sees: figures, traces, and a backup that can be restored."""

import re
import shutil

import pytest
from fastapi.testclient import TestClient
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from agent.conversation import Conversation
from agent.intent import Act, Intent
from agent.recommendation import Explanation, Recommendation, Reply
from agent.settings import Settings
from retrieval.backup import back_up, restore
from retrieval.errors import BadDataError
from retrieval.preference import Constraint, Op, Preference
from retrieval.settings import RetrievalSettings
from tests.agent.films import film_id
from tests.fakes import Calls
from tests.ui.access.conftest import add_key
from tests.ui.clients.conftest import chat
from tests.ui.conftest import open_agent
from ui.access.caller import Scope
from ui.api.app import create_app
from ui.seeing.traces import Traces

SECRET = "zanzibar"


def figures(client: TestClient, **more) -> dict[str, float]:
    text = client.get("/metrics", **more).text
    return {name: float(value) for name, value in re.findall(r"^(reconteur\S+) (\S+)$", text, re.MULTILINE)}


def test_turns_tools_tokens_and_feedback_are_counted(capable, model):
    model.steps = [
        Calls.of(("search_catalog", {"description": "crime"}), (SECRET, {})),
        Calls.of(("recommend", {"items": ["Heat"], "count": 1})),
    ]
    model.prose = [f"The famous {SECRET.title()} directed it. [[i0]] fits."]
    chat(capable, user="kim")
    capable.post("/api/feedback", json={"user": "kim", "item_id": "film:0", "kind": "like"})

    counted = figures(capable)

    assert counted['reconteur_turns_total{act="recommend",driver="tools"}'] == 1
    assert counted['reconteur_turn_seconds_count{stage="drive"}'] == 1
    assert counted['reconteur_tool_calls_total{result="ok",tool="search_catalog"}'] == 1
    assert counted['reconteur_tool_calls_total{result="refused",tool="other"}'] == 1
    assert counted['reconteur_model_calls_total{purpose="step",result="ok"}'] == 2
    assert counted['reconteur_tokens_total{kind="completion"}'] > 0
    assert counted['reconteur_feedback_total{how="clicked",kind="like"}'] == 1
    assert counted["reconteur_dropped_sentences_total"] == 1
    assert SECRET not in capable.get("/metrics").text


def test_limits_that_shown_items_break_are_counted(plain):
    chat(plain, [{"role": "user", "content": "a comedy from before 1950"}])
    before, app = figures(plain), plain.app
    wish = Preference(constraints=(Constraint("genres", Op.IS, ("Comedy",)), Constraint("year", Op.MAX, (1990.0,))))
    films = [app.state.agent.catalog.item(film_id(title)) for title in ("Heat", "Vertigo")]
    cards = tuple(Recommendation(film, rank, Explanation("")) for rank, film in enumerate(films, 1))

    app.state.metrics.on_turn("", Reply("", Conversation(), Intent(Act.RECOMMEND, wish), cards), "")

    after = figures(plain)
    assert before['reconteur_limits_broken_total{kind="list"}'] == 0
    near = before['reconteur_shown_total{kind="near_miss"}']
    assert before['reconteur_limits_broken_total{kind="near_miss"}'] >= near > 0
    assert after['reconteur_limits_broken_total{kind="list"}'] == 3  # Heat is no comedy and newer, Vertigo is none


def test_figures_are_for_the_admin_once_there_are_keys(plain):
    chat(plain)
    state = plain.app.state.agent.state
    keys = [add_key(state, scopes=(scope,)) for scope in (Scope.CHAT, Scope.ADMIN)]

    statuses = [
        plain.get("/metrics", headers=headers).status_code
        for headers in ({}, *({"Authorization": f"Bearer {key}"} for key in keys))
    ]

    assert statuses == [401, 403, 200]


@pytest.mark.parametrize("with_text", [False, True])
def test_a_turn_is_a_trace_without_words_unless_they_are_asked_for(capable, model, with_text: bool):
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    capable.app.state.agent.watchers.append(Traces(provider.get_tracer("test"), "local", with_text=with_text))
    model.steps = [
        Calls.of(("search_catalog", {"description": SECRET})),
        Calls.of(("recommend", {"items": ["Heat"], "count": 1})),
    ]

    chat(capable, [{"role": "user", "content": f"a {SECRET} story"}])

    spans = {span.name: span for span in exporter.get_finished_spans()}
    turn, call = spans["invoke_agent reconteur"], spans["chat local"]
    tool = spans["execute_tool search_catalog"]
    assert call.parent.span_id == tool.parent.span_id == turn.context.span_id
    assert turn.start_time <= tool.start_time <= tool.end_time <= turn.end_time
    assert call.attributes["gen_ai.usage.input_tokens"] > 0
    told = "".join(span.to_json() for span in spans.values())
    assert (SECRET in told) is with_text


def test_a_restored_backup_has_what_was_there_while_the_server_ran(film_shelf: RetrievalSettings, tmp_path):
    live, again = tmp_path / "live", tmp_path / "again"
    shutil.copytree(film_shelf.data_dir, live)

    with TestClient(create_app(open_agent, settings_of(film_shelf, live), warm=False)) as client:
        shown = chat(client, user="kim").json()["reconteur"]["recommendations"]
        client.post("/api/feedback", json={"user": "kim", "item_id": shown[0]["item_id"], "kind": "like"})
        files = back_up(live, tmp_path / "backup.tar.gz")
        before = client.get("/api/users/kim/export").json()
        client.delete("/api/users/kim")
    shutil.rmtree(live)
    assert restore(tmp_path / "backup.tar.gz", again) == files

    with TestClient(create_app(open_agent, settings_of(film_shelf, again), warm=False)) as client:
        assert client.get("/api/users/kim/export").json() == before
        assert [film["title"] for film in chat(client).json()["reconteur"]["recommendations"]]
    assert (tmp_path / "backup.tar.gz").stat().st_mode & 0o077 == 0
    with pytest.raises(BadDataError, match="not empty"):
        restore(tmp_path / "backup.tar.gz", again)


def test_a_file_that_is_no_backup_changes_nothing(tmp_path):
    (tmp_path / "file").write_bytes(b"something else")

    with pytest.raises(BadDataError, match="cannot be read as a backup"):
        restore(tmp_path / "file", tmp_path / "new")
    assert not (tmp_path / "new").exists()


def settings_of(shelf: RetrievalSettings, folder) -> Settings:
    return Settings(retrieval=shelf.model_copy(update={"data_dir": folder}), _env_file=None)
