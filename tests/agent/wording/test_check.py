"""What may be said in a turn: every promise has sentences that keep it and sentences that break it."""

import random
from collections.abc import AsyncIterator

import pytest

from agent.wording.check import Checker, TitleFinder
from agent.wording.ledger import Ledger
from agent.wording.stream import Gate, plain, sentences
from retrieval.items import Catalog
from tests.agent.films import film_id

HEAT, CASINO, AMELIE = film_id("Heat"), film_id("Casino"), film_id("Amelie")
SAID = "I loved Heat. Something with a heist for my friend Bob in December, like The Godfather or Blue Lagoon"


@pytest.fixture
def checker(films: Catalog) -> Checker:
    return Checker(TitleFinder(films), ledger(films, "en"))


def ledger(films: Catalog, language: str, said: str = SAID) -> Ledger:
    """Two cards, and an item that the user named."""
    return Ledger(
        item_ids=frozenset((HEAT, CASINO, AMELIE)),
        listed=(CASINO, AMELIE),
        on_screen=(CASINO, AMELIE),
        pools=((CASINO, AMELIE),),
        count=12,
        said=said,
        language=language,
    )


@pytest.mark.parametrize(
    "sentence",
    [
        "[[1]] is a good place to start.",
        "[[1]] was directed by [[1.directors]].",
        "[[1.directors]] made it in [[1.year]].",
        "[[1]] and [[2]] are my picks.",
        "[[2]] is a comedy with [[2.cast]].",
        "[[1]] has [[1.cast.2]].",
        "[[2]] is [[2.genres=Comedy|a comedy]].",
        "Since you asked for a heist, start here.",
        "[[1]] is about money and power in Las Vegas.",
        "Enjoy your evening!",
        "If you like it, tell me.",
        "先推荐[[1]]。",
        "[[2]]是一部喜剧。",
        "祝你愉快。",
        "I don't have Blue Lagoon, I'm afraid.",
        "It is a calm, dark story of a woman who doesn't give up.",
        "[[1]] is [[1.genres!=Comedy|no comedy]].",
        "[[1]] is dark, [[2]] is [[2.year=2001|a comedy of its time]].",
        "[[1]][[1.genres!=Comedy|不是喜剧]]。",
        "[[1]] is a great crime drama, and it is [[1.year=1990s|from the 1990s]].",
        "[[2]] is [[2.year=max|the newest of them]], [[2.year>1.year|newer than]] [[1]].",
        "[[2]] is [[2.genres=only Comedy|the only comedy]].",
        "[[1]] lists [[1.themes!=gore|no gore among its themes]].",
        "[[all.genres!=Horror|None of them is a horror film]].",
        'You named [["Blue Lagoon"]], but [[1]] is what I have.',
        "I counted [[count]], and [[shown]] are on screen.",
        "I do not know how long [[1]] is.",
        "[[1]] fits; [[unknown|reviews and prizes aren't things I have on record]].",
        "[[unknown|Whether it won prizes, or is a comedy at heart, is beyond this catalog]].",
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
        "Casino was directed by Martin Scorsese.",
        "Martin Scorsese made it in 1995.",
        "[[1]] and [[2]] are both comedies.",
        "[[1]] is by [[2.directors]].",
        "In [[1]], [[1.cast.1]] meets [[1.cast.2]].",
        "[[1]] is not [[1.genres=Drama|a drama]].",
        "[[1]] is [[1.genres=Drama|no drama]].",
        "[[1]] is [[1.genres!=Comedy|a comedy]].",
        "[[1]] is [[1.genres=Comedy|a comedy]].",
        "[[1]] is [[1.themes!=gore|not gory]].",
        "[[1]] is [[1.genres!=Sweets|no sweet]].",
        "[[1]] is [[1.year=max|the newest]].",
        "[[1]] is [[1.year>2.year|newer than]] [[2]].",
        "[[1]] is [[1.year>GoodFellas|newer than that]].",
        "[[1]] is [[1.genres=max|the most comical]].",
        "[[1]] is [[1.genres<2.genres|less comical than]] [[2]].",
        "[[1]] has [[1.countries=US|American roots]].",
        "[[1]] is [[1.genres=Drama|a drama by Michael Mann]].",
        "[[1]] is [[1.genres=Drama|a comedy]].",
        "[[1]] is [[1.year=1995|a comedy]].",
        "[[1]] is dark, [[2]] is [[2.year=2001|a crime film]].",
        "[[1]] is [[1.directors=Martin Scorsese|directed by Michael Mann]].",
        "[[1]] is [[1.year=1995|from 1994]].",
        "[[1]] is [[1.genres=Drama]].",
        "[[1]] is [[genres=Drama|a drama]].",
        "[[1]] is [[1.genres=Drama|]].",
        'You named [["Jaws"]].',
        "[[1]] is the darkest of them.",
        "[[1]] is older than [[2]].",
        "It isn't scary.",
        "I found twelve of them.",
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
        "[[unknown|Robert De Niro won an Oscar for it]].",
        "[[unknown|Whether Vertigo is any better is not recorded]].",
        "[[unknown|Some 14 people sing in it]].",
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
    '[[1]] is a good place to start. Try GoodFellas as well. You loved [["Heat"]] so much! It won an Oscar. '
    "[[1]] was directed by Mr. Nobody. Have fun. 《教父》也不错。祝你愉快。 Have fun. The end is ne"
)
HELD = ["Casino (1995) is a good place to start.", "You loved Heat so much!", "Have fun.", "祝你愉快。"]


async def in_pieces(text: str, seed: int) -> AsyncIterator[str]:
    dice = random.Random(seed)
    while text:
        length = dice.randint(1, 9)
        yield text[:length]
        text = text[length:]


@pytest.mark.parametrize("seed", range(12))
async def test_the_stream_is_judged_alike_however_it_is_cut(checker: Checker, seed: int):
    gate = Gate(checker)

    passed = [sentence async for sentence in gate.checked(in_pieces(PROSE, seed), whole=lambda: False)]

    assert [sentence.strip() for sentence in passed] == HELD
    assert len(gate.dropped) == 4


async def test_a_last_sentence_without_a_full_stop_goes_out_when_it_was_finished(checker: Checker):
    assert [sentence async for sentence in Gate(checker).checked(in_pieces("Have fun", 1))] == ["Have fun "]


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("es", "[[1]] es un drama de [[1.directors]]."),
        ("es", "[[1]] [[1.genres!=comedia|no es ninguna comedia]]."),
        ("fr", "[[1]] est un film de [[1.directors]], [[1.genres!=Comédie|pas une comédie]]."),
        ("fr", "Si vous n’en regardez qu’un, prenez [[1]]."),
        ("de", "[[1]] ist ein Drama mit [[1.cast]]."),
        ("de", "Das ist ein ruhiger Film für einen langen Abend."),
        ("pt", "[[1]] é um drama [[1.year=1990s|dos anos 90]]."),
        ("ja", "[[1]]は[[1.year]]年のドラマです。"),
        ("ko", "[[1]]에는 [[1.cast]]가 나와요."),
        ("zh", "[[1]]是[[1.year]]年的剧情片。"),
        ("it", "[[1]] va bene, [[1.genres!=Comedy|commedia non è]]."),
        ("fi", "[[1]] [[1.genres!=Comedy|ei naurata]]."),
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
    first = checker.check("Start with [[1]].")

    assert checker.check("It is a drama.", before=first.named).ok
    assert not checker.check("It is a romance.", before=first.named).ok
    assert not checker.check("It is by [[2.directors]].", before=first.named).ok


def test_what_was_looked_up_may_be_said_of_nothing_in_particular(films: Catalog):
    known = Ledger(values=frozenset((("directors", "Alfred Hitchcock"),)), count=12)
    checker = Checker(TitleFinder(films), known)

    assert checker.check("I have [[count]] films by Alfred Hitchcock.").text == "I have 12 films by Alfred Hitchcock."
    assert not checker.check("I have 12 films by Alfred Hitchcock.").ok
    assert not checker.check("I have [[count]] films by Ridley Scott.").ok


async def told(text: str) -> AsyncIterator[str]:
    yield text


async def test_a_sentence_that_does_not_hold_is_handed_back_once_and_its_new_form_keeps_its_place(checker: Checker):
    asked: list[tuple[str, str]] = []

    async def mend(sentence: str, reason: str) -> str:
        asked.append((sentence, reason))
        return "Then there is [[2]]." if "GoodFellas" in sentence else "It won an Oscar, really."

    gate = Gate(checker, mend)

    passed = [
        sentence
        async for sentence in gate.checked(told("Start with [[1]]. Then try GoodFellas. It won an Oscar. Enjoy!"))
    ]

    assert passed == ["Start with Casino (1995). ", "Then there is Amelie (2001). ", "Enjoy! "]
    assert [sentence for sentence, _ in asked] == ["Then try GoodFellas.", "It won an Oscar."]
    assert asked[0][1] == "the name 'goodfellas' stands in no handle"
    assert (gate.mended, len(gate.dropped)) == (1, 1)


async def test_what_goes_on_about_a_sentence_that_was_left_out_is_left_out_too(checker: Checker):
    gate = Gate(checker)

    passed = [
        sentence async for sentence in gate.checked(told("See [[1]]. Then GoodFellas. It is calm. Enjoy. It is calm."))
    ]

    assert passed == ["See Casino (1995). ", "Enjoy. ", "It is calm. "]


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
