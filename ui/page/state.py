"""What one open page knows: a session holds it all, is made per page, and is never shared between two of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pydantic import BaseModel, Field

from agent.conversation import Conversation
from retrieval.state import ConversationRow, Saved, Share, Taste, User
from ui.access.caller import Caller
from ui.page.chat_turn import ChatTurn
from ui.page.fragments import Drawn, Fragments
from ui.page.importing import Import
from ui.page.markup import Html
from ui.page.parts import Region
from ui.page.talk import Talk

MOST_OWN_USERS = 20


class Browser(BaseModel):
    """What the browser keeps: the keys of its own users, and where it was."""

    users: list[str] = Field(default_factory=list, max_length=MOST_OWN_USERS)
    current: str | None = None
    conversation: str | None = None


@dataclass(frozen=True, slots=True)
class Link:
    """A list that was just shared; its token is known here alone."""

    turn: str
    """The name of the exchange, see `ui.page.anew`."""
    token: str
    share: Share


@dataclass(slots=True, eq=False)
class Session:
    """One open page. Changed only by `ui.page.actions`."""

    language: str = "en"
    caller: Caller = field(default_factory=Caller)
    """Who is logged in, and whose users these are."""
    users: list[User] = field(default_factory=list)
    """The browser's own users."""
    user: User | None = None
    talk: Talk = field(default_factory=Talk)
    """The conversation, which other pages may have open, too."""
    feedback: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """Item id -> (kind, feedback id)."""
    tastes: tuple[Taste, ...] = ()
    saved: tuple[Saved, ...] = ()
    """What the user saved for later, the newest first."""
    rows: tuple[ConversationRow, ...] = ()
    """The user's conversations, latest first."""
    asked_why_not: tuple[int, str] = (-1, "")
    """The turn whose list something was missed on, and why it is not there."""
    editing: str = ""
    """The name of the exchange whose message is being changed."""
    may_share: bool = False
    """Whether lists can be shared here."""
    shared: Link | None = None
    """What was shared last."""
    incoming: Import | None = None
    """An export that was read and not taken in yet."""
    draft: str = ""
    """What stands in the input."""
    received: str = ""
    """The browser's name for the message that arrived last."""
    notice: str = ""
    """A message beside the input."""
    confirming: bool = False
    """Whether the page asks if everything shall be erased."""
    download: str = ""
    """JSON for the browser to save."""

    view: str = ""
    """The rest of the address that the page is at, see `ui.page.links`; '' for the conversation."""
    looks: Fragments = field(default_factory=Fragments)
    """The view as it was drawn last."""

    drawn: Drawn = field(default_factory=Drawn)
    """What the page shows of the log."""
    drawn_view: Drawn = field(default_factory=Drawn)
    """What it shows of the view."""
    rendered: dict[str, tuple[object, Mapping[str, Html]]] = field(default_factory=dict)
    """The parts of each turn, with what they depend on: only turns that changed are rendered."""
    sent: dict[Region, object] = field(default_factory=dict)
    """What the other areas show."""

    @property
    def conversation(self) -> Conversation:
        """The conversation as the agent knows it."""
        return self.talk.conversation

    @property
    def turns(self) -> list[ChatTurn]:
        """The conversation as it is shown."""
        return self.talk.turns

    @property
    def saved_ids(self) -> frozenset[str]:
        """The ids of what was saved."""
        return frozenset(entry.item_id for entry in self.saved)

    @property
    def running(self) -> bool:
        """Whether a turn is running."""
        return bool(self.talk.status)

    @property
    def novelty(self) -> float:
        """Where the dial stands."""
        return self.conversation.preference.novelty

    @property
    def one_at_a_time(self) -> bool:
        """Whether one item is shown at a time rather than a list."""
        return self.conversation.preference.count == 1

    def news(self, area: Region, value: object) -> object:
        """What an area shall show; None where it does so already."""
        if self.sent.get(area) == value:
            return None
        self.sent[area] = value
        return value

    def browser(self) -> dict[str, object]:
        """What the browser shall keep."""
        return Browser(
            users=[user.user_id for user in self.users],
            current=None if self.user is None else self.user.user_id,
            conversation=self.conversation.conversation_id if self.turns else None,
        ).model_dump()
