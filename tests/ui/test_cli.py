import contextlib
import os
import signal
import socket
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest
from typer.testing import CliRunner

from retrieval.errors import ModelUnavailableError, SettingsError
from tests.fakes import HashEncoder
from tests.ui.fakes import CATALOG, FakeAgent, make_agent
from ui import __main__, cli
from ui.server import listen

ROOT = Path(__file__).parents[2]


@pytest.fixture
def run(agent: FakeAgent, monkeypatch):
    """Run a command line against the fake agent, with lines piped in."""

    async def load(settings) -> FakeAgent:
        return agent

    monkeypatch.setattr(cli, "load_agent", load)
    monkeypatch.setenv("COLUMNS", "100")
    runner = CliRunner()
    return lambda *arguments, lines=(): runner.invoke(cli.app, arguments, input="".join(f"{line}\n" for line in lines))


HEAVY = {"torch", "gradio", "chromadb", "sentence_transformers", "fastapi", "langgraph", "sqlalchemy", "pandas"}
HEAVY |= {"langchain_core", "mcp", "numpy", "openai", "scipy"}


def test_help_loads_nothing_heavy():
    code = "import sys; from ui.cli import app; print(*sys.modules)"

    loaded = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)

    assert not HEAVY & set(loaded.stdout.split())


def test_the_port_is_open_before_anything_heavy_is_loaded():
    code = "import sys; from ui.access import opening; from ui import cli, server, workers; print(*sys.modules)"

    loaded = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)

    assert not HEAVY & set(loaded.stdout.split())


@pytest.mark.parametrize("works", [True, False])
def test_a_build_with_a_model_names_groups_of_people(run, monkeypatch, tmp_path: Path, works: bool):
    def named(settings) -> int:
        if not works:
            raise ModelUnavailableError("nobody answered")
        return 7

    monkeypatch.setattr("retrieval.build.build", lambda settings, progress: SimpleNamespace(items=3, interactions=5))
    monkeypatch.setattr("agent.enrich.cluster_namer.name_clusters_of", named)

    result = run("build", "--data", str(tmp_path), "--llm-url", "http://127.0.0.1:9/v1")

    told = "7 groups of people named" if works else "keep their names by rule: nobody answered"
    assert told in result.output
    assert result.exit_code == 0
    assert "groups of people" not in run("build", "--data", str(tmp_path)).output


def test_the_version_is_shown(run):
    assert run("--version").output.startswith("reconteur ")


def test_a_wish_brings_cards_before_prose(run):
    output = run("chat", lines=["something calm, after 2010"]).output

    assert "12 games to choose from" in output
    assert "Understood: after 2010" in output
    assert output.index("1. Lantern Harbor (2014)") < output.index("would suit an evening like that.")
    assert "3. The Last Orchard (2021)  ✦ trying something new" in output
    assert "calm, by Ada Quill." in output


def test_opinions_are_kept_and_taken_back(run, agent: FakeAgent):
    result = run("chat", "--user", "kim", lines=["calm", "/like 2", "/dislike 1", "/seen 3", "/undo"])

    assert "you like Nine Foxes (2019)" in result.output
    assert "Taken back." in result.output
    kept = [(opinion.item_id, str(opinion.kind)) for opinion in agent.state.feedback_of("kim")]
    assert kept == [("game:2", "like"), ("game:1", "dislike")]


def test_why_shows_the_evidence(run):
    output = run("chat", lines=["calm", "/why 1"]).output

    assert "• its mood is calm" in output
    assert "content, text, score 0.62" in output


def test_a_person_is_asked_for_in_the_terminal_as_on_the_page(run, agent: FakeAgent):
    output = run("chat", lines=["/Person"]).output

    assert "expected a command" not in output
    assert any("/person" in call for call in agent.calls)


def test_a_backup_is_made_and_restored_from_the_command_line(run, film_shelf, tmp_path: Path):
    file, folder = tmp_path / "films.tar.gz", tmp_path / "new"

    made = run("backup", str(file), "--data", str(film_shelf.data_dir))
    restored = run("restore", str(file), "--data", str(folder))

    assert made.exit_code == restored.exit_code == 0
    assert made.output.split()[0] == restored.output.split()[0] == str(len(kept_files(folder)))
    assert kept_files(folder) == kept_files(film_shelf.data_dir)


