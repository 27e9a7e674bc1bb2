"""The view of one's taste says no more than is believed."""

import pytest

from retrieval.tendencies import Tendency
from tests.ui.conftest import drain
from tests.ui.fakes import FakeAgent
from ui.page.actions import Actions
from ui.page.state import Session
from ui.page.views.table import draw_view


@pytest.mark.parametrize(
    ("mean", "deviation", "words"),
    [
        (-1.8, 0.95, "perhaps less than most · hardly known"),
        (-0.9, 0.95, "perhaps less than most · hardly known"),
        (0.1, 0.95, "hardly known"),
        (0.1, 0.7, "like most · a fair guess"),
        (0.5, 0.7, "perhaps more than most · a fair guess"),
        (0.9, 0.8, "more than most · a fair guess"),
        (0.9, 0.4, "far more than most · quite sure"),
    ],
)
async def test_the_less_is_known_the_less_is_said(
    agent: FakeAgent, session: Session, mean: float, deviation: float, words: str
):
    async def believed(_):
        return [Tendency("kinds", "party", mean, deviation)]

    agent.tendencies = believed
    session.view = "taste"

    drawn = (await draw_view(session, agent)).whole()

    assert f'<span class="meta">{words}</span>' in drawn


async def test_there_can_be_more_of_a_decade_or_less(actions: Actions, session: Session, agent: FakeAgent):
    session.view = "taste"

    await drain(actions.keeping.lean(session, "year:less:2010..2019"))
    drawn = (await draw_view(session, agent)).whole()

    assert [taste.key for taste in session.tastes] == ["year:less:2010..2019"]
    assert 'aria-pressed="true" aria-label="Less: 2010–2019"' in drawn
    assert 'aria-pressed="false" aria-label="More: 2010–2019"' in drawn


@pytest.mark.parametrize("value", ["", "x", "..", "None", "2010", "02010..2019", "1800..1809"])
async def test_what_is_no_span_of_years_is_not_kept(actions: Actions, session: Session, value: str):
    await drain(actions.keeping.lean(session, f"year:wish:{value}"))

    assert session.tastes == ()
