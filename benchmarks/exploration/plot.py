"""Two curves: likes found by round, and what the dial trades."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

ASKED = "default, answered 100%"
SHOWN = ("greedy", "ucb", "thompson", "epsilon-greedy", "ucb, whole list")


def draw(parts: Mapping[str, Any], folder: Path) -> None:
    """Write exploration.svg."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "exploration"
    from matplotlib import pyplot as plt

    folder.mkdir(parents=True, exist_ok=True)
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
    for name in SHOWN:
        if name in parts["cold"]:
            left.plot(range(1, 11), parts["cold"][name]["likes_by_round"], label=name, linewidth=1.5)
    if ASKED in parts.get("asked", {}):
        left.plot(
            range(1, 11), parts["asked"][ASKED]["likes_by_round"], "--", label="ucb, with questions", linewidth=1.5
        )
    left.set(xlabel="round", ylabel="liked items found", title="Strangers, 5 items a round", ylim=(0, None))
    left.legend(fontsize=7)
    dial = {float(name): figures for name, figures in parts["dial"].items() if isinstance(figures, dict)}
    places = sorted(dial)
    for key, label in (("likes", "likes"), ("coverage", "coverage"), ("ndcg", "NDCG@10 after 5 rounds")):
        right.plot(places, [dial[place]["to_greedy"][key]["ratio"] for place in places], marker="o", label=label)
    right.axhline(1.0, color="gray", linewidth=0.8)
    right.set(xlabel="dial", ylabel="ratio to greedy", title="What the dial trades")
    right.legend(fontsize=7)
    figure.savefig(folder / "exploration.svg", metadata={"Date": None})
    plt.close(figure)
