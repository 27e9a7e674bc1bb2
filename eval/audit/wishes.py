"""What was suggested, and whether it keeps what the user said: limits, what was suggested before, what they know."""

import re
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace

from agent.conversation import Conversation, Role, Turn
from agent.learning.transcripts import TranscriptTurn
from eval.audit.claims import is_plain
from eval.audit.findings import Check, Verdict
from eval.audit.passages import Passage
from eval.audit.phrases import ABOUT_USER, BOUNDARY, COMPARED, LIST_ITEM, REMARK, SPEAKS_OF_SELF, SUGGESTION, TITLES
from eval.audit.plausible import PLAUSIBLE, Plausibility
from eval.audit.titles import Named
from eval.reading.phrases import NEGATION, NEGATION_AFTER, REQUEST
from eval.reading.wishes import Kind, WishReader
from eval.reading.words import words_of
from retrieval.items import Catalog
from retrieval.preference import Constraint, Op, Preference
from retrieval.schema import FieldKind

SIGNS = {Op.MIN: "{label} from {value}", Op.MAX: "{label} up to {value}", Op.IS: "{value}", Op.NOT: "not {value}"}
LASTS = 2
"""Messages of the user for which a wish for a value ('a comedy') is held against suggestions; what is refused, and
limits on numbers, hold until taken back."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """An item that the assistant put forward in a turn."""

    ids: tuple[str, ...]
    """Several where the title fits several."""
    sentence: str


@dataclass(frozen=True, slots=True)
class Breach:
    """What is wrong with a suggestion."""

    check: Check
    suggestion: Suggestion
    item_id: str
    claimed: str
    known: str
    field: str = ""
    verdict: Verdict = Verdict.WRONG


@dataclass(frozen=True)
class State:
    """What was said so far in a dialogue."""

    conversation: Conversation
    suggested: frozenset[str] = frozenset()
    """Items that the assistant suggested."""
    named: frozenset[str] = frozenset()
    """Items that anybody named."""
    asked_about: frozenset[str] = frozenset()
    """Items that the user's last message asks about."""
    last_named: frozenset[str] = frozenset()
    """Items that it names."""
    messages: tuple[str, ...] = ()
    """What the user wrote, in order."""
    stated: Mapping[str, int] = field(default_factory=dict)
    """Key of a limit -> the message that set it, from 1."""

    @property
    def preference(self) -> Preference:
        """What the user wants and knows so far."""
        return self.conversation.preference


