"""INSPIRED (Hayati et al., EMNLP 2020): recommenders who try to persuade; the original tab-separated files.

Films are named by title, so a catalog is needed to give them ids; a film that it lacks keeps its name as id.
"""

import csv
import gzip
import io
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from agent.conversation import Role
from agent.learning.transcripts import Dialogue, Mention, TranscriptTurn
from eval.readers.naming import item_id_of
from retrieval.errors import BadDataError
from retrieval.items import Catalog

COLUMNS = ("dialog_id", "speaker", "text", "movies")


def read_inspired(path: Path, catalog: Catalog | None = None) -> Iterator[Dialogue]:
    """Dialogues of an INSPIRED file; every film of a recommender's utterance counts as recommended there.

    Raises:
        BadDataError: The file cannot be read or lacks a column.
    """
    try:
        data = path.read_bytes()
        text = (gzip.decompress(data) if path.suffix == ".gz" else data).decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise BadDataError(f"cannot read {path}: {error}") from error
    rows = csv.DictReader(io.StringIO(text, newline=""), delimiter="\t", quoting=csv.QUOTE_NONE)
    missing = [name for name in COLUMNS if name not in (rows.fieldnames or ())]
    if missing:
        raise BadDataError(f"{path.name}:1: expected the columns {', '.join(COLUMNS)}, missing {', '.join(missing)}")
    for dialogue_id, utterances in groupby(rows, key=lambda row: row["dialog_id"]):
        turns = tuple(turn for row in utterances if (turn := _turn(row, catalog)))
        if turns:
            yield Dialogue(dialogue_id=dialogue_id, turns=turns)


def _turn(row: dict[str, str], catalog: Catalog | None) -> TranscriptTurn | None:
    text = (row["text"] or "").replace("QUOTATION_MARK", '"').strip()
    names = [name.strip() for name in (row["movies"] or "").split(";")]
    ids = tuple(dict.fromkeys(item_id_of(name, catalog) for name in names if name))
    if not text:
        return None
    if row["speaker"] == "RECOMMENDER":
        return TranscriptTurn(role=Role.ASSISTANT, text=text, recommended=ids)
    return TranscriptTurn(role=Role.USER, text=text, mentions=tuple(Mention(item_id=item_id) for item_id in ids))
