"""The page's side: who is here, the dial, lasting tastes, earlier conversations, my data."""

from agent.chips import constraint_label, wish_label
from retrieval.items import Catalog
from retrieval.state import Taste, User
from ui.page.links import link_to
from ui.page.markup import Html, join, tag
from ui.page.state import Session
from ui.page.words import day, word

_MOST_CONVERSATIONS = 12


def rail_html(session: Session, demo_users: list[str], catalog: Catalog) -> Html:
    """The side."""
    language = session.language
    close = tag(
        "button", "✕", type="button", class_="rail-close", data_local="menu", aria_label=word("close", language)
    )
    return tag(
        "aside",
        close,
        _who(session, demo_users),
        _dial(session),
        _tastes(session, catalog),
        _conversations(session),
        _data(session),
        class_="rail",
        aria_label=word("menu", language),
    )


def name_of(user: User, language: str) -> str:
    """A user's name as the page shows it."""
    return user.name or word("guest", language)


def demo_name(dataset_user: str, language: str) -> str:
    """'User 196' for 'ml100k:196': where a person's data comes from says nothing to a visitor."""
    return word("demo_user", language, name=dataset_user.rpartition(":")[2])


def _who(session: Session, demo_users: list[str]) -> Html:
    language = session.language
    chosen = next((at for at, user in enumerate(session.users) if user == session.user), None)
    value = "" if chosen is None else f"own:{chosen}"
    own = [_option(f"own:{at}", name_of(user, language), value) for at, user in enumerate(session.users)]
    demo = [_option(f"data:{name}", demo_name(name, language), value) for name in demo_users]
    picker = tag(
        "select",
        _option("", word("guest", language), value) if chosen is None else "",
        tag("optgroup", *own, label=word("yours", language)) if own else "",
        tag("optgroup", *demo, label=word("demo_users", language)) if demo else "",
        data_change="pick",
        data_value=value,
        aria_label=word("who", language),
    )
    field = tag(
        "input",
        type="text",
        name="name",
        maxlength="60",
        autocomplete="off",
        placeholder=word("new_name", language),
        aria_label=word("new_name", language),
    )
    create = tag("button", word("create", language), type="submit", class_="quiet")
    form = tag("form", field, create, data_submit="create")
    fold = tag("details", tag("summary", word("new_user", language)), form, data_key="rail:new")
    return _section(word("who", language), picker, fold, _door(session))


def _door(session: Session) -> Html:
    """The way out for somebody who is logged in, the way in for a guest; neither where nobody has to log in."""
    account, language = session.caller.account, session.language
    if account is None:
        return Html("")
    if not account:
        return tag("a", word("log_in", language), href="login")
    out = tag("button", word("log_out", language), type="submit", class_="quiet")
    return tag("form", tag("span", account, class_="meta"), out, method="post", action="logout")


def _option(value: str, label: str, chosen: str) -> Html:
    return tag("option", label, value=value, selected=value == chosen)


def _dial(session: Session) -> Html:
    language = session.language
    dial = tag(
        "input",
        type="range",
        min="0",
        max="1",
        step="0.1",
        value=f"{session.novelty:.1f}",
        data_change="dial",
        data_value=f"{session.novelty:.1f}",
        aria_label=word("dial", language),
        aria_valuetext=f"{session.novelty:.0%}",
    )
    ends = tag(
        "div", tag("span", word("safe", language)), tag("span", word("adventurous", language)), class_="dial-ends"
    )
    return _section(word("dial", language), dial, ends, _switch(session))


def _switch(session: Session) -> Html:
    """One item at a time rather than a list: for small screens and for who does not want to choose."""
    return tag(
        "button",
        word("one_at_a_time", session.language),
        type="button",
        role="switch",
        aria_checked="true" if session.one_at_a_time else "false",
        class_="quiet switch",
        data_do="one-at-a-time",
    )


def _tastes(session: Session, catalog: Catalog) -> Html:
    language = session.language
    if not session.tastes:
        return _section(word("tastes", language), tag("p", word("tastes_none", language), class_="meta"))
    items = []
    for taste in session.tastes:
        label = taste_label(taste, catalog, language)
        cross = tag("span", "✕", aria_hidden="true", class_="cross")
        button = tag(
            "button",
            label,
            cross,
            type="button",
            class_="chip lasting",
            data_do="untaste",
            data_key=taste.key,
            aria_label=word("remove", language, label=label),
        )
        items.append(tag("li", button))
    return _section(word("tastes", language), tag("ul", *items, class_="chips"))


def taste_label(taste: Taste, catalog: Catalog, language: str) -> str:
    """What a taste means where that was understood, else the user's own words."""
    if taste.constraint is not None:
        return constraint_label(taste.constraint, catalog, language)
    return taste.words if taste.wish is None else wish_label(taste.wish, catalog, language)


def _conversations(session: Session) -> Html:
    language = session.language
    here = session.conversation.conversation_id
    # one without a title holds taps alone
    rows = [row for row in session.rows if row.title and row.conversation_id != here]
    new = tag("button", word("new_conversation", language), type="button", class_="quiet", data_do="new")
    if not rows:
        return _section(
            word("conversations", language), tag("p", word("conversations_none", language), class_="meta"), new
        )
    items = [
        tag(
            "li",
            tag(
                "button",
                tag("span", row.title, class_="row-title"),
                tag("time", day(row.updated_at, language), class_="meta"),
                type="button",
                class_="row",
                data_do="open",
                data_conversation=row.conversation_id,
            ),
        )
        for row in rows[:_MOST_CONVERSATIONS]
    ]
    return _section(word("conversations", language), tag("ul", *items, class_="rows"), new)


def _data(session: Session) -> Html:
    language = session.language
    if session.user is None:
        return Html("")
    export = tag("button", word("export", language), type="button", class_="quiet", data_do="export")
    export = join((export, tag("a", word("shared_lists", language), href=link_to("shares"), class_="quiet")))
    if not session.confirming:
        erase = tag("button", word("erase", language), type="button", class_="quiet danger", data_do="erase")
        return _section(word("data", language), tag("div", export, erase, class_="stack"))
    name = name_of(session.user, language)
    sure = tag(
        "div",
        tag("p", word("erase_sure", language, name=name)),
        tag("button", word("erase_yes", language), type="button", class_="danger solid", data_do="erase-yes"),
        tag("button", word("cancel", language), type="button", class_="quiet", data_do="erase-no"),
        class_="sure",
        role="alertdialog",
        aria_label=word("erase", language),
    )
    return _section(word("data", language), tag("div", export, sure, class_="stack"))


def _section(title: str, *parts: str) -> Html:
    return tag("section", tag("h2", title), *parts)
