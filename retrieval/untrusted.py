"""Text that others wrote, without the characters that act on a screen, a terminal or a log rather than show."""

import json
import re

_ACTING = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # control characters but tab and line feed: what a terminal obeys
    "\u2028-\u202e\u2066-\u2069"  # separators that break lines, changes of direction
    "\ufff9-\ufffb\U000e0000-\U000e0fff"  # notes between lines, tags, selectors: seen by programs alone
    "\ud800-\udfff]"  # halves of characters, which no encoding takes
)


def visible(text: str) -> str:
    """A text without control characters, changes of direction and hidden tags; tabs and line feeds stay."""
    return _ACTING.sub("", text)


def as_json(value: object) -> str:
    """JSON for people and programs: letters as they are, characters that act as numbers, so that nothing is lost."""
    text = json.dumps(value, ensure_ascii=False, indent=2)
    return _ACTING.sub(lambda match: json.dumps(match.group())[1:-1], text)


_LINK = re.compile(
    r"!?(?<!\[)\[([^\[\]]*)\](?:\([^)]*\)?|\[[^\[\]]*\])"  # [words](address), [words][name]
    r"|[a-z][a-z\d+.-]{1,20}:/{1,2}\S*|\b(?:javascript|vbscript|data|mailto|file|tel):\S+|\bwww\.\S+",
    re.IGNORECASE,
)
_PLACE = re.compile(
    r"[\w.+-]+@[\w-]+\.\w+|\b[a-z][\w-]*(?:\.[\w-]+)*\.(?:com|org|net|info|biz|io|ai|app|dev|xyz|top|site|online|shop|"
    r"club|live|link|click|me|tv|cc|co|ru|cn|de|fr|es|uk|eu|us|in|br|jp|kr|it|nl|pl)\b",
    re.IGNORECASE,
)


def without_links(text: str) -> str:
    """A text in which links are their words alone, and bare addresses with a scheme are gone."""
    return _LINK.sub(lambda match: match.group(1) or "", text)


def has_address(text: str) -> bool:
    """Whether something in a text sends people elsewhere: a link, the name of a host, an address for mail."""
    return bool(_LINK.search(text) or _PLACE.search(text))
