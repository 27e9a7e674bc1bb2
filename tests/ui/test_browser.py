"""The chat page in a real browser, over an agent that needs no model."""

import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace

import pytest
from playwright.async_api import Browser, Page, expect

from agent.events import Finished, TextDelta
from retrieval.items import Catalog
from tests.browser import Watched, finished, open_context, say
from tests.ui.conftest import serving
from tests.ui.fakes import CATALOG, SCHEMA, FakeAgent, make_agent
from ui.api.app import create_app
from ui.page.mount import mount_chat

pytestmark = [
    pytest.mark.live,
    # Gradio's queue sets an option that pandas 3 is about to drop; nothing of ours uses it
    pytest.mark.filterwarnings("ignore:.*no_silent_downcasting"),
]

LONG = "It has much to say of the evening. " * 20
EVIL = (
    "<script>document.title='run'</script><img src=x onerror=\"alert('run')\"><svg onload=alert('run')>${alert('run')}"
)


@pytest.fixture
def agent(tmp_path) -> Iterator[FakeAgent]:
    made = make_agent(tmp_path, delay_s=0.05)
    yield made
    made.state.close()


@pytest.fixture
async def visitor(browser: Browser) -> AsyncIterator[Watched]:
    async with open_context(browser) as watched:
        yield watched


@pytest.fixture
async def page(url: str, visitor: Watched) -> Page:
    opened = await visitor.open(url)
    await expect(opened.locator(".welcome")).to_be_visible(timeout=30_000)
    return opened


async def test_a_whole_visit_asks_nothing_of_any_other_machine(page, visitor):
    await say(page, "a calm game")
    await finished(page)
    await page.locator(".how summary").click()
    await page.reload()
    await expect(page.locator(".head")).to_be_visible()

    assert visitor.outside == []
    assert visitor.errors == []


async def test_cards_come_before_the_prose_and_stay_where_they_are(page):
    await page.evaluate(
        """() => {
          window.order = [];
          window.places = new Set();
          new MutationObserver(() => {
            const cards = document.querySelectorAll('.card:not(.skeleton)').length > 0;
            const prose = document.querySelector('.prose-text')?.textContent.length > 0;
            window.order.push([cards, prose]);
            if (cards) window.places.add(document.querySelector('.card:not(.skeleton)').offsetTop);
          }).observe(document.body, { childList: true, subtree: true, characterData: true });
        }"""
    )

    await say(page, "a calm game")
    await finished(page)

    order = await page.evaluate("window.order")
    assert [True, False] in order
    assert [False, True] not in order
    assert await page.evaluate("window.places.size") == 1
    await expect(page.locator(".turn .prose-text")).to_contain_text("would suit an evening like that.")
    words, card = [await page.locator(name).first.bounding_box() for name in (".prose-text", ".card")]
    assert words["y"] + words["height"] <= card["y"]


async def test_before_the_words_come_their_place_says_what_has_come(page, agent):
    agent.delay_s = 1.0
    await say(page, "a calm game")

    await expect(page.locator(".words .status")).to_have_text("3 that fit; a few words in a moment …")
    await expect(page.get_by_role("status").get_by_text("3 that fit")).to_be_attached()
    await expect(page.locator(".card:not(.skeleton)")).to_have_count(3)
    await finished(page)
    await expect(page.locator(".status")).to_have_count(0)


async def test_words_that_need_more_room_than_is_kept_are_unfolded_by_a_click(page, agent):
    plain = agent.stream

    async def stream(conversation, message):
        async for event in plain(conversation, message):
            yield replace(event, reply=replace(event.reply, text=LONG)) if isinstance(event, Finished) else event

    agent.stream = stream
    await say(page, "a calm game")
    await finished(page)
    room = "() => document.querySelector('.prose-text').offsetHeight"
    kept = await page.evaluate(room)

    await page.get_by_role("button", name="Read on").click()

    assert await page.evaluate(room) > kept
    await expect(page.get_by_role("button", name="Read on")).to_be_hidden()


async def test_a_new_exchange_begins_at_the_top_and_stays_there(page):
    await say(page, "a calm game")
    await finished(page)
    await say(page, "hello")
    await finished(page, 2)

    top = "document.querySelector('.turn:last-child').getBoundingClientRect().top"
    await page.wait_for_function(f"{top} < document.querySelector('#head').offsetHeight + 40")


async def test_what_is_shown_on_a_card(page):
    await say(page, "a calm game")
    await finished(page)

    card = page.locator(".card").first
    await expect(card.locator("h4")).to_have_text("1. Lantern Harbor (2014)")
    await expect(card.locator(".facts")).to_contain_text("strategy · Ada Quill · 45 minutes")
    await expect(card.get_by_role("img", name="Cover drawn for Lantern Harbor (2014)")).to_be_visible()
    await expect(card.locator(".evidence")).to_be_hidden()
    await card.locator("summary").click()
    await expect(card.locator(".evidence")).to_contain_text("its mood is calm")
    await expect(page.locator(".card").nth(2).locator(".badge")).to_have_text("Something new")


