"""Realms of one database see nothing of each other, whatever is asked and however ids are spelled."""

import inspect
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import select
from sqlalchemy.exc import StatementError

from retrieval.errors import BadIdError, SettingsError, UnknownConversationError, UnknownUserError
from retrieval.state import AccessStore, Exposure, FeedbackKind, ShareStore, StateStore, Taste, realm_of
from retrieval.state.realms import SEPARATOR, with_realm
from retrieval.state.tables import UserRow
from tests.retrieval.test_state import url  # noqa: F401

LIKE = FeedbackKind.LIKE
CALLS: dict[str, Callable[[StateStore], object]] = {
    "user": lambda seen: seen.user("kim"),
    "known": lambda seen: seen.known("kim"),
    "set_novelty": lambda seen: seen.set_novelty("kim", 0.9),
    "set_one_at_a_time": lambda seen: seen.set_one_at_a_time("kim", True),
    "add_feedback": lambda seen: seen.add_feedback("kim", "b", LIKE),
    "undo_feedback": lambda seen: seen.undo_feedback("kim", 1),
    "feedback_of": lambda seen: seen.feedback_of("kim"),
    "interactions_of": lambda seen: seen.interactions_of("kim"),
    "keep_taste": lambda seen: seen.keep_taste("kim", Taste("rain")),
    "tastes_of": lambda seen: seen.tastes_of("kim"),
    "drop_taste": lambda seen: seen.drop_taste("kim", 1),
    "bring_feedback": lambda seen: seen.bring_feedback("kim", {"b": LIKE}) or None,
    "save_item": lambda seen: seen.save_item("kim", "a"),
    "unsave_item": lambda seen: seen.unsave_item("kim", "a"),
    "watchlist_of": lambda seen: seen.watchlist_of("kim"),
    "record_exposures": lambda seen: seen.record_exposures("kim", "c", 1, [Exposure("b", 1, 1.0)]),
    "exposures_of": lambda seen: seen.exposures_of("kim"),
    "open_conversation": lambda seen: seen.open_conversation("kim", "c"),
    "conversations_of": lambda seen: seen.conversations_of("kim"),
    "conversation_ids_of": lambda seen: seen.conversation_ids_of("kim"),
    "touch_conversation": lambda seen: seen.touch_conversation("kim", "c"),
    "rename_conversation": lambda seen: seen.rename_conversation("kim", "c", "mine now"),
    "owner_of": lambda seen: seen.owner_of("c"),
    "keep_shown": lambda seen: seen.keep_shown("kim", "c", 0, {}),
    "shown_in": lambda seen: seen.shown_in("kim", "c"),
    "delete_conversation": lambda seen: seen.delete_conversation("kim", "c"),
    "profile": lambda seen: seen.profile("kim"),
    "export_user": lambda seen: seen.export_user("kim"),
    "erase_user": lambda seen: seen.erase_user("kim"),
}


@pytest.fixture
def store(url: str) -> Iterator[StateStore]:  # noqa: F811
    with StateStore(url) as opened:
        yield opened


def fill(seen: StateStore) -> dict[str, object]:
    seen.ensure_user("kim", name="Kim")
    seen.open_conversation("kim", "c", title="about rain")
    seen.record_exposures("kim", "c", 0, [Exposure("a", 1, 0.5)])
    seen.add_feedback("kim", "a", LIKE, conversation_id="c")
    seen.keep_taste("kim", Taste("never snow"))
    seen.keep_shown("kim", "c", 0, {"cards": ["a"]})
    seen.save_item("kim", "b")
    ShareStore(seen.database).add("kim", "c", {"text": "shared"}, days=30)
    return seen.export_user("kim")


def attempt(call: Callable[[StateStore], object], seen: StateStore) -> object:
    try:
        return call(seen)
    except (UnknownUserError, UnknownConversationError):
        return "refused"


def test_every_call_that_names_a_user_or_a_conversation_is_tried_below():
    named = {
        name
        for name, call in inspect.getmembers(StateStore, inspect.isfunction)
        if not name.startswith("_") and {"user_id", "conversation_id"} & set(inspect.signature(call).parameters)
    }

    assert named - {"ensure_user"} == set(CALLS)


@pytest.mark.parametrize(("own", "other"), [("acme", "bolt"), ("acme", ""), ("", "acme"), ("acme", "acme/ann")])
def test_whatever_a_realm_does_the_other_has_what_it_had(store: StateStore, own: str, other: str):
    before = fill(store.of(own))
    elsewhere = store.of(other)

    outcomes = [attempt(call, elsewhere) for call in CALLS.values()]
    elsewhere.ensure_user("kim")
    for call in CALLS.values():  # the last one erases
        attempt(call, elsewhere)

    assert [outcome for outcome in outcomes if outcome not in (None, {}, "refused")] == []
    assert store.of(own).export_user("kim") == before
    assert elsewhere.list_users() == []
    assert [user.user_id for user in store.of(own).list_users()] == ["kim"]


def test_the_same_conversation_id_is_another_conversation_in_another_realm(store: StateStore):
    for name in ("acme", "bolt"):
        fill(store.of(name))

    store.of("bolt").delete_conversation("kim", "c")

    assert store.of("acme").shown_in("kim", "c") == {0: {"cards": ["a"]}}
    assert store.realms() == ["acme", "bolt"]


def test_no_two_pairs_of_realm_and_id_are_stored_alike():
    ids = ["kim", "acme", "acme/kim", "/", "a/b", "人", "k|m"]
    realms = ["", "/", "/kim", "acme", "acme/", "acme/kim"]

    assert len({with_realm(realm, own_id) for realm in realms for own_id in ids}) == len(ids) * len(realms)


@pytest.mark.parametrize("spelled", [f"acme{SEPARATOR}kim", f"{SEPARATOR}kim", f"acme/{SEPARATOR}"])
def test_an_id_that_spells_a_realm_is_refused_at_the_door_and_below(store: StateStore, spelled: str):
    fill(store.of("acme"))

    with pytest.raises(BadIdError):
        store.ensure_user(spelled)
    with pytest.raises(UnknownUserError):
        store.export_user(spelled)
    with pytest.raises(StatementError, match="control character"), store.database.read() as session:
        session.get(UserRow, spelled)


def test_a_query_that_asks_for_no_id_cannot_read_another_realm(store: StateStore):
    fill(store.of("acme"))

    with pytest.raises(RuntimeError, match="reached into another realm"), store.database.read() as session:
        session.scalars(select(UserRow)).all()


@pytest.mark.parametrize(
    ("tenant", "account"), [("ACME", None), ("a/b", None), ("a", "B"), ("a" * 32, None), ("-a", None)]
)
def test_a_name_that_cannot_be_a_realm_is_refused(tenant: str, account: str | None):
    with pytest.raises(SettingsError, match="expected as"):
        realm_of(tenant, account)


def test_an_erasure_is_noted_with_a_digest_that_differs_by_tenant(store: StateStore):
    for name in ("acme", "bolt"):
        fill(store.of(name))
        store.of(name).erase_user("kim", who=f"key of {name}")

    first, second = AccessStore(store.database).audit()

    assert (first.who, first.act, first.tenant) == ("key of acme", "erase user", "acme")
    assert first.subject != second.subject
    assert "kim" not in repr((first, second))
    assert AccessStore(store.database).digest_of("bolt", "kim") == second.subject
