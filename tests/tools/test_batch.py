"""One step of a driver: patches, then look-ups side by side, then one ending; whatever goes wrong becomes a result."""

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from langchain_core.tools import BaseTool, StructuredTool, ToolException

from retrieval.candidates import Candidate, Evidence, EvidenceKind
from retrieval.preference import Constraint, Op, Preference
from retrieval.retriever import Retriever
from tests.tools.desk import desk, lines, step, with_tool
from tools import Batch, Call, Found, Lookup, Result
from tools.batch import LONGEST_RESULT, MOST_CALLS, REPEATED

Asked = tuple[str, dict[str, Any]]

GREEN: Asked = ("update_wish", {"limits": [{"field": "kinds", "value": "green"}]})
CHEAP: Asked = ("update_wish", {"limits": [{"field": "price", "op": "max", "value": 10}]})
CALM: Asked = ("search_catalog", {"description": "cool and calm"})
COUNT: Asked = ("graph_lookup", {"kind": "count"})
LIST: Asked = ("recommend", {"items": ["Quiet Lake"]})
QUESTION: Asked = ("ask_user", {"question": "Hot or cold?"})


def answering(name: str, answer: Callable[[], tuple[str, Found]]) -> BaseTool:
    """A tool that takes anything."""

    def tool(**arguments: Any) -> tuple[str, Found]:
        return answer()

    schema = {"type": "object", "properties": {}}
    return StructuredTool.from_function(
        tool, name=name, description=name, args_schema=schema, response_format="content_and_artifact"
    )


def errors(results: Sequence[Result]) -> list[str]:
    return [result.error for result in results]


# Order


async def test_patches_come_before_look_ups_whatever_the_order_of_the_calls(shop: Retriever) -> None:
    context = desk(shop)

    results = await step(context, CALM, LIST, GREEN, CHEAP)

    assert lines(results[0].text)[0] == "2 items keep the limits; rows:"
    assert [limit.key for limit in context.wanted.constraints] == ["kinds:is:Green", "price:max:10"]
    assert context.ending is not None


async def test_results_stand_in_the_order_of_the_calls(shop: Retriever) -> None:
    calls: tuple[Asked, ...] = (LIST, COUNT, ("no_such", {}), GREEN, CALM)

    results = await step(desk(shop), *calls)

    assert [result.call.tool for result in results] == [tool for tool, _ in calls]
    assert [result.call.call_id for result in results] == ["c0", "c1", "c2", "c3", "c4"]
    assert errors(results) == ["", "", "refused", "", ""]


async def test_several_patches_of_a_step_apply_one_after_the_other(shop: Retriever) -> None:
    context = desk(shop)

    await step(context, ("update_wish", {"about": "calm"}), ("update_wish", {"start_over": True}), GREEN)

    assert context.wanted == Preference(constraints=(Constraint("kinds", Op.IS, ("Green",)),))
    assert len(context.patches) == 3


async def test_look_ups_run_side_by_side(shop: Retriever) -> None:
    together = threading.Barrier(2, timeout=30)

    def meet() -> tuple[str, Found]:
        together.wait()  # passed only while the other look-up waits, too
        return "met", Found()

    batch = with_tool(desk(shop), answering("search_catalog", meet))
    batch.tools = {**batch.tools, "cf_scores": answering("cf_scores", meet)}

    results = await batch.run([Call("search_catalog"), Call("cf_scores")])

    assert [result.text for result in results] == ["met", "met"]


async def test_the_ending_comes_last_and_the_turn_is_over(shop: Retriever) -> None:
    told: list[str] = []
    batch = Batch.over(desk(shop), tool_timeout_s=20, on_result=lambda result: told.append(result.call.tool))

    await step(batch.context, LIST, COUNT, GREEN, batch=batch)

    assert told == ["update_wish", "graph_lookup", "recommend"]
    assert batch.context.ending is not None
    assert batch.context.ending.item_ids == ("tea:3",)


async def test_a_second_ending_is_refused(shop: Retriever) -> None:
    context = desk(shop)
    batch = Batch.over(context, tool_timeout_s=20)

    first = await step(context, LIST, QUESTION, batch=batch)
    later = await step(context, QUESTION, batch=batch)

    assert errors(first) == ["", "refused"]
    assert first[1].text == "the turn has ended already: one ending call a turn"
    assert errors(later) == ["refused"]
    assert context.ending is not None
    assert context.ending.tool == "recommend"


async def test_an_ending_that_was_refused_leaves_room_for_another(shop: Retriever) -> None:
    context = desk(shop)

    results = await step(context, ("answer", {"kind": "song"}), QUESTION)

    assert errors(results) == ["refused", ""]
    assert context.ending is not None
    assert context.ending.text == "Hot or cold?"


# What cannot be carried out


async def test_an_unknown_tool_is_answered_with_those_there_are(shop: Retriever) -> None:
    (result,) = await step(desk(shop), ("play_song", {"title": "x"}))

    assert result.error == "refused"
    assert result.text.startswith("no such tool. There are: update_wish, search_catalog, ")


