"""What a turn reads from the stored state and writes to it."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from agent.conversation import Conversation
from agent.loop.state import TurnState
from agent.rewinding import snapshot_of
from agent.turn_record import TurnRecord, cards_of, dump_record
from retrieval.history import UserHistory
from retrieval.policies import Policy
from retrieval.preference import Constraint, Wish
from retrieval.retriever import Retriever
from retrieval.state import Exposure, FeedbackKind, StateStore, Taste
from tools.endings import ASK_USER

NEAR = "near-misses"
"""Logged as the policy of what comes close: it is shown whenever too little fits."""


@dataclass(frozen=True, slots=True)
class StoredMemory:
    """Feedback, tastes and exposures of the conversation's user; nothing for a nobody or a turn not to be stored."""

    state: StateStore
    retriever: Retriever

    def load(self, turn: TurnState) -> None:
        """Fill in what is known of the user."""
        user_id = turn.conversation.user_id
        if user_id is None or not turn.store:
            return
        user, given, tastes = self.state.known(user_id)
        turn.user = user
        before = self.retriever.history_of(user.dataset_user).interactions if user.dataset_user else ()
        turn.context.history = UserHistory.of(user_id, (*before, *given))
        turn.context.tastes = meanings(tastes)
        preference = replace(turn.conversation.preference, novelty=user.novelty)
        turn.conversation = replace(turn.conversation, preference=preference)
        turn.context.wanted = replace(turn.context.wanted, novelty=user.novelty)

    def note(self, turn: TurnState) -> None:
        """Keep the opinions and lasting tastes that the message stated."""
        user_id, conversation_id = turn.conversation.user_id, turn.conversation.conversation_id
        if user_id is None or not turn.store:
            return
        state = self._state_of(turn)
        if turn.keep:
            row = state.open_conversation(user_id, conversation_id, title=turn.message[:60])
            state.rename_conversation(user_id, conversation_id, row.title or turn.message[:60])
        if not turn.message or turn.ending.tool == ASK_USER:
            return
        intent = turn.intent
        for kind, ids in (
            (FeedbackKind.LIKE, intent.liked),
            (FeedbackKind.DISLIKE, intent.disliked),
            (FeedbackKind.SEEN, intent.seen),
        ):
            for item_id in ids:
                state.add_feedback(user_id, item_id, kind, conversation_id=conversation_id, source="said")
        for item_id in intent.saved:
            state.save_item(user_id, item_id)
        for key in intent.dropped:
            state.drop_taste(user_id, key)
        for kept in intent.kept:
            state.keep_taste(user_id, taste_of(kept))

    def expose(self, turn: TurnState) -> None:
        """Log what is about to be shown, with its probability; near misses follow, chosen by no policy."""
        shown = (*turn.recommendations, *turn.near_misses)
        if not turn.store or not shown:
            return
        policy: Policy = self.retriever.policy
        n_fit = len(turn.recommendations)
        exposures = [
            Exposure(
                item_id=card.item.item_id,
                position=place,
                propensity=card.propensity,
                exploratory=card.exploratory,
                policy=policy.name if place <= n_fit else NEAR,
                score=card.score,
                channels=dict(card.channels),
                context=dict(card.context),
            )
            for place, card in enumerate(shown, 1)
        ]
        conversation = turn.conversation
        self._state_of(turn).record_exposures(
            conversation.user_id, conversation.conversation_id, conversation.next_number, exposures
        )

    def keep(self, turn: TurnState, conversation: Conversation) -> None:
        """Keep what the finished turn showed, so that its reasons can be opened again in a conversation of old."""
        if not (turn.keep and turn.store):
            return
        shown = TurnRecord(
            cards_of(turn.recommendations),
            cards_of(turn.near_misses),
            turn.notices,
            turn.knowing,
            turn.intent.chips,
            turn.language,
            turn.trace(),
            turn.intent.choices,
            turn.table,
            turn.handover,
        )
        keep_shown(self._state_of(turn), conversation, shown)

    def _state_of(self, turn: TurnState) -> StateStore:
        """Where the turn writes: for nobody but the user that it began with."""
        return self.state if turn.user is None else self.state.bound_to(turn.user)


def keep_shown(state: StateStore, conversation: Conversation, shown: TurnRecord) -> None:
    """Keep what was shown with the last turn of a conversation, and how it stands; nothing where it is nobody's."""
    if conversation.user_id is not None:
        number = conversation.number_of(len(conversation.turns) - 1)
        content = dump_record(replace(shown, after=snapshot_of(conversation)))
        state.keep_shown(conversation.user_id, conversation.conversation_id, number, content)


def meanings(tastes: Iterable[Taste]) -> tuple[Constraint | Wish, ...]:
    """What stored tastes mean to the recommenders."""
    return tuple(taste.constraint or taste.wish for taste in tastes if taste.constraint or taste.wish)  # type: ignore[misc]


def taste_of(kept: Constraint | Wish) -> Taste:
    """A limit or wish as a taste to store."""
    if isinstance(kept, Constraint):
        return Taste(words=kept.words, constraint=kept, wish=None)
    return Taste(words=kept.words, constraint=None, wish=kept)
