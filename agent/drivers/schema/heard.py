"""What the tagger hears in a message, in the words of an answer: the roles of what the catalog knows, and other words.

It decides nothing: what a message is after is for the classifier of decisions, or for a language model.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final

from text_to_num import alpha2digit

from agent.drivers import tagging as tag
from agent.drivers.acts import ABOUT, CHOOSE, COMPARE, CONNECT, COUNTS, FACTS, RELATED, WHICH
from agent.drivers.reading import Parsed
from agent.drivers.schema.form import DROP, EXCEPT, FOR, SKIP, Answer, Form, relations
from agent.drivers.schema.meanings import Meanings
from agent.drivers.schema.plan import span_of, with_exceptions
from agent.drivers.schema.things import UNIT, Kind, Thing, item_of, measured, number_of, value_of
from agent.drivers.tagging import Tagged, Tagger, Tags, bundled_tagger
from agent.drivers.text import Spot, is_free, words_of
from agent.drivers.years import years_of
from retrieval.encoder import Encoder, multilingual
from retrieval.items import Catalog
from retrieval.preference import Constraint, Op
from retrieval.schema import FieldKind, FieldSpec
from retrieval.units import LANGUAGES, Quantity, in_unit, read_quantity
from tools.limits import limit_of
from tools.placing import Placer

OF_VALUES: Final = {
    tag.WANT: "yes",
    tag.LIKE: "yes",
    tag.IN: "yes",
    tag.NOT: "no",
    tag.DISLIKE: "no",
    tag.DROP: DROP,
    tag.EXCEPT: EXCEPT,
    tag.SEEN: SKIP,
}
OF_ITEMS: Final = {
    tag.WANT: "like",
    tag.LIKE: "like",
    tag.NOT: "dislike",
    tag.DISLIKE: "dislike",
    tag.SEEN: "seen",
    tag.ABOUT: "about",
    tag.SHOWN: "about",
    tag.EXCEPT: SKIP,
}
OPINIONS: Final = {"like": "similar_to", "dislike": "dislikes", "seen": "seen"}
"""Role of an item -> the part of a patch that says so."""
OF_DATES: Final = (tag.BEFORE, tag.UNTIL, tag.AFTER, tag.FROM, tag.IN)
OF_AMOUNTS: Final = {tag.MOST: "until", tag.LEAST: "from", tag.UNTIL: "until", tag.FROM: "from"}
NONE: Final = 0.8
"""From this probability on words have no role, whatever they name."""
LEAST: Final = 0.5
"""From this probability on words count that name nothing of the catalog."""
BENT: Final = 0.35
"""From this probability on words count that want more or less of something than what was shown has: few words do."""
MEASURED: Final = 0.7
"""From this probability on an amount counts that the rules did not read."""
TEXT_NUMBERS: Final = (*LANGUAGES, "it", "nl")
"""Languages of text2num that messages are read in."""
SUFFIX: Final = 2
"""Characters behind a year that may make it a decade."""
SURE: Final = 0.75
"""From this probability on a role counts more than what the rules made of it.

Of 530 marked messages in English and Chinese that it was not taught, rules and tagger took 465 values alike (92 %
rightly). Where they parted, the tagger was right for 17 of 21 with .8 and more, the rules for one; with less neither
was to be preferred. (A trial with fewer messages taught, that no command repeats.)
"""
COMPANY: Final = ("en", "zh", "es", "fr", "de", "pt", "ja", "ko")
"""Languages whose words for company `tools.audience` knows."""
MOST_WORDS: Final = 6
"""Of one thing that is wanted in words."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What a message's words come to."""

    form: Form
    answer: Answer
    sure: Mapping[str, float]
    """How likely the role of each thing is, by its key."""
    message: str
    tags: Tags
    covered: tuple[Thing, ...] = ()
    """What code found in words that are a title as a whole."""

    def means_nothing(self, words: str) -> bool:
        """Whether words of the message are there for nothing, as far as that is sure."""
        start = self.message.casefold().find(words.casefold())
        return start >= 0 and self.tags.roles_of((start, start + len(words))).get("", 0.0) >= SURE


