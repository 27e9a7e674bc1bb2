"""One conversation is forgotten for good, and nothing else is."""

import pytest

from agent.agent import Agent
from retrieval.errors import UnknownConversationError
from tests.agent.conftest import MakeAgent, visitor
from tests.agent.test_keeping import MARKER, files_with
from tests.fakes import ScriptedChatModel


@pytest.fixture
async def talking(make_agent: MakeAgent, model: ScriptedChatModel) -> Agent:
    return await make_agent(model)


async def test_a_forgotten_conversation_leaves_no_turn_and_the_others_stay(talking: Agent, tmp_path):
    gone = (await talking.reply(visitor(talking), f"a crime story, {MARKER}")).conversation
    user_id = str(gone.user_id)
    stays = (await talking.reply(visitor(talking), "a crime story")).conversation

    await talking.forget(user_id, gone.conversation_id)

    assert await talking.conversations.load(gone.conversation_id) is None
    assert gone.conversation_id not in talking.state.conversation_ids_of(user_id)
    assert await talking.conversations.load(stays.conversation_id) is not None
    assert files_with(MARKER, tmp_path) == []


async def test_nobody_forgets_the_conversation_of_somebody_else(talking: Agent):
    kept = (await talking.reply(visitor(talking), "a crime story")).conversation
    other = talking.state.create_user("Bob").user_id

    with pytest.raises(UnknownConversationError):
        await talking.forget(other, kept.conversation_id)

    assert await talking.conversations.load(kept.conversation_id) is not None
