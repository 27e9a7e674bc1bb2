"""Puts the chat page into the web application. Gradio is imported only when that happens."""

import importlib
import os
from collections.abc import Callable
from typing import TYPE_CHECKING

from starlette.routing import Mount

from ui.edge.page import PageOnly
from ui.page.agents import ChatAgent

if TYPE_CHECKING:
    from fastapi import FastAPI

_QUIET = {
    "GRADIO_ANALYTICS_ENABLED": "False",
    "GRADIO_RUN_HISTORY": "False",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "GRADIO_ANALYTICS_CACHE_FREQUENCY": "1000000000",
}
"""Switches that keep the library from calling home, and from keeping what was said in the browser."""


def load_page() -> None:
    """Import Gradio, which takes seconds; may run in a thread, so that nothing else waits for it."""
    os.environ.update(_QUIET)
    importlib.import_module("ui.page.layout")


def mount_chat(app: "FastAPI", agent: ChatAgent | Callable[[], ChatAgent], path: str = "/") -> "FastAPI":
    """Serve the chat page under `path`; routes that `app` has already come first.

    Args:
        app: The application to add to.
        agent: The agent, or what returns it where it is made after the page (the first visit asks).
        path: Where the page lies.
    """
    load_page()
    from ui.access.login import add_door
    from ui.page.layout import build_page, mount_page
    from ui.page.plain_page import nothing_here
    from ui.page.shared_page import add_shared

    add_door(app)
    add_shared(app)
    page = build_page(agent if callable(agent) else lambda: agent)
    mounted = mount_page(app, page, path)
    route = mounted.router.routes[-1]
    assert isinstance(route, Mount), "the page is mounted last"  # noqa: S101
    route.app = PageOnly(route.app, {number: len(event.inputs) for number, event in page.fns.items()}, nothing_here)
    return mounted
