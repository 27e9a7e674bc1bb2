"""A chat model that answers from a script, for everything here that asks one."""

from collections.abc import AsyncIterator, Iterator

import pytest
from langchain_openai import ChatOpenAI

from agent.llm import make_chat_model, open_client
from agent.settings import LlmSettings
from tests.fakes import ScriptedChatModel


@pytest.fixture
def server() -> Iterator[ScriptedChatModel]:
    made = ScriptedChatModel()
    yield made
    made.close()


@pytest.fixture
async def model(server: ScriptedChatModel) -> AsyncIterator[ChatOpenAI]:
    settings = LlmSettings(url=server.url, timeout_s=10)
    async with open_client(settings) as client:
        made = make_chat_model(settings, client)
        assert made is not None
        yield made
