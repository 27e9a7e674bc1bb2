"""The house's rules in turns: nothing hidden is shown or named, whoever leads; the rest stands where it has to."""

# ruff: noqa: E501 - one turn a line

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from agent import direct
from agent.agent import Agent
from agent.conversation import Conversation, Role, Turn
from agent.drivers.schema.driver import STAFF_TOLD
from agent.intent import Act
from agent.recommendation import Recommendation, Reply
from agent.rules_check import check
from retrieval.preference import Preference
from retrieval.state import FeedbackKind
from tests.agent.conftest import MakeAgent, visitor
from tests.agent.films import film_catalog, film_id
from tests.fakes import Call, Calls, ScriptedChatModel
from tools.rules import RuleBook, RulesError

FILMS = film_catalog()
CRIME = {item.item_id for item in FILMS if "Crime" in item.values["genres"]}
NO_CRIME = """
[context.age_confirmed]
[[never_show]]
name = "crime"
where = [{ field = "genres", value = "Crime" }]
unless = { age_confirmed = "yes" }
words = { en = "We do not offer that one here.", de = "Den bieten wir hier nicht an." }
"""
SPONSORED = """
[[disclose]]
name = "sponsored"
where = [{ field = "directors", op = "any_of", value = ["Ridley Scott", "Robert Zemeckis"] }]
words = { en = "Sponsored", de = "Anzeige" }
"""
WRITE = Callable[[str], None]


@pytest.fixture
def write(tmp_path: Path) -> WRITE:
    """Puts rules into the data folder."""

    def put(text: str) -> None:
        (tmp_path / "rules.toml").write_text(text, encoding="utf-8")

    return put


def names_hidden(reply: Reply) -> set[str]:
    """Hidden items that a reply shows or names anywhere."""
    cards = (*reply.recommendations, *reply.near_misses)
    said = " ".join((reply.text, *reply.notices, *(map(words_of, cards))))
    ids = {card.item.item_id for card in cards}
    ids |= {
        item_id
        for card in cards
        for statement in card.explanation.statements
        for item_id in statement.evidence.item_ids
    }
    ids |= set(reply.table.item_ids) if reply.table else set()
    last = reply.conversation.turns[-1]
    ids |= {*last.shown, *last.near, *last.listed, *last.ranked, *reply.intent.about, *reply.trace.standings}
    user = " ".join(turn.text for turn in reply.conversation.turns if turn.role is Role.USER).casefold()
    named = {
        item_id
        for item_id in CRIME
        if FILMS.item(item_id).title in said and FILMS.item(item_id).title.casefold() not in user
    }
    return ids & CRIME | named


def words_of(card: Recommendation) -> str:
    return " ".join((card.explanation.text, *(statement.text for statement in card.explanation.statements)))


# Never shown


@pytest.mark.parametrize(
    "message",
    [
        "a crime story",
        "something like Heat",
        "crime films with Al Pacino",
        "tell me about Heat",
        "why not Heat?",
        "compare Heat and Alien",
        "how many crime films are there?",
        "which films are by Martin Scorsese?",
        "something by Martin Scorsese, but romantic",
        "recommend me something",
        "one film for each decade",
        "surprise me",
        "how are Heat and Casino connected?",
        "#1",
    ],
)
async def test_no_path_of_rules_shows_what_is_hidden(make_agent: MakeAgent, write: WRITE, message: str):
    write(NO_CRIME)
    agent = await make_agent(driver="auto")
    conversation = visitor(agent)
    agent.state.add_feedback(conversation.user_id, film_id("Casino"), FeedbackKind.LIKE)
    before = (Turn(Role.USER, "crime"), Turn(Role.ASSISTANT, "There is Heat.", (film_id("Heat"), film_id("Vertigo"))))

    for started in (conversation, replace(conversation, turns=before)):
        reply = await agent.reply(started, message)

        assert names_hidden(reply) == set()


async def test_the_same_request_shows_it_where_the_rule_does_not_hold(make_agent: MakeAgent, write: WRITE):
    write(NO_CRIME)
    agent = await make_agent(driver="auto")
    adult = agent.of(agent.state.realm, {"age_confirmed": "yes"})

    reply = await adult.reply(Conversation(), "a crime story", store=False)

    assert {card.item.item_id for card in reply.recommendations} <= CRIME
    assert agent.of(agent.state.realm) is agent


