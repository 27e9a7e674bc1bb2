"""An answer to the question about taste is heard as a leaning; everything else is read as any message is."""

from dataclasses import replace

import pytest

from agent.agent import Agent
from agent.answers import read_answer
from agent.conversation import Conversation
from retrieval.items import Catalog
from retrieval.preference import Leaning
from tests.agent.test_loop import visitor

GENRES, YEARS = "genres:Drama|Comedy", "year:..1985|1996.."


def asked(key: str) -> Conversation:
    return Conversation(inquired=(key,), open_inquiry=key)


@pytest.mark.parametrize(
    ("key", "message", "more"),
    [
        (GENRES, "comedy", "Comedy"),
        (GENRES, "more drama please", "Drama"),
        (GENRES, "Dramas.", "Drama"),
        (GENRES, "something funny", "Comedy"),
        (GENRES, "喜剧", "Comedy"),
        (GENRES, "the second", "Comedy"),
        (GENRES, "former", "Drama"),
        (YEARS, "newer ones", "1996.."),
        (YEARS, "older", "..1985"),
        (YEARS, "1985 and before", "..1985"),
        (YEARS, "from 1997", "1996.."),
        (YEARS, "前者", "..1985"),
        (GENRES, "I would rather see a comedy film", "Comedy"),
        (GENRES, "更想看喜剧片", "Comedy"),
    ],
)
def test_an_answer_is_a_leaning(films: Catalog, key: str, message: str, more: str):
    found = read_answer(asked(key), message, films)

    assert found is not None
    assert found.more == more
    assert {found.more, found.less} == set(key.partition(":")[2].split("|"))


@pytest.mark.parametrize(
    ("key", "message"),
    [
        (GENRES, "both drama and comedy"),
        (GENRES, "no comedy"),
        (GENRES, "a comedy with Tom Hanks that we can all watch together tonight"),
        (GENRES, "I loved Heat"),
        (GENRES, "thriller"),
        (GENRES, "a comedy with Tom Hanks"),
        (GENRES, "a French drama"),
        (GENRES, "something like Heat, a drama"),
        (GENRES, "汤姆·汉克斯的喜剧"),
        (YEARS, "something like Heat, from 1980"),
        (YEARS, "something older"),
        (YEARS, "a crime film from 1980"),
        (YEARS, "whatever"),
        (YEARS, "1990"),
        ("", "comedy"),
        ("gone:a|b", "a"),
    ],
)
def test_what_is_no_answer_is_read_as_any_message(films: Catalog, key: str, message: str):
    assert read_answer(asked(key), message, films) is None


async def test_an_answer_moves_the_list_softly_shows_a_chip_and_can_be_taken_back(agent: Agent):
    conversation = replace(visitor(agent), open_inquiry=GENRES, inquired=(GENRES,))

    reply = await agent.reply(conversation, "more comedy")

    leaning = Leaning("genres", "Comedy", "Drama")
    assert reply.conversation.preference.leanings == (leaning,)
    assert reply.conversation.preference.constraints == ()
    assert reply.recommendations
    assert [chip.label for chip in reply.intent.chips] == ["rather Comedy than Drama"]
    assert reply.conversation.preference.without(leaning.key).leanings == ()


async def test_the_opposite_answer_takes_the_place_of_the_first(agent: Agent):
    conversation = replace(visitor(agent), open_inquiry=GENRES, inquired=(GENRES,))
    first = (await agent.reply(conversation, "comedy")).conversation

    second = (await agent.reply(replace(first, open_inquiry=GENRES), "drama, rather")).conversation

    assert second.preference.leanings == (Leaning("genres", "Drama", "Comedy"),)


async def test_a_question_stands_open_for_one_turn_only(agent: Agent):
    asking = (await agent.reply(visitor(agent), "Recommend me something good")).conversation
    assert asking.open_inquiry == asking.inquired[-1]

    later = (await agent.reply(asking, "Recommend me something good")).conversation

    assert later.open_inquiry == ""
