"""Whole conversations: what is kept, what changes the next turn, and what is forgotten."""

import asyncio
import json
import logging
import os
import signal
import subprocess
import sys
from pathlib import Path

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
from tests.fakes import HashEncoder, ScriptedChatModel

ROOT = Path(__file__).parents[2]


def ids(reply: Reply) -> list[str]:
    return [one.item.item_id for one in (*reply.recommendations, *reply.near_misses)]


async def reranked(agent: Agent, conversation: Conversation, **changes: object) -> Reply:
    last = (await events(agent.rerank(conversation, **changes)))[-1]
    assert isinstance(last, Finished)
    return last.reply


# Titles


async def test_a_title_with_two_items_asks_back_and_the_year_resolves_it(agent: Agent):
    first = await agent.reply(visitor(agent), "something like Sabrina")

    second = await agent.reply(first.conversation, "the one from 1954")

    assert first.text == "Which Sabrina do you mean: Sabrina (1954) or Sabrina (1995)?"
    assert first.recommendations == ()
    assert second.intent.liked == (film_id("Sabrina", 1954),)
    assert second.recommendations


@pytest.mark.parametrize(
    ("answer", "year"),
    [("1995", 1995), ("the newer one", 1995), ("the second", 1995), ("the older one", 1954), ("either", 1954)],
)
async def test_the_answer_to_which_one_may_be_a_year_a_place_or_an_age(agent: Agent, answer: str, year: int):
    first = await agent.reply(visitor(agent), "something like Sabrina")

    second = await agent.reply(first.conversation, answer)

    assert second.intent.liked == (film_id("Sabrina", year),)


async def test_another_wish_instead_of_an_answer_is_taken_as_such(agent: Agent):
    first = await agent.reply(visitor(agent), "something like Sabrina")

    second = await agent.reply(first.conversation, "forget that, show me science fiction set in outer space please")

    assert {"Sci-Fi"} <= set(second.recommendations[0].item.values["genres"])
    assert second.conversation.question is None


async def test_a_title_that_the_catalog_lacks_is_said(agent: Agent):
    reply = await agent.reply(visitor(agent), 'something like "Interstellar" please')

    assert reply.text.startswith("I don't have Interstellar; closest in spirit:")
    assert reply.recommendations


async def test_a_chinese_title_finds_the_item_and_the_reply_is_chinese(agent: Agent):
    reply = await agent.reply(visitor(agent), "我喜欢《泰坦尼克号》，想看类似的爱情片")

    assert reply.intent.liked == (film_id("Titanic"),)
    assert film_id("Titanic") not in ids(reply)
    assert reply.intent.preference.language == "zh"
    assert "先选" in reply.text
    reasons = [reason.text for one in reply.recommendations for reason in one.explanation.statements]
    assert any("与《Titanic》相同" in reason for reason in reasons)


# Follow-ups


async def test_why_did_you_pick_this_is_answered_from_the_evidence(talking: Agent, model: ScriptedChatModel):
    first = await talking.reply(visitor(talking), "something like Heat")
    title = first.recommendations[1].item.title
    model.calls.clear()

    second = await talking.reply(first.conversation, "why did you pick the second one?")

    assert second.intent.topic == "why"
    assert second.text.startswith(f"I picked {title} because: ")
    assert "Heat" in second.text
    assert model.calls == []
    assert second.conversation.last_shown() == first.conversation.last_shown()


async def test_why_is_answered_with_a_path_of_the_graph(agent: Agent, film_retriever: Retriever):
    first = await agent.reply(visitor(agent), "something like Heat")

    second = await agent.reply(first.conversation, "why did you pick the first one?")

    path = film_retriever.path(film_id("Heat"), first.recommendations[0].item.item_id)
    assert path is not None
    assert statement(path, agent.catalog) in second.text
    assert [run.arguments["kind"] for run in second.trace.tools if run.name == "graph_lookup"] == ["candidates", "path"]


async def test_a_graph_that_does_not_answer_is_told_and_the_rest_still_said(
    make_agent: MakeAgent, film_settings: RetrievalSettings
):
    nowhere = film_settings.model_copy(update={"sparql_url": f"http://127.0.0.1:{free_port()}/sparql"})
    agent = await make_agent(retriever=Retriever.open(nowhere, encoder=HashEncoder()))
    first = await agent.reply(visitor(agent), "something like Heat")

    second = await agent.reply(first.conversation, "why did you pick the first one?")

    assert "graph_lookup did not answer in time and was left out." in second.notices
    assert "because: " in second.text


