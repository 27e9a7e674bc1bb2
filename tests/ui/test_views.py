"""The page's views beside the conversation, in a real browser, over an agent that needs no model."""

import io
import zipfile
from collections.abc import Iterator

import pytest
from playwright.async_api import Page, expect

from tests.browser import Watched, finished, say
from tests.ui.fakes import FakeAgent, make_agent

pytestmark = [
    pytest.mark.live,
    # Gradio's queue sets an option that pandas 3 is about to drop; nothing of ours uses it
    pytest.mark.filterwarnings("ignore:.*no_silent_downcasting"),
]


@pytest.fixture
def agent(tmp_path) -> Iterator[FakeAgent]:
    made = make_agent(tmp_path, delay_s=0.02)
    yield made
    made.state.close()


@pytest.fixture
async def page(url: str, visitor: Watched) -> Page:
    """After one list."""
    opened = await visitor.open(url)
    await expect(opened.locator(".welcome")).to_be_visible(timeout=30_000)
    await say(opened, "a calm game")
    await finished(opened)
    return opened


async def visit(page: Page, name: str) -> None:
    await page.get_by_role("navigation").get_by_role("link", name=name).click()


async def test_what_is_saved_on_a_card_is_on_the_list_and_can_be_taken_off(page, agent):
    await page.get_by_role("button", name="Save: Nine Foxes (2019)").click()
    await expect(page.get_by_role("button", name="✓ Saved: Nine Foxes (2019)")).to_have_attribute(
        "aria-pressed", "true"
    )

    await visit(page, "My list")
    await expect(page.locator("#view h2")).to_be_focused()
    await expect(page.locator("#view h3")).to_have_text(["Nine Foxes (2019)"])
    await page.get_by_role("button", name="Played it: Nine Foxes (2019)").click()
    await expect(page.locator(".item-row.seen")).to_have_count(1)
    await page.locator("#view").get_by_role("button", name="✓ Saved: Nine Foxes (2019)").click()

    await expect(page.locator("#view")).to_contain_text("Nothing here yet")
    await expect(page.locator("#view h2")).to_be_focused()
    (user,) = agent.state.list_users()
    assert agent.state.watchlist_of(user.user_id) == []
    assert [str(opinion.kind) for opinion in agent.state.feedback_of(user.user_id)] == ["seen"]


async def test_back_leads_to_where_one_was_and_a_view_outlives_a_reload(page, visitor):
    await page.get_by_role("button", name="Save: Salt Road (1998)").click()
    await visit(page, "My list")
    await expect(page).to_have_title("My list – Reconteur")
    await page.reload()
    await expect(page.locator("#view h3")).to_have_text(["Salt Road (1998)"])
    await expect(page.locator("#log")).to_be_hidden()

    await page.go_back()

    await expect(page.locator(".turn")).to_be_visible()
    await expect(page.locator("#view")).to_be_hidden()
    await expect(page.get_by_role("link", name="Conversation")).to_have_attribute("aria-current", "page")
    await expect(page).to_have_title("Reconteur")


async def test_a_click_in_a_view_sends_little(page):
    for at in range(3):
        await page.get_by_role("button", name="Save:").first.click()
        await expect(page.get_by_role("button", name="✓ Saved:")).to_have_count(at + 1)
    await visit(page, "My list")
    await expect(page.locator(".item-row")).to_have_count(3)
    received = []
    session = await page.context.new_cdp_session(page)
    await session.send("Network.enable")
    session.on("Network.dataReceived", lambda event: received.append(event["dataLength"]))

    await page.locator("#view .opinion.like").first.click()
    await expect(page.locator(".item-row.like")).to_have_count(1)

    assert 0 < sum(received) < 5_000


async def test_an_item_has_a_page_that_says_what_it_is_why_it_fits_and_what_is_near(page, agent):
    await page.locator(".card h4 a").first.click()
    view = page.locator("#view")
    await expect(view.locator("h2")).to_have_text("Lantern Harbor (2014)")

    await expect(view.locator("dl")).to_contain_text("Ada Quill")
    await expect(view.locator("dl")).to_contain_text("45 minutes")
    why = view.get_by_role("region", name="Why it may suit you")
    await expect(why).to_contain_text("its mood is calm")
    await expect(view.get_by_role("region", name="More like this").locator("h3").nth(1)).to_have_text(
        "The Last Orchard (2021)"
    )
    people = view.get_by_role("region", name="The people behind it")
    await expect(people.get_by_role("link")).to_have_text(["Salt Road (1998)", "Tide Pools (2022)"])

    await people.get_by_role("link", name="Tide Pools").click()
    await expect(view.locator("h2")).to_have_text("Tide Pools (2022)")
    await page.go_back()
    await expect(view.locator("h2")).to_have_text("Lantern Harbor (2014)")
    await view.locator(".item-top .opinion.like").click()
    await expect(why).to_have_count(0)
    await page.go_back()
    await expect(page.locator(".card.like")).to_have_count(1)
    await expect(page.locator(".card h4 a").first).to_be_focused()


