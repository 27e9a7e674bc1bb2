"""The language model as judge, which here answers from a script or from what was recorded."""

import json
import math
from pathlib import Path

import pytest

import eval.__main__ as command
from agent.learning.transcripts import Dialogue, read_dialogues, write_dialogues
from agent.settings import LlmSettings
from benchmarks.audit import EXPECTED, recorded
from eval.audit.auditor import Auditor
from eval.audit.claims import ClaimReader, ClaimVerdict
from eval.audit.findings import Check, Finding, Verdict
from eval.audit.judge import Judge
from eval.audit.judging import judge_replies
from eval.audit.quality import Case, Verdicts, agreement, cases_of, describe, judge_all
from eval.catalogs import load_catalog
from eval.readers.naming import TitleReader
from retrieval.errors import BadDataError
from retrieval.items import Catalog
from tests.fakes import Status
from tools.placing import reference_of

ROOT = Path(__file__).parents[2]
SETS = ROOT / "eval/data/audit"
HEAT = "ml100k:273"


@pytest.fixture(scope="module")
def movies() -> Catalog:
    return load_catalog(
        ROOT / "retrieval/data/movies.jsonl", schema=ROOT / "retrieval/data/movielens.toml"
    ).dataset.catalog


@pytest.fixture(scope="module")
def reader(movies: Catalog) -> ClaimReader:
    return ClaimReader(TitleReader.of(movies))


def said(text: str, *before: str) -> Dialogue:
    """A dialogue whose last turn is judged; user and assistant take turns."""
    roles = ("assistant", "user")
    turns = [{"role": roles[place % 2], "text": one} for place, one in enumerate((text, *reversed(before)))]
    return Dialogue.model_validate({"dialogue_id": "d", "turns": turns[::-1]})


def claim(catalog: Catalog, item_id: str, field: str, verdict: str, sentence: int = 1) -> dict[str, object]:
    return {"sentence": sentence, "item": reference_of(catalog, item_id), "field": field, "verdict": verdict}


def judged(
    reader: ClaimReader, dialogue: Dialogue, *claims: dict[str, object], unlisted: tuple[str, ...] = ()
) -> ClaimVerdict:
    """What is made of an answer about the last turn of a dialogue."""
    question = reader.question(dialogue, len(dialogue.turns) - 1)
    answer = {"suggested": [], "unlisted": unlisted, "claims": claims}
    return reader.judged(question, question.shape.model_validate(answer))


