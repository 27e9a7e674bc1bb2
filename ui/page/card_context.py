"""What all cards of a list, or of a view, share."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from retrieval.items import Catalog
from ui.page.words import is_word, word


@dataclass(frozen=True, slots=True)
class CardContext:
    """What all cards of one list share."""

    catalog: Catalog
    language: str = "en"
    feedback: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """Item id -> (kind, feedback id)."""
    saved: frozenset[str] = frozenset()
    """Ids of items that were saved for later."""
    place: str = "0"
    """Names the list, so that what was unfolded in it stays so."""

    def say(self, key: str, *, count: int | None = None, **values: object) -> str:
        """A word of the page in the language of the list."""
        return word(key, self.language, count=count, **values)

    def channel(self, name: str) -> str:
        """A channel as the page calls it; one that it does not know by its own name."""
        return self.say(f"channel_{name}") if is_word(f"channel_{name}") else name
