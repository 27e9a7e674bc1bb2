"""Applies a patch to what is wanted: what it states is added, what it takes back goes, and the newest word wins."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace

from retrieval.preference import Constraint, Op, Person, Preference, Wish
from tools.arguments import MOST_PEOPLE, Limit, SoftWish, UpdateWish
from tools.company import for_whom
from tools.dropping import TEXT_FIELD, Dropping, without_ids
from tools.limits import LimitReader, Problems
from tools.placing import Placer
from tools.render import one_line

MOST_LIKED = 12


@dataclass(frozen=True, slots=True)
class PatchResult:
    """The wish after a patch, and what of it is worth remembering beyond this conversation."""

    preference: Preference
    liked: tuple[str, ...] = ()
    """Item ids that were said to be liked (an example of what is wanted is none of them)."""
    examples: tuple[str, ...] = ()
    """Item ids that are examples of what is wanted."""
    disliked: tuple[str, ...] = ()
    seen: tuple[str, ...] = ()
    kept: tuple[Constraint | Wish, ...] = ()
    """Lasting limits and wishes that the patch states, and what is left of those that it takes back in part."""
    dropped: tuple[str, ...] = ()
    """Keys of limits, wishes and leanings that it takes back."""
    problems: Problems = field(default_factory=Problems)
    saved: tuple[str, ...] = ()
    """Item ids that were picked for later: no opinion, and nothing of the wish."""


def apply_patch(
    before: Preference,
    patch: UpdateWish,
    placer: Placer,
    *,
    shown: Sequence[str] = (),
    known: Sequence[str] = (),
    tastes: Iterable[Constraint | Wish] = (),
) -> PatchResult:
    """What is wanted after a patch.

    Args:
        before: What was wanted so far, without lasting tastes from the store.
        patch: What the message changes.
        placer: Finds items and values.
        shown: Item ids of the last list, in order, for '#2'.
        known: Item ids that came up before.
        tastes: The user's lasting tastes, which can be taken back, too.
    """
    problems = Problems()
    reader = LimitReader(placer, shown, known)

    def items(references: Sequence[str]) -> tuple[str, ...]:
        placed = (reader.item(said, problems) for said in references)
        return tuple(dict.fromkeys(item.item_id for item in placed if item is not None))

    dropping = Dropping(start_anew(before) if patch.start_over else before, placer, shown, tuple(tastes))
    for said in patch.drop:
        dropping.drop(said, problems)
    base = dropping.preference
    examples, liked, disliked, seen = map(items, (patch.similar_to, patch.likes, patch.dislikes, patch.seen))
    limits, wishes = _stated(getattr(patch, "limits", ()), getattr(patch, "prefer", ()), patch.avoid, reader, problems)
    cared, company_likes = for_whom(patch, base, limits, wishes, placer, problems)
    limits, wishes = (*cared, *limits), [*wishes, *company_likes]
    all_liked = without_ids((*base.liked, *liked, *examples), disliked)[-MOST_LIKED:]
    preference = replace(
        base,
        text=_text(base.text if patch.about is None else patch.about, problems),
        liked=all_liked,
        examples=tuple(
            item_id for item_id in without_ids((*base.examples, *examples), (*disliked, *liked)) if item_id in all_liked
        ),
        disliked=without_ids((*base.disliked, *disliked), (*liked, *examples)),
        seen=tuple(dict.fromkeys((*base.seen, *seen))),
        passed_over=tuple(dict.fromkeys((*base.passed_over, *items(patch.passed_over)))),
        set_aside=without_ids(base.set_aside, (*liked, *examples, *disliked)),
        constraints=fold_limits(base.constraints, limits, wishes, one_of=placer.alternative),
        wishes=_fold_wishes(base.wishes, wishes, limits),
        people=_people(base.people, patch, reader, problems),
        novelty=base.novelty if patch.novelty is None else patch.novelty,
        count=base.count if patch.count is None else patch.count,
        language=_language(patch.language) or base.language,
    )
    said_now: tuple[Constraint | Wish, ...] = (*limits, *wishes)
    kept = (*dropping.kept, *(wanted for wanted in said_now if wanted.lasting))
    dropped = tuple(dict.fromkeys(dropping.dropped))
    return PatchResult(preference, liked, examples, disliked, seen, kept, dropped, problems, items(patch.save))


def start_anew(before: Preference) -> Preference:
    """Lasting limits and opinions stay; the wish itself goes."""
    return replace(
        before,
        text="",
        liked=without_ids(before.liked, before.examples),
        examples=(),
        passed_over=(),
        constraints=tuple(limit for limit in before.constraints if limit.lasting),
        wishes=tuple(wish for wish in before.wishes if wish.lasting),
        leanings=(),
        people=(),
    )


def fold_limits(
    before: Sequence[Constraint],
    new: Sequence[Constraint],
    wishes: Sequence[Wish] = (),
    *,
    one_of: Collection[str] = (),
) -> tuple[Constraint, ...]:
    """Old and new limits together; what was said last, wishes included, wins where they contradict each other.

    Args:
        before: The old ones.
        new: The new ones.
        wishes: What is wished for now.
        one_of: Fields of which one value is meant: another one takes its place.
    """
    kept = [
        old for old in before if not any(_contradicts(old, limit) or _replaces(old, limit, one_of) for limit in new)
    ]
    for limit in (*new, *_as_limits(wishes)):
        kept = [_without_values(old, limit) for old in kept]
    return tuple({limit.key: limit for limit in (*kept, *new) if limit.values}.values())


def with_tastes(
    preference: Preference, tastes: Iterable[Constraint | Wish], *, one_of: Collection[str] = ()
) -> Preference:
    """The preference with the user's lasting tastes; what is wanted in this conversation beats a taste.

    Args:
        preference: What is wanted now.
        tastes: What holds otherwise.
        one_of: Fields of which one value is meant.
    """
    constraints, wishes = list(preference.constraints), list(preference.wishes)
    said = (*constraints, *_as_limits(wishes))
    for taste in tastes:
        if isinstance(taste, Wish):
            wishes += [] if _is_overruled(taste, preference) else [taste]
            continue
        for limit in said:
            taste = _without_values(taste, limit)
        beaten = (
            _contradicts(taste, constraint) or _replaces(taste, constraint, one_of)
            for constraint in preference.constraints
        )
        if taste.values and not any(beaten):
            constraints.append(taste)
    return replace(
        preference,
        constraints=tuple({limit.key: limit for limit in constraints}.values()),
        wishes=tuple({wish.key: wish for wish in wishes}.values()),
    )


def stated(
    limits: Sequence[Limit], prefer: Sequence[SoftWish], about: str, reader: LimitReader, problems: Problems
) -> tuple[tuple[Constraint, ...], tuple[Wish, ...], str]:
    """The limits, wishes and words that a part of a list, or one of several people, has alone.

    Args:
        limits: What must be kept there.
        prefer: Values wished for.
        about: Words.
        reader: Places values.
        problems: Takes what could not be placed.
    """
    here = Problems()
    kept, wishes = _stated(limits, prefer, (), reader, here)
    text = _text(about, here)
    problems.join(here)
    return kept, tuple(wishes), text


def _stated(
    asked: Sequence[Limit],
    prefer: Sequence[SoftWish],
    avoid: Sequence[str],
    reader: LimitReader,
    problems: Problems,
) -> tuple[tuple[Constraint, ...], list[Wish]]:
    """Limits and wishes as they are meant; a value of a soft field that is asked for is a wish."""
    read = reader.read(asked, problems)
    soft = {spec.name for spec in reader.placer.schema.fields if spec.soft}
    limits = tuple(limit for limit in read if limit.op is not Op.IS or limit.field not in soft)
    wishes = [
        *_soft(prefer, reader.placer, problems),
        *(
            Wish(limit.field, str(value), lasting=limit.lasting)
            for limit in read
            if limit not in limits
            for value in limit.values
        ),
    ]
    avoided = (*avoid, *(said for said, is_wanted in problems.loose if not is_wanted))
    return limits, [*wishes, *(Wish(TEXT_FIELD, said, -1.0, said) for said in avoided)]


def _people(before: Sequence[Person], patch: UpdateWish, reader: LimitReader, problems: Problems) -> tuple[Person, ...]:
    """Who wants what; what is said of somebody anew takes the place of what was said of them before."""
    people = {person.name: person for person in before}
    for said in getattr(patch, "people", ()):
        name = one_line(said.name)
        limits, wishes, words = stated(said.limits, said.prefer, "", reader, problems)
        people[name] = Person(name, limits, (*wishes, *([Wish(TEXT_FIELD, words)] if words else [])))
    return tuple(people.values())[-MOST_PEOPLE:]


def _text(about: str, problems: Problems) -> str:
    """The wish's words, and those that no soft field has a value for."""
    loose = [said for said, is_wanted in problems.loose if is_wanted]
    phrases = about.strip().split(", ")
    return ", ".join(dict.fromkeys(phrase for phrase in (*phrases, *loose) if phrase))