@dataclass(frozen=True)
class WishKeeper:
    """Follows what the users of one catalog want."""

    catalog: Catalog
    reader: WishReader
    plausible: Plausibility

    def heard(self, state: State, turn: TranscriptTurn) -> State:
        """The state after a message of the user."""
        after, heard = self.reader.hear(state.conversation, turn.text)
        preference = _with_mentions(after.preference, turn)
        asked = heard.named if heard.kind is Kind.QUESTION else frozenset[str]()
        known = state.named | heard.named | {one.item_id for one in turn.mentions}
        messages = (*state.messages, turn.text)
        stated = {one.key: state.stated.get(one.key, len(messages)) for one in preference.constraints}
        after = replace(after, preference=preference)
        return State(after, state.suggested, known, asked, heard.named, messages, stated)

    def said(self, state: State, text: str, suggestions: Sequence[Suggestion], named: Set[str]) -> State:
        """The state after a turn of the assistant."""
        shown = tuple(dict.fromkeys(one.ids[0] for one in suggestions if one.ids))
        conversation = state.conversation.add(Turn(Role.ASSISTANT, text, shown))
        suggested = state.suggested | {item_id for one in suggestions for item_id in one.ids}
        return replace(state, conversation=conversation, suggested=suggested, named=state.named | named)

    def suggestions(self, turn: TranscriptTurn, passages: Sequence[Passage], state: State) -> list[Suggestion]:
        """What a turn of the assistant suggests: its cards, and titles that its words put forward."""
        found: list[Suggestion] = []
        in_text: set[str] = set()
        for passage in passages:
            for place, named in passage.title_places:
                in_text |= set(named.ids)
                if named.is_known and self._is_suggested(passage, place, named, state):
                    found.append(Suggestion(named.ids, passage.text))
        cards = [Suggestion((one,), "") for one in turn.recommended if one in self.catalog and one not in in_text]
        unique = {one.ids: one for one in reversed([*found, *cards])}
        return list(unique.values())[::-1]

    def breaches(self, suggestions: Sequence[Suggestion], state: State) -> Iterator[Breach]:
        """What is wrong with suggestions, given what was said before."""
        for one in suggestions:
            yield from self._limits(one, state)
            yield from self._again(one, state)

    def _is_suggested(self, passage: Passage, place: int, named: Named, state: State) -> bool:
        before = passage.frame[:place]
        if (
            COMPARED.search(before)
            or SPEAKS_OF_SELF.search(before)
            or any(a <= place < b for a, b in _spans(passage.frame))
        ):
            return False
        old = set(named.ids) & state.named
        if not old:
            return True
        cued = _is_put_forward(passage.frame, place) or bool(LIST_ITEM.search(f"\n{before}"))
        alone = not re.sub(rf"{TITLES}|[\W\d_]", "", passage.frame)
        return (cued or alone) and not old & state.asked_about

    def _limits(self, one: Suggestion, state: State) -> Iterator[Breach]:
        items = [self.catalog.item(item_id) for item_id in one.ids]
        limits = state.preference.constraints
        kept = {limit.field for limit in limits if any(self.catalog.satisfies(item, limit) for item in items)}
        for limit in limits:
            if any(self.catalog.satisfies(item, limit) for item in items):
                continue
            item = items[0]
            asked = f"the user asked for: {self._label(limit)}"
            told = f" ({limit.words})" if limit.words else ""
            sure = self._is_refusal(limit, state) if limit.op is not Op.IS else limit.field not in kept
            sure = sure and (limit.op is not Op.IS or self._is_firm(limit, state))
            wrong = sure and not self._cannot_tell(limit, item.item_id)
            verdict = Verdict.WRONG if wrong else Verdict.UNVERIFIABLE
            yield Breach(
                Check.CONSTRAINT, one, item.item_id, f"suggests {item.label}", asked + told, limit.field, verdict
            )

    def _is_refusal(self, limit: Constraint, state: State) -> bool:
        """Whether a refusal or a limit on a number was meant, and no remark on one item."""
        number = state.stated.get(limit.key, 0)
        if not number:
            return False
        if limit.op is not Op.NOT:
            return True
        spec = self.catalog.schema.field(limit.field)
        if not any(is_plain(limit.words, spec, str(value)) for value in limit.values) and not spec.soft:
            return False
        words, message = re.escape(limit.words), state.messages[number - 1]
        refused = re.search(rf"(?:{NEGATION})(?:\W+\w+){{0,3}}?\W*{words}", message, re.IGNORECASE)
        after = re.search(rf"{words}.{{0,12}}(?:{NEGATION_AFTER})", message, re.IGNORECASE)
        return bool(after or (refused and not REMARK.search(sentence_of(message, refused.start()))))

    def _is_firm(self, limit: Constraint, state: State) -> bool:
        """Whether a wish for a value still holds, and was for that value: people move on, words have several senses."""
        number = state.stated.get(limit.key, 0)
        if len(state.messages) - number >= LASTS or not number:
            return False
        spec = self.catalog.schema.field(limit.field)
        if spec.kind is FieldKind.NUMBER:
            return True
        if self.catalog.titles.exact(limit.words) or not is_request(state.messages[number - 1], limit.words):
            return False
        if spec.people and " " not in limit.words and limit.words.isascii():
            if not any(limit.words.casefold() in words_of(str(value)) for value in limit.values):
                return False
            joined = rf"[A-Z]\w+\s+{re.escape(limit.words)}|{re.escape(limit.words)}\s+[A-Z]"
            return not re.search(joined, state.messages[number - 1])
        return any(is_plain(limit.words, spec, str(value)) for value in limit.values)

    def _cannot_tell(self, limit: Constraint, item_id: str) -> bool:
        """Whether the catalog does not know enough of an item to say that it breaks a limit."""
        item = self.catalog.item(item_id)
        if limit.field in item.numbers:
            return False
        values = item.values.get(limit.field, ())
        if not values:
            return True
        wanted = [str(value) for value in limit.values]
        return limit.op is Op.IS and any(self.plausible.of(item, limit.field, value) >= PLAUSIBLE for value in wanted)

    def _again(self, one: Suggestion, state: State) -> Iterator[Breach]:
        doubles = {double for item_id in one.ids for double in self.catalog.double_of(item_id)}
        item = self.catalog.item(one.ids[0])
        wants = state.preference
        examples = set(wants.examples)
        known = doubles & set(wants.seen)
        told = doubles & (set(wants.liked) - examples) or doubles & set(wants.disliked)
        if known or told:
            said = "the user said that they know it" if known else "the user gave an opinion of it"
            yield Breach(Check.SEEN, one, item.item_id, f"suggests {item.label}", said)
        elif doubles & state.suggested:
            yield Breach(Check.REPEAT, one, item.item_id, f"suggests {item.label}", "it was suggested before")

    def _label(self, limit: Constraint) -> str:
        """'Comedy or Drama', 'not Horror', 'year from 1991'."""
        spec = self.catalog.schema.field(limit.field)
        values = (spec.value_in(one, "en") if isinstance(one, str) else f"{one:g}" for one in limit.values)
        return SIGNS[limit.op].format(label=spec.label_in("en"), value=" or ".join(values))


