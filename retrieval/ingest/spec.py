"""Which column means what: declared in a TOML file beside the schema, or guessed."""

import tomllib
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from retrieval.errors import BadDataError
from retrieval.schema import CatalogSchema


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
    fields: dict[str, str] = Field(default_factory=dict)
    """Schema field -> column, where the two have different names."""
    separators: dict[str, str] = Field(default_factory=dict)
    """Schema field -> what parts its values in one cell; without one '|' or ';'."""
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
        BadDataError: The file cannot be read or does not have that form; the message names the place.
    """
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadDataError(f"cannot read the schema {path}: {error}") from error
    columns = data.pop("columns", {})
    try:
        return IngestSpec(catalog=CatalogSchema.model_validate(data), columns=Columns.model_validate(columns))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "top level"
        raise BadDataError(
            f"the schema {path} cannot be used: at {place}: {first['msg']}. See docs/bring-your-own.md."
        ) from error
