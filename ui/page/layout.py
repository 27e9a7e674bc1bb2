"""The Gradio page: lays out the areas, and turns what an action changed into updates of them."""

import base64
import json
import logging
import traceback
import zlib
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import aclosing
from importlib.resources import files
from typing import Any

import gradio as gr
from fastapi import FastAPI

from retrieval.errors import RecommenderError
from ui.access.caller import Caller
from ui.page.actions import ANYBODY, Actions
from ui.page.agents import ChatAgent
from ui.page.anew import Anew
from ui.page.composer import composer_html
from ui.page.conversation import LOG_FRAME, STATUS_FRAME, live_html, log_parts
from ui.page.head import head_html
from ui.page.markup import tag
from ui.page.parts import Changes, Region
from ui.page.problems import problem_in
from ui.page.sharing import Sharing
from ui.page.sidebar import rail_html
from ui.page.state import Session
from ui.page.talk import Talks
from ui.page.views.frame import VIEW_FRAME
from ui.page.views.table import draw_view
from ui.page.words import language_of, word

logger = logging.getLogger(__name__)

_ASSETS = files("ui.page") / "assets"
_STORAGE = "reconteur"
# Not a secret: the browser keeps its own keys with it, and they must outlive a restart of the server.
_STORAGE_CIPHER = "reconteur-browser"
_FONTS = ("system-ui", "-apple-system", "Segoe UI", "Noto Sans", "PingFang SC", "Microsoft YaHei", "sans-serif")
_MONO = ("ui-monospace", "SFMono-Regular", "Menlo", "monospace")

_LONGEST_KEY = 64

Updates = list[Any]


def build_page(find_agent: Callable[[], ChatAgent]) -> Any:
    """The page over an agent; every open page gets a session of its own."""
    script = _asset("chat.js")
    with gr.Blocks(title="Reconteur", fill_width=True, analytics_enabled=False) as page:
        state = gr.State(None)
        browser = gr.BrowserState({}, storage_key=_STORAGE, secret=_STORAGE_CIPHER)
        head = _area("head", script)
        with gr.Row(elem_id="shell"):
            with gr.Column(elem_id="side"):
                rail = _area("rail", script)
            with gr.Column(elem_id="main"):
                view = _area("view", script, VIEW_FRAME)
                log = _area("log", script, LOG_FRAME)
                gr.HTML(STATUS_FRAME, elem_id="live", apply_default_css=False, js_on_load=None)
                with gr.Column(elem_id="composer"):
                    notice = gr.HTML(elem_id="notice", apply_default_css=False, js_on_load=None)
                    entry = _area("entry", _asset("composer.js"))
        patch = _unseen("patch", "patch.js")
        save = _unseen("save", "save.js")
        route = _unseen("route", "route.js")
        _unseen("read", "read.js")
        _unseen("ways", "ways.js")

        outputs = [state, patch, rail, notice, browser, save]
        handlers = Handlers(find_agent)
        quiet = {"show_progress": "hidden", "api_visibility": "private", "concurrency_limit": None}
        page.load(handlers.load, [browser], [*outputs, head, entry], **quiet)
        for area in (log, view, rail, head, entry, patch, route):
            area.act(handlers.act, [state, browser], outputs, trigger_mode="multiple", **quiet)
    return page.queue(default_concurrency_limit=None)


def mount_page(app: FastAPI, page: Any, path: str) -> FastAPI:
    """Mount the page with its look."""
    theme = gr.themes.Base(font=list(_FONTS), font_mono=list(_MONO))
    mounted: FastAPI = gr.mount_gradio_app(
        app,
        page,
        path=path,
        theme=theme,
        head=f"<style>{_asset('chat.css')}{_asset('ways.css')}</style>",  # as `css`, Gradio would rewrite the selectors
        footer_links=[],
        run_history=False,
        ssr_mode=False,
        show_error=False,
        enable_monitoring=False,
        favicon_path=str(_ASSETS / "icon.svg"),
    )
    return mounted


