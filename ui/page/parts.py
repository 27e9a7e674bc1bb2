"""The parts of the page, as an action names those to draw anew."""

from collections.abc import AsyncGenerator
from enum import Flag, auto


class Region(Flag):
    """The parts of the page."""

    LOG = auto()
    LIVE = auto()
    RAIL = auto()
    INPUT = auto()
    """The words around the input; what was typed stays."""
    DRAFT = auto()
    """What was typed."""
    BROWSER = auto()
    DOWNLOAD = auto()
    RECEIVED = auto()
    """Which message has arrived."""
    REFUSED = auto()
    """The message was not taken; what was typed stays."""
    VIEW = auto()
    """The view that the page looks at beside the conversation."""
    ALL = LOG | LIVE | RAIL | INPUT | BROWSER | VIEW


Changes = AsyncGenerator[Region, None]
"""What an action yields: after each step the parts that it changed."""
