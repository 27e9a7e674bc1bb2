"""What a turn reads from the stored state and writes to it."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from agent.conversation import Conversation
from agent.intent import Act
from agent.phrases import STATED_LIKE
from agent.shown import Shown, cards_of, dump_shown
from agent.working import Working
from retrieval.history import UserHistory
from retrieval.policies import Policy
from retrieval.preference import Constraint, Wish
from retrieval.retriever import Retriever
from retrieval.state import Exposure, FeedbackKind, StateStore, Taste

NEAR = "near-misses"
"""Logged as the policy of what comes close: it is shown whenever too little fits."""


@dataclass(frozen=True, slots=True)
class StoredMemory:
    """Feedback, tastes and exposures of the conversation's user; nothing for a nobody or a turn not to be stored."""

    state: StateStore
    retriever: Retriever

    def load(self, work: Working) -> Working:
        """Fill in what is known of the user."""
        user_id = work.conversation.user_id
        if user_id is None or not work.store:
            return work
        user = self.state.user(user_id)
        before = self.retriever.history_of(user.dataset_user).interactions if user.dataset_user else ()
        history = UserHistory.of(user_id, (*before, *self.state.interactions_of(user_id)))
        conversation = replace(
            work.conversation, preference=replace(work.conversation.preference, novelty=user.novelty)
        )
        return replace(work, conversation=conversation, history=history, tastes=meanings(self.state.tastes_of(user_id)))

    def note(self, work: Working) -> None:
        """Keep the opinions and lasting tastes that the message stated."""
        user_id, conversation_id = work.conversation.user_id, work.conversation.conversation_id
        if user_id is None or not work.store:
            return
        if work.keep:
            row = self.state.open_conversation(user_id, conversation_id, title=work.message[:60])
            self.state.rename_conversation(user_id, conversation_id, row.title or work.message[:60])
        if not work.message:
            return
        if work.intent.act is Act.CHAT or work.intent.ambiguous:
            return
        catalog = self.retriever.catalog
        # "Something like X" names an example for now; "I loved X" is worth remembering.
        stated = work.intent.act is Act.FEEDBACK or re.search(STATED_LIKE, work.message, re.IGNORECASE)
        for kind, ids in (
            (FeedbackKind.LIKE, work.intent.liked if stated else ()),
            (FeedbackKind.DISLIKE, work.intent.disliked),
            (FeedbackKind.SEEN, work.intent.seen),
        ):
            for item_id in ids:
                if item_id in catalog:
                    self.state.add_feedback(user_id, item_id, kind, conversation_id=conversation_id, source="said")
        for key in work.intent.dropped:
            self.state.drop_taste(user_id, key)
        for kept in work.intent.kept:
            self.state.keep_taste(user_id, taste_of(kept))

    def expose(self, work: Working) -> None:
        """Log what is about to be shown, with its probability; near misses follow, chosen by no policy."""
        shown = (*work.recommendations, *work.near_misses)
        if not work.store or not shown:
            return
        policy: Policy = self.retriever.policy
        n_fit = len(work.recommendations)
        exposures = [
            Exposure(
                item_id=one.item.item_id,
                position=place,
                propensity=one.propensity,
                exploratory=one.exploratory,
                policy=policy.name if place <= n_fit else NEAR,
                score=one.score,
                channels=dict(one.channels),
                context=dict(one.context),
            )
            for place, one in enumerate(shown, 1)
        ]
        conversation = work.conversation
        self.state.record_exposures(
            conversation.user_id, conversation.conversation_id, len(conversation.turns), exposures
        )

    def keep(self, work: Working) -> None:
        """Keep what the finished turn showed, so that its reasons can be opened again in a conversation of old."""
        shown = Shown(
            cards_of(work.recommendations),
            cards_of(work.near_misses),
            work.notices,
            work.knowing,
            work.intent.chips,
            work.language,
            work.trace(),
        )
        if work.keep and work.store:
            keep_shown(self.state, work.conversation, shown)


def keep_shown(state: StateStore, conversation: Conversation, shown: Shown) -> None:
    """Keep what was shown with the last turn of a conversation; nothing where it is nobody's."""
    if conversation.user_id is not None:
        at = len(conversation.turns) - 1
        state.keep_shown(conversation.user_id, conversation.conversation_id, at, dump_shown(shown))


def meanings(tastes: Iterable[Taste]) -> tuple[Constraint | Wish, ...]:
    """What stored tastes mean to the recommenders."""
    return tuple(one.constraint or one.wish for one in tastes if one.constraint or one.wish)  # type: ignore[misc]


def taste_of(kept: Constraint | Wish) -> Taste:
    """A limit or wish as a taste to store."""
    if isinstance(kept, Constraint):
        return Taste(words=kept.words, constraint=kept, wish=None)
    return Taste(words=kept.words, constraint=None, wish=kept)
