"""Leads a turn where there is no language model: rules for English and Chinese over one catalog's titles and values."""

from agent.drivers.offline.driver import OfflineDriver, by_rules
from agent.drivers.offline.parse import parse
from agent.drivers.offline.spot import Spotter
from agent.drivers.reading import Parsed, Scene, scene_of

__all__ = ["OfflineDriver", "Parsed", "Scene", "Spotter", "by_rules", "parse", "scene_of"]
