"""The peers' runner, our side's cache, held-out items and the report, on tiny logs without any library."""

import json
import sys

import numpy as np
import pytest

from benchmarks.recommender import grids, peers
from benchmarks.recommender.__main__ import BEGIN, END, insert
from benchmarks.recommender.ablation import Take, _fit, ablation
from benchmarks.recommender.data import Data
from benchmarks.recommender.grids import GRIDS, Grid
from benchmarks.recommender.harness import LeakError, average, evaluate, pool
from benchmarks.recommender.ours import Fitted, Ours, Remembering, read_scores, save_scores
from benchmarks.recommender.parts import hold_out
from benchmarks.recommender.peers import Peers
from benchmarks.recommender.report import figures
from benchmarks.recommender.splits import leave_out
from retrieval.fusion.others.attention import AttentionModel, AttentionSettings
from retrieval.fusion.others.fused import FusionSettings
from retrieval.fusion.others.members import MEMBERS
from retrieval.models.features import Dimension, ItemSide
from tests.benchmarks.test_recommender import N_ITEMS, crowd, table
from tests.fakes import tea_dataset

WORKER = """
import json, sys
from pathlib import Path
import numpy as np
task, split, out = json.loads(Path(sys.argv[1]).read_text()), np.load(sys.argv[2]), Path(sys.argv[3])
assert sorted(split.files) == ["asked", "fingerprint", "items", "n_items", "n_users", "times", "users"]
points = []
for epochs in task["epochs"] or [0]:
    counts = np.bincount(split["items"], minlength=int(split["n_items"])) * task["settings"]["sign"] * (1 + epochs)
    scores = np.tile(counts.astype(np.float32), (len(split["asked"]), 1))
    if task["settings"].get("silent"):
        scores[:] = -np.inf
    np.savez(out / f"scores-{epochs}.npz", scores=scores)
    points.append({"epochs": epochs, "fit_s": 1.0, "score_s": 0.5})
with (out / "runs").open("a") as runs:
    runs.write("x")
(out / "facts.json").write_text(json.dumps({"log": str(split["fingerprint"]), "points": points}))
"""
GRID = Grid("none", ({"sign": -1}, {"sign": 1}), epochs=(1, 2), n_seeds=2)


@pytest.fixture
def runner(tmp_path, monkeypatch) -> Peers:
    worker = tmp_path / "worker.py"
    worker.write_text(WORKER, encoding="utf-8")
    monkeypatch.setattr(peers, "WORKER", worker)
    monkeypatch.setattr(peers, "peers_python", lambda: sys.executable)
    monkeypatch.setitem(grids.GRIDS, "Counter", GRID)
    return Peers(tmp_path / "peers")


def test_the_best_setting_on_validation_is_fitted_again_for_the_test(runner: Peers):
    log = crowd()
    choice = runner.choose("Counter", leave_out(log, 2))
    results = runner.run(choice, leave_out(log, 1))

    assert choice.tried == 4
    assert len(results) == 2
    assert results[0].split == "test"
    assert results[0].fit_s == 1.0


def test_nothing_is_run_twice(runner: Peers):
    split = leave_out(crowd(20), 2)
    runner.choose("Counter", split)
    choice = runner.choose("Counter", split)
    runner.run(choice, split, 1)

    assert [path.read_text() for path in sorted(runner.folder.glob("*/runs"))] == ["x", "x"]


def test_scores_of_another_log_are_refused(runner: Peers):
    split = leave_out(crowd(20), 2)
    runner.points("Counter", {"sign": 1}, split)
    (facts,) = runner.folder.glob("*/facts.json")
    facts.write_text(json.dumps({**json.loads(facts.read_text()), "log": "another"}))

    with pytest.raises(LeakError, match="another"):
        runner.points("Counter", {"sign": 1}, split)


def test_popular_items_stand_in_for_a_silent_library(runner: Peers):
    split = leave_out(crowd(20), 2)
    (point,) = runner.points("Counter", {"sign": 1, "silent": 1}, split)
    result = runner.result("Counter", point, split)
    popular = evaluate(np.tile(split.train.counts().astype(np.float32), (len(split), 1)), split, name="popular")

    assert result.values["mrr"].tolist() == popular.values["mrr"].tolist()


def test_every_grid_has_its_epochs():
    for grid in GRIDS.values():
        assert not grid.more or len(grid.more) == len(grid.settings)
        assert len({str(settings) for settings in grid.settings}) == len(grid.settings)


