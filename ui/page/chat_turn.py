"""One exchange as the page shows it, as it happens or read back from what was kept."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from agent.chips import chips
from agent.conversation import Conversation, Role, Turn
from agent.intent import Act, Intent
from agent.recommendation import Explanation, Recommendation, Table, ToolRun, Trace
from agent.turn_record import TurnRecord, recommendations_of
from agent.wording.cards import disclosed
from retrieval.house import Handover
from retrieval.items import Catalog
from retrieval.preference import Preference


@dataclass(frozen=True, slots=True)
class ChatTurn:
    """One exchange as the page shows it."""

    message: str
    """What the user wrote; '' for a list that a click brought."""
    title: str = ""
    """Shown instead of a message."""
    number: int = -1
    """Of the message in the logs; -1 where a click brought the list."""
    intent: Intent | None = None
    wanted: Preference | None = None
    """What is wanted from now on."""
    recommendations: tuple[Recommendation, ...] = ()
    near_misses: tuple[Recommendation, ...] = ()
    notices: tuple[str, ...] = ()
    knowing: str = ""
    """How sure we are of the user's taste, in words."""
    table: Table | None = None
    """Items side by side."""
    handover: Handover | None = None
    """How the user reaches a person, where they asked for one."""
    text: str = ""
    tools: tuple[ToolRun, ...] = ()
    trace: Trace | None = None
    error: str = ""
    stopped: bool = False
    """Whether the user stopped it."""
    has_cards: bool = False
    """Whether the cards (or their absence) are settled."""

    @property
    def has_list(self) -> bool:
        """Whether it shows any items."""
        return bool(self.recommendations or self.near_misses)

    @property
    def is_unanswered(self) -> bool:
        """Whether nothing came of the message, and nothing said why: the server ended meanwhile."""
        return bool(self.message) and not (self.has_cards or self.text or self.error)

    def language(self, default: str) -> str:
        """The language of the reply, the page's while that is not known."""
        return default if self.intent is None else self.intent.preference.language


def turns_of(
    conversation: Conversation, catalog: Catalog, shown: Mapping[int, TurnRecord] | None = None
) -> list[ChatTurn]:
    """An earlier conversation as the page showed it.

    Args:
        conversation: What was said.
        catalog: The items; those that are gone are left out.
        shown: What was shown with its turns, by their number; without it the cards have no reasons.
    """
    turns: list[ChatTurn] = []
    message, said = "", -1
    for at, turn in enumerate(conversation.turns):
        number = conversation.number_of(at)
        if turn.role is Role.USER:
            if message:
                turns.append(ChatTurn(message, number=said))
            message, said = turn.text, number
            continue
        again = _again(message, turn, (shown or {}).get(number), catalog, conversation.preference.language)
        if message or not turns or not turns[-1].has_list:
            turns.append(replace(again, number=said))
        else:  # a click made the list anew, in its place
            turns[-1] = replace(again, message=turns[-1].message, number=turns[-1].number)
        message, said = "", -1
    if turns and (intent := _last_intent(conversation, turns[-1], catalog)) is not None:
        turns[-1] = replace(turns[-1], intent=intent)
    return [*turns, ChatTurn(message, number=said)] if message else turns


def _last_intent(conversation: Conversation, last: ChatTurn, catalog: Catalog) -> Intent | None:
    """What the last turn can still be answered with: chips to take away, or the items that it asked about."""
    wanted, asked = conversation.preference, conversation.question
    if last.recommendations:
        return Intent(Act.RECOMMEND, wanted, chips=chips(wanted, catalog))
    return None if asked is None else Intent(Act.ASK, wanted, ambiguous=((asked.text, asked.options),))


def _disclosed(cards: Iterable[Recommendation], catalog: Catalog, language: str) -> tuple[Recommendation, ...]:
    """Cards of old with what the house says of their items today."""
    return tuple(disclosed(card, catalog, language) for card in cards)


def _again(message: str, turn: Turn, shown: TurnRecord | None, catalog: Catalog, language: str) -> ChatTurn:
    """One exchange of old, with all that was kept of it."""
    plain = ChatTurn(message, text=turn.text, stopped=turn.stopped, has_cards=True)
    if shown is None:
        cards, near = _cards(turn.shown, catalog), _cards(turn.near, catalog)
        return replace(
            plain,
            recommendations=_disclosed(cards, catalog, language),
            near_misses=_disclosed(near, catalog, language),
        )
    return replace(
        plain,
        intent=Intent(
            Act.RECOMMEND if shown.cards or shown.near else Act.ASK if shown.choices else Act.ANSWER,
            Preference(language=shown.language),
            chips=shown.chips,
            choices=shown.choices,
        ),
        recommendations=_disclosed(recommendations_of(shown.cards, catalog), catalog, shown.language),
        near_misses=_disclosed(recommendations_of(shown.near, catalog), catalog, shown.language),
        notices=shown.notices,
        knowing=shown.knowing,
        table=shown.table,
        handover=shown.handover,
        trace=shown.trace,
    )


def _cards(item_ids: tuple[str, ...], catalog: Catalog) -> tuple[Recommendation, ...]:
    known = [item_id for item_id in item_ids if item_id in catalog]
    return tuple(
        Recommendation(catalog.item(item_id), rank, Explanation("")) for rank, item_id in enumerate(known, start=1)
    )
