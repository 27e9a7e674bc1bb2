"""Intents held against what was written beside a message, by hand and through the real agent."""

from typing import Any

import pytest

from agent.conversation import Conversation, Role, Turn
from agent.intent import Act, Intent
from benchmarks import understanding
from benchmarks.session import open_agent
from benchmarks.understanding import conversation_of, judge, run
from retrieval.preference import Constraint, Op, Preference
from retrieval.retriever import Retriever
from tests.agent.films import film_catalog, film_id

CRIME = Constraint("genres", Op.IS, ("Crime",))


def verdict(expect: dict[str, Any], intent: Intent, before: Conversation | None = None) -> dict[str, bool]:
    return judge({"expect": expect}, before or Conversation(), intent, film_catalog())


def wanting(*limits: Constraint, act: Act = Act.RECOMMEND, **members: Any) -> Intent:
    return Intent(act, Preference(constraints=limits), **members)


@pytest.mark.parametrize(
    ("expected", "act", "right"),
    [
        ("refine", Act.RECOMMEND, True),
        ("feedback", Act.RECOMMEND, True),
        ("chat", Act.ANSWER, True),
        ("ask", Act.ANSWER, True),
        ("ask", Act.RECOMMEND, False),
        ("recommend", Act.ASK, False),
    ],
)
def test_older_acts_are_held_against_how_the_turn_ends(expected: str, act: Act, right: bool) -> None:
    assert verdict({"act": expected}, wanting(act=act))["act"] is right


def test_asking_which_of_two_was_meant_is_right() -> None:
    both = tuple(item.item_id for item in film_catalog() if item.title == "Sabrina")
    asked = wanting(act=Act.ASK, ambiguous=(("Sabrina", both),))

    assert verdict({"act": "recommend", "liked": ["Sabrina"]}, asked)["turn"]
    assert not verdict({"act": "recommend", "liked": ["Heat (1995)"]}, asked)["act"]


def test_an_example_counts_as_liked_and_nothing_may_be_made_up() -> None:
    expect = {"act": "recommend", "liked": ["Heat (1995)"]}

    assert verdict(expect, wanting(examples=(film_id("Heat"),)))["turn"]
    assert not verdict(expect, wanting(examples=(film_id("Heat"), film_id("Babe"))))["liked"]
    assert not verdict({"act": "recommend"}, wanting(CRIME))["constraints"]


def test_limits_of_earlier_messages_are_not_counted_again() -> None:
    before = Conversation(preference=Preference(constraints=(CRIME,)))
    older = Constraint("year", Op.MAX, (1980.0,))
    expect = {"act": "refine", "constraints": [{"field": "year", "op": "max", "values": [1981]}]}

    assert verdict(expect, wanting(CRIME, older), before)["turn"]


async def test_the_wish_of_the_history_is_read_before(shelf: Retriever) -> None:
    case = {"history": [{"user": "a crime film", "shown": ["Heat (1995)", "Casino (1995)"]}]}

    async with open_agent(shelf, url="", model="", seed=0, driver="offline") as agent:
        conversation = await conversation_of(case, agent)

    assert [limit.key for limit in conversation.preference.constraints] == [CRIME.key]
    assert conversation.last_shown() == (film_id("Heat"), film_id("Casino"))
    assert [turn.role for turn in conversation.turns] == [Role.USER, Role.ASSISTANT]
    assert not conversation.unread


async def test_a_set_is_played_through_the_agent(shelf: Retriever, tmp_path, monkeypatch) -> None:
    lines = (
        '{"id": "o1", "history": [], "message": "a crime film", "expect": {"act": "recommend", '
        '"constraints": [{"field": "genres", "op": "is", "values": ["Crime"]}]}}\n'
        '{"id": "o2", "history": [], "message": "hello", "expect": {"act": "recommend"}}\n'
    )
    (tmp_path / "understanding_open.jsonl").write_text(lines, encoding="utf-8")
    monkeypatch.setattr(understanding, "HERE", tmp_path)

    async with open_agent(shelf, url="", model="", seed=0, driver="offline") as agent:
        score = await run("open", agent, verbose=False)

    assert score.row("turn") == "1/2"
    assert score.right["act"] == [True, False]
    assert score.drivers == {"offline": 2}
    assert score.tokens == []


def test_older_is_older_than_what_was_shown() -> None:
    conversation = Conversation().add(Turn(Role.ASSISTANT, "", shown=(film_id("Heat"),)))
    expect = {"act": "refine", "constraints": [{"field": "year", "op": "max", "relative": "older"}]}

    assert verdict(expect, wanting(Constraint("year", Op.MAX, (1994.0,))), conversation)["constraints"]
    assert not verdict(expect, wanting(Constraint("year", Op.MAX, (1996.0,))), conversation)["constraints"]
