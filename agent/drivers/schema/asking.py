"""What the model is given of one message: made the same way for a user's message and for an example."""

from dataclasses import dataclass, field

from agent.drivers.base import View
from agent.drivers.offline import Parsed, Spotter, by_rules
from agent.drivers.schema.form import Form
from agent.drivers.schema.hints import Draft
from agent.drivers.schema.question import form_of, question
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


def asked_about(view: View, spotter: Spotter, language: str = "en") -> Asked:
    """What the model is asked about a message; a draft it gets in languages whose words code knows.

    Args:
        view: The turn.
        spotter: Finds what the catalog knows.
        language: The message's.
    """
    if language not in READ:
        form = form_of(view, spotter, is_drafted=False, language=language)
        return Asked(form, question(view, form, language=language))
    parsed = by_rules(view, spotter)
    form = form_of(view, spotter, has_count="count" in parsed.patch, language=language)
    draft = Draft(parsed, form, spotter.placer, view.shown).line()
    told = draft.replace(BY_DEFAULT, "{", 1).replace("{,", "{", 1)
    return Asked(form, question(view, form, told, language), draft, parsed)
