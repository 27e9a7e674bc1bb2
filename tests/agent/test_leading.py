"""The model leads: what it calls is acted on, whatever the message says, and code keeps only what can be checked."""

from types import SimpleNamespace

import pytest

from agent.agent import Agent
from agent.intent import Act
from agent.loop.ranking import _with_mild_first
from agent.recommendation import Reply
from retrieval.candidates import Candidate
from retrieval.items import Catalog
from retrieval.policies import Slot
from retrieval.preference import Preference
from tests.agent.conftest import MakeAgent, visitor
from tests.agent.films import film_id
from tests.fakes import Calls, ScriptedChatModel
from tests.retrieval.test_restraint import CATALOG as STRONG

NOISE = "qzx vrrk plom wuthe, nnb? zzeh 77 qwop!"
WISH = "a romantic comedy from the nineties, like Babe, nothing with Harrison Ford"


def titles(reply: Reply) -> list[str]:
    return [card.item.title for card in reply.recommendations]


def script() -> list[Calls]:
    return [
        Calls.of(
            (
                "update_wish",
                {
                    "limits": [
                        {"field": "genres", "value": "Comedy"},
                        {"field": "year", "op": "min", "value": 1990},
                        {"field": "cast", "op": "not", "value": "Harrison Ford"},
                    ],
                    "about": "kind and light",
                    "similar_to": ["Babe"],
                    "language": "en",
                },
            ),
            ("search_catalog", {"description": "kind people", "titles": ["Amelie", "Quiet Trap"]}),
        ),
        Calls.of(("recommend", {"items": ["Amelie", "Matilda", "Toy Story"]})),
    ]


async def test_replacing_the_message_by_random_letters_changes_no_call_no_limit_and_no_list(
    make_agent: MakeAgent, model: ScriptedChatModel
):
    replies = []
    for message in (WISH, NOISE):
        model.steps, agent = script(), await make_agent(model)
        replies.append(await agent.reply(visitor(agent), message))

    said, noise = replies
    assert [(run.name, run.arguments) for run in said.trace.tools] == [
        (run.name, run.arguments) for run in noise.trace.tools
    ]
    assert said.intent.preference == noise.intent.preference
    assert titles(said) == titles(noise)
    assert [limit.key for limit in said.intent.preference.constraints] == [
        "genres:is:Comedy",
        "year:min:1990",
        "cast:not:Harrison Ford",
    ]


async def test_the_order_of_the_model_leads_and_the_fusion_fills(talking: Agent, model: ScriptedChatModel):
    model.steps = script()

    reply = await talking.reply(visitor(talking), WISH)

    assert titles(reply)[:3] == ["Amelie", "Matilda", "Toy Story"]
    assert len(reply.recommendations) == 5
    assert not any(card.exploratory for card in reply.recommendations[:3])


async def test_one_of_the_named_items_is_chosen_whether_or_not_it_was_shown(talking: Agent, model: ScriptedChatModel):
    model.steps = [
        Calls.of(("recommend", {"items": ["Heat", "Casino", "Vertigo"], "count": 3})),
        Calls.of(
            ("update_wish", {"limits": [{"field": "directors", "value": "Alfred Hitchcock"}]}),
            ("recommend", {"among": ["Heat", "Vertigo"], "count": 2}),
        ),
    ]
    model.prose = ["", ""]
    first = await talking.reply(visitor(talking), "something")

    reply = await talking.reply(first.conversation, "Heat or Vertigo?")

    assert titles(reply) == ["Vertigo"]
    assert not reply.recommendations[0].exploratory
    assert [card.item.title for card in reply.near_misses] == ["Heat"]
    assert [limit.field for limit in reply.near_misses[0].breaks] == ["directors"]
    assert reply.text.startswith("Of these I’d take Vertigo")


async def test_the_models_own_order_leads_among_what_is_to_be_chosen_from(talking: Agent, model: ScriptedChatModel):
    model.steps = [Calls.of(("recommend", {"items": ["Casino"], "among": ["Heat", "Casino", "Vertigo"], "count": 2}))]
    model.prose = [""]

    reply = await talking.reply(visitor(talking), "Heat, Casino or Vertigo?")

    assert titles(reply)[0] == "Casino"
    assert len(reply.recommendations) == 2
    assert {*titles(reply)} <= {"Heat", "Casino", "Vertigo"}


async def test_an_item_that_breaks_a_limit_is_not_shown_whoever_names_it(
    talking: Agent, model: ScriptedChatModel, films: Catalog
):
    model.steps = [
        Calls.of(("update_wish", {"limits": [{"field": "genres", "op": "not", "value": "Horror"}]})),
        Calls.of(("recommend", {"items": ["Alien", "Contact", "Nosferatu"]})),
    ]

    reply = await talking.reply(visitor(talking), NOISE)

    assert titles(reply)[0] == "Contact"
    assert all("Horror" not in card.item.values["genres"] for card in reply.recommendations)


async def test_a_limit_of_another_field_than_the_words_suggest_is_kept(talking: Agent, model: ScriptedChatModel):
    model.steps = [
        Calls.of(("update_wish", {"limits": [{"field": "directors", "op": "is", "same_as": "Alien"}]})),
        Calls.of(("recommend", {})),
    ]

    reply = await talking.reply(visitor(talking), "a comedy, please")

    assert titles(reply) == ["Alien", "Blade Runner"] or set(titles(reply)) == {"Blade Runner", "Alien"}


