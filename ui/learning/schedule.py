"""Has a server learn as it runs: what is new is taken up, and fitted in a process of its own where settings say so."""

import asyncio
import logging
import multiprocessing
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

from agent.learning.refit import HOUR, is_due, refit
from agent.settings import LogSettings, Settings
from retrieval.errors import RecommenderError
from retrieval.refit import Generations
from retrieval.state.realms import tenant_of
from ui.logs import configure

if TYPE_CHECKING:
    from agent.agent import Agent

logger = logging.getLogger(__name__)

LOWEST = 19
"""Niceness: everybody who waits for an answer comes first."""


@asynccontextmanager
async def learning(agent: "Agent", settings: Settings) -> AsyncIterator[None]:
    """Look for what was learned, and learn, until the block ends; a fit that is under way then ends, too."""
    looking = asyncio.create_task(_look(agent, settings))
    try:
        yield
    finally:
        looking.cancel()
        with suppress(asyncio.CancelledError):
            await looking


async def _look(agent: "Agent", settings: Settings) -> None:
    again: dict[str, float] = {}
    while True:
        await asyncio.sleep(settings.learning.look_s)
        try:
            await take_up(agent)
            for tenant in await asyncio.to_thread(_due, agent, settings) if settings.learning.refit_h else ():
                if time.monotonic() >= again.get(tenant, 0.0):
                    again[tenant] = time.monotonic() + settings.learning.refit_h * HOUR  # also where it is killed
                    await fit_beside(settings, tenant)
                    await take_up(agent)
        except RecommenderError as error:  # the database may be away for a while: what runs goes on
            logger.warning("nothing is learned just now: %s", error.public)


async def take_up(agent: "Agent") -> None:
    """Let what was learned since serve from the next request on."""
    for tenant in await asyncio.to_thread(agent.renew):
        logger.info("what the users%s taught serves from now on", f" of {tenant}" if tenant else "")


async def fit_beside(settings: Settings, tenant: str) -> None:
    """One attempt in a process of its own, which ends with this one's wait for it."""
    context = multiprocessing.get_context("spawn")  # a fork would copy locks that other threads hold
    process = context.Process(target=_fit, args=(settings, tenant), daemon=True)
    process.start()
    try:
        await asyncio.to_thread(process.join)
        if process.exitcode:
            logger.warning("a refit ended by itself (code %s): what ran goes on", process.exitcode)
    finally:
        process.kill()  # which ends the thread that waits for it, too


def be_modest() -> None:
    """Give way to all other processes, and use one processor for matrices."""
    from threadpoolctl import threadpool_limits

    if hasattr(os, "nice"):
        os.nice(LOWEST)
    threadpool_limits(limits=1, user_api="blas")


def _due(agent: "Agent", settings: Settings) -> list[str]:
    """The tenants that it is time for."""
    state, folder = agent.state, settings.retrieval.data_dir
    tenants = sorted({tenant_of(realm) for realm in state.realms()})
    return [
        tenant for tenant in tenants if is_due(Generations.of(folder, tenant), state, tenant, settings.learning.refit_h)
    ]


def _fit(settings: Settings, tenant: str) -> None:
    """What the other process does; a second one at the same time leaves it to the first."""
    configure(LogSettings(level=settings.log.level, format=settings.log.format))
    be_modest()
    try:
        last = refit(settings, tenant, every_h=settings.learning.refit_h)
    except RecommenderError as error:
        logger.warning("not refitted: %s", error.public)
        return
    if last is not None and last.generation is not None:
        measured = last.generation.measured
        logger.info(
            "refit %s: NDCG@10 %.3f, before %.3f, over %d people",
            "taken" if last.taken else "not taken",
            measured.ndcg_after,
            measured.ndcg_before,
            measured.people,
        )
    elif last is not None:
        logger.info("nothing to learn: %s", last.reason)
