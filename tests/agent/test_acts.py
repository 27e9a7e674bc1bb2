"""Acts beyond lists: answers, comparisons, reasons, places with wishes of their own; templates speak."""

import pytest

from agent.agent import Agent
from agent.conversation import Conversation
from agent.events import Compared, TextDelta
from agent.intent import Act
from agent.recommendation import Recommendation, Reply
from retrieval.items import Catalog
from retrieval.state import FeedbackKind
from tests.agent.conftest import events, visitor
from tests.agent.films import film_id
from tests.fakes import Calls, ScriptedChatModel

CRIME = {"limits": [{"field": "genres", "value": "Crime"}]}
MUTE = " "
"""Prose that says nothing: the template speaks."""


async def said(
    talking: Agent,
    model: ScriptedChatModel,
    *calls: tuple[str, dict],
    after: Reply | None = None,
    message: str = "..a?",
) -> Reply:
    model.steps, model.prose = [Calls.of(*calls)], [MUTE]
    return await talking.reply(after.conversation if after else visitor(talking), message)


async def a_list(talking: Agent, model: ScriptedChatModel, items: list[str], wish: dict | None = None) -> Reply:
    calls = [("update_wish", wish)] if wish else []
    recommend = ("recommend", {"items": items, "count": len(items)} if items else {"count": 3})
    return await said(talking, model, *calls, recommend, message="something")


def titles(reply: Reply) -> list[str]:
    return [card.item.title for card in reply.recommendations]


async def test_what_was_counted_is_known_to_the_next_turn(talking: Agent, model: ScriptedChatModel):
    asked = {"kind": "count", "limits": [{"field": "directors", "value": "Alfred Hitchcock"}]}

    reply = await said(talking, model, ("graph_lookup", asked), ("answer", {"kind": "count"}))
    after = await said(talking, model, ("answer", {"kind": "talk", "text": "Any time."}), after=reply)

    assert [limit.key for limit in reply.conversation.last_counted()] == ["directors:is:Alfred Hitchcock"]
    assert after.conversation.last_counted() == ()


# Questions about what is shown


async def test_which_of_the_shown_ones_is_told_from_the_catalog(talking: Agent, model: ScriptedChatModel):
    shown = await a_list(talking, model, ["Heat", "Casino", "Vertigo"])

    reply = await said(
        talking,
        model,
        ("answer", {"kind": "which", "limits": [{"field": "directors", "value": "Alfred Hitchcock"}]}),
        after=shown,
        message="which of these is by Hitchcock?",
    )

    assert reply.text == (
        "Of these, Vertigo (1958): by Alfred Hitchcock. Not, as far as the catalog says: Heat (1995) and Casino (1995)."
    )
    assert not reply.recommendations


async def test_what_no_field_records_is_said_once_to_be_unknown(talking: Agent, model: ScriptedChatModel):
    shown = await a_list(talking, model, ["Heat", "Casino", "Vertigo"])

    reply = await said(
        talking,
        model,
        ("answer", {"kind": "facts", "items": ["#1", "#2", "#3"], "fields": ["other"]}),
        after=shown,
        message="Which of these has a woman in the lead?",
    )

    assert reply.text == "The catalog does not record that."


async def test_an_item_of_which_nothing_is_known_is_not_said_to_lack_it(talking: Agent, model: ScriptedChatModel):
    shown = await a_list(talking, model, ["Heat", "Midnight Harbor"])

    reply = await said(
        talking,
        model,
        ("answer", {"kind": "which", "limits": [{"field": "cast", "value": "Al Pacino"}]}),
        after=shown,
    )

    assert reply.text.startswith("Of these, Heat (1995):")
    assert reply.text.endswith("The catalog doesn't say: Midnight Harbor (1994).")


async def test_a_limit_that_no_field_has_is_mended_by_the_model(talking: Agent, model: ScriptedChatModel):
    shown = await a_list(talking, model, ["Heat", "Casino"])
    model.steps = [
        Calls.of(("answer", {"kind": "which", "limits": [{"field": "genres", "value": "black and white"}]})),
        Calls.of(("answer", {"kind": "facts", "items": ["#1", "#2"], "fields": ["other"]})),
    ]
    model.prose = [MUTE]

    reply = await talking.reply(shown.conversation, "Is any of them in black and white?")

    assert [run.error for run in reply.trace.tools] == ["refused", ""]
    assert "The catalog does not record that." in reply.text


