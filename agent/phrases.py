"""English and Chinese phrases by which people want, like, refuse and ask: regular expressions without any domain."""

CLAUSE = r"[.!?;:。！？；]\s*|[,，、]\s*|(?<!anything)(?<!everything)(?<!anyone)\s+(?:but|however|though|instead|yet)\s+|但是?|不过|\s[-–—]\s"
"""Where the reach of a negation ends."""

NEGATION = (
    r"\b(?:no|not|non|without|don't|dont|do not|doesn't|does not|didn't|won't|never|nothing(?! to do with)|leav(?:e|ing) out|spare me|neither|nor|hates?|hated|"
    r"dislikes?|disliked|can't stand|cant stand|cannot stand|can't bear|can't handle|can't take|avoid|except(?: for)?|"
    r"excluding|anything but|everything but|anyone but|less|fewer|skip|sick of|tired of|enough(?: of)?|other than|"
    r"isn't|aren't|minus|bored? (?:of|with|by)|fed up with|(?:shorter|short|light|lighter|easy|easier) on|walks? out of|afraid of|scared of|allergic to)\b(?! only| just)"
    r"|不要|不想|别|不看|不含|不喜欢|不爱|讨厌|受不了|除了|非|不是|(?<!有)没有|害怕|不能有|少一?点|无"
)
NEGATION_AFTER = (
    r"^\W*\w*\W+(?:is|are|was|were)(?:n't| not) (?:my|for) |\bno thanks\b|\bout of the question\b|\bnot for me\b"
    r"|\bbores? me|\bmakes? me sick|就算了|就?免了|不行|免谈|不要了|受不了|不喜欢"
)
SHIFT = r"\b(?:just|rather|so it's|always|give me|i want|i'd like|show me|please|how about|want|only|looking for)\b|想看|要的是|来点"
"""Words after which a negation no longer holds."""

STILL_WANTED = (
    r"\b(?:don't mind|do not mind|doesn't matter|is fine|are fine|is ok(?:ay)?|are ok(?:ay)?|fine again|ok(?:ay)? again|"
    r"is (?:alright|all right)|never ?mind|no longer mind|forget about the|forget the)\b|没关系|无所谓|也可以|可以有|不介意"
)
ALTERNATIVE = r"\s*(?:,|/|、|,?\s*\bor\b|,?\s*\bnor\b|或者?|还是)\s*(?:maybe |even |an? |any |some )?\s*"

