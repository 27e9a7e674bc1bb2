"""What a model can do in a turn, as LangChain tools over `retrieval`; one registry, pydantic arguments."""

from tools.arguments import ArgumentTypes, shortened
from tools.batch import Batch, Call, Result
from tools.context import Ending, Found, Lookup, SlotPlan, ToolContext
from tools.registry import ENDINGS, LOOKUPS, PATCHES, make_tools

__all__ = [
    "ENDINGS",
    "LOOKUPS",
    "PATCHES",
    "ArgumentTypes",
    "Batch",
    "Call",
    "Ending",
    "Found",
    "Lookup",
    "Result",
    "SlotPlan",
    "ToolContext",
    "make_tools",
    "shortened",
]
