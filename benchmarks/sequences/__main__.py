"""Public logs without words: what a known user gets who asks for nothing, beside plain peers.

python -m benchmarks.sequences --logs FOLDER --work FOLDER [--names lastfm,beauty] [--people 1500]

Each log is written as CSV without everyone's last interaction and brought in by `reconteur ingest` with its defaults;
that last interaction is then looked for among all items that its user has not had. What was ingested and fitted stays
in the work folder. FOLDER/README.md of the logs says where they come from.
"""

import argparse
import json
import logging
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.recommender.harness import Gain, gain, interval
from benchmarks.report import environment, environment_lines, table
from benchmarks.sequences.logs import PublicLog, read_log, write_for_ingest
from benchmarks.sequences.peers import MOST_FOR_EASE, Score, ease, item_knn, popular, sas_rec
from retrieval.preference import Preference
from retrieval.retriever import Retriever
from retrieval.settings import RetrievalSettings

logger = logging.getLogger(__name__)

K, AT_ONCE, SEED = 10, 256, 0
LONG = 10
"""People with fewer interactions than this have a short past."""
SHIPPED = "Reconteur"


@dataclass(frozen=True, slots=True)
class Measured:
    """One log: the place of each right item, from 0, by model; K or more where it is in no list."""

    log: PublicLog
    users: NDArray[np.int64]
    places: Mapping[str, NDArray[np.int64]]
    build_s: float
    """Seconds that building took; of all parts together."""

    def gains(self, name: str) -> NDArray[np.float64]:
        """NDCG@10 of each person."""
        places = self.places[name]
        return np.where(places < K, 1.0 / np.log2(places + 2.0), 0.0)

    @property
    def best(self) -> str:
        """The best peer."""
        return max((name for name in self.places if name != SHIPPED), key=lambda name: float(self.gains(name).mean()))

    @property
    def gain(self) -> Gain:
        """Over the best peer."""
        return gain(self.gains(SHIPPED), self.gains(self.best))


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--logs", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--names", default="lastfm,beauty,yelp")
    parser.add_argument("--people", type=int, default=1500, help="the most users of a log, drawn by lot")
    parser.add_argument("--peers", default="popular,itemknn,ease,sasrec")
    args = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    measured = [
        measure(read_log(args.logs, name), args.work / name, args.people, args.peers.split(","))
        for name in args.names.split(",")
    ]
    sys.stdout.write(report(measured) + "\n")


def measure(log: PublicLog, folder: Path, most: int, peers: Sequence[str]) -> Measured:
    """Ingest a log, unless it is there, and ask everybody."""
    settings = ingest(log, folder)
    users = np.sort(np.random.default_rng(SEED).permutation(len(log.user_ids))[:most])
    pasts, targets = [log.pasts()[user] for user in users], log.targets()[users]
    places = {SHIPPED: shipped(log, settings, users)}
    for name, scorer in fitted(log, folder, peers).items():
        places[name] = np.concatenate(
            [
                _places(scorer(pasts[begin : begin + AT_ONCE]), pasts[begin:], targets[begin : begin + AT_ONCE])
                for begin in range(0, len(users), AT_ONCE)
            ]
        )
    manifest = json.loads((settings.data_dir / "manifest.json").read_text(encoding="utf-8"))
    return Measured(log, users, places, sum(part["seconds"] for part in manifest["parts"].values()))


def ingest(log: PublicLog, folder: Path) -> RetrievalSettings:
    """What any user does: two files, one command, no setting."""
    settings = RetrievalSettings(data_dir=folder / "data")
    if not (settings.data_dir / "manifest.json").is_file():
        items, interactions = write_for_ingest(log, folder)
        command = ["ingest", "--items", str(items), "--interactions", str(interactions)]
        subprocess.run([sys.executable, "-m", "ui", *command, "--data", str(settings.data_dir), "--yes"], check=True)
    return settings


def shipped(log: PublicLog, settings: RetrievalSettings, users: NDArray[np.int64]) -> NDArray[np.int64]:
    """The place of the right item in the list that each user gets who says nothing."""
    retriever, nothing = Retriever.open(settings), Preference()
    interactions = retriever.parts.dataset.interactions
    found, start = [], time.perf_counter()
    for user in users.tolist():
        history = interactions.of_user(log.user_ids[user])
        brought = {name: retriever.run(name, nothing, history) for name in retriever.channel_names}
        shown = [hit.item_id for hit in retriever.rank(brought, nothing, history, K).fit]
        right = log.item_ids[log.taken[user][-1]]
        found.append(shown.index(right) if right in shown else K)
    logger.info("%s: %.0f ms a list", log.name, 1000 * (time.perf_counter() - start) / len(users))
    return np.asarray(found)


def fitted(log: PublicLog, folder: Path, names: Sequence[str]) -> dict[str, Score]:
    """The peers, fitted on all that may be known."""
    pasts, n_items = log.pasts(), len(log.item_ids)
    peers: dict[str, Score] = {}
    if "popular" in names:
        peers["Popular"] = popular(pasts, n_items)
    if "itemknn" in names:
        peers["ItemKNN"] = item_knn(pasts, n_items)
    if "ease" in names and n_items <= MOST_FOR_EASE:
        peers["EASE"] = ease(pasts, n_items)
    if "sasrec" in names:
        peers["SASRec"] = sas_rec(pasts, n_items, folder / "sasrec.pt")
    return peers


def report(measured: Sequence[Measured]) -> str:
    """A row a model and log, then how the shipped one stands against the best peer."""
    rows, notes = [], []
    for one in measured:
        is_short = np.asarray([len(one.log.taken[user]) <= LONG for user in one.users])
        counts = np.bincount(np.concatenate(one.log.pasts()), minlength=len(one.log.item_ids))
        is_rare = counts[one.log.targets()[one.users]] <= np.median(counts)
        for name in one.places:
            gains = one.gains(name)
            low, high = interval(gains)
            parts = (float(gains[chosen].mean()) if chosen.any() else 0.0 for chosen in (is_short, is_rare))
            hits = float((one.places[name] < K).mean())
            rows.append((one.log.name, name, f"{gains.mean():.4f} ({low:.4f} to {high:.4f})", f"{hits:.3f}",
                         *(f"{part:.4f}" for part in parts)))  # fmt: skip
        notes.append(
            f"- {one.log.name}: {len(one.users)} of {len(one.log.user_ids)} users, {len(one.log.item_ids)} items; "
            f"built in {one.build_s / 60:.1f} minutes; against {one.best} {one.gain.relative}, paired over users"
        )
    mean = float(np.exp(np.mean([np.log(one.gain.ratio) for one in measured])))
    columns = ("log", "model", "NDCG@10", "HR@10", f"at most {LONG} interactions", "rare half of the items")
    notes.append(f"- geometric mean of the ratios to the best peer: {mean:.2f}; seed {SEED}")
    return "\n".join([environment_lines(environment()), "", table(columns, rows), "", *notes])


def _places(
    scores: NDArray[np.float32], pasts: Sequence[NDArray[np.int64]], right: NDArray[np.int64]
) -> NDArray[np.int64]:
    """How many open items score higher than the right one; equal ones count half."""
    for row, past in zip(scores, pasts, strict=False):
        row[past] = -np.inf
    own = scores[np.arange(len(right)), right][:, None]
    return np.asarray((scores > own).sum(axis=1) + ((scores == own).sum(axis=1) - 1) // 2)


if __name__ == "__main__":
    main()
