"""The state store keeps its promises, on SQLite and on PostgreSQL alike; then what only SQLite can get wrong."""

import json
import logging
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import event

from retrieval.errors import (
    BadIdError,
    RecommenderError,
    SettingsError,
    StateError,
    UnknownConversationError,
    UnknownUserError,
)
from retrieval.preference import Constraint, Op, Wish
from retrieval.settings import RetrievalSettings
from retrieval.state import Exposure, FeedbackKind, ShareStore, StateStore, Taste, open_state
from retrieval.state.tables import HEAD

LIKE, DISLIKE, SEEN = FeedbackKind.LIKE, FeedbackKind.DISLIKE, FeedbackKind.SEEN
AFTER_1990 = Taste("nothing before 1990", constraint=Constraint("year", Op.MIN, (1990.0,), "nothing before 1990"))
HEISTS = Taste("I love heists", wish=Wish("themes", "heist", 1.0, "I love heists"))
KIDS = Taste("my kids are with me 你好 🎬")


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.live)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "postgres":
        return request.getfixturevalue("postgres_url")
    return sqlite_url(tmp_path)


@pytest.fixture
def store(url: str) -> Iterator[StateStore]:
    with StateStore(url) as opened:
        yield opened


def sqlite_url(folder: Path) -> str:
    return f"sqlite:///{folder / 'state.db'}"


def shown(*item_ids: str) -> list[Exposure]:
    return [
        Exposure(item_id, position, 0.5, position == 2, "thompson", 1.5, {"content": 0.25, "graph": 2.0})
        for position, item_id in enumerate(item_ids, start=1)
    ]


def fill(store: StateStore, user_id: str, word: str = "word") -> str:
    conversation = store.open_conversation(user_id, title=f"about {word}").conversation_id
    first, _ = store.record_exposures(user_id, conversation, 0, shown("a", "b"))
    store.add_feedback(user_id, "a", LIKE, conversation_id=conversation, exposure_id=first)
    store.keep_taste(user_id, replace(KIDS, words=f"never {word}"))
    store.save_item(user_id, "saved")
    ShareStore(store.database).add(user_id, conversation, {"text": f"shared {word}"}, days=30)
    return conversation


# Contract: users


def test_a_user_is_found_again_with_all_that_was_given(store: StateStore) -> None:
    made = store.create_user("Ann 安", dataset_user="196")

    assert store.user(made.user_id) == made
    assert (made.name, made.dataset_user, made.novelty) == ("Ann 安", "196", 0.3)
    assert store.list_users() == [made]


def test_two_created_users_have_different_ids_that_cannot_be_guessed(store: StateStore) -> None:
    ids = {store.create_user("Ann").user_id for _ in range(3)}

    assert len(ids) == 3
    assert all(len(user_id) >= 20 for user_id in ids)


def test_an_id_from_outside_is_made_once(store: StateStore) -> None:
    first = store.ensure_user("caller-7", name="Bob")

    assert store.ensure_user("caller-7") == first


@pytest.mark.parametrize("bad", ["", "x" * 129, "a\x00b", "a\nb", "\ud800", " ann"])
def test_an_odd_id_is_refused_and_not_repeated_in_the_message(store: StateStore, bad: str) -> None:
    with pytest.raises(BadIdError, match="expected a user id of 1 to 128 printable characters") as caught:
        store.ensure_user(bad)

    assert isinstance(caught.value, RecommenderError | ValueError)
    assert not bad or bad not in str(caught.value)


