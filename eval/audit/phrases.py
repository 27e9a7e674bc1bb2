"""Words around titles and statements in English and Chinese, as people use them of works of any kind."""

import re

from eval.audit.plain_words import GLUE
from eval.reading.words import STOPWORDS

TITLE_MARK, PERSON_MARK = 0xE000, 0xE800
"""The first of the characters that stand for titles and people in a frame."""
TITLES, PEOPLE = "[\ue000-\ue7ff]", "[\ue800-\uefff]"

SENTENCE_END = re.compile(r"(?<=[.!?。！？\n])(?:[\"”’』」)]*)(?:\s+|(?<=[。！？\n])|$)")
ABBREVIATION = re.compile(r"(?:\b(?:Mr|Mrs|Ms|Dr|St|vs|Jr|Sr|No|Vol)\.|\b[A-Z]\.)$")
BACK = re.compile(r"\W*(?:it|its|he|she|they|their|this|that)\b|\W*[它这那该]", re.IGNORECASE)
"""A sentence that begins so goes on about the items named before."""
UNPROVABLE = re.compile(
    r"\b(?:oscars?|academy award|golden globe|emmy|award|awards|prize|prizes|nominat\w+|box office|blockbuster|budget|"
    r"sequel|prequel|remake|reboot|based on|true story|adapt\w+|inspired by|critics?|acclaim\w*|rotten|imdb|rated \d|"
    r"best-?sell\w+|record-?breaking|most (?:popular|famous|successful)|not recommend|don't recommend|"
    r"legendary|iconic)\b"
    r"|不推荐|不建议|奥斯卡|金像奖|获奖|提名|票房|续集|改编|翻拍|真实故事|豆瓣|影评",
    re.IGNORECASE,
)
"""What no catalog records: prizes, money, rumors."""

