"""Unforeseen talk: played by the real agent, laid out without names, and scored by hand."""

import json
import math
from pathlib import Path

import pytest

from agent.wording.messages import say
from benchmarks.session import open_agent
from benchmarks.unforeseen.__main__ import main
from benchmarks.unforeseen.playing import play_all, play_case
from benchmarks.unforeseen.records import (
    Card,
    Case,
    Played,
    PlayedTurn,
    append,
    begin,
    chosen,
    read_cases,
    read_played,
)
from benchmarks.unforeseen.scoring import Entry, JudgedConversation, agreement, interval, read_judged, read_key, report
from benchmarks.unforeseen.sheet import sheet, write_sheet
from retrieval.errors import BadDataError
from retrieval.retriever import Retriever
from tests.fakes import Calls, ScriptedChatModel

HOW = {"driver": "offline", "model": "", "seed": 0}
RUBRIC = {"2": "a crime film", "1": "any film", "0": "none"}


def case(case_id: str = "x-1", *messages: str, language: str = "en", kind: int = 1) -> Case:
    said = messages or ("a crime film, please",)
    return Case(id=case_id, language=language, kind=kind, messages=said, rubric=RUBRIC)


def played(case_id: str = "x-1", **members: object) -> Played:
    turn = PlayedTurn.model_validate({"message": "hi", "text": "Hello!", **members})
    return Played(id=case_id, language="en", kind=1, messages=("hi",), turns=(turn,))


def judged(*points: tuple[int, int], language: str = "en", kind: int = 1) -> list[JudgedConversation]:
    return [JudgedConversation(Entry(id=f"x-{n}", language=language, kind=kind), pair) for n, pair in enumerate(points)]


# Playing ---------------------------------------------------------------------------------------------------------


async def test_what_a_person_saw_and_what_it_cost_is_written_down(shelf: Retriever, tmp_path: Path) -> None:
    out = tmp_path / "run.jsonl"
    cases = [
        case("x-1", "a crime film from before 1993", "thanks"),
        case("x-2", "Sabrina"),
        case("x-3", "like GoodFellas"),
    ]

    async with open_agent(shelf, url="", model="", seed=0, driver="offline") as agent:
        await play_all(agent, cases, out, seed=0)

    first, second, third = read_played(out)
    assert [turn.message for turn in first.turns] == ["a crime film from before 1993", "thanks"]
    assert {card.label for card in first.turns[0].cards if not card.exploratory} <= {
        *("GoodFellas (1990)", "Reservoir Dogs (1992)")
    }
    assert any(card.reason for card in third.turns[0].cards)
    assert first.turns[0].driver == "offline"
    assert (first.turns[0].calls, first.turns[0].answer_tokens) == (0, 0)
    assert first.turns[0].seconds > 0
    assert first.turns[1].text
    assert set(second.turns[0].choices) == {"Sabrina (1954)", "Sabrina (1995)"}


async def test_calls_and_tokens_of_the_model_are_counted(shelf: Retriever, model: ScriptedChatModel) -> None:
    model.steps = [
        Calls.of(("search_catalog", {"description": "robbery"})),
        Calls.of(("recommend", {"items": ["Heat"]})),
    ]

    async with open_agent(shelf, url=model.url, model="local", seed=0, driver="tools") as agent:
        (turn,) = (await play_case(agent, case(), seed=0)).turns

    assert turn.driver == "tools"
    assert turn.steps == 2
    assert turn.tools == ("search_catalog", "recommend")
    assert turn.cards[0].label == "Heat (1995)"
    assert turn.prompt_tokens == 70 * turn.calls


async def test_a_conversation_is_the_same_whatever_was_played_before(shelf: Retriever) -> None:
    async def labels(*cases: Case) -> list[str]:
        async with open_agent(shelf, url="", model="", seed=0, driver="offline") as agent:
            turns = [turn for each_case in cases for turn in (await play_case(agent, each_case, seed=3)).turns]
        return [card.label for card in turns[-1].cards]

    alone = await labels(case("x-1", "something with space"))

    assert alone == await labels(case("x-0", "a comedy"), case("x-1", "something with space"))


