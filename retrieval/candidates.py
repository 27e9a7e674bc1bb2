"""What a channel returns: an item, one raw score per channel, and the evidence that the score rests on."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import overload


class EvidenceKind(StrEnum):
    """What the user sees on opening a piece of evidence."""

    FACT = "fact"
    """The item has `value` in `field` (and the user asked for it or a liked item shares it)."""
    TEXT = "text"
    """The item's description is near to the wish; `score` is the cosine, `text` the description."""
    SIMILAR_ITEM = "similar_item"
    """The description is near to that of a liked item (`item_ids`); `score` is the cosine."""
    CO_LIKED = "co_liked"
    """People who liked `item_ids` liked this one too; `count` such people, `score` the channel's contribution."""
    NEIGHBORS = "neighbors"
    """`count` users with similar taste liked it; `score` is the mean similarity."""
    PATH = "path"
    """A path in the knowledge graph from a liked item (`item_ids[0]`): `path` holds (subject, relation, object)."""
    CLUSTER = "cluster"
    """`count` people of the cluster that `facts` name (`value` in English words) liked it; `score` is how much the
    user belongs to it (0..1)."""
    POPULAR = "popular"
    """`count` users rated it; `score` is the share who liked it (0..1)."""
    PROPOSED = "proposed"
    """The language model named it for the wish; `score` is 1 for its first title and falls to above 0."""
    READ = "read"
    """The language model read `value` out of the description `text`: of `field`, or a mood where that is ''."""
    REMARK = "remark"
    """The catalog has the remark `field` about the item: `value`, or the item `item_ids[0]`."""
    GUESS = "guess"
    """Shown to learn about the user; `text` names what is tried out."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """One checkable reason; which members are filled depends on `kind`."""

    channel: str
    kind: EvidenceKind
    field: str = ""
    value: str = ""
    item_ids: tuple[str, ...] = ()
    count: int = 0
    score: float = 0.0
    text: str = ""
    path: tuple[tuple[str, str, str], ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
    """Field and value, several together; the words of a cluster."""


class Pending(Sequence[Evidence]):
    """Evidence that is put into words of its own when somebody looks at it: of a channel's candidates few are shown.

    What it rests on is known when the score is: there is at least one piece, and `make` gives the same however late it
    is called.
    """

    __slots__ = ("_args", "_made", "_make")

    def __init__(self, make: Callable[..., Sequence[Evidence]], *args: object) -> None:
        self._make, self._args = make, args
        self._made: tuple[Evidence, ...] | None = None

    def _all(self) -> tuple[Evidence, ...]:
        if self._made is None:
            self._made = tuple(self._make(*self._args))
        return self._made

    @overload
    def __getitem__(self, place: int) -> Evidence: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[Evidence, ...]: ...
    def __getitem__(self, place: int | slice) -> Evidence | tuple[Evidence, ...]:
        return self._all()[place]

    def __len__(self) -> int:
        return len(self._all())

    def __bool__(self) -> bool:
        return True

    def __iter__(self) -> Iterator[Evidence]:
        return iter(self._all())

    def __eq__(self, other: object) -> bool:
        return self._all() == tuple(other) if isinstance(other, tuple | Pending) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._all())

    def __repr__(self) -> str:
        return repr(self._all())


@dataclass(frozen=True, slots=True)
class Candidate:
    """An item that a channel (or, after fusion, several) came up with."""

    item_id: str
    scores: Mapping[str, float] = field(default_factory=dict)
    """Raw scores by channel name, higher is better; not comparable between channels."""
    evidence: Sequence[Evidence] = ()
    score: float = 0.0
    """The fused score; 0 before fusion."""
    parts: Mapping[str, float] = field(default_factory=dict)
    """What each dimension of interest adds to the learned part of `score`, compared with the mean candidate."""
    shares: Mapping[str, float] = field(default_factory=dict)
    """What each channel added to `score`, exactly: they sum to it. Beside channels there are `retrieval.ranker.WISHES`,
    `REPEAT` and `HOUSE`. Empty where nothing was fused."""
