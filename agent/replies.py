"""Sentences that need no language model: summaries, questions back, notices. English and Chinese, no domain."""

import re
from collections.abc import Sequence

from agent.chips import label
from agent.intent import Act, Intent
from agent.recommendation import Recommendation
from retrieval.items import Catalog
from retrieval.schema import CatalogSchema

STILL_GUESSING, STILL_LEARNING = 0.75, 0.55
"""Widths of the belief (`retrieval.belief.Belief.width`)."""
TEXTS: dict[str, dict[str, str]] = {
    "first": {"en": "I would start with {title}: {reason}.", "zh": "我会先选《{title}》：{reason}。"},
    "guess": {
        "en": "{title} is a guess: tell me whether it is for you, and the next list will know you better.",
        "zh": "《{title}》是一次试探：告诉我合不合口味，下次会更懂你。",
    },
    "inquire": {
        "en": "One question would help me most: more {first} or more {second}?",
        "zh": "有一个问题最能帮我了解你：更想要{first}，还是{second}？",
    },
    "inquire_years": {
        "en": "One question would help me most: more from {first} or more from {second}?",
        "zh": "有一个问题最能帮我了解你：更想要{first}的，还是{second}的？",
    },
    "guessing": {
        "en": "I'm still guessing about you: whatever you like or turn down here teaches me.",
        "zh": "我还在猜你的口味：你喜欢或不喜欢哪个，都能让我更懂你。",
    },
    "learning": {"en": "I'm getting to know your taste.", "zh": "我正在慢慢了解你的口味。"},
    "nothing": {
        "en": "Nothing in the catalog fits all of that. Take away one of the chips, or tell me what matters most.",
        "zh": "目录里没有完全符合的。去掉一个条件，或者告诉我什么最重要。",
    },
    "few": {
        "en": "Only {count} {noun} fit all of that; what comes close is listed apart.",
        "zh": "完全符合的只有 {count} 个；接近的另列在下面。",
    },
    "one": {
        "en": "Only one {noun} fits all of that; what comes close is listed apart.",
        "zh": "完全符合的只有 1 个；接近的另列在下面。",
    },
    "only_near": {
        "en": "No {noun} fits all of that; what comes close is listed apart.",
        "zh": "没有完全符合的{noun}；接近的另列在下面。",
    },
    "unknown": {"en": "I don't have {titles}; closest in spirit:", "zh": "目录里没有{titles}；气质最接近的是："},
    "unknown_ask": {"en": "I don't have {titles} in this catalog, so I can't say anything about it.", "zh": "目录里没有{titles}，所以我无法介绍它。"},
    "which": {"en": "Which {title} do you mean: {options}?", "zh": "你说的是哪一个《{title}》：{options}？"},
    "or": {"en": " or ", "zh": "，还是"},
    "noted": {"en": "Noted.", "zh": "记下了。"},
    "liked": {"en": "Good to know that you liked {titles}.", "zh": "知道你喜欢{titles}了。"},
    "disliked": {"en": "Understood, nothing more like {titles}.", "zh": "明白，不再推荐{titles}这样的。"},
    "seen": {"en": "I won't suggest {titles} again.", "zh": "不再推荐{titles}了。"},
    "unmet": {
        "en": "I can't check {words}: the catalog does not say that, so please look before you choose.",
        "zh": "目录里没有与{words}有关的信息，我没法按它筛选，选之前请留意一下。",
    },
    "help": {
        "en": "I recommend {nouns} from a catalog of {count} and say why. Tell me what you feel like, name some that you liked, set limits ({limits}), "
        "refine (“something older”, “not that one”, “more like the second”), or ask about one (“what is it about?”, “why did you pick it?”).",
        "zh": "我从 {count} 个{nouns}里推荐，并说明理由。说说你想要什么、喜欢过什么，或给出条件（{limits}）；"
        "也可以继续说“老一点的”“不要这个”“多来点第二个那样的”，或者问“讲什么的”“为什么推荐它”。",
    },
    "kept": {"en": "I'll keep that in mind: {words}.", "zh": "我会记住：{words}。"},
    "hello": {
        "en": "Hello! Tell me what you are in the mood for, or name a few {nouns} that you liked.",
        "zh": "你好！告诉我你想要什么样的{nouns}，或者说几个你喜欢的。",
    },
    "welcome": {"en": "You're welcome. Tell me when you want more {nouns}.", "zh": "不客气，想要更多{nouns}时告诉我。"},
    "no_model": {
        "en": "No language model is running: I answer from the tools with fixed sentences.",
        "zh": "当前没有语言模型：我用工具和固定句式回答。",
    },
    "model_down": {
        "en": "The language model did not answer; I went by plain rules and the tools. Nothing you said is lost.",
        "zh": "语言模型没有回应；我按规则和工具作答，你说的话都已保留。",
    },
    "tool_down": {"en": "{tool} did not answer in time and was left out.", "zh": "{tool} 未及时响应，本次未使用。"},
    "long": {"en": "Your message was long; I read its first {limit} characters.", "zh": "消息很长；我读了前 {limit} 个字。"},
    "empty": {
        "en": "I found no words in your message. Tell me what you are in the mood for.",
        "zh": "消息里没有文字。告诉我你想要什么吧。",
    },
    "no_fact": {"en": "The catalog does not say that about {title}.", "zh": "目录里没有《{title}》的这项信息。"},
    "no_text": {"en": "I have no description of {title}.", "zh": "没有《{title}》的简介。"},
    "reasons": {"en": "I picked {title} because: {reasons}.", "zh": "推荐《{title}》的理由：{reasons}。"},
    "first_list": {
        "en": "A first list from what you like. Tell me more, or mark what is not for you, and it will follow.",
        "zh": "这是根据你喜欢的内容给出的第一份推荐。再说说想要什么，或者标出不适合的，我会随之调整。",
    },
    "reranked": {"en": "I sorted the list anew.", "zh": "已重新排列。"},
}  # fmt: skip


