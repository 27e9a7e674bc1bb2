"""Transcripts held against the catalog and against what the user said, without a judge."""

import json
from pathlib import Path

import pytest

import eval.__main__ as command
from agent.learning.transcripts import Dialogue, read_dialogues
from eval.audit.auditor import Auditor
from eval.audit.findings import Check, Finding, Verdict
from eval.catalogs import load_catalog

ROOT = Path(__file__).parents[2]
MOVIES, SCHEMA = ROOT / "retrieval/data/movies.jsonl", ROOT / "retrieval/data/movielens.toml"
SETS = ROOT / "eval/data/audit"
HEAT = "ml100k:273"


@pytest.fixture(scope="module")
def auditor() -> Auditor:
    return Auditor.of(load_catalog(MOVIES, schema=SCHEMA).dataset.catalog)


def said(*turns: str, recommended: tuple[str, ...] = ()) -> Dialogue:
    """A dialogue of 'u: ...' and 'a: ...' lines; what is recommended belongs to the last one."""
    roles = {"u": "user", "a": "assistant"}
    lines = [{"role": roles[turn[0]], "text": turn[3:]} for turn in turns]
    lines[-1]["recommended"] = list(recommended)
    return Dialogue.model_validate({"dialogue_id": "d", "turns": lines})


def wrong(auditor: Auditor, dialogue: Dialogue) -> list[Check]:
    return [finding.check for finding in auditor.dialogue(dialogue).findings]


def test_most_planted_breaches_are_caught_without_a_judge(auditor: Auditor):
    kinds = {"constraint": Check.CONSTRAINT, "repeat": Check.REPEAT, "seen": Check.SEEN}
    rows = [json.loads(line) for line in (SETS / "false.jsonl").read_text(encoding="utf-8").splitlines()]
    planted = [row for row in rows if row["kind"] in kinds]

    caught = [kinds[row["kind"]] in wrong(auditor, Dialogue.model_validate(row)) for row in planted]

    assert len(caught) == 20
    assert sum(caught) >= 18


def test_true_statements_raise_hardly_an_alarm_without_a_judge(auditor: Auditor):
    alarms = [bool(wrong(auditor, dialogue)) for dialogue in read_dialogues(SETS / "true.jsonl")]

    assert len(alarms) == 200
    assert sum(alarms) <= 2


def test_a_finding_quotes_the_line_and_says_what_the_user_asked_for(auditor: Auditor):
    dialogue = said("u: Something scary but nothing older than 2000, please.", "a: Sure!\nTry The Shining (1980).")

    (finding,) = auditor.dialogue(dialogue).findings

    assert (finding.dialogue_id, finding.turn_index, finding.check) == ("d", 1, Check.CONSTRAINT)
    assert finding.sentence == "Try The Shining (1980)."
    assert finding.claimed == "suggests The Shining (1980)"
    assert finding.known == "the user asked for: year >= 2000"
    assert finding.field == "year"


def test_what_the_catalog_does_not_know_of_a_suggestion_breaks_no_limit(auditor: Auditor):
    unknown = next(item for item in auditor.titles.catalog if "minutes" not in item.numbers)

    dialogue = said("u: A film under 90 minutes.", "a: Here.", recommended=(unknown.item_id,))

    assert [finding.verdict for finding in auditor.dialogue(dialogue).results] == [Verdict.UNVERIFIABLE]


def test_a_card_that_the_catalog_lacks_is_an_unknown_title(auditor: Auditor):
    assert wrong(auditor, said("u: A film?", "a: Here.", recommended=("nowhere:1",))) == [Check.TITLE]


def test_a_card_without_a_word_is_a_suggestion(auditor: Auditor):
    dialogue = said("u: I have seen Heat. More crime?", "a: Here you are.", recommended=(HEAT,))

    assert Check.SEEN in wrong(auditor, dialogue)


def test_talking_about_an_item_again_is_no_repetition(auditor: Auditor):
    again = said("u: A thriller?", "a: Try Heat.", "u: Who directed Heat?", "a: Heat was directed by Michael Mann.")

    assert wrong(auditor, again) == []


def test_what_the_user_named_beside_something_new_is_no_suggestion(auditor: Auditor):
    compared = said("u: I have seen Titanic. More romance?", "a: If you liked Titanic, try Casablanca.")

    assert wrong(auditor, compared) == []


def test_a_refusal_holds_for_the_whole_conversation(auditor: Auditor):
    later = ("u: No horror please. A comedy.", "a: Try Babe.", "u: Another?", "a: Try Hot Fuzz.", "u: And one more?")

    assert wrong(auditor, said(*later, "a: Try Shaun of the Dead.")) == [Check.CONSTRAINT]


def test_of_namesakes_the_one_of_the_year_behind_is_meant(auditor: Auditor):
    (title,) = auditor.titles.find("Arrival (2016) is about first contact.")

    assert [auditor.titles.catalog.item(item_id).label for item_id in title.ids] == ["Arrival (2016)"]


def test_five_hundred_turns_and_strange_texts_are_read(auditor: Auditor):
    strange = ["", "\ue000\ue800", "((((", "**", "《》", "1.", "🙂" * 50, "a" * 600]
    turns = [{"role": "assistant" if n % 2 else "user", "text": strange[n % 8] or "."} for n in range(500)]

    result = auditor.dialogue(Dialogue.model_validate({"dialogue_id": "long", "turns": turns}))

    assert result.turns == 250
    assert result.findings == []


def test_the_command_prints_counts_and_writes_every_finding(tmp_path: Path, capsys, monkeypatch):
    out = tmp_path / "findings.jsonl"
    arguments = ["--catalog", str(MOVIES), "--schema", str(SCHEMA), "--dialogues", str(SETS / "false.jsonl")]
    monkeypatch.setattr("sys.argv", ["eval", "audit", *arguments, "--out", str(out), "--shown", "3"])

    with pytest.raises(SystemExit) as ended:
        command.main()

    printed = capsys.readouterr().out
    assert ended.value.code == 0
    assert "100 dialogues" in printed
    assert "0 turns judged: claims and unknown titles are looked at in these alone (--judge-url)" in printed
    written = [Finding.model_validate_json(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert {finding.check for finding in written} == {Check.CONSTRAINT, Check.REPEAT, Check.SEEN}


def test_bad_lines_stop_it_or_are_counted(tmp_path: Path, capsys, monkeypatch):
    lines = (SETS / "true.jsonl").read_text(encoding="utf-8").splitlines()[:2]
    path = tmp_path / "d.jsonl"
    path.write_text("\n".join([lines[0], "{not json", lines[1]]), encoding="utf-8")
    arguments = ["eval", "audit", "--catalog", str(MOVIES), "--schema", str(SCHEMA), "--dialogues", str(path)]

    for extra, code in (([], 1), (["--skip-bad"], 0)):
        monkeypatch.setattr("sys.argv", [*arguments, *extra])
        with pytest.raises(SystemExit) as ended:
            command.main()
        assert ended.value.code == code

    assert "1 lines could not be read" in capsys.readouterr().err


def test_an_audit_of_nothing_is_empty(auditor: Auditor):
    assert auditor.audit([]).results == ()


def test_another_domain_is_audited_by_its_own_schema():
    books = ROOT / "examples/books"
    catalog = load_catalog(books / "items.csv", facts=books / "facts.csv", schema=books / "schema.toml").dataset.catalog

    found = Auditor.of(catalog).dialogue(said("u: A book after 1900.", "a: Try Pride and Prejudice.")).findings

    assert [(finding.check, finding.field) for finding in found] == [(Check.CONSTRAINT, "year")]