@pytest.mark.parametrize("user_id", ["nobody", "", "a\x00b", "\ud800", "x" * 5000])
def test_everything_about_an_unknown_user_says_so(store: StateStore, user_id: str) -> None:
    calls: list[Callable[[], object]] = [
        lambda: store.user(user_id),
        lambda: store.set_novelty(user_id, 0.5),
        lambda: store.add_feedback(user_id, "a", LIKE),
        lambda: store.undo_feedback(user_id, 1),
        lambda: store.feedback_of(user_id),
        lambda: store.interactions_of(user_id),
        lambda: store.keep_taste(user_id, KIDS),
        lambda: store.tastes_of(user_id),
        lambda: store.drop_taste(user_id, KIDS.key),
        lambda: store.bring_feedback(user_id, {"a": LIKE}),
        lambda: store.save_item(user_id, "a"),
        lambda: store.unsave_item(user_id, "a"),
        lambda: store.watchlist_of(user_id),
        lambda: store.record_exposures(user_id, "", 0, shown("a")),
        lambda: store.exposures_of(user_id),
        lambda: store.open_conversation(user_id),
        lambda: store.conversation_ids_of(user_id),
        lambda: store.profile(user_id),
        lambda: store.export_user(user_id),
        lambda: store.erase_user(user_id),
    ]

    for call in calls:
        with pytest.raises(UnknownUserError, match="no such user"):
            call()


def test_the_dial_is_kept_and_bounded(store: StateStore) -> None:
    user_id = store.create_user().user_id
    store.set_novelty(user_id, 0.9)

    assert store.user(user_id).novelty == 0.9
    with pytest.raises(ValueError, match=r"expected a novelty from 0 to 1, found 1\.5"):
        store.set_novelty(user_id, 1.5)


def test_control_characters_in_a_name_are_dropped(store: StateStore) -> None:
    assert store.create_user("An\x00n\ud800\tLee").name == "Ann Lee"


# Contract: feedback


def test_feedback_comes_back_oldest_first_and_as_weights(store: StateStore) -> None:
    user_id = store.create_user().user_id
    given = [store.add_feedback(user_id, item, kind) for item, kind in (("a", LIKE), ("b", DISLIKE), ("c", SEEN))]

    assert store.feedback_of(user_id) == given
    interactions = store.interactions_of(user_id)
    assert [(interaction.user_id, interaction.item_id, interaction.weight) for interaction in interactions] == [
        (user_id, "a", 1.0),
        (user_id, "b", -1.0),
        (user_id, "c", 0.0),
    ]


def test_undo_works_once_and_brings_back_the_earlier_opinion(store: StateStore) -> None:
    user_id = store.create_user().user_id
    store.add_feedback(user_id, "a", LIKE)
    second = store.add_feedback(user_id, "a", DISLIKE)

    assert store.undo_feedback(user_id, second.feedback_id)
    assert not store.undo_feedback(user_id, second.feedback_id)
    assert [opinion.kind for opinion in store.feedback_of(user_id)] == [LIKE]


@pytest.mark.parametrize("feedback_id", [0, -1, 999, 10**30])
def test_undoing_what_is_not_there_changes_nothing(store: StateStore, feedback_id: int) -> None:
    user_id = store.create_user().user_id
    store.add_feedback(user_id, "a", LIKE)

    assert not store.undo_feedback(user_id, feedback_id)
    assert len(store.feedback_of(user_id)) == 1


def test_a_double_click_counts_once(store: StateStore) -> None:
    user_id = store.create_user().user_id

    assert store.add_feedback(user_id, "a", LIKE) == store.add_feedback(user_id, "a", LIKE)


def test_seen_does_not_wipe_out_a_like(store: StateStore) -> None:
    user_id = store.create_user().user_id
    store.add_feedback(user_id, "a", LIKE)
    store.add_feedback(user_id, "a", SEEN)

    assert [interaction.weight for interaction in store.interactions_of(user_id)] == [1.0]
    assert store.profile(user_id).liked == ("a",)


def test_an_odd_item_id_is_refused(store: StateStore) -> None:
    user_id = store.create_user().user_id

    with pytest.raises(BadIdError, match="expected an item id"):
        store.add_feedback(user_id, "a\x00", LIKE)


# Contract: tastes


def test_tastes_come_back_as_they_were_kept(store: StateStore) -> None:
    user_id = store.create_user().user_id
    kept = [store.keep_taste(user_id, taste) for taste in (AFTER_1990, HEISTS, KIDS)]

    assert store.tastes_of(user_id) == kept
    assert [replace(taste, taste_id=None) for taste in kept] == [AFTER_1990, HEISTS, KIDS]


