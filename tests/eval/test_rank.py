import json
import sys
from pathlib import Path

import pytest

import eval.__main__ as command
from eval.catalogs import load_catalog
from eval.places import asks
from eval.predictions import read_predictions, read_run
from eval.ranking.features import GROUPS, LEARNED, NAMES, Signals
from eval.ranking.fit import lessons_of
from eval.ranking.knowledge import Records, learn
from eval.ranking.rankers import SYSTEMS, WeightedSum
from eval.ranking.reading import TurnReader
from eval.ranking.run import OfflineRanker
from eval.ranking.world import build_world
from eval.transcripts import Dialogue
from tests.eval.films import film_dialogue, item_id, title, write_dialogues, write_world


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    return write_world(tmp_path)


@pytest.fixture
def dataset(files):
    return load_catalog(files[0], interactions=files[1]).dataset


@pytest.fixture
def world(dataset):
    return build_world(dataset)


@pytest.fixture
def reader(dataset, world) -> TurnReader:
    return TurnReader.of(dataset.catalog, world.popularity)


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


def ranked(ranker: OfflineRanker, dialogue: Dialogue, k: int = 24) -> list[list[str]]:
    items = ranker.reader.catalog.items
    return [[items[row].item_id for row, _ in ranker.rank(ask, k)] for ask in asks([dialogue])]


def default(world, reader) -> OfflineRanker:
    return OfflineRanker(Signals(world), reader, WeightedSum("default", SYSTEMS["default"]))


def test_titles_in_plain_text_are_linked(reader: TurnReader):
    one = talk(user("I loved Merry Harbor and dusty river (1986), but not Dreadful Quarry."), assistant("so", "f00"))

    (ask,) = asks([one])
    situation = reader.situation(ask.before)

    assert [reader.catalog.items[row].item_id for row in situation.items] == ["f10", "f26", "f05"]
    assert [reader.catalog.items[row].item_id for row in situation.disliked] == ["f05"]


def test_recorded_opinions_of_earlier_turns_count(reader: TurnReader):
    said = {"role": "user", "text": "Hm.", "mentions": [{"item_id": "f10", "liked": False}, {"item_id": "f11"}]}

    (ask,) = asks([talk(said, assistant("", "f00"))])

    assert [reader.catalog.items[row].item_id for row in reader.situation(ask.before).disliked] == ["f10"]


def test_values_are_read_with_their_sign(reader: TurnReader):
    (ask,) = asks([talk(user("A comedy please, but no horror."), assistant("", "f00"))])

    assert set(reader.situation(ask.before).turns[0].values) == {("genres", "comedy", 1), ("genres", "horror", -1)}


def test_items_like_the_one_named_come_first(world, reader):
    one = talk(user(f"Something like {title(2, 1)}?"), assistant("Sure", item_id(2, 3)))

    (found,) = ranked(default(world, reader), one, k=5)

    assert all(one.startswith("f2") for one in found)


def test_a_limit_on_the_year_is_heeded(world, reader):
    one = talk(user("Something made before 1983, please."), assistant("", "f00"))

    (found,) = ranked(default(world, reader), one, k=9)

    assert all(reader.catalog.item(item_id).year < 1983 for item_id in found)


def test_the_place_itself_and_what_follows_are_never_read(world, reader):
    before = [user("A western."), assistant("ok"), user("Go on")]
    one = talk(
        *before, assistant("MARKER", item_id(0, 0)), user(f"MARKER {title(0, 1)}"), assistant("x", item_id(0, 2))
    )
    other = talk(*before, assistant(f"{title(1, 0)}, a comedy", item_id(1, 0), item_id(1, 1)), user("MARKER horror"))
    read: list[str] = []
    original = reader.read

    class Spy(TurnReader):
        def read(self, turn, known=frozenset()):
            read.append(turn.model_dump_json())
            return original(turn, known)

    spy = Spy(reader.catalog, reader.lexicon, reader.finder)
    first = next(iter(asks([one])))
    OfflineRanker(Signals(world), spy, WeightedSum("default", SYSTEMS["default"])).rank(first, 5)

    assert read
    assert "MARKER" not in "".join(read)
    assert ranked(default(world, reader), one)[0] == ranked(default(world, reader), other)[0] != []