async def test_several_fields_are_told_and_the_rest_is_owned_to_be_unknown(talking: Agent, model: ScriptedChatModel):
    shown = await a_list(talking, model, ["Heat", "Casino"])

    reply = await said(
        talking,
        model,
        ("answer", {"kind": "facts", "items": ["#2"], "fields": ["cast", "other"]}),
        after=shown,
        message="The second one: who is in it, is it part of a series?",
    )

    assert reply.text == (
        "Casino (1995): with Robert De Niro. The rest of what you ask is not recorded in the catalog."
    )


# Comparison


async def test_a_comparison_is_a_table_before_it_is_words(talking: Agent, model: ScriptedChatModel):
    model.steps = [Calls.of(("answer", {"kind": "comparison", "items": ["Alien", "Vertigo"]}))]
    model.prose = [MUTE]

    emitted = await events(talking.stream(visitor(talking), "Alien or Vertigo, which is less scary?"))

    kinds = [type(event) for event in emitted]
    assert kinds.index(Compared) < kinds.index(TextDelta)
    table = next(event.table for event in emitted if isinstance(event, Compared))
    assert table.heads == ("Alien (1979)", "Vertigo (1958)")
    assert ("Director", ("Ridley Scott", "Alfred Hitchcock")) in table.rows


async def test_a_comparison_by_what_no_field_holds_says_so(talking: Agent, model: ScriptedChatModel):
    asked = {"kind": "comparison", "items": ["Alien", "Vertigo"], "fields": ["other"]}

    reply = await said(talking, model, ("answer", asked))

    assert reply.text.endswith("The catalog does not record that.")
    assert reply.table is not None


async def test_compare_all_of_them_takes_the_last_list(talking: Agent, model: ScriptedChatModel):
    names = ["Heat", "Casino", "Fargo", "Babe", "Alien", "Contact", "Speed"]
    shown = await a_list(talking, model, names)

    reply = await said(talking, model, ("answer", {"kind": "comparison"}), after=shown, message="compare all of them")

    assert reply.table is not None
    assert len(reply.table.heads) == 6
    assert reply.text.startswith("I can set 6 side by side; these are the first.")


# Why and why not


async def test_why_names_what_the_score_is_made_of(talking: Agent, model: ScriptedChatModel):
    shown = await a_list(talking, model, [], {"similar_to": ["Casino"], **CRIME})

    reply = await said(talking, model, ("answer", {"kind": "why", "items": ["#1"]}), after=shown, message="why?")

    first = shown.recommendations[0]
    assert sum(first.shares.values()) == pytest.approx(first.score)
    assert "What its score is made of: " in reply.text


async def test_why_names_what_would_have_changed_it(talking: Agent, model: ScriptedChatModel):
    horror = {"limits": [{"field": "genres", "value": "Horror"}]}
    shown = await a_list(talking, model, [], horror)

    reply = await said(talking, model, ("answer", {"kind": "why", "items": ["Nosferatu"]}), after=shown, message="why?")

    assert film_id("Nosferatu") in reply.trace.decisions
    assert reply.text.endswith("Without this it would not be on the list: Horror.")


async def test_what_was_not_shown_is_not_said_to_have_been_picked(talking: Agent, model: ScriptedChatModel):
    shown = await a_list(talking, model, ["Casino"])

    reply = await said(talking, model, ("answer", {"kind": "why", "items": ["Heat"]}), after=shown)

    assert reply.text.startswith("I have not suggested Heat here.")


@pytest.mark.parametrize(
    ("wish", "expected"),
    [
        ({"limits": [{"field": "year", "op": "max", "value": 1990}]}, "you asked for: up to 1990"),
        ({"dislikes": ["Heat"]}, "You told me that you don't like Heat."),
        ({"seen": ["Heat"]}, "I left out Heat because you know it already."),
    ],
)
async def test_why_not_names_the_limit_or_the_opinion(
    talking: Agent, model: ScriptedChatModel, wish: dict, expected: str
):
    shown = await a_list(talking, model, [], wish)

    reply = await said(talking, model, ("answer", {"kind": "why_not", "items": ["Heat"]}), after=shown)

    assert expected.casefold() in reply.text.casefold()


