"""Does the API keep what it describes? `python -m benchmarks.contract --cases N` asks the real server, without a model.

The cases come from schemathesis: requests that the description allows, and requests that it does not.
"""

import argparse
import asyncio
import math
import shutil
import sys
import tempfile
from asyncio.subprocess import DEVNULL, PIPE, STDOUT
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

from agent.options import make_settings
from ui.cli import load_agent
from ui.server import address_of, listen, run

CONFIG = Path(__file__).with_name("contract.toml")
DESCRIPTION = "/api/openapi.json"
STATE = ("state.db*", "conversations.db*", "logs", "probe.json")


async def check(url: str, *, cases: int, seed: int) -> tuple[int, str]:
    """Send cases to a running server.

    Args:
        url: Where it listens.
        cases: How many in all; those that follow from the description alone come on top.
        seed: The same one sends the same cases.

    Returns:
        The exit status (0: nothing was found) and schemathesis's report.
    """
    async with httpx.AsyncClient(trust_env=False) as client:
        described = (await client.get(url + DESCRIPTION)).json()
    operations = sum(len(methods) for methods in described["paths"].values())
    options = ["--seed", str(seed), "--max-examples", str(math.ceil(cases / operations)), "--suppress-health-check=all"]
    command = [
        sys.executable,
        "-m",
        "schemathesis.cli",
        "--config-file",
        str(CONFIG),
        "run",
        url + DESCRIPTION,
        *options,
    ]
    with tempfile.TemporaryDirectory() as folder:  # it leaves files where it runs
        process = await asyncio.create_subprocess_exec(*command, cwd=folder, stdin=DEVNULL, stdout=PIPE, stderr=STDOUT)
        try:
            report, _ = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
    return process.returncode or 0, report.decode("utf-8", "replace")


@asynccontextmanager
async def serving(data: Path) -> AsyncIterator[str]:
    """The address of a server over a copy of a data folder, without anybody's state."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder, "data")
        await asyncio.to_thread(shutil.copytree, data, copy, ignore=shutil.ignore_patterns(*STATE))
        listener, is_ready = listen("127.0.0.1", 0), asyncio.Event()

        def tell(line: str) -> None:
            if line.startswith("Ready"):
                is_ready.set()

        settings = make_settings(data=copy, llm_url="none")
        server = asyncio.create_task(run(settings, listener, load_agent, page=True, tell=tell))
        waiting = asyncio.create_task(is_ready.wait())
        try:
            await asyncio.wait({server, waiting}, return_when=asyncio.FIRST_COMPLETED)
            if server.done():
                await server
            yield address_of(listener)
        finally:
            for task in (waiting, server):
                task.cancel()
            await asyncio.wait({waiting, server})


async def _main(options: argparse.Namespace) -> int:
    async with serving(options.data) as url:
        status, report = await check(url, cases=options.cases, seed=options.seed)
    print(report)
    return status


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=1000, help="how many in all (default: 1000)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--data", type=Path, default=Path(".reconteur/demo"), help="a built data folder")
    sys.exit(asyncio.run(_main(parser.parse_args())))


if __name__ == "__main__":
    main()