def _soft(softs: Sequence[object], placer: Placer, problems: Problems) -> list[Wish]:
    wishes = []
    for soft in softs:
        name, said, less = getattr(soft, "field", ""), getattr(soft, "value", ""), getattr(soft, "less", False)
        placed = placer.value(name, said) if placer.catalog.values(name) else None
        if placed is not None and placed.value:
            wishes.append(Wish(placed.field, placed.value, -0.5 if less else 1.0))
        else:
            near = f"; nearest: {', '.join(placed.near)}" if placed is not None and placed.near else ""
            problems.add(f"no {name} {said!r} in the catalog, taken as words{near}")
            problems.loose.append((said, not less))
    return wishes


def _fold_wishes(before: Sequence[Wish], new: Sequence[Wish], limits: Sequence[Constraint] = ()) -> tuple[Wish, ...]:
    """The newest word about a value counts, a limit included."""
    said = {(wish.field, wish.value.casefold()) for wish in new}
    said |= {(limit.field, str(value).casefold()) for limit in limits for value in limit.values}
    kept = (wish for wish in before if (wish.field, wish.value.casefold()) not in said)
    return tuple({wish.key: wish for wish in (*kept, *new)}.values())


def _as_limits(wishes: Iterable[Wish]) -> list[Constraint]:
    """What is wished for, as what a refusal would contradict."""
    return [Constraint(wish.field, Op.IS, (wish.value,)) for wish in wishes if wish.weight > 0]


