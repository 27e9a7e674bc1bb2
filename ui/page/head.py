"""The page's top line: its name, the way to each view, a new conversation; on a phone the button for the side."""

from ui.page.links import link_to
from ui.page.markup import Html, tag
from ui.page.views.table import IN_HEAD
from ui.page.words import word


def head_html(language: str) -> Html:
    """The top line: the name, and on a phone the button that opens the side."""
    menu = tag(
        "button",
        tag("span", "☰", aria_hidden="true"),
        type="button",
        class_="menu",
        data_local="menu",
        aria_label=word("menu", language),
        aria_expanded="false",
    )
    new = tag("button", word("new_conversation", language), type="button", class_="quiet", data_do="new")
    skip = tag("a", word("skip", language), href="#main", class_="skip", data_local="skip")
    brand = tag("div", tag("h1", "Reconteur"), tag("p", word("tagline", language)), class_="brand")
    end = tag("div", new, menu, class_="head-end")
    return tag("header", skip, brand, _views(language), end, class_="head", data_lang=language)


def _views(language: str) -> Html:
    """The way to each view, and to what the browser has put side by side."""
    links = [tag("a", word("conversation", language), href=link_to(), data_view_link="")]
    links += [tag("a", word(key, language), href=link_to(name), data_view_link=name) for name, key in IN_HEAD.items()]
    counted = tag("span", "", data_compared="")
    links.append(
        tag("a", word("compare", language), " ", counted, href=link_to("compare"), hidden=True, data_compare_link="")
    )
    return tag("nav", *links, class_="views", aria_label=word("views", language))
