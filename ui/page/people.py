"""Who sits before an open page: the browser's own users, their conversations, and what is kept of them."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace

from pydantic import ValidationError

from retrieval.errors import UnknownUserError
from retrieval.state import User
from ui.access.caller import Caller
from ui.page.agents import ChatAgent
from ui.page.chat_turn import turns_of
from ui.page.state import MOST_OWN_USERS, Browser, Session
from ui.page.talk import Talk, Talks


@dataclass(frozen=True, slots=True)
class UserSessions:
    """Brings users and conversations into a session; holds nothing of any session."""

    find_agent: Callable[[], ChatAgent]
    talks: Talks

    @property
    def agent(self) -> ChatAgent:
        """The agent, which may be made after the page."""
        return self.find_agent()

    async def open(self, browser: object, language: str, caller: Caller) -> Session:
        """A session from what the browser kept; users and conversations that are gone are left out.

        Somebody who is logged in has the users of the account, whichever browser made them.
        """
        kept = _read_browser(browser)
        may_share = self.agent.settings.access.share_days > 0
        session = Session(language=language, caller=caller, may_share=may_share)
        for user_id in await self._own_users() if caller.account else kept.users:
            user = await self._find(user_id)
            if user is not None:
                session.users.append(user)
        session.user = next((user for user in session.users if user.user_id == kept.current), None)
        self._begin(session)
        await self.refresh(session)
        if kept.conversation and any(row.conversation_id == kept.conversation for row in session.rows):
            await self.load(session, kept.conversation)
        return session

    async def ensure_user(self, session: Session) -> None:
        """Somebody who did not choose gets a private user with the first thing worth keeping."""
        if session.user is None:
            await self.add_user(session, "", None)
            self._adopt(session)

    async def add_user(self, session: Session, name: str, dataset_user: str | None) -> None:
        """A new user of this browser, who sits here now."""
        user = await asyncio.to_thread(self.agent.state.create_user, name, dataset_user=dataset_user)
        if dataset_user is None and session.user is None:
            user = await self.set_novelty(user.user_id, session.novelty)
            user = await self.set_one_at_a_time(user.user_id, session.one_at_a_time)
        session.users = [*session.users, user][-MOST_OWN_USERS:]
        session.user = user

    async def set_novelty(self, user_id: str, novelty: float) -> User:
        """Keep where a user's dial stands; the user as they are now."""
        await asyncio.to_thread(self.agent.state.set_novelty, user_id, novelty)
        return await asyncio.to_thread(self.agent.state.user, user_id)

    async def set_one_at_a_time(self, user_id: str, is_on: bool) -> User:
        """Keep whether a user wants one item at a time; the user as they are now."""
        await asyncio.to_thread(self.agent.state.set_one_at_a_time, user_id, is_on)
        return await asyncio.to_thread(self.agent.state.user, user_id)

    async def restart(self, session: Session) -> None:
        """Begin an empty conversation of the present user."""
        self._begin(session)
        await self.refresh(session)

    async def load(self, session: Session, conversation_id: str) -> bool:
        """Go on with a conversation of the present user, as another page has it open; False where there is none."""
        user_id = None if session.user is None else session.user.user_id
        talk = self.talks.find(self._realm, conversation_id) or await self._read(conversation_id)
        if talk is None or talk.conversation.user_id != user_id:
            return False
        session.talk, session.editing, session.shared = self.talks.add(self._realm, talk), "", None
        return True

    async def _read(self, conversation_id: str) -> Talk | None:
        conversation = await self.agent.conversations.load(conversation_id)
        if conversation is None:
            return None
        return Talk(
            conversation, turns_of(conversation, self.agent.retriever.catalog, await self.agent.shown(conversation))
        )

    @property
    def _realm(self) -> str:
        return self.agent.state.realm

    async def refresh(self, session: Session) -> None:
        """Read what is kept about the user."""
        if session.user is None:
            session.feedback, session.tastes, session.saved, session.rows = {}, (), (), ()
            return
        state, user_id = self.agent.state, session.user.user_id
        given = await asyncio.to_thread(state.feedback_of, user_id)
        session.feedback = {opinion.item_id: (str(opinion.kind), str(opinion.feedback_id)) for opinion in given}
        session.tastes = tuple(await asyncio.to_thread(state.tastes_of, user_id))
        session.saved = tuple(await asyncio.to_thread(state.watchlist_of, user_id))
        rows = await asyncio.to_thread(state.conversations_of, user_id)
        session.rows = tuple(sorted(rows, key=lambda row: row.updated_at, reverse=True))

    async def _own_users(self) -> list[str]:
        newest = await asyncio.to_thread(self.agent.state.list_users, MOST_OWN_USERS)
        return [user.user_id for user in reversed(newest)]

    async def _find(self, user_id: str) -> User | None:
        try:
            return await asyncio.to_thread(self.agent.state.user, user_id)
        except UnknownUserError:
            return None

    def _begin(self, session: Session) -> None:
        session.talk = self.talks.add(self._realm, Talk())
        session.notice, session.confirming, session.draft = "", False, ""
        session.editing, session.shared = "", None
        self._adopt(session)
        # what is too short to tell its language is in that of the page
        preference = replace(session.conversation.preference, language=session.language)
        if session.user is not None:
            count = 1 if session.user.one_at_a_time else preference.count
            preference = replace(preference, novelty=session.user.novelty, count=count)
        session.talk.conversation = replace(session.conversation, preference=preference)

    def _adopt(self, session: Session) -> None:
        user_id = None if session.user is None else session.user.user_id
        session.talk.conversation = replace(session.conversation, user_id=user_id)


def _read_browser(browser: object) -> Browser:
    try:
        return Browser.model_validate(browser or {})
    except ValidationError:
        return Browser()
