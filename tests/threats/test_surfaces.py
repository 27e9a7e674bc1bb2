"""Whatever stands in a catalog, a message or a model's answer: every surface shows it as text, and none of it acts."""

import asyncio
import json
import logging
import re
from dataclasses import replace
from html.parser import HTMLParser
from io import StringIO
from types import SimpleNamespace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from rich.console import Console

from agent.conversation import Conversation
from agent.events import Finished, Recommended, TextDelta, Understood
from agent.intent import Act, Intent
from agent.markdown import escaped
from agent.recommendation import Explanation, Recommendation, Reply, Statement
from agent.transcript import near_titles, shown_titles
from retrieval.candidates import Evidence, EvidenceKind
from retrieval.items import Catalog
from retrieval.preference import Preference
from retrieval.untrusted import as_json, visible, without_links
from tests.ui.fakes import CATALOG, SCHEMA
from tools.render import one_line
from tools.template_tokens import without_tokens
from ui.api.writing import Writing
from ui.logs import PlainFormatter, mark
from ui.page.chat_turn import ChatTurn
from ui.page.conversation import log_html
from ui.page.state import Session
from ui.page.talk import Talk
from ui.terminal import TerminalChat

ACTING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\U000e0000-\U000e0fff]")
TOKENS = re.compile(
    r"<[|｜]|[|｜]>|</?(?:s|think|tool_call|start_of_turn)>|<<SYS>>|\[/?INST\]|\[TOOL_CALLS\]", re.IGNORECASE
)
AUTOMATIC = re.compile(r"https?://|(?<!\w)www\.\w|[\w.+-]+@[\w-]+\.\w", re.IGNORECASE)
"""What clients turn into links without any markup."""
PIECES = (
    "![m](http://evil.example/p.png)",
    "[x](javascript:alert(1))",
    "[x][y]",
    "[y]: http://evil.example",
    "<http://evil.example>",
    "https://evil.example/a_b",
    "www.evil.example",
    "me@evil.example",
    "</svg><script>alert(1)</script>",
    '" onmouseover="alert(1)',
    "<img src=x onerror=alert(1)>",
    "&lt;img src=x&gt;",
    "http&colon;//evil.example",
    "\x1b]8;;http://evil.example\x07here\x1b]8;;\x07",
    "\x1b[2J",
    "\x9b31m",
    "\u202eevil\u202c",
    "\U000e0041\U000e0042",
    "\r\n2026-01-01 00:00:00 ERROR ui: forged",
    "\n1. **Forged (1999)**: best\n",
    "\n> forged notice\n",
    "\n# Forged\n",
    "\n---\n",
    "\n```\ncode",
    "**bold** _it_ `code` ~~no~~",
    "~~",
    "~no~",
    "\\",
    "]",
    "(http://evil.example)",
    "!",
    "=cmd()",
    "<|im_start|>system",
    "[INST]",
    "</s>",
    "<<SYS>>",
    "<tool_call>",
    "<｜User｜>",
    "M*A*S*H",
    "茉莉",
    " ",
    "a",
)
HOSTILE = st.lists(st.sampled_from(PIECES) | st.text(max_size=4), min_size=1, max_size=6).map("".join)
FEW = settings(max_examples=60, deadline=None)
MARKDOWN = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])

ACTIVE = frozenset(("link_open", "image", "html_inline", "html_block", "fence", "code_inline", "heading_open", "hr"))
ACTIVE |= {"s_open", "em_open"}


def card(text: str) -> Recommendation:
    item = replace(CATALOG.items[0], title=text or "x", text=text, values={"kinds": (text,), "moods": (text,)})
    fact = Evidence("graph", EvidenceKind.FACT, field="moods", value=text, text=text)
    return Recommendation(item, 1, Explanation(text, (Statement(text, fact),)), channels={text: 1.0}, slot=text)


def written(text: str, *, streamed: bool) -> str:
    """An answer of the API with a text in every place."""
    intent = Intent(Act.RECOMMEND, Preference())
    reply = Reply(text, Conversation(), intent, (card(text),), (card(text),), (text,))
    shown = Recommended((card(text),), (card(text),), (text,))
    events = [Understood(intent), shown, TextDelta(text)] if streamed else []
    writing = Writing()
    for event in (*events, Finished(reply)):
        writing.take(event)
    return writing.text


@FEW
@given(HOSTILE, st.booleans())
@example("".join(PIECES), True)
def test_no_link_picture_or_html_is_active_in_the_text_of_an_answer(text: str, streamed: bool):
    tokens = MARKDOWN.parse(written(text, streamed=streamed))
    inner = [child for token in tokens for child in token.children or ()]

    kinds = {token.type for token in (*tokens, *inner)}
    shown = " ".join(child.content for child in inner)
    assert not kinds & ACTIVE
    assert AUTOMATIC.search(shown) is None


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("~", "~no~~"),
        ("~~no~", "~"),
        ("<", "img src=x>"),
        ("&", "lt;b>"),
        ("&l", "t;b>"),
        ("x\\", "`code`"),
        ("[x]", "(y)"),
    ],
)
def test_what_two_pieces_of_a_stream_make_together_is_not_active(before: str, after: str):
    writing = Writing()
    text = "".join(writing.take(event) for event in (TextDelta(f"Well {before}"), TextDelta(after)))

    inner = [child for token in MARKDOWN.parse(text) for child in token.children or ()]
    assert not {child.type for child in inner} & ACTIVE
    assert "".join(child.content for child in inner) == f"Well {before}{after}"


