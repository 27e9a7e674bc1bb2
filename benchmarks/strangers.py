"""What a stranger likes who names a few liked items: the question of a conversation, asked of every model.

python -m benchmarks.strangers --data .reconteur/demo [--people 200] [--seed 0] [--no-fusion]

People absent from every fit name 1, 3 or 10 of the items that they like; their other likes are right. Models tuned on
the next rating are measured beside those that the channels use.
"""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from retrieval.channels.factors import LIKED
from retrieval.channels.neighbors import ITEMS, PEOPLE
from retrieval.datasets import Dataset, load_dataset
from retrieval.errors import IndexMissingError
from retrieval.fusion.others.fused import ATTENTION, FusionSettings, fit_fusion
from retrieval.fusion.others.long_term import fit_long_term, fit_popularity_now
from retrieval.fusion.others.weighted import WEIGHTED
from retrieval.models import ease, neighbors
from retrieval.models.base import Model
from retrieval.models.log import Log, Profile
from retrieval.models.side import item_side
from retrieval.settings import RetrievalSettings

K = 10
NAMED = (1, 3, 10)
TRIES = 3
"""How often each person names others."""
DISCOUNT = 1.0 / np.log2(np.arange(2, K + 2))
Case = tuple[Profile, NDArray[np.int64], int]
"""What is named, the other likes, and whose they are."""


def cases(log: Log, people: Sequence[int], named: int, rng: np.random.Generator) -> list[Case]:
    """People with at least five more likes than they name."""
    profiles, drawn = list(log.profiles()), []
    newest = float(log.times.max(initial=0.0))
    for user in people:
        liked = profiles[user].items[profiles[user].weights > 0]
        if len(liked) >= named + 5:
            for _ in range(TRIES):
                said = rng.permutation(liked)[:named]
                profile = Profile(said, np.ones(named, np.float32), np.full(named, newest))
                drawn.append((profile, np.setdiff1d(liked, said), user))
    return drawn


def ndcg(scores: NDArray[np.floating], case: Case) -> tuple[float, NDArray[np.int64]]:
    """NDCG@10 and the ten themselves."""
    profile, right, _ = case
    open_scores = np.array(scores, dtype=np.float64)
    open_scores[profile.items] = -np.inf
    top = np.argsort(-open_scores, kind="stable")[:K]
    return float((np.isin(top, right) * DISCOUNT).sum() / DISCOUNT[: min(K, len(right))].sum()), top


def models_of(train: Log, dataset: Dataset, vectors: NDArray[np.float32] | None, *, fusion: bool) -> dict[str, Model]:
    """Everything that is compared, fitted without the strangers."""
    likes = train.likes()
    models: dict[str, Model] = {
        "factors (EASE on likes)": ease.fit(likes, LIKED),
        "EASE tuned on the next rating": ease.fit(train),
        "neighbors: people (on likes)": neighbors.fit(likes, PEOPLE),
        "people tuned on the next rating": neighbors.fit(train, neighbors.PEOPLE),
        "neighbors: items (on likes)": neighbors.fit(likes, ITEMS),
        "items tuned on the next rating": neighbors.fit(train),
    }
    if fusion:
        side = item_side(dataset.catalog, vectors)
        models["fusion: later (on likes)"] = fit_long_term(likes, side)
        models["fusion: coming (on likes)"] = fit_popularity_now(likes, side)
        fused = fit_fusion(train, side, FusionSettings(strategies=(WEIGHTED, ATTENTION)))
        models["fusion: attention, for the next rating"] = fused.using(ATTENTION)
    return models


def table(log: Log, models: Mapping[str, Model], people: Sequence[int], seed: int) -> list[str]:
    """One line per model, as Markdown; intervals are 95 %, drawing people."""
    popular = np.log1p(log.where(~np.isin(log.users, people)).likes().counts()).astype(np.float32)
    well_known = set(np.argsort(-popular, kind="stable")[:100].tolist())
    head = " | ".join(f"{n} named" for n in NAMED)
    lines = [f"| model | {head} | of its ten, outside the 100 most liked |", "|---|" + "---|" * (len(NAMED) + 1)]
    asked = {n: cases(log, people, n, np.random.default_rng([seed, n])) for n in NAMED}
    for name in ("popular", *models):
        cells, little_known = [], []
        for named in NAMED:
            profiles = [profile for profile, _, _ in asked[named]]
            scores = np.tile(popular, (len(profiles), 1)) if name == "popular" else models[name].score(profiles)
            pairs = [ndcg(line, case) for line, case in zip(scores, asked[named], strict=True)]
            cells.append(_interval([value for value, _ in pairs], [user for _, _, user in asked[named]], seed))
            little_known += [np.mean([row not in well_known for row in top.tolist()]) for _, top in pairs]
        lines.append(f"| {name} | {' | '.join(cells)} | {np.mean(little_known):.0%} |")
    return lines


def _interval(values: Sequence[float], users: Sequence[int], seed: int) -> str:
    if not values:
        return "too few people"
    by_user = [np.mean([v for v, u in zip(values, users, strict=True) if u == user]) for user in dict.fromkeys(users)]
    rng, means = np.random.default_rng(seed), np.asarray(by_user)
    drawn = means[rng.integers(0, len(means), (2000, len(means)))].mean(axis=1)
    low, high = np.quantile(drawn, (0.025, 0.975))
    return f"{means.mean():.3f} ({low:.3f} to {high:.3f})"


def main() -> None:
    """Parse arguments, fit, print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path(".reconteur/demo"))
    parser.add_argument("--people", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--no-fusion", dest="fusion", action="store_false", help="only the models behind channels")
    arguments = parser.parse_args()
    dataset = load_dataset(arguments.data)
    log = Log.of_dataset(dataset)
    people = np.sort(np.random.default_rng(arguments.seed).permutation(log.n_users)[: arguments.people]).tolist()
    with Console(stderr=True).status("fitting without the strangers"):
        train = log.where(~np.isin(log.users, people))
        models = models_of(train, dataset, _vectors(dataset, arguments.data), fusion=arguments.fusion)
    print("\n".join(table(log, models, people, arguments.seed)))


def _vectors(dataset: Dataset, data_dir: Path) -> NDArray[np.float32] | None:
    from retrieval.vectors import VectorIndex

    try:
        matrix = VectorIndex.open(dataset.catalog, RetrievalSettings(data_dir=data_dir)).matrix
    except IndexMissingError:
        return None
    return np.asarray(matrix, dtype=np.float32)


if __name__ == "__main__":
    main()
