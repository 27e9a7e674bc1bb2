"""Fixed sentences from gettext catalogs, a language each, and how names, titles and numbers are written in them.

Knows no domain: what items are called comes from the schema.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files

from babel import Locale
from babel.messages.pofile import read_po
from babel.numbers import format_decimal, format_percent

from retrieval.items import Catalog, Item

LANGUAGES = ("en", "zh", "es", "fr", "de", "pt", "ja", "ko", "it", "nl", "ru", "pl", "tr")
"""In which there is a catalog."""
FALLBACK = "en"
FORMS = {"one": 0, "few": 1, "many": 2}
"""CLDR's name of a plural form -> its place in a catalog; what else there is comes last."""
EUPHONY = {
    " y ": (" e ", re.compile(r"h?[ií](?![ae])", re.IGNORECASE)),
    " o ": (" u ", re.compile(r"h?[oó]", re.IGNORECASE)),
}
"""Spanish: 'y' and 'o' change before their own sound."""


@dataclass(frozen=True, slots=True)
class Messages:
    """The sentences of one language."""

    language: str
    single: dict[str, str] = field(default_factory=dict)
    plural: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Forms by key, the one for a single thing first."""

    def template(self, key: str, count: int | None) -> str:
        """The template of a key, in the form that a count asks for; '' where there is none."""
        forms = self.plural.get(key, ())
        if not forms:
            return self.single.get(key, "")
        form = "" if count is None else locale_of(self.language).plural_form(count)
        return forms[min(FORMS.get(form, len(forms) - 1), len(forms) - 1)]


@dataclass(frozen=True, slots=True)
class Texts:
    """The sentences that a package keeps in its folder `locale`, a gettext catalog a language."""

    package: str

    def say(self, key: str, language: str, *, count: int | None = None, **values: object) -> str:
        """A fixed sentence.

        Args:
            key: Its msgid.
            language: A code such as 'fr' or 'pt-BR'; English where there is no catalog for it.
            count: Chooses the plural form, and fills `{count}`.
            values: What the named places hold.

        Raises:
            KeyError: There is no such sentence, or a place of it is not filled.
        """
        code = language_of(language)
        template = self.messages_in(code).template(key, count) or self.messages_in(FALLBACK).template(key, count)
        if not template:
            raise KeyError(f"no message {key!r}")
        if count is not None:
            values["count"] = number(count, code)
        return template.format(**values)

    def has(self, key: str) -> bool:
        """Whether there is a sentence of that key."""
        return bool(self.messages_in(FALLBACK).template(key, None))

    def messages_in(self, language: str) -> Messages:
        """The catalog of one of `LANGUAGES`, read once."""
        return _read(self.package, language)


SENTENCES = Texts("agent.wording")
"""What the assistant says."""
say = SENTENCES.say
has_message = SENTENCES.has


def say_in_all(key: str) -> tuple[str, ...]:
    """A fixed sentence without places in every language."""
    return tuple(say(key, language) for language in LANGUAGES)


def language_of(said: str) -> str:
    """The catalog for a language code: 'fr-CA' -> 'fr', an unknown one -> English."""
    code = said.replace("_", "-").split("-")[0].lower()
    return code if code in LANGUAGES else FALLBACK


@cache
def _read(package: str, language: str) -> Messages:
    with files(package).joinpath("locale", f"{language}.po").open("rb") as file:
        read = read_po(file, locale=language)
    messages = Messages(language)
    for message in read:
        if isinstance(message.id, tuple | list):
            messages.plural[message.id[0]] = tuple(map(str, message.string or ()))
        elif message.id:
            messages.single[message.id] = str(message.string)
    return messages


@cache
def locale_of(language: str) -> Locale:
    """How numbers are written in one of `LANGUAGES`."""
    return Locale.parse(language)


def join(names: Sequence[str], language: str, *, last: str = "list_and") -> str:
    """Names in a row: 'A, B and C'.

    Args:
        names: What is joined.
        language: A language code.
        last: The key of what stands before the last one: 'list_and', 'list_or' or 'list_comma'.
    """
    if len(names) < 2:
        return "".join(names)
    before = say(last, language)
    if language_of(language) == "es" and before in EUPHONY and EUPHONY[before][1].match(names[-1]):
        before = EUPHONY[before][0]
    return f"{say('list_comma', language).join(names[:-1])}{before}{names[-1]}"


def comma(names: Iterable[str], language: str) -> str:
    """Names with commas alone between them."""
    return say("list_comma", language).join(names)


def title(text: str, language: str) -> str:
    """A title as it is written in running text: 《Heat》 in Chinese, 『Heat』 in Japanese."""
    return say("title_form", language, title=text)


def title_of(item: Item, language: str) -> str:
    """An item's title as its readers know it, in running text: '《肖申克的救赎》'."""
    return title(item.title_in(language), language)


def label(item: Item, language: str) -> str:
    """A title with its year: 'Heat (1995)', '《盗火线》（1995）'."""
    return title_of(item, language) + ("" if item.year is None else say("aside", language, text=item.year))


def full_label(item: Item, language: str) -> str:
    """The same with the original title, where readers know another one: '《盗火线》（Heat，1995）'."""
    if item.title_in(language) == item.title:
        return label(item, language)
    original = item.title if item.year is None else say("dated", language, title=item.title, year=item.year)
    return title_of(item, language) + say("aside", language, text=original)


def titles(item_ids: Iterable[str], catalog: Catalog, language: str) -> str:
    """The titles of items in a row; ids that the catalog lacks are left out."""
    return join([title_of(catalog.item(item_id), language) for item_id in item_ids if item_id in catalog], language)


def number(value: float, language: str) -> str:
    """'1,682', '1.682', '7,5'."""
    return str(format_decimal(value, locale=locale_of(language_of(language))))


def percent(share: float, language: str) -> str:
    """A share (0..1) in whole percent: '80%', '80 %'."""
    return str(format_percent(share, locale=locale_of(language_of(language))))


def sentence(text: str) -> str:
    """With a capital at the beginning."""
    return text[:1].upper() + text[1:]


def paragraph(parts: Iterable[str], language: str) -> str:
    """Sentences one after the other; Chinese and Japanese put no space between them."""
    return ("" if language_of(language) in ("zh", "ja") else " ").join(filter(None, parts))
