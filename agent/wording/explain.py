"""Evidence -> words; states nothing that the evidence does not hold.

A card's reason says the most telling things (`telling`), nothing that was asked for, nothing twice.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from agent.recommendation import Explanation, Statement
from agent.wording.messages import (
    FALLBACK,
    comma,
    has_message,
    join,
    language_of,
    percent,
    say,
    sentence,
    title_of,
)
from agent.wording.spotting import UNSPACED_RUN
from agent.wording.telling import CLOSE, Key, Telling, in_turn, key_of, own_facts
from agent.wording.values import breach_text, fact_text, spec_of, whole_text
from retrieval.candidates import Candidate, Evidence, EvidenceKind
from retrieval.items import Catalog
from retrieval.preference import Constraint, Preference
from retrieval.schema import FieldKind
from tools.render import one_line

IN_REASON = 2
"""Facts in the short reason; all are behind the card's 'Why this?'."""
TOLD_OF = 3
"""Ratings: "0 % liked it" is not said of one person."""
MOST_WORDS = 3
"""Of what another value is joined to: not 'enemies who fall in love and a rivalry'."""
ENOUGH = 2
"""Statements that an item has at least, guesses left out: what it is fills up what is missing."""


def statement(evidence: Evidence, catalog: Catalog, language: str = "en") -> str:
    """One piece of evidence in words; '' where there is nothing to say."""
    return _said([evidence], catalog, language)


def explain(
    candidate: Candidate,
    catalog: Catalog,
    language: str,
    *,
    guess: str = "",
    telling: Telling | None = None,
    told: Sequence[frozenset[Key]] = (),
) -> Explanation:
    """The short reason of a card and all its statements.

    Args:
        candidate: The item with its evidence.
        catalog: For titles and labels.
        language: A language code.
        guess: For an exploratory item: what is tried out.
        telling: What the wish and the list say already.
        told: What each card before has said (`said_of`); not said again.
    """
    telling = telling or Telling(catalog)
    evidence = _evidence(candidate, telling)
    parts = _naming_once(_parts(evidence, candidate.item_id, telling, language, told))
    if guess:
        tried = next((piece for piece in evidence if piece.kind is EvidenceKind.GUESS), None)
        tried = tried or Evidence("", EvidenceKind.GUESS, text=guess)
        parts = [[tried], *parts] if statement(tried, catalog, language) else parts
    parts = _few(parts, catalog)
    statements = _statements(parts, evidence, candidate.item_id, catalog, language)
    leads = tuple(place for place, reason in enumerate(statements) if any(reason.evidence in part for part in parts))
    return Explanation(_reason(parts, catalog, language), statements, leads)


def said_of(explanation: Explanation) -> frozenset[Key]:
    """What a card's reason says, for the cards after it."""
    return frozenset(key_of(explanation.statements[place].evidence) for place in explanation.leads)


def reasons(candidate: Candidate, catalog: Catalog, language: str, preference: Preference) -> list[str]:
    """All that speaks for an item, each topic once, the most telling first; what was asked for comes after that."""
    telling = Telling.of(preference, catalog)
    evidence = _evidence(candidate, telling)
    parts = _parts(evidence, candidate.item_id, telling, language)
    topics = {telling.topic(part[0]) for part in parts}
    for piece in evidence:
        if telling.topic(piece) not in topics and piece.kind not in (EvidenceKind.GUESS, EvidenceKind.PROPOSED):
            topics.add(telling.topic(piece))
            parts.append([piece])
    return [words for part in parts if (words := _said(part, catalog, language))]


def near_miss(
    candidate: Candidate,
    broken: Sequence[Constraint],
    catalog: Catalog,
    language: str,
    *,
    telling: Telling | None = None,
    told: Sequence[frozenset[Key]] = (),
) -> Explanation:
    """Why an item is only close: how it breaks each of the limits that it does not keep; then what speaks for it."""
    item = catalog.item(candidate.item_id)
    breaches = dict.fromkeys(breach_text(item, limit, catalog, language) for limit in broken)
    explanation = explain(candidate, catalog, language, telling=telling, told=told)
    return replace(explanation, text=sentence(one_line(say("reasons_join", language).join(breaches))))


