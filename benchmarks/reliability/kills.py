"""Kills a server under load again and again, and looks whether anything that it acknowledged is gone."""

import random
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.reliability.load import Person, crowd, some_items
from benchmarks.reliability.server import Server, copy_of

MOST_ANSWERS = 12
"""A server is killed after so many answers at most, however long it takes to give them."""
JITTER_S = 0.3
LOOK_S = 0.01


def run(data: Path, *, kills: int, seed: int, people: int = 4) -> Iterator[dict[str, object]]:
    """Kill with SIGKILL at a moment of chance, start again, compare; what was found so far after each kill."""
    rng, lost = random.Random(seed), list[str]()
    with tempfile.TemporaryDirectory() as work, Server(copy_of(data, Path(work) / "data")) as server:
        everybody = crowd(server.url, some_items(server.client), people=people, seed=seed)
        for number in range(1, kills + 1):
            never = threading.Event()
            threads = [threading.Thread(target=person.live, args=(never,), daemon=True) for person in everybody]
            wanted = _answers(everybody) + rng.randint(1, MOST_ANSWERS)
            for thread in threads:
                thread.start()
            while _answers(everybody) < wanted and any(thread.is_alive() for thread in threads):
                time.sleep(LOOK_S)
            time.sleep(rng.uniform(0, JITTER_S))
            server.kill()
            for thread in threads:
                thread.join()
            server.start()
            lost += [thing for person in everybody for thing in person.lost(server.client)]
            yield {
                "kills": number,
                "of": kills,
                "acknowledged": sum(len(person.given) for person in everybody),
                "lists": sum(person.lists for person in everybody),
                "refused": sum(person.refused for person in everybody),
                "lost": len(lost),
            }


def _answers(people: Sequence[Person]) -> int:
    return sum(len(person.given) + person.lists + person.refused for person in people)
