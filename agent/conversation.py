"""A conversation: what was said and shown, and what is wanted so far. Frozen: adding a turn returns a new one."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from uuid import uuid4

from pydantic import JsonValue, TypeAdapter

from retrieval.preference import Constraint, Preference


class Role(StrEnum):
    """Who speaks."""

    USER = "user"
    ASSISTANT = "assistant"


@dataclass(frozen=True, slots=True)
class Turn:
    """One utterance; an assistant's turn also holds the item ids of its cards, in order."""

    role: Role
    text: str
    shown: tuple[str, ...] = ()
    near: tuple[str, ...] = ()
    """Item ids shown in the labeled group of near misses."""
    stopped: bool = False
    """Whether the user stopped it before it was done."""
    listed: tuple[str, ...] = ()
    """Item ids that its words list, where there are no cards."""
    ranked: tuple[str, ...] = ()
    """Item ids in the order in which they were ranked for its cards, and those behind them."""
    number: int | None = None
    """Its number in the logs; None where that is its place, since no turn before it was taken back."""
    counted: tuple[Constraint, ...] = ()
    """The limits of what its words count or sort: 'the oldest of those' is one of these."""
    about: str = ""
    """The id of the one item that its words are about: 'it'."""
    people: tuple[Constraint, ...] = ()
    """The limits that name whom its words are about: 'what else did he make' asks for theirs."""


@dataclass(frozen=True, slots=True)
class Question:
    """What the assistant asked back: which of several items of one title was meant."""

    text: str
    """The title as the user wrote it."""
    options: tuple[str, ...]
    """Item ids, in the order offered."""
    message: str
    """The user's message that waits for the answer."""


@dataclass(frozen=True, slots=True)
class Conversation:
    """Everything the agent knows of one conversation; the agent itself keeps nothing."""

    conversation_id: str = field(default_factory=lambda: uuid4().hex)
    user_id: str | None = None
    turns: tuple[Turn, ...] = ()
    preference: Preference = field(default_factory=Preference)
    """What is wanted so far."""
    question: Question | None = None
    asked: bool = False
    """Whether a list was shown or asked for in this conversation."""
    inquired: tuple[str, ...] = ()
    """Keys of the questions about taste that were asked; none is asked twice."""
    open_inquiry: str = ""
    """The key of the one that the last reply ended with; '' where it asked none."""
    told: tuple[str, ...] = ()
    """Notices that still hold and need not be repeated ('no language model is running')."""
    origins: Mapping[str, int] = field(default_factory=dict)
    """Which turn said each part of the wish: the key of its chip -> the index of the user's turn."""
    taken_back: int = 0
    """How many turns were taken back, to be said or answered anew; the logs keep them, and their numbers."""
    unread: bool = False
    """Whether `preference` does not know the turns: a client sent them along, and nobody has read them yet."""

    def add(self, turn: Turn) -> "Conversation":
        """The conversation with one more turn."""
        numbered = replace(turn, number=self.next_number) if self.taken_back else turn
        return replace(self, turns=(*self.turns, numbered))

    @property
    def next_number(self) -> int:
        """The number in the logs that the next turn gets."""
        return len(self.turns) + self.taken_back

    def number_of(self, place: int) -> int:
        """The number in the logs of the turn at a place."""
        number = self.turns[place].number
        return place if number is None else number

    def place_of(self, number: int) -> int:
        """Where the turn of a number stands; where it would, if there is none."""
        return sum(1 for place in range(len(self.turns)) if self.number_of(place) < number)

    def last_shown(self) -> tuple[str, ...]:
        """The item ids of the last list, in order; near misses or what words listed where there were no cards."""
        lists = (turn.shown or turn.near or turn.listed for turn in reversed(self.turns))
        return next((shown_list for shown_list in lists if shown_list), ())

    def last_counted(self) -> tuple[Constraint, ...]:
        """The limits of what the last reply counted or sorted; none where it did something else."""
        return self.turns[-1].counted if self.turns else ()

    def last_about(self) -> str:
        """The id of the one item that the last reply was about; '' where there is none."""
        return self.turns[-1].about if self.turns else ""

    def last_people(self) -> tuple[Constraint, ...]:
        """The limits that name whom the last reply was about."""
        return self.turns[-1].people if self.turns else ()

    def last_list(self) -> Turn | None:
        """The last turn that showed cards."""
        return next((turn for turn in reversed(self.turns) if turn.shown or turn.near), None)

    def shown_before_last(self) -> tuple[tuple[str, ...], ...]:
        """The item ids on the cards of the lists before the last one, oldest first."""
        last = self.last_list()
        return replace(self, turns=tuple(turn for turn in self.turns if turn is not last)).shown_lists()

    def last_said(self, most: int, *, characters: int) -> list[int]:
        """Where the user's last messages stand, oldest first: so many of so many characters in all, one at least."""
        places, left = list[int](), characters
        for place, turn in reversed([*enumerate(self.turns)]):
            if turn.role is Role.USER:
                left -= len(turn.text)
                if len(places) == most or (places and left < 0):
                    break
                places.append(place)
        return places[::-1]

    def has_just_asked(self) -> bool:
        """Whether the last thing said to the user was a question: there is never a second one in a row."""
        last = next((turn.text for turn in reversed(self.turns) if turn.role is Role.ASSISTANT), "")
        return last.rstrip().endswith(("?", "？"))

    def all_shown(self) -> frozenset[str]:
        """Every item id that was on a card."""
        return frozenset(item_id for shown_list in self.shown_lists() for item_id in shown_list)

    def shown_lists(self) -> tuple[tuple[str, ...], ...]:
        """The item ids that were on cards, list by list, oldest first."""
        return tuple((*turn.shown, *turn.near) for turn in self.turns if turn.shown or turn.near)


_ADAPTER = TypeAdapter(Conversation)


def dump_conversation(conversation: Conversation) -> dict[str, JsonValue]:
    """The conversation as JSON values, for the checkpointer."""
    dumped: dict[str, JsonValue] = _ADAPTER.dump_python(conversation, mode="json")
    return dumped


def load_conversation(data: object) -> Conversation:
    """The reverse of `dump_conversation`.

    Raises:
        pydantic.ValidationError: The data is not a conversation.
    """
    return _ADAPTER.validate_python(data)
