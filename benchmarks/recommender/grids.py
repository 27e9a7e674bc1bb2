"""What was tried for each peer: the whole search, chosen by validation NDCG@10.

Grids grew out of the papers' and the libraries' defaults; a value at the edge of a grid was followed outwards.
"""

from dataclasses import dataclass, field

Value = str | int | float
Settings = dict[str, Value]


@dataclass(frozen=True, slots=True)
class Grid:
    """One peer's settings, and after how many epochs each is scored (0: fitted in one go)."""

    library: str
    settings: tuple[Settings, ...]
    epochs: tuple[int, ...] = ()
    n_seeds: int = 1
    """How many fits the reported figures average; 1 where nothing is drawn by chance."""
    more: tuple[tuple[int, ...], ...] = field(default=())
    """Epochs per setting where they differ from `epochs`."""

    def epochs_of(self, at: int) -> tuple[int, ...]:
        """The numbers of epochs to score one of the settings after."""
        return self.more[at] if self.more else self.epochs


def _grid(**columns: tuple[Value, ...]) -> tuple[Settings, ...]:
    """Settings as parallel columns; a column with one value holds for all."""
    n = max(len(column) for column in columns.values())
    return tuple({name: column[at % len(column)] for name, column in columns.items()} for at in range(n))


_SEQUENCE: Settings = {"n_factors": 64, "n_blocks": 2, "n_heads": 2, "session_max_len": 100, "batch_size": 32}

GRIDS: dict[str, Grid] = {
    "Popular": Grid("RecTools", ({}, {"days": 120}, {"days": 60}, {"days": 30})),
    "ItemKNN": Grid(
        "implicit",
        tuple({"similarity": s, "k": k} for s in ("cosine", "tfidf", "bm25") for k in (20, 50, 100, 200)),
    ),
    "EASE": Grid(
        "RecTools", tuple({"regularization": x} for x in (25.0, 50.0, 100.0, 200.0, 350.0, 500.0, 800.0, 1200.0))
    ),
    "ALS": Grid(
        "implicit",
        tuple(
            {"factors": factors, "alpha": alpha, "regularization": weight, "iterations": 15}
            for factors, alpha, weight in (
                (16, 2.0, 1.0),
                (32, 2.0, 1.0),
                (64, 2.0, 1.0),
                (32, 5.0, 1.0),
                (32, 5.0, 10.0),
                (64, 5.0, 30.0),
                (32, 10.0, 30.0),
                (16, 5.0, 1.0),
                (64, 1.0, 3.0),
                (128, 1.0, 10.0),
                (64, 0.5, 3.0),
                (128, 0.5, 10.0),
            )
        ),
    ),
    "BPR": Grid(
        "implicit",
        tuple(
            {"factors": factors, "learning_rate": rate, "regularization": weight, "iterations": passes}
            for factors, rate, weight, passes in (
                (32, 0.01, 0.01, 200),
                (32, 0.03, 0.01, 100),
                (32, 0.03, 0.03, 100),
                (64, 0.03, 0.03, 200),
                (64, 0.01, 0.03, 300),
                (128, 0.03, 0.05, 200),
                (64, 0.05, 0.05, 100),
                (128, 0.01, 0.01, 100),
                (32, 0.01, 0.01, 100),
                (32, 0.01, 0.01, 50),
                (64, 0.01, 0.01, 50),
                (64, 0.01, 0.02, 150),
            )
        ),
        n_seeds=2,
    ),
    "LightGCN": Grid(
        "torch-geometric",
        _grid(
            factors=(64, 64, 64, 64),
            layers=(2, 3, 2, 2),
            lr=(0.005, 0.005, 0.01, 0.01),
            regularization=(1e-4, 1e-4, 1e-2, 1e-4),
            batch_size=(2048,),
        ),
        more=((20, 40), (20, 40), (20, 40), (20, 40, 60)),
        n_seeds=2,
    ),
    "SASRec": Grid(
        "RecTools",
        (
            {**_SEQUENCE, "loss": "softmax", "dropout_rate": 0.2},
            {**_SEQUENCE, "loss": "softmax", "dropout_rate": 0.4},
            {**_SEQUENCE, "loss": "gBCE", "n_negatives": 128, "gbce_t": 0.75, "dropout_rate": 0.2},
        ),
        more=((5, 10, 15, 20, 25), (10, 20, 30, 40), (10, 20)),
    ),
    "BERT4Rec": Grid(
        "RecTools",
        (
            {**_SEQUENCE, "loss": "softmax", "dropout_rate": 0.2, "mask_prob": 0.2},
            {**_SEQUENCE, "loss": "softmax", "dropout_rate": 0.2, "mask_prob": 0.4},
        ),
        epochs=(15, 30),
    ),
}
