"""Lets a simulated user talk to a system, and writes the conversation down."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from agent.conversation import Role
from agent.drivers.offline.spot import Spotter
from agent.learning.transcripts import TranscriptTurn
from eval.simulation.records import AnswerRecord, Said, Simulated, SimulatedDialogue
from eval.simulation.speech import DEFAULT, Line
from eval.simulation.systems import MOST_SHOWN, Answer, System
from eval.simulation.taste import SimulatedTaste
from eval.simulation.user import SimulatedUser
from retrieval.items import Catalog

NO_WORDS = "(no words)"


@dataclass(frozen=True, slots=True)
class Stage:
    """What all conversations of a run share."""

    system: System
    catalog: Catalog
    spotter: Spotter
    seed: int
    max_turns: int
    wordings: str = DEFAULT
    """The file of what users say."""


@dataclass(slots=True)
class _Notes:
    """What is written down of one conversation."""

    turns: list[TranscriptTurn] = field(default_factory=list)
    answers: list[AnswerRecord] = field(default_factory=list)
    error: str = ""


def dialogue_id(seed: int, user_id: str) -> str:
    """The same for every system, so that runs can be compared in pairs."""
    return f"simulated-{seed}-{user_id}"


async def talk(stage: Stage, taste: SimulatedTaste) -> SimulatedDialogue:
    """One conversation: until an item is accepted, the turns are used up, or the system fails."""
    user = SimulatedUser(taste, stage.catalog, stage.spotter, stage.seed, stage.wordings)
    partner, notes = stage.system.begin(taste.user_id), _Notes()
    line = user.opening()
    notes.turns.append(_spoken(line))
    for _ in range(stage.max_turns):
        answer = await partner.say(line)
        if answer.error:
            notes.error = answer.error
            break
        notes.answers.append(_record(user, answer))
        near = answer.near[: max(0, MOST_SHOWN - len(answer.items))]
        line = user.reply(answer.text, answer.items, near)
        notes.turns.append(_turn(answer, user.accepted))
        if user.turn < stage.max_turns or user.accepted:
            notes.turns.append(_spoken(line))
        if user.accepted:
            break
    return _dialogue(stage, user, notes)


def _turn(answer: Answer, accepted: str) -> TranscriptTurn:
    """The assistant's turn; a near miss that was accepted counts as recommended."""
    items = tuple(dict.fromkeys((*answer.items, *filter(None, (accepted,)))))
    taken = (accepted,) if accepted else ()
    words = answer.text.strip() or NO_WORDS
    return TranscriptTurn(role=Role.ASSISTANT, text=words, recommended=items, accepted=taken if items else None)


def _spoken(line: Line) -> TranscriptTurn:
    return TranscriptTurn(role=Role.USER, text=line.text, mentions=line.mentions)


def _record(user: SimulatedUser, answer: Answer) -> AnswerRecord:
    """What the user makes of an answer, before hearing it."""
    items = [user.catalog.item(item_id) for item_id in answer.items]
    return AnswerRecord(
        items=answer.items,
        verdicts=tuple(user.judge(answer.items)),
        fits=tuple(user.wish.core.fits(item, user.catalog) for item in items),
        limited=user.limit_told is not None,
        keeps=tuple(user.catalog.satisfies(item, user.taste.limit) for item in items),
        near=len(answer.near),
        foreign=answer.foreign,
        seconds=answer.seconds,
        prompt_tokens=answer.prompt_tokens,
        completion_tokens=answer.completion_tokens,
    )


def _dialogue(stage: Stage, user: SimulatedUser, notes: _Notes) -> SimulatedDialogue:
    taste = user.taste
    simulated = Simulated(
        system=stage.system.name,
        seed=stage.seed,
        max_turns=stage.max_turns,
        temper=taste.temper,
        rich=taste.rich,
        language=taste.language,
        wishes=tuple(tuple(piece.key for piece in wish.pieces) for wish in taste.wishes),
        limit=taste.limit.key,
        limit_turn=taste.limit_turn,
        targets=len(taste.wishes[0].targets),
        accepted=user.accepted,
        answers=tuple(notes.answers),
        said=tuple(_said(user, notes.answers)),
        error=notes.error,
    )
    return SimulatedDialogue(
        dialogue_id=dialogue_id(stage.seed, taste.user_id),
        user_id=taste.user_id,
        turns=tuple(notes.turns),
        simulated=simulated,
    )


def _said(user: SimulatedUser, answers: Sequence[AnswerRecord]) -> Iterator[Said]:
    """Everything that an answer could forget, with the answers that did."""
    if user.limit_told is not None:
        later = [answer for answer in answers[user.limit_told :] if answer.items]
        yield _one("limit", user.taste.limit.key, user.limit_told, [not all(answer.keeps) for answer in later])
    ends = [*user.wishes_told[1:], len(answers)]
    for wish, start, end in zip(user.taste.wishes, user.wishes_told, ends, strict=False):
        later = [answer for answer in answers[start:end] if answer.items]
        yield _one("wish", wish.core.key, start, [not any(answer.fits) for answer in later])
    for item_id, turn in user.named.items():
        if item_id != user.accepted:
            later = [answer for answer in answers[turn:] if answer.items]
            yield _one("title", item_id, turn, [item_id in answer.items for answer in later])


def _one(kind: str, what: str, turn: int, against: Sequence[bool]) -> Said:
    return Said(kind=kind, what=what, turn=turn, lists=len(against), forgotten=sum(against))