async def test_a_question_about_an_item_is_answered_from_the_catalog(agent: Agent):
    reply = await agent.reply(visitor(agent), "who directed Casino?")

    assert reply.intent.act is Act.ASK
    assert reply.text == "Casino (1995): directed by Martin Scorsese."


async def test_what_the_catalog_does_not_say_is_not_made_up(agent: Agent):
    reply = await agent.reply(visitor(agent), "who stars in Midnight Harbor?")

    assert reply.text == "The catalog does not say that about Midnight Harbor."


async def test_older_than_what_was_shown(agent: Agent):
    first = await agent.reply(visitor(agent), "a romantic story")
    years = sorted(one.item.year for one in first.recommendations)

    second = await agent.reply(first.conversation, "something older")

    assert second.recommendations
    assert all(one.item.year < years[-1] for one in second.recommendations)


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


async def test_surprise_me_changes_the_list(agent: Agent):
    first = await agent.reply(visitor(agent), "a crime story")

    second = await agent.reply(first.conversation, "surprise me")

    assert second.recommendations
    assert not set(ids(first)) & set(ids(second))
    assert second.intent.preference.novelty == 0.9
    assert second.conversation.preference.novelty != 0.9


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


async def test_a_click_on_an_unknown_item_names_near_ones(agent: Agent):
    with pytest.raises(UnknownItemError, match="Near titles: Heat"):
        await agent.feedback(visitor(agent), "Heat", FeedbackKind.LIKE)


async def test_what_was_said_about_a_title_is_stored_as_feedback(agent: Agent):
    reply = await agent.reply(visitor(agent), "I loved Heat but I hated Casino")

    kept = {(one.item_id, one.kind) for one in agent.state.feedback_of(reply.conversation.user_id)}
    assert kept == {(film_id("Heat"), FeedbackKind.LIKE), (film_id("Casino"), FeedbackKind.DISLIKE)}
    assert not kept & set(ids(reply))


async def test_what_was_liked_just_now_is_the_reason_given(agent: Agent):
    reply = await agent.reply(visitor(agent), "I loved Heat and Casino")

    assert any("Heat" in one.explanation.text or "Casino" in one.explanation.text for one in reply.recommendations)


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
    assert [chip.label for chip in second.intent.chips if chip.lasting] == ["not gore"]
    assert back.intent.dropped
    assert film_id("Reservoir Dogs") in ids(last)


async def test_company_is_kept_in_mind_and_shown(agent: Agent):
    first = await agent.reply(visitor(agent), "my kids are with me, something funny")

    second = await agent.reply(Conversation(user_id=first.conversation.user_id), "something with an adventure")

    assert agent.state.tastes_of(first.conversation.user_id)
    assert len(second.intent.chips) > 1


async def test_a_taste_of_one_user_is_nobody_else_s(agent: Agent):
    first = await agent.reply(visitor(agent), "I can't stand gore. A crime story please")

    other = await agent.reply(visitor(agent), "a crime story")

    assert agent.state.tastes_of(first.conversation.user_id)
    assert not other.intent.chips[0].lasting


# Chips and the dial


async def test_a_removed_chip_makes_the_list_anew_without_a_call(talking: Agent, model: ScriptedChatModel):
    first = await talking.reply(visitor(talking), "crime, after 1990")
    chips = {chip.key: chip.label for chip in first.intent.chips}
    model.calls.clear()

    second = await reranked(talking, first.conversation, remove="year:min:1991")

    assert chips == {"genres:is:Crime": "Crime", "year:min:1991": "year from 1991"}
    assert model.calls == []
    assert film_id("GoodFellas") in ids(second)
    assert [chip.key for chip in second.intent.chips] == ["genres:is:Crime"]
    assert second.conversation.preference.constraints == second.intent.preference.constraints


async def test_a_removed_lasting_chip_is_forgotten_for_good(agent: Agent):
    first = await agent.reply(visitor(agent), "I can't stand gore. A crime story please")

    await reranked(agent, first.conversation, remove=next(one.key for one in first.intent.chips if one.lasting))

    assert agent.state.tastes_of(first.conversation.user_id) == []


async def test_the_dial_is_kept_with_the_user(agent: Agent):
    first = await agent.reply(visitor(agent), "a crime story")

    second = await reranked(agent, first.conversation, novelty=1.0)

    assert agent.state.user(first.conversation.user_id).novelty == 1.0
    assert second.conversation.preference.novelty == 1.0


# Who knows what