def test_what_came_up_is_not_offered_again(world, reader):
    one = talk(
        user(f"I know {title(1, 2)}"),
        assistant("words alone", item_id(1, 4)),
        user("more"),
        assistant("", item_id(1, 5)),
    )

    _, later = ranked(default(world, reader), one)

    assert not {item_id(1, 2), item_id(1, 4)} & set(later)
    assert len(later) == 24 - 2


@pytest.mark.parametrize("system", ["default", "popularity", "cf", "content"])
def test_every_system_ranks_with_nothing_said(world, reader, system: str):
    ranker = OfflineRanker(Signals(world), reader, WeightedSum(system, SYSTEMS[system]))

    (found,) = ranked(ranker, talk(assistant("welcome", item_id(0, 0))))

    assert len(found) == len(set(found)) == 24


def test_signals_are_finite_and_named_once(world, reader):
    lessons = lessons_of([Dialogue.model_validate(film_dialogue(n, n % 3)) for n in range(6)], reader)
    signals = Signals(world, learn(world, Records.of(world, lessons)))

    table = signals.of(lessons[0].places[1].situation)

    assert table.shape == (24, len(NAMES)) == (24, len(set(NAMES)))
    assert abs(table).max() < 1e6
    assert set(LEARNED) < set(GROUPS)


def test_nothing_to_learn_from_is_an_empty_knowledge(world, reader):
    signals = Signals(world, learn(world, Records.of(world, [])))
    (ask,) = asks([talk(user("a comedy"), assistant("", "f10"))])

    table = signals.of(reader.situation(ask.before))

    assert table[:, NAMES.index("recommended")].sum() == 0


def test_dialogues_teach_what_follows_what(world, reader):
    told = [talk(user(title(0, 1)), assistant("", item_id(1, 6)), dialogue_id=f"t{n}") for n in range(4)]
    signals = Signals(world, learn(world, Records.of(world, lessons_of(told, reader))))
    (ask,) = asks([talk(user(title(0, 1)), assistant("", item_id(2, 2)))])

    table = signals.of(reader.situation(ask.before))

    for name in ("after", "together", "nearest", "kernel", "recommended"):
        assert reader.catalog.items[int(table[:, NAMES.index(name)].argmax())].item_id == item_id(1, 6)


def test_five_hundred_turns_are_ranked(world, reader):
    turns = [user(f"{title(n % 3, n % 8)} was fine") if n % 2 == 0 else assistant("hm") for n in range(499)]

    (found,) = ranked(default(world, reader), talk(*turns, assistant("", "f00")))

    assert len(found) == 24 - 12  # half of this small catalog came up


def test_the_command_ranks_resumes_and_notes_how(files, tmp_path: Path, monkeypatch, capsys):
    dialogues = write_dialogues(tmp_path / "d.jsonl", [film_dialogue(n, n % 3) for n in range(4)])
    out = tmp_path / "runs" / "p.jsonl"
    given = ["rank", "--catalog", files[0], "--interactions", files[1], "--dialogues", dialogues, "--out", out]

    assert run(monkeypatch, *given, "--k", 5) == 0
    whole = out.read_text()
    out.write_text(whole[: int(len(whole) * 0.7)])
    assert run(monkeypatch, *given, "--k", 5, "--resume") == 0

    found = read_predictions(out)
    assert len(found) == 8
    assert {one.key for one in found} == {one.key for one in read_predictions_of(whole, tmp_path)}
    assert all(len(one.items) == 5 and one.items[0].title for one in found)
    assert read_run(out).system == "default"
    assert "done before" in capsys.readouterr().err


def read_predictions_of(text: str, folder: Path):
    path = folder / "whole.jsonl"
    path.write_text(text)
    return read_predictions(path)


def test_a_limit_takes_a_fixed_sample(files, tmp_path: Path, monkeypatch):
    dialogues = write_dialogues(tmp_path / "d.jsonl", [film_dialogue(n, n % 3) for n in range(6)])
    found = []
    for name in ("a", "b"):
        out = tmp_path / f"{name}.jsonl"
        run(monkeypatch, "rank", "--catalog", files[0], "--dialogues", dialogues, "--out", out, "--limit", 3)
        found.append([one.key for one in read_predictions(out)])

    assert found[0] == found[1]
    assert len(found[0]) == 3


