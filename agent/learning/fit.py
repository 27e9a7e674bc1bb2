"""`reconteur fit`: the weights of the default fusion, learned from transcripts and from a data folder's own users."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from agent.learning.play import Player, came_up
from agent.learning.stored import read_stored
from agent.learning.transcripts import Dialogue, read_transcripts
from retrieval.errors import BadDataError
from retrieval.fusion.learning import RecordedPlace
from retrieval.fusion.weights import ConversationWeights, write_weights
from retrieval.resources import Progress, silent
from retrieval.retriever import Retriever
from retrieval.settings import RetrievalSettings


def fit(
    settings: RetrievalSettings, paths: Sequence[Path], *, source: str = "", progress: Progress = silent
) -> ConversationWeights:
    """Learn from recorded conversations and write the weights into the data folder.

    Args:
        settings: The data folder that the conversations are about.
        paths: Files of transcripts (docs/transcripts.md).
        source: Where they come from, to be written down.
        progress: Told what is done.

    Raises:
        BadDataError: A file cannot be read, or there is nothing to learn from.
    """
    recorded = [dialogue for path in paths for dialogue in read_transcripts(path).dialogues]
    own = _own(settings.data_dir)
    if not (recorded or own):
        raise BadDataError("expected recorded conversations, found none. Name a file: --dialogues FILE")
    retriever = Retriever.open(settings)
    places = asyncio.run(_play([*recorded, *own], Player.of(retriever.catalog), progress))
    sessions, ours = ([came_up(dialogue) for dialogue in dialogues] for dialogues in (recorded, own))
    weights = retriever.learn(places, sessions, own=ours, source=source, progress=progress)
    write_weights(settings.data_dir, weights)
    return weights


async def _play(dialogues: Sequence[Dialogue], player: Player, progress: Progress) -> list[RecordedPlace]:
    places: list[RecordedPlace] = []
    for done, dialogue in enumerate(dialogues, start=1):
        places += [place async for place in player.places(dialogue)]
        progress("conversations", done, len(dialogues))
    return places


def _own(data_dir: Path) -> list[Dialogue]:
    """The folder's own conversations; none where nobody has talked yet."""
    try:
        return list(read_stored(data_dir))
    except BadDataError:
        return []
