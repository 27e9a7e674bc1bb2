"""Which of the languages that replies are written in a message is in."""

import re

from retrieval.titles import HAN

LANGUAGES = ("en", "zh")
_HAN = re.compile(rf"[{HAN}]")
_LETTER = re.compile(r"[^\W\d_]")


def language_of(text: str, before: str = "en") -> str:
    """'zh' when a Chinese character occurs outside 《》, else 'en'; as before where there is no letter."""
    bare = re.sub(r"《[^》]*》", "", text)
    if _HAN.search(bare):
        return "zh"
    if _LETTER.search(bare):
        return "en"
    return "zh" if _HAN.search(text) else before