def test_the_same_taste_again_replaces_the_old_one(store: StateStore) -> None:
    user_id = store.create_user().user_id
    store.keep_taste(user_id, AFTER_1990)
    store.keep_taste(user_id, replace(AFTER_1990, words="really"))

    assert [taste.words for taste in store.tastes_of(user_id)] == ["really"]


def test_a_taste_is_dropped_by_key_or_by_id(store: StateStore) -> None:
    user_id = store.create_user().user_id
    store.keep_taste(user_id, AFTER_1990)
    heists = store.keep_taste(user_id, HEISTS)

    assert store.drop_taste(user_id, AFTER_1990.key)
    assert store.drop_taste(user_id, heists.taste_id or 0)
    assert not store.drop_taste(user_id, AFTER_1990.key)
    assert not store.drop_taste(user_id, 10**30)
    assert store.tastes_of(user_id) == []


def test_odd_words_in_a_taste_can_be_kept_and_dropped(store: StateStore) -> None:
    user_id = store.create_user().user_id
    odd = Taste("x", constraint=Constraint("themes", Op.NOT, ("go\x00re\ud800",), "no \x00 gore"))
    store.keep_taste(user_id, odd)

    assert [taste.constraint for taste in store.tastes_of(user_id)] == [odd.constraint]
    assert store.drop_taste(user_id, odd.key)


def test_a_taste_that_is_both_or_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="found both"):
        Taste("x", constraint=AFTER_1990.constraint, wish=HEISTS.wish)
    with pytest.raises(ValueError, match="found none"):
        Taste(" ")


# Contract: exposures


def test_exposures_come_back_with_their_propensity_and_the_outcome(store: StateStore) -> None:
    user_id = store.create_user().user_id
    ids = store.record_exposures(user_id, "talk", 3, shown("a", "b", "c"))
    store.add_feedback(user_id, "a", LIKE, exposure_id=ids[0])
    store.add_feedback(user_id, "b", DISLIKE, conversation_id="talk")

    logged = store.exposures_of(user_id)

    assert [exposure.shown for exposure in logged] == shown("a", "b", "c")
    assert [exposure.outcome for exposure in logged] == [LIKE, DISLIKE, None]
    assert [exposure.exposure_id for exposure in logged] == list(ids)
    assert {(exposure.conversation_id, exposure.turn_index) for exposure in logged} == {("talk", 3)}


def test_feedback_answers_the_last_showing_and_undo_takes_the_outcome_away(store: StateStore) -> None:
    user_id = store.create_user().user_id
    for turn in range(2):
        store.record_exposures(user_id, "talk", turn, shown("a"))
    given = store.add_feedback(user_id, "a", LIKE, conversation_id="talk")

    assert [exposure.outcome for exposure in store.exposures_of(user_id)] == [None, LIKE]
    store.undo_feedback(user_id, given.feedback_id)
    assert [exposure.outcome for exposure in store.exposures_of(user_id)] == [None, None]


def test_one_bad_exposure_leaves_none_behind(store: StateStore) -> None:
    user_id = store.create_user().user_id

    with pytest.raises(BadIdError):
        store.record_exposures(user_id, "talk", 0, [*shown("a"), replace(shown("a")[0], item_id="")])

    assert store.exposures_of(user_id) == []


def test_a_caller_without_user_can_be_logged(store: StateStore) -> None:
    assert len(store.record_exposures(None, "", 0, shown("a", "b"))) == 2
    assert store.record_exposures(None, "", 0, []) == ()


@pytest.mark.parametrize("propensity", [-0.1, 1.1, float("nan")])
def test_an_impossible_propensity_is_refused(propensity: float) -> None:
    with pytest.raises(ValueError, match="expected a propensity from 0 to 1"):
        Exposure("a", 1, propensity)


# Contract: conversations


