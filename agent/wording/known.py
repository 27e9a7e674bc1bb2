"""What is known of the user, and from which of their messages."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from agent.conversation import Conversation
from agent.wording.messages import comma, join, paragraph, say, title_of
from agent.wording.values import label
from retrieval.preference import Constraint, Wish
from tools import ToolContext
from tools.render import clipped

MOST_NAMED = 5
"""Liked or disliked items that are named."""
QUOTED = 60
"""Characters of a message."""


def about_me(context: ToolContext, conversation: Conversation, language: str) -> str:
    """Opinions, lasting limits, what is wanted now, each with the message that said it."""
    wish, history = context.preference, context.history
    source = _Sources(conversation, language)
    parts = []
    for kind, now, before in (("liked", wish.liked, history.liked()), ("disliked", wish.disliked, history.disliked())):
        ids = list(dict.fromkeys((*reversed(now), *reversed(before))))[:MOST_NAMED]
        named = [
            (title_of(context.catalog.item(item_id), language), source.of(f"{kind}:{item_id}", item_id not in now))
            for item_id in ids
            if item_id in context.catalog
        ]
        key = "about_likes" if kind == "liked" else "about_dislikes"
        parts += [say(key, language, titles=join(_sourced(named), language))] if named else []
    parts += _wanted(context, source, language)
    for person in wish.people:
        wants = _labels((*person.constraints, *person.wishes), context, language)
        parts.append(say("about_person", language, name=person.name, words=comma(wants, language)) if wants else "")
    if known := len(history.seen()):
        schema = context.catalog.schema
        noun, nouns, counter = schema.noun_in(language), schema.nouns_in(language), schema.counter_in(language)
        parts.append(say("about_known", language, count=known, noun=noun, nouns=nouns, counter=counter))
    return paragraph(parts, language) or say("about_nothing", language)


@dataclass(frozen=True, slots=True)
class _Sources:
    """Where what is known comes from, in words behind it."""

    conversation: Conversation
    language: str

    def of(self, key: str, is_earlier: bool = False) -> str:
        """Of a part of the wish; '' where nobody knows."""
        place, turns = self.conversation.origins.get(key), self.conversation.turns
        if place is not None and place < len(turns):
            quoted = say("quote", self.language, text=clipped(turns[place].text, QUOTED))
            return say("aside", self.language, text=say("known_from", self.language, text=quoted))
        return say("aside", self.language, text=say("known_earlier", self.language)) if is_earlier else ""


def _sourced(named: Sequence[tuple[str, str]]) -> list[str]:
    """Words with where they come from, which stands once behind several from the same place."""
    by_source: dict[str, list[str]] = {}
    for words, source in named:
        by_source.setdefault(source, []).append(words)
    return [
        words + (source if at == len(group) else "")
        for source, group in by_source.items()
        for at, words in enumerate(group, 1)
    ]


def _wanted(context: ToolContext, source: _Sources, language: str) -> list[str]:
    """What always holds, and what is wanted now."""
    wish, parts = context.preference, []
    wanted: tuple[Constraint | Wish, ...] = (*wish.constraints, *wish.wishes)
    for key, is_lasting in (("about_lasting", True), ("about_wish", False)):
        named = [
            (label(wanted_part, context.catalog, language), source.of(wanted_part.key, is_lasting))
            for wanted_part in wanted
            if wanted_part.lasting is is_lasting
        ]
        if wish.text and not is_lasting:
            named.append((say("quote", language, text=wish.text), source.of("text")))
        parts += [say(key, language, words=comma(_sourced(list(dict.fromkeys(named))), language))] if named else []
    return parts


def _labels(wanted: Iterable[Constraint | Wish], context: ToolContext, language: str) -> list[str]:
    return [label(wish, context.catalog, language) for wish in wanted]
