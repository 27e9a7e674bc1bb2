"""What can be done with an item with one click, on a card or in a view."""

from agent.wording.messages import sentence
from retrieval.items import Item
from ui.page.card_context import CardContext
from ui.page.markup import Html, tag

_OPINIONS = {"like": "liked", "dislike": "disliked"}


def opinions(item: Item, context: CardContext) -> Html:
    """What can be said of an item: liked, not for me, known already; each can be taken back."""
    given = context.feedback.get(item.item_id, ("", ""))[0]
    seen = context.catalog.schema.consumed
    labels = {
        "like": context.say("like"),
        "dislike": context.say("dislike"),
        "seen": sentence(seen.get(context.language) or seen.get("en", "✓")),
    }
    buttons = [_opinion(item, kind, label, given, context) for kind, label in labels.items()]
    undo = tag(
        "button",
        context.say("undo"),
        type="button",
        class_="undo",
        hidden=not given,
        data_do="undo",
        data_item=item.item_id,
        aria_label=context.say("pair", name=context.say("undo"), text=item.label_in(context.language)),
    )
    return tag("div", *buttons, undo, class_="opinions", role="group", aria_label=item.label_in(context.language))


def ways_on(item: Item, context: CardContext) -> Html:
    """Where an item leads: others like it, the saved ones, a place beside others."""
    buttons = (more_like_button(item, context), save_button(item, context), compare_button(item, context))
    return tag("div", *buttons, class_="ways-on")


def more_like_button(item: Item, context: CardContext) -> Html:
    """A list of what is like it."""
    return _way(context.say("more_like_this"), item, context, data_do="more-like")


def save_button(item: Item, context: CardContext) -> Html:
    """Save it for later, or not any more."""
    is_saved = item.item_id in context.saved
    label = f"✓ {context.say('saved')}" if is_saved else context.say("save")
    return _way(label, item, context, data_do="unsave" if is_saved else "save", aria_pressed=str(is_saved).lower())


def compare_button(item: Item, context: CardContext) -> Html:
    """Put it beside others; the browser keeps which."""
    return _way(context.say("compare"), item, context, data_compare=item.item_id, aria_pressed="false")


def _way(label: str, item: Item, context: CardContext, **attributes: str) -> Html:
    name = context.say("pair", name=label, text=item.label_in(context.language))
    return tag("button", label, type="button", class_="more", data_item=item.item_id, aria_label=name, **attributes)


def _opinion(item: Item, kind: str, label: str, given: str, context: CardContext) -> Html:
    pressed = given == kind
    shown = f"✓ {context.say(_OPINIONS[kind]) if kind in _OPINIONS else label}" if pressed else label
    return tag(
        "button",
        shown,
        type="button",
        class_=f"opinion {kind}",
        hidden=bool(given) and not pressed,
        data_do="undo" if pressed else "feedback",
        data_item=item.item_id,
        data_kind=kind,
        aria_pressed="true" if pressed else "false",
        aria_label=context.say("pair", name=shown, text=item.label_in(context.language)),
    )
