"""Reads dialogues turn by turn: what is suggested is held against ids, limits and what came before.

The user's words are read by the rules that lead a turn without a model. What a reply puts forward, and whether what
it says holds, a judge tells; without one, items of cards, else titles that it names, count as suggestions.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from agent.conversation import Conversation, Role, Turn
from agent.learning.transcripts import Dialogue, TranscriptTurn
from eval.audit.claims import ClaimVerdict, Place, nearest
from eval.audit.findings import Audit, Check, Finding, Verdict
from eval.hearing import Hearing
from eval.readers.naming import Named, TitleReader
from retrieval.items import Catalog
from retrieval.preference import Constraint, Op, Preference
from tools.render import limit_text


@dataclass(frozen=True, slots=True)
class State:
    """What was said so far in a dialogue."""

    conversation: Conversation = field(default_factory=Conversation)
    suggested: frozenset[str] = frozenset()
    """Items that the assistant suggested."""
    named: frozenset[str] = frozenset()
    """Items that the user named."""
    asks: bool = False
    """Whether the user's last message asks about items rather than for some."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """An item that a reply puts forward."""

    ids: tuple[str, ...]
    """Several where the title fits several."""
    sentence: str


@dataclass(frozen=True)
class Auditor:
    """Audits dialogues over one catalog."""

    titles: TitleReader
    hearing: Hearing
    judged: Mapping[Place, ClaimVerdict] = field(default_factory=dict)
    """What a judge said of replies."""

    @classmethod
    def of(cls, catalog: Catalog, judged: Mapping[Place, ClaimVerdict] | None = None) -> "Auditor":
        """For one catalog."""
        hearing = Hearing.of(catalog)
        return cls(TitleReader(hearing.driver.spotter), hearing, judged or {})

    def audit(self, dialogues: Sequence[Dialogue], progress: Callable[[int, int], None] = lambda *_: None) -> Audit:
        """Everything that can be said of some dialogues."""
        whole = Audit()
        for done, dialogue in enumerate(dialogues, 1):
            whole += self.dialogue(dialogue)
            progress(done, len(dialogues))
        return whole

    def dialogue(self, dialogue: Dialogue) -> Audit:
        """One dialogue."""
        state, results = State(), list[Finding]()
        replies = judged = named = suggested = 0
        for index, turn in enumerate(dialogue.turns):
            if turn.role is Role.USER:
                state = self._heard(state, turn)
                continue
            said = self.judged.get((dialogue.dialogue_id, index))
            titles = list(self.titles.find(turn.text))
            suggestions = self._suggestions(turn, titles, state, said)
            findings = [*self._unknown(turn), *self._breaches(suggestions, state)]
            place = {"dialogue_id": dialogue.dialogue_id, "turn_index": index}
            results += [finding.model_copy(update=place) for finding in findings]
            results += said.findings if said else ()
            state = _after(state, turn, suggestions)
            replies, judged = replies + 1, judged + (said is not None)
            named, suggested = named + sum(title.is_sure for title in titles), suggested + len(suggestions)
        return Audit(tuple(results), 1, replies, judged, named, suggested)

    def _heard(self, state: State, turn: TranscriptTurn) -> State:
        """The state after a message of the user."""
        heard = self.hearing.hear(state.conversation, turn.text)
        wish = _with_mentions(heard.conversation.preference, turn)
        named = state.named | heard.named | {mention.item_id for mention in turn.mentions}
        return State(replace(heard.conversation, preference=wish), state.suggested, named, heard.asks)

    def _suggestions(
        self, turn: TranscriptTurn, titles: Sequence[Named], state: State, said: ClaimVerdict | None
    ) -> list[Suggestion]:
        """What a reply puts forward."""
        cards = [item_id for item_id in turn.recommended if item_id in self.titles.catalog]
        if said or cards:
            ids = dict.fromkeys((*cards, *(sorted(said.suggested) if said else ())))
            return [Suggestion((item_id,), _line_with(turn.text, titles, item_id)) for item_id in ids]
        unique = {title.ids: title for title in titles if title.is_sure}
        if state.asks:
            return []
        new = [title for title in unique.values() if not state.named.intersection(title.ids)]
        return [
            Suggestion(suggestion.ids, _line_with(turn.text, [suggestion], suggestion.ids[0]))
            for suggestion in new or unique.values()
        ]

    def _unknown(self, turn: TranscriptTurn) -> Iterator[Finding]:
        """Cards of items that there are not."""
        for item_id in turn.recommended:
            if item_id not in self.titles.catalog:
                known = nearest(item_id, self.titles.catalog)
                yield Finding(check=Check.TITLE, sentence="", claimed=f"suggests {item_id!r}", known=known)

    def _breaches(self, suggestions: Sequence[Suggestion], state: State) -> Iterator[Finding]:
        """What is wrong with suggestions, given what was said before."""
        catalog, wish = self.titles.catalog, state.conversation.preference
        known = {*wish.seen, *wish.disliked, *wish.liked} - ({*wish.examples} - {*wish.seen})
        for suggestion in suggestions:
            items = [catalog.item(item_id) for item_id in suggestion.ids]

            suggests = Finding(
                check=Check.CONSTRAINT,
                sentence=suggestion.sentence,
                claimed=f"suggests {items[0].label}",
                known="",
                item_ids=suggestion.ids,
            )

            for limit in wish.constraints:
                if not any(catalog.satisfies(item, limit) for item in items):
                    is_told = any(_is_told(item.numbers, item.values, limit) for item in items)
                    verdict = Verdict.WRONG if is_told else Verdict.UNVERIFIABLE
                    asked = f"the user asked for: {limit_text(limit)}"
                    yield suggests.model_copy(update={"known": asked, "field": limit.field, "verdict": verdict})
            doubles = {double for item_id in suggestion.ids for double in catalog.double_of(item_id)}
            if doubles & known:
                said = "the user said that they know it, or what they think of it"
                yield suggests.model_copy(update={"check": Check.SEEN, "known": said})
            elif doubles & state.suggested:
                yield suggests.model_copy(update={"check": Check.REPEAT, "known": "it was suggested before"})


def _after(state: State, turn: TranscriptTurn, suggestions: Sequence[Suggestion]) -> State:
    """The state after a reply."""
    shown = tuple(dict.fromkeys(suggestion.ids[0] for suggestion in suggestions))
    suggested = state.suggested.union(*(suggestion.ids for suggestion in suggestions))
    return replace(
        state, conversation=state.conversation.add(Turn(Role.ASSISTANT, turn.text, shown)), suggested=suggested
    )


def _is_told(numbers: Mapping[str, float], values: Mapping[str, Sequence[str]], limit: Constraint) -> bool:
    """Whether the catalog says enough of an item to tell that it breaks a limit."""
    return limit.op is Op.NOT or limit.field in numbers or bool(values.get(limit.field))


def _with_mentions(wish: Preference, turn: TranscriptTurn) -> Preference:
    """The wish with what a transcript itself writes down of likes and dislikes."""
    liked = (mention.item_id for mention in turn.mentions if mention.liked is True)
    disliked = (mention.item_id for mention in turn.mentions if mention.liked is False)
    return replace(wish, liked=(*wish.liked, *liked), disliked=(*wish.disliked, *disliked))


def _line_with(text: str, titles: Sequence[Named], item_id: str) -> str:
    """The line of a text that names an item; '' for a card without a word."""
    start = next((title.start for title in titles if item_id in title.ids), None)
    return "" if start is None else text[text.rfind("\n", 0, start) + 1 :].partition("\n")[0]
