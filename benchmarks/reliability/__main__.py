"""`python -m benchmarks.reliability`: kill, starve and crowd a real server, and write down what it lost."""

import argparse
import importlib.util
import json
import logging
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.reliability import document, erasures, faults, kills, memory
from benchmarks.report import environment

PARTS = ("faults", "kills", "erasures", "memory", "contract")


def main(arguments: list[str] | None = None) -> int:
    """Run the parts, print each as JSON, write docs/reliability.md; fails where anything was lost or wrong."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.reliability", description=main.__doc__)
    parser.add_argument("--data", type=Path, default=Path(".reconteur/demo"), help="built data folder (%(default)s)")
    parser.add_argument("--only", nargs="*", choices=PARTS, default=PARTS, help="these parts alone")
    parser.add_argument("--quick", action="store_true", help="a tenth of everything")
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--erasures", type=int, default=200)
    parser.add_argument("--minutes", type=float, default=30, help="under load, while memory is watched (%(default)s)")
    parser.add_argument("--cases", type=int, default=10_000, help="for the contract of the API (%(default)s)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--into", type=Path, help="the document to write, such as docs/reliability.md")
    given = parser.parse_args(arguments)
    logging.basicConfig(level=logging.WARNING)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that its servers end with it
    share = 10 if given.quick else 1
    parts: dict[str, Callable[[], object]] = {
        "faults": lambda: faults.run(given.data, first=3 if given.quick else len(faults.FAULTS)),
        "kills": lambda: kills.run(given.data, kills=given.kills // share, seed=given.seed),
        "erasures": lambda: erasures.run(given.data, erasures=given.erasures // share, seed=given.seed),
        "memory": lambda: memory.run(given.data, minutes=given.minutes / share, seed=given.seed),
        "contract": lambda: contract(given.cases // share),
    }
    words = " ".join(sys.argv[1:] if arguments is None else arguments)
    are_bad = []
    for name in given.only:
        started, before = time.monotonic(), environment()
        found = parts[name]()
        are_bad.append(is_bad(found))
        part = {
            "command": f"python -m benchmarks.reliability {words}".strip(),
            "environment": before,
            "seconds": round(time.monotonic() - started),
            "found": found,
        }
        print(json.dumps({name: part}, indent=1), flush=True)
        if given.into is not None:
            document.write(given.into, name, part)
    return int(any(are_bad))


def is_bad(part: object) -> bool:
    """Whether a part found what must not be."""
    if isinstance(part, list):
        return any(row["wrong"] for row in part)
    names = ("lost", "users that came back", "users with bytes in a file", "exit status")
    return isinstance(part, dict) and any(part.get(name) for name in names)


def contract(cases: int) -> dict[str, object]:
    """Requests made from the API's own description, by a command of their own where there is one."""
    if importlib.util.find_spec("benchmarks.contract") is None:
        return {"cases": 0, "note": "benchmarks.contract is not there"}
    done = subprocess.run([sys.executable, "-m", "benchmarks.contract", "--cases", str(cases)], check=False)
    return {"cases": cases, "exit status": done.returncode}


if __name__ == "__main__":
    sys.exit(main())
