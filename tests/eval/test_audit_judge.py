"""The language model as judge, which here answers from a script."""

import json
import math
from pathlib import Path

import pytest

from agent.learning.transcripts import Dialogue, write_dialogues
from eval.audit.judge import Case, Verdicts, agreement, cases_of, judge_all
from eval.audit.judging import describe, judge_and_describe
from retrieval.errors import BadDataError
from tests.fakes import Status

CASE = Case("d", 1, "User: A heist, please.", "Try Heat.")
PAIR = Case("d", 1, "User: A heist, please.", "Try Heat.", "No idea.")


def rated(helpfulness: object, explanation: object) -> str:
    return json.dumps({"helpfulness": helpfulness, "explanation": explanation})


def answered(text: str, name: str = "d") -> Dialogue:
    turns = [{"role": "user", "text": "A heist, please."}, {"role": "assistant", "text": text}]
    return Dialogue.model_validate({"dialogue_id": name, "turns": turns})


async def test_each_reply_is_rated_twice_with_the_criteria_swapped(server, model):
    server.readings = [rated("4", "2"), rated(4, 3)]

    (found,), cost = await judge_all(model, [CASE])

    first, second = (call.body["response_format"]["json_schema"]["schema"]["required"] for call in server.calls)
    assert first == second[::-1]
    assert (found.plain, found.swapped["explanation"]) == ({"helpfulness": "4", "explanation": "2"}, "3")
    assert cost.calls == 2
    assert cost.prompt_tokens > 0


async def test_a_comparison_changes_the_places_and_turns_the_answer_back(server, model):
    server.readings = [rated("first", "tie"), rated("second", "first")]

    (found,), _ = await judge_all(model, [PAIR])

    before, after = (call.messages[-1]["content"] for call in server.calls)
    assert before.index("Try Heat.") < before.index("No idea.")
    assert after.index("No idea.") < after.index("Try Heat.")
    assert found.plain == {"helpfulness": "first", "explanation": "tie"}
    assert found.swapped == {"helpfulness": "first", "explanation": "second"}


async def test_what_fails_is_counted_and_left_out(server, model):
    server.readings = [Status(400), "no JSON", rated("9", "1")]

    found, cost = await judge_all(model, [CASE, CASE, CASE], parallel=1)

    assert found == []
    assert (cost.calls, cost.failed) == (3, 3)


def verdicts(*pairs: tuple[str, str]) -> list[Verdicts]:
    return [
        Verdicts(PAIR, {"helpfulness": a, "explanation": a}, {"helpfulness": b, "explanation": b}) for a, b in pairs
    ]


def test_agreement_and_kappa_by_hand():
    found = verdicts(("first", "first"), ("first", "first"), ("second", "second"), ("first", "second"))

    share, kappa = agreement(found, "helpfulness")

    assert share == 0.75
    # expected by chance: 3/4 * 2/4 + 1/4 * 2/4 = 1/2
    assert kappa == pytest.approx((0.75 - 0.5) / (1 - 0.5))


def test_kappa_of_one_answer_is_unknown():
    share, kappa = agreement(verdicts(("tie", "tie")), "explanation")

    assert share == 1.0
    assert math.isnan(kappa)


def test_a_torn_judge_counts_for_nobody():
    text = describe(verdicts(("first", "first"), ("first", "second")), _cost(), compared=True)

    assert "| helpfulness | 1 | 0 | 1 | 50% |" in text


def _cost():
    from eval.audit.judge import Cost

    return Cost()


def test_turns_are_paired_by_dialogue_and_place():
    ours = [answered("Try Heat.", "one"), answered("Try Heat.", "two"), answered("Same.", "three")]
    theirs = [answered("No idea.", "one"), answered("Same.", "three")]

    cases = cases_of(ours, limit=10, others=theirs)

    assert [(one.dialogue_id, one.reply, one.other) for one in cases] == [("one", "Try Heat.", "No idea.")]


def test_the_whole_way_from_files_to_words(server, tmp_path: Path):
    other = tmp_path / "other.jsonl"
    write_dialogues(other, [answered("No idea.")])
    server.readings = [rated("first", "first"), rated("second", "second")]

    text = judge_and_describe(
        [answered("Try Heat.")], other, url=server.url, model=None, limit=5, seed=0, skip_bad=False
    )

    assert "| helpfulness | 1 | 0 | 0 | 100% |" in text
    assert "2 calls (0 failed)" in text


def test_nothing_to_judge_is_said():
    with pytest.raises(BadDataError, match="nothing to judge"):
        judge_and_describe([], None, url="http://127.0.0.1:9/v1", model=None, limit=5, seed=0, skip_bad=False)
