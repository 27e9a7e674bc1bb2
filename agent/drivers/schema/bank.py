"""Messages that were read before, with how they were read: the few most like a new one are shown to the model.

The bank's texts name no catalog: their places are filled with this catalog's names, and each message is prepared by the
same code as a user's, so that an example looks exactly as the question will.
"""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib.resources import files
from itertools import islice
from typing import Any, Final

import numpy as np
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage
from numpy.typing import NDArray

from agent.conversation import Conversation, Role, Turn
from agent.drivers.acts import (
    ABOUT,
    CHOOSE,
    COUNTS,
    FACTS,
    IDENTIFY,
    LISTS,
    ME,
    PERSON,
    SIGNS,
    STORY,
    TALK,
    WHICH,
    masked,
)
from agent.drivers.base import View
from agent.drivers.offline import Spotter
from agent.drivers.schema.asking import asked_about
from agent.drivers.schema.form import FOR, Answer, Form
from agent.drivers.schema.things import DIGITS, Kind, Thing
from agent.drivers.text import Spot
from agent.drivers.vocabulary import READ
from agent.examples import PLACE, fill, names_of
from retrieval.encoder import Encoder
from retrieval.items import Catalog
from retrieval.preference import Constraint, Op, Preference
from tools.arguments import OTHER
from tools.placing import Placer, fold

AS_STEPS: Final = "step_examples.jsonl"
IN_OTHERS: Final = "step_examples_other.jsonl"
"""The same in languages whose words code does not know."""
SAME_SCENE: Final = 0.06
"""How much closer an example is where a list was shown, or a wish stands, in both cases."""

SAME_KINDS: Final = 0.05
"""How much closer it is for each kind of thing that both messages name, or neither.

Chosen with the bank itself, each line asked for among the others: of the roles of its things 64 % stand in the two
nearest without this, 68 % with it; of refusals 56 and 62 %.
"""
SAME_READING: Final = 0.2
"""How much closer the second example is for a decision, and for roles, that are those of the draft.

Chosen the same way, where drafts are right in half of the lines: whole readings stand in the two examples in 43 %
without this, in 51 % with it; refusals in 68 and 76 %.
"""
ITEM: Final = "title"
SORTS: Final = (ITEM, "value", "number")
STAFF: Final = {"staff": PERSON}
"""What fills the places of examples for houses that have somebody to hand over to; others do not see these examples."""


@dataclass(frozen=True, slots=True)
class Example:
    """A message of the bank, filled with names of a catalog."""

    view: View
    answer: Mapping[str, Any]
    """As the bank has it: `do`, `things` and what else was read."""
    language: str = "en"
    said: str = ""
    """The message without its names."""
    kinds: frozenset[str] = frozenset()
    """What sorts of things it names: of `SORTS`."""


def examples_of(catalog: Catalog, *, has_staff: bool = False) -> list[Example]:
    """The bank, filled; how to hand over to a person stands in it where the house has one."""
    placer = Placer(catalog)  # one for all: it keeps what it has made of a field's names
    names = {**names_of(catalog), **(STAFF if has_staff else {})}
    lines = (pair for name in (AS_STEPS, IN_OTHERS) for pair in _filled(name, names))
    return [Example(_view(data, catalog, placer), data, data["lang"], *_nameless(said)) for said, data in lines]


