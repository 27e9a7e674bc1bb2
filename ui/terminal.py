"""Talking in the terminal: cards as panels, then the prose as it is written; slash commands for the rest."""

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from io import TextIOWrapper
from typing import TYPE_CHECKING

from rich.console import Console, Group
from rich.panel import Panel
from rich.table import Table as RichTable
from rich.text import Text

from agent.conversation import Conversation
from agent.events import Compared, Event, Finished, Recommended, TextDelta, Understood
from agent.intent import PERSON
from agent.recommendation import Recommendation, Reply, Table
from agent.transcript import NEAR_HEADINGS
from agent.wording.values import card_facts
from retrieval.errors import RecommenderError
from retrieval.untrusted import as_json, visible

if TYPE_CHECKING:
    from agent.agent import Agent

HELP = """Say what you feel like, or:
  /like 2   /dislike 2   /seen 2   an opinion about card 2      /undo       take the last one back
  /why 2    what the reason of card 2 rests on                  /dial 0.7   0 safe ... 1 adventurous
  /export   everything stored about you                         /erase      delete it for good
  /person   to a person, where the house has one                /help       this
  /quit     end"""
OPINIONS = {"/like": "Noted: you like", "/dislike": "Noted: not for you:", "/seen": "Noted: you know"}


class Quit(Exception):  # noqa: N818  not an error
    """The user wants to leave."""


class UsageError(RecommenderError):
    """A command that cannot be followed as it was written."""


