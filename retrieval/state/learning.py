"""What the log of exposures teaches of items: guesses that were shown, and what became of them."""

import numpy as np
from numpy.typing import NDArray

from retrieval.belief_fit import TasteSettings
from retrieval.item_learning import UNTAUGHT, Showings
from retrieval.items import Catalog
from retrieval.state.realms import tenant_of
from retrieval.state.records import LoggedExposure
from retrieval.state.store import StateStore

MOST_USERS = 100_000


def learn_from_log(state: StateStore, catalog: Catalog) -> tuple[Showings, NDArray[np.int64]]:
    """Read every guess that was shown to a stored user of the state's tenant.

    What was expected is in the exposure's context; where it is not (logs of older versions), only the showing counts.

    Args:
        state: Holds the log.
        catalog: Rows are its rows; items that it has lost are left out.

    Returns:
        What showings taught, and how often each row was a guess, shape (n_items,).
    """
    shown = [
        one
        for seen in (state.of(realm) for realm in state.realms() if tenant_of(realm) == tenant_of(state.realm))
        for user in seen.list_users(MOST_USERS)
        for one in seen.exposures_of(user.user_id)
        if one.shown.exploratory and one.shown.item_id in catalog
    ]
    rows = catalog.rows(one.shown.item_id for one in shown)
    expected = np.asarray([_expected(one) for one in shown], dtype=np.float64)
    told = np.isfinite(expected)
    answered = np.asarray([_answer(one) for one in shown], dtype=np.float64)
    showings = Showings.none(len(catalog)).and_also(rows[told], expected[told], answered[told])
    return showings, np.bincount(rows, minlength=len(catalog))


def _expected(one: LoggedExposure) -> float:
    return one.shown.context.get(UNTAUGHT, float("nan"))


def _answer(one: LoggedExposure) -> float:
    if one.outcome is None:
        return 0.0
    return float(TasteSettings().answers(np.asarray([one.outcome.weight]))[0])
