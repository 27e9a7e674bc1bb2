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
    """One policy's estimates of likes per guess, or why there are none."""

    model_config = ConfigDict(frozen=True)

    policy: str
    refused: str = ""
    estimate: Estimate | None = None
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
        Guess(person, exposure)
        for person, user in enumerate(state.list_users(MOST_USERS))
        for exposure in state.exposures_of(user.user_id)
        if exposure.shown.exploratory and exposure.shown.propensity > 0
    ]


def compare(guesses: Sequence[Guess], names: Iterable[str] = ()) -> PoliciesReport:
    """Judge policies.

    Args:
        guesses: The log.
        names: The policies as they are logged; all that the log tells of, and greedy, where none is given.
    """
    told = {key.removeprefix(P) for guess in guesses for key in guess.shown.shown.context if key.startswith(P)}
    wanted = tuple(names) or tuple(sorted({*told, *(make().name for make in POLICIES.values())}))
    outcomes = Counter(guess.shown.outcome for guess in guesses)
    return PoliciesReport(
        guesses=len(guesses),
        users=len({guess.person for guess in guesses}),
        by_running_policy=dict(Counter(guess.shown.shown.policy for guess in guesses)),
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
    for policy in report.policies:
        if found := policy.estimate:
            cells = map(_cell, (found.inverse, found.normalized, found.doubly_robust))
            lines.append(f"| {policy.policy} | {' | '.join(cells)} | {found.size:.0f} | {policy.exposures} |")
    lines += ["", *(f"- {policy.policy}: not told. {policy.refused}" for policy in report.policies if policy.refused)]
    return "\n".join(lines).rstrip()


def _judged(name: str, guesses: Sequence[Guess]) -> PolicyReport:
    told = [guess for guess in guesses if P + name in guess.shown.shown.context]
    if not told:
        return PolicyReport(policy=name, refused=NOT_LOGGED)
    try:
        estimate = evaluate(_columns(name, told))
    except OverlapError as error:
        return PolicyReport(policy=name, refused=str(error), exposures=len(told))
    return PolicyReport(policy=name, estimate=estimate, exposures=estimate.n)


def _columns(name: str, guesses: Sequence[Guess]) -> Exposures:
    contexts: list[Mapping[str, float]] = [guess.shown.shown.context for guess in guesses]

    def column(key: str) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        return np.asarray([context.get(key, 0.0) for context in contexts], dtype=np.float64)

    return Exposures(
        people=np.asarray([guess.person for guess in guesses], dtype=np.int64),
        logged=np.asarray([guess.shown.shown.propensity for guess in guesses], dtype=np.float64),
        target=column(P + name),
        rewards=np.asarray([guess.shown.outcome is FeedbackKind.LIKE for guess in guesses], dtype=np.float64),
        predicted=column("expected"),
        promised=column(V + name),
    )


def _cell(interval: Interval) -> str:
    return f"{interval.value:.3f} ({interval.low:.3f} to {interval.high:.3f})"