@dataclass(frozen=True)
class Ear:
    """Hears messages about one catalog."""

    catalog: Catalog
    tagger: Tagger
    encoder: Encoder
    placer: Placer

    @cached_property
    def meanings(self) -> Meanings:
        """What words of any language stand for."""
        return Meanings(self.catalog, self.encoder)

    def hear(
        self,
        message: str,
        form: Form,
        spots: Sequence[Spot],
        *,
        act: str,
        language: str,
        asked: str = "",
        least: float = LEAST,
    ) -> "Heard":
        """The answer that a message's words come to, and the form with what was found beside.

        Args:
            message: What somebody wrote.
            form: What code found in it.
            spots: What the catalog knows in it.
            act: What it is after.
            language: Its language.
            asked: The field that is asked about, or by which items are related.
            least: How likely a role must be, of words that name nothing that code found.
        """
        tags = self.tagger.tag(message, spots)
        known = (thing for thing in form.things if thing.kind is not Kind.AUDIENCE or language in COMPANY)
        titled = [one.place for one in tags.stretches if one.share >= SURE and self._is_title(one, message)]
        covered = [thing for thing in form.things if any(_within(thing, place) for place in titled)]
        known = (thing for thing in known if thing not in covered)
        form = replace(form, things=tuple(self._widened(thing, message) for thing in known))
        roles, sure = dict[str, str](), dict[str, float]()
        for thing in form.things:
            roles[thing.key], sure[thing.key] = self._role(thing, tags, form, act, asked)
            if thing.kind is Kind.VALUE and (refused := _refused(thing, tags, message)) >= SURE:
                roles[thing.key], sure[thing.key] = "no", refused
        places = [(thing.start, thing.end) for thing in form.things]
        named = {(thing.field, thing.values) for thing in form.things if thing.kind is Kind.VALUE}
        found, rest = list[tuple[Thing, str, float]](), dict[str, list[str]]()
        titles, bends = list[tuple[str, str]](), list[tuple[str, str]]()
        for one in tags.stretches:
            words = message[one.start : one.end]
            if not is_free(one.place, places):
                continue
            if one.role == tag.WANT and form.has_shown and one.share >= BENT and (bend := self.meanings.bend(words)):
                bends.append(bend)
                continue
            if one.share < least:
                continue
            if pair := self._found(one, words, message, language, act):
                is_known = pair[0].kind is Kind.VALUE and (pair[0].field, pair[0].values) in named  # said again
                found += [] if is_known else [(*pair, one.share)]
            elif one.role in (tag.WANT, tag.NOT):
                rest.setdefault(one.role, []).append(" ".join(words.split()[:MOST_WORDS]))
            elif (
                one.role in OF_ITEMS
                and one.role not in (tag.SHOWN, tag.EXCEPT)
                and (
                    _is_name(words)
                    or (act in (CONNECT, COMPARE, CHOOSE) and one.role == tag.ABOUT and one.share >= SURE)
                )
            ):
                titles.append((words, _item_role(one.role, act)))
            elif one.role == tag.LIKE:
                rest.setdefault(tag.WANT, []).append(words)
        things = tuple(replace(thing, key=f"{thing.label} {number}") for number, (thing, *_) in enumerate(found))
        roles |= {thing.key: role for thing, (_, role, _) in zip(things, found, strict=True)}
        sure |= {thing.key: share for thing, (*_, share) in zip(things, found, strict=True)}
        answer = Answer(
            act,
            language,
            self._joined((*form.things, *things), roles),
            want=tuple(rest.get(tag.WANT, ())),
            without=tuple(rest.get(tag.NOT, ())),
            titles=tuple(titles),
            bends=tuple(dict.fromkeys(bends)),
            field=asked if act in (FACTS, COMPARE, WHICH) else "",
        )
        return Heard(replace(form, things=(*form.things, *things)), answer, sure, message, tags, tuple(covered))

    def _role(self, thing: Thing, tags: Tags, form: Form, act: str, asked: str) -> tuple[str, float]:
        """The likeliest role that a thing can have, and how likely it is."""
        if thing.kind is Kind.AUDIENCE:
            return FOR, 0.0
        if thing.kind is Kind.ITEM and act in (*ABOUT, CHOOSE):
            return "about", 0.0
        shares = tags.roles_of((thing.start, thing.end)) if thing.end else {"": 1.0}
        if thing.kind is Kind.ITEM and act == RELATED and next(iter(shares)) not in (tag.SEEN, tag.DISLIKE, tag.NOT):
            by = relations(self.catalog.schema)
            return (asked if asked in by else next(iter(by), SKIP)), 0.0
        if shares.get("", 0.0) >= NONE:
            return SKIP, shares[""]
        known: Mapping[str, str] = {}
        if thing.kind is Kind.ITEM:
            known = OF_ITEMS
        elif thing.kind is Kind.VALUE:
            known = OF_VALUES | ({tag.ABOUT: "yes"} if act in (*COUNTS, WHICH) else {})
        elif thing.is_year:
            known = {role: role for role in OF_DATES}
        else:
            known = OF_AMOUNTS
        said = next((role for role in shares if role in known), "")
        role = known.get(said, SKIP)
        if role == DROP and (thing.field, thing.values[0]) not in form.wanted:
            return SKIP, shares[said]
        return role, shares.get(said, 0.0)

    def _widened(self, thing: Thing, message: str) -> Thing:
        """A year that stands for a decade, as the decade: '80' of 'los 80', '1980' of '1980年代'."""
        years = years_of(message[thing.start : thing.end + SUFFIX]) if thing.is_year and thing.end else None
        if years is None or years.low == years.high or thing.kind is not Kind.NUMBER:
            return thing
        span = number_of(self.catalog.schema.field(thing.field), years.low, years.high)
        return replace(span, key=thing.key, start=thing.start, end=thing.end)

    def _found(self, one: Tagged, words: str, message: str, language: str, act: str) -> tuple[Thing, str] | None:
        """What words stand for that code did not find, with its role."""
        if one.role in OF_DATES:
            years, name = years_of(words), self.placer.year_field
            is_bare = one.role == tag.IN and words.isdigit() and len(words) == 2  # '31': of anything
            if years is None or not name or (is_bare and years.low == years.high):
                return None
            low, high, spec = years.low, years.high, self.catalog.schema.field(name)
            return (number_of(spec, low) if low == high else number_of(spec, low, high)), one.role
        if one.role == tag.AGE:
            age = re.search(r"\d{1,2}", _in_digits(words, language))
            whom = f"{age[0]}-year-old" if age else ""
            return (Thing("", Kind.AUDIENCE, f"whom: {whom}", values=(whom,)), FOR) if whom else None
        if one.role in (tag.MOST, tag.LEAST):
            if (quantity := read_quantity(words)) and (stated := self._stated(quantity)):
                return stated, OF_AMOUNTS[one.role]
            said = _in_digits(f"{words}{message[one.end : one.end + UNIT]}", language)
            number = re.search(r"(?<!\d)(\d{1,4})(?:[.,](\d{1,2}))?(?!\d)", said)
            digits = ".".join(filter(None, number.groups())) if number else ""
            field = measured(digits, said[number.end() : number.end() + UNIT], self._amounts) if number else None
            return (number_of(*field), OF_AMOUNTS[one.role]) if field else None
        if one.role in OF_VALUES and (person := self.meanings.person(words)):
            return value_of(*person, self.catalog.schema), OF_VALUES[one.role]
        if one.role in OF_ITEMS and (items := self._titled(one.role, words, act)):
            spot = Spot(one.start, one.end, words, "title", items)
            return item_of(spot, self.catalog, ()), _item_role(one.role, act)
        if one.role in (tag.WANT, tag.NOT, tag.EXCEPT) and (meant := self.meanings.of(words)):
            return value_of(*meant, self.catalog.schema), OF_VALUES[one.role]
        return None

    def _stated(self, quantity: Quantity) -> Thing | None:
        """An amount with its unit, of the first field that is measured so."""
        for spec in self._amounts:
            if (value := in_unit(quantity, spec.unit)) is not None:
                return number_of(spec, value)
        return None

    def _is_title(self, one: Tagged, message: str) -> bool:
        """Whether several words are a title as a whole: 'no star wars' refuses no war."""
        words = message[one.start : one.end]
        is_item = one.role in OF_ITEMS and one.role not in (tag.SHOWN, tag.EXCEPT) and len(words_of(words)) > 1
        return is_item and bool(self.catalog.titles.exact(words))

    def _titled(self, role: str, words: str, act: str) -> tuple[str, ...]:
        """The one item of a title that code did not find; of what is wanted only where it cannot be anything else."""
        placed = self.placer.item(words)
        if role == tag.SHOWN or not placed.item_id or placed.is_pointer or placed.is_like:
            return ()
        is_sure = role not in (tag.WANT, tag.NOT) or len(words_of(words)) > 1 or act in (*ABOUT, CHOOSE)
        is_refused = role == tag.NOT and not self.meanings.of(words)
        return (placed.item_id,) if is_sure or is_refused else ()

    def _joined(self, things: tuple[Thing, ...], roles: Mapping[str, str]) -> dict[str, str]:
        """Several values of a field of which one suffices, or that nothing has together, are wanted one or the other.

        'One of us likes horror, the other musicals, and I want to laugh.'
        """
        wanted: dict[str, list[Thing]] = {}
        for thing in things:
            if thing.kind is Kind.VALUE and roles.get(thing.key) == "yes":
                wanted.setdefault(thing.field, []).append(thing)
        loose = {spec.name for spec in self.catalog.schema.fields if spec.one_suffices}
        either = {
            thing.key
            for name, many in wanted.items()
            if len(many) > 1 and (name in loose or not self._go_together(many))
            for thing in many
        }
        return {key: "or" if key in either else role for key, role in roles.items()}

    def _go_together(self, things: Sequence[Thing]) -> bool:
        """Whether anything has all of some values."""
        return bool(self.catalog.mask([Constraint(thing.field, Op.IS, thing.values) for thing in things]).any())

    @cached_property
    def _amounts(self) -> list[FieldSpec]:
        return [spec for spec in self.catalog.schema.of_kind(FieldKind.NUMBER) if spec.unit != "year"]


