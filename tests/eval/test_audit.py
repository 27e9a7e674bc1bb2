"""Transcripts held against the catalog and against what the user said: the two committed sets, and single rules."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

import eval.__main__ as command
from agent.learning.transcripts import Dialogue, read_dialogues
from eval.audit.auditor import Auditor
from eval.audit.findings import Check, Finding, Verdict
from eval.catalogs import load_catalog
from retrieval.items import Catalog

ROOT = Path(__file__).parents[2]
MOVIES, SCHEMA = ROOT / "retrieval/data/movies.jsonl", ROOT / "retrieval/data/movielens.toml"
SETS = ROOT / "eval/data/audit"
EXPECTED = {
    "title": (Check.TITLE,),
    "sequel": (Check.TITLE, Check.CLAIM),
    "constraint": (Check.CONSTRAINT,),
    "repeat": (Check.REPEAT,),
    "seen": (Check.SEEN,),
}
"""Which check must find a falsehood of a kind; of the others, a claim."""


@pytest.fixture(scope="module")
def movies() -> Catalog:
    return load_catalog(MOVIES, schema=SCHEMA).dataset.catalog


@pytest.fixture(scope="module")
def auditor(movies: Catalog) -> Auditor:
    return Auditor.of(movies)


def last_turn(auditor: Auditor, dialogue: Dialogue) -> list[Finding]:
    """What is found in the last turn of a dialogue."""
    return [one for one in auditor.dialogue(dialogue).results if one.turn_index == len(dialogue.turns) - 1]


def flagged(auditor: Auditor, name: str) -> Iterator[tuple[dict, list[Finding]]]:
    rows = [json.loads(line) for line in (SETS / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]
    for row, dialogue in zip(rows, read_dialogues(SETS / f"{name}.jsonl"), strict=True):
        yield row, [one for one in last_turn(auditor, dialogue) if one.verdict is Verdict.WRONG]


def said(*turns: str, recommended: tuple[str, ...] = ()) -> Dialogue:
    """A dialogue of 'u: ...' and 'a: ...' lines; what is recommended belongs to the last one."""
    roles = {"u": "user", "a": "assistant"}
    found = [{"role": roles[turn[0]], "text": turn[3:]} for turn in turns]
    found[-1]["recommended"] = list(recommended)
    return Dialogue.model_validate({"dialogue_id": "d", "turns": found})


def wrong(auditor: Auditor, dialogue: Dialogue) -> list[Check]:
    return [one.check for one in auditor.dialogue(dialogue).findings]


@pytest.mark.parametrize("half", [1, 2])
def test_planted_falsehoods_are_caught_by_the_right_check(auditor: Auditor, half: int):
    rows = [(row, found) for row, found in flagged(auditor, "false") if row["half"] == half]

    caught = [any(one.check in EXPECTED.get(row["kind"], (Check.CLAIM,)) for one in found) for row, found in rows]

    assert len(caught) == 50
    assert sum(caught) >= 45


@pytest.mark.parametrize("half", [1, 2])
def test_true_statements_raise_hardly_an_alarm(auditor: Auditor, half: int):
    alarms = [bool(found) for row, found in flagged(auditor, "true") if row["half"] == half]

    assert len(alarms) == 100
    assert sum(alarms) < 5


def test_most_true_statements_are_confirmed_not_merely_passed_over(auditor: Auditor):
    held = [
        any(one.verdict is Verdict.HOLDS for one in last_turn(auditor, dialogue))
        for dialogue in read_dialogues(SETS / "true.jsonl")
    ]

    assert sum(held) >= 120


def test_a_finding_quotes_the_sentence_and_says_what_the_catalog_knows(auditor: Auditor):
    dialogue = said("u: A thriller?", "a: Sure. Heat (1995) was directed by Ridley Scott. Enjoy!")

    (found,) = auditor.dialogue(dialogue).findings

    assert (found.dialogue_id, found.turn_index, found.check) == ("d", 1, Check.CLAIM)
    assert found.sentence == "Heat (1995) was directed by Ridley Scott."
    assert "Ridley Scott" in found.claimed
    assert found.known == "director: Michael Mann"
    assert found.item_ids == ("ml100k:273",)


def test_what_no_catalog_records_is_counted_not_dropped(auditor: Auditor):
    results = auditor.dialogue(said("a: Titanic won eleven Academy Awards.")).results

    assert [one.verdict for one in results] == [Verdict.UNVERIFIABLE]


def test_a_card_without_a_word_is_a_suggestion(auditor: Auditor):
    dialogue = said("u: I have seen Heat. More crime?", "a: Here you are.", recommended=("ml100k:273",))

    assert Check.SEEN in wrong(auditor, dialogue)


def test_talking_about_an_item_again_is_no_repetition(auditor: Auditor):
    again = said("u: A thriller?", "a: Try Heat.", "u: Who directed Heat?", "a: Heat was directed by Michael Mann.")

    assert wrong(auditor, again) == []


def test_an_item_that_is_only_compared_with_is_no_suggestion(auditor: Auditor):
    compared = said("u: I have seen Titanic. More romance?", "a: If you liked Titanic, try Casablanca.")

    assert wrong(auditor, compared) == []


def test_a_refusal_holds_for_the_whole_conversation(auditor: Auditor):
    later = ("u: No horror please. A comedy.", "a: Try Babe.", "u: Another?", "a: Try Hot Fuzz.", "u: And one more?")

    assert wrong(auditor, said(*later, "a: Try Shaun of the Dead.")) == [Check.CONSTRAINT]


def test_five_hundred_turns_and_strange_texts_are_read(auditor: Auditor):
    strange = ["", "\ue000\ue800", "((((", "**", "《》", "1.", "🙂" * 50, "a" * 600]
    turns = [{"role": "assistant" if n % 2 else "user", "text": strange[n % 8] or "."} for n in range(500)]

    result = auditor.dialogue(Dialogue.model_validate({"dialogue_id": "long", "turns": turns}))

    assert result.turns == 250
    assert result.findings == []


def test_the_command_prints_counts_and_writes_every_finding(tmp_path: Path, capsys, monkeypatch):
    out = tmp_path / "findings.jsonl"
    arguments = ["--catalog", str(MOVIES), "--schema", str(SCHEMA), "--dialogues", str(SETS / "false.jsonl")]
    monkeypatch.setattr("sys.argv", ["eval", "audit", *arguments, "--out", str(out), "--unverifiable", "--shown", "3"])

    with pytest.raises(SystemExit) as ended:
        command.main()

    printed = capsys.readouterr().out
    assert ended.value.code == 0
    assert "100 dialogues" in printed
    assert "could not be told:" in printed
    written = [Finding.model_validate_json(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert {one.verdict for one in written} == {Verdict.WRONG, Verdict.UNVERIFIABLE}


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
    auditor = Auditor.of(catalog)

    false = auditor.dialogue(said("a: Pride and Prejudice (1913) was written by Charles Dickens and has 900 pages."))
    true = auditor.dialogue(said("a: Pride and Prejudice is by Jane Austen."))

    assert [one.field for one in false.findings] == ["authors", "year", "pages"]
    assert [one.verdict for one in true.results] == [Verdict.HOLDS]
