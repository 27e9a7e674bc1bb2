"""Watches how much memory a server holds under steady load."""

import tempfile
import threading
import time
from pathlib import Path

import numpy as np

from benchmarks.reliability.load import crowd, some_items
from benchmarks.reliability.server import Server, copy_of

EVERY_S = 2.0


def run(data: Path, *, minutes: float, seed: int, people: int = 4) -> dict[str, object]:
    """The resident memory over time: its level, and how fast it grows in the second half, when all is warm."""
    with tempfile.TemporaryDirectory() as work, Server(copy_of(data, Path(work) / "data")) as server:
        everybody, ending = crowd(server.url, some_items(server.client), people=people, seed=seed), threading.Event()
        threads = [threading.Thread(target=person.live, args=(ending,), daemon=True) for person in everybody]
        for thread in threads:
            thread.start()
        started, samples = time.monotonic(), list[tuple[float, float]]()
        while (elapsed := time.monotonic() - started) < 60 * minutes:
            samples.append((elapsed, _resident_mib(server.pid)))
            time.sleep(EVERY_S)
        ending.set()
        for thread in threads:
            thread.join(60)
        lost = [thing for person in everybody for thing in person.lost(server.client)]
    half = np.asarray([sample for sample in samples if sample[0] >= 30 * minutes])
    slope = float(np.polyfit(half[:, 0], half[:, 1], 1)[0]) * 3600
    return {
        "minutes": minutes,
        "requests": sum(person.lists + len(person.given) for person in everybody),
        "refused": sum(person.refused for person in everybody),
        "lost": len(lost),
        "MiB at half time": round(float(half[0, 1])),
        "MiB at the end": round(float(half[-1, 1])),
        "MiB per hour": round(slope, 1),
    }


def _resident_mib(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    line = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1]) / 1024
