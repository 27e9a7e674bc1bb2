"""Which language a message is in, by a small model of letter sequences that comes with py3langid."""

from functools import cache
from math import exp
from typing import Final

import py3langid

# fmt: off
LANGUAGES: Final = [
    "en", "de", "fr", "es", "pt", "it", "nl", "sv", "da", "no", "fi", "pl", "cs", "hu", "ro",
    "ru", "uk", "el", "tr", "ar", "he", "fa", "hi", "zh", "ja", "ko", "vi", "th", "id",
]
# fmt: on
SURE: Final = 0.8
"""How likely a language must be to be believed of a few words."""
AGAIN: Final = 10.0
"""How much likelier the language of before is than another, before a word was read."""
FEW, AGAIN_OF_FEW = 15, 400.0
"""The same of a text of fewer letters: 'no war' looks like Polish."""
BEGINNINGS: Final = {
    "de": ("ein", "eine", "einen", "etwas"),
    "es": ("un", "una", "algo", "alguna"),
    "fr": ("un", "une", "quelque"),
    "it": ("un", "una", "uno", "qualcosa"),
    "nl": ("een", "iets"),
    "pt": ("um", "uma", "algo", "alguma"),
    "sv": ("ett", "någon", "något"),
}
"""Words that begin a wish in a language and none in English: 'um romance triste' is told by its first word alone."""
HARDLY: Final = 0.03
"""How likely beside the likeliest one it must at least be: 'um, which one?' is no Portuguese."""
LIKELY: Final = 0.25
"""How likely, beside the likeliest one, a language must be that a few words may be in."""


def language_of(text: str, before: str = "en") -> str:
    """The code of the language of a text: 'en', 'de'.

    Args:
        text: What somebody wrote.
        before: The language that was spoken before: it counts where the text is too short to tell.
    """
    outside = " ".join(
        part.rpartition("》")[2] for part in text.split("《")
    )  # a title's language says nothing of the rest
    text = outside if any(map(str.isalpha, outside)) else text
    if not any(map(str.isalpha, text)):
        return before
    weights = _weights(text)
    first = text.lower().split()[0]
    begun = [code for code, words in BEGINNINGS.items() if first in words and weights.get(code, 0.0) >= HARDLY]
    if begun:
        return before if before in begun else max(begun, key=lambda code: weights.get(code, 0.0))
    best = next(iter(weights))
    again = AGAIN if sum(map(str.isalpha, text)) >= FEW else AGAIN_OF_FEW
    weights[before] = again * weights.get(before, 0.0)
    return best if weights[best] / sum(weights.values()) >= SURE else before


def is_likely(language: str, text: str, *, least: float = LIKELY) -> bool:
    """Whether a text may be in a language by its letters alone, whatever was spoken before.

    Args:
        language: A code.
        text: What somebody wrote.
        least: How likely, beside the likeliest language.
    """
    return _weights(text).get(language, 0.0) >= least


def _weights(text: str) -> dict[str, float]:
    """How likely each language is beside the likeliest, which stands first."""
    _choose()
    scores = py3langid.rank(text)
    return {str(code): exp(max(-50.0, float(score - scores[0][1]))) for code, score in scores}


@cache
def _choose() -> None:
    py3langid.set_languages(LANGUAGES)
