"""Watches how much memory a server holds under steady load."""

import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from benchmarks.reliability.load import Person, crowd, some_items
from benchmarks.reliability.server import Server, copy_of

EVERY_S = 2.0


def run(data: Path, *, minutes: float, seed: int, people: int = 4) -> Iterator[dict[str, object]]:
    """The resident memory over time: its level, and how fast it grows in the second half, when all is warm.

    The minutes count from the first answer on; what was measured so far comes every minute.
    """
    with tempfile.TemporaryDirectory() as work, Server(copy_of(data, Path(work) / "data")) as server:
        everybody, ending = crowd(server.url, some_items(server.client), people=people, seed=seed), threading.Event()
        threads = [threading.Thread(target=person.live, args=(ending,), daemon=True) for person in everybody]
        for thread in threads:
            thread.start()
        started, samples = time.monotonic(), list[tuple[float, float]]()
        while (elapsed := time.monotonic() - started) < 60 * minutes:
            if int(elapsed // 60) > int(samples[-1][0] // 60 if samples else 0):
                yield _found(samples, everybody, 0)
            samples.append((elapsed, _resident_mib(server.pid)))
            time.sleep(EVERY_S)
        ending.set()
        for thread in threads:
            thread.join()
        lost = [thing for person in everybody for thing in person.lost(server.client)]
        yield _found(samples, everybody, len(lost))


def _found(samples: Sequence[tuple[float, float]], people: Sequence[Person], lost: int) -> dict[str, object]:
    end = samples[-1][0]
    half = np.asarray([sample for sample in samples if sample[0] >= end / 2])
    slope = float(np.polyfit(half[:, 0], half[:, 1], 1)[0]) * 3600 if len(half) > 1 else 0.0
    return {
        "minutes": round(end / 60, 1),
        "requests": sum(person.lists + len(person.given) for person in people),
        "refused": sum(person.refused for person in people),
        "lost": lost,
        "MiB at half time": round(float(half[0, 1])),
        "MiB at the end": round(float(half[-1, 1])),
        "MiB per hour": round(slope, 1),
    }


def _resident_mib(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    line = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1]) / 1024
