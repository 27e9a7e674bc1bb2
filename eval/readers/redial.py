"""ReDial (Li et al., NeurIPS 2018): two crowd workers, one seeks and one recommends; films are '@<number>' in the text.

The questionnaires were filled in after the dialogue and speak of films that come up late, so they are not read.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from agent.conversation import Role
from agent.learning.transcripts import Dialogue, Mention, TranscriptTurn, raw_lines
from eval.readers.naming import item_id_of
from retrieval.errors import BadDataError
from retrieval.items import Catalog

_FILM = re.compile(r"@(\d+)")


class _Message(BaseModel):
    model_config = ConfigDict(coerce_numbers_to_str=True)

    text: str
    sender: str = Field(alias="senderWorkerId")


class _Record(BaseModel):
    model_config = ConfigDict(coerce_numbers_to_str=True)

    dialogue_id: str = Field(alias="conversationId")
    recommender: str = Field(alias="respondentWorkerId")
    seeker: str = Field(alias="initiatorWorkerId")
    titles: dict[str, str | None] = Field(alias="movieMentions")
    messages: list[_Message]

    @field_validator("titles", mode="before")
    @classmethod
    def _no_titles(cls, value: object) -> object:
        return {} if value == [] else value  # an empty list stands for an empty table


def read_redial(path: Path, catalog: Catalog | None = None) -> Iterator[Dialogue]:
    """Dialogues of a ReDial file (JSONL); item ids are those of a catalog by title and year, else ReDial's numbers.

    Every film in a message of the recommender counts as recommended there, every film of the seeker as mentioned.

    Raises:
        BadDataError: A line cannot be read, with its number and field.
    """
    for number, raw in raw_lines(path):
        try:
            record = _Record.model_validate_json(raw)
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(map(str, first["loc"])) or "line"
            raise BadDataError(f"{path.name}:{number}: {place}: {first['msg']}. Is this a ReDial file?") from None
        turns = tuple(filter(None, (_turn(message, record, catalog) for message in record.messages)))
        if turns:
            yield Dialogue(dialogue_id=record.dialogue_id, user_id=record.seeker, turns=turns)


def _turn(message: _Message, record: _Record, catalog: Catalog | None) -> TranscriptTurn | None:
    """A message with titles in place of numbers; None where it is empty."""
    numbers = _FILM.findall(message.text)
    named = (
        number if catalog is None else item_id_of(record.titles.get(number) or number, catalog) for number in numbers
    )
    ids = tuple(dict.fromkeys(named))
    text = _FILM.sub(lambda match: _title(match, record), message.text).strip()
    if not text:
        return None
    if message.sender == record.recommender:
        return TranscriptTurn(role=Role.ASSISTANT, text=text, recommended=ids)
    return TranscriptTurn(role=Role.USER, text=text, mentions=tuple(Mention(item_id=item_id) for item_id in ids))


def _title(match: re.Match[str], record: _Record) -> str:
    return re.sub(r"\s+", " ", record.titles.get(match.group(1)) or match.group()).strip()
