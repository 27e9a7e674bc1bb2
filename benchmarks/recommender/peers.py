"""Runs the peers in their own environment, each task once: a stopped run goes on where it was.

`python -m benchmarks.recommender.peers` runs the search alone; what is chosen is chosen on validation.
"""

import argparse
import hashlib
import json
import math
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.recommender.data import movielens
from benchmarks.recommender.environment import peers_python
from benchmarks.recommender.grids import GRIDS, Settings
from benchmarks.recommender.harness import LeakError, Result, evaluate
from benchmarks.recommender.splits import Split, fingerprint, validation
from retrieval.artifacts import default_cache

WORKER = Path(__file__).with_name("peers_worker.py")
Task = dict[str, object]
FALLBACK = "Popular"
"""What stands in where a library has nothing to say about a user."""


@dataclass(frozen=True, slots=True)
class Point:
    """The scores of one fit after some epochs."""

    scores: NDArray[np.float32]
    epochs: int
    fit_s: float
    score_s: float


@dataclass(frozen=True, slots=True)
class Choice:
    """What the search settled on for a peer."""

    peer: str
    settings: Settings
    epochs: int
    ndcg: float
    """On validation."""
    tried: int
    """How many settings, each number of epochs counted once."""


@dataclass(frozen=True)
class Peers:
    """The peers over a cache folder."""

    folder: Path = field(default_factory=lambda: default_cache() / "recommender-benchmark" / "peers")
    through: Sequence[str] = ()
    """A command to put before each task, such as a queue."""

    def points(
        self, peer: str, settings: Settings, split: Split, *, epochs: Sequence[int] = (), seed: int = 1
    ) -> list[Point]:
        """Fit on the split's training log, or read what an earlier run left.

        Raises:
            LeakError: The cached scores come from another log.
            subprocess.CalledProcessError: The library failed.
        """
        task: Task = {"peer": peer, "settings": settings, "epochs": list(epochs), "seed": seed}
        out = self._place(task, split)
        if not (out / "facts.json").is_file():
            out.mkdir(parents=True, exist_ok=True)
            (out / "task.json").write_text(json.dumps(task), encoding="utf-8")
            command = [str(peers_python()), str(WORKER), str(out / "task.json"), str(self._split_file(split)), str(out)]
            subprocess.run([*self.through, *command], check=True, cwd=out, stdout=subprocess.DEVNULL)
        return _read(out, fingerprint(split.train))

    def choose(self, peer: str, split: Split) -> Choice:
        """The setting with the best validation NDCG@10 over the peer's grid."""
        grid = GRIDS[peer]
        tried = [
            (self.result(peer, point, split).mean("ndcg@10"), point.epochs, settings)
            for at, settings in enumerate(grid.settings)
            for point in self.points(peer, settings, split, epochs=grid.epochs_of(at))
        ]
        ndcg, epochs, settings = max(tried, key=lambda attempt: attempt[0])
        return Choice(peer, settings, epochs, ndcg, len(tried))

    def run(self, choice: Choice, split: Split, n_seeds: int | None = None) -> list[Result]:
        """Fit the chosen setting on another split, once per seed."""
        seeds = range(1, (n_seeds or GRIDS[choice.peer].n_seeds) + 1)
        epochs = (choice.epochs,) if choice.epochs else ()
        fits = [
            self._searched(choice, split, seed)
            or self.points(choice.peer, choice.settings, split, epochs=epochs, seed=seed)[-1]
            for seed in seeds
        ]
        return [self.result(choice.peer, point, split) for point in fits]

    def result(self, peer: str, point: Point, split: Split) -> Result:
        """Measure one fit; users without any score get the popular items (`Popular` scores everyone alike)."""
        scores = point.scores
        silent = ~np.isfinite(scores).any(axis=1)
        if silent.any():
            scores = scores.copy()
            is_popular = peer == FALLBACK and not silent.all()
            scores[silent] = scores[~silent][0] if is_popular else split.train.counts()
        per_user = 1000 * point.score_s / max(1, len(split))
        return evaluate(scores, split, name=peer, fit_s=point.fit_s, score_ms=per_user)

    def _searched(self, choice: Choice, split: Split, seed: int) -> Point | None:
        """The fit of the search itself, where it was made on the same split with the same seed."""
        grid = GRIDS[choice.peer]
        epochs = grid.epochs_of(grid.settings.index(choice.settings))
        task: Task = {"peer": choice.peer, "settings": choice.settings, "epochs": list(epochs), "seed": seed}
        if not (self._place(task, split) / "facts.json").is_file():
            return None
        points = self.points(choice.peer, choice.settings, split, epochs=epochs, seed=seed)
        return next(point for point in points if point.epochs == choice.epochs)

    def _place(self, task: Task, split: Split) -> Path:
        key = hashlib.sha256((json.dumps(task, sort_keys=True) + split.fingerprint).encode()).hexdigest()[:20]
        return self.folder / f"{task['peer']}-{key}"

    def _split_file(self, split: Split) -> Path:
        """The training log and the users asked about, for the worker; no target is in it."""
        path = self.folder / f"split-{split.fingerprint}.npz"
        if not path.is_file():
            log = split.train
            sizes = {"n_users": np.asarray(log.n_users), "n_items": np.asarray(log.n_items)}
            columns = {"users": log.users, "items": log.items, "times": log.times, "asked": split.users}
            temporary = path.with_suffix(".part.npz")
            np.savez(temporary, allow_pickle=False, fingerprint=np.asarray(fingerprint(log)), **columns, **sizes)
            temporary.rename(path)
        return path


def _read(folder: Path, expected: str) -> list[Point]:
    facts = json.loads((folder / "facts.json").read_text(encoding="utf-8"))
    if facts["log"] != expected:
        raise LeakError(f"expected scores of a model fitted on {expected}, found {facts['log']} in {folder.name}")
    points = []
    for point in facts["points"]:
        with np.load(folder / f"scores-{point['epochs']}.npz", allow_pickle=False) as stored:
            points.append(Point(stored["scores"], point["epochs"], point["fit_s"], point["score_s"]))
    return points


def main() -> None:
    """The search alone, one line per setting and number of epochs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("peers", nargs="*", default=list(GRIDS), help="which ones; all by default")
    parser.add_argument("--through", default="", help="a command to put before each task, such as a queue")
    parser.add_argument("--seconds", type=float, default=math.inf, help="start no setting later than that")
    options = parser.parse_args()
    began = time.monotonic()
    split, peers = validation(movielens().log), Peers(through=options.through.split())
    for name in options.peers:
        for at, settings in enumerate(GRIDS[name].settings):
            if time.monotonic() - began > options.seconds:
                return
            for point in peers.points(name, settings, split, epochs=GRIDS[name].epochs_of(at)):
                print(settings, point.epochs, peers.result(name, point, split).line(), flush=True)
        print("chosen:", peers.choose(name, split), flush=True)


if __name__ == "__main__":
    main()
