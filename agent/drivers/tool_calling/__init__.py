"""The driver for models that call tools well: LangChain's agent loop over the tools of the registry."""

from agent.drivers.tool_calling.driver import ToolCallingDriver

__all__ = ["ToolCallingDriver"]
