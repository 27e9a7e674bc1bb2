"""Fits one well-known library's recommender and scores all items: runs in the peers' own environment.

It knows nothing of this project: `python peers_worker.py TASK.json SPLIT.npz FOLDER`. The task names the peer, its
settings, a seed and, for those that train in epochs, after how many of them to score. FOLDER gets `scores-<epochs>.npz`
(float32, users asked about x items; -inf where the library says nothing) and `facts.json`.
"""

import json
import os
import sys
import time
import warnings
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

Settings = dict[str, Any]


def main(task_path: str, split_path: str, folder: str) -> None:
    """Run one task; the facts are written last."""
    warnings.filterwarnings("ignore")
    task = json.loads(Path(task_path).read_text(encoding="utf-8"))
    with np.load(split_path, allow_pickle=False) as stored:
        split = {name: stored[name] for name in stored.files}
    out = Path(folder)
    out.mkdir(parents=True, exist_ok=True)
    _seed(task["seed"])
    facts: dict[str, Any] = {"task": task, "log": str(split["fingerprint"]), "points": []}
    for epochs, fit_s, score_s, scores in PEERS[task["peer"]](split, task):
        np.savez_compressed(out / f"scores-{epochs}.npz", scores=scores.astype(np.float32))
        facts["points"].append({"epochs": epochs, "fit_s": fit_s, "score_s": score_s})
    (out / "facts.json").write_text(json.dumps(facts, indent=1), encoding="utf-8")


Point = tuple[int, float, float, np.ndarray]


def _simple(split: dict[str, np.ndarray], task: Settings) -> Iterator[Point]:
    """A RecTools model that is fitted in one go."""
    from rectools.dataset import Dataset

    dataset = Dataset.construct(_frame(split, real_times=task["peer"] == "Popular"))
    model = _make(task["peer"], task["settings"], task["seed"])
    began = time.perf_counter()
    model.fit(dataset)
    fitted = time.perf_counter()
    scores = _scores(model, dataset, split)
    yield 0, fitted - began, time.perf_counter() - fitted, scores


def _make(peer: str, settings: Settings, seed: int) -> Any:
    """The library's model."""
    from implicit.als import AlternatingLeastSquares
    from implicit.bpr import BayesianPersonalizedRanking
    from implicit.nearest_neighbours import BM25Recommender, CosineRecommender, TFIDFRecommender
    from rectools import models

    if peer == "Popular":
        days = settings.get("days")
        return models.PopularModel(period=timedelta(days=days) if days else None)
    if peer == "ItemKNN":
        kinds = {"cosine": CosineRecommender, "tfidf": TFIDFRecommender, "bm25": BM25Recommender}
        kind = kinds[settings["similarity"]]
        return models.ImplicitItemKNNWrapperModel(kind(K=settings["k"], num_threads=1))
    if peer == "EASE":
        return models.EASEModel(regularization=settings["regularization"], recommend_n_threads=1)
    if peer == "ALS":
        return models.ImplicitALSWrapperModel(AlternatingLeastSquares(random_state=seed, num_threads=1, **settings))
    return models.ImplicitBPRWrapperModel(BayesianPersonalizedRanking(random_state=seed, num_threads=1, **settings))


def _transformer(split: dict[str, np.ndarray], task: Settings) -> Iterator[Point]:
    """A RecTools transformer, scored after each of the numbers of epochs."""
    import logging

    from rectools.dataset import Dataset
    from rectools.models import BERT4RecModel, SASRecModel

    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
    dataset = Dataset.construct(_frame(split, real_times=False))
    kind = SASRecModel if task["peer"] == "SASRec" else BERT4RecModel
    model = kind(**task["settings"], epochs=1, recommend_torch_device="cpu", recommend_n_threads=1)
    done, spent = 0, 0.0
    for epochs in task["epochs"]:
        began = time.perf_counter()
        model.fit_partial(dataset, min_epochs=epochs - done, max_epochs=epochs - done)
        spent += time.perf_counter() - began
        done = epochs
        began = time.perf_counter()
        scores = _scores(model, dataset, split)
        yield epochs, spent, time.perf_counter() - began, scores


