"""Reads a message without a language model where the rules and the classifier of decisions part."""

from dataclasses import dataclass, replace

from agent.drivers.acts import (
    ABLE,
    BEYOND,
    CHAT,
    COMPARE,
    COUNTS,
    FACTS,
    FIND,
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
from agent.drivers.reading import Scene
from agent.drivers.schema.asking import asked_about, heard_too
from agent.drivers.schema.form import SKIP, Answer, read_answer
from agent.drivers.schema.heard import Ear, bundled_ear
from agent.drivers.schema.plan import Arguments, plan_of
from agent.drivers.schema.question import form_of
from agent.drivers.schema.things import Kind
from agent.drivers.text import Spot
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
BESIDE = ("count", "passed_over", "novelty", "start_over")
"""Parts of a patch that phrases tell, not the roles of words."""


@dataclass(frozen=True)
class UnaidedReader:
    """What the offline driver takes a message for: what its phrases say, unless the classifier is sure of another."""

    acts: ActClassifier
    ear: Ear | None = None
    """Hears what is wanted in languages whose words code does not know."""

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
        if parsed.ambiguous or parsed.leaning:
            return parsed
        if is_list and language in READ and parsed.ending.tool == "recommend":
            if self.ear is None:
                return parsed
            form = form_of(view, spotter, has_count="count" in parsed.patch, language=language, spots=spots)
            return heard_too(parsed, view, form, spotter, spots, language, self.ear)
        scene = scene_of(view.conversation, view.preference, spotter.spot)
        if is_list and language not in READ:
            return self._heard(view, spotter, spots, language, likely, scene)
        asked = asked_about(view, spotter, language, spots=spots, parsed=parsed)
        drafted = read_answer(asked.draft, asked.form)
        is_lost = (drafted.do, parsed.saying) == (TALK, UNREAD)
        least = AS_LIKELY if is_lost else least_for(parsed)
        if share < least or (language in READ and not is_lost and likely.agrees(drafted.do, least=least)):
            return parsed
        spoken: Arguments = {"language": language} if language != view.preference.language else {}
        if act == TALK:
            return replace(talk(likely.kind), patch=spoken)
        if act in LISTS:
            return self._heard(view, spotter, spots, language, likely, scene)
        unsaid = "yes" if act in COUNTS else SKIP
        roles = {
            thing.key: "about" if thing.kind is Kind.ITEM else drafted.roles.get(thing.key, unsaid)
            for thing in asked.form.things
        }
        asks = names_of(view.catalog).get(likely.asked, "") if act in (FACTS, COMPARE) else ""
        form, answer = asked.form, Answer(act, "", roles, field=asks)
        if self.ear is not None and language not in READ:
            heard = self.ear.hear(view.message, form, spots, act=act, language=language, asked=asks)
            form, answer = heard.form, heard.answer
        return _of(plan_of(form, view, spotter, spotter.placer).calls(answer), spoken)

    def _heard(
        self, view: View, spotter: Spotter, spots: list[Spot], language: str, likely: Likely, scene: Scene
    ) -> Parsed:
        """A wish in any language: by the roles of its words, and what else is said in words that code knows."""
        plain = parse(view.message, spotter, scene, is_wish=True)
        if self.ear is None or language in READ:
            return plain
        act = likely.first[0] if likely.first[0] in LISTS else FIND
        form = form_of(view, spotter, is_drafted=False, language=language, spots=spots)
        asks = names_of(view.catalog).get(likely.asked, "")
        heard = self.ear.hear(view.message, form, spots, act=act, language=language, asked=asks)
        parsed = _of(plan_of(heard.form, view, spotter, spotter.placer).calls(heard.answer), {})
        if not {*parsed.patch} - {"language"} and not parsed.lookups:
            return plain
        kept = {key: plain.patch[key] for key in BESIDE if key in plain.patch and key not in parsed.patch}
        return replace(parsed, patch={**kept, **parsed.patch}, ambiguous=plain.ambiguous)


def least_for(parsed: Parsed) -> float:
    """How likely another decision must be to count more than a reading of the rules."""
    return FIRM if any(parsed.patch.get(part) for part in HEARD) else SURE


def unaided_driver(catalog: Catalog, placer: Placer | None = None, ear: Ear | None = None) -> OfflineDriver:
    """The driver without a model as it is shipped; an `ear` for the catalog is shared where there is one."""
    return OfflineDriver(catalog, placer, UnaidedReader(bundled_acts(), ear or bundled_ear(catalog, placer)))


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