async def test_two_users_at_once_never_see_each_other(talking: Agent, model: ScriptedChatModel):
    ann, ben = visitor(talking, "Ann"), visitor(talking, "Ben")
    wishes = {ann.user_id: ["I loved Heat", "a crime story"], ben.user_id: ["I hated Heat", "a romantic story"]}

    async def talk(conversation: Conversation) -> Reply:
        for wish in wishes[conversation.user_id]:
            reply = await talking.reply(conversation, wish)
            conversation = reply.conversation
        return reply

    of_ann, of_ben = await asyncio.gather(talk(ann), talk(ben))

    assert of_ann.conversation.preference.liked == (film_id("Heat"),)
    assert of_ben.conversation.preference.disliked == (film_id("Heat"),)
    assert all("Crime" in one.item.values["genres"] for one in of_ann.recommendations)
    assert all("Romance" in one.item.values["genres"] for one in of_ben.recommendations)
    assert [one.kind for one in talking.state.feedback_of(ann.user_id)] == [FeedbackKind.LIKE]
    asked = [call.question for call in model.calls]
    assert not any("loved" in question and "hated" in question for question in asked)


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

    rebuilt = agent.from_messages([(Role.USER, "crime, after 1990"), (Role.ASSISTANT, content)], user_id=None)

    assert rebuilt.last_shown() == tuple(one.item.item_id for one in first.recommendations)
    assert rebuilt.preference.constraints == first.conversation.preference.constraints
    assert rebuilt.asked


async def test_exposures_hold_what_was_shown_with_its_probability(agent: Agent):
    reply = await agent.reply(visitor(agent), "a crime story")

    logged = agent.state.exposures_of(reply.conversation.user_id)
    assert [(one.shown.item_id, one.shown.position) for one in logged] == [
        (one.item.item_id, one.rank) for one in reply.recommendations
    ]
    assert all(0 < one.shown.propensity <= 1 for one in logged)


async def test_near_misses_are_logged_as_such(agent: Agent):
    reply = await agent.reply(visitor(agent), "horror films")

    logged = agent.state.exposures_of(reply.conversation.user_id)
    cards = [*reply.recommendations, *reply.near_misses]
    assert reply.near_misses
    assert [(one.shown.item_id, one.shown.position) for one in logged] == [
        (one.item.item_id, place) for place, one in enumerate(cards, 1)
    ]
    assert [one.shown.policy == "near-misses" for one in logged] == [bool(one.breaks) for one in cards]


# Restart, erasure, export


async def test_a_restart_keeps_conversation_opinions_and_tastes(make_agent: MakeAgent):
    before = await make_agent()
    first = await before.reply(visitor(before), "I loved Heat, I can't stand gore")
    await before.aclose()

    after = await make_agent()
    conversation = await after.conversations.load(first.conversation.conversation_id)

    assert conversation == first.conversation
    second = await after.reply(conversation, "a crime story")
    assert film_id("Heat") not in ids(second)
    assert film_id("Reservoir Dogs") not in [one.item.item_id for one in second.recommendations]


KILLED = """
import asyncio, os, signal, sys
from pathlib import Path
from agent.build import assemble
from agent.conversation import Conversation
from agent.settings import Settings
from retrieval.retriever import Retriever
from retrieval.settings import RetrievalSettings
from retrieval.state import FeedbackKind, open_state
from tests.fakes import HashEncoder

async def main(index: Path, data: Path) -> None:
    retriever = Retriever.open(RetrievalSettings(data_dir=index, encoder="hash"), encoder=HashEncoder())
    retrieval = RetrievalSettings(data_dir=data, encoder="hash")
    agent = await assemble(retriever, open_state(retrieval), Settings(retrieval=retrieval))
    user = agent.state.create_user("Ann").user_id
    reply = await agent.reply(Conversation("c1", user), "I loved Heat, I can't stand gore")
    conversation, _ = await agent.feedback(reply.conversation, reply.recommendations[0].item.item_id, FeedbackKind.SEEN)
    print(user, reply.recommendations[0].item.item_id, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(main(Path(sys.argv[1]), Path(sys.argv[2])))
"""


