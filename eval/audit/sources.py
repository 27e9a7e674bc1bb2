"""The catalog of a data folder, for the audit of our own conversations."""

from pathlib import Path

from retrieval.datasets import load_dataset
from retrieval.items import Catalog


def catalog_of(data_dir: Path) -> Catalog:
    """The catalog that a data folder was built with.

    Raises:
        IndexMissingError: There is none.
    """
    return load_dataset(data_dir).catalog
