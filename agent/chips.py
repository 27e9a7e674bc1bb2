"""What was understood, in words the user can take away one by one."""

from dataclasses import replace

from agent.intent import Chip
from agent.wording.messages import say, title
from agent.wording.values import constraint_label, label, leaning_label, wish_label
from retrieval.items import Catalog
from retrieval.preference import Preference

__all__ = ["chips", "constraint_label", "label", "leaning_label", "wish_label", "without_chip"]


def chips(preference: Preference, catalog: Catalog) -> tuple[Chip, ...]:
    """The chips of a preference, limits first."""
    language = preference.language
    made = [
        Chip(limit.key, constraint_label(limit, catalog, language), limit.lasting) for limit in preference.constraints
    ]
    made += [Chip(wish.key, wish_label(wish, catalog, language)) for wish in preference.wishes]
    made += [Chip(leaning.key, leaning_label(leaning, catalog, language)) for leaning in preference.leanings]
    for kind, key, item_ids in (("liked", "like", preference.liked), ("disliked", "unlike", preference.disliked)):
        for item_id in item_ids:
            if item_id in catalog:
                words = say(key, language, title=title(catalog.item(item_id).title, language))
                made.append(Chip(f"{kind}:{item_id}", words))
    if preference.text:
        made.append(Chip("text", say("quote", language, text=preference.text)))
    return tuple(made)


def without_chip(preference: Preference, key: str) -> Preference:
    """The preference after a chip was taken away; an unknown key changes nothing."""
    kind, _, item_id = key.partition(":")
    if key == "text":
        return replace(preference, text="")
    if kind in ("liked", "disliked"):
        return replace(
            preference,
            liked=tuple(known for known in preference.liked if known != item_id),
            disliked=tuple(known for known in preference.disliked if known != item_id),
            set_aside=tuple(dict.fromkeys((*preference.set_aside, item_id))),
        )
    return preference.without(key)
