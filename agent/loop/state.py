"""What a turn works on while it runs; nothing of it is kept but the conversation."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from agent.chips import chips
from agent.client import NO_TERMS, ClientTerms
from agent.conversation import Conversation
from agent.drivers.base import Deadline
from agent.intent import Act, Intent
from agent.recommendation import LlmRun, Recommendation, Table, ToolRun, Trace
from agent.wording.messages import say, say_in_all
from agent.wording.surround import split_choices
from retrieval.candidates import Candidate
from retrieval.exploration.asking import Elicitation
from retrieval.exploration.splitting import Split
from retrieval.house import Handover
from retrieval.policies import Slot
from retrieval.preference import Preference
from retrieval.ranking import Ranked
from retrieval.state import User
from tools import Ending, ToolContext
from tools.endings import ANSWER, ASK_USER, HAND_OVER, RECOMMEND

ACTS = {RECOMMEND: Act.RECOMMEND, ANSWER: Act.ANSWER, ASK_USER: Act.ASK, HAND_OVER: Act.HAND_OVER}


BOLD = 0.6
"""From this novelty on a place of a list is for a guess."""


@dataclass(frozen=True, slots=True)
class ListPlace:
    """A place of a list that has a wish of its own."""

    name: str
    """What it is for."""
    wanted: Preference
    fit: tuple[Candidate, ...]
    """What fits it, best first; the first one is shown."""
    is_free: bool = False
    """Whether something else may stand there as well."""

    @property
    def is_bold(self) -> bool:
        """Whether it is for a guess."""
        return self.is_free and self.wanted.novelty >= BOLD and len(self.fit) > 1


@dataclass(slots=True)
class TurnState:
    """One turn in progress."""

    conversation: Conversation
    """As it was before the turn."""
    context: ToolContext
    message: str = ""
    """'' when nothing was said: the list is made anew without a model."""
    store: bool = True
    """Whether feedback, tastes and exposures go to the user's state."""
    keep: bool = True
    """Whether the conversation itself is kept."""
    terms: ClientTerms = NO_TERMS
    """What the client asks beside the message."""
    user: User | None = None
    """As they were when the turn began; nothing is written for anybody who has the id after them."""
    deadline: Deadline = field(default_factory=lambda: Deadline.after(120.0))
    driver: str = "offline"
    reason: str = ""
    """Why that driver."""
    lost: set[str] = field(default_factory=set)
    """Channels that broke or were late in this turn."""
    ranked: Ranked = field(default_factory=lambda: Ranked(()))
    slots: tuple[Slot, ...] = ()
    places: tuple[ListPlace, ...] = ()
    """The places of the list, where they have wishes of their own."""
    slot_names: tuple[str, ...] = ()
    """What these places are for, as far as it may be said."""
    unfilled: tuple[str, ...] = ()
    """What the places were for that nothing fits."""
    table: Table | None = None
    """Items side by side, where they are compared."""
    uncertainty: float = 0.0
    """How little is known of the user's taste, 0..1; see `retrieval.belief`."""
    elicitation: Elicitation | None = None
    split: Split | None = None
    """The one question about taste that is asked at the end."""
    knowing: str = ""
    """How sure we are of this user's taste, in words; '' where there is nothing to say."""
    recommendations: tuple[Recommendation, ...] = ()
    near_misses: tuple[Recommendation, ...] = ()
    notices: tuple[str, ...] = ()
    announced: tuple[str, ...] = ()
    """Notices that still hold and were told in this conversation."""
    tools: tuple[ToolRun, ...] = ()
    llm: tuple[LlmRun, ...] = ()
    seconds: dict[str, float] = field(default_factory=dict)
    text: str = ""
    listed: tuple[str, ...] = ()
    """Item ids that the words of an answer list, in order: '#2' means the second of them next time."""
    dropped: tuple[str, ...] = ()
    """Why sentences of the model were left out."""
    started: float = field(default_factory=time.perf_counter)

    @property
    def ending(self) -> Ending:
        """How the turn ends; with a list where no driver said so."""
        return self.context.ending or Ending(RECOMMEND)

    @property
    def preference(self) -> Preference:
        """What is wanted in this turn."""
        wanted, most = self.context.preference, self.context.catalog.house.most
        count = min(most, wanted.count if self.ending.count is None else self.ending.count)
        return wanted if count == wanted.count else replace(wanted, count=count)

    @property
    def lists_beside(self) -> bool:
        """Whether a list stands beside an answer or a question of ours: where the wish holds anything."""
        wanted = self.preference
        holds = wanted.text or wanted.liked or wanted.constraints or wanted.wishes or wanted.leanings
        return self.context.lists_beside and bool(holds)

    @property
    def wanted(self) -> Preference:
        """What is wanted from now on: how many and how bold are said for one turn alone."""
        before = self.conversation.preference
        return replace(self.context.wanted, count=before.count, novelty=before.novelty)

    @property
    def handover(self) -> Handover | None:
        """How the user reaches a person, where that is how the turn ends."""
        return self.context.catalog.house.handover if self.ending.tool == HAND_OVER else None

    @property
    def language(self) -> str:
        """The language of the reply."""
        return self.context.wanted.language

    @property
    def act(self) -> Act:
        """How the turn ends."""
        return ACTS[self.ending.tool]

    @property
    def is_kept(self) -> bool:
        """Whether what the message says is kept for somebody."""
        return self.store and self.conversation.user_id is not None

    @property
    def intent(self) -> Intent:
        """What became of the message."""
        context, ending = self.context, self.ending
        said = context.patches
        return Intent(
            act=self.act,
            preference=self.preference,
            chips=chips(self.preference, context.catalog),
            kind=ending.kind,
            about=ending.item_ids if ending.tool == ANSWER else (),
            fields=ending.fields,
            liked=tuple(dict.fromkeys(item_id for patch in said for item_id in patch.liked)),
            examples=tuple(dict.fromkeys(item_id for patch in said for item_id in patch.examples)),
            disliked=tuple(dict.fromkeys(item_id for patch in said for item_id in patch.disliked)),
            seen=tuple(dict.fromkeys(item_id for patch in said for item_id in patch.seen)),
            saved=tuple(dict.fromkeys(item_id for patch in said for item_id in patch.saved)) if self.is_kept else (),
            kept=tuple(limit for patch in said for limit in patch.kept),
            dropped=tuple(key for patch in said for key in patch.dropped),
            unknown=tuple(dict.fromkeys(filter(None, context.problems.unknown))),
            ambiguous=tuple(context.problems.ambiguous),
            unread=context.unread,
            choices=ending.choices or split_choices(self.split, context.catalog, self.preference.language),
            driver=self.driver,
        )

    def keep_to_screen(self) -> None:
        """Forget what the driver put on the list and code left off it: no word may praise it."""
        shown = {card.item.item_id for card in (*self.recommendations, *self.near_misses)}
        ordered = tuple(item_id for item_id in self.ending.item_ids if item_id in shown)
        self.context.ending = replace(self.ending, item_ids=ordered)

    def disclose(self) -> None:
        """Notices of what the house says of items that only words name; on cards it stands already."""
        catalog = self.context.catalog
        ids = dict.fromkeys((*self.ending.item_ids, *self.listed, *(self.table.item_ids if self.table else ())))
        said = {item_id: catalog.house.disclosure(item_id, self.language) for item_id in ids if item_id in catalog}
        if self.act is not Act.RECOMMEND:
            self.add_notices(*(f"{catalog.item(item_id).label}: {words}" for item_id, words in said.items() if words))

    def add_notices(self, *notices: str) -> None:
        """More notices, none twice."""
        self.notices = tuple(dict.fromkeys((*self.notices, *filter(None, notices))))

    def announce(self, *notices: str) -> None:
        """Notices of what stays as it is: each is told once in a conversation, until it has passed."""
        self.add_notices(*(notice for notice in notices if notice and notice not in self.announced))
        self.announced = tuple(dict.fromkeys((*self.announced, *filter(None, notices))))

    def announce_once(self, key: str) -> None:
        """A fixed sentence as such a notice; one that was told in another language is not told again."""
        if not {*say_in_all(key)} & {*self.announced}:
            self.announce(say(key, self.language))

    def withdraw(self, *notices: str) -> None:
        """Notices that no longer hold: should it happen again, it is told again."""
        self.announced = tuple(notice for notice in self.announced if notice not in notices)

    def time(self, stage: str, since: float) -> None:
        """Note the seconds that a stage took."""
        self.seconds[stage] = self.seconds.get(stage, 0.0) + time.perf_counter() - since

    def trace(self) -> Trace:
        """How the items were found, so far."""
        seconds: Mapping[str, float] = {**self.seconds, "total": time.perf_counter() - self.started}
        return Trace(
            self.tools,
            tuple(replace(call, at=max(0.0, call.at - self.started)) for call in self.llm),
            seconds,
            dict(self.ranked.dimensions),
            driver=self.driver,
            reason=self.reason,
            dropped=len(self.dropped),
            parts_are=self.ranked.parts_are,
            standings=dict(self.context.standings),
            decisions=dict(self.context.decisions),
        )