APPROVAL = r"\W*(?:yes\b|ok\b|good\b|great\b|可以|不错|did\b)"
REFUSAL = r"(?:\bnot|\bno|\bwithout|\bnothing like|\bneither|不要|不是|别)\W+(?:\w+\W+){0,2}$"
BACKWARD = r"[,，]\W*(?:(?:and|i|we|really|just|so|was|is|too|not|found|thought)\W+)*(?:\w+\W+)?(?:it|that|them|this|one|both|too|boring|not for me)\b|[,，].*(?:它|看不下去|睡着)"
"""A clause that still speaks of the title before it."""
LIKE = (
    r"\b(?:(?<!don't )(?<!not )(?<!didn't )lik(?:e|ed|es)|lov(?:e|ed|es|ing)|enjoy(?:ed|s)?|ador(?:e|ed)|similar to|in the (?:vein|style|spirit) of|"
    r"reminds? me of|fans? of|favou?rites?|masterpiece|brilliant|amazing|great|awesome|fantastic|wonderful|perfect|"
    r"comfort|excellent|superb|lovely|classic|fave|soft spot|blew me away|could watch|can watch|exactly right|spot on|right up my|a gem|in tears|(?:looks|sounds) (?:good|great|fun|interesting|nice|perfect)|i'll (?:watch|take|try|read|get|go (?:with|for))|let's (?:watch|take|try|go)|in a good way|the best|same (?:feel|vibe|mood) as|as good as|(?:was|is|were) (?:so |very |really )?(?:good|fun|cool|nice))\b"
    r"|喜欢|爱看|最爱|像|类似|好看|太棒|很棒|经典|精彩|不错|更多"
)
DISLIKE = (
    r"\b(?:(?:don't|dont|do not|didn't|did not|doesn't|never) (?:really )?(?:like|liked|love|enjoy|care|want|get)|hat(?:e|ed|es)|"
    r"dislik(?:e|ed)|awful|terribl[ey]|boring|bor(?:e|ed|es)|horrible|overrated|worst|can't stand|cannot stand|sucks?|sucked|"
    r"disappoint(?:ed|ing)|garbage|trash|crap|stupid|dumb|nothing like|not like|unlike|too (?:slow|long|dark|sad|silly|violent|scary)|"
    r"not (?:for me|my thing|my taste|this one|that one|the)|walked out|lame|couldn't finish|put me to sleep|fell asleep|meh|left me cold|did nothing for me|didn't do it|not so much|not (?:a |an |much of a |really a )?(?:big |huge )?fan(?: of)?|couldn't get (?:through|into)|can go|wasn't for|isn't for|weren't for|aren't for|crime against|no thanks|way too|too grim|mediocre|waste of time|over-?hyped|(?:doesn't|does not|didn't) (?:really )?(?:grab|convince|appeal to|interest) me)\b"
    r"|不喜欢|不爱|讨厌|难看|无聊|睡着|看不下去|没兴趣|不感兴趣|就不行|太差|太烂|烂片|失望|受不了|没意思|不好看|不要|太沉重|太长|太闷|不怎么样|不太?吸引|不太?适合我"
)
SEEN = (
    r"\b(?:(?:have|'ve|had|i|we|already|just) (?:already |just |both |all )?(?:seen|watched|read|heard|played|tried|bought|finished|saw|know|own)|"
    r"(?:seen|watched|saw|finished)\b.{0,12}\x01|already (?:seen|know|watched|read|own)|knows? .{0,14}by heart|rewatched)\b|[看读听玩买]过|看完"
    r"|\x01\W+(?:already )?(?:seen|watched|read|heard|played|own|know) (?:it|that|this|already)\b"
    r"|\byou(?:'ve| have)? (?:already |just )?(?:suggested|recommended|showed|shown|offered|named|mentioned)\b"
    r"|(?:你|刚才|已经)[^，。,.《]{0,4}(?:推荐|提|说|给)过|又是\W*\x01|\x01\W*又来了?"
)
REQUEST = (
    r"\b(?:recommend|suggest|show me|give me|find (?:me )?|looking for|look for|i want|i'd like|we want|want (?:to|a|some|the)|need|"
    r"in the mood|feel like|something|anything|somewhere|what (?:should|can|could|to|do you (?:recommend|suggest|have)|else|next|would)|"
    r"which .{0,20} (?:should|would)|any(?: other| more)? .{0,24}\?|more like|got more|more\?|(?<=[.!?] )more|^more|next\?|next one|any ideas?|ideas\?|similar|"
    r"else by|another|surprise me|tonight|please|pls|how about|what about|more of|pick)\b"
    r"|推荐(?!过)|想看|想要|想找|来[点一几部]|给我|有没有|有什么|找[一几点]|换[一个部点]|类似|还有|来点|求|随便"
)
MORE_OF = (
    r"\b(?:more like|another|others?|else|different|instead|again|not th(?:at|is|e)|without|except|only|older|newer|rather|"
    r"less|more|too|surprise|next|but|skip|change|swap|actually|what about|how about|same but|fewer|no)\b|换|再|更|别的|其他|不要|还有|类似|轻松|一点"
)
QUESTION = (
    r"^\W*(?:(?:and|so|but|ok|hey|hi)\W+)?(?:who|whos|who's|whose|whats|what(?:'s| is| was| are| year| does| happens)|when|where|why|how (?:long|old|scary|violent|many|sad|good|dark)|"
    r"is|are|does|do|did|was|were|can|has|have you|tell me|explain|describe)\b|\b(?:tell me (?:more )?about|what(?:'s| is) (?:it|that|this) about|"
    r"story of|plot of|what do you think (?:of|about)|who (?:directed|made|wrote|stars|plays|is in|acts|was)|what is it|is it (?:any good|good|scary|sad|violent))\b"
    r"|谁|讲(?:的是)?什么|什么内容|哪一?年|为什么|介绍|好看吗|是什么|多长|吗[?？]?$"
)
WHY = (
    r"\bwhy (?:did|do|is|are|was|this|that|the|would|it|these|those|me|not)\b|\bhow come\b|\bwhat made you (?:pick|choose)\b"
    r"|^\W*why\W*$|为什么|为何|凭什么"
)
GREETING = (
    r"(?:(?:hi|hello|hey|hiya|yo|good (?:morning|evening|afternoon|day)|thanks?(?: you)?(?: so much| a lot| very much)?|thx|ty|cheers|"
    r"bye|goodbye|see you|ok(?:ay)?|cool|great|nice|perfect|awesome|lol|haha|how are you(?: doing)?|what'?s up|who are you|what can you do|"
    r"how does this work|what do you do|what are you|help(?: me)?|there|bot|everyone|your help|for your help|got it)[\s,.!?🙂😊]*)+"
    r"|(?:(?:你好|您好|嗨|谢谢(?:你|您)?|多谢|再见|拜拜|早上好|晚上好|好的|好吧|你是谁|你能做什么|在吗|哈哈+)[\s,，.。!！?？~]*)+"
)
COMPANY = (
    r"\b(?:my|our|the) (?:little |small |young |two |three )?(?:kids?|children|son|daughter|niece|nephew|wife|husband|"
    r"mother|mom|mum|father|dad|parents|grandma|grandpa|girlfriend|boyfriend|partner)\b|孩子|女儿|儿子|老婆|老公|父母|爸妈"
)
"""Who is there too: worth keeping in mind."""
COMPANY_GONE = rf"(?:{COMPANY}).{{0,12}}\b(?:in bed|asleep|sleeping|gone|away|out|not here)\b|(?:{COMPANY}).{{0,4}}(?:睡了|不在|走了)"
THANKS = r"\b(?:thanks?|thx|ty|cheers|bye|goodbye|see you|good night|perfect|great|cool)\b|谢|再见|拜拜|晚安"
LASTING = (
    r"\b(?:can't|cannot|cant|can not|couldn't) (?:stand|bear|handle|take|watch|stomach)|\bi (?:never|don't ever|won't ever) \w+|\bnever (?:watch|show|read|buy|play)|"
    r"\balways\b|\bi hate\b|\ballergic\b|\bscared of\b|\bafraid of\b|\bas a rule\b|\bin general\b|\bphobia\b|"
    r"受不了|从来不|从不|一向|总是|害怕|过敏|" + COMPANY
)
OLDER_WORDS = r"\b(?:older|earlier|more classic|something old|further back)\b|更?老一?[点些]|早一?[点些]|更早|再老"
NEWER_WORDS = r"\b(?:newer|more recent|more modern|less old|fresher|recent\?)|新一?[点些]|更新|近一?[点些]"
SURPRISE = r"\bsurprise me\b|\bsomething (?:completely |totally |really )?(?:different|unexpected|random|weird)\b|\badventurous\b|给我(?:一?个)?惊喜|随便来|出乎意料"
ANYTHING = (
    r"^\W*(?:(?:just |oh )?(?:whatever|anything)(?: goes| at all| is fine| works| you (?:like|want|have))?\W*$)"
    r"|\b(?:anything (?:goes|is fine|at all)|i don't care what)\b|随便|都行|什么都(?:行|可以|好)"
)
"""What was asked for before is let go; no limit but the lasting ones holds."""
EXAMPLE = (
    r"^\W*(?:(?:more|something|anything|stuff|one|ones)\W+)?(?:like|similar to|in the (?:vein|style|spirit) of|along the lines of)\b"
    r"|^\W*(?:像|类似|跟|和)"
)
"""The title that follows is an example of what is wanted, not an opinion."""
HELP = (
    r"\b(?:what can you do|how does this work|what do you do|who are you|what are you|how do (?:i|you) (?:use this|work)|help)\b"
    r"|你是谁|你能做什么|怎么用|能帮我什么"
)
SHADE = (
    r"\b(?:more|less|bit|little|even|too|slightly)\b|\b(?:\w+i|dark|light|slow|fast|long|short|old|new|smart|weird|warm|"
    r"calm|sadd|soft|gentl|bigg|small|cheap|deep|quiet|loud|tough|bett|lat|clos|strang)er\b|更|一?点"
)
"""A direction from what was shown: it refines, it does not begin anew."""
HURRY = r"\b(?:quick(?:ly)?|hurry|no time|just one|only one|fast)\b|快点|赶时间|只要一部|就一部"
ADDS = (
    r"^\W*(?:but|and|only|with|from|more|not|no|without|made)\b|\b(?:also|too|as well|ones?|still|same|those|these|it|that (?:is|are)|like (?:that|this)|but with|specifically|of (?:his|hers|theirs))\b"
    r"|也|还要|再|^要"
)
"""A fragment that narrows what was wanted before."""
REPLACES = r"\binstead\b|\brather\b|\bnow for something\b|\bforget (?:that|it|all)\b|\bstart over\b|换成|改成|算了"
WANTS_NEW = (
    r"\b(?:i want|i'd like|give me|recommend|suggest|show me|something|now)\b|推荐(?!过)|想看|像《|类似|来[点一几]"
)
OTHERS = (
    ANYTHING
    + r"|\b(?:else|others?|another|more|next|different|again|instead|surprise|new ones)\b|换|还有|别的|其他|再来|下一"
)
"""Asks for items that were not shown yet."""
STATED_LIKE = (
    r"\b(?:i|we|my|our)\b.{0,40}\b(?:lov(?:e|ed)|lik(?:e|ed)|enjoy(?:ed)?|ador(?:e|ed))\b|\b(?:loved|liked|enjoyed|favou?rites?|"
    r"masterpiece|brilliant|great|perfect|amazing)\b|喜欢|最爱|爱看|好看|太棒|很棒"
)
"""An opinion, not merely an example ('something like X')."""
NOT_IT = r"\bnot (?:that|this|the) one\b|\bnot (?:that|this)\b|不要这|不要那|不是这|不是那"
REJECTS = r"(?:no|nah|nope|none|pass|next|不|不要|不好|算了|都不要)\W*"
"""A list turned down without a word on why."""
TOO_MUCH = r"\b(?:less|too|way too|overly)\W+(?:\w+\W+)?$|太$|过于$"
"""Before a shade that there should be less of."""
