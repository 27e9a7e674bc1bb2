"""Understanding: conversation so far and a message -> Intent. Rules first, the model where it helps, code links."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from agent.answers import read_answer, without_no_choice
from agent.aspects import AspectReader, says_why
from agent.chips import chips
from agent.conversation import Conversation, Role, Turn
from agent.intent import Act, Intent
from agent.language import language_of
from agent.linking import Link, link
from agent.merge import merge
from agent.model_reader import ModelReader
from agent.phrases import OTHERS
from agent.plan import make_plan
from agent.reading import Mention, Reading
from agent.recommendation import LlmRun
from agent.rules import FIRST, RuleReader
from agent.wanting import add_tastes, fold, mentions_words
from retrieval.errors import ModelUnavailableError
from retrieval.items import Catalog
from retrieval.preference import Constraint, Preference, Wish


@dataclass(frozen=True, slots=True)
class Understood:
    """An intent, what it means for the conversation, and what finding it out cost."""

    intent: Intent
    wanted: Preference
    """To keep in the conversation: without lasting tastes and without what holds for this turn only."""
    runs: tuple[LlmRun, ...] = ()
    notice: str = ""
    """What the user must know: for example that the model is not there."""


@dataclass(frozen=True, slots=True)
class Understanding:
    """Reads messages about one catalog, with or without a language model."""

    catalog: Catalog
    rules: RuleReader
    model: ModelReader | None = None
    aspects: AspectReader | None = None
    """Reads what an opinion praises and blames; None where the model is too small for it."""

    async def understand(
        self, conversation: Conversation, message: str, tastes: Iterable[Constraint | Wish] = ()
    ) -> Understood:
        """Find out what a message asks for.

        A model that is missing, late or talks garbage is no error here: the rules' reading stands and a notice says so.
        """
        language = language_of(message, conversation.preference.language)
        shown = conversation.last_shown()
        if leaning := read_answer(conversation, message, self.catalog):
            wanted = conversation.preference
            kept = tuple(one for one in wanted.leanings if one.field != leaning.field or one.more != leaning.less)
            conversation = replace(conversation, preference=replace(wanted, leanings=(*kept, leaning)))
            reading = Reading(Act.REFINE, certain=True)
            return self._settle(conversation, message, reading, language, tuple(tastes), (), "", "rules")
        if not (left := without_no_choice(conversation, message)):
            reading = Reading(Act.REFINE, certain=True)
            return self._settle(conversation, message, reading, language, tuple(tastes), (), "", "rules")
        message = left
        reading = self.rules.read(message, shown=shown, asked=conversation.asked, focus=self._focus(conversation))
        runs: tuple[LlmRun, ...] = ()
        notice, source = "", "rules"
        if self.model is not None and not reading.certain:
            try:
                answered, run = await self.model.read(conversation, message)
            except ModelUnavailableError as error:
                notice, runs = "model_down", (LlmRun("understand", 0.0, error=str(error)),)
            else:
                reading, runs, source = (
                    merge(reading, answered, message, self.rules, bool(shown), before=conversation.preference.text),
                    (run,),
                    "model",
                )
        if self.aspects is not None and not notice and reading.act is Act.FEEDBACK and says_why(message):
            reading, run = await self._with_aspects(reading, message, self.aspects)
            runs = (*runs, run)
        return self._settle(conversation, message, reading, language, tuple(tastes), runs, notice, source)

    async def _with_aspects(self, reading: Reading, message: str, aspects: AspectReader) -> tuple[Reading, LlmRun]:
        """The reading with what an opinion praises and blames as soft wishes; as it was where the model fails."""
        try:
            wishes, run = await aspects.read(message)
        except ModelUnavailableError as error:
            return reading, LlmRun("aspects", 0.0, error=str(error))
        known = {one.value.casefold() for one in reading.wishes}
        fresh = tuple(one for one in wishes if one.value.casefold() not in known)
        return replace(reading, wishes=(*reading.wishes, *fresh)), run

    def replay(self, conversation: Conversation) -> Preference:
        """What was wanted in a conversation of which only the messages are known, read by rule."""
        so_far = replace(conversation, turns=(), preference=Preference(), asked=False)
        for turn in conversation.turns:
            so_far = self.hear(so_far, turn) if turn.role is Role.USER else so_far.add(turn)
        return so_far.preference

    def hear(self, conversation: Conversation, turn: Turn, reading: Reading | None = None) -> Conversation:
        """The conversation with one more message of the user, read by rule (here, or before by the same rules)."""
        if reading is None:
            reading = self.rules.read(turn.text, shown=conversation.last_shown(), asked=conversation.asked)
        language = language_of(turn.text, conversation.preference.language)
        settled = self._settle(conversation, turn.text, reading, language, (), (), "", "rules")
        return replace(conversation, preference=settled.wanted, asked=True).add(turn)

    def _focus(self, conversation: Conversation) -> Mention:
        """What 'it' means: the one item that the last question was about, else the first shown."""
        shown = conversation.last_shown()
        last = [turn for turn in conversation.turns[-2:] if turn.role is Role.USER]
        if last and not conversation.turns[-1].shown:
            found = [mention for one in self.rules.mentions.find(last[0].text, shown) for mention in one.mentions]
            if len(found) == 1:
                return found[0]
        return FIRST

    def _settle(
        self,
        conversation: Conversation,
        message: str,
        reading: Reading,
        language: str,
        tastes: tuple[Constraint | Wish, ...],
        runs: tuple[LlmRun, ...],
        notice: str,
        source: str,
    ) -> Understood:
        shown = conversation.last_shown()
        links = _Links.of(reading, self.catalog, conversation)
        pointed = [one.item_ids[0] for one in links.liked if one.mention.text.startswith("#") and one.item_ids]
        years = self._years(pointed if pointed and reading.relative else shown)
        wanted = fold(
            replace(conversation.preference, language=language),
            reading,
            message,
            liked=_ids(links.liked),
            disliked=_ids(links.disliked),
            seen=_ids(links.seen),
            shown_years=years,
            catalog=self.catalog,
        )
        if links.unknown() and not wanted.text:
            wanted = replace(wanted, text=" ".join(links.unknown())[:120])
        kept = _lasting(reading)
        dropped = tuple(one.key for one in tastes if _taken_back(one, reading.taken_back))
        held = [one for one in (*tastes, *kept) if one.key not in dropped]
        preference = self._for_this_turn(add_tastes(wanted, held), conversation, message, reading)
        intent = Intent(
            act=reading.act,
            preference=preference,
            plan=make_plan(reading.act, preference, _ids(links.about), reading.topic),
            chips=chips(preference, self.catalog),
            about=_ids(links.about),
            topic=reading.topic,
            liked=_ids(links.liked),
            disliked=_ids(links.disliked),
            seen=_ids(links.seen),
            kept=kept,
            dropped=dropped,
            unknown=links.unknown(),
            ambiguous=links.ambiguous(),
            unmet=reading.unmet,
            reply=reading.reply,
            source=source,
        )
        return Understood(intent, wanted, runs, notice)

    def _for_this_turn(
        self, preference: Preference, conversation: Conversation, message: str, reading: Reading
    ) -> Preference:
        """What holds for one turn only: surprise, hurry, and not showing the same items again."""
        again: Sequence[str] = ()
        if re.search(OTHERS, message, re.IGNORECASE) or reading.act is Act.FEEDBACK:
            again = tuple(conversation.all_shown())
        novelty = 0.0 if reading.hurried else reading.novelty if reading.novelty is not None else preference.novelty
        count = 1 if reading.hurried and reading.count is None else preference.count
        seen = tuple(dict.fromkeys((*preference.seen, *again)))
        return replace(preference, novelty=novelty, count=count, seen=seen)

    def _years(self, item_ids: Iterable[str]) -> list[int]:
        years = (self.catalog.item(item_id).year for item_id in item_ids if item_id in self.catalog)
        return [year for year in years if year is not None]


@dataclass(frozen=True, slots=True)
class _Links:
    """The mentions of a reading, linked."""

    liked: tuple[Link, ...]
    disliked: tuple[Link, ...]
    seen: tuple[Link, ...]
    about: tuple[Link, ...]

    @classmethod
    def of(cls, reading: Reading, catalog: Catalog, conversation: Conversation) -> "_Links":
        shown = conversation.last_shown()
        known = (*conversation.all_shown(), *conversation.preference.liked)

        def links(mentions: Iterable[Mention]) -> tuple[Link, ...]:
            return tuple(link(one, catalog, shown=shown, known=known) for one in mentions)

        return cls(links(reading.liked), links(reading.disliked), links(reading.seen), links(reading.about))

    def _all(self) -> tuple[Link, ...]:
        return (*self.liked, *self.disliked, *self.seen, *self.about)

    def unknown(self) -> tuple[str, ...]:
        names = (one.mention.text for one in self._all() if not one.item_ids and not one.mention.text.startswith("#"))
        return tuple(dict.fromkeys(name.strip("《》“”\"' ") for name in names))

    def ambiguous(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        return tuple(
            {one.mention.text: (one.mention.text, one.item_ids) for one in self._all() if one.is_ambiguous}.values()
        )


def _ids(links: Iterable[Link]) -> tuple[str, ...]:
    """The items of links that leave no doubt."""
    return tuple(dict.fromkeys(one.item_ids[0] for one in links if len(one.item_ids) == 1))


def _taken_back(taste: Constraint | Wish, words: Iterable[str]) -> bool:
    values = [taste.value] if isinstance(taste, Wish) else [str(value) for value in taste.values]
    return any(mentions_words(one, (taste.words, *values)) for one in words)


def _lasting(reading: Reading) -> tuple[Constraint | Wish, ...]:
    limits = [one for one in reading.limits if one.lasting]
    return (*limits, *(one for one in reading.wishes if one.lasting))