def _lightgcn(split: dict[str, np.ndarray], task: Settings) -> Iterator[Point]:
    """torch-geometric's LightGCN; the normalized graph is a torch sparse matrix, which it multiplies directly."""
    import torch

    settings, n_users, n_items = task["settings"], int(split["n_users"]), int(split["n_items"])
    users, items = torch.as_tensor(split["users"]), torch.as_tensor(split["items"])
    graph = _graph(users, items + n_users, n_users + n_items)
    model, optimizer = _gcn(n_users + n_items, settings)
    done, spent = 0, 0.0
    for epochs in task["epochs"]:
        began = time.perf_counter()
        for _ in range(epochs - done):
            _gcn_epoch(model, optimizer, graph, users, items + n_users, n_users, settings)
        spent, done = spent + time.perf_counter() - began, epochs
        began = time.perf_counter()
        with torch.no_grad():
            embedding = model.get_embedding(graph)
        scores = (embedding[:n_users][split["asked"]] @ embedding[n_users:].T).numpy()
        scores[:, np.bincount(split["items"], minlength=n_items) == 0] = -np.inf
        scores[np.bincount(split["users"], minlength=n_users)[split["asked"]] == 0] = -np.inf
        yield epochs, spent, time.perf_counter() - began, scores


def _gcn(n_nodes: int, settings: Settings) -> tuple[Any, Any]:
    import torch
    from torch_geometric.nn.models import LightGCN

    model = LightGCN(n_nodes, settings["factors"], settings["layers"], normalize=False)
    torch.nn.init.normal_(model.embedding.weight, std=0.1)
    return model, torch.optim.Adam(model.parameters(), lr=settings["lr"])


def _graph(users: Any, items: Any, n_nodes: int) -> Any:
    """Both directions, each edge divided by the roots of the degrees of its ends; sparse rows."""
    import torch

    edges = torch.stack([torch.cat([users, items]), torch.cat([items, users])])
    degrees = torch.bincount(edges[0], minlength=n_nodes).clamp(min=1).float()
    weights = (degrees[edges[0]] * degrees[edges[1]]).rsqrt()
    return torch.sparse_coo_tensor(edges, weights, (n_nodes, n_nodes)).coalesce().to_sparse_csr()


def _gcn_epoch(
    model: Any, optimizer: Any, graph: Any, users: Any, items: Any, n_users: int, settings: Settings
) -> None:
    """One pass over all pairs, with one item that is drawn evenly against each."""
    import torch

    for batch in torch.randperm(len(users)).split(settings["batch_size"]):
        against = torch.randint(n_users, model.num_nodes, (len(batch),))
        embedding = model.get_embedding(graph)
        near = (embedding[users[batch]] * embedding[items[batch]]).sum(dim=-1)
        far = (embedding[users[batch]] * embedding[against]).sum(dim=-1)
        nodes = torch.cat([users[batch], items[batch], against])
        loss = model.recommendation_loss(near, far, node_id=nodes, lambda_reg=settings["regularization"])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def _frame(split: dict[str, np.ndarray], *, real_times: bool) -> pd.DataFrame:
    """Interactions as RecTools wants them; unless asked, times are only the order, so that no tie is broken anew."""
    seconds = split["times"] if real_times else np.arange(len(split["users"]))
    stamps = pd.to_datetime(seconds.astype(np.int64), unit="s")
    return pd.DataFrame({"user_id": split["users"], "item_id": split["items"], "weight": 1.0, "datetime": stamps})


def _scores(model: Any, dataset: Any, split: dict[str, np.ndarray]) -> np.ndarray:
    """The library's scores of everything for those it knows."""
    asked, n_items = split["asked"], int(split["n_items"])
    scores = np.full((len(asked), n_items), -np.inf, dtype=np.float32)
    known = asked[np.isin(asked, np.unique(split["users"]))]
    recommended = model.recommend(known, dataset, k=n_items, filter_viewed=False)
    at = np.searchsorted(asked, recommended["user_id"].to_numpy())
    scores[at, recommended["item_id"].to_numpy()] = recommended["score"].to_numpy()
    return scores


def _seed(seed: int) -> None:
    import torch

    torch.set_num_threads(1)
    torch.manual_seed(seed)
    np.random.seed(seed)  # noqa: NPY002 - the libraries draw from the old generator


PEERS = {
    **dict.fromkeys(("Popular", "ItemKNN", "EASE", "ALS", "BPR"), _simple),
    **dict.fromkeys(("SASRec", "BERT4Rec"), _transformer),
    "LightGCN": _lightgcn,
}

if __name__ == "__main__":
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    main(*sys.argv[1:])
