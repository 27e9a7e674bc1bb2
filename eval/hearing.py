"""What users of recorded and simulated dialogues say, read by the rules that lead a turn without a model."""

from dataclasses import dataclass, replace

from agent.conversation import Conversation, Role, Turn
from agent.drivers.offline.driver import OfflineDriver
from agent.drivers.schema import unaided_driver
from retrieval.items import Catalog


@dataclass(frozen=True, slots=True)
class Heard:
    """What a message says."""

    conversation: Conversation
    """With the message, and what is wanted after it."""
    named: frozenset[str]
    """Items that it names."""
    asks: bool
    """Whether it asks about items rather than for some."""


@dataclass(frozen=True, slots=True)
class Hearing:
    """Hears the users of one catalog."""

    driver: OfflineDriver

    @classmethod
    def of(cls, catalog: Catalog) -> "Hearing":
        """For one catalog."""
        return cls(unaided_driver(catalog))

    def hear(self, before: Conversation, text: str) -> Heard:
        """One more message; what follows only from who comes along ('for the kids') is no limit that was stated."""
        wish, parsed = self.driver.read(before, text, but=("audience",))
        known = (*before.all_shown(), *before.preference.liked)
        spots = self.driver.spotter.spot(text, shown=before.last_shown(), known=known)
        return Heard(
            replace(before, preference=wish).add(Turn(Role.USER, text)),
            frozenset(item_id for spot in spots for item_id in spot.item_ids),
            parsed.ending.tool == "answer" and bool(parsed.ending.arguments.get("items")),
        )
