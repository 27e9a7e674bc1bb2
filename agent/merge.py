"""Puts the rules' reading and the model's together: the model judges, the rules know what was literally said.

Whatever the model claims must rest on the user's own words: a title, a limit or a count that cannot be found in the
message is dropped here.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from agent.common_words import STOPWORDS
from agent.intent import Act
from agent.lexicon import Lexicon, stem, words_of
from agent.linking import NUMBERS, ORDINALS, pronoun
from agent.model_reader import ModelAnswer, ModelLimit
from agent.phrases import ANYTHING, DISLIKE, HURRY, NEGATION, NEWER_WORDS, OLDER_WORDS, QUESTION, REQUEST, SURPRISE
from agent.reading import Mention, Reading, unique
from agent.rules import RuleReader
from retrieval.preference import Constraint, Op, Wish
from retrieval.titles import HAN, normalize_title

POINTING = "|".join(ORDINALS) + r"|last|both|all|these|those|\d"


def merge(
    rules: Reading, answer: ModelAnswer, message: str, reader: RuleReader, has_list: bool, *, before: str = ""
) -> Reading:
    """One reading of two.

    Args:
        rules: What the rules found.
        answer: What the model answered.
        message: The user's words.
        reader: Knows the catalog's titles and values.
        has_list: Whether items were shown before.
        before: The description that was searched for so far; a small model likes to copy it.
    """
    act = _act(rules, answer, message, has_list)
    answer = answer.model_copy(
        update={
            name: [
                title for title in getattr(answer, name) if title.startswith("#") or reader.mentions.may_be_title(title)
            ]
            for name in ("liked", "disliked", "seen")
        }
    )
    liked, disliked, seen = _stances(rules, answer, message, act, has_list)
    limits, wishes = _limits(rules, answer.limits, message, reader.lexicon)
    about = _about(rules, answer, message, has_list) if act is Act.ASK else ()
    return replace(
        rules,
        act=act,
        liked=liked if act is not Act.ASK else (),
        disliked=disliked if act is not Act.ASK else (),
        seen=seen if act is not Act.ASK else (),
        about=about,
        limits=limits,
        wishes=wishes,
        search=_search(answer.search, limits, wishes, reader, before) or rules.search,
        topic=rules.topic if act is Act.ASK else "",
        count=rules.count or (answer.count if _says_number(message, answer.count) else None),
        reply=answer.reply if act is Act.CHAT else "",
    )


def _act(rules: Reading, answer: ModelAnswer, message: str, has_list: bool) -> Act:
    """The model's act, but for what the words make impossible."""
    act = answer.act
    substance = bool(rules.limits or rules.mentions or rules.wishes or rules.relative)
    if rules.act is Act.ASK and act in (Act.RECOMMEND, Act.CHAT, Act.FEEDBACK) and rules.mentions:
        return Act.ASK
    if act is Act.ASK and not re.search(QUESTION, message, re.IGNORECASE):
        act = rules.act
    if act is Act.CHAT and substance:
        return rules.act
    if act is Act.FEEDBACK and rules.act is Act.REFINE:
        return Act.REFINE  # the rules saw words that ask for others
    if act is Act.FEEDBACK and (re.search(REQUEST, message, re.IGNORECASE) or not (rules.mentions or has_list)):
        return Act.RECOMMEND if rules.act is Act.FEEDBACK else rules.act
    if act is Act.REFINE and not has_list:
        act = Act.RECOMMEND
    if act is Act.RECOMMEND and rules.act in (Act.REFINE, Act.FEEDBACK):
        return rules.act
    return act


def _stances(
    rules: Reading, answer: ModelAnswer, message: str, act: Act, has_list: bool
) -> tuple[tuple[Mention, ...], tuple[Mention, ...], tuple[Mention, ...]]:
    """Opinions on titles: the rules' where words around the title were plain, else the model's."""
    pointed = {one.text for one in rules.mentions if one.text.startswith("#")}
    judged = {one.key for one in (*rules.liked, *rules.disliked)}

    def claimed(titles: Iterable[str]) -> list[Mention]:
        """The model's titles; where the rules saw which of the list are meant, it cannot name others of it."""
        found = _found(titles, message, has_list)
        return [one for one in found if not (pointed and one.text.startswith("#") and one.text not in pointed)]

    # "80s, but no robots" says what the next list must be like, not that one of this list was bad.
    refines = act is Act.REFINE and not rules.mentions
    liked = [*rules.liked, *(one for one in claimed(answer.liked) if one.key not in judged)]
    judged |= {one.key for one in liked}
    refused = [one for one in claimed(answer.disliked) if one.key not in judged and _refused_nearby(one, message)]
    disliked = [*rules.disliked, *(one for one in refused if not (refines and one.text.startswith("#")))]
    seen = [*rules.seen, *claimed(answer.seen)]
    if act in (Act.RECOMMEND, Act.FEEDBACK):
        placed = {one.key for one in (*liked, *disliked, *seen)}
        liked += [one for one in rules.mentions if one.key not in placed]
    return unique(liked), unique(disliked), unique(seen)


