"""Reads a message without a language model where the rules and the classifier of decisions part."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from agent.drivers.acts import (
    ABLE,
    ABOUT,
    BEYOND,
    CHAT,
    CHOOSE,
    COMPARE,
    CONNECT,
    COUNT,
    COUNTS,
    FACTS,
    FIND,
    INSTEAD,
    LISTS,
    ME,
    NEWEST,
    OLDEST,
    RELATED,
    SORROW,
    SURE,
    TALK,
    THANKS,
    WHICH,
    ActClassifier,
    Likely,
    bundled_acts,
)
from agent.drivers.base import View
from agent.drivers.offline import OfflineDriver, Parsed, Spotter, by_rules, parse, scene_of
from agent.drivers.reading import Scene
from agent.drivers.schema.asking import Asked, asked_about, heard_too
from agent.drivers.schema.form import FOR, SKIP, Answer, read_answer
from agent.drivers.schema.heard import LEAST, Ear, Heard, bundled_ear
from agent.drivers.schema.plan import Arguments, plan_of
from agent.drivers.schema.question import form_of
from agent.drivers.schema.things import Kind
from agent.drivers.tagging import SHOWN
from agent.drivers.text import Spot
from agent.drivers.vocabulary import READ
from agent.examples import names_of
from retrieval.items import Catalog
from tools.batch import Call
from tools.placing import Placer

SAYINGS = {THANKS: "parting", SORROW: "comfort", BEYOND: "beyond"}
"""Sentences for kinds of talk; others get a greeting, or what can be asked for."""
UNREAD = "unread_question"
AS_LIKELY = 0.45
"""From this probability on a decision counts where the rules made nothing of a message."""
IDLE = 0.25
"""From this probability on a message that names nothing is talk."""
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
        if idle := small_talk(likely, self.ear, view, spots):
            return idle
        firm = least_for(parsed) if language in READ else SURE
        is_list = act in LISTS or share < (firm if parsed.ending.tool == "recommend" else AS_LIKELY)
        if parsed.ambiguous or parsed.leaning:
            return parsed
        is_related = (
            act == RELATED
            and share >= SURE
            and not any(limit.get("same_as") for limit in parsed.patch.get("limits", ()))
        )
        if is_list and language in READ and parsed.ending.tool == "recommend" and not is_related:
            if self.ear is None:
                return parsed
            if act == INSTEAD and share >= FIRM and view.shown:
                parsed = replace(parsed, patch=_anew(parsed.patch, view.preference.text))
            form = form_of(view, spotter, has_count="count" in parsed.patch, language=language, spots=spots)
            return heard_too(parsed, view, form, spotter, spots, language, self.ear)
        scene = scene_of(view.conversation, view.preference, spotter.spot)
        if is_list and (language not in READ or is_related):
            return self._heard(view, spotter, spots, language, likely, scene)
        asked = asked_about(view, spotter, language, spots=spots, parsed=parsed)
        drafted = read_answer(asked.draft, asked.form)
        is_lost = (drafted.do, parsed.saying) == (TALK, UNREAD)
        least = AS_LIKELY if is_lost else firm
        is_read = language in READ and not is_lost and likely.agrees(drafted.do, least=least)
        if share < least or (is_read and not self._hears_more(parsed, act, asked, view, spots)):
            return parsed
        spoken: Arguments = {"language": language} if language != view.preference.language else {}
        if act == TALK:
            return replace(talk(likely.kind), patch=spoken)
        if act in LISTS:
            return self._heard(view, spotter, spots, language, likely, scene)
        if act == COUNT and "year_field" in likely.asked:  # 'how many, and the newest?': which is told with the count
            act = max(OLDEST, NEWEST, key=lambda one: likely.shares.get(one, 0.0))
        unsaid = "yes" if act in (*COUNTS, WHICH, CHOOSE) else SKIP
        of_kind = {Kind.ITEM: "about", Kind.AUDIENCE: FOR}
        roles = {
            thing.key: of_kind.get(thing.kind) or drafted.roles.get(thing.key, unsaid) for thing in asked.form.things
        }
        asks, *also = (*(likely.fields(names_of(view.catalog)) if act in (FACTS, COMPARE, WHICH) else ()), "")
        form, answer = asked.form, Answer(act, "", roles, field=asks)
        if self.ear is not None and (language not in READ or act in (*ABOUT, CHOOSE)):
            heard = self.ear.hear(view.message, form, spots, act=act, language=language, asked=asks)
            if language in READ and act == FACTS and not _is_of_items(heard, view):  # 'who is the best director ever?'
                return parsed
            form, answer = heard.form, heard.answer
        answer = replace(answer, also=tuple(filter(None, also)))
        return _of(plan_of(form, view, spotter, spotter.placer).calls(answer), spoken)

    def _hears_more(self, parsed: Parsed, act: str, asked: Asked, view: View, spots: list[Spot]) -> bool:
        """Whether a question is about more items than the rules found: 'what do gladiator and the martian share?'."""
        if self.ear is None or act not in (COMPARE, CONNECT, CHOOSE):
            return False
        answer = self.ear.hear(view.message, asked.form, spots, act=act, language="en").answer
        items = sum(role == "about" for role in answer.roles.values()) + len(answer.titles)
        known = parsed.ending.arguments.get("items")
        return items > max(1, len(known) if isinstance(known, list) else 0)

    def _heard(
        self, view: View, spotter: Spotter, spots: list[Spot], language: str, likely: Likely, scene: Scene
    ) -> Parsed:
        """A wish in any language: by the roles of its words, and what else is said in words that code knows."""
        plain = parse(view.message, spotter, scene, is_wish=True)
        if self.ear is None or (language in READ and likely.first[0] != RELATED):
            return plain
        act = likely.first[0] if likely.first[0] in LISTS else FIND
        form = form_of(view, spotter, is_drafted=False, language=language, spots=spots)
        asks = next(iter(likely.fields(names_of(view.catalog))), "")
        heard = self.ear.hear(view.message, form, spots, act=act, language=language, asked=asks)
        parsed = _of(plan_of(heard.form, view, spotter, spotter.placer).calls(heard.answer), {})
        if not {*parsed.patch} - {"language"} and not parsed.lookups:
            return plain
        kept = {key: plain.patch[key] for key in BESIDE if key in plain.patch and key not in parsed.patch}
        return replace(parsed, patch={**kept, **parsed.patch}, ambiguous=plain.ambiguous)


def _is_of_items(heard: Heard, view: View) -> bool:
    """Whether a question names items, or points at what was shown or spoken of."""
    named = heard.answer.titles or any(thing.kind is Kind.ITEM for thing in heard.form.things)
    points = any(one.role == SHOWN and one.share >= LEAST for one in heard.tags.stretches)
    return bool(named or points or view.conversation.last_about())


def _anew(patch: Arguments, before: str) -> Arguments:
    """A patch that forgets the wish before it, words and all."""
    about = str(patch.get("about", "")).removeprefix(f"{before}, ")
    return {**patch, "start_over": True, **({"about": about} if about else {})}


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


def small_talk(likely: Likely, ear: Ear | None, view: View, spots: Sequence[Spot]) -> Parsed | None:
    """The reading of a first message that might be a wish but names nothing: 'hey, how are things?'."""
    is_open = likely.first[0] in (FIND, TALK) and likely.shares.get(TALK, 0.0) >= IDLE
    if ear is None or view.shown or spots or not is_open:
        return None
    said = any(one.share >= LEAST for one in ear.tagger.tag(view.message, spots).stretches)
    return None if said else talk(likely.kind)


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
