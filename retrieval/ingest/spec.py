"""Which column means what: declared in a TOML file beside the schema, or guessed."""

import re
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import tomlkit
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from retrieval.errors import BadDataError
from retrieval.schema import CatalogSchema

HEADER: Final = (
    "What the columns of your files were taken to mean. Edit it, then read your files again with it:",
    "reconteur ingest --items FILE --schema THIS FILE --data FOLDER. Every key: docs/bring-your-own.md.",
)


class InteractionColumns(BaseModel):
    """The columns of the interactions file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    user_id: str = "user_id"
    item_id: str = "item_id"
    rating: str = ""
    """A rating on any scale; '' where there is none."""
    weight: str = ""
    """A weight from -1 (hated) to 1 (loved); '' where there is none. Without either every line counts as a like."""
    timestamp: str = ""
    scale: tuple[float, float] | None = None
    """The lowest and the highest rating possible; found from the data where absent."""


class FactColumns(BaseModel):
    """The columns of the facts file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    item_id: str = "item_id"
    relation: str = "relation"
    value: str = "value"


class Columns(BaseModel):
    """The table `[columns]`: which columns of the files hold what."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = "id"
    title: str = "title"
    text: str = ""
    aka: str = ""
    same_as: str = ""
    main: str = ""
    """Lists those values of an item, of any field, that it is about."""
    slight: str = ""
    """Lists those that it has in passing only."""
    queries: str = ""
    """Texts in which people would ask for it without naming it, the briefest first."""
    fields: dict[str, str] = Field(default_factory=dict)
    """Schema field -> column, where the two have different names."""
    separators: dict[str, str] = Field(default_factory=dict)
    """Schema field -> what parts its values in one cell; without one '|' or ';'."""
    flags: dict[str, str] = Field(default_factory=dict)
    """Schema field whose cells say yes or no ('true', '1', 'x') -> its value for yes; for no it is 'not' that."""
    interactions: InteractionColumns | None = None
    facts: FactColumns | None = None


class IngestSpec(BaseModel):
    """A catalog's schema with the columns that fill it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    catalog: CatalogSchema
    columns: Columns
    notes: tuple[str, ...] = ()
    """What was guessed, for the user to read."""

    def column_of(self, field_name: str) -> str:
        """The column that fills a field."""
        return self.columns.fields.get(field_name, field_name)


def read_spec(path: Path) -> IngestSpec:
    """Read a schema TOML with an optional `[columns]` table.

    Raises:
        BadDataError: The file cannot be read or does not have that form; the message names the line.
    """
    try:
        text = path.read_text(encoding="utf-8")
        data = tomllib.loads(text)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadDataError(f"cannot read the schema {path}: {error}") from error
    columns = data.pop("columns", {})
    try:
        return IngestSpec(catalog=CatalogSchema.model_validate(data), columns=Columns.model_validate(columns))
    except ValidationError as error:
        first = error.errors()[0]
        place = [*(("columns",) if error.title == Columns.__name__ else ()), *first["loc"]]
        found = f", found {first['input']!r:.60}" if isinstance(first["input"], str | int | float | list) else ""
        where = f"line {_line_of(text, place)}, {'.'.join(map(str, place)) or 'top level'}"
        raise BadDataError(
            f"the schema {path} cannot be used: {where}: {first['msg']}{found}. See docs/bring-your-own.md."
        ) from error


def write_spec(spec: IngestSpec, path: Path) -> None:
    """Write a guessed schema with what was guessed as comments, in the form that `read_spec` reads.

    Raises:
        BadDataError: The file cannot be written.
    """
    said = dict(note.split(": ", 1) for note in spec.notes)
    document = tomlkit.document()
    for line in HEADER:
        document.add(tomlkit.comment(line))
    plain = spec.catalog.model_dump(mode="json", exclude_defaults=True, exclude={"fields"})
    for key, value in plain.items():
        document.add(key, tomlkit.item(value))
    for name, note in said.items():
        if note.startswith("left out"):
            document.add(tomlkit.comment(f"column {name}: {note}"))
    fields = tomlkit.aot()
    for field_spec in spec.catalog.fields:
        table = tomlkit.item(field_spec.model_dump(mode="json", exclude_defaults=True))
        if spec.column_of(field_spec.name) in said:
            table.comment(said[spec.column_of(field_spec.name)])
        fields.append(table)
    document.add("fields", fields)
    document.add(
        "columns", tomlkit.item(spec.columns.model_dump(mode="json", exclude_none=True, exclude_defaults=True))
    )
    try:
        path.write_text(tomlkit.dumps(document), encoding="utf-8")
    except OSError as error:
        raise BadDataError(f"cannot write {path}: {error.strerror}. Check the folder and its space.") from error


def _line_of(text: str, place: Sequence[str | int]) -> int:
    """The line of a schema's TOML, from 1, where a place of it stands: ('fields', 2, 'kind')."""
    lines, at = text.splitlines(), 0
    for step, after in zip(place, (*place[1:], ""), strict=True):
        if isinstance(step, int):
            continue
        heads = [
            number
            for number, line in enumerate(lines[at:], at)
            if re.match(rf"\s*(?:\[+(?:\w+\.)*{re.escape(step)}\]+|[\"']?{re.escape(step)}[\"']?\s*=)", line)
        ]
        number = after if isinstance(after, int) else 0
        if number < len(heads):
            at = heads[number]
    return at + 1
