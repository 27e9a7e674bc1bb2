"""What the model is given of one message: made the same way for a user's message and for an example."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from agent.drivers.acts import FIND
from agent.drivers.base import View
from agent.drivers.offline import Parsed, Spotter, by_rules
from agent.drivers.schema.form import Form, read_answer
from agent.drivers.schema.heard import SURE, Ear, amended
from agent.drivers.schema.hints import Draft
from agent.drivers.schema.question import form_of, question
from agent.drivers.text import Spot
from agent.drivers.vocabulary import READ

BY_DEFAULT = '{"do":"find"'
"""How a draft begins that read no decision: the model is not told one, or it would only repeat it."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One message as the model gets it."""

    form: Form
    question: str
    draft: str = BY_DEFAULT + "}"
    parsed: Parsed = field(default_factory=Parsed)
    """What the offline driver makes of the message: what the draft says, and more."""


def asked_about(
    view: View,
    spotter: Spotter,
    language: str = "en",
    ear: Ear | None = None,
    *,
    spots: Sequence[Spot] | None = None,
    parsed: Parsed | None = None,
) -> Asked:
    """What the model is asked about a message; a draft it gets in languages whose words code knows.

    Args:
        view: The turn.
        spotter: Finds what the catalog knows.
        language: The message's.
        ear: Has a say where it is sure of another reading of the words.
        spots: What the catalog knows in it, where that was found before.
        parsed: What the rules make of it, where they were asked before.
    """
    if language not in READ:
        form = form_of(view, spotter, is_drafted=False, language=language, spots=spots)
        return Asked(form, question(view, form, language=language))
    parsed = parsed or by_rules(view, spotter)
    spots = spotter.spot(view.message, shown=view.shown, language=language) if spots is None else spots
    form = form_of(view, spotter, has_count="count" in parsed.patch, language=language, spots=spots)
    if ear is not None and parsed.ending.tool == "recommend" and not parsed.ambiguous:
        parsed = heard_too(parsed, view, form, spotter, spots, language, ear)
    draft = Draft(parsed, form, spotter.placer, view.shown).line()
    told = draft.replace(BY_DEFAULT, "{", 1).replace("{,", "{", 1)
    return Asked(form, question(view, form, told, language), draft, parsed)


def heard_too(
    parsed: Parsed, view: View, form: Form, spotter: Spotter, spots: Sequence[Spot], language: str, ear: Ear
) -> Parsed:
    """A wish as the rules read it, amended by what the tagger is sure of."""
    heard = ear.hear(view.message, form, spots, act=FIND, language=language, least=SURE)
    draft = Draft(parsed, form, spotter.placer, view.shown).line()
    return amended(parsed, read_answer(draft, form).roles, heard, spotter.placer)
