"""What users want and know, followed by rule message by message: limits, opinions, what is seen."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from agent.conversation import Conversation, Role, Turn
from eval.reading import phrases as says
from eval.reading.lexicon import Lexicon, ValueSpan
from eval.reading.limits import find_limits
from eval.reading.mentions import Found, MentionFinder, Stretch, blanked, is_free
from eval.reading.opinions import Opinion, finds, stances
from eval.reading.pointers import PRONOUN
from eval.reading.words import stem, words_of
from retrieval.items import Catalog
from retrieval.preference import Constraint, Op, Preference, Wish
from tools.patch import fold_limits, start_anew
from tools.placing import Placer

SHORT = 7
OPENS = r"^\W*(?:(?:ok|okay|now|so|well|hmm|and now)\W+)?(?:an?|some|any)\b"


class Kind(StrEnum):
    """What a message is."""

    WISH = "wish"
    FOLLOW_UP = "follow-up"
    OPINION = "opinion"
    QUESTION = "question"


@dataclass(frozen=True, slots=True)
class Heard:
    """What one message says."""

    kind: Kind = Kind.WISH
    named: frozenset[str] = frozenset()
    """Ids of the items that it names or points at."""
    liked: tuple[str, ...] = ()
    disliked: tuple[str, ...] = ()
    seen: tuple[str, ...] = ()
    has_example: bool = False
    """Whether something is liked by its title, not by its place on the list."""
    limits: tuple[Constraint, ...] = ()
    wishes: tuple[Wish, ...] = ()
    taken_back: frozenset[tuple[str, str | float]] = frozenset()
    """Field and value of what no longer holds ('gore is fine now')."""


@dataclass(frozen=True)
class WishReader:
    """Reads users' messages about one catalog."""

    finder: MentionFinder
    placer: Placer

    @classmethod
    def of(cls, catalog: Catalog) -> "WishReader":
        """For one catalog."""
        return cls(MentionFinder(catalog, Lexicon(catalog)), Placer(catalog))

    def hear(self, before: Conversation, message: str) -> tuple[Conversation, Heard]:
        """The conversation with one more message of the user, and what the message says."""
        heard = self._read(before, message)
        wanted = before.preference if heard.kind is Kind.QUESTION else _wanted(before.preference, heard, message)
        return replace(before, preference=wanted, asked=True).add(Turn(Role.USER, message)), heard

    def _read(self, before: Conversation, message: str) -> Heard:
        shown, known = before.last_shown(), (*before.all_shown(), *before.preference.liked)
        found = about = self.finder.find(message, shown)
        if shown and not found and (pronoun := finds(PRONOUN, message)):
            about = [Found(*pronoun.span(), ("#1",))]
            found = about if finds(f"{says.SEEN}|{says.LIKE}|{says.DISLIKE}|{says.NOT_IT}", message) else []
        heard, said = self._values(message, [(one.start, one.end) for one in found]), stances(message, found)
        kind = _kind(message, about, said, heard, before)
        if kind is Kind.WISH:  # titles that are named in a wish without an opinion are examples of it
            said = [stance or frozenset((Opinion.LIKED,)) for stance in said]
        texts = [text for mention in (about if kind is Kind.QUESTION else found) for text in mention.mentions]
        items = {text: self.placer.item(text, shown=shown, known=known).item_ids for text in texts}
        pairs = [(text, stance) for one, stance in zip(found, said, strict=True) for text in one.mentions]

        def ids(opinion: Opinion) -> tuple[str, ...]:
            """The items of which it is said, where there is no doubt which they are."""
            sure = (items[text][0] for text, stance in pairs if opinion in stance and len(items[text]) == 1)
            return tuple(dict.fromkeys(sure))

        return replace(
            heard,
            kind=kind,
            named=frozenset(item_id for several in items.values() for item_id in several),
            liked=ids(Opinion.LIKED),
            disliked=ids(Opinion.DISLIKED),
            seen=ids(Opinion.SEEN),
            has_example=any(Opinion.LIKED in stance and not text.startswith("#") for text, stance in pairs),
        )

    def _values(self, message: str, covered: Sequence[Stretch]) -> Heard:
        """Limits, soft wishes and what is taken back."""
        limits = [
            span.constraint
            for span in find_limits(message, self.finder.catalog.schema)
            if is_free(covered, span.start, span.end)
        ]
        wishes, taken_back = list[Wish](), set[tuple[str, str | float]]()
        for group in _alternatives(message, list(self.finder.lexicon.find(message, covered=tuple(covered)))):
            first, field = group[0], group[0].field
            clause, at = _clause_of(message, first.start)
            refused = _is_refused(clause, at)
            if finds(says.STILL_WANTED, clause):
                taken_back |= {(field.name, span.value) for span in group}
            elif finds(r"^\s*or not\b", message[group[-1].end :]):
                continue
            elif not refused and (field.soft or _compares(message, first)):
                weight = -0.5 if finds(says.TOO_MUCH, message[: first.start]) else 1.0
                wishes += [Wish(field.name, span.value, weight, span.words) for span in group]
            else:
                names = tuple(dict.fromkeys(span.value for span in group))
                words, lasting = message[first.start : group[-1].end], refused and bool(finds(says.LASTING, clause))
                limits.append(Constraint(field.name, Op.NOT if refused else Op.IS, names, words=words, lasting=lasting))
        return Heard(limits=_settled(limits), wishes=tuple(wishes), taken_back=frozenset(taken_back))