async def test_hostile_text_is_shown_and_never_run(browser, tmp_path):
    bad = replace(CATALOG.items[0], title=EVIL, text=EVIL, values=dict.fromkeys(CATALOG.items[0].values, (EVIL,)))
    agent = make_agent(tmp_path, catalog=Catalog(SCHEMA, (bad, *CATALOG.items[1:])))
    plain = agent.stream

    async def stream(conversation, message):
        async for event in plain(conversation, message):
            if isinstance(event, TextDelta):
                yield TextDelta(EVIL)
            yield event

    agent.stream = stream
    with serving(mount_chat(create_app(agent, agent.settings), agent)) as url:
        async with open_context(browser) as visitor:
            page = await visitor.open(url)
            await expect(page.locator(".tile-title").first).to_contain_text("<script>document.title")
            await page.locator(".tile").first.click()
            await say(page, EVIL)
            await finished(page)
            await page.locator(".card summary").first.click()
            await page.locator(".how summary").click()

            await expect(page.locator(".said")).to_contain_text("<img src=x onerror")
            await expect(page.locator(".card h4").first).to_contain_text("<script>document.title")
            assert await page.title() == "Reconteur"
            assert await page.locator("#log img, #log script, #rail img").count() == 0
            assert visitor.dialogs == []
            assert visitor.errors == []
    agent.state.close()


async def test_markup_that_slipped_in_all_the_same_could_neither_run_nor_call_home(page, visitor):
    await page.evaluate(
        """() => {
          const slipped = document.createElement("div");
          slipped.innerHTML = `<img src="x" onerror="document.title='run'"><img src="https://evil.example/p.png">`;
          document.body.append(slipped);
          const script = document.createElement("script");
          script.textContent = "document.title = 'run'";
          document.body.append(script);
        }"""
    )
    await page.wait_for_function("() => [...document.querySelectorAll('img')].every(one => one.complete)")

    assert await page.title() == "Reconteur"
    assert visitor.outside == []
    assert sum("Content Security Policy" in error for error in visitor.errors) >= 3


async def test_two_visitors_at_once_see_nothing_of_each_other(browser, page, url):
    async with open_context(browser) as other:
        theirs = await other.open(url)
        await expect(theirs.locator(".welcome")).to_be_visible()

        await say(page, "after 2010, whispered")
        await say(theirs, "tense, only for them")
        await finished(page)
        await finished(theirs)
        await page.locator(".opinion.dislike").first.click()
        await expect(page.locator(".card.dislike")).to_have_count(1)

        await expect(theirs.locator(".turn")).to_have_count(1)
        await expect(theirs.locator("#log")).not_to_contain_text("whispered")
        await expect(page.locator("#log")).not_to_contain_text("only for them")
        await expect(theirs.locator(".card.dislike")).to_have_count(0)
        assert await theirs.locator("select option").all_inner_texts() == ["Guest", "User 1", "User 2"]


async def test_an_opinion_is_one_click_and_can_be_undone(page, agent):
    await say(page, "a calm game")
    await finished(page)

    await page.get_by_role("button", name="Played it: Nine Foxes (2019)").click()
    await expect(page.locator(".card.seen")).to_have_count(1)
    await page.get_by_role("button", name="Undo: Nine Foxes (2019)").click()

    await expect(page.locator(".card.seen")).to_have_count(0)
    assert [call[0] for call in agent.calls] == ["stream", "feedback", "undo"]


async def test_an_opinion_given_while_the_prose_is_written_counts(page, agent):
    agent.delay_s = 0.3
    await say(page, "a calm game")
    await page.get_by_role("button", name="Not for me: Lantern Harbor (2014)").click()
    await finished(page)

    await expect(page.locator(".card.dislike")).to_have_count(1)
    (conversation,) = agent.conversations.stored.values()
    assert conversation.preference.disliked == ("game:1",)


async def test_removing_a_chip_changes_the_list_at_once_without_the_model(page, agent):
    await say(page, "after 2018")
    await finished(page)
    first = await page.locator(".card h4").first.inner_text()

    await page.get_by_role("button", name="Remove: after 2018").click()
    await expect(page.locator(".chip")).to_have_count(0)
    await finished(page)

    assert await page.locator(".card h4").first.inner_text() != first
    assert [call[0] for call in agent.calls] == ["stream", "rerank"]


async def test_the_dial_works_with_the_keyboard(page, agent):
    await say(page, "calm")
    await finished(page)

    await page.get_by_role("slider", name="How daring?").press("End")
    await expect(page.locator(".rail input[type=range]")).to_have_attribute("value", "1.0")
    await finished(page)

    assert agent.calls[-1] == ("rerank", "None", "1.0")