def speaks_for(explanation: Explanation, language: str) -> str:
    """What the short reason says for an item; of a near miss, whose text says what speaks against it."""
    texts = (explanation.statements[place].text for place in explanation.leads)
    return sentence(say("reasons_join", language).join(texts))


def _parts(
    evidence: Sequence[Evidence],
    item_id: str,
    telling: Telling,
    language: str,
    told: Sequence[frozenset[Key]] = (),
) -> list[list[Evidence]]:
    """What a reason may say, the most telling first."""
    if item_id not in telling.catalog:
        return []
    item = telling.catalog.item(item_id)
    known = [
        piece
        for piece in (*evidence, *own_facts(item, telling.catalog))
        if _has_phrase(piece, telling.catalog, language)
    ]
    return [_in_one_breath(part, telling.catalog, language) for part in telling.parts(_one_of_each(known), item, told)]


def _few(parts: Sequence[list[Evidence]], catalog: Catalog) -> list[list[Evidence]]:
    """Two facts: the most telling one with another of its kind, or with what is said of it besides its facts.

    Where an item is from is not said beside a whole phrase: 'set in Dublin; from Ireland'.
    """
    first, *others = parts or [[]]
    spec = spec_of(catalog.schema, first[0].field) if first else None
    if spec is not None and first[0].value in spec.alone:
        origins = {other.name for other in catalog.schema.fields if other.standard}
        others = [part for part in others if part[0].field not in origins]
    if len(first) >= IN_REASON and (not others or others[0][0].kind is EvidenceKind.FACT):
        return [first[:IN_REASON]]
    return [part for part in (first[:1], *(other[:1] for other in others[: IN_REASON - 1])) if part]


def _has_phrase(evidence: Evidence, catalog: Catalog, language: str) -> bool:
    """Whether a language has a phrase for it: a bare name of a theme is no reason."""
    spec = spec_of(catalog.schema, evidence.field)
    return spec is None or not evidence.value or spec.has_phrase(evidence.value, language)


def _naming_once(parts: Iterable[list[Evidence]]) -> list[list[Evidence]]:
    """Without what names an item again that was named before, or a value: 'quirky, like Amélie; quirky'."""
    named, values, kept = set[str](), set[tuple[str, str]](), list[list[Evidence]]()
    for part in parts:
        own = [piece for piece in part if not piece.value or (piece.field, piece.value) not in values]
        if own and not named & {*own[0].item_ids}:
            named |= {*own[0].item_ids}
            values |= {(piece.field, piece.value) for piece in own}
            kept.append(own)
    return kept


def _in_one_breath(part: Sequence[Evidence], catalog: Catalog, language: str) -> list[Evidence]:
    """Two values of one field, but not where one of them has an 'and' of its own, or the first runs on and on."""
    spec = spec_of(catalog.schema, part[0].field)
    is_mixed = spec is not None and spec.soft and language_of(language) != FALLBACK  # a noun there, an adjective here
    pair = list(part[: 1 if is_mixed else IN_REASON])
    between = say("list_and", language).strip()
    names = [spec.within(piece.value, language) if spec else piece.value for piece in pair]
    is_clear = len(names[0].split()) <= MOST_WORDS and not any(
        f" {between} " in name or (between in name and UNSPACED_RUN.search(name)) for name in names
    )
    return pair if is_clear else pair[:1]


def _one_of_each(evidence: Iterable[Evidence]) -> list[Evidence]:
    """A fact that several channels bring is one; the one with the path or the people behind it is kept."""
    return list({key_of(piece): piece for piece in reversed(list(evidence))}.values())[::-1]


