import re
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise

import pytest

from agent.intent import Act, Chip, Intent
from agent.recommendation import Explanation, LlmRun, Recommendation, Statement, Table, ToolRun, Trace
from retrieval.candidates import Evidence, EvidenceKind
from retrieval.items import Catalog, Item
from retrieval.preference import Constraint, Op, Preference
from retrieval.state import Taste, User
from tests.fakes import tea_catalog, tea_schema
from ui.page.cards import CardContext, card, cards, chips, near_misses
from ui.page.chat_turn import ChatTurn
from ui.page.conversation import live_html, log_html
from ui.page.covers import HEIGHT, cover, wrap
from ui.page.fragments import Fragments
from ui.page.head import head_html
from ui.page.markup import Html, join, paragraphs, tag
from ui.page.sidebar import rail_html
from ui.page.state import Session
from ui.page.talk import Talk
from ui.page.words import language_of, word

CATALOG = tea_catalog()
EVIL = "<script>document.title='run'</script><img src=x onerror=\"alert('run')\">'\"&"


class Seen(HTMLParser):
    """The tags and handlers that a browser would see."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, name, attributes):
        self.tags.append(name)
        self.attributes += attributes

    def handle_data(self, data):
        self.text += data


def recommend(row: int = 0, **changes) -> Recommendation:
    item = changes.pop("item", CATALOG.items[row])
    fact = Evidence("graph", EvidenceKind.FACT, field="kinds", value="Green")
    near = Evidence("content", EvidenceKind.TEXT, score=0.6234, text=item.text)
    told = Explanation("Green and grassy.", (Statement("a Green tea", fact), Statement("near to your wish", near)))
    return Recommendation(item, changes.pop("rank", 1), changes.pop("explanation", told), **changes)


def question(*choices: str, **changes) -> ChatTurn:
    """A turn that ends with a question."""
    intent = Intent(Act.ASK, Preference(), choices=choices, **changes)
    return ChatTurn("something", intent=intent, text="Calm or tense?", has_cards=True)


def evil_session() -> tuple[Session, Catalog]:
    """A session in which everything that comes from outside is hostile."""
    item = Item(
        EVIL,
        EVIL,
        values={"kinds": (EVIL,), "growers": (EVIL,), "notes": (EVIL,)},
        numbers={"year": 1999.0},
        text=EVIL,
    )
    catalog = Catalog(tea_schema(), (item,))
    told = Explanation(
        EVIL,
        tuple(
            Statement(EVIL, Evidence(EVIL, kind, text=EVIL, item_ids=(EVIL,), path=((EVIL, EVIL, EVIL),), count=3))
            for kind in EvidenceKind
        ),
    )
    limit = Constraint("year", Op.MIN, (1990.0,), words=EVIL)
    shown = Recommendation(item, 1, told, channels={EVIL: 0.5}, exploratory=True, breaks=(limit,), slot=EVIL)
    runs = (ToolRun(EVIL, {EVIL: EVIL}, 0.1, error=EVIL), ToolRun(EVIL, {EVIL: [EVIL]}, 0.1))
    trace = Trace(runs, (LlmRun(EVIL, 1.0, error=EVIL),), {"drive": 0.1}, driver=EVIL, reason=EVIL, dropped=1)
    turn = ChatTurn(
        EVIL,
        intent=Intent(Act.RECOMMEND, Preference(), chips=(Chip(EVIL, EVIL, lasting=True),)),
        recommendations=(shown,),
        near_misses=(shown,),
        notices=(EVIL,),
        text=EVIL,
        error=EVIL,
        trace=trace,
        has_cards=True,
    )
    session = Session(
        users=[User("key", EVIL, None, 0.3, 0.0)],
        talk=Talk(turns=[turn, question(EVIL)]),
        feedback={EVIL: ("like", EVIL)},
        tastes=(Taste(EVIL),),
        confirming=True,
    )
    session.user = session.users[0]
    return session, catalog


def drawn(*turns: ChatTurn) -> str:
    """The log of a conversation."""
    return log_html(Session(talk=Talk(turns=list(turns))), CATALOG)


def test_a_card_shows_title_year_facts_reason_and_evidence():
    html = card(recommend(), CardContext(CATALOG))

    text = Seen(html).text
    assert "Morning Mist (1991)" in text
    assert "Green · Ada Finch · sea breeze · 8 EUR" in text
    assert "Green and grassy." in text
    assert "a Green tea" in text
    assert "descriptions, score 0.62" in text


def test_a_card_shows_the_reader_s_title_with_the_original_below_it():
    item = CATALOG.items[14]

    chinese, english = (card(recommend(14), CardContext(CATALOG, language=language)) for language in ("zh", "en"))

    assert f"茉莉之夜 ({item.year})" in Seen(chinese).text
    assert f'<p class="original">{item.title}</p>' in chinese
    assert 'class="cover-title">茉莉之夜<' in chinese
    assert ("aria-label", f"茉莉之夜 ({item.year})") in Seen(chinese).attributes
    assert f"{item.title} ({item.year})" in Seen(english).text
    assert "茉莉之夜" not in english
    assert 'class="original"' not in english


def test_the_evidence_is_folded_until_it_is_asked_for():
    assert re.search(r'<details class="why"[^>]*><summary', card(recommend(), CardContext(CATALOG)))


def test_a_guess_wears_a_badge_with_its_probability():
    html = card(recommend(exploratory=True, propensity=0.25), CardContext(CATALOG))

    assert "Something new" in html
    assert "25%" in html


def test_a_safe_item_wears_no_badge():
    assert "Something new" not in card(recommend(), CardContext(CATALOG))


def test_near_misses_stand_in_a_labeled_group_and_say_what_they_break():
    limit = Constraint("price", Op.MAX, (5.0,), words="under 5 euros")

    fragments = Fragments(("top",))
    told = Explanation("9 euros", recommend().explanation.statements)
    missed = recommend(breaks=(limit,), explanation=told)
    fragments.keep("top", "div", near_misses([missed], CardContext(CATALOG), fragments, key="near"))
    html = fragments.whole()

    assert '<section class="near" aria-label="Close, but not quite">' in html
    assert '<p class="breaks">9 euros</p>' in html


def test_a_near_miss_says_what_speaks_for_it_and_what_against_it_once():
    limit = Constraint("price", Op.MAX, (5.0,), words="under 5 euros")
    told = Explanation("9 euros", recommend().explanation.statements, (0,))

    html = card(recommend(breaks=(limit,), explanation=told), CardContext(CATALOG))

    assert html.count("9 euros") == 1
    first = told.statements[0].text
    assert f'<p class="reason">{first[:1].upper()}{first[1:]}</p>' in html


def test_the_button_for_known_items_is_named_by_the_schema():
    assert "Know it" in card(recommend(), CardContext(CATALOG))
    assert "喝过" in card(recommend(), CardContext(CATALOG, language="zh"))


def test_an_opinion_can_be_taken_back_where_it_was_given():
    html = card(recommend(), CardContext(CATALOG, feedback={"tea:0": ("dislike", "7")}))

    assert re.search(r'<button type="button" class="undo" data-do="undo" data-item="tea:0"', html)
    assert "✓ Not for you" in html
    assert len(re.findall(r"<button[^>]* hidden", html)) == 2


def test_the_description_stands_on_the_card_before_anything_is_unfolded():
    html = card(recommend(), CardContext(CATALOG))

    assert "A light cup for early hours." in html.split("<details")[0]


def test_an_item_without_reasons_shows_what_it_is_about():
    html = card(recommend(explanation=Explanation("")), CardContext(CATALOG))

    assert "More about it" in html
    assert "A light cup for early hours." in html


def test_chips_can_be_removed_only_in_the_running_turn():
    year_chips = (Chip("year:min:1991", "after 1990"),)

    live = chips(year_chips, CardContext(CATALOG), removable=True)
    past = chips(year_chips, CardContext(CATALOG), removable=False)

    assert 'data-do="unchip" data-key="year:min:1991" aria-label="Remove: after 1990"' in live
    assert "<button" not in past


def test_a_list_of_cards_is_an_ordered_list_with_a_name():
    fragments = Fragments(("top",))
    both = [recommend(0), recommend(1, rank=2)]
    fragments.keep("top", "div", cards(both, CardContext(CATALOG), fragments, key="card", label="Suggestions"))
    html = fragments.whole()

    assert '<ol class="cards" aria-label="Suggestions"><li' in html
    assert html.count("<article") == 2


def test_the_same_item_always_gets_the_same_cover_and_another_a_different_one():
    drawn = [cover(CATALOG.items[row], CATALOG.schema, label="x") for row in (0, 0, 4)]

    assert drawn[0] == drawn[1] != drawn[2]


def test_items_of_one_kind_share_their_colors():
    papers = {re.search(r'fill="(#\w+)"', cover(CATALOG.items[row], CATALOG.schema, label=""))[1] for row in range(4)}

    assert len(papers) == 1


def test_a_cover_says_what_it_is():
    html = card(recommend(), CardContext(CATALOG))

    assert 'role="img" aria-label="Cover drawn for Morning Mist (1991)"' in html


@pytest.mark.parametrize(
    ("title", "lines"),
    [
        ("Heat", ["Heat"]),
        ("The Last Orchard", ["The Last", "Orchard"]),
        ("Dumb & Dumber", ["Dumb &", "Dumber"]),
        ("泰坦尼克号的故事", ["泰坦尼克号的", "故事"]),
        ("Supercalifragilistic", ["Supercalifr…"]),
        ("", [""]),
    ],
)
def test_titles_are_wrapped_to_the_cover(title, lines):
    assert wrap(title) == lines


def test_a_very_long_title_ends_in_dots_after_four_lines():
    lines = wrap("one two three four five six seven eight nine ten eleven twelve thirteen")

    assert len(lines) == 4
    assert lines[-1].endswith("…")


def test_the_year_on_a_cover_keeps_clear_of_a_long_title():
    title = "Homeward Bound: The Incredible Journey"
    picture = cover(replace(CATALOG.items[0], title=title, aka=()), CATALOG.schema, label="")

    *lines, year = (float(y) for y in re.findall(r'<text[^>]* y="([\d.]+)"', picture))

    assert len(lines) == 4
    assert all(below - above >= 12 for above, below in pairwise([*lines, year]))
    assert year < HEIGHT


def test_what_is_said_is_read_before_the_cards():
    turn = ChatTurn("grassy", recommendations=(recommend(),), text="One is enough.", has_cards=True)

    html = drawn(turn)

    assert html.index("One is enough.") < html.index("<article")


def test_all_of_a_hostile_session_is_shown_as_text():
    session, catalog = evil_session()

    html = log_html(session, catalog) + live_html(session) + rail_html(session, [EVIL], catalog) + head_html("en")

    seen = Seen(html)
    assert not {"script", "img"} & set(seen.tags)
    assert not [name for name, _ in seen.attributes if name.startswith("on")]
    assert seen.text.count("<script>document.title") > 15


def test_hostile_text_in_the_answer_that_is_being_written_is_shown_as_text():
    session = Session(talk=Talk(turns=[ChatTurn("hi", text=EVIL)], status="writing"))

    assert not {"script", "img"} & set(Seen(live_html(session)).tags)


def test_hostile_titles_in_the_taste_picker_are_shown_as_text():
    _, catalog = evil_session()

    seen = Seen(log_html(Session(), catalog, [EVIL]))

    assert not {"script", "img"} & set(seen.tags)


def test_markup_made_here_is_not_escaped_twice():
    assert tag("p", tag("b", "a < b"), " & c") == "<p><b>a &lt; b</b> &amp; c</p>"
    assert isinstance(join(["<"]), Html)


def test_paragraphs_keep_line_breaks():
    assert paragraphs("one\ntwo\n\nthree") == "<p>one<br>two</p><p>three</p>"


def test_how_it_was_found_shows_tools_arguments_times_and_bars_by_channel():
    trace = Trace(
        (ToolRun("search_catalog", {"description": "grassy", "titles": [], "sort": "", "k": 5}, 0.012, found=9),),
        (LlmRun("step", 1.5, 900, 850, 40),),
        {"drive": 1.5, "total": 2.25},
    )
    shown = (recommend(0, channels={"content": 0.8}), recommend(1, rank=2, channels={"content": 0.4, "graph": 2.0}))
    turn = ChatTurn("grassy", recommendations=shown, trace=trace, has_cards=True)

    html = drawn(turn)

    text = Seen(html).text
    assert "search_catalog9 found · 12 ms" in text
    assert '{"description": "grassy", "k": 5}' in text
    assert "deciding what to do1.5 s" in text
    assert "tokens: 900 read (850 cached), 40 written" in text
    assert "reading and looking up 1.5 s · in total 2.25 s" in text
    assert re.findall(r'style="width:(\d+)%"', html) == ["100", "50", "100"]


def how(trace: Trace, language: str = "en") -> str:
    """What can be read under 'How I found these'."""
    intent = Intent(Act.RECOMMEND, Preference(language=language))
    return Seen(drawn(ChatTurn("grassy", intent=intent, trace=trace, has_cards=True))).text


@pytest.mark.parametrize(
    ("driver", "language", "told"),
    [
        ("tools", "en", "the language model, by calling tools (right tool calls in 3 of 3 trials)"),
        ("schema", "en", "the language model, by filling in one form (right tool calls in 3 of 3 trials)"),
        ("offline", "zh", "规则，不用语言模型 (right tool calls in 3 of 3 trials)"),
        ("offline", "fr", "des règles, sans modèle de langue (right tool calls in 3 of 3 trials)"),
        ("click", "en", "your click; there was nothing to read"),
    ],
)
def test_how_it_was_found_says_who_led_and_why(driver: str, language: str, told: str):
    assert told in how(Trace(driver=driver, reason="right tool calls in 3 of 3 trials"), language)


def test_a_turn_of_an_older_version_says_nothing_of_who_led():
    assert "Who decided" not in how(Trace())


@pytest.mark.parametrize(
    ("error", "told"),
    [
        ("late", "came too late · 12 ms"),
        ("failed", "failed · 12 ms"),
        ("refused", "not accepted; the model was told why · 12 ms"),
        ("as older versions said it", "as older versions said it · 12 ms"),
    ],
)
def test_what_went_wrong_with_a_tool_is_said_in_words(error: str, told: str):
    assert f"cf_scores{told}" in how(Trace((ToolRun("cf_scores", {}, 0.012, error=error),)))


@pytest.mark.parametrize("name", ["update_wish", "recommend", "answer", "ask_user"])
def test_a_tool_that_looks_nothing_up_is_not_said_to_have_found_nothing(name: str):
    assert f"{name}12 ms" in how(Trace((ToolRun(name, {}, 0.012),)))


def test_long_arguments_of_a_tool_are_cut():
    text = how(Trace((ToolRun("search_catalog", {"description": "grassy " * 100}, 0.012),)))

    assert "grassy gra" in text
    assert len(re.search(r'\{"description.*?…', text)[0]) == 240


def test_sentences_that_the_check_left_out_are_counted():
    assert "2 sentences left out: nothing here shows them to be true" in how(Trace(dropped=2))
    assert "left out" not in how(Trace())


def test_a_card_says_what_its_place_in_the_list_is_for():
    html = card(recommend(slot="the <b>1950s</b>"), CardContext(CATALOG))

    assert '<p class="slot">the &lt;b&gt;1950s&lt;/b&gt;</p><p class="reason">' in html
    assert 'class="slot"' not in card(recommend(), CardContext(CATALOG))


def test_a_question_offers_its_answers_as_buttons_that_send_them():
    html = drawn(question("Calm ones", "Tense ones"))

    assert 'data-do="wish" data-text="Calm ones">Calm ones</button>' in html
    assert html.index("Calm or tense?") < html.index("Calm ones") < html.index("Tense ones")


def test_a_question_about_a_title_of_several_items_offers_these():
    html = log_html(
        Session(talk=Talk(turns=[question(ambiguous=(("night train", ("tea:5", "tea:0", "gone")),))])), CATALOG
    )

    assert re.findall(r'data-text="([^"]+)"', html) == ["Night Train (2001)", "Morning Mist (1991)"]


def test_a_question_that_was_answered_offers_nothing_anymore():
    assert "data-text" not in log_html(
        Session(talk=Talk(turns=[question("Calm ones"), ChatTurn("Calm ones")])), CATALOG
    )


def test_nothing_is_offered_while_the_question_is_still_being_written():
    assert "data-text" not in log_html(Session(talk=Talk(turns=[question("Calm ones")], status="writing")), CATALOG)


def test_how_it_was_found_shows_the_weights_of_the_dimensions_and_what_each_added():
    trace = Trace(dimensions={"content": 0.25, "timeliness": 0.75}, parts_are="exact")
    shown = (recommend(0, parts={"content": -0.5, "timeliness": 2.0}), recommend(1, rank=2))
    turn = ChatTurn("grassy", recommendations=shown, trace=trace, has_cards=True)

    html = drawn(turn)

    text = Seen(html).text
    assert '<p class="meta">Exact parts of a sum</p>' in html
    assert "What counted for you" in text
    assert text.index("what comes next, lately") < text.index("what it is about")
    assert "75%" in text
    assert "25%" in text
    assert "-0.5" in text
    assert re.findall(r'style="width:(\d+)%"', html) == ["100", "33", "100", "0"]


def test_the_reply_speaks_its_own_language_on_an_english_page():
    intent = Intent(Act.RECOMMEND, Preference(language="zh"))
    turn = ChatTurn("绿茶", intent=intent, recommendations=(recommend(),), has_cards=True)

    assert "为什么推荐？" in drawn(turn)


def test_the_welcome_offers_wishes_and_a_picker():
    html = log_html(Session(), CATALOG, ["tea:0", "tea:4"])

    assert 'data-do="wish" data-text="Something smoky for a rainy evening"' in html
    assert html.count('class="tile"') == 2
    assert re.search(r'data-do="picks"[^>]* disabled', html)


def test_erasing_is_asked_about_first():
    session = Session(users=[User("key", "Ada", None, 0.3, 0.0)])
    session.user = session.users[0]

    before = rail_html(session, [], CATALOG)
    session.confirming = True
    after = rail_html(session, [], CATALOG)

    assert "erase-yes" not in before
    assert "Erase Ada for good?" in after


def test_the_keys_of_users_are_not_in_the_page():
    session = Session(users=[User("secret-key", "Ada", None, 0.3, 0.0)])
    session.user = session.users[0]

    assert "secret-key" not in rail_html(session, ["42"], CATALOG)


def test_a_path_reads_from_the_liked_item_to_this_one():
    path = (("tea:0", "kinds", "Green"), ("tea:1", "kinds", "Green"))
    told = Explanation("", (Statement("like Morning Mist", Evidence("graph", EvidenceKind.PATH, path=path)),))

    html = card(recommend(1, explanation=told), CardContext(CATALOG))

    assert "Morning Mist (1991) — kind → Green ← kind — Jade Path (1993)" in Seen(html).text


def test_a_lasting_taste_says_what_it_means():
    limit = Constraint("kinds", Op.NOT, ("Black",), words="black", lasting=True)

    html = rail_html(Session(tastes=(Taste("black", constraint=limit), Taste("no hurry"))), [], CATALOG)

    assert "Remove: without Black" in html
    assert "Remove: no hurry" in html


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("zh-CN,zh;q=0.9", "zh"),
        ("de-AT,de;q=0.9,en;q=0.8", "de"),
        ("sv,fr-CA;q=0.4,ko;q=0.7", "ko"),
        ("en;q=0.5, pt-BR", "pt"),
        ("fr;q=0,es;q=0.1,*;q=0.5", "es"),
        ("ES", "es"),
        ("nonsense!;q=nan,ja;q=9,;;,", "en"),
        ("sv", "en"),
        ("", "en"),
    ],
)
def test_the_page_speaks_the_language_that_the_browser_wants_most(header, language):
    assert language_of(header) == language


def test_a_word_comes_in_the_language_of_the_page_or_else_in_english():
    assert [word("like", language) for language in ("zh-TW", "fr", "sv")] == ["喜欢", "J’aime", "Like"]


def test_a_count_chooses_the_form_and_is_written_as_the_language_does():
    assert [word("evidence_count", "en", count=count) for count in (1, 1200)] == ["1 person", "1,200 people"]
    assert [word("evidence_count", language, count=1200) for language in ("de", "ja")] == ["1.200 Leute", "1,200人"]


def test_how_sure_we_are_stands_below_the_cards_and_is_escaped() -> None:
    turn = ChatTurn("grassy", recommendations=(recommend(),), knowing="I'm still <b>guessing</b>", has_cards=True)

    html = drawn(turn)

    assert '<p class="knowing">' in html
    assert "<b>guessing" not in html
    assert html.index("knowing") > html.index("cards")


def test_a_card_says_what_its_score_is_made_of_and_what_the_learned_part_is():
    recommendation = recommend(shares={"content": 0.6, "taste": 0.2}, parts={"timeliness": 0.12}, parts_are="attention")

    seen = Seen(card(recommendation, CardContext(CATALOG)))

    assert "What its score is made of: descriptions 75%, your taste 25%." in seen.text
    assert "(parts of an attention network)" in seen.text
    assert "what comes next, lately +0.12" in seen.text
    assert ("data-text", "Why did you recommend Morning Mist (1991)?") in seen.attributes


def test_a_comparison_is_a_table_in_which_nothing_acts():
    table = Table(("tea:0", "tea:1"), ("Morning Mist (1991)", EVIL), (("Kind", ("Green", EVIL)),))
    turn = ChatTurn("compare them", text="Both are green.", table=table, has_cards=True)

    seen = Seen(log_html(Session(talk=Talk(turns=[turn])), CATALOG))

    assert seen.tags.count("th") == 3
    assert not {"script", "img"} & set(seen.tags)
    assert EVIL in seen.text
