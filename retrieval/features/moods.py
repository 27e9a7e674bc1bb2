"""A closed list of moods that fits any domain, and the words by which a wish names them, in English and Chinese."""

import re
from collections.abc import Mapping

MOOD_WORDS: Mapping[str, tuple[str, ...]] = {
    "calm": ("calm", "quiet", "peaceful", "relaxing", "soothing", "gentle", "平静", "安静", "舒缓", "宁静"),
    "cheerful": ("cheerful", "happy", "joyful", "upbeat", "sunny", "light-hearted", "lighthearted", "欢快", "轻松"),
    "cozy": ("cozy", "cosy", "comforting", "heartwarming", "heart-warming", "warm", "温馨", "温暖", "治愈"),
    "dark": ("dark", "bleak", "grim", "sinister", "黑暗", "阴暗", "阴郁"),
    "dreamy": ("dreamy", "dreamlike", "surreal", "hypnotic", "magical", "梦幻", "如梦", "超现实"),
    "exciting": ("exciting", "thrilling", "action-packed", "fast-paced", "adrenaline", "刺激", "热血", "激动"),
    "funny": ("funny", "hilarious", "humorous", "witty", "silly", "comic", "laugh", "搞笑", "好笑", "幽默", "滑稽"),
    "gritty": ("gritty", "rough", "brutal", "harsh", "粗犷", "残酷", "硬派"),
    "melancholy": ("melancholy", "melancholic", "sad", "bittersweet", "wistful", "tearjerker", "忧伤", "悲伤", "伤感"),
    "mysterious": ("mysterious", "enigmatic", "puzzling", "eerie", "uncanny", "神秘", "悬疑", "诡异"),
    "nostalgic": ("nostalgic", "nostalgia", "old-fashioned", "retro", "vintage", "怀旧", "复古"),
    "romantic": ("romantic", "tender", "sensual", "浪漫", "甜蜜"),
    "scary": ("scary", "frightening", "creepy", "terrifying", "spooky", "恐怖", "吓人", "可怕"),
    "tense": ("tense", "suspenseful", "nail-biting", "gripping", "edge of my seat", "紧张", "扣人心弦"),
    "thoughtful": ("thoughtful", "thought-provoking", "reflective", "philosophical", "profound", "深刻", "发人深省"),
    "uplifting": ("uplifting", "inspiring", "hopeful", "feel-good", "feelgood", "encouraging", "励志", "振奋", "鼓舞"),
}
"""Mood -> the words that name it."""
MOODS: tuple[str, ...] = tuple(MOOD_WORDS)
_HAN = re.compile(r"[\u4e00-\u9fff]")
_NOT = re.compile(
    r"(?:\b(?:not|no|never|nothing|without|less|isn't|aren't|don't|avoid|rather not)\b"
    r"(?:\s+(?:too|so|as|that|very|really|be|being|is|anything|any|all|want|like|feel))*\s*)$",
    re.IGNORECASE,
)
_NOT_HAN = re.compile(r"(?:不要|不想|(?<!特)别|没那么|不那么|不太|不|少点|避免)(?:太|那么|看|要|过于)*$")


def mood_in(mood: str, language: str) -> str:
    """A mood's name in a language."""
    if language != "zh":
        return mood
    return next((word for word in MOOD_WORDS.get(mood, ()) if _HAN.search(word)), mood)


def _pattern(word: str) -> str:
    return re.escape(word) if _HAN.search(word) else rf"\b{re.escape(word)}\b"


_PATTERNS = {
    mood: re.compile("|".join(_pattern(word) for word in words), re.IGNORECASE) for mood, words in MOOD_WORDS.items()
}


def moods_in(text: str) -> dict[str, float]:
    """The moods that a wish names: 1 for wanted, -1 for refused ('nothing scary'); what is said last counts."""
    moods: dict[str, float] = {}
    for mood, pattern in _PATTERNS.items():
        for match in pattern.finditer(text):
            before = text[: match.start()]
            moods[mood] = -1.0 if _NOT.search(before) or _NOT_HAN.search(before) else 1.0
    return moods
