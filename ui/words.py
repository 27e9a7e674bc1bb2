"""The chat page's own words, in English and Chinese; what names items comes from the catalog's schema."""

from collections.abc import Mapping

_WORDS: Mapping[str, tuple[str, str]] = {
    "tagline": (
        "Say what you feel like. Every suggestion comes with reasons you can open.",
        "说说你想要什么。每条推荐都附有可以查看的理由。",
    ),
    "hello": ("What do you feel like?", "今天想来点什么？"),
    "hello_lead": (
        "Describe it in your own words, or start with one of these:",
        "用自己的话描述，或从下面选一个开始：",
    ),
    "taste_title": ("Or tap a few {nouns} you like", "或者点几个你喜欢的{nouns}"),
    "taste_lead": (
        "Three are enough. Each tap counts at once; tap again to take it back.",
        "三个就够了。点一下立即生效，再点一下取消。",
    ),
    "taste_go": ("Show me {nouns} from my taps", "按我的选择推荐{nouns}"),
    "taste_count": ("{count} picked", "已选 {count} 个"),
    "placeholder": ("What do you feel like?", "想要什么样的？"),
    "message_label": ("Your message", "你的消息"),
    "send": ("Send", "发送"),
    "stop": ("Stop", "停止"),
    "stopped": ("You stopped this answer.", "你停止了这条回答。"),
    "you": ("You", "你"),
    "assistant": ("Reconteur", "Reconteur"),
    "understood": ("I understood", "我的理解"),
    "remove": ("Remove: {label}", "移除：{label}"),
    "lasting": ("kept for later conversations", "以后的对话也会记住"),
    "reading": ("Reading your message …", "正在理解你的话……"),
    "searching": ("Looking through the catalog …", "正在查找……"),
    "reranking": ("Sorting anew …", "正在重新排序……"),
    "writing": ("Writing …", "正在撰写……"),
    "working": ("Working …", "处理中……"),
    "suggestions": ("Suggestions", "推荐"),
    "near": ("Close, but not all of what you asked for", "接近，但不完全符合要求"),
    "breaks": ("Does not keep: {limits}", "不符合：{limits}"),
    "why": ("Why this?", "为什么推荐？"),
    "exploratory": ("Trying something new", "尝试新口味"),
    "exploratory_hint": (
        "A guess, to learn what you like. It was shown with a probability of {percent}.",
        "这是一个猜测，用来了解你的口味，展示概率为 {percent}。",
    ),
    "like": ("Like", "喜欢"),
    "dislike": ("Not for me", "不适合我"),
    "undo": ("Undo", "撤销"),
    "liked": ("Liked", "已喜欢"),
    "disliked": ("Not for you", "不适合你"),
    "cover": ("Cover drawn for {label}", "{label} 的手绘封面"),
    "about": ("More about it", "更多信息"),
    "evidence_fact": ("Fact", "事实"),
    "evidence_text": ("Description", "简介"),
    "evidence_similar_item": ("Alike", "相似"),
    "evidence_co_liked": ("Liked together", "一起被喜欢"),
    "evidence_neighbors": ("People like you", "相似的人"),
    "evidence_cluster": ("Your kind of taste", "同类口味"),
    "evidence_path": ("Connection", "关联"),
    "evidence_popular": ("Popularity", "热度"),
    "evidence_proposed": ("Named by the model", "模型提名"),
    "evidence_read": ("Read by the model", "模型解读"),
    "evidence_guess": ("Guess", "猜测"),
    "evidence_count": ("{count} people", "{count} 人"),
    "evidence_score": ("{channel}, score {score}", "{channel}，得分 {score}"),
    "channel_catalog": ("catalog", "目录"),
    "channel_content": ("descriptions", "简介"),
    "channel_factors": ("liked together", "共同喜好"),
    "channel_neighbors": ("people like you", "相似的人"),
    "channel_sequence": ("what comes next", "接下来"),
    "channel_graph": ("connections", "知识图谱"),
    "channel_trend": ("popularity", "热度"),
    "channel_language_model": ("language model", "语言模型"),
    "channel_exploration": ("guess", "试探"),
    "channel_taste": ("your taste", "你的口味"),
    "no_reason": ("Open the details to see what speaks for it.", "展开即可查看理由。"),
    "how": ("How I found these", "我是怎么找到的"),
    "tools": ("Tools", "工具"),
    "found": ("{count} found", "找到 {count} 个"),
    "scores": ("Scores by channel", "各通道得分"),
    "scores_note": (
        "Each bar is relative to the best of its channel in this list; channels are not compared with each other.",
        "每个条形只与同一通道中的最高分相比，不同通道之间不可比较。",
    ),
    "dimensions": ("What counted for you", "哪些方面对你更重要"),
    "dimensions_note": (
        "Learned from what people took next. Below: what each adds to a score, compared with the average candidate.",
        "从人们接下来的选择中学得。下表为各方面对得分的贡献（与候选平均值相比）。",
    ),
    "dimension_weight": ("weight", "权重"),
    "dimension_content": ("what it is about", "内容"),
    "dimension_sentiment": ("how you feel about it", "喜好"),
    "dimension_timeliness": ("what comes next, lately", "时间与先后"),
    "dimension_collaborative": ("people with your taste", "口味相近的人"),
    "dimension_graph": ("how things hang together", "知识关联"),
    "model": ("Language model", "语言模型"),
    "model_none": ("not asked", "未调用"),
    "understand": ("understanding", "理解"),
    "write": ("writing", "撰写"),
    "act": ("tools", "工具"),
    "rank": ("ranking", "排序"),
    "explore": ("exploring", "探索"),
    "cards": ("cards shown after", "卡片出现"),
    "total": ("whole turn", "整轮"),
    "tokens": (
        "{prompt} tokens read ({cached} from cache), {completion} written",
        "读 {prompt}（缓存 {cached}），写 {completion} 个词元",
    ),
    "times": ("Times", "用时"),
    "seconds": ("{seconds} s", "{seconds} 秒"),
    "milliseconds": ("{ms} ms", "{ms} 毫秒"),
    "who": ("Who is here?", "你是谁？"),
    "guest": ("Guest", "访客"),
    "new_user": ("New user", "新用户"),
    "new_name": ("Name (only you see it)", "名字（仅自己可见）"),
    "create": ("Create", "创建"),
    "yours": ("On this device", "此设备上"),
    "demo_users": ("As in the data", "数据中的用户"),
    "demo_user": ("User {name}", "用户 {name}"),
    "demo_hint": (
        "Continues the history of a person in the data set, privately for you.",
        "以数据集中某人的历史为起点，仅对你可见。",
    ),
    "dial": ("How daring?", "大胆程度"),
    "safe": ("safe", "稳妥"),
    "adventurous": ("adventurous", "冒险"),
    "tastes": ("Lasting tastes", "长期口味"),
    "tastes_none": (
        "Nothing yet. Say something like “I can't stand …” and it is kept here.",
        "还没有。说一句“我受不了……”，就会记在这里。",
    ),
    "conversations": ("Earlier conversations", "以前的对话"),
    "conversations_none": ("None yet.", "还没有。"),
    "new_conversation": ("New conversation", "新对话"),
    "data": ("My data", "我的数据"),
    "exported": ("Your data was saved as a file on this device.", "你的数据已保存为此设备上的一个文件。"),
    "export": ("Export as JSON", "导出为 JSON"),
    "erase": ("Erase everything about me", "删除我的全部数据"),
    "erase_sure": (
        "Erase {name} for good? Opinions, tastes and conversations cannot be brought back.",
        "永久删除“{name}”？意见、口味和对话都无法恢复。",
    ),
    "erase_yes": ("Yes, erase", "确定删除"),
    "cancel": ("Cancel", "取消"),
    "erased": ("Everything about {name} was erased.", "“{name}”的全部数据已删除。"),
    "menu": ("You and your settings", "个人与设置"),
    "close": ("Close", "关闭"),
    "from_taps": ("From your taps", "根据你的选择"),
    "busy": (
        "One moment: the last answer is still being written. You can stop it.",
        "请稍候：上一条回答还没写完。也可以先停止它。",
    ),
    "empty": ("Type what you feel like first, for example “{wish}”.", "请先输入你的想法，例如“{wish}”。"),
    "failed": (
        "Something went wrong on our side. Your message is kept below; please send it again.",
        "出了点问题。你的消息保留在下面，请重新发送。",
    ),
    "broken_off": (
        "That answer broke off. Your message stands here again: send it once more, or change it.",
        "回答中断了。你的消息又放回到这里：可以重新发送，也可以修改。",
    ),
    "failed_click": ("That did not work. Please try again.", "操作没有成功，请重试。"),
    "gone": ("That conversation is not there anymore.", "该对话已不存在。"),
    "restored": ("Reopened", "已重新打开"),
    "conversation": ("Conversation", "对话"),
    "try_less": (
        "Nothing fits all of that. Take away one of the limits above.",
        "没有完全符合的。可以移除上面的一个条件。",
    ),
}


def is_word(key: str) -> bool:
    """Whether there is a text of that key."""
    return key in _WORDS


def word(key: str, language: str, **values: object) -> str:
    """The text of a key in a language ('zh', else English), its {slots} filled."""
    english, chinese = _WORDS[key]
    text = chinese if language == "zh" else english
    return text.format(**values) if values else text


def language_of(accept_language: str) -> str:
    """'zh' when the browser's first wish is Chinese, else 'en'."""
    return "zh" if accept_language.strip().casefold().startswith("zh") else "en"
