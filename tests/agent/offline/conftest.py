"""The offline driver over the shelf of films."""

from collections.abc import Callable

import pytest

from agent.conversation import Conversation
from agent.drivers.base import Deadline, Drive, View
from agent.drivers.offline import OfflineDriver, Parsed, Scene, Spotter, parse
from retrieval.history import UserHistory
from retrieval.preference import Preference
from retrieval.retriever import Retriever
from tests.agent.films import film_catalog
from tools import ArgumentTypes, Batch, ToolContext
from tools.patch import apply_patch
from tools.placing import Placer

Read = Callable[..., Parsed]
Wish = Callable[..., Preference]


@pytest.fixture(scope="session")
def spotter() -> Spotter:
    return Spotter(film_catalog())


@pytest.fixture(scope="session")
def read(spotter: Spotter) -> Read:
    """A message parsed."""

    def read(message: str, **scene: object) -> Parsed:
        shown = scene.get("shown", ())
        return parse(message, spotter, Scene(**{"shown_before": shown, **scene}))

    return read


@pytest.fixture(scope="session")
def wish(spotter: Spotter, read: Read) -> Wish:
    """What is wanted after several messages."""
    patch = ArgumentTypes.of(spotter.catalog.schema).update_wish

    def wish(*messages: str, shown: tuple[str, ...] = (), before: Preference | None = None) -> Preference:
        wanted = before or Preference()
        for message in messages:
            parsed = read(message, preference=wanted, shown=shown)
            wanted = apply_patch(wanted, patch.model_validate(parsed.patch), spotter.placer, shown=shown).preference
        return wanted

    return wish


@pytest.fixture
def driven(film_retriever: Retriever) -> Callable[..., object]:
    """The context after a turn, with the real tools."""
    driver, placer = OfflineDriver(film_retriever.catalog), Placer(film_retriever.catalog)

    async def driven(message: str, conversation: Conversation | None = None) -> ToolContext:
        conversation = conversation or Conversation()
        wanted, shown = conversation.preference, conversation.last_shown()
        context = ToolContext(film_retriever, placer, UserHistory(), wanted, shown=shown)
        batch = Batch.over(context, tool_timeout_s=20)
        view = View(conversation, message, film_retriever.catalog, wanted)
        await driver.drive(Drive(view, batch, Deadline.after(20)))
        return context

    return driven