STEPS = {
    "recommends them": [("recommend", {"items": ["Heat", f"i{FILMS.row(film_id('Casino'))}", "film:0", "Alien"]})],
    "puts them into places": [("recommend", {"slots": [{"name": "old", "items": ["Heat"]}, {"name": "new"}]})],
    "searches by title": [("search_catalog", {"titles": ["Heat", "Casino"], "description": "a robbery"}), ("recommend", {})],
    "scores them": [("cf_scores", {"items": ["Heat"], "liked": ["Casino"]}), ("recommend", {})],
    "looks them up": [
        ("graph_lookup", {"limits": [{"field": "genres", "value": "Crime"}]}),
        ("graph_lookup", {"kind": "neighbors", "items": ["Casino"]}),
        ("item_details", {"items": ["Heat", "i0", "film:0"]}),
        ("answer", {"kind": "list"}),
    ],
    "compares them": [("answer", {"kind": "comparison", "items": ["Heat", "Alien"], "text": "[[i0]] is better."})],
    "asks about them": [("ask_user", {"question": "Heat or Casino?", "choices": ["Heat (1995)", "Alien (1979)"]})],
    "asks why not": [("answer", {"kind": "why_not", "items": ["Heat"]})],
    "says it from memory": [("answer", {"kind": "talk", "text": "Watch Heat. [[i0]] is great, too. Have fun."})],
}  # fmt: skip


@pytest.mark.parametrize("name", STEPS)
async def test_no_model_shows_what_is_hidden(make_agent: MakeAgent, model: ScriptedChatModel, write: WRITE, name: str):
    write(NO_CRIME)
    agent = await make_agent(model)
    model.steps = [Calls.of(*STEPS[name])]
    model.prose = ["Start with Heat. Casino is as good. [[i0]] is the best of all."] * 3
    model.mended = ["Then take Casino."] * 3

    reply = await agent.reply(visitor(agent), "what shall we watch tonight?")

    assert names_hidden(reply) == set(), reply.text
    assert not any("Heat" in choice for choice in reply.intent.choices)


@pytest.mark.parametrize(
    "message", ["something like Heat", "tell me about Heat", "compare Heat and Alien", "the first one"]
)
async def test_no_small_model_shows_what_is_hidden(
    make_agent: MakeAgent, model: ScriptedChatModel, write: WRITE, message: str
):
    write(NO_CRIME)
    agent = await make_agent(model, driver="schema", llm={"timeout_s": 60, "turn_s": 120})
    before = (Turn(Role.USER, "crime"), Turn(Role.ASSISTANT, "There is Heat.", (film_id("Heat"), film_id("Vertigo"))))

    reply = await agent.reply(replace(visitor(agent), turns=before), message)

    assert reply.trace.driver == "schema", reply.trace.reason
    assert names_hidden(reply) == set(), reply.text


async def test_programs_without_turns_do_not_see_it_either(make_agent: MakeAgent, write: WRITE):
    write(NO_CRIME)
    agent = await make_agent(driver="auto")
    desk = await agent.desk(None, Preference(text="a robbery"))

    result = direct.search(desk, "a robbery", (), k=28)
    plain = direct.search(desk, "", (), k=28)

    assert plain.total == len(FILMS) - len(CRIME)
    assert not CRIME & {card.item.item_id for card in (*result.items, *plain.items)}
    for item_id in CRIME:
        with pytest.raises(Exception, match="no item"):
            direct.explain_item(desk, item_id)


async def test_the_house_says_why_where_one_is_asked_for_by_its_title(make_agent: MakeAgent, write: WRITE):
    write(NO_CRIME)
    agent = await make_agent(driver="auto")

    asked = await agent.reply(Conversation(), "tell me about Heat", store=False)
    other = await agent.reply(Conversation(), "tell me about Alien", store=False)

    assert "We do not offer that one here." in asked.notices
    assert "We do not offer that one here." not in other.notices


# Disclosed, boosted, shortened


async def test_what_is_sponsored_says_so_on_every_card(make_agent: MakeAgent, write: WRITE):
    write(SPONSORED)
    agent = await make_agent(driver="auto")
    space = {"Alien", "Blade Runner", "Contact"}

    reply = await agent.reply(Conversation(), "science fiction", store=False)
    german = await agent.reply(Conversation(preference=Preference(language="de")), "Contact", store=False)
    desk = await agent.desk(None, Preference(text="space", language="de"))

    told = {card.item.title: card.disclosure for card in reply.recommendations}
    assert told == {title: "Sponsored" if title in space else "" for title in told}
    assert space & set(told)
    assert all(card.explanation.text.startswith("Sponsored") == bool(card.disclosure) for card in reply.recommendations)
    assert direct.explain_item(desk, film_id("Contact")).explanation.text.startswith("Anzeige")
    assert german


