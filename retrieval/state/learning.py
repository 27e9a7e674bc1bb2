"""What the log of exposures teaches of items: guesses that were shown, and what became of them."""

import numpy as np
from numpy.typing import NDArray

from retrieval.belief_fit import TasteSettings
from retrieval.item_learning import PRIOR_EXPECTED, Impressions
from retrieval.items import Catalog
from retrieval.state.realms import tenant_of
from retrieval.state.records import LoggedExposure
from retrieval.state.store import StateStore

MOST_USERS = 100_000


def learn_from_log(state: StateStore, catalog: Catalog) -> tuple[Impressions, NDArray[np.int64]]:
    """Read every guess that was shown to a stored user of the state's tenant.

    What was expected is in the exposure's context; where it is not (logs of older versions), only the showing counts.

    Args:
        state: Holds the log.
        catalog: Rows are its rows; items that it has lost are left out.

    Returns:
        What showings taught, and how often each row was a guess, shape (n_items,).
    """
    shown = [
        exposure
        for seen in (state.of(realm) for realm in state.realms() if tenant_of(realm) == tenant_of(state.realm))
        for user in seen.list_users(MOST_USERS)
        for exposure in seen.exposures_of(user.user_id)
        if exposure.shown.exploratory and exposure.shown.item_id in catalog
    ]
    rows = catalog.rows(exposure.shown.item_id for exposure in shown)
    expected = np.asarray([_expected(exposure) for exposure in shown], dtype=np.float64)
    told = np.isfinite(expected)
    answered = np.asarray([_answer(exposure) for exposure in shown], dtype=np.float64)
    impressions = Impressions.none(len(catalog)).and_also(rows[told], expected[told], answered[told])
    return impressions, np.bincount(rows, minlength=len(catalog))


def _expected(exposure: LoggedExposure) -> float:
    return exposure.shown.context.get(PRIOR_EXPECTED, float("nan"))


def _answer(exposure: LoggedExposure) -> float:
    if exposure.outcome is None:
        return 0.0
    return float(TasteSettings().answers(np.asarray([exposure.outcome.weight]))[0])