async def test_a_question_gets_no_list(talking: Agent, model: ScriptedChatModel):
    model.steps = [
        Calls.of(("graph_lookup", {"kind": "count", "limits": [{"field": "directors", "value": "Hitchcock"}]})),
        Calls.of(("answer", {"kind": "count"})),
    ]
    model.prose = ["There are [[count]] of them."]

    reply = await talking.reply(visitor(talking), "recommend me a film")

    assert reply.intent.act is Act.ANSWER
    assert reply.recommendations == ()
    assert reply.text == "There are 2 of them."


async def test_results_add_up_over_the_steps(talking: Agent, model: ScriptedChatModel):
    model.steps = [
        Calls.of(("search_catalog", {"titles": ["Vertigo"]})),
        Calls.of(("search_catalog", {"titles": ["Rear Window"]})),
        Calls.of(("recommend", {"count": 2})),
    ]

    reply = await talking.reply(visitor(talking), NOISE)

    named = [run for run in reply.trace.tools if run.name == "search_catalog"]
    assert len(named) == 2
    assert {"Vertigo", "Rear Window"} & set(titles(reply))


async def test_a_question_of_the_model_is_asked_with_its_choices(talking: Agent, model: ScriptedChatModel):
    model.steps = [Calls.of(("ask_user", {"question": "Calm or funny?", "choices": ["calm", "funny"]}))]

    reply = await talking.reply(visitor(talking), "hm")

    assert reply.intent.act is Act.ASK
    assert reply.intent.choices == ("calm", "funny")
    assert "Calm or funny?" in reply.text


async def test_slots_have_limits_of_their_own_and_keep_their_order(talking: Agent, model: ScriptedChatModel):
    decade = {"limits": [{"field": "year", "op": "is", "value": "1950s"}]}
    model.steps = [
        Calls.of(
            (
                "recommend",
                {
                    "slots": [
                        {"name": "the fifties", **decade},
                        {"name": "the wild one", "limits": [{"field": "genres", "value": "Horror"}]},
                    ]
                },
            )
        )
    ]

    reply = await talking.reply(visitor(talking), NOISE)

    assert [card.slot for card in reply.recommendations] == ["the fifties", "the wild one"]
    assert 1950 <= (reply.recommendations[0].item.year or 0) < 1960
    assert "Horror" in reply.recommendations[1].item.values["genres"]


async def test_warm_words_pass_the_check_and_false_ones_do_not(talking: Agent, model: ScriptedChatModel):
    model.steps = [Calls.of(("answer", {"kind": "talk"}))]
    model.prose = [
        "I'm sorry, a calm evening will help; don't worry, any woman or man would feel so. The Godfather won in 1972."
    ]

    reply = await talking.reply(visitor(talking), "my dog died")

    assert "calm evening" in reply.text
    assert "Godfather" not in reply.text
    assert "1972" not in reply.text


async def test_handles_are_filled_with_what_the_catalog_says(talking: Agent, model: ScriptedChatModel):
    model.steps = [
        Calls.of(("item_details", {"items": ["Heat"]})),
        Calls.of(("answer", {"kind": "facts", "items": ["Heat"]})),
    ]
    model.prose = ["[[i0]] was directed by [[i0.directors]]."]

    reply = await talking.reply(visitor(talking), "who made Heat?")

    assert reply.text == "Heat (1995) was directed by Michael Mann."


@pytest.mark.parametrize("language", ["fr", "pt", "xx"])
async def test_the_language_that_the_model_names_holds(talking: Agent, model: ScriptedChatModel, language: str):
    model.steps = [Calls.of(("update_wish", {"language": language})), Calls.of(("recommend", {}))]
    model.prose = [""]

    reply = await talking.reply(visitor(talking), "bonjour")

    assert reply.intent.preference.language == language
    assert reply.text


async def test_what_is_known_of_the_user_is_kept_from_what_the_model_noted(talking: Agent, model: ScriptedChatModel):
    conversation = visitor(talking)
    never = {"field": "genres", "op": "not", "value": "War", "lasting": True}
    model.steps = [
        Calls.of(("update_wish", {"likes": ["Heat"], "dislikes": ["Casino"], "seen": ["Fargo"], "limits": [never]})),
        Calls.of(("recommend", {})),
    ]

    await talking.reply(conversation, NOISE)

    profile = talking.state.profile(conversation.user_id)
    kinds = {opinion.item_id: opinion.kind for opinion in talking.state.feedback_of(conversation.user_id)}
    assert {film_id("Heat"), film_id("Casino"), film_id("Fargo")} == set(kinds)
    assert [taste.key for taste in talking.state.tastes_of(conversation.user_id)] == ["genres:not:War"]
    assert profile


@pytest.mark.parametrize(("driver", "first"), [("tools", "s4"), ("schema", "s2")])
def test_a_capable_models_first_stays_first_whatever_it_holds(driver: str, first: str):
    slots = tuple(Slot(Candidate(item_id)) for item_id in ("s4", "s2"))
    retriever = SimpleNamespace(catalog=STRONG, implied=lambda preference: preference)
    state = SimpleNamespace(driver=driver, preference=Preference(), ending=SimpleNamespace(item_ids=("s4",)))

    led = _with_mild_first(slots, state, retriever)

    assert led[0].candidate.item_id == first