async def test_why_not_tells_the_place_in_the_ranking_and_who_was_ahead(talking: Agent, model: ScriptedChatModel):
    shown = await a_list(talking, model, [], {"similar_to": ["Toy Story"]})

    reply = await said(talking, model, ("answer", {"kind": "why_not", "items": ["Heat"]}), after=shown)

    standing = reply.trace.standings[film_id("Heat")]
    assert standing.rank > len(shown.recommendations)
    assert f"ranked {standing.rank} of {standing.total}" in reply.text
    assert "was ahead of it: " in reply.text
    assert reply.text.endswith("If you would like it all the same, just say so.")


async def test_why_not_finds_what_was_just_shown(talking: Agent, model: ScriptedChatModel):
    shown = await a_list(talking, model, ["Casino", "Heat"])

    reply = await said(talking, model, ("answer", {"kind": "why_not", "items": ["Heat"]}), after=shown)

    assert reply.text == "Heat is on the list: it is number 2."
    assert "#2 i" in model.calls[-1].question.partition("Now write")[0], "the list is still on screen"


async def test_what_only_words_named_was_not_suggested(talking: Agent, model: ScriptedChatModel):
    shown = await a_list(talking, model, ["Casino"])
    named = await said(talking, model, ("answer", {"kind": "facts", "items": ["Heat", "Fargo"]}), after=shown)

    reply = await said(talking, model, ("answer", {"kind": "why_not", "items": ["Heat"]}), after=named)

    assert "on the list" not in reply.text


async def test_the_model_is_told_the_causes_that_code_found(talking: Agent, model: ScriptedChatModel):
    shown = await a_list(talking, model, ["Casino"], {"seen": ["Heat"]})

    await said(talking, model, ("answer", {"kind": "why_not", "items": ["Heat"]}), after=shown)

    assert "all of it true: I left out Heat because you know it already." in model.calls[-1].question


async def test_a_title_of_several_items_is_asked_for_by_the_model(talking: Agent, model: ScriptedChatModel):
    model.steps = [
        Calls.of(("answer", {"kind": "why_not", "items": ["Sabrina"]})),
        Calls.of(("ask_user", {"question": "Which one?", "choices": ["Sabrina (1954)", "Sabrina (1995)"]})),
    ]

    reply = await talking.reply(visitor(talking), "why not Sabrina?")

    assert reply.trace.tools[0].error == "refused"
    assert reply.intent.act is Act.ASK


# What is known of the user


async def test_what_is_known_is_told_with_the_message_that_said_it(talking: Agent, model: ScriptedChatModel):
    first = await said(
        talking,
        model,
        ("update_wish", {"likes": ["Fargo"], "limits": [{"field": "genres", "op": "not", "value": "Horror"}]}),
        ("recommend", {}),
        message="I loved Fargo, no horror please",
    )

    reply = await said(talking, model, ("answer", {"kind": "about_me"}), after=first, message="what do you know of me?")

    assert "Fargo (you said: “I loved Fargo, no horror please”)" in reply.text
    assert "What you are looking for now: no horror (you said: “I loved Fargo, no horror please”)." in reply.text


# Places with wishes of their own


async def test_places_share_a_value_where_they_must(talking: Agent, model: ScriptedChatModel, films: Catalog):
    slots = [
        {"name": "first", "limits": [{"field": "genres", "value": "Romance"}]},
        {"name": "then", "limits": [{"field": "genres", "value": "Thriller"}]},
    ]

    reply = await said(talking, model, ("recommend", {"slots": slots, "same": ["directors"]}), message="a double bill")

    first, second = (card.item.values["directors"] for card in reply.recommendations)
    assert first == second == ("Alfred Hitchcock",)
    assert reply.text == "First: Vertigo (1958); then: Rear Window (1954)."


async def test_a_place_that_nothing_fits_stays_empty_and_is_named(talking: Agent, model: ScriptedChatModel):
    slots = [
        {"name": "the thriller", "limits": [{"field": "genres", "value": "Thriller"}]},
        {"name": "the fright", "limits": [{"field": "genres", "value": "Horror"}, {"field": "year", "value": "1950s"}]},
    ]

    reply = await said(talking, model, ("recommend", {"slots": slots}))

    assert [card.slot for card in reply.recommendations] == ["the thriller"]
    assert "I found nothing for: the fright." in reply.notices


