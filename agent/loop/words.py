"""What is said in a turn beside the cards: by template, or by the model, held against what the turn knows."""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, replace

from agent.conversation import Role
from agent.drivers.base import Drive
from agent.drivers.choose import TOOLS
from agent.drivers.tool_calling import ToolCallingDriver
from agent.drivers.tool_calling.prompt import NOTHING, mend_prompt, words_prompt
from agent.intent import Act
from agent.loop.recall import LEAST_S
from agent.loop.state import TurnState
from agent.recommendation import Table
from agent.wording import answers
from agent.wording.check import Checker, TitleFinder
from agent.wording.ledger import Ledger
from agent.wording.messages import FALLBACK, say
from agent.wording.number_words import numbers_in
from agent.wording.stream import Gate, Mend, plain
from retrieval.errors import ModelBusyError, ModelUnavailableError
from retrieval.house import said_in
from retrieval.retriever import Retriever
from retrieval.titles import normalize_title
from tools.placing import split_year
from tools.render import one_line

logger = logging.getLogger(__name__)

TASKS = {
    "recommend": "say in 2 to 4 sentences why the first ones fit what was asked for, and be honest about what could "
    "not be checked or does not quite fit.",
    "ask": "ask the question.",
    "talk": "reply to what they said in 1 to 3 sentences; say plainly what you cannot do.",
    "slots": "say in 1 to 4 sentences for what or for whom each item is and why it fits there, and be honest about "
    "places that stay empty.",
    "why": "say why it was suggested, in 1 to 3 sentences, and what would have changed it, where that was found out; "
    "give no other causes.",
    "why_not": "say in 1 or 2 sentences what was found out: why it was not suggested (a limit, known already, not in "
    "the catalog, or others were ahead), or that it was; give no other causes; offer it if nothing speaks against it.",
    "about_me": "say what is known of them and from which of their messages, in 1 to 4 sentences.",
    "which": "say which of them have what was asked about, which do not, and of which it is not known.",
    "help": "say what you can do and what you cannot, in 2 to 4 sentences.",
    "answer": "answer the question in 1 to 4 sentences; if the results do not hold the answer, say that you do not "
    "know it.",
}


FOUND_BY_CODE = ("why", "why_not", "about_me", "which", "help")
"""Answers that no look-up of the turn holds: code found them out."""
UNSEEN = ("why", "why_not", "about_me")
"""Those that no model can know before code has found them out."""
MOST_MENDED = 4
"""Sentences of a turn that are handed back."""
MEND = 0.5
"""The part of what is left of the turn's time that one of them may take."""
MOST_TOLD = 6
"""Earlier answers that are read for the items they named."""


