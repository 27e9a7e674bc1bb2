"""Keeps what is wanted: folds one message's change into what was wanted before. Pure functions."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from agent.intent import Act
from agent.lexicon import stem, words_of
from agent.phrases import ADDS, ANYTHING, EXAMPLE, REPLACES, SHADE, STATED_LIKE, WANTS_NEW
from agent.reading import NEWER, OLDER, Reading
from agent.rules import TEXT_FIELD
from retrieval.items import Catalog
from retrieval.preference import Constraint, Op, Preference, Wish
from retrieval.schema import CatalogSchema, FieldKind

DEFAULT_COUNT = 5
MAX_LIKED = 12
MAX_PARTS = 5
"""Descriptions that are searched for together; older ones fall out."""


def fold(
    before: Preference,
    reading: Reading,
    message: str,
    *,
    liked: Sequence[str],
    disliked: Sequence[str],
    seen: Sequence[str],
    shown_years: Sequence[int],
    catalog: Catalog,
) -> Preference:
    """What is wanted after a message.

    Args:
        before: What was wanted so far in this conversation (without lasting tastes from the store).
        reading: The message's change.
        message: The message itself, for words such as 'also' and 'instead'.
        liked: Linked item ids of the change.
        disliked: Likewise.
        seen: Likewise.
        shown_years: Years of the last cards, for 'older' and 'newer'.
        catalog: For the schema.
    """
    if reading.act in (Act.ASK, Act.CHAT):
        return before
    base = _without_taken_back(before, reading.taken_back)
    if _starts_anew(reading, message, catalog.schema) and not _restates(before, reading, message):
        base = replace(
            base,
            text="",
            liked=tuple(one for one in base.liked if one not in base.examples),
            examples=(),
            constraints=tuple(one for one in base.constraints if one.lasting),
            wishes=tuple(one for one in base.wishes if one.field == TEXT_FIELD and one.weight < 0),
        )
    elif re.search(REPLACES, message, re.IGNORECASE):
        base = _drop_same_fields(base, reading.limits)
    stated = reading.act is Act.FEEDBACK or re.search(STATED_LIKE, message, re.IGNORECASE)
    given = () if stated else tuple(one for one in liked if one not in before.liked)
    limits = (*reading.limits, *_relative(reading.relative, shown_years, catalog))
    return replace(
        base,
        text=_join_texts(base.text, reading.search),
        liked=_merge(base.liked, liked, disliked)[-MAX_LIKED:],
        examples=tuple(dict.fromkeys((*base.examples, *given))),
        disliked=_merge(base.disliked, disliked, liked),
        seen=tuple(dict.fromkeys((*base.seen, *seen))),
        set_aside=tuple(one for one in base.set_aside if one not in (*liked, *disliked)),
        constraints=fold_limits(base.constraints, limits),
        wishes=_fold_wishes(base.wishes, reading.wishes),
        count=reading.count or DEFAULT_COUNT,
    )


def _join_texts(before: str, new: str) -> str:
    """The last few descriptions, the newest included."""
    parts = dict.fromkeys(part.strip() for text in (before, new) for part in text.split(",") if part.strip())
    return ", ".join(list(parts)[-MAX_PARTS:])


def fold_limits(before: Sequence[Constraint], new: Sequence[Constraint]) -> tuple[Constraint, ...]:
    """Old and new limits together; what was said last wins where they contradict each other."""
    new = _join_decades(new)
    kept = [one for one in before if not any(_contradicts(one, other) for other in new)]
    for one in new:
        kept = [_without_values(old, one) for old in kept]
    return tuple({one.key: one for one in (*kept, *new) if one.values}.values())


def add_tastes(preference: Preference, tastes: Iterable[Constraint | Wish]) -> Preference:
    """The preference with the user's lasting tastes; a limit of this conversation beats a taste."""
    constraints, wishes = list(preference.constraints), list(preference.wishes)
    for taste in tastes:
        if isinstance(taste, Wish):
            wishes.append(taste)
        elif not any(_contradicts(taste, one) or _opposes(taste, one) for one in constraints):
            constraints.append(taste)
    return replace(
        preference,
        constraints=tuple({one.key: one for one in constraints}.values()),
        wishes=tuple({one.key: one for one in wishes}.values()),
    )


def mentions_words(words: str, phrases: Iterable[str]) -> bool:
    """Whether the phrases share a content word, plural or not: 'gore' and 'can't stand gore'."""
    left = {stem(word) for word in words_of(words)}
    joined = " ".join(phrases).casefold()
    return bool(left & {stem(word) for word in words_of(joined)}) or any(
        len(w) > 1 and w in joined for w in [words.casefold()]
    )


def _starts_anew(reading: Reading, message: str, schema: CatalogSchema) -> bool:
    """A full new wish in the middle of a conversation drops the old one; a fragment ('funny too') refines it."""
    if reading.act not in (Act.RECOMMEND, Act.REFINE):
        return False
    if re.search(ANYTHING, message, re.IGNORECASE) and not reading.limits:
        return True
    if re.search(ADDS, message, re.IGNORECASE):
        return False
    names_kind = any(one.op is Op.IS for one in reading.limits)
    has_example = any(not one.text.startswith("#") for one in reading.liked)
    if (names_kind or has_example) and re.search(WANTS_NEW, message, re.IGNORECASE):
        return True
    if has_example and re.search(EXAMPLE, message, re.IGNORECASE):
        return True
    described = names_kind or bool(reading.search) or any(one.weight > 0 for one in reading.wishes)
    whole = _is_whole(message, schema, names_kind=names_kind)
    return described and whole and not re.search(SHADE, message, re.IGNORECASE)


