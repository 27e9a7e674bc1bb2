"""`python -m eval policies`: estimates from a stored log, and refusals that say what to do."""

from pathlib import Path

import numpy as np
from typer.testing import CliRunner

from eval.__main__ import app
from eval.policies import compare, read_guesses, to_markdown
from retrieval.policies import UniformGuesses, UpperBound
from retrieval.state import Exposure, FeedbackKind, StateStore

CHANCES = (0.6, 0.1, 0.1)
RAN, UNIFORM = UpperBound().name, UniformGuesses().name
LOGGED = (0.5, 0.25, 0.25)


def fill(state: StateStore, *, users: int = 15, turns: int = 40) -> None:
    rng = np.random.default_rng(1)
    for person in range(users):
        user_id = state.create_user(str(person)).user_id
        state.open_conversation(user_id, f"c{person}")
        for turn in range(turns):
            item = int(rng.choice(3, p=LOGGED))
            context = {
                f"p:{RAN}": LOGGED[item],
                f"p:{UNIFORM}": 1 / 3,
                "p:never": 0.0,
                "expected": 0.2,
                f"v:{RAN}": 0.2,
                f"v:{UNIFORM}": 0.2,
            }
            shown = Exposure(f"item{item}-{turn}", 5, LOGGED[item], exploratory=True, policy=RAN, context=context)
            state.record_exposures(user_id, f"c{person}", turn, [Exposure("sure", 1, 1.0, policy=RAN), shown])
            if rng.random() < CHANCES[item]:
                state.add_feedback(user_id, shown.item_id, FeedbackKind.LIKE, conversation_id=f"c{person}")


def test_policies_are_judged_from_the_stored_log() -> None:
    with StateStore("sqlite://") as state:
        fill(state)
        report = compare(read_guesses(state))

    by_name = {policy.policy: policy for policy in report.policies}
    truth = {RAN: float(np.dot(LOGGED, CHANCES)), UNIFORM: float(np.mean(CHANCES))}
    assert report.guesses == 600
    for name, value in truth.items():
        found = by_name[name].estimate
        assert found is not None
        assert all(value in interval for interval in (found.inverse, found.normalized, found.doubly_robust))
    assert by_name[RAN].estimate.size == 600


def test_what_cannot_be_told_is_refused_with_what_to_do() -> None:
    with StateStore("sqlite://") as state:
        fill(state, users=12, turns=10)
        report = compare(read_guesses(state))

    refused = {policy.policy: policy.refused for policy in report.policies if policy.refused}
    assert "compare others in the open" in refused["greedy"]
    assert "effective sample size" in refused["never"]
    assert "- greedy: not told." in to_markdown(report)


def test_the_command_prints_a_table_and_writes_json(tmp_path: Path) -> None:
    with StateStore(f"sqlite:///{tmp_path / 'state.db'}") as state:
        fill(state, users=12, turns=12)

    result = CliRunner().invoke(app, ["policies", "--data", str(tmp_path), "--out", str(tmp_path / "found.json")])

    assert result.exit_code == 0, result.output
    assert f"| {UNIFORM} |" in result.output
    assert (tmp_path / "found.json").is_file()


def test_an_empty_log_is_told(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["policies", "--data", str(tmp_path)])

    assert result.exit_code == 0
    assert "0 guesses shown to 0 users" in result.output
    assert "not told" in result.output
