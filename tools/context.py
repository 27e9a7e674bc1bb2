"""What the tools of one turn work on: a retriever, this user's history, and what is wanted now."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from retrieval.candidates import Candidate, Evidence
from retrieval.history import UserHistory
from retrieval.preference import Preference
from retrieval.retriever import Retriever

SHOWN = 8
"""Candidates that a tool's text names; the artifact holds all."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a tool returns beside its text: the code takes items from here, never from prose."""

    by_channel: Mapping[str, Sequence[Candidate]] = field(default_factory=dict)
    facts: Mapping[str, tuple[Evidence, ...]] = field(default_factory=dict)
    """Facts by item id."""

    @property
    def size(self) -> int:
        """How many candidates or facts."""
        return sum(map(len, self.by_channel.values())) + sum(map(len, self.facts.values()))


@dataclass(frozen=True, slots=True)
class ToolContext:
    """Made anew for every turn, so that two users never see each other's candidates."""

    retriever: Retriever
    preference: Preference
    history: UserHistory

    def known(self, item_ids: Sequence[str]) -> tuple[str, ...]:
        """Those of the ids that the catalog has."""
        return tuple(one for one in item_ids if one in self.retriever.catalog)

    def run(self, channels: Sequence[str], items: Sequence[str] = (), **changes: object) -> Found:
        """Run channels with some members of the preference changed.

        Args:
            channels: Names; those that are not there bring nothing.
            items: Score just these; empty for the best of all.
            changes: Members of `Preference` to replace.
        """
        preference = replace(self.preference, **changes)  # type: ignore[arg-type]
        only = items or None
        return Found({name: self.retriever.run(name, preference, self.history, only=only) for name in channels})
