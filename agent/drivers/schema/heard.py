"""What the tagger hears in a message, in the words of an answer: the roles of what the catalog knows, and other words.

It decides nothing: what a message is after is for the classifier of decisions, or for a language model.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from text_to_num import alpha2digit

from agent.drivers import tagging as tag
from agent.drivers.acts import ABOUT, COMPARE, COUNTS, FACTS, RELATED
from agent.drivers.reading import Parsed
from agent.drivers.schema.form import DROP, FOR, SKIP, Answer, Form, relations
from agent.drivers.schema.plan import span_of
from agent.drivers.schema.things import UNIT, Kind, Thing, item_of, measured, number_of, value_of
from agent.drivers.tagging import Tagged, Tagger, Tags, bundled_tagger
from agent.drivers.text import Spot, is_free, prose_words, words_of
from agent.drivers.years import years_of
from retrieval.encoder import Encoder, multilingual
from retrieval.items import Catalog
from retrieval.schema import FieldKind, FieldSpec
from retrieval.units import LANGUAGES
from tools.limits import limit_of
from tools.placing import Placer, fold

OF_VALUES: Final = {
    tag.WANT: "yes",
    tag.LIKE: "yes",
    tag.IN: "yes",
    tag.NOT: "no",
    tag.DISLIKE: "no",
    tag.DROP: DROP,
    tag.EXCEPT: SKIP,
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
NONE: Final = 0.75
"""From this probability on words have no role, whatever they name."""
LEAST: Final = 0.5
"""From this probability on words count that name nothing of the catalog."""
ALIKE: Final = 0.78
"""The least cosine of words and the name of a value that they stand for.

In a trial on 1,275 words in 12 languages that name a value the nearest name was the right one for 88 % around .8, for
64 % around .7; no command of this repository repeats it.
"""
TEXT_NUMBERS: Final = (*LANGUAGES, "it", "nl")
"""Languages of text2num that messages are read in."""
SUFFIX: Final = 2
"""Characters behind a year that may make it a decade."""
SHORTEST_NAME, FAMOUS, FAR = 4, 4, 3
"""Letters of a single name by which somebody may be called, the items of such a person, and how many times as many as
those of any namesake: 'Keanu', not 'Robert'."""
SURE: Final = 0.8
"""From this probability on a role counts more than what the rules made of it.

