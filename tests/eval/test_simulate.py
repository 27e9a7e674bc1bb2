"""`simulate`: runs that can be stopped, compared and read by other commands; who is simulated; what is counted."""

import asyncio
import json
import sys
from functools import partial
from pathlib import Path

import httpx
import pytest

import eval.__main__ as command
from agent.build import assemble
from agent.learning.transcripts import Mention, TranscriptTurn, read_transcripts
from agent.settings import Settings
from eval.journal import begin, write_all
from eval.readers.suggestions import SuggestionReader
from eval.simulation.people import AGAIN, read_people
from eval.simulation.records import AnswerRecord, Said, Simulated, SimulatedDialogue, read_simulated
from eval.simulation.run import Stage, talk
from eval.simulation.scores import score_simulation, user_values
from eval.simulation.speech import Line
from eval.simulation.systems import AgentSystem, Answer, ChatSystem
from eval.simulation.tables import compare_runs, simulation_tables
from eval.simulation.taste import SimulatedTaste, Temper
from eval.simulation.user import Verdict
from retrieval.belief_index import build_taste
from retrieval.datasets import Interactions, save_dataset
from retrieval.errors import BadDataError
from retrieval.history import Interaction
from retrieval.models.typicality import build_typicality
from retrieval.retriever import Retriever
from retrieval.settings import RetrievalSettings
from retrieval.state import open_state
from tests.agent.films import film_dataset
from tests.eval.simulated import CATALOG, Scripted, item_id, person, stage, taste, write_catalog, write_users
from tests.fakes import HashEncoder, ScriptedChatModel, Status
from tests.ui.fakes import make_agent
from ui.api.app import create_app

ITEMS = tuple(item_id(0, place) for place in range(3))


def run(monkeypatch, *arguments: object) -> int:
    monkeypatch.setattr(sys, "argv", ["eval", *map(str, arguments)])
    with pytest.raises(SystemExit) as caught:
        command.main()
    return int(caught.value.code or 0)


def talk_all(where: Stage, tastes: list[SimulatedTaste], out: Path, parallel: int = 1) -> None:
    asyncio.run(write_all(partial(talk, where), tastes, out, parallel=parallel))


def resumed(out: Path) -> list[SimulatedDialogue]:
    return begin(out, read_simulated, lambda told: told.simulated.error, resume=True)


def ask(server: ScriptedChatModel, *lines: Line, prompt: str = "") -> list[Answer]:
    async def say() -> list[Answer]:
        async with httpx.AsyncClient() as client:
            system = ChatSystem(client, server.url, "local", SuggestionReader.of(CATALOG), prompt)
            partner = system.begin("p")
            return [await partner.say(line) for line in lines]

    return asyncio.run(say())


# People ----------------------------------------------------------------------------------------------------------


def test_people_are_read_with_what_they_like(tmp_path: Path):
    people = read_people(write_users(tmp_path / "users.csv", 3), CATALOG)

    assert [reader.user_id for reader in people.persons] == ["p0", "p1", "p2"]
    assert set(people.persons[1].liked) == set(person(1).liked)
    assert set(people.persons[1].disliked) == set(person(1).disliked)


def test_whom_the_recommender_learned_from_is_left_out(tmp_path: Path):
    rows = [Interaction("somebody else", judged_id, 1.0, 0.0) for judged_id in person(1).rated]

    people = read_people(write_users(tmp_path / "users.csv", 3), CATALOG, learned=Interactions.of(CATALOG, rows))

    assert [reader.user_id for reader in people.persons] == ["p0", "p2"]
    assert people.learned == 1


def test_whoever_was_active_too_early_is_left_out(tmp_path: Path):
    with pytest.raises(BadDataError, match="2 active before the time given"):
        read_people(write_users(tmp_path / "users.csv", 2), CATALOG, not_before=1001.0)


def test_movielens_folders_are_linked_by_title_and_year(tmp_path: Path):
    rows = [
        f'{place},"Castle of the {letter}wick ({1980 + 2 * place})",x'
        for place, letter in enumerate("ABCDEFGHIJKLMNOPQRST")
    ]
    rows.append('99,"Castle of the Awick (2010)",x')
    (tmp_path / "movies.csv").write_text("movieId,title,genres\n" + "\n".join(rows) + "\n", encoding="utf-8")
    rated = [f"7,{place},{0.5 if place == 3 else 5.0},{1000 + place}" for place in [*range(20), 99]]
    (tmp_path / "ratings.csv").write_text(
        "userId,movieId,rating,timestamp\n" + "\n".join(rated) + "\n", encoding="utf-8"
    )

    with pytest.raises(BadDataError, match="1 with fewer than 20 likes"):
        read_people(tmp_path, CATALOG)


