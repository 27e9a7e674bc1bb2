"""What never comes first unasked: items with as much sex or violence as the catalog knows.

Whether a wish asks for it is read off the catalog: it names what such items often are, or an item that is one.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from retrieval.items import Catalog
from retrieval.preference import Op, Preference
from retrieval.schema import FieldSpec

HELD_BACK = ("sex", "violence")
"""The roles of such fields."""
ASKING_SHARE = 0.3
"""Of the items with a value that is asked for: from here on the value stands for the content, too."""


def held_back(catalog: Catalog, preference: Preference) -> NDArray[np.bool_]:
    """The rows that must not come first, shape (n_items,)."""
    rows = np.zeros(len(catalog), dtype=np.bool_)
    for spec in catalog.schema.of_role(*HELD_BACK):
        strongest = np.zeros(len(catalog), dtype=np.bool_)
        strongest[catalog.holders(spec.name, spec.order[-1])] = True
        if not _is_asked(catalog, preference, spec, strongest):
            rows |= strongest
    return rows


def first_place(catalog: Catalog, item_ids: Sequence[str], preference: Preference) -> int:
    """The place of the first item that may come first; 0 where none may."""
    rows = held_back(catalog, preference)
    return next((place for place, item_id in enumerate(item_ids) if not rows[catalog.row(item_id)]), 0)


def _is_asked(catalog: Catalog, preference: Preference, spec: FieldSpec, strongest: NDArray[np.bool_]) -> bool:
    wanted = [(wish.field, wish.value) for wish in preference.wishes if wish.weight > 0]
    limits = [limit for limit in preference.constraints if limit.op is Op.IS]
    wanted += [(limit.field, value) for limit in limits for value in limit.values if isinstance(value, str)]
    if (spec.name, spec.order[-1]) in wanted or strongest[catalog.rows(preference.liked)].any():
        return True
    asked = (catalog.holders(name, value) for name, value in wanted if name not in _guards(catalog))
    return any(len(rows) and strongest[rows].mean() >= ASKING_SHARE for rows in asked)


def _guards(catalog: Catalog) -> set[str]:
    return {spec.name for spec in catalog.schema.fields if spec.role}