@pytest.mark.parametrize("title", ["~~Heat~~", "~Heat~", "a~b~c"])
def test_a_title_is_not_struck_through_and_is_read_back(title: str):
    content = written(title, streamed=True)

    assert not re.search(r"(?<![\s\\])~", content)
    assert shown_titles(content)[0].startswith(title)


@FEW
@given(HOSTILE, st.booleans())
@example("\n1. **Forged (1999)**: best\n", True)
def test_the_list_that_is_read_back_is_the_list_that_was_shown(text: str, streamed: bool):
    content = written(text, streamed=streamed)

    assert len(shown_titles(content)) == 1
    assert len(near_titles(content)) == 1
    assert content.count("\n> ") == 1


@pytest.mark.parametrize(
    "text",
    ["M*A*S*H", "I <3 it & more", "[REC] (2007)", "E.T.; Vol. 2 - 8/10!", "snake_case", "5 < 6", "It's #1", "茉莉"],
)
def test_plain_words_stay_as_they_are(text: str):
    assert escaped(text).replace("∗", "*") == text


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.attributes: set[str] = set()
        self.links: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.links |= {value or "" for name, value in attrs if name == "href"}


@FEW
@given(HOSTILE)
@example("".join(PIECES))
def test_the_page_makes_no_element_and_no_handler_of_a_text(text: str):
    recommendation = card(text)
    catalog = Catalog(SCHEMA, (recommendation.item, *CATALOG.items[1:]))
    turn = ChatTurn(text, recommendations=(recommendation,), notices=(text,), text=text, has_cards=True, error=text)

    drawn = log_html(Session(talk=Talk(turns=[turn])), catalog)

    tags, plain = Tags(), Tags()
    tags.feed(drawn)
    harmless = card("harmless")
    catalog = Catalog(SCHEMA, (harmless.item, *CATALOG.items[1:]))
    turn = replace(turn, message="harmless", recommendations=(harmless,), notices=("harmless",), text="harmless")
    plain.feed(log_html(Session(talk=Talk(turns=[replace(turn, error="harmless")])), catalog))
    assert tags.names <= plain.names | {"br", "h2"}
    assert not tags.names & {"script", "img", "iframe", "style", "link"}
    assert not {name for name in tags.attributes if name.startswith("on") or name in ("src", "style")}
    assert all(link.startswith("#/item/") for link in tags.links), "to views of the page alone"
    assert ACTING.search(drawn) is None


@FEW
@given(HOSTILE)
@example("".join(PIECES))
def test_a_terminal_gets_no_command(text: str):
    screen = StringIO()
    agent = SimpleNamespace(retriever=SimpleNamespace(catalog=CATALOG))
    talk = TerminalChat(agent, "u", Console(file=screen, force_terminal=False))
    recommendation = card(text)

    talk._show_cards(Recommended((recommendation,), (recommendation,), (text,)))
    talk._why(recommendation)
    talk._say(text)

    assert ACTING.search(screen.getvalue()) is None


@FEW
@given(HOSTILE)
@example("".join(PIECES))
def test_a_log_record_stays_one_record(text: str):
    record = logging.LogRecord("ui", logging.INFO, __file__, 1, "got %s", (text,), None)

    mark(record)

    lines = PlainFormatter().format(record).split("\n")

    assert " INFO ui [-]: got " in lines[0]
    assert all(line.startswith("    ") for line in lines[1:])
    assert ACTING.search("".join(lines)) is None


@FEW
@given(HOSTILE)
@example("\x9b31m \U000e0041 \x1b")
def test_an_export_loses_nothing_and_commands_nothing(text: str):
    exported = as_json({"name": text})

    assert json.loads(exported) == {"name": text}
    assert ACTING.search(exported) is None


@FEW
@given(HOSTILE)
@example("".join(PIECES))
def test_a_model_reads_one_line_without_tokens_and_hidden_characters(text: str):
    line = one_line(text)

    assert "\n" not in line
    assert TOKENS.search(line) is None
    assert ACTING.search(line) is None
    assert len(without_tokens(text)) == len(text)


@FEW
@given(HOSTILE)
@example("".join(PIECES))
def test_what_a_driver_hands_over_holds_no_link(text: str):
    plain = without_links(visible(text))

    assert re.search(r"https?://|(?<!\w)www\.\w", plain, re.IGNORECASE) is None
    assert re.search(r"\[[^\[\]]*\]\(http", plain) is None


@FEW
@given(HOSTILE)
@example("\x1b[2J")
def test_a_command_that_is_none_is_named_without_commands_to_the_terminal(text: str):
    screen = StringIO()
    agent = SimpleNamespace(retriever=SimpleNamespace(catalog=CATALOG))

    asyncio.run(TerminalChat(agent, "u", Console(file=screen, force_terminal=False)).handle(f"/{text}x"))

    assert ACTING.search(screen.getvalue()) is None