def test_a_folder_without_ratings_is_refused(tmp_path: Path):
    with pytest.raises(BadDataError, match="expected an interactions file or a MovieLens folder"):
        read_people(tmp_path, CATALOG)


# Over HTTP -------------------------------------------------------------------------------------------------------


def test_a_chat_endpoint_gets_the_whole_conversation_and_its_titles_are_read(server: ScriptedChatModel):
    server.prose = ["1. **Castle of the Awick** (1980): nice", "Then Castle of the Bwick (1982) or Unheard Of (1999)."]

    first, second = ask(server, Line("Hi"), Line("Others?"), prompt="Be kind.")

    assert (first.items, second.items, second.foreign) == ((ITEMS[0],), (ITEMS[1],), 1)
    assert (first.prompt_tokens, first.completion_tokens) == (70, 20)
    roles = [message["role"] for message in server.calls[1].messages]
    assert roles == ["system", "user", "assistant", "user"]


def test_the_items_of_our_own_api_are_taken_as_they_are(monkeypatch):
    body = {
        "choices": [{"message": {"content": "1. **Whatever**: why"}}],
        "reconteur": {"recommendations": [{"item_id": ITEMS[2]}], "near_misses": [{"item_id": ITEMS[0]}]},
    }

    async def say() -> Answer:
        transport = httpx.MockTransport(lambda request: httpx.Response(200, json=body))
        async with httpx.AsyncClient(transport=transport) as client:
            system = ChatSystem(client, "http://server/v1/", "reconteur", SuggestionReader.of(CATALOG))
            return await system.begin("p").say(Line("Hi"))

    answer = asyncio.run(say())

    assert (answer.items, answer.near, answer.foreign) == ((ITEMS[2],), (ITEMS[0],), 0)


def test_a_server_that_fails_is_an_error_of_the_answer(server: ScriptedChatModel):
    server.prose = [Status(500)]

    assert ask(server, Line("Hi"))[0].error == "no answer (HTTPStatusError)"


# Files -----------------------------------------------------------------------------------------------------------


def test_a_run_that_stopped_goes_on_where_it_was(tmp_path: Path):
    out, tastes = tmp_path / "run.jsonl", [taste(number) for number in range(4)]
    talk_all(stage(Answer("Hm.", ITEMS)), tastes, out, parallel=2)
    whole = {dialogue.dialogue_id: dialogue for dialogue in read_simulated(out)}
    lines = out.read_text(encoding="utf-8").splitlines(keepends=True)
    out.write_text("".join(lines[:2]) + lines[2][:40], encoding="utf-8")

    done = resumed(out)

    assert [dialogue.dialogue_id for dialogue in done] == list(whole)[:2]
    talk_all(stage(Answer("Hm.", ITEMS)), tastes[2:], out)
    assert {dialogue.dialogue_id: dialogue for dialogue in read_simulated(out)} == whole


def test_conversations_that_failed_are_tried_again(tmp_path: Path):
    out = tmp_path / "run.jsonl"
    talk_all(stage(Answer(error="late")), [taste()], out)

    assert resumed(out) == []
    assert out.read_text(encoding="utf-8") == ""


def test_what_is_written_is_a_transcript_like_any_other(tmp_path: Path):
    out = tmp_path / "run.jsonl"
    talk_all(stage(Answer("1. **Castle**", ITEMS)), [taste(number) for number in range(3)], out)

    transcripts = read_transcripts(out)

    assert len(transcripts.dialogues) == 3
    assert transcripts.unknown_items(CATALOG) == []
    assert all(
        turn.accepted is not None for dialogue in transcripts.dialogues for turn in dialogue.turns if turn.recommended
    )


def test_a_broken_line_is_named(tmp_path: Path):
    out = tmp_path / "run.jsonl"
    out.write_text('{"dialogue_id": "x"}\n', encoding="utf-8")

    with pytest.raises(BadDataError, match=r"run\.jsonl:1: .*Expected what `simulate` wrote"):
        read_simulated(out)


# Scores ----------------------------------------------------------------------------------------------------------


def told(number: int, *answers: AnswerRecord, accepted: str = "", said: tuple[Said, ...] = ()) -> SimulatedDialogue:
    simulated = Simulated(
        system="s",
        seed=0,
        max_turns=3,
        temper="terse" if number % 2 else "chatty",
        rich=False,
        language="en",
        wishes=(("kinds:party",),),
        limit="year:min:1990",
        limit_turn=1,
        targets=2,
        accepted=accepted,
        answers=answers,
        said=said,
    )
    turn = TranscriptTurn(role="user", text="Hi", mentions=(Mention(item_id="a", liked=True),))
    return SimulatedDialogue(dialogue_id=f"d{number}", turns=(turn,), simulated=simulated)


