"""The check on a stream of prose: cuts it into sentences, lets through what holds, has the rest written anew once."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field, replace

from agent.wording.check import Checker, Verdict
from agent.wording.claims import BACK
from agent.wording.handles import HANDLE
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
LONGEST_HANDLE = 250
MARKUP = re.compile(r"[*_`#]|<[^>]{0,200}>")
PROMPT_LABEL = re.compile(r"^(\s*)(?:about|facts?|list|wanted|message)\s*:\s*", re.IGNORECASE)
"""A label of the prompt that a small model copies."""

Mend = Callable[[str, str], Awaitable[str]]
"""A sentence and what is wrong with it -> what to say in its place; '' for nothing."""


def plain(text: str) -> str:
    """Prose without markup, links, tags and labels of the prompt; handles stay as they are."""
    pieces = HANDLE.split(text)[::2]
    handles = [*(f"[[{inside}]]" for inside in HANDLE.findall(text)), ""]
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
        if not piece.strip() or ABBREVIATION.search(piece.rstrip()) or _is_open(piece):
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


@dataclass(slots=True)
class Gate:
    """Lets through the sentences of one reply that hold; hands the others back once to whoever wrote them."""

    checker: Checker
    mend: Mend | None = None
    """Writes a sentence anew from what went out so far, the sentence and what is wrong; None where nobody does."""
    dropped: list[str] = field(default_factory=list)
    """Why sentences were left out."""
    mended: int = 0
    """Sentences that went out in other words."""
    _before: frozenset[str] = frozenset()
    _said: set[str] = field(default_factory=set)
    _has_gap: bool = False
    """Whether the sentence before was left out."""

    async def checked(
        self, pieces: AsyncIterator[str], *, whole: Callable[[], bool] = lambda: True
    ) -> AsyncIterator[str]:
        """The sentences of a stream that hold, in their order.

        Args:
            pieces: The stream.
            whole: Asked at the end: whether the last sentence was finished, though no full stop ends it.
        """
        async for sentence in _cut(pieces, whole):
            for text in await self._passed(sentence):
                key = fold(text) or text
                if key not in self._said:
                    self._said.add(key)
                    yield text

    async def _passed(self, sentence: str) -> list[str]:
        """A sentence as it may be shown, or what was written in its place; nothing where neither holds."""
        text = plain(sentence)
        if not text.strip():
            return []
        verdict = self._verdict(text)
        if not verdict.ok and self.mend is not None:
            anew = await self.mend(text.strip(), verdict.reason)
            verdicts = [self._taken(self._verdict(mended)) for mended in sentences(plain(anew), final=True)[0]]
            held = [passed.text for passed in verdicts if passed.ok]
            if held:
                self.mended += 1
                return [*map(_closed, held)]
        self._taken(verdict)
        if not verdict.ok:
            self.dropped.append(verdict.reason)
        return [_closed(verdict.text)] if verdict.ok else []

    def _verdict(self, text: str) -> Verdict:
        verdict = self.checker.check(text, before=self._before)
        if verdict.ok and self._has_gap and BACK.match(text) and verdict.named == self._before:
            return replace(verdict, ok=False, reason="it goes on about a sentence that was left out")
        return verdict

    def _taken(self, verdict: Verdict) -> Verdict:
        """Note what the next sentence goes on about."""
        self._before = verdict.named or self._before
        self._has_gap = not verdict.ok
        return verdict


def _is_open(piece: str) -> bool:
    """Whether a piece ends within a handle."""
    return piece.rfind("[[") > piece.rfind("]]") and len(piece) - piece.rfind("[[") < LONGEST_HANDLE


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


def _closed(text: str) -> str:
    """A sentence with the space behind it that its script wants."""
    return text if text[-1].isspace() or text[-1] in "。！？" else f"{text} "