async def test_what_was_unfolded_stays_unfolded_while_the_page_changes(page):
    await say(page, "a calm game")
    await finished(page)
    await page.locator(".card summary").first.click()

    await page.locator(".opinion.like").nth(1).click()
    await expect(page.locator(".card.like")).to_have_count(1)
    await say(page, "a tense game")
    await finished(page, 2)

    await expect(page.locator(".turn").first.locator(".card .evidence").first).to_be_visible()
    await expect(page.locator(".turn").last.locator(".card .evidence").first).to_be_hidden()


async def test_an_error_is_a_message_in_the_chat_and_the_words_come_back(page):
    await say(page, "break early please")

    await expect(page.locator(".turn .error")).to_have_text(
        "The language model stopped answering. Start it again, or go on without it."
    )
    await expect(page.locator("#box textarea")).to_have_value("break early please")
    await expect(page.locator("#notice")).to_contain_text("Your message is back below")
    await expect(page.locator("body")).not_to_contain_text("Traceback")


@pytest.mark.parametrize("width", [1280, 390])
async def test_a_running_answer_can_be_stopped_and_the_next_message_works(browser, url, agent, width):
    async with open_context(browser, viewport={"width": width, "height": 844}) as visitor:
        page = await visitor.open(url)
        await expect(page.locator(".welcome")).to_be_visible(timeout=30_000)
        await expect(page.locator("#stop")).to_be_hidden()
        agent.delay_s = 1.5
        await say(page, "a calm game")
        await expect(page.locator("[data-live] .prose-text")).to_contain_text("would suit")
        await expect(page.locator("#send")).to_be_hidden()
        await page.get_by_role("button", name="Stop").click()

        await expect(page.locator(".turn .stopped")).to_have_text("You stopped this answer.")
        await expect(page.locator(".turn .prose-text")).to_contain_text("Nine Foxes (2019) would suit")
        await expect(page.locator(".turn .prose-text")).not_to_contain_text("an evening")
        await expect(page.locator(".card")).to_have_count(3)
        await expect(page.locator("#stop")).to_be_hidden()
        agent.delay_s = 0.05
        await say(page, "a tense game")
        await finished(page, 2)
        await expect(page.locator(".stopped")).to_have_count(1)
        assert agent.cut_off == 1
        assert visitor.errors == []


async def test_the_reasons_of_older_lists_can_be_opened_after_a_reload(page, agent):
    for at, message in enumerate(("a calm game", "a tense game"), start=1):
        await say(page, message)
        await finished(page, at)
    (conversation,) = agent.kept_shown
    (user,) = agent.state.list_users(10)
    agent.state.open_conversation(user.user_id, conversation, title="a calm game")
    agent.conversations.stored[conversation] = agent.last

    await page.reload()
    await expect(page.locator(".turn")).to_have_count(2)
    first = page.locator(".turn").first
    await first.locator(".card summary").first.click()
    await first.locator(".how summary").click()

    await expect(first.locator(".evidence").first).to_contain_text("its mood is calm")
    await expect(first.locator(".how-body")).to_contain_text("search_catalog")


async def test_a_question_is_answered_with_one_click(page, agent):
    await say(page, "which one")
    await finished(page)
    await expect(page.locator(".turn .prose-text")).to_have_text("Shall it be calm or tense?")

    await page.get_by_role("button", name="Tense ones").click()
    await finished(page, 2)

    await expect(page.locator(".said").last).to_contain_text("Tense ones")
    await expect(page.locator(".choices")).to_have_count(0)
    assert agent.calls[-1] == ("stream", "Tense ones")


async def test_an_empty_message_gets_a_hint(page):
    await page.locator("#send").click()

    await expect(page.locator("#notice")).to_contain_text("First type what you feel like")


async def test_a_message_of_a_hundred_thousand_characters_is_answered(page):
    await say(page, "calm " * 20_000)
    await finished(page)

    await expect(page.locator(".card")).to_have_count(3)


async def test_somebody_new_gets_a_list_from_taps_alone(page, agent):
    for at in (0, 3, 5):
        await page.locator(".tile").nth(at).click()
        await expect(page.locator(".tile").nth(at)).to_have_attribute("aria-pressed", "true")
    await page.get_by_role("button", name="Show me games to match").click()
    await finished(page)

    await expect(page.locator(".card")).to_have_count(3)
    assert "stream" not in [call[0] for call in agent.calls]


async def test_a_wish_can_be_chosen_with_the_keyboard_alone(page):
    await page.locator(".wish").first.focus()
    await page.keyboard.press("Enter")
    await finished(page)

    await expect(page.locator(".said")).to_contain_text("something short for six people")