async def test_more_like_an_item_leads_back_to_the_conversation(page, agent):
    await page.locator(".card h4 a").first.click()
    await page.locator(".item-top").get_by_role("button", name="More like this").click()
    await finished(page, 2)

    await expect(page.locator(".said").last).to_contain_text("More like Lantern Harbor")
    await expect(page.locator("#view")).to_be_hidden()


async def test_an_address_of_an_item_that_is_not_there_says_so(page, url):
    await page.goto(f"{url}/#/item/game%3A999")
    await expect(page.locator("#view h2")).to_have_text("This isn’t in the catalog any more")

    await page.get_by_role("link", name="Back to the conversation").click()

    await expect(page.locator(".turn")).to_be_visible()


async def test_cards_can_be_put_side_by_side_four_at_the_most(page, agent):
    link = page.get_by_role("navigation").get_by_role("link", name="Compare")
    await expect(link).to_be_hidden()
    for title in ("Lantern Harbor (2014)", "Nine Foxes (2019)"):
        await page.get_by_role("button", name=f"Compare: {title}").click()
    await expect(link).to_have_text("Compare 2")
    await say(page, "after 2005")  # cards that are drawn anew still show what is picked
    await finished(page, 2)
    for place in (0, 1):
        await page.locator(".turn").nth(1).get_by_role("button", name="Compare:").nth(place).click()
    assert await page.locator("#log button[data-compare]:disabled").count() == 2

    await link.click()

    view = page.locator("#view")
    await expect(view.locator("thead th")).to_have_count(4)
    await expect(view.get_by_role("row", name="Kind")).to_contain_text("strategy")
    await view.get_by_role("link", name="Remove: Nine Foxes (2019)").click()
    await expect(view.locator("thead th")).to_have_count(3)
    await view.get_by_role("button", name="Like: Lantern Harbor (2014)").click()
    await expect(view.get_by_role("button", name="✓ Liked: Lantern Harbor (2014)")).to_be_visible()
    await page.go_back()
    await expect(view.locator("thead th")).to_have_count(4)


async def test_an_address_with_one_item_says_how_to_compare(page, url):
    await page.goto(f"{url}/#/compare/game%3A1")

    await expect(page.locator("#view")).to_contain_text("Choose two to four on their cards")


async def test_a_taste_can_be_looked_at_and_changed(page, agent):
    await page.get_by_role("button", name="Like: Lantern Harbor (2014)").click()
    await expect(page.locator(".card.like")).to_have_count(1)
    await visit(page, "My taste")
    view = page.locator("#view")

    kinds = view.get_by_role("region", name="Kind")
    await expect(kinds.locator(".of")).to_have_text(["strategy", "party"])
    await expect(kinds.locator("li").first).to_contain_text("perhaps more than most · a fair guess")
    await expect(view.get_by_role("region", name="Decade")).to_contain_text("2010–2019")
    liked = view.get_by_role("region", name="Liked (1)")
    await expect(liked.get_by_role("button", name="clicked in “a calm game”")).to_be_visible()

    await view.get_by_role("button", name="Less: party").click()
    await expect(view.get_by_role("button", name="Less: party")).to_have_attribute("aria-pressed", "true")
    await view.get_by_role("button", name="More: party").click()
    await expect(view.get_by_role("button", name="Less: party")).to_have_attribute("aria-pressed", "false")
    (user,) = agent.state.list_users()
    assert [taste.key for taste in agent.state.tastes_of(user.user_id)] == ["kinds:wish:party"]
    await view.get_by_role("button", name="Remove: party").click()
    await expect(view.get_by_role("button", name="More: party")).to_have_attribute("aria-pressed", "false")

    await liked.get_by_role("button", name="Undo: Lantern Harbor (2014)").click()
    await expect(liked).to_have_count(0)
    await expect(kinds.locator("li").first).to_contain_text("like most · a fair guess")
    assert agent.state.tastes_of(user.user_id) == []


async def test_where_an_opinion_was_given_is_one_click_away(page, agent):
    await page.get_by_role("button", name="Not for me: Lantern Harbor (2014)").click()
    await expect(page.locator(".card.dislike")).to_have_count(1)
    await page.locator("#head").get_by_role("button", name="New conversation").click()
    await expect(page.locator(".welcome")).to_be_visible()
    await visit(page, "My taste")

    await page.get_by_role("button", name="clicked in “a calm game”").click()

    await expect(page.locator(".said")).to_contain_text("a calm game")
    await expect(page.locator("#view")).to_be_hidden()


