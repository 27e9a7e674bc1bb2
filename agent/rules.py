"""Reads a message by rule: certain where it can be, good enough to answer when there is no language model.

The rules know English and Chinese phrases about wanting, liking and asking; what the things are called comes from the
catalog through `Lexicon` and `find_title`.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from agent.common_words import STOPWORDS
from agent.intent import Act
from agent.lexicon import Lexicon, ValueSpan, stem, words_of
from agent.limits import find_limits, find_unmet
from agent.linking import NUMBERS, ORDINALS, pronoun
from agent.mentions import Found, MentionFinder
from agent.opinions import with_opinions
from agent.phrases import (
    ALTERNATIVE,
    ANYTHING,
    CLAUSE,
    COMPANY,
    COMPANY_GONE,
    DISLIKE,
    EXAMPLE,
    GREETING,
    HURRY,
    LASTING,
    LIKE,
    MORE_OF,
    NEGATION,
    NEGATION_AFTER,
    NEWER_WORDS,
    NOT_IT,
    OLDER_WORDS,
    OTHERS,
    QUESTION,
    REJECTS,
    REQUEST,
    SEEN,
    SHIFT,
    STILL_WANTED,
    SURPRISE,
    TOO_MUCH,
    WHY,
)
from agent.reading import NEWER, OLDER, Mention, Reading, unique
from retrieval.items import Catalog
from retrieval.preference import Constraint, Op, Wish
from retrieval.schema import FieldKind

FIRST = Mention("#1", certain=True)
TEXT_FIELD = "text"
"""The field name of a wish in free words."""


@dataclass(frozen=True, slots=True)
class RuleReader:
    """Reads messages about one catalog."""

    catalog: Catalog
    lexicon: Lexicon

    @property
    def mentions(self) -> MentionFinder:
        """The finder of titles."""
        return MentionFinder(self.catalog, self.lexicon)

    def read(self, message: str, *, shown: Sequence[str] = (), asked: bool = False, focus: Mention = FIRST) -> Reading:
        """Read one message.

        Args:
            message: What the user wrote.
            shown: Item ids of the last cards, in order.
            asked: Whether something was asked for before in this conversation.
            focus: What 'it' and 'that one' mean.
        """
        found = self.mentions.find(message, shown)
        if (
            shown
            and not found
            and (word := pronoun(message))
            and re.search(f"{SEEN}|{LIKE}|{DISLIKE}|{NOT_IT}", message, re.IGNORECASE)
        ):
            found = [Found(*word.span(), (focus,))]
        covered = tuple((one.start, one.end) for one in found)
        values = list(self.lexicon.find(message, covered=covered))
        reading = with_opinions(message, found, Reading(Act.RECOMMEND))
        reading = self._values(message, values, covered, reading)
        reading = _details(message, reading, shown, self._countable())
        return self._act(message, found, reading, has_list=bool(shown), asked=asked, focus=focus)

    # Values ------------------------------------------------------------------------------------------------------

    def _values(
        self, message: str, values: Sequence[ValueSpan], covered: tuple[tuple[int, int], ...], reading: Reading
    ) -> Reading:
        numbers = [
            one
            for one in find_limits(message, self.catalog.schema)
            if not any(a < one.end and one.start < b for a, b in covered)
        ]
        limits: list[Constraint] = [one.constraint for one in numbers]
        wishes: list[Wish] = []
        taken_back: list[str] = []
        for group in _alternatives(message, values):
            first = group[0]
            clause, at = _clause_of(message, first.start)
            if re.search(f"{STILL_WANTED}|{COMPANY_GONE}", clause, re.IGNORECASE):
                taken_back.extend(one.words for one in group)
                continue
            if re.match(r"\s*or not\b", message[group[-1].end :], re.IGNORECASE):
                continue
            refused = _refused(clause, at)
            lasting = re.search(LASTING, clause, re.IGNORECASE)
            company = lasting is not None and lasting.start() <= at < lasting.end()
            names = tuple(dict.fromkeys(one.value for one in group))
            softly = first.field.soft or company or _compares(message, first)
            shade = first.field.soft or _compares(message, first)
            if shade and not refused and re.search(TOO_MUCH, message[: first.start], re.IGNORECASE):
                wishes += [Wish(first.field.name, one.value, -0.5, one.words) for one in group]
            elif refused or not softly:
                op = Op.NOT if refused else Op.IS
                keeps = refused and lasting is not None
                limits.append(Constraint(first.field.name, op, names, words=_words(message, group), lasting=keeps))
            else:
                wishes += [Wish(first.field.name, one.value, words=one.words, lasting=company) for one in group]
        unmet = [
            one
            for one in find_unmet(message, self.catalog.schema)
            if not any(a < one[1] and one[0] < b for a, b in covered)
        ]
        spans = [*((one.start, one.end) for one in values), *((one.start, one.end) for one in numbers)]
        places = [*spans, *covered, *((start, end) for start, end, _ in unmet)]
        present = re.search(COMPANY, message, re.IGNORECASE)
        gone = re.search(COMPANY_GONE, message, re.IGNORECASE)
        if gone:
            taken_back.append(gone.group())
        if present and not gone and not any(a < present.end() and present.start() < b for a, b in places):
            places.append(present.span())
            wishes.append(Wish(TEXT_FIELD, f"for {present.group().lower()}", words=present.group(), lasting=True))
        wishes += [
            Wish(TEXT_FIELD, words, -1.0, words, bool(re.search(LASTING, _clause_of(message, start)[0], re.IGNORECASE)))
            for start, words in _refused_words(message, places)
        ]
        return replace(
            reading,
            limits=_settle(limits),
            wishes=tuple(dict.fromkeys(wishes)),
            taken_back=tuple(taken_back),
            unmet=tuple(dict.fromkeys(words for _, _, words in unmet)),
            search=_residue(message, places, self._own_words()),
        )

    # Act ---------------------------------------------------------------------------------------------------------

    def _act(
        self, message: str, found: Sequence[Found], reading: Reading, *, has_list: bool, asked: bool, focus: Mention
    ) -> Reading:
        about = reading.mentions
        if not about and has_list and pronoun(message):
            about = (focus,)
        wants = bool(re.search(f"{REQUEST}|{ANYTHING}", message, re.IGNORECASE))
        substance = bool(about or reading.limits or reading.wishes or reading.relative)
        if re.fullmatch(GREETING, message.strip(), re.IGNORECASE) and not reading.limits and not found:
            return replace(reading, act=Act.CHAT, certain=True, about=())
        if re.search(WHY, message, re.IGNORECASE) and about and not reading.limits:
            return replace(reading, act=Act.ASK, certain=True, topic="why", about=about, liked=(), disliked=())
        if about and not wants and re.search(QUESTION, _without_titles(message, found), re.IGNORECASE):
            topic = self._topic(message)
            return replace(reading, act=Act.ASK, topic=topic, about=about, liked=(), disliked=())
        if has_list and re.fullmatch(REJECTS, message.strip(), re.IGNORECASE):
            return replace(reading, act=Act.REFINE, about=())
        opinion = bool(reading.liked or reading.disliked or reading.seen)
        follows = has_list and (
            bool(reading.relative or reading.novelty or reading.taken_back)
            or re.search(MORE_OF, message, re.IGNORECASE)
        )
        if follows or (has_list and asked and (reading.limits or reading.wishes) and len(words_of(message)) <= 7):
            return replace(reading, act=Act.REFINE, about=())
        example = bool(reading.liked) and not reading.seen and bool(re.search(EXAMPLE, message, re.IGNORECASE))
        if opinion and not wants and not example and not reading.limits and not reading.wishes:
            return replace(reading, act=Act.FEEDBACK, about=())
        if not substance and not wants and len(words_of(message)) <= 3 and not reading.novelty:
            return replace(reading, act=Act.CHAT, about=())
        return replace(reading, act=Act.RECOMMEND, about=(), liked=unique([*reading.liked, *_unplaced(reading)]))

    def _own_words(self) -> frozenset[str]:
        """Words that name fields and items, not what is wanted of them."""
        schema = self.catalog.schema
        names = [name for spec in schema.fields for name in (spec.name, *spec.label.values(), *spec.words)]
        items = (*schema.noun.values(), *schema.nouns.values(), *schema.also_called)
        return frozenset(stem(word) for name in (*names, *items) for word in words_of(name))

    def _countable(self) -> tuple[str, ...]:
        """What may be counted in a message: the catalog's nouns and categories."""
        schema = self.catalog.schema
        values = [
            word for spec in schema.of_kind(FieldKind.CATEGORY) for words in spec.synonyms.values() for word in words
        ]
        names = (
            *schema.noun.values(),
            *schema.nouns.values(),
            *schema.also_called,
            *(word for word in values if word.isascii() and word.endswith("s")),
        )
        return tuple(dict.fromkeys(names))

    def _topic(self, message: str) -> str:
        """The field that a question asks for, by its label or words; 'text' for 'what is it about'."""
        lowered = message.lower()
        if re.search(
            r"\babout\W*$|\bwhat(?:'s| is|s) .{0,40}\babout\b|\bplot\b|\bstory\b|讲(?:的是|了)?什么|内容|故事|剧情",
            lowered,
        ):
            return TEXT_FIELD
        for spec in self.catalog.schema.fields:
            names = (*spec.label.values(), *spec.words, spec.name)
            if any(re.search(rf"(?<![a-z]){re.escape(name.lower())}", lowered) for name in names if name):
                return spec.name
        if re.match(r"\s*(?:who|whose)\b|.*谁", lowered):
            people = [spec.name for spec in self.catalog.schema.fields if spec.people]
            return people[0] if people else ""
        if re.search(r"\bwhen\b|哪一?年|什么时候", lowered):
            years = [spec.name for spec in self.catalog.schema.of_kind(FieldKind.NUMBER) if spec.unit == "year"]
            return years[0] if years else ""
        return TEXT_FIELD if re.search(r"about|tell me|关于|介绍", lowered) else ""