async def test_arguments_that_fit_no_schema_are_answered_with_what_is_wrong(shop: Retriever) -> None:
    context = desk(shop)

    (result,) = await step(
        context, ("update_wish", {"limits": [{"field": "flavor", "value": "my secret"}], "novelty": 7, "count": "many"})
    )

    assert result.error == "refused"
    assert result.text.startswith("arguments refused: novelty: Input should be less than or equal to 1; count: ")
    assert "limits.0.field: Input should be 'kinds', 'growers', 'notes', 'year' or 'price'" in result.text
    assert "my secret" not in result.text
    assert context.wanted == Preference()


async def test_an_argument_that_no_tool_takes_is_said_to_be_left_out(shop: Retriever) -> None:
    misnamed = {"kind": "count", "limit": [{"field": "kinds", "value": "green"}], "why\n?": 1}

    (result,) = await step(desk(shop), ("graph_lookup", misnamed))

    assert lines(result.text) == ["15 items: all items", "left out: no argument limit, why ?"]
    assert result.error == ""


async def test_a_call_that_a_tool_refuses_still_says_which_names_are_unknown(shop: Retriever) -> None:
    context = desk(shop)

    (result,) = await step(context, ("item_details", {"items": ["Moon Dust"]}))

    assert result.error == "refused"
    assert context.problems.unknown == ["Moon Dust"]
    assert not context.has_lost


async def test_the_same_call_again_is_told_so(shop: Retriever) -> None:
    context = desk(shop)
    batch = Batch.over(context, tool_timeout_s=20)
    again = ("graph_lookup", {"sort": "year", "kind": "items"})

    first = await step(context, ("graph_lookup", {"kind": "items", "sort": "year"}), again, batch=batch)
    later = await step(context, again, GREEN, GREEN, batch=batch)

    assert errors(first) == ["", "refused"]
    assert errors(later) == ["refused", "", "refused"]
    assert later[0].text == REPEATED
    assert len(context.lookups) == 1


async def test_the_same_search_for_a_changed_wish_is_another_call(shop: Retriever) -> None:
    context = desk(shop)
    batch = Batch.over(context, tool_timeout_s=20)

    await step(context, CALM, batch=batch)
    (_, changed) = await step(context, GREEN, CALM, batch=batch)
    (unchanged,) = await step(context, CALM, batch=batch)

    assert lines(changed.text)[0] == "5 items keep the limits; rows:"
    assert unchanged.text == REPEATED


async def test_too_many_calls_of_one_step_are_not_carried_out(shop: Retriever) -> None:
    calls: list[Asked] = [("item_details", {"items": [f"i{row}"]}) for row in range(MOST_CALLS + 2)]

    results = await step(desk(shop), *calls, LIST)

    assert errors(results) == ["", "", "", "", "", "", "", "", "refused", "refused", ""]
    assert results[MOST_CALLS].text == "too many calls in one step: at most 8"


# Faults


async def test_a_tool_that_fails_leaves_the_others_alone(shop: Retriever, caplog: pytest.LogCaptureFixture) -> None:
    def fail() -> tuple[str, Found]:
        raise RuntimeError("what the user said")

    batch = with_tool(desk(shop), answering("search_catalog", fail))

    with caplog.at_level(logging.WARNING):
        results = await step(batch.context, CALM, COUNT, GREEN, LIST, batch=batch)

    assert errors(results) == ["failed", "", "", ""]
    assert results[0].text == "failed"
    assert batch.context.has_lost
    assert "tool search_catalog failed: RuntimeError" in caplog.text
    assert "what the user said" not in caplog.text


async def test_a_tools_own_refusal_is_no_fault(shop: Retriever) -> None:
    def refuse() -> tuple[str, Found]:
        raise ToolException("needs two items")

    tool = answering("graph_lookup", refuse)
    tool.handle_tool_error = True
    batch = with_tool(desk(shop), tool)

    (result,) = await step(batch.context, ("graph_lookup", {}), batch=batch)

    assert (result.error, result.text) == ("refused", "needs two items")
    assert not batch.context.has_lost


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    """Closed until the test is over: whoever waits for it hangs."""
    event = threading.Event()
    yield event
    event.set()


def hanging(name: str, gate: threading.Event) -> BaseTool:
    def hang() -> tuple[str, Found]:
        gate.wait(60)
        return "too late", Found(lookup=Lookup((), 1, ()))

    return answering(name, hang)


async def test_a_tool_that_hangs_is_left_behind(shop: Retriever, gate: threading.Event) -> None:
    batch = with_tool(desk(shop), hanging("search_catalog", gate), tool_timeout_s=1.0)

    results = await step(batch.context, CALM, COUNT, GREEN, LIST, batch=batch)
    gate.set()

    assert errors(results) == ["late", "", "", ""]
    assert results[0].text == "did not answer in time"
    assert batch.context.has_lost
    assert len(batch.context.lookups) == 1
    assert batch.context.ending is not None


