"""Whole conversations: what is asked back, what changes the next turn, and who knows what."""

import asyncio

import pytest

from agent.agent import Agent
from agent.conversation import Conversation, Role
from agent.events import Finished
from agent.intent import Act
from agent.recommendation import Reply
from agent.serving.health import free_port
from agent.transcript import render_list
from agent.wording.explain import statement
from retrieval.errors import UnknownConversationError, UnknownItemError, UnknownUserError
from retrieval.items import Catalog
from retrieval.retriever import Retriever
from retrieval.settings import RetrievalSettings
from retrieval.state import FeedbackKind
from tests.agent.conftest import MakeAgent, events, visitor
from tests.agent.films import film_id
from tests.fakes import Calls, HashEncoder, ScriptedChatModel

OLD, NEW = film_id("Sabrina", 1954), film_id("Sabrina", 1995)
WHICH = "Which Sabrina do you mean: Sabrina (1954) or Sabrina (1995)?"
CRIME = {"field": "genres", "value": "Crime"}
NO_GORE = {"field": "themes", "op": "not", "value": "gore", "lasting": True}


def ids(reply: Reply) -> list[str]:
    return [card.item.item_id for card in (*reply.recommendations, *reply.near_misses)]


async def reranked(agent: Agent, conversation: Conversation, **changes: object) -> Reply:
    last = (await events(agent.rerank(conversation, **changes)))[-1]
    assert isinstance(last, Finished)
    return last.reply


# Titles


async def test_a_title_with_two_items_asks_back_and_the_year_resolves_it(agent: Agent):
    first = await agent.reply(visitor(agent), "something like Sabrina")

    second = await agent.reply(first.conversation, "the one from 1954")

    assert first.text == WHICH
    assert first.recommendations == ()
    assert set(first.intent.choices) == {"Sabrina (1954)", "Sabrina (1995)"}
    assert second.intent.examples == (OLD,)
    assert second.recommendations
    assert second.conversation.question is None


@pytest.mark.parametrize(
    ("answer", "year"),
    [("1995", 1995), ("the newer one", 1995), ("the second", 1995), ("the older one", 1954), ("either", 1954)],
)
async def test_the_answer_to_which_one_may_be_a_year_a_place_or_an_age(agent: Agent, answer: str, year: int):
    first = await agent.reply(visitor(agent), "something like Sabrina")

    second = await agent.reply(first.conversation, answer)

    assert second.intent.examples == (film_id("Sabrina", year),)


async def test_another_wish_instead_of_an_answer_is_taken_as_such(agent: Agent):
    first = await agent.reply(visitor(agent), "something like Sabrina")

    second = await agent.reply(first.conversation, "forget that, show me science fiction set in outer space please")

    assert {"Sci-Fi"} <= set(second.recommendations[0].item.values["genres"])
    assert second.conversation.question is None


async def test_a_model_is_told_of_two_items_asks_and_is_reminded_of_its_question(
    talking: Agent, model: ScriptedChatModel
):
    model.steps = [
        Calls.of(("update_wish", {"similar_to": ["Sabrina"]})),
        Calls.of(("ask_user", {"question": "Which Sabrina?", "choices": ["1954", "1995"]})),
    ]
    first = await talking.reply(visitor(talking), "something like Sabrina")
    told = model.calls[1].messages[-1]["content"]
    model.steps = [Calls.of(("update_wish", {"similar_to": ["Sabrina (1954)"]}), ("recommend", {}))]

    second = await talking.reply(first.conversation, "the old one")

    assert "1954" in told
    assert "1995" in told
    assert first.intent.act is Act.ASK
    assert first.conversation.question is not None
    assert set(first.conversation.question.options) == {OLD, NEW}
    assert "you had asked which Sabrina" in model.calls[2].question
    assert second.intent.examples == (OLD,)


async def test_a_title_that_the_catalog_lacks_is_said(agent: Agent):
    reply = await agent.reply(visitor(agent), 'something like "Interstellar" please')

    assert reply.text.startswith("I don't have Interstellar; closest in spirit:")
    assert reply.recommendations


async def test_a_title_that_a_model_notes_and_the_catalog_lacks_is_said_where_it_writes_nothing(
    talking: Agent, model: ScriptedChatModel
):
    model.steps = [Calls.of(("update_wish", {"similar_to": ["Interstellar"]}), ("recommend", {}))]
    model.prose = [""]

    reply = await talking.reply(visitor(talking), "hm")

    assert reply.text.startswith("I don't have Interstellar; closest in spirit:")


