import gzip
import json
from pathlib import Path

import pytest

from agent.conversation import Conversation, Role, Turn
from agent.conversations import ConversationStore, open_checkpointer, thread
from agent.learning.transcripts import read_transcripts, write_dialogues
from eval.catalogs import load_catalog
from eval.readers import READERS
from eval.readers.films import make_catalog, write_catalog, write_ratings
from retrieval.errors import BadDataError
from retrieval.settings import RetrievalSettings
from retrieval.state import Exposure, FeedbackKind, open_state
from tests.eval.films import write_world

SHARED = Path(__file__).parents[3] / "shared" / "data"


@pytest.fixture
def catalog(tmp_path: Path):
    items, _ = write_world(tmp_path)
    return load_catalog(items).dataset.catalog


def lines(path: Path, *records: object) -> Path:
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return path


def redial(**changes: object) -> dict:
    return {
        "conversationId": "7",
        "initiatorWorkerId": 1,
        "respondentWorkerId": 2,
        "movieMentions": {"10": "Old  Film (1950)", "11": "New Film (2000)"},
        "initiatorQuestions": {"11": {"suggested": 1, "seen": 1, "liked": 1}},
        "messages": [
            {"senderWorkerId": 1, "text": "I like @10"},
            {"senderWorkerId": 2, "text": "Then @11, or @11!"},
            {"senderWorkerId": 1, "text": "  "},
        ],
        **changes,
    }


def test_redial_gives_titles_for_numbers_and_keeps_the_numbers_as_ids(tmp_path: Path):
    (dialogue,) = READERS["redial"](lines(tmp_path / "r.jsonl", redial()), None)

    assert [turn.text for turn in dialogue.turns] == [
        "I like Old Film (1950)",
        "Then New Film (2000), or New Film (2000)!",
    ]
    assert dialogue.turns[0].mentions[0].item_id == "10"
    assert dialogue.turns[1].recommended == ("11",)


def test_the_questionnaire_that_came_after_the_dialogue_is_not_read(tmp_path: Path):
    (dialogue,) = READERS["redial"](lines(tmp_path / "r.jsonl", redial()), None)

    assert all(mention.liked is None for turn in dialogue.turns for mention in turn.mentions)


def test_redial_without_films_has_an_empty_list_for_them(tmp_path: Path):
    record = redial(movieMentions=[], messages=[{"senderWorkerId": 2, "text": "hello"}])

    (dialogue,) = READERS["redial"](lines(tmp_path / "r.jsonl", record), None)

    assert dialogue.turns[0].role is Role.ASSISTANT


def test_a_bad_line_of_redial_is_named_with_its_field(tmp_path: Path):
    path = lines(tmp_path / "r.jsonl", redial(), redial(messages=[{"text": "x"}]))

    with pytest.raises(BadDataError, match=r"r\.jsonl:2: messages\.0\.senderWorkerId"):
        list(READERS["redial"](path, None))


def test_inspired_links_titles_and_keeps_what_the_catalog_lacks(tmp_path: Path, catalog):
    path = tmp_path / "dev.tsv.gz"
    rows = [
        "dialog_id\tspeaker\ttext\tmovies",
        "a\tRECOMMENDER\tHello QUOTATION_MARKyouQUOTATION_MARK\t",
        "a\tSEEKER\tI saw Merry Harbor\tMerry Harbor (1980)",
        "a\tRECOMMENDER\tDusty River and Nowhere\tDusty River (1986); Nowhere (1999)",
        "b\tSEEKER\thi\t",
    ]
    path.write_bytes(gzip.compress("\n".join(rows).encode()))

    first, second = READERS["inspired"](path, catalog)

    assert first.turns[0].text == 'Hello "you"'
    assert first.turns[1].mentions[0].item_id == "f10"
    assert first.turns[2].recommended == ("f26", "Nowhere (1999)")
    assert second.dialogue_id == "b"


def test_inspired_without_its_columns_is_refused(tmp_path: Path):
    path = tmp_path / "x.tsv"
    path.write_text("dialog_id\ttext\n")

    with pytest.raises(BadDataError, match="missing speaker, movies"):
        list(READERS["inspired"](path, None))


def test_opendialkg_turns_of_one_dialogue_become_one(tmp_path: Path, catalog):
    path = lines(
        tmp_path / "turns.jsonl",
        {"dialog_id": 5, "turn_id": 1, "context": ["hi"], "rec": ["Merry Harbor"], "resp": "Merry Harbor?"},
        {"dialog_id": 5, "turn_id": 3, "context": ["hi", "Merry Harbor?", "no"], "rec": ["Dusty River"], "resp": "So?"},
    )

    (dialogue,) = READERS["opendialkg"](path, catalog)

    assert [turn.role.value for turn in dialogue.turns] == ["user", "assistant", "user", "assistant"]
    assert [turn.recommended for turn in dialogue.turns] == [(), ("f10",), (), ("f26",)]


def test_opendialkg_csv_takes_items_from_the_path_before_a_message(tmp_path: Path, catalog):
    messages = [
        {"type": "chat", "sender": "user", "message": "Do you know Alma?"},
        {"type": "action", "sender": "assistant", "metadata": {"path": [0.1, [["Alma", "made", "Dusty River"]], ""]}},
        {"type": "chat", "sender": "assistant", "message": "She made Dusty River."},
    ]
    path = tmp_path / "opendialkg.csv"
    path.write_text('Messages,User Rating\n"' + json.dumps(messages).replace('"', '""') + '",5\n')

    (dialogue,) = READERS["opendialkg"](path, catalog)

    assert dialogue.turns[1].recommended == ("f26",)
    with pytest.raises(BadDataError, match="--catalog"):
        list(READERS["opendialkg"](path, None))


