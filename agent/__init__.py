"""Turns a conversation into a reply: understand, act, rank, explore, write, check."""

from typing import TYPE_CHECKING, Any

from agent.conversation import Conversation
from agent.settings import LlmSettings, Settings

if TYPE_CHECKING:
    from agent.agent import Agent
    from agent.build import build_agent

__all__ = ["Agent", "Conversation", "LlmSettings", "Settings", "build_agent"]

_LATE = {"Agent": "agent.agent", "build_agent": "agent.build"}
"""Names whose modules load heavy libraries: imported when they are asked for."""


def __getattr__(name: str) -> Any:
    """Import a late name."""
    if name not in _LATE:
        raise AttributeError(f"module 'agent' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_LATE[name]), name)
