"""Text that others wrote, inside the Markdown of an answer: shown as it is, never a link, a picture, HTML or a list.

A client may show the answer as plain text, so only what could act is marked, with a backslash; a star becomes one that
looks the same, and an address gets a colon and dots that no client turns into a link ('M*A*S*H' stays readable).
"""

import re

from retrieval.untrusted import visible

_ACTIVE = re.compile(
    r"\\(?=[!-/:-@\[-`{-~]|$)"  # would escape what follows; at the end, what a stream brings next
    r"|<(?=[A-Za-z/!?]|$)|`|\](?=[\[(:]|$)"  # without its bracket no link and no picture is one
    r"|&(?=\#?\w{1,31};|\#?\w{0,31}$)"  # '&lt;' and the like would be read as what they stand for
    r"|(?<![^\W_])_|_(?![^\W_])"
    r"|(?<!\s)~"  # ends what is struck through, be it begun by one or by two
)
_LINE_START = re.compile(
    r"^([ \t]*)(\d{1,9}(?=[.)](?:\s|$))|\#(?=\#{0,5}(?:\s|$))|[>|]|[-+](?=[\s-]|$)|=(?==*\s*$))", re.MULTILINE
)
_STAR, _DOT, _JOINT = "∗", "․", "\u2060"
_SCHEME = re.compile(r"(?<=[A-Za-z\d]):(?=/)|(?<=javascript):|(?<=mailto):|(?<=data):", re.IGNORECASE)
_HOST_DOT = re.compile(r"(?<=[\w-])\.(?=[^\W\d_][\w-])")


def escaped(text: str, *, begins_line: bool = True) -> str:
    """A text as Markdown that shows it.

    Args:
        text: Of a catalog, a person or a model.
        begins_line: Whether it stands at the beginning of a line, where a dash would begin a list.
    """
    marked = _ACTIVE.sub(lambda match: f"\\{match.group()}", without_addresses(visible(text))).replace("*", _STAR)
    first, line_feed, rest = marked.partition("\n")
    if begins_line:
        return _LINE_START.sub(_as_words, marked)
    return first + line_feed + _LINE_START.sub(_as_words, rest)


def without_addresses(text: str) -> str:
    """A text whose addresses no client turns into links; it looks the same."""
    return _HOST_DOT.sub(_DOT, _SCHEME.sub(f":{_JOINT}", text))


def with_addresses(text: str) -> str:
    """The text before `without_addresses`."""
    return text.replace(_JOINT, "").replace(_DOT, ".")


def _as_words(match: re.Match[str]) -> str:
    """What would begin a list, a heading or a quotation, as words."""
    space, sign = match.groups()
    return f"{space}{sign}\\" if sign.isdigit() else f"{space}\\{sign}"
