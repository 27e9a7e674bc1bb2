"""What is said around a list: opinions noted, names that are missing, its first item, questions back."""

from collections.abc import Sequence

from agent.intent import Act, Intent
from agent.recommendation import Recommendation
from agent.wording.messages import comma, join, label, paragraph, say, sentence, title, title_of, titles
from agent.wording.values import label as chip_label
from agent.wording.values import limit_labels, spec_of, wish_label
from retrieval.exploration.asking import Elicitation
from retrieval.exploration.splitting import Split
from retrieval.items import Catalog
from retrieval.preference import Preference
from tools.render import one_line

STILL_GUESSING, STILL_LEARNING = 0.75, 0.55
"""Widths of the belief (`retrieval.belief.Belief.width`)."""
NOTHING = Preference()
MOST_NAMES = 3
"""Titles of one kind that are named."""


def opening(intent: Intent, catalog: Catalog, language: str) -> str:
    """What goes before the list or the prose: what the catalog lacks, opinions noted, words not understood."""
    parts = []
    if intent.unknown and intent.act is not Act.ASK:
        key = "unknown" if intent.act is Act.RECOMMEND else "unknown_ask"
        names = [title(one_line(name), language) for name in intent.unknown[:MOST_NAMES]]
        parts.append(say(key, language, titles=join(names, language)))
    seen = [item_id for item_id in intent.seen if item_id not in (*intent.liked, *intent.disliked)]
    seen = seen if len(seen) < MOST_NAMES else []  # a whole list needs no remark
    for key, item_ids in (
        ("liked", intent.liked),
        ("disliked", intent.disliked),
        ("seen", seen),
        ("saved", intent.saved),
    ):
        if item_ids:
            parts.append(say(key, language, titles=titles(item_ids[:MOST_NAMES], catalog, language)))
    if intent.kept:
        words = dict.fromkeys(chip_label(wanted, catalog, language) for wanted in intent.kept)
        parts.append(sentence(say("kept", language, words=comma(words, language))))
    if intent.unread:
        words = dict.fromkeys(say("quote", language, text=one_line(word)) for word in intent.unread)
        parts.append(say("unread", language, words=comma(words, language)))
    return paragraph(parts, language)


def summary(
    recommendations: Sequence[Recommendation],
    catalog: Catalog,
    language: str,
    wanted: Preference = NOTHING,
    before: Preference = NOTHING,
    *,
    is_choice: bool = False,
) -> str:
    """The list in two or three short sentences, when no model writes them: what changed, its first item, its guess.

    Args:
        recommendations: The list.
        catalog: For titles and labels.
        language: A language code.
        wanted: The wish.
        before: The wish of the list before.
        is_choice: Whether the first was to be chosen from some items.
    """
    if not recommendations:
        return say("nothing", language, nouns=catalog.schema.nouns_in(language))
    if any(card.slot for card in recommendations):
        return _by_place(recommendations, language)
    first = next((card for card in recommendations if not card.exploratory), recommendations[0])
    named = title_of(first.item, language)
    reason = _in_running_text(first)
    parts = [_what_changed(wanted, before, catalog, language)]
    key = "choice" if is_choice else "first"
    parts.append(
        say(key, language, title=named, reason=reason) if reason else say(f"{key}_bare", language, title=named)
    )
    guess = next((card for card in recommendations if card.exploratory and card is not first), None)
    if guess is not None:
        parts.append(say("guess", language, title=title_of(guess.item, language)))
    return paragraph(parts, language)


def _what_changed(wanted: Preference, before: Preference, catalog: Catalog, language: str) -> str:
    """What a later message added to the wish: 'Noted: no musicals.'; '' where it was the first, or added nothing."""
    if not (before.constraints or before.wishes or before.liked or before.text):
        return ""
    new = [limit for limit in wanted.constraints if limit not in before.constraints and not limit.lasting]
    words = [words for _, words, _ in limit_labels(new, catalog, language)]
    words += [wish_label(wish, catalog, language) for wish in wanted.wishes if wish not in before.wishes]
    return say("noted", language, words=comma(dict.fromkeys(words), language)) if words else ""


