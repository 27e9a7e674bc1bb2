"""A driver that spots names, over a catalog of which the house hides some items: their titles mean nothing to it."""

from copy import copy
from typing import Any

from agent.drivers.base import Driver
from tools.placing import Placer

MADE_ONCE = ("prefix", "bank")
"""What a driver makes of the whole catalog and shares."""


def narrowed(driver: Driver, placer: Placer) -> Driver:
    """The same driver where it spots nothing, or nothing is hidden.

    Args:
        driver: Over the whole catalog.
        placer: Over the catalog as a request sees it, with the same rows.
    """
    known: Any = driver
    spotter = getattr(known, "spotter", None)
    if spotter is None or spotter.catalog is placer.catalog:
        return driver
    for name in MADE_ONCE:
        getattr(known, name, None)
    seen, found = copy(spotter), copy(known)
    seen.catalog, seen.placer = placer.catalog, placer
    vars(found).update(spotter=seen, **({"catalog": placer.catalog} if "catalog" in vars(found) else {}))
    narrow: Driver = found
    return narrow
