"""Where one writes: the input, its buttons, and what the browser says while it cannot send."""

from ui.page.markup import Html, tag
from ui.page.words import word


def composer_html(language: str) -> Html:
    """The form; what is typed lives in the browser, so it is never drawn anew while somebody types."""
    field = tag(
        "textarea",
        rows="1",
        placeholder=word("placeholder", language),
        aria_label=word("message_label", language),
        autocomplete="off",
    )
    return tag(
        "form",
        tag("p", word("offline", language), class_="offline", role="status", hidden=True),
        tag(
            "div",
            tag("div", field, id="box"),
            tag("button", word("send", language), type="submit", id="send"),
            tag("button", word("stop", language), type="button", id="stop", data_do="stop"),
            class_="entry",
        ),
        data_compose="",
        data_copied=word("copied", language),
        data_by_hand=word("copy_by_hand", language),
    )
