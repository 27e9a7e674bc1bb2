"""What was understood, in words the user can take away one by one."""

from dataclasses import replace

from agent.intent import Chip
from agent.rules import TEXT_FIELD
from retrieval.items import Catalog
from retrieval.preference import Constraint, Leaning, Op, Preference, Wish

SIGNS = {
    Op.MIN: {"en": "{label} from {value}", "zh": "{label} ≥ {value}"},
    Op.MAX: {"en": "{label} up to {value}", "zh": "{label} ≤ {value}"},
    Op.IS: {"en": "{value}", "zh": "{value}"},
    Op.NOT: {"en": "not {value}", "zh": "不要{value}"},
}
OR = {"en": " or ", "zh": "或"}


def chips(preference: Preference, catalog: Catalog) -> tuple[Chip, ...]:
    """The chips of a preference, limits first."""
    language = preference.language
    made = [Chip(one.key, constraint_label(one, catalog, language), one.lasting) for one in preference.constraints]
    made += [Chip(one.key, wish_label(one, catalog, language)) for one in preference.wishes]
    made += [Chip(one.key, leaning_label(one, catalog, language)) for one in preference.leanings]
    like, unlike = ("像《{}》", "不像《{}》") if language == "zh" else ("like {}", "not like {}")
    made += [Chip(f"liked:{one}", like.format(catalog.item(one).title)) for one in preference.liked if one in catalog]
    made += [
        Chip(f"disliked:{one}", unlike.format(catalog.item(one).title)) for one in preference.disliked if one in catalog
    ]
    if preference.text:
        made.append(Chip("text", f"“{preference.text}”"))
    return tuple(made)


def constraint_label(constraint: Constraint, catalog: Catalog, language: str) -> str:
    """'Comedy or Drama', 'not Horror', 'year from 1991'."""
    spec = catalog.schema.field(constraint.field)
    names = [spec.value_in(value, language) if isinstance(value, str) else f"{value:g}" for value in constraint.values]
    value = OR.get(language, OR["en"]).join(names)
    template = SIGNS[constraint.op].get(language, SIGNS[constraint.op]["en"])
    return template.format(label=spec.label_in(language), value=value)


def wish_label(wish: Wish, catalog: Catalog, language: str) -> str:
    """'heist', 'rather not talking animals'."""
    value = wish.value if wish.field == TEXT_FIELD else catalog.schema.field(wish.field).value_in(wish.value, language)
    if wish.weight > 0:
        return value
    return f"尽量不要{value}" if language == "zh" else f"rather not {value}"


def leaning_label(leaning: Leaning, catalog: Catalog, language: str) -> str:
    """'rather Drama than Comedy'."""
    spec = catalog.schema.field(leaning.field)
    more, less = (spec.value_in(one, language) for one in (leaning.more, leaning.less))
    return f"更想要{more}而不是{less}" if language == "zh" else f"rather {more} than {less}"


def label(wanted: Constraint | Wish, catalog: Catalog, language: str) -> str:
    """The words of a chip, whichever kind of wish it stands for."""
    if isinstance(wanted, Constraint):
        return constraint_label(wanted, catalog, language)
    return wish_label(wanted, catalog, language)


def without_chip(preference: Preference, key: str) -> Preference:
    """The preference after a chip was taken away; an unknown key changes nothing."""
    kind, _, item_id = key.partition(":")
    if key == "text":
        return replace(preference, text="")
    if kind in ("liked", "disliked"):
        return replace(
            preference,
            liked=tuple(one for one in preference.liked if one != item_id),
            disliked=tuple(one for one in preference.disliked if one != item_id),
            set_aside=tuple(dict.fromkeys((*preference.set_aside, item_id))),
        )
    return preference.without(key)
