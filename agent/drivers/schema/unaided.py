"""Reads a message without a language model where the rules and the classifier of decisions part."""

from dataclasses import dataclass, replace

from agent.drivers.acts import (
    ABLE,
    BEYOND,
    CHAT,
    COMPARE,
    COUNTS,
    FACTS,
    LISTS,
    ME,
    SORROW,
    SURE,
    TALK,
    THANKS,
    ActClassifier,
    Likely,
    bundled_acts,
)
from agent.drivers.base import View
from agent.drivers.offline import OfflineDriver, Parsed, Spotter, by_rules, parse, scene_of
from agent.drivers.schema.asking import asked_about
from agent.drivers.schema.form import SKIP, Answer, read_answer
from agent.drivers.schema.plan import Arguments, Plan
from agent.drivers.schema.things import Kind
from agent.drivers.vocabulary import READ
from agent.examples import names_of
from retrieval.items import Catalog
from tools.batch import Call
from tools.placing import Placer

SAYINGS = {THANKS: "parting", SORROW: "comfort", BEYOND: "talk_later"}
"""Sentences for kinds of talk; others get a greeting, or what can be asked for."""
UNREAD = "unread_question"
AS_LIKELY = 0.45
"""From this probability on a decision counts where the rules made nothing of a message."""
FIRM = 0.85
"""The same where they heard something."""
HEARD = ("limits", "prefer", "drop", "save", "start_over")
"""Parts of a patch that only what was heard makes."""


@dataclass(frozen=True)
class UnaidedReader:
    """What the offline driver takes a message for: what its phrases say, unless the classifier is sure of another."""

    acts: ActClassifier

    def __call__(self, view: View, spotter: Spotter) -> Parsed:
        """What a turn's message is taken for.

        Args:
            view: The turn.
            spotter: Finds what the catalog knows.
        """
        language = spotter.vocabulary.language_of(view.message, view.preference.language)
        parsed = by_rules(view, spotter)
        spots = spotter.spot(view.message, shown=view.shown, language=language)
        likely = self.acts.likely(view, spots)
        act, share = likely.first
        is_list = act in LISTS or share < (least_for(parsed) if parsed.ending.tool == "recommend" else AS_LIKELY)
        if parsed.ambiguous or parsed.leaning or (is_list and language in READ and parsed.ending.tool == "recommend"):
            return parsed
        scene = scene_of(view.conversation, view.preference, spotter.spot)
        if is_list and language not in READ:
            return parse(view.message, spotter, scene, is_wish=True)
        asked = asked_about(view, spotter, language)
        drafted = read_answer(asked.draft, asked.form)
        is_lost = (drafted.do, parsed.saying) == (TALK, UNREAD)
        least = AS_LIKELY if is_lost else least_for(parsed)
        if share < least or (language in READ and not is_lost and likely.agrees(drafted.do, least=least)):
            return parsed
        spoken: Arguments = {"language": language} if language != view.preference.language else {}
        if act == TALK:
            return replace(talk(likely.kind), patch=spoken)
        if act in LISTS:
            return parse(view.message, spotter, scene, is_wish=True)
        unsaid = "yes" if act in COUNTS else SKIP
        roles = {
            thing.key: "about" if thing.kind is Kind.ITEM else drafted.roles.get(thing.key, unsaid)
            for thing in asked.form.things
        }
        asks = names_of(view.catalog).get(likely.asked, "") if act in (FACTS, COMPARE) else ""
        answer = Answer(act, "", roles, field=asks)
        shown = (view.shown, view.conversation.all_shown(), view.preference)
        counted = view.conversation.last_counted()
        plan = Plan(asked.form, view.catalog, spotter.placer, spotter, view.message, *shown, counted=counted)
        return _of(plan.calls(answer), spoken)


def least_for(parsed: Parsed) -> float:
    """How likely another decision must be to count more than a reading of the rules."""
    return FIRM if any(parsed.patch.get(part) for part in HEARD) else SURE


def unaided_driver(catalog: Catalog, placer: Placer | None = None) -> OfflineDriver:
    """The driver without a model as it is shipped."""
    return OfflineDriver(catalog, placer, UnaidedReader(bundled_acts()))


def unasked(likely: Likely) -> Parsed | None:
    """The reading of a message that is known for sure, and of which nothing else is to be found out."""
    if likely.decided == ME:
        return Parsed(ending=Call("answer", {"kind": "about_me"}))
    return talk(likely.kind) if likely.decided == TALK and likely.kind != CHAT else None


def talk(kind: str) -> Parsed:
    """A fixed sentence, by what sort of talk it is."""
    if kind == ABLE:
        return Parsed(ending=Call("answer", {"kind": "help"}))
    return Parsed(ending=Call("answer", {"kind": TALK}), saying=SAYINGS.get(kind, ""))


def _of(calls: list[Call], patch: Arguments) -> Parsed:
    """Calls in the parts that a reading has."""
    patch = {**patch, **next((call.arguments for call in calls if call.tool == "update_wish"), {})}
    *looks, ending = (call for call in calls if call.tool != "update_wish")
    return Parsed(patch, tuple(looks), ending)
