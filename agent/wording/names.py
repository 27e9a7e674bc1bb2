"""Names in prose that no catalog knows: words with a capital, and foreign names in scripts that have none."""

import re
from collections.abc import Callable, Iterator

from agent.wording.spotting import WORD
from retrieval.titles import HAN, LETTER, UNSPACED
from tools.placing import fold

SCRIPTS = (("ko", re.compile("[\uac00-\ud7af]")), ("ja", re.compile("[\u3040-\u30ff]")), ("zh", re.compile(f"[{HAN}]")))
FOREIGN_NAME = re.compile(rf"[\u30a0-\u30ff]+[・＝][\u30a0-\u30ff・＝]+|[{HAN}]+[·・][{HAN}·・]+")
WRITTEN = re.compile(rf"[^\W\d_{UNSPACED}](?:{LETTER}|['’.-])*")
BEGINNING = " \t\"“”„'‘’«»¿¡(（-–—:：;；,.…\0\x01\x02\x03\x04\x05"
NOUN_CAPITALS = frozenset(("de",))
"""Languages that begin every noun with a capital: there only several such words in a row are a name."""
AFTER_COLON = (":", "：", "…", "“", "„")


def language_of_script(text: str, own: str) -> str:
    """The language that a text is written in, as far as its script tells it from the language of the turn."""
    written = next((language for language, letters in SCRIPTS if letters.search(text)), "")
    return own if not written or (written, own) == ("zh", "ja") else written


def capitalized(text: str, language: str, is_name: Callable[[str], bool]) -> Iterator[list[str]]:
    """Runs of words with a capital, folded; those that merely begin a sentence, or are German nouns, left out.

    Args:
        text: Prose.
        language: Its language.
        is_name: Whether a folded word is part of a name and no common word.
    """
    for run in _runs(text):
        start, words = run[0].start(), [match.group() for match in run]
        begins = not text[:start].strip(BEGINNING) or text[:start].rstrip()[-1:] in AFTER_COLON
        starts_with_name = begins and is_name(fold(words[0]).removesuffix(" s"))
        words = words if starts_with_name or not begins else words[1:]
        if language in NOUN_CAPITALS and len(words) < 2 and not starts_with_name:
            continue
        folded = [part for word in words if not _is_small(word) for part in _pieces(word)]
        if folded:
            yield folded


def _runs(text: str) -> Iterator[list[re.Match[str]]]:
    """Words with a capital, in a row."""
    run: list[re.Match[str]] = []
    for match in WRITTEN.finditer(text):
        follows = bool(run) and not text[run[-1].end() : match.start()].strip() and match.start() > run[-1].end()
        if run and not (follows and match.group()[0].isupper()):
            yield run
            run = []
        if match.group()[0].isupper():
            run.append(match)
    if run:
        yield run


def foreign_names(text: str) -> Iterator[str]:
    """Names of people with a dot between their parts, as Chinese and Japanese write foreign ones."""
    return (match.group() for match in FOREIGN_NAME.finditer(text))


def is_known(word: str, known: frozenset[str]) -> bool:
    """Whether a word, its singular or its plural is among some."""
    return word in known or word.removesuffix("s") in known or f"{word}s" in known


def _is_small(word: str) -> bool:
    """Pronouns and abbreviations: 'I', 'I'm', 'TV'."""
    bare = re.split(r"['’]", word)[0]
    return len(bare) < 2 or (len(bare) < 4 and bare.isupper())


def _pieces(word: str) -> list[str]:
    """The names in a word: "Scorsese's" -> scorsese, "d'Hitchcock" -> hitchcock, 'Sci-Fi' -> sci, fi."""
    pieces = re.split(r"['’.-]", word)
    return [fold(piece) for piece in pieces if len(piece) > 1 and piece[0].isupper() and WORD.match(piece)]
