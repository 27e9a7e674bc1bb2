"""Which driver leads the next turn: found out by a probe beside the conversation, overridden by a setting.

A model that fails twice in a row is left alone: the offline driver answers at once, while a small call beside finds out
when it is back.
"""

import asyncio
import contextlib
import logging
from collections.abc import Coroutine, Mapping
from contextvars import Context
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from langchain_core.messages import HumanMessage
from langchain_openai import ChatOpenAI

from agent.drivers.base import Driver
from agent.drivers.probe import Finding, ProbeCache, Prober
from agent.llm import FAILURES, within
from retrieval.errors import ModelUnavailableError

logger = logging.getLogger(__name__)

OFFLINE, SCHEMA, TOOLS, AUTO = "offline", "schema", "tools", "auto"
MOST_FAILURES = 2
PING_S = 20.0


@runtime_checkable
class Warming(Protocol):
    """A driver whose prompts begin with the same long text, which a server reads once."""

    async def warm(self) -> None:
        """Have it read; a model that does not answer is no error."""
        ...


@dataclass(frozen=True, slots=True)
class Choice:
    """A driver and why."""

    driver: Driver
    reason: str


@dataclass(slots=True)
class DriverChooser:
    """Chooses among the drivers there are; one per agent. Counts the model's failures over all conversations."""

    drivers: Mapping[str, Driver]
    """By name; 'offline' is always there, the others where an endpoint is set."""
    setting: str = AUTO
    model: ChatOpenAI | None = None
    prober: Prober | None = None
    cache: ProbeCache | None = None
    key: str = ""
    retry_s: float = 30.0
    finding: Finding | None = None
    failures: int = 0
    is_left_alone: bool = False
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def pick(self) -> Choice:
        """The driver of the next turn."""
        name, reason = self._pick()
        return Choice(self.drivers.get(name, self.drivers[OFFLINE]), reason)

    def _pick(self) -> tuple[str, str]:
        if self.model is None:
            return OFFLINE, "no language model is set"
        if self.setting != AUTO:
            if self.is_left_alone and self.setting != OFFLINE:
                return OFFLINE, "the language model failed twice and is left alone for a while"
            return self.setting, "set by RECONTEUR_LLM__DRIVER"
        if self.is_left_alone:
            return OFFLINE, "the language model failed twice and is left alone for a while"
        if self.finding is None:
            return SCHEMA, "the language model was not probed yet"
        return self.finding.driver, self.finding.reason

    @property
    def status(self) -> str:
        """'tools: right tool calls in 3 of 3 trials', for people who look after a server."""
        name, reason = self._pick()
        return f"{name}: {reason}"

    def start(self) -> None:
        """Find out in the background what the model can do, unless that is known or set."""
        if self.model is None:
            return
        if self.cache is not None and self.setting == AUTO:
            self.finding = self.cache.read(self.key)
        self._begin(self._get_ready())

    def succeeded(self) -> None:
        """The model did what it was asked for."""
        self.failures = 0

    def failed(self) -> None:
        """The model failed in a turn; after the second time in a row it is left alone."""
        self.failures += 1
        if self.failures >= MOST_FAILURES and not self.is_left_alone and self.model is not None:
            self.is_left_alone = True
            self._begin(self._wait_for_it(self.model))

    async def aclose(self) -> None:
        """End what runs in the background."""
        for task in tuple(self._tasks):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    def _begin(self, work: Coroutine[None, None, None]) -> None:
        # in a context of its own: its lines in the log belong to no request
        task = asyncio.get_running_loop().create_task(work, context=Context())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _get_ready(self) -> None:
        """Probe where that is needed, then let the model read what the chosen driver's prompts have in common."""
        if self.setting == AUTO and self.finding is None and self.prober is not None:
            await self._find_out(self.prober)
        chosen = self.pick().driver
        if isinstance(chosen, Warming):
            try:
                await chosen.warm()
            except ModelUnavailableError as error:
                logger.warning("warming failed: %s", error)

    async def _find_out(self, prober: Prober) -> None:
        while self.finding is None:
            try:
                self.finding = await prober.probe()
            except ModelUnavailableError as error:
                logger.warning("probing the language model failed: %s", error)
                await asyncio.sleep(self.retry_s)
        logger.info("driver %s: %s", self.finding.driver, self.finding.reason)
        if self.cache is not None:
            await asyncio.to_thread(self.cache.write, self.key, self.finding)

    async def _wait_for_it(self, model: ChatOpenAI) -> None:
        """Ask for a single token now and then, until one comes."""
        while self.is_left_alone:
            await asyncio.sleep(self.retry_s)
            try:
                await within(model.bind(max_tokens=1).ainvoke([HumanMessage("Hello")]), PING_S)
            except FAILURES as error:
                logger.info("the language model is still away (%s)", type(error).__name__)
            else:
                self.is_left_alone, self.failures = False, 0
                logger.info("the language model is back")
