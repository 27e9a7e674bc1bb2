"""The conversation as HTML: turns, the answer as it grows, the welcome."""

from collections.abc import Mapping, Sequence

from agent.intent import PERSON, Act, Intent
from retrieval.house import Handover
from retrieval.items import Catalog
from ui.page.card_context import CardContext
from ui.page.cards import cards, chips, near_misses
from ui.page.chat_turn import ChatTurn
from ui.page.covers import cover
from ui.page.fragments import Fragments
from ui.page.how import how_html
from ui.page.markup import Html, join, paragraphs, tag
from ui.page.state import Link, Session
from ui.page.ways import answer_ways, can_be_edited, edit_button, edit_form, name_of
from ui.page.words import word

LOG_FRAME = tag("div", data_log="", class_="turns", role="log")
"""What the parts of the log are drawn into."""
STATUS_FRAME = tag("p", class_="hidden-name", role="status", data_status="")
"""What is going on, read aloud."""


def log_html(session: Session, catalog: Catalog, picks: Sequence[str] = ()) -> Html:
    """The log in one piece."""
    return log_parts(session, catalog, picks).whole()


def log_parts(session: Session, catalog: Catalog, picks: Sequence[str] = ()) -> Fragments:
    """All turns; the welcome when there are none. `picks` are the item ids of the taste picker."""
    if not session.turns:
        fragments = Fragments(("welcome",))
        _welcome(session, catalog, picks, fragments)
        return fragments
    last = len(session.turns) - 1
    keys = [f"t{session.conversation.conversation_id[:6]}{at}" for at in range(last + 1)]
    fragments = Fragments(tuple(keys))
    before, session.rendered = session.rendered, {}
    for at, (key, turn) in enumerate(zip(keys, session.turns, strict=True)):
        missed = session.asked_why_not if session.asked_why_not[0] == at else None
        state = (at == last, at == last and session.running, missed, _done_with(name_of(at, turn), session))
        looks = (turn, session.language, _clicks_in(turn, session), state)
        drawn = before.get(key)
        if drawn is None or drawn[0] != looks:
            drawn = (looks, _turn(turn, at, key, session, catalog, is_last=at == last))
        session.rendered[key] = drawn
        fragments.parts.update(drawn[1])
    return fragments


def _done_with(name: str, session: Session) -> tuple[bool, Link | None]:
    """Whether the message of an exchange is being changed, and the link to its list."""
    is_shared = session.shared is not None and session.shared.turn == name
    return session.editing == name, session.shared if is_shared else None


def _clicks_in(turn: ChatTurn, session: Session) -> tuple[tuple[str, bool], ...]:
    """What was said by clicks about the items of a turn, and whether each was saved."""
    ids = [card.item.item_id for card in (*turn.recommendations, *turn.near_misses)]
    return tuple((session.feedback.get(item_id, ("", ""))[0], item_id in session.saved_ids) for item_id in ids)