async def test_a_killed_process_loses_nothing_that_was_acknowledged(
    make_agent: MakeAgent, film_settings: RetrievalSettings, tmp_path: Path
):
    words = [sys.executable, "-c", KILLED, str(film_settings.data_dir), str(tmp_path)]
    done = await asyncio.to_thread(
        subprocess.run, words, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    user, clicked = done.stdout.split()

    agent = await make_agent()
    conversation = await agent.conversations.load("c1")

    assert conversation is not None
    assert conversation.turns[0].text == "I loved Heat, I can't stand gore"
    assert clicked in conversation.preference.seen
    kept = {one.item_id: one.kind for one in agent.state.feedback_of(user)}
    assert kept == {film_id("Heat"): FeedbackKind.LIKE, clicked: FeedbackKind.SEEN}
    assert [one.words for one in agent.state.tastes_of(user)]
    assert agent.state.exposures_of(user)


MARKER = "zanzibarine"


def files_with(secret: str, folder: Path) -> list[str]:
    found = [path for path in folder.rglob("*") if path.is_file() and secret.encode() in path.read_bytes()]
    return [path.name for path in found]


async def test_erasure_leaves_no_byte_and_no_log_line(
    make_agent: MakeAgent, model: ScriptedChatModel, tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.WARNING)  # as served: see ui.cli
    for package in ("ui", "agent", "tools", "retrieval"):
        caplog.set_level(logging.DEBUG, logger=package)
    agent = await make_agent(model)
    stays = await agent.reply(visitor(agent, "Ben"), "a crime story")
    first = await agent.reply(visitor(agent, "Zenobia"), f"I loved Heat, I can't stand gore, {MARKER} forever")
    user, thread = first.conversation.user_id, first.conversation.conversation_id
    conversation, _ = await agent.feedback(first.conversation, film_id("Casino"), FeedbackKind.LIKE)
    clicked_only, _ = await agent.feedback(Conversation(user_id=user), film_id("Fargo"), FeedbackKind.SEEN)
    await agent.reply(conversation, f"more {MARKER}")
    assert {"state.db", "conversations.db"} <= {name.removesuffix("-wal") for name in files_with(MARKER, tmp_path)}

    await agent.erase(user)

    with pytest.raises(UnknownUserError):
        agent.state.user(user)
    assert await agent.conversations.load(thread) is None
    assert await agent.conversations.load(clicked_only.conversation_id) is None
    for secret in (user, thread, clicked_only.conversation_id, MARKER, "Zenobia"):
        assert files_with(secret, tmp_path) == []
        assert secret not in caplog.text
    assert await agent.conversations.load(stays.conversation.conversation_id) == stays.conversation


async def test_a_user_who_never_was_cannot_be_erased(agent: Agent):
    with pytest.raises(UnknownUserError):
        await agent.erase("nobody-knows")


async def test_the_export_holds_everything(agent: Agent):
    first = await agent.reply(visitor(agent, "Zenobia"), "I loved Heat, I can't stand gore")
    conversation, _ = await agent.feedback(first.conversation, film_id("Casino"), FeedbackKind.SEEN)

    exported = await agent.export(conversation.user_id)

    text = json.dumps(exported, ensure_ascii=False)
    for wanted in ("Zenobia", "I loved Heat", film_id("Casino"), "gore", "propensity", conversation.conversation_id):
        assert wanted in text, wanted


async def test_tracing_of_other_programs_does_not_get_what_is_said_here(
    make_agent: MakeAgent, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("LANGSMITH_TRACING", "true")

    await make_agent()

    assert os.environ["LANGSMITH_TRACING"] == "false"


async def test_the_parts_are_reported(agent: Agent):
    assert await agent.ready() == {"catalog": "ok", "indexes": "ok", "state": "ok", "model": "none"}


async def test_warming_reads_the_prefix_of_each_prompt(talking: Agent, model: ScriptedChatModel):
    await talking.warm()

    assert sorted(model.purposes()) == ["understand", "write"]
    await talking.reply(visitor(talking), "a crime story")
    for purpose in ("understand", "write"):
        warmed, used = (call.messages[:-1] for call in model.calls if call.purpose == purpose)
        assert warmed == used


@pytest.mark.live
async def test_conversations_in_postgresql_survive_and_are_erased(make_agent: MakeAgent, postgres_url: str):
    before = await make_agent(state_url=postgres_url)
    first = await before.reply(visitor(before), "I loved Heat, I can't stand gore")
    await before.aclose()

    after = await make_agent(state_url=postgres_url)
    assert await after.conversations.load(first.conversation.conversation_id) == first.conversation
    second = await after.reply(first.conversation, "a crime story")
    assert film_id("Heat") not in ids(second)

    await after.erase(first.conversation.user_id)
    assert await after.conversations.load(first.conversation.conversation_id) is None


async def test_near_misses_can_be_pointed_at(agent: Agent):
    reply = await agent.reply(visitor(agent), "a crime film before 1910")
    assert not reply.recommendations
    second = reply.near_misses[1].item

    asked = await agent.reply(reply.conversation, "why the second one?")

    assert asked.intent.about == (second.item_id,)