def say(key: str, language: str, **values: object) -> str:
    """A fixed sentence."""
    template = TEXTS[key].get(language) or TEXTS[key]["en"]
    return template.format(**values)


def help_text(catalog: Catalog, language: str) -> str:
    """What one can say here, in the catalog's own words."""
    schema = catalog.schema
    limits = ", ".join(spec.label_in(language) for spec in schema.fields if not spec.soft)
    return say("help", language, nouns=schema.nouns_in(language), count=f"{len(catalog):,}", limits=limits)


def knowing(width: float, language: str) -> str:
    """How sure we are of somebody's taste, from how little is known of it (0..1); '' where we are."""
    if width >= STILL_GUESSING:
        return say("guessing", language)
    return say("learning", language) if width >= STILL_LEARNING else ""


def titles_of(item_ids: Sequence[str], catalog: Catalog, language: str) -> str:
    """'Heat and Casino' / '《Heat》《Casino》'."""
    names = [catalog.item(one).title for one in item_ids if one in catalog]
    return named(names, language)


def named(names: Sequence[str], language: str) -> str:
    """Names in a row."""
    if language == "zh":
        return "".join(f"《{name}》" for name in names)
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1]))) if names else ""


def opening(intent: Intent, catalog: Catalog) -> str:
    """What goes before the list or the prose: opinions noted, titles that the catalog lacks."""
    language = intent.preference.language
    parts = []
    if intent.unknown:
        key = "unknown_ask" if intent.act is Act.ASK else "unknown"
        parts.append(say(key, language, titles=named(intent.unknown[:3], language)))
    if intent.act is Act.FEEDBACK:
        for key, ids in (("liked", intent.liked), ("disliked", intent.disliked)):
            if ids:
                parts.append(say(key, language, titles=titles_of(ids, catalog, language)))
        only_seen = [one for one in intent.seen if one not in (*intent.liked, *intent.disliked)]
        if only_seen:
            parts.append(say("seen", language, titles=titles_of(only_seen, catalog, language)))
    if intent.unmet and intent.act in (Act.RECOMMEND, Act.REFINE):
        parts.append(say("unmet", language, words=", ".join(f"“{words}”" for words in intent.unmet[:2])))
    if intent.kept:
        words = dict.fromkeys(label(one, catalog, language) for one in intent.kept)
        parts.append(say("kept", language, words=", ".join(words)))
    return " ".join(parts)


def summary(recommendations: Sequence[Recommendation], language: str, schema: CatalogSchema) -> str:
    """The list in one or two sentences, when no model writes them."""
    if not recommendations:
        return say("nothing", language)
    parts = []
    first = next((one for one in recommendations if not one.exploratory), recommendations[0])
    if first.explanation.text:
        reason = first.explanation.text
        if re.match(r"[A-Z][a-z]+(?![\w-])", reason):  # 'Comedy', but not 'Sci-Fi'
            reason = reason[:1].lower() + reason[1:]
        parts.append(say("first", language, title=first.item.title, reason=reason.rstrip(".")))
    else:
        parts.append(first.item.title)
    if guess := next((one for one in recommendations if one.exploratory), None):
        parts.append(say("guess", language, title=guess.item.title))
    return " ".join(parts)


def ask_which(title: str, options: Sequence[str], catalog: Catalog, language: str) -> str:
    """'Which Titanic do you mean: Titanic (1953) or Titanic (1997)?'."""
    labels = [catalog.item(one).label for one in options]
    if len(set(labels)) < len(labels):
        labels = [f"{label} #{number}" for number, label in enumerate(labels, 1)]
    joined = ", ".join(labels[:-1]) + say("or", language) + labels[-1]
    return say("which", language, title=title.strip("《》“”\"' "), options=joined)
