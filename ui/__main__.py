"""`reconteur` and `python -m ui`: an error that was raised on purpose ends in one clear line, not in a traceback."""

import sys

from retrieval.errors import RecommenderError
from retrieval.untrusted import visible
from ui.cli import app


def main() -> None:
    """Run the command line."""
    try:
        app(prog_name="reconteur")
    except RecommenderError as error:
        sys.stderr.write(f"reconteur: {visible(str(error))}\n")
        sys.exit(1)


if __name__ == "__main__":
    main()
