"""A state of any earlier version opens and keeps what it holds; new and upgraded tables are the same."""

import multiprocessing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, make_url

from retrieval.errors import StateError
from retrieval.state import AccessStore, Exposure, FeedbackKind, StateStore
from retrieval.state.migrate import FOLDER
from retrieval.state.tables import HEAD, Base
from tests.retrieval.test_state import url  # noqa: F401

OLD = """
CREATE TABLE meta (key VARCHAR(64) NOT NULL, value VARCHAR(64) NOT NULL, PRIMARY KEY (key));
CREATE TABLE users (user_id VARCHAR(128) NOT NULL, name TEXT NOT NULL, dataset_user VARCHAR(128),
  novelty {double} NOT NULL, created_at {double} NOT NULL, PRIMARY KEY (user_id));
CREATE TABLE conversations (conversation_id VARCHAR(128) NOT NULL, user_id VARCHAR(128) NOT NULL, title TEXT NOT NULL,
  created_at {double} NOT NULL, updated_at {double} NOT NULL, PRIMARY KEY (conversation_id),
  FOREIGN KEY(user_id) REFERENCES users (user_id) ON DELETE CASCADE);
CREATE INDEX ix_conversations_user_id ON conversations (user_id);
CREATE TABLE exposures (id {serial} NOT NULL, user_id VARCHAR(128), conversation_id VARCHAR(128) NOT NULL,
  turn_index INTEGER NOT NULL, item_id VARCHAR(128) NOT NULL, position INTEGER NOT NULL, propensity {double} NOT NULL,
  exploratory BOOLEAN NOT NULL, policy VARCHAR(64) NOT NULL, score {double} NOT NULL, channels JSON NOT NULL,
  shown_at {double} NOT NULL, context JSON, PRIMARY KEY (id),
  FOREIGN KEY(user_id) REFERENCES users (user_id) ON DELETE CASCADE);
CREATE INDEX ix_exposures_conversation_item ON exposures (conversation_id, item_id);
CREATE INDEX ix_exposures_user_id ON exposures (user_id);
CREATE TABLE tastes (id {serial} NOT NULL, user_id VARCHAR(128) NOT NULL, key TEXT NOT NULL, words TEXT NOT NULL,
  content JSON NOT NULL, created_at {double} NOT NULL, PRIMARY KEY (id),
  FOREIGN KEY(user_id) REFERENCES users (user_id) ON DELETE CASCADE);
CREATE INDEX ix_tastes_user_id ON tastes (user_id);
CREATE TABLE feedback (id {serial} NOT NULL, user_id VARCHAR(128) NOT NULL, item_id VARCHAR(128) NOT NULL,
  kind VARCHAR(16) NOT NULL, conversation_id VARCHAR(128) NOT NULL, exposure_id INTEGER, source VARCHAR(16) NOT NULL,
  created_at {double} NOT NULL, undone_at {double}, PRIMARY KEY (id),
  FOREIGN KEY(user_id) REFERENCES users (user_id) ON DELETE CASCADE,
  FOREIGN KEY(exposure_id) REFERENCES exposures (id) ON DELETE SET NULL);
CREATE INDEX ix_feedback_exposure_id ON feedback (exposure_id);
CREATE INDEX ix_feedback_user_id ON feedback (user_id);
INSERT INTO meta (key, value) VALUES ('schema_version', '3');
INSERT INTO users VALUES ('kim', 'Kim', NULL, 0.7, 1.0);
INSERT INTO conversations VALUES ('c', 'kim', 'about rain', 1.0, 2.0);
INSERT INTO exposures (user_id, conversation_id, turn_index, item_id, position, propensity, exploratory, policy, score,
  channels, shown_at) VALUES ('kim', 'c', 0, 'a', 1, 0.5, {true}, 'ucb', 1.5, '{{"content": 0.25}}', 2.0);
INSERT INTO feedback (user_id, item_id, kind, conversation_id, exposure_id, source, created_at)
  VALUES ('kim', 'a', 'like', 'c', 1, 'click', 3.0);
INSERT INTO tastes (user_id, key, words, content, created_at) VALUES ('kim', 'words:rain', 'rain', '{{}}', 3.0);
"""
SHOWN = """
CREATE TABLE shown (conversation_id VARCHAR(128) NOT NULL, turn_index INTEGER NOT NULL, user_id VARCHAR(128) NOT NULL,
  content JSON NOT NULL, shown_at {double} NOT NULL, PRIMARY KEY (conversation_id, turn_index),
  FOREIGN KEY(user_id) REFERENCES users (user_id) ON DELETE CASCADE);
CREATE INDEX ix_shown_user_id ON shown (user_id);
"""
"""Since version 3, which is `OLD` with this."""


