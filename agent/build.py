"""All wiring happens here."""

import asyncio
import os
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

import numpy as np
from langchain_openai import ChatOpenAI

from agent.admission import Admission
from agent.agent import Agent
from agent.conversations import ConversationStore, open_checkpointer
from agent.drivers.acts import bundled_acts
from agent.drivers.base import Driver
from agent.drivers.choose import DriverChooser
from agent.drivers.offline import Spotter
from agent.drivers.probe import FILE, ProbeCache, Prober, cache_key
from agent.drivers.schema import SchemaDriver, bundled_ear, unaided_driver
from agent.drivers.tool_calling import ToolCallingDriver
from agent.histories import HistoryCache
from agent.learning.refit import learned
from agent.llm import make_chat_model, open_client
from agent.loop.words import Words
from agent.matching import FieldMatcher
from agent.settings import LlmSettings, Settings, checkpoint_url
from agent.wording.check import TitleFinder
from retrieval.channels.language_model import LanguageModelChannel
from retrieval.features.trust import believed_features
from retrieval.items import Catalog
from retrieval.retriever import Retriever
from retrieval.state import StateStore, open_state
from retrieval.state.learning import learn_from_log
from retrieval.state.realms import tenant_of
from tools.placing import Placer
from tools.rules import FILE as FILE_OF_RULES
from tools.rules import RuleBook

AT_HOME = {"LANGSMITH_TRACING": "false", "LANGCHAIN_TRACING_V2": "false", "ANONYMIZED_TELEMETRY": "False"}
"""What people say stays here, even where tracing is on for the other programs of this machine."""
PROBE_S = 180.0
"""For one trial of the probe; a small model reads the long prompt for a minute."""


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
    rules = await asyncio.to_thread(read_rules, settings, retriever.catalog)
    resources = AsyncExitStack()
    resources.callback(state.close)
    saver = await resources.enter_async_context(
        open_checkpointer(checkpoint_url(settings), settings.retrieval.data_dir)
    )
    conversations = ConversationStore(saver)
    await conversations.compact_if_unclean()
    client = open_client(settings.llm)
    resources.push_async_callback(client.aclose)
    rng = np.random.default_rng(seed)
    make_retriever = partial(retriever_of, retriever, state, settings)
    retriever = await asyncio.to_thread(make_retriever, tenant_of(state.realm))
    catalog = retriever.catalog
    placer = Placer(catalog)
    model = make_chat_model(settings.llm, client)
    drivers, speaker = make_drivers(catalog, placer, settings.llm, model, rules)
    calls = Admission(settings.llm.calls_at_once)
    return Agent(
        retriever=retriever,
        state=state,
        conversations=conversations,
        settings=settings,
        chooser=make_chooser(catalog, settings, drivers, model),
        words=Words(retriever, TitleFinder(catalog), speaker, settings.retrieval.tool_timeout_s),
        placer=placer,
        make_rng=lambda: rng,
        turns=Admission(settings.limits.turns_at_once, settings.limits.turns_waiting),
        calls=calls,
        matcher=FieldMatcher(model, calls) if model is not None else None,
        resources=resources,
        histories=HistoryCache(settings.histories),
        rules=rules,
        make_retriever=make_retriever,
    )


def retriever_of(built: Retriever, state: StateStore, settings: Settings, tenant: str) -> Retriever:
    """The retriever of a tenant: what was built, with all that its users taught, and what a language model read."""
    retriever = learned(built, settings.retrieval, tenant)
    retriever = retriever.updated(*learn_from_log(state.of(tenant), retriever.catalog))
    return with_features(retriever, settings)


def read_rules(settings: Settings, catalog: Catalog) -> RuleBook | None:
    """The house's rules; None where there are none.

    Raises:
        RulesError: The file that is named is not there, or something in it cannot work.
    """
    path = Path(settings.rules or settings.retrieval.data_dir / FILE_OF_RULES)
    return RuleBook.read(path, catalog) if settings.rules or path.exists() else None


def make_drivers(
    catalog: Catalog,
    placer: Placer,
    llm: LlmSettings,
    model: ChatOpenAI | None,
    rules: RuleBook | None = None,
) -> tuple[dict[str, Driver], ToolCallingDriver | None]:
    """The drivers by name, and the one whose model writes prose; without a model only the offline driver."""
    acts, ear = bundled_acts(), bundled_ear(catalog, placer)
    offline = unaided_driver(catalog, placer, ear)
    if model is None:
        return {offline.name: offline}, None
    tools = ToolCallingDriver(model, catalog, llm.step_tokens, llm.write_tokens, rules.told() if rules else "")
    schema = SchemaDriver(
        catalog,
        model,
        Spotter(catalog, placer),
        max_tokens=llm.schema_tokens,
        encoder=acts.network.encoder,
        has_staff=rules is not None and rules.rules.handover is not None,
        acts=acts,
        ear=ear,
    )
    return {driver.name: driver for driver in (offline, schema, tools)}, tools


def make_chooser(
    catalog: Catalog, settings: Settings, drivers: dict[str, Driver], model: ChatOpenAI | None
) -> DriverChooser:
    """Chooses among the drivers; keeps what it found out about an endpoint in the data folder."""
    llm, folder = settings.llm, Path(settings.retrieval.data_dir)
    return DriverChooser(
        drivers,
        setting=llm.driver,
        model=model,
        prober=Prober(model, catalog, PROBE_S) if model is not None else None,
        cache=ProbeCache(folder / FILE),
        key=cache_key(llm, catalog) if model is not None else "",
        retry_s=llm.retry_s,
    )


def with_features(retriever: Retriever, settings: Settings) -> Retriever:
    """The retriever with the channel of what a language model has read in the items' texts, where there is any."""
    mode = settings.retrieval.language_model_channel
    features = None if mode == "off" else believed_features(settings.retrieval.data_dir, retriever.catalog, mode)
    if features is None:
        return retriever
    return retriever.with_channel(LanguageModelChannel(retriever.catalog, None, features))
