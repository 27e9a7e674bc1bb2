"""What happens on the page: each action changes one session and says which parts of the page to draw anew.

Knows no Gradio: an action is an async generator, so it can be tested by itself.
"""

import asyncio
from collections.abc import Callable
from contextlib import aclosing, suppress
from dataclasses import dataclass, field, replace

from agent.conversation import Role, Turn
from agent.intent import PERSON
from agent.wording.messages import title, title_of
from retrieval.errors import RecommenderError
from retrieval.items import Catalog
from retrieval.preference import Preference
from retrieval.state import FeedbackKind
from retrieval.untrusted import as_json
from tools.patch import start_anew
from ui.access.caller import Caller
from ui.page.agents import ChatAgent
from ui.page.chat_turn import ChatTurn
from ui.page.keeping import Keeping
from ui.page.parts import Changes, Region
from ui.page.people import UserSessions
from ui.page.sidebar import demo_name
from ui.page.state import Session
from ui.page.talk import Talks
from ui.page.turns import Turns
from ui.page.words import word

ANYBODY = Caller()
MOST_PICKS = 12
MOST_DEMO_USERS = 6
_LONGEST_NAME = 60


@dataclass(frozen=True, slots=True)
class Actions:
    """All actions over one agent; holds nothing of any session."""

    find_agent: Callable[[], ChatAgent]
    talks: Talks = field(default_factory=Talks)
    """What pages have open, and what goes on without them."""

    @property
    def people(self) -> UserSessions:
        """Users and their conversations."""
        return UserSessions(self.find_agent, self.talks)

    @property
    def turns(self) -> Turns:
        """Runs turns."""
        return Turns(self.people)

    @property
    def keeping(self) -> Keeping:
        """What views change of what is kept."""
        return Keeping(self.people)

    @property
    def agent(self) -> ChatAgent:
        """The agent, which may be made after the page."""
        return self.find_agent()

    @property
    def catalog(self) -> Catalog:
        """The agent's catalog."""
        return self.agent.retriever.catalog

    def picks(self) -> list[str]:
        """The item ids of the taste picker."""
        return [item_id for item_id in self.agent.retriever.popular_diverse(MOST_PICKS) if item_id in self.catalog]

    def demo_users(self) -> list[str]:
        """A few people of the data set."""
        return list(self.agent.retriever.dataset_users(MOST_DEMO_USERS))

    async def open(self, browser: object, language: str, caller: Caller = ANYBODY) -> Session:
        """A session from what the browser kept; users and conversations that are gone are left out."""
        return await self.people.open(browser, language, caller)

    async def send(self, session: Session, message: str, key: str = "") -> Changes:
        """Answer a message.

        Args:
            session: Whose.
            message: What was said.
            key: The browser's own name for it: it sends again what it does not know to have arrived.
        """
        session.notice, session.received = "", key
        if key and key in session.talk.received:
            yield Region.RECEIVED
        elif session.running:
            session.notice = word("busy", session.language)
            yield Region.INPUT | Region.REFUSED
        elif not message.strip():
            wishes = self.catalog.schema.wishes
            wish = next(iter(wishes.get(session.language) or wishes.get("en", ())), "…")
            session.notice = word("empty", session.language, wish=wish)
            yield Region.INPUT | Region.REFUSED
        else:
            if message == PERSON:  # a button says it, in the page's language
                wanted = replace(session.conversation.preference, language=session.language)
                session.talk.conversation = replace(session.conversation, preference=wanted)
            self._begin(session, message, key)
            async with aclosing(self._run(session, message)) as parts:
                async for part in parts:
                    yield part

    async def again(self, session: Session) -> Changes:
        """Answer the last message, to which no answer was found."""
        if session.turns and session.turns[-1].is_unanswered and not session.running:
            async with aclosing(self.send(session, session.turns[-1].message)) as parts:
                async for part in parts:
                    yield part

    async def only_newest(self, session: Session) -> Changes:
        """Answer the last message once more as if nothing had been wished for before it; what lasts stays."""
        if session.turns and session.turns[-1].message and not session.running:
            wanted = start_anew(session.conversation.preference)
            session.talk.conversation = replace(session.conversation, preference=wanted)
            async with aclosing(self.send(session, session.turns[-1].message)) as parts:
                async for part in parts:
                    yield part

    async def sync(self, session: Session, number: str) -> Changes:
        """Bring a page up to date that looks again, or has missed something; `number` is that of its last patch."""
        if number != str(session.drawn.number):
            session.drawn.forget()
            session.drawn_view.forget()
            session.sent.clear()
        yield Region.ALL
        if session.running:
            async with aclosing(self.follow(session)) as parts:
                async for part in parts:
                    yield part

    async def follow(self, session: Session) -> Changes:
        """What another page, or this one before it was loaded anew, has begun."""
        async for part in session.talk.watch():
            yield part
        await self.people.refresh(session)
        yield Region.ALL

    def _begin(self, session: Session, message: str, key: str) -> None:
        talk = session.talk
        talk.status, session.draft = "reading", ""
        if key:
            talk.received.append(key)
        if talk.turns and talk.turns[-1].is_unanswered and talk.turns[-1].message == message:
            talk.turns.pop()
            talk.conversation = replace(talk.conversation, turns=talk.conversation.turns[:-1])
        talk.turns.append(ChatTurn(message, number=talk.conversation.next_number))

    async def _run(self, session: Session, message: str) -> Changes:
        with suppress(RecommenderError):  # the turn will meet it again, and say so
            await self.people.ensure_user(session)
        yield Region.LOG | Region.LIVE | Region.INPUT | Region.DRAFT | Region.RECEIVED | Region.BROWSER
        turn = self.turns.run(session, message, lambda: self.agent.stream(session.conversation, message))
        async with aclosing(self.talks.run(session.talk, turn)) as parts:
            async for part in parts:
                yield part

    async def rerank(self, session: Session, *, remove: str | None = None, novelty: float | None = None) -> Changes:
        """Sort the last list anew, in its place."""
        if session.running or not session.turns:
            return
        session.talk.status, session.notice = "reranking", ""
        if session.turns[-1].has_cards and not session.turns[-1].has_list:  # an answer stays where it is
            session.turns.append(ChatTurn(""))
        before = session.turns[-1]
        session.turns[-1] = replace(before, text="", trace=None, tools=(), error="", stopped=False)
        yield Region.LOG | Region.LIVE | Region.RAIL | Region.INPUT
        run = self.turns.run(
            session,
            "",
            lambda: self.agent.rerank(session.conversation, remove=remove, novelty=novelty),
            before,
        )
        async with aclosing(self.talks.run(session.talk, run)) as parts:
            async for part in parts:
                yield part

    def others(self, session: Session) -> Changes:
        """A list without what was shown last, as if that had been said; without the model."""
        wanted = session.conversation.preference
        passed = dict.fromkeys((*wanted.passed_over, *session.conversation.last_shown()))
        wanted = replace(wanted, passed_over=tuple(passed))
        return self._said(session, word("show_others", wanted.language), wanted)

    async def more_like(self, session: Session, item_id: str) -> Changes:
        """A list of what is like an item, within the limits that hold, as if that had been said; without the model."""
        wanted, item = session.conversation.preference, self.catalog.item(item_id)
        liked = tuple(dict.fromkeys((*wanted.liked, item_id)))
        wanted = replace(wanted, text="", wishes=(), leanings=(), examples=(item_id,), liked=liked)
        text = word("more_like", wanted.language, title=title_of(item, wanted.language))
        async with aclosing(self._said(session, text, wanted)) as parts:
            async for part in parts:
                yield part

    async def why_not(self, session: Session, title_said: str) -> Changes:
        """Say why something is not on the last list, below it."""
        matches = self.catalog.find_title(title_said[:_LONGEST_NAME], limit=1)
        language = session.turns[-1].language(session.language) if session.turns else session.language
        told = word("why_not_unknown", language, title=title(title_said[:_LONGEST_NAME], language))
        if matches:
            told = await self.agent.why_not(session.conversation, matches[0].item_id, language=language)
        session.asked_why_not = (len(session.turns) - 1, told)
        yield Region.LOG

    async def _said(self, session: Session, text: str, wanted: Preference) -> Changes:
        """What a click asks for, as an exchange of its own."""
        if session.running:
            return
        talk = session.talk
        talk.turns.append(ChatTurn(text, number=talk.conversation.next_number))
        talk.conversation = replace(talk.conversation.add(Turn(Role.USER, text)), preference=wanted)
        async with aclosing(self.rerank(session)) as parts:
            async for part in parts:
                yield part

    async def stop(self, session: Session) -> Changes:
        """End the running turn; what it has brought stays."""
        if session.talk.running is not None:
            session.talk.running.stop()
        session.notice = ""
        yield Region.INPUT

    async def show_picks(self, session: Session) -> Changes:
        """A first list from the taste picker, without the model."""
        if session.running:
            return
        session.turns.append(ChatTurn("", title=word("from_taps", session.language)))
        async with aclosing(self.rerank(session)) as parts:
            async for part in parts:
                yield part

    async def dial(self, session: Session, value: float) -> Changes:
        """Move the dial; a list that is shown is sorted anew."""
        novelty = min(1.0, max(0.0, value))
        if session.user is not None:
            session.user = await self.people.set_novelty(session.user.user_id, novelty)
            session.users = [session.user if user.user_id == session.user.user_id else user for user in session.users]
        preference = replace(session.conversation.preference, novelty=novelty)
        session.talk.conversation = replace(session.conversation, preference=preference)
        yield Region.RAIL
        if session.conversation.all_shown():
            async with aclosing(self.rerank(session, novelty=novelty)) as parts:
                async for part in parts:
                    yield part

    async def switch_one_at_a_time(self, session: Session) -> Changes:
        """From lists to one item at a time, or back; what comes next is shown so."""
        is_on = not session.one_at_a_time
        if session.user is not None:
            session.user = await self.people.set_one_at_a_time(session.user.user_id, is_on)
            session.users = [session.user if user.user_id == session.user.user_id else user for user in session.users]
        preference = replace(session.conversation.preference, count=1 if is_on else Preference().count)
        session.talk.conversation = replace(session.conversation, preference=preference)
        yield Region.RAIL

    async def feedback(self, session: Session, item_id: str, kind: str) -> Changes:
        """Take in an opinion; another opinion about the same item replaces the first."""
        await self.people.ensure_user(session)
        if item_id in session.feedback:
            await self._undo(session, session.feedback[item_id][1], item_id)
        session.talk.conversation, _ = await self.agent.feedback(session.conversation, item_id, FeedbackKind(kind))
        await self._touched(session, item_id)
        yield Region.LOG | Region.RAIL | Region.BROWSER

    async def undo(self, session: Session, item_id: str) -> Changes:
        """Take back the opinion about an item."""
        if item_id in session.feedback:
            await self._undo(session, session.feedback[item_id][1], item_id)
            await self._touched(session, item_id)
        yield Region.LOG

    async def pick(self, session: Session, choice: str) -> Changes:
        """Become another user of this browser ('own:0'), or continue a person of the data set ('data:42')."""
        kind, _, name = choice.partition(":")
        if session.running:
            session.notice = word("busy", session.language)
        elif kind == "own" and name.isdecimal() and int(name) < len(session.users):
            session.user = session.users[int(name)]
            await self.people.restart(session)
        elif kind == "data" and name in self.demo_users():
            await self.people.add_user(session, demo_name(name, session.language), name)
            await self.people.restart(session)
        yield Region.ALL

    async def create(self, session: Session, name: str) -> Changes:
        """Make a new user, known to this browser alone."""
        if session.running:
            session.notice = word("busy", session.language)
        else:
            await self.people.add_user(session, " ".join(name.split())[:_LONGEST_NAME], None)
            await self.people.restart(session)
        yield Region.ALL

    async def new_conversation(self, session: Session) -> Changes:
        """Begin anew with the same user."""
        if session.running:
            session.notice = word("busy", session.language)
        else:
            await self.people.restart(session)
        yield Region.ALL

    async def reopen(self, session: Session, conversation_id: str) -> Changes:
        """Go on with an earlier conversation of the user."""
        if session.running:
            session.notice = word("busy", session.language)
        elif any(row.conversation_id == conversation_id for row in session.rows):
            session.notice = ""
            if not await self.people.load(session, conversation_id):
                session.notice = word("gone", session.language)
        yield Region.ALL

    async def drop_taste(self, session: Session, key: str) -> Changes:
        """Take a lasting taste back, in the running conversation too."""
        if session.user is None:
            return
        await asyncio.to_thread(self.agent.state.drop_taste, session.user.user_id, key)
        await self.people.refresh(session)
        wanted = session.conversation.preference
        yield Region.RAIL
        if wanted == wanted.without(key) or session.running:
            return
        if session.conversation.all_shown():
            async with aclosing(self.rerank(session, remove=key)) as parts:
                async for part in parts:
                    yield part
        else:
            session.talk.conversation = replace(session.conversation, preference=wanted.without(key))

    async def export(self, session: Session) -> Changes:
        """Hand all that is kept to the browser, which saves it; nothing of it stays here."""
        if session.user is not None:
            data = await self.agent.export(session.user.user_id)
            session.download = as_json(data)
            session.notice = word("exported", session.language)
            yield Region.DOWNLOAD | Region.INPUT
            session.download = ""

    async def ask_erase(self, session: Session, *, ask: bool) -> Changes:
        """Ask before erasing, or stop asking."""
        session.confirming = ask
        yield Region.RAIL

    async def erase(self, session: Session) -> Changes:
        """Erase the user for good and begin anew without one."""
        if session.user is None or session.running or not session.confirming:
            return
        gone = session.user
        await self.agent.erase(gone.user_id, who=session.caller.name)
        session.users = [user for user in session.users if user.user_id != gone.user_id]
        session.user = None
        await self.people.restart(session)
        session.notice = word("erased", session.language, name=gone.name or word("guest", session.language))
        yield Region.ALL

    async def _undo(self, session: Session, feedback_id: str, item_id: str) -> None:
        session.talk.conversation = await self.agent.undo(session.conversation, feedback_id)
        session.talk.touched.add(item_id)

    async def _touched(self, session: Session, item_id: str) -> None:
        if session.running:
            session.talk.touched.add(item_id)
        else:
            session.talk.touched.clear()
        await self.people.refresh(session)