def _turn(
    turn: ChatTurn, at: int, key: str, session: Session, catalog: Catalog, *, is_last: bool
) -> Mapping[str, Html]:
    """One exchange: message, chips, words, notices, cards, ways on, and how it came about."""
    fragments = Fragments()
    language = turn.language(session.language)
    place = f"{session.conversation.conversation_id[:8]}-{at}"
    context = CardContext(catalog, language, session.feedback, session.saved_ids, place)
    busy, name = is_last and session.running, name_of(at, turn)
    act = None if turn.intent is None else turn.intent.act
    # what was understood so far does not bear on answers and questions
    read_chips = turn.intent.chips if turn.intent is not None and act is Act.RECOMMEND else ()
    shown = (*turn.recommendations, *turn.near_misses)
    how = how_html(turn.trace, shown, context) if turn.trace is not None and not busy else Html("")
    fragments.keep(
        key,
        "section",
        fragments.keep(f"{key}.said", "div", *_said(turn, name, session, busy=busy)),
        fragments.keep(
            f"{key}.chips",
            "div",
            chips(read_chips, context, removable=is_last, disabled=busy, adds_up=_adds_up(session.turns, at)),
        ),
        fragments.keep(f"{key}.text", "div", *_words(turn, context, is_last=is_last, busy=busy)),
        fragments.keep(f"{key}.lists", "div", _lists(turn, context, fragments, key, busy=busy), _table(turn, context)),
        fragments.keep(f"{key}.end", "div", *_end(turn, context, is_last=is_last, busy=busy)),
        fragments.keep(
            f"{key}.ways",
            "div",
            "" if busy or turn.is_unanswered else answer_ways(turn, name, context, session, is_last=is_last),
            _others(context, session.asked_why_not, at) if is_last and not busy and turn.has_list else "",
        ),
        fragments.keep(f"{key}.how", "div", how),
        class_="turn",
        data_turn=str(at),
        aria_busy="true" if busy else None,
    )
    return fragments.parts


def _adds_up(turns: Sequence[ChatTurn], at: int) -> bool:
    """Whether a message's list keeps to something that was said before it, and not for good."""
    intent, earlier = turns[at].intent, [turn for turn in turns[:at] if turn.intent is not None and turn.intent.chips]
    if intent is None or intent.driver == "click" or not earlier or earlier[-1].message == turns[at].message:
        return False
    before = earlier[-1].intent
    held = {chip.key for chip in before.chips} if before is not None else set()
    return any(chip.key in held and not chip.lasting for chip in intent.chips)


def _words(turn: ChatTurn, context: CardContext, *, is_last: bool, busy: bool) -> list[Html]:
    """What is said, above the cards and in a place that is kept for it, and the answers to click where it asks."""
    act = None if turn.intent is None else turn.intent.act
    has_place = turn.has_list or (busy and act is Act.RECOMMEND and not turn.has_cards)
    shown = tag("div", paragraphs(turn.text), class_="prose-text") if turn.text else ""
    said = tag("div", data_live=True) if busy else shown
    offered = _choices(turn, context, disabled=busy) if is_last and (turn.has_list or not busy) else Html("")
    if not said:
        return [offered]
    if not has_place:
        return [tag("div", said, class_="words"), offered]
    read_on = tag("button", context.say("read_on"), type="button", class_="more", data_local="read-on", hidden=True)
    driver = "" if turn.intent is None else turn.intent.driver
    return [tag("div", said, read_on, class_=f"words kept {driver}".rstrip()), offered]


def _end(turn: ChatTurn, context: CardContext, *, is_last: bool, busy: bool) -> list[Html]:
    """How a turn ended where it did not end well, and the way to a person."""
    if busy:
        return []
    language = context.language
    return [
        _link(turn.handover, language) if turn.handover is not None else Html(""),
        tag("p", word("stopped", language), class_="stopped", role="status") if turn.stopped else Html(""),
        tag("p", turn.error[:1].upper() + turn.error[1:], class_="error", role="alert") if turn.error else Html(""),
        _unanswered(language) if turn.is_unanswered and is_last else Html(""),
        _to_person(context.catalog, language) if is_last and turn.handover is None else Html(""),
    ]


def _link(handover: Handover, language: str) -> Html:
    """Where a person of the house is reached."""
    if not handover.link:
        return Html("")
    link = tag("a", word("to_person", language), href=handover.link, target="_blank", rel="noopener noreferrer")
    return tag("p", link, class_="handover")


def _to_person(catalog: Catalog, language: str) -> Html:
    """The way to a person, where the house has one: no model is needed for it."""
    if catalog.house.handover is None:
        return Html("")
    label = word("to_person", language)
    return tag("p", tag("button", label, type="button", class_="wish", data_do="wish", data_text=PERSON))