async def test_with_the_deadline_spent_the_wish_and_the_ending_still_count(
    shop: Retriever, gate: threading.Event
) -> None:
    batch = with_tool(desk(shop), hanging("search_catalog", gate), remaining_s=lambda: 0.0)

    results = await step(batch.context, CALM, GREEN, LIST, batch=batch)
    gate.set()

    assert errors(results) == ["late", "", ""]
    assert [limit.key for limit in batch.context.wanted.constraints] == ["kinds:is:Green"]
    assert batch.context.ending is not None


@pytest.mark.parametrize("row", ["i1 A row of a table", "x" * 900])
async def test_ten_thousand_rows_are_cut_at_a_line(shop: Retriever, row: str) -> None:
    batch = with_tool(desk(shop), answering("search_catalog", lambda: ("\n".join([row] * 10_000), Found())))

    (result,) = await step(batch.context, ("search_catalog", {}), batch=batch)

    *kept, note = lines(result.text)
    assert note == "(cut here: too long)"
    assert set(kept) == {row}
    assert LONGEST_RESULT - len(row) <= len(result.text) <= LONGEST_RESULT + 100


async def test_one_endless_line_is_cut_as_well(shop: Retriever) -> None:
    batch = with_tool(desk(shop), answering("search_catalog", lambda: ("x" * 1_000_000, Found())))

    (result,) = await step(batch.context, ("search_catalog", {}), batch=batch)

    assert len(result.text) < LONGEST_RESULT + 100


async def test_the_widest_real_answer_is_not_cut(shop: Retriever) -> None:
    results = await step(
        desk(shop), ("search_catalog", {"k": 30}), ("item_details", {"items": [f"i{n}" for n in range(10)]})
    )

    assert not any("cut here" in result.text for result in results)


# What the calls brought


async def test_results_add_up(shop: Retriever) -> None:
    context = desk(shop)

    await step(context, ("search_catalog", {"description": "smoky", "limits": [{"field": "kinds", "value": "black"}]}))
    await step(context, ("search_catalog", {"description": "hay", "limits": [{"field": "kinds", "value": "white"}]}))

    item_ids = {candidate.item_id for candidate in context.by_channel["content"]}
    assert item_ids == {"tea:4", "tea:5", "tea:6", "tea:7", "tea:15", "tea:12", "tea:13"}
    scores = [candidate.scores["content"] for candidate in context.by_channel["content"]]
    assert scores == sorted(scores, reverse=True)
    assert [lookup.total for lookup in context.lookups] == [4, 2]


def test_the_newest_score_of_an_item_counts(shop: Retriever) -> None:
    context = desk(shop)

    for score in (0.9, 0.1):
        context.take(Found({"content": [Candidate("tea:0", {"content": score}), Candidate("tea:1", {"content": 0.5})]}))

    assert [(candidate.item_id, candidate.scores["content"]) for candidate in context.by_channel["content"]] == [
        ("tea:1", 0.5),
        ("tea:0", 0.1),
    ]


def test_facts_and_paths_are_kept_for_the_ledger(shop: Retriever) -> None:
    context, fact = desk(shop), Evidence("catalog", EvidenceKind.FACT, "kinds", "Green")

    context.take(Found(facts={"tea:0": (fact,)}, paths=(fact,)))
    context.take(Found(facts={"tea:1": (fact,)}, paths=(fact,)))

    assert set(context.facts) == {"tea:0", "tea:1"}
    assert len(context.paths) == 2


async def test_the_number_of_things_found_is_told(shop: Retriever) -> None:
    (result,) = await step(desk(shop), ("graph_lookup", {"limits": [{"field": "growers", "value": "Sato"}]}))

    assert result.found == 3


async def test_a_taste_that_was_taken_back_is_gone_from_the_wish(shop: Retriever) -> None:
    no_green = Constraint("kinds", Op.NOT, ("Green",), lasting=True)
    context = desk(shop, tastes=(no_green,))
    before = context.preference.constraints

    await step(context, ("update_wish", {"drop": ["green"]}))

    assert before == (no_green,)
    assert context.preference.constraints == ()


async def test_problems_of_all_calls_are_gathered_each_once(films: Retriever) -> None:
    context = desk(films)

    await step(
        context,
        ("update_wish", {"likes": ["Moon Dust", "Sabrina"]}),
        ("item_details", {"items": ["Moon Dust"]}),
        ("cf_scores", {"liked": ["Sabrina"]}),
    )

    assert context.problems.unknown == ["Moon Dust"]
    assert [title for title, _ in context.problems.ambiguous] == ["Sabrina"]


async def test_a_patch_tells_the_wish_as_it_stands(shop: Retriever) -> None:
    patch = {"about": "calm", "limits": [{"field": "growers", "value": "Sato"}], "likes": ["Moon Dust"]}

    (result,) = await step(desk(shop), ("update_wish", patch))

    assert lines(result.text) == ["wish: growers is Emi Sato; about: calm", "no item 'Moon Dust' in the catalog"]
