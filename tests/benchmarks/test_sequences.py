"""The logs of sequences: what is written for ingest, the peers on a planted walk, and how places are counted."""

import csv
import gzip
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from benchmarks.sequences.__main__ import SHIPPED, Measured, _places, report
from benchmarks.sequences.logs import PublicLog, read_log, write_for_ingest
from benchmarks.sequences.peers import Pasts, Score, ease, item_knn, popular
from benchmarks.sequences.sasrec import SasRecSettings, fit, score

N_ITEMS, STEPS = 12, 5


def walk(n_users: int = 60) -> PublicLog:
    """Everyone walks around a ring."""
    begins = np.random.default_rng(0).integers(0, N_ITEMS, n_users)
    taken = tuple((begin + np.arange(STEPS)) % N_ITEMS for begin in begins)
    items = tuple(str(item) for item in range(N_ITEMS))
    return PublicLog("ring", tuple(f"u{n}" for n in range(n_users)), items, ("1|2",) * N_ITEMS, taken)


def test_files_are_read_in_the_order_of_their_positions(tmp_path: Path) -> None:
    for name, lines in (
        ("items", "item_id,attributes\nb,1|2\na,\n"),
        ("interactions", "user_id,item_id,position\nx,a,2\nx,b,1\n"),
    ):
        (tmp_path / f"small.{name}.csv.gz").write_bytes(gzip.compress(lines.encode()))

    log = read_log(tmp_path, "small")

    assert log.item_ids == ("b", "a")
    assert log.attributes == ("1|2", "")
    assert [items.tolist() for items in log.taken] == [[0, 1]]


def test_the_last_interaction_of_nobody_is_written(tmp_path: Path) -> None:
    log = walk(3)

    _, interactions = write_for_ingest(log, tmp_path)

    with interactions.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 3 * (STEPS - 1)
    for user_id, items in zip(log.user_ids, log.taken, strict=True):
        written = [row["item_id"] for row in rows if row["user_id"] == user_id]
        assert written == [str(item) for item in items[:-1]]


@pytest.mark.parametrize("peer", [item_knn, ease])
def test_peers_find_what_is_taken_together(peer: Callable[[Pasts, int], Score]) -> None:
    scores = peer(walk().pasts(), N_ITEMS)([np.asarray([3, 4])])[0]
    scores[[3, 4]] = -np.inf

    assert int(scores.argmax()) in (2, 5)


def test_the_popular_peer_tells_nobody_apart() -> None:
    pasts = [np.asarray([0, 1]), np.asarray([1])]

    assert popular(pasts, 3)(pasts).tolist() == [[1, 2, 0]] * 2


def test_the_transformer_finds_the_planted_order() -> None:
    settings = SasRecSettings(width=16, rate=1e-2, most_epochs=24, dropout=0.1, negatives=50, batch_places=200)
    pasts = [np.asarray([2, 3, 4]), np.asarray([9, 10])]

    net = fit(walk(200).pasts(), N_ITEMS, settings)
    scores = score(net, pasts, settings)

    for row, past in zip(scores, pasts, strict=True):
        row[past] = -np.inf
    assert scores.argmax(axis=1).tolist() == [5, 11]


def test_places_count_open_items_alone_and_half_of_equal_ones() -> None:
    scores = np.asarray([[9.0, 3.0, 2.0, 1.0], [0.0, 0.0, 0.0, 0.0]], dtype=np.float32)

    places = _places(scores, [np.asarray([0]), np.asarray([0])], np.asarray([2, 2]))

    assert places.tolist() == [1, 1]


def test_the_report_compares_with_the_best_peer() -> None:
    log = walk(4)
    places = {SHIPPED: np.asarray([0, 0, 10, 10]), "Weak": np.full(4, 10), "Strong": np.asarray([0, 10, 10, 10])}

    text = report([Measured(log, np.arange(4), places, 60.0)])

    assert "against Strong +100.0%" in text
    assert "geometric mean of the ratios to the best peer: 2.00" in text
    assert "| ring | Reconteur | 0.5000 " in text
