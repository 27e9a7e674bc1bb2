"""Prompts from templates: system text and examples, rendered from a catalog, the same bytes for every call."""

import hashlib
import re
from functools import cache
from importlib.resources import files

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage

from agent.drivers.language import LANGUAGES
from retrieval.items import Catalog, Item
from retrieval.schema import CONTENT, SUITS_FROM, FieldKind, FieldSpec
from retrieval.units import kind_of
from tools.arguments import OTHER

MOST_VALUES = 18
"""Values of a category that a prompt names: every token of the prefix costs at the first call."""
PLACE = re.compile(r"<<(\w+)>>")


def render_prompt(name: str, catalog: Catalog, names: dict[str, str] | None = None) -> list[BaseMessage]:
    """The messages before the question: agent/prompts/<name>.md filled with this catalog's words.

    An example that asks for something the catalog does not have (people, say) is left out.

    Args:
        name: Of the template.
        catalog: Whose words fill it.
        names: What to fill it with; `names_of` the catalog where None.
    """
    system, *examples = re.split(r"\n## example\n", template(name))
    names = names_of(catalog) if names is None else names
    messages: list[BaseMessage] = [SystemMessage(fill(system, names).strip())]
    for example in examples:
        if all(name in names for name in PLACE.findall(example)):
            asked, answered = fill(example, names).strip().split("\n---\n")
            messages += [HumanMessage(asked.strip()), AIMessage(answered.strip())]
    return messages


@cache
def template(name: str) -> str:
    """A prompt's text."""
    return files("agent.prompts").joinpath(f"{name}.md").read_text(encoding="utf-8")


def version(name: str, *lists: str) -> str:
    """What a prompt's text and its closed lists come to, 8 hex digits: another text is another version."""
    return hashlib.sha256("\x00".join((template(name), *lists)).encode()).hexdigest()[:8]


def fill(text: str, names: dict[str, str]) -> str:
    """Put names in their places."""
    return PLACE.sub(lambda match: names.get(match.group(1), ""), text)


def names_of(catalog: Catalog) -> dict[str, str]:
    """What templates are filled with: nouns, well-known items, frequent values."""
    schema = catalog.schema
    names = {"noun": schema.noun_in("en"), "nouns": schema.nouns_in("en"), "noun_zh": schema.noun_in("zh")}
    names["fields"] = "\n".join(_describe(spec, catalog) for spec in askable(catalog))
    for language in LANGUAGES:
        names |= {f"noun_{language}": schema.noun_in(language), f"nouns_{language}": schema.nouns_in(language)}
    for number, item in enumerate(_spread_items(catalog), 1):
        names[f"item{number}"], names[f"label{number}"] = item.title, item.label
    categories = [spec for spec in schema.of_kind(FieldKind.CATEGORY) if catalog.values(spec.name)]
    if categories:
        spec = categories[0]
        names["category_field"], names["category_label"] = spec.name, spec.label_in("en")
        for letter, (value, _) in zip("abcd", catalog.values(spec.name).most_common(4), strict=False):
            names[f"category_{letter}"] = value
            names[f"word_{letter}"] = spec.value_in(value, "en").lower()
            names |= {f"word_{letter}_{code}": spec.value_in(value, code).lower() for code in spec.names.get(value, ())}
        names["fact1"] = spec.fact_in(names["category_a"], "en")
        names["fact1_zh"] = spec.fact_in(names["category_a"], "zh")
    people = [spec for spec in schema.fields if spec.people and catalog.values(spec.name)]
    if people:
        names["people_field"], names["people_label"] = people[0].name, people[0].label_in("en")
        names |= {"people_field2": people[1].name} if people[1:] else {}
        for number, (person, _) in enumerate(catalog.values(people[0].name).most_common(3), 1):
            names["person" if number == 1 else f"person{number}"] = person
    names |= {key: spec.name for key, spec in zip(("origin_field", "tongue_field"), categories[1:], strict=False)}
    for spec in schema.fields:
        if spec.soft and catalog.values(spec.name):
            names["theme_field"] = spec.name
        if spec.unit == "year":
            names["year_field"] = spec.name
        if kind_of(spec.unit) == "duration":
            names["length_field"] = spec.name
    names.setdefault("length_field", OTHER)
    names |= {f"{role}_field": spec.name for role in (SUITS_FROM, *CONTENT) for spec in schema.of_role(role)}
    for spec in categories[1:2]:
        for letter, (value, _) in zip("abc", catalog.values(spec.name).most_common(6)[1:], strict=False):
            spoken = {code: spec.value_in(value, code) for code in LANGUAGES}
            names |= {f"origin_{letter}_{code}": name for code, name in spoken.items() if name != value}
        said = (spec.synonyms.get(value, ()) for value, _ in catalog.values(spec.name).most_common(6))
        words = [word for adjectives in said for word in adjectives[1:2] if word.isalpha() and word.isascii()]
        for letter, word in zip("abc", words[1:], strict=False):
            names[f"origin_{letter}"] = word
    return names


def askable(catalog: Catalog) -> list[FieldSpec]:
    """The fields that the model may set limits on; numbers are read by rule."""
    return [spec for spec in catalog.schema.fields if spec.kind is not FieldKind.NUMBER and catalog.values(spec.name)]


def plain_items(catalog: Catalog) -> list[Item]:
    """Items with plain unmistakable titles, for examples."""
    return [
        item
        for item in catalog
        if re.fullmatch(r"[A-Z][a-z]+(?: [A-Z]?[a-z]+){1,3}", item.title) and len(catalog.titles.exact(item.title)) == 1
    ]


def _spread_items(catalog: Catalog) -> list[Item]:
    """Some plain items, spread over the catalog."""
    plain = plain_items(catalog)
    return plain[:: max(1, len(plain) // 8)][:8]


def _describe(spec: FieldSpec, catalog: Catalog) -> str:
    label = spec.label_in("en")
    if spec.kind is FieldKind.CATEGORY:
        values = [spec.value_in(value, "en") for value, _ in catalog.values(spec.name).most_common(MOST_VALUES)]
        return f"- {spec.name} ({label}): one of {', '.join(values)}"
    return f"- {spec.name} ({label})" + (": a name" if spec.people else "")