def test_a_chat_log_is_linked_and_gets_an_id(tmp_path: Path, catalog):
    path = lines(
        tmp_path / "chat.jsonl",
        {
            "messages": [
                {"role": "system", "content": "You recommend."},
                {"role": "user", "content": [{"type": "text", "text": "I loved Merry Harbor."}]},
                {"role": "assistant", "content": "As good as Merry Harbor: Dusty River."},
                {"role": "tool", "content": "{}"},
                {"role": "assistant", "content": None},
            ]
        },
    )

    (dialogue,) = READERS["chatlog"](path, catalog)

    assert dialogue.dialogue_id.startswith("chat-")
    assert [mention.item_id for mention in dialogue.turns[0].mentions] == ["f10"]
    assert dialogue.turns[1].recommended == ("f26",)


async def fill(folder: Path, conversation: Conversation) -> None:
    from langgraph.checkpoint.base import empty_checkpoint

    async with open_checkpointer("", folder) as saver:
        checkpoint = empty_checkpoint()
        from agent.conversation import dump_conversation

        checkpoint["channel_values"] = {"conversation": dump_conversation(conversation)}
        config = thread(conversation.conversation_id)
        config["configurable"]["checkpoint_ns"] = ""
        await saver.aput(config, checkpoint, {}, {})
        assert await ConversationStore(saver).load(conversation.conversation_id) == conversation


def test_our_own_conversations_come_with_what_was_accepted(tmp_path: Path):
    import asyncio

    with open_state(RetrievalSettings(data_dir=tmp_path)) as state:
        user = state.create_user("somebody")
        row = state.open_conversation(user.user_id)
        shown = [Exposure("a", 1, 1.0), Exposure("b", 2, 1.0)]
        state.record_exposures(user.user_id, row.conversation_id, 1, shown)
        state.add_feedback(user.user_id, "b", FeedbackKind.LIKE, conversation_id=row.conversation_id)
    turns = (Turn(Role.USER, "something"), Turn(Role.ASSISTANT, "These two.", shown=("a", "b")))
    asyncio.run(fill(tmp_path, Conversation(row.conversation_id, user.user_id, turns)))

    (dialogue,) = READERS["reconteur"](tmp_path, None)

    assert dialogue.turns[1].recommended == ("a", "b")
    assert dialogue.turns[1].accepted == ("b",)
    assert dialogue.turns[0].accepted is None


def test_a_folder_without_conversations_is_refused(tmp_path: Path):
    with pytest.raises(BadDataError, match="Talk to the agent first"):
        list(READERS["reconteur"](tmp_path, None))


def test_a_catalog_is_made_with_facts_and_without_those_of_another_film(tmp_path: Path):
    own = lines(
        tmp_path / "catalogue.jsonl",
        {"id": 1, "title": "One", "year": 1990, "genres": ["Drama"], "cast": ["A B"], "plot": "p", "movielens_id": 9},
        {"id": 2, "title": "Two", "year": 1991, "genres": ["war"], "facts_check": "conflict"},
    )
    facts = lines(
        tmp_path / "facts.jsonl",
        {
            "id": "x",
            "redial_ids": [1],
            "title": "One",
            "year": 1990,
            "cast": ["A B", "(voices)", "C D"],
            "extract": "e",
        },
    )
    ratings = tmp_path / "ratings.csv"
    ratings.write_text("userId,movieId,rating,timestamp\n1,9,4.5,100\n1,8,1,100\n")

    films = make_catalog("redial", own, facts=facts)
    write_catalog(films, tmp_path / "items.jsonl")
    count = write_ratings(films, tmp_path, tmp_path / "interactions.csv")
    loaded = load_catalog(tmp_path / "items.jsonl", interactions=tmp_path / "interactions.csv")

    one, two = loaded.dataset.catalog
    assert one.values["cast"] == ("A B", "C D")
    assert one.values["genres"] == ("drama",)
    assert one.text == "p e"
    assert two.values.get("genres", ()) == ()
    assert (count, len(loaded.dataset.interactions)) == (1, 1)
    assert loaded.bad == ()


def test_an_everyday_word_for_genres_is_no_genre_of_its_own(tmp_path: Path):
    record = {"id": 1, "title": "One", "year": 1990, "genres": ["Suspense", "thriller", "historical", "Disaster"]}

    (film,) = make_catalog("redial", lines(tmp_path / "catalogue.jsonl", record))

    assert film.lists["genres"] == ("mystery", "thriller", "history", "disaster")


def test_what_is_written_is_read_again(tmp_path: Path):
    dialogues = list(READERS["redial"](lines(tmp_path / "r.jsonl", redial()), None))

    write_dialogues(tmp_path / "d.jsonl", dialogues)

    assert list(read_transcripts(tmp_path / "d.jsonl").dialogues) == dialogues


@pytest.mark.skipif(not SHARED.is_dir(), reason=f"needs the dialogue datasets of docs/transcripts.md in {SHARED}")
@pytest.mark.parametrize(
    ("kind", "file", "count"),
    [
        ("redial", "redial-valid/dialogues.jsonl.gz", 1000),
        ("inspired", "inspired-dev/dev.tsv.gz", 99),
        ("opendialkg", "opendialkg-valid/turns.jsonl.gz", 980),
    ],
)
def test_the_original_files_are_read_whole(kind: str, file: str, count: int):
    dialogues = list(READERS[kind](SHARED / file, None))

    assert len(dialogues) == count
    assert any(turn.recommended for dialogue in dialogues for turn in dialogue.turns)
