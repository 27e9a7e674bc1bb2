"""For the whole suite: no network but loopback, no library that calls home, no live test that slips away in CI."""

import logging
import os
from collections.abc import Iterator

# before anything imports the libraries that read them
os.environ.update(
    GRADIO_ANALYTICS_ENABLED="False",
    HF_HUB_OFFLINE="1",
    HF_HUB_DISABLE_TELEMETRY="1",
    TRANSFORMERS_OFFLINE="1",
    ANONYMIZED_TELEMETRY="False",
    LANGSMITH_TRACING="false",
    LANGCHAIN_TRACING_V2="false",
    DO_NOT_TRACK="1",
    TOKENIZERS_PARALLELISM="false",
)
OURS = ("RECONTEUR_LLM", "RECONTEUR_RETRIEVAL", "RECONTEUR_CHECKPOINT", "RECONTEUR_ACCESS")
for name in [name for name in os.environ if name.startswith(OURS)]:
    del os.environ[name]  # the tests say themselves which model and data they mean

import pytest  # noqa: E402

from tests.live import (  # noqa: E402, F401
    books_dir,
    books_retriever,
    demo_dir,
    demo_retriever,
    model_url,
    served_url,
)
from tests.postgres import postgres_server, postgres_url  # noqa: E402, F401

LIVE_TIMEOUT_S = 1800
LOOPBACK = ("127.0.0.1", "::1")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Let tests reach this machine only (pytest-socket reads its options right after this)."""
    config.option.allow_hosts = list(LOOPBACK)
    config.option.allow_unix_socket = True


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The first live test waits for a model to load and the demo to be built: more than the limit of other tests."""
    for item in items:
        if item.get_closest_marker("live") and not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(LIVE_TIMEOUT_S))


@pytest.fixture(autouse=True)
def _levels_of_loggers() -> Iterator[None]:
    """What a test sets for the logs of this process does not silence those of the next one."""
    loggers = [logging.getLogger(name) for name in ("", "agent", "tools", "retrieval", "ui", "eval")]
    levels = [logger.level for logger in loggers]
    yield
    for logger, level in zip(loggers, levels, strict=True):
        logger.setLevel(level)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]):
    """With RECONTEUR_CI=1 a live test that was skipped has failed: there, everything it needs is installed."""
    report = yield
    if report.skipped and not hasattr(report, "wasxfail") and is_missed(item):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        report.outcome = "failed"
        report.longrepr = f"a live test was skipped, which is a failure in CI. {reason}"
    return report


def is_missed(item: pytest.Item) -> bool:
    """Whether a skipped test is one that CI must run."""
    return os.environ.get("RECONTEUR_CI") == "1" and item.get_closest_marker("live") is not None