def answer(
    *verdicts: Verdict, fits: tuple[bool, ...] = (), keeps: tuple[bool, ...] = (), limited: bool = False, **more
):
    items = tuple(f"i{place}" for place in range(len(verdicts)))
    yes = (True,) * len(verdicts)
    return AnswerRecord(items=items, verdicts=verdicts, fits=fits or yes, keeps=keeps or yes, limited=limited, **more)


def test_the_figures_are_as_worked_out_by_hand():
    found = told(
        0,
        answer(Verdict.LUKEWARM, Verdict.BREAKS, keeps=(True, False), seconds=1.0, prompt_tokens=10),
        answer(Verdict.REPEAT, Verdict.BREAKS, keeps=(True, False), fits=(True, False), limited=True, seconds=3.0),
        answer(Verdict.ACCEPTED, Verdict.DISLIKED, limited=True, foreign=1, completion_tokens=20),
        accepted="i0",
        said=(
            Said(kind="limit", what="year", turn=1, lists=2, forgotten=1),
            Said(kind="wish", what="kind", turn=0, lists=3, forgotten=0),
            Said(kind="title", what="a", turn=3, lists=0, forgotten=0),
        ),
    )
    lost = told(1, answer(), answer(), answer(Verdict.NAMED))

    scores = score_simulation([found, lost])

    means = {name: score.mean for name, score in scores.scores.items()}
    assert means["success_rate"] == 0.5
    assert means["turns_to_success"] == means["average_turns"] == 3.0
    assert means["limit_kept"] == 0.75  # three of the four items that were shown after it was stated
    assert means["wish_kept"] == pytest.approx(6 / 7)
    assert means["repeats"] == pytest.approx(2 / 7)
    assert means["forgotten"] == 0.5  # the title was said too late for any list
    assert (means["forgotten_limit"], means["forgotten_wish"]) == (1.0, 0.0)
    assert means["liked"] == 0.5
    assert means["without_items"] == pytest.approx(2 / 6)
    assert means["outside_catalog"] == pytest.approx(1 / 8)
    assert means["seconds"] == pytest.approx(4 / 6)
    assert means["tokens"] == pytest.approx(30 / 6)
    assert [score.mean for score in scores.by_turn] == [0.0, 0.0, 0.5]
    assert scores.groups["chatty"][0] == 1
    assert scores.groups["chatty"][1].mean == 1.0


def test_conversations_that_an_error_ended_are_counted_apart():
    broken = told(1).model_copy(update={"simulated": told(1).simulated.model_copy(update={"error": "late"})})

    scores = score_simulation([told(0, answer()), broken])

    assert (scores.users, scores.errors) == (1, 1)


def test_runs_are_compared_user_by_user():
    good = [told(number, answer(Verdict.ACCEPTED), accepted="i0") for number in range(4)]
    bad = [told(number, answer(), answer(), answer()) for number in range(1, 5)]

    scores, differences = compare_runs({"good": good, "bad": bad})

    assert {name: of_run.users for name, of_run in scores.items()} == {"good": 3, "bad": 3}
    gains = {difference.metric: difference.gain.mean for difference in differences}
    assert (gains["success_rate"], gains["average_turns"]) == (1.0, -2.0)
    assert "good - bad" in simulation_tables(scores, differences)
    assert "| good | 1.000" in simulation_tables(scores)


def test_users_made_of_one_person_are_drawn_together():
    glad = told(0, answer(Verdict.ACCEPTED), accepted="i0")
    sad = told(1, answer()).model_copy(update={"dialogue_id": f"{glad.dialogue_id}{AGAIN}2"})

    scores = score_simulation([glad, sad])

    assert (scores.users, scores.people) == (2, 1)
    assert (scores.scores["success_rate"].low, scores.scores["success_rate"].high) == (0.5, 0.5)


def test_a_metric_that_nobody_has_is_left_out_of_pairs():
    assert user_values([told(0, answer())], "limit_kept") == {}


def test_runs_of_different_seeds_are_not_compared():
    other = told(0).model_copy(update={"simulated": told(0).simulated.model_copy(update={"seed": 7})})

    with pytest.raises(BadDataError, match="one seed"):
        compare_runs({"a": [told(0)], "b": [other]})


# The command -----------------------------------------------------------------------------------------------------


