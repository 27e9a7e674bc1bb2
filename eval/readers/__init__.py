"""Reads recorded dialogues of other kinds: one file per kind, all behind `READERS`.

A reader takes a path and a catalog (or none) and yields dialogues as docs/transcripts.md has them.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

from agent.learning.stored import read_stored
from agent.learning.transcripts import Dialogue
from eval.readers.chatlog import read_chatlog
from eval.readers.inspired import read_inspired
from eval.readers.opendialkg import read_opendialkg
from eval.readers.redial import read_redial
from retrieval.items import Catalog

Reader = Callable[[Path, Catalog | None], Iterator[Dialogue]]

READERS: dict[str, Reader] = {
    "redial": read_redial,
    "inspired": read_inspired,
    "opendialkg": read_opendialkg,
    "chatlog": read_chatlog,
    "reconteur": read_stored,
}

__all__ = ["READERS", "Reader"]
