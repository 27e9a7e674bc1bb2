"""Each fault that a server can meet, against what people do then: recommend, chat, give feedback, erase."""

import contextlib
import resource
import shutil
import socket
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import httpx

from agent.wording.messages import say
from benchmarks.reliability.server import Server, copy_of, free_port
from benchmarks.report import commit
from tests.postgres import Server as Postgres
from tests.postgres import find_binaries, running_server

DEADLINE_S = 20.0
"""A turn's; its cards are due after half of it."""
MARGIN = 10.0
"""Beside it, so many times what a list took on this machine just before the fault."""
READ_ONLY = ("unshare", "--mount", "sh", "-c")
READ_ONLY += ('mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && exec "$@"',)
CLOCK_BACK = "import time; t, n = time.time, time.time_ns; time.time = lambda: t() - 9e4; "
CLOCK_BACK += "time.time_ns = lambda: n() - 90_000_000_000_000"


@dataclass
class Scene:
    """A server in trouble and somebody who is known to it."""

    server: Server
    user: str = ""
    feedback: str = ""
    usual_s: float = 1.0
    """What a list took before the fault."""
    postgres: Postgres | None = None
    """Where the state is kept there."""


@dataclass(frozen=True)
class Fault:
    """A way to break a server: before its start, or while it runs."""

    during: Callable[[Scene], AbstractContextManager[None]] = lambda _: contextlib.nullcontext()
    before: Callable[[Path], None] = lambda _: None
    env: Mapping[str, str] = field(default_factory=dict)
    first: str = ""
    """Python that the server's process runs before the program, from its second start on."""
    wrap: tuple[str, ...] = ()
    """The command that the process is started by from its second start on."""
    restarts: bool = False
    """Whether it is broken between two starts."""
    in_postgres: bool = False
    """Whether the state and the conversations are kept there."""
    starts: bool = True
    """Whether the server can start like that; where it cannot it must say why."""


