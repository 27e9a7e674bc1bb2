"""Reads dialogues turn by turn and collects what is wrong, what holds, and what cannot be told."""

import re
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from agent.conversation import Conversation, Role
from agent.learning.transcripts import Dialogue, TranscriptTurn
from eval.audit.claims import Claim, ClaimReader
from eval.audit.facts import FactJudge, sequel_values
from eval.audit.findings import Audit, Check, Finding, Verdict, joined
from eval.audit.passages import Passage, PassageReader
from eval.audit.phrases import ABOUT_USER, PEOPLE, TITLES, UNPROVABLE
from eval.audit.plain_words import GLUE, GLUE_CHINESE
from eval.audit.plausible import Plausibility
from eval.audit.subjects import Subjects
from eval.audit.titles import Named, TitleReader
from eval.audit.wishes import State, WishKeeper
from eval.reading.wishes import WishReader
from eval.reading.words import stem, words_of
from retrieval.items import Catalog

MARKS = re.compile(f"{TITLES}|{PEOPLE}")
"""What stands for titles and people in a frame may stand in no text."""
ESCAPED = re.compile(r"%(2[0-9A-F]|3[A-F])")
"""Punctuation as it stands in web addresses, which some recorded titles have: 'Why Him%3F'."""


@dataclass(frozen=True)
class Auditor:
    """Audits dialogues over one catalog."""

    catalog: Catalog
    titles: TitleReader
    passages: PassageReader
    claims: ClaimReader
    facts: FactJudge
    wishes: WishKeeper

    @classmethod
    def of(cls, catalog: Catalog) -> "Auditor":
        """For one catalog."""
        passages, plausible = PassageReader.of(catalog), Plausibility(catalog)
        return cls(
            catalog,
            TitleReader.of(catalog),
            passages,
            ClaimReader.of(catalog, passages),
            FactJudge(catalog, plausible, sequel_values(catalog)),
            WishKeeper(catalog, WishReader.of(catalog), plausible),
        )

    def audit(self, dialogues: Sequence[Dialogue], progress: Callable[[int, int], None] = lambda *_: None) -> Audit:
        """Everything that can be said of some dialogues."""
        started = time.perf_counter()
        parts = []
        for done, dialogue in enumerate(dialogues):
            progress(done, len(dialogues))
            parts.append(self.dialogue(dialogue))
        progress(len(dialogues), len(dialogues))
        whole = joined(parts)
        return Audit(
            whole.results, len(dialogues), whole.turns, whole.named, whole.suggested, time.perf_counter() - started
        )

    def dialogue(self, dialogue: Dialogue) -> Audit:
        """One dialogue."""
        state = State(Conversation(conversation_id=dialogue.dialogue_id))
        results: list[Finding] = []
        turns = named = suggested = 0
        for index, turn in enumerate(dialogue.turns):
            if turn.role is Role.USER:
                state = self.wishes.heard(state, turn)
                continue
            found, state, counts = self._turn(dialogue.dialogue_id, index, turn, state)
            results += found
            turns, named, suggested = turns + 1, named + counts[0], suggested + counts[1]
        return Audit(tuple(results), 1, turns, named, suggested)

    def _turn(
        self, dialogue_id: str, index: int, turn: TranscriptTurn, state: State
    ) -> tuple[list[Finding], State, tuple[int, int]]:
        """What one turn of the assistant holds, the state after it, and how many titles and suggestions it has."""
        expected = (*turn.recommended, *(one.item_id for one in turn.mentions), *sorted(state.named))
        text = ESCAPED.sub(lambda match: chr(int(match.group(1), 16)), MARKS.sub(" ", turn.text))
        found = self.titles.find(text, expected=expected)
        passages = self.passages.cut(text, found)
        suggestions = self.wishes.suggestions(turn, passages, state)

        def finding(check: Check, verdict: Verdict, sentence: str, claimed: str, known: str, **more: object) -> Finding:
            return Finding(
                dialogue_id=dialogue_id, turn_index=index, check=check, verdict=verdict, sentence=sentence,
                claimed=claimed, known=known, **more,  # type: ignore[arg-type]
            )  # fmt: skip

        results = [
            finding(Check.TITLE, Verdict.WRONG, passage.text, f"names {one.text!r}", self._no_title(one))
            for passage in passages
            for _, one in passage.title_places
            if not one.is_known
        ]
        about = self._focus(turn, state)
        for passage in passages:
            results += self._claims(passage, about, finding)
            about = Subjects.of(passage, about).main or about
        results += [
            finding(
                one.check, one.verdict, one.suggestion.sentence, one.claimed, one.known,
                item_ids=one.suggestion.ids, field=one.field,
            )
            for one in self.wishes.breaches(suggestions, state)
        ]  # fmt: skip
        ids = {item_id for one in found for item_id in one.ids} | {*turn.recommended}
        return results, self.wishes.said(state, turn.text, suggestions, ids), (len(found), len(suggestions))

    def _claims(self, passage: Passage, about: Sequence[Named], finding: Callable[..., Finding]) -> Iterable[Finding]:
        """The claims of a sentence with their verdicts; a sentence of which nothing can be told counts, too."""
        claims = self.claims.read(passage, about)
        results = [
            finding(
                Check.CLAIM, judged.verdict, passage.text, _claimed(claim, judged.named), judged.known,
                item_ids=judged.named.ids, field=judged.field,
            )
            for claim in claims
            for judged in self.facts.judge(claim)
        ]  # fmt: skip
        beyond = UNPROVABLE.search(passage.frame)
        subjects = Subjects.of(passage, about).main
        if beyond and subjects:
            said = f"{_labels(subjects)}: {beyond.group()}"
            results.append(
                finding(Check.CLAIM, Verdict.UNVERIFIABLE, passage.text, said, "the catalog records no such thing")
            )
        elif not results and subjects and _states_something(passage):
            said = f"about {_labels(subjects)}"
            results.append(
                finding(Check.CLAIM, Verdict.UNVERIFIABLE, passage.text, said, "nothing in it that the catalog records")
            )
        return results

    def _focus(self, turn: TranscriptTurn, state: State) -> tuple[Named, ...]:
        """What 'it' means as a turn begins: what the user asked about, else the one card of this turn or the last."""
        asked = sorted(state.asked_about) or sorted(state.last_named)
        last = [one for one in state.conversation.last_shown() if one in self.catalog]
        ids = asked[:1] if len(asked) == 1 else list(turn.recommended[:1]) if len(turn.recommended) == 1 else last[:1]
        if len(asked) > 1 or (not asked and len(turn.recommended) != 1 and len(last) != 1):
            return ()
        return tuple(Named(0, 0, self.catalog.item(one).title, (one,)) for one in ids if one in self.catalog)

    def _no_title(self, one: Named) -> str:
        near = self.catalog.find_title(one.text, limit=1)
        like = f"; the nearest title is {near[0].title!r}" if near else ""
        return f"no item of that title in the catalog{like}"


def _claimed(claim: Claim, named: Named) -> str:
    role = f" as {claim.role}" if claim.role else ""
    return f"{named.text}: {claim.words}{role}"


def _labels(named: Sequence[Named]) -> str:
    return ", ".join(dict.fromkeys(one.text for one in named))


def _states_something(passage: Passage) -> bool:
    """Whether a sentence holds words that could state a fact."""
    frame = ABOUT_USER.sub(" ", passage.frame)
    if frame.rstrip().endswith(("?", "？")):
        return False
    chinese = "".join(re.findall(r"[\u3400-\u9fff]+", frame))
    for word in sorted(GLUE_CHINESE, key=len, reverse=True):
        chinese = chinese.replace(word, "")
    return len(chinese) > 1 or any(
        stem(word) not in GLUE and word not in GLUE for word in words_of(frame) if word.isascii()
    )
