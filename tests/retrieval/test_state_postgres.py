"""What only PostgreSQL can get wrong; the shared contract runs on it in test_state.py."""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import event

from retrieval.errors import StateError, UnknownUserError
from retrieval.state import FeedbackKind, StateStore
from tests.postgres import Server, running_server

pytestmark = pytest.mark.live


def test_a_restarted_server_is_found_again_and_lost_nothing() -> None:
    with running_server() as server, StateStore(server.new_database()) as store:
        user_id = store.create_user("Ann").user_id

        server.run("pg_ctl", "-D", str(server.folder / "data"), "-m", "fast", "-w", "stop")
        with pytest.raises(StateError, match="cannot be reached or refused the login"):
            store.user(user_id)
        server.start()

        assert store.user(user_id).name == "Ann"
        store.add_feedback(user_id, "a", FeedbackKind.LIKE)


def test_a_missing_database_says_so_without_the_password(postgres_server: Server) -> None:
    url = postgres_server.url("absent").replace("postgres@", "postgres:hush@")

    with pytest.raises(StateError, match="Check that it runs and the state URL") as caught:
        StateStore(url)
    assert "hush" not in str(caught.value)


def test_feedback_during_an_erasure_brings_nothing_back(postgres_url: str) -> None:
    with StateStore(postgres_url) as store, StateStore(postgres_url) as other, ThreadPoolExecutor(4) as pool:
        for _ in range(5):
            user_id = store.create_user().user_id
            jobs = [pool.submit(other.add_feedback, user_id, f"i{n}", FeedbackKind.LIKE) for n in range(12)]
            store.erase_user(user_id)

            errors = [job.exception() for job in jobs]
            assert all(error is None or isinstance(error, UnknownUserError) for error in errors)
            with store.database.engine.connect() as connection:
                assert connection.exec_driver_sql("SELECT count(*) FROM feedback").scalar_one() == 0


def test_what_pg_dump_wrote_is_whole_where_it_is_restored(postgres_server: Server) -> None:
    live, again = postgres_server.new_database(), postgres_server.new_database()
    file = str(postgres_server.folder / "state.dump")
    with StateStore(live) as store:
        user_id = store.create_user("Ann").user_id
        store.add_feedback(user_id, "a", FeedbackKind.LIKE)
        before = store.export_user(user_id)

        postgres_server.run("pg_dump", "-Fc", "-f", file, "-d", live)
        store.erase_user(user_id)
    postgres_server.run("pg_restore", "--no-owner", "-d", again, file)

    with StateStore(again) as store:
        assert store.export_user(user_id) == before
        store.add_feedback(user_id, "b", FeedbackKind.DISLIKE)
        assert [opinion.item_id for opinion in store.feedback_of(user_id)] == ["a", "b"]


def test_a_read_only_server_says_so(postgres_url: str) -> None:
    with StateStore(postgres_url) as store:
        store.database.engine.dispose()
        event.listen(store.database.engine, "connect", _read_only)

        with pytest.raises(StateError, match=re.escape("it is read-only")):
            store.create_user()


def _read_only(connection: object, _record: object) -> None:
    connection.read_only = True  # type: ignore[attr-defined]
