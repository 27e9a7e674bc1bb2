"""Tries the house's rules on the real catalog with the real agent: what each is about, and whether turns keep them."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest

from agent.agent import Agent
from agent.conversation import Conversation
from agent.direct import explain_item
from agent.intent import PERSON, Act
from agent.recommendation import Recommendation, Reply
from retrieval.history import UserHistory
from retrieval.house import ENGLISH, MOST_BOOST, House
from retrieval.items import Catalog
from retrieval.preference import Preference
from retrieval.ranker import HOUSE
from retrieval.standing import run_all
from tools.rules import Boost, Context, NeverShow, RuleBook

MOST_CONTEXTS = 6
ASKED = ("something like {title}", "tell me about {title}", "why not {title}?")
"""How hidden and disclosed items are asked for; the schema's own wishes are tried beside it."""
FOR_A_PERSON = "I would like to talk to a person, please"


@dataclass(frozen=True, slots=True)
class Line:
    """Something that was found out."""

    text: str
    is_good: bool = True


@dataclass(slots=True)
class _Trial:
    """What the turns of one context showed."""

    house: House
    turns: int = 0
    cards: int = 0
    disclosed: int = 0
    boosted: int = 0
    longest: int = 0
    drivers: set[str] = field(default_factory=set)
    wrong: list[str] = field(default_factory=list)


async def check(agent: Agent, rules: RuleBook, *, turns: int) -> AsyncIterator[Line]:
    """Try all rules.

    Args:
        agent: With these rules.
        rules: What is expected of it.
        turns: How many, for each thing that a request may say of itself.

    Yields:
        What was found out, as it is found out.
    """
    await asyncio.to_thread(agent.retriever.warm)
    for said in _contexts(rules):
        told = ", ".join(f"{name}={value}" for name, value in said.items())
        yield Line(f"A request that says {told}:" if told else "A request that says nothing of itself:")
        context = rules.context(said)
        async for line in _check_for(agent.of(agent.state.realm, context), rules, context, turns):
            yield line


async def _check_for(agent: Agent, rules: RuleBook, context: Context, turns: int) -> AsyncIterator[Line]:
    catalog, house = rules.catalog, rules.house(context)
    for line in _counted(rules, context):
        yield line
    for line in await _looked_up(agent, house, turns):
        yield line
    trial = _Trial(house)
    for message, asked in _messages(catalog, house, turns).items():
        _judge(await agent.reply(Conversation(), message, store=False), message, asked, trial, agent)
    for line in _judged(trial, catalog, rules):
        yield line
    if house.handover is not None:
        for line in [await _handed_over(agent, message) for message in _for_a_person(agent)]:
            yield line


def _contexts(rules: RuleBook) -> list[dict[str, str]]:
    """Nothing, and every value that a rule names."""
    gates = [gate for _, _, rule in rules.rules.each() for gate in (rule.when, rule.unless)]
    named = {(name, value): None for gate in gates for name, values in gate.items() for value in values}
    return [{}, *({name: value} for name, value in named)][:MOST_CONTEXTS]


def _counted(rules: RuleBook, context: Context) -> Iterator[Line]:
    """How many items each rule is about."""
    catalog = rules.catalog
    nouns, total = catalog.schema.nouns_in(ENGLISH), len(catalog)
    for effect in rules.effects(context):
        n = len(effect.rows)
        match effect.rule:
            case NeverShow():
                text = f"hides {n:,} of {total:,} {nouns}"
            case Boost(by=by):
                text = f"adds {by:g} to the score of {n:,} of {total:,} {nouns}"
            case _:
                text = f"stands on {n:,} of {total:,} {nouns}"
        hides_all = effect.kind == "never_show" and n == total
        note = ": nothing is left" if hides_all else "; it does nothing" if not n else ""
        yield Line(f"{effect.kind} {effect.rule.name!r} {text}{note}", not hides_all)
    if left := len(rules.house(context).hidden):
        yield Line(f"{total - left:,} {nouns} are left", left < total)


def _messages(catalog: Catalog, house: House, turns: int) -> dict[str, str]:
    """What is asked, and the item that it names: hidden and disclosed ones by their titles, and plain wishes."""
    named = [*_spread(sorted(house.hidden), turns), *_spread(sorted(house.disclosed), turns)]
    direct = {
        ASKED[place % len(ASKED)].format(title=catalog.item(item_id).label): item_id
        for place, item_id in enumerate(named)
    }
    wishes = (*catalog.schema.wishes.get(ENGLISH, ()), f"recommend me some {catalog.schema.nouns_in(ENGLISH)}")
    plain = [*dict.fromkeys(wishes, "").items()]
    mixed = [message for pair in zip_longest(plain, direct.items()) for message in pair if message is not None]
    return dict(mixed[:turns])