SUGGESTION = re.compile(
    r"\b(?:try|tried|watch|read|play|recommend(?:ed|ing|ation)?|suggest(?:ed|ion)?|check(?:ing)? out|go (?:with|for)|how about|what about|"
    r"(?:give|gave) \W*\w* ?(?:it )?a (?:go|try|shot|chance)|(?:would|'d|will|'ll|might|may|should|could|can) (?:also |really |probably )?(?:love|like|enjoy|"
    r"appreciate|watch|see|try|be (?:perfect|great|good|right))|perfect for|(?:safe|good|great|strong|solid|excellent|fine|better|best) (?:choice|pick|bet|option|start|fit)|my (?:pick|choice|tip|suggestion)|pick would|is the one|what you need|one for you|have you (?:ever )?(?:seen|tried|watched|read)|start with|"
    r"right up your|put on|queue|add to your|for tonight|don't miss|must-see|must see|is another|you want)\b"
    r"|推荐|试试|不妨|就看|可以看|看看|怎么样|值得|适合你|首选",
    re.IGNORECASE,
)
"""Makes a sentence a suggestion of the titles in it."""
CUE_BEFORE = re.compile(
    r"(?:\b(?:recommend(?:ed|ing)?|suggest(?:ed|ing)?|try|tried|trying|watch|watched|watching|see|seen|saw|check(?:ed)? out|go with|went with|go for|"
    r"how about|what about|start with|pick would be|choice would be|tip would be|suggestion would be|is called|called|titled|entitled|there is|there's|"
    r"there is also|there's also|also have|we have|similar to [^,.]{2,40},|like [^,.]{2,40},|enjoy(?:ed)?|love(?:d)?|liked?|picked|put on|"
    r"read|play|heard of|know|fan of|fans of|maybe|perhaps|consider|such as|include|includes|named|prefer|next is|then|or|and)"
    r"(?:\s+(?:is|the (?:film|movie|book|game|classic|title)|a (?:film|movie|book) called|called|watching|also|just|again))?"
    r"|(?:推荐|看过|看看|试试|喜欢|叫|叫做|像|类似))\W{0,4}$",
    re.IGNORECASE,
)
"""Stands right before a title."""
OF_LIKE = re.compile(
    r"\b(?:in|of|for|to|from|with|than|like|unlike|before|after|about|by|makes|made|moves|choose|chose|both|mind)\W+$",
    re.IGNORECASE,
)
"""Stands before names of any kind."""
AFTER_TITLE = re.compile(
    r"[\"”'’*_》]{0,3}(?:\s*[,:(–—-]|\s*['’]s\b|\s+(?:is|was|are|has|had|isn['’]t|wasn['’]t|stars?|starred|starring|features?|featuring|follows|followed|tells|"
    r"came|comes|takes|took|makes|made|won|runs|ran|builds|asks|shows|keeps|gets|goes|begins|starts|ends|plays|feels|looks|works|remains|still|never|"
    r"directed|written|released|with|by|from|and|or|would|will|might|may|should|could|can|as well|belongs|mixes|pairs|moves|reunites|moved|dates|hardly|barely|turns|"
    r"offers|blends|combines|explores|focuses|deals|picks|continues|rounds|does|did|became|becomes|sounds|seems|deserves|holds|on|too|tonight|instead|"
    r"also|really|just|again)\b|\s*(?:\n|$)|\s*[.!?])"
)
"""What goes on behind a title that begins a sentence."""
LIST_ITEM = re.compile(r"(?:^|\n)\s*(?:\d{1,2}[.)]|[-*•])\s*\W{0,3}$")
"""Right before the first words of a list's line."""
NOT_A_TITLE = re.compile(
    r"\b(?:academy|oscars?|awards?|globes?|best (?:picture|director|actor|actress|film|song)|palme|cannes|sundance|festival|netflix|hulu|prime|disney\+|"
    r"imdb|rotten|metacritic|university|college|street|avenue|airport|christmas eve|new year|world war|second world|first world|middle ages|"
    r"january|february|april|june|july|august|september|october|november|december|monday|tuesday|wednesday|thursday|friday|saturday|sunday)\b",
    re.IGNORECASE,
)
COMPARED = re.compile(
    r"(?:\b(?:like|unlike|similar to|reminiscent of|in the (?:vein|style|spirit) of|than|fans? of|lovers? of|people who (?:liked?|loved?|enjoy(?:ed)?)|if you (?:really |also )?"
    r"(?:liked?|loved?|enjoy(?:ed)?|want)|(?:since|because|as) you (?:liked?|loved?|enjoyed|mentioned|said)|you (?:liked?|loved?|enjoyed|mentioned|named)|"
    r"director of|makers? of|creators? of|people behind|star of|sequel to|prequel to|remake of|follow-up to|companion to|before|after|besides|instead of|not|"
    r"as (?:\w+ )?as|half|sister of|answer to|based on|together with|follow(?:s|ed)? up)|像|与|和|类似|不像|跟|除了)\W+(?:\w+\W+){0,2}$",
    re.IGNORECASE,
)
"""Right before a title that the sentence only compares with."""
ABOUT_USER = re.compile(
    r"\b(?:if|since|because|as|when|given that) (?:you|you['’](?:re|ve|d)|you are|you have)\b(?! see\b)[^,;.!?:–\n]*"
    r"|\byou (?:really |also |clearly |just )?(?:mentioned|said|asked|told|wanted|want|liked?|loved?|enjoyed|enjoy|like|love|hated?|prefer|named|listed|seem|are (?:looking|after))\b"
    r"[^,;.!?:–\n]*|\b(?:do|did|would|are|have|shall|is|was) (?:you|we|that|it|they)\b[^.!;:–\n]*\?|\b(?:fans|lovers) of\b[^,;.!?\n]*"
    r"|\b(?:people|everyone|those|anyone|viewers|users) who (?:liked?|loved?|enjoy(?:ed)?)\b[^,;.!?\n]*"
    r"|(?:如果|要是|既然|因为)?你?(?:喜欢|想看|提到|说过?)[^，。；！？\n]*(?:的话|，)",
    re.IGNORECASE,
)
"""Speaks of what the user said or likes, or asks: claims nothing about an item."""
NEGATED = re.compile(
    r"\b(?:not|no|isn['’]t|wasn['’]t|aren['’]t|doesn['’]t|don['’]t|didn['’]t|never|without|neither|nor|hardly|less|rather than|instead of|unlike|far from|"
    r"nothing|anything but|free of|more than)\b[^,;.!?:]*$|(?:不是|没有|并非|不算|不太|而非|无)[^，。；]*$",
    re.IGNORECASE,
)
"""Before a statement that is denied."""
MINOR = re.compile(
    r"\b(?:small|minor|bit|brief|tiny|supporting) (?:part|role|appearance)|\bcameo|\bbriefly\b|\bappears? too\b|客串",
    re.IGNORECASE,
)
"""Parts so small that no catalog lists them."""
ALL_OF = re.compile(r"\b(?:both|all|each|every one)\b|都", re.IGNORECASE)
BOUNDARY = re.compile(
    r";|；|\n|\b(?:have you (?:ever )?seen|did you see|how about|what about|other than that|i (?:would|can|could|do) (?:suggest|recommend)|i['’]d (?:suggest|recommend))\b|(?:,\s*|\s+)(?:while|whereas|but|though|although)\s|\s[–—-]\s(?=the\b)|，而|,\s*and\s(?=[^,;.]{0,80}[\ue000-\ue7ff])",
    re.IGNORECASE,
)
"""Where what is said of one title ends."""
SETTING = re.compile(
    r"\b(?:set|takes? place|took place|story|tale|plays?|begins?|starts?|during|about|happens?|laboratory|back|lives?|living|war|wars?|town|world|era|memories|america|"
    r"childhood|events?|moon|landing|mission)\b[^,;.]{0,40}$|背景|发生在",
    re.IGNORECASE,
)
"""Before a year in which a story plays."""
SPEAKS_OF_SELF = re.compile(
    r"\b(?:i|i['’]ve|i['’]m|i['’]ll|we|my)\b(?! (?:would|can|could|do|highly|strongly|definitely|also|really|totally)? ?(?:suggest|recommend)|['’]d (?:suggest|recommend|go)| would go)[^.!?;]{0,45}$",
    re.IGNORECASE,
)
"""Before a title of which the assistant says what it has seen or likes itself."""
BEGINNINGS = (
    STOPWORDS
    | GLUE
    | frozenset(
        [
            "starring",
            "directed",
            "featuring",
            "director",
            "actor",
            "actress",
            "both",
            "with",
            "released",
            "watch",
            "similar",
            "based",
            "set",
            "made",
            "written",
            "from",
        ]
    )
)
TITLES_OF_HONOR = frozenset(
    [
        "mr",
        "mrs",
        "ms",
        "dr",
        "sir",
        "lady",
        "lord",
        "king",
        "queen",
        "prince",
        "princess",
        "captain",
        "general",
        "president",
        "saint",
        "st",
    ]
)
DATED = (
    r"(?:\b(?:from|released(?: back)? in|c[ao]me out(?: back)? in|made(?: back)? in|dates?(?: back)? (?:to|from)|dated|opened in|shot in|filmed in|premiered in|"
    r"published in|produced in|debuted in|appeared in|release[d:]?|year:?|classic of|film of|movie of|hit of)\s+(?:the\s+)?(?:year\s+|summer of\s+|early\s+|mid-?\s*|late\s+)?"
    r"|(?:拍摄于|上映于|出品于|发行于|来自|年份：)\s*)$"
)
A_DATED = r"(?:\b(?:a|an|the|this|that|his|her|their|its|great|classic|iconic|fine|good|early|mid|late|another|all-time)|['’]s)[\s-]+(?:[\w'’-]+[\s-]+){0,1}$"
LOOSE = r"\b(?:classics?|hits?|landmarks?|masterpieces?|gems?|pictures?|releases?|story|stories|tales?|originals?|entry|flicks?)\b"
A_VALUE = re.compile(
    r"(?:\b(?:a|an|this|the|another|is|are|was|were|it['’]s|be|as|its|mixes|combines|blends|both|more|pure|one of the \w+|genre:?|belongs to)|['’]s)"
    r"\s*(?:[\w'’-]+,?\s+){0,4}$|(?:^|[:–—-])\s*(?:[\w'’-]+,?\s+){0,2}$",
    re.IGNORECASE,
)
A_PLACE = re.compile(
    r"(?:\b(?:is|it['’]s|made|shot|spoken|filmed|produced|dialogue|mostly|all|entirely|comes?|came|straight|hails?)\s+(?:in|from)\s+|\bfrom\s+)$",
    re.IGNORECASE,
)
SIMILE = re.compile(
    r"\b(?:like|almost|than|as if|kind of|sort of|more of|part|half|touch of|bit of|hint of|elements? of|dose of)\s+(?:a |an )?(?:[\w-]+\s+){0,2}$",
    re.IGNORECASE,
)
GOES_ON = (
    r"(?:\W*$|\s*[,.;:!?)–—，。；！？、/&-]|\s+(?:and|or|with|about|that|which|who|whose|set|from|by|in|for|starring|at|through|made|directed|where|as|of|but|on|featuring|"
    r"told|based|full|to|if|you|inside|when|is|was|are|too|genre|classic|shot|too|once|it|so|than|released)\b)"
)
GOES_ON_CHINESE = re.compile(
    r"(?:动作|剧情|爱情|喜剧|科幻|恐怖|惊悚)*(?:片|电影|影片|作品|题材|类型|类|剧|[，。！？；、]|$)"
)
FOLLOWS = re.compile(
    rf"\b(?:sequels?|prequels?|follow-?up|second part|second film|third part) (?:to|of|in)\W+(?:\w+\W+)?({TITLES})|({TITLES})的(?:续集|前传|第二部)",
    re.IGNORECASE,
)
GOES_BACK = re.compile(
    r"\W*(?:directed|starring|with|featuring|released|written|set|made|based|it['’]?s|both|a|an|another|the (?:film|movie|book|story|cast|director|lead|plot|whole)|"
    r"he|she|him|her|his|cast|director|year|genres?|stars?)\b|\W*(?:导演|主演|类型|上映|由|讲)",
    re.IGNORECASE,
)
NUMBERED = re.compile(
    r"[ \t]+(?:[2-9]|1\d|II|III|IV|V|VI{1,3}|IX|[Pp]art (?:[2-9]|II|III|IV|[Tt]wo|[Tt]hree))(?![\w%'’-])(?!\s+(?:people|of|to|out)\b)"
)
PRONOUNS = frozenset(
    [
        "it",
        "you",
        "he",
        "she",
        "they",
        "we",
        "i",
        "this",
        "that",
        "there",
        "what",
        "who",
        "now",
        "then",
        "here",
        "both",
        "one",
        "me",
        "him",
        "them",
        "us",
        "yes",
        "no",
        "ok",
        "okay",
        "well",
        "so",
        "oh",
        "hi",
        "hello",
        "hey",
        "bye",
        "thanks",
        "sure",
        "wow",
        "cool",
        "great",
        "good",
        "sorry",
        "please",
        "maybe",
        "awesome",
        "nice",
        "perfect",
        "amazing",
        "lovely",
        "wonderful",
        "right",
        "same",
        "true",
        "haha",
        "fine",
        "excellent",
    ]
)
NAME_CUE = re.compile(
    r"(?:include|includes|or|and|then|know|maybe|perhaps|loved?|liked?|enjoy(?:ed)?|prefer|fans? of|heard of|named|called|such as|also|see|is|like [^,.]+,)\W*$",
    re.IGNORECASE,
)
"""Before words that may be a name of somebody, these make no title of them."""
WEAK_CUE = re.compile(r"(?:include|includes|or|and|then|know|maybe|perhaps|is|next is|has)\W*$", re.IGNORECASE)
"""Before words that may be a value of the catalog, these make no title of them."""
REMARK = re.compile(
    r"\b(?:it|that one|this one|that movie|this movie|which|they|he|she)(?:['’]s|\s+(?:is|was|were|has|had))\b|\b(?:i (?:really |also |just )?(?:like[ds]?|enjoy(?:ed)?)|(?<!to )love[ds]?) (?!to\b|stor)|\bsounds? like\b"
    r"|\bi['’]?a?m an? (?:big |huge )?fan\b",
    re.IGNORECASE,
)
"""Speaks of an item or of a taste, and asks for nothing."""