Of 530 marked messages in English and Chinese that it was not taught rules and tagger took 465 values alike (92 %
rightly). Where the rules wanted a value and the tagger refused it, or found that it means nothing, with .8 and more,
it was right for 17 of 21, the rules for one; with less neither was to be preferred. (A trial that no command repeats.)
"""
COMPANY: Final = ("en", "zh", "es", "fr", "de", "pt", "ja", "ko")
"""Languages whose words for company `tools.audience` knows."""
MOST_WORDS: Final = 6
"""Of one thing that is wanted in words."""


class Meanings:
    """The values of a catalog by what their names mean, for words of any language; made once."""

    def __init__(self, catalog: Catalog, encoder: Encoder) -> None:
        self._encoder, self._catalog = encoder, catalog

    @cached_property
    def _named(self) -> tuple[list[tuple[str, str]], NDArray[np.float32]]:
        values, names = list[tuple[str, str]](), list[str]()
        for spec in self._catalog.schema.descriptive:
            is_spoken = spec.standard == "language"  # named as countries are
            if spec.people or spec.kind is FieldKind.NUMBER or spec.order or is_spoken:
                continue
            for value in self._catalog.values(spec.name):
                for name in {spec.value_in(value, "en"), *spec.synonyms.get(value, ())}:
                    values.append((spec.name, value))
                    names.append(name)
        return values, self._encoder.encode(names) if names else np.zeros((0, 1), dtype=np.float32)

    @cached_property
    def _people(self) -> dict[str, tuple[str, str]]:
        """Name -> the one person who is meant by it: whole names, surnames, given names of people of many items.

        A name alone that is an ordinary word, or that of several people as well known, means nobody.
        """
        prose = prose_words(item.text for item in self._catalog)
        known: dict[str, list[tuple[int, str, str]]] = {}
        for spec in (spec for spec in self._catalog.schema.fields if spec.people):
            for person, count in self._catalog.values(spec.name).items():
                parts = [fold(part) for part in person.split()]
                alone = [part for part in (parts[0], parts[-1]) if len(part) >= SHORTEST_NAME and part not in prose]
                for name in {*alone, fold(person)}:
                    known.setdefault(name, []).append((count, spec.name, person))
        meant = {}
        for name, people in known.items():
            (count, field, person), *others = sorted(people, reverse=True)
            is_famous = count >= FAMOUS or name == fold(person) or not others
            if is_famous and all(other == person or FAR * less <= count for less, _, other in others):
                meant[name] = (field, person)
        return meant

    def person(self, words: str) -> tuple[str, str] | None:
        """(field, value) of the person who is called so; None where it is nobody, or may be several."""
        return self._people.get(fold(words))

    def of(self, words: str) -> tuple[str, str] | None:
        """(field, value) that words stand for; None where no name means nearly the same."""
        values, vectors = self._named
        if not values:
            return None
        near = vectors @ self._encoder.encode([words.casefold()])[0]
        best = int(near.argmax())
        return values[best] if near[best] >= ALIKE else None


@dataclass(frozen=True, slots=True)
class Heard:
    """What a message's words come to."""

    form: Form
    answer: Answer
    sure: Mapping[str, float]
    """How likely the role of each thing is, by its key."""


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
        form = replace(form, things=tuple(self._widened(thing, message) for thing in known))
        roles, sure = dict[str, str](), dict[str, float]()
        for thing in form.things:
            roles[thing.key], sure[thing.key] = self._role(thing, tags, form, act, asked)
        places = [(thing.start, thing.end) for thing in form.things]
        found, rest = list[tuple[Thing, str, float]](), dict[str, list[str]]()
        titles = list[tuple[str, str]]()
        for one in tags.stretches:
            if one.share < least or not is_free(one.place, places):
                continue
            words = message[one.start : one.end]
            if pair := self._found(one, words, message, language, act):
                found.append((*pair, one.share))
            elif one.role in (tag.WANT, tag.NOT):
                rest.setdefault(one.role, []).append(" ".join(words.split()[:MOST_WORDS]))
            elif one.role in OF_ITEMS and one.role not in (tag.SHOWN, tag.EXCEPT) and _is_name(words):
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
            field=asked if act in (FACTS, COMPARE) else "",
        )
        return Heard(replace(form, things=(*form.things, *things)), answer, sure)

    def _role(self, thing: Thing, tags: Tags, form: Form, act: str, asked: str) -> tuple[str, float]:
        """The likeliest role that a thing can have, and how likely it is."""
        if thing.kind is Kind.AUDIENCE:
            return FOR, 0.0
        if thing.kind is Kind.ITEM and act in ABOUT:
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
            known = OF_VALUES | ({tag.ABOUT: "yes"} if act in COUNTS else {})
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
            said = _in_digits(f"{words}{message[one.end : one.end + UNIT]}", language)
            number = re.search(r"(?<!\d)(\d{1,4})(?:[.,](\d{1,2}))?(?!\d)", said)
            digits = ".".join(filter(None, number.groups())) if number else ""
            field = measured(digits, said[number.end() : number.end() + UNIT], self._amounts) if number else None
            return (number_of(*field), OF_AMOUNTS[one.role]) if field else None
        if one.role in OF_VALUES and (person := self.meanings.person(words)):
            return value_of(*person, self.catalog.schema), OF_VALUES[one.role]
        if one.role in OF_ITEMS and (items := self._titled(one.role, words)):
            spot = Spot(one.start, one.end, words, "title", items)
            return item_of(spot, self.catalog, ()), _item_role(one.role, act)
        if one.role in (tag.WANT, tag.NOT) and (meant := self.meanings.of(words)):
            return value_of(*meant, self.catalog.schema), OF_VALUES[one.role]
        return None

    def _titled(self, role: str, words: str) -> tuple[str, ...]:
        """The one item of a title that code did not find; of what is wanted only where it cannot be anything else."""
        placed = self.placer.item(words)
        if role == tag.SHOWN or not placed.item_id or placed.is_pointer or placed.is_like:
            return ()
        return (placed.item_id,) if role not in (tag.WANT, tag.NOT) or len(words_of(words)) > 1 else ()

    def _joined(self, things: tuple[Thing, ...], roles: Mapping[str, str]) -> dict[str, str]:
        """Several values of a field of which one suffices are wanted one or the other."""
        wanted: dict[str, list[str]] = {}
        for thing in things:
            if thing.kind is Kind.VALUE and roles.get(thing.key) == "yes":
                wanted.setdefault(thing.field, []).append(thing.key)
        loose = {spec.name for spec in self.catalog.schema.fields if spec.one_suffices}
        either = {key for name, keys in wanted.items() if name in loose and len(keys) > 1 for key in keys}
        return {key: "or" if key in either else role for key, role in roles.items()}

    @cached_property
    def _amounts(self) -> list[FieldSpec]:
        return [spec for spec in self.catalog.schema.of_kind(FieldKind.NUMBER) if spec.unit != "year"]


