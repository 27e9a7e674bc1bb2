"""Settings of the recommenders; filled by `agent.settings.Settings`, which alone reads the environment."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

LEARNED = ("later", "coming", "cascade", "ranker", "attention", "multitask")
"""The ways to fuse that are fitted; they need what `reconteur build` writes."""


class RetrievalSettings(BaseModel):
    """Where data lies and which recommenders run."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    data_dir: Path = Path(".reconteur/demo")
    encoder: str = Field(
        default="bundled-use",
        description="'bundled-use' (offline, 16 languages), 'bundled-minilm' (offline, English) or a name that "
        "sentence-transformers knows",
    )
    chroma_url: str = Field(default="", description="a Chroma server; '' for the embedded one in data_dir/chroma")
    sparql_url: str = Field(
        default="", description="a SPARQL 1.1 endpoint; '' for the embedded store in data_dir/graph"
    )
    state_url: str = Field(default="", description="SQLAlchemy URL; '' for SQLite in data_dir/state.db")
    pool_size: int = Field(default=200, ge=1, le=5000, description="candidates that each channel brings")
    tool_timeout_s: float = Field(default=5.0, gt=0)
    weights: dict[str, float] = Field(
        default_factory=lambda: {
            "content": 1.0,
            "factors": 1.0,
            "neighbors": 0.5,
            "sequence": 0.3,
            "graph": 0.8,
            "trend": 0.15,
            "language_model": 0.5,
        },
        description="fusion weights by channel",
    )
    fusion: Literal[
        "conversation",
        "weighted",
        "reciprocal_rank",
        "votes",
        "later",
        "coming",
        "cascade",
        "ranker",
        "attention",
        "multitask",
    ] = Field(
        default="conversation",
        description="how channels become one list: 'conversation' by weights learned from recorded conversations; the "
        "last six are fitted on a log and stand back where words ask: 'later' and 'coming' look for what someone will "
        "like in the coming weeks, 'coming' by what is popular with those who come or come back now, the others for "
        "what they take next",
    )
    factors: Literal["ease", "als"] = Field(default="ease", description="the model behind the channel 'factors'")
    neighbors: Literal["user", "item"] = Field(default="user", description="whose neighbors: similar people or items")
    similarity: Literal["cosine", "pearson", "euclidean"] = Field(
        default="cosine", description="how neighbors are compared"
    )
    graph_vectors: Literal["lightgcn", "complex", "none"] = Field(
        default="lightgcn", description="what the channel 'graph' has learned, beside the facts that items share"
    )
    language_model_channel: Literal["auto", "on", "off"] = Field(
        default="auto",
        description="whether what a language model read in the items' texts counts; 'auto': where it has 7 billion "
        "parameters or more, by its name or its server",
    )
    exploration: Literal["greedy", "epsilon-greedy", "ucb", "thompson", "uniform"] = Field(
        default="ucb", description="which policy draws the guesses"
    )
    diversity: float = Field(default=0.2, ge=0, le=1, description="0 keeps the order of scores, 1 spreads most")
    seed: int = 0