def _by_place(recommendations: Sequence[Recommendation], language: str) -> str:
    """For what or for whom each item is: 'Your wife: Grease (1978); you: Alien (1979).'."""
    by_name: dict[str, list[str]] = {}
    for card in recommendations:
        by_name.setdefault(card.slot, []).append(label(card.item, language))
    told = [
        say("slot_each", language, name=name, titles=join(labels, language)) if name else join(labels, language)
        for name, labels in by_name.items()
    ]
    return sentence(say("slot_list", language, places=say("reasons_join", language).join(told)))


def _in_running_text(card: Recommendation) -> str:
    """The reason without the capital of a beginning, where that is all that makes it a capital."""
    text = card.explanation.text.rstrip(".。")
    lowered = text[:1].lower() + text[1:]
    is_plain = any(statement.text[:4] == lowered[:4] for statement in card.explanation.statements)
    return lowered if is_plain else text


def question(intent: Intent, catalog: Catalog, language: str) -> str:
    """The question of a turn where the model's own does not hold: which item is meant, or what is wanted."""
    if intent.ambiguous:
        said, options = intent.ambiguous[0]
        return ask_which(said, options, catalog, language)
    return say("talk_first", language, nouns=catalog.schema.nouns_in(language))


def ask_which(said: str, options: Sequence[str], catalog: Catalog, language: str) -> str:
    """'Which Titanic do you mean: Titanic (1953) or Titanic (1997)?'."""
    labels = [label(catalog.item(item_id), language) for item_id in options if item_id in catalog]
    if len(set(labels)) < len(labels):
        labels = [f"{text} #{place}" for place, text in enumerate(labels, 1)]
    named = title(one_line(said).strip("《》“”„\"'‘’«»『』「」 "), language)
    return say("which", language, title=named, options=join(labels, language, last="list_or"))


def elicitation(asked: Elicitation, catalog: Catalog, language: str) -> str:
    """The question that would teach most about somebody's taste."""
    spec = spec_of(catalog.schema, asked.field)
    first, second = (spec.value_in(value, language) if spec else value for value in asked.values)
    label_ = spec.label_in(language) if spec else asked.field
    return say("inquire", language, first=first, second=second, label=label_)


def split_choices(asked: Split | None, catalog: Catalog, language: str) -> tuple[str, ...]:
    """The answers to a question about a field, in words."""
    spec = spec_of(catalog.schema, asked.field) if asked is not None else None
    return tuple(spec.value_in(choice, language) for choice in asked.choices) if asked is not None and spec else ()


def split_question(asked: Split, catalog: Catalog, language: str) -> str:
    """The question whose answer would tell most items apart."""
    spec = spec_of(catalog.schema, asked.field)
    label = spec.label_in(language) if spec else asked.field
    choices = join(split_choices(asked, catalog, language), language, last="list_or")
    return say("clarify", language, label=label, choices=choices)


def knowing(uncertainty: float, language: str) -> str:
    """How sure we are of somebody's taste, from how little is known of it (0..1); '' where we are."""
    if uncertainty >= STILL_GUESSING:
        return say("guessing", language)
    return say("learning", language) if uncertainty >= STILL_LEARNING else ""


def help_text(catalog: Catalog, language: str) -> str:
    """What one can say here, in the catalog's own words."""
    schema = catalog.schema
    limits = comma((spec.label_in(language) for spec in schema.fields if not spec.soft), language)
    nouns, counter = schema.nouns_in(language), schema.counter_in(language)
    helped = say("help", language, count=catalog.size, nouns=nouns, counter=counter, limits=limits)
    return paragraph((helped, say("help_not", language)), language)