async def test_a_chinese_title_finds_the_item_and_the_reply_is_chinese(agent: Agent):
    reply = await agent.reply(visitor(agent), "我喜欢《泰坦尼克号》，想看类似的爱情片")

    assert film_id("Titanic") in reply.intent.preference.liked
    assert film_id("Titanic") not in ids(reply)
    assert reply.intent.preference.language == "zh"
    assert "先选" in reply.text
    reasons = [reason.text for card in reply.recommendations for reason in card.explanation.statements]
    assert any("和《泰坦尼克号》" in reason for reason in reasons)


# Follow-ups


async def test_why_did_you_pick_this_is_answered_from_the_evidence(agent: Agent):
    first = await agent.reply(visitor(agent), "something like Heat")
    title = first.recommendations[1].item.title

    second = await agent.reply(first.conversation, "why did you pick the second one?")

    assert (second.intent.act, second.intent.kind) == (Act.ANSWER, "why")
    assert second.text.startswith(f"I picked {title} because: ")
    assert "Heat" in second.text
    assert second.conversation.last_shown() == first.conversation.last_shown()


async def test_why_is_answered_from_the_evidence_where_the_model_s_words_do_not_hold(
    talking: Agent, model: ScriptedChatModel
):
    model.steps = [Calls.of(("update_wish", {"similar_to": ["Heat"]}), ("recommend", {}))]
    first = await talking.reply(visitor(talking), "hm")
    model.steps = [Calls.of(("answer", {"kind": "why", "items": ["#2"]}))]
    model.prose = ["Because The Godfather won nine Oscars."]

    second = await talking.reply(first.conversation, "why?")

    assert second.text.startswith(f"I picked {first.recommendations[1].item.title} because: ")


async def test_why_is_answered_with_a_path_of_the_graph(agent: Agent, film_retriever: Retriever):
    first = await agent.reply(visitor(agent), "something like Heat")

    second = await agent.reply(first.conversation, "why did you pick the first one?")

    path = film_retriever.path(film_id("Heat"), first.recommendations[0].item.item_id)
    assert path is not None
    assert statement(path, agent.catalog) in second.text


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ("why did you pick the first one?", "because: "),
        ("how are Rear Window and Vertigo connected?", "directed by Alfred Hitchcock"),
        ("how many Hitchcock films do you have?", "2 films"),
    ],
)
async def test_while_the_graph_does_not_answer_the_catalog_does(
    make_agent: MakeAgent, film_settings: RetrievalSettings, message: str, words: str
):
    nowhere = film_settings.model_copy(update={"sparql_url": f"http://127.0.0.1:{free_port()}/sparql"})
    agent = await make_agent(retriever=Retriever.open(nowhere, encoder=HashEncoder()))
    first = await agent.reply(visitor(agent), "something like Heat")

    second = await agent.reply(first.conversation, message)

    assert first.recommendations
    assert words in second.text


async def test_a_question_about_an_item_is_answered_from_the_catalog(agent: Agent):
    reply = await agent.reply(visitor(agent), "who directed Casino?")

    assert reply.intent.act is Act.ANSWER
    assert reply.text == "Casino (1995): directed by Martin Scorsese."


async def test_what_the_catalog_does_not_say_is_not_made_up(agent: Agent):
    reply = await agent.reply(visitor(agent), "who stars in Midnight Harbor?")

    assert reply.text == "The catalog doesn't say that about Midnight Harbor (actor)."


async def test_older_than_what_was_shown(agent: Agent):
    first = await agent.reply(visitor(agent), "a romantic story")
    years = sorted(card.item.year for card in first.recommendations)

    second = await agent.reply(first.conversation, "something older")

    assert second.recommendations
    assert all(card.item.year < years[-1] for card in second.recommendations)


async def test_others_are_others(agent: Agent):
    first = await agent.reply(visitor(agent), "Recommend me something good")

    second = await agent.reply(first.conversation, "show me others")

    assert second.recommendations
    assert not set(ids(first)) & set(ids(second))


async def test_not_the_second_one_is_never_shown_again(agent: Agent):
    first = await agent.reply(visitor(agent), "a crime story")
    refused = first.recommendations[1].item.item_id

    second = await agent.reply(first.conversation, "not the second one")
    third = await agent.reply(second.conversation, "a crime story")

    assert refused in second.intent.disliked
    assert refused not in ids(second)
    assert refused not in ids(third)


async def test_how_many_and_how_bold_hold_for_one_turn(talking: Agent, model: ScriptedChatModel):
    model.steps = [Calls.of(("update_wish", {"novelty": 0.9, "count": 2}), ("recommend", {}))]

    first = await talking.reply(Conversation(), "surprise me, twice", store=False, keep=False)

    assert (first.intent.preference.novelty, len(first.recommendations)) == (0.9, 2)
    assert (first.conversation.preference.novelty, first.conversation.preference.count) == (0.3, 5)


