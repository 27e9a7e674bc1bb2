"""The catalog and the interactions that dialogues are ranked over: files as `reconteur ingest` takes them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from retrieval.datasets import Dataset, Interactions
from retrieval.errors import BadDataError
from retrieval.ingest.plan import plan_ingest
from retrieval.ingest.rows import add_facts, read_interactions, read_items
from retrieval.ingest.tables import BadRow
from retrieval.items import Catalog


@dataclass(frozen=True, slots=True)
class Loaded:
    """A dataset in memory, and the rows that could not be read."""

    dataset: Dataset
    bad: tuple[BadRow, ...]


def load_catalog(
    items: Path, *, interactions: Path | None = None, facts: Path | None = None, schema: Path | None = None
) -> Loaded:
    """Read a catalog file (CSV, JSONL, Parquet) and what goes with it; nothing is written.

    Args:
        items: The items; a schema of the same name ending in .toml beside it is used where none is given.
        interactions: Who did what with which item.
        facts: More values for fields of items.
        schema: The fields; guessed where there is none.

    Raises:
        BadDataError: A file cannot be read, or no item is left.
    """
    beside = items.with_suffix(".toml")
    schema = schema or (beside if beside.is_file() else None)
    plan = plan_ingest(items, interactions, facts, schema, data_dir=items.parent)
    by_id, bad = read_items(plan.items, plan.spec, [])
    bad = [*plan.items.bad, *bad]
    if plan.facts is not None and plan.spec.columns.facts is not None:
        by_id, more = add_facts(plan.facts, plan.spec.columns.facts, plan.spec.catalog, by_id)
        bad += [*plan.facts.bad, *more]
    if not by_id:
        raise BadDataError(f"no item of {items} can be read. The first trouble: {bad[0]}")
    catalog = Catalog(plan.spec.catalog, tuple(by_id.values()))
    table = Interactions.of(catalog, ())
    if plan.interactions is not None and plan.spec.columns.interactions is not None:
        read, more = read_interactions(plan.interactions, plan.spec.columns.interactions, plan.scale, by_id)
        table = Interactions.of(catalog, read)
        bad += [*plan.interactions.bad, *more]
    return Loaded(Dataset(catalog, table), tuple(bad))


def describe_bad(bad: Sequence[BadRow], *, shown: int = 5) -> str:
    """The rows that were left out, at most some of them by name; '' where there are none."""
    if not bad:
        return ""
    rest = f" ... and {len(bad) - shown} more" if len(bad) > shown else ""
    return f"{len(bad)} rows were left out: {'; '.join(map(str, bad[:shown]))}{rest}"
