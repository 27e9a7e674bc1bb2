"""`python -m benchmarks.reliability`: kill, starve and crowd a real server, and write down what it lost."""

import argparse
import json
import logging
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import cast

from pydantic import JsonValue

from benchmarks.reliability import document, erasures, faults, kills, memory
from benchmarks.report import environment

PARTS = ("faults", "kills", "erasures", "memory", "contract")
BATCH = 2500
"""Cases of the contract that are sent to one server."""
UNFINISHED = " (not to its end)"
Row = dict[str, str]
Found = dict[str, object] | list[Row]


def main(arguments: list[str] | None = None) -> int:
    """Run the parts; what each has found so far is written down as it goes, so that an interrupted run keeps it."""
    given = _parse(arguments)
    logging.basicConfig(level=logging.WARNING)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that its servers end with it
    share = 10 if given.quick else 1
    parts: dict[str, Callable[[], Iterator[Found]]] = {
        "faults": lambda: faults.run(given.data, given.faults[: 3 if given.quick else None]),
        "kills": lambda: kills.run(given.data, kills=given.kills // share, seed=given.seed),
        "erasures": lambda: erasures.run(given.data, erasures=given.erasures // share, seed=given.seed),
        "memory": lambda: memory.run(given.data, minutes=given.minutes / share, seed=given.seed),
        "contract": lambda: contract(given.data, given.cases // share, given.seed),
    }
    words = shlex.join(sys.argv[1:] if arguments is None else arguments)
    command = f"python -m benchmarks.reliability {words}".strip()
    results = [_follow(name, parts[name](), command, given.into) for name in given.parts]
    return int(any(map(is_bad, results)))


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.reliability",
        description="Kill, starve and crowd a real server; fails where anything was lost or wrong.",
    )
    parser.add_argument("--data", type=Path, default=Path(".reconteur/demo"), help="built data folder (%(default)s)")
    parser.add_argument("--parts", type=_names, default=PARTS, help=f"of {','.join(PARTS)} (all)")
    parser.add_argument(
        "--faults", type=_faults, default=tuple(faults.FAULTS), help="those whose name holds one of these words (all)"
    )
    parser.add_argument("--quick", action="store_true", help="a tenth of everything")
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--erasures", type=int, default=200)
    parser.add_argument("--minutes", type=float, default=30, help="under load, while memory is watched (%(default)s)")
    parser.add_argument("--cases", type=int, default=10_000, help="for the contract of the API (%(default)s)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--into", type=Path, help="the document to write, such as docs/reliability.md")
    return parser.parse_args(arguments)


def _names(text: str) -> tuple[str, ...]:
    names = tuple(filter(None, text.split(",")))
    if set(names) <= set(PARTS):
        return names
    raise argparse.ArgumentTypeError(f"expected some of {', '.join(PARTS)} with commas between, found {text!r}")


def _faults(text: str) -> tuple[str, ...]:
    words = tuple(filter(None, text.split(",")))
    if names := tuple(name for name in faults.FAULTS if any(word in name for word in words)):
        return names
    raise argparse.ArgumentTypeError(
        f"expected words of {'; '.join(faults.FAULTS)} with commas between, found {text!r}"
    )


def _follow(name: str, part: Iterator[Found], command: str, into: Path | None) -> Found:
    """Run a part to its end, and write down after each step what it has found."""
    started, before, found = time.monotonic(), environment(), cast(Found, {})
    print(f"{name}: starting a server", file=sys.stderr, flush=True)
    for found in part:
        news = found[-1] if isinstance(found, list) else found
        seconds = round(time.monotonic() - started)
        print(f"{name}, {seconds} s: {json.dumps(news, ensure_ascii=False)}", file=sys.stderr, flush=True)
        _write(into, name, command + UNFINISHED, before, seconds, found)
    kept = _write(into, name, command, before, round(time.monotonic() - started), found)
    print(json.dumps({name: kept}, indent=1), flush=True)
    return found


def _write(
    into: Path | None, name: str, command: str, before: dict[str, JsonValue], seconds: int, found: Found
) -> dict[str, object]:
    kept = {"command": command, "environment": before, "seconds": seconds, "found": found}
    if into is not None:
        document.write(into, name, kept)
    return kept


def is_bad(part: Found) -> bool:
    """Whether a part found what must not be."""
    if isinstance(part, list):
        return any(row["wrong"] for row in part)
    names = ("lost", "users that came back", "users with bytes in a file", "failed batches")
    return any(part.get(name) for name in names)


def contract(data: Path, cases: int, seed: int) -> Iterator[Found]:
    """Requests made from the API's own description, by a command of their own: some thousands for each server."""
    failed = done = 0
    while done < cases:
        batch = min(BATCH, cases - done)
        words = ("--cases", str(batch), "--seed", str(seed + done), "--data", str(data))
        failed += subprocess.run([sys.executable, "-m", "benchmarks.contract", *words], check=False).returncode != 0
        done += batch
        yield {"cases": done, "of": cases, "failed batches": failed}


if __name__ == "__main__":
    sys.exit(main())
