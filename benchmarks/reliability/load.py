"""People who use a server as fast as it answers, and remember what it acknowledged to them."""

import random
import threading
from dataclasses import dataclass, field

import httpx

from benchmarks.reliability.server import CLIENT_S, LIMITS

WISHES = (
    "a comedy after 1990",
    "something like Alien but funny",
    "I loved Heat, a crime story please",
    "never show me horror, a western",
    "what is Fargo about?",
)
KINDS = ("like", "dislike", "seen")


@dataclass
class Person:
    """One user of one server, in a thread of their own."""

    url: str
    items: tuple[str, ...]
    rng: random.Random
    user: str = ""
    given: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Item and kind by id of the feedback that the server acknowledged."""
    talks: dict[str, str] = field(default_factory=dict)
    """The last item that was liked in a conversation, by its id."""
    lists: int = 0
    refused: int = 0

    def live(self, ending: threading.Event) -> None:
        """Ask and click until the end, or until the server is gone."""
        try:
            with httpx.Client(base_url=self.url, timeout=CLIENT_S, trust_env=False, limits=LIMITS) as client:
                if not self.user:
                    self.user = client.post("/api/users", json={"name": "soak"}).raise_for_status().json()["user_id"]
                while not ending.is_set():
                    self.rng.choice((self._click, self._click, self._ask))(client)
        except httpx.TransportError:
            return  # the server was killed: what it did not answer was not acknowledged

    def _click(self, client: httpx.Client) -> None:
        item, kind = self.rng.choice(self.items), self.rng.choice(KINDS)
        talk = f"{self.user}-{self.rng.randrange(3)}"
        body = {"user": self.user, "item_id": item, "kind": kind, "conversation_id": talk}
        answer = client.post("/api/feedback", json=body)
        if answer.status_code == 200:
            self.given[answer.json()["feedback_id"]] = (item, kind)
            if kind == "like":
                self.talks[talk] = item
            elif self.talks.get(talk) == item:
                del self.talks[talk]
        else:
            self.refused += 1

    def _ask(self, client: httpx.Client) -> None:
        body = {"user": self.user, "message": self.rng.choice(WISHES)}
        answer = client.post("/api/recommend", json=body)
        self.lists += answer.status_code == 200
        self.refused += answer.status_code != 200

    def lost(self, client: httpx.Client) -> list[str]:
        """What was acknowledged and is not there."""
        if not self.user:
            return []
        answer = client.get(f"/api/users/{self.user}/export")
        if answer.status_code != 200:
            return [f"user ({answer.status_code})"]
        kept = answer.json()
        there = {str(row["id"]): (row["item_id"], row["kind"]) for row in kept["feedback"]}
        missing = [f"feedback {number}" for number, given in self.given.items() if there.get(number) != given]
        turns = kept["conversation_turns"]
        liked = {talk: turns.get(talk, {}).get("preference", {}).get("liked", []) for talk in self.talks}
        return missing + [f"conversation of {item}" for talk, item in self.talks.items() if item not in liked[talk]]


def crowd(url: str, items: tuple[str, ...], *, people: int, seed: int) -> list[Person]:
    """So many people, each with chance of their own."""
    return [Person(url, items, random.Random(f"{seed}-{number}")) for number in range(people)]


def some_items(client: httpx.Client) -> tuple[str, ...]:
    """Item ids to click on."""
    item_ids: list[str] = []
    for wish in WISHES[:4]:
        answer = client.post("/api/recommend", json={"message": wish, "k": 10}).raise_for_status().json()
        item_ids += [card["item_id"] for card in answer["recommendations"]]
    return tuple(dict.fromkeys(item_ids))
