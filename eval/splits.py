"""Which dialogues are for learning and which for the report: by the hash of their id, so that nobody chooses."""

import hashlib
from collections.abc import Sequence

from agent.learning.transcripts import Dialogue
from eval.places import Query
from retrieval.errors import BadDataError

PARTS = ("", "even", "odd")


def in_part(dialogue_id: str, part: str) -> bool:
    """Whether the last hex digit of the id's SHA-256 is even or odd; '' takes all.

    Raises:
        BadDataError: There is no such part.
    """
    if part not in PARTS:
        raise BadDataError(f"--part: expected even or odd, found {part!r}")
    last = int(hashlib.sha256(dialogue_id.encode()).hexdigest()[-1], 16)
    return not part or (last % 2 == 0) == (part == "even")


def selected(dialogues: Sequence[Dialogue], part: str) -> list[Dialogue]:
    """The dialogues of a part."""
    return [dialogue for dialogue in dialogues if in_part(dialogue.dialogue_id, part)]


def sample_places(places: Sequence[Query], limit: int | None) -> list[Query]:
    """At most `limit` places, always the same ones of the same dialogues, in their order; all where None."""
    if limit is None or len(places) <= limit:
        return list(places)
    hashed = sorted(places, key=lambda ask: hashlib.sha256(f"{ask.dialogue_id}#{ask.turn_index}".encode()).digest())
    kept = {ask.key for ask in hashed[:limit]}
    return [ask for ask in places if ask.key in kept]