def _without_titles(message: str, found: Sequence[Found]) -> str:
    """The message with a word in the place of each title: 'When Harry Met Sally' asks nothing."""
    for one in reversed(found):
        if not any(mention.text.startswith("#") for mention in one.mentions):
            message = f"{message[: one.start]}X{message[one.end :]}"
    return message


def _unplaced(reading: Reading) -> list[Mention]:
    """Titles named without an opinion: named in a wish, they are examples of it."""
    placed = {*reading.liked, *reading.disliked, *reading.seen}
    return [one for one in reading.mentions if one not in placed]


def _clause_of(message: str, position: int) -> tuple[str, int]:
    """The clause around a position, and the position inside it."""
    start = 0
    for match in re.finditer(CLAUSE, message, re.IGNORECASE):
        if match.end() <= position:
            start = match.end()
        elif match.start() >= position:
            return message[start : match.start()], position - start
    return message[start:], position - start


def _refused(clause: str, at: int) -> bool:
    """Whether a value at `at` stands under a negation."""
    before, after = clause[:at], clause[at:]
    negations = list(re.finditer(NEGATION, before, re.IGNORECASE))
    if negations and not re.search(SHIFT, _behind(before, negations[-1].end()), re.IGNORECASE):
        return True
    return bool(re.search(NEGATION_AFTER, after, re.IGNORECASE))


