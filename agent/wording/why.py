"""Why an item was suggested, or why not: what the rankings say, run again where the turn does not know it any more."""

from collections.abc import Iterable, Mapping

from agent.wording.explain import reasons
from agent.wording.messages import comma, has_message, join, number, paragraph, percent, say, title_of
from agent.wording.values import breach_text, constraint_label, leaning_label, wish_label
from retrieval.candidates import Candidate
from retrieval.items import Catalog, Item
from retrieval.preference import Constraint, Leaning, Wish
from retrieval.ranker import HOUSE
from retrieval.ranking import broken_by
from retrieval.schema import FieldKind
from retrieval.standing import Decisive, Removal, Standing
from tools import ToolContext

IN_WHY = 4
"""Statements that answer 'why'."""
MOST_SHARES = 3
"""Shares of a score that are told."""
LEAST_SHARE = 0.05


def why(item: Item, context: ToolContext, language: str) -> str:
    """Why an item was suggested: what speaks for it, what its score is made of, and what would have changed it."""
    recalled = context.run(context.retriever.channel_names, (item.item_id,))
    candidates = [
        candidate
        for brought in (recalled.by_channel, context.by_channel)
        for many in brought.values()
        for candidate in many
        if candidate.item_id == item.item_id
    ]
    evidence = dict.fromkeys(piece for candidate in candidates for piece in candidate.evidence)
    merged = context.retriever.explain(Candidate(item.item_id, evidence=tuple(evidence)), context.preference)
    words = reasons(merged, context.catalog, language, context.preference)[:IN_WHY]
    joined, named = say("reasons_join", language).join(words), title_of(item, language)
    if not was_shown(item.item_id, context):
        return say("why_speaks", language, title=named, reasons=joined)
    decision, standing = context.decisions.get(item.item_id), context.standings.get(item.item_id)
    is_ranked = decision is None or decision.is_ranked
    return paragraph(
        (
            say("reasons", language, title=named, reasons=joined),
            shares_text(standing.shares, language) if standing is not None and is_ranked else "",
            _changes(decision, context.catalog, language) if decision is not None else "",
        ),
        language,
    )


def why_not(item: Item, context: ToolContext, language: str) -> str:
    """Why an item was not suggested: what it breaks, that it is known, or its place in the ranking; else an offer."""
    catalog, wish = context.catalog, context.preference
    named = title_of(item, language)
    doubles = catalog.double_of(item.item_id)
    if place := next((place for place, shown in enumerate(context.cards, 1) if shown in doubles), 0):
        return say("why_not_listed", language, title=named, place=place)
    broken = broken_by(catalog, item.item_id, wish.constraints)
    if broken:
        parts = dict.fromkeys(_breach(item, limit, catalog, language) for limit in broken)
        return say("why_not_breaks", language, title=named, parts=comma(parts, language))
    if doubles & {*wish.disliked, *context.history.disliked()}:
        return say("why_not_disliked", language, title=named)
    if doubles & {*context.history.seen(), *wish.liked, *wish.seen}:
        return say("why_not_known", language, title=named)
    if doubles & {*context.shown_before}:
        return say("why_not_shown", language, title=named)
    offer = say("why_not_offer", language)
    if not context.cards:
        return paragraph((say("why_not_no_list", language, title=named), offer), language)
    return paragraph((_ranked(item, context, language), offer), language)


def was_shown(item_id: str, context: ToolContext) -> bool:
    """Whether an item, or its double, was on a list of this conversation."""
    return bool(context.catalog.double_of(item_id) & {*context.cards, *context.shown_before})


def shares_text(shares: Mapping[str, float], language: str) -> str:
    """What a score is made of, the largest shares first: 'What counted: popularity 60%, descriptions 40%.'."""
    gains = {name: share for name, share in shares.items() if share > 0 and has_message(f"channel_{name}")}
    total = sum(share for share in shares.values() if share > 0)
    told = [
        f"{say(f'channel_{name}', language)} {percent(gains[name] / total, language)}"
        for place, name in enumerate(sorted(gains, key=lambda name: -gains[name]))
        if name == HOUSE or (place < MOST_SHARES and gains[name] >= LEAST_SHARE * total)
    ]
    return say("why_shares", language, shares=comma(told, language)) if told else ""


def _ranked(item: Item, context: ToolContext, language: str) -> str:
    """Its place in the ranking of the last list, and where it was behind the last one that was shown."""
    named, standing = title_of(item, language), context.standings.get(item.item_id)
    if standing is None:
        return say("why_not_rank", language, title=named)
    rank = _rank(item, context, standing)
    if not rank:
        return say("why_not_unranked", language, title=named)
    total = number(max(standing.total, rank), language)
    key = "why_not_close" if rank <= len(context.cards) else "why_not_ranked"
    parts = [say(key, language, title=named, rank=number(rank, language), total=total)]
    behind = [say(f"behind_{name}", language) for name in standing.behind if has_message(f"behind_{name}")]
    if standing.rival and behind:
        rival = title_of(context.catalog.item(standing.rival), language)
        reasons_told = say("reasons_join", language).join(behind)
        parts.append(say("why_not_behind", language, title=rival, reasons=reasons_told))
    return paragraph(parts, language)


def _rank(item: Item, context: ToolContext, standing: Standing) -> int:
    """From the list's own trace; where that lacks the item, from running it again."""
    doubles = context.catalog.double_of(item.item_id)
    return next((rank for rank, other in enumerate(context.ranked, 1) if other in doubles), standing.rank)


def _breach(item: Item, limit: Constraint, catalog: Catalog, language: str) -> str:
    """How it breaks a limit; of a number also which limit that is."""
    told = breach_text(item, limit, catalog, language)
    if catalog.schema.field(limit.field).kind is not FieldKind.NUMBER:
        return told
    asked = say("asked_for", language, limit=constraint_label(limit, catalog, language))
    return told + say("aside", language, text=asked)


def _changes(decision: Decisive, catalog: Catalog, language: str) -> str:
    """Without what alone an item would not be on the list."""
    if not decision.is_ranked:
        return say("why_unranked", language)
    if decision.removals:
        words = dict.fromkeys(removal_text(removal, catalog, language) for removal in decision.removals)
        key = "why_changed" if len(words) > 1 else "why_changed_one"
        return say(key, language, what=join([*words], language, last="list_or"))
    return say("why_unchanged", language) if decision.is_complete else ""


def removal_text(removal: Removal, catalog: Catalog, language: str) -> str:
    """What is taken away, in words."""
    match removal.limit:
        case Constraint():
            return constraint_label(removal.limit, catalog, language)
        case Wish():
            return wish_label(removal.limit, catalog, language)
        case Leaning():
            return leaning_label(removal.limit, catalog, language)
        case None:
            pass
    if removal.liked:
        named = title_of(catalog.item(removal.liked), language) if removal.liked in catalog else removal.liked
        return say("removal_liked", language, title=named)
    if removal.channel:
        key = f"channel_{removal.channel}"
        channel = say(key, language) if has_message(key) else removal.channel
        return say("removal_channel", language, channel=channel)
    return say("removal_words", language)


def fitting(items: Iterable[Item], context: ToolContext, *, why_not: bool) -> list[Item]:
    """Those of some items whose place in a ranking answers the question, and no limit or opinion does."""
    known = {*context.history.seen(), *context.preference.liked, *context.preference.disliked, *context.preference.seen}
    return [
        item
        for item in items
        if not context.catalog.double_of(item.item_id) & known
        and not broken_by(context.catalog, item.item_id, context.preference.constraints)
        and was_shown(item.item_id, context) is not why_not
    ]
