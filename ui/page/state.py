"""What one open page knows: a session holds it all, is made per page, and is never shared between two of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from pydantic import BaseModel, Field

from agent.chips import chips
from agent.conversation import Conversation, Role, Turn
from agent.intent import Act, Intent
from agent.recommendation import Explanation, Recommendation, ToolRun, Trace
from agent.shown import Shown, recommendations_of
from retrieval.items import Catalog
from retrieval.preference import Preference
from retrieval.state import ConversationRow, Taste, User
from ui.access.caller import Caller
from ui.page.stream import Running

MOST_OWN_USERS = 20


class Browser(BaseModel):
    """What the browser keeps: the keys of its own users, and where it was."""

    users: list[str] = Field(default_factory=list, max_length=MOST_OWN_USERS)
    current: str | None = None
    conversation: str | None = None


@dataclass(frozen=True, slots=True)
class ChatTurn:
    """One exchange as the page shows it."""

    message: str
    """What the user wrote; '' for a list that a click brought."""
    title: str = ""
    """Shown instead of a message."""
    intent: Intent | None = None
    wanted: Preference | None = None
    """What is wanted from now on."""
    recommendations: tuple[Recommendation, ...] = ()
    near_misses: tuple[Recommendation, ...] = ()
    notices: tuple[str, ...] = ()
    knowing: str = ""
    """How sure we are of the user's taste, in words."""
    text: str = ""
    tools: tuple[ToolRun, ...] = ()
    trace: Trace | None = None
    error: str = ""
    stopped: bool = False
    """Whether the user stopped it."""
    has_cards: bool = False
    """Whether the cards (or their absence) are settled."""

    @property
    def has_list(self) -> bool:
        """Whether it shows any items."""
        return bool(self.recommendations or self.near_misses)

    def language(self, default: str) -> str:
        """The language of the reply, the page's while that is not known."""
        return default if self.intent is None else self.intent.preference.language


@dataclass(slots=True, eq=False)
class Session:
    """One open page. Changed only by `ui.page.actions`."""

    language: str = "en"
    caller: Caller = field(default_factory=Caller)
    """Who is logged in, and whose users these are."""
    users: list[User] = field(default_factory=list)
    """The browser's own users."""
    user: User | None = None
    conversation: Conversation = field(default_factory=Conversation)
    turns: list[ChatTurn] = field(default_factory=list)
    feedback: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """Item id -> (kind, feedback id)."""
    tastes: tuple[Taste, ...] = ()
    rows: tuple[ConversationRow, ...] = ()
    """The user's conversations, latest first."""
    status: str = ""
    """The key of the word that says what is going on; '' when nothing is."""
    turn: Running | None = None
    """The turn that runs."""
    draft: str = ""
    """What stands in the input."""
    notice: str = ""
    """A message beside the input."""
    confirming: bool = False
    """Whether the page asks if everything shall be erased."""
    touched: set[str] = field(default_factory=set)
    """Items clicked while a turn was running."""
    download: str = ""
    """JSON for the browser to save."""

    @property
    def running(self) -> bool:
        """Whether a turn is running."""
        return bool(self.status)

    @property
    def novelty(self) -> float:
        """Where the dial stands."""
        return self.conversation.preference.novelty

    def browser(self) -> dict[str, object]:
        """What the browser shall keep."""
        return Browser(
            users=[user.user_id for user in self.users],
            current=None if self.user is None else self.user.user_id,
            conversation=self.conversation.conversation_id if self.conversation.turns else None,
        ).model_dump()


def turns_of(conversation: Conversation, catalog: Catalog, shown: Mapping[int, Shown] | None = None) -> list[ChatTurn]:
    """An earlier conversation as the page showed it.

    Args:
        conversation: What was said.
        catalog: The items; those that are gone are left out.
        shown: What was shown with its turns, by their index; without it the cards have no reasons.
    """
    turns: list[ChatTurn] = []
    message = ""
    for at, turn in enumerate(conversation.turns):
        if turn.role is Role.USER:
            if message:
                turns.append(ChatTurn(message))
            message = turn.text
            continue
        again = _again(message, turn, (shown or {}).get(at), catalog)
        if message or not turns or not turns[-1].has_list:
            turns.append(again)
        else:  # a click made the list anew, in its place
            turns[-1] = replace(again, message=turns[-1].message)
        message = ""
    if turns and (intent := _last_intent(conversation, turns[-1], catalog)) is not None:
        turns[-1] = replace(turns[-1], intent=intent)
    return [*turns, ChatTurn(message)] if message else turns


def _last_intent(conversation: Conversation, last: ChatTurn, catalog: Catalog) -> Intent | None:
    """What the last turn can still be answered with: chips to take away, or the items that it asked about."""
    wanted, asked = conversation.preference, conversation.question
    if last.recommendations:
        return Intent(Act.RECOMMEND, wanted, chips=chips(wanted, catalog))
    return None if asked is None else Intent(Act.ASK, wanted, ambiguous=((asked.text, asked.options),))


def _again(message: str, turn: Turn, shown: Shown | None, catalog: Catalog) -> ChatTurn:
    """One exchange of old, with all that was kept of it."""
    plain = ChatTurn(message, text=turn.text, stopped=turn.stopped, has_cards=True)
    if shown is None:
        return replace(plain, recommendations=_cards(turn.shown, catalog), near_misses=_cards(turn.near, catalog))
    return replace(
        plain,
        intent=Intent(
            Act.RECOMMEND if shown.cards or shown.near else Act.ASK if shown.choices else Act.ANSWER,
            Preference(language=shown.language),
            chips=shown.chips,
            choices=shown.choices,
        ),
        recommendations=recommendations_of(shown.cards, catalog),
        near_misses=recommendations_of(shown.near, catalog),
        notices=shown.notices,
        knowing=shown.knowing,
        trace=shown.trace,
    )


def _cards(item_ids: tuple[str, ...], catalog: Catalog) -> tuple[Recommendation, ...]:
    known = [item_id for item_id in item_ids if item_id in catalog]
    return tuple(
        Recommendation(catalog.item(item_id), rank, Explanation("")) for rank, item_id in enumerate(known, start=1)
    )