async def test_what_is_sponsored_says_so_where_words_alone_name_it(make_agent: MakeAgent, write: WRITE):
    write(SPONSORED)
    agent = await make_agent(driver="auto")

    reply = await agent.reply(Conversation(), "tell me about Alien", store=False)
    two = await agent.reply(Conversation(), "compare Alien and Vertigo", store=False)
    none = await agent.reply(Conversation(), "tell me about Vertigo", store=False)

    assert "Alien (1979): Sponsored" in reply.notices
    assert "Alien (1979): Sponsored" in two.notices
    assert not any("Sponsored" in notice for notice in none.notices)


async def test_a_boost_is_a_share_of_the_score_and_named_among_the_reasons(make_agent: MakeAgent, write: WRITE):
    write('[[boost]]\nname = "ours"\nwhere = [{field = "directors", value = "Robert Zemeckis"}]\nby = 0.2')
    agent = await make_agent(driver="auto")
    conversation = visitor(agent)

    reply = await agent.reply(conversation, "science fiction")
    why = await agent.reply(reply.conversation, "why did you recommend Contact?")

    cards = {card.item.title: card for card in reply.recommendations}
    assert {title: card.shares.get("house", 0.0) for title, card in cards.items()}["Contact"] == 0.2
    assert sum("house" in card.shares for card in cards.values()) == 1
    for card in cards.values():
        if card.shares:
            assert sum(card.shares.values()) == pytest.approx(card.score)
    assert "a boost by the provider" in why.text


@pytest.mark.parametrize("message", ["science fiction", "give me 5 crime films", "one film for each decade"])
async def test_one_item_stands_in_place_of_a_list(make_agent: MakeAgent, write: WRITE, message: str):
    write("[list]\nmost = 1")
    agent = await make_agent(driver="auto")

    reply = await agent.reply(Conversation(), message, store=False)

    assert len(reply.recommendations) == 1


async def test_a_model_cannot_make_the_list_longer(make_agent: MakeAgent, model: ScriptedChatModel, write: WRITE):
    write("[list]\nmost = 1")
    agent = await make_agent(model)
    slots = [{"name": name} for name in ("light", "dark", "wild")]
    shown = []
    for call in ({"items": ["Heat", "Alien", "Babe"], "count": 3}, {"slots": slots}):
        model.steps = [Calls.of(("recommend", call))]
        reply = await agent.reply(visitor(agent, f"Ann {len(shown)}"), "three films")
        shown.append(len(reply.recommendations))

    assert shown == [1, 1]


# Handed over


STAFF = '[handover]\nwords = { en = "Our staff is glad to help.", de = "Wir helfen gern." }\nlink = "https://shop.example.org/help"'


async def test_a_model_hands_over_where_the_house_has_somebody(
    make_agent: MakeAgent, model: ScriptedChatModel, write: WRITE
):
    write(STAFF)
    agent = await make_agent(model)
    model.steps = [Calls.of(("update_wish", {"language": "de"}), ("hand_over", {}))]

    reply = await agent.reply(visitor(agent), "Ich möchte mit einem Menschen sprechen")

    assert (reply.intent.act, reply.text) == (Act.HAND_OVER, "Wir helfen gern.")
    assert reply.handover is not None
    assert reply.handover.link == "https://shop.example.org/help"
    assert not reply.recommendations
    assert "hand_over" in json.dumps(model.calls[0].body)


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ("these are all wrong, zorb, I want a human", "Our staff is glad to help."),
        ("somebody who knows about science fiction, zorb", "Our staff is glad to help."),
        ("Ich möchte bitte mit einem Menschen sprechen", "Wir helfen gern."),
    ],
)
async def test_a_small_model_hands_over_where_the_house_has_somebody(
    make_agent: MakeAgent, model: ScriptedChatModel, write: WRITE, message: str, words: str
):
    write(STAFF)
    agent = await make_agent(model, driver="schema", llm={"timeout_s": 60, "turn_s": 300})
    model.readings = ['{"do": "person"}']

    reply = await agent.reply(visitor(agent), message)

    assert (reply.intent.act, reply.text) == (Act.HAND_OVER, words)
    assert reply.handover is not None
    assert not reply.recommendations
    assert not model.readings
    assert STAFF_TOLD in model.calls[-1].messages[0]["content"]
    assert {"enum": ["person"]} in decisions(model.calls[-1])


async def test_a_small_model_that_hands_over_nowhere_is_not_asked_to(make_agent: MakeAgent, model: ScriptedChatModel):
    agent = await make_agent(model, driver="schema", llm={"timeout_s": 60, "turn_s": 300})
    model.readings = ['{"do": "person"}']

    reply = await agent.reply(visitor(agent), "these are all wrong, zorb, I want a human")

    assert reply.handover is None
    assert {"enum": ["person"]} not in decisions(model.calls[0])
    assert STAFF_TOLD not in model.calls[0].messages[0]["content"]
    assert '"person"' not in json.dumps([message["content"] for message in model.calls[0].messages])


