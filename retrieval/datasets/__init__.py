"""Catalogs with their interactions: in memory, on disk, and the demo's reader."""

from retrieval.datasets.dataset import Dataset, Interactions, Triple
from retrieval.datasets.movielens import load_movielens
from retrieval.datasets.storage import load_dataset, save_dataset

__all__ = ["Dataset", "Interactions", "Triple", "load_dataset", "load_movielens", "save_dataset"]
