"""Evidence -> words, by template; states nothing that the evidence does not hold. English and Chinese."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from agent.chips import constraint_label
from agent.recommendation import Explanation, Statement
from retrieval.candidates import Candidate, Evidence, EvidenceKind
from retrieval.features.moods import mood_in
from retrieval.items import Catalog, Item
from retrieval.models.clusters_names import label
from retrieval.preference import Constraint
from retrieval.schema import FieldKind
from tools.render import one_line

ORDER = (
    EvidenceKind.GUESS,
    EvidenceKind.FACT,
    EvidenceKind.CO_LIKED,
    EvidenceKind.PATH,
    EvidenceKind.SIMILAR_ITEM,
    EvidenceKind.READ,
    EvidenceKind.TEXT,
    EvidenceKind.NEIGHBORS,
    EvidenceKind.CLUSTER,
    EvidenceKind.PROPOSED,
    EvidenceKind.POPULAR,
)
"""What persuades first."""
IN_REASON = 2
"""Statements in the short reason; all are on the card."""
ENOUGH = 2
"""Statements that an item has at least, guesses left out: what it is fills up what is missing."""
CLOSE = {EvidenceKind.TEXT: 0.35, EvidenceKind.SIMILAR_ITEM: 0.5}
"""The least cosine at which a description is called close: below it a reader sees no likeness."""
GUESSES = {
    "other": {
        "en": "a guess, to learn whether you like something else{value}; your answer would tell most",
        "zh": "一次试探：看看你是否也喜欢别的类型{value}，你的回答最能说明问题",
    },
    "little_known": {
        "en": "a guess: few people know it{value}; your answer shows whether to look further there",
        "zh": "一次试探：知道它的人不多{value}，你的回答能说明要不要往这边多找",
    },
    "unrated": {
        "en": "a guess: nobody has rated it here yet{value}; your answer would be the first",
        "zh": "一次试探：这里还没有人给它评过分{value}，你会是第一个",
    },
}
"""By the code that `retrieval.policies` gives."""
LIKED = 0.5
"""Popularity below this share of likes is no reason to choose an item."""
JOIN = {"en": "; ", "zh": "；"}


def statement(evidence: Evidence, catalog: Catalog, language: str = "en") -> str:
    """One piece of evidence in words; '' where there is nothing to say."""
    if evidence.score < CLOSE.get(evidence.kind, evidence.score):
        return ""
    if language == "zh":
        return one_line(_chinese(evidence, catalog))
    return one_line(_english(evidence, catalog))


def explain(found: Candidate, catalog: Catalog, language: str, *, guess: str = "") -> Explanation:
    """The short reason of a card and all its statements.

    Args:
        found: The item with its evidence.
        catalog: For titles and labels.
        language: 'en' or 'zh'.
        guess: For an exploratory item: what is tried out.
    """
    evidence = _ordered(_elsewhere(one, found, catalog) for one in found.evidence)
    statements = _distinct(Statement(text, one) for one in evidence if (text := statement(one, catalog, language)))
    statements = _filled_up(statements, found.item_id, catalog, language)
    best = _spread([one for one in statements if _speaks_for(one.evidence)])[:IN_REASON]
    reason = JOIN[language].join(one.text for one in best)
    if guess:
        tried = next((one.text for one in statements if one.evidence.kind is EvidenceKind.GUESS), "")
        tried = tried or _guess(Evidence("", EvidenceKind.GUESS, text=guess), catalog, language)
        reason = JOIN[language].join(filter(None, (tried, best[0].text if best else "")))
    return Explanation(_sentence(reason), statements)


def _speaks_for(one: Evidence) -> bool:
    """Whether a card may lead with it: that few people liked an item stands among all that is known of it."""
    return one.kind is not EvidenceKind.GUESS and not (one.kind is EvidenceKind.POPULAR and one.score < LIKED)


def near_miss(found: Candidate, broken: Sequence[Constraint], catalog: Catalog, language: str) -> Explanation:
    """Why an item is only close: which limits it does not keep."""
    labels = ("、" if language == "zh" else ", ").join(constraint_label(one, catalog, language) for one in broken)
    text = f"不满足：{labels}" if language == "zh" else f"but it does not keep: {labels}"
    explanation = explain(found, catalog, language)
    return Explanation(_sentence(text), explanation.statements)


def _english(one: Evidence, catalog: Catalog) -> str:
    titles = _titles(one.item_ids, catalog, " and ")
    match one.kind:
        case EvidenceKind.FACT:
            return _fact(one.field, one.value, catalog, "en")
        case EvidenceKind.TEXT:
            return "its description is close to your wish"
        case EvidenceKind.SIMILAR_ITEM:
            return f"its description is close to that of {titles}"
        case EvidenceKind.CO_LIKED:
            people = "1 person" if one.count == 1 else f"{one.count} people"
            return f"{people} who liked {titles} liked it too" if one.count else f"often liked together with {titles}"
        case EvidenceKind.NEIGHBORS:
            return f"liked by {one.count} {'person' if one.count == 1 else 'people'} with a taste like yours"
        case EvidenceKind.PATH:
            if not (one.field and titles):
                return ""
            return _detour(one, titles, catalog, "en") or f"like {titles}, {_fact(one.field, one.value, catalog, 'en')}"
        case EvidenceKind.CLUSTER:
            people = "1 person" if one.count == 1 else f"{one.count} people"
            return f"{people} of a taste like yours ({label(one.facts, catalog, 'en') or one.value}) liked it"
        case EvidenceKind.POPULAR:
            return f"{one.score:.0%} of {one.count} people who rated it liked it" if one.count else ""
        case EvidenceKind.PROPOSED:
            return "the language model named it for your wish"
        case EvidenceKind.READ:
            if not one.field:
                return f"the language model finds its description {mood_in(one.value, 'en')}"
            return f"as the language model reads its description, {_fact(one.field, one.value, catalog, 'en')}"
        case EvidenceKind.GUESS:
            return _guess(one, catalog, "en")


def _chinese(one: Evidence, catalog: Catalog) -> str:
    titles = _titles(one.item_ids, catalog, "和", "《{}》")
    match one.kind:
        case EvidenceKind.FACT:
            return _fact(one.field, one.value, catalog, "zh")
        case EvidenceKind.TEXT:
            return "简介与你的描述相近"
        case EvidenceKind.SIMILAR_ITEM:
            return f"简介与{titles}相近"
        case EvidenceKind.CO_LIKED:
            return f"{one.count} 位喜欢{titles}的人也喜欢它" if one.count else f"常与{titles}一起被喜欢"
        case EvidenceKind.NEIGHBORS:
            return f"{one.count} 位口味与你相近的人喜欢它"
        case EvidenceKind.PATH:
            if not (one.field and titles):
                return ""
            return (
                _detour(one, titles, catalog, "zh") or f"与{titles}相同：{_fact(one.field, one.value, catalog, 'zh')}"
            )
        case EvidenceKind.CLUSTER:
            return f"{one.count} 位与你同类口味（{label(one.facts, catalog, 'zh') or one.value}）的人喜欢它"
        case EvidenceKind.POPULAR:
            return f"{one.count} 位评分者中有 {one.score:.0%} 喜欢它" if one.count else ""
        case EvidenceKind.PROPOSED:
            return "语言模型按你的愿望提到了它"
        case EvidenceKind.READ:
            if not one.field:
                return f"语言模型认为其简介的基调是{mood_in(one.value, 'zh')}"
            return f"语言模型从简介中读出：{_fact(one.field, one.value, catalog, 'zh')}"
        case EvidenceKind.GUESS:
            return _guess(one, catalog, "zh")


def _detour(one: Evidence, titles: str, catalog: Catalog, language: str) -> str:
    """A path over an item between, which has one thing in common with each end; '' where the ends share it."""
    if len(one.path) != 4 or one.path[1][0] not in catalog:
        return ""
    between = catalog.item(one.path[1][0]).title
    first, last = (_fact(relation, value, catalog, language) for _, relation, value in one.path[1:3])
    if language == "zh":
        return f"经由《{between}》与{titles}相连（{first}，{last}）"
    return f"connected with {titles} through {between} ({first}, {last})"


def _guess(one: Evidence, catalog: Catalog, language: str) -> str:
    """What a guess tries out."""
    template = GUESSES.get(one.text, GUESSES["other"]).get(language, "")
    value = _fact(one.field, one.value, catalog, language) if one.field else ""
    return template.format(value=f" ({value})" if value and language == "en" else f"（{value}）" if value else "")


def _fact(field_name: str, value: str, catalog: Catalog, language: str) -> str:
    try:
        spec = catalog.schema.field(field_name)
    except KeyError:
        return value
    return spec.fact_in(value, language)


def _titles(item_ids: Sequence[str], catalog: Catalog, conjunction: str, form: str = "{}") -> str:
    return conjunction.join(form.format(catalog.item(one).title) for one in item_ids[:2] if one in catalog)


def _elsewhere(one: Evidence, found: Candidate, catalog: Catalog) -> Evidence:
    """A guess at something else names no value that was asked for or that a liked item has; other evidence stays."""
    known = {(fact.field, fact.value) for fact in found.evidence if fact.kind in (EvidenceKind.FACT, EvidenceKind.PATH)}
    if one.kind is not EvidenceKind.GUESS or (one.field, one.value) not in known or found.item_id not in catalog:
        return one
    values = catalog.item(found.item_id).values.get(one.field, ())
    other = next((value for value in values if (one.field, value) not in known), "")
    return replace(one, field=one.field if other else "", value=other)


def _filled_up(
    statements: tuple[Statement, ...], item_id: str, catalog: Catalog, language: str
) -> tuple[Statement, ...]:
    """The statements and, where they are few, facts of the item itself."""
    missing = ENOUGH - sum(one.evidence.kind is not EvidenceKind.GUESS for one in statements)
    if missing <= 0 or item_id not in catalog:
        return statements
    said = {(one.evidence.field, one.evidence.value) for one in statements}
    facts = [one for one in _own_facts(catalog.item(item_id), catalog) if (one.field, one.value) not in said]
    return _distinct((*statements, *(Statement(statement(one, catalog, language), one) for one in facts[:missing])))


def _own_facts(item: Item, catalog: Catalog) -> list[Evidence]:
    """One fact of each field: people first, then kinds, then themes, then numbers."""
    specs = sorted(catalog.schema.fields, key=lambda one: (one.kind is FieldKind.NUMBER, one.soft, not one.people))
    values = {name: found[0] for name, found in item.values.items() if found}
    values |= {name: f"{number:g}" for name, number in item.numbers.items()}
    return [Evidence("catalog", EvidenceKind.FACT, one.name, values[one.name]) for one in specs if one.name in values]


def _ordered(evidence: Iterable[Evidence]) -> list[Evidence]:
    return sorted(evidence, key=lambda one: ORDER.index(one.kind))


def _distinct(statements: Iterable[Statement]) -> tuple[Statement, ...]:
    return tuple({one.text: one for one in statements}.values())


def _spread(statements: Sequence[Statement]) -> list[Statement]:
    """The best statement of each kind first, so that a reason does not say the same thing twice."""
    first = {one.evidence.kind: one for one in reversed(statements)}
    best = [one for one in statements if first[one.evidence.kind] is one]
    return [*best, *(one for one in statements if one not in best)]


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] if text else text