@dataclass(frozen=True, slots=True)
class Words:
    """Puts turns into words; holds none."""

    retriever: Retriever
    titles: TitleFinder
    speaker: ToolCallingDriver | None = None
    """The driver whose model writes; None where only templates speak."""
    timeout_s: float = 5.0
    """For an answer that asks the recommenders."""

    def refused(self, state: TurnState) -> tuple[str, ...]:
        """What the house says of hidden items that were asked for by their titles."""
        titles = state.context.catalog.house.titles
        asked = (titles.get(normalize_title(split_year(said)[0])) for said in state.context.problems.unknown)
        return tuple(said_in(words, state.language) for words in asked if words)

    def knowing(self, state: TurnState) -> str:
        """How sure we are of the user's taste, in words."""
        return answers.knowing(state.uncertainty, state.language) if state.recommendations else ""

    async def stream(self, state: TurnState, drive: Drive) -> AsyncGenerator[str, None]:
        """All words of a turn, piece by piece, ready to be shown."""
        if state.handover is not None:
            yield said_in(state.handover.words, state.language)
            return
        findings = await self._found_out(state)
        opening, source = self._opening(state), self._source(state, drive, findings)
        is_left_to_model = source is not None and state.driver == "tools"
        if opening and not is_left_to_model:  # a model that writes well says what is missing in its own words
            yield opening + " "
        written = False
        if source is not None:
            async for piece in self._body(state, drive, source, findings):
                written = True
                yield piece
        if opening and is_left_to_model and not written:
            yield opening + " "
        if not written and (template := await self._template(state)):
            yield template
            written = True
        if closing := self._closing(state):
            yield f" {closing}" if written or opening else closing

    def _opening(self, state: TurnState) -> str:
        """What a rule says better than a model: opinions noted, names that the catalog lacks, words not understood."""
        if not state.message:
            key = "reranked" if state.conversation.turns else "first_list"
            return say(key, state.language) if state.recommendations else ""
        return answers.opening(state.intent, self.retriever.catalog, state.language)

    def _closing(self, state: TurnState) -> str:
        """The one question about a field or about taste, where one is asked."""
        if state.split is not None and state.recommendations:
            return answers.split_question(state.split, self.retriever.catalog, state.language)
        if state.elicitation is None or not state.recommendations:
            return ""
        return answers.elicitation(state.elicitation, self.retriever.catalog, state.language)

    # The model's words ---------------------------------------------------------------------------------------------

    async def _body(
        self, state: TurnState, drive: Drive, source: AsyncIterator[str], findings: str
    ) -> AsyncIterator[str]:
        """The model's sentences that hold."""
        gate = Gate(self._checker(state, findings), self._mend(state, drive))
        written: list[str] = []
        try:
            async for sentence in gate.checked(source, whole=lambda: not drive.was_cut):
                written.append(sentence)
                yield sentence
        except ModelBusyError:
            logger.info("no room for prose; templates speak")
        except ModelUnavailableError:
            state.announce(say("model_down", state.language))
        if state.act is Act.ANSWER:
            about = state.ending.item_ids
            state.listed = about if len(about) > 1 else gate.checker.listed("".join(written))
        if gate.dropped or gate.mended:
            logger.info("the check had %d sentences mended and dropped %d", gate.mended, len(gate.dropped))
        state.dropped = tuple(gate.dropped)

    def _mend(self, state: TurnState, drive: Drive) -> Mend | None:
        """Has a sentence written anew by a model that writes well; a small one is not asked twice."""
        speaker, left = self.speaker, MOST_MENDED
        if speaker is None or state.driver != TOOLS:
            return None

        async def mend(sentence: str, reason: str) -> str:
            nonlocal left
            left -= 1
            seconds = MEND * state.deadline.remaining_s()
            if left < 0 or seconds <= 0:
                return ""
            asked = mend_prompt(reason, language=state.language)
            anew = await speaker.mend(drive, sentence, asked, seconds=seconds)
            return "" if anew.strip() == NOTHING else anew

        return mend

    def _source(self, state: TurnState, drive: Drive, findings: str) -> AsyncIterator[str] | None:
        """Where the model's words come from: the ending call itself, or a call of their own, told what was found."""
        if not state.message or (state.split is not None and state.act is Act.ASK):
            return None
        if state.driver != TOOLS and state.act is Act.ASK and state.intent.ambiguous:
            return None  # which item was meant is asked by template, in a whole sentence
        if state.ending.text and state.ending.kind not in UNSEEN:
            return _once(state.ending.text)
        if state.driver != TOOLS or self.speaker is None or state.act is Act.ASK:
            return None
        if state.act is Act.RECOMMEND and not (state.recommendations or state.near_misses):
            return None
        asked = words_prompt(
            self.retriever.catalog,
            state.recommendations,
            state.near_misses,
            task=_task(state, findings),
            language=state.language,
            notices=state.notices,
            still_shown=() if state.near_misses else state.context.shown,
        )
        return self.speaker.words(drive, asked, seconds=state.deadline.remaining_s())

    async def _found_out(self, state: TurnState) -> str:
        """What code found out for an answer that the model words: a template in English; '' where there is none."""
        if state.driver != TOOLS or self.speaker is None or state.ending.kind not in FOUND_BY_CODE:
            return ""
        text, _ = await self._answer(state, FALLBACK)
        return one_line(text)

    def _checker(self, state: TurnState, findings: str = "") -> Checker:
        """What this turn's prose is held against; `findings` is what code found out for it."""
        said = [turn.text for turn in state.conversation.turns if turn.role is Role.USER]
        ledger = Ledger.of(
            state.context,
            state.recommendations,
            state.near_misses,
            said=" ".join((*said, state.message)),
            told=self._told(state),
        )
        ledger = self._with_titles(ledger, (findings, *state.terms.answered))
        if state.act is Act.ASK:  # a question suggests nothing, so it may name any item there is
            ledger = self._with_titles(ledger, (state.ending.text, *state.ending.choices))
        return Checker(self.titles, ledger)

    def _told(self, state: TurnState) -> frozenset[str]:
        """The items that earlier answers named in words: after a reload, and of a history that a client sent along."""
        turns = [turn for turn in state.conversation.turns if turn.role is Role.ASSISTANT and not turn.shown]
        spots = [spot for turn in turns[-MOST_TOLD:] for spot in self.titles.labels(turn.text)]
        told = frozenset(item_id for spot in spots for item_id in spot.item_ids).union(*(turn.listed for turn in turns))
        return frozenset(item_id for item_id in told if item_id in self.retriever.catalog)

    def _with_titles(self, ledger: Ledger, texts: Sequence[str]) -> Ledger:
        """A ledger that also holds the items that some texts name, and lets them be named in plain words."""
        spots = [spot for text in texts for spot in (*self.titles.quoted(text), *self.titles.titles(text, frozenset()))]
        catalog = self.retriever.catalog
        ids = frozenset(item_id for spot in spots for item_id in spot.item_ids if item_id in catalog)
        spots = [replace(spot, item_ids=spot.item_ids & ids) for spot in spots]
        named = [word for spot in spots if spot.item_ids for word in (spot.words, *self._labels(spot.item_ids))]
        numbers = [number for text in texts for number in numbers_in(text, (ledger.language, "en"))]
        return replace(ledger, item_ids=ledger.item_ids | ids, names=(*ledger.names, *named, *numbers))

    def _labels(self, item_ids: Iterable[str]) -> list[str]:
        return [self.retriever.catalog.item(item_id).label for item_id in item_ids]

    # What a model names beside its prose ---------------------------------------------------------------------------

    def choices(self, state: TurnState) -> tuple[str, ...]:
        """The answers to click that a question may offer: labels of items, and words that hold like any sentence."""
        checker = self._checker(state)
        offered = (
            choice if self._is_label(choice) else checker.check(one_line(plain(choice)), may_echo=True).text
            for choice in state.ending.choices
        )
        return tuple(filter(None, offered))

    def slot_names(self, state: TurnState) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """What the places of a list are for, filled and empty ones; '' where it does not hold."""
        if not (state.slot_names or state.unfilled):
            return (), ()
        ledger, wish = self._checker(state).ledger, state.preference
        limits = [limit for plan in state.ending.slots for limit in plan.constraints]
        limits += [limit for person in wish.people for limit in person.constraints]
        values = frozenset((limit.field, str(value)) for limit in limits for value in limit.values)
        bounds = [f"{value:.15g}" for limit in limits for value in limit.values if not isinstance(value, str)]

        def held(names: Sequence[str]) -> tuple[str, ...]:
            plain_names = [one_line(plain(name)) for name in names]
            if state.ending.per:
                return tuple(plain_names)  # values of the catalog
            languages = (state.language, "en")
            words = [word for name in plain_names for word in numbers_in(name, languages) if bounds and word.isalpha()]
            known = replace(ledger, values=ledger.values | values, names=(*ledger.names, *bounds, *words))
            checker = Checker(self.titles, known)
            return tuple(checker.check(name, may_echo=True).text for name in plain_names)

        return held(state.slot_names), held(state.unfilled)

    def table(self, state: TurnState) -> Table | None:
        """The items of a comparison, side by side."""
        return answers.compared(state.context, state.ending, state.language)

    def _is_label(self, words: str) -> bool:
        """Whether words are an item's title with its year."""
        catalog = self.retriever.catalog
        matches = catalog.titles.exact(words.rpartition(" (")[0] or words)
        return any(catalog.item(match.item_id).label == words for match in matches)

    # Templates -----------------------------------------------------------------------------------------------------

    async def _template(self, state: TurnState) -> str:
        """What is said when no model wrote, or nothing that it wrote held."""
        if not state.message:
            return ""
        if state.act is Act.ASK and state.split is not None:
            return answers.split_question(state.split, self.retriever.catalog, state.language)
        if state.act is Act.ASK:
            return answers.question(state.intent, self.retriever.catalog, state.language)
        if state.act is Act.RECOMMEND and state.near_misses and not state.recommendations:
            return say("nothing_near", state.language)  # that nothing fits is a notice
        if state.act is Act.RECOMMEND:
            before, wanted = state.conversation.preference, state.preference
            asked = (state.recommendations, self.retriever.catalog, state.language, wanted, before)
            return answers.summary(*asked, is_choice=bool(state.ending.among))
        text, state.listed = await self._answer(state, state.language)
        return text

    async def _answer(self, state: TurnState, language: str) -> tuple[str, tuple[str, ...]]:
        """What is said without a list; where the recommenders that are asked do not answer, what the catalog knows."""
        asked = (state.context, state.ending, state.conversation, language)
        limit_s = min(self.timeout_s, max(LEAST_S, state.deadline.remaining_s()))
        try:
            made = asyncio.to_thread(answers.answer, *asked, message=state.message)
            return await asyncio.wait_for(made, limit_s)
        except Exception as error:  # 'why' asks every recommender, and one of them may be away
            logger.warning("an answer fell back on facts: %s", type(error).__name__)
            state.add_notices(say("tool_down", state.language))
            facts = replace(state.ending, kind="facts")
            return answers.answer(state.context, facts, state.conversation, language)


def _task(state: TurnState, findings: str) -> str:
    """What to write, with what code found out for it."""
    if state.act is Act.RECOMMEND:
        return TASKS["slots" if state.places else "recommend"]
    task = TASKS.get(state.ending.kind, TASKS["answer"])
    return f"{task} What was found out, all of it true: {findings}" if findings else task


async def _once(text: str) -> AsyncIterator[str]:
    yield text