def kept_files(folder: Path) -> dict[str, int]:
    """The files that a backup keeps, with their bytes; a database may be packed anew."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file() and path.name != ".build.lock")
    kept = {str(path.relative_to(folder)): path for path in files if not path.name.endswith(("-wal", "-shm"))}
    return {
        name: 0 if ".sqlite" in name or name.endswith(".db") else path.stat().st_size for name, path in kept.items()
    }


def test_the_dial_ranks_anew_and_is_kept(run, agent: FakeAgent):
    output = run("chat", "--user", "kim", lines=["calm", "/dial 0.7"]).output

    assert "The dial is at 0.7." in output
    assert ("rerank", "None", "0.7") in agent.calls
    assert agent.state.user("kim").novelty == 0.7


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["/like 1"], "/like needs cards on the screen"),
        (["calm", "/like 9"], "expected the number of a card, 1 to 3, as in: /like 1"),
        (["calm", "/why"], "expected the number of a card"),
        (["/dial up"], "expected a number from 0 (safe) to 1 (adventurous)"),
        (["/dial nan"], "expected a number from 0 (safe) to 1 (adventurous)"),
        (["/undo"], "nothing to take back"),
        (["/dance"], "expected a command, found /dance"),
        (["break late"], "the language model stopped in mid-sentence."),
        (["break early"], "the language model stopped answering"),
    ],
)
def test_what_cannot_be_done_is_said_and_the_chat_goes_on(run, lines: list[str], message: str):
    result = run("chat", lines=[*lines, "hello"])

    assert message in result.output
    assert "Hello! What would you like to play?" in result.output
    assert result.exit_code == 0


def test_near_misses_are_labeled(run):
    output = run("chat", lines=["nothing fits"]).output

    assert output.index("Close, but not quite:") < output.index("1. Lantern Harbor")


def test_quit_ends_the_chat_and_closes_the_agent(run, agent: FakeAgent):
    result = run("chat", lines=["/quit", "calm"])

    assert result.exit_code == 0
    assert agent.closed
    assert agent.calls == []


def test_export_and_erase_in_the_chat(run, agent: FakeAgent):
    output = run("chat", "--user", "kim", lines=["calm", "/like 1", "/export", "/erase", "/erase yes", "calm"]).output

    assert '"item_id": "game:1"' in output
    assert "To go on, type: /erase yes" in output
    assert "Erased. Goodbye." in output
    assert agent.state.list_users() == []


def test_control_characters_do_not_reach_the_terminal(run):
    assert "\x1b[31m" not in run("chat", lines=["calm \x1b[31mred"]).output


def test_users_can_be_listed_exported_and_erased(run, agent: FakeAgent, tmp_path: Path):
    user = agent.state.create_user("Kim")

    assert run("users", "list", "--data", str(tmp_path)).output == f"{user.user_id}\tKim\n"
    assert '"name": "Kim"' in run("users", "export", user.user_id).output
    assert run("users", "erase", user.user_id, lines=["n"]).exit_code == 1
    assert run("users", "erase", user.user_id, "--yes").output == "Erased.\n"
    assert agent.state.list_users() == []


def test_an_error_ends_in_one_line_without_traceback(monkeypatch, capsys, tmp_path: Path):
    monkeypatch.setattr(sys, "argv", ["reconteur", "ingest", "--items", "/no/such.csv", "--data", str(tmp_path)])

    with pytest.raises(SystemExit) as caught:
        __main__.main()

    error = capsys.readouterr().err
    assert caught.value.code == 1
    assert error.startswith("reconteur: ")
    assert error.count("\n") == 1
    assert "/no/such.csv" in error


def test_a_bad_setting_is_named(monkeypatch):
    monkeypatch.setenv("RECONTEUR_LLM__TIMEOUT_S", "soon")

    with pytest.raises(SettingsError, match=r"llm\.timeout_s"):
        cli.make_settings()


def test_options_beat_the_environment_and_leave_the_rest(monkeypatch, tmp_path: Path):
    monkeypatch.setenv("RECONTEUR_LLM__URL", "http://elsewhere/v1")
    monkeypatch.setenv("RECONTEUR_LLM__TIMEOUT_S", "7")

    settings = cli.make_settings(data=tmp_path, llm_url="none")

    assert (settings.llm.url, settings.llm.timeout_s, settings.retrieval.data_dir) == ("", 7, tmp_path)


def test_who_leads_a_turn_can_be_chosen(run, monkeypatch):
    asked = []
    plain = cli.make_settings

    def remember(**options):
        asked.append(plain(**options).llm.driver)
        return plain(**options)

    monkeypatch.setattr(cli, "make_settings", remember)
    monkeypatch.setenv("RECONTEUR_LLM__DRIVER", "tools")

    run("chat", lines=["/quit"])
    run("chat", "--llm-driver", "schema", lines=["/quit"])
    refused = run("chat", "--llm-driver", "rules", lines=["/quit"])

    assert asked == ["tools", "schema"]
    assert refused.exit_code == 2


def test_a_question_lists_its_choices(run):
    output = run("chat", lines=["which one"]).output

    assert output.index("Shall it be calm or tense?") < output.index("• Calm ones") < output.index("• Tense ones")


def test_a_catalog_is_ingested_and_bad_rows_are_told(run, monkeypatch, tmp_path: Path):
    built = []
    monkeypatch.setattr(cli, "build", built.append)
    items = tmp_path / "items.csv"
    rows = [f"{item.item_id},{item.title},{item.year}" for item in CATALOG]
    items.write_text("\n".join(["id,title,year", *rows, "game:99,,2000"]), encoding="utf-8")

    result = run("ingest", "--items", str(items), "--data", str(tmp_path / "data"), "--yes")

    assert result.exit_code == 0, result.output
    assert "12 items" in result.output
    assert "items.csv" in result.output
    assert "14" in result.output
    assert built == [tmp_path / "data"]


def test_a_taken_port_is_said_before_anything_is_loaded(run):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        result = run("serve", "--port", str(port))

    assert isinstance(result.exception, SettingsError)
    assert f"port {port} of 127.0.0.1 is in use" in str(result.exception)
    assert "--port" in str(result.exception)


def test_a_foreign_address_is_refused():
    with pytest.raises(SettingsError, match="Choose another with --host"):
        listen("203.0.113.7", 0)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_serve_prints_its_address_answers_and_ends_with_zero(tmp_path: Path, number: signal.Signals):
    script = tmp_path / "serve.py"
    script.write_text(
        textwrap.dedent("""
        from tests.ui.fakes import make_agent
        from ui import __main__, cli

        async def load(settings):
            return make_agent(settings.retrieval.data_dir)

        cli.load_agent = load
        __main__.main()
        """)
    )
    command = [sys.executable, str(script), "serve", "--port", "0", "--no-page", "--data", str(tmp_path)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as process:
        lines = iter(process.stdout.readline, "")
        address = next(line.split()[1] for line in lines if line.startswith("Ready: "))

        assert httpx.get(f"{address}/readyz").json()["status"] == "ready"
        process.send_signal(number)
        rest = "".join(lines)

    assert process.returncode == 0
    assert "Stopped." in rest


WORKERS = """
import os
from tests.ui.fakes import make_agent
from ui import __main__, cli

