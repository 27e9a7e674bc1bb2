"""How conversations with simulated users went, in figures with intervals over users.

All are means over what is named, with percentile intervals from drawing whole people with replacement
(`eval.bootstrap`). U users, at most N answers each; the user `u` accepts in answer `t_u`, or never. Success rate and
average turns as in Lei et al., WSDM 2020, doi:10.1145/3336191.3371769.

- `success_rate` = |{u: t_u exists}| / U; `success@t` = |{u: t_u <= t}| / U.
- `turns_to_success` = mean of t_u over the users who accept.
- `average_turns` = mean over all users of t_u, or N where there is none.
- `limit_kept`: of the items shown after the limit was stated, the share that keeps it.
- `wish_kept`: of all items shown, the share that has what was wanted at the time.
- `repeats`: of all items shown, the share that was shown before or that the user had named.
- `forgotten`: of everything said that at least one later list could go against (a limit, a wish until it is changed, a
  named item), the share that a later list did go against: an item that breaks the limit, no item with what is wanted,
  the named item itself. `forgotten_limit`, `forgotten_wish`, `forgotten_title`: the same by kind.
- `liked`: of the items shown of which the user holds an opinion that nobody was told, the share that is liked.
- `without_items`: of all answers, the share that suggests nothing.
- `outside_catalog`: of all titles suggested, the share that the catalog does not have.
- `seconds`, `tokens` (of prompts and answers): per answer.
"""

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from pydantic import BaseModel

from eval.bootstrap import bootstrap_means
from eval.scores import Score
from eval.simulation.people import person_of
from eval.simulation.records import AnswerRecord, Simulated, SimulatedDialogue
from eval.simulation.user import Verdict

LEVEL = 0.95
KINDS = ("limit", "wish", "title")
REPEATED = (Verdict.REPEAT, Verdict.NAMED)
OPINIONS = {Verdict.ACCEPTED: 1.0, Verdict.LATER: 1.0, Verdict.DISLIKED: 0.0}


class SimulationScores(BaseModel):
    """The figures of one run; None where there was nothing to count."""

    system: str
    users: int
    people: int = 0
    """Whom they are made of: drawn together for the intervals."""
    errors: int
    """Conversations that an error ended: not counted."""
    max_turns: int
    seed: int
    level: float = LEVEL
    scores: dict[str, Score]
    by_turn: list[Score]
    """`success@t` for t = 1, 2, ..."""
    groups: dict[str, tuple[int, Score]]
    """Temper or fullness -> users and success rate."""
    seconds_p50: float | None
    seconds_p95: float | None


class Observation(NamedTuple):
    """One thing that was counted."""

    metric: str
    user: str
    value: float


def score_simulation(dialogues: Sequence[SimulatedDialogue], *, seed: int = 0) -> SimulationScores:
    """The figures of one run; `seed` is that of the bootstrap."""
    whole = [dialogue for dialogue in dialogues if not dialogue.simulated.error]
    observations = [row for dialogue in whole for row in observe(dialogue)]
    metrics = list(dict.fromkeys(metric for metric, _, _ in observations))
    means = _means(observations, metrics, seed)
    turns = max((dialogue.simulated.max_turns for dialogue in whole), default=0)
    seconds = [answer.seconds for dialogue in whole for answer in dialogue.simulated.answers]
    return SimulationScores(
        system=dialogues[0].simulated.system if dialogues else "",
        users=len(whole),
        people=len({person_of(dialogue.dialogue_id) for dialogue in whole}),
        errors=len(dialogues) - len(whole),
        max_turns=turns,
        seed=dialogues[0].simulated.seed if dialogues else 0,
        scores={metric: score for metric, score in means.items() if not metric.startswith("success@")},
        by_turn=[means[f"success@{turn}"] for turn in range(1, turns + 1)],
        groups=_groups(whole, seed),
        seconds_p50=float(np.quantile(seconds, 0.5)) if seconds else None,
        seconds_p95=float(np.quantile(seconds, 0.95)) if seconds else None,
    )


