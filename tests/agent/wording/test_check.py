"""What may be said in a turn: every promise has sentences that keep it and sentences that break it."""

import random
from collections.abc import AsyncIterator

import pytest

from agent.recommendation import Recommendation
from agent.wording.check import Checker, TitleFinder
from agent.wording.explain import explain
from agent.wording.ledger import Ledger
from agent.wording.stream import checked, plain, sentences
from retrieval.candidates import Candidate, Evidence, EvidenceKind
from retrieval.items import Catalog
from tests.agent.films import film_id

HEAT, CASINO, AMELIE = film_id("Heat"), film_id("Casino"), film_id("Amelie")
CO_LIKED = Evidence("factors", EvidenceKind.CO_LIKED, item_ids=(HEAT,), count=6)
SAID = "I loved Heat. Something with a heist for my friend Bob in December, like The Godfather or Blue Lagoon"
MAFIA = Evidence("graph", EvidenceKind.FACT, "themes", "mafia")


@pytest.fixture
def checker(films: Catalog) -> Checker:
    return Checker(TitleFinder(films), ledger(films, "en"))


def ledger(films: Catalog, language: str, said: str = SAID) -> Ledger:
    cards = [
        Recommendation(films.item(one), rank, explain(Candidate(one, evidence=evidence), films, language))
        for rank, (one, evidence) in enumerate([(CASINO, (CO_LIKED, MAFIA)), (AMELIE, (CO_LIKED,))], 1)
    ]
    return Ledger(
        item_ids=frozenset((HEAT, CASINO, AMELIE)),
        on_screen=(CASINO, AMELIE),
        texts={card.item.item_id: tuple(one.text for one in card.explanation.statements) for card in cards},
        said=said,
        language=language,
    )


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
        "I don't have Blue Lagoon, I'm afraid.",
        "It is a calm, dark story of a woman who doesn't give up.",
        "Casino is no comedy.",
        "《Casino》不是喜剧。",
        "Casino is one of the great crime dramas of the 1990s.",
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
        "You might also enjoy Toy Story 2.",
        "Try “The Lost Kingdom” tonight.",
        "《教父》也不错。",
        "《异形》也值得一看。",
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
        ("![x](http://evil.example/p.png)", "x"),
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


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("es", "Casino es un drama de Martin Scorsese."),
        ("es", "Casino no es una comedia."),
        ("fr", "Casino est un film de Martin Scorsese, pas une comédie."),
        ("fr", "Si vous n’en regardez qu’un, prenez Casino."),
        ("de", "Casino ist ein Drama mit Robert De Niro."),
        ("de", "Das ist ein ruhiger Film für einen langen Abend."),
        ("pt", "Casino é um drama dos anos 90."),
        ("ja", "『Casino』は1995年のドラマです。"),
        ("ko", "Casino에는 Robert De Niro가 나와요."),
        ("zh", "《Casino》是1995年的剧情片。"),
    ],
)
def test_what_holds_goes_out_in_every_language(films: Catalog, language: str, sentence: str):
    verdict = Checker(TitleFinder(films), ledger(films, language, said="")).check(sentence)

    assert verdict.ok, verdict.reason


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("es", "Casino es una comedia."),
        ("es", "Casino la dirigió Michael Mann."),
        ("fr", "Casino est sorti en 1972."),
        ("fr", "Essayez aussi Toy Story."),
        ("de", "Casino ist ein Horror."),
        ("de", "Casino kommt von Michael Mann."),
        ("pt", "Casino tem Tom Hanks no elenco."),
        ("ja", "『Casino』はコメディです。"),
        ("ja", "『Casino』にはトム・ハンクスが出演しています。"),
        ("ko", "Casino는 코미디예요."),
        ("ko", "Casino는 1972년 작품이에요."),
        ("zh", "《Casino》由汤姆·汉克斯主演。"),
        ("en", "Casino was directed by Robert De Niro."),
        ("en", "Casino was written by Quincy Bogus."),
        ("en", "Casino is not only a drama but a comedy."),
    ],
)
def test_what_does_not_hold_stays_in_in_every_language(films: Catalog, language: str, sentence: str):
    assert not Checker(TitleFinder(films), ledger(films, language, said="")).check(sentence).ok


def test_a_sentence_without_a_title_goes_on_about_the_one_before(checker: Checker):
    first = checker.check("Start with Casino.")

    assert checker.check("It is a drama.", before=first.named).ok
    assert not checker.check("It is a romance.", before=first.named).ok


def test_what_was_looked_up_may_be_said_of_nothing_in_particular(films: Catalog):
    known = Ledger(values=frozenset((("directors", "Alfred Hitchcock"),)), numbers=frozenset(("12",)))
    checker = Checker(TitleFinder(films), known)

    assert checker.check("I have 12 films by Alfred Hitchcock.").ok
    assert not checker.check("I have 13 films by Alfred Hitchcock.").ok
    assert not checker.check("I have 12 films by Ridley Scott.").ok


async def test_handles_are_filled_after_the_cut_and_before_the_check(checker: Checker):
    async def spoken() -> AsyncIterator[str]:
        yield "Start with [[i1]]. Then [[i9]]. By [[i1.directors]], no less."

    def fill(text: str) -> str | None:
        if "i9" in text:
            return None
        return text.replace("[[i1]]", "Casino (1995)").replace("[[i1.directors]]", "Martin Scorsese")

    dropped: list[str] = []

    passed = [one async for one in checked(spoken(), checker, dropped, fill=fill)]

    assert passed == ["Start with Casino (1995). ", "By Martin Scorsese, no less. "]
    assert dropped == ["refers to something unknown"]


def test_markup_around_handles_is_taken_out_and_the_handles_stay():
    assert plain("**[[i1.cast]]** and `[[#2]]`") == "[[i1.cast]] and [[#2]]"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Am 3. Mai kam er. Gut so.", ["Am 3. Mai kam er. ", "Gut so."]),
        ("Das ist z. B. Casino. Ja.", ["Das ist z. B. Casino. ", "Ja."]),
        ("¿Te gusta? ¡Claro!", ["¿Te gusta? ", "¡Claro!"]),
        ("Vraiment ? Oui.", ["Vraiment ? ", "Oui."]),
        ("좋아요. 다음은 이거예요.", ["좋아요. ", "다음은 이거예요."]),
        ("『Heat』です。どうぞ！", ["『Heat』です。", "どうぞ！"]),
        ("See [[i1.cast]] now. Good.", ["See [[i1.cast]] now. ", "Good."]),
    ],
)
def test_sentences_are_cut_in_every_language(text: str, expected: list[str]):
    assert sentences(text, final=True)[0] == expected
