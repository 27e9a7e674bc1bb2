"""What the catalog and the knowledge graph know of items, as answers: which keep some limits, what two have in common.

The graph is asked first; where there is none, or it does not answer, the catalog says what it can.
"""

import logging
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retrieval.candidates import Evidence, EvidenceKind
from retrieval.graph import GraphUnavailableError, KnowledgeGraph, decade, decade_relation, item_facts
from retrieval.items import Catalog
from retrieval.preference import Constraint, Op
from retrieval.schema import FieldKind

logger = logging.getLogger(__name__)

MOST_OF_VALUE = 5000
"""So many items of one value the graph returns; of a value that has more, it does not know all."""
POPULARITY = "popularity"


@dataclass(frozen=True, slots=True)
class Lookups:
    """Looks things up for one catalog."""

    catalog: Catalog
    graph: KnowledgeGraph | None
    popularity: NDArray[np.floating]
    """Of every row, shape (n_items,), higher is more popular."""

    def matching(self, constraints: Sequence[Constraint], sort: str = "") -> list[str]:
        """The ids of all items that keep some limits, each thing once, in an order; see `Retriever.matching`."""
        rows = np.flatnonzero(self.catalog.mask(constraints) & self._in_graph(constraints))
        return self._each_once(self.catalog.items[row].item_id for row in self._order(rows, sort).tolist())

    def connections(self, first_id: str, second_id: str) -> tuple[Evidence, ...]:
        """All values that two items share, the rarest first, else the shortest path; empty where there is neither."""
        shared = self._shared(first_id, second_id)
        if not shared:
            steps = self._path(first_id, second_id)
            return (_connection(first_id, steps),) if steps else ()
        return tuple(
            _connection(first_id, ((first_id, relation, value), (second_id, relation, value)), holders)
            for relation, value, holders in shared
        )

    def neighbors(self, item_id: str, k: int) -> tuple[tuple[str, int], ...]:
        """Items that share most entities with one, as (item id, how many), most first, each thing once."""
        shared = dict(self._sharing(item_id))
        same = self.catalog.double_of(item_id)
        others = (other for other in shared if other in self.catalog and other not in same)
        return tuple((other, shared[other]) for other in self._each_once(others)[: max(0, k)])

    def _each_once(self, item_ids: Iterable[str]) -> list[str]:
        """Without doubles; the first of them stays."""
        taken: set[str] = set()
        ids: list[str] = []
        for item_id in item_ids:
            if item_id not in taken:
                ids.append(item_id)
                taken |= self.catalog.double_of(item_id)
        return ids

    def _in_graph(self, constraints: Sequence[Constraint]) -> NDArray[np.bool_]:
        """The rows that the graph knows to have the names asked for; all rows where it is not there or not needed."""
        keep = np.ones(len(self.catalog), dtype=np.bool_)
        entities = {spec.name for spec in self.catalog.schema.of_kind(FieldKind.ENTITY)}
        for limit in constraints:
            if self.graph is None or limit.op is not Op.IS or limit.field not in entities:
                continue
            try:
                id_sets = [self._having(self.graph, limit.field, str(value)) for value in limit.values]
            except GraphUnavailableError as error:
                logger.warning("the graph did not answer (%s): the catalog alone", type(error).__name__)
                return np.ones(len(self.catalog), dtype=np.bool_)
            if all(len(ids) < MOST_OF_VALUE for ids in id_sets):
                known = np.zeros(len(self.catalog), dtype=np.bool_)
                known[self.catalog.rows(item_id for ids in id_sets for item_id in ids)] = True
                keep &= known
        return keep

    def _having(self, graph: KnowledgeGraph, field_name: str, value: str) -> set[str]:
        """The ids of the items that have a value, whatever its case."""
        spellings = [known for known in self.catalog.values(field_name) if known.casefold() == value.casefold()]
        id_sets = (graph.items_with(field_name, known, limit=MOST_OF_VALUE) for known in spellings)
        return {item_id for ids in id_sets for item_id in ids}

    def _order(self, rows: NDArray[np.int64], sort: str) -> NDArray[np.int64]:
        """Rows in an order, equal ones by popularity; items without the number come last."""
        name, sign = sort.lstrip("-"), -1.0 if sort.startswith("-") else 1.0
        popular = np.asarray(self.popularity[rows], dtype=np.float64)
        if name in ("", POPULARITY):
            return np.asarray(rows[np.argsort(popular * (sign if name else -1.0), kind="stable")])
        numbers = sign * self.catalog.numbers(name)[rows]
        return np.asarray(rows[np.lexsort((-popular, np.where(np.isnan(numbers), np.inf, numbers)))])

    def _shared(self, first_id: str, second_id: str) -> list[tuple[str, str, int]]:
        """(relation, value, how many items have it), rarest first."""
        try:
            if self.graph is not None:
                shared = self.graph.shared(first_id, second_id)
                return [(relation, value, self._holders(relation, value) or n) for relation, value, n in shared]
        except GraphUnavailableError as error:
            logger.warning("the graph did not answer (%s): the catalog alone", type(error).__name__)
        first, second = (
            dict.fromkeys(item_facts(self.catalog.item(item_id), self.catalog.schema))
            for item_id in (first_id, second_id)
        )
        shared = tuple(
            (relation, value, self._holders(relation, value))
            for relation, value in first
            if (relation, value) in second
        )
        return sorted(shared, key=lambda fact: (fact[2], fact[0], fact[1]))

    def _path(self, first_id: str, second_id: str) -> tuple[tuple[str, str, str], ...]:
        try:
            steps = self.graph.path(first_id, second_id) if self.graph is not None else ()
            return () if self.catalog.house.names_hidden(steps) else steps
        except GraphUnavailableError:
            return ()

    def _sharing(self, item_id: str) -> Iterable[tuple[str, int]]:
        try:
            if self.graph is not None:
                return self.graph.neighbors(item_id, limit=len(self.catalog))
        except GraphUnavailableError as error:
            logger.warning("the graph did not answer (%s): the catalog alone", type(error).__name__)
        item = self.catalog.item(item_id)
        counts = Counter(
            self.catalog.items[row].item_id
            for spec in self.catalog.schema.of_kind(FieldKind.ENTITY)
            for value in item.values.get(spec.name, ())
            for row in self.catalog.holders(spec.name, value).tolist()
        )
        return counts.most_common()

    def _holders(self, relation: str, value: str) -> int:
        """How many things have a value, or are of a decade; 0 where the catalog knows no such relation."""
        rows = self.catalog.holders(relation, value)
        for spec in self.catalog.schema.of_kind(FieldKind.NUMBER):
            if relation == decade_relation(spec.name):
                years = self.catalog.numbers(spec.name)
                known = np.flatnonzero(~np.isnan(years))
                rows = known[[decade(year) == value for year in years[known].tolist()]]
        return len(self._each_once(self.catalog.items[row].item_id for row in rows.tolist()))


def _connection(liked_id: str, steps: Sequence[tuple[str, str, str]], holders: int = 0) -> Evidence:
    _, relation, value = steps[-1]
    return Evidence("graph", EvidenceKind.PATH, relation, value, (liked_id,), count=holders, path=tuple(steps))
