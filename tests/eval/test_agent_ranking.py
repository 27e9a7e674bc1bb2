"""The agent asked at places of recorded dialogues: it hears what was said before, and nothing is stored."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from agent.events import Finished, TextDelta
from agent.learning.transcripts import Dialogue
from eval.places import asks
from eval.predictions import Prediction
from eval.rankers import of_agent
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


async def ranked(agent: ListeningAgent, *dialogues: Dialogue, k: int = 3) -> list[Prediction]:
    answer = of_agent(agent, k)
    return [await answer(place) for place in asks(dialogues)]


async def test_the_answer_turn_and_later_ones_are_never_read(agent: ListeningAgent):
    told = dialogue(user("calm"), assistant("MARKER-1", "game:1", "MARKER-2"), user("MARKER-3"))

    await ranked(agent, told)

    assert agent.heard
    assert "MARKER" not in "".join(agent.heard)


async def test_another_answer_turn_changes_no_ranking(agent: ListeningAgent):
    recorded = dialogue(user("calm, after 2000"), assistant("Nine Foxes (2019)!", "game:2"))
    other = dialogue(user("calm, after 2000"), assistant("Deep Signal (2017)!", "game:7"), user("not after 2020"))

    answers = await ranked(agent, recorded, other, k=5)

    assert answers[0].ranked == answers[1].ranked != ()


async def test_recorded_recommendations_count_as_shown_in_later_turns(agent: ListeningAgent):
    told = dialogue(user("calm"), assistant("words alone", "game:1", "game:2"), user("more"), assistant("", "game:3"))

    answers = await ranked(agent, told)

    assert answers[0].ranked[:2] == ("game:1", "game:2")
    assert not {"game:1", "game:2"} & set(answers[1].ranked)


async def test_nothing_is_stored(agent: ListeningAgent):
    await ranked(agent, dialogue(user("calm"), assistant("", "game:1")))

    assert agent.stored == [False]
    assert agent.state.list_users() == []


async def test_an_error_is_an_empty_answer_and_silence_gets_a_list(agent: ListeningAgent):
    told = [
        dialogue(user("break early"), assistant("", "game:1"), dialogue_id="a"),
        dialogue(assistant("", "game:1"), dialogue_id="b"),
        dialogue(user("calm"), assistant("", "game:1"), dialogue_id="c"),
    ]

    broken, silent, asked = await ranked(agent, *told)

    assert broken.items == ()
    assert "stopped answering" in broken.error
    assert silent.ranked
    assert asked.ranked


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

    answers = await ranked(agent, dialogue(user("calm"), assistant("", "game:1")))

    assert answers[0].foreign == foreign