class Handlers:
    """What Gradio calls; knows which conversations are open, and nothing else of any session."""

    def __init__(self, find_agent: Callable[[], ChatAgent]) -> None:
        self._find_agent = find_agent
        self._talks = Talks()

    def _actions(self, caller: Caller) -> Actions:
        """The actions over the agent as the caller's realm sees it."""
        agent = self._find_agent().of(caller.realm)
        return Actions(lambda: agent, self._talks)

    async def load(self, browser: object, request: gr.Request) -> AsyncIterator[Updates]:
        """The page was opened; an answer that is being written goes on here."""
        session = await self._session(None, browser, request)
        own = [head_html(session.language), composer_html(session.language)]
        yield [*self._draw(session, Region.ALL), *own]
        actions = self._actions(session.caller)
        changes = actions.follow(session) if session.running else _nothing()
        async for updates in self._drive(session, changes):
            yield [*updates, gr.skip(), gr.skip()]

    async def act(
        self, session: Session | None, browser: object, request: gr.Request, event: gr.EventData
    ) -> AsyncIterator[Updates]:
        """Something in an area was clicked, chosen or filled in."""
        session = await self._session(session, browser, request)
        data = event._data if isinstance(event._data, dict) else {}
        if isinstance(at := data.get("at"), str) and at != session.view:
            session.view = at
            if session.notice:  # it was about what one has left
                session.notice = ""
                yield self._draw(session, Region.INPUT)
        async for updates in self._drive(session, self._action(session, data)):
            yield updates

    async def _session(self, session: Session | None, browser: object, request: gr.Request) -> Session:
        """The page's session; made anew from what the browser keeps when the server has forgotten it.

        Somebody else who has logged in since does not go on with it.
        """
        caller = _caller(request)
        if session is not None and session.caller == caller:
            return session
        language = language_of(request.headers.get("accept-language", ""))
        return await self._actions(caller).open(browser, language, caller)

    def _action(self, session: Session, data: Mapping[str, object]) -> Changes:
        """The action that the page's data-do names; what it does not know changes nothing."""
        actions = self._actions(session.caller)
        given = {key: str(value) for key, value in data.items()}
        match given:
            case {"do": "send", "text": text, "key": key, "turn": name}:
                return Anew(actions).send(session, name, text, key[:_LONGEST_KEY])
            case {"do": "send", "text": text, "key": key}:
                return actions.send(session, text, key[:_LONGEST_KEY])
            case {"do": "sync", "number": number}:
                return actions.sync(session, number)
            case {"do": "feedback", "item": item, "kind": "like" | "dislike" | "seen" as kind}:
                return actions.feedback(session, item, kind)
            case {"do": "save", "item": item}:
                return actions.keeping.save(session, item)
            case {"do": "lean", "key": key}:
                return actions.keeping.lean(session, key)
            case {"do": "rename", "conversation": conversation_id, "title": title}:
                return actions.keeping.rename(session, conversation_id, title)
            case {"do": "forget", "conversation": conversation_id}:
                return actions.keeping.forget(session, conversation_id)
            case {"do": "import", "number": _, "of": _, "name": _, "head": _, "text": _}:
                return actions.keeping.read(session, given)
            case {"do": "unsave", "item": item}:
                return actions.keeping.unsave(session, item)
            case {"do": "edit", "turn": name}:
                return Anew(actions).edit(session, name)
            case {"do": "share", "turn": name}:
                return Sharing(actions.people).share(session, name)
            case {"do": "unshare", "share": share_id}:
                return Sharing(actions.people).revoke(session, share_id)
            case {"do": "undo", "item": item}:
                return actions.undo(session, item)
            case {"do": "more-like", "item": item}:
                return actions.more_like(session, item)
            case {"do": "why-not", "title": title}:
                return actions.why_not(session, title)
            case {"do": "unchip", "key": key}:
                return actions.rerank(session, remove=key)
            case {"do": "untaste", "key": key}:
                return actions.drop_taste(session, key)
            case {"do": "dial", "value": value}:
                return actions.dial(session, _number(value))
            case {"do": "one-at-a-time"}:
                return actions.switch_one_at_a_time(session)
            case {"do": "pick", "value": value}:
                return actions.pick(session, value)
            case {"do": "create", "name": name}:
                return actions.create(session, name)
            case {"do": "open", "conversation": conversation_id}:
                return actions.reopen(session, conversation_id)
            case _:
                return self._plain_action(session, given.get("do", ""))

    def _plain_action(self, session: Session, name: str) -> Changes:
        actions = self._actions(session.caller)
        match name:
            case "stop":
                return actions.stop(session)
            case "only":
                return actions.only_newest(session)
            case "others":
                return actions.others(session)
            case "regenerate":
                return Anew(actions).regenerate(session)
            case "again":
                return actions.again(session)
            case "new":
                return actions.new_conversation(session)
            case "picks":
                return actions.show_picks(session)
            case "import-yes":
                return actions.keeping.bring(session)
            case "import-no":
                return actions.keeping.leave(session)
            case "export":
                return actions.export(session)
            case "erase" | "erase-no":
                return actions.ask_erase(session, ask=name == "erase")
            case "erase-yes":
                return actions.erase(session)
            case _:
                return _nothing()

    async def _drive(self, session: Session, changes: Changes) -> AsyncIterator[Updates]:
        """Draw what an action changed; an error becomes words beside the input."""
        try:
            async with aclosing(changes) as parts:
                async for part in parts:
                    if has_news(updates := self._draw(session, part)):
                        yield updates
            session.looks = await draw_view(session, self._actions(session.caller).agent)
            if has_news(updates := self._draw(session, Region.VIEW)):
                yield updates
        except RecommenderError as error:
            session.notice = problem_in(error, session.language)
            yield self._draw(session, Region.ALL)
        except Exception as error:  # the last stop before the person: a bug is told here, without its words
            where = "".join(traceback.format_tb(error.__traceback__))
            logger.error("an action failed with %s at\n%s", type(error).__name__, where)
            session.notice = word("failed_click", session.language)
            yield self._draw(session, Region.ALL)
        yield self._draw(session, Region(0))  # nothing new: Gradio sends the last update twice

    def _draw(self, session: Session, part: Region) -> Updates:
        """One update for each output; areas that did not change are skipped."""
        actions = self._actions(session.caller)
        catalog = actions.catalog
        areas: dict[Region, Callable[[], object]] = {
            Region.RAIL: lambda: rail_html(session, actions.demo_users(), catalog),
            Region.INPUT: lambda: _notice(session.notice),
            Region.BROWSER: session.browser,
            Region.DOWNLOAD: lambda: session.download,
        }
        updates = [session.news(area, draw()) if area in part else None for area, draw in areas.items()]
        shown = [gr.skip() if update is None else update for update in updates]
        return [session, self._patch(session, part, actions), *shown]

    def _patch(self, session: Session, part: Region, actions: Actions) -> Any:
        """What changed in the log, and what the input shall know."""
        patch: dict[str, object] = {}
        if Region.LOG in part:
            picks = [] if session.turns else actions.picks()
            patch["log"] = session.drawn.patch(log_parts(session, actions.catalog, picks))
        # with the log, so that the words of an answer that ends are never in both places, or in none
        live = session.news(Region.LIVE, live_html(session)) if Region.LIVE in part else None
        if Region.VIEW in part and (view := session.drawn_view.patch(session.looks)) is not None:
            patch["view"] = {**view, "path": session.view}
        if Region.RECEIVED in part:
            patch["received"] = session.received
        if Region.REFUSED in part:
            patch["refused"] = True
        if Region.DRAFT in part:
            patch["draft"] = session.draft
        known = {name: value for name, value in patch.items() if value} | ({} if live is None else {"live": live})
        return packed(known) if known else gr.skip()


