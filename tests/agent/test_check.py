"""What may be said about a list: every promise has sentences that keep it and sentences that break it."""

import random
from collections.abc import AsyncIterator

import pytest

from agent.check import Checker
from agent.explain import explain
from agent.lexicon import Lexicon
from agent.recommendation import Recommendation
from agent.stream_check import checked, plain, sentences
from retrieval.candidates import Candidate, Evidence, EvidenceKind
from retrieval.items import Catalog
from tests.agent.films import film_id

HEAT, CASINO, AMELIE = film_id("Heat"), film_id("Casino"), film_id("Amelie")
CO_LIKED = Evidence("factors", EvidenceKind.CO_LIKED, item_ids=(HEAT,), count=6)
MAFIA = Evidence("graph", EvidenceKind.FACT, "themes", "mafia")


@pytest.fixture
def checker(films: Catalog, lexicon: Lexicon) -> Checker:
    cards = [
        Recommendation(films.item(one), rank, explain(Candidate(one, evidence=evidence), films, "en"))
        for rank, (one, evidence) in enumerate([(CASINO, (CO_LIKED, MAFIA)), (AMELIE, (CO_LIKED,))], 1)
    ]
    said = "I loved Heat. Something with a heist for my friend Bob in December, like The Godfather or Blue Lagoon"
    return Checker(films, lexicon, cards, said=said, mentionable=frozenset((HEAT,)))


@pytest.mark.parametrize(
    "sentence",
    [
        "Casino is a good place to start.",
        "I would start with Casino (1995).",
        "Casino was directed by Martin Scorsese.",
        "Martin Scorsese made it in 1995.",
        "6 people who liked Heat liked it too.",
        "Casino and Amelie are my two picks.",
        "Both were liked by 6 people who liked Heat.",
        "Amelie is a comedy with Audrey Tautou.",
        "Since you asked for a heist, start here.",
        "Casino is about money and power in Las Vegas.",
        "Enjoy your evening!",
        "If you like it, tell me.",
        "先推荐《Casino》：6 位喜欢《Heat》的人也喜欢它。",
        "《天使爱美丽》是一部喜剧。",
        "祝你愉快。",
    ],
)
def test_what_the_evidence_holds_goes_out(checker: Checker, sentence: str):
    assert checker.check(sentence).ok, checker.check(sentence).reason


@pytest.mark.parametrize(
    "sentence",
    [
        "Try GoodFellas as well.",
        "I would recommend Casino 3.",
        "Casino II is a good place to start.",
        "Something with a heist for my friend Bob.",
        "Something with a heist: try Casino.",
        "You might also enjoy Toy Story 2.",
        "Try “The Lost Kingdom” tonight.",
        "《教父》也不错。",
        "《异形》也值得一看。",
        "The Godfather is what you want.",
        "Blue Lagoon fits well, too.",
        "Casino was directed by Michael Mann.",
        "Casino was directed by Martin Brest.",
        "Casino was made in 1972.",
        "Casino (1972) is great.",
        "Casino (2001) is great.",
        "Casino came out in 2001.",
        "Amelie is a thriller.",
        "Casino is a comedy.",
        "Casino and Amelie are both comedies.",
        "It stars Tom Cruise.",
        "It won an Oscar.",
        "Casino was nominated for three awards.",
        "It is based on a true story.",
        "A blockbuster at the box office.",
        "Critics loved it.",
        "It is the sequel of another one.",
        "42 people loved it.",
        "Casino 是一部喜剧。",
        "它获得了奥斯卡奖。",
        "《Casino》由迈克尔·曼执导，1972年上映。",
    ],
)
def test_what_no_evidence_holds_does_not_go_out(checker: Checker, sentence: str):
    verdict = checker.check(sentence)

    assert not verdict.ok
    assert verdict.reason


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("**Casino** is *good*.", "Casino is good."),
        ("[Casino](http://evil.example) is `good`", "Casino is good"),
        ("see https://evil.example/x now", "see  now"),
        ("<b>Casino</b><script>alert(1)</script>", "Casinoalert(1)"),
        ("# Casino", " Casino"),
        ("About: Casino glitters.", "Casino glitters."),
        ("![x](http://evil.example/p.png)", "!x"),
    ],
)
def test_markup_links_and_tags_are_taken_out(text: str, expected: str):
    assert plain(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One. Two! Three?", ["One. ", "Two! ", "Three?"]),
        ("Mr. Smith came. He left.", ["Mr. Smith came. ", "He left."]),
        ("It scored 7.5 points. Fine.", ["It scored 7.5 points. ", "Fine."]),
        ("第一句。第二句！", ["第一句。", "第二句！"]),
        ("He said “go.” Then left.", ["He said “go.” ", "Then left."]),
        ("no end", ["no end"]),
        ("", []),
    ],
)
def test_sentences_are_cut_where_they_end(text: str, expected: list[str]):
    assert sentences(text, final=True)[0] == expected


PROSE = (
    "Casino is a good place to start. Try GoodFellas as well. 6 people who liked Heat liked it too! It won an Oscar. "
    "Casino was directed by Mr. Nobody. Have fun. 《教父》也不错。祝你愉快。 Have fun. The end is ne"
)
HELD = ["Casino is a good place to start.", "6 people who liked Heat liked it too!", "Have fun.", "祝你愉快。"]


async def in_pieces(text: str, seed: int) -> AsyncIterator[str]:
    dice = random.Random(seed)
    while text:
        length = dice.randint(1, 9)
        yield text[:length]
        text = text[length:]


@pytest.mark.parametrize("seed", range(12))
async def test_the_stream_is_judged_alike_however_it_is_cut(checker: Checker, seed: int):
    dropped: list[str] = []

    passed = [one async for one in checked(in_pieces(PROSE, seed), checker, dropped, whole=lambda: False)]

    assert [one.strip() for one in passed] == HELD
    assert len(dropped) == 4


async def test_a_last_sentence_without_a_full_stop_goes_out_when_it_was_finished(checker: Checker):
    assert [one async for one in checked(in_pieces("Have fun", 1), checker, [])] == ["Have fun "]
