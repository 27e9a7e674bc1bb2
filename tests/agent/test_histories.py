"""Clients that keep their conversations: a known history finds its wish, an unknown one is read, not replayed."""

import json

import pytest

from agent.agent import Agent
from agent.conversation import Conversation, Role, Turn
from agent.drivers.offline import driver
from agent.drivers.reading import Parsed
from agent.histories import HistoryCache
from agent.recommendation import Reply
from agent.transcript import render_list
from retrieval.preference import Constraint, Op, Preference
from tests.agent.conftest import MakeAgent
from tests.fakes import Calls, ScriptedChatModel

COMEDY = Calls.of(("update_wish", {"limits": [{"field": "genres", "value": "Comedy"}]}), ("recommend", {}))


def sent_back(*exchanges: tuple[str, Reply]) -> list[tuple[Role, str]]:
    """What a client of the chat API sends along: its own messages, and what it got."""
    messages = []
    for said, reply in exchanges:
        listed = render_list(reply.recommendations, reply.near_misses, reply.notices)
        messages += [(Role.USER, said), (Role.ASSISTANT, f"{listed}\n\n{reply.text}")]
    return messages


async def test_a_history_that_was_answered_here_finds_its_wish_again(talking: Agent, model: ScriptedChatModel):
    model.steps = [COMEDY]
    first = await talking.reply(Conversation(), "a comedy", store=False, keep=False)

    again = talking.from_messages(sent_back(("a comedy", first)), user_id=None)

    assert not again.unread
    assert [limit.key for limit in again.preference.constraints] == ["genres:is:Comedy"]
    assert again.last_shown() == tuple(card.item.item_id for card in first.recommendations)


async def test_a_known_history_costs_the_model_nothing_more(talking: Agent, model: ScriptedChatModel):
    model.steps = [COMEDY]
    first = await talking.reply(Conversation(), "a comedy", store=False, keep=False)
    known = talking.from_messages(sent_back(("a comedy", first)), user_id=None)
    model.calls.clear()
    model.steps = [Calls.of(("recommend", {}))]

    await talking.reply(known, "more", store=False, keep=False)

    assert [call.purpose for call in model.calls] == ["step", "write"]
    assert "not read yet" not in json.dumps(model.calls[0].body["messages"])


async def test_an_unknown_history_is_read_by_the_model_in_the_same_step(talking: Agent, model: ScriptedChatModel):
    history = [(Role.USER, f"wish number {n}") if n % 2 == 0 else (Role.ASSISTANT, "Noted.") for n in range(20)]
    conversation = talking.from_messages(history, user_id=None)
    model.steps = [COMEDY]

    reply = await talking.reply(conversation, "as I said", store=False, keep=False)

    steps = [call for call in model.calls if call.purpose == "step"]
    assert conversation.unread
    assert len(steps) == 1
    assert "not read yet" in steps[0].question
    assert "wish number 18" in json.dumps(steps[0].body["messages"])
    assert not reply.conversation.unread


async def test_without_a_model_an_unknown_history_is_read_by_its_messages(agent: Agent):
    history = [(Role.USER, "a comedy, please"), (Role.ASSISTANT, "Here you are."), (Role.USER, "only after 1990")]

    reply = await agent.reply(agent.from_messages(history, user_id=None), "more", store=False, keep=False)

    assert {(limit.field, limit.op) for limit in reply.intent.preference.constraints} == {
        ("genres", Op.IS),
        ("year", Op.MIN),
    }


async def test_a_client_that_forks_its_history_gets_the_wish_of_that_place(talking: Agent, model: ScriptedChatModel):
    model.steps = [COMEDY]
    first = await talking.reply(Conversation(), "a comedy", store=False, keep=False)
    model.steps = [
        Calls.of(("update_wish", {"limits": [{"field": "year", "op": "max", "value": 1990}]}), ("recommend", {}))
    ]
    await talking.reply(first.conversation, "older", store=False, keep=False)

    forked = talking.from_messages(sent_back(("a comedy", first)), user_id=None)

    assert [limit.key for limit in forked.preference.constraints] == ["genres:is:Comedy"]


async def test_the_history_of_one_user_tells_nothing_about_another(make_agent: MakeAgent, model: ScriptedChatModel):
    agent = await make_agent(model)
    ann, bob = (agent.state.create_user(name).user_id for name in ("Ann", "Bob"))
    model.steps = [COMEDY]
    first = await agent.reply(Conversation(user_id=ann), "a comedy", keep=False)
    messages = sent_back(("a comedy", first))

    assert agent.from_messages(messages, user_id=bob).unread
    assert not agent.from_messages(messages, user_id=ann).unread
    await agent.erase(ann)
    agent.state.ensure_user(ann)
    assert agent.from_messages(messages, user_id=ann).unread


def test_the_cache_is_bounded_and_forgets_the_oldest():
    cache = HistoryCache(most=2)
    comedy = Preference(constraints=(Constraint("genres", Op.IS, ("Comedy",)),))
    talks = [Conversation(turns=(Turn(Role.USER, f"wish {n}"),), preference=comedy) for n in range(3)]
    for talk in talks:
        cache.keep(talk)

    talks_found = [cache.find(Conversation(turns=talk.turns)) for talk in talks]

    assert [talk.unread for talk in talks_found] == [True, False, False]
    assert talks_found[1].preference == comedy


def test_the_cache_keeps_no_text_of_a_turn():
    cache = HistoryCache()
    cache.keep(Conversation(turns=(Turn(Role.USER, "a secret wish"),)))

    assert "secret" not in repr(cache)


async def test_an_old_message_with_more_limits_than_a_patch_holds_is_read_as_far_as_it_goes(agent: Agent):
    wish = ", ".join(["not before 1950", *(f"not {year}" for year in range(1951, 1990)), "a comedy", "a drama"] * 3)

    reply = await agent.reply(agent.from_messages([(Role.USER, wish)], user_id=None), "more", store=False, keep=False)

    assert reply.text


async def test_of_a_long_history_only_the_end_is_parsed(agent: Agent, monkeypatch: pytest.MonkeyPatch):
    parsed: list[str] = []
    plain = driver.parse

    def noted(message: str, *rest: object) -> Parsed:
        parsed.append(message)
        return plain(message, *rest)

    monkeypatch.setattr(driver, "parse", noted)
    short = [(Role.USER, f"a comedy after {year}") for year in range(1900, 1990)]
    long = [(Role.USER, f"a comedy after {year}. " + "nothing else matters. " * 100) for year in range(1900, 1990)]

    for history in (short, long):
        parsed.clear()
        await agent.reply(agent.from_messages(history, user_id=None), "more", store=False, keep=False)

        *old, message = parsed
        assert message == "more"
        assert old[-1] == history[-1][1].strip()
        assert len(old) <= driver.MOST_READ
        assert sum(map(len, old)) <= driver.MOST_CHARACTERS


def test_a_cache_of_none_remembers_nothing():
    spoken = Conversation(turns=(Turn(Role.USER, "a comedy"),))
    cache = HistoryCache(0)

    cache.keep(spoken)

    assert cache.find(spoken).unread
