"""Kinds of statement, by the words that make them: what no field shows, what needs a fact, what admits ignorance."""

import re
from collections.abc import Mapping

UNPROVABLE = re.compile(
    r"\b(?:oscars?|academy awards?|golden globes?|emmys?|bafta|palme d.or|award|awards|award-winning|prizes?|"
    r"nominat(?:ed|ion|ions)|box[- ]office|blockbusters?|budget|sequels?|prequels?|remakes?|reboot|"
    r"true story|critics?|critically|acclaim\w*|rotten|imdb|best-?sell\w+|record-?breaking|"
    r"premios?|premiad[oa]s?|galardon\w+|nominad[oa]s?|taquilla|secuela|precuela|críticos?|"
    r"césars?|primé|primée|récompens\w+|nommé aux|box-office|suite de|adapté d|critiques|"
    r"preise?|preisgekrönt\w*|ausgezeichnet mit|nominiert\w*|kassenschlager|fortsetzung|neuverfilmung|kritiker\w*|"
    r"prêmios?|indicad[oa]s? ao|bilheteria|sequência de|aclamad[oa]s?)\b"
    r"|奥斯卡|金像奖|金球奖|获奖|得奖|提名|票房|续集|前传|翻拍|豆瓣|影评|"
    r"アカデミー賞|受賞|ノミネート|興行収入|続編|リメイク|批評家|"
    r"아카데미|수상|후보에 올|흥행|속편|리메이크|평론가",
    re.IGNORECASE,
)
"""Prizes, sales, verdicts, where a work came from: only where a text of the item says it."""

UNKNOWING = re.compile(
    r"(?:(?:\b(?:cannot|not|nothing|no field|unable)|n['’]t)\b"
    r".{0,40}\b(?:know\w*|tell|tells|say|says|sure|check\w*|verif\w+|list\w*|judge|promise|confirm)"
    r"|\b(?:no|tampoco)\b.{0,30}\b(?:s[eé]|sabe\w*|dice|consta|puedo|comprobar|figura\w*|indica)"
    r"|\b(?:ne\b|n['’]|pas\b).{0,40}\b(?:sais|sait|dit|connaît|connu\w*|vérifi\w+|indiqu\w+|peux)"
    r"|\b(?:weiß|sagt|verrät|prüfen|bekannt|sehen|verzeichnet|steht)\b.{0,40}\b(?:nicht|nichts|kein\w*)"
    r"|\b(?:nicht|nichts|kein\w*)\b.{0,40}\b(?:weiß|sagen|sagt|prüfen|bekannt|feststellen|verzeichnet|steht)"
    r"|\bnão\b.{0,30}\b(?:sei|sabe\w*|diz|consta|posso|conferir|verificar|informa))"
    r"|(?:不知道|不清楚|没有记录|没有注明|没写|无法|查不到|未知|不能确定|没法)"
    r"|(?:わかりません|分かりません|わからない|分からない|不明|確認できません|載っていません|判断できません)"
    r"|(?:모르|알 수 없|확인할 수 없|나와 있지 않|적혀 있지 않)",
    re.IGNORECASE,
)
"""That something is not known: true whenever it is said, and no fact could show it."""


def _by_language(patterns: Mapping[str, str]) -> Mapping[str, re.Pattern[str]]:
    return {language: re.compile(pattern) for language, pattern in patterns.items()}


DENIAL = _by_language(
    {
        "en": r"\b(?:(?:is|are|was|were|be|feels?|gets?|looks?)\s+(?:\w+\s+)?(?:not|never|hardly|neither)"
        r"|(?:[Ii]s|[Aa]re|[Ww]as|[Ww]ere)n['’]t|without|nor|[Nn]one|free of|devoid of|lacks?"
        r"|(?:is|has|with) nothing(?=\s\w)"
        r"|[Nn]o(?!\s+(?:doubt|longer|matter|wonder|less|need|problem|hurry|idea|rush)\b)(?=\s+\w))\b",
        "es": r"\b[Nn]o\s+(?:es|son|era|tiene\w*|hay|está)\b|\b[Ss]in\b|\b[Nn]i\b|\b[Nn]ing[uú]n\w*|\bnada de\b",
        "fr": r"n['’](?:est|a|était)\s+(?:pas|rien|aucun\w*|jamais)|\bne\s+(?:sont|contient)\s+(?:pas|aucun\w*)"
        r"|\bpas\s+(?:de|d['’]|trop|du tout)|\b[Ss]ans\b|\b[Aa]ucune?\b|\b[Nn]i\b",
        "de": r"\b(?:[Ii]st|[Ss]ind|[Ww]ar|[Ww]ird)\b[^,.;:]{0,25}\bnicht\b|\b[Kk]ein\w*|\b[Oo]hne\b|\b[Ww]eder\b",
        "pt": r"\b[Nn]ão\s+(?:é|são|tem|têm|há|era)\b|\b[Ss]em\b|\b[Nn]em\b|\b[Nn]enhum\w*",
        "zh": r"不是|没有|毫无|并非|并不|不太|不算|不那么|不(?=血|恐|暴|吓|悲|长|可怕)",
        "ja": r"(?:では|じゃ)(?:ない|なく|ありません)|(?:が|は|も)(?:ない|ありません|なく)"
        r"|く(?:ない|ありません)|なし(?:の|で)",
        "ko": r"아니|아닌|(?:이|가|은|는|도)\s?(?:없|않)|지\s?않|안\s(?=무서|잔인|폭력|길|슬)",
        "pl": r"\b[Nn]ie\s+(?:jest|są|był[aoy]?|ma|mają)\b|\b[Bb]ez\b|\b[Aa]ni\b|\b[Żż]adn\w*",
        "tr": r"\b[Dd]eğil\w*|\b[Yy]ok\b|\b[Hh]içbir\b|\b\w+s[ıiuü]z\b",
        "it": r"\b[Nn]on\s+(?:è|sono|era|ha|hanno|c['’]è)\b|\b[Ss]enza\b|\b[Nn]é\b|\b[Nn]essun\w*|\b[Nn]iente\b",
        "nl": r"\b(?:[Ii]s|[Zz]ijn|[Ww]as|[Ww]aren|[Hh]eeft)\b[^,.;:]{0,25}\bniet\b|\b(?:[Gg]een|[Zz]onder|[Nn]och)\b",
        "ru": r"\b[Нн]е\s+\w+|\b[Бб]ез\b|\b[Нн]ет\b|\b[Нн]и\b|\b[Нн]икак\w*",
    }
)
"""Language -> that something is not so."""

