"""Reconteur's own conversations: turns from the checkpoints, what was clicked or liked from the state store."""

import asyncio
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

from agent.conversation import Conversation, Role
from agent.conversations import ConversationStore, open_checkpointer
from agent.learning.transcripts import Dialogue, TranscriptTurn
from retrieval.errors import BadDataError
from retrieval.items import Catalog
from retrieval.settings import RetrievalSettings
from retrieval.state import FeedbackKind, StateStore, open_state

MOST_USERS = 1_000_000


def read_stored(path: Path, catalog: Catalog | None = None) -> Iterator[Dialogue]:
    """All conversations of a data folder, by user; cards are what was recommended, likes of them what was accepted.

    Raises:
        BadDataError: The folder holds no conversations.
    """
    for name in ("state.db", "conversations.db"):
        if not (path / name).is_file():
            raise BadDataError(f"expected a data folder with {name}, found none in {path}. Talk to the agent first.")
    with open_state(RetrievalSettings(data_dir=path)) as state:
        yield from asyncio.run(dialogues_of(state, "", path))


async def dialogues_of(state: StateStore, url: str, folder: Path) -> list[Dialogue]:
    """The same of the users of one realm.

    Args:
        state: As the realm sees it.
        url: Where conversations are kept; '' for the data folder.
        folder: The data folder.
    """
    rows = [
        (user.user_id, row.conversation_id)
        for user in state.list_users(MOST_USERS)
        for row in state.conversations_of(user.user_id)
    ]
    users = dict.fromkeys(user_id for user_id, _ in rows)
    liked = {key: accepted for user_id in users for key, accepted in _accepted(state, user_id).items()}
    dialogues = []
    async with open_checkpointer(url, folder) as saver:
        store = ConversationStore(saver).of(state.realm)
        for user_id, conversation_id in rows:
            conversation = await store.load(conversation_id)
            if conversation and (turns := tuple(_turns(conversation, liked.get(conversation_id, {})))):
                dialogues.append(Dialogue(dialogue_id=conversation_id, user_id=user_id, turns=turns))
    return dialogues


def _accepted(state: StateStore, user_id: str) -> dict[str, dict[str, bool]]:
    """Conversation id -> item shown there -> whether the last opinion about it was a like."""
    accepted: dict[str, dict[str, bool]] = defaultdict(dict)
    for exposure in state.exposures_of(user_id):
        accepted[exposure.conversation_id][exposure.shown.item_id] = exposure.outcome is FeedbackKind.LIKE
    return dict(accepted)


def _turns(conversation: Conversation, liked: Mapping[str, bool]) -> Iterator[TranscriptTurn]:
    for turn in conversation.turns:
        if not (turn.text.strip() or turn.shown):
            continue
        shown = turn.shown if turn.role is Role.ASSISTANT else ()
        accepted = tuple(item_id for item_id in shown if liked.get(item_id)) if shown else None
        yield TranscriptTurn(role=turn.role, text=turn.text, recommended=shown, accepted=accepted)