def _kind(
    message: str, about: Sequence[Found], said: Sequence[frozenset[Opinion]], heard: Heard, before: Conversation
) -> Kind:
    wants, stated = finds(f"{says.REQUEST}|{says.ANYTHING}", message), bool(heard.limits or heard.wishes)
    if about and not heard.limits and finds(says.WHY, message):
        return Kind.QUESTION
    # 'When Harry Met Sally' asks nothing
    rest = blanked(message, [(one.start, one.end) for one in about if not one.mentions[0].startswith("#")], "X")
    if about and not wants and finds(says.QUESTION, rest):
        return Kind.QUESTION
    follows = heard.taken_back or finds(says.MORE_OF, message)
    if before.last_shown() and (follows or (before.asked and stated and len(words_of(message)) <= SHORT)):
        return Kind.FOLLOW_UP
    opinions = {opinion for stance in said for opinion in stance}
    example = Opinion.LIKED in opinions and Opinion.SEEN not in opinions and finds(says.EXAMPLE, message)
    return Kind.OPINION if opinions and not wants and not example and not stated else Kind.WISH


def _wanted(before: Preference, heard: Heard, message: str) -> Preference:
    """What is wanted after a message."""
    base = start_anew(before) if _starts_anew(before, heard, message) else before
    replaced = {limit.field for limit in heard.limits if limit.op is Op.IS and finds(says.REPLACES, message)}
    kept = [
        limit
        for limit in base.constraints
        if not heard.taken_back & {(limit.field, value) for value in limit.values}
        and (limit.op is not Op.IS or limit.field not in replaced)
    ]
    stated = heard.kind is Kind.OPINION or finds(says.STATED_LIKE, message)
    examples = () if stated else tuple(item_id for item_id in heard.liked if item_id not in before.liked)
    wishes = {(wish.field, wish.value): wish for wish in (*base.wishes, *heard.wishes)}
    wishes = {key: wish for key, wish in wishes.items() if key not in heard.taken_back}
    return replace(
        base,
        liked=_merged(base.liked, heard.liked, heard.disliked),
        examples=tuple(dict.fromkeys((*base.examples, *examples))),
        disliked=_merged(base.disliked, heard.disliked, heard.liked),
        seen=tuple(dict.fromkeys((*base.seen, *heard.seen))),
        constraints=fold_limits(kept, _joined(heard.limits)),
        wishes=tuple(wishes.values()),
    )


