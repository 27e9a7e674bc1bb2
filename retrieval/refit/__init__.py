"""What a data folder's own users teach the recommenders: their opinions, generations of fitted parts, a comparison.

A generation is a folder beside the indexes that were built: the parts that learn from people, fitted on the dataset and
on what this folder's users said since. It serves once it was no worse than what served before (`agent.learning.refit`).
"""

from retrieval.refit.fitting import fit_parts, with_generation
from retrieval.refit.generations import Generation, Generations, Last, Measured
from retrieval.refit.opinions import Opinions, read_opinions, together

__all__ = [
    "Generation",
    "Generations",
    "Last",
    "Measured",
    "Opinions",
    "fit_parts",
    "read_opinions",
    "together",
    "with_generation",
]
