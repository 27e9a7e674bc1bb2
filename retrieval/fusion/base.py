"""What a way to fuse is: the only place where scores of different channels meet."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from retrieval.candidates import Candidate
from retrieval.fusion.lists import summed
from retrieval.history import UserHistory
from retrieval.preference import Preference

Parts = dict[str, dict[str, float]]
"""By item id, what each dimension of interest adds to its score, compared with the mean candidate."""
Lists = Mapping[str, Sequence[Candidate]]
"""Candidates by channel, each list best first."""
Shown = Sequence[Sequence[str]]
"""Item ids of the lists that were shown in this conversation, oldest first."""


def no_parts(item_ids: Iterable[str]) -> Parts:
    """Of a fusion that cannot tell."""
    return {}


@dataclass(frozen=True, slots=True)
class Fused:
    """What many lists are worth together."""

    shares: Mapping[str, Mapping[str, float]]
    """By channel and item id: what the channel adds to the item's score, which is their sum, about 1 for the best."""
    dimensions: Mapping[str, float] = field(default_factory=dict)
    """How much each dimension of interest counts for this person and request, summing to 1; empty where unknown."""
    parts: Callable[[Iterable[str]], Parts] = no_parts
    """What each dimension adds for some items."""
    parts_are: str = ""
    """What these parts are: 'exact' summands, 'shap' values of trees, an 'attention' network's summands, those of one
    'attention_beside' a strategy that cannot tell, or '' for none."""
    total: Mapping[str, float] | None = None
    """The sums of the shares by item id, where they are at hand."""

    @property
    def points(self) -> Mapping[str, float]:
        """The fused score of each candidate by item id, higher is better."""
        return summed(self.shares) if self.total is None else self.total


class Fusion(Protocol):
    """A way to make one list of many."""

    def fuse(self, lists: Lists, preference: Preference, history: UserHistory, shown: Shown = ()) -> Fused:
        """Score what the channels brought.

        Args:
            lists: Candidates by channel.
            preference: What is wanted.
            history: What is known of the user.
            shown: What was shown in this conversation.
        """
        ...