async def load(settings):
    made = make_agent(settings.retrieval.data_dir)
    made.chooser.status = f"{os.getpid()} {settings.histories}"
    return made

if __name__ == "__main__":
    cli.load_agent = load
    __main__.main()
"""


@contextlib.contextmanager
def two_workers(folder: Path) -> Iterator[tuple[subprocess.Popen[str], Iterator[str], dict[int, str]]]:
    """A server of two processes, its lines, and how many histories each process, by its id, remembers."""
    (folder / "serve.py").write_text(WORKERS)
    options = ["serve", "--port", "0", "--no-page", "--workers", "2", "--data", str(folder)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        [sys.executable, str(folder / "serve.py"), *options],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        lines = iter(process.stdout.readline, "")
        address = next(line.split()[1] for line in lines if line.startswith("Ready: "))
        told = [httpx.get(f"{address}/readyz").json()["driver"].split() for _ in range(40)]
        yield process, lines, {int(number): histories for number, histories in told}
        process.terminate()


def test_several_processes_answer_at_one_address_and_end_together(tmp_path: Path):
    with two_workers(tmp_path) as (process, lines, answered):
        process.terminate()
        rest = "".join(lines)

    assert sorted(answered.values()) == ["0", "0"]
    assert process.returncode == 0
    assert rest.count("Stopped.") == 1


def test_where_one_process_dies_the_others_end_with_an_error(tmp_path: Path):
    with two_workers(tmp_path) as (process, lines, answered):
        os.kill(next(iter(answered)), signal.SIGKILL)
        rest = "".join(lines)

    assert process.returncode == 1
    assert "reconteur: a process ended by itself (code -9)" in rest


def test_where_the_first_process_is_killed_the_others_end_too(tmp_path: Path):
    with two_workers(tmp_path) as (process, lines, answered):
        process.kill()
        process.wait()

        "".join(lines)  # ends once nobody holds the pipe any more

    assert len(answered) == 2


def test_several_processes_serve_no_page(run):
    result = run("serve", "--port", "0", "--workers", "2")

    assert isinstance(result.exception, SettingsError)
    assert "add --no-page, or leave --workers out" in str(result.exception)


def test_several_processes_take_no_port_that_is_in_use(run):
    with listen("127.0.0.1", 0, shared=True) as taken:
        port = taken.getsockname()[1]

        result = run("serve", "--port", str(port), "--no-page", "--workers", "2")

    assert isinstance(result.exception, SettingsError)
    assert f"port {port} of 127.0.0.1 is in use" in str(result.exception)


def test_the_fake_agent_can_be_made_anywhere(tmp_path: Path):
    made = make_agent(tmp_path)

    assert len(made.catalog) == 12
    made.state.close()


@pytest.mark.parametrize(
    ("rules", "status", "told"),
    [('op = "max", value = 1950', 0, "hides 2 of 28 films"), ('op = "min", value = 1900', 1, "nothing is left")],
)
def test_rules_are_tried(film_shelf, tmp_path: Path, monkeypatch, rules: str, status: int, told: str):
    monkeypatch.setattr("retrieval.parts.make_encoder", lambda *_: HashEncoder(), raising=False)
    file = tmp_path / "rules.toml"
    file.write_text(f'[[never_show]]\nname = "old"\nwhere = [{{field = "year", {rules}}}]')
    monkeypatch.setenv("RECONTEUR_RETRIEVAL__STATE_URL", f"sqlite:///{tmp_path / 'state.db'}")
    data = ("--data", str(film_shelf.data_dir), "--llm-url", "none")

    result = CliRunner().invoke(cli.app, ("rules", "check", "--file", str(file), "--turns", "2", *data))

    assert told in result.output
    assert result.exit_code == status, result.output


def test_rules_that_are_wrong_are_told_by_line(film_shelf, tmp_path: Path, monkeypatch):
    (tmp_path / "rules.toml").write_text('[[boost]]\nname = "x"\nwhere = [{field = "stock", value = 1}]\nby = 0.1')
    monkeypatch.setattr(sys, "argv", ["reconteur", "rules", "check", "--data", str(film_shelf.data_dir)])
    monkeypatch.setenv("RECONTEUR_RULES", str(tmp_path / "rules.toml"))
    monkeypatch.setenv("RECONTEUR_RETRIEVAL__STATE_URL", f"sqlite:///{tmp_path / 'state.db'}")

    with pytest.raises(SettingsError, match=r"rules\.toml:3: boost 1, where 1: expected a field of the catalog"):
        cli.app(standalone_mode=False)
