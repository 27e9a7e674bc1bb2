"""The baseline's translated calls, its limits, and the comparison, by hand and against a scripted model."""

import pytest
from langchain_core.messages import AIMessage

from agent.recommendation import LlmRun
from agent.settings import LlmSettings
from benchmarks import baseline
from benchmarks.baseline import ask_baseline, make_baseline, meant_calls, translated
from benchmarks.session import Cost
from benchmarks.turn_cost import OURS, PLAIN, REQUESTS, SYSTEMS, TRANSLATED, Answer, keeps, report, run, suggestions
from retrieval.retriever import Retriever
from tests.agent.films import film_catalog, film_id
from tests.fakes import ScriptedChatModel

NAMES = ("search_catalog", "cf_scores")
CALL = '{"name": "search_catalog", "arguments": {"query": "crime"}}'


@pytest.mark.parametrize(
    ("text", "count"),
    [
        (f"```json\n{CALL}\n```", 1),
        (f"First:\n```\n{CALL}\n{CALL}\n```\nand ```json\n[{CALL}]\n```", 3),
        (f"<tool_call>\n{CALL}\n</tool_call>", 1),
        (CALL, 1),
        ('{"name": "search_catalog", "parameters": {}}', 1),
        ('{"type": "function", "function": {"name": "cf_scores", "arguments": {}}}', 1),
        ("""<tools>\n<function name="search_catalog" arguments='{"query": "crime", "items": null}'/>\n</tools>""", 1),
        ('{"name": "delete_everything", "arguments": {}}', 0),
        ('```json\n{"name": "search_catalog", "arguments": \n```', 0),
        ("I would use search_catalog.", 0),
    ],
)
def test_calls_written_as_text_are_found(text: str, count: int) -> None:
    calls = meant_calls(text, NAMES)
    assert len(calls) == count
    assert all(name in NAMES for name, _ in calls)


def test_a_message_is_translated_once() -> None:
    message = translated(AIMessage(f"```json\n{CALL}\n```"), NAMES)
    assert isinstance(message, AIMessage)
    assert [(call["name"], call["args"]) for call in message.tool_calls] == [("search_catalog", {"query": "crime"})]
    assert translated(message, NAMES) is message
    plain = AIMessage("Try Heat.")
    assert translated(plain, NAMES) is plain


def test_suggestions_leave_out_what_the_user_named() -> None:
    items, foreign = suggestions("As you liked Alien: Heat, Heat and Dune (2021).", film_catalog(), said="I like Alien")
    assert [item.title for item in items] == ["Heat"]
    assert foreign == ["Dune (2021)"]
    assert suggestions(f"```json\n{CALL}\n```", film_catalog(), said="") == ([], [])


def test_keeping_what_was_asked() -> None:
    crime_after_1990 = REQUESTS[0]
    kept = [title for title in ("Heat", "GoodFellas", "Alien", "Rear Window")
            if keeps(film_catalog().item(film_id(title)), crime_after_1990, film_catalog())]  # fmt: skip
    assert kept == ["Heat", "GoodFellas"]


async def test_the_translated_baseline_calls_a_tool_and_answers(shelf: Retriever, model: ScriptedChatModel) -> None:
    model.prose = [f"```json\n{CALL}\n```", "Try Heat."]
    graph = make_baseline(shelf, LlmSettings(url=model.url), translate=True)
    text, _, meter, error = await ask_baseline(graph, "a crime film")
    assert (text, meter.calls, error) == ("Try Heat.", 2, "")
    assert meter.answer > 0
    assert any(message["role"] == "tool" for message in model.calls[-1].messages)


async def test_the_plain_baseline_ends_with_the_call_it_wrote(shelf: Retriever, model: ScriptedChatModel) -> None:
    model.prose = [f"```json\n{CALL}\n```"]
    text, _, meter, error = await ask_baseline(
        make_baseline(shelf, LlmSettings(url=model.url), translate=False), "a crime film"
    )
    assert (meter.calls, error) == (1, "")
    assert suggestions(text, shelf.catalog, said="") == ([], [])


async def test_a_baseline_that_goes_round_in_circles_is_ended(
    shelf: Retriever, model: ScriptedChatModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(baseline, "RECURSION_LIMIT", 5)
    model.prose = [f"```json\n{CALL}\n```"] * 9
    graph = make_baseline(shelf, LlmSettings(url=model.url), translate=True)
    text, _, meter, error = await ask_baseline(graph, "a crime film")
    assert (text, error) == ("", "step limit")
    assert meter.calls <= 3


async def test_every_system_gets_every_request(shelf: Retriever, model: ScriptedChatModel) -> None:
    answers = await run(shelf, url=model.url, driver="tools", limit=2)
    assert [(answer.request, answer.system) for answer in answers] == [
        *((0, SYSTEMS[0]), (0, SYSTEMS[1]), (0, SYSTEMS[2])),
        *((1, SYSTEMS[1]), (1, SYSTEMS[2]), (1, SYSTEMS[0])),
    ]
    assert all(not answer.error for answer in answers)


def test_the_report_by_hand() -> None:
    runs = (LlmRun("step", 1.0, 100, 90, 30), LlmRun("write", 1.0, 200, 150, 50))
    answers = [
        Answer(OURS, 0, 2.1, 2, 300, 240, 80, ("Heat (1995)",), ("Heat (1995)",), cost=Cost(2.1, 1.1, runs)),
        Answer(PLAIN, 0, 3.0, 1, 500, 0, 40),
        Answer(TRANSLATED, 0, 4.2, 3, 900, 400, 90, ("Heat (1995)", "Alien (1979)"), ("Heat (1995)",), ("Dune",)),
    ]
    text = report(answers, verbose=True)
    assert "| suggested items that keep what was asked | 1/1 | 0/0 | 1/2 |" in text
    assert "| answers that suggest an item | 1/1 | 0/1 | 1/1 |" in text
    assert "| seconds, ours / create_agent with calls translated | 0.50 (0.50 to 0.50) | 1.0 | reached |" in text
    assert "| answer tokens, steps | 30 (30 to 30) | 70 | reached |" in text
    assert "| fresh prompt tokens, steps | 10 (10 to 10) | 350 | reached |" in text
    assert "Alien (1979) (breaks a limit); outside the catalog: Dune" in text
