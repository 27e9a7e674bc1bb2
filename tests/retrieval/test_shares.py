"""Lists that others may see: who finds them, for how long, and what ends them."""

import pytest
from sqlalchemy import select, update

from retrieval.errors import TooManySharesError, UnknownConversationError, UnknownUserError
from retrieval.state import ShareStore, StateStore
from retrieval.state import shares as shares_module
from retrieval.state.tables import ShareRow
from tests.retrieval.test_state import store, url  # noqa: F401

LIST = {"cards": ["a"], "text": "Calm ones 静"}


def user_of(store: StateStore, name: str = "kim") -> str:  # noqa: F811
    store.ensure_user(name)
    store.open_conversation(name, f"c of {name}")
    return name


def expire(store: StateStore) -> None:  # noqa: F811
    with store.database.write() as session:
        session.execute(update(ShareRow).values(expires_at=1.0))


def test_a_list_is_found_by_its_token_and_listed_for_its_user(store: StateStore):  # noqa: F811
    kim, shares = user_of(store), ShareStore(store.database)

    token, share = shares.add(kim, "c of kim", LIST, days=30)

    assert shares.find(token) == ("", share)
    assert shares.of_user(kim) == [share]
    assert share.content == LIST
    assert share.expires_at - share.created_at == pytest.approx(30 * 86400)


def test_two_tokens_differ_and_the_database_knows_neither(store: StateStore):  # noqa: F811
    kim, shares = user_of(store), ShareStore(store.database)

    tokens = [shares.add(kim, "c of kim", LIST, days=30)[0] for _ in range(2)]

    assert len({*tokens}) == 2
    assert all(len(token) == 43 for token in tokens)
    with store.database.read() as session:
        rows = "".join(str(vars(row)) for row in session.scalars(select(ShareRow)))
    assert not any(token in rows for token in tokens)


@pytest.mark.parametrize("token", ["", "x", "a" * 43, "a" * 42 + "ä", "a" * 42 + "\n", "../" * 20, "\ud800" * 43])
def test_what_is_no_token_finds_nothing(store: StateStore, token: str):  # noqa: F811
    kim, shares = user_of(store), ShareStore(store.database)
    shares.add(kim, "c of kim", LIST, days=30)

    assert shares.find(token) is None


def test_a_revoked_link_leads_nowhere(store: StateStore):  # noqa: F811
    kim, shares = user_of(store), ShareStore(store.database)
    token, share = shares.add(kim, "c of kim", LIST, days=30)

    assert shares.revoke(kim, share.share_id)

    assert shares.find(token) is None
    assert shares.of_user(kim) == []
    assert not shares.revoke(kim, share.share_id)


def test_nobody_else_can_revoke_a_link(store: StateStore):  # noqa: F811
    kim, shares = user_of(store), ShareStore(store.database)
    token, share = shares.add(kim, "c of kim", LIST, days=30)

    assert not shares.revoke(user_of(store, "bo"), share.share_id)
    elsewhere = store.of("acme")
    elsewhere.ensure_user("kim")

    assert not ShareStore(elsewhere.database).revoke("kim", share.share_id)
    assert not shares.revoke(kim, 10**30)
    assert shares.find(token) is not None


def test_an_expired_link_leads_nowhere_and_goes_with_the_next_one(store: StateStore):  # noqa: F811
    kim, shares = user_of(store), ShareStore(store.database)
    token, _ = shares.add(kim, "c of kim", LIST, days=30)
    expire(store)

    assert shares.find(token) is None
    assert shares.of_user(kim) == []

    shares.add(kim, "c of kim", LIST, days=30)
    assert len(store.export_user(kim)["shares"]) == 1


def test_a_list_of_any_realm_is_found_from_every_other(store: StateStore):  # noqa: F811
    own = store.of("acme/ann")
    token, share = ShareStore(own.database).add(user_of(own), "c of kim", LIST, days=30)

    for realm in ("", "acme", "bolt"):
        assert ShareStore(store.of(realm).database).find(token) == ("acme/ann", share)
    assert ShareStore(store.database).of_user(user_of(store)) == []


def test_a_link_goes_with_its_conversation_and_with_its_user(store: StateStore):  # noqa: F811
    kim, shares = user_of(store), ShareStore(store.database)
    store.open_conversation(kim, "another")
    tokens = [shares.add(kim, conversation, LIST, days=30)[0] for conversation in ("c of kim", "another")]

    store.delete_conversation(kim, "another")
    assert [shares.find(token) is None for token in tokens] == [False, True]

    store.erase_user(kim)
    assert shares.find(tokens[0]) is None


def test_an_export_names_what_others_may_see(store: StateStore):  # noqa: F811
    kim, shares = user_of(store), ShareStore(store.database)
    _, share = shares.add(kim, "c of kim", LIST, days=30)

    (row,) = store.export_user(kim)["shares"]

    assert (row["id"], row["content"], row["expires_at"]) == (share.share_id, LIST, share.expires_at)


def test_one_user_shares_no_more_than_so_many(store: StateStore, monkeypatch: pytest.MonkeyPatch):  # noqa: F811
    monkeypatch.setattr(shares_module, "MOST_SHARES", 2)
    kim, shares = user_of(store), ShareStore(store.database)
    for _ in range(2):
        shares.add(kim, "c of kim", LIST, days=30)

    with pytest.raises(TooManySharesError, match="at most 2 shared lists, found 2 already"):
        shares.add(kim, "c of kim", LIST, days=30)

    shares.add(user_of(store, "bo"), "c of bo", LIST, days=30)


def test_only_known_users_share_and_only_what_is_theirs(store: StateStore):  # noqa: F811
    kim, shares = user_of(store), ShareStore(store.database)
    user_of(store, "bo")

    with pytest.raises(UnknownConversationError):
        shares.add(kim, "c of bo", LIST, days=30)
    for call in (shares.of_user, lambda who: shares.add(who, "", LIST, days=1), lambda who: shares.revoke(who, 1)):
        with pytest.raises(UnknownUserError):
            call("nobody")
