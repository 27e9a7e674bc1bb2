"""The schema driver over the shelf of films, with a scripted model behind a real connection."""

import json
from collections.abc import Awaitable, Callable

import pytest

from agent.conversation import Conversation, Role, Turn
from agent.drivers.base import Deadline, Drive, View
from agent.drivers.offline import Spotter
from agent.drivers.schema import SchemaDriver
from agent.llm import make_chat_model
from agent.settings import LlmSettings
from retrieval.history import UserHistory
from retrieval.preference import Preference
from retrieval.retriever import Retriever
from tests.agent.films import film_catalog
from tests.fakes import ScriptedChatModel
from tools import Batch, ToolContext
from tools.placing import Placer

Driven = Callable[..., Awaitable[Drive]]


@pytest.fixture(scope="session")
def spotter() -> Spotter:
    return Spotter(film_catalog())


@pytest.fixture
def driver(model: ScriptedChatModel, spotter: Spotter) -> SchemaDriver:
    chat = make_chat_model(LlmSettings(url=model.url, timeout_s=5))
    assert chat is not None
    return SchemaDriver(film_catalog(), chat, spotter)


@pytest.fixture
def driven(driver: SchemaDriver, model: ScriptedChatModel, film_retriever: Retriever) -> Driven:
    """A turn in which the model answers as told; the answers are dicts, or raw answers of the scripted model."""
    placer = Placer(film_retriever.catalog)

    async def driven(
        message: str, *answers: object, conversation: Conversation | None = None, seconds: float = 20
    ) -> Drive:
        conversation = conversation or Conversation()
        model.readings += [json.dumps(answer) if isinstance(answer, dict) else answer for answer in answers]
        wish = conversation.preference
        context = ToolContext(film_retriever, placer, UserHistory(), wish, shown=conversation.last_shown())
        deadline = Deadline.after(seconds)
        batch = Batch.over(context, tool_timeout_s=10, remaining_s=deadline.remaining_s)
        drive = Drive(View(conversation, message, film_retriever.catalog, wish), batch, deadline)
        await driver.drive(drive)
        return drive

    return driven


def after_list(*item_ids: str, wish: Preference | None = None) -> Conversation:
    """A conversation in which a list was shown."""
    conversation = Conversation(preference=wish or Preference(), asked=True)
    return conversation.add(Turn(Role.USER, "a film")).add(Turn(Role.ASSISTANT, "", shown=item_ids))
