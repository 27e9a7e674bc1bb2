"""What was understood, in words the user can take away one by one."""

from collections.abc import Collection, Mapping
from dataclasses import replace

from agent.intent import Chip
from agent.wording.messages import comma, say, title_of
from agent.wording.values import SPAN, TEXT_FIELD, constraint_label, label, leaning_label, limit_labels, wish_label
from retrieval.items import Catalog
from retrieval.preference import Constraint, Op, Preference, Wish

__all__ = ["chips", "constraint_label", "label", "leaning_label", "wish_label", "without_chip"]


def chips(preference: Preference, catalog: Catalog) -> tuple[Chip, ...]:
    """The chips of a preference, limits first."""
    language = preference.language
    made = [Chip(*fields) for fields in limit_labels(preference.constraints, catalog, language)]
    refused = {limit.words for limit in preference.constraints if limit.op is Op.NOT}
    wishes = (wish for wish in preference.wishes if not _is_refused(wish, refused))
    made += [Chip(wish.key, wish_label(wish, catalog, language)) for wish in wishes]
    made += [Chip(leaning.key, leaning_label(leaning, catalog, language)) for leaning in preference.leanings]
    for person in preference.people:
        wanted: tuple[Constraint | Wish, ...] = (*person.constraints, *person.wishes)
        wants = comma((label(part, catalog, language) for part in wanted), language)
        words = say("person_wants", language, name=person.name, words=wants) if wants else person.name
        made.append(Chip(f"person:{person.name}", words))
    for kind, key, item_ids in (("liked", "like", preference.liked), ("disliked", "unlike", preference.disliked)):
        for item_id in item_ids:
            if item_id in catalog:
                words = say(key, language, title=title_of(catalog.item(item_id), language))
                made.append(Chip(f"{kind}:{item_id}", words))
    if preference.text:
        made.append(Chip("text", say("quote", language, text=preference.text)))
    return tuple(made)


def origins(before: Mapping[str, int], wanted: Preference, catalog: Catalog, place: int) -> dict[str, int]:
    """Which turn said each part of a wish.

    Args:
        before: Of the wish before, by the key of the chip.
        wanted: The wish now.
        catalog: For the chips.
        place: The index of the turn that made it so.
    """
    keys = [*(chip.key for chip in chips(wanted, catalog)), *(limit.key for limit in wanted.constraints)]
    return {key: before.get(key, place) for key in keys}


def without_chip(preference: Preference, key: str) -> Preference:
    """The preference after a chip was taken away; an unknown key changes nothing."""
    kind, _, item_id = key.partition(":")
    if key == "text":
        return replace(preference, text="")
    if kind == "person":
        return replace(preference, people=tuple(person for person in preference.people if person.name != item_id))
    if kind in ("liked", "disliked"):
        return replace(
            preference,
            liked=tuple(known for known in preference.liked if known != item_id),
            disliked=tuple(known for known in preference.disliked if known != item_id),
            set_aside=tuple(dict.fromkeys((*preference.set_aside, item_id))),
        )
    if item_id == SPAN:
        ends = [
            constraint
            for constraint in preference.constraints
            if constraint.field == kind and constraint.op in (Op.MIN, Op.MAX)
        ]
        kept = tuple(
            constraint for constraint in preference.constraints if constraint not in ends or constraint.lasting
        )
        return replace(preference, constraints=kept)
    words = {limit.words for limit in preference.constraints if limit.key == key} - {""}
    left = preference.without(key)
    return replace(
        left,
        constraints=tuple(limit for limit in left.constraints if limit.words not in words),
        wishes=tuple(wish for wish in left.wishes if not _is_refused(wish, words)),
    )


def _is_refused(wish: Wish, words: Collection[str]) -> bool:
    """Whether the same words became a limit, too, whose chip stands for both."""
    return wish.field == TEXT_FIELD and wish.weight < 0 and wish.value in words
