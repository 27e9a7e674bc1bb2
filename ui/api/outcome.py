"""How an answer is put: in words, in the client's form, or as calls of the client's own functions."""

import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from uuid import uuid4

from agent.client import ClientCall
from agent.conversation import Conversation
from agent.events import Event, Finished
from agent.intent import Act, Intent
from agent.recommendation import Reply
from ui.api.asking import Asked
from ui.api.writing import Writing


@dataclass(frozen=True, slots=True)
class Outcome:
    """The answer of a finished turn."""

    content: str | None = None
    refusal: str | None = None
    """In place of a form that the answer has nothing for: a question, or words alone."""
    calls: tuple[ClientCall, ...] = ()

    @property
    def finish(self) -> str:
        """Why it ends, as OpenAI names it."""
        return "tool_calls" if self.calls else "stop"


Render = Callable[[Writing], Outcome]


def in_words(writing: Writing) -> Outcome:
    """The list and the prose, or the calls that the client has to carry out first."""
    calls = writing.reply.calls if writing.reply is not None else ()
    return Outcome(calls=calls) if calls else Outcome(writing.text)


def rendering(asked: Asked) -> Render:
    """How the answer of a request is put."""
    form = asked.form
    if form is None:
        return in_words

    def in_form(writing: Writing) -> Outcome:
        reply = writing.reply
        if reply is None or reply.calls:
            return in_words(writing)
        value = form.filled(reply)
        if value is None:
            return Outcome(writing.text) if asked.function else Outcome(refusal=writing.text)
        filled = json.dumps(value, ensure_ascii=False)
        if not asked.function:
            return Outcome(filled)
        return Outcome(calls=(ClientCall(f"call_{uuid4().hex}", asked.function, filled),))

    return in_form


def saying(text: str) -> Render:
    """A text as it is."""
    return lambda _: Outcome(text)


async def one_reply(conversation: Conversation, text: str) -> AsyncIterator[Event]:
    """The events of an answer that no agent gave."""
    yield Finished(Reply(text, conversation, Intent(Act.ANSWER, conversation.preference, kind="talk")))
