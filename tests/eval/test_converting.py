import hashlib
import json
import sys
from pathlib import Path

import pytest

import eval.__main__ as command
from agent.learning.transcripts import read_transcripts
from eval.catalogs import load_catalog
from eval.splits import in_part, sample_places
from retrieval.errors import BadDataError


def run(monkeypatch, *arguments: object) -> int:
    monkeypatch.setattr(sys, "argv", ["eval", *map(str, arguments)])
    with pytest.raises(SystemExit) as caught:
        command.main()
    return int(caught.value.code or 0)


def redial_file(folder: Path, count: int) -> Path:
    path = folder / "original.jsonl"
    records = [
        {
            "conversationId": number,
            "initiatorWorkerId": 1,
            "respondentWorkerId": 2,
            "movieMentions": {"5": "Film (2001)"},
            "messages": [{"senderWorkerId": 1, "text": "hi"}, {"senderWorkerId": 2, "text": "@5"}],
        }
        for number in range(count)
    ]
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path


def test_parts_are_by_the_hash_of_the_id_and_share_nothing(tmp_path: Path, monkeypatch):
    source = redial_file(tmp_path, 40)
    by_part = {}
    for part in ("even", "odd"):
        out = tmp_path / f"{part}.jsonl"
        assert run(monkeypatch, "convert", source, "--from", "redial", "--part", part, "--out", out) == 0
        by_part[part] = {dialogue.dialogue_id for dialogue in read_transcripts(out).dialogues}

    assert by_part["even"] | by_part["odd"] == {str(number) for number in range(40)}
    assert not by_part["even"] & by_part["odd"]
    assert all(hashlib.sha256(dialogue_id.encode()).hexdigest()[-1] in "02468ace" for dialogue_id in by_part["even"])


def test_what_cannot_be_converted_is_said(tmp_path: Path, monkeypatch, capsys):
    source = redial_file(tmp_path, 1)

    assert run(monkeypatch, "convert", source, "--from", "netflix", "--out", tmp_path / "o") == 1
    assert run(monkeypatch, "convert", source, "--from", "redial", "--part", "third", "--out", tmp_path / "o") == 1
    assert run(monkeypatch, "convert", tmp_path / "no", "--from", "redial", "--out", tmp_path / "o") == 1
    said = capsys.readouterr().err
    assert "--from: expected redial" in said
    assert "--part: expected even or odd" in said
    assert "No such file" in said


def test_a_catalog_comes_with_its_schema_ratings_and_tags(tmp_path: Path, monkeypatch):
    source, movielens = tmp_path / "catalogue.jsonl", tmp_path / "ml"
    movielens.mkdir()
    source.write_text(json.dumps({"id": 5, "title": "Film", "year": 2001, "genres": ["Horror"], "movielens_id": 9}))
    (movielens / "ratings.csv").write_text("userId,movieId,rating,timestamp\n1,9,4.5,1000000000\n")
    (movielens / "tags.csv").write_text("userId,movieId,tag,timestamp\n1,9,Eerie,1\n1,8,other,1\n")
    out = tmp_path / "made" / "items.jsonl"

    assert run(monkeypatch, "catalog", source, "--from", "redial", "--ratings", movielens, "--out", out) == 0

    loaded = load_catalog(out, interactions=out.with_name("interactions.csv"))
    (film,) = loaded.dataset.catalog
    assert (film.item_id, film.label) == ("5", "Film (2001)")
    assert film.values == {"genres": ("horror",), "themes": ("eerie",)}
    assert len(loaded.dataset.interactions) == 1


def test_a_sample_keeps_the_order_and_a_third_part_is_refused():
    assert sample_places([], 5) == []
    with pytest.raises(BadDataError, match="expected even or odd"):
        in_part("x", "all")
