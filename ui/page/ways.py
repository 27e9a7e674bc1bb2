"""What can be done with an exchange: its message changed, its answer copied or made anew, its list shared."""

from agent.intent import PERSON
from ui.access.scopes import SHARED
from ui.page.card_context import CardContext
from ui.page.chat_turn import ChatTurn
from ui.page.links import link_to
from ui.page.markup import Html, tag
from ui.page.state import Link, Session
from ui.page.words import day, word

CLICK = "click"
"""Who led a turn in which nothing was said, see `agent.recommendation.Trace`."""


def name_of(at: int, turn: ChatTurn) -> str:
    """The name of the exchange at a place; one that took the place of another has another one."""
    return f"{at}:{turn.number}"


def can_be_edited(turn: ChatTurn) -> bool:
    """Whether it has a message that can be said anew."""
    return bool(turn.message) and turn.number >= 0 and turn.message != PERSON


def can_be_regenerated(turn: ChatTurn) -> bool:
    """Whether an answer to its message can be made anew; what a click brought comes with another click."""
    is_click = turn.trace is not None and turn.trace.driver == CLICK
    return can_be_edited(turn) and not is_click and not turn.is_unanswered


def edit_button(name: str, language: str, *, is_shown: bool = True) -> Html:
    """Lets a message be changed in its place; until it is shown, its room is kept, so that nothing below it moves."""
    if not is_shown:
        return tag("div", class_="edit-way")
    button = tag("button", word("edit", language), type="button", class_="more", data_do="edit", data_turn=name)
    return tag("div", button, class_="edit-way")


def edit_form(turn: ChatTurn, name: str, language: str) -> Html:
    """A message while it is changed; the browser sends it."""
    field = tag(
        "textarea",
        turn.message,
        rows=str(min(8, 2 + len(turn.message) // 70)),
        required=True,
        aria_label=word("message_label", language),
    )
    send = tag("button", word("send_again", language), class_="primary")
    cancel = tag("button", word("cancel", language), type="button", class_="quiet", data_do="edit", data_turn="")
    lead = tag("p", word("edit_lead", language), class_="meta")
    return tag("form", field, lead, tag("div", send, cancel, class_="ways-on"), class_="edit", data_edit=name)


def answer_ways(turn: ChatTurn, name: str, context: CardContext, session: Session, *, is_last: bool) -> Html:
    """What can be done with an answer, and the link to its list where that was just shared."""
    buttons = [tag("button", context.say("copy"), type="button", class_="more", data_copy="")]
    if session.may_share and turn.has_list:
        share = tag("button", context.say("share"), type="button", class_="more", data_do="share", data_turn=name)
        buttons.append(share)
    if is_last and can_be_regenerated(turn):
        again = context.say("regenerate")
        buttons.append(tag("button", again, type="button", class_="more", data_do="regenerate"))
    link = session.shared
    told = _shared(link, session.language) if link is not None and link.turn == name else ""
    return tag("div", tag("div", *buttons, class_="ways-on"), told, class_="answer-ways")


def _shared(link: Link, language: str) -> Html:
    lead = word("share_lead", language, date=day(link.share.expires_at, language))
    path = SHARED.lstrip("/") + link.token  # relative: the page may lie deeper
    address = tag("a", word("shared_link", language), href=path, target="_blank", rel="noopener noreferrer")
    copy = tag("button", word("copy_link", language), type="button", class_="quiet", data_copy_link="")
    stop = revoke_button(link.share.share_id, language)
    others = tag("a", word("shared_lists", language), href=link_to("shares"))
    return tag("div", tag("p", lead, role="status"), address, copy, stop, others, class_="shared")


def revoke_button(share_id: int, language: str, label: str = "") -> Html:
    """Ends a link; `label` says of which list where several stand together."""
    name = word("revoke", language)
    told = word("pair", language, name=name, text=label) if label else None
    return tag(
        "button",
        name,
        type="button",
        class_="quiet danger",
        data_do="unshare",
        data_share=str(share_id),
        aria_label=told,
    )
