"""What is kept of a user by clicks in the page's views; `ui.page.actions` has what belongs to the conversation."""

import asyncio
from dataclasses import dataclass

from ui.page.agents import ChatAgent
from ui.page.parts import Changes, Part
from ui.page.people import People
from ui.page.state import Session


@dataclass(frozen=True, slots=True)
class Keeping:
    """Changes what is kept; holds nothing of any session."""

    people: People

    @property
    def agent(self) -> ChatAgent:
        """The agent."""
        return self.people.agent

    async def save(self, session: Session, item_id: str) -> Changes:
        """Put an item on the watchlist."""
        self.agent.retriever.catalog.item(item_id)
        await self.people.ensure_user(session)
        if session.user is not None:
            await asyncio.to_thread(self.agent.state.save_item, session.user.user_id, item_id)
        await self.people.refresh(session)
        yield Part.LOG | Part.BROWSER

    async def unsave(self, session: Session, item_id: str) -> Changes:
        """Take an item off the watchlist."""
        if session.user is not None:
            await asyncio.to_thread(self.agent.state.unsave_item, session.user.user_id, item_id)
            await self.people.refresh(session)
        yield Part.LOG