def test_conversations_are_listed_by_last_use(store: StateStore) -> None:
    user_id = store.create_user().user_id
    first = store.open_conversation(user_id, title="old\x00")
    second = store.open_conversation(user_id, "mine")
    store.rename_conversation(user_id, first.conversation_id, "new")
    store.touch_conversation(user_id, first.conversation_id)

    assert store.conversation_ids_of(user_id) == (first.conversation_id, "mine")
    assert store.conversations_of(user_id)[0].title == "new"
    assert store.open_conversation(user_id, "mine") == second
    assert store.owner_of("mine") == user_id
    assert store.owner_of("nobody's\x00") is None


def test_a_deleted_conversation_takes_its_exposures_along_but_not_the_feedback(store: StateStore) -> None:
    user_id = store.create_user().user_id
    conversation = fill(store, user_id)
    store.delete_conversation(user_id, conversation)

    assert store.conversations_of(user_id) == []
    assert store.exposures_of(user_id) == []
    assert [(opinion.kind, opinion.exposure_id) for opinion in store.feedback_of(user_id)] == [(LIKE, None)]


# Contract: nobody sees anybody else's


def test_two_users_see_only_their_own(store: StateStore) -> None:
    ann, bob = store.create_user("Ann").user_id, store.create_user("Bob").user_id
    fill(store, ann, "gore")
    fill(store, bob, "songs")

    export = json.dumps(store.export_user(ann))

    assert "gore" in export
    assert "songs" not in export
    assert bob not in export
    assert [taste.words for taste in store.tastes_of(bob)] == ["never songs"]


def test_nobody_can_touch_what_is_somebody_elses(store: StateStore) -> None:
    ann, bob = store.create_user("Ann").user_id, store.create_user("Bob").user_id
    talk = fill(store, ann)
    exposure_id = store.exposures_of(ann)[1].exposure_id

    assert not store.undo_feedback(bob, store.feedback_of(ann)[0].feedback_id)
    assert not store.drop_taste(bob, store.tastes_of(ann)[0].key)
    assert store.add_feedback(bob, "b", LIKE, exposure_id=exposure_id).exposure_id is None
    for call in (
        lambda: store.open_conversation(bob, talk),
        lambda: store.rename_conversation(bob, talk, "x"),
        lambda: store.delete_conversation(bob, talk),
        lambda: store.record_exposures(bob, talk, 0, shown("a")),
        lambda: store.record_exposures(None, talk, 0, shown("a")),
        lambda: store.add_feedback(bob, "a", LIKE, conversation_id=talk),
    ):
        with pytest.raises(UnknownConversationError, match="no such conversation of this user"):
            call()
    assert [exposure.outcome for exposure in store.exposures_of(ann)] == [LIKE, None]


# Contract: the watchlist


def test_a_watchlist_holds_each_item_once_the_newest_first(store: StateStore) -> None:
    ann, bob = store.create_user("Ann").user_id, store.create_user("Bob").user_id
    first = store.save_item(ann, "a")
    store.save_item(ann, "b")

    assert store.save_item(ann, "a") == first
    assert [entry.item_id for entry in store.watchlist_of(ann)] == ["b", "a"]
    assert store.watchlist_of(bob) == []


def test_what_is_taken_off_a_watchlist_is_gone_for_that_user_alone(store: StateStore) -> None:
    ann, bob = store.create_user("Ann").user_id, store.create_user("Bob").user_id
    for user_id in (ann, bob):
        store.save_item(user_id, "a")

    assert store.unsave_item(ann, "a")
    assert not store.unsave_item(ann, "a")
    assert not store.unsave_item(ann, "x\x00")
    assert store.watchlist_of(ann) == []
    assert [entry.item_id for entry in store.watchlist_of(bob)] == ["a"]


def test_an_item_id_that_cannot_be_one_is_not_saved(store: StateStore) -> None:
    ann = store.create_user("Ann").user_id

    with pytest.raises(BadIdError, match="expected an item id"):
        store.save_item(ann, "x" * 129)


# Contract: profile, export, erasure