async def test_conversations_are_found_renamed_and_deleted(page, agent):
    await page.locator("#head").get_by_role("button", name="New conversation").click()
    await expect(page.locator(".welcome")).to_be_visible()
    await say(page, "something tense")
    await finished(page)
    await visit(page, "Earlier")
    view = page.locator("#view")
    await expect(view.locator(".row-title")).to_have_text(["something tense", "a calm game"])

    await view.get_by_role("searchbox").fill("CALM")
    await page.keyboard.press("Enter")
    await expect(view.locator(".row-title")).to_have_text(["a calm game"])
    await view.locator("summary", has_text="Rename").click()
    await view.get_by_role("textbox", name="Rename: a calm game").fill("Calm <b>evenings</b>")
    await page.keyboard.press("Enter")
    await expect(view.locator(".row-title")).to_have_text(["Calm <b>evenings</b>"])

    await view.locator("summary", has_text="Delete").click()
    await view.get_by_role("button", name="Delete for good").click()
    await expect(view).to_contain_text("No conversation has these words.")
    await page.go_back()
    await expect(view.locator(".row-title")).to_have_text(["something tense"])
    (user,) = agent.state.list_users()
    assert [row.title for row in agent.state.conversations_of(user.user_id)] == ["something tense"]

    await view.locator("summary", has_text="Delete").click()
    await view.get_by_role("button", name="Delete for good").click()  # the one that is open
    await page.get_by_role("navigation").get_by_role("link", name="Conversation", exact=True).click()
    await expect(page.locator(".welcome")).to_be_visible()
    assert agent.conversations.stored == {}


async def test_why_something_is_not_on_a_list_is_said_below_it(page, agent):
    await page.get_by_role("textbox", name="A title you miss here").fill("deep signal")
    await page.keyboard.press("Enter")
    await expect(page.locator(".why-not")).to_have_text("Deep Signal stands further down.")

    await page.get_by_role("textbox", name="A title you miss here").fill("<b>zzz")
    await page.get_by_role("button", name="Why not?").click()

    await expect(page.locator(".why-not")).to_have_text("The catalog doesn’t have <b>zzz.")
    assert [call[0] for call in agent.calls] == ["stream"]


def archive(**files: str) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, text in files.items():
            packed.writestr(name, text)
    return made.getvalue()


async def test_an_export_is_shown_before_it_is_kept(page, agent):
    await visit(page, "My taste")
    await page.get_by_role("link", name="Bring your ratings along").click()
    view = page.locator("#view")
    await expect(view.locator("h2")).to_have_text("Bring your ratings along")
    head = "Date,Name,Year,Letterboxd URI"
    ratings = f"{head},Rating\nd,Nine Foxes,2019,u,5\nd,<img src=x onerror=alert(1)>,2000,u,5\nd,Salt Road,1998,u,1\n"
    files = {
        "ratings.csv": ratings,
        "watchlist.csv": f"{head}\nd,Tide Pools,2022,u",
        "reviews.csv": f"{head}\nd,Deep Signal,2017,u",
    }
    packed = archive(**files)

    await view.locator("input[type=file]").set_input_files(
        {"name": "x.zip", "mimeType": "application/zip", "buffer": packed}
    )

    await expect(view.get_by_role("status")).to_have_text("3 titles found here, of 4 rows.")
    await expect(view.get_by_role("region", name="Liked (1)")).to_contain_text("Nine Foxes (2019)")
    await expect(view.get_by_role("region", name="For later (1)")).to_contain_text("Tide Pools (2022)")
    await view.locator("summary", has_text="1 title is not in the catalog").click()
    await expect(view.locator("details")).to_contain_text("<img src=x onerror=alert(1)> (2000)")
    (user,) = agent.state.list_users()
    assert agent.state.feedback_of(user.user_id) == []

    yes = view.get_by_role("button", name="Keep these")
    ink, ground = await yes.evaluate("one => [getComputedStyle(one).color, getComputedStyle(one).backgroundColor]")
    assert ink != ground
    await yes.click()

    await expect(page.locator("#notice")).to_have_text("2 new opinions kept.")
    await expect(view.get_by_role("button", name="Keep these")).to_have_count(0)
    assert {opinion.item_id: str(opinion.kind) for opinion in agent.state.feedback_of(user.user_id)} == {
        "game:2": "like",
        "game:3": "dislike",
    }
    assert [entry.item_id for entry in agent.state.watchlist_of(user.user_id)] == ["game:11"]

    await visit(page, "My list")
    await expect(page.locator("#notice")).to_have_text("")


async def test_a_hundred_megabytes_of_anything_are_no_export(page, tmp_path):
    await page.evaluate("location.hash = '#/import'")
    large = tmp_path / "large.csv"
    with large.open("wb") as file:
        file.truncate(100 << 20)

    await page.locator("#view input[type=file]").set_input_files(large)

    await expect(page.locator("#view")).to_contain_text("Nothing in this file is in the catalog.")