def _behind(clause: str, negation: int) -> str:
    """What follows a negation; the verb that it negates ('don't want') turns nothing back."""
    return re.sub(
        r"^\s*(?:(?:really|ever|actually)\s+)?(?:want|show me|give me)\b", " ", clause[negation:], flags=re.IGNORECASE
    )


def _alternatives(message: str, values: Sequence[ValueSpan]) -> list[list[ValueSpan]]:
    """Values joined by 'or' (or listed under one negation) form one group; others stand alone."""
    groups: list[list[ValueSpan]] = []
    for one in values:
        last = groups[-1][-1] if groups else None
        between = message[last.end : one.start] if last else ""
        if last and last.field.name == one.field.name and re.fullmatch(ALTERNATIVE, between, re.IGNORECASE):
            groups[-1].append(one)
        else:
            groups.append([one])
    return groups


def _compares(message: str, span: ValueSpan) -> bool:
    """'Funnier', 'more romantic', 'less violent': a direction, not a limit."""
    if stem(span.words) == stem(span.value):
        return False  # 'more crime' asks for crime; 'more romantic' for a shade of it
    degree = re.search(r"\b(?:more|less|a bit|somewhat|slightly)\W+$|更$", message[: span.start], re.IGNORECASE)
    return bool(degree) or bool(re.fullmatch(r"\w+ier", span.words, re.IGNORECASE))


def _words(message: str, group: Sequence[ValueSpan]) -> str:
    return message[group[0].start : group[-1].end]


