"""Leads a turn where there is no language model: rules for English and Chinese over one catalog's titles and values."""

from agent.drivers.offline.driver import OfflineDriver
from agent.drivers.offline.parse import Parsed, Scene, parse
from agent.drivers.offline.spot import Spotter

__all__ = ["OfflineDriver", "Parsed", "Scene", "Spotter", "parse"]
