"""The check on a stream: cuts it into sentences and lets through those that hold."""

import re
from collections.abc import AsyncIterator, Callable

from agent.check import Checker
from agent.lexicon import words_of

ENDINGS = re.compile(r"(?<=[.!?。！？\n])(?:[\"”’』」)]*)(?:\s+|(?<=[。！？\n])|$)")
ABBREVIATION = re.compile(r"(?:\b(?:Mr|Mrs|Ms|Dr|St|vs|Jr|Sr|No|Vol)\.|\b[A-Z]\.)$")
MARKUP = re.compile(r"[*_`#]|\[([^\]]*)\]\([^)]*\)|https?://\S+|<[^>]{0,200}>")
PROMPT_LABEL = re.compile(r"^(\s*)(?:about|facts?|list|wanted)\s*:\s*", re.IGNORECASE)
"""A label of the prompt that a small model copies."""


def plain(text: str) -> str:
    """Prose without markup, links, tags and labels of the prompt: it is shown as text."""
    return PROMPT_LABEL.sub(r"\1", MARKUP.sub(lambda match: match.group(1) or "", text))


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
        if match.end() == len(buffer) and not final and not re.search(r"[。！？\n]\s*$", piece):
            break
        done.append(piece)
        start = match.end()
    rest = buffer[start:]
    if final and rest.strip():
        done.append(rest)
        rest = ""
    return done, rest


async def checked(
    pieces: AsyncIterator[str], checker: Checker, dropped: list[str], *, whole: Callable[[], bool] = lambda: True
) -> AsyncIterator[str]:
    """Let through the sentences that hold.

    Args:
        pieces: The stream.
        checker: Judges.
        dropped: Gets the reasons of the sentences that do not hold.
        whole: Asked at the end: whether the last sentence was finished, though no full stop ends it.
    """
    said: set[str] = set()
    before: frozenset[str] = frozenset()
    async for sentence in _cut(pieces, whole):
        text, before = _passed(sentence, checker, before, dropped)
        if text and (key := " ".join(words_of(text)) or text) not in said:
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
    for sentence in sentences(buffer, final=True)[0]:
        if whole() or re.search(r"[.!?。！？][\"”’』」)]*\s*$", sentence):
            yield sentence


def _passed(sentence: str, checker: Checker, before: frozenset[str], dropped: list[str]) -> tuple[str, frozenset[str]]:
    """The sentence as it may be shown ('' when it may not), and what it is about."""
    text = plain(sentence)
    if not text.strip():
        return "", before
    verdict = checker.check(text, before=before)
    if not verdict.ok:
        dropped.append(verdict.reason)
        return "", verdict.named
    return (text if text[-1].isspace() or text[-1] in "。！？" else f"{text} "), verdict.named or before
