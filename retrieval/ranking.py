"""From fused candidates to a list to show: limits enforced, known items out, doubles and look-alikes spread."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from retrieval.candidates import Candidate
from retrieval.history import UserHistory
from retrieval.items import Catalog
from retrieval.preference import Constraint, Preference

ORDERED = 60
"""Of so many the order is kept, to say later why one of them was not shown."""
POOL = 60
"""How many of the best are considered for spreading; further down, relevance is too low to trade."""


@dataclass(frozen=True, slots=True)
class Ranked:
    """What to show."""

    fit: tuple[Candidate, ...]
    """Items that keep every limit, best first."""
    near: tuple[Candidate, ...] = ()
    """Where too few fit: items that break the fewest limits, best first; to be shown apart and labeled."""
    broken: Mapping[str, tuple[Constraint, ...]] = field(default_factory=dict)
    """The limits that each near item breaks, by item id."""
    dimensions: Mapping[str, float] = field(default_factory=dict)
    """How much each dimension of interest counted for this person and this request, summing to 1; empty where no
    learned fusion ranked."""
    parts_are: str = ""
    """What the parts of the candidates are; see `retrieval.fusion.base.Fused.parts_are`."""
    order: tuple[str, ...] = ()
    """The ids of the best `ORDERED` before look-alikes were spread, best first."""


def known_ids(catalog: Catalog, preference: Preference, history: UserHistory) -> frozenset[str]:
    """Items that are not to be recommended: seen, liked, disliked, named before or passed over, and their doubles."""
    known = {*history.seen(), *preference.closed}
    return frozenset(double for item_id in known for double in catalog.double_of(item_id))


def drop_doubles(candidates: Sequence[Candidate], catalog: Catalog) -> list[Candidate]:
    """Only the best of several items that stand for the same thing."""
    shown: set[str] = set()
    kept = []
    for candidate in candidates:
        if candidate.item_id not in shown:
            kept.append(candidate)
            shown |= catalog.double_of(candidate.item_id)
    return kept


def broken_by(catalog: Catalog, item_id: str, constraints: Sequence[Constraint]) -> tuple[Constraint, ...]:
    """The limits that an item does not keep."""
    item = catalog.item(item_id)
    return tuple(constraint for constraint in constraints if not catalog.satisfies(item, constraint))


def breaches(catalog: Catalog, constraints: Sequence[Constraint]) -> NDArray[np.int64]:
    """How many limits each row breaks, shape (n_items,); what the house hides breaks one in any case."""
    total = (~catalog.mask(())).astype(np.int64)
    for constraint in constraints:
        total += ~catalog.mask((constraint,))
    return total


def unknown_alone(catalog: Catalog, constraints: Sequence[Constraint]) -> NDArray[np.bool_]:
    """The rows that break limits only in that nothing is known of them there, shape (n_items,)."""
    rows, breaks = np.ones(len(catalog), dtype=np.bool_), breaches(catalog, constraints) > 0
    for constraint in constraints:
        rows &= catalog.mask((constraint,)) | ~catalog.known(constraint.field)
    return np.asarray(rows & breaks, dtype=np.bool_)


LEANING = 0.05
"""By how much an answer ("rather dramas") moves the items on either side: half of what a wish does."""


def wish_changes(catalog: Catalog, preference: Preference) -> dict[str, float]:
    """By how much the wishes of a request move the fused score of items."""
    step = 0.25
    change: dict[str, float] = {}
    for wish in preference.wishes:
        for row in catalog.holders(wish.field, wish.value).tolist():
            item_id = catalog.items[row].item_id
            gain = step * wish.weight if wish.weight < 0 else 0.4 * step * wish.weight
            change[item_id] = change.get(item_id, 0.0) + gain
    for leaning in preference.leanings:
        for value, gain in ((leaning.more, LEANING), (leaning.less, -LEANING)):
            for row in catalog.holders(leaning.field, value).tolist():
                item_id = catalog.items[row].item_id
                change[item_id] = change.get(item_id, 0.0) + gain
    return change


def diversify(
    candidates: Sequence[Candidate],
    vectors: NDArray[np.float32] | None,
    k: int,
    *,
    diversity: float,
    chosen: NDArray[np.float32] | None = None,
) -> list[Candidate]:
    """Maximal marginal relevance: each next item trades its score against its likeness to those already taken.

    Args:
        candidates: Best first, with fused scores.
        vectors: Unit vectors of the candidates, shape (len(candidates), dimension); None keeps the order.
        k: The most items.
        diversity: 0 keeps the order of scores, 1 looks at likeness alone.
        chosen: Unit vectors of items that are shown already, shape (n, dimension).

    Returns:
        At most `k` of the candidates; the first is the best where nothing was chosen before.

    Source: Carbonell and Goldstein, SIGIR 1998, doi:10.1145/290941.291025.
    """
    if vectors is None or diversity <= 0 or len(candidates) <= 1:
        return list(candidates[:k])
    pool = candidates[: max(POOL, 2 * k)]
    scores = np.asarray([candidate.score for candidate in pool], dtype=np.float64)
    spread = max(1e-9, float(scores.max() - scores.min()))
    relevance = (scores - scores.min()) / spread
    unit = vectors[: len(pool)]
    similarities = unit @ unit.T
    closest = np.zeros(len(pool))
    if chosen is not None and len(chosen):
        closest = np.maximum(closest, (unit @ chosen.T).max(axis=1))
    open_places = np.ones(len(pool), dtype=np.bool_)
    taken: list[Candidate] = []
    while len(taken) < min(k, len(pool)):
        gain = (1 - diversity) * relevance - diversity * closest
        place = int(np.where(open_places, gain, -np.inf).argmax())
        open_places[place] = False
        taken.append(pool[place])
        closest = np.maximum(closest, similarities[place])
    return taken