def _is_overruled(taste: Wish, preference: Preference) -> bool:
    """Whether this conversation says the opposite of a taste."""
    value, is_wanted = taste.value.casefold(), taste.weight > 0
    return any(
        (wish.weight > 0) != is_wanted
        for wish in preference.wishes
        if (wish.field, wish.value.casefold()) == (taste.field, value)
    ) or any(
        (limit.op is Op.NOT) == is_wanted
        for limit in preference.constraints
        if limit.field == taste.field and value in {str(held).casefold() for held in limit.values}
    )


def _contradicts(old: Constraint, new: Constraint) -> bool:
    """Whether the new limit takes the old one's place."""
    if old.field != new.field:
        return False
    if old.op is new.op is Op.IS:
        is_nested = {*old.values} <= {*new.values} or {*new.values} <= {*old.values}
        return is_nested or not isinstance(new.values[0], str)  # an item has several names, but one number
    number_ops = (Op.MIN, Op.MAX)
    if old.op in number_ops or new.op in number_ops:
        if old.op is new.op or Op.IS in (old.op, new.op):
            return True
        low, high = (old, new) if old.op is Op.MIN else (new, old)
        return low.op is Op.MIN and high.op is Op.MAX and float(low.values[0]) > float(high.values[0])
    return False


def _replaces(old: Constraint, new: Constraint, one_of: Collection[str]) -> bool:
    """Whether another value is wanted now, where both together cannot be meant."""
    if old.field != new.field or old.field not in one_of or not old.op is new.op is Op.IS:
        return False
    return not {*map(str, old.values)} & {*map(str, new.values)}


def _without_values(old: Constraint, new: Constraint) -> Constraint:
    """An old limit without the values that a new one turns round: 'comedy' and later 'no comedy'."""
    if old.field != new.field or {old.op, new.op} != {Op.IS, Op.NOT}:
        return old
    turned = {str(value).casefold() for value in new.values}
    return replace(old, values=tuple(value for value in old.values if str(value).casefold() not in turned))


def _language(said: str | None) -> str:
    return said.split("-")[0].lower() if said else ""
