"""What an assistant asks back, read from its words: which of two values, which field, which of several items.

Lines of a list are not read; knows the catalog's schema, no domain.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from agent.drivers.offline.spot import Spotter
from eval.simulation.taste import Piece
from retrieval.items import Catalog
from retrieval.schema import FieldSpec

LISTED = re.compile(r"^\s*(?:\d{1,3}[.)]|[-*•>])\s.*$", re.MULTILINE)
SENTENCE = re.compile(r"[^.!?。！？\n]*[?？]")
LIKING = re.compile(r"\b(?:favou?rites?|(?:lik|lov|enjoy)(?:e|ed))\b|喜欢|爱", re.IGNORECASE)
CHOICE = re.compile(r"\b(?:or|rather|prefer)\b|还是|或者?|更想要", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Asked:
    """A question; everything is empty for one that asks nothing in particular."""

    values: tuple[Piece, ...] = ()
    """Which of these?"""
    field: str = ""
    """Which value of this field?"""
    items: tuple[str, ...] = ()
    """Which of these items was meant?"""
    examples: bool = False
    """Which items do you like?"""


def read_question(text: str, catalog: Catalog, spotter: Spotter, named: Sequence[str] = ()) -> Asked | None:
    """The last question of an assistant's turn; None where it asks nothing.

    Args:
        text: The assistant's words.
        catalog: The items.
        spotter: Finds the catalog's values.
        named: Items that the user named so far.
    """
    sentences = SENTENCE.findall(LISTED.sub("", text))
    if not sentences:
        return None
    sentence = sentences[-1].strip()
    items = tuple(item_id for item_id in named if catalog.item(item_id).label in sentence)
    if items and CHOICE.search(sentence):
        return Asked(items=items[:1])
    spots = spotter.spot(sentence)
    values = tuple(dict.fromkeys(Piece(spot.field, str(spot.value)) for spot in spots if spot.kind == "value"))
    if len(values) > 1 and CHOICE.search(sentence):
        return Asked(values=values)
    field = next((spec.name for spec in catalog.schema.fields if _speaks_of(spec, sentence)), "")
    return Asked(field=field, examples=not field and _asks_for_examples(sentence, catalog))


def _asks_for_examples(sentence: str, catalog: Catalog) -> bool:
    schema = catalog.schema
    words = (*schema.nouns.values(), *schema.noun.values(), *schema.also_called)
    return bool(LIKING.search(sentence)) and any(word.casefold() in sentence.casefold() for word in words)


def _speaks_of(spec: FieldSpec, sentence: str) -> bool:
    words = {*spec.words, *spec.label.values()}
    patterns = (rf"\b{re.escape(word)}\b" if word.isascii() else re.escape(word) for word in words)
    return any(re.search(pattern, sentence, re.IGNORECASE) for pattern in patterns)
