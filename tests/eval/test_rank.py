"""Ranking at every place of recorded dialogues: by the agent, by one of its channels, by a bare model."""

import json
import sys
from pathlib import Path

import pytest

import eval.__main__ as command
from agent.learning.transcripts import Dialogue
from eval.catalogs import load_catalog
from eval.places import asks
from eval.predictions import read_predictions, read_run
from eval.rankers import COMPONENTS, of_agent, of_component
from retrieval.channels.factors import build_factors
from retrieval.datasets import save_dataset
from retrieval.retriever import Retriever
from retrieval.settings import RetrievalSettings
from tests.eval.films import film_dialogue, item_id, title, write_dialogues, write_world
from tests.ui.fakes import make_agent


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    return write_world(tmp_path)


@pytest.fixture
def data(files, tmp_path: Path) -> Path:
    """A data folder with what learns from ratings."""
    settings = RetrievalSettings(data_dir=tmp_path / "data", encoder="hash")
    dataset = load_catalog(files[0], interactions=files[1]).dataset
    save_dataset(dataset, settings.data_dir)
    build_factors(dataset, settings)
    return settings.data_dir


def talk(*turns: dict, dialogue_id: str = "d") -> Dialogue:
    return Dialogue.model_validate({"dialogue_id": dialogue_id, "turns": turns})


def user(text: str) -> dict:
    return {"role": "user", "text": text}


def assistant(text: str, *recommended: str) -> dict:
    return {"role": "assistant", "text": text, "recommended": recommended}


def run(monkeypatch, *arguments: object) -> int:
    monkeypatch.setattr(sys, "argv", ["eval", *map(str, arguments)])
    with pytest.raises(SystemExit) as caught:
        command.main()
    return int(caught.value.code or 0)


async def ranked(data: Path, system: str, dialogue: Dialogue, k: int = 24) -> list[list[str]]:
    answer = of_component(Retriever.open(RetrievalSettings(data_dir=data, encoder="hash")), system, k)
    return [[item.item_id for item in (await answer(ask)).items] for ask in asks([dialogue])]


async def test_the_agent_is_asked_with_what_was_said_before(tmp_path: Path):
    agent = make_agent(tmp_path)
    (ask,) = asks([talk(user("calm"), assistant("MARKER", "game:1"))])

    made = await of_agent(agent, 50)(ask)

    assert made.items
    assert made.foreign == 0
    agent.state.close()


async def test_a_component_hears_what_was_named_and_offers_nothing_twice(data: Path):
    dialogue = talk(
        user(f"I love {title(1, 0)}."), assistant("", item_id(1, 4)), user("More"), assistant("", item_id(1, 5))
    )

    first, later = await ranked(data, "cf", dialogue)

    assert {ids[:2] for ids in first[:3]} == {"f1"}
    assert not {item_id(1, 0), item_id(1, 4)} & set(later)


async def test_the_place_itself_and_what_follows_are_never_read(data: Path):
    before = [user(f"I love {title(2, 0)}"), assistant("ok"), user("Go on")]
    dialogue = talk(*before, assistant("MARKER", item_id(0, 0)), user(f"I hate {title(2, 1)}"))
    other = talk(*before, assistant(f"{title(1, 0)}, a comedy", item_id(1, 0)), user("horror"))

    assert await ranked(data, "cf", dialogue) == await ranked(data, "cf", other) != [[]]


@pytest.mark.parametrize("system", COMPONENTS)
async def test_a_component_ranks_or_is_empty_with_nothing_said(data: Path, system: str):
    (ids,) = await ranked(data, system, talk(assistant("welcome", item_id(0, 0))))

    assert len(ids) == len(set(ids)) == (24 if system == "popularity" else 0)


def test_the_command_ranks_resumes_and_notes_how(data: Path, tmp_path: Path, monkeypatch, capsys):
    dialogues = write_dialogues(tmp_path / "d.jsonl", [film_dialogue(n, n % 3) for n in range(4)])
    out = tmp_path / "runs" / "p.jsonl"
    given = ["rank", "--data", data, "--system", "popularity", "--dialogues", dialogues, "--out", out]

    assert run(monkeypatch, *given, "--k", 5) == 0
    whole = out.read_text()
    out.write_text(whole[: int(len(whole) * 0.7)])
    assert run(monkeypatch, *given, "--k", 5, "--resume") == 0

    predictions = read_predictions(out)
    assert len(predictions) == 8
    assert {prediction.key for prediction in predictions} == {
        prediction.key for prediction in read_predictions_of(whole, tmp_path)
    }
    assert all(len(prediction.items) == 5 and prediction.items[0].title for prediction in predictions)
    assert read_run(out).system == "popularity"
    assert "done before" in capsys.readouterr().err


