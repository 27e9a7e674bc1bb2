"""Replies held against written limits: by hand, and one script through the real agent."""

from typing import Any

import pytest

from agent.conversation import Conversation
from agent.intent import Act, Intent
from agent.recommendation import Explanation, LlmRun, Recommendation, Reply
from benchmarks import scripts
from benchmarks.scripts import TurnResult, figures, judge, limits, play_script, read_scripts, report
from benchmarks.session import Cost, open_agent
from retrieval.items import Item
from retrieval.preference import Constraint, Op, Preference
from retrieval.retriever import Retriever
from tests.agent.films import film_catalog, film_id
from tests.fakes import Calls, ScriptedChatModel

CRIME = {"field": "genres", "op": "is", "values": ["Crime"]}
NINETIES = {"field": "year", "op": "min", "values": [1991]}


def card(title: str, *, broken: bool = False) -> Recommendation:
    limit = (Constraint("year", Op.MIN, (1990.0,)),) if broken else ()
    return Recommendation(film_catalog().item(film_id(title)), 1, Explanation(""), breaks=limit)


def reply(text: str, shown: list[Recommendation], near: list[Recommendation] | None = None) -> Reply:
    intent = Intent(Act.RECOMMEND, Preference())
    return Reply(text, Conversation(), intent, tuple(shown), tuple(near or ()))


def turn(**members: Any) -> dict[str, Any]:
    return {"user": "a crime film from the nineties", "constraints": [CRIME, NINETIES], **members}


def test_a_year_to_either_side_is_forgiven() -> None:
    assert limits(turn())[1].values == (1990.0,)
    judged = judge(turn(), reply("", [card("GoodFellas"), card("Alien")]), film_catalog(), said="", before=frozenset())
    assert judged.shown == ("GoodFellas (1990)", "Alien (1979)")
    assert judged.breaking == ("Alien (1979)",)


def test_what_was_ruled_out_may_be_shown_nowhere() -> None:
    asked = turn(not_shown=["Heat (1995)", "Casino (1995)"])
    answer = reply("", [card("Heat"), card("Fargo")], [card("Casino", broken=True), card("Vertigo")])
    judged = judge(asked, answer, film_catalog(), said="", before=frozenset())
    assert judged.unwelcome == ("Heat (1995)", "Casino (1995)")
    assert judged.unlabeled == ("Vertigo (1958)",)
    assert judged.breaking == ()


def test_cards_and_prose_must_come_from_the_catalog() -> None:
    foreign = Recommendation(Item("other:1", "Elsewhere"), 1, Explanation(""))
    text = "Casino fits. Alien was shown before. “Unheard Of” and Rear Window do not."
    answer = reply(text, [card("Casino"), foreign])
    judged = judge(turn(), answer, film_catalog(), said="", before=frozenset([film_id("Alien")]))
    assert judged.foreign == ("Elsewhere",)
    assert judged.strays == ("Unheard Of", "Rear Window")
    assert judged.prose_titles == 4


def cost(total: float, cards: float, understand: float, write: float) -> Cost:
    runs = (LlmRun("step", understand, 100, 80, 20), LlmRun("write", write, 200, 100, 40))
    return Cost(total, cards, runs)


def test_figures_by_hand() -> None:
    results = [
        TurnResult("a", 1, shown=("x", "y"), prose_titles=1, cost=cost(3.3, 1.1, 1.0, 2.0), act="recommend"),
        TurnResult("a", 2, shown=("x", "y"), breaking=("y",), prose_titles=1, strays=("z",), cost=cost(6, 2.4, 2, 2)),
        TurnResult("b", 1, scarce=True, shown=("w",), near=("v",), cost=cost(4, 1, 1, 3)),
        TurnResult("b", 2, scarce=True, error="TimeoutError"),
    ]
    counted: Any = figures(results)
    shares = {name: (share["hits"], share["n"]) for name, share in counted["shares"].items()}
    assert shares == {
        "suggested titles that are catalog items": (7, 8),
        "shown items that keep the written limits": (4, 5),
        "the same, scripts with enough films": (3, 4),
        "the same, scarce scripts": (1, 1),
        "shown items that were not ruled out": (6, 6),
        "near misses that say what they break": (1, 1),
        "turns with a recommendation (scarce left out)": (2, 2),
        "lists with at most one model call before the cards": (3, 3),
    }
    assert counted["turn_cost"]["cards / model calls before them"] == pytest.approx(1.1)  # of 1.1, 1.2 and 1
    assert counted["turn_cost"]["whole turn / its LLM calls"] == pytest.approx(1.1)  # of 1.1, 1.5 and 1
    text = report(results, verbose=True)
    assert "4 turns, seed 0; 2 turns with a flaw, 1 failed" in text
    assert "- a turn 2: breaks a limit: y; named, but not on the list: z" in text


def test_fewer_scripts_are_spread_over_the_file() -> None:
    every = read_scripts()
    assert len(every) >= 50
    assert all(len(script["turns"]) == 3 for script in every)
    assert [script["id"] for script in read_scripts(2)] == [every[0]["id"], every[len(every) // 2]["id"]]


async def test_a_script_is_played_by_the_real_agent(shelf: Retriever, model: ScriptedChatModel) -> None:
    romance = {"field": "genres", "op": "is", "values": ["Romance"]}
    turns = [
        {"user": "a romantic film", "constraints": [romance]},
        {"user": "I've seen Casablanca", "constraints": [romance], "not_shown": ["Casablanca (1942)"]},
    ]
    script = {"id": "t1", "language": "en", "turns": turns}
    model.steps = [
        Calls.of(("update_wish", {"limits": [{"field": "genres", "value": "Romance"}]}), ("recommend", {})),
        Calls.of(("update_wish", {"seen": ["Casablanca"]}), ("recommend", {})),
    ]
    async with open_agent(shelf, url=model.url, model="local", seed=0, driver="tools") as agent:
        results = await play_script(agent, script)
    assert [result.turn for result in results] == [1, 2]
    assert all(result.shown and not result.problems for result in results)
    assert results[0].cost.cards_s is not None
    assert results[0].cost.driver == "tools"
    assert len(results[0].cost.steps) == 1


async def test_a_turn_that_fails_does_not_end_the_run(shelf: Retriever, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_: object) -> None:
        raise ValueError("no")

    monkeypatch.setattr(scripts, "play", broken)
    async with open_agent(shelf, url="", model="local", seed=0) as agent:
        results = await play_script(agent, {"id": "t2", "language": "en", "turns": [turn(), turn()]})
    assert [result.problems for result in results] == [["failed: ValueError"]] * 2
