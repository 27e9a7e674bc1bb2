"""Unknown ids, empty turns, 500 turns, wrong encoding, duplicates: a clear message with the line, and --skip-bad."""

import json
from pathlib import Path

import pytest

from agent.learning.transcripts import check_items, read_transcripts, write_dialogues
from retrieval.errors import BadDataError

GOOD = {"dialogue_id": "good", "turns": [{"role": "user", "text": "hi"}]}
BAD = {
    "turns.0: an empty turn": {"dialogue_id": "x", "turns": [{"role": "user", "text": "  "}]},
    "turns: ": {"dialogue_id": "x", "turns": []},
    "dialogue_id: occurs twice": GOOD,
    "turns.0.recommended.0": {"dialogue_id": "x", "turns": [{"role": "assistant", "text": "", "recommended": [""]}]},
}


def write(folder: Path, *records: object) -> Path:
    path = folder / "d.jsonl"
    path.write_bytes(
        b"\n".join(record if isinstance(record, bytes) else json.dumps(record).encode() for record in records)
    )
    return path


@pytest.mark.parametrize("message", BAD)
def test_a_bad_line_stops_with_its_number(tmp_path: Path, message: str):
    with pytest.raises(BadDataError) as caught:
        read_transcripts(write(tmp_path, GOOD, BAD[message]))

    assert f"d.jsonl:2: {message}" in str(caught.value)
    assert "--skip-bad" in str(caught.value)


def test_bad_lines_are_left_out_and_listed(tmp_path: Path):
    latin = '{"dialogue_id": "café"}'.encode("latin-1")
    path = write(tmp_path, *BAD.values(), latin, b"{", {"dialogue_id": "other", "turns": GOOD["turns"]})

    transcripts = read_transcripts(path, skip_bad=True)

    assert [dialogue.dialogue_id for dialogue in transcripts.dialogues] == ["good", "other"]
    assert [row.line for row in transcripts.bad] == [1, 2, 4, 5, 6]
    assert "expected UTF-8" in str(transcripts.bad[3])


def test_nothing_but_bad_lines_is_an_error(tmp_path: Path):
    with pytest.raises(BadDataError, match=r"found none.*The first trouble: d\.jsonl:1"):
        read_transcripts(write(tmp_path, b"{"), skip_bad=True)


def test_unknown_items_are_named_with_their_place_and_counted(tmp_path: Path):
    turn = {"role": "assistant", "text": "x", "recommended": ["a", "gone"], "mentions": [{"item_id": "lost"}]}
    transcripts = read_transcripts(write(tmp_path, GOOD, {"dialogue_id": "x", "turns": [turn]}))

    with pytest.raises(BadDataError) as caught:
        check_items(transcripts, {"a"})

    assert "d.jsonl:2: turns.0.mentions.0.item_id: the catalog has no item 'lost' (2 such places)" in str(caught.value)
    assert len(check_items(transcripts, {"a"}, skip_bad=True)) == 2


def test_five_hundred_turns_are_read(tmp_path: Path):
    turns = [{"role": "user" if i % 2 == 0 else "assistant", "text": f"turn {i}"} for i in range(500)]

    transcripts = read_transcripts(write(tmp_path, {"dialogue_id": "long", "turns": turns}))

    assert len(transcripts.dialogues[0].turns) == 500


def test_empty_fields_are_not_written(tmp_path: Path):
    transcripts = read_transcripts(write(tmp_path, GOOD))

    write_dialogues(tmp_path / "out.jsonl", transcripts.dialogues)

    assert json.loads((tmp_path / "out.jsonl").read_text()) == GOOD