def _filled(name: str, names: Mapping[str, str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The lines of a file, each behind its message with places for names; what needs a name that there is not goes."""
    quoted = {key: json.dumps(value)[1:-1] for key, value in names.items()}
    nouns = {place: noun for place, noun in quoted.items() if place.startswith("noun")}
    for line in files("agent.prompts").joinpath(name).read_text(encoding="utf-8").splitlines():
        if all(place in names for place in PLACE.findall(line)):
            message = PLACE.sub(lambda match: nouns.get(match[1], match[0]), json.loads(line)["message"])
            yield message, json.loads(fill(line, quoted))


def _nameless(message: str) -> tuple[str, frozenset[str]]:
    """A message of the bank as `masked` makes it, and what sorts of things its places are for."""
    kinds = {ITEM if place.startswith("item") else "value" for place in PLACE.findall(message)}
    kinds |= {"number"} if DIGITS.search(message) else set()
    text = PLACE.sub(lambda match: SIGNS[ITEM if match[1].startswith("item") else "value"], message)
    return DIGITS.sub(SIGNS["number"], text), frozenset(kinds)


def written(data: Mapping[str, Any], form: Form, placer: Placer) -> str | None:
    """The answer as the model should write it; None where the form has no place for what the bank says.

    Args:
        data: A line of the bank.
        form: Of its message.
        placer: Knows the catalog's fields, and which of its values words mean.
    """
    do, said = data["do"], data.get("things", {})
    rest = {key: data[key] for key in _keys(do, form) if data.get(key)}
    answer: dict[str, Any] = {"do": do}
    left = set(said)
    for thing in form.things:
        keys = [key for key in said if key.casefold() in f"{thing.key} {thing.label}".casefold()]
        left -= set(keys)
        if thing.kind is Kind.ITEM:
            if do in (*LISTS, *COUNTS, *ABOUT, CHOOSE, IDENTIFY):
                answer[thing.key] = said[max(keys, key=len)] if keys else "skip"
        elif do in (*LISTS, *COUNTS, WHICH, CHOOSE, IDENTIFY):
            silent = "yes" if do == WHICH and thing.kind is Kind.VALUE else _taken(thing, rest, placer)
            role = said[max(keys, key=len)] if keys else silent
            answer[thing.key] = "in" if thing.kind is Kind.SPAN and role == "decade" else role
    unsaid = (
        data.get("titles") and "titles" not in rest and do in (*ABOUT, CHOOSE)
    )  # code did not find the place that is meant
    if (left and do in (*LISTS, *COUNTS)) or unsaid:
        return None
    fields = (spec.name for spec in placer.schema.fields)
    if do == FACTS and rest.setdefault("field", STORY) not in (*fields, STORY, OTHER):
        return None
    return json.dumps(answer | rest, ensure_ascii=False, separators=(",", ":"))


def _keys(do: str, form: Form) -> list[str]:
    """What an answer may say beside the roles of things."""
    if do == IDENTIFY:
        return ["want"]
    if do in (ME, TALK, PERSON):
        return ["text"] if do == TALK else []
    titles = ["titles"] if form.has_titles else []
    if do in (WHICH, CHOOSE):
        return [*titles, "want", "not"]
    if do in ABOUT:
        return [*titles, "field"] if do == FACTS else titles
    listed = [*titles, "want", "not"]
    return (
        [*listed, *(["count"] if form.has_count else []), *(["forget"] if form.wish else [])] if do in LISTS else listed
    )


def _taken(thing: Thing, rest: dict[str, Any], placer: Placer) -> str:
    """The role of a value that the bank wants or refuses in words: what is listed is not said again in words."""
    if thing.kind is Kind.AUDIENCE:
        return FOR
    for key, role in (("want", "yes"), ("not", "no")):
        for words in rest.get(key, ()):
            if thing.kind is Kind.VALUE and _is_named(thing, words, placer):
                rest[key] = [other for other in rest[key] if other != words]
                if not rest[key]:
                    del rest[key]
                return role
    return "skip"


def _is_named(thing: Thing, words: str, placer: Placer) -> bool:
    is_said = words.casefold() in f"{thing.key} {thing.label}".casefold()
    return is_said or placer.value(thing.field, words).value in thing.values


@lru_cache(maxsize=4)
def _encoded(encoder: Encoder, messages: tuple[str, ...]) -> NDArray[np.float32]:
    """Vectors of the bank's messages, once for all catalogs whose nouns are the same."""
    vectors: NDArray[np.float32] = encoder.encode(messages)
    return vectors


def own_words(said: Sequence[str], message: str, examples: Sequence[BaseMessage]) -> tuple[str, ...]:
    """What was added to an answer, without what only an example says."""
    answers = (json.loads(str(example.content)) for example in examples if isinstance(example, AIMessage))
    others = {fold(words) for answer in answers for key in ("want", "not") for words in answer.get(key, ())}
    return tuple(words for words in said if fold(words) in fold(message) or fold(words) not in others)


@dataclass(frozen=True)
class ExampleBank:
    """The bank for one catalog, made once."""

    catalog: Catalog
    spotter: Spotter
    encoder: Encoder
    most: int = 2
    has_staff: bool = False

    @cached_property
    def _examples(self) -> list[Example]:
        return examples_of(self.catalog, has_staff=self.has_staff)

    @cached_property
    def _vectors(self) -> NDArray[np.float32]:
        return _encoded(self.encoder, tuple(example.said for example in self._examples))

    def prepare(self) -> None:
        """Do once what is slow; until then no message is shown examples, rather than wait for them."""
        _ = self._vectors

    @property
    def is_ready(self) -> bool:
        """Whether examples can be had at once."""
        return "_vectors" in vars(self)

    def nearest(
        self, view: View, draft: Answer | None = None, language: str = "en", acts: Collection[str] = ()
    ) -> list[BaseMessage]:
        """The examples most like a turn, the nearest last: of its language where there are some.

        Args:
            view: The turn.
            draft: What code makes of the message. The others are near ones that read as it does: one may correct it,
                one may bear it out.
            language: The message's.
            acts: The decisions that are open; () for all.
        """
        spots = self._spots(view, language)
        near = self._vectors @ self.encoder.encode([masked(view.message, spots)])[0] + self._alike(view, spots)
        closed = [not (acts and example.answer["do"] not in acts) for example in self._examples]
        near = np.where(self._spoken(language) & np.asarray(closed), near, -np.inf)
        chosen = dict(islice(self._written(near), 1))
        if language in READ:
            agreed = [0 if draft is None else _agreement(example.answer, draft) for example in self._examples]
            others = self._written(near + SAME_READING * np.asarray(agreed, dtype=np.float32))
        else:  # nothing was read: one that decides otherwise keeps the nearest from deciding alone
            first = {self._examples[row].answer["do"] for row in chosen}
            others = (pair for pair in self._written(near) if self._examples[pair[0]].answer["do"] not in first)
        chosen |= islice((pair for pair in others if pair[0] not in chosen), self.most - 1)
        return [message for row in reversed(chosen) for message in chosen[row]]

    def _alike(self, view: View, spots: Sequence[Spot]) -> NDArray[np.float32]:
        """How much closer each example is for more than its words."""
        named = {ITEM if spot.kind == "place" else spot.kind for spot in spots}
        shares = (
            SAME_SCENE * _alike(example.view, view)
            + SAME_KINDS * sum((kind in example.kinds) == (kind in named) for kind in SORTS)
            for example in self._examples
        )
        return np.fromiter(shares, dtype=np.float32, count=len(self._examples))

    def _spoken(self, language: str) -> NDArray[np.bool_]:
        """Which examples are in a language; those of all others for one that has none."""
        known = {example.language for example in self._examples} - {*READ}
        fitting = {*READ} if language in READ else ({language} & known or known)
        return np.array([example.language in fitting for example in self._examples])

    def _written(self, scores: NDArray[np.float32]) -> Iterator[tuple[int, tuple[BaseMessage, BaseMessage]]]:
        """The examples that can be shown, by their place, the best first."""
        for row in np.argsort(-scores, kind="stable").tolist():
            if np.isfinite(scores[row]) and (pair := self._pair(self._examples[row])):
                yield row, pair

    def _pair(self, example: Example) -> tuple[BaseMessage, BaseMessage] | None:
        asked = asked_about(example.view, self.spotter, example.language)
        answer = written(example.answer, asked.form, self.spotter.placer)
        return None if answer is None else (HumanMessage(asked.question), AIMessage(answer))

    def _spots(self, view: View, language: str) -> list[Spot]:
        return self.spotter.spot(view.message, shown=view.shown, language=language)


def _alike(first: View, second: View) -> float:
    return (bool(first.shown) == bool(second.shown)) + (
        (first.preference == Preference()) == (second.preference == Preference())
    )


def _agreement(read: Mapping[str, Any], draft: Answer) -> int:
    """In how much a line of the bank reads as a draft does: in what to do, in its roles."""
    roles = [{*said.values()} - {"skip"} for said in (read.get("things", {}), draft.roles)]
    return int(read["do"] == draft.do) + int(roles[0] == roles[1])


def _view(data: Mapping[str, Any], catalog: Catalog, placer: Placer) -> View:
    shown = [match.item_id for title in data.get("shown", ()) for match in catalog.titles.exact(title)[:1]]
    wish = _wish(data.get("wish", ()), catalog, placer)
    conversation = Conversation("example", preference=wish)
    if shown:
        conversation = conversation.add(Turn(Role.ASSISTANT, "", shown=tuple(shown)))
    if match := next(iter(catalog.titles.exact(data["spoken"])), None) if "spoken" in data else None:
        conversation = conversation.add(Turn(Role.ASSISTANT, "", about=match.item_id))
    return View(conversation, data["message"], catalog, wish)


def _wish(parts: Sequence[str], catalog: Catalog, placer: Placer) -> Preference:
    """'genres is Drama', 'genres not Drama', 'year min 1990', 'about: quiet'."""
    limits, about = list[Constraint](), ""
    fields = {spec.name for spec in catalog.schema.fields}
    for part in parts:
        name, _, rest = part.partition(" ")
        op, _, value = rest.partition(" ")
        if name == "about:":
            about = rest
        elif name not in fields:
            continue
        elif op in (Op.MIN, Op.MAX):
            limits.append(Constraint(name, Op(op), (float(value),)))
        elif op in (Op.IS, Op.NOT):
            limits.append(Constraint(name, Op(op), (placer.value(name, value).value or value,)))
    return Preference(constraints=tuple(limits), text=about)
