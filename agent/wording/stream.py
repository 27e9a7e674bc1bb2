"""The check on a stream of prose: cuts it into sentences, fills in what handles stand for, lets through what holds."""

import re
from collections.abc import AsyncIterator, Callable, Iterator

from agent.wording.check import Checker
from retrieval.untrusted import visible, without_links
from tools.placing import fold

ENDINGS = re.compile(r"(?:[.!?…。！？]+[\"”’』」»)）]*|\n)(?:\s+|(?<=[。！？”』」）\n])|$)")
ABBREVIATION = re.compile(
    r"(?:\b(?:Mr|Mrs|Ms|Dr|St|vs|Jr|Sr|Sra|Dra|No|Vol|Mme|Mlle|Hr|Fr|Nr|bzw|ca|etc|usw|e\.g|i\.e|z\.\s?B|d\.\s?h|p\.\s?ej)\.|"
    r"\b[A-Za-z]\.|(?<!\d)\d{1,2}\.)$"
)
"""After these, and after ordinals such as the German '19.', a full stop ends no sentence."""
DONE = re.compile(r"[.!?…。！？][\"”’』」»)）]*\s*$")
SURE = re.compile(r"[。！？\n]\s*$")
"""Ends a sentence without having to see what follows."""
HANDLE = re.compile(r"\[\[[^\[\]\n]{0,60}\]\]")
MARKUP = re.compile(r"[*_`#]|<[^>]{0,200}>")
PROMPT_LABEL = re.compile(r"^(\s*)(?:about|facts?|list|wanted|message)\s*:\s*", re.IGNORECASE)
"""A label of the prompt that a small model copies."""

Fill = Callable[[str], str | None]
"""Puts names in the place of handles; None where one is unknown."""


def plain(text: str) -> str:
    """Prose without markup, links, tags and labels of the prompt; handles stay as they are."""
    pieces = HANDLE.split(text)
    handles = [*HANDLE.findall(text), ""]
    clean = (MARKUP.sub("", without_links(visible(piece))) for piece in pieces)
    return PROMPT_LABEL.sub(r"\1", "".join(piece + handle for piece, handle in zip(clean, handles, strict=True)))


def sentences(buffer: str, *, final: bool = False) -> tuple[list[str], str]:
    """Cut the finished sentences off a buffer.

    Returns:
        The finished sentences with their trailing space, and what is left.
    """
    done: list[str] = []
    start = 0
    for match in ENDINGS.finditer(buffer):
        piece = buffer[start : match.end()]
        if not piece.strip() or ABBREVIATION.search(piece.rstrip()):
            continue
        if match.end() == len(buffer) and not final and not SURE.search(piece):
            break
        done.append(piece)
        start = match.end()
    rest = buffer[start:]
    if final and rest.strip():
        done.append(rest)
        rest = ""
    return done, rest


async def checked(
    pieces: AsyncIterator[str],
    checker: Checker,
    dropped: list[str],
    *,
    fill: Fill | None = None,
    whole: Callable[[], bool] = lambda: True,
) -> AsyncIterator[str]:
    """Let through the sentences that hold.

    Args:
        pieces: The stream.
        checker: Judges.
        dropped: Gets the reasons of the sentences that do not hold.
        fill: Fills in handles after the sentences were cut and before they are judged.
        whole: Asked at the end: whether the last sentence was finished, though no full stop ends it.
    """
    said: set[str] = set()
    before: frozenset[str] = frozenset()
    async for sentence in _cut(pieces, whole):
        text, before = _passed(sentence, checker, before, dropped, fill)
        key = fold(text) or text
        if text and key not in said:
            said.add(key)
            yield text


async def _cut(pieces: AsyncIterator[str], whole: Callable[[], bool]) -> AsyncIterator[str]:
    """Whole sentences of a stream."""
    buffer = ""
    async for piece in pieces:
        buffer += piece
        done, buffer = sentences(buffer)
        for sentence in done:
            yield sentence
    for sentence in _last(buffer, whole):
        yield sentence


def _last(buffer: str, whole: Callable[[], bool]) -> Iterator[str]:
    """What is left at the end; half a sentence only where the stream ended as it should."""
    for sentence in sentences(buffer, final=True)[0]:
        if whole() or DONE.search(sentence):
            yield sentence


def _passed(
    sentence: str, checker: Checker, before: frozenset[str], dropped: list[str], fill: Fill | None
) -> tuple[str, frozenset[str]]:
    """The sentence as it may be shown ('' when it may not), and what it is about."""
    text: str | None = plain(sentence)
    if fill is not None and text:
        text = fill(text)
    if text is None:
        dropped.append("refers to something unknown")
        return "", before
    if not text.strip():
        return "", before
    verdict = checker.check(text, before=before)
    if not verdict.ok:
        dropped.append(verdict.reason)
        return "", verdict.named
    is_closed = text[-1].isspace() or text[-1] in "。！？"
    return (text if is_closed else f"{text} "), verdict.named or before
