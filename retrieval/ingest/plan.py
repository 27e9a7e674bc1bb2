"""Ingesting in two steps: a plan that can be shown and confirmed, then a run that writes the data folder."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from retrieval.datasets import Dataset, Interactions, save_dataset
from retrieval.errors import BadDataError
from retrieval.ingest.cells import as_list
from retrieval.ingest.guess import guess_facts, guess_interactions, guess_spec, guess_texts
from retrieval.ingest.rows import (
    WEIGHTS,
    Scale,
    add_facts,
    find_scale,
    odd_degrees,
    ratings_of,
    read_interactions,
    read_items,
)
from retrieval.ingest.spec import IngestSpec, InteractionColumns, read_spec, write_spec
from retrieval.ingest.tables import BadRow, Table, read_table
from retrieval.items import Catalog
from retrieval.resources import Progress, silent
from retrieval.schema import FieldKind

GUESSED = "schema.toml"
"""Where a guessed schema lies in a data folder, to be edited and read again."""
SHOWN = 20
"""Bad rows that a summary lists."""


@dataclass(frozen=True, slots=True)
class IngestReport:
    """What went in and what did not."""

    items: int
    interactions: int
    bad_rows: tuple[BadRow, ...]
    odd_cells: tuple[BadRow, ...] = ()
    """Single values that there cannot be, which count as unknown, or that are too long."""

    def describe(self) -> str:
        """The report for a person; at most the first bad rows are listed."""
        lines = [f"{self.items} items and {self.interactions} interactions went in."]
        if self.bad_rows:
            lines.append(f"{len(self.bad_rows)} rows were left out:")
            lines += [f"  {row}" for row in self.bad_rows[:SHOWN]]
        if len(self.bad_rows) > SHOWN:
            lines.append(f"  ... and {len(self.bad_rows) - SHOWN} more")
        if self.odd_cells:
            lines.append(f"{len(self.odd_cells)} values were left out of their rows or cut:")
            lines += [f"  {row}" for row in self.odd_cells[:SHOWN]]
        return "\n".join(lines)


@dataclass(frozen=True)
class IngestPlan:
    """What will be read from where, and what it is taken to mean."""

    items: Table
    interactions: Table | None
    facts: Table | None
    spec: IngestSpec
    scale: Scale | None
    """Of the ratings; None where every line counts as a like."""
    data_dir: Path
    is_guessed: bool
    """Whether somebody should confirm what the columns mean."""

    def describe(self) -> str:
        """What the columns are taken to mean, for a person to confirm."""
        columns = self.spec.columns
        lines = [f"items from {self.items.path.name}: id = {columns.id}, title = {columns.title}"]
        lines[0] += f", description = {columns.text}" if columns.text else ", no description"
        lines[0] += f", other titles = {columns.aka}" if columns.aka else ""
        lines[0] += f", main values = {columns.main}" if columns.main else ""
        lines[0] += f", slight values = {columns.slight}" if columns.slight else ""
        lines[0] += f", search phrases = {columns.queries}" if columns.queries else ""
        lines += [f"  {self._field_line(name)}" for name in (spec.name for spec in self.spec.catalog.fields)]
        lines += [f"  guessed: {note}" for note in self.spec.notes]
        lines += self._describe_interactions()
        if self.facts is not None:
            lines.append(f"facts from {self.facts.path.name}: one more value for a field of an item per line")
        lines += [f"what was guessed is written to {self.data_dir / GUESSED}, to edit"] if self.is_guessed else []
        return "\n".join([*lines, f"to {self.data_dir}; a catalog that is there already is replaced"])

    def values(self) -> dict[str, list[str]]:
        """The values of each field of words as the file has them, the most frequent first."""
        columns, values = self.spec.columns, dict[str, list[str]]()
        for spec in self.spec.catalog.fields:
            column = self.spec.column_of(spec.name)
            if spec.kind is not FieldKind.NUMBER and column in self.items.columns:
                cells, separator = self.items.column(column), columns.separators.get(spec.name, "")
                counts = Counter(value for cell in cells for value in as_list(cell, separator))
                values[spec.name] = [value for value, _ in counts.most_common()]
        return values

    def run(self, progress: Progress = silent) -> IngestReport:
        """Write the dataset; rows that cannot be read are reported and left out.

        Raises:
            BadDataError: No item can be read, or the folder cannot be written; an old dataset is intact.
        """
        progress("items", 0, 1)
        odd: list[BadRow] = []
        items, bad = read_items(self.items, self.spec, odd)
        bad = [*self.items.bad, *bad]
        if self.facts is not None and self.spec.columns.facts is not None:
            items, bad_rows = add_facts(self.facts, self.spec.columns.facts, self.spec.catalog, items)
            bad += [*self.facts.bad, *bad_rows]
        odd += odd_degrees(self.items, self.spec.columns, items)
        if not items:
            raise BadDataError(f"no item could be read, nothing was written. The first trouble: {bad[0]}")
        progress("items", 1, 1)
        catalog = Catalog(self.spec.catalog, tuple(items.values()))
        interactions = Interactions.of(catalog, ())
        if self.interactions is not None and self.spec.columns.interactions is not None:
            progress("ratings", 0, 1)
            read, bad_rows = read_interactions(self.interactions, self.spec.columns.interactions, self.scale, items)
            interactions = Interactions.of(catalog, read)
            bad += [*self.interactions.bad, *bad_rows]
            progress("ratings", 1, 1)
        save_dataset(Dataset(catalog, interactions), self.data_dir)
        if self.is_guessed:
            write_spec(self.spec, self.data_dir / GUESSED)
        return IngestReport(len(catalog), len(interactions), tuple(_in_order(bad)), tuple(odd))

    def _field_line(self, name: str) -> str:
        spec, column = self.spec.catalog.field(name), self.spec.column_of(name)
        kinds = {FieldKind.CATEGORY: "a closed list", FieldKind.ENTITY: "names", FieldKind.NUMBER: "a number"}
        source = f"column {column}" if column in self.items.columns else "facts only"
        return f"{name} ({kinds[spec.kind]}): {source}"

    def _describe_interactions(self) -> list[str]:
        columns = self.spec.columns.interactions
        if self.interactions is None or columns is None:
            return ["no interactions: recommendations rest on content and graph alone"]
        meaning = "every line counts as a like"
        if self.scale is not None:
            meaning = f"{columns.weight or columns.rating} from {self.scale} becomes -1 (hated) to 1 (loved)"
        time = f", time = {columns.timestamp}" if columns.timestamp else ", without times"
        head = f"interactions from {self.interactions.path.name}: user = {columns.user_id}, item = {columns.item_id}"
        return [f"{head}{time}; {meaning}"]


def plan_ingest(
    items: Path,
    interactions: Path | None = None,
    facts: Path | None = None,
    schema: Path | None = None,
    *,
    data_dir: Path,
) -> IngestPlan:
    """Read the files and find out what their columns mean; writes nothing.

    Args:
        items: CSV, JSONL or Parquet.
        interactions: Who did what with which item, if known.
        facts: More values for fields of items: item id, relation, value.
        schema: A TOML file with the catalog's schema and, where names differ, a `[columns]` table; guessed if None.
        data_dir: Where the dataset will lie.

    Raises:
        BadDataError: A file cannot be read, or a column that is needed is not there.
    """
    table = read_table(items)
    ratings, more = (read_table(path) if path else None for path in (interactions, facts))
    spec = read_spec(schema) if schema else guess_spec(table, ratings, more)
    spec = _complete(spec, table, ratings, more)
    _check(spec, table, ratings, more)
    scale = _scale(ratings, spec.columns.interactions)
    return IngestPlan(table, ratings, more, spec, scale, data_dir, is_guessed=schema is None)


def ingest(
    items: Path,
    interactions: Path | None = None,
    facts: Path | None = None,
    schema: Path | None = None,
    *,
    data_dir: Path,
    confirm: Callable[[str], bool] = lambda description: True,
    progress: Progress = silent,
) -> IngestReport:
    """Plan, have a guessed plan confirmed, and run it.

    Raises:
        BadDataError: See `plan_ingest` and `IngestPlan.run`; or the plan was not confirmed.
    """
    plan = plan_ingest(items, interactions, facts, schema, data_dir=data_dir)
    if plan.is_guessed and not confirm(plan.describe()):
        raise BadDataError("not confirmed, nothing was written. Declare the columns: see docs/bring-your-own.md.")
    return plan.run(progress)


def _in_order(bad: list[BadRow]) -> list[BadRow]:
    """By line within each file, the files as they were read."""
    files = list(dict.fromkeys(row.file for row in bad))
    return sorted(bad, key=lambda row: (files.index(row.file), row.line))


def _complete(spec: IngestSpec, items: Table, interactions: Table | None, facts: Table | None) -> IngestSpec:
    """Columns of files that the schema does not speak of are guessed."""
    guessed: dict[str, object] = {}
    if not spec.columns.model_fields_set and all(name in items.columns for name in ("id", "title")):
        guessed |= guess_texts(items)
    if interactions is not None and spec.columns.interactions is None:
        guessed["interactions"] = guess_interactions(interactions)
    if facts is not None and spec.columns.facts is None:
        guessed["facts"] = guess_facts(facts)
    return spec.model_copy(update={"columns": spec.columns.model_copy(update=guessed)})


def _check(spec: IngestSpec, items: Table, interactions: Table | None, facts: Table | None) -> None:
    columns = spec.columns
    texts = (columns.text, columns.aka, columns.same_as, columns.main, columns.slight, columns.queries)
    need(items, columns.id, columns.title, *texts, *columns.fields.values())
    unknown = sorted({*columns.fields, *columns.separators} - {field_spec.name for field_spec in spec.catalog.fields})
    if unknown:
        raise BadDataError(f"[columns] speaks of fields that the schema does not have: {', '.join(unknown)}")
    if interactions is not None and (interaction_columns := columns.interactions):
        need(
            interactions,
            interaction_columns.user_id,
            interaction_columns.item_id,
            interaction_columns.rating,
            interaction_columns.weight,
            interaction_columns.timestamp,
        )
    if facts is not None and (fact := columns.facts):
        need(facts, fact.item_id, fact.relation, fact.value)


def need(table: Table, *names: str) -> None:
    """Check that a table has all columns of these names; '' is no name.

    Raises:
        BadDataError: One is not there.
    """
    missing = [name for name in names if name and name not in table.columns]
    if missing:
        raise BadDataError(
            f"{table.path} has no column {', '.join(missing)}; it has {', '.join(table.columns)}. Correct the "
            "[columns] table of the schema, see docs/bring-your-own.md."
        )


def _scale(table: Table | None, columns: InteractionColumns | None) -> Scale | None:
    if table is None or columns is None or not (columns.rating or columns.weight):
        return None
    if columns.weight:
        return WEIGHTS
    if columns.scale is not None:
        low, high = columns.scale
        if not low < high:
            raise BadDataError(f"the rating scale must go from a lower to a higher number, found {low:g} to {high:g}")
        return Scale(low, high)
    scale = find_scale(ratings_of(table, columns))
    if scale is None:
        raise BadDataError(
            f"{table.path}: the ratings in column {columns.rating} fit no usual scale (0-1, 1-5, 0-10, 0-100). "
            "Declare it: scale = [lowest, highest] under [columns.interactions], see docs/bring-your-own.md."
        )
    return scale
