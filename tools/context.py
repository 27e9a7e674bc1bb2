"""What the tools of one turn work on, and what they bring: a retriever, this user's history, the wish as it stands."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from retrieval.candidates import Candidate, Evidence
from retrieval.history import UserHistory
from retrieval.items import Catalog, Item
from retrieval.preference import Constraint, Preference, Wish
from retrieval.retriever import Retriever
from retrieval.standing import Decisive, Standing
from retrieval.titles import normalize_title
from tools.limits import LimitReader, Problems
from tools.patch import PatchResult, with_tastes
from tools.placing import Placer, split_year


@dataclass(frozen=True, slots=True)
class Lookup:
    """A look-up of all items that keep some limits: the whole count, and the items in the order asked for."""

    limits: tuple[Constraint, ...]
    total: int
    item_ids: tuple[str, ...]
    sort: str = ""
    rows: int = 0
    """How many of them were asked for; 0 for all."""
    is_asked: bool = False
    """Whether the count was what was asked for, and not a by-product of a search."""


@dataclass(frozen=True, slots=True)
class SlotPlan:
    """One place of a list with wishes of its own."""

    name: str
    constraints: tuple[Constraint, ...] = ()
    wishes: tuple[Wish, ...] = ()
    text: str = ""
    item_ids: tuple[str, ...] = ()
    """What the driver would put there, best first."""
    novelty: float | None = None


@dataclass(frozen=True, slots=True)
class Ending:
    """How the driver ends a turn: a list, an answer or a question."""

    tool: str
    """'recommend', 'answer' or 'ask_user'."""
    item_ids: tuple[str, ...] = ()
    """The order of a list, or what an answer is about."""
    count: int | None = None
    slots: tuple[SlotPlan, ...] = ()
    slots_left: int = 0
    """How many more places were asked for than a list has."""
    per: str = ""
    """The field of which each value gets a place."""
    same: tuple[str, ...] = ()
    """Fields in which the items of all places share a value."""
    among: tuple[str, ...] = ()
    """The only items that may be shown, where one of them is to be chosen; empty for all."""
    kind: str = ""
    """Of an answer; see `tools.arguments.AnswerKind`."""
    fields: tuple[str, ...] = ()
    limits: tuple[Constraint, ...] = ()
    """What is asked of the items of a 'which'."""
    text: str = ""
    """What the model said itself: small talk, or the question."""
    choices: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    """What it refers to that the catalog does not have."""


@dataclass(frozen=True, slots=True)
class Found:
    """What one call returns beside its text: the code takes items from here, never from prose."""

    by_channel: Mapping[str, Sequence[Candidate]] = field(default_factory=dict)
    facts: Mapping[str, tuple[Evidence, ...]] = field(default_factory=dict)
    """Facts by item id."""
    paths: tuple[Evidence, ...] = ()
    lookup: Lookup | None = None
    patch: PatchResult | None = None
    ending: Ending | None = None
    problems: Problems = field(default_factory=Problems)
    is_refused: bool = False
    """Whether the call could not be carried out as it was asked: the model can mend it."""

    @property
    def size(self) -> int:
        """How many candidates, facts and paths."""
        return sum(map(len, self.by_channel.values())) + sum(map(len, self.facts.values())) + len(self.paths)


@dataclass(slots=True)
class ToolContext:
    """One turn's desk. Made anew for every turn, so that two users never see each other's candidates."""

    retriever: Retriever
    placer: Placer
    history: UserHistory
    wanted: Preference
    """What is wanted in this conversation, without the tastes of the store; patches change it."""
    tastes: tuple[Constraint | Wish, ...] = ()
    """The user's lasting tastes, from earlier conversations."""
    is_unread: bool = False
    """Whether `wanted` does not know the turns before the message: there is nothing to start over from."""
    shown: tuple[str, ...] = ()
    """Item ids of the last list, in order: '#1' is the first."""
    shown_before: tuple[str, ...] = ()
    """Item ids of every list of this conversation."""
    cards: tuple[str, ...] = ()
    """Item ids of the last list that was suggested, in order; `shown` may be one that only words listed."""
    shown_earlier: tuple[tuple[str, ...], ...] = ()
    """Item ids of every list but the last one, oldest first: they were passed over when that was made."""
    ranked: tuple[str, ...] = ()
    """The order in which the items of the last list, and those behind them, were ranked; empty where it is lost."""
    standings: dict[str, Standing] = field(default_factory=dict)
    """Where items stand that are asked about, by item id."""
    decisions: dict[str, Decisive] = field(default_factory=dict)
    """What would have changed that items were shown, by item id."""
    by_channel: dict[str, tuple[Candidate, ...]] = field(default_factory=dict)
    """All candidates of the turn: a second search joins the first."""
    facts: dict[str, tuple[Evidence, ...]] = field(default_factory=dict)
    paths: tuple[Evidence, ...] = ()
    lookups: tuple[Lookup, ...] = ()
    patches: tuple[PatchResult, ...] = ()
    ending: Ending | None = None
    problems: Problems = field(default_factory=Problems)
    unread: tuple[str, ...] = ()
    """Words of the message that nothing stands for (the offline driver says so)."""
    lists_beside: bool = False
    """Whether the driver lets a list stand beside an answer or a question, since the wish is known all the same."""
    has_lost: bool = False
    """Whether a look-up failed or was late."""
    said: str = ""
    """What the user wrote in this conversation."""

    @property
    def catalog(self) -> Catalog:
        """The items."""
        return self.retriever.catalog

    @property
    def preference(self) -> Preference:
        """What is wanted, lasting tastes included."""
        dropped = {key for patch in self.patches for key in patch.dropped}
        tastes = (taste for taste in self.tastes if taste.key not in dropped)
        return with_tastes(self.wanted, tastes, one_of=self.placer.alternative)

    @property
    def limits(self) -> LimitReader:
        """Reads limits and references as this turn means them."""
        known = (*self.shown_before, *self.wanted.liked, *self.wanted.disliked)
        return LimitReader(self.placer, self.shown, known)

    def items(self, references: Sequence[str], problems: Problems) -> tuple[Item, ...]:
        """The items of references; the others go to `problems`."""
        placed = (self.limits.item(said, problems) for said in references)
        return tuple({item.item_id: item for item in placed if item is not None}.values())

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

    def take(self, found: Found) -> None:
        """Add what a call brought; the newest score of an item in a channel counts."""
        for name, candidates in found.by_channel.items():
            joined = {candidate.item_id: candidate for candidate in (*self.by_channel.get(name, ()), *candidates)}
            order = sorted(joined.values(), key=lambda candidate: -candidate.scores.get(name, 0.0))
            self.by_channel[name] = tuple(order)
        self.facts.update(found.facts)
        self.paths = (*self.paths, *found.paths)
        if found.lookup is not None:
            self.lookups = (*self.lookups, found.lookup)
        if found.patch is not None:
            self.patches = (*self.patches, found.patch)
            self.wanted = found.patch.preference
        if found.ending is not None and self.ending is None:
            self.ending = replace(found.ending, unknown=self._speakable(found.ending.unknown))
        found.problems.unknown = [*self._speakable(found.problems.unknown)]
        self.problems.join(found.problems)

    def _speakable(self, names: Sequence[str]) -> tuple[str, ...]:
        """Names that may come up in words: of what the house hides only what the user named."""
        titles, said = self.catalog.house.titles, f" {normalize_title(self.said)} " if self.catalog.house.titles else ""
        hidden = (normalize_title(split_year(name)[0]) for name in names)
        return tuple(
            name for name, title in zip(names, hidden, strict=True) if title not in titles or f" {title} " in said
        )
