"""Log records that nothing in them can pose as another record, or act on the terminal that shows them."""

import logging

from retrieval.untrusted import visible


class RecordFormatter(logging.Formatter):
    """Sets every further line of a record in, and leaves out what a terminal would obey."""

    def format(self, record: logging.LogRecord) -> str:
        """A record as text."""
        return visible(super().format(record)).replace("\n", "\n    ")