async def _looked_up(agent: Agent, house: House, most: int) -> list[Line]:
    """Items of each rule without a turn, as programs look them up: gone, with their words, with their boost."""
    desk, lines = await agent.desk(None, Preference()), []
    if hidden := _spread(sorted(house.hidden), most):
        reachable = [item_id for item_id in hidden if item_id in desk.catalog]
        lines.append(_counts(hidden, reachable, "hidden ones are not there", "is there although a rule hides it"))
    if disclosed := _spread(sorted({*house.disclosed} - house.hidden), most):
        cards = [await asyncio.to_thread(explain_item, desk, item_id) for item_id in disclosed]
        bare = [card.item.item_id for card in cards if not _is_disclosed(card, house, ENGLISH)]
        lines.append(_counts(disclosed, bare, "disclosed ones have their words", "stands without its words"))
    if boosted := [item_id for item_id in sorted(house.boosts) if item_id not in house.hidden]:
        wish = Preference(examples=tuple(boosted[:1]), liked=tuple(boosted[:1]))
        brought = await asyncio.to_thread(run_all, desk.retriever, wish, UserHistory())
        ranked = [
            candidate
            for candidate in desk.retriever.order(brought, wish, UserHistory())
            if candidate.item_id in house.boosts
        ]
        off = [
            candidate.item_id for candidate in ranked if candidate.shares.get(HOUSE) != house.boosts[candidate.item_id]
        ]
        told = f"boosted ones among those like {desk.catalog.item(boosted[0]).label} have their boost"
        lines.append(_counts([candidate.item_id for candidate in ranked], off, told, "is ranked without its boost"))
    return lines


def _counts(tried: Sequence[str], wrong: Sequence[str], good: str, bad: str) -> Line:
    return Line(f"{wrong[0]} {bad}", is_good=False) if wrong else Line(f"{len(tried)} {good}")


def _is_disclosed(card: Recommendation, house: House, language: str) -> bool:
    words = house.disclosure(card.item.item_id, language)
    return words == card.disclosure and words in card.explanation.text


def _spread(ids: Sequence[str], most: int) -> list[str]:
    """Some of them, from everywhere."""
    step = max(1, len(ids) // most)
    return [*ids[::step]][:most]


def _judge(reply: Reply, message: str, asked: str, trial: _Trial, agent: Agent) -> None:
    house, cards = trial.house, (*reply.recommendations, *reply.near_misses)
    trial.turns += 1
    trial.cards += len(cards)
    trial.longest = max(trial.longest, len(reply.recommendations))
    trial.drivers.add(reply.trace.driver)
    if shown := _named(reply, cards, asked, agent) & house.hidden:
        trial.wrong.append(f"{message!r} showed {', '.join(sorted(shown))}, which a rule hides")
    if len(reply.recommendations) > house.most:
        trial.wrong.append(f"{message!r} showed {len(reply.recommendations)} items, expected at most {house.most}")
    for card in cards:
        words = house.disclosure(card.item.item_id, reply.intent.preference.language)
        trial.disclosed += bool(words)
        if not _is_disclosed(card, house, reply.intent.preference.language):
            trial.wrong.append(f"{message!r} showed {card.item.item_id} without {words!r}")
        boost = card.shares.get(HOUSE, 0.0)
        trial.boosted += bool(boost)
        if boost != (house.boosts.get(card.item.item_id, 0.0) if card.shares else 0.0) or boost > MOST_BOOST:
            trial.wrong.append(f"{message!r} boosted {card.item.item_id} by {boost:g}, expected another number")


def _named(reply: Reply, cards: Sequence[Recommendation], asked: str, agent: Agent) -> set[str]:
    """Every item that a reply shows, or names with its year; the one asked for it may name, to say that it lacks it."""
    texts = (reply.text, *reply.notices, *(card.explanation.text for card in cards))
    spots = [spot for text in texts for spot in agent.words.titles.labels(text)]
    statements = [statement for card in cards for statement in card.explanation.statements]
    return {
        *(card.item.item_id for card in cards),
        *(item_id for statement in statements for item_id in statement.evidence.item_ids),
        *(item_id for spot in spots for item_id in spot.item_ids if spot.item_ids != {asked}),
        *(reply.table.item_ids if reply.table else ()),
        *reply.intent.about,
    }


def _judged(trial: _Trial, catalog: Catalog, rules: RuleBook) -> Iterator[Line]:
    yield from (Line(wrong, is_good=False) for wrong in trial.wrong)
    nouns = catalog.schema.nouns_in(ENGLISH)
    led = f"{trial.turns} turns led by {', '.join(sorted(trial.drivers))}, {trial.cards} cards"
    if trial.wrong:
        return
    told = [
        f"no hidden one of the {nouns}" if trial.house.hidden else "",
        f"the words on each of {trial.disclosed} cards" if rules.rules.disclose else "",
        f"{trial.boosted} boosts within bounds" if rules.rules.boost else "",
        f"at most {trial.longest} in a list" if rules.rules.length else "",
    ]
    yield Line(f"{led}: {', '.join(filter(None, told)) or 'as without rules'}")


def _for_a_person(agent: Agent) -> list[str]:
    """The command that needs no model, and, where one leads that calls tools, the same in words."""
    return [PERSON, FOR_A_PERSON] if agent.leads_by_tools else [PERSON]


async def _handed_over(agent: Agent, message: str) -> Line:
    reply = await agent.reply(Conversation(), message, store=False)
    is_good = reply.intent.act is Act.HAND_OVER and reply.handover is not None
    return Line(f"{message!r} hands over" if is_good else f"{message!r} does not hand over", is_good)