def planted(reader: ClaimReader, name: str) -> list[tuple[dict, list[Finding]]]:
    """The rows of a set with what is found in the last turn of each, by the recorded answers."""
    dialogues = read_dialogues(SETS / f"{name}.jsonl")
    rows = [json.loads(line) for line in (SETS / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]
    auditor = Auditor.of(reader.titles.catalog, recorded(reader, dialogues, SETS / "answers.jsonl"))
    found = [
        [result for result in auditor.dialogue(dialogue).results if result.turn_index == len(dialogue.turns) - 1]
        for dialogue in dialogues
    ]
    return list(zip(rows, found, strict=True))


def test_planted_falsehoods_are_caught_by_the_right_check_where_a_judge_reads(reader: ClaimReader):
    caught = [
        any(
            finding.verdict is Verdict.WRONG and finding.check in EXPECTED.get(row["kind"], (Check.CLAIM,))
            for finding in findings
        )
        for row, findings in planted(reader, "false")
    ]

    assert len(caught) == 100
    assert sum(caught) >= 98


def test_true_statements_raise_no_alarm_where_a_judge_reads(reader: ClaimReader):
    found = [findings for _, findings in planted(reader, "true")]

    assert len(found) == 200
    assert [finding for findings in found for finding in findings if finding.verdict is Verdict.WRONG] == []
    assert sum(any(finding.verdict is Verdict.HOLDS for finding in findings) for findings in found) >= 142


async def test_the_judge_reads_facts_and_sentences_and_answers_from_closed_lists(reader, server, model, movies):
    row = reference_of(movies, HEAT)
    server.readings = [json.dumps({"suggested": [row], "unlisted": [], "claims": []})]

    found = await reader.judged_by(Judge(model), [said("Sure! Try Heat (1995).", "A heist?")], limit=9, seed=0)

    (call,) = server.calls
    system, asked = (message["content"] for message in call.messages)
    assert "a catalog of films" in system
    assert "User: A heist?" in asked
    assert "directors: Michael Mann" in asked
    assert "2. Try Heat (1995)." in asked
    shape = call.body["response_format"]["json_schema"]["schema"]
    assert row in json.dumps(shape["properties"]["suggested"])
    assert shape["additionalProperties"] is False
    assert found["d", 1].suggested == {HEAT}


def test_a_false_claim_quotes_its_sentence_and_what_the_catalog_knows(reader: ClaimReader, movies: Catalog):
    dialogue = said("Sure. Heat was directed by Ridley Scott. Enjoy!", "A thriller?")

    (finding,) = judged(reader, dialogue, claim(movies, HEAT, "directors", "false", 2)).findings

    assert (finding.dialogue_id, finding.turn_index, finding.verdict) == ("d", 1, Verdict.WRONG)
    assert finding.sentence == "Heat was directed by Ridley Scott."
    assert finding.claimed == "Heat (1995)"
    assert finding.known == "directors: Michael Mann"


def test_nothing_is_false_by_a_field_that_the_catalog_does_not_know(reader: ClaimReader, movies: Catalog):
    dialogue = said("Heat runs for an hour.")

    (finding,) = judged(reader, dialogue, claim(movies, HEAT, "minutes", "false")).findings

    assert (finding.verdict, finding.known) == (Verdict.UNVERIFIABLE, "minutes: not known")


def test_a_title_is_unknown_only_where_the_reply_names_it_and_the_catalog_lacks_it(reader: ClaimReader):
    dialogue = said("Try Heat or Crimson Orchard.")

    found = judged(reader, dialogue, unlisted=("Crimson Orchard", "Heat", "Silent Meridian")).findings

    assert [(finding.check, finding.claimed) for finding in found] == [(Check.TITLE, "names 'Crimson Orchard'")]


def test_what_a_sequel_follows_stands_in_the_facts(reader: ClaimReader):
    text = reader.question(said("The Godfather: Part II is long."), 0).text

    assert "sequel_of: The Godfather (1972)" in text


def test_what_it_means_is_read_from_the_turn_before(reader: ClaimReader):
    question = reader.question(said("It was made by Rob Reiner.", "Who made Groundhog Day?"), 1)

    assert "Groundhog Day (1993)" in [item.label for item in question.items.values()]


def test_what_a_judge_calls_suggested_decides_what_is_a_repetition(movies: Catalog):
    dialogue = said("You could watch Heat.", "A thriller?", "Try Heat.", "Something else?")
    put_forward = {("d", place): ClaimVerdict(frozenset({HEAT}), ()) for place in (1, 3)}

    only_named = put_forward | {("d", 3): ClaimVerdict(frozenset(), ())}

    assert [finding.check for finding in Auditor.of(movies, put_forward).dialogue(dialogue).findings] == [Check.REPEAT]
    assert Auditor.of(movies, only_named).dialogue(dialogue).findings == []


async def test_a_reply_that_the_judge_fails_at_is_not_judged(reader: ClaimReader, server, model):
    server.readings = [Status(400)]
    judge = Judge(model)

    assert await reader.judged_by(judge, [said("Try Heat.")], limit=9, seed=0) == {}
    assert (judge.cost.calls, judge.cost.failed) == (1, 1)


# Helpfulness and explanations ---------------------------------------------------------------------------------------


CASE = Case("d", 1, "User: A heist, please.", "Try Heat.")
PAIR = Case("d", 1, "User: A heist, please.", "Try Heat.", "No idea.")


def rated(helpfulness: object, explanation: object) -> str:
    return json.dumps({"helpfulness": helpfulness, "explanation": explanation})


def answered(text: str, name: str = "d") -> Dialogue:
    turns = [{"role": "user", "text": "A heist, please."}, {"role": "assistant", "text": text}]
    return Dialogue.model_validate({"dialogue_id": name, "turns": turns})


async def test_each_reply_is_rated_twice_with_the_criteria_swapped(server, model):
    server.readings = [rated("4", "2"), rated(4, 3)]

    judge = Judge(model)
    (verdict,) = await judge_all(judge, [CASE])

    first, second = (call.body["response_format"]["json_schema"]["schema"]["required"] for call in server.calls)
    assert first == second[::-1]
    assert (verdict.plain, verdict.swapped["explanation"]) == ({"helpfulness": "4", "explanation": "2"}, "3")
    assert judge.cost.calls == 2
    assert judge.cost.prompt_tokens > 0


async def test_a_comparison_changes_the_places_and_turns_the_answer_back(server, model):
    server.readings = [rated("first", "tie"), rated("second", "first")]

    (found,) = await judge_all(Judge(model), [PAIR])

    before, after = (call.messages[-1]["content"] for call in server.calls)
    assert before.index("Try Heat.") < before.index("No idea.")
    assert after.index("No idea.") < after.index("Try Heat.")
    assert found.plain == {"helpfulness": "first", "explanation": "tie"}
    assert found.swapped == {"helpfulness": "first", "explanation": "second"}


async def test_what_fails_is_counted_and_left_out(server, model):
    server.readings = [Status(400), "no JSON", rated("9", "1")]

    judge = Judge(model)
    found = await judge_all(judge, [CASE, CASE, CASE])

    assert found == []
    assert (judge.cost.calls, judge.cost.failed) == (3, 3)


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
    text = describe(verdicts(("first", "first"), ("first", "second")), compared=True)

    assert "| helpfulness | 1 | 0 | 1 | 50% |" in text


def test_turns_are_paired_by_dialogue_and_place():
    ours = [answered("Try Heat.", "one"), answered("Try Heat.", "two"), answered("Same.", "three")]
    theirs = [answered("No idea.", "one"), answered("Same.", "three")]

    cases = cases_of(ours, limit=10, others=theirs)

    assert [(case.dialogue_id, case.reply, case.other) for case in cases] == [("one", "Try Heat.", "No idea.")]


def test_the_command_prints_ratings_and_claims_of_one_judge(server, movies, tmp_path: Path, capsys, monkeypatch):
    ours, theirs, out = (tmp_path / name for name in ("ours.jsonl", "theirs.jsonl", "findings.jsonl"))
    write_dialogues(ours, [answered("Heat is by Ridley Scott.")])
    write_dialogues(theirs, [answered("No idea.")])
    wrong = claim(movies, HEAT, "directors", "false")
    read = json.dumps({"suggested": [], "unlisted": [], "claims": [wrong]})
    server.readings = [read, rated("first", "first"), rated("second", "second")]
    catalog = ["--catalog", "retrieval/data/movies.jsonl", "--schema", "retrieval/data/movielens.toml"]
    files = ["--dialogues", str(ours), "--against", str(theirs), "--out", str(out)]
    monkeypatch.setattr("sys.argv", ["eval", "audit", *catalog, *files, "--judge-url", server.url])

    with pytest.raises(SystemExit):
        command.main()

    printed = capsys.readouterr().out
    assert "1 turns judged" in printed
    assert "| helpfulness | 1 | 0 | 0 | 100% |" in printed
    assert "3 calls (0 failed)" in printed
    assert Finding.model_validate_json(out.read_text(encoding="utf-8")).field == "directors"


def test_nothing_to_compare_is_said(movies: Catalog):
    settings = LlmSettings(url="http://127.0.0.1:9/v1")

    with pytest.raises(BadDataError, match="nothing to compare"):
        judge_replies(settings, movies, [answered("Try Heat.")], [], limit=5, seed=0)
