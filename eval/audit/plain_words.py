"""Everyday words of prose that state no fact about an item."""

from eval.reading.words import STOPWORDS

_GLUE = """
above add added addition additionally after alike along already although always amount answer appeal appealing around
ask asked away back because before begin being beside besides between bit bring brings call cannot case catalog chance
choice choices choose close closer closest come comes connection consider count delightful describe described
description different doesn don done down during each easier easy either end enjoy enjoyable enjoyed enough entertaining
especially even evening ever every exactly excellent experience explore fair fan fans fantastic favorite feel feeling
few final finally find fine fit fits fitting follow found friend full fun gem general get gets give gives go goes going
got guess guesses happy hard help her hers his hope however idea ideal include includes instead interest interested
interesting into isn item items its join keep keeps know known later lean learn least let let's liked likely likes list
little long look looking looks lot lots loved lovely made make makes many match matches matter maybe mean means mind
missing mix moment mood much must name named near nearly never nice night none nor note number off offer offers often
once opinion option options others our own pair part particularly people perfect perhaps person pick picked picks place
pleasant plenty point possible prefer preference pretty probably question quite rather ready reason reasons recommend
recommendation recommendations recommended recommending related request rest right same satisfy say says search seem
seems selection sense set several share shared shares should side similar simply since slightly solid someone sometimes
soon sorry spirit spot start still strong style such suggest suggested suggestion suggestions suit suits sure take takes
taste tastes tell than thank their them think third though through title titles together toward treat tried true try
trying type unless unlike unsure until use using usual vibe wanted wants way weekend well were whether while whole whose
wish wishes within without wonderful word words work works worth yet youd your yours yourself
"""
GLUE = STOPWORDS | frozenset(_GLUE.split())

_GLUE_CHINESE = """
推荐 建议 首选 优先 先 首先 可以 从 开始 试试 尝试 试 看看 看 选择 选 会 我 你 您 他们 它 它们 这 那
这部 这个 这些 那部 也 都 和 与 及 以及 还有 还 另外 此外 同样 一样 相同 相似 类似 相近 接近 因为 所以
由于 如果 或者 或 而 并且 并 但 但是 不过 很 非常 比较 更 最 适合 符合 合适 满足 要求 条件 口味 心情
喜欢 喜爱 想 想要 想看 希望 需要 值得 不错 很好 好 棒 轻松 愉快 祝 晚上 今晚 享受 的 了 是 在 有 为
为了 对 给 让 到 被 把 就 吧 呢 吗 啊 哦 一 两 三 一部 一个 部 个 本 些 位 人 评分 评分者 中 有人
大家 作品 介绍 简介 描述 主题 类型 题材 风格 理由 原因 试探 猜测 猜 新 口味 了解 更多 告诉 知道 反馈
帮助 下次 找到 列表 卡片 上面 其中 之一 第一 第二 第三 最后 分别 来自 语言 年 属于 关于 包含 包括 具有
带有 拥有 共同 之处 能 应该 可能 也许 同时 例如 比如 等 其他
"""
GLUE_CHINESE = frozenset(_GLUE_CHINESE.split())
