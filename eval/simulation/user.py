"""A simulated user: answers from a taste, judges what is shown, and remembers what was said.

Which title would please is known to nobody who talks: `reply` judges items only after they were shown.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import islice

from numpy.random import Generator

from agent.drivers.offline.spot import Spotter
from agent.learning.transcripts import Mention
from eval.simulation.drawing import seeded
from eval.simulation.questions import Asked, read_question
from eval.simulation.speech import DEFAULT, Line, Speaker
from eval.simulation.taste import Piece, SimulatedTaste, Temper, Wish
from retrieval.items import Catalog

REMARKS = {Temper.TERSE: 1, Temper.CHATTY: 3, Temper.CONTRARY: 2, Temper.CHINESE: 2}
"""On how many of the shown items somebody comments, at most."""
EXAMPLES_AT_ONCE = 2
NOTABLE = 0.3
"""The least share of the known likes that fit which makes a value worth naming when asked."""
CHANGE_TURN = 3
"""In which turn contrary users change their mind."""


class Verdict(StrEnum):
    """What a user makes of a shown item; the first that holds."""

    BREAKS = "breaks"
    """It does not keep the limit."""
    REPEAT = "repeat"
    """It was shown before in this conversation."""
    NAMED = "named"
    """The user has named it."""
    KNOWN = "known"
    """The user knows it from before and had not said so."""
    ACCEPTED = "accepted"
    """Held out, liked, and it has what is wanted."""
    LATER = "later"
    """Held out and liked, but not what is wanted now."""
    DISLIKED = "disliked"
    """Held out and not liked."""
    OFF_WISH = "off_wish"
    """No opinion is recorded; it has not what is wanted."""
    LUKEWARM = "lukewarm"
    """No opinion is recorded; it has what is wanted."""


SPOKEN = (Verdict.BREAKS, Verdict.REPEAT, Verdict.NAMED, Verdict.DISLIKED, Verdict.LATER, Verdict.KNOWN)
"""What is worth a remark, the most pressing first; the others only where nothing of these is to be said."""


@dataclass(slots=True)
class SimulatedUser:
    """One conversation of one user."""

    taste: SimulatedTaste
    catalog: Catalog
    spotter: Spotter
    seed: int
    wordings: str = DEFAULT
    turn: int = 0
    """Answers heard so far."""
    accepted: str = ""
    """The item taken in the end; '' while there is none."""
    limit_told: int | None = None
    """The turn in whose message the limit was stated; what is shown from then on has to keep it."""
    wishes_told: list[int] = field(default_factory=lambda: [0])
    """The turn in whose message each of the wishes so far was stated."""
    shown: dict[str, int] = field(default_factory=dict)
    """Item shown so far -> in which turn first."""
    named: dict[str, int] = field(default_factory=dict)
    """Item that the user named -> before which turn first."""
    _wishes: int = 0
    _pieces: int = 1
    _examples: int = 0
    _added: list[Piece] = field(default_factory=list)
    """What was said beyond the first piece and can be given up again."""

    @property
    def wish(self) -> Wish:
        """What is wanted at present."""
        return self.taste.wishes[self._wishes]

    @property
    def speaker(self) -> Speaker:
        """The way of talking."""
        return Speaker(self.catalog, self.taste.temper, self.taste.language, self.wordings)

    def opening(self) -> Line:
        """The first message."""
        rng = self._rng("opening")
        self._pieces = min(2, len(self.wish.pieces)) if self.taste.rich else 1
        self._added += self.wish.pieces[1 : self._pieces]
        line = self._say("opening", rng, wish=self.speaker.wish(*self.wish.pieces[: self._pieces]))
        if self.taste.rich:
            line += self._example(rng)
            line += self._limit(rng) if self.taste.limit_turn == 1 else Line("")
        return line

    def judge(self, item_ids: Sequence[str]) -> list[Verdict]:
        """What the user makes of each item of a list, told from what is known before the list."""
        return [self._verdict(item_id, item_ids[:place]) for place, item_id in enumerate(item_ids)]

    def reply(self, text: str, item_ids: Sequence[str], near: Sequence[str] = ()) -> Line:
        """Hear an answer. Ends with `accepted` set where one of the items pleases.

        Args:
            text: The assistant's words.
            item_ids: The items suggested.
            near: Items that the assistant says are near misses: they may please, too, and call for no remark.
        """
        self.turn += 1
        rng = self._rng("reply", self.turn)
        judged = list(zip((*item_ids, *near), self.judge((*item_ids, *near)), strict=True))
        verdicts = judged[: len(item_ids)]
        for item_id, _ in judged:
            self.shown.setdefault(item_id, self.turn)
        taken = next((judged_id for judged_id, verdict in judged if verdict is Verdict.ACCEPTED), None)
        if taken is not None:
            self.accepted = taken
            return self._about("accept", taken, rng, liked=True)
        if self._changes_mind():
            return self._change(rng)
        asked = read_question(text, self.catalog, self.spotter, tuple(self.named))
        line = Line("")
        for remark in islice(self._remarks(verdicts, rng), REMARKS[self.taste.temper]):
            line += remark
        return line + self._next(asked, rng, anything=bool(item_ids))

    # Judging -----------------------------------------------------------------------------------------------------

    def _verdict(self, item_id: str, before: Sequence[str]) -> Verdict:
        item, likes = self.catalog.item(item_id), self.taste.held_out.get(item_id)
        fits = self.wish.core.fits(item, self.catalog)
        if item_id in self.shown or item_id in before:
            return Verdict.REPEAT
        if item_id in self.named:
            return Verdict.NAMED
        if not self.catalog.satisfies(item, self.taste.limit):
            return Verdict.BREAKS
        if item_id in self.taste.known:
            return Verdict.KNOWN
        if likes:
            return Verdict.ACCEPTED if fits else Verdict.LATER
        if likes is False:
            return Verdict.DISLIKED
        return Verdict.LUKEWARM if fits else Verdict.OFF_WISH

    def _remarks(self, verdicts: Sequence[tuple[str, Verdict]], rng: Generator) -> Iterator[Line]:
        spoken = sorted((pair for pair in verdicts if pair[1] in SPOKEN), key=lambda pair: SPOKEN.index(pair[1]))
        for item_id, verdict in spoken:
            if verdict is not Verdict.BREAKS:
                yield self._remark(item_id, verdict, rng)
            elif self.limit_told is None:
                yield self._limit(rng)
            elif self.limit_told < self.turn:
                yield self._about("limit_again", item_id, rng, limit=self.speaker.limit(self.taste.limit))
        rest = [pair for pair in verdicts if pair[1] not in SPOKEN]
        off = [item_id for item_id, verdict in rest if verdict is Verdict.OFF_WISH]
        if off and len(off) == len(verdicts) > 1:
            yield self._say("all_off_wish", rng, wish=self._wanted)
        elif off and not spoken:
            yield self._about("off_wish", off[0], rng, wish=self._wanted)
        elif rest and not spoken and self.taste.temper is not Temper.TERSE:
            yield self._about("lukewarm", rest[0][0], rng)

    def _remark(self, item_id: str, verdict: Verdict, rng: Generator) -> Line:
        if verdict is Verdict.KNOWN:
            likes = self.taste.known[item_id]
            key = "seen" if likes is None else "seen_liked" if likes else "seen_disliked"
            return self._about(key, item_id, rng, liked=likes)
        if verdict is Verdict.LATER:
            return self._about("later", item_id, rng, liked=True, wish=self._wanted)
        liked = False if verdict is Verdict.DISLIKED else None
        return self._about(str(verdict), item_id, rng, liked=liked)

    # Saying more -------------------------------------------------------------------------------------------------

    def _next(self, asked: Asked | None, rng: Generator, *, anything: bool) -> Line:
        """An answer to what was asked, else one more thing about the wish."""
        if asked is not None and (line := self._answer(asked, rng)) is not None:
            return line
        if not anything and self._added:
            return self._say("drop", rng, wish=self.speaker.wish(self._added.pop()))
        if self.limit_told is None and self.turn + 1 >= self.taste.limit_turn:
            return self._limit(rng)
        if self._pieces < len(self.wish.pieces):
            self._pieces += 1
            self._added.append(self.wish.pieces[self._pieces - 1])
            return self._say("piece", rng, wish=self.speaker.wish(self._added[-1]))
        if self._examples < len(self.wish.examples):
            return self._example(rng)
        if not anything:
            return self._say("nothing", rng, wish=self._wanted)
        return self._say("else", rng)

    def _answer(self, asked: Asked, rng: Generator) -> Line | None:
        """What the taste says to a question; None where it asks nothing in particular."""
        if self.taste.temper is Temper.CONTRARY and asked.values and rng.random() < 1 / 2:
            return self._say("refuse", rng)
        if asked.items:
            label = self.catalog.item(asked.items[0]).label
            return self._say("which", rng, title=label)
        if asked.examples and self._examples < len(self.wish.examples):
            return self._example(rng)
        if not asked.values and not asked.field:
            return None
        of_field = [piece for piece in self.taste.shares if piece.field == asked.field]
        best = max(asked.values or of_field, key=self._leaning, default=None)
        if best is None or self._leaning(best) < NOTABLE:
            return self._say("no_matter", rng)
        self._added += [] if best in (self.wish.core, *self._added) else [best]
        return self._say("choose", rng, value=self.speaker.value(best))

    def _leaning(self, piece: Piece) -> float:
        """How much somebody would rather have a value: wished for, else its share of the known likes that fit."""
        if piece in self.wish.pieces:
            return 2.0
        items = (self.catalog.item(item_id) for item_id, likes in self.taste.known.items() if likes)
        fitting = [item for item in items if self.wish.core.fits(item, self.catalog)]
        return sum(piece.fits(item, self.catalog) for item in fitting) / max(1, len(fitting))

    def _changes_mind(self) -> bool:
        return self.turn + 1 == CHANGE_TURN and self._wishes + 1 < len(self.taste.wishes)

    def _change(self, rng: Generator) -> Line:
        old = self._wanted
        self._wishes, self._pieces, self._examples, self._added = self._wishes + 1, 1, 0, []
        self.wishes_told.append(self.turn)
        line = self._say("change", rng, old=old, wish=self._wanted)
        return line + self._limit(rng) if self.limit_told is None else line

    def _example(self, rng: Generator) -> Line:
        fresh = [item_id for item_id in self.wish.examples if item_id not in self.named and item_id not in self.shown]
        chosen = fresh[: EXAMPLES_AT_ONCE if self.taste.rich else 1]
        self._examples = len(self.wish.examples) if len(fresh) <= len(chosen) else self._examples + len(chosen)
        if not chosen:
            return self._say("else", rng)
        mentions = self._name(chosen, liked=True)
        return self._say("example", rng, mentions=mentions, titles=self.speaker.titles(chosen))

    def _limit(self, rng: Generator) -> Line:
        if self.limit_told is not None:
            return Line("")
        self.limit_told = self.turn
        return self._say("limit", rng, limit=self.speaker.limit(self.taste.limit))

    def _about(self, key: str, item_id: str, rng: Generator, *, liked: bool | None = None, **values: str) -> Line:
        mentions = self._name([item_id], liked=liked)
        return self._say(key, rng, mentions=mentions, title=self.speaker.title(item_id), **values)

    def _name(self, item_ids: Sequence[str], *, liked: bool | None) -> list[Mention]:
        for item_id in item_ids:
            self.named.setdefault(item_id, self.turn)
        return [Mention(item_id=item_id, liked=liked) for item_id in item_ids]

    @property
    def _wanted(self) -> str:
        return self.speaker.wish(self.wish.core)

    def _say(self, key: str, rng: Generator, *, mentions: Sequence[Mention] = (), **values: str) -> Line:
        return self.speaker.say(key, rng, mentions=mentions, **values)

    def _rng(self, *names: object) -> Generator:
        return seeded(self.seed, "talk", self.taste.user_id, *names)