def _others(context: CardContext, asked: tuple[int, str], at: int) -> Html:
    """More of a list, and a question about what is not on it with its answer."""
    button = tag("button", context.say("show_others"), type="button", class_="wish", data_do="others")
    label = context.say("why_not_label")
    field = tag("input", type="text", name="title", maxlength="60", required=True, placeholder=label, aria_label=label)
    form = tag("form", field, tag("button", context.say("why_not"), class_="quiet"), data_submit="why-not")
    told = tag("p", asked[1] if asked[0] == at else "", role="status", class_="why-not")
    return tag("div", button, form, told, class_="ways")


def _unanswered(language: str) -> Html:
    button = tag("button", word("answer_now", language), type="button", class_="wish", data_do="again")
    return tag("div", tag("p", word("unanswered", language), class_="notice"), button, role="status")


def live_html(session: Session) -> Html:
    """The answer while it is being written; until it begins, what is going on, or what has come."""
    if not session.running or not session.turns:
        return Html("")
    turn = session.turns[-1]
    language, count = turn.language(session.language), len(turn.recommendations)
    has_come = count and not turn.text and session.talk.status == "writing"
    told = word("fit", language, count=count) if has_come else word(session.talk.status, language)
    status = tag("p", tag("span", class_="pulse", aria_hidden="true"), told, class_="status")
    return join((tag("div", paragraphs(turn.text), class_="prose-text") if turn.text else "", status))


def _welcome(session: Session, catalog: Catalog, picks: Sequence[str], fragments: Fragments) -> None:
    """Starter wishes and the taste picker for somebody who has not said anything yet."""
    language = session.language
    schema = catalog.schema
    starters = [
        tag("li", tag("button", wish, type="button", class_="wish", data_do="wish", data_text=wish))
        for wish in schema.wishes.get(language) or schema.wishes.get("en", ())
    ]
    fragments.keep(
        "welcome",
        "div",
        tag("h2", word("hello", language)),
        tag("p", word("hello_lead", language), class_="lead") if starters else "",
        tag("ul", *starters, class_="wishes"),
        _picker(session, catalog, picks, fragments) if picks else "",
        _to_person(catalog, language),
        class_="welcome",
    )


def _said(turn: ChatTurn, name: str, session: Session, *, busy: bool) -> list[Html]:
    """The message, or what to change it in."""
    language = session.language
    if not turn.message:
        named = tag("h2", turn.title, class_="said-title") if turn.title else ""
        return [Html(named) or tag("h2", word("suggestions", language), class_="hidden-name")]
    if session.editing == name and not busy:
        return [tag("h2", turn.message[:200], class_="hidden-name"), edit_form(turn, name, language)]
    speaker = tag("span", word("pair", language, name=word("you", language), text=""), class_="hidden-name")
    said = word("to_person", language) if turn.message == PERSON else turn.message
    shown = tag("div", speaker, *paragraphs_inline(said), class_="said", role="heading", aria_level="2")
    return [shown, edit_button(name, language, is_shown=not busy)] if can_be_edited(turn) else [shown]


def paragraphs_inline(text: str) -> tuple[Html]:
    """A person's message; very long ones are cut in view, not in what was sent."""
    shown = text if len(text) <= 2000 else text[:2000] + " …"
    return (paragraphs(shown),)


def _lists(turn: ChatTurn, context: CardContext, fragments: Fragments, key: str, *, busy: bool) -> Html:
    if not turn.has_cards:
        waits = busy and turn.intent is not None and turn.intent.act is Act.RECOMMEND
        return _skeleton(turn.intent.preference.count) if waits and turn.intent is not None else Html("")
    parts: list[Html] = [tag("p", notice, class_="notice") for notice in turn.notices]
    if turn.recommendations:
        label = context.say("suggestions")
        parts.append(tag("h3", label, class_="hidden-name"))
        parts.append(cards(turn.recommendations, context, fragments, key=f"{key}.card", label=label))
    elif turn.near_misses and turn.intent is not None and turn.intent.chips and not turn.notices:
        parts.append(tag("p", context.say("try_less"), class_="notice"))
    if turn.near_misses:
        parts.append(near_misses(turn.near_misses, context, fragments, key=f"{key}.near"))
    if turn.recommendations and turn.knowing:
        parts.append(tag("p", turn.knowing, class_="knowing"))
    return join(parts)


