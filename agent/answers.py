"""The answer to the question about taste that was just asked: which of the two values somebody would rather have.

Anything else is read as any message is; so is an answer that says more than which of the two.
"""

import re
from collections.abc import Sequence

from agent.common_words import GLUE
from agent.conversation import Conversation
from agent.phrases import NEGATION, NEWER_WORDS, OLDER_WORDS
from retrieval.items import Catalog
from retrieval.preference import Leaning
from retrieval.schema import CatalogSchema, FieldKind, FieldSpec
from retrieval.spans import parse_span

MOST_WORDS = 7
"""A longer message says more than an answer."""
FIRST = r"\b(?:the )?(?:first|former)\b(?! (?:one|film|of the list))|前者|前面的?|第一种"
SECOND = r"\b(?:the )?(?:second|latter)\b(?! (?:one|film|of the list))|后者|后面的?|第二种"
NO_CHOICE = (
    r"(?:^|(?<=[.,;!?。，；！？]))\W*(?:(?:neither|either|both)(?:,? (?:really|is fine|of them))?|"
    r"no preference(?: there)?|(?:i )?(?:don't|do not) (?:care|mind)|"
    r"(?:that |it )?(?:doesn't|does not) matter(?: to me)?|都(?:行|可以|不要|一样)|(?:这个)?无所谓|没偏好)\W*$"
)
"""At the end of a message, after a question between two: it says nothing of the items of the list."""
PLAIN_SIGNS = frozenset("的吧要想更多一点些请来看我还是了呢啊部那这就选喜欢类型年以前后及之早晚新老旧给可")
"""Chinese signs that add nothing to a choice."""
REQUEST = r"\b(?:something|anything)\b"
"""'Something older' asks for other items than those of the list, 'older' answers."""
NUMBER = r"(?<!\d)\d{2,4}(?:\.\d+)?(?!\d)"


def read_answer(conversation: Conversation, message: str, catalog: Catalog) -> Leaning | None:
    """What a message answers to the last question; None where none was just asked or it says something else."""
    asked = _just_asked(conversation)
    if asked is None or len(message.split()) > MOST_WORDS or re.search(NEGATION, message, re.IGNORECASE):
        return None
    field, first, second = asked
    if field not in {spec.name for spec in catalog.schema.fields}:
        return None
    spec = catalog.schema.field(field)
    sides = [_names(spec, value, pattern, message) for value, pattern in ((first, FIRST), (second, SECOND))]
    if spec.kind is FieldKind.NUMBER and not any(sides):
        sides = _older_or_newer(first, second, message)
    if sides[0] == sides[1] or _says_more(message, spec, (first, second), catalog.schema):
        return None
    more, less = (first, second) if sides[0] else (second, first)
    return Leaning(field, more, less)


def without_no_choice(conversation: Conversation, message: str) -> str:
    """The message without its words that choose neither of the two values just asked for: 'Neither, really.' -> ''."""
    if not conversation.open_inquiry:
        return message
    return re.sub(NO_CHOICE, "", message.strip(), flags=re.IGNORECASE).strip()


def _just_asked(conversation: Conversation) -> tuple[str, str, str] | None:
    """Field and values of the question that the last reply ended with, in the order asked."""
    field, _, values = conversation.open_inquiry.partition(":")
    first, bar, second = values.partition("|")
    return (field, first, second) if bar else None


def _names(spec: FieldSpec, value: str, place: str, message: str) -> bool:
    """Whether a message names a value, by its name, another word for it, or its place in the question."""
    if re.search(place, message, re.IGNORECASE):
        return True
    span = parse_span(value) if spec.kind is FieldKind.NUMBER else None
    if span is not None:
        return any(float(one) in span for one in re.findall(NUMBER, message))
    return any(_says(message, word) for word in _words(spec, value))


def _says_more(message: str, spec: FieldSpec, values: Sequence[str], schema: CatalogSchema) -> bool:
    """Whether a message has words beside those that choose: 'Something like Fargo, from the 80s' is a wish."""
    left = message.casefold()
    for value in values:
        for word in sorted(_words(spec, value), key=len, reverse=True):
            left = re.sub(f"{re.escape(word.casefold())}(?:s|es)?", " ", left)
    for choosing in (FIRST, SECOND, OLDER_WORDS, NEWER_WORDS):
        left = re.sub(choosing, " ", left, flags=re.IGNORECASE)
    names = (*schema.noun.values(), *schema.nouns.values(), *schema.also_called, *spec.label.values(), *spec.words)
    plain = GLUE | {word for name in names for word in name.casefold().split()}
    plain |= {"ones", *(f"{word}s" for word in schema.also_called)}
    if any(word not in plain for word in re.findall(r"[a-z]{2,}", left)):
        return True
    return any(sign not in PLAIN_SIGNS and sign not in "".join(names) for sign in re.findall(r"[\u4e00-\u9fff]", left))


def _words(spec: FieldSpec, value: str) -> set[str]:
    return {value, *spec.names.get(value, {}).values(), *spec.synonyms.get(value, ())}


def _says(message: str, word: str) -> bool:
    edge = r"\b" if word.isascii() else ""
    return bool(re.search(f"{edge}{re.escape(word)}(?:s|es)?{edge}", message, re.IGNORECASE))


def _older_or_newer(first: str, second: str, message: str) -> list[bool]:
    """'Older' is the lower of two spans."""
    older, newer = (bool(re.search(words, message, re.IGNORECASE)) for words in (OLDER_WORDS, NEWER_WORDS))
    one, two = parse_span(first), parse_span(second)
    if one is None or two is None or re.search(REQUEST, message, re.IGNORECASE):
        return [False, False]
    return [older, newer] if one.low < two.low else [newer, older]