def _starts_anew(before: Preference, heard: Heard, message: str) -> bool:
    """A full new wish drops the old one; a fragment ('funny too') refines it, saying it again changes nothing."""
    held = {limit.key for limit in before.constraints} | {wish.key for wish in before.wishes}
    stated = {limit.key for limit in heard.limits} | {wish.key for wish in heard.wishes}
    example = heard.liked and not finds(says.STATED_LIKE, message)
    if heard.kind is Kind.OPINION or (stated and not example and stated <= held):
        return False
    if finds(says.ANYTHING, message) and not heard.limits:
        return True
    if finds(says.ADDS, message):
        return False
    if heard.has_example and finds(f"{says.WANTS_NEW}|{says.EXAMPLE}", message):
        return True
    opens = finds(OPENS, message) and not finds(says.SHADE, message)
    return any(limit.op is Op.IS for limit in heard.limits) and bool(opens or finds(says.WANTS_NEW, message))


def _clause_of(message: str, position: int) -> tuple[str, int]:
    """The clause around a position, and the position inside it."""
    cuts = [match.span() for match in re.finditer(says.CLAUSE, message, re.IGNORECASE)]
    start = max((end for _, end in cuts if end <= position), default=0)
    end = min((begin for begin, _ in cuts if begin >= position), default=len(message))
    return message[start:end], position - start


def _is_refused(clause: str, at: int) -> bool:
    """Whether a value stands under a negation; the verb that it negates ('don't want') turns nothing back."""
    negations = list(re.finditer(says.NEGATION, clause[:at], re.IGNORECASE))
    verb = r"^\s*(?:(?:really|ever|actually)\s+)?(?:want|show me|give me)\b"
    behind = re.sub(verb, " ", clause[negations[-1].end() : at], flags=re.IGNORECASE) if negations else ""
    return bool((negations and not finds(says.SHIFT, behind)) or finds(says.NEGATION_AFTER, clause[at:]))


def _alternatives(message: str, values: Sequence[ValueSpan]) -> list[list[ValueSpan]]:
    """Values joined by 'or' (or listed under one negation) form one group; others stand alone."""
    groups: list[list[ValueSpan]] = []
    for span in values:
        last = groups[-1][-1] if groups else span
        joins = re.fullmatch(says.ALTERNATIVE, message[last.end : span.start], re.IGNORECASE)
        if joins and last.field.name == span.field.name:
            groups[-1].append(span)
        else:
            groups.append([span])
    return groups


def _compares(message: str, span: ValueSpan) -> bool:
    """'Funnier', 'more romantic', 'less violent': a direction, not a limit; 'more crime' asks for crime."""
    degree = finds(r"\b(?:more|less|a bit|somewhat|slightly)\W+$|更$", message[: span.start])
    return stem(span.words) != stem(span.value) and bool(degree or re.fullmatch(r"(?i)\w+ier", span.words))


def _settled(limits: Sequence[Constraint]) -> tuple[Constraint, ...]:
    """No limit twice; what is refused is not wanted too (the refusal is the more certain of the two)."""
    refused = {(limit.field, value) for limit in limits if limit.op is Op.NOT for value in limit.values}
    turned = [
        limit for limit in limits if limit.op is Op.IS and any((limit.field, one) in refused for one in limit.values)
    ]
    return tuple({limit.key: limit for limit in limits if limit not in turned}.values())


def _joined(limits: Sequence[Constraint]) -> list[Constraint]:
    """'From the 30s or 40s' states two ranges and means both: the widest limits of one message hold."""
    bounds = [limit for limit in limits if limit.op in (Op.MIN, Op.MAX)]
    narrow_first = sorted(bounds, key=lambda limit: float(limit.values[0]) * (1 if limit.op is Op.MAX else -1))
    widest = {(limit.field, limit.op): limit for limit in narrow_first}
    return [*(limit for limit in limits if limit not in bounds), *widest.values()]


def _merged(old: Sequence[str], new: Sequence[str], against: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(item_id for item_id in (*old, *new) if item_id not in against or item_id in new))