async def test_a_turn_that_fails_is_written_down_and_tried_again(
    shelf: Retriever, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> None:
        raise ValueError("no")

    out = tmp_path / "run.jsonl"
    monkeypatch.setattr("benchmarks.unforeseen.playing.play", broken)
    async with open_agent(shelf, url="", model="", seed=0, driver="offline") as agent:
        await play_all(agent, [case()], out, seed=0)

    assert [turn.error for turn in read_played(out)[0].turns] == ["ValueError"]
    assert begin(out, HOW) == []


def test_a_run_goes_on_behind_a_line_that_was_cut_off(tmp_path: Path) -> None:
    out = tmp_path / "run.jsonl"
    with out.open("w", encoding="utf-8") as file:
        append(file, played("x-1"))
        file.write('{"id": "x-2", "lang')

    assert [entry.id for entry in begin(out, HOW)] == ["x-1"]
    assert out.read_text(encoding="utf-8").count("\n") == 1


def test_two_systems_never_share_a_file(tmp_path: Path) -> None:
    out = tmp_path / "run.jsonl"
    begin(out, HOW)

    assert begin(out, HOW) == []
    with pytest.raises(BadDataError, match="Name another file"):
        begin(out, {**HOW, "driver": "schema"})


def test_conversations_are_chosen_by_language_and_id() -> None:
    cases = [case("x-1"), case("x-2", language="fr"), case("x-3", language="fr")]

    assert [each_case.id for each_case in chosen(cases, languages=["fr"])] == ["x-2", "x-3"]
    assert [each_case.id for each_case in chosen(cases, languages=["fr", "en"], ids=["x-1", "x-3"])] == ["x-1", "x-3"]
    with pytest.raises(BadDataError, match="found x-9"):
        chosen(cases, ids=["x-9"])
    with pytest.raises(BadDataError, match="en, fr"):
        chosen(cases, languages=["xx"])


def test_the_sets_are_whole() -> None:
    cases = read_cases()

    assert len(cases) == len({each_case.id for each_case in cases}) == 660
    assert sum(each_case.language == "en" for each_case in cases) == 314
    assert len({each_case.language for each_case in cases}) > 6
    assert all(set(each_case.rubric) == {"0", "1", "2"} for each_case in cases)


# The sheet -------------------------------------------------------------------------------------------------------


def test_the_sheet_shows_what_a_person_saw_and_names_no_system() -> None:
    cards = (Card(label="Heat (1995)", reason="crime"), Card(label="Alien (1979)", exploratory=True, slot="the 1970s"))
    shown = played(cards=cards, near=(Card(label="Babe (1995)", reason="not crime"),), choices=("Heat", "Casino"))
    shown = shown.model_copy(update={"turns": (shown.turns[0].model_copy(update={"driver": "offline"}),)})

    text, key = sheet({"offline": [shown], "secret-model": [played(text="Hi there")]}, [case()], seed=0)

    assert "1. **Heat (1995)**: crime" in text
    assert "2. the 1970s: **Alien (1979)** (marked as a guess)" in text
    assert "Close, but not quite:\n1. **Babe (1995)**: not crime" in text
    assert "[Heat] [Casino]" in text
    assert "- 2: a crime film\n- 1: any film\n- 0: none" in text
    assert "offline" not in text
    assert "secret" not in text
    assert "x-1" not in text
    assert {(entry["system"], entry["id"]) for entry in key.values()} == {("offline", "x-1"), ("secret-model", "x-1")}
    assert all(f"## {entry}" in text for entry in key)


def test_notices_that_would_tell_the_system_are_left_out() -> None:
    text, _ = sheet({"a": [played(notices=(say("no_model", "en"), "Only two fit."))]}, [case()], seed=0)

    assert "> Only two fit." in text
    assert say("no_model", "en") not in text


# Scoring ---------------------------------------------------------------------------------------------------------


def test_agreement_by_hand() -> None:
    pairs = judged((2, 2), (1, 1), (0, 0), (2, 0))

    same, kappa = agreement(pairs)

    # squared weights: observed 4/4; by chance from (2: 2, 1: 1, 0: 1) and (2: 1, 1: 1, 0: 2), each of 4
    by_chance = (2 * (1 * 0 + 1 * 1 + 2 * 4) + 1 * (1 * 1 + 2 * 1) + 1 * (1 * 4 + 1 * 1)) / 16
    assert same == 0.75
    assert kappa == pytest.approx(1 - (4 / 4) / by_chance)
    assert math.isnan(agreement(judged((1, 1), (1, 1)))[1])
    assert math.isnan(agreement([])[0])


def test_an_even_result_is_not_certain() -> None:
    assert interval([1.0] * 10) == (pytest.approx(0.025**0.1), 1.0)
    assert interval([0.0] * 10) == (0.0, pytest.approx(1 - 0.025**0.1))
    low, high = interval([0.0, 1.0] * 20)
    assert 0.3 < low < 0.5 < high < 0.7


def test_the_report_by_hand() -> None:
    told = [*judged((2, 2), (1, 0)), *judged((2, 1), language="zh", kind=2), *judged((0, 0), language="fr", kind=2)]

    text = report(told)

    assert "4 conversations; readers agree exactly on 50%" in text
    assert "| all | 4 | 4 of 8 | 50.0%" in text
    assert "| English and Chinese | 3 | 4 of 6 | 66.7%" in text
    assert "| other languages | 1 | 0 of 2 | 0.0%" in text
    assert "| kind 2 | 2 | 1.5 of 4 | 37.5%" in text


def test_readers_must_judge_the_same_known_conversations(tmp_path: Path) -> None:
    def points(name: str, *ids: str) -> Path:
        path = tmp_path / name
        path.write_text("".join(json.dumps({"id": case_id, "points": 1}) + "\n" for case_id in ids), encoding="utf-8")
        return path

    key = read_key(None, [case("a"), case("b")])

    assert len(read_judged(points("1", "a", "b"), points("2", "b", "a"), key)) == 2
    with pytest.raises(BadDataError, match="only one of them for b"):
        read_judged(points("1", "a", "b"), points("2", "a"), key)
    with pytest.raises(BadDataError, match="found z"):
        read_judged(points("1", "z"), points("2", "z"), key)


def test_the_command_lays_out_and_scores_what_was_played(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cases, run, laid_out = read_cases()[:3], tmp_path / "small.jsonl", tmp_path / "sheet.md"
    with run.open("w", encoding="utf-8") as file:
        for each_case in cases:
            append(
                file, played(each_case.id).model_copy(update={"language": each_case.language, "kind": each_case.kind})
            )

    assert main(["--judge-sheet", str(laid_out), str(run)]) == 0
    entries = json.loads((tmp_path / "sheet.md.key.json").read_text(encoding="utf-8"))
    for reader in ("one", "two"):
        lines = (json.dumps({"id": entry, "points": 2}) + "\n" for entry in entries)
        (tmp_path / reader).write_text("".join(lines), encoding="utf-8")
    key = str(tmp_path / "sheet.md.key.json")
    assert main(["--score", str(tmp_path / "one"), str(tmp_path / "two"), "--key", key]) == 0

    printed = capsys.readouterr().out
    assert "small: 3 conversations; readers agree exactly on 100%" in printed
    assert "| all | 3 | 6 of 6 | 100.0%" in printed


def test_the_key_lies_beside_the_sheet(tmp_path: Path) -> None:
    run = tmp_path / "offline.jsonl"
    with run.open("w", encoding="utf-8") as file:
        append(file, played())

    beside = write_sheet(tmp_path / "sheet.md", [run], [case()], seed=0)

    assert {entry["system"] for entry in json.loads(beside.read_text(encoding="utf-8")).values()} == {"offline"}
