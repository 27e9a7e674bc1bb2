"""What a user did, in the order of time."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True, slots=True)
class Interaction:
    """One signal of a user about an item."""

    user_id: str
    item_id: str
    weight: float
    """From -1 (hated) over 0 (known, no opinion) to 1 (loved)."""
    timestamp: float
    """Seconds since 1970; 0 where unknown."""


@dataclass(frozen=True)
class UserHistory:
    """A user's interactions, oldest first; the last one about an item counts."""

    user_id: str | None = None
    interactions: tuple[Interaction, ...] = ()

    @classmethod
    def of(cls, user_id: str | None, interactions: Iterable[Interaction]) -> "UserHistory":
        """Sort by time; equal times keep their order."""
        return cls(user_id, tuple(sorted(interactions, key=lambda interaction: interaction.timestamp)))

    @cached_property
    def weights(self) -> Mapping[str, float]:
        """The last weight by item."""
        return {interaction.item_id: interaction.weight for interaction in self.interactions}

    @cached_property
    def times(self) -> Mapping[str, float]:
        """When it was given, by item."""
        return {interaction.item_id: interaction.timestamp for interaction in self.interactions}

    def liked(self) -> tuple[str, ...]:
        """Items with a positive last weight, most recent last."""
        return tuple(item_id for item_id, weight in self.weights.items() if weight > 0)

    def disliked(self) -> tuple[str, ...]:
        """Items with a negative last weight, most recent last."""
        return tuple(item_id for item_id, weight in self.weights.items() if weight < 0)

    def seen(self) -> frozenset[str]:
        """Every item that the user knows."""
        return frozenset(self.weights)

    def recent(self, n: int) -> tuple[Interaction, ...]:
        """The last `n` interactions, oldest first."""
        return self.interactions[-n:] if n > 0 else ()
