"""Real parts for live tests, each made once in a session: the small model's server, the demo, the books, the app.

RECONTEUR_TEST_LLM_URL names a model server that runs already (vLLM, say); the embedded one is started otherwise.
"""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from agent.serving import resolve_gguf, wait_healthy
from agent.serving.health import free_port
from retrieval.artifacts import DEFAULT_MODEL, default_cache
from retrieval.build import build, demo_source
from retrieval.ingest import plan_ingest
from retrieval.retriever import Retriever
from retrieval.settings import RetrievalSettings

ROOT = Path(__file__).parent.parent
BOOKS = ROOT / "examples" / "books"
START_S = 600.0


@contextmanager
def process(*words: str, **settings: str) -> Iterator[subprocess.Popen[bytes]]:
    """A program of this environment with settings of its own, ended with the block."""
    running = subprocess.Popen(
        [sys.executable, "-m", *words],
        cwd=ROOT,
        env={**os.environ, **settings},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    try:
        yield running
    finally:
        running.terminate()
        try:
            running.wait(30)
        except subprocess.TimeoutExpired:
            running.kill()
            running.wait(30)


@pytest.fixture(scope="session")
def model_url() -> Iterator[str]:
    """The base URL of a server with the real small model; exactly one in the whole session."""
    given = os.environ.get("RECONTEUR_TEST_LLM_URL", "")
    if given:
        yield given.rstrip("/")
        return
    model, port = resolve_gguf(DEFAULT_MODEL, default_cache()), free_port()
    with process("agent.serving", "embedded", "--model", str(model), "--port", str(port)) as server:
        url = f"http://127.0.0.1:{port}/v1"
        wait_healthy(url, START_S, is_running=lambda: server.poll() is None)
        yield url


@pytest.fixture(scope="session")
def demo_dir() -> Path:
    """The real demo, kept between sessions; what it is made from gives its name."""
    folder = default_cache() / f"test-{demo_source()}"
    made = RetrievalSettings().data_dir
    if not folder.exists() and (made / "manifest.json").is_file():
        # what the set-up built is the same; only what people left there is not copied
        shutil.copytree(made, folder, ignore=shutil.ignore_patterns("*.db", "*.db-*", ".*"))
    build(RetrievalSettings(data_dir=folder))
    return folder


@pytest.fixture(scope="session")
def demo_retriever(demo_dir: Path) -> Retriever:
    retriever = Retriever.open(RetrievalSettings(data_dir=demo_dir))
    retriever.warm()
    return retriever


@pytest.fixture(scope="session")
def books_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped example, ingested; its indexes are built by `books_retriever`."""
    folder = tmp_path_factory.mktemp("books")
    files = (BOOKS / "items.csv", BOOKS / "interactions.csv", BOOKS / "facts.csv", BOOKS / "schema.toml")
    plan_ingest(*files, data_dir=folder).run(lambda what, done, total: None)
    return folder


@pytest.fixture(scope="session")
def books_retriever(books_dir: Path) -> Retriever:
    settings = RetrievalSettings(data_dir=books_dir)
    build(settings)
    retriever = Retriever.open(settings)
    retriever.warm()
    return retriever


@pytest.fixture(scope="session")
def served_url(model_url: str, demo_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Page and API with the real agent, as `reconteur serve` starts them; the model has all the time that it needs."""
    data, port = tmp_path_factory.mktemp("served") / "data", free_port()
    shutil.copytree(demo_dir, data)
    words = ("ui", "serve", "--data", str(data), "--port", str(port), "--llm-url", model_url, "--llm-driver", "schema")
    with process(*words, RECONTEUR_LLM__TIMEOUT_S="900", RECONTEUR_LLM__TURN_S="1800") as server:
        url = f"http://127.0.0.1:{port}"
        wait_ready(url, server)
        yield url


def wait_ready(url: str, server: subprocess.Popen[bytes]) -> None:
    """Until the application answers with all its parts."""
    with httpx.Client(timeout=5.0, trust_env=False) as client:
        for _ in range(int(START_S * 4)):
            assert server.poll() is None, "expected the application to start, but it ended. See its log above."
            try:
                if client.get(f"{url}/readyz").json().get("status") == "ready":
                    return
            except httpx.HTTPError:
                pass
            time.sleep(0.25)
    raise AssertionError(f"expected {url}/readyz to say ready within {START_S:.0f} s")