EXTREME = _by_language(
    {
        "en": r"\b[Tt]he\s+(?!(?:best|rest|closest|nearest|quest|guest|test|forest|west|nest|request|interest"
        r"|finest|priest|protest|contest|conquest|harvest|arrest|chest|honest)\b|most of\b)"
        r"(?:[a-z]{2,}est|(?:most|least)\s+[a-z]+|only|sole)\b",
        "es": r"\b(?:[Ee]l|[Ll]a|[Ll]os|[Ll]as)\s+(?:\w+\s+)?(?:más|menos)\b|\b[úÚ]nic[oa]s?\b",
        "fr": r"\b[Ll](?:e|a|es)\s+(?:plus|moins)\s(?!proche)|\b(?:[Ll]a\s|[Ll]e\s|[Ll]['’])(?:seule?|unique)\b",
        "de": r"\b(?:[Dd]er|[Dd]ie|[Dd]as|[Dd]en|[Dd]em|am)\s+(?!erste|beste|letzte|nächste|meiste|liebste)"
        r"[a-zäöüß]{3,}ste[nrsm]?\b|\beinzige\w*",
        "pt": r"\b[OoAa]s?\s+(?:\w+\s+)?(?:mais|menos)\b|\b[úÚ]nic[oa]s?\b",
        "zh": r"最(?!后|近|终|好|佳|初|适合|爱)|唯一|只有",
        "ja": r"最も|一番|最(?=短|長|新|古|多|高)|唯一|だけが",
        "ko": r"가장|제일|유일",
        "pl": r"\b[Nn]aj(?!lepsz|pierw|bliż)\w{3,}|\b[Jj]edyn\w*",
        "tr": r"\b[Ee]n\s+(?!iyi|son)\w+|\b[Tt]ek\b",
        "it": r"\b(?:[Ii]l|[Ll][aoe]|[Ii]|[Gg]li)\s+(?:\w+\s+)?(?:più|meno)\s+\w|\b[Uu]nic[oahei]+\b",
        "nl": r"\b(?:[Dd]e|[Hh]et)\s+(?!(?:eerste|beste|laatste|meeste)\b)[a-zë]{3,}ste\b|\benige\b",
        "ru": r"\b[Сс]ам(?:ый|ая|ое|ые|ого|ой|ых)\s+\w+|\b[Ее]динственн\w*",
    }
)
"""Language -> that something is so of one among several."""

COMPARISON = _by_language(
    {
        "en": r"\b(?!(?:other|rather|more|ever)\s+than)(?:[a-z]{2,}er|(?:more|less)\s+[a-z]+)\s+than\b",
        "es": r"\b(?:más|menos)\s+\w+\s+que\b",
        "fr": r"\b(?:plus|moins)\s+\w+\s+qu",
        "de": r"\b[a-zäöüß]{3,}er\s+als\b",
        "pt": r"\b(?:mais|menos)\s+\w+\s+(?:do\s+)?que\b",
        "zh": r"比(?=[\x01\s《])",
        "ja": r"より(?=[^、。]{0,8}(?:い|た|作))",
        "ko": r"보다\s",
        "pl": r"\b\w+sz[yae]\s+(?:niż|od)\b",
        "tr": r"\bdaha\s+\w+",
        "it": r"\b(?:più|meno)\s+\w+\s+(?:di|del\w*|che)\b",
        "nl": r"\b[a-zë]{3,}er\s+dan\b",
        "ru": r"\b\w+ее,?\s+чем\b",
    }
)
"""Language -> that one is more so than another."""

NOT = re.compile(
    r"\b(?:not|no|never|nor|none|neither|without|sin|ni|nunca|ning[uú]n\w*|pas|sans|aucune?|jamais|nicht|kein\w*|ohne|nie"
    r"|weder|não|sem|nem|nenhum\w*|non|niente|nessun\w*|né|senza|niet|geen|zonder|inte|ingen|utan|nie|bez|żad\w+"
    r"|не|нет|без|ни)\b|n['’]t\b|不|没|無|无|非|ない|なく|ません|なし|아니|아닌|않|없|안\s",
    re.IGNORECASE,
)
"""Any word that denies."""

DENIED_FACT = re.compile(rf"(?:{NOT.pattern})\W*(?:[^\W\d_]+\s+){{0,2}}[\x02\x03]", re.IGNORECASE)
"""A word that denies, right before a handle that states what is so."""

BACK = re.compile(
    r"\W*(?:(?:it|its|this|that|he|she|il|elle|er|sie|es|ella|él|ele|ela)\b|[它这那该他她]|それ|これ|그)", re.IGNORECASE
)
"""How a sentence begins that goes on about one item."""