async def test_near_misses_can_be_pointed_at(agent: Agent):
    reply = await agent.reply(visitor(agent), "a crime film before 1910")
    assert not reply.recommendations
    second = reply.near_misses[1].item

    asked = await agent.reply(reply.conversation, "why the second one?")

    assert asked.intent.about == (second.item_id,)


async def test_what_words_listed_can_be_pointed_at(talking: Agent, model: ScriptedChatModel):
    limits = [{"field": "directors", "value": "Alfred Hitchcock"}]
    model.steps = [
        Calls.of(("graph_lookup", {"limits": limits, "sort": "year"})),
        Calls.of(("answer", {"kind": "list"})),
    ]
    model.prose = [""]
    first = await talking.reply(visitor(talking), "which ones by Hitchcock?")
    model.steps = [Calls.of(("answer", {"kind": "facts", "items": ["#2"]}))]

    second = await talking.reply(first.conversation, "tell me about the second")

    assert "Rear Window" in first.text
    assert second.intent.about == (film_id("Vertigo"),)


# Opinions


@pytest.mark.parametrize("kind", [FeedbackKind.DISLIKE, FeedbackKind.SEEN, FeedbackKind.LIKE])
async def test_a_click_changes_the_very_next_turn_and_later_conversations(agent: Agent, kind: FeedbackKind):
    first = await agent.reply(visitor(agent), "a crime story")
    clicked = first.recommendations[0].item.item_id

    conversation, feedback_id = await agent.feedback(first.conversation, clicked, kind)
    second = await agent.reply(conversation, "a crime story")
    later = await agent.reply(Conversation(user_id=conversation.user_id), "a crime story")

    assert feedback_id
    assert clicked not in ids(second)
    assert clicked not in ids(later)


async def test_an_undone_click_leaves_no_trace_in_the_next_turn(agent: Agent):
    first = await agent.reply(visitor(agent), "horror films")
    clicked = film_id("Alien")
    conversation, feedback_id = await agent.feedback(first.conversation, clicked, FeedbackKind.DISLIKE)

    conversation = await agent.undo(conversation, feedback_id)
    second = await agent.reply(conversation, "horror films")

    assert clicked in ids(second)
    assert agent.state.feedback_of(conversation.user_id) == []


async def test_clicks_chips_dial_and_undo_cost_no_model_call(talking: Agent, model: ScriptedChatModel):
    model.steps = [Calls.of(("update_wish", {"limits": [CRIME]}), ("recommend", {}))]
    first = await talking.reply(visitor(talking), "hm")
    model.calls.clear()

    conversation, feedback_id = await talking.feedback(first.conversation, ids(first)[0], FeedbackKind.LIKE)
    listed = await reranked(talking, conversation)
    dialed = await reranked(talking, listed.conversation, novelty=0.0)
    removed = await reranked(talking, dialed.conversation, remove="genres:is:Crime")
    await talking.undo(removed.conversation, feedback_id)

    assert model.calls == []
    assert {reply.trace.driver for reply in (listed, dialed, removed)} == {"click"}
    assert all(reply.recommendations and reply.text for reply in (listed, dialed, removed))


async def test_a_click_on_an_unknown_item_names_near_ones(agent: Agent):
    with pytest.raises(UnknownItemError, match="Near titles: Heat"):
        await agent.feedback(visitor(agent), "Heat", FeedbackKind.LIKE)


async def test_what_was_said_about_a_title_is_stored_as_feedback(agent: Agent):
    reply = await agent.reply(visitor(agent), "I loved Heat but I hated Casino")

    kept = {(given.item_id, given.kind) for given in agent.state.feedback_of(reply.conversation.user_id)}
    assert kept == {(film_id("Heat"), FeedbackKind.LIKE), (film_id("Casino"), FeedbackKind.DISLIKE)}
    assert not {item_id for item_id, _ in kept} & set(ids(reply))


async def test_an_example_of_what_is_wanted_is_no_opinion(agent: Agent):
    reply = await agent.reply(visitor(agent), "something like Heat")

    assert agent.state.feedback_of(reply.conversation.user_id) == []
    assert film_id("Heat") not in ids(reply)


async def test_what_was_liked_just_now_is_the_reason_given(agent: Agent):
    reply = await agent.reply(visitor(agent), "I loved Heat and Casino")

    assert any("Heat" in card.explanation.text or "Casino" in card.explanation.text for card in reply.recommendations)


