"""What exploring adds to a turn: belief, guesses, question."""

import os
import time
from pathlib import Path

import numpy as np
from pydantic import JsonValue

from retrieval.history import UserHistory
from retrieval.preference import Preference
from retrieval.ranking import Ranked
from retrieval.retriever import Retriever
from retrieval.settings import RetrievalSettings

N_TURNS = 300
WANTED_MS = 5.0


def measure(data: Path) -> dict[str, JsonValue]:
    """Times of turns of people with 0 to 200 ratings, one after the other, in milliseconds."""
    retriever = Retriever.open(RetrievalSettings(data_dir=data))
    people = [UserHistory(), *(retriever.history_of(user) for user in retriever.dataset_users(60))]
    rng = np.random.default_rng(0)
    turns: list[float] = []
    worked: list[float] = []
    for turn in range(N_TURNS):
        history = people[turn % len(people)]
        cut = UserHistory(history.user_id, history.interactions[: int(rng.integers(0, 201))])
        preference = Preference()
        candidates = retriever.run("trend", preference, cut)
        ranked = Ranked(tuple(candidates[: preference.count]))
        started, working = time.perf_counter(), time.thread_time()
        belief = retriever.belief(preference, cut)
        slots = retriever.explore(ranked, preference, cut, rng, belief=belief)
        retriever.elicitation(slots, belief)
        worked.append(1000 * (time.thread_time() - working))
        turns.append(1000 * (time.perf_counter() - started))
    counted, cpu = turns[10:], worked[10:]
    return {
        "turns": len(counted),
        "items": len(retriever.catalog),
        "p50_ms": float(np.percentile(counted, 50)),
        "p95_ms": float(np.percentile(counted, 95)),
        "cpu_p50_ms": float(np.percentile(cpu, 50)),
        "cpu_p95_ms": float(np.percentile(cpu, 95)),
        "load": os.getloadavg()[0],
        "wanted_ms": WANTED_MS,
    }
