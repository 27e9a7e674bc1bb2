"""Ids in paths: whole rests of them, since an id that a client brings may hold a slash.

A slash of an id is best written %2F; unwritten it works, too, unless the id ends like the name of a part of a user.
"""

from starlette.convertors import Convertor, register_url_convertor

from ui.edge.requests import SLASH


class _Rest(Convertor[str]):
    """All that is left of a path."""

    regex = ".+"

    def convert(self, value: str) -> str:
        return value.replace(SLASH, "/")

    def to_string(self, value: str) -> str:
        return value.replace("/", SLASH)


class _User(_Rest):
    """The same, but neither of the parts of a user that have a path of their own."""

    regex = ".+(?<!/profile)(?<!/export)"


register_url_convertor("rest", _Rest())
register_url_convertor("user", _User())
