"""All wiring happens here."""

import asyncio
import os
from contextlib import AsyncExitStack

import numpy as np
from langchain_openai import ChatOpenAI

from agent.agent import Agent
from agent.conversations import ConversationStore, open_checkpointer
from agent.lexicon import Lexicon
from agent.llm import make_chat_model, open_client
from agent.model_reader import ModelReader
from agent.rules import RuleReader
from agent.settings import LlmSettings, Settings
from agent.understand import Understanding
from agent.writer import Writer
from retrieval.items import Catalog
from retrieval.retriever import Retriever
from retrieval.state import StateStore, open_state

AT_HOME = {"LANGSMITH_TRACING": "false", "LANGCHAIN_TRACING_V2": "false", "ANONYMIZED_TELEMETRY": "False"}
"""What people say stays here, even where tracing is on for the other programs of this machine."""


def make_understanding(catalog: Catalog, llm: LlmSettings, model: ChatOpenAI | None = None) -> Understanding:
    """The reader of messages about a catalog; without a model where no endpoint is set."""
    model = model or make_chat_model(llm)
    reader = ModelReader.of(catalog, model, max_tokens=llm.understand_tokens) if model else None
    return Understanding(catalog, RuleReader(catalog, Lexicon(catalog)), reader)


async def build_agent(settings: Settings) -> Agent:
    """Open everything in the data folder and put the agent together.

    Raises:
        IndexMissingError: There is no catalog in the data folder.
        RecommenderError: The state or the checkpointer cannot be opened.
    """
    retriever = await asyncio.to_thread(Retriever.open, settings.retrieval)
    state = await asyncio.to_thread(open_state, settings.retrieval)
    return await assemble(retriever, state, settings)


async def assemble(retriever: Retriever, state: StateStore, settings: Settings, *, seed: int | None = None) -> Agent:
    """An agent of parts that are open already; `seed` fixes the exploration."""
    os.environ.update(AT_HOME)
    resources = AsyncExitStack()
    resources.callback(state.close)
    saver = await resources.enter_async_context(
        open_checkpointer(checkpoint_url(settings), settings.retrieval.data_dir)
    )
    client = open_client(settings.llm)
    resources.push_async_callback(client.aclose)
    model = make_chat_model(settings.llm, client)
    rng = np.random.default_rng(seed)

    def make_writer() -> Writer | None:
        return Writer(model, retriever.catalog, settings.llm.write_tokens) if model else None

    return Agent(
        retriever=retriever,
        state=state,
        conversations=ConversationStore(saver),
        settings=settings,
        understanding=make_understanding(retriever.catalog, settings.llm, model),
        make_writer=make_writer,
        make_rng=lambda: rng,
        resources=resources,
    )


def checkpoint_url(settings: Settings) -> str:
    """Where conversations go: its own URL, else beside the state when that is PostgreSQL."""
    if settings.checkpoint_url:
        return settings.checkpoint_url
    return settings.retrieval.state_url if settings.retrieval.state_url.startswith("postgres") else ""
