"""Goes back in a conversation: to how it stood before a message, which is then said, or answered, anew.

What was logged stays logged: turns that are taken back keep their numbers. What they said of items and of lasting
limits is taken back with them; what was clicked stays, whenever it was.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from agent.conversation import Conversation, Question, Role
from retrieval.preference import Constraint, Preference, Wish
from retrieval.state import Feedback, FeedbackKind, StateStore

SAID = "said"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """How a conversation stands after a turn, beside its turns."""

    preference: Preference = field(default_factory=Preference)
    question: Question | None = None
    asked: bool = False
    inquired: tuple[str, ...] = ()
    open_inquiry: str = ""
    told: tuple[str, ...] = ()
    origins: Mapping[str, int] = field(default_factory=dict)
    at: float = 0.0
    """When, in seconds since 1970."""


def snapshot_of(conversation: Conversation) -> Snapshot:
    """How a conversation stands now."""
    return Snapshot(
        conversation.preference,
        conversation.question,
        conversation.asked,
        conversation.inquired,
        conversation.open_inquiry,
        conversation.told,
        conversation.origins,
        time.time(),
    )


def rewind(
    state: StateStore, conversation: Conversation, place: int, kept: Mapping[int, Snapshot], *, language: str
) -> Conversation:
    """A conversation as it was before the turn at a place. Blocks.

    Args:
        state: Where opinions and lasting limits that were said since then are taken back.
        conversation: As it is now.
        place: Where the message stands that is said anew.
        kept: How it stood after its turns, by their number. Where that is known of none before the place, the
            messages before it are read anew.
        language: Of the replies, where nothing was said before.
    """
    turns = conversation.turns[:place]
    numbers = [conversation.number_of(at) for at in range(place)]
    known = next((kept[number] for number in reversed(numbers) if number in kept), None)
    begun = Snapshot(Preference(language=language))
    before = known or begun
    user_id, now = conversation.user_id, conversation.preference
    preference = replace(before.preference, novelty=now.novelty)
    if user_id is not None:
        if known is not None or not turns:
            _take_back(state, user_id, conversation, place, before)
        preference = _with_clicks(preference, state.feedback_of(user_id), conversation.conversation_id, before.at)
        held = {taste.key for taste in state.tastes_of(user_id)}
        for key in _lasting(preference) - held:  # its chip was taken away since then
            preference = preference.without(key)
    return Conversation(
        conversation.conversation_id,
        user_id,
        turns,
        preference,
        before.question,
        before.asked or any(turn.shown or turn.near for turn in turns),
        before.inquired,
        before.open_inquiry,
        before.told,
        before.origins,
        taken_back=conversation.next_number - place,
        unread=known is None and bool(turns),
    )


def _take_back(state: StateStore, user_id: str, conversation: Conversation, place: int, before: Snapshot) -> None:
    """Take back what messages since then have said of items, what they let hold from now on, and a name of theirs."""
    conversation_id = conversation.conversation_id
    for given in state.feedback_of(user_id):
        if given.source == SAID and given.conversation_id == conversation_id and given.created_at > before.at:
            state.undo_feedback(user_id, given.feedback_id)
    rows = state.conversations_of(user_id)
    row = next((row for row in rows if row.conversation_id == conversation_id), None)
    since = before.at or (row.created_at if row is not None else time.time())
    said = _lasting(conversation.preference) - _lasting(before.preference)
    for taste in state.tastes_of(user_id):
        if taste.key in said and taste.created_at >= since:
            state.drop_taste(user_id, taste.key)
    said_first = next((turn.text for turn in conversation.turns if turn.role is Role.USER), "")
    is_first = not any(turn.role is Role.USER for turn in conversation.turns[:place])
    if row is not None and is_first and row.title == said_first[:60].strip():
        state.rename_conversation(user_id, conversation_id, "")  # the next message names it


def _lasting(preference: Preference) -> set[str]:
    """The keys of what holds in later conversations, too."""
    stated: tuple[Constraint | Wish, ...] = (*preference.constraints, *preference.wishes)
    return {wish.key for wish in stated if wish.lasting}


def _with_clicks(preference: Preference, given: Sequence[Feedback], conversation_id: str, since: float) -> Preference:
    """A wish with the opinions that hold now: those of then that were not taken back, and those clicked since."""
    clicked = {
        feedback.item_id: feedback.kind
        for feedback in given
        if feedback.source != SAID and feedback.conversation_id == conversation_id and feedback.created_at > since
    }
    held = {*(feedback.item_id for feedback in given), *preference.examples} - clicked.keys()

    def of(kind: FeedbackKind, before: tuple[str, ...]) -> tuple[str, ...]:
        return (
            *(item_id for item_id in before if item_id in held),
            *(item_id for item_id, said in clicked.items() if said is kind),
        )

    return replace(
        preference,
        liked=of(FeedbackKind.LIKE, preference.liked),
        disliked=of(FeedbackKind.DISLIKE, preference.disliked),
        seen=of(FeedbackKind.SEEN, preference.seen),
    )
