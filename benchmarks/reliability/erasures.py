"""Erases users while their turns run, then looks for their bytes in every file of the data folder."""

import random
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks.reliability.load import some_items
from benchmarks.reliability.server import Server, copy_of

AT_ONCE = 4


def run(data: Path, *, erasures: int, seed: int) -> dict[str, object]:
    """Each user talks and clicks, and is erased at a moment of chance while that goes on."""
    with tempfile.TemporaryDirectory() as work, Server(copy_of(data, Path(work) / "data")) as server:
        items = some_items(server.client)

        def once(number: int) -> tuple[str, int, bool]:
            return _erase_one(server, items, random.Random(f"{seed}-{number}"), f"zq{seed}x{number:04d}qz")

        with ThreadPoolExecutor(AT_ONCE) as pool:
            done = list(pool.map(once, range(erasures)))
        marks = [mark.encode() for mark, _, _ in done]
        left = sum(mark in content for content in _contents(server) for mark in marks)
        in_log = sum(mark in server.log.read_bytes() for mark in marks)
    return {
        "erasures": erasures,
        "confirmed": sum(status == 204 for _, status, _ in done),
        "users that came back": sum(came_back for _, _, came_back in done),
        "users with bytes in a file": left + in_log,
    }


def _contents(server: Server) -> list[bytes]:
    return [path.read_bytes() for path in server.data.rglob("*") if path.is_file()]


def _erase_one(server: Server, items: tuple[str, ...], rng: random.Random, mark: str) -> tuple[str, int, bool]:
    """The user's mark, the status of the erasure, and whether the user was there again once every turn had ended."""
    client = server.client
    user = client.post("/api/users", json={"name": mark}).raise_for_status().json()["user_id"]
    talk = f"{mark}-talk"
    click = {"user": user, "kind": "like", "conversation_id": talk}
    client.post("/api/feedback", json={**click, "item_id": items[0]}).raise_for_status()
    message = f"I loved Heat and {mark}; never show me horror"
    work = (
        ("/api/recommend", {"user": user, "message": message}),
        ("/v1/chat/completions", {"user": user, "messages": [{"role": "user", "content": message}]}),
        ("/api/feedback", {**click, "item_id": rng.choice(items)}),
    )
    # the API makes the user of an id that a client brings: only turns that have begun by then count
    threads = [threading.Thread(target=client.post, args=(path,), kwargs={"json": body}) for path, body in work]
    for thread in threads:
        thread.start()
    threading.Event().wait(rng.uniform(0.02, 0.8))
    status = client.delete(f"/api/users/{user}").status_code
    for thread in threads:
        thread.join()
    came_back = client.get(f"/api/users/{user}").status_code != 404
    if came_back:
        client.delete(f"/api/users/{user}")
    return mark, status, came_back