# Tastes that last


async def test_a_lasting_taste_holds_in_a_new_conversation_until_taken_back(agent: Agent, films: Catalog):
    first = await agent.reply(visitor(agent), "I can't stand gore. A crime story please")
    user = first.conversation.user_id
    gory = {item.item_id for item in films if "gore" in item.values.get("themes", ())}

    second = await agent.reply(Conversation(user_id=user), "a thriller or science fiction")
    back = await agent.reply(Conversation(user_id=user), "gore is fine now, a crime story")
    last = await agent.reply(Conversation(user_id=user), "a crime story")

    assert gory
    assert not gory & {*ids(first), *ids(second)}
    assert [chip.label for chip in second.intent.chips if chip.lasting] == ["without gore"]
    assert back.intent.dropped
    assert film_id("Reservoir Dogs") in ids(last)


async def test_a_lasting_limit_of_a_model_holds_in_a_new_conversation_until_it_drops_it(
    talking: Agent, model: ScriptedChatModel, films: Catalog
):
    conversation = visitor(talking)
    gory = {item.item_id for item in films if "gore" in item.values.get("themes", ())}
    model.steps = [
        Calls.of(("update_wish", {"limits": [NO_GORE]}), ("recommend", {})),
        Calls.of(("update_wish", {"limits": [CRIME]}), ("recommend", {"items": ["Reservoir Dogs"]})),
        Calls.of(("update_wish", {"drop": ["gore"], "limits": [CRIME]}), ("recommend", {"items": ["Reservoir Dogs"]})),
    ]
    model.prose = [""]

    first, second, third = [await talking.reply(Conversation(user_id=conversation.user_id), "hm") for _ in range(3)]

    assert first.text.startswith("Without gore from now on.")
    assert not gory & {*ids(first), *ids(second)}
    assert "themes not gore (always)" in model.calls[2].question
    assert ids(third)[0] == film_id("Reservoir Dogs")
    assert talking.state.tastes_of(conversation.user_id) == []


async def test_a_taste_of_one_user_is_nobody_else_s(agent: Agent):
    first = await agent.reply(visitor(agent), "I can't stand gore. A crime story please")

    other = await agent.reply(visitor(agent), "a crime story")

    assert agent.state.tastes_of(first.conversation.user_id)
    assert not other.intent.chips[0].lasting


# Chips and the dial


async def test_a_removed_chip_makes_the_list_anew_without_the_limit(talking: Agent, model: ScriptedChatModel):
    since = {"field": "year", "op": "min", "value": 1991}
    model.steps = [Calls.of(("update_wish", {"limits": [CRIME, since]}), ("recommend", {}))]
    first = await talking.reply(visitor(talking), "hm")

    second = await reranked(talking, first.conversation, remove="year:min:1991")

    assert {chip.key: chip.label for chip in first.intent.chips} == {
        "genres:is:Crime": "Crime",
        "year:min:1991": "from 1991 on",
    }
    assert film_id("GoodFellas") in ids(second)
    assert [chip.key for chip in second.intent.chips] == ["genres:is:Crime"]
    assert second.conversation.preference.constraints == second.intent.preference.constraints


async def test_a_removed_lasting_chip_is_forgotten_for_good(agent: Agent):
    first = await agent.reply(visitor(agent), "I can't stand gore. A crime story please")

    await reranked(agent, first.conversation, remove=next(chip.key for chip in first.intent.chips if chip.lasting))

    assert agent.state.tastes_of(first.conversation.user_id) == []


async def test_the_dial_is_kept_with_the_user(agent: Agent):
    first = await agent.reply(visitor(agent), "a crime story")

    second = await reranked(agent, first.conversation, novelty=1.0)

    assert agent.state.user(first.conversation.user_id).novelty == 1.0
    assert second.conversation.preference.novelty == 1.0


# Who knows what


async def test_two_users_at_once_never_see_each_other(agent: Agent):
    ann, ben = visitor(agent, "Ann"), visitor(agent, "Ben")
    wishes = {ann.user_id: ["I loved Heat", "a crime story"], ben.user_id: ["I hated Heat", "a romantic story"]}

    async def talk(conversation: Conversation) -> Reply:
        for wish in wishes[conversation.user_id]:
            reply = await agent.reply(conversation, wish)
            conversation = reply.conversation
        return reply

    of_ann, of_ben = await asyncio.gather(talk(ann), talk(ben))

    assert of_ann.conversation.preference.liked == (film_id("Heat"),)
    assert of_ben.conversation.preference.disliked == (film_id("Heat"),)
    assert all("Crime" in card.item.values["genres"] for card in of_ann.recommendations)
    assert all("Romance" in card.item.values["genres"] for card in of_ben.recommendations)
    assert [given.kind for given in agent.state.feedback_of(ann.user_id)] == [FeedbackKind.LIKE]