async def test_forty_places_are_ten_with_an_offer(talking: Agent, model: ScriptedChatModel):
    slots = [{"name": f"number {number}"} for number in range(40)]

    reply = await said(talking, model, ("recommend", {"slots": slots}))

    assert len(reply.recommendations) == 10
    assert "A list has 10 places, so these come first; ask me for the rest next." in reply.notices


async def test_one_for_each_decade_that_has_one(talking: Agent, model: ScriptedChatModel):
    reply = await said(
        talking,
        model,
        ("update_wish", {"limits": [{"field": "genres", "value": "Mystery"}]}),
        ("recommend", {"per": "year"}),
        message="one mystery per decade",
    )

    assert [card.slot for card in reply.recommendations] == ["1950s", "1990s"]


async def test_a_wild_place_is_for_something_else_than_a_safe_one(talking: Agent, model: ScriptedChatModel):
    slots = [{"name": "the safe one", "novelty": 0}, {"name": "the wild one", "novelty": 1}]

    reply = await said(talking, model, ("recommend", {"slots": slots}), message="one safe, one wild")

    safe, wild = reply.recommendations
    assert (safe.exploratory, safe.propensity) == (False, 1.0)
    assert wild.item.item_id != safe.item.item_id
    assert [safe.slot, wild.slot] == ["the safe one", "the wild one"]


def wishes_of_two(wife: dict, me: dict) -> dict:
    return {"people": [{"name": "your wife", **wife}, {"name": "you", **me}]}


def is_drama(card: Recommendation) -> bool:
    return "Drama" in card.item.values["genres"]


async def test_what_suits_both_comes_first_then_something_for_each(talking: Agent, model: ScriptedChatModel):
    apart = wishes_of_two(
        {"prefer": [{"field": "genres", "value": "Romance"}]},
        {"limits": [{"field": "genres", "op": "not", "value": "Drama"}]},
    )

    reply = await said(
        talking, model, ("update_wish", apart), ("recommend", {"count": 4}), message="my wife loves romance ... me"
    )

    first, *others = reply.recommendations
    assert first.slot == "your wife and you"
    assert "Romance" in first.item.values["genres"]
    assert others[-1].slot == "your wife"
    assert "Romance" in others[-1].item.values["genres"]
    assert not [card for card in reply.recommendations if "you" in card.slot.split() and is_drama(card)]
    assert [chip.label for chip in reply.intent.chips] == ["your wife: Romance", "you: no dramas"]


async def test_what_all_asked_for_is_not_for_somebody_who_wants_something_else(
    talking: Agent, model: ScriptedChatModel
):
    apart = wishes_of_two(
        {"prefer": [{"field": "genres", "value": "Romance"}]}, {"prefer": [{"field": "genres", "value": "Comedy"}]}
    )
    shared = {"limits": [{"field": "genres", "value": "Crime"}]}

    asked = [("update_wish", {**apart, **shared}), ("recommend", {"count": 4})]
    reply = await said(talking, model, *asked, message="us two")

    served = {"your wife": "Romance", "you": "Comedy"}
    assert reply.recommendations
    for card in reply.recommendations:
        assert all(served[name] in card.item.values["genres"] for name in card.slot.split(" and ") if name)


async def test_an_item_that_the_model_names_is_shown_though_it_is_known(talking: Agent, model: ScriptedChatModel):
    opinions = {"likes": ["Vertigo"], "seen": ["Casino"], "dislikes": ["Fargo"], "similar_to": ["Heat"]}
    named = ["Heat", "Fargo", "Vertigo", "Casino"]

    reply = await said(
        talking, model, ("update_wish", opinions), ("recommend", {"items": named, "count": 3}), message="show me again"
    )

    assert titles(reply) == ["Heat", "Vertigo", "Casino"]


async def test_the_last_opinion_says_whether_an_item_was_turned_down(talking: Agent, model: ScriptedChatModel):
    talk, vertigo = visitor(talking), film_id("Vertigo")
    talking.state.add_feedback(str(talk.user_id), vertigo, FeedbackKind.DISLIKE)
    model.steps, model.prose = [Calls.of(("recommend", {"items": ["Vertigo"], "count": 1}))] * 2, [MUTE, MUTE]

    refused = await talking.reply(talk, "show me that one")
    talking.state.add_feedback(str(talk.user_id), vertigo, FeedbackKind.LIKE)
    shown = await talking.reply(talk, "show me that one")

    assert "Vertigo" not in titles(refused)
    assert titles(shown) == ["Vertigo"]