@pytest.fixture(params=["1", "2", "3"])
def old_url(request: pytest.FixtureRequest, url: str) -> str:  # noqa: F811
    """A database as an earlier version left it."""
    sqlite = url.startswith("sqlite")
    words = {
        "double": "DOUBLE" if sqlite else "DOUBLE PRECISION",
        "serial": "INTEGER" if sqlite else "SERIAL",
        "true": "1" if sqlite else "true",
    }
    script = OLD + (SHOWN if request.param == "3" else "")
    engine = create_engine(url if sqlite else make_url(url).set(drivername="postgresql+psycopg"))
    with engine.begin() as connection:
        for statement in script.format(**words).split(";\n"):
            if statement.strip():
                connection.exec_driver_sql(statement)
        if request.param == "1":
            connection.exec_driver_sql("ALTER TABLE exposures DROP COLUMN context")
        connection.exec_driver_sql(f"UPDATE meta SET value = '{request.param}'")
    engine.dispose()
    return url


def differences(connection: Connection) -> list[object]:
    context = MigrationContext.configure(
        connection, opts={"compare_type": connection.dialect.name != "sqlite"}
    )  # which knows no lengths
    return list(compare_metadata(context, Base.metadata))


def test_an_old_state_opens_and_keeps_what_it_holds(old_url: str) -> None:
    with StateStore(old_url) as store:
        store.record_exposures("kim", "c", 1, [Exposure("b", 1, 0.5, context={"width": 0.75})])
        store.keep_shown("kim", "c", 1, {"cards": ["b"]})
        store.save_item("kim", "b")
        profile, logged = store.profile("kim"), store.exposures_of("kim")

        assert (profile.user.name, profile.novelty, profile.liked) == ("Kim", 0.7, ("a",))
        assert [taste.words for taste in profile.tastes] == ["rain"]
        assert [exposure.outcome for exposure in logged] == [FeedbackKind.LIKE, None]
        assert [dict(exposure.shown.context) for exposure in logged] == [{}, {"width": 0.75}]
        assert [row.title for row in store.conversations_of("kim")] == ["about rain"]
        assert [saved.item_id for saved in store.watchlist_of("kim")] == ["b"]
        assert store.realms() == [""]
        with store.database.engine.connect() as connection:
            assert differences(connection) == []


def test_what_is_upgraded_can_take_the_longest_ids_of_a_realm(old_url: str) -> None:
    with StateStore(old_url) as store:
        seen = store.of(f"{'t' * 31}/{'a' * 31}")

        seen.ensure_user("u" * 128)
        seen.open_conversation("u" * 128, "c" * 128)

        assert [row.conversation_id for row in seen.conversations_of("u" * 128)] == ["c" * 128]


def test_new_tables_are_those_that_the_code_means(url: str) -> None:  # noqa: F811
    with StateStore(url) as store, store.database.engine.connect() as connection:
        assert differences(connection) == []
        assert connection.exec_driver_sql("SELECT value FROM meta").scalar_one() == HEAD.lstrip("0")
    assert ScriptDirectory(str(FOLDER)).get_current_head() == HEAD


def test_processes_that_start_at_once_on_an_old_state_upgrade_it_once(old_url: str) -> None:
    spawn = multiprocessing.get_context("spawn")
    starting = [spawn.Process(target=open_and_close, args=(old_url,)) for _ in range(3)]
    for process in starting:
        process.start()
    for process in starting:
        process.join(120)

    assert [process.exitcode for process in starting] == [0, 0, 0]
    with StateStore(old_url) as store:
        assert store.user("kim").name == "Kim"


def open_and_close(old: str) -> None:
    with StateStore(old) as store:
        store.user("kim")


def test_a_version_that_nobody_knows_is_not_touched(tmp_path: Path) -> None:
    path = f"sqlite:///{tmp_path / 'state.db'}"
    engine = create_engine(path)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE meta (key VARCHAR(64), value VARCHAR(64))")
        connection.exec_driver_sql("INSERT INTO meta VALUES ('schema_version', '7')")
    engine.dispose()

    with pytest.raises(StateError, match=f"schema version 7, expected {HEAD} or older"):
        StateStore(path)


def test_the_audit_log_cannot_be_changed(url: str) -> None:  # noqa: F811
    with StateStore(url) as store:
        store.ensure_user("kim")
        store.erase_user("kim", who="test")
        for statement in ("UPDATE audit SET who = 'x'", "DELETE FROM audit"):
            with pytest.raises(StateError), store.database.write() as session:
                session.connection().exec_driver_sql(statement)

        (entry,) = AccessStore(store.database).audit()
        assert (entry.who, entry.act) == ("test", "erase user")
