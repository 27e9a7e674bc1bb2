"""The errors of Reconteur: each says what was expected, what was found and what to do next."""

import re
from collections.abc import Sequence

_PLACE = re.compile(
    r"(?<![\w/:.…~])(?:[A-Za-z]:\\|~?/(?!(?:api|v1|healthz|readyz)\b))(?:[^\s,;:'\"()]| (?=[^\s/\\,;:'\"()]*[/\\]))+"
)
"""An absolute path, also with spaces in the names of folders; neither a URL nor a path of the API."""
_DATABASE = re.compile(r"\b(?:postgres\w*|mysql|sqlite)(?:\+\w+)?://\S*[^\s.,;:)]")


def without_places(text: str) -> str:
    """A message for people outside: of each absolute path the last name only, of a database's URL nothing."""
    return _PLACE.sub(lambda match: _last_name(match[0]), _DATABASE.sub("the database", text))


def _last_name(path: str) -> str:
    names = re.split(r"[/\\]", path.rstrip("/\\."))
    return f"…/{names[-1]}" + "." * (len(path) - len(path.rstrip(".")))


class RecommenderError(Exception):
    """Root of all errors that Reconteur raises on purpose."""

    @property
    def public(self) -> str:
        """The message without places of this machine: for answers and notices, which leave the process."""
        return without_places(str(self))


class UnknownItemError(RecommenderError):
    """An item id (or title) that the catalog does not have."""

    def __init__(self, item_id: str, *, near_titles: Sequence[str] = ()) -> None:
        hint = f" Near titles: {'; '.join(near_titles)}." if near_titles else " Use an id from the catalog."
        super().__init__(f"no item {item_id!r} in the catalog.{hint}")
        self.item_id = item_id
        self.near_titles = tuple(near_titles)

    @property
    def public(self) -> str:
        """All of it: the id came from outside."""
        return str(self)


class UnknownUserError(RecommenderError):
    """A user id that the state does not hold."""

    def __init__(self, user_id: str) -> None:
        super().__init__("no such user. Create one on the page or with POST /api/users, or leave `user` out.")
        self.user_id = user_id


class IndexMissingError(RecommenderError):
    """An index or artifact that is absent, half-written or made for another catalog."""

    def __init__(self, what: str, *, path: str, command: str = "reconteur build") -> None:
        super().__init__(f"{what} in {path}. Build it with: {command}")
        self.path = path
        self.command = command


class VectorServerError(IndexMissingError):
    """The vector store is a server, and it does not answer."""

    def __init__(self, url: str, reason: str) -> None:
        RecommenderError.__init__(
            self,
            f"expected a Chroma server at {url}, found none that answers ({reason}). "
            "Start it, or leave chroma_url empty to use the embedded store.",
        )
        self.path = url
        self.command = "chroma run"


class BadDataError(RecommenderError):
    """Input files that cannot be used at all (single bad rows are reported, not raised)."""


class SettingsError(RecommenderError):
    """A setting that cannot work."""


class ContextError(RecommenderError):
    """What a program says of its request (`Reconteur-Context`) is written wrong, or no rule asks for it."""


class ModelUnavailableError(RecommenderError):
    """The language model did not answer, stopped in mid-stream, timed out or answered with garbage."""


class ModelBusyError(ModelUnavailableError):
    """The language model works for others, and waiting for it would take too much of the turn's time."""

    def __init__(self) -> None:
        super().__init__("the language model is busy with other conversations")


class OverloadedError(RecommenderError):
    """More turns at once than this process runs."""

    def __init__(self, *, running: int, waiting: int, retry_after_s: int) -> None:
        super().__init__(
            f"expected room for one more turn, found {running} turns running and {waiting} waiting. "
            f"Try again in {retry_after_s} s."
        )
        self.retry_after_s = retry_after_s


class StateError(RecommenderError):
    """The store of users, feedback and conversations cannot be read or written just now."""

    def __init__(self, message: str, *, reason: str = "") -> None:
        super().__init__(message)
        self.reason = reason or message
        """What is wrong and what to do, without saying where the store is."""


class BadIdError(RecommenderError, ValueError):
    """An id from outside that is empty, too long or holds characters that no id has."""


class UnknownConversationError(RecommenderError):
    """A conversation that does not exist or belongs to somebody else (which of the two is not said)."""

    def __init__(self, conversation_id: str) -> None:
        super().__init__("no such conversation of this user. Start a new one by leaving the conversation id out.")
        self.conversation_id = conversation_id


class TooManySharesError(RecommenderError):
    """A user lets others see as many lists as one user may."""

    def __init__(self, most: int) -> None:
        self.most = most
        super().__init__(f"expected at most {most} shared lists, found {most} already. Stop sharing one of them first.")


class UnknownKeyError(RecommenderError):
    """An id that no API key has."""

    def __init__(self, key_id: str) -> None:
        super().__init__(f"no API key with the id {key_id!r}. See them with: reconteur keys list")
        self.key_id = key_id


class UnknownAccountError(RecommenderError):
    """A name that no account of the tenant has."""

    def __init__(self, name: str, *, tenant: str | None = None) -> None:
        of = "" if tenant is None else f" of tenant {tenant!r}; another tenant has the name"
        super().__init__(f"no account {name!r}{of}. See them with: reconteur accounts list")
        self.name = name
