import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

import eval.__main__ as command
import eval.commands.replaying as replaying
from agent.events import Finished, TextDelta
from agent.learning.transcripts import Dialogue
from eval.cards import make_report, to_markdown
from eval.replay import Answer, replay
from tests.ui.fakes import FakeAgent, make_agent


class ListeningAgent(FakeAgent):
    """Keeps everything that it is given."""

    def __init__(self, *arguments, **options) -> None:
        super().__init__(*arguments, **options)
        self.heard: list[str] = []

    def from_messages(self, messages, *, user_id):
        self.heard.append(repr((messages, user_id)))
        return super().from_messages(messages, user_id=user_id)

    async def stream(self, conversation, message, *, store=True):
        self.heard.append(repr((conversation, message)))
        async for event in super().stream(conversation, message, store=store):
            yield event


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[ListeningAgent]:
    made = make_agent(tmp_path)
    yield ListeningAgent(made.state)
    made.state.close()


def user(text: str) -> dict:
    return {"role": "user", "text": text}


def assistant(text: str, *recommended: str) -> dict:
    return {"role": "assistant", "text": text, "recommended": recommended}


def dialogue(*turns: dict, dialogue_id: str = "d") -> Dialogue:
    return Dialogue.model_validate({"dialogue_id": dialogue_id, "turns": turns})


async def test_the_answer_turn_and_later_ones_are_never_read(agent: ListeningAgent):
    told = dialogue(user("calm"), assistant("MARKER-1", "game:1", "MARKER-2"), user("MARKER-3"))

    answers = await replay(agent, [told], k=3)

    assert agent.heard
    assert "MARKER" not in "".join(agent.heard)
    assert answers[0].relevant == ("game:1", "MARKER-2")


async def test_another_answer_turn_changes_no_ranking(agent: ListeningAgent):
    recorded = dialogue(user("calm, after 2000"), assistant("Nine Foxes (2019)!", "game:2"))
    other = dialogue(user("calm, after 2000"), assistant("Deep Signal (2017)!", "game:7"), user("not after 2020"))

    answers = await replay(agent, [recorded, other], k=5)

    assert answers[0].ranked == answers[1].ranked != ()


async def test_recorded_recommendations_count_as_shown_in_later_turns(agent: ListeningAgent):
    told = dialogue(user("calm"), assistant("words alone", "game:1", "game:2"), user("more"), assistant("", "game:3"))

    answers = await replay(agent, [told], k=3)

    assert answers[0].ranked[:2] == ("game:1", "game:2")
    assert not {"game:1", "game:2"} & set(answers[1].ranked)


async def test_nothing_is_stored(agent: ListeningAgent):
    await replay(agent, [dialogue(user("calm"), assistant("", "game:1"))], k=3)

    assert agent.stored == [False]
    assert agent.state.list_users() == []


async def test_an_error_is_an_empty_answer_and_silence_gets_a_list(agent: ListeningAgent):
    told = [
        dialogue(user("break early"), assistant("", "game:1"), dialogue_id="a"),
        dialogue(assistant("", "game:1"), dialogue_id="b"),
        dialogue(user("calm"), assistant("", "game:1"), dialogue_id="c"),
    ]

    report = make_report(await replay(agent, told, k=3), k=3)

    assert report.failed_turns == 1
    assert report.recall.mean == pytest.approx(2 / 3)
    assert "stopped answering" in report.details[0].error


@pytest.mark.parametrize(
    ("prose", "foreign"),
    [
        ("You may like The Last Orchard (2021).", 0),
        ("As good as Nine foxes (2019) and 《盐路》 or **Salt Road (1998)**.", 0),
        ("Like Invented Game (2020).", 1),
        ("《没有的游戏》 and **Monopoly** and Salt Road (1998).", 2),
        ("Nothing is named here, but 2020 was a good year.", 0),
    ],
)
async def test_titles_in_the_prose_are_held_against_the_catalog(agent: ListeningAgent, prose: str, foreign: int):
    async def stream(conversation, message, *, store=True):
        async for event in FakeAgent.stream(agent, conversation, message, store=store):
            if not isinstance(event, TextDelta):
                yield Finished(replace(event.reply, text=prose)) if isinstance(event, Finished) else event

    agent.stream = stream

    answers = await replay(agent, [dialogue(user("calm"), assistant("", "game:1"))], k=3)

    assert len(answers[0].foreign) == foreign


def test_the_report_by_hand():
    answers = [
        Answer("a", 1, ("x", "y"), ("x", "z"), named=4, foreign=("Q",), cards_s=1.0, total_s=2.0),
        Answer("a", 3, ("z",), ("q", "z"), cards_s=3.0, total_s=4.0),
    ]

    report = make_report(answers, k=2)

    assert report.recall.mean == pytest.approx(0.75)
    assert report.foreign_share == 0.25
    assert (report.cards_s_p50, report.total_s_p50) == (2.0, 3.0)
    assert "| recall@2 | 0.750 [0.750, 0.750] |" in to_markdown(report)
    assert "1 of 4 (0.250)" in to_markdown(report)


def test_no_turn_to_score_is_a_report_too():
    assert "| recall@5 | - [-, -] |" in to_markdown(make_report([], k=5))


def test_the_command_writes_json_and_markdown(agent: ListeningAgent, monkeypatch, capsys, tmp_path: Path):
    async def load(settings) -> ListeningAgent:
        return agent

    told = dialogue(user("calm"), assistant("", "game:1", "gone"))
    path, out = tmp_path / "d.jsonl", tmp_path / "report.json"
    path.write_text(told.model_dump_json(), encoding="utf-8")
    monkeypatch.setattr(replaying, "load_agent", load)
    monkeypatch.setattr(sys, "argv", ["eval", "replay", str(path), "--out", str(out), "--k", "3"])

    with pytest.raises(SystemExit) as caught:
        command.main()

    written = json.loads(out.read_text())
    assert caught.value.code == 0
    assert (written["turns"], written["recall"]["mean"], written["unknown_relevant"]) == (1, 0.5, 1)
    assert "recall@3" in capsys.readouterr().out
    assert out.with_suffix(".md").read_text().startswith("# Offline evaluation")
    assert agent.closed


def test_a_bad_file_ends_in_one_line(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["eval", "replay", "/no/such.jsonl"])

    with pytest.raises(SystemExit) as caught:
        command.main()

    assert caught.value.code == 1
    assert capsys.readouterr().err.startswith("eval: expected a file of dialogues")
