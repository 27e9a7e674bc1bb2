"""An answer of the model -> tool calls. Decides nothing that the answer did not decide."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from pydantic import JsonValue

from agent.drivers import acts as do
from agent.drivers.acts import STORY
from agent.drivers.base import View
from agent.drivers.offline import Spotter
from agent.drivers.schema.form import DROP, EXCEPT, FOR, Answer, Form, relations
from agent.drivers.schema.things import Kind, Thing
from agent.drivers.text import Spot
from agent.wording.answers import is_asked
from agent.wording.messages import say
from retrieval.items import Catalog
from retrieval.preference import Constraint, Leaning, Op, Preference
from retrieval.schema import FieldKind
from tools.arguments import MOST_ITEMS, OTHER
from tools.batch import Call
from tools.endings import HAND_OVER
from tools.limits import THESE, as_limits, limit_of
from tools.placing import Placer, fold
from tools.render import limit_text

Arguments = dict[str, JsonValue]
TEN_YEARS = 10
WHY_NOT = "why_not"
ANSWERS = {do.COMPARE: "comparison", do.CONNECT: "connection", do.OLDEST: "count", do.NEWEST: "count"}
"""What to do -> the kind of an answer, where the two are not called the same."""
OPS = {"yes": "is", "or": "any_of", "no": "not", "always": "is", "never": "not"}
OPINIONS = (("dislike", "dislikes"), ("seen", "seen"))
LASTING = ("always", "never")
ADVENTUROUS = 0.9
LONGEST_ABOUT = 200
LONGEST_DESCRIPTION = 300
FEW = 3
"""Items between which somebody chooses that are all shown again, the best first."""
PHRASES = 3
"""Moods of earlier messages that are kept beside the newest."""


@dataclass(frozen=True)
class Plan:
    """Makes the calls for one message."""

    form: Form
    catalog: Catalog
    placer: Placer
    spotter: Spotter
    message: str
    shown: Sequence[str]
    shown_before: Collection[str]
    before: Preference
    counted: Sequence[Constraint] = ()
    """The limits of what the last reply counted or sorted."""

    def calls(self, answer: Answer) -> list[Call]:
        """What the answer comes to: a patch, a look-up where one is needed, an ending."""
        if answer.do == do.WHICH and self._things(answer, FOR):  # those that suit somebody are shown, the others beside
            answer = replace(answer, do=do.CHOOSE, count=answer.count or min(len(self._meant(answer)), MOST_ITEMS))
        people = [thing for thing in self.form.things if thing.field in self._people]
        if answer.do == do.CONNECT and len(people) > 1 and not self._items(answer):  # what two people made together
            answer = replace(answer, do=do.LIST, roles={thing.key: "yes" for thing in people})
        if answer.do in (do.WHICH, do.CHOOSE) and self.counted and not self.shown:  # of what was counted
            limits = [*as_limits(self.counted), *self._limits(answer)]
            whom = [str(thing.values[0]) for thing in self._things(answer, FOR)]
            wish: Arguments = {"start_over": True, "limits": [*limits], **({"audience": [*whom]} if whom else {})}
            spoken: Arguments = {"language": answer.language} if answer.language else {}
            return [Call("update_wish", spoken | wish), Call("recommend")]
        patch = self.patch(answer)
        first = [Call("update_wish", patch)] if patch else []
        if unclear := self._unclear(answer):
            return [*first, which_is_meant(unclear.references[0], unclear.options, self.catalog)]
        return [*first, *self.ending(answer)]

    def ending(self, answer: Answer) -> list[Call]:
        """Look-ups that an answer rests on, and what ends the turn."""
        if answer.do in do.COUNTS:
            return self._counted(answer)
        if answer.do == do.IDENTIFY:
            limits = [limit for limit in self._limits(answer) if limit.get("op") in ("min", "max")]
            described: Arguments = {"description": self.message[:LONGEST_DESCRIPTION], "limits": [*limits]}
            return [Call("search_catalog", described), Call("answer", {"kind": "identify"})]
        if answer.do == do.WHICH:
            return self._which(answer)
        if answer.do == do.CHOOSE:
            return self._chosen(answer)
        if answer.do in do.ABOUT:
            return self._asked(answer)
        if answer.do == do.ME:
            return [Call("answer", {"kind": "about_me"})]
        if answer.do == do.PERSON:
            return [Call(HAND_OVER)]
        if answer.do == do.TALK:
            if self.counted and is_asked(self.message):  # something of what was counted
                return [Call("recommend")]
            nouns = self.catalog.schema.nouns_in(answer.language or "en")
            said = answer.text if fold(answer.text) != fold(self.message) else ""  # an echo says nothing
            open_end = "unanswered" if is_asked(self.message) and self.form.things else "talk_later"
            text = said or say(open_end, answer.language or "en", nouns=nouns)
            return [Call("answer", {"kind": "talk", "text": text})]
        return [Call("recommend", {"count": answer.count} if answer.count else {})]

    def ambiguous(self, answer: Answer) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """The title that may be several items, with these, where the answer makes something of it."""
        unclear = self._unclear(answer)
        return ((unclear.references[0], unclear.options),) if unclear else ()

    def _unclear(self, answer: Answer) -> Thing | None:
        used = (thing for thing in self.form.things if answer.roles.get(thing.key, "skip") != "skip")
        return next((thing for thing in used if len(thing.options) > 1), None)

    # The wish ----------------------------------------------------------------------------------------------------

    def patch(self, answer: Answer) -> Arguments:
        """Opinions in any case; limits and moods only where a list is wanted."""
        patch: Arguments = {"language": answer.language} if answer.language else {}
        if answer.do == do.LIST and (asked := [*self._limits(answer)]):  # what comes next is about these
            return patch | {"start_over": True, "limits": [*asked]}
        if answer.do == do.TALK and self.counted and is_asked(self.message):
            return patch | {"start_over": True, "limits": [*as_limits(self.counted)]}
        if answer.do not in (*do.LISTS, do.CHOOSE):
            return patch
        items = self._items(answer)
        items = (
            {role: items[role] for role in items if role not in ("like", "about")} if answer.do == do.CHOOSE else items
        )
        likes = "likes" if answer.do == do.TELL else "similar_to"
        patch |= {key: [*items[role]] for role, key in (("like", likes), *OPINIONS) if role in items}
        related = (said for role in relations(self.catalog.schema) for said in items.get(role, ()))
        if passed := [*related, *(self.shown if answer.do == do.MORE else ())]:
            patch["passed_over"] = [*dict.fromkeys(passed)]
        patch |= self._forgotten(answer)
        if limits := [*self._limits(answer), *self.aged(answer)]:
            patch["limits"] = [*limits]
        if whom := [str(thing.values[0]) for thing in self._things(answer, FOR)]:
            patch["audience"] = [*whom]
        if mood := self._loose(answer.want, answer):
            patch["about"] = self._about(mood, answer)
        if avoided := self._loose(answer.without, answer):
            patch["avoid"] = [*avoided]
        if answer.count:
            patch["count"] = answer.count
        if answer.do == do.SURPRISE:
            patch["novelty"] = ADVENTUROUS
        return patch

    def leaning(self, answer: Answer, inquiry: str) -> Leaning | None:
        """The answer to the question between two values; `inquiry` is 'field:first|second'."""
        name, _, said = inquiry.partition(":")
        first, _, second = said.partition("|")
        if not answer.rather or answer.rather not in self.form.sides:
            return None
        is_first = self.form.sides.index(answer.rather) == 0
        return Leaning(name, *((first, second) if is_first else (second, first)))

    def _forgotten(self, answer: Answer) -> Arguments:
        if answer.do == do.INSTEAD:
            return {"start_over": True}
        forgotten = (self.form.wish[number] for number in answer.forget if number in self.form.wish)
        dropped = [key for key in forgotten if self._may_go(key, answer)]
        dropped += [str(thing.values[0]) for thing in self._things(answer, DROP)]
        if (bound := {do.OLDER: Op.MIN, do.NEWER: Op.MAX}.get(answer.do)) and self._years:  # 'the 90s', then 'older'
            dropped += [old.key for old in self.before.constraints if (old.field, old.op) == (self._years, bound)]
        return {"drop": [*dropped]} if dropped else {}

    def _may_go(self, key: str, answer: Answer) -> bool:
        """Where the message names other things only, a limit of another field was not taken back."""
        named = {thing.field for thing in self.form.things if answer.roles.get(thing.key, "skip") != "skip"}
        touched = {thing.field for thing in self.form.things}
        return not named or key == "about" or key.partition(":")[0] in touched

    def _about(self, mood: Sequence[str], answer: Answer) -> str:
        """The newest mood, behind those before it that still hold."""
        kept = [] if answer.do == do.INSTEAD else [phrase for phrase in self.before.text.split(", ") if phrase]
        phrases = dict.fromkeys((*kept[-PHRASES:], *mood))
        return ", ".join(phrases)[-LONGEST_ABOUT:]

    def _loose(self, said: Sequence[str], answer: Answer) -> list[str]:
        """What the model adds that is no value of the catalog, or none that the message names: words, no limit.

        What only repeats the wish as it stands, or what is listed, says nothing new.
        """
        known = fold(" ".join((self.before.text, *(thing.label for thing in self.form.things), *self._held)))
        new = (words for words in said if self._is_told(words) or fold(words) not in known)
        return [words for words in new if not self._placed(words, answer)]

    @cached_property
    def _held(self) -> tuple[str, ...]:
        """The parts of the wish, as the model reads them."""
        limits = (limit_text(limit) for limit in self.before.constraints)
        return (*limits, *(f"prefer {wish.value}, avoid {wish.value}" for wish in self.before.wishes))

    def _is_told(self, words: str) -> bool:
        """Whether the message has these words."""
        return f" {fold(words)}" in f" {fold(self.message)}"

    def _placed(self, words: str, answer: Answer) -> list[tuple[str, str]]:
        """(field, value) of what words name: a value that the message names, or that the old wish hands on."""
        spots = [(spot.field, str(spot.value)) for spot in self._spots(words, answer) if spot.kind == "value"]
        if self._is_told(words):
            return spots
        return [spot for spot in spots if answer.do == do.INSTEAD and spot in self.form.wanted]

    def _spots(self, words: str, answer: Answer) -> list[Spot]:
        language = answer.language if self._is_told(words) else "en"
        return self.spotter.spot(words, language=language or "en")

    def _things(self, answer: Answer, role: str) -> list[Thing]:
        return [thing for thing in self.form.things if answer.roles.get(thing.key) == role]

    def _items(self, answer: Answer) -> dict[str, list[str]]:
        """Role -> references of items: those that code listed, and those that the model named and that are real."""
        references: dict[str, list[str]] = {}
        for thing in self.form.things:
            if thing.kind is Kind.ITEM and (role := answer.roles.get(thing.key)):
                references.setdefault(role, []).extend(thing.references)
        for title, role in answer.titles:
            if self._is_said(title):
                references.setdefault(role, []).append(title)
        return references

    def _is_said(self, title: str) -> bool:
        """A title counts where it stands in the message or, translated, in the catalog; '#2' where it was shown."""
        is_placed = bool(self.placer.item(title, shown=self.shown).item_ids)
        return is_placed or (title.casefold() in self.message.casefold() and not title.startswith("#"))

    # Limits ------------------------------------------------------------------------------------------------------

    def _limits(self, answer: Answer) -> Iterator[Arguments]:
        exempt = [(thing.field, thing.values[0]) for thing in self._things(answer, EXCEPT) if thing.kind is Kind.VALUE]
        yield from with_exceptions([*self._stated(answer)], exempt, is_refused=bool(answer.without))

    def _stated(self, answer: Answer) -> Iterator[Arguments]:
        stated: dict[tuple[str, str], list[JsonValue]] = {}
        for name, value, role in self._values(answer):
            stated.setdefault((name, role), []).append(value)
        for (name, role), values in stated.items():
            lasting: Arguments = {"lasting": True} if role in LASTING else {}
            yield {"field": name, "op": OPS[role], "value": values, **lasting}
        yield from self._numbered(answer)
        for name, way in answer.bends:
            yield {"field": name, way: THESE}
        for role, references in self._items(answer).items():
            if role in relations(self.catalog.schema):
                yield from (self._relation(role, reference) for reference in references)

    def _numbered(self, answer: Answer) -> Iterator[Arguments]:
        """Of several stretches of one field ('the 50s or the 60s') the widest; what has one end counts after them."""
        numbers = (thing for thing in self.form.things if thing.kind in (Kind.NUMBER, Kind.SPAN))
        spans = [(thing.field, *span_of(thing, answer.roles.get(thing.key, "skip"))) for thing in numbers]
        ends: dict[tuple[str, str], float] = {}
        for name, low, high in sorted(spans, key=lambda span: None in span):
            is_whole = low is not None and high is not None
            if low is not None:
                ends[name, "min"] = min(low, ends.get((name, "min"), low)) if is_whole else low
            if high is not None:
                ends[name, "max"] = max(high, ends.get((name, "max"), high)) if is_whole else high
        for (name, op), end in ends.items():
            yield {"field": name, "op": op, "value": [end]}

    def _values(self, answer: Answer) -> Iterator[tuple[str, str, str]]:
        """(field, value, role) of what is wanted or refused, each value once."""
        said: dict[tuple[str, str], str] = {}
        for thing in self.form.things:
            if thing.kind is Kind.VALUE and (role := answer.roles.get(thing.key)) in OPS:
                said[thing.field, str(thing.values[0])] = str(role)
        for added, role in ((answer.want, "yes"), (answer.without, "no")):
            for place in (place for words in added for place in self._placed(words, answer)):
                said.setdefault(place, role)
        for (name, value), role in said.items():
            yield name, value, role

    def _relation(self, role: str, reference: str) -> Arguments:
        if role in ("after", "before"):
            return {"field": self._years, role: reference}
        return {"field": role, "op": "is", "same_as": reference}

    def aged(self, answer: Answer) -> Iterator[Arguments]:
        """Older, or newer, than what was shown."""
        if answer.do in (do.OLDER, do.NEWER) and self._years and self.shown:
            yield {"field": self._years, "before" if answer.do == do.OLDER else "after": THESE}

    @cached_property
    def _numbers(self) -> frozenset[str]:
        return frozenset(spec.name for spec in self.catalog.schema.of_kind(FieldKind.NUMBER))

    @cached_property
    def _people(self) -> frozenset[str]:
        return frozenset(spec.name for spec in self.catalog.schema.fields if spec.people)

    @cached_property
    def _years(self) -> str:
        return self.placer.year_field

    # Questions ---------------------------------------------------------------------------------------------------

    def _counted(self, answer: Answer) -> list[Call]:
        limits = [*self._limits(answer)]
        if not limits and answer.do != do.COUNT:  # 'which is the oldest?' after 'how many by Hitchcock?'
            limits = as_limits(self.counted)
        if not limits and self.shown and self._years and answer.do in (do.OLDEST, do.NEWEST):
            return self._of_these()
        words = [*answer.want, *(title for title, _ in answer.titles)]
        if not limits and words and answer.do in (do.COUNT, do.LIST):  # a number of everything would be no answer
            about: Arguments = {"about": self._about(words, answer), "language": answer.language or "en"}
            return [Call("update_wish", about), Call("recommend")]
        arguments: Arguments = {"kind": "items", "limits": [*limits], **({"k": answer.count} if answer.count else {})}
        if self._years and answer.do != do.COUNT:
            arguments["sort"] = f"-{self._years}" if answer.do == do.NEWEST else self._years
        return [Call("graph_lookup", arguments), Call("answer", {"kind": ANSWERS.get(answer.do, answer.do)})]

    def _of_these(self) -> list[Call]:
        """The oldest and the newest of what is on screen."""
        these: Arguments = {"items": [*self.shown], "fields": [self._years]}
        return [Call("item_details", these), Call("answer", {"kind": "comparison", **these})]

    def _which(self, answer: Answer) -> list[Call]:
        """Which of some items have what is asked: checked where it is in a field, else as far as one is asked about."""
        limits = [limit for limit in self._limits(answer) if not limit.get("same_as")]
        if not limits:
            return self._asked(
                replace(answer, do=do.COMPARE if answer.field else do.FACTS, field=answer.field or OTHER)
            )
        return [Call("answer", {"kind": "which", "items": [*self._meant(answer)], "limits": [*limits]})]

    def _chosen(self, answer: Answer) -> list[Call]:
        """The best of some items: all that are named, in order, or the one of a list."""
        among = self._meant(answer)
        is_named = len(among) <= FEW and {*among} != {*self.shown}
        count = answer.count or (len(among) if is_named else 1)
        return [Call("recommend", {"among": [*among], "count": count} if len(among) > 1 else {})]

    def _asked(self, answer: Answer) -> list[Call]:
        items: list[JsonValue] = [*dict.fromkeys(self._meant(answer))]
        kind = ANSWERS.get(answer.do, answer.do)
        if answer.do == do.WHY and not self._were_shown(items):
            kind = WHY_NOT
        ending: Arguments = {"kind": kind, "items": items}
        if answer.do == do.CONNECT and len(items) > 1:
            return [Call("graph_lookup", {"kind": "path", "items": items[:2]}), Call("answer", ending)]
        if kind == do.FACTS and len(items) > 1 and answer.field in self._numbers and not answer.also:
            ending["kind"] = "comparison"  # of several the least and the most is asked for
        fields = [*filter(None, dict.fromkeys((answer.field, *answer.also)))]
        if fields and STORY not in fields:  # what it is about is told with all that is known
            ending["fields"] = [*fields]
        look = [Call("item_details", {"items": items})] if items else []
        return [*look, Call("answer", ending)]

    def _were_shown(self, references: Sequence[JsonValue]) -> bool:
        """Whether one of the items was suggested: what was not shown can only be asked about with 'why not'."""
        placed = (self.placer.item(str(said), shown=self.shown).item_id for said in references)
        return any(item_id in self.shown_before for item_id in placed)

    def _meant(self, answer: Answer) -> list[str]:
        """What a question is about; whatever is named, else the first item on screen, where nothing was said to be."""
        about = self._items(answer).get("about", [])
        named = [reference for thing in self.form.things for reference in thing.references]
        is_of_two = answer.do in (do.COMPARE, do.CONNECT, do.CHOOSE)
        if answer.do in (do.COMPARE, do.WHICH, do.CHOOSE) and not named:
            return list(self.shown)
        return (named if is_of_two and len(about) < len(named) else about or named) or list(self.shown[:1])


def plan_of(form: Form, view: View, spotter: Spotter, placer: Placer) -> Plan:
    """The plan for the message of a turn."""
    talk = view.conversation
    known = (view.message, view.shown, talk.all_shown(), view.preference)
    return Plan(form, placer.catalog, placer, spotter, *known, counted=talk.last_counted())


def with_exceptions(
    limits: Sequence[Arguments], exempt: Sequence[tuple[str, str | float]], *, is_refused: bool
) -> list[Arguments]:
    """Limits with what they let through; where nothing is refused, it is left out of what is wanted.

    Args:
        limits: As the tools take them.
        exempt: (field, value) of what is said to be an exception.
        is_refused: Whether anything is refused that is no limit.
    """
    unless: list[JsonValue] = [{"field": name, "value": [value]} for name, value in exempt]
    refused = [limit for limit in limits if limit.get("op") == "not"]
    refused = refused or [limit for limit in limits if limit.get("op") in ("min", "max")]
    if refused or is_refused or not unless:
        return [limit | {"unless": unless} if unless and limit in refused else limit for limit in limits]
    return [*limits, *(limit_of(name, "not", [value]) for name, value in exempt)]


def which_is_meant(title: str, options: Sequence[str], catalog: Catalog) -> Call:
    """The question which of several items of one title is meant."""
    choices: list[JsonValue] = [catalog.item(item_id).label for item_id in options]
    return Call("ask_user", {"question": f"{title}?", "choices": choices})


def span_of(thing: Thing, role: str) -> tuple[float | None, float | None]:
    """The least and the most that a number stands for in a role."""
    low, high = float(thing.values[0]), float(thing.values[-1])
    start = low - low % TEN_YEARS
    spans: dict[str, tuple[float | None, float | None]] = {
        "in": (low, high),
        "decade": (start, start + TEN_YEARS - 1),
        "from": (low, None),
        "after": (high + 1, None),
        "until": (None, high),
        "before": (None, low - 1),
    }
    return spans.get(role, (None, None))
