"""Who did what, read off the words beside a name: the roles of eval/data/relations.toml and the schema's own words."""

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files

from pydantic import BaseModel, ConfigDict

from retrieval.schema import CatalogSchema, FieldSpec

FILLER = (
    r"(?:the|a|an|both|great|legendary|young|old|wonderful|brilliant|late|always \w+|none other than|by|of|be|is|was|also|fellow|then|once|"
    r"all|himself|herself|acclaimed|then-unknown)"
)


class _RoleEntry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    fields: tuple[str, ...]
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()


class _RoleFile(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    roles: tuple[_RoleEntry, ...]


@dataclass(frozen=True, slots=True)
class Role:
    """A relation between people and items."""

    name: str
    fields: tuple[str, ...]
    """The catalog's fields that hold it; none where the catalog says nothing of it."""
    before: re.Pattern[str]
    """Ends right before the name."""
    after: re.Pattern[str]
    """Begins right behind it."""

    def is_said(self, before: str, after: str) -> bool:
        """Whether the words around a name say this role."""
        return bool(self.before.search(before) or self.after.match(after))


def read_roles(schema: CatalogSchema) -> tuple[Role, ...]:
    """The roles in the order in which they are believed, with the schema's own words for its fields."""
    text = files("eval").joinpath("data/relations.toml").read_text(encoding="utf-8")
    people = {spec.name: spec for spec in schema.fields if spec.people}
    roles = []
    for entry in _RoleFile.model_validate(tomllib.loads(text)).roles:
        fields = tuple(name for name in entry.fields if name in people)
        own = [people[name] for name in fields[:1]] if entry.name != "maker" else []
        before = (*entry.before, *(word for spec in own for word in _own_words(spec)))
        after = (*entry.after, *(word for spec in own for word in _own_ends(spec)))
        roles.append(Role(entry.name, fields, _before(before), _after(after)))
    named = {name for role in roles for name in role.fields}
    rest = [spec for spec in people.values() if spec.name not in named]
    return (*(Role(spec.name, (spec.name,), _before(_own_words(spec)), _after(())) for spec in rest), *roles)


def _own_words(spec: FieldSpec) -> list[str]:
    """Words of the schema that stand before a name; what asks for a field ('who plays') is none."""
    facts = [text.removesuffix("{value}").strip() for text in spec.fact.values() if text.endswith("{value}")]
    said = [word for word in spec.words if not re.match(r"who|whos", word)]
    return [word for word in (*facts, *said) if len(word) > 4 or not word.isascii()]


def _own_ends(spec: FieldSpec) -> list[str]:
    """Words of the schema that stand behind a name."""
    return [end for text in spec.fact.values() if (end := text.partition("{value}")[2].strip())]


def _before(cues: Sequence[str]) -> re.Pattern[str]:
    spaced = "|".join(re.escape(cue) for cue in _longest_first(cues) if cue.isascii())
    other = "|".join(re.escape(cue) for cue in _longest_first(cues) if not cue.isascii())
    parts = [
        rf"\b(?:{spaced})\b[\s:(]*(?:{FILLER}\s+){{0,3}}$" if spaced else "",
        rf"(?:{other})\W{{0,2}}$" if other else "",
    ]
    return re.compile("|".join(filter(None, parts)) or r"(?!)", re.IGNORECASE)


def _after(cues: Sequence[str]) -> re.Pattern[str]:
    owned = "|".join(re.escape(cue).replace("'", "['’]") for cue in _longest_first(cues) if cue.startswith("'s"))
    spaced = "|".join(re.escape(cue) for cue in _longest_first(cues) if cue.isascii() and not cue.startswith("'s"))
    other = "|".join(re.escape(cue) for cue in _longest_first(cues) if not cue.isascii())
    parts = [
        rf"(?:{owned})\b" if owned else "",
        rf"\W{{0,2}}(?:(?:co-?|also |both |once |again |really |finally |who |that |which |,)\s*)*(?:{spaced})\b"
        if spaced
        else "",
        rf"\W?(?:{other})" if other else "",
    ]
    return re.compile("|".join(filter(None, parts)) or r"(?!)", re.IGNORECASE)


def _longest_first(cues: Sequence[str]) -> list[str]:
    return sorted(dict.fromkeys(cues), key=len, reverse=True)
