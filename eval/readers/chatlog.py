"""Chat logs as OpenAI-compatible services keep them: `messages` with role and content, one conversation a line."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, JsonValue, ValidationError

from agent.conversation import Role
from agent.learning.transcripts import Dialogue, Mention, TranscriptTurn, raw_lines
from eval.readers.naming import TitleReader
from retrieval.errors import BadDataError
from retrieval.items import Catalog


class _Message(BaseModel):
    role: str
    content: str | list[dict[str, JsonValue]] | None = None

    @property
    def text(self) -> str:
        if isinstance(self.content, list):
            return "\n".join(
                str(part["text"]) for part in self.content if part.get("type") == "text" and "text" in part
            )
        return self.content or ""


class _Log(BaseModel):
    model_config = ConfigDict(coerce_numbers_to_str=True)

    dialogue_id: str = Field("", validation_alias=AliasChoices("dialogue_id", "conversation_id", "id"))
    user_id: str | None = Field(None, validation_alias=AliasChoices("user_id", "user"))
    messages: list[_Message]


def read_chatlog(path: Path, catalog: Catalog | None = None) -> Iterator[Dialogue]:
    """Conversations of a JSONL file; only user and assistant messages count.

    With a catalog, the titles in the messages become mentions (user) and recommendations (assistant, unless the user
    had named them before). A conversation without an id gets one from its content.

    Raises:
        BadDataError: A line cannot be read, with its number and field.
    """
    titles = None if catalog is None else TitleReader.of(catalog)
    for number, raw in raw_lines(path):
        try:
            log = _Log.model_validate_json(raw)
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(map(str, first["loc"])) or "line"
            raise BadDataError(
                f'{path.name}:{number}: {place}: {first["msg"]}. Expected {{"messages": [...]}}.'
            ) from None
        turns = tuple(_turns(log, titles))
        if turns:
            name = log.dialogue_id or f"chat-{hashlib.sha256(raw).hexdigest()[:16]}"
            yield Dialogue(dialogue_id=name, user_id=log.user_id, turns=turns)


def _turns(log: _Log, titles: TitleReader | None) -> Iterator[TranscriptTurn]:
    known: dict[str, None] = {}
    said: set[str] = set()
    for message in log.messages:
        if message.role not in ("user", "assistant") or not message.text.strip():
            continue
        named = tuple(dict.fromkeys(titles.items(message.text, known))) if titles else ()
        if message.role == "user":
            said |= set(named)
            mentions = tuple(Mention(item_id=item_id) for item_id in named)
            yield TranscriptTurn(role=Role.USER, text=message.text, mentions=mentions)
        else:
            fresh = tuple(item_id for item_id in named if item_id not in said)
            yield TranscriptTurn(role=Role.ASSISTANT, text=message.text, recommended=fresh)
        known.update(dict.fromkeys(named))
