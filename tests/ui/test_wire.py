import json
from dataclasses import replace
from typing import get_args

from agent.conversation import Conversation
from agent.events import Compared, Finished, Recommended, TextDelta, Understood
from agent.intent import Act, Intent
from agent.recommendation import Explanation, Recommendation, Reply, Statement, Table, Trace
from agent.transcript import shown_titles
from agent.wording.messages import LANGUAGES
from retrieval.candidates import Evidence, EvidenceKind
from retrieval.preference import Constraint, Op, Preference
from tests.ui.fakes import CATALOG
from ui.api.completion import Completion
from ui.api.talk import ChatRequest
from ui.api.wire import LanguageCode, RecommendRequest
from ui.api.writing import Writing, evidence_to_wire, recommendation_to_wire

INTENT = Intent(Act.RECOMMEND, Preference(constraints=(Constraint("year", Op.MIN, (1990.0,)),)))
CARDS = tuple(Recommendation(item, rank, Explanation("calm.")) for rank, item in enumerate(CATALOG.items[:2], start=1))
REPLY = Reply("Enjoy.", Conversation(), INTENT, CARDS)


def write(*events) -> tuple[list[str], str]:
    writing = Writing()
    pieces = [writing.take(event) for event in events]
    return pieces, writing.text


def test_the_list_is_written_when_the_cards_are_there():
    pieces, text = write(Understood(INTENT), Recommended(CARDS), TextDelta("En"), TextDelta("joy."), Finished(REPLY))

    assert pieces[0] == ""
    assert shown_titles(pieces[1]) == [card.item.label for card in CARDS]
    assert pieces[2:] == ["\n\nEn", "joy.", ""]
    assert text == "".join(pieces)


def test_an_answer_without_pieces_is_written_at_the_end():
    pieces, text = write(Finished(REPLY))

    assert text == pieces[0]
    assert text.startswith("1. **Lantern Harbor (2014)**: calm.\n2. ")
    assert text.endswith("\n\nEnjoy.")


def test_prose_that_was_not_streamed_follows_the_cards():
    assert write(Recommended(CARDS), Finished(REPLY))[0][1] == "\n\nEnjoy."


def test_a_late_notice_is_not_lost_and_an_early_one_not_repeated():
    reply = replace(REPLY, notices=("The graph is down.", "The model stopped."))

    _, text = write(Recommended(CARDS, (), ("The graph is down.",)), TextDelta("Enj"), Finished(reply))

    assert text.endswith("Enj\n\n> The model stopped.")
    assert text.count("The graph is down.") == 1


def test_an_empty_answer_is_empty():
    assert write(Understood(INTENT), Finished(Reply("", Conversation(), INTENT)))[1] == ""


async def events_of(*events):
    for event in events:
        yield event


async def test_every_chunk_is_json_of_one_completion():
    completion = Completion(Conversation(conversation_id="c1"), created=7)

    events = events_of(Understood(INTENT), Recommended(CARDS), TextDelta("Hi"), Finished(REPLY))
    chunks = [chunk async for chunk in completion.chunks(events, with_usage=True)]

    assert json.loads(json.dumps(chunks, allow_nan=False)) == chunks
    assert {(chunk["id"], chunk["object"], chunk["created"]) for chunk in chunks} == {
        ("chatcmpl-c1", "chat.completion.chunk", 7)
    }
    assert [chunk["choices"][0]["finish_reason"] if chunk["choices"] else "usage" for chunk in chunks] == [
        None,
        None,
        None,
        "stop",
        "usage",
    ]
    assert chunks[0]["reconteur"]["intent"]["preference"]["constraints"][0]["field"] == "year"


async def test_an_empty_stream_still_opens_and_closes():
    chunks = [chunk async for chunk in Completion(Conversation()).chunks(events_of(Finished(replace(REPLY, text=""))))]

    assert chunks[0]["choices"][0]["delta"]["role"] == "assistant"
    assert chunks[-1]["choices"][0]["finish_reason"] == "stop"


def test_evidence_keeps_its_path():
    path = (("Salt Road", "designed by", "Ada Quill"), ("Ada Quill", "designed", "Tide Pools"))
    evidence = Evidence("graph", EvidenceKind.PATH, item_ids=("game:3",), path=path)

    wire = evidence_to_wire(Statement("by Ada Quill, like Salt Road", evidence)).model_dump(exclude_none=True)

    assert wire["path"] == list(path)
    assert set(wire) == {"statement", "channel", "kind", "item_ids", "path"}


def test_evidence_keeps_what_a_cluster_is_named_for():
    facts = (("mechanics", "trading"), ("year", "1990s"))
    evidence = Evidence("sequence", EvidenceKind.CLUSTER, value="trading, 1990s", count=12, score=0.7, facts=facts)

    wire = evidence_to_wire(Statement("liked by 12 people with a taste like yours", evidence))

    assert wire.model_dump(mode="json", exclude_none=True)["facts"] == [["mechanics", "trading"], ["year", "1990s"]]


def test_what_a_place_is_for_is_told_where_there_is_such_a_place():
    placed = recommendation_to_wire(replace(CARDS[0], slot="the 1950s"))

    assert placed.slot == "the 1950s"
    assert "slot" not in recommendation_to_wire(CARDS[0]).model_dump(exclude_none=True)


async def test_the_last_chunk_says_who_led_and_why():
    trace = Trace(driver="schema", reason="the endpoint makes no native tool calls", dropped=2)

    events = events_of(Finished(replace(REPLY, trace=trace)))
    chunks = [chunk async for chunk in Completion(Conversation()).chunks(events)]

    told = chunks[-1]["reconteur"]["trace"]
    assert (told["driver"], told["reason"], told["dropped"]) == (
        "schema",
        "the endpoint makes no native tool calls",
        2,
    )


def test_every_language_that_there_are_messages_in_can_be_asked_for():
    assert set(get_args(LanguageCode)) == set(LANGUAGES)


def test_parts_are_joined_and_other_speakers_left_out():
    messages = [
        {"role": "system", "content": "x"},
        {"role": "assistant", "content": None, "tool_calls": []},
        {"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]},
    ]

    request = ChatRequest.model_validate({"messages": messages, "user": ""})

    assert request.messages[-1].text == "ab"
    assert request.messages[0].speaker is None
    assert request.user is None


def test_half_a_character_is_replaced_and_the_rest_kept():
    request = ChatRequest.model_validate({"messages": [{"role": "user", "content": "calm \ud83c 🎲 \ud800"}]})

    assert request.messages[0].text == "calm \ufffd 🎲 \ufffd"


def test_a_message_becomes_the_conversation():
    assert [turn.text for turn in RecommendRequest(message="calm").talk()] == ["calm"]
    assert RecommendRequest().talk() == []


def test_a_comparison_is_a_markdown_table_before_its_words():
    table = Table(("tea:0", "tea:1"), ("Morning Mist", "Jade | Path"), (("Price", ("8 EUR", "*free*")),))

    _, text = write(Compared(table), TextDelta("The first one costs less."))

    assert text == (
        "|  | Morning Mist | Jade \\| Path |\n| --- | --- | --- |\n| Price | 8 EUR | ∗free∗ |\n\n"
        "The first one costs less."
    )