def _table(turn: ChatTurn, context: CardContext) -> Html:
    """Items side by side: a column each, a row a field."""
    if (table := turn.table) is None:
        return Html("")
    head = tag("tr", tag("td"), *(tag("th", title, scope="col") for title in table.heads))
    rows = [
        tag("tr", tag("th", label, scope="row"), *(tag("td", cell) for cell in cells)) for label, cells in table.rows
    ]
    made = tag("table", tag("thead", head), tag("tbody", *rows), aria_label=context.say("compared"))
    return tag("div", made, class_="scroll compared", tabindex="0")


def _choices(turn: ChatTurn, context: CardContext, *, disabled: bool) -> Html:
    """Answers to the question that ends a turn, each sent as a message when it is clicked; their room before that."""
    if turn.intent is None:
        return Html("")
    items = _items_asked_about(turn.intent, context.catalog) if turn.intent.act is Act.ASK else []
    offered = turn.intent.choices or items
    wishes = {choice: {} if disabled else {"data_do": "wish", "data_text": choice} for choice in offered}
    buttons = (
        tag("li", tag("button", choice, type="button", class_="wish", disabled=disabled, **wish))
        for choice, wish in wishes.items()
    )
    return tag("ul", *buttons, class_="choices", aria_label=context.say("choices")) if offered else Html("")


def _items_asked_about(intent: Intent, catalog: Catalog) -> list[str]:
    """The labels of the items that one title may mean."""
    options = intent.ambiguous[0][1] if intent.ambiguous else ()
    return [catalog.item(item_id).label for item_id in options if item_id in catalog]


def _skeleton(count: int) -> Html:
    slot = tag("li", tag("div", class_="card skeleton"), class_="card-slot")
    return tag("ol", *[slot] * min(count, 6), class_="cards", aria_hidden="true")


def _picker(session: Session, catalog: Catalog, picks: Sequence[str], fragments: Fragments) -> Html:
    language, nouns = session.language, catalog.schema.nouns_in(session.language)
    tiles = [
        fragments.keep(f"tile.{place}", "li", _tile(session, catalog, item_id)) for place, item_id in enumerate(picks)
    ]
    count = sum(1 for item_id in picks if session.feedback.get(item_id, ("", ""))[0] == "like")
    go = tag(
        "button",
        word("taste_go", language, nouns=nouns),
        type="button",
        class_="primary",
        data_do="picks",
        disabled=not count,
    )
    counted = tag("span", word("taste_count", language, count=count), class_="count", role="status")
    return tag(
        "section",
        tag("h3", word("taste_title", language, nouns=nouns)),
        tag("p", word("taste_lead", language), class_="lead"),
        fragments.keep("picked", "div", go, counted, class_="picker-go"),
        tag("ul", *tiles, class_="tiles"),
        class_="picker",
    )


def _tile(session: Session, catalog: Catalog, item_id: str) -> Html:
    item, label = catalog.item(item_id), catalog.item(item_id).label_in(session.language)
    liked = session.feedback.get(item_id, ("", ""))[0] == "like"
    return tag(
        "button",
        cover(item, catalog.schema, label="", language=session.language),
        tag("span", label, class_="tile-title"),
        tag("span", "♥", class_="heart", aria_hidden="true"),
        type="button",
        class_="tile",
        data_do="undo" if liked else "feedback",
        data_item=item_id,
        data_kind="like",
        aria_pressed="true" if liked else "false",
        aria_label=word("pair", session.language, name=word("like", session.language), text=label),
    )