def _item_role(role: str, act: str) -> str:
    return "about" if act in (*ABOUT, CHOOSE) else OF_ITEMS[role]


def _within(thing: Thing, place: tuple[int, int]) -> bool:
    """Whether a value is named by words that belong to more."""
    start, end = place
    return thing.kind is Kind.VALUE and start <= thing.start < thing.end <= end and (thing.start, thing.end) != place


def _refused(thing: Thing, tags: Tags, message: str) -> float:
    """How surely a value is refused anywhere: 'not hitchcock, everyone always says hitchcock'."""
    words = re.escape(message[thing.start : thing.end])
    places = [found.span() for found in re.finditer(words, message, re.IGNORECASE)] if thing.end else []
    return max((tags.roles_of(place).get(tag.NOT, 0.0) for place in places), default=0.0) if places[1:] else 0.0


def _is_name(words: str) -> bool:
    return words[:1].isupper() or not "".join(words_of(words)[:1]).isascii()


def _in_digits(words: str, language: str) -> str:
    return alpha2digit(words, language, threshold=0) if language in TEXT_NUMBERS else words


def bundled_ear(catalog: Catalog, placer: Placer | None = None) -> Ear:
    """What hears messages about a catalog with the tagger and the encoder that come along."""
    return Ear(catalog, bundled_tagger(), multilingual(), placer or Placer(catalog))