def _is_put_forward(frame: str, place: int) -> bool:
    """Whether words of suggestion stand near a title; what 'was' good is remembered, not suggested."""
    if re.match(r"\W*(?:was|were|had)\b", frame[place + 1 :]):
        return False
    low = max((match.start() for match in BOUNDARY.finditer(frame) if match.end() <= place), default=0)
    high = min((match.start() for match in BOUNDARY.finditer(frame) if match.start() > place), default=len(frame))
    return bool(SUGGESTION.search(frame[max(low, place - 60) : min(high, place + 60)]))


def is_request(message: str, words: str) -> bool:
    """Whether words stand in what is asked for ('with Tom Hanks, please'), not in a remark ('I love Tom Hanks')."""
    place = message.find(words)
    said = sentence_of(message, max(place, 0))
    fragment = (
        re.match(r"\W*(?:an?|some|any|only|just|more|another)\b", message, re.IGNORECASE) or len(message.split()) < 6
    )
    asks = re.search(f"{REQUEST}|\\bonly\\b|\\bmust\\b", said, re.IGNORECASE)
    return bool((asks or fragment) and not REMARK.search(said))


def sentence_of(message: str, place: int) -> str:
    """The sentence around a place."""
    starts = [match.end() for match in re.finditer(r"[.!?。！？\n]+\s*", message) if match.end() <= place]
    start = starts[-1] if starts else 0
    end = re.search(r"[.!?。！？\n]", message[place:])
    return message[start : place + end.end() if end else len(message)]


def _with_mentions(preference: Preference, turn: TranscriptTurn) -> Preference:
    """What a transcript itself writes down of likes and dislikes."""
    liked = tuple(one.item_id for one in turn.mentions if one.liked is True)
    disliked = tuple(one.item_id for one in turn.mentions if one.liked is False)
    return replace(
        preference,
        liked=tuple(dict.fromkeys((*preference.liked, *liked))),
        disliked=tuple(dict.fromkeys((*preference.disliked, *disliked))),
    )


def _spans(frame: str) -> list[tuple[int, int]]:
    """Where a sentence speaks of what the user likes, questions that suggest left out."""
    return [match.span() for match in ABOUT_USER.finditer(frame) if not match.group().rstrip().endswith("?")]
