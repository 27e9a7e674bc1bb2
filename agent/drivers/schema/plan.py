"""An answer of the model -> tool calls. Decides nothing that the answer did not decide."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from pydantic import JsonValue

from agent.drivers.offline import Spotter
from agent.drivers.schema import form as do
from agent.drivers.schema.form import Answer, Form
from agent.drivers.schema.things import Kind, Thing
from retrieval.items import Catalog
from retrieval.preference import Leaning, Preference
from retrieval.schema import FieldKind
from tools.batch import Call
from tools.placing import Placer, fold

Arguments = dict[str, JsonValue]
TEN_YEARS = 10
WHY_NOT = "why_not"
ANSWERS = {do.COMPARE: "comparison", do.CONNECT: "connection", do.OLDEST: "list", do.NEWEST: "list"}
"""What to do -> the kind of an answer, where the two are not called the same."""
OPS = {"yes": "is", "or": "any_of", "no": "not", "always": "is", "never": "not"}
OPINIONS = (("dislike", "dislikes"), ("seen", "seen"))
LASTING = ("always", "never")
ADVENTUROUS = 0.9
LONGEST_ABOUT = 200
LONGEST_DESCRIPTION = 300
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

    def calls(self, answer: Answer) -> list[Call]:
        """What the answer comes to: a patch, a look-up where one is needed, an ending."""
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
            limits = [limit for limit in self._limits(answer) if limit["op"] in ("min", "max")]
            words = ", ".join(answer.want) or self.message
            described: Arguments = {"description": words[:LONGEST_DESCRIPTION], "limits": [*limits]}
            return [Call("search_catalog", described), Call("answer", {"kind": "identify"})]
        if answer.do in do.ABOUT:
            return self._asked(answer)
        if answer.do == do.ME:
            return [Call("answer", {"kind": "about_me"})]
        if answer.do == do.TALK:
            is_echo = fold(answer.text) == fold(self.message)
            return [Call("answer", {"kind": "talk", "text": "" if is_echo else answer.text})]
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
        if answer.do not in do.LISTS:
            return patch
        items = self._items(answer)
        likes = "likes" if answer.do == do.TELL else "similar_to"
        patch |= {key: [*items[role]] for role, key in (("like", likes), *OPINIONS) if role in items}
        patch |= {"passed_over": [*self.shown]} if answer.do == do.MORE else {}
        patch |= self._forgotten(answer)
        if limits := [*self._limits(answer), *self.aged(answer)]:
            patch["limits"] = [*limits]
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
        dropped = [self.form.wish[number] for number in answer.forget if number in self.form.wish]
        dropped += [str(thing.values[0]) for thing in self._things(answer, do.DROP)]
        return {"drop": [*dropped]} if dropped else {}

    def _about(self, mood: Sequence[str], answer: Answer) -> str:
        """The newest mood, behind those before it that still hold."""
        kept = [] if answer.do == do.INSTEAD else [phrase for phrase in self.before.text.split(", ") if phrase]
        phrases = dict.fromkeys((*kept[-PHRASES:], *mood))
        return ", ".join(phrases)[-LONGEST_ABOUT:]

    def _loose(self, said: Sequence[str], answer: Answer) -> list[str]:
        """What the model adds that is no value of the catalog, or none that the message names: words, no limit."""
        return [words for words in said if not self._placed(words, answer)]

    def _placed(self, words: str, answer: Answer) -> list[tuple[str, str]]:
        """(field, value) of what words name; a value is one only where the message names it."""
        told = f" {fold(self.message)}"
        if f" {fold(words)}" not in told:
            return []
        return [(spot.field, str(spot.value)) for spot in self.spotter.spot(words) if spot.kind == "value"]

    def _things(self, answer: Answer, role: str) -> list[Thing]:
        return [thing for thing in self.form.things if answer.roles.get(thing.key) == role]

    def _items(self, answer: Answer) -> dict[str, list[str]]:
        """Role -> references of items: those that code listed, and those that the model named and that are real."""
        found: dict[str, list[str]] = {}
        for thing in self.form.things:
            if thing.kind is Kind.ITEM and (role := answer.roles.get(thing.key)):
                found.setdefault(role, []).extend(thing.references)
        for title, role in answer.titles:
            if self._is_said(title):
                found.setdefault(role, []).append(title)
        return found

    def _is_said(self, title: str) -> bool:
        """A title counts where it stands in the message or, translated, in the catalog; '#2' where it was shown."""
        is_placed = bool(self.placer.item(title, shown=self.shown).item_ids)
        return is_placed or (title.casefold() in self.message.casefold() and not title.startswith("#"))

    # Limits ------------------------------------------------------------------------------------------------------

    def _limits(self, answer: Answer) -> Iterator[Arguments]:
        stated: dict[tuple[str, str], list[JsonValue]] = {}
        for name, value, role in self._values(answer):
            stated.setdefault((name, role), []).append(value)
        for (name, role), values in stated.items():
            lasting: Arguments = {"lasting": True} if role in LASTING else {}
            yield {"field": name, "op": OPS[role], "value": values, **lasting}
        for thing in self.form.things:
            if thing.kind in (Kind.NUMBER, Kind.SPAN):
                yield from _bounds(thing, answer.roles.get(thing.key, ""))
        for role, references in self._items(answer).items():
            if role in do.relations(self.catalog.schema):
                yield from (self._relation(role, reference) for reference in references)

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
        """Older than the newest that was shown, or newer than the oldest."""
        if answer.do in (do.OLDER, do.NEWER) and self._years and self.shown:
            ordered = sorted(self.shown, key=lambda item_id: self.catalog.item(item_id).numbers.get(self._years, 0.0))
            is_older = answer.do == do.OLDER
            yield {"field": self._years, "before" if is_older else "after": ordered[-1 if is_older else 0]}

    @cached_property
    def _numbers(self) -> frozenset[str]:
        return frozenset(spec.name for spec in self.catalog.schema.of_kind(FieldKind.NUMBER))

    @cached_property
    def _years(self) -> str:
        return self.placer.year_field

    # Questions ---------------------------------------------------------------------------------------------------

    def _counted(self, answer: Answer) -> list[Call]:
        arguments: Arguments = {"kind": "items", "limits": [*self._limits(answer)]}
        if self._years:
            arguments["sort"] = f"-{self._years}" if answer.do == do.NEWEST else self._years
        return [Call("graph_lookup", arguments), Call("answer", {"kind": ANSWERS.get(answer.do, answer.do)})]

    def _asked(self, answer: Answer) -> list[Call]:
        items: list[JsonValue] = [*dict.fromkeys(self._meant(answer))]
        kind = ANSWERS.get(answer.do, answer.do)
        if answer.do == do.WHY and not self._were_shown(items):
            kind = WHY_NOT
        ending: Arguments = {"kind": kind, "items": items}
        if answer.do == do.CONNECT and len(items) > 1:
            return [Call("graph_lookup", {"kind": "path", "items": items[:2]}), Call("answer", ending)]
        if kind == do.FACTS and len(items) > 1 and answer.field in self._numbers:
            ending["kind"] = "comparison"  # of several the least and the most is asked for
        if answer.field and answer.field != do.STORY:
            ending["fields"] = [answer.field]
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
        is_of_two = answer.do in (do.COMPARE, do.CONNECT)
        return (named if is_of_two and len(about) < len(named) else about or named) or list(self.shown[:1])


def which_is_meant(title: str, options: Sequence[str], catalog: Catalog) -> Call:
    """The question which of several items of one title is meant."""
    choices: list[JsonValue] = [catalog.item(item_id).label for item_id in options]
    return Call("ask_user", {"question": f"{title}?", "choices": choices})


def _bounds(thing: Thing, role: str) -> Iterator[Arguments]:
    if role in ("", "skip"):
        return
    low, high = float(thing.values[0]), float(thing.values[-1])
    if role == "decade":
        low -= low % TEN_YEARS
        high = low + TEN_YEARS - 1
    bounds: dict[str, tuple[float | None, float | None]] = {
        "from": (low, None),
        "after": (high + 1, None),
        "until": (None, high),
        "before": (None, low - 1),
    }
    least, most = bounds.get(role, (low, high))
    if least is not None:
        yield {"field": thing.field, "op": "min", "value": [least]}
    if most is not None:
        yield {"field": thing.field, "op": "max", "value": [most]}
