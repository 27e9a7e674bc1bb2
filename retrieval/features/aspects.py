"""A closed list of what people praise and blame in things of any kind, and what each says about the next wish."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Aspect:
    """Something in an item that an opinion is about."""

    name: str
    """As a language model chooses it."""
    words: str = ""
    """What to look for (liked) or to keep away from (disliked) next; '' where it says nothing of other items."""


ASPECTS: tuple[Aspect, ...] = (
    Aspect("story", "strong story"),
    Aspect("people", "rich characters"),
    Aspect("slow pace", "slow"),
    Aspect("fast pace", "fast-paced"),
    Aspect("length"),
    Aspect("humor", "humor"),
    Aspect("violence", "violence"),
    Aspect("sadness", "sad"),
    Aspect("look", "beautiful to look at"),
    Aspect("sound", "music and sound"),
    Aspect("originality", "original, unusual"),
    Aspect("predictability", "predictable"),
    Aspect("ending"),
    Aspect("price"),
    Aspect("quality"),
)
"""Without a domain: a story has an ending, a drill has a price; whoever reads picks what was spoken of."""
BY_NAME = {aspect.name: aspect for aspect in ASPECTS}