@contextlib.contextmanager
def no_growth(scene: Scene) -> Iterator[None]:
    """What a full disk is to a process: no file of it may get longer."""
    before = resource.prlimit(scene.server.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(scene.server.pid, resource.RLIMIT_FSIZE, (1, before[1]))
    yield
    resource.prlimit(scene.server.pid, resource.RLIMIT_FSIZE, before)


@contextlib.contextmanager
def locked(scene: Scene) -> Iterator[None]:
    """Another process writes to both databases and does not stop."""
    with ExitStack() as closing:
        for name in ("state.db", "conversations.db"):
            other = sqlite3.connect(scene.server.data / name, isolation_level=None, timeout=30)
            closing.callback(other.close)
            other.execute("BEGIN IMMEDIATE")
        yield


@contextlib.contextmanager
def second_server(scene: Scene) -> Iterator[None]:
    """Another process serves the same folder, and people click there, too."""
    with Server(scene.server.data) as other:
        click = {"user": scene.user, "item_id": _item(other.client), "kind": "seen"}
        given = other.client.post("/api/feedback", json=click).raise_for_status().json()["feedback_id"]
        kept = scene.server.client.get(f"/api/users/{scene.user}/export").json()["feedback"]
        if given not in {str(row["id"]) for row in kept}:
            raise RuntimeError("what one process acknowledged the other does not know")
        yield


@contextlib.contextmanager
def postgres_down(scene: Scene) -> Iterator[None]:
    """The database's server is stopped, and started again afterwards."""
    assert scene.postgres is not None, "it is kept there"
    scene.postgres.stop()
    yield
    scene.postgres.start()


def damage(name: str) -> Callable[[Path], None]:
    """A file whose beginning is no longer what it was."""

    def spoil(data: Path) -> None:
        for path in data.glob(f"{name}-*"):
            path.unlink()
        with (data / name).open("r+b") as file:
            file.write(b"this is a letter, not a database" * 8)

    return spoil


def halve_graph(data: Path) -> None:
    """A graph whose writing broke off: the files of its store are cut in half."""
    for path in (data / "graph" / "store").iterdir():
        if path.suffix == ".sst":
            with path.open("r+b") as file:
                file.truncate(path.stat().st_size // 2)


def lose_chroma(data: Path) -> None:
    """The folder of vectors is gone."""
    shutil.rmtree(data / "chroma")


@contextlib.contextmanager
def silent_model() -> Iterator[str]:
    """An endpoint that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/v1"


FAULTS: Mapping[str, Fault] = {
    "none": Fault(),
    "no file may grow (full disk)": Fault(during=no_growth),
    "another process holds the lock": Fault(during=locked),
    "two servers on one folder": Fault(during=second_server),
    "the clock is a day back after a restart": Fault(restarts=True, first=CLOCK_BACK),
    "conversations.db is damaged": Fault(before=damage("conversations.db"), restarts=True, starts=False),
    "state.db is damaged": Fault(before=damage("state.db"), restarts=True, starts=False),
    "the data folder is read-only after a restart": Fault(restarts=True, wrap=READ_ONLY, starts=False),
    "the graph is half written": Fault(before=halve_graph, restarts=True),
    "the vectors are gone": Fault(before=lose_chroma, restarts=True),
    "the Chroma server is down": Fault(env={"RECONTEUR_RETRIEVAL__CHROMA_URL": f"http://127.0.0.1:{free_port()}"}),
    "the SPARQL server is down": Fault(
        env={"RECONTEUR_RETRIEVAL__SPARQL_URL": f"http://127.0.0.1:{free_port()}/query"}
    ),
    "the model never answers": Fault(),
    "PostgreSQL is down, then back": Fault(during=postgres_down, in_postgres=True),
}
SILENT = "the model never answers"


def run(data: Path, names: Iterable[str] = FAULTS) -> Iterator[list[dict[str, str]]]:
    """Rows so far, one for each fault: what each action came to, what /readyz said, and what was wrong with that."""
    rows: list[dict[str, str]] = []
    for name in names:
        rows.append({**_row(name, FAULTS[name], data), "commit": commit()})
        yield rows


def _row(name: str, fault: Fault, data: Path) -> dict[str, str]:
    env = {"RECONTEUR_LLM__TURN_S": str(DEADLINE_S), **fault.env}
    with tempfile.TemporaryDirectory() as work, ExitStack() as stack:
        url = stack.enter_context(silent_model()) if name == SILENT else "none"
        postgres = _postgres(stack) if fault.in_postgres else None
        if postgres is not None:
            env["RECONTEUR_RETRIEVAL__STATE_URL"] = postgres.new_database()
        elif fault.in_postgres:
            return {"fault": name, "start": "not run: PostgreSQL's server programs are not installed", "wrong": ""}
        server = Server(copy_of(data, Path(work) / "data"), llm_url=url, env=env)
        stack.callback(server.client.close)
        stack.callback(server.stop)
        server.start()
        scene = Scene(server, postgres=postgres)
        scene.user = server.client.post("/api/users", json={}).raise_for_status().json()["user_id"]
        asked_at = time.monotonic()
        item = _item(server.client)
        scene.usual_s = time.monotonic() - asked_at
        click = {"user": scene.user, "item_id": item, "kind": "like", "conversation_id": f"{scene.user}-talk"}
        scene.feedback = server.client.post("/api/feedback", json=click).raise_for_status().json()["feedback_id"]
        if fault.restarts:
            server.stop()
            fault.before(server.data)
            server._first, server.wrap = fault.first, fault.wrap
            if not fault.starts:
                said = server.ended_by_itself()
                wrong = "" if "Traceback" not in server.log.read_text() and "cannot be used" in said else "no advice"
                words = said.replace(str(server.data), "DATA")
                return {
                    "fault": name,
                    "start": f"refused: {words}",
                    "wrong": wrong or ("it started" if not said else ""),
                }
            try:
                server.start()
            except RuntimeError as error:
                return {"fault": name, "start": str(error).replace(str(server.data), "DATA"), "wrong": "no start"}
        with fault.during(scene):
            actions = _actions(scene, item)
        return {"fault": name, **actions, "wrong": "; ".join(filter(None, (actions["wrong"], _lost(scene))))}


def _postgres(stack: ExitStack) -> Postgres | None:
    return stack.enter_context(running_server()) if find_binaries() is not None else None


def _actions(scene: Scene, item: str) -> dict[str, str]:
    client, user, wrong = scene.server.client, scene.user, list[str]()
    attempt = partial(_try, client, wrong, DEADLINE_S + MARGIN * max(1.0, scene.usual_s))
    ready = client.get("/readyz").json()
    parts = {part: state for part, state in ready["parts"].items() if state not in ("ok", "none")}
    words = "a comedy after 1990"
    chat = {"user": user, "messages": [{"role": "user", "content": words}]}
    outcomes = {
        "recommend": attempt("POST", "/api/recommend", {"user": user, "message": words}),
        "chat": attempt("POST", "/v1/chat/completions", chat),
        "feedback": attempt("POST", "/api/feedback", {"user": user, "item_id": item, "kind": "seen"}),
    }
    # somebody new is made and erased; where nobody can be made, that sentence
    made = client.post("/api/users", json={})
    other = made.json().get("user_id")
    outcomes["erase another"] = attempt("DELETE", f"/api/users/{other}") if other else attempt("POST", "/api/users", {})
    said = f"{ready['status']} ({'; '.join(f'{part}: {state}' for part, state in parts.items())})" if parts else "ready"
    return {**outcomes, "/readyz": said, "wrong": "; ".join(wrong)}


def _try(client: httpx.Client, wrong: list[str], limit_s: float, method: str, path: str, body: object = None) -> str:
    """'5 cards, unsaved', '204' or '503: the disk is full ...'; what nobody should see goes to `wrong`."""
    started = time.monotonic()
    answer = client.request(method, path, json=body) if body is not None else client.request(method, path)
    seconds = time.monotonic() - started
    if seconds > limit_s:
        wrong.append(f"{path} took {seconds:.0f} s")
    data = answer.json() if answer.content else {}
    if answer.status_code >= 400:
        message = data["error"]["message"]
        if answer.status_code != 503 or not message:
            wrong.append(f"{path} answered {answer.status_code}")
        return f"{answer.status_code}, {message.rpartition('(')[0].strip().rpartition('cannot be used: ')[2]}"
    brought = data.get("reconteur", data)
    if "recommendations" not in brought:
        return str(answer.status_code)
    if not brought["recommendations"]:
        wrong.append(f"{path} brought no cards")
    notices = [notice for notice in brought.get("notices", []) if notice != say("no_model", "en")]
    return f"{len(brought['recommendations'])} cards{', ' if notices else ''}{' '.join(notices)}"


def _lost(scene: Scene) -> str:
    """Whether what was acknowledged before the fault is there after it."""
    answer = scene.server.client.get(f"/api/users/{scene.user}/export")
    if answer.status_code != 200:
        return f"the export answered {answer.status_code}"
    kept = answer.json()
    feedback = scene.feedback in {str(row["id"]) for row in kept["feedback"]}
    talk = f"{scene.user}-talk" in kept["conversation_turns"]
    return "" if feedback and talk else "something acknowledged is lost"


def _item(client: httpx.Client) -> str:
    answer = client.post("/api/recommend", json={"message": "a comedy"}).raise_for_status()
    return str(answer.json()["recommendations"][0]["item_id"])
