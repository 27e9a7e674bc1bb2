"""What one message says, before its titles are linked: filled by the rules, by the model, or by both."""

from collections.abc import Iterable
from dataclasses import dataclass

from agent.intent import Act
from retrieval.preference import Constraint, Wish
from retrieval.titles import normalize_title

OLDER, NEWER = "older", "newer"


@dataclass(frozen=True, slots=True)
class Mention:
    """A title (or '#2' for the second item shown) as the user wrote it."""

    text: str
    certain: bool = False
    """In quotes, or exactly a title with the right capitals: worth an 'I do not have it' when nothing fits."""

    @property
    def key(self) -> str:
        """The same for all spellings of one title."""
        return self.text if self.text.startswith("#") else normalize_title(self.text)


def unique(mentions: Iterable[Mention]) -> tuple[Mention, ...]:
    """Each mention once; of several spellings the last."""
    return tuple({one.key: one for one in mentions}.values())


@dataclass(frozen=True, slots=True)
class Reading:
    """The change that one message makes."""

    act: Act
    certain: bool = False
    """The act is beyond doubt: no model needs to be asked."""
    liked: tuple[Mention, ...] = ()
    disliked: tuple[Mention, ...] = ()
    seen: tuple[Mention, ...] = ()
    about: tuple[Mention, ...] = ()
    """What a question is about."""
    mentions: tuple[Mention, ...] = ()
    """Every title and reference found, with or without an opinion."""
    limits: tuple[Constraint, ...] = ()
    wishes: tuple[Wish, ...] = ()
    taken_back: tuple[str, ...] = ()
    """Words of tastes and limits that no longer hold ('gore is fine now')."""
    unmet: tuple[str, ...] = ()
    """Amounts asked for that the catalog says nothing of ('under 2 hours')."""
    relative: str = ""
    """OLDER or NEWER than what was just shown."""
    search: str = ""
    """A short description for semantic search, in English."""
    topic: str = ""
    """What a question asks: a field name, 'why', 'text' or ''."""
    count: int | None = None
    hurried: bool = False
    """'Just one, quickly': no guesses."""
    novelty: float | None = None
    """'Surprise me' moves the dial for this turn."""
    reply: str = ""
