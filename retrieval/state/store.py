"""The door to everything that is kept about users; each call is one transaction, on the disk when it returns.

All calls block (use `asyncio.to_thread`) and may come from any thread. Everything is asked for by user, so nobody
sees anybody else's, and within a realm (`of`), so no tenant sees another's. An unknown (or erased) user raises
`UnknownUserError`, a database in trouble `StateError`.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from copy import copy
from types import TracebackType
from typing import Any, Self

from sqlalchemy.engine import URL
from sqlalchemy.orm import Session

from retrieval.errors import UnknownUserError
from retrieval.history import Interaction
from retrieval.settings import RetrievalSettings
from retrieval.state import audit, conversations, feedback, tastes, users, watchlist
from retrieval.state.database import Database
from retrieval.state.records import (
    ConversationRow,
    Exposure,
    Feedback,
    FeedbackKind,
    FeedbackSource,
    LoggedExposure,
    Profile,
    Saved,
    Taste,
    User,
)
from retrieval.state.tables import ConversationTableRow, ExposureRow


def open_state(settings: RetrievalSettings) -> "StateStore":
    """The store that the settings name: a URL, else `state.db` in the data folder."""
    if settings.state_url:
        return StateStore(settings.state_url)
    path = settings.data_dir / "state.db"
    return StateStore(URL.create("sqlite", database=str(path)).render_as_string(hide_password=False))


class StateStore:
    """Users, feedback, lasting tastes, exposures and conversations in SQLite or PostgreSQL."""

    def __init__(self, url: str, *, busy_timeout_s: float = 5.0) -> None:
        """Open the store and make its tables where they are missing.

        Args:
            url: `sqlite:///path/state.db`, `sqlite://` (in memory) or `postgresql://user@host/name`.
            busy_timeout_s: How long SQLite waits for another writer.

        Raises:
            SettingsError: The URL cannot be used.
            StateError: The database cannot be opened or written.
        """
        self.database = Database(url, busy_timeout_s=busy_timeout_s)
        self._bound_to: User | None = None

    def bound_to(self, user: User) -> "StateStore":
        """The same store for a turn of this very user.

        Once they are erased its writes for them raise `UnknownUserError`, even where the id was taken anew meanwhile.
        """
        bound = copy(self)
        bound._bound_to = user
        return bound

    def _write(self) -> AbstractContextManager[Session]:
        return self.database.write(self._bound_to)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def try_writing(self) -> None:
        """Raise a `StateError` where nothing can be saved just now."""
        self.database.try_writing()

    def close(self) -> None:
        """Close all connections."""
        self.database.close()

    @property
    def realm(self) -> str:
        """Whose users and conversations these are; '' where no tenant is named."""
        return self.database.realm

    def of(self, realm: str) -> Self:
        """The same store as a realm sees it (`retrieval.state.realms.realm_of`)."""
        seen = copy(self)
        seen.database = self.database.of(realm)
        return seen

    def realms(self) -> list[str]:
        """All realms that have users."""
        with self.database.read() as session:
            return users.realms(session)

    # Users

    def create_user(self, name: str = "", *, dataset_user: str | None = None) -> User:
        """A new user, optionally one that goes on with the history of a user of the catalog's interactions."""
        with self._write() as session:
            return users.create(session, name=name, dataset_user=dataset_user)

    def ensure_user(self, user_id: str, *, name: str = "") -> User:
        """The user of an id that the caller brings, made when there is none.

        Raises:
            BadIdError: The id is empty, too long or holds unprintable characters.
        """
        with self.database.read() as session:  # nearly always there is one: no writing, no waiting
            known = users.known(session, user_id)
        if known is not None:
            return known
        with self._write() as session:
            return users.ensure(session, user_id, name=name)

    def user(self, user_id: str) -> User:
        """The user of that id."""
        with self.database.read() as session:
            return users.get(session, user_id)

    def known(self, user_id: str) -> tuple[User, list[Interaction], list[Taste]]:
        """A user, what was not taken back of their feedback, and their lasting tastes, as of one moment."""
        with self.database.read() as session:
            user = users.get(session, user_id)
            given = feedback.of_user(session, user_id)
            return user, feedback.as_interactions(user_id, given), tastes.of_user(session, user_id)

    def is_still(self, user: User) -> bool:
        """Whether this very user is still there: neither erased nor erased and made anew."""
        try:
            return self.user(user.user_id).created_at == user.created_at
        except UnknownUserError:
            return False

    def list_users(self, limit: int = 100) -> list[User]:
        """The newest users first."""
        with self.database.read() as session:
            return users.latest(session, limit)

    def set_novelty(self, user_id: str, novelty: float) -> None:
        """Turn the user's dial.

        Raises:
            ValueError: `novelty` is outside 0..1.
        """
        if not 0 <= novelty <= 1:
            raise ValueError(f"expected a novelty from 0 to 1, found {novelty}")
        with self._write() as session:
            users.lock(session, user_id).novelty = float(novelty)

    def set_one_at_a_time(self, user_id: str, is_on: bool) -> None:
        """Keep whether the user wants one item at a time."""
        with self._write() as session:
            users.lock(session, user_id).one_at_a_time = is_on

    # Feedback

    def add_feedback(
        self,
        user_id: str,
        item_id: str,
        kind: FeedbackKind,
        *,
        conversation_id: str = "",
        exposure_id: int | None = None,
        source: FeedbackSource = "click",
    ) -> Feedback:
        """Keep an opinion; it answers the showing named, or the last one of the item in the conversation.

        Raises:
            BadIdError: The item or conversation id cannot be one.
            UnknownConversationError: The conversation is somebody else's.
        """
        with self._write() as session:
            return feedback.add(
                session,
                user_id,
                item_id,
                kind,
                conversation_id=conversation_id,
                exposure_id=exposure_id,
                source=source,
            )

    def bring_feedback(self, user_id: str, given: Mapping[str, FeedbackKind], saved: Sequence[str] = ()) -> int:
        """Keep what somebody brings along from elsewhere, all or nothing; what is known already stays as it is.

        Args:
            user_id: Whose.
            given: Opinions by item id.
            saved: Items for the watchlist.

        Returns:
            How many opinions were new.
        """
        with self._write() as session:
            for item_id in saved:
                watchlist.add(session, user_id, item_id)
            return feedback.bring(session, user_id, given)

    def undo_feedback(self, user_id: str, feedback_id: int) -> bool:
        """Take an opinion back; False when it was already, or is not this user's."""
        with self._write() as session:
            return feedback.undo(session, user_id, feedback_id)

    def feedback_of(self, user_id: str) -> list[Feedback]:
        """What was not taken back, oldest first."""
        with self.database.read() as session:
            return feedback.of_user(session, user_id)

    def feedback_by_user(self) -> dict[str, list[Feedback]]:
        """The same of every user of the realm, by user id."""
        with self.database.read() as session:
            return feedback.by_user(session)

    def interactions_of(self, user_id: str) -> list[Interaction]:
        """The same as the recommenders read it: liked 1, disliked -1, only seen 0; oldest first."""
        return feedback.as_interactions(user_id, self.feedback_of(user_id))

    # Lasting tastes

    def keep_taste(self, user_id: str, taste: Taste) -> Taste:
        """Keep a taste in place of an older one with the same key; returns it with its id."""
        with self._write() as session:
            return tastes.keep(session, user_id, taste)

    def tastes_of(self, user_id: str) -> list[Taste]:
        """The user's lasting tastes, oldest first."""
        with self.database.read() as session:
            return tastes.of_user(session, user_id)

    def drop_taste(self, user_id: str, key: str | int) -> bool:
        """Take a taste back by its key or its id; False when there is none."""
        with self._write() as session:
            return tastes.drop(session, user_id, key)

    # Watchlist

    def save_item(self, user_id: str, item_id: str) -> Saved:
        """Put an item on the user's watchlist; again is no error.

        Raises:
            BadIdError: The item id cannot be one.
        """
        with self._write() as session:
            return watchlist.add(session, user_id, item_id)

    def unsave_item(self, user_id: str, item_id: str) -> bool:
        """Take an item off the user's watchlist; False where it was not on."""
        with self._write() as session:
            return watchlist.remove(session, user_id, item_id)

    def watchlist_of(self, user_id: str) -> list[Saved]:
        """What the user saved for later, the newest first."""
        with self.database.read() as session:
            return watchlist.of_user(session, user_id)

    # Exposures

    def record_exposures(
        self, user_id: str | None, conversation_id: str, turn_index: int, exposures: Sequence[Exposure]
    ) -> tuple[int, ...]:
        """Log what is about to be shown, all or nothing; call it before showing, so that a quick click finds it.

        Returns:
            The exposure ids, in the order given.

        Raises:
            BadIdError: An item or conversation id cannot be one.
            UnknownConversationError: The conversation is somebody else's.
        """
        with self._write() as session:
            return feedback.record(session, user_id, conversation_id, turn_index, exposures)

    def exposures_of(self, user_id: str) -> list[LoggedExposure]:
        """What the user was shown, oldest first, with what came of it."""
        with self.database.read() as session:
            return feedback.shown_to(session, user_id)

    # Conversations

    def open_conversation(self, user_id: str, conversation_id: str | None = None, title: str = "") -> ConversationRow:
        """The user's conversation of that id, or a new one.

        Raises:
            BadIdError: The id cannot be one.
            UnknownConversationError: The id is somebody else's.
        """
        with self._write() as session:
            return conversations.open_one(session, user_id, conversation_id, title=title)

    def conversations_of(self, user_id: str) -> list[ConversationRow]:
        """The user's conversations, the most recently used first."""
        with self.database.read() as session:
            return conversations.of_user(session, user_id)

    def conversation_ids_of(self, user_id: str) -> tuple[str, ...]:
        """The same, only the ids: the threads to delete in the checkpointer before `erase_user`."""
        return tuple(conversation.conversation_id for conversation in self.conversations_of(user_id))

    def touch_conversation(self, user_id: str, conversation_id: str) -> ConversationRow:
        """Mark it as used now."""
        with self._write() as session:
            return conversations.touch(session, user_id, conversation_id)

    def rename_conversation(self, user_id: str, conversation_id: str, title: str) -> ConversationRow:
        """Give it another title."""
        with self._write() as session:
            return conversations.touch(session, user_id, conversation_id, title=title)

    def owner_of(self, conversation_id: str) -> str | None:
        """Whose conversation it is; None when nobody's."""
        with self.database.read() as session:
            return conversations.owner(session, conversation_id)

    def keep_shown(self, user_id: str, conversation_id: str, turn_index: int, content: Mapping[str, Any]) -> None:
        """Keep what was shown with a turn of a conversation, reasons and all, as JSON values.

        Raises:
            BadIdError: The conversation id cannot be one.
            UnknownConversationError: The conversation is somebody else's.
        """
        with self._write() as session:
            conversations.keep_shown(session, user_id, conversation_id, turn_index, content)

    def shown_in(self, user_id: str, conversation_id: str) -> dict[int, dict[str, Any]]:
        """What was shown in a conversation of the user, by index of its turns."""
        with self.database.read() as session:
            return conversations.shown_in(session, user_id, conversation_id)

    def delete_conversation(self, user_id: str, conversation_id: str) -> None:
        """Forget it and what was shown in it for good, as `erase_user` does; feedback given there stays."""
        with self._write() as session:
            conversations.delete(session, user_id, conversation_id)
            self.database.note_scrub(session)
        self.database.scrub()

    # Everything about a user

    def profile(self, user_id: str) -> Profile:
        """What is known about the user, in short."""
        with self.database.read() as session:
            user = users.get(session, user_id)
            given = feedback.of_user(session, user_id)
            kept = tuple(tastes.of_user(session, user_id))
            shown = users.count(session, ExposureRow, user_id)
            opened = users.count(session, ConversationTableRow, user_id)
        weights = {interaction.item_id: interaction.weight for interaction in feedback.as_interactions(user_id, given)}
        return Profile(
            user=user,
            liked=tuple(item_id for item_id, weight in weights.items() if weight > 0),
            disliked=tuple(item_id for item_id, weight in weights.items() if weight < 0),
            seen=tuple(item_id for item_id, weight in weights.items() if weight == 0),
            tastes=kept,
            feedback_count=len(given),
            exposure_count=shown,
            conversation_count=opened,
        )

    def last_erasure(self, tenant: str) -> float:
        """When a user of a tenant was erased last, in seconds since 1970; 0 where none was."""
        with self.database.read() as session:
            return audit.last_erasure(session, tenant)

    def export_user(self, user_id: str) -> dict[str, Any]:
        """Every row about the user, feedback taken back included, ready for JSON."""
        with self.database.read() as session:
            return users.export(session, user_id)

    def erase_user(self, user_id: str, *, who: str = "") -> tuple[str, ...]:
        """Delete everything about the user for good; in SQLite no byte of it stays in the file or its log.

        Delete the threads of `conversation_ids_of` first: after a crash nobody knows whose they were.

        Args:
            user_id: Whom to erase.
            who: Who erases, for the audit log.

        Returns:
            The ids of the conversations that were the user's.
        """
        with self._write() as session:
            conversation_ids = users.erase(session, user_id)
            audit.note_erasure(session, self.realm, user_id, who=who)
            self.database.note_scrub(session)
        self.database.scrub()
        return conversation_ids