def test_members_are_fitted_once_and_only_on_their_own_log(tmp_path):
    split = leave_out(crowd(20), 1)
    fitted = Fitted(split.train, tmp_path)
    fitted.fit("trend", 0, None)
    fitted.fit("trend", 2, None)

    again = Fitted(split.train, tmp_path)
    assert ("trend", 0) in again
    assert ("trend", 1) not in again
    assert again["trend", 2].score(split.profiles).shape == (20, N_ITEMS)
    with pytest.raises(LeakError):
        again["trend", 1] = MEMBERS["trend"].fit(split.train, None, lambda *_: None)
    with pytest.raises(KeyError):
        again["trend", 1]


def test_a_profile_is_scored_once():
    class Counting:
        name = "counting"
        calls = 0

        def score(self, profiles):
            self.calls += len(profiles)
            return np.zeros((len(profiles), N_ITEMS), dtype=np.float32)

    model = Remembering(Counting())
    profiles = leave_out(crowd(5), 1).profiles
    model.score(profiles[:3])
    assert model.score(profiles).shape == (5, N_ITEMS)
    assert model.model.calls == 5


def test_kept_scores_name_their_log(tmp_path):
    log = crowd(20)
    split, other = leave_out(log, 1), leave_out(log, 2)
    save_scores(tmp_path / "x.npz", table(split.train), split, 2.0)

    assert read_scores(tmp_path / "x.npz", split, "x").fit_s == 2.0
    with pytest.raises(LeakError):
        read_scores(tmp_path / "x.npz", other, "x")


def test_held_out_items_are_in_no_training_row():
    log = crowd(30)
    held = np.asarray([2, 5])
    split = hold_out(log, held)

    assert not np.isin(split.train.items, held).any()
    assert all(np.isin(target, held).all() for target in split.targets)
    assert sum(map(len, split.targets)) == np.isin(log.items, held).sum()


def test_fits_are_averaged_and_splits_pooled():
    split = leave_out(crowd(20), 1)
    random = np.random.default_rng(0)
    first, second = (
        evaluate(random.random((len(split), N_ITEMS), dtype=np.float32), split, name="chance", fit_s=fit_s)
        for fit_s in (1.0, 3.0)
    )
    mean, both = average([first, second]), pool([first, second])

    assert mean.mean("mrr") == pytest.approx((first.mean("mrr") + second.mean("mrr")) / 2)
    assert mean.fit_s == 2.0
    assert len(both.values["mrr"]) == 40
    assert figures(both)["ndcg@10_interval"][0] <= figures(both)["ndcg@10"] <= figures(both)["ndcg@10_interval"][1]
    with pytest.raises(ValueError, match="at least one"):
        average([])


def test_the_report_goes_between_the_marks(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n", encoding="utf-8")
    insert(page, "new")
    assert page.read_text(encoding="utf-8") == f"before\n{BEGIN}\nnew\n{END}\nafter\n"
    page.write_text("no marks", encoding="utf-8")
    with pytest.raises(ValueError, match="marks"):
        insert(page, "new")


def test_an_ablation_takes_each_channel_and_each_dimension_away(tmp_path):
    log = crowd(40)
    data = Data(log, tea_dataset())
    settings = FusionSettings(
        members=("ease", "trend", "ease_liked"), pool=N_ITEMS, cuts=2, attention=AttentionSettings(width=4, epochs=2)
    )
    ours = Ours(data, settings, tmp_path)
    ours.__dict__["side"] = ItemSide.bare(N_ITEMS)
    told: list[str] = []

    whole, rows = ablation(ours, leave_out(log, 1), told.append)
    ablation(ours, leave_out(log, 1), told.append)

    assert [row.taken for row in rows] == [
        *("channel ease", "channel trend", "channel ease_liked"),
        *("dimension sentiment", "dimension timeliness", "dimension collaborative"),
    ]
    assert [row.members for row in rows[-3:]] == [("ease_liked",), ("trend",), ("ease",)]
    assert all(row.gain.difference == pytest.approx(whole.mean("ndcg@10") - row.ndcg) for row in rows)
    assert len(told) == len(rows) + 1


def test_what_is_taken_away_is_not_listened_to(tmp_path):
    log = crowd(40)
    settings = FusionSettings(
        members=("ease", "ease_liked"), pool=N_ITEMS, cuts=2, attention=AttentionSettings(width=4, epochs=1)
    )
    ours = Ours(Data(log, tea_dataset()), settings, tmp_path)
    ours.__dict__["side"] = ItemSide.bare(N_ITEMS)
    split = leave_out(log, 1)

    model = _fit(ours, split, ours.fitted(split), Take("x", ("ease_liked",), Dimension.SENTIMENT), {})

    names = model.feature_names()
    strategy = model.strategy
    assert isinstance(strategy, AttentionModel)
    heard = {names[at] for columns in strategy.columns for at in columns}
    assert heard == {"ease", "place_ease", "count"}