def test_unknown_items_stop_a_run_unless_told_otherwise(files, tmp_path: Path, monkeypatch, capsys):
    one = film_dialogue(0, 0)
    one["turns"][1]["recommended"].append("gone")
    dialogues = write_dialogues(tmp_path / "d.jsonl", [one])
    given = ["rank", "--catalog", files[0], "--dialogues", dialogues, "--out", tmp_path / "p.jsonl"]

    assert run(monkeypatch, *given) == 1
    assert "d.jsonl:1: turns.1.recommended.1: the catalog has no item 'gone'" in capsys.readouterr().err
    assert run(monkeypatch, *given, "--skip-bad") == 0
    assert "1 item ids that the catalog does not have" in capsys.readouterr().err


def test_what_cannot_be_asked_for_is_said(files, tmp_path: Path, monkeypatch, capsys):
    dialogues = write_dialogues(tmp_path / "d.jsonl", [film_dialogue(0, 0)])
    given = ["rank", "--catalog", files[0], "--dialogues", dialogues, "--out", tmp_path / "p.jsonl"]

    assert run(monkeypatch, *given, "--system", "oracle") == 1
    assert run(monkeypatch, *given, "--intent", "guess") == 1
    assert run(monkeypatch, *given, "--system", "cf+popularity") == 1
    assert run(monkeypatch, *given, "--blend", tmp_path) == 1
    said = capsys.readouterr().err
    assert "--system: expected default" in said
    assert "--intent: expected llm or none" in said
    assert "name some with --train" in said
    assert "Make one: python -m eval fit" in said


def test_score_and_report_from_the_command_line(files, tmp_path: Path, monkeypatch, capsys):
    pytest.importorskip("matplotlib", reason="plots need the extra: pip install -e '.[eval]'")
    dialogues = write_dialogues(tmp_path / "d.jsonl", [film_dialogue(n, n % 3) for n in range(6)])
    for system in ("default", "popularity"):
        given = ["--catalog", files[0], "--interactions", files[1], "--dialogues", dialogues]
        run(monkeypatch, "rank", *given, "--out", tmp_path / f"{system}.jsonl", "--system", system)

    scored = run(
        monkeypatch, "score", "--dialogues", dialogues, "--predictions", tmp_path / "default.jsonl", "--catalog",
        files[0], "--out", tmp_path / "scores.json",
    )  # fmt: skip
    shown = capsys.readouterr().out
    files = [tmp_path / name for name in ("default.jsonl", "default.jsonl.run.json", "popularity.jsonl")]
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
    assert "default - popularity" in text
    assert "python -m eval rank" in text
    figures = json.loads((tmp_path / "report" / "report.json").read_text())
    assert figures["runs"]["default"]["scores"]["turns"] == 12
    assert figures["differences"][0]["second"] == "popularity"


def test_score_without_rankings_says_what_was_accepted(tmp_path: Path, monkeypatch, capsys):
    one = film_dialogue(0, 0)
    one["turns"][1]["accepted"] = ["f03"]
    dialogues = write_dialogues(tmp_path / "d.jsonl", [one])

    assert run(monkeypatch, "score", "--dialogues", dialogues) == 0
    assert "of 2 shown items were clicked or liked" in capsys.readouterr().out


def test_the_text_of_a_dialogue_does_no_harm_in_the_page():
    from eval.page import _as_html, _plain

    shown = _as_html(f"- **user** {_plain('<script>alert(1)</script> | `x` **b**')}")

    assert "<script>" not in shown
    assert "&lt;script&gt;" in shown
    assert "<code>" not in shown


@pytest.mark.parametrize("count", [1, 3])
def test_a_catalog_of_bare_titles_is_ranked(tmp_path: Path, count: int):
    from eval.ranking.fit import fit

    items = tmp_path / "bare.jsonl"
    items.write_text(
        "".join(json.dumps({"item_id": f"i{n}", "title": f"Plain Thing {n}"}) + "\n" for n in range(count))
    )
    dataset = load_catalog(items).dataset
    world = build_world(dataset)
    reader = TurnReader.of(dataset.catalog, world.popularity)
    one = talk(user("anything before 1990 like Plain Thing 0"), assistant("", f"i{count - 1}"))

    fitted = fit(world, lessons_of([one], reader))
    signals = Signals(world, learn(world, fitted.records))

    assert ranked(OfflineRanker(signals, reader, fitted.blend), one) == [[f"i{n}" for n in range(1, count)]]