def test_the_profile_sums_up(store: StateStore) -> None:
    user_id = store.create_user("Ann").user_id
    fill(store, user_id)
    store.add_feedback(user_id, "b", DISLIKE)
    store.add_feedback(user_id, "c", SEEN)

    profile = store.profile(user_id)

    assert (profile.liked, profile.disliked, profile.seen) == (("a",), ("b",), ("c",))
    assert (profile.feedback_count, profile.exposure_count, profile.conversation_count) == (3, 2, 1)
    assert (profile.novelty, profile.user.name, len(profile.tastes)) == (0.3, "Ann", 1)


def test_the_export_is_json_and_holds_what_was_taken_back_too(store: StateStore) -> None:
    user_id = store.create_user("Ann").user_id
    fill(store, user_id)
    store.undo_feedback(user_id, store.feedback_of(user_id)[0].feedback_id)

    export = json.loads(json.dumps(store.export_user(user_id), allow_nan=False))

    assert export["user"]["name"] == "Ann"
    assert {name: len(rows) for name, rows in export.items() if name != "user"} == {
        "conversations": 1,
        "feedback": 1,
        "tastes": 1,
        "watchlist": 1,
        "shares": 1,
        "exposures": 2,
        "shown": 0,
        "turns": 0,
    }


def test_erasure_leaves_no_row_and_nobody_else_loses_one(store: StateStore, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    ann, bob = store.create_user("Annabel").user_id, store.create_user("Bob").user_id
    store.record_exposures(None, "early", 0, shown("zebra"))
    store.open_conversation(ann, "early")
    talk = fill(store, ann, "gore")
    fill(store, bob, "songs")
    before = store.export_user(bob)

    erased = store.erase_user(ann)

    assert sorted(erased) == sorted(["early", talk])
    rows = everything(store)
    assert not any(word in rows for word in (ann, "Annabel", "gore", talk, "zebra"))
    assert store.export_user(bob) == before
    assert not any(word in caplog.text for word in (ann, "Annabel", "gore"))


def everything(store: StateStore) -> str:
    """All rows of all tables as one text."""
    with store.database.engine.connect() as connection:
        tables = ("meta", "users", "conversations", "feedback", "tastes", "exposures")
        return repr([connection.exec_driver_sql(f"SELECT * FROM {name}").all() for name in tables])


# Contract: concurrency and restarts


def test_threads_writing_at_once_lose_nothing(url: str) -> None:
    with StateStore(url) as one, StateStore(url) as other:
        user_id = one.create_user().user_id
        with ThreadPoolExecutor(4) as pool:
            jobs = [
                pool.submit((one, other)[number % 2].add_feedback, user_id, f"item-{number}", LIKE)
                for number in range(60)
            ]
            ids = {job.result().feedback_id for job in jobs}

        assert len(ids) == 60
        assert {feedback.item_id for feedback in one.feedback_of(user_id)} == {f"item-{n}" for n in range(60)}


def test_the_same_taste_kept_by_two_threads_at_once_is_kept_once(url: str) -> None:
    with StateStore(url) as one, StateStore(url) as other:
        user_id = one.create_user().user_id
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda n: (one, other)[n % 2].keep_taste(user_id, AFTER_1990), range(16)))

        assert len(one.tastes_of(user_id)) == 1


def test_the_same_user_ensured_by_many_threads_is_made_once(url: str) -> None:
    with StateStore(url) as one, StateStore(url) as other, ThreadPoolExecutor(4) as pool:
        made = set(pool.map(lambda n: (one, other)[n % 2].ensure_user("caller"), range(16)))

        assert len(made) == 1


def test_a_user_who_is_known_waits_for_no_writer(tmp_path: Path) -> None:
    with StateStore(sqlite_url(tmp_path), busy_timeout_s=0.1) as store:
        known = store.ensure_user("caller")
        with sqlite3.connect(tmp_path / "state.db", isolation_level=None) as writer:
            writer.execute("BEGIN IMMEDIATE")

            assert store.ensure_user("caller") == known
            with pytest.raises(StateError, match="keeps it locked"):
                store.ensure_user("somebody else")


