import json
from pathlib import Path

import pytest

from agent.learning.transcripts import Dialogue, question_of, read_dialogues
from eval.places import ground_truths
from retrieval.errors import BadDataError

EXAMPLES = Path(__file__).parents[2] / "examples" / "dialogues.jsonl"
GOOD = {"dialogue_id": "d1", "turns": [{"role": "user", "text": "hi"}]}


def write(folder: Path, *lines: object) -> Path:
    path = folder / "d.jsonl"
    path.write_text("\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines), encoding="utf-8")
    return path


def dialogue(*turns: dict) -> Dialogue:
    return Dialogue.model_validate({"dialogue_id": "d", "turns": turns})


def test_the_examples_are_readable():
    dialogues = read_dialogues(EXAMPLES)

    assert len(dialogues) == 6
    assert all(list(ground_truths([recorded])) for recorded in dialogues)


@pytest.mark.parametrize(
    ("line", "where"),
    [
        ("{", "d.jsonl:2: line: Invalid JSON"),
        ({"turns": GOOD["turns"]}, "d.jsonl:2: dialogue_id: Field required"),
        ({"dialogue_id": "x", "turns": []}, "d.jsonl:2: turns: "),
        ({"dialogue_id": "x", "turns": [{"role": "robot", "text": "a"}]}, "d.jsonl:2: turns.0.role: "),
        ({"dialogue_id": "x", "turns": [{"role": "user"}]}, "d.jsonl:2: turns.0.text: Field required"),
        (
            {"dialogue_id": "x", "turns": [{"role": "user", "text": "a", "mentions": [{}]}]},
            "turns.0.mentions.0.item_id",
        ),
        (GOOD, "d.jsonl:2: dialogue_id: occurs twice"),
    ],
)
def test_a_bad_line_is_named_with_its_field(tmp_path: Path, line, where: str):
    with pytest.raises(BadDataError) as caught:
        read_dialogues(write(tmp_path, GOOD, line))

    assert where in str(caught.value)


def test_a_wrong_encoding_is_named_with_its_line(tmp_path: Path):
    path = tmp_path / "d.jsonl"
    path.write_bytes(json.dumps(GOOD).encode() + b'\n{"dialogue_id": "caf\xe9"}')

    with pytest.raises(BadDataError, match=r"d\.jsonl:2: expected UTF-8"):
        read_dialogues(path)


def test_no_file_and_no_dialogue_are_said(tmp_path: Path):
    with pytest.raises(BadDataError, match="No such file"):
        read_dialogues(tmp_path / "none.jsonl")
    with pytest.raises(BadDataError, match="found none"):
        read_dialogues(write(tmp_path, "", "  "))


def test_a_question_holds_only_what_was_said_before():
    recorded = dialogue(
        {"role": "user", "text": "q1"},
        {"role": "assistant", "text": "r1"},
        {"role": "user", "text": "q2"},
        {"role": "assistant", "text": "MARKER", "recommended": ["MARKER"], "mentions": [{"item_id": "MARKER"}]},
        {"role": "user", "text": "MARKER"},
    )

    question = question_of("d", 3, recorded.turns[:3])

    assert [turn.text for turn in question.before] == ["q1", "r1"]
    assert question.message == "q2"
    assert "MARKER" not in repr(question)


def test_before_the_user_spoke_there_is_no_message():
    assert question_of("d", 0, ()).message == ""
