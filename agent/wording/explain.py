"""Evidence -> words; states nothing that the evidence does not hold.

A card's reason says the most telling things first, nothing that was asked for, nothing twice.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from agent.recommendation import Explanation, Statement
from agent.wording.messages import comma, has_message, join, percent, say, sentence, title
from agent.wording.values import breach_text, fact_text, spec_of
from retrieval.candidates import Candidate, Evidence, EvidenceKind
from retrieval.items import Catalog, Item
from retrieval.preference import Constraint, Op, Preference
from retrieval.schema import FieldKind
from tools.render import one_line

IN_REASON = 2
"""Statements in the short reason; all are on the card."""
VALUES_IN_REASON = 2
"""Values of one field that are said in one breath."""
ENOUGH = 2
"""Statements that an item has at least, guesses left out: what it is fills up what is missing."""
CLOSE = {EvidenceKind.TEXT: 0.35, EvidenceKind.SIMILAR_ITEM: 0.58}
"""The least cosine at which a description is called close: below it a reader sees no likeness."""
LIKED = 0.5
"""Popularity below this share of likes is no reason to choose an item."""
MANY = 20
"""Fewer raters than this say nothing of an item that anybody should lead with."""
FEW = 2
"""Fewer people than this who liked something are hardly a reason."""
KNOWN = 3
"""A name with at least this many items in the catalog says something to people."""
TELLING = 5
"""Ranks (see `_rank`) up to this one persuade by themselves."""
ASKED = 20
"""The rank of what was asked for: a reason only where there is nothing else."""


def statement(evidence: Evidence, catalog: Catalog, language: str = "en") -> str:
    """One piece of evidence in words; '' where there is nothing to say."""
    return _said([evidence], catalog, language)


def explain(
    found: Candidate, catalog: Catalog, language: str, *, guess: str = "", preference: Preference | None = None
) -> Explanation:
    """The short reason of a card and all its statements.

    Args:
        found: The item with its evidence.
        catalog: For titles and labels.
        language: A language code.
        guess: For an exploratory item: what is tried out.
        preference: What was asked for; a reason does not repeat it.
    """
    wish = _Wish.of(preference or Preference(), catalog)
    evidence = _gathered(found, catalog, wish)
    statements = _distinct(Statement(text, one) for one in evidence if (text := statement(one, catalog, language)))
    words = _reasons(statements, catalog, language, wish)[:IN_REASON]
    if guess:
        tried = next((one for one in evidence if one.kind is EvidenceKind.GUESS), None)
        words = [_said([tried or Evidence("", EvidenceKind.GUESS, text=guess)], catalog, language), *words[:1]]
    return Explanation(sentence(say("reasons_join", language).join(filter(None, words))), statements)


def reasons(found: Candidate, catalog: Catalog, language: str, preference: Preference) -> list[str]:
    """All that speaks for an item, each topic once, the most telling first."""
    wish = _Wish.of(preference, catalog)
    evidence = _gathered(found, catalog, wish)
    statements = _distinct(Statement(text, one) for one in evidence if (text := statement(one, catalog, language)))
    return _reasons(statements, catalog, language, wish)


def near_miss(
    found: Candidate,
    broken: Sequence[Constraint],
    catalog: Catalog,
    language: str,
    *,
    preference: Preference | None = None,
) -> Explanation:
    """Why an item is only close: how it breaks each of the limits that it does not keep."""
    item = catalog.item(found.item_id)
    breaches = dict.fromkeys(breach_text(item, limit, catalog, language) for limit in broken)
    text = say("near", language, parts=say("reasons_join", language).join(breaches)) if breaches else ""
    explanation = explain(found, catalog, language, preference=preference)
    return Explanation(sentence(one_line(text)), explanation.statements)


@dataclass(frozen=True, slots=True)
class _Wish:
    """What was asked for, as far as it decides what is worth saying."""

    asked: frozenset[tuple[str, str]] = field(default_factory=frozenset)
    """Field and value that every item of the list has, because it was asked for."""
    fields: frozenset[str] = field(default_factory=frozenset)
    """Number fields with a limit."""
    liked: frozenset[tuple[str, str]] = field(default_factory=frozenset)
    """Field and value of what the items have that were named as liked."""

    @classmethod
    def of(cls, preference: Preference, catalog: Catalog) -> "_Wish":
        limits = [limit for limit in preference.constraints if limit.op is Op.IS and len(limit.values) == 1]
        asked = {(limit.field, str(limit.values[0]).casefold()) for limit in limits}
        wishes = [wish for wish in preference.wishes if wish.weight > 0]
        if len(wishes) == 1:  # of several, a card says which it fulfills
            asked.add((wishes[0].field, wishes[0].value.casefold()))
        numbers = {limit.field for limit in preference.constraints if limit.op in (Op.MIN, Op.MAX)}
        items = [catalog.item(item_id) for item_id in preference.liked if item_id in catalog]
        liked = {(name, value) for item in items for name, values in item.values.items() for value in values}
        return cls(frozenset(asked), frozenset(numbers), frozenset(liked))

    def asks_for(self, evidence: Evidence) -> bool:
        """Whether a fact only repeats what was asked for."""
        return evidence.field in self.fields or (evidence.field, evidence.value.casefold()) in self.asked

    def rank(self, evidence: Evidence, catalog: Catalog) -> int:
        """How telling a piece of evidence is; 0 tells most."""
        if evidence.kind in (EvidenceKind.FACT, EvidenceKind.READ) and self.asks_for(evidence):
            return ASKED
        return _rank(evidence, catalog)


def _rank(evidence: Evidence, catalog: Catalog) -> int:
    spec = spec_of(catalog.schema, evidence.field)
    is_people = spec is not None and spec.people
    is_soft = spec is not None and spec.soft
    match evidence.kind:
        case EvidenceKind.GUESS:
            return 0
        case EvidenceKind.PATH:
            if len(evidence.path) == 4:
                return 12
            return 1 if is_people else 5 if is_soft else 14
        case EvidenceKind.CO_LIKED:
            return 2 if evidence.count >= FEW else 11
        case EvidenceKind.FACT:
            return 3 if is_soft else 13 if not is_people else 4 if _is_known(evidence, catalog) else 9
        case EvidenceKind.SIMILAR_ITEM:
            return 4
        case EvidenceKind.READ:
            return 6
        case EvidenceKind.NEIGHBORS | EvidenceKind.CLUSTER:
            return 7 if evidence.count >= FEW else 12
        case EvidenceKind.POPULAR:
            return 8
        case EvidenceKind.TEXT:
            return 10
        case EvidenceKind.PROPOSED:
            return 15


def _is_known(evidence: Evidence, catalog: Catalog) -> bool:
    """Whether a name says something to people: the catalog has several items of it."""
    return catalog.values(evidence.field)[evidence.value] >= KNOWN


def _topic(evidence: Evidence) -> str:
    """What a statement is about: a reason speaks of each thing once."""
    match evidence.kind:
        case EvidenceKind.FACT | EvidenceKind.PATH:
            return evidence.field
        case EvidenceKind.TEXT | EvidenceKind.SIMILAR_ITEM:
            return "text"
        case EvidenceKind.READ:
            return evidence.field or "text"
        case EvidenceKind.CO_LIKED | EvidenceKind.NEIGHBORS | EvidenceKind.CLUSTER | EvidenceKind.POPULAR:
            return "people"
        case _:
            return evidence.kind


def _parts(evidence: Sequence[Evidence], catalog: Catalog, wish: _Wish) -> Iterator[list[Evidence]]:
    """What a reason may say, the most telling first: facts of one field together, each topic once."""
    said: set[str] = set()
    for one in sorted((one for one in evidence if _speaks_for(one)), key=lambda one: wish.rank(one, catalog)):
        topic = _topic(one)
        if topic in said:
            continue
        said.add(topic)
        same = [other for other in evidence if _goes_with(one, other) and wish.asks_for(other) == wish.asks_for(one)]
        yield same[:VALUES_IN_REASON] if len(same) > 1 else [one]


def _reasons(statements: Sequence[Statement], catalog: Catalog, language: str, wish: _Wish) -> list[str]:
    return [_said(part, catalog, language) for part in _parts([one.evidence for one in statements], catalog, wish)]


def _gathered(found: Candidate, catalog: Catalog, wish: _Wish) -> list[Evidence]:
    """All evidence of an item, the most telling first."""
    evidence = [_elsewhere(one, found, catalog, wish) for one in found.evidence]
    return _filled_up(evidence, found.item_id, catalog, wish)


def _goes_with(one: Evidence, other: Evidence) -> bool:
    """Whether two statements are one but for the value."""
    is_plain = one.kind is EvidenceKind.FACT or (one.kind is EvidenceKind.PATH and len(one.path) != 4)
    same = (one.kind, one.field, one.item_ids) == (other.kind, other.field, other.item_ids)
    return is_plain and same and len(other.path) != 4


def _speaks_for(evidence: Evidence) -> bool:
    """Whether a card may lead with it: that few people liked an item stands among all that is known of it."""
    if evidence.kind is EvidenceKind.POPULAR:
        return evidence.score >= LIKED and evidence.count >= MANY
    return evidence.kind not in (EvidenceKind.GUESS, EvidenceKind.PROPOSED)


def _filled_up(evidence: Sequence[Evidence], item_id: str, catalog: Catalog, wish: _Wish) -> list[Evidence]:
    """The evidence and, where little of it persuades, what the item is."""
    filled = list(evidence)
    if item_id not in catalog:
        return filled
    telling = {_topic(one) for one in evidence if 0 < wish.rank(one, catalog) <= TELLING}
    spoken = sum(one.kind is not EvidenceKind.GUESS and bool(statement(one, catalog)) for one in evidence)
    held = {(one.field, one.value) for one in evidence}
    for own in _own_facts(catalog.item(item_id), catalog, wish):
        new = [one for one in own if (one.field, one.value) not in held]
        if not new or (len(telling) >= IN_REASON and spoken >= ENOUGH):
            continue
        filled += new
        telling.add(new[0].field)
        spoken += len(new)
    return sorted(filled, key=lambda one: wish.rank(one, catalog))


def _own_facts(item: Item, catalog: Catalog, wish: _Wish) -> list[list[Evidence]]:
    """Facts of an item, a field each: themes first, then people, kinds and numbers; what was asked for comes last."""
    specs = sorted(
        catalog.schema.fields, key=lambda spec: (spec.kind is FieldKind.NUMBER, not spec.soft, not spec.people)
    )
    values = {name: held for name, held in item.values.items() if held}
    values |= {name: (f"{known:.15g}",) for name, known in item.numbers.items()}
    facts = [
        [Evidence("catalog", EvidenceKind.FACT, spec.name, value) for value in values.get(spec.name, ())]
        for spec in specs
    ]
    new = [
        [one for one in own if not wish.asks_for(one)][: 1 if spec.people else VALUES_IN_REASON]
        for spec, own in zip(specs, facts, strict=True)
    ]
    asked = [[one for one in own if wish.asks_for(one)] for own in facts]
    return [own for own in (*new, *asked) if own]


def _elsewhere(evidence: Evidence, found: Candidate, catalog: Catalog, wish: _Wish) -> Evidence:
    """A guess at something else names no value that was asked for or that a liked item has; other evidence stays."""
    known = {(fact.field, fact.value) for fact in found.evidence if fact.kind in (EvidenceKind.FACT, EvidenceKind.PATH)}
    known |= wish.liked
    is_repeated = (evidence.field, evidence.value) in known
    if evidence.kind is not EvidenceKind.GUESS or not is_repeated or found.item_id not in catalog:
        return evidence
    values = catalog.item(found.item_id).values.get(evidence.field, ())
    other = next((value for value in values if (evidence.field, value) not in known), "")
    return replace(evidence, field=evidence.field if other else "", value=other)


def _distinct(statements: Iterable[Statement]) -> tuple[Statement, ...]:
    return tuple({one.text: one for one in statements}.values())


# Words ---------------------------------------------------------------------------------------------------------------


def _said(part: Sequence[Evidence], catalog: Catalog, language: str) -> str:
    """Evidence that differs in its value alone, in words."""
    one = part[0]
    if one.score < CLOSE.get(one.kind, one.score):
        return ""
    named = join(
        [title(catalog.item(item_id).title, language) for item_id in one.item_ids[:2] if item_id in catalog], language
    )
    values = [evidence.value for evidence in part]
    return one_line(_words(one, values, named, catalog, language))


def _words(one: Evidence, values: Sequence[str], titles: str, catalog: Catalog, language: str) -> str:
    match one.kind:
        case EvidenceKind.FACT:
            return fact_text(catalog.schema, one.field, values, language)
        case EvidenceKind.TEXT:
            return say("text_close", language)
        case EvidenceKind.SIMILAR_ITEM:
            return say("similar", language, titles=titles)
        case EvidenceKind.CO_LIKED:
            key = "co_liked" if one.count else "co_liked_often"
            return say(key, language, count=one.count or None, titles=titles)
        case EvidenceKind.NEIGHBORS:
            return say("neighbors", language, count=one.count)
        case EvidenceKind.PATH:
            return _path(one, values, titles, catalog, language) if one.field and titles else ""
        case EvidenceKind.CLUSTER:
            return say("cluster", language, count=one.count, words=_cluster(one, catalog, language))
        case EvidenceKind.POPULAR:
            return say("popular", language, count=one.count, share=percent(one.score, language)) if one.count else ""
        case EvidenceKind.PROPOSED:
            return say("proposed", language)
        case EvidenceKind.READ:
            if one.field:
                return say("read_fact", language, fact=fact_text(catalog.schema, one.field, values, language))
            return say("read_mood", language, mood=mood_text(one.value, language))
        case EvidenceKind.GUESS:
            return _guess(one, catalog, language)


def _path(one: Evidence, values: Sequence[str], titles: str, catalog: Catalog, language: str) -> str:
    """What an item shares with a liked one; over an item between, what each end shares with that."""
    if len(one.path) == 4 and one.path[1][0] in catalog:
        between = title(catalog.item(one.path[1][0]).title, language)
        first, last = (fact_text(catalog.schema, name, [value], language) for _, name, value in one.path[1:3])
        return say("path_over", language, titles=titles, between=between, first=first, last=last)
    return say("path", language, titles=titles, fact=fact_text(catalog.schema, one.field, values, language))


def _cluster(one: Evidence, catalog: Catalog, language: str) -> str:
    """The words of a taste cluster: 'Film-Noir, heist, 1940s'."""
    return comma((_in_cluster(name, value, catalog, language) for name, value in one.facts), language) or one.value


def _in_cluster(name: str, value: str, catalog: Catalog, language: str) -> str:
    spec = spec_of(catalog.schema, name)
    if spec is None:
        return value
    if spec.kind is FieldKind.NUMBER:
        return say("decade", language, year=value.removesuffix("s"))
    return spec.value_in(value, language)


def _guess(one: Evidence, catalog: Catalog, language: str) -> str:
    """What a guess tries out, by the code that `retrieval.policies` gives."""
    key = f"guess_{one.text}"
    fact = fact_text(catalog.schema, one.field, [one.value], language) if one.field else ""
    aside = say("aside", language, text=fact) if fact else ""
    return say(key if has_message(key) else "guess_other", language, aside=aside)


def mood_text(mood: str, language: str) -> str:
    """A mood's name in a language."""
    key = f"mood_{mood}"
    return say(key, language) if has_message(key) else mood
