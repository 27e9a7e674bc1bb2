"""OpenDialKG (Moon et al., ACL 2019): the original CSV, or the turns that others made of it (JSONL).

Films are named by title, so a catalog is needed to give them ids, and in the CSV to tell films from other entities.
"""

import csv
import json
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from pydantic import BaseModel, ConfigDict, JsonValue, TypeAdapter, ValidationError

from agent.conversation import Role
from agent.learning.transcripts import Dialogue, TranscriptTurn, raw_lines
from eval.readers.naming import item_id_of
from retrieval.errors import BadDataError
from retrieval.items import Catalog

_MESSAGES = TypeAdapter(list[dict[str, JsonValue]])


class _Record(BaseModel):
    model_config = ConfigDict(coerce_numbers_to_str=True)

    dialog_id: str
    turn_id: int
    context: list[str]
    rec: list[str]
    resp: str


def read_opendialkg(path: Path, catalog: Catalog | None = None) -> Iterator[Dialogue]:
    """Dialogues of an OpenDialKG file.

    Raises:
        BadDataError: The file cannot be read, with the line and the field.
    """
    if path.name.removesuffix(".gz").endswith(".csv"):
        yield from _from_csv(path, catalog)
    else:
        yield from _from_turns(path, catalog)


def _from_turns(path: Path, catalog: Catalog | None) -> Iterator[Dialogue]:
    """Each record holds a turn and all before it; the last one of a dialogue holds the others."""
    records: list[_Record] = []
    for number, raw in raw_lines(path):
        try:
            records.append(_Record.model_validate_json(raw))
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(map(str, first["loc"])) or "line"
            raise BadDataError(f"{path.name}:{number}: {place}: {first['msg']}. Is this an OpenDialKG file?") from None
    records.sort(key=lambda record: (record.dialog_id, len(record.context)))
    for dialogue_id, group in groupby(records, key=lambda record: record.dialog_id):
        yield _dialogue(dialogue_id, list(group), catalog)


def _dialogue(dialogue_id: str, records: list[_Record], catalog: Catalog | None) -> Dialogue:
    recommended = {len(record.context): [item_id_of(name, catalog) for name in record.rec] for record in records}
    texts = [*records[-1].context, records[-1].resp]
    last = len(texts) - 1
    turns = [
        TranscriptTurn(
            role=Role.ASSISTANT if (last - index) % 2 == 0 else Role.USER,
            text=text,
            recommended=tuple(dict.fromkeys(recommended.get(index, ()))),
        )
        for index, text in enumerate(texts)
        if text.strip()
    ]
    return Dialogue(dialogue_id=dialogue_id, turns=tuple(turns))


def _from_csv(path: Path, catalog: Catalog | None) -> Iterator[Dialogue]:
    """One dialogue a row; a step through the graph before an assistant's message names what it speaks of."""
    if catalog is None:
        raise BadDataError("OpenDialKG's own CSV names entities of all kinds; say which are items with --catalog.")
    csv.field_size_limit(10_000_000)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError) as error:
        raise BadDataError(f"cannot read {path}: {error}") from error
    for number, row in enumerate(rows, start=1):
        try:
            messages = _MESSAGES.validate_python(json.loads(row["Messages"]))
        except (KeyError, TypeError, ValueError) as error:
            raise BadDataError(f"{path.name}: row {number}: Messages: expected a JSON list of messages") from error
        turns = tuple(_csv_turns(messages, catalog))
        if turns:
            yield Dialogue(dialogue_id=str(number), turns=turns)


def _csv_turns(messages: list[dict[str, JsonValue]], catalog: Catalog) -> Iterator[TranscriptTurn]:
    named: list[str] = []
    for message in messages:
        role = Role.ASSISTANT if message.get("sender") == "assistant" else Role.USER
        if message.get("type") != "chat":
            named = list(_films(message.get("metadata"), catalog)) if role is Role.ASSISTANT else []
        elif text := str(message.get("message") or "").strip():
            yield TranscriptTurn(role=role, text=text, recommended=tuple(named) if role is Role.ASSISTANT else ())
            named = []


def _films(metadata: JsonValue, catalog: Catalog) -> Iterator[str]:
    """The items of the catalog on a path [score, [[subject, relation, object], ...], text]."""
    path = metadata.get("path") if isinstance(metadata, dict) else None
    steps = path[1] if isinstance(path, list) and len(path) > 1 and isinstance(path[1], list) else []
    names = [end for step in steps if isinstance(step, list) and len(step) == 3 for end in (step[0], step[2])]
    item_ids = (item_id_of(name, catalog) for name in names if isinstance(name, str))
    yield from dict.fromkeys(item_id for item_id in item_ids if item_id in catalog)
