"""Says a message anew, or has it answered anew: the conversation goes back to before it, then the turn runs."""

from contextlib import aclosing
from dataclasses import dataclass

from ui.page.actions import Actions
from ui.page.chat_turn import ChatTurn
from ui.page.parts import Changes, Region
from ui.page.state import Session
from ui.page.ways import can_be_edited, can_be_regenerated, name_of
from ui.page.words import word


@dataclass(frozen=True, slots=True)
class Anew:
    """Goes back and says again; holds nothing of any session."""

    actions: Actions

    async def edit(self, session: Session, name: str) -> Changes:
        """Let a message be changed in its place; '' for none."""
        located = find(session, name)
        session.editing = name if located is not None and can_be_edited(located[1]) else ""
        yield Region.LOG

    async def send(self, session: Session, name: str, message: str, key: str) -> Changes:
        """Say something in place of a message.

        Args:
            session: Whose.
            name: Of the exchange whose message it replaces.
            message: What is said.
            key: The browser's own name for it, see `Actions.send`.
        """
        is_new = key not in session.talk.received and bool(message.strip()) and not session.running
        if is_new and not await self._go_back(session, name):
            session.editing, session.draft = "", message
            session.notice = word("message_gone", session.language)
            yield Region.LOG | Region.INPUT | Region.REFUSED | Region.DRAFT
            return
        async with aclosing(self.actions.send(session, message, key)) as parts:
            async for part in parts:
                yield part

    async def regenerate(self, session: Session) -> Changes:
        """Answer the last message anew."""
        at = len(session.turns) - 1
        if at < 0 or session.running or not can_be_regenerated(session.turns[at]):
            return
        turn = session.turns[at]
        if await self._go_back(session, name_of(at, turn)):
            async with aclosing(self.actions.send(session, turn.message)) as parts:
                async for part in parts:
                    yield part

    async def _go_back(self, session: Session, name: str) -> bool:
        """Take an exchange and all after it back; False where it is not there, or has no message to be said anew."""
        located = find(session, name)
        if located is None or not can_be_edited(located[1]):
            return False
        at, turn = located
        talk = session.talk
        talk.status = "reading"  # nothing else begins meanwhile
        try:
            place = talk.conversation.place_of(turn.number)
            talk.conversation = await self.actions.agent.rewind(talk.conversation, place, language=session.language)
            await self.actions.people.refresh(session)
            del talk.turns[at:]
        finally:
            talk.status = ""
        session.editing, session.asked_why_not = "", (-1, "")
        return True


def find(session: Session, name: str) -> tuple[int, ChatTurn] | None:
    """The exchange of a name and its place; None where it is not there any more."""
    return next(((at, turn) for at, turn in enumerate(session.turns) if name_of(at, turn) == name), None)
