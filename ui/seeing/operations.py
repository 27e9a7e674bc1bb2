"""What an operator wants to know of the last hours, made of the turns that were noted and of what was said to cards."""

import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

import numpy as np
from pydantic import BaseModel, Field

from retrieval.state import Answered, TurnLog, TurnNote

HOUR_S = 3600
MOST_TOLD = 50


class Hour(BaseModel):
    """Turns of one hour."""

    begins_at: float = Field(description="seconds since 1970")
    turns: int


class Driver(BaseModel):
    """The turns that one driver led."""

    driver: str
    turns: int
    median_s: float
    p95_s: float


class Said(BaseModel):
    """Something told of turns, and of how many."""

    text: str
    turns: int


class Likes(BaseModel):
    """What people said to what a channel found, or a policy placed."""

    name: str
    shown: int
    liked: int
    disliked: int


class Operations(BaseModel):
    """The last hours of one tenant. Of many turns the newest 20,000 count."""

    since: float = Field(description="seconds since 1970")
    turns: int
    shown: int = Field(description="items on lists, guesses and near misses among them")
    guesses: int
    near_misses: int
    failed_calls: int = Field(description="calls of tools and of the language model")
    dropped_sentences: int = Field(description="of the model, that nothing showed to be true")
    hours: list[Hour]
    drivers: list[Driver]
    acts: list[Said] = Field(description="how turns ended: recommend, answer, ask, call, hand_over")
    unread_turns: int = Field(description="turns with words or names that nothing was made of")
    unread: list[Said] = Field(description="those words, of stored users alone")
    empty_turns: int = Field(description="turns that wanted a list and got none")
    empty: list[Said] = Field(description="the limits that held then")
    channels: list[Likes] = Field(description="by channel that found the item; an item counts for each")
    policies: list[Likes] = Field(description="by exploration policy that placed the item, guesses apart")


def operations_of(log: TurnLog, tenant: str, hours: int) -> Operations:
    """The last hours of a tenant. Blocks.

    Raises:
        StateError: The state cannot be read.
    """
    now = time.time()
    since = now - hours * HOUR_S
    turns = log.since(tenant, since)
    channels, policies = log.answers(tenant, since)
    empty = [turn for turn in turns if turn.act == "recommend" and not turn.shown]
    return Operations(
        since=since,
        turns=len(turns),
        shown=sum(turn.shown + turn.near for turn in turns),
        guesses=sum(turn.guesses for turn in turns),
        near_misses=sum(turn.near for turn in turns),
        failed_calls=sum(turn.failed for turn in turns),
        dropped_sentences=sum(turn.dropped for turn in turns),
        hours=_by_hour(turns, since, now),
        drivers=_by_driver(turns),
        acts=_most(turn.act for turn in turns),
        unread_turns=sum(turn.is_unread for turn in turns),
        unread=_most(turn.unread for turn in turns),
        empty_turns=len(empty),
        empty=_most(turn.limits for turn in empty),
        channels=_likes(channels),
        policies=_likes(policies),
    )


def _by_hour(turns: Sequence[TurnNote], since: float, now: float) -> list[Hour]:
    counts = Counter(int(turn.at // HOUR_S) for turn in turns)
    numbers = range(int(since // HOUR_S), int(now // HOUR_S) + 1)
    return [Hour(begins_at=number * HOUR_S, turns=counts[number]) for number in numbers]


def _by_driver(turns: Sequence[TurnNote]) -> list[Driver]:
    seconds: defaultdict[str, list[float]] = defaultdict(list)
    for turn in turns:
        seconds[turn.driver].append(turn.seconds)
    return [
        Driver(driver=name, turns=len(took), median_s=float(np.median(took)), p95_s=float(np.quantile(took, 0.95)))
        for name, took in sorted(seconds.items())
    ]


def _most(texts: Iterable[str]) -> list[Said]:
    return [Said(text=text, turns=count) for text, count in Counter(filter(None, texts)).most_common(MOST_TOLD)]


def _likes(answers: dict[str, Answered]) -> list[Likes]:
    return [
        Likes(name=name, shown=answer.shown, liked=answer.liked, disliked=answer.disliked)
        for name, answer in answers.items()
    ]