def _settle(limits: Sequence[Constraint]) -> tuple[Constraint, ...]:
    """No limit twice; what is refused is not wanted too (the refusal is the more certain of the two)."""
    refused = {(one.field, value) for one in limits if one.op is Op.NOT for value in one.values}
    kept = [
        one for one in limits if one.op is not Op.IS or not any((one.field, value) in refused for value in one.values)
    ]
    return tuple({one.key: one for one in kept}.values())


def _residue(message: str, places: Sequence[tuple[int, int]], own: frozenset[str]) -> str:
    """The English words that are left when titles, values, refusals and function words are taken away."""
    left: list[str] = []
    message = re.sub(r"<[^<>]*>", lambda match: " " * len(match.group()), message)
    for pattern in (REQUEST, OTHERS, OLDER_WORDS, NEWER_WORDS, SURPRISE, HURRY, LIKE, DISLIKE, SEEN):
        message = re.sub(pattern, lambda match: " " * len(match.group()), message, flags=re.IGNORECASE)
    taken = [*places, *(match.span() for match in re.finditer(NEGATION, message, re.IGNORECASE))]
    for match in re.finditer(r"[a-z][a-z'’-]+", message, re.IGNORECASE):
        covered = any(a < match.end() and match.start() < b for a, b in taken)
        clause, at = _clause_of(message, match.start())
        word = match.group().lower()
        empty = word in STOPWORDS or stem(word) in own or re.fullmatch(NEGATION, word, re.IGNORECASE)
        if not covered and not empty and not re.search(r"['’]", word) and not _refused(clause, at):
            left.append(word)
    return " ".join(left[:12])


def _refused_words(message: str, places: Sequence[tuple[int, int]]) -> Iterator[tuple[int, str]]:
    """What is refused in words that are no value of the catalog: 'no talking animals'."""
    pattern = r"\b(?:no|without(?: any| the)?|nothing|can't stand|cannot stand|not too|avoid)\s+((?:[a-z'’-]+\s?){1,3})"
    for match in re.finditer(pattern, message, re.IGNORECASE):
        words = re.split(r"\b(?:please|but|and|or|by|from|before|after|with|in|this|that|for)\b", match.group(1))[
            0
        ].strip()
        inside = any(a < match.end(1) and match.start(1) < b for a, b in places)
        if words and not inside and not all(word in STOPWORDS for word in words_of(words)):
            yield match.start(), words


def _details(message: str, reading: Reading, shown: Sequence[str], nouns: Sequence[str]) -> Reading:
    """Count, hurry, direction in time, appetite for surprises."""
    relative = ""
    if not any(one.op in (Op.MIN, Op.MAX) for one in reading.limits):
        if re.search(OLDER_WORDS, message, re.IGNORECASE):
            relative = OLDER
        elif re.search(NEWER_WORDS, message, re.IGNORECASE):
            relative = NEWER
    count = _count(message, nouns)
    return replace(
        reading,
        relative=relative if shown else "",
        count=count,
        hurried=bool(re.search(HURRY, message, re.IGNORECASE)),
        novelty=0.9 if re.search(SURPRISE, message, re.IGNORECASE) else None,
    )


def _count(message: str, nouns: Sequence[str]) -> int | None:
    """How many are asked for: 'just one', 'three comedies', '推荐五部'."""
    number = "|".join(NUMBERS)
    verb = r"\b(?:just|only|give me|recommend|show me|name|suggest|looking for|want|need)\s+(?:me\s+)?"
    noun = "|".join(("suggestions?", "recommendations?", "titles", "ideas", "options", "picks", *map(re.escape, nouns)))
    for pattern in (
        rf"{verb}({number}|10|\d)\b(?!\s*(?:more )?(?:years|%))",
        rf"\b(?:({number}|10|\d) or )?({number}|10|\d)\s+(?:(?!of\b)[\w-]+\s+){{0,3}}(?:{noun})\b",
    ):
        if match := re.search(pattern, message, re.IGNORECASE):
            said = next(group for group in reversed(match.groups()) if group)
            return NUMBERS.get(said.lower()) or int(said)
    chinese = re.search(
        r"(?:推荐|来|给我|只要|换)(?:我)?(?:看)?([一二两三四五六七八九十]|10|\d)[部个本款张](?!.*年代)", message
    )
    if chinese and chinese.group(1) != "一":
        return ORDINALS.get(chinese.group(1)) or int(chinese.group(1))
    return 1 if chinese and re.search(r"只要一|就一", message) else None