def _item_role(role: str, act: str) -> str:
    return "about" if act in ABOUT else OF_ITEMS[role]


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
    turned = dict[tuple[str, str], str]()
    people = {spec.name for spec in placer.schema.fields if spec.people}
    for thing in (thing for thing in heard.form.things if thing.kind is Kind.VALUE):
        role, before = heard.answer.roles.get(thing.key, SKIP), drafted.get(thing.key, SKIP)
        is_new = not thing.end and thing.field in people  # somebody whom the rules do not know by that name
        is_wanted = before in ("yes", "or")
        if heard.sure.get(thing.key, 0.0) < SURE or not (is_new or is_wanted or role == "no"):
            continue
        if role in ("yes", "or", "no") and (is_new or (role == "no" and before not in ("no", "never"))):
            turned[thing.field, str(thing.values[0])] = "not" if role == "no" else "is"
        elif is_wanted and role == SKIP:
            turned[thing.field, str(thing.values[0])] = ""
    kept = [[one for one in said if not _names_any(one, turned, placer)] for said in (limits, prefer)]
    new = [limit_of(name, op, [value]) for (name, value), op in turned.items() if op]
    years = [thing for thing in heard.form.things if thing.is_year and heard.sure.get(thing.key, 0.0) >= SURE]
    for thing in years if all(drafted.get(thing.key, SKIP) == SKIP for thing in years) else ():
        low, high = span_of(thing, heard.answer.roles.get(thing.key, SKIP))
        new += [limit_of(thing.field, "min", [low])] if low is not None else []
        new += [limit_of(thing.field, "max", [high])] if high is not None else []
    avoided = list(dict.fromkeys((*parsed.patch.get("avoid", ()), *heard.answer.without)))
    said_of = {key: [*parsed.patch.get(key, ())] for key in OPINIONS.values()}
    known = {str(said) for references in said_of.values() for said in references}
    for thing in (thing for thing in heard.form.things if thing.kind is Kind.ITEM and not thing.end):
        key = OPINIONS.get(heard.answer.roles.get(thing.key, SKIP))
        if key and heard.sure.get(thing.key, 0.0) >= SURE and not known & {*thing.references}:
            said_of[key] += thing.references
    patch = {key: said for key, said in parsed.patch.items() if key not in ("limits", "prefer", "avoid", *said_of)}
    parts = {"limits": [*kept[0], *new], "prefer": kept[1], "avoid": avoided, **said_of}
    patch |= {key: said for key, said in parts.items() if said}
    return replace(parsed, patch=patch)


def _names_any(limit: Mapping[str, Any], values: Collection[tuple[str, str]], placer: Placer) -> bool:
    said = limit.get("value") or ()
    named = [said] if isinstance(said, str) else [str(one) for one in said]
    return any((limit["field"], placer.value(limit["field"], one).value) in values for one in named)