class TerminalChat:
    """One conversation of one user."""

    def __init__(self, agent: "Agent", user_id: str, console: Console) -> None:
        self.agent = agent
        self.user_id = user_id
        self.console = console
        self.conversation = Conversation(user_id=user_id)
        self.cards: tuple[Recommendation, ...] = ()
        self._given: list[str] = []
        self._in_prose = False
        self._language = self.conversation.preference.language

    async def open(self) -> None:
        """Make the user where there is none, and greet."""
        user = await asyncio.to_thread(self.agent.state.ensure_user, self.user_id)
        preference = replace(self.conversation.preference, novelty=user.novelty)
        self.conversation = replace(self.conversation, preference=preference)
        schema = self.agent.retriever.catalog.schema
        size = self.agent.retriever.catalog.size
        self._say(f"{size:,} {schema.nouns_in('en')} to choose from. Say what you feel like; /help shows commands.")

    async def handle(self, line: str) -> None:
        """Answer one line.

        Raises:
            Quit: It says goodbye.
        """
        words = line.split()
        if not words:
            return
        try:
            if words[0].startswith("/"):
                await self._command(words[0].casefold(), words[1:])
            else:
                await self._show(self.agent.stream(self.conversation, line))
        except RecommenderError as error:
            self._say(str(error), style="red")

    async def _command(self, name: str, arguments: list[str]) -> None:
        match name:
            case "/quit" | "/exit" | "/q":
                raise Quit
            case "/help" | "/?":
                self._say(HELP)
            case "/like" | "/dislike" | "/seen":
                await self._give(name, self._card(name, arguments))
            case _ if name == PERSON:
                await self._show(self.agent.stream(self.conversation, PERSON))
            case "/undo":
                await self._undo()
            case "/why":
                self._why(self._card(name, arguments))
            case "/dial":
                await self._turn_dial(arguments)
            case "/export":
                exported = await self.agent.export(self.user_id)
                self._say(as_json(exported))
            case "/erase":
                await self._erase(arguments)
            case _:
                raise UsageError(f"expected a command, found {name}. /help shows them all.")

    async def _show(self, events: AsyncIterator[Event]) -> None:
        self._in_prose = False
        async for event in events:
            match event:
                case Understood(intent):
                    self._language = intent.preference.language
                    if intent.chips:
                        self._say("Understood: " + ", ".join(chip.label for chip in intent.chips), style="dim")
                case Recommended():
                    self._show_cards(event)
                case Compared(table):
                    self._show_table(table)
                case TextDelta(text):
                    self._in_prose = True
                    self.console.print(Text(visible(text)), end="", soft_wrap=True)
                case Finished(reply):
                    self._finish(reply)
                case _:
                    pass

    def _finish(self, reply: Reply) -> None:
        self.conversation = reply.conversation
        if reply.text and not self._in_prose:
            self.console.print(Text(visible(reply.text)), soft_wrap=True, end="")
        self.console.print("\n" if reply.text else "", end="")
        if reply.handover is not None and reply.handover.link:
            self._say(reply.handover.link)
        for choice in reply.intent.choices:
            self._say(f"  • {choice}")

    def _show_cards(self, event: Recommended) -> None:
        self.cards = (*event.recommendations, *event.near_misses)
        for number, card in enumerate(self.cards, start=1):
            if number == len(event.recommendations) + 1:
                self._say(NEAR_HEADINGS.get(self._language, NEAR_HEADINGS["en"]).strip("*"), style="yellow")
            self.console.print(self._panel(number, card))
        for notice in event.notices:
            self._say(notice, style="yellow")

    def _show_table(self, compared: Table) -> None:
        made = RichTable("", *(visible(title) for title in compared.heads))
        for label, cells in compared.rows:
            made.add_row(visible(label), *(visible(cell) for cell in cells))
        self.console.print(made)

    def _panel(self, number: int, card: Recommendation) -> Panel:
        schema = self.agent.retriever.catalog.schema
        facts = map(", ".join, card_facts(card.item, schema, self._language, card.explanation.text).values())
        lines = [Text(visible(" · ".join(facts)), style="dim"), Text(visible(card.explanation.text))]
        if card.slot:
            lines.insert(1, Text(visible(card.slot), style="italic"))
        badge = "  ✦ trying something new" if card.exploratory else ""
        title = Text(f"{number}. {visible(card.item.label)}{badge}", style="bold")
        return Panel(Group(*lines), title=title, title_align="left", width=min(self.console.width, 100))

    async def _give(self, name: str, card: Recommendation) -> None:
        from retrieval.state import FeedbackKind

        kind = FeedbackKind(name.removeprefix("/"))
        self.conversation, feedback_id = await self.agent.feedback(self.conversation, card.item.item_id, kind)
        self._given.append(feedback_id)
        self._say(f"{OPINIONS[name]} {card.item.label}. /undo takes it back.", style="green")

    async def _undo(self) -> None:
        if not self._given:
            raise UsageError("nothing to take back: no opinion was given in this conversation.")
        self.conversation = await self.agent.undo(self.conversation, self._given[-1])
        self._given.pop()
        self._say("Taken back.", style="green")

    def _why(self, card: Recommendation) -> None:
        for statement in card.explanation.statements:
            evidence = statement.evidence
            path = "; ".join(" → ".join(step) for step in evidence.path)
            details = [evidence.channel, evidence.kind.value, path]
            details += [f"{evidence.count} people"] if evidence.count else []
            details += [f"score {evidence.score:.2f}"] if evidence.score else []
            details += [f"“{evidence.text}”"] if evidence.text else []
            self._say(f"• {statement.text}")
            self._say(f"  {', '.join(part for part in details if part)}", style="dim")
        if not card.explanation.statements:
            self._say("No evidence is kept for this one.")

    async def _turn_dial(self, arguments: list[str]) -> None:
        try:
            novelty = float(arguments[0])
        except (IndexError, ValueError):
            novelty = -1.0
        if not 0 <= novelty <= 1:
            raise UsageError("expected a number from 0 (safe) to 1 (adventurous), as in: /dial 0.7")
        await asyncio.to_thread(self.agent.state.set_novelty, self.user_id, novelty)
        if self.conversation.asked:
            await self._show(self.agent.rerank(self.conversation, novelty=novelty))
        preference = replace(self.conversation.preference, novelty=novelty)
        self.conversation = replace(self.conversation, preference=preference)
        self._say(f"The dial is at {novelty:g}.", style="green")

    async def _erase(self, arguments: list[str]) -> None:
        if arguments != ["yes"]:
            self._say("This deletes everything stored about you, for good. To go on, type: /erase yes", style="yellow")
            return
        await self.agent.erase(self.user_id)
        self._say("Erased. Goodbye.", style="green")
        raise Quit

    def _card(self, name: str, arguments: list[str]) -> Recommendation:
        number = int(arguments[0]) if arguments and arguments[0].isdecimal() else 0
        if not self.cards:
            raise UsageError(f"{name} needs cards on the screen. Say what you feel like first.")
        if not 1 <= number <= len(self.cards):
            raise UsageError(f"expected the number of a card, 1 to {len(self.cards)}, as in: {name} 1")
        return self.cards[number - 1]

    def _say(self, text: str, *, style: str = "") -> None:
        self.console.print(Text(visible(text), style=style), soft_wrap=True)


def run_chat(runner: asyncio.Runner, agent: "Agent", user_id: str, console: Console | None = None) -> None:
    """Read lines until the user leaves or the input ends; Ctrl-C stops an answer, at the prompt it leaves."""
    console = console or Console(highlight=False)
    is_piped = not sys.stdin.isatty()
    if isinstance(sys.stdin, TextIOWrapper):
        sys.stdin.reconfigure(errors="replace")  # a stray byte must not end the conversation
    talk = TerminalChat(agent, user_id, console)
    runner.run(talk.open())
    with contextlib.suppress(Quit, EOFError, KeyboardInterrupt):
        while True:
            line = _read(console, is_piped=is_piped)
            try:
                runner.run(talk.handle(line))
            except KeyboardInterrupt:
                console.print("\n(stopped)")


def _read(console: Console, *, is_piped: bool) -> str:
    if not is_piped:
        return console.input("\n[bold]you ›[/bold] ")
    line = sys.stdin.readline()
    if not line:
        raise EOFError
    console.print(Text(f"\nyou › {visible(line).strip()}", style="bold"), soft_wrap=True)
    return line
