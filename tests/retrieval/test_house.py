"""What the house hides is found where words name it."""

import pytest

from retrieval.house import NO_HOUSE, House

HOUSE = House(frozenset(("game:2",)), {"nine foxes": {}, "九只狐狸": {}})


@pytest.mark.parametrize(
    ("text", "is_named"),
    [
        ("Because you liked Nine Foxes (2019).", True),
        ("NINE FOXES", True),
        ("因为你喜欢《九只狐狸》", True),
        ("也像九只狐狸那样", True),
        ("Nine foxesome evenings", False),
        ("Nine lives and ten foxes", False),
        ("", False),
    ],
)
def test_a_hidden_title_is_found_in_a_text(text: str, is_named: bool):
    assert HOUSE.names(text) is is_named
    assert not NO_HOUSE.names(text)