def _restates(before: Preference, reading: Reading, message: str) -> bool:
    """Whether a message asks for nothing that was not asked for: 'I said a comedy' lets go of no limit."""
    wanted: tuple[Constraint | Wish, ...] = (*reading.limits, *reading.wishes)
    held: tuple[Constraint | Wish, ...] = (*before.constraints, *before.wishes)
    known = {one.key for one in held}
    example = reading.liked and not re.search(STATED_LIKE, message, re.IGNORECASE)
    return bool(wanted) and not example and all(one.key in known for one in wanted)


def _is_whole(message: str, schema: CatalogSchema, *, names_kind: bool) -> bool:
    """Whether a message reads as a request of its own: 'a film for a first date', 'a calm drama'."""
    names = (*schema.noun.values(), *schema.nouns.values(), *schema.also_called)
    noun = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True) if name.isascii())
    ask = rf"(?:{WANTS_NEW}|\b(?:i need|i'm looking for|looking for|find me|got)\b)"
    opens = r"^\W*(?:(?:ok|okay|now|so|well|hmm|and now)\W+)?(?:an?|some|any)\b"
    return bool(
        (names_kind and re.search(opens, message, re.IGNORECASE))
        or re.search(rf"(?:{opens}|{ask}).*\b(?:{noun})\b", message, re.IGNORECASE)
        or re.search(rf"{opens}.*\b(?:for|about|with)\b", message, re.IGNORECASE)
    )


def _without_taken_back(preference: Preference, taken_back: Sequence[str]) -> Preference:
    for words in taken_back:
        preference = replace(
            preference,
            constraints=tuple(
                one
                for one in preference.constraints
                if not mentions_words(words, (one.words, *(str(value) for value in one.values)))
            ),
            wishes=tuple(one for one in preference.wishes if not mentions_words(words, (one.words, one.value))),
        )
    return preference


def _drop_same_fields(preference: Preference, limits: Sequence[Constraint]) -> Preference:
    fields = {one.field for one in limits if one.op is Op.IS}
    kept = tuple(one for one in preference.constraints if one.op is not Op.IS or one.field not in fields)
    return replace(preference, constraints=kept)


def _relative(direction: str, years: Sequence[int], catalog: Catalog) -> tuple[Constraint, ...]:
    """'Older' than the middle of what was shown."""
    fields = [spec.name for spec in catalog.schema.of_kind(FieldKind.NUMBER) if spec.unit == "year"]
    if not direction or not years or not fields:
        return ()
    middle = sorted(years)[len(years) // 2]
    if direction == OLDER:
        return (Constraint(fields[0], Op.MAX, (float(middle - 1),), words=OLDER),)
    return (Constraint(fields[0], Op.MIN, (float(middle + 1),), words=NEWER),)


def _join_decades(limits: Sequence[Constraint]) -> list[Constraint]:
    """'From the 30s or 40s' states two ranges and means both: the widest limits of one message hold."""
    joined: dict[tuple[str, Op], Constraint] = {}
    others: list[Constraint] = []
    for one in limits:
        if one.op not in (Op.MIN, Op.MAX):
            others.append(one)
            continue
        old = joined.get((one.field, one.op))
        wider = old is None or (one.values[0] < old.values[0]) == (one.op is Op.MIN)  # type: ignore[operator]
        if wider:
            joined[one.field, one.op] = one
    return [*others, *joined.values()]


def _contradicts(old: Constraint, new: Constraint) -> bool:
    """Whether the new limit takes the old one's place."""
    if old.field != new.field:
        return False
    number_ops = (Op.MIN, Op.MAX)
    if old.op in number_ops or new.op in number_ops:
        if old.op is new.op or Op.IS in (old.op, new.op):
            return True
        low, high = (old, new) if old.op is Op.MIN else (new, old)
        return low.op is Op.MIN and high.op is Op.MAX and float(low.values[0]) > float(high.values[0])
    return False


def _opposes(one: Constraint, other: Constraint) -> bool:
    """IS and NOT of the same value."""
    return (
        one.field == other.field and {one.op, other.op} == {Op.IS, Op.NOT} and bool(set(one.values) & set(other.values))
    )


def _without_values(old: Constraint, new: Constraint) -> Constraint:
    """An old IS loses what is now refused; an old NOT what is now wanted."""
    if not _opposes(old, new):
        return old
    return replace(old, values=tuple(value for value in old.values if value not in new.values))


def _merge(old: Sequence[str], new: Sequence[str], against: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(item_id for item_id in (*old, *new) if item_id not in against or item_id in new))


def _fold_wishes(old: Sequence[Wish], new: Sequence[Wish]) -> tuple[Wish, ...]:
    latest = {(one.field, one.value): one for one in (*old, *new)}
    return tuple(latest.values())