def test_many_stores_can_be_opened_at_once_on_an_empty_database(url: str) -> None:
    with ThreadPoolExecutor(4) as pool:
        stores = list(pool.map(lambda _: StateStore(url), range(8)))

    user_id = stores[0].create_user().user_id
    assert stores[-1].user(user_id).user_id == user_id
    for one in stores:
        one.close()


KILLED = """
import sys
from retrieval.state import FeedbackKind, StateStore
store = StateStore(sys.argv[1])
user_id = store.ensure_user("ann").user_id
number = 0
while True:
    store.add_feedback(user_id, f"item-{number}", FeedbackKind.LIKE)
    sys.stdout.write(f"item-{number}\\n")
    sys.stdout.flush()
    number += 1
"""


def test_a_killed_process_loses_nothing_that_it_acknowledged(url: str) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, url], stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]
    ) as process:
        assert process.stdout is not None
        acknowledged = [process.stdout.readline().strip() for _ in range(20)]
        os.kill(process.pid, signal.SIGKILL)
        acknowledged += process.stdout.read().split()

    with StateStore(url) as store:
        saved = [opinion.item_id for opinion in store.feedback_of("ann")]
    assert len(acknowledged) >= 20
    assert saved[: len(acknowledged)] == acknowledged


def test_a_newer_schema_is_not_touched(url: str) -> None:
    with StateStore(url) as store, store.database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '99'")

    with pytest.raises(StateError, match=f"schema version 99, expected {HEAD} or older"):
        StateStore(url)


# SQLite alone


def test_no_byte_of_an_erased_user_stays_in_any_file(tmp_path: Path) -> None:
    with StateStore(sqlite_url(tmp_path)) as store:
        ann, bob = store.create_user("Annabel"), store.create_user("Bob")
        for _ in range(30):
            talk = fill(store, ann.user_id, "xylophone")
            fill(store, bob.user_id, "songs")
        assert b"xylophone" in raw_bytes(tmp_path)

        store.erase_user(ann.user_id)

        left = raw_bytes(tmp_path)
        for word in (ann.user_id, "Annabel", "xylophone", talk):
            assert word.encode() not in left
        assert b"songs" in left
        assert "scrub" not in everything(store)


def test_bytes_that_a_reader_kept_alive_go_at_the_next_start(tmp_path: Path) -> None:
    with StateStore(sqlite_url(tmp_path), busy_timeout_s=0.05) as store:
        user_id = store.create_user("Annabel").user_id
        reader = sqlite3.connect(tmp_path / "state.db", isolation_level=None)
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM users").fetchall()
        store.erase_user(user_id)
        reader.execute("ROLLBACK")
        reader.close()
        assert user_id not in everything(store)
        assert "scrub" in everything(store)

    with StateStore(sqlite_url(tmp_path)) as store:
        assert "scrub" not in everything(store)
        assert b"Annabel" not in raw_bytes(tmp_path)


def raw_bytes(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.iterdir()))


def test_sqlite_is_set_up_to_survive_a_power_cut_and_to_forget(tmp_path: Path) -> None:
    with StateStore(sqlite_url(tmp_path)) as store, store.database.engine.connect() as connection:
        pragmas = ("journal_mode", "synchronous", "foreign_keys", "secure_delete", "busy_timeout")
        values = [connection.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in pragmas]

    assert values == ["wal", 2, 1, 1, 5000]
    assert (tmp_path / "state.db").stat().st_mode & 0o077 == 0


def test_the_settings_say_where_the_state_lies(tmp_path: Path) -> None:
    with open_state(RetrievalSettings(data_dir=tmp_path / "new folder%20?")) as store:
        store.create_user()

    assert (tmp_path / "new folder%20?" / "state.db").exists()


def test_a_store_in_memory_works_from_many_threads() -> None:
    with StateStore("sqlite://") as store, ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda n: store.create_user(str(n)), range(12)))

        assert len(store.list_users()) == 12


