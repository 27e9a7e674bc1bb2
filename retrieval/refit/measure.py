"""Compares two retrievers on what people said last: likes that neither was fitted on, looked for among all items."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retrieval.history import Interaction, UserHistory
from retrieval.items import Catalog
from retrieval.preference import Preference
from retrieval.refit.generations import Measured
from retrieval.refit.opinions import Opinions
from retrieval.retriever import Retriever

MOST_PEOPLE = 200
LEAST_PEOPLE = 10
"""With fewer people nothing is learned: what one of them likes would decide."""
AMONG = 10
MOST_RISEN = 5


@dataclass(frozen=True, slots=True)
class Question:
    """One person, and a like of theirs that is held back."""

    place: int
    """Of the like in the columns of the opinions."""
    history: UserHistory
    """Everything else they said."""
    item_id: str
    user: int
    """The person's number."""


def questions(opinions: Opinions, catalog: Catalog, *, after: float, seed: int = 0) -> list[Question]:
    """A like of each person who gave one since a time and likes something else, too; of at most `MOST_PEOPLE`.

    A like that answers no list is taken before one that does: what was shown was chosen by the models that serve. Of
    these the newest is, one of them by chance where they came together.

    Args:
        opinions: Of everybody.
        catalog: Rows are its rows.
        after: In seconds since 1970; what was given later is unknown to the models that serve.
        seed: Of the draws.
    """
    asked: list[Question] = []
    rng = np.random.default_rng(seed)
    for user in np.unique(opinions.users).tolist():
        own = np.flatnonzero(opinions.users == user)
        liked = own[opinions.weights[own] > 0]
        fresh = liked[opinions.times[liked] > after]
        if not len(fresh) or len(liked) < 2:
            continue
        place = int(fresh[np.lexsort((rng.random(len(fresh)), opinions.times[fresh], opinions.sought[fresh]))[-1]])
        rest = own[own != place]
        columns = zip(
            opinions.rows[rest].tolist(), opinions.weights[rest].tolist(), opinions.times[rest].tolist(), strict=True
        )
        known = (Interaction("", catalog.items[row].item_id, weight, time) for row, weight, time in columns)
        asked.append(Question(place, UserHistory.of(None, known), catalog.items[opinions.rows[place]].item_id, user))
    drawn = rng.permutation(len(asked))[:MOST_PEOPLE]
    return [asked[at] for at in sorted(drawn.tolist())]


def without(opinions: Opinions, asked: Sequence[Question]) -> Opinions:
    """All but the likes that are held back."""
    kept = np.ones(len(opinions), dtype=np.bool_)
    kept[[question.place for question in asked]] = False
    return opinions.where(kept)


def lists(retriever: Retriever, asked: Sequence[Question]) -> list[list[str]]:
    """What each person gets who says nothing, best first."""
    return [_list_of(retriever, question) for question in asked]


def compare(before: Sequence[Sequence[str]], after: Sequence[Sequence[str]], asked: Sequence[Question]) -> Measured:
    """Two lists for each of the same questions.

    Args:
        before: Of what serves.
        after: Of what was fitted.
        asked: The likes that both look for.
    """
    pairs = [(set(was), set(now)) for was, now in zip(before, after, strict=True)]
    came = Counter(item_id for was, now in pairs for item_id in now - was)
    moved = [len(now - was) / max(1, len(now)) for was, now in pairs]
    gains_before, gains_after = _gains(before, asked), _gains(after, asked)
    return Measured(
        people=len(asked),
        ndcg_before=round(float(gains_before.mean()), 4),
        ndcg_after=round(float(gains_after.mean()), 4),
        found_before=int((gains_before > 0).sum()),
        found_after=int((gains_after > 0).sum()),
        moved=round(float(np.mean(moved)), 4),
        risen=tuple(item_id for item_id, _ in sorted(came.items(), key=lambda pair: (-pair[1], pair[0]))[:MOST_RISEN]),
    )


def _list_of(retriever: Retriever, asked: Question) -> list[str]:
    nothing = Preference()
    brought = {name: retriever.run(name, nothing, asked.history) for name in retriever.channel_names}
    return [candidate.item_id for candidate in retriever.rank(brought, nothing, asked.history, AMONG).fit]


def _gains(lists: Sequence[Sequence[str]], asked: Sequence[Question]) -> NDArray[np.float64]:
    """1 over the binary logarithm of the place plus 1, 0 where the like is in no list: NDCG with one right item."""
    places = (
        question.item_id in ranked and ranked.index(question.item_id) + 1
        for ranked, question in zip(lists, asked, strict=True)
    )
    return np.asarray([1.0 / np.log2(place + 1) if place else 0.0 for place in places], dtype=np.float64)