async def test_words_that_name_another_item_leave_the_numbers_of_the_cards(talking: Agent, model: ScriptedChatModel):
    shown = await a_list(talking, model, ["Heat", "Casino"])

    asked = await said(talking, model, ("answer", {"kind": "comparison", "items": ["Heat", "Vertigo"]}), after=shown)
    listed = await said(talking, model, ("graph_lookup", {"kind": "items"}), ("answer", {"kind": "list"}), after=shown)

    assert asked.conversation.last_shown() == (film_id("Heat"), film_id("Casino"))
    assert listed.conversation.last_shown() != asked.conversation.last_shown()


async def test_people_who_contradict_each_other_get_one_each(talking: Agent, model: ScriptedChatModel):
    apart = wishes_of_two(
        {"limits": [{"field": "genres", "value": "Horror"}]},
        {"limits": [{"field": "genres", "op": "not", "value": "Horror"}]},
    )

    reply = await said(talking, model, ("update_wish", apart), ("recommend", {"count": 2}), message="two of us")

    assert [card.slot for card in reply.recommendations] == ["your wife", "you"]
    assert "Nothing suits all of you at once, so here is something for each." in reply.notices
    assert "Horror" in reply.recommendations[0].item.values["genres"]


# Without a model


@pytest.fixture
async def shown(agent: Agent) -> Conversation:
    return (await agent.reply(visitor(agent), "crime films from the nineties")).conversation


async def test_rules_say_why_an_item_was_left_out(agent: Agent, shown: Conversation):
    reply = await agent.reply(shown, "why not Vertigo?")

    assert "Vertigo doesn't fit what you asked for" in reply.text
    assert not reply.recommendations


async def test_rules_say_that_a_title_is_not_in_the_catalog(agent: Agent, shown: Conversation):
    reply = await agent.reply(shown, "Why didn't you suggest The Matrix?")

    assert "The Matrix" in reply.text
    assert "in this catalog" in reply.text
    assert not reply.recommendations


@pytest.mark.parametrize(
    "message", ["Which of these has a woman in the lead?", "write me a two-line poem about the first one"]
)
async def test_rules_force_no_list_on_a_question(agent: Agent, shown: Conversation, message: str):
    reply = await agent.reply(shown, message)

    assert reply.intent.act is Act.ANSWER
    assert reply.text


async def test_rules_tell_what_is_known_of_the_user(agent: Agent):
    liked = await agent.reply(visitor(agent), "I loved Fargo")

    reply = await agent.reply(liked.conversation, "what do you think I like?")

    assert reply.intent.kind == "about_me"
    assert "Fargo (you said: “I loved Fargo”)" in reply.text


async def test_rules_give_each_decade_a_place(agent: Agent):
    reply = await agent.reply(visitor(agent), "one mystery per decade")

    assert [card.slot for card in reply.recommendations] == ["1950s", "1990s"]


async def test_rules_say_which_decade_has_none(agent: Agent):
    reply = await agent.reply(visitor(agent), "one mystery per decade from the 1950s to the 1990s")

    assert [card.slot for card in reply.recommendations] == ["1950s", "1990s"]
    assert any("1960s" in notice for notice in reply.notices)


async def test_he_and_it_are_whom_and_what_the_last_reply_was_about(agent: Agent):
    asked = await agent.reply(visitor(agent), "who directed Casino?")
    others = await agent.reply(asked.conversation, "and what else did he make?")
    when = await agent.reply(asked.conversation, "when is it from?")

    assert [card.item.title for card in others.recommendations] == ["GoodFellas"]
    assert "1995" in when.text


async def test_what_code_need_not_find_out_is_said_in_the_words_of_the_answer(talking: Agent, model: ScriptedChatModel):
    shown = await a_list(talking, model, ["Heat", "Vertigo"])
    model.calls.clear()
    which = {
        "kind": "which",
        "limits": [{"field": "genres", "value": "Crime"}],
        "text": "[[1]] is [[1.genres=Crime|one]].",
    }

    reply = await said(talking, model, ("answer", which), after=shown)

    assert reply.text.startswith("Heat (1995) is one")
    assert model.purposes() == ["step"]