def test_a_full_disk_says_so_and_loses_nothing(tmp_path: Path) -> None:
    with StateStore(sqlite_url(tmp_path)) as store:
        user_id = store.create_user().user_id
        store.add_feedback(user_id, "a", LIKE)
        with full_disk(store), pytest.raises(StateError, match=r"the disk is full\. Free some space") as caught:
            write_much(store, user_id)

        assert "state.db" in str(caught.value)
        assert [opinion.item_id for opinion in store.feedback_of(user_id)] == ["a"]
        store.add_feedback(user_id, "b", LIKE)
        assert len(store.feedback_of(user_id)) == 2


def write_much(store: StateStore, user_id: str) -> None:
    for _ in range(50):
        store.keep_taste(user_id, Taste(os.urandom(400).hex()))


class full_disk:  # noqa: N801
    """No page more than now, on every connection."""

    def __init__(self, store: StateStore) -> None:
        self._engine = store.database.engine

    def _limit(self, connection: sqlite3.Connection, *_: object) -> None:
        connection.execute("PRAGMA max_page_count=1").fetchall()

    def __enter__(self) -> None:
        self._engine.dispose()
        event.listen(self._engine, "connect", self._limit)

    def __exit__(self, *_: object) -> None:
        event.remove(self._engine, "connect", self._limit)
        self._engine.dispose()


def test_a_read_only_state_can_be_read_and_says_so_on_writing(tmp_path: Path) -> None:
    with StateStore(sqlite_url(tmp_path)) as store:
        user = store.create_user()

    with StateStore(f"sqlite:///file:{tmp_path / 'state.db'}?mode=ro&uri=true") as store:
        assert store.user(user.user_id) == user
        with pytest.raises(StateError, match=r"read-only\. Give this process the right to write"):
            store.create_user()


def test_a_locked_state_says_so_and_works_afterwards(tmp_path: Path) -> None:
    with StateStore(sqlite_url(tmp_path), busy_timeout_s=0.05) as store:
        other = sqlite3.connect(tmp_path / "state.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StateError, match="another process keeps it locked"):
            store.create_user()
        other.execute("ROLLBACK")
        other.close()

        store.create_user()


def test_a_file_that_is_no_database_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    path.write_bytes(b"this is a letter, not a database" * 100)

    with pytest.raises(StateError, match=r"not a SQLite database or is damaged\. Move it away"):
        StateStore(sqlite_url(tmp_path))
    assert path.read_bytes().startswith(b"this is a letter")


def test_a_folder_that_cannot_be_made_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(StateError, match=r"cannot be opened: .*Check the folder and its rights"):
        StateStore(f"sqlite:///{tmp_path}/file/state.db")


def test_an_error_does_not_repeat_what_the_user_wrote(tmp_path: Path) -> None:
    with StateStore(sqlite_url(tmp_path)) as store:
        user_id = store.create_user().user_id
        with store.database.engine.begin() as connection:
            connection.exec_driver_sql("DROP TABLE tastes")
        with pytest.raises(StateError, match="cannot be used") as caught:
            store.keep_taste(user_id, Taste("secret"))

    assert "secret" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


@pytest.mark.parametrize("url", ["nonsense", "mysql://host/db", "oracle2://host/db", ""])
def test_a_url_that_cannot_work_names_what_can(url: str) -> None:
    with pytest.raises(SettingsError, match="SQLite"):
        StateStore(url)


def test_what_was_shown_is_exported_and_goes_with_the_conversation_and_the_user(url: str) -> None:
    with StateStore(url) as store:
        ann, ben = store.create_user("Ann").user_id, store.create_user("Ben").user_id
        for name in ("c", "d"):
            store.open_conversation(ann, name)
            store.keep_shown(ann, name, 1, {"cards": [name]})
        with pytest.raises(UnknownConversationError):
            store.keep_shown(ben, "c", 1, {})

        assert [row["content"] for row in store.export_user(ann)["shown"]] == [{"cards": ["c"]}, {"cards": ["d"]}]
        assert store.shown_in(ben, "c") == {}
        store.delete_conversation(ann, "c")
        assert store.shown_in(ann, "c") == {}
        store.erase_user(ann)
        assert store.shown_in(ann, "d") == {}
