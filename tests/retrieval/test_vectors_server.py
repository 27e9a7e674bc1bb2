"""The vector index in a real Chroma server, reached by URL."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest

from agent.serving.health import free_port
from retrieval.datasets import Dataset
from retrieval.errors import VectorServerError
from retrieval.settings import RetrievalSettings
from retrieval.vectors import VectorIndex, build_vectors
from tests.fakes import HashEncoder

START_S = 120.0


@pytest.fixture(scope="module")
def chroma_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder, port = tmp_path_factory.mktemp("chroma-server"), free_port()
    words = (str(Path(sys.executable).with_name("chroma")), "run", "--path", str(folder), "--port", str(port))
    env = {**os.environ, "ANONYMIZED_TELEMETRY": "False"}
    server = subprocess.Popen(words, cwd=folder, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    try:
        wait_for(url, server)
        yield url
    finally:
        close_connections()
        server.terminate()
        server.wait(30)


def close_connections() -> None:
    """Chroma's clients leave theirs to the garbage collector, which warns of each."""
    from chromadb.api import ServerAPI
    from chromadb.api.shared_system_client import SharedSystemClient

    for system in SharedSystemClient._identifier_to_system.values():
        session = getattr(system.instance(ServerAPI), "_session", None)
        if session is not None:
            session.close()


def wait_for(url: str, server: subprocess.Popen[bytes]) -> None:
    with httpx.Client(timeout=5.0, trust_env=False) as client:
        for _ in range(int(START_S * 4)):
            assert server.poll() is None, "expected the Chroma server to start, but it ended"
            try:
                if client.get(f"{url}/api/v2/heartbeat").is_success:
                    return
            except httpx.HTTPError:
                pass
            time.sleep(0.25)
    raise AssertionError(f"expected a Chroma server at {url} within {START_S:.0f} s")


@pytest.mark.live
def test_a_server_holds_the_same_index_as_the_folder(
    teas: Dataset, vectors: VectorIndex, chroma_url: str, tmp_path: Path
) -> None:
    settings = RetrievalSettings(data_dir=tmp_path, encoder="hash", chroma_url=chroma_url)
    encoder = HashEncoder()
    build_vectors(teas, settings, encoder=encoder)
    build_vectors(teas, settings, encoder=encoder)  # a second build replaces the first

    served = VectorIndex.open(teas.catalog, settings)

    wish = encoder.encode(["smoky and warm"])[0]
    assert [row for row, _ in served.query(wish, 4)] == [row for row, _ in vectors.query(wish, 4)]
    assert np.allclose(served.matrix, vectors.matrix, atol=1e-6)
    assert not (tmp_path / "chroma").exists()


@pytest.mark.parametrize("create", [False, True])
def test_a_server_that_is_not_there_is_named(teas: Dataset, data_dir: Path, create: bool) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    settings = RetrievalSettings(data_dir=data_dir, encoder="hash", chroma_url=url)

    with pytest.raises(VectorServerError, match=rf"expected a Chroma server at {url}, found none.*Start it"):
        build_vectors(teas, settings, encoder=HashEncoder()) if create else VectorIndex.open(teas.catalog, settings)
