"""Where an item stands among all that could be shown for a wish, and what would have changed that: by running again."""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from retrieval.candidates import Candidate
from retrieval.fusion.base import Lists, Shown
from retrieval.history import UserHistory
from retrieval.preference import Constraint, Leaning, Preference, Wish
from retrieval.retriever import Retriever

MOST_LIKES = 6
"""Liked items, the newest, that are taken away one by one."""
MOST_GAPS = 2
"""Shares by which an item is said to be behind another."""


@dataclass(frozen=True, slots=True)
class Standing:
    """An item's place in the ranking of everything that the recommenders bring for a wish."""

    item_id: str
    rank: int = 0
    """From 1; 0 where it may not be shown, or no recommender says anything of it."""
    total: int = 0
    """How many items were ranked."""
    shares: Mapping[str, float] = field(default_factory=dict)
    """What each channel added to its score; see `Candidate.shares`."""
    rival: str = ""
    """The last of the items that were shown and are ahead of it; '' where none is."""
    behind: tuple[str, ...] = ()
    """In which shares it is behind the rival, the widest gap first."""


@dataclass(frozen=True, slots=True)
class Removal:
    """One thing less that the ranking rests on: a part of the wish, a liked item's id, or a channel's name."""

    limit: Constraint | Wish | Leaning | None = None
    liked: str = ""
    channel: str = ""
    is_text: bool = False
    """Whether it is the words of the wish."""


@dataclass(frozen=True, slots=True)
class Decisive:
    """Without which single thing an item would not be on the list."""

    removals: tuple[Removal, ...] = ()
    is_ranked: bool = True
    """Whether the recommenders put it on the list at all; where not, a guess or the driver did."""
    is_complete: bool = True
    """Whether there was time to try everything."""


def run_all(retriever: Retriever, preference: Preference, history: UserHistory) -> dict[str, list[Candidate]]:
    """What every channel brings."""
    return {name: retriever.run(name, preference, history) for name in retriever.channel_names}


def stand(
    retriever: Retriever,
    lists: Lists,
    item_id: str,
    preference: Preference,
    history: UserHistory,
    *,
    shown: Sequence[str] = (),
    before: Shown = (),
) -> Standing:
    """Rank again with an item forced in.

    Args:
        retriever: Ranks, and asks the channels about the item where they did not bring it.
        lists: What every channel brings for the wish (`run_all`).
        item_id: The item.
        preference: The wish.
        history: What is known of the user.
        shown: The list that it is held against, in order.
        before: Item ids of the lists that were shown before that one, oldest first.
    """
    forced = _with_item(retriever, lists, item_id, preference, history)
    order = retriever.order(forced, preference, history, before)
    place = {candidate.item_id: at for at, candidate in enumerate(order)}
    twins = retriever.catalog.double_of(item_id)
    at = min((place[twin] for twin in twins if twin in place), default=None)
    if at is None:
        return Standing(item_id, total=len(order))
    ahead = [place[other] for other in shown if other in place and place[other] < at and other not in twins]
    rival = order[max(ahead)] if ahead else None
    behind = () if rival is None else _gaps(order[at].shares, rival.shares)
    return Standing(item_id, at + 1, len(order), order[at].shares, rival.item_id if rival else "", behind)


def decisive(
    retriever: Retriever,
    lists: Lists,
    item_id: str,
    preference: Preference,
    history: UserHistory,
    *,
    places: int,
    before: Shown = (),
    seconds: float = 2.0,
) -> Decisive:
    """Take away one thing after the other and see whether the item is still on the list.

    Args:
        retriever: Ranks, and runs the channels on what is left of the wish.
        lists: What every channel brings for the whole wish (`run_all`).
        item_id: An item that was shown.
        preference: The wish.
        history: What is known of the user.
        places: How many places the list has.
        before: Item ids of the lists that were shown before it, oldest first.
        seconds: After which nothing more is tried.
    """
    ends = time.monotonic() + seconds

    def has_item(brought: Lists, wanted: Preference) -> bool:
        ranked = retriever.rank(brought, wanted, history, places, before)
        return any(candidate.item_id == item_id for candidate in ranked.fit)

    if not has_item(lists, preference):
        return Decisive(is_ranked=False)
    removals: list[Removal] = []
    for removal, wanted in _removals(retriever, lists, item_id, preference, history):
        if time.monotonic() > ends:
            return Decisive(tuple(removals), is_complete=False)
        if removal.channel:
            rest: Lists = {name: brought for name, brought in lists.items() if name != removal.channel}
        else:
            rest = run_all(retriever, wanted, history)
        removals += [] if has_item(rest, wanted) else [removal]
    return Decisive(tuple(removals))


def _with_item(
    retriever: Retriever, lists: Lists, item_id: str, preference: Preference, history: UserHistory
) -> dict[str, list[Candidate]]:
    """The lists with what each channel says of one item, in its place by score."""
    forced: dict[str, list[Candidate]] = {}
    for name, brought in lists.items():
        has = any(candidate.item_id == item_id for candidate in brought)
        own = [] if has else retriever.run(name, preference, history, only=[item_id])
        forced[name] = (
            sorted((*brought, *own), key=lambda candidate: -candidate.scores.get(name, 0.0)) if own else [*brought]
        )
    return forced


def _gaps(own: Mapping[str, float], other: Mapping[str, float]) -> tuple[str, ...]:
    gaps = {name: other.get(name, 0.0) - own.get(name, 0.0) for name in {**other, **own}}
    wide = sorted((name for name in gaps if gaps[name] > 0), key=lambda name: -gaps[name])
    return tuple(wide[:MOST_GAPS])


def _removals(
    retriever: Retriever, lists: Lists, item_id: str, preference: Preference, history: UserHistory
) -> Iterator[tuple[Removal, Preference]]:
    """Everything that can be taken away alone, with the wish that is left: what the user said first, then channels."""
    limits: tuple[Constraint | Wish | Leaning, ...] = (
        *preference.constraints,
        *preference.wishes,
        *preference.leanings,
    )
    for limit in limits:
        yield Removal(limit), preference.without(limit.key)
    if preference.text:
        yield Removal(is_text=True), replace(preference, text="")
    likes = dict.fromkeys((*reversed(preference.liked), *reversed(history.liked())))
    for liked in [*likes][:MOST_LIKES]:
        yield Removal(liked=liked), _without_like(preference, liked)
    for name, brought in lists.items():
        if any(candidate.item_id == item_id for candidate in brought):
            yield Removal(channel=name), preference


def _without_like(preference: Preference, item_id: str) -> Preference:
    """The wish without an opinion; the item stays known, or it would itself take a place of the list."""
    return replace(
        preference,
        liked=tuple(liked_id for liked_id in preference.liked if liked_id != item_id),
        examples=tuple(example_id for example_id in preference.examples if example_id != item_id),
        seen=tuple(dict.fromkeys((*preference.seen, item_id))),
        set_aside=tuple(dict.fromkeys((*preference.set_aside, item_id))),
    )
