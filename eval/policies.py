"""Policies compared from the log of exposures: what each would have earned per guess, without running it."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from pydantic import BaseModel, ConfigDict

from retrieval.ope import Estimate, Exposures, Interval, OverlapError, evaluate
from retrieval.policies import POLICIES
from retrieval.state import FeedbackKind, LoggedExposure, StateStore

MOST_USERS = 1_000_000
P, V = "p:", "v:"
NOT_LOGGED = (
    "the log does not say what this policy would have shown: expected a probability for it in the exposures' context, "
    "found none. Only policies that guess, and that this version of Reconteur knew when the list was shown, can be "
    "judged; compare others in the open."
)


@dataclass(frozen=True, slots=True)
class Guess:
    """One guess as it was logged."""

    person: int
    shown: LoggedExposure


class PolicyReport(BaseModel):
    """One policy's estimates, or why there are none; `[value, low, high]` of likes per guess."""

    model_config = ConfigDict(frozen=True)

    policy: str
    refused: str = ""
    inverse: tuple[float, float, float] | None = None
    normalized: tuple[float, float, float] | None = None
    doubly_robust: tuple[float, float, float] | None = None
    effective_size: float = 0.0
    exposures: int = 0


class PoliciesReport(BaseModel):
    """All of them."""

    model_config = ConfigDict(frozen=True)

    guesses: int
    users: int
    by_running_policy: dict[str, int]
    liked: int
    turned_down: int
    policies: tuple[PolicyReport, ...]


def read_guesses(state: StateStore) -> list[Guess]:
    """Every guess that was shown to a stored user; what was shown to nobody in particular has no outcome."""
    return [
        Guess(person, one)
        for person, user in enumerate(state.list_users(MOST_USERS))
        for one in state.exposures_of(user.user_id)
        if one.shown.exploratory and one.shown.propensity > 0
    ]


def compare(guesses: Sequence[Guess], names: Iterable[str] = ()) -> PoliciesReport:
    """Judge policies.

    Args:
        guesses: The log.
        names: The policies as they are logged; all that the log tells of, and greedy, where none is given.
    """
    told = {key.removeprefix(P) for one in guesses for key in one.shown.shown.context if key.startswith(P)}
    wanted = tuple(names) or tuple(sorted({*told, *(make().name for make in POLICIES.values())}))
    outcomes = Counter(one.shown.outcome for one in guesses)
    return PoliciesReport(
        guesses=len(guesses),
        users=len({one.person for one in guesses}),
        by_running_policy=dict(Counter(one.shown.shown.policy for one in guesses)),
        liked=outcomes[FeedbackKind.LIKE],
        turned_down=outcomes[FeedbackKind.DISLIKE],
        policies=tuple(_judged(name, guesses) for name in wanted),
    )


def to_markdown(report: PoliciesReport) -> str:
    """The report as a table, and what was refused below it."""
    running = ", ".join(f"{name} {count}" for name, count in sorted(report.by_running_policy.items())) or "none"
    lines = [
        f"{report.guesses} guesses shown to {report.users} users ({running}); {report.liked} liked, "
        f"{report.turned_down} turned down. Likes per guess, with 95 % intervals over users:",
        "",
        "| policy | inverse propensity | self-normalized | doubly robust | effective size | guesses |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for one in report.policies:
        if not one.refused:
            cells = (_cell(one.inverse), _cell(one.normalized), _cell(one.doubly_robust))
            lines.append(f"| {one.policy} | {' | '.join(cells)} | {one.effective_size:.0f} | {one.exposures} |")
    lines += ["", *(f"- {one.policy}: not told. {one.refused}" for one in report.policies if one.refused)]
    return "\n".join(lines).rstrip()


def _judged(name: str, guesses: Sequence[Guess]) -> PolicyReport:
    told = [one for one in guesses if P + name in one.shown.shown.context]
    if not told:
        return PolicyReport(policy=name, refused=NOT_LOGGED)
    try:
        found: Estimate = evaluate(_columns(name, told))
    except OverlapError as error:
        return PolicyReport(policy=name, refused=str(error), exposures=len(told))
    return PolicyReport(
        policy=name,
        inverse=_triple(found.inverse),
        normalized=_triple(found.normalized),
        doubly_robust=_triple(found.doubly_robust),
        effective_size=found.size,
        exposures=found.n,
    )


def _columns(name: str, guesses: Sequence[Guess]) -> Exposures:
    contexts: list[Mapping[str, float]] = [one.shown.shown.context for one in guesses]

    def column(key: str) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        return np.asarray([one.get(key, 0.0) for one in contexts], dtype=np.float64)

    return Exposures(
        people=np.asarray([one.person for one in guesses], dtype=np.int64),
        logged=np.asarray([one.shown.shown.propensity for one in guesses], dtype=np.float64),
        target=column(P + name),
        rewards=np.asarray([one.shown.outcome is FeedbackKind.LIKE for one in guesses], dtype=np.float64),
        predicted=column("expected"),
        promised=column(V + name),
    )


def _triple(one: Interval) -> tuple[float, float, float]:
    return one.value, one.low, one.high


def _cell(one: tuple[float, float, float] | None) -> str:
    return "" if one is None else f"{one[0]:.3f} ({one[1]:.3f} to {one[2]:.3f})"
