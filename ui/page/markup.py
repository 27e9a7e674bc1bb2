"""HTML made so that nothing can slip in: every string that was not made here is escaped. Knows no page."""

import html
from collections.abc import Iterable

from retrieval.untrusted import visible

_VOID = frozenset({"br", "img", "input", "meta"})


class Html(str):
    """Markup that is safe already; any other string is escaped where it meets `tag`."""

    __slots__ = ()


def tag(name: str, /, *children: str, **attributes: str | bool | float | None) -> Html:
    """An element; `class_` stands for class, `data_item` for data-item, and None or False leaves an attribute out."""
    opened = f"<{name}{''.join(_attribute(key, value) for key, value in attributes.items())}>"
    return Html(opened if name in _VOID else f"{opened}{join(children)}</{name}>")


def join(parts: Iterable[str]) -> Html:
    """The parts one after another, escaped where needed."""
    return Html("".join(part if isinstance(part, Html) else html.escape(visible(part)) for part in parts))


def paragraphs(text: str) -> Html:
    """Plain text of a person or a model as paragraphs; its line breaks stay."""
    blocks = [block for block in text.strip().split("\n\n") if block.strip()]
    return join(tag("p", *_lines(block)) for block in blocks)


def _lines(block: str) -> list[str]:
    parts: list[str] = []
    for line in block.splitlines():
        parts += [line, tag("br")]
    return parts[:-1]


def _attribute(key: str, value: str | bool | float | None) -> str:
    if value is None or value is False:
        return ""
    name = key.rstrip("_").replace("_", "-")
    return f" {name}" if value is True else f' {name}="{html.escape(visible(f"{value}"))}"'
