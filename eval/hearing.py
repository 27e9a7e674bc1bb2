"""What users of recorded and simulated dialogues say, read by the rules that lead a turn without a model."""

from dataclasses import dataclass, replace

from agent.conversation import Conversation, Role, Turn
from agent.drivers.offline.parse import parse
from agent.drivers.offline.spot import Spotter
from agent.drivers.reading import scene_of
from retrieval.items import Catalog
from tools import ArgumentTypes, shortened
from tools.patch import apply_patch


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

    spotter: Spotter
    arguments: ArgumentTypes

    @classmethod
    def of(cls, catalog: Catalog) -> "Hearing":
        """For one catalog."""
        return cls(Spotter(catalog), ArgumentTypes.of(catalog.schema))

    def hear(self, before: Conversation, text: str) -> Heard:
        """One more message; what follows only from who comes along ('for the kids') is no limit that was stated."""
        wish, kind = before.preference, self.arguments.update_wish
        scene = scene_of(before, wish, self.spotter.spot)
        parsed = parse(text, self.spotter, scene)
        stated = {name: said for name, said in parsed.patch.items() if name != "audience"}
        patch, known = kind.model_validate(shortened(kind, stated)), (*scene.shown_before, *wish.liked)
        new = apply_patch(wish, patch, self.spotter.placer, shown=scene.shown, known=known).preference
        spots = self.spotter.spot(text, shown=scene.shown, known=known)
        return Heard(
            replace(before, preference=new).add(Turn(Role.USER, text)),
            frozenset(item_id for spot in spots for item_id in spot.item_ids),
            parsed.ending.tool == "answer" and bool(parsed.ending.arguments.get("items")),
        )