def observe(dialogue: SimulatedDialogue) -> Iterable[Observation]:
    """Everything that is counted of one conversation."""
    simulated, user = dialogue.simulated, dialogue.dialogue_id
    rows = [*_success(simulated), *_said(simulated)]
    for answer in simulated.answers:
        rows += _of_answer(answer)
    return (Observation(metric, user, float(value)) for metric, value in rows)


def user_values(dialogues: Sequence[SimulatedDialogue], metric: str) -> dict[str, float]:
    """One metric by conversation, as the mean within it; users of whom nothing was counted are left out."""
    of_user: dict[str, list[float]] = {}
    for dialogue in dialogues:
        for name, user, value in observe(dialogue) if not dialogue.simulated.error else ():
            if name == metric:
                of_user.setdefault(user, []).append(value)
    return {user: math.fsum(values) / len(values) for user, values in of_user.items()}


def _success(simulated: Simulated) -> list[tuple[str, float]]:
    turn = len(simulated.answers) if simulated.accepted else 0
    rows = [("success_rate", float(turn > 0)), ("average_turns", turn or simulated.max_turns)]
    rows += [("turns_to_success", turn)] if turn else []
    return rows + [(f"success@{at}", float(0 < turn <= at)) for at in range(1, simulated.max_turns + 1)]


def _of_answer(answer: AnswerRecord) -> list[tuple[str, float]]:
    rows: list[tuple[str, float]] = [
        ("seconds", answer.seconds),
        ("tokens", answer.prompt_tokens + answer.completion_tokens),
        ("without_items", float(not answer.items)),
    ]
    rows += [("wish_kept", float(fits)) for fits in answer.fits]
    rows += [("limit_kept", float(keeps)) for keeps in answer.keeps if answer.limited]
    rows += [("repeats", float(verdict in REPEATED)) for verdict in answer.verdicts]
    rows += [("liked", OPINIONS[verdict]) for verdict in answer.verdicts if verdict in OPINIONS]
    rows += [("outside_catalog", 0.0)] * len(answer.items) + [("outside_catalog", 1.0)] * answer.foreign
    return rows


def _said(simulated: Simulated) -> list[tuple[str, float]]:
    later = [said for said in simulated.said if said.lists]
    rows = [("forgotten", float(said.forgotten > 0)) for said in later]
    return rows + [(f"forgotten_{said.kind}", float(said.forgotten > 0)) for said in later]


def _groups(dialogues: Sequence[SimulatedDialogue], seed: int) -> dict[str, tuple[int, Score]]:
    groups: dict[str, list[SimulatedDialogue]] = {}
    for dialogue in sorted(dialogues, key=lambda dialogue: (dialogue.simulated.temper, dialogue.simulated.rich)):
        groups.setdefault(dialogue.simulated.temper, []).append(dialogue)
    for name, is_rich in (("says little", False), ("says much", True)):
        groups[name] = [dialogue for dialogue in dialogues if dialogue.simulated.rich is is_rich]
    by_group = {}
    for name, of_group in groups.items():
        rows = [row for dialogue in of_group for row in observe(dialogue) if row.metric == "success_rate"]
        if rows:
            by_group[name] = (len(of_group), _means(rows, ["success_rate"], seed)["success_rate"])
    return by_group


def _means(observations: Sequence[Observation], metrics: Sequence[str], seed: int) -> dict[str, Score]:
    column = {metric: place for place, metric in enumerate(metrics)}
    values = np.full((len(observations), len(metrics)), math.nan)
    for row, (metric, _, value) in enumerate(observations):
        values[row, column[metric]] = value
    users = [person_of(user) for _, user, _ in observations]
    intervals = bootstrap_means(values, users, level=LEVEL, seed=seed)
    return {metric: Score.of(interval) for metric, interval in zip(metrics, intervals, strict=True)}
