"""Runs each client of docs/integrate.md in an environment of its own: `python -m benchmarks.clients`, `make clients`.

Packages come from the registries that pip and npm are set up for, and stay in ~/.cache/reconteur/clients.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from playwright.async_api import Error as PlaywrightError
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from benchmarks.clients.page import talk_in_open_webui
from benchmarks.reliability.server import Server, copy_of

PAGE = Path(__file__).parents[2] / "docs" / "integrate.md"
ADDRESS = "http://127.0.0.1:7860"
CACHE = Path.home() / ".cache" / "reconteur" / "clients"
RUN_S = 600
SETUP_S = 3600
WEB = "Open WebUI"


@dataclass(frozen=True, slots=True)
class Client:
    """One client program."""

    heading: str
    """Of its blocks in docs/integrate.md."""
    language: str
    packages: tuple[str, ...]
    says: str = r"\(\d{4}\)"
    """What its output has where it worked: an item with its year."""


CLIENTS = (
    Client("openai, Python", "python", ("openai",)),
    Client("In your own schema", "python", ("openai",), says=r"year=\d{4}"),
    Client("openai, Node", "js", ("openai",)),
    Client("Vercel's AI SDK", "js", ("ai", "@ai-sdk/openai-compatible")),
    Client("LangChain", "python", ("langchain-openai",)),
    Client("LangGraph", "python", ("langgraph", "langchain-openai")),
    Client("OpenAI Agents SDK", "python", ("openai-agents",)),
    Client("pydantic-ai", "python", ("pydantic-ai-slim[openai]",)),
    Client("litellm", "python", ("litellm",)),
    Client("llm", "sh", ("llm",)),
    Client("MCP", "python", ("langchain-mcp-adapters",)),
    Client("MCP", "sh", ("@modelcontextprotocol/inspector",), says=r'"recommend"'),
)


def blocks(page: str, heading: str, language: str) -> list[str]:
    """The blocks of a language below a heading."""
    for part in re.split(r"^##+ ", page, flags=re.MULTILINE)[1:]:
        first_line, _, rest = part.partition("\n")
        if first_line.strip() == heading:
            return re.findall(rf"```{language}\n(.*?)```", rest, re.DOTALL)
    return []


def prepare(client: Client) -> tuple[Path, str]:
    """An environment with the client's packages, and the version of the first of them."""
    is_node = client.language == "js" or client.packages[0].startswith("@")
    folder = CACHE / re.sub(r"\W+", "-", f"{'node' if is_node else 'python'}-{'-'.join(client.packages)}")
    if is_node:
        folder.mkdir(parents=True, exist_ok=True)
        _call(["npm", "install", "--silent", "--no-fund", "--no-audit", *client.packages], folder)
        told = _call(["npm", "ls", "--depth=0", client.packages[0]], folder)
        return folder, told.rpartition("@")[2].split()[0]
    return folder, install(folder, client.packages)


def install(folder: Path, packages: Sequence[str]) -> str:
    """Put Python packages into an environment of their own, made where there is none; the version of the first."""
    if not (folder / "bin" / "python").exists():
        _call([sys.executable, "-m", "venv", str(folder)], CACHE)
    pip = str(folder / "bin" / "pip")
    _call([pip, "install", "--quiet", "--disable-pip-version-check", *packages], folder)
    shown = _call([pip, "show", packages[0].partition("[")[0]], folder)
    return shown.partition("Version: ")[2].split()[0]


def run(client: Client, folder: Path, url: str) -> str:
    """What the client's block prints.

    Raises:
        RuntimeError: It failed, or printed no item; says what it printed.
    """
    page = PAGE.read_text(encoding="utf-8").replace(ADDRESS, url)
    block = blocks(page, client.heading, client.language)[0]
    with tempfile.TemporaryDirectory() as place:
        command, env = _command(client, folder, block, Path(place), page)
        said = _call(command, folder, RUN_S, env)
    if not re.search(client.says, said):
        raise RuntimeError(f"expected output with {client.says!r}, found {said[:400]!r}")
    return said


def _command(client: Client, folder: Path, block: str, place: Path, page: str) -> tuple[list[str], dict[str, str]]:
    """How a block is run, and what its environment holds besides."""
    if client.language == "python":
        (place / "block.py").write_text(block, encoding="utf-8")
        return [str(folder / "bin" / "python"), str(place / "block.py")], {}
    if client.language == "js":
        script = folder / "block.mjs"  # beside node_modules
        script.write_text(block, encoding="utf-8")
        return ["node", str(script)], {}
    for setting in blocks(page, client.heading, "yaml"):
        (place / "extra-openai-models.yaml").write_text(setting, encoding="utf-8")
    env = {
        "LLM_USER_PATH": str(place),
        "OPENAI_API_KEY": "none",
        "PATH": f"{folder / 'bin'}:{folder / 'node_modules' / '.bin'}:{os.environ['PATH']}",
    }
    return ["sh", "-c", block], env


def _call(command: list[str], folder: Path, limit_s: float = SETUP_S, env: dict[str, str] | None = None) -> str:
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=limit_s, env={**os.environ, **(env or {})}
    )
    if done.returncode:
        raise RuntimeError(f"{command[0]} ended with {done.returncode}: {(done.stderr or done.stdout)[-400:]}")
    return done.stdout


def main() -> int:
    """Run them and tell what worked."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.clients", description=__doc__)
    parser.add_argument("--data", type=Path, default=Path(".reconteur/demo"))
    parser.add_argument("--only", help=f"headings of docs/integrate.md, or {WEB!r}; '|' between them")
    parser.add_argument("--llm-url", default="none", help="the server's language model; none needs no model")
    asked = parser.parse_args()
    only = {word.strip() for word in asked.only.split("|")} if asked.only else None
    CACHE.mkdir(parents=True, exist_ok=True)
    report = Report(Console(), Table("client", "version", "seconds", "result"))
    with tempfile.TemporaryDirectory() as place:
        data = copy_of(asked.data, Path(place) / "data")
        with Server(data, llm_url=asked.llm_url) as server:
            for client in CLIENTS:
                if only is None or client.heading in only:
                    report.note(client.heading, partial(_run_one, client, server.url))
            if only is None or WEB in only:
                report.note(WEB, partial(_run_open_webui, server.url))
    report.console.print(report.table)
    return int(report.failed > 0)


@dataclass(slots=True)
class Report:
    """What worked so far."""

    console: Console
    table: Table
    failed: int = 0

    def note(self, name: str, tried: Callable[[], str]) -> None:
        """Try one, and note how that went."""
        self.console.print(f"==> {name}")
        start, version, result = time.monotonic(), "", "works"
        try:
            version = tried()
        except (RuntimeError, PlaywrightError, subprocess.SubprocessError) as error:
            self.failed += 1
            result = f"failed: {error}"
        self.table.add_row(name, version, f"{time.monotonic() - start:.0f}", escape(result))


def _run_open_webui(url: str) -> str:
    folder = CACHE / "open-webui"
    install(folder, ("torch==2.13.0",))  # alone: pip then takes the processor build; see serve.sh
    version = install(folder, ("open-webui",))
    talk_in_open_webui(folder, url)
    return f"open-webui {version}"


def _run_one(client: Client, url: str) -> str:
    folder, version = prepare(client)
    run(client, folder, url)
    return f"{client.packages[0]} {version}"


if __name__ == "__main__":
    sys.exit(main())
