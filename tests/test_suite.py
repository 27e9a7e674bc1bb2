"""The suite's own promises: nothing leaves this machine, and CI misses no live test."""

import os
import socket
from types import SimpleNamespace

import pytest

from tests.conftest import is_missed


@pytest.mark.parametrize("address", [("192.0.2.1", 80), ("2001:db8::1", 80)])
@pytest.mark.filterwarnings("ignore:A test tried to use socket")
def test_the_network_is_blocked(address: tuple[str, int]):
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET

    with socket.socket(family) as one, pytest.raises(RuntimeError, match="A test tried to use"):
        one.connect(address)


def test_this_machine_is_reached():
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
        assert client.getpeername() == server.getsockname()


def test_libraries_do_not_call_home():
    off = ("GRADIO_ANALYTICS_ENABLED", "ANONYMIZED_TELEMETRY", "LANGSMITH_TRACING")

    assert all(os.environ[name].lower() == "false" for name in off)
    assert os.environ["HF_HUB_OFFLINE"] == "1"


@pytest.mark.parametrize(("ci", "live", "missed"), [("1", True, True), ("1", False, False), ("", True, False)])
def test_only_ci_minds_a_skipped_live_test(monkeypatch: pytest.MonkeyPatch, ci: str, live: bool, missed: bool):
    monkeypatch.setenv("RECONTEUR_CI", ci)
    item = SimpleNamespace(get_closest_marker=lambda name: name if live else None)

    assert is_missed(item) is missed
