r"""The written form of a list of recommendations: made here, read back here, and nowhere else.

A client that knows only chat messages shows this text and sends it back with its next request; the agent then finds
out from it what was on the cards. So the form is regular (documented in docs/api.md):

- a line of the list is `N. **Label**: reason`, N counting from 1 without gaps, the label as in `Item.label`;
- near misses follow a line that is one of `NEAR_HEADINGS`, counted from 1 again;
- a notice is a line that starts with `> `;
- items side by side are a table, whose lines begin with `|`;
- everything else is prose. In a label a backslash stands before each of `\\ * _ ~ [ ] < backtick`.

What catalogs, people and models wrote stands in it as words (`agent.markdown`): no link of theirs works.
"""

import re
from collections.abc import Iterable, Sequence

from agent.markdown import escaped, with_addresses, without_addresses
from agent.recommendation import Recommendation, Table
from agent.wording.messages import LANGUAGES, say, sentence
from retrieval.untrusted import visible

NEAR_HEADINGS = {language: f"**{say('near_heading', language)}**" for language in LANGUAGES}
_COLON = {"zh": "：", "ja": "："}
_SPECIAL = re.compile(r"([\\*_~\[\]<`]|&(?=#?\w{1,31};))")
_ESCAPED = re.compile(r"\\([\\*_~\[\]<`&])")
_LINE = re.compile(r"(\d{1,3})\. \*\*((?:[^*\\]|\\.)+)\*\*(?:[:：].*)?")


def render_list(
    recommendations: Sequence[Recommendation],
    near_misses: Sequence[Recommendation] = (),
    notices: Sequence[str] = (),
    language: str = "en",
) -> str:
    """The list with its reasons, the labeled near misses and the notices; '' when there is nothing of it."""
    blocks = [_numbered(recommendations, language)]
    if near_misses:
        heading = NEAR_HEADINGS.get(language, NEAR_HEADINGS["en"])
        blocks.append(f"{heading}\n\n{_numbered(near_misses, language)}")
    blocks.append(render_notices(notices))
    return "\n\n".join(block for block in blocks if block)


def render_table(table: Table) -> str:
    """Items side by side as a Markdown table; a bar in a text is written as one, and begins no column."""
    lines = [("", *table.heads), *((label, *cells) for label, cells in table.rows)]
    written = [f"| {' | '.join(_cell(text) for text in line)} |" for line in lines]
    return "\n".join([written[0], "|" + " --- |" * len(lines[0]), *written[1:]])


def _cell(text: str) -> str:
    return escaped(_one_line(text), begins_line=False).replace("|", "\\|")


def render_notices(notices: Iterable[str]) -> str:
    """Each notice on a line of its own."""
    return "\n".join(f"> {escaped(_one_line(notice))}" for notice in notices)


def shown_titles(content: str) -> list[str]:
    """The labels of the list, in order, near misses left out."""
    return _counted(_parts(content)[0])


def near_titles(content: str) -> list[str]:
    """The labels of the near misses, in order."""
    return _counted(_parts(content)[1])


def _numbered(recommendations: Sequence[Recommendation], language: str) -> str:
    return "\n".join(_line(number, card, language) for number, card in enumerate(recommendations, start=1))


def _line(number: int, recommendation: Recommendation, language: str) -> str:
    label = _SPECIAL.sub(r"\\\1", without_addresses(_one_line(recommendation.item.label)))
    guess = sentence(say("guess_mark", language)) if recommendation.exploratory else ""
    told = say("reasons_join", language).join(filter(None, (guess, recommendation.explanation.text)))
    reason = ": ".join(filter(None, (recommendation.slot, told)))
    reason = escaped(_one_line(reason), begins_line=False)
    colon = _COLON.get(language, ": ") if reason else ""
    return f"{number}. **{label}**{colon}{reason}"


def _one_line(text: str) -> str:
    return visible(" ".join(text.split()))


def _parts(content: str) -> tuple[list[str], list[str]]:
    """The lines before and after the heading of the near misses."""
    lines = [line.strip() for line in content.splitlines()]
    for at, line in enumerate(lines):
        if line in NEAR_HEADINGS.values():
            return lines[:at], lines[at + 1 :]
    return lines, []


def _counted(lines: Iterable[str]) -> list[str]:
    """The labels of the lines that count 1, 2, 3 ...; a line out of turn belongs to the prose."""
    labels: list[str] = []
    for line in lines:
        match = _LINE.fullmatch(line)
        if match and int(match[1]) == len(labels) + 1:
            labels.append(with_addresses(_ESCAPED.sub(r"\1", match[2])))
    return labels
