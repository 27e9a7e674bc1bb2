"""Erases users while their turns run, then looks for their bytes in every file of the data folder."""

import random
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx

from benchmarks.reliability.load import some_items
from benchmarks.reliability.server import Server, copy_of

AT_ONCE = 4
ROUND = 20
"""Erasures after which the files are searched."""
TURNS = 2
JITTER_S = 0.5


def run(data: Path, *, erasures: int, seed: int) -> Iterator[dict[str, object]]:
    """Each user talks and clicks, and is erased at a moment of chance while that goes on."""
    done: list[tuple[str, int, bool]] = []
    with tempfile.TemporaryDirectory() as work, Server(copy_of(data, Path(work) / "data")) as server:
        items = some_items(server.client)

        def once(number: int) -> tuple[str, int, bool]:
            return _erase_one(server, items, random.Random(f"{seed}-{number}"), f"zq{seed}x{number:04d}qz")

        while len(done) < erasures:
            with ThreadPoolExecutor(AT_ONCE) as pool:
                done += pool.map(once, range(len(done), min(erasures, len(done) + ROUND)))
            contents = [*_contents(server), server.log.read_bytes()]
            yield {
                "erasures": len(done),
                "of": erasures,
                "confirmed": sum(status == 204 for _, status, _ in done),
                "users that came back": sum(came_back for _, _, came_back in done),
                "users with bytes in a file": sum(
                    any(mark.encode() in content for content in contents) for mark, _, _ in done
                ),
            }


def _contents(server: Server) -> list[bytes]:
    return [path.read_bytes() for path in server.data.rglob("*") if path.is_file()]


def _erase_one(server: Server, items: tuple[str, ...], rng: random.Random, mark: str) -> tuple[str, int, bool]:
    """The user's mark, the status of the erasure, and whether the user was there again once every turn had ended."""
    client = server.client
    user = client.post("/api/users", json={"name": mark}).raise_for_status().json()["user_id"]
    click = {"user": user, "kind": "like", "conversation_id": f"{mark}-talk"}
    client.post("/api/feedback", json={**click, "item_id": items[0]}).raise_for_status()
    # the API makes the user of an id that a client brings: the erasure waits until each turn has begun
    begun = [threading.Event() for _ in range(TURNS)]
    threads = [threading.Thread(target=_talk, args=(client, user, mark, event)) for event in begun]
    threads.append(
        threading.Thread(
            target=client.post, args=("/api/feedback",), kwargs={"json": {**click, "item_id": rng.choice(items)}}
        )
    )
    for thread in threads:
        thread.start()
    for event in begun:
        event.wait()
    time.sleep(rng.uniform(0, JITTER_S))
    status = client.delete(f"/api/users/{user}").status_code
    for thread in threads:
        thread.join()
    came_back = client.get(f"/api/users/{user}").status_code != 404
    if came_back:
        client.delete(f"/api/users/{user}")
    return mark, status, came_back


def _talk(client: httpx.Client, user: str, mark: str, begun: threading.Event) -> None:
    """A streamed turn: its headers come with the first event, when the user was found and the turn runs."""
    message = {"role": "user", "content": f"I loved Heat and {mark}; never show me horror"}
    body = {"user": user, "messages": [message], "stream": True}
    try:
        with client.stream("POST", "/v1/chat/completions", json=body) as answer:
            begun.set()
            for _ in answer.iter_raw():
                pass
    finally:
        begun.set()
