"""The two protocols: which models are fitted on what, and whose figures are compared with whose."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from benchmarks.recommender.data import POSITIVE, Data
from benchmarks.recommender.grids import GRIDS
from benchmarks.recommender.harness import Gain, Result, average, gain, pool
from benchmarks.recommender.ours import Ours
from benchmarks.recommender.peers import FALLBACK, Choice, Peers
from benchmarks.recommender.splits import (
    CUTS,
    VALIDATION_CUT,
    Split,
    few,
    leave_out,
    time_cuts,
    validation,
    with_history,
)
from retrieval.fusion.others.fused import LONG_TERM, POPULARITY_NOW

NDCG = "ndcg@10"
LAST = (1, 2, 3)
"""Users with few interactions are judged by so many last ones, each left out in turn."""
NEXT = "next"
"""The default of protocol one, asked the question of protocol two."""
CHEAP = ("Popular", "ItemKNN", "EASE", "ALS", "BPR")
"""Peers that are fitted in seconds."""


@dataclass(frozen=True)
class Few:
    """The users with the fewest interactions, pooled over their last three."""

    n_users: int
    most_interactions: int
    values: Mapping[str, Result]
    """By model: ours under 'fused', peers by name."""
    users: NDArray[np.int64]
    """The user of each pooled request."""
    gains: Mapping[str, Gain]
    """Ours against each peer."""


@dataclass(frozen=True)
class One:
    """Protocol one, on test."""

    split: Split
    choices: Mapping[str, Choice]
    peers: Mapping[str, Result]
    strategies: Mapping[str, Result]
    """'fused' is the default's."""
    channels: Mapping[str, Result]
    few: Few

    @property
    def best(self) -> str:
        """The peer with the best NDCG@10 on test: the hardest one to beat."""
        return best_of(self.peers)

    def gain(self, chosen: NDArray[np.bool_] | None = None, metric: str = NDCG) -> Gain:
        """Ours against the best peer, over (some of) the users."""
        ours, theirs = self.strategies["fused"].values[metric], self.peers[self.best].values[metric]
        return gain(ours, theirs) if chosen is None else gain(ours[chosen], theirs[chosen])


@dataclass(frozen=True)
class Two:
    """Protocol two, its cuts pooled; 'fused' is `COMING`, 'later' a conversation's, 'next' protocol one's default."""

    cuts: tuple[Split, ...]
    users: NDArray[np.int64]
    known: NDArray[np.bool_]
    """Whether the user had a past at the cut."""
    peers: Mapping[str, Result]
    strategies: Mapping[str, Result]
    channels: Mapping[str, Result]

    @property
    def best(self) -> str:
        """The peer with the best NDCG@10."""
        return best_of(self.peers)

    def gain(self, chosen: NDArray[np.bool_] | None = None, name: str = "fused") -> Gain:
        """Ours against the best peer, over (some of) the requests."""
        mask = np.ones(len(self.users), dtype=np.bool_) if chosen is None else chosen
        ours, theirs = self.strategies[name].values[NDCG], self.peers[self.best].values[NDCG]
        return gain(ours[mask], theirs[mask], self.users[mask])


def best_of(results: Mapping[str, Result]) -> str:
    """The name of the one with the best NDCG@10."""
    return max(results, key=lambda name: results[name].mean(NDCG))


def choose(data: Data, peers: Peers, names: Sequence[str]) -> dict[str, Choice]:
    """The peers' settings, chosen on validation."""
    split = validation(data.log)
    return {name: peers.choose(name, split) for name in names}


def protocol_one(data: Data, peers: Peers, ours: Ours, names: Sequence[str] = tuple(GRIDS)) -> One:
    """Fit everything on all but the last interaction, and guess that."""
    split = leave_out(data.log, 1)
    choices = choose(data, peers, names)
    peer_results = {name: average(peers.run(choice, split)) for name, choice in choices.items()}
    channels, strategies = ours.channels(split), ours.fused(split, all_strategies=True)
    return One(
        split, choices, peer_results, strategies, channels, _few(data, peers, ours, choices, best_of(peer_results))
    )


def protocol_two(data: Data, peers: Peers, ours: Ours, choices: Mapping[str, Choice]) -> Two:
    """Known is the past of a moment, guessed what is liked afterwards; settings are those of protocol one."""
    cuts = tuple(time_cuts(data.log, positive=POSITIVE, shares=CUTS))
    popular = _popular_over_time(data, peers)
    choices = {**choices, FALLBACK: popular}
    peer_results: dict[str, list[Result]] = {}
    for cut in cuts:
        fallback = peers.run(popular, cut, 1)[0]
        for name, choice in choices.items():
            mine = peers.run(choice, cut, 1)[0]
            peer_results.setdefault(name, []).append(_with_fallback(mine, fallback, with_history(cut)))
    strategies = _columns(
        [
            {
                NEXT: ours.fused(cut)["fused"],
                LONG_TERM: ours.later(cut, LONG_TERM),
                "fused": ours.later(cut, POPULARITY_NOW),
            }
            for cut in cuts
        ]
    )
    channels = _columns([ours.channels(cut, extra=()) for cut in cuts])
    users = np.concatenate([cut.users for cut in cuts])
    known = np.concatenate([with_history(cut) for cut in cuts])
    return Two(cuts, users, known, {name: pool(parts) for name, parts in peer_results.items()}, strategies, channels)


def _few(data: Data, peers: Peers, ours: Ours, choices: Mapping[str, Choice], best: str) -> Few:
    chosen, sizes = few(data.log), np.diff(data.log.starts())
    splits = [split.of(chosen[split.users]) for split in (leave_out(data.log, n) for n in LAST)]
    whole = [leave_out(data.log, n) for n in LAST]
    names = [name for name in choices if name in CHEAP or name == best]
    results = {
        name: pool([_part(average(peers.run(choices[name], split)), chosen[split.users]) for split in whole])
        for name in names
    }
    mine = pool([_part(ours.fused(split)["fused"], chosen[split.users]) for split in whole])
    users = np.concatenate([split.users for split in splits])
    gains = {name: gain(mine.values[NDCG], result.values[NDCG], users) for name, result in results.items()}
    return Few(int(chosen.sum()), int(sizes[chosen].max()), {"fused": mine, **results}, users, gains)


def _part(result: Result, chosen: NDArray[np.bool_]) -> Result:
    """The figures of some of the users."""
    values = {name: held[chosen] for name, held in result.values.items()}
    top, long_tail, tied = result.top[chosen], result.long_tail[chosen], result.tied[chosen]
    return replace(result, values=values, top=top, long_tail=long_tail, tied=tied)


def _with_fallback(mine: Result, fallback: Result, known: NDArray[np.bool_]) -> Result:
    """A library's figures where it knows the user, the popular items' elsewhere."""
    values = {name: np.where(known, held, fallback.values[name]) for name, held in mine.values.items()}
    return replace(mine, values=values, top=np.where(known[:, None], mine.top, fallback.top))


def _columns(parts: Sequence[Mapping[str, Result]]) -> dict[str, Result]:
    """Pooled by model, of those that every split has."""
    names = [name for name in parts[0] if all(name in part for part in parts)]
    return {name: pool([part[name] for part in parts]) for name in names}


def _popular_over_time(data: Data, peers: Peers) -> Choice:
    """How far back popular items are counted, chosen at an earlier cut."""
    (cut,) = time_cuts(data.log, positive=POSITIVE, shares=(VALIDATION_CUT,), until=CUTS[0])
    return peers.choose(FALLBACK, cut)
