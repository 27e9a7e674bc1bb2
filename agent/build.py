"""All wiring happens here."""

import asyncio
import os
from contextlib import AsyncExitStack
from dataclasses import replace

import httpx
import numpy as np
from langchain_openai import ChatOpenAI

from agent.agent import Agent
from agent.aspects import AspectReader
from agent.conversations import ConversationStore, open_checkpointer
from agent.lexicon import Lexicon
from agent.llm import make_chat_model, make_waiting_model, open_client
from agent.model_reader import ModelReader
from agent.model_size import identify
from agent.proposals import TitleProposer
from agent.rules import RuleReader
from agent.settings import LlmSettings, Settings
from agent.understand import Understanding
from agent.writer import Writer
from retrieval.channels.language_model import LanguageModelChannel
from retrieval.features.trust import believed_features, is_large
from retrieval.items import Catalog
from retrieval.retriever import Retriever
from retrieval.state import StateStore, open_state
from retrieval.state.learning import learn_from_log

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
    showings, guessed = await asyncio.to_thread(learn_from_log, state, retriever.catalog)
    retriever.explorer = retriever.explorer.taught(showings, guessed)
    understanding = make_understanding(retriever.catalog, settings.llm, model)
    identity = await trusted_model(settings)
    if model and identity:
        understanding = replace(understanding, aspects=AspectReader.of(retriever.catalog, model))
    retriever = await asyncio.to_thread(add_model_channel, retriever, settings, identity, resources)

    def make_writer() -> Writer | None:
        return Writer(model, retriever.catalog, settings.llm.write_tokens) if model else None

    return Agent(
        retriever=retriever,
        state=state,
        conversations=ConversationStore(saver),
        settings=settings,
        understanding=understanding,
        make_writer=make_writer,
        make_rng=lambda: rng,
        resources=resources,
    )


async def trusted_model(settings: Settings) -> str:
    """What the model is called, where it may name titles and read opinions; '' where it may not, or there is none."""
    mode = settings.retrieval.language_model_channel
    if mode == "off" or not settings.llm.url:
        return ""
    identity = await identify(settings.llm)
    return identity if mode == "on" or is_large(identity) else ""


def add_model_channel(retriever: Retriever, settings: Settings, identity: str, resources: AsyncExitStack) -> Retriever:
    """The retriever with the channel `language_model`, as far as there is a model or anything that one has read.

    Args:
        retriever: The other channels.
        settings: Whether the channel is wanted; where the data lies.
        identity: The model that may name titles; '' for none.
        resources: Closes the connections in the end.
    """
    mode, catalog = settings.retrieval.language_model_channel, retriever.catalog
    if mode == "off":
        return retriever
    features = believed_features(settings.retrieval.data_dir, catalog, mode)
    proposer = None
    if identity:
        client = resources.enter_context(httpx.Client(timeout=settings.llm.titles_timeout_s))
        waiting = make_waiting_model(settings.llm, client, timeout_s=settings.llm.titles_timeout_s)
        proposer = TitleProposer.of(catalog, waiting, max_tokens=settings.llm.titles_tokens, identity=identity)
    if proposer is None and features is None:
        return retriever
    return retriever.with_channel(LanguageModelChannel(catalog, proposer, features))


def checkpoint_url(settings: Settings) -> str:
    """Where conversations go: its own URL, else beside the state when that is PostgreSQL."""
    if settings.checkpoint_url:
        return settings.checkpoint_url
    return settings.retrieval.state_url if settings.retrieval.state_url.startswith("postgres") else ""