def _statements(
    parts: Sequence[Sequence[Evidence]], evidence: Sequence[Evidence], item_id: str, catalog: Catalog, language: str
) -> tuple[Statement, ...]:
    """All that is known, what the reason says first; where that is little, with what the item is."""
    listed = _distinct((*(piece for part in parts for piece in part), *evidence), catalog, language)
    spoken = sum(reason.evidence.kind is not EvidenceKind.GUESS for reason in listed)
    if spoken >= ENOUGH or item_id not in catalog:
        return listed
    own = in_turn(own_facts(catalog.item(item_id), catalog))
    filled = _distinct((*(reason.evidence for reason in listed), *own), catalog, language)
    return filled[: len(listed) + ENOUGH - spoken]


def _distinct(evidence: Iterable[Evidence], catalog: Catalog, language: str) -> tuple[Statement, ...]:
    by_text: dict[str, Statement] = {}
    for piece in evidence:
        if text := statement(piece, catalog, language):
            by_text.setdefault(text, Statement(text, piece))
    return tuple(by_text.values())


def _reason(parts: Sequence[Sequence[Evidence]], catalog: Catalog, language: str) -> str:
    said = (_said(part, catalog, language) for part in parts)
    return sentence(say("reasons_join", language).join(filter(None, said)))


def _evidence(found: Candidate, telling: Telling) -> list[Evidence]:
    """What may be said of an item: nothing of a value that it, or what it is compared with, has in passing only.

    Nor that its description is close to a wish that only names people: those stand in no description.
    """
    items = telling.catalog
    return [
        _elsewhere(piece, found, telling)
        for piece in found.evidence
        if (piece.kind is not EvidenceKind.TEXT or telling.is_described)
        and not any(
            item_id in items and value in items.item(item_id).slight
            for item_id, _, value in piece.path or ((found.item_id, piece.field, piece.value),)
        )
    ]


def _elsewhere(evidence: Evidence, candidate: Candidate, telling: Telling) -> Evidence:
    """A guess at something else names a value that was not asked for, and what it has in place of what was."""
    catalog = telling.catalog
    if evidence.kind is not EvidenceKind.GUESS or candidate.item_id not in catalog:
        return evidence
    known = {
        (fact.field, fact.value) for fact in candidate.evidence if fact.kind in (EvidenceKind.FACT, EvidenceKind.PATH)
    }
    liked = [catalog.item(item_id) for item_id in telling.liked]
    known |= {(evidence.field, value) for item in liked for value in item.values.get(evidence.field, ())}
    item = catalog.item(candidate.item_id)
    values = item.more_than_slight(evidence.field)
    asked = [value for name, value in sorted(telling.asked) if name == evidence.field]
    new = [value for value in (evidence.value, *values) if value in values and (evidence.field, value) not in known]
    new = [value for value in new if value.casefold() not in asked and telling.is_rare_on_list(evidence.field, value)]
    other = next(iter(new), "")
    held = {value.casefold() for value in item.values.get(evidence.field, ())}
    named = {value.casefold(): value for value in catalog.values(evidence.field)}
    lacks = tuple((evidence.field, named[value]) for value in asked if value in named and value not in held)
    return replace(evidence, field=evidence.field if other else "", value=other, facts=lacks[:1] if other else ())


# Words ---------------------------------------------------------------------------------------------------------------


def _said(part: Sequence[Evidence], catalog: Catalog, language: str) -> str:
    """Evidence that differs in its value alone, in words."""
    evidence = part[0]
    if evidence.score < CLOSE.get(evidence.kind, evidence.score):
        return ""
    named = join(
        [title_of(catalog.item(item_id), language) for item_id in evidence.item_ids[:2] if item_id in catalog], language
    )
    values = [evidence.value for evidence in part]
    return one_line(_words(evidence, values, named, catalog, language))


