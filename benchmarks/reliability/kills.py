"""Kills a server under load again and again, and looks whether anything that it acknowledged is gone."""

import random
import tempfile
import threading
from pathlib import Path

from benchmarks.reliability.load import crowd, some_items
from benchmarks.reliability.server import Server, copy_of


def run(data: Path, *, kills: int, seed: int, people: int = 4) -> dict[str, object]:
    """Kill with SIGKILL at a moment of chance, start again, compare."""
    rng, lost = random.Random(seed), list[str]()
    with tempfile.TemporaryDirectory() as work, Server(copy_of(data, Path(work) / "data")) as server:
        everybody = crowd(server.url, some_items(server.client), people=people, seed=seed)
        for _ in range(kills):
            never = threading.Event()
            threads = [threading.Thread(target=one.live, args=(never,), daemon=True) for one in everybody]
            for thread in threads:
                thread.start()
            never.wait(rng.uniform(0.5, 3.0))
            server.kill()
            for thread in threads:
                thread.join(60)
            server.start()
            lost += [thing for person in everybody for thing in person.lost(server.client)]
        given = sum(len(person.given) for person in everybody)
        lists = sum(person.lists for person in everybody)
        refused = sum(person.refused for person in everybody)
    return {"kills": kills, "acknowledged": given, "lists": lists, "refused": refused, "lost": len(lost)}