def decisions(call: Call) -> list[object]:
    """What an answer may do, by the shapes that it may have."""
    shapes = call.body["response_format"]["json_schema"]["schema"]["anyOf"]
    return [shape["properties"]["do"] for shape in shapes]


async def test_no_model_is_offered_what_the_house_does_not_have(make_agent: MakeAgent, model: ScriptedChatModel):
    agent = await make_agent(model)

    await agent.reply(visitor(agent), "a person, please")

    assert "hand_over" not in json.dumps(model.calls[0].body)


async def test_a_person_is_reached_without_a_model(make_agent: MakeAgent, write: WRITE):
    write(STAFF)
    agent = await make_agent(driver="auto")

    reply = await agent.reply(visitor(agent), "/person")
    again = await agent.reply(reply.conversation, "science fiction")

    assert (reply.intent.act, reply.text) == (Act.HAND_OVER, "Our staff is glad to help.")
    assert reply.handover is not None
    assert (again.intent.act, again.handover) == (Act.RECOMMEND, None)


# Read at start


async def test_rules_that_cannot_work_let_nothing_start(make_agent: MakeAgent, write: WRITE):
    write(NO_CRIME.replace("Crime", "Krime"))

    with pytest.raises(RulesError, match=r"rules\.toml:5: never_show 1, where 1: no genres 'Krime'"):
        await make_agent(driver="auto")


async def test_a_model_is_told_in_the_part_of_the_prompt_that_stays(
    make_agent: MakeAgent, model: ScriptedChatModel, write: WRITE
):
    write(NO_CRIME + SPONSORED)
    agent = await make_agent(model)
    for said in (None, {"age_confirmed": "yes"}):
        await agent.of(agent.state.realm, said).reply(Conversation(), "a film", store=False)

    first, *others = (call.messages[0]["content"] for call in model.calls)

    assert "# House rules" in first
    assert '"Sponsored"' in first
    assert all(other == first for other in others)


# Checked


ALL = (
    NO_CRIME
    + SPONSORED
    + '[[boost]]\nname = "ours"\nwhere = [{field = "year", op = "max", value = 1970}]\nby = 0.1\n'
    + STAFF
)


async def lines_of(agent: Agent, rules: RuleBook) -> dict[str, bool]:
    return {line.text: line.is_good async for line in check(agent, rules, turns=8)}


async def test_a_check_counts_what_rules_are_about_and_finds_that_turns_keep_them(make_agent: MakeAgent, write: WRITE):
    write(ALL)
    agent = await make_agent(driver="auto")

    checked = await lines_of(agent, agent.rules)

    assert all(checked.values()), checked
    told = "\n".join(checked)
    assert f"never_show 'crime' hides {len(CRIME)} of {len(FILMS)} films" in told
    assert "disclose 'sponsored' stands on 3 of" in told
    assert "boost 'ours' adds 0.1 to the score of 5 of" in told
    assert "8 turns led by offline" in told
    assert f"{min(8, len(CRIME))} hidden ones are not there" in told
    assert "3 disclosed ones have their words" in told
    assert "boosted ones among those like" in told
    assert "'/person' hands over" in told
    assert "A request that says age_confirmed=yes:" in told


async def test_a_check_finds_what_does_not_keep_the_rules(make_agent: MakeAgent, tmp_path: Path):
    broken = await make_agent(driver="auto")  # as if no path heeded any rule
    text = ALL.replace("[handover]", "[list]\nmost = 1\n[handover]")
    (tmp_path / "other.toml").write_text(text, encoding="utf-8")

    checked = await lines_of(broken, RuleBook.read(tmp_path / "other.toml", broken.catalog))

    bad = "\n".join(text for text, is_good in checked.items() if not is_good)
    for failure in (
        "which a rule hides",
        "without 'Sponsored'",
        "expected at most 1",
        "does not hand over",
        "is there although a rule hides it",
        "stands without its words",
        "is ranked without its boost",
    ):
        assert failure in bad, failure


async def test_a_rule_that_leaves_nothing_fails_its_check(make_agent: MakeAgent, write: WRITE):
    write('[[never_show]]\nname = "all"\nwhere = [{ field = "year", op = "min", value = 1900 }]')
    agent = await make_agent(driver="auto")

    checked = await lines_of(agent, agent.rules)

    assert checked[f"never_show 'all' hides {len(FILMS)} of {len(FILMS)} films: nothing is left"] is False