def _words(evidence: Evidence, values: Sequence[str], titles: str, catalog: Catalog, language: str) -> str:
    match evidence.kind:
        case EvidenceKind.FACT:
            return fact_text(catalog.schema, evidence.field, values, language)
        case EvidenceKind.TEXT:
            return say("text_close", language)
        case EvidenceKind.SIMILAR_ITEM:
            return say("similar", language, titles=titles)
        case EvidenceKind.CO_LIKED:
            key = "co_liked" if evidence.count else "co_liked_often"
            return say(key, language, count=evidence.count or None, titles=titles)
        case EvidenceKind.NEIGHBORS:
            return say("neighbors", language, count=evidence.count)
        case EvidenceKind.PATH:
            return _path(evidence, values, titles, catalog, language) if evidence.field and titles else ""
        case EvidenceKind.CLUSTER:
            return say("cluster", language, count=evidence.count, words=_cluster(evidence, catalog, language))
        case EvidenceKind.POPULAR:
            is_enough = evidence.count >= TOLD_OF
            return (
                say("popular", language, count=evidence.count, share=percent(evidence.score, language))
                if is_enough
                else ""
            )
        case EvidenceKind.PROPOSED:
            return say("proposed", language)
        case EvidenceKind.REMARK:
            return _remark(evidence, values, catalog, language)
        case EvidenceKind.READ:
            if evidence.field:
                return say("read_fact", language, fact=fact_text(catalog.schema, evidence.field, values, language))
            return say("read_mood", language, mood=mood_text(evidence.value, language))
        case EvidenceKind.GUESS:
            return _guess(evidence, catalog, language)


def _path(evidence: Evidence, values: Sequence[str], titles: str, catalog: Catalog, language: str) -> str:
    """What an item shares with a liked one; over an item between, what each end shares with that."""
    if len(evidence.path) == 4 and evidence.path[1][0] in catalog:
        between = title_of(catalog.item(evidence.path[1][0]), language)
        first, last = (fact_text(catalog.schema, name, [value], language) for _, name, value in evidence.path[1:3])
        return say("path_over", language, titles=titles, between=between, first=first, last=last)
    spec = spec_of(catalog.schema, evidence.field)
    words = join(
        [whole_text(spec, value, language) if spec else value for value in values], language, last="values_and"
    )
    held = [catalog.item(item_id).values.get(evidence.field, ()) for item_id, *_ in evidence.path if item_id in catalog]
    is_many = len(held) > 1 and len({*held[0]} & {*held[-1]}) > 1
    shared = spec.shared_of(words, titles, language, is_many=is_many) if spec else ""
    return shared or say(
        "path", language, titles=titles, fact=fact_text(catalog.schema, evidence.field, values, language)
    )


def _remark(evidence: Evidence, values: Sequence[str], catalog: Catalog, language: str) -> str:
    """'The sequel to Alien', 'winner of the Oscar for Best Picture'."""
    spec = next((spec for spec in catalog.schema.remarks if spec.name == evidence.field), None)
    if spec is None:
        return ""
    if spec.of_item:
        words = [title_of(catalog.item(value), language) for value in values if value in catalog]
    else:
        words = [spec.value_in(value, language) for value in values]
    return spec.fact_of(join(words, language), language)


def _cluster(evidence: Evidence, catalog: Catalog, language: str) -> str:
    """The words of a taste cluster: 'Film-Noir, heist, 1940s'."""
    return (
        comma((_in_cluster(name, value, catalog, language) for name, value in evidence.facts), language)
        or evidence.value
    )


def _in_cluster(name: str, value: str, catalog: Catalog, language: str) -> str:
    spec = spec_of(catalog.schema, name)
    if spec is None:
        return value
    if spec.kind is FieldKind.NUMBER:
        return say("decade", language, year=value.removesuffix("s"))
    return spec.value_in(value, language)


def _guess(evidence: Evidence, catalog: Catalog, language: str) -> str:
    """What is said of a guess, by the code that `retrieval.policies` gives; '' where that is nothing but a guess."""
    key, spec = f"guess_{evidence.text}", spec_of(catalog.schema, evidence.field)
    if spec is None or not evidence.facts:
        return say(key, language) if has_message(key) else ""
    value, other = (spec.within(held, language) for held in (evidence.value, evidence.facts[0][1]))
    return say("guess_rather", language, value=value, other=other)


def mood_text(mood: str, language: str) -> str:
    """A mood's name in a language."""
    key = f"mood_{mood}"
    return say(key, language) if has_message(key) else mood
