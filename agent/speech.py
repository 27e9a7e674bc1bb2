"""What is said in a turn beside the cards: by rule, by template, or by the model from the evidence."""

import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace

from agent import replies
from agent.check import Checker
from agent.conversation import Role
from agent.explain import explain, statement
from agent.intent import Act
from agent.lexicon import Lexicon
from agent.phrases import HELP, THANKS
from agent.rules import TEXT_FIELD
from agent.stream_check import plain
from agent.working import Working, merged
from agent.writer import Writer
from retrieval.candidates import Candidate, Evidence
from retrieval.items import Catalog
from retrieval.retriever import Retriever

RECOMMENDING = (Act.RECOMMEND, Act.REFINE, Act.FEEDBACK)
"""The acts that are answered with a list."""


@dataclass(frozen=True, slots=True)
class Speech:
    """Puts a turn into words."""

    retriever: Retriever
    lexicon: Lexicon

    def opening(self, work: Working) -> str:
        """What a rule can say better than a model: what is missing, what was noted, which one was meant."""
        if work.intent.ambiguous and work.message:
            title, options = work.intent.ambiguous[0]
            return replies.ask_which(title, options, self.retriever.catalog, work.language)
        if not work.message:
            key = "reranked" if work.conversation.turns else "first_list"
            return replies.say(key, work.language) if work.recommendations else ""
        return replies.opening(work.intent, self.retriever.catalog)

    def inquiry(self, work: Working) -> str:
        """The question that would teach most, where one is asked."""
        if work.inquiry is None or not work.recommendations:
            return ""
        one, catalog = work.inquiry, self.retriever.catalog
        first, second = (_value(catalog, one.field, value, work.language) for value in one.values)
        years = any(spec.name == one.field and spec.unit == "year" for spec in catalog.schema.fields)
        return replies.say("inquire_years" if years else "inquire", work.language, first=first, second=second)

    def is_for_the_model(self, work: Working) -> bool:
        """Whether prose by the model adds anything."""
        if not work.message or work.intent.ambiguous or any(run.error for run in work.llm):
            return False
        if work.intent.act is Act.ASK:
            # A question about one field or the description is answered word by word from the catalog.
            return bool(work.found.facts) and work.intent.topic == ""
        return bool(work.recommendations) and work.intent.act in RECOMMENDING

    def written(self, writer: Writer, work: Working) -> AsyncIterator[str]:
        """The model's prose as it streams, not checked yet."""
        if work.intent.act is Act.ASK:
            return writer.answer(work.message, work.intent, self._facts_in_words(work))
        return writer.recommend(work.message, work.intent, work.recommendations)

    def checker(self, work: Working) -> Checker:
        """What this turn's prose is held against."""
        said = " ".join(turn.text for turn in work.conversation.turns if turn.role is Role.USER) + " " + work.message
        wanted = work.preference
        mentionable = frozenset((*wanted.liked, *work.intent.about, *work.intent.liked))
        cards = (*work.recommendations, *work.near_misses)
        return Checker(self.retriever.catalog, self.lexicon, cards, said=said, mentionable=mentionable)

    def _facts_in_words(self, work: Working) -> list[str]:
        catalog, lines = self.retriever.catalog, []
        for item_id, facts in work.found.facts.items():
            words = [statement(one, catalog, work.language) for one in facts[:14]]
            lines.append(f"- {catalog.item(item_id).label}: {'; '.join(words)}")
            if catalog.item(item_id).text:
                lines.append(f"  about: {catalog.item(item_id).text[:400]}")
        return lines

    def template(self, work: Working) -> str:
        """What is said when no model wrote, or nothing that it wrote held."""
        language, intent = work.language, work.intent
        if intent.ambiguous and work.message:
            return ""
        if intent.act is Act.CHAT:
            reply = self._small_talk(work)
            asked = work.conversation.asked
            key = "welcome" if asked and re.search(THANKS, work.message, re.IGNORECASE) else "hello"
            if re.search(HELP, work.message, re.IGNORECASE):
                return replies.help_text(self.retriever.catalog, language)
            return reply or replies.say(key, language, nouns=self.retriever.schema.nouns_in(language))
        if intent.act is Act.ASK:
            return self._answer(work)
        return replies.summary(work.recommendations, language, self.retriever.schema) if work.message else ""

    def _small_talk(self, work: Working) -> str:
        """The model's own words, if they claim nothing."""
        checker = self.checker(work)
        text = plain(work.intent.reply).strip()
        return text if text and checker.check(text).ok else ""

    def _answer(self, work: Working) -> str:
        language = work.language
        if work.intent.topic == "why" and work.intent.about:
            return " ".join(self._why(work, item_id) for item_id in work.intent.about)
        parts = [self._about(work, item_id, facts) for item_id, facts in work.found.facts.items()]
        if not parts and not work.intent.unknown:
            return replies.say("hello", language, nouns=self.retriever.schema.nouns_in(language))
        return " ".join(parts)

    def _about(self, work: Working, item_id: str, facts: Sequence[Evidence]) -> str:
        """The facts that were asked for, in words."""
        catalog, language, topic = self.retriever.catalog, work.language, work.intent.topic
        item = catalog.item(item_id)
        if topic not in ("", TEXT_FIELD):
            facts = [one for one in facts if one.field == topic]
            if not facts:
                return replies.say("no_fact", language, title=item.title)
        if topic == TEXT_FIELD and not item.text:
            return replies.say("no_text", language, title=item.title)
        words = self._in_a_row(facts[:8], language) if topic != TEXT_FIELD else []
        about = [item.text.rstrip(".。")] if item.text and topic in ("", TEXT_FIELD) else []
        told = filter(None, [*about, *words])
        return f"{item.label}：{'；'.join(told)}。" if language == "zh" else f"{item.label}: {'; '.join(told)}."

    def _in_a_row(self, facts: Sequence[Evidence], language: str) -> list[str]:
        """Facts in words, those of one field together: 'with Al Pacino, Robert De Niro'."""
        catalog = self.retriever.catalog
        by_field: dict[str, list[str]] = {}
        for one in facts:
            by_field.setdefault(one.field, []).append(one.value)
        comma = "、" if language == "zh" else ", "
        joined = {
            name: comma.join(_value(catalog, name, one, language) for one in many) for name, many in by_field.items()
        }
        return [statement(replace(one, value=joined[one.field]), catalog, language) for one in _firsts(facts)]

    def _why(self, work: Working, item_id: str) -> str:
        catalog = self.retriever.catalog
        found: Candidate = self.retriever.explain(merged(work.found, item_id), work.preference)
        found = replace(found, evidence=(*work.found.facts.get(item_id, ()), *found.evidence))
        if not found.evidence:
            found = replace(found, evidence=self.retriever.facts(item_id)[:3])
        statements = explain(found, catalog, work.language).statements[:4]
        reasons = ("；" if work.language == "zh" else "; ").join(one.text for one in statements)
        return replies.say("reasons", work.language, title=catalog.item(item_id).title, reasons=reasons)


def _firsts(facts: Sequence[Evidence]) -> list[Evidence]:
    """The first fact of each field."""
    return list({one.field: one for one in reversed(facts)}.values())[::-1]


def _value(catalog: Catalog, field: str, value: str, language: str) -> str:
    """A value as the schema calls it; a field that the schema lacks has its value as it is."""
    known = any(spec.name == field for spec in catalog.schema.fields)
    return catalog.schema.field(field).value_in(value, language) if known else value