def has_news(updates: Updates) -> bool:
    """Whether the page has anything to change; a message that says it has not would travel all the same."""
    return any(update != gr.skip() for update in updates[1:])


def packed(value: Mapping[str, object]) -> str:
    """JSON values as base64 of zlib's format, which the browser can open: a fifth of their size."""
    return base64.b64encode(zlib.compress(json.dumps(value, separators=(",", ":")).encode(), 9)).decode()


def _caller(request: gr.Request) -> Caller:
    """Who sits before the page: whom the guard has let in, and anybody in an application without one."""
    caller: Caller = getattr(request.request.state, "caller", ANYBODY)
    return caller


def _notice(text: str) -> str:
    return tag("p", text, role="alert") if text else ""


def _area(name: str, script: str, markup: str = "") -> Any:
    return gr.HTML(markup, elem_id=name, apply_default_css=False, js_on_load=script)


def _unseen(name: str, script: str) -> Any:
    """What takes values in for a script and shows nothing."""
    return gr.HTML(elem_id=name, visible="hidden", html_template="", js_on_load=_asset(script))


def _asset(name: str) -> str:
    return (_ASSETS / name).read_text(encoding="utf-8")


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.3


async def _nothing() -> Changes:
    nothing: tuple[Region, ...] = ()
    for part in nothing:
        yield part