def test_the_command_runs_resumes_and_compares(tmp_path: Path, monkeypatch, capsys):
    items, users = write_catalog(tmp_path / "items.csv"), write_users(tmp_path / "users.csv", 8)
    liked = tmp_path / "liked.csv"
    liked.write_text("user_id,item_id\n" + "".join(f"u{n},{item_id(1, n)}\n" for n in range(9)), encoding="utf-8")
    shared = ("simulate", "--catalog", items, "--interactions", liked, "--users", users, "--system", "popularity")
    one, two = tmp_path / "one.jsonl", tmp_path / "two.jsonl"

    assert run(monkeypatch, *shared, "--out", one) == 0
    written = one.read_text(encoding="utf-8")
    assert run(monkeypatch, *shared, "--out", one, "--resume") == 0
    assert one.read_text(encoding="utf-8") == written
    assert "success rate" in capsys.readouterr().out
    figures = json.loads((tmp_path / "one.jsonl.scores.json").read_text(encoding="utf-8"))
    assert figures["runs"]["one"]["users"] == len(written.splitlines()) > 0

    assert run(monkeypatch, *shared, "--out", two, "--n-users", 4) == 0
    assert run(monkeypatch, "simulate", "--compare", one, two) == 0
    assert "one - two" in capsys.readouterr().out
    assert run(monkeypatch, "score", "--dialogues", one) == 0
    assert "shown items were clicked or liked" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--users", "u.csv"), "expected --users and --out"),
        (
            ("--users", "u.csv", "--out", "o", "--system", "oracle"),
            "one of agent, http, chat, popularity, filtered",
        ),
        (("--users", "u.csv", "--out", "o", "--system", "chat"), "talks to an endpoint"),
        (("--compare", "a.jsonl"), "expected two files or more"),
    ],
)
def test_what_is_missing_is_said(monkeypatch, capsys, arguments: tuple[str, ...], message: str):
    assert run(monkeypatch, "simulate", *arguments) == 1
    assert message in capsys.readouterr().err


def test_a_file_of_another_seed_is_not_gone_on_with(tmp_path: Path, monkeypatch, capsys):
    items, users, out = (
        write_catalog(tmp_path / "items.csv"),
        write_users(tmp_path / "users.csv", 4),
        tmp_path / "o.jsonl",
    )
    shared = ("simulate", "--catalog", items, "--users", users, "--system", "popularity", "--out", out)
    assert run(monkeypatch, *shared) == 0

    assert run(monkeypatch, *shared, "--resume", "--seed", 1) == 1

    assert "another --seed" in capsys.readouterr().err


def test_the_same_users_talk_to_every_system(tmp_path: Path):
    tastes = [taste(number, temper=Temper.CHATTY) for number in range(3)]

    ids = []
    for name, reply in (("a", Answer("Hm.")), ("b", Answer("Well?", ITEMS))):
        made = stage(reply)
        talk_all(type(made)(Scripted([reply], name), CATALOG, made.spotter, 0, 2), tastes, tmp_path / name)
        ids.append([(dialogue.dialogue_id, dialogue.turns[0].text) for dialogue in read_simulated(tmp_path / name)])

    assert ids[0] == ids[1]


# The agent -------------------------------------------------------------------------------------------------------


async def test_the_agent_draws_the_same_for_the_same_user_and_stores_nothing(tmp_path: Path):
    dataset, retrieval = film_dataset(), RetrievalSettings(data_dir=tmp_path, encoder="hash", tool_timeout_s=20)
    save_dataset(dataset, tmp_path)
    build_taste(dataset, retrieval)
    build_typicality(dataset, retrieval)
    agent = await assemble(
        Retriever.open(retrieval, encoder=HashEncoder()), open_state(retrieval), Settings(retrieval=retrieval)
    )
    try:
        system = AgentSystem(agent, seed=0)
        lines = [Line("a crime film, please"), Line("something older")]

        one, other = system.begin("p"), system.begin("p")
        first = [await one.say(line) for line in lines]
        again = [await other.say(line) for line in lines]

        assert [reply.items for reply in first] == [reply.items for reply in again]
        assert first[0].items
        assert agent.catalog.item(first[0].items[0]).label in first[0].text
        assert agent.state.list_users(10) == []
    finally:
        await agent.aclose()


async def test_our_own_api_is_talked_to_over_http(tmp_path: Path):
    agent = make_agent(tmp_path)
    app = create_app(agent, agent.settings, warm=False)

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app)) as client:
        system = ChatSystem(client, "http://server/v1", "reconteur", SuggestionReader.of(agent.catalog), name="http")
        answer = await system.begin("p").say(Line("after 1990"))

    assert answer.error == ""
    assert answer.items
    assert answer.items[0] in agent.catalog
    agent.state.close()