def read_predictions_of(text: str, folder: Path):
    path = folder / "whole.jsonl"
    path.write_text(text)
    return read_predictions(path)


def test_a_limit_takes_a_fixed_sample(data: Path, tmp_path: Path, monkeypatch):
    dialogues = write_dialogues(tmp_path / "d.jsonl", [film_dialogue(n, n % 3) for n in range(6)])
    key_lists = []
    for name in ("a", "b"):
        out = tmp_path / f"{name}.jsonl"
        given = ["--data", data, "--system", "popularity", "--dialogues", dialogues, "--out", out]
        run(monkeypatch, "rank", *given, "--limit", 3)
        key_lists.append([prediction.key for prediction in read_predictions(out)])

    assert key_lists[0] == key_lists[1]
    assert len(key_lists[0]) == 3


def test_unknown_items_stop_a_run_unless_told_otherwise(data: Path, tmp_path: Path, monkeypatch, capsys):
    dialogue = film_dialogue(0, 0)
    dialogue["turns"][1]["recommended"].append("gone")
    dialogues = write_dialogues(tmp_path / "d.jsonl", [dialogue])
    out = tmp_path / "p.jsonl"
    given = ["rank", "--data", data, "--system", "popularity", "--dialogues", dialogues, "--out", out]

    assert run(monkeypatch, *given) == 1
    assert "d.jsonl:1: turns.1.recommended.1: the catalog has no item 'gone'" in capsys.readouterr().err
    assert run(monkeypatch, *given, "--skip-bad") == 0
    assert "1 item ids that the catalog does not have" in capsys.readouterr().err


def test_what_cannot_be_asked_for_is_said(data: Path, tmp_path: Path, monkeypatch, capsys):
    dialogues = write_dialogues(tmp_path / "d.jsonl", [film_dialogue(0, 0)])

    given = ["rank", "--data", data, "--dialogues", dialogues, "--out", tmp_path / "p.jsonl", "--system", "oracle"]

    assert run(monkeypatch, *given) == 1
    assert "--system: expected one of agent, popularity" in capsys.readouterr().err


def test_score_and_report_from_the_command_line(data: Path, tmp_path: Path, monkeypatch, capsys):
    pytest.importorskip("matplotlib", reason="plots need the extra: pip install -e '.[eval]'")
    dialogues = write_dialogues(tmp_path / "d.jsonl", [film_dialogue(n, n % 3) for n in range(6)])
    for system in ("cf", "popularity"):
        given = ["--data", data, "--dialogues", dialogues]
        run(monkeypatch, "rank", *given, "--out", tmp_path / f"{system}.jsonl", "--system", system)

    scored = run(
        monkeypatch, "score", "--dialogues", dialogues, "--predictions", tmp_path / "cf.jsonl", "--catalog",
        data, "--out", tmp_path / "scores.json",
    )  # fmt: skip
    shown = capsys.readouterr().out
    files = [tmp_path / name for name in ("cf.jsonl", "cf.jsonl.run.json", "popularity.jsonl")]
    reported = run(monkeypatch, "report", *files, "--out", tmp_path / "report")

    assert scored == reported == 0
    assert "recall@10" in shown
    assert json.loads((tmp_path / "scores.json").read_text())["turns"] == 12
    page = (tmp_path / "report" / "report.html").read_text()
    assert page.count("<svg") >= 3
    assert "<script" not in page
    assert "http://www.w3.org" in page  # the namespace of the drawings, which nothing loads
    assert not any(f'{name}="http' in page for name in ("src", "href"))
    text = (tmp_path / "report" / "report.md").read_text()
    assert "cf - popularity" in text
    assert "python -m eval rank" in text
    figures = json.loads((tmp_path / "report" / "report.json").read_text())
    assert figures["runs"]["cf"]["scores"]["turns"] == 12
    assert figures["differences"][0]["second"] == "popularity"


def test_score_without_rankings_says_what_was_accepted(tmp_path: Path, monkeypatch, capsys):
    dialogue = film_dialogue(0, 0)
    dialogue["turns"][1]["accepted"] = ["f03"]
    dialogues = write_dialogues(tmp_path / "d.jsonl", [dialogue])

    assert run(monkeypatch, "score", "--dialogues", dialogues) == 0
    assert "of 2 shown items were clicked or liked" in capsys.readouterr().out


def test_the_text_of_a_dialogue_does_no_harm_in_the_page():
    from eval.page import _as_html, _plain

    shown = _as_html(f"- **user** {_plain('<script>alert(1)</script> | `x` **b**')}")

    assert "<script>" not in shown
    assert "&lt;script&gt;" in shown
    assert "<code>" not in shown
