"""Whether a sentence repeats what the model was told: its instructions are no secret, but nothing to say to a user."""

from functools import cache
from itertools import islice

from agent.examples import PLACE, template
from tools.placing import fold

PROMPTS = ("agent", "mend", "step", "words")
RUN = 7
"""Words in a row that only somebody who repeats the instructions says."""

Run = tuple[str, ...]


def repeats_instructions(sentence: str) -> bool:
    """Whether a sentence holds a run of words of a prompt."""
    return not _told().isdisjoint(_runs(sentence))


@cache
def _told() -> frozenset[Run]:
    """The runs of the prompts; their examples are answers that a model may give."""
    rules = (template(name).split("\n## example\n")[0] for name in PROMPTS)
    return frozenset(
        run for text in rules for line in text.splitlines() for part in PLACE.split(line) for run in _runs(part)
    )


def _runs(text: str) -> set[Run]:
    words = fold(text).split()
    return {tuple(islice(words, start, start + RUN)) for start in range(len(words) - RUN + 1)}
