"""What a claim about values in an order rests on."""

import pytest

from agent.wording.ledger import Ledger
from agent.wording.proofs import Claim, refuted
from tests.tools.test_company import SHOWS

CALM, FIERCE = SHOWS.item("show:1"), SHOWS.item("show:4")
VIOLENCE, KINDS = SHOWS.schema.field("violence"), SHOWS.schema.field("kinds")
BOTH = Ledger(item_ids=frozenset((CALM.item_id, FIERCE.item_id)), pools=((CALM.item_id, FIERCE.item_id),))


@pytest.mark.parametrize(
    ("op", "value", "of_fierce", "holds"),
    [
        ("<", "2.violence", True, True),
        (">", "2.violence", True, False),
        ("<=", "mild", False, True),
        (">=", "some", False, False),
        ("=", "min", False, True),
        ("=", "max", False, False),
    ],
)
def test_values_in_an_order_are_compared_by_their_places(op: str, value: str, of_fierce: bool, holds: bool) -> None:
    claim = Claim((CALM,), VIOLENCE, op, value)

    why = refuted(claim, BOTH, SHOWS, other=FIERCE if of_fierce else None, words="calmer")

    assert (why == "") == holds


def test_values_without_an_order_are_not_compared() -> None:
    why = refuted(Claim((CALM,), KINDS, "<", "2.kinds"), BOTH, SHOWS, other=FIERCE, words="lighter")

    assert why == "kinds have no order"
