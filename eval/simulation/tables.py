"""Runs with simulated users as Markdown: alone, by turn and by kind of user, and in pairs."""

import json
from collections.abc import Mapping, Sequence

from eval.bootstrap import Difference, paired_difference
from eval.scores import Score
from eval.simulation.people import person_of
from eval.simulation.records import SimulatedDialogue
from eval.simulation.scores import SimulationScores, score_simulation, user_values
from eval.tables import differences_table, number, shown, table
from retrieval.errors import BadDataError

MAIN = {
    "success_rate": "success rate",
    "average_turns": "turns (none: all)",
    "turns_to_success": "turns to success",
    "limit_kept": "limit kept",
    "wish_kept": "wish kept",
    "repeats": "repeats",
    "forgotten": "forgotten",
    "liked": "liked of known opinions",
    "without_items": "answers without items",
    "outside_catalog": "outside catalog",
}
FORGOTTEN = {"forgotten_limit": "limits", "forgotten_wish": "wishes", "forgotten_title": "named items"}
COMPARED = ("success_rate", "average_turns", "limit_kept", "wish_kept", "repeats", "forgotten")
NONE = Score(mean=None, low=None, high=None)


def compare_runs(
    runs: Mapping[str, Sequence[SimulatedDialogue]], *, seed: int = 0
) -> tuple[dict[str, SimulationScores], list[Difference]]:
    """The figures of each run over the users that all of them have, and how the first differs from the others.

    Raises:
        BadDataError: The runs were drawn with different seeds or numbers of turns, or share no user.
    """
    kinds = {(dialogue.simulated.seed, dialogue.simulated.max_turns) for run in runs.values() for dialogue in run}
    if len(kinds) > 1:
        raise BadDataError("expected runs of one seed and one number of turns; compare like with like")
    whole = {
        name: {dialogue.dialogue_id: dialogue for dialogue in run if not dialogue.simulated.error}
        for name, run in runs.items()
    }
    shared = set.intersection(*(set(played) for played in whole.values()))
    if not shared:
        raise BadDataError("the runs share no user. Run them with the same --users, --data and --seed.")
    kept = {name: [dialogue for key, dialogue in run.items() if key in shared] for name, run in whole.items()}
    scores = {name: score_simulation(run, seed=seed) for name, run in kept.items()}
    first, *others = kept
    return scores, [_difference(first, other, metric, kept, seed) for other in others for metric in COMPARED]


def _difference(
    first: str, second: str, metric: str, runs: Mapping[str, Sequence[SimulatedDialogue]], seed: int
) -> Difference:
    ours, theirs = user_values(runs[first], metric), user_values(runs[second], metric)
    users = sorted(ours.keys() & theirs.keys())
    gain, not_more = paired_difference(
        [ours[u] for u in users], [theirs[u] for u in users], [*map(person_of, users)], seed=seed
    )
    return Difference(first, second, metric, len(users), gain, not_more)


def simulation_tables(runs: Mapping[str, SimulationScores], differences: Sequence[Difference] = ()) -> str:
    """All tables of some runs over the same users."""
    first = next(iter(runs.values()))
    parts = [
        f"{first.users} simulated users of {first.people} people, at most {first.max_turns} answers each, seed "
        f"{first.seed}. Means with {first.level:.0%} intervals (bootstrap over people).",
        _row_table(runs, MAIN),
        "### Said and forgotten",
        _row_table(runs, FORGOTTEN),
        "### Success by turn",
        table(
            ["run", *(f"by {turn}" for turn in range(1, first.max_turns + 1))],
            [[name, *map(shown, scores.by_turn)] for name, scores in runs.items()],
        ),
        "### Success by kind of user",
        table(
            ["run", *(f"{group} ({users})" for group, (users, _) in first.groups.items())],
            [[name, *(shown(scores.groups[group][1]) for group in first.groups)] for name, scores in runs.items()],
        ),
        "### Cost of an answer",
        table(["run", "seconds, mean", "p50", "p95", "tokens", "errors"], [*map(_cost, runs.items())]),
    ]
    if differences:
        parts += ["### In pairs", differences_table(differences, MAIN, "users")]
    return "\n\n".join(parts)


def report_json(scores: Mapping[str, SimulationScores], differences: Sequence[Difference]) -> str:
    """The same as JSON."""
    body = {
        "runs": {name: of_run.model_dump() for name, of_run in scores.items()},
        "differences": [difference.figures() for difference in differences],
    }
    return json.dumps(body, indent=2)


def _row_table(runs: Mapping[str, SimulationScores], names: Mapping[str, str]) -> str:
    rows = [[name, *(shown(scores.scores.get(metric, NONE)) for metric in names)] for name, scores in runs.items()]
    return table(["run", *names.values()], rows)


def _cost(run: tuple[str, SimulationScores]) -> list[str]:
    name, scores = run
    tokens = scores.scores.get("tokens", NONE).mean
    seconds = shown(scores.scores.get("seconds", NONE))
    spread = [number(scores.seconds_p50), number(scores.seconds_p95)]
    return [name, seconds, *spread, "-" if tokens is None else f"{tokens:.0f}", str(scores.errors)]
