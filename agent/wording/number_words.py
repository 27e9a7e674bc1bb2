"""Numbers written as words in the languages of the templates; 'one' is an article, 'both' is of two that are named."""

import re
from collections.abc import Mapping
from typing import Final

_TENS_DE: Final = "zwanzig|dreißig|vierzig|fünfzig|sechzig|siebzig|achtzig|neunzig"
_UNITS_DE: Final = "ein|zwei|drei|vier|fünf|sechs|sieben|acht|neun"
_HAN: Final = "二两三四五六七八九十百千"


def _words(*words: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![^\W_])(?:{'|'.join(words)})(?![^\W_])", re.IGNORECASE)


NUMBER_WORDS: Final[Mapping[str, re.Pattern[str]]] = {
    "en": _words(
        r"(?<!these )(?<!the )two|(?<!these )(?<!the )three|four|five|six|seven|eight|nine|ten|eleven|twelve",
        r"(?:thir|four|fif|six|seven|eigh|nine)teen",
        r"(?:twen|thir|for|fif|six|seven|eigh|nine)t(?:y|ies)|hundreds?|thousands?|millions?|dozens?|twice|thrice",
    ),
    "es": _words(
        r"(?<!l[oa]s )d[oó]s|tres|cuatro|cinco|seis|siete|ocho|nueve|diez|once|doce|trece|catorce|quince",
        r"dieci\w+|veint\w+|treinta|cuarenta|cincuenta|sesenta|setenta|ochenta|noventa|cien|cientos?|\w+cient[oa]s|mil|miles|docenas?",
    ),
    "fr": _words(
        r"(?<!les )(?<!tous )(?<!toutes )deux|trois|quatre|cinq|six|sept|huit|neuf|dix|onze|douze|treize|quatorze",
        r"quinze|seize|vingts?|trente|quarante|cinquante|soixante|cents?|mille|(?:diz|douz|quinz|vingt|trent|cent)aines?",
    ),
    "de": _words(
        r"zwei|drei|vier|fünf|sechs|sieben|acht|neun|zehn|elf|zwölf|(?:drei|vier|fünf|sech|sieb|acht|neun)zehn",
        rf"(?:(?:{_UNITS_DE})und)?(?:{_TENS_DE})(?:er(?:n|jahren?)?)?",
        rf"(?:{_UNITS_DE})?hunderte?|(?:{_UNITS_DE})?tausende?|dutzende?|zweimal|dreimal",
    ),
    "pt": _words(
        r"(?<!os )dois|(?<!as )duas|três|quatro|cinco|seis|sete|oito|nove|dez|onze|doze|treze|quatorze|catorze|quinze",
        r"dezess\w+|dezoito|dezenove|vinte|trinta|quarenta|cinquenta|sessenta|setenta|oitenta|noventa|cem|centenas?|\w+centos|mil|dúzias?",
    ),
    "it": _words(
        r"due|tre|quattro|cinque|sette|otto|nove|dieci|undici|dodici|\w+dici|diciassette|diciotto|diciannove",
        r"vent\w*|(?:trent|quarant|cinquant|sessant|settant|ottant|novant)[ai]\w*|cento\w*|mille|\w+mila|dozzin[ae]|decin[ae]",
    ),
    "nl": _words(
        r"twee|drie|vier|vijf|zes|zeven|acht|negen|tien|elf|twaalf|(?:der|veer|vijf|zes|zeven|acht|negen)tien",
        r"\w*(?:twintig|dertig|veertig|vijftig|zestig|zeventig|tachtig|negentig)|\w*honderd\w*|\w*duizend\w*|miljoen|tientallen",
    ),
    "ru": _words(
        r"два|две|двух|три|трёх|трех|четыре|четырёх|четырех|пять|пяти|шесть|шести|семь|семи|восемь|девять|десять|десяти",
        r"\w+надцать|двадцать|тридцать|сорок|\w+десят|девяносто|сто|\w+сот|двести|триста|тысяч\w*|миллион\w*",
    ),
    "pl": _words(
        r"dwa|dwie|dwóch|trzy|trzech|cztery|czterech|pięć|pięciu|sześć|sześciu|siedem|siedmiu|osiem|dziewięć|dziesięć",
        r"\w+naście|\w+dzieścia?|\w+dziesiąt|sto|\w+sta|\w+set|tysiąc\w*|tysięcy|milion\w*",
    ),
    "tr": _words(
        r"iki|üç|dört|beş|altı|yedi|sekiz|dokuz|on|yirmi|otuz|kırk|elli|altmış|yetmiş|seksen|doksan|milyon",
    ),
    "zh": re.compile(rf"(?<![这那])[{_HAN}]+(?:部|个|位|人|年|本|次|小时|分钟|岁|颗|集|名|倍|成)"),
    "ja": re.compile(
        rf"(?<!この)[{_HAN.replace('两', '')}]+(?:本|人|年|つ|時間|分|歳|作品|回|部|倍|名|話)|ふたつ|みっつ|よっつ"
    ),
    "ko": re.compile(
        r"(?<![가-힣])(?<!이 )(?:두|세|네|다섯|여섯|일곱|여덟|아홉"
        r"|열(?:한|두|세|네|다섯)?|스무|서른|[이삼사오육칠팔구]?[십백천](?:[일이삼사오육칠팔구])?)"
        r"\s?(?:편|명|개|시간|년|번|살|작품|가지|사람|배)"
    ),
}
"""Language -> what writes a number of two and more in it."""
DIGIT: Final = re.compile(r"\d+(?:[.,\u00a0\u202f]\d+)*|(?<=\x01\s)[IVX]{2,4}(?![^\W_])")


def numbers_in(text: str, languages: tuple[str, ...]) -> list[str]:
    """What stands for a number in a text: digits of any script, words, a Roman numeral right after a title."""
    numbers = DIGIT.findall(text)
    for language in languages:
        numbers += NUMBER_WORDS[language].findall(text) if language in NUMBER_WORDS else []
    return numbers