def amended(parsed: Parsed, drafted: Mapping[str, str], heard: Heard, placer: Placer) -> Parsed:
    """A reading of the rules with the refusals, people and years that they missed.

    Args:
        parsed: What the rules made of a message.
        drafted: The roles of its things by that.
        heard: What the tagger is sure of.
        placer: Knows the values.
    """
    limits: list[Any] = [*parsed.patch.get("limits", ())]
    prefer: list[Any] = [*parsed.patch.get("prefer", ())]
    turned = {(thing.field, str(thing.values[0])): "" for thing in heard.covered}
    exempt = list[tuple[str, str | float]]()
    people = {spec.name for spec in placer.schema.fields if spec.people}
    for thing in (thing for thing in heard.form.things if thing.kind is Kind.VALUE):
        role, before = heard.answer.roles.get(thing.key, SKIP), drafted.get(thing.key, SKIP)
        is_new = not thing.end and thing.field in people  # somebody whom the rules do not know by that name
        is_wanted = before in ("yes", "or")
        if role == EXCEPT and heard.sure.get(thing.key, 0.0) >= SURE:
            exempt.append((thing.field, thing.values[0]))
            turned[thing.field, str(thing.values[0])] = ""
            continue
        if heard.sure.get(thing.key, 0.0) < SURE or not (is_new or is_wanted or role == "no"):
            continue
        if role in ("yes", "or", "no") and (is_new or (role == "no" and before not in ("no", "never"))):
            turned[thing.field, str(thing.values[0])] = "not" if role == "no" else "is"
        elif is_wanted and role == SKIP:
            turned[thing.field, str(thing.values[0])] = ""
    kept = [[one for one in said if not _names_any(one, turned, placer)] for said in (limits, prefer)]
    new = [limit_of(name, op, [value]) for (name, value), op in turned.items() if op]
    amounts = [thing for thing in heard.form.things if thing.kind is Kind.NUMBER and not (thing.is_year or thing.end)]
    for thing in (thing for thing in amounts if heard.sure.get(thing.key, 0.0) >= MEASURED):
        op = {"until": "max", "from": "min"}.get(heard.answer.roles.get(thing.key, SKIP))
        if op and not any(limit["field"] == thing.field for limit in limits):
            new += [limit_of(thing.field, op, thing.values)]
    years = [thing for thing in heard.form.things if thing.is_year and heard.sure.get(thing.key, 0.0) >= SURE]
    for thing in years if all(drafted.get(thing.key, SKIP) == SKIP for thing in years) else ():
        low, high = span_of(thing, heard.answer.roles.get(thing.key, SKIP))
        new += [limit_of(thing.field, "min", [low])] if low is not None else []
        new += [limit_of(thing.field, "max", [high])] if high is not None else []
    unheard = [said for said in parsed.patch.get("avoid", ()) if not heard.means_nothing(str(said))]
    avoided = list(dict.fromkeys((*unheard, *heard.answer.without)))
    said_of = {key: [*parsed.patch.get(key, ())] for key in OPINIONS.values()}
    known = {str(said) for references in said_of.values() for said in references}
    for thing in (thing for thing in heard.form.things if thing.kind is Kind.ITEM and not thing.end):
        key = OPINIONS.get(heard.answer.roles.get(thing.key, SKIP))
        if key and heard.sure.get(thing.key, 0.0) >= SURE and not known & {*thing.references}:
            said_of[key] += thing.references
    unmeant = {
        placer.item(said).item_id
        for thing in heard.form.things
        if thing.kind is Kind.ITEM and heard.answer.roles.get(thing.key) == SKIP and heard.sure[thing.key] >= NONE
        for said in thing.references
    }
    if unmeant - {""}:  # 'four months of no daylight'
        disliked = said_of["dislikes"]
        said_of["dislikes"] = [said for said in disliked if placer.item(str(said)).item_id not in unmeant]
    patch = {key: said for key, said in parsed.patch.items() if key not in ("limits", "prefer", "avoid", *said_of)}
    limits = with_exceptions([*kept[0], *new], exempt, is_refused=bool(avoided))
    parts = {"limits": limits, "prefer": kept[1], "avoid": avoided, **said_of}
    patch |= {key: said for key, said in parts.items() if said}
    return replace(parsed, patch=patch, unread=tuple(said for said in parsed.unread if not heard.means_nothing(said)))


def _names_any(limit: Mapping[str, Any], values: Collection[tuple[str, str]], placer: Placer) -> bool:
    said = limit.get("value") or ()
    named = [said] if isinstance(said, str) else [str(one) for one in said]
    return any((limit["field"], placer.value(limit["field"], one).value) in values for one in named)