def _refused_nearby(mention: Mention, message: str) -> bool:
    """Whether the sentence that names a title (for '#2': some sentence) refuses something."""
    parts = re.split(r"[.!?;。！？；]|,\s*but\b|\bbut\b|但", message)
    if not mention.text.startswith("#"):
        parts = [part for part in parts if normalize_title(mention.text) in normalize_title(part)]
    return any(re.search(f"{DISLIKE}|{NEGATION}", part, re.IGNORECASE) for part in parts)


def _found(titles: Iterable[str], message: str, has_list: bool) -> Iterable[Mention]:
    """The model's titles that stand in the message; '#2' only where the message points at a list."""
    plain = f" {normalize_title(message)} "
    for title in titles:
        if re.fullmatch(r"#\d+", title):
            if has_list and (pronoun(message) or re.search(POINTING, message, re.IGNORECASE)):
                yield Mention(title)
        elif (name := normalize_title(re.sub(r"\s*\((?:18|19|20)\d{2}\)$", "", title))) and f" {name} " in plain:
            yield Mention(title)


def _limits(
    rules: Reading, claimed: Sequence[ModelLimit], message: str, lexicon: Lexicon
) -> tuple[tuple[Constraint, ...], tuple[Wish, ...]]:
    """The rules' limits, and those of the model's that rest on words which the rules could not read."""
    limits, wishes = list(rules.limits), list(rules.wishes)
    said = [*(one.words for one in limits), *(one.words for one in wishes)]
    read = {stem(word) for words in said for word in words_of(words)}
    taken = {(one.field, str(value).casefold()) for one in limits for value in one.values}
    for claim in claimed:
        quoted = claim.words.casefold().strip()
        fresh = {stem(word) for word in words_of(quoted)} - read
        if not quoted or quoted not in message.casefold() or not fresh:
            continue
        if bool(re.search(NEGATION, quoted, re.IGNORECASE)) != (claim.op == "not"):
            continue
        for span in lexicon.find(claim.value):
            if span.field.name != claim.field or (claim.field, span.value.casefold()) in taken:
                continue
            taken.add((claim.field, span.value.casefold()))
            if claim.op == "not":
                limits.append(Constraint(claim.field, Op.NOT, (span.value,), words=claim.words))
            elif span.field.soft:
                wishes.append(Wish(claim.field, span.value, words=claim.words))
            elif lexicon.supports(span, quoted) or (span.field.people and re.search(rf"[{HAN}]{{2}}", quoted)):
                # A name in another script cannot be compared letter by letter: here the model's word is taken.
                limits.append(Constraint(claim.field, Op.IS, (span.value,), words=claim.words))
    return tuple(limits), tuple({one.key: one for one in wishes}.values())


def _search(text: str, limits: Sequence[Constraint], wishes: Sequence[Wish], reader: RuleReader, before: str) -> str:
    """The model's description without limits, titles and refusals: vectors know no 'not'."""
    known = {stem(word) for one in limits for word in words_of(f"{one.words} {' '.join(map(str, one.values))}")}
    known |= {stem(word) for one in wishes for word in words_of(f"{one.words} {one.value}")} | STOPWORDS
    parts = [
        re.sub(
            rf"{SURPRISE}|{HURRY}|{ANYTHING}|\bsurpris(?:e|ing)\b|\bsimilar(?: to)?\b", "", part, flags=re.IGNORECASE
        ).strip()
        for part in re.split(r"[,;.]", text)
    ]
    old = {part.strip().casefold() for part in before.split(",")}
    kept = [
        part
        for part in parts
        if part.casefold() not in old
        and not re.search(rf"\b(?:no|not|without|never|non)\b|\d|{OLDER_WORDS}|{NEWER_WORDS}", part, re.IGNORECASE)
        and not {stem(word) for word in words_of(part)} <= known
        and not (part[:1].isupper() and reader.catalog.titles.exact(part))
    ]
    return ", ".join(kept)


def _about(rules: Reading, answer: ModelAnswer, message: str, has_list: bool) -> tuple[Mention, ...]:
    found = tuple(_found([answer.about], message, has_list)) if answer.about else ()
    return rules.about or rules.mentions or found or ((Mention("#1"),) if has_list else ())


def _says_number(message: str, count: int | None) -> bool:
    said = {str(count), *(word for word, number in NUMBERS.items() if number == count)}
    return count is not None and any(re.search(rf"\b{word}\b", message, re.IGNORECASE) for word in said)