async def test_a_named_user_is_still_there_after_a_reload(page):
    await page.get_by_text("New user").click()
    await page.get_by_role("textbox", name="Name (only you see it)").fill("Ada <b>")
    await page.keyboard.press("Enter")
    await expect(page.locator("select option:checked")).to_have_text("Ada <b>")

    await page.reload()

    await expect(page.locator("select option:checked")).to_have_text("Ada <b>")


async def test_a_person_of_the_data_can_be_continued(page, agent):
    await page.get_by_role("combobox", name="Who is here?").select_option("data:demo:2")

    await expect(page.locator("select")).to_have_attribute("data-value", "own:0")
    assert [user.dataset_user for user in agent.state.list_users(10)] == ["demo:2"]


async def test_export_saves_a_file_and_erasing_asks_first(page, agent):
    await say(page, "a calm game")
    await finished(page)
    async with page.expect_download() as download:
        await page.get_by_role("button", name="Export as JSON").click()
    saved = await (await download.value).path()
    assert json.loads(saved.read_text())["user"]

    await page.get_by_role("button", name="Erase everything about me").click()
    await page.get_by_role("button", name="Yes, erase").click()

    await expect(page.locator("#notice")).to_contain_text("was erased")
    await expect(page.locator(".welcome")).to_be_visible()
    assert agent.state.list_users(10) == []


async def test_a_chinese_browser_gets_a_chinese_page(browser, url):
    async with open_context(browser, locale="zh-CN") as visitor:
        page = await visitor.open(url)

        await expect(page.locator(".welcome h2")).to_have_text("今天想来点什么？")
        await expect(page.locator("#send")).to_have_text("发送")
        await expect(page.locator("html")).to_have_attribute("lang", "zh")
        await page.locator(".wish").first.click()
        await finished(page)
        await expect(page.locator(".opinion.seen").first).to_have_text("玩过了")


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_a_phone_shows_it_all_without_scrolling_sideways(browser, url, scheme):
    async with open_context(browser, viewport={"width": 390, "height": 844}, color_scheme=scheme) as visitor:
        page = await visitor.open(url)
        await expect(page.locator(".welcome")).to_be_visible()
        await say(page, "after 1990")
        await finished(page)
        await page.locator(".how summary").click()

        assert await page.evaluate("document.documentElement.scrollWidth") <= 390
        await expect(page.locator(".rail")).to_be_hidden()
        await page.get_by_role("button", name="You and your settings").click()
        await expect(page.locator(".rail")).to_be_visible()
        await page.get_by_role("button", name="Close").click()
        await expect(page.locator(".rail")).to_be_hidden()


async def test_a_reload_in_mid_answer_loses_nothing(page, agent):
    agent.delay_s = 0.6
    await say(page, "a calm game")
    await expect(page.locator("#box textarea")).to_have_value("")
    await page.reload()

    await expect(page.locator(".said")).to_contain_text("a calm game")
    await finished(page)
    await expect(page.locator(".turn .prose-text")).to_contain_text("would suit an evening like that.")
    assert [call[0] for call in agent.calls] == ["stream"]


async def test_what_is_typed_outlives_a_reload_and_an_answer(page, agent):
    agent.delay_s = 0.5
    await say(page, "a calm game")
    await page.locator("#box textarea").press_sequentially(" and then", delay=1)
    await finished(page)
    await page.reload()

    await expect(page.locator(".turn")).to_have_count(1)
    await expect(page.locator("#box textarea")).to_have_value(" and then")


async def test_a_message_sent_while_offline_goes_out_later(page, visitor, agent):
    await visitor.context.set_offline(True)
    await say(page, "a calm game")
    await expect(page.locator(".offline")).to_be_visible()
    await expect(page.locator("#box textarea")).to_have_value("a calm game")
    await visitor.context.set_offline(False)

    await finished(page)
    await expect(page.locator("#box textarea")).to_have_value("")
    assert [call[0] for call in agent.calls] == ["stream"]


async def test_a_late_turn_sends_no_more_than_an_early_one(page):
    received = []
    session = await page.context.new_cdp_session(page)
    await session.send("Network.enable")
    session.on("Network.dataReceived", lambda event: received.append(event["dataLength"]))
    sizes = []
    for turn in range(1, 9):
        received.clear()
        await say(page, "hello")
        await finished(page, turn)
        sizes.append(sum(received))

    assert sizes[-1] < 1.3 * sizes[1]
    received.clear()
    await say(page, "a calm game")
    await finished(page, 9)
    await expect(page.locator(".turn .prose-text").last).to_contain_text("like that.")
    assert sum(received) < 15_000
    received.clear()
    await page.locator(".opinion.like").first.click()
    await expect(page.locator(".card.like")).to_have_count(1)
    assert sum(received) < 5_000