async def test_what_one_user_says_is_in_no_prompt_of_another(talking: Agent, model: ScriptedChatModel):
    messages = [f"wish number {n}" for n in range(4)]

    await asyncio.gather(*(talking.reply(visitor(talking, message), message) for message in messages))

    asked = [str(call.messages) for call in model.calls]
    assert len(asked) == 8
    assert all(sum(message in prompt for message in messages) == 1 for prompt in asked)


async def test_an_unknown_user_is_a_clear_error(agent: Agent):
    with pytest.raises(UnknownUserError, match="no such user"):
        await agent.reply(Conversation(user_id="nobody"), "a crime story")


@pytest.mark.parametrize("stranger", ["Ben", None])
async def test_a_conversation_of_somebody_else_is_closed(agent: Agent, stranger: str | None):
    first = await agent.reply(visitor(agent, "Ann"), "a crime story")
    user = agent.state.create_user(stranger).user_id if stranger else None
    taken = Conversation(first.conversation.conversation_id, user)

    for attempt in (
        agent.reply(taken, "what did she say?"),
        events(agent.rerank(taken, remove="text")),
        agent.feedback(taken, film_id("Heat"), FeedbackKind.LIKE),
        agent.undo(taken, "1", film_id("Heat")),
    ):
        with pytest.raises(UnknownConversationError):
            await attempt

    assert await agent.conversations.load(first.conversation.conversation_id) == first.conversation


async def test_a_client_without_a_user_leaves_nothing_behind(agent: Agent):
    reply = await agent.reply(Conversation(), "I loved Heat, no gore", store=False, keep=False)

    assert reply.recommendations
    assert agent.state.list_users() == []
    assert await agent.conversations.load(reply.conversation.conversation_id) is None


async def test_a_conversation_is_rebuilt_from_its_messages(agent: Agent):
    first = await agent.reply(visitor(agent), "crime, after 1990")
    content = f"{render_list(first.recommendations, first.near_misses, first.notices)}\n\n{first.text}"
    messages = [(Role.USER, "crime, after 1990"), (Role.ASSISTANT, content)]

    rebuilt = agent.from_messages(messages, user_id=first.conversation.user_id)

    assert rebuilt.last_shown() == tuple(card.item.item_id for card in first.recommendations)
    assert rebuilt.preference.constraints == first.conversation.preference.constraints
    assert rebuilt.asked


# What is logged


async def test_exposures_hold_what_was_shown_with_its_probability(agent: Agent):
    reply = await agent.reply(visitor(agent), "a crime story")

    logged = agent.state.exposures_of(reply.conversation.user_id)
    assert [(row.shown.item_id, row.shown.position) for row in logged] == [
        (card.item.item_id, card.rank) for card in reply.recommendations
    ]
    assert all(0 < row.shown.propensity <= 1 for row in logged)


async def test_what_a_model_ordered_was_shown_for_certain_and_guesses_by_chance(
    talking: Agent, model: ScriptedChatModel
):
    conversation = visitor(talking)
    talking.state.set_novelty(conversation.user_id, 1.0)
    model.steps = [Calls.of(("recommend", {"items": ["Vertigo", "Babe"]}))]

    reply = await talking.reply(conversation, "hm")

    logged = [row.shown for row in talking.state.exposures_of(conversation.user_id)]
    assert [row.item_id for row in logged] == list(dict.fromkeys(ids(reply)))
    assert [(row.propensity, row.exploratory) for row in logged[:2]] == [(1.0, False), (1.0, False)]
    assert any(row.exploratory for row in logged)
    assert all(0 < row.propensity < 1 for row in logged if row.exploratory)


async def test_near_misses_are_logged_as_such(agent: Agent):
    reply = await agent.reply(visitor(agent), "horror films")

    logged = agent.state.exposures_of(reply.conversation.user_id)
    cards = [*reply.recommendations, *reply.near_misses]
    assert reply.near_misses
    assert [(row.shown.item_id, row.shown.position) for row in logged] == [
        (card.item.item_id, place) for place, card in enumerate(cards, 1)
    ]
    assert [row.shown.policy == "near-misses" for row in logged] == [bool(card.breaks) for card in cards]


# The parts


async def test_the_parts_are_reported(agent: Agent):
    assert await agent.ready() == {"catalog": "ok", "indexes": "ok", "state": "ok", "saving": "ok", "model": "none"}
