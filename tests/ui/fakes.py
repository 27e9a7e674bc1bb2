"""An agent without models or indexes: real events, a made-up catalog of board games, and a state in memory.

`python -m tests.ui.fakes [--page] [--port N]` serves it, to try surfaces by hand.
"""

import argparse
import asyncio
import copy
import re
import sys
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from agent.client import NO_TERMS
from agent.conversation import Conversation, Role, Turn
from agent.events import Event, Finished, Recommended, TextDelta, ToolCalled, Understood
from agent.intent import Act, Chip, Intent
from agent.partial_turn import PartialTurn
from agent.recommendation import Explanation, LlmRun, Recommendation, Reply, Statement, ToolRun, Trace
from agent.rewinding import rewind, snapshot_of
from agent.settings import Settings
from agent.transcript import near_titles, shown_titles
from agent.turn_record import TurnRecord, cards_of
from retrieval.candidates import Candidate, Evidence, EvidenceKind
from retrieval.errors import ModelUnavailableError, UnknownItemError
from retrieval.items import Catalog, Item
from retrieval.preference import Constraint, Op
from retrieval.schema import CatalogSchema, FieldKind, FieldSpec
from retrieval.tendencies import Tendency

SCHEMA = CatalogSchema(
    name="board games",
    noun={"en": "game", "zh": "桌游"},
    nouns={"en": "games", "zh": "桌游"},
    consumed={"en": "played it", "zh": "玩过了"},
    fields=(
        FieldSpec(
            name="kinds",
            kind=FieldKind.CATEGORY,
            label={"en": "kind", "zh": "类型"},
            fact={"en": "a {value} game", "zh": "{value}桌游"},
            names={"strategy": {"zh": "策略"}, "party": {"zh": "聚会"}, "cooperative": {"zh": "合作"}},
        ),
        FieldSpec(name="designers", kind=FieldKind.ENTITY, people=True, label={"en": "designer", "zh": "设计师"}),
        FieldSpec(name="moods", kind=FieldKind.ENTITY, soft=True, label={"en": "mood", "zh": "氛围"}),
        FieldSpec(name="year", kind=FieldKind.NUMBER, unit="year", label={"en": "year", "zh": "年份"}),
        FieldSpec(name="minutes", kind=FieldKind.NUMBER, unit="minutes", label={"en": "minutes", "zh": "分钟"}),
    ),
    wishes={
        "en": ("something short for six people", "a calm game for two", "cooperative and tense"),
        "zh": ("适合六个人的短游戏", "两个人玩的安静游戏"),
    },
)

_ROWS = (
    ("Lantern Harbor", 2014, 45, "strategy", "Ada Quill", "calm", "灯笼港"),
    ("Nine Foxes", 2019, 20, "party", "Bo Lindt", "funny", "九只狐狸"),
    ("Salt Road", 1998, 120, "strategy", "Ada Quill", "tense", "盐路"),
    ("The Last Orchard", 2021, 60, "cooperative", "Mina Sol", "calm", "最后的果园"),
    ("Quarry & Sons", 2006, 75, "strategy", "Otto Berg", "tense", ""),
    ("Whispering Tiles", 1989, 30, "party", "Bo Lindt", "funny", ""),
    ("Deep Signal", 2017, 90, "cooperative", "Mina Sol", "tense", "深海信号"),
    ("Beekeepers", 2011, 40, "strategy", "Otto Berg", "calm", ""),
    ("Midnight Post", 2020, 25, "party", "Cleo Marsh", "tense", ""),
    ("Cloud Railway", 2003, 60, "strategy", "Cleo Marsh", "calm", ""),
    ("Tide Pools", 2022, 35, "cooperative", "Ada Quill", "calm", ""),
    ("Twelve Doors", 1995, 50, "cooperative", "Otto Berg", "tense", ""),
)


def item(row: int) -> Item:
    title, year, minutes, kind, designer, mood, aka = _ROWS[row]
    return Item(
        item_id=f"game:{row + 1}",
        title=title,
        values={"kinds": (kind,), "designers": (designer,), "moods": (mood,)},
        numbers={"year": float(year), "minutes": float(minutes)},
        text=f"A {mood} {kind} game by {designer} in which {title.lower()} decides the evening.",
        aka=(aka,) if aka else (),
    )


CATALOG = Catalog(SCHEMA, tuple(item(row) for row in range(len(_ROWS))))


class FakeRetriever:
    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog

    def popular_diverse(self, k: int) -> list[str]:
        return [entry.item_id for entry in self.catalog][:k]

    def similar(self, item_id: str, k: int) -> list[Candidate]:
        """Those of the same mood."""
        moods = self.catalog.item(item_id).values["moods"]
        return [
            Candidate(entry.item_id)
            for entry in self.catalog
            if entry.values["moods"] == moods and entry.item_id != item_id
        ][:k]

    def items_with(self, field_name: str, value: str, limit: int) -> list[str]:
        return [entry.item_id for entry in self.catalog if value in entry.values.get(field_name, ())][:limit]

    def dataset_users(self, limit: int) -> list[str]:
        return ["demo:1", "demo:2"][:limit]


@dataclass
class FakeConversations:
    stored: dict[str, Conversation] = field(default_factory=dict)

    async def load(self, conversation_id: str) -> Conversation | None:
        return self.stored.get(conversation_id)

    async def save(self, conversation: Conversation) -> None:
        self.stored[conversation.conversation_id] = conversation

    async def delete(self, conversation_id: str) -> None:
        self.stored.pop(conversation_id, None)


@dataclass
class FakeChooser:
    status: str = "tools: right tool calls in 3 of 3 trials"


class FakeAgent:
    """Understands 'after 1990', 'hello', 'which', 'nothing', 'break early', 'break late', Chinese; ranks by row."""

    def __init__(self, state, *, catalog: Catalog = CATALOG, delay_s: float = 0.0) -> None:
        self.retriever = FakeRetriever(catalog)
        self.state = state
        self.conversations = FakeConversations()
        self.settings = Settings(_env_file=None)
        self.chooser = FakeChooser()
        self.delay_s = delay_s
        self.calls: list[tuple[str, ...]] = []
        self.stored: list[bool] = []
        self.kept_shown: dict[str, dict[int, TurnRecord]] = {}
        self.last = Conversation()
        """The conversation after the last turn."""
        self.cut_off = 0
        """Turns whose events were closed before the last one."""
        self.closed = False
        self.warmed = False
        self.parts = {"catalog": "ok", "state": "ok", "model": "ok"}
        self.realms: dict[str, FakeAgent] = {}
        self.watchers: list = []

    @property
    def catalog(self) -> Catalog:
        return self.retriever.catalog

    @property
    def leads_by_tools(self) -> bool:
        return False

    rules = None

    def renew(self) -> list[str]:
        """Nothing is ever learned."""
        return []

    def of(self, realm: str, context: object = None) -> "FakeAgent":
        """The same, with state and conversations of a realm; calls are noted in one list."""
        if realm == self.state.realm:
            return self
        if realm not in self.realms:
            seen = copy.copy(self)
            seen.state, seen.conversations, seen.kept_shown = self.state.of(realm), FakeConversations(), {}
            self.realms[realm] = seen
        return self.realms[realm]

    async def stream(
        self,
        conversation: Conversation,
        message: str,
        *,
        store: bool = True,
        keep: bool = True,
        terms=NO_TERMS,
        is_lost: bool = False,
    ) -> AsyncIterator[Event]:
        self.calls.append(("stream", message))
        self.stored.append(store)
        if "break early" in message:
            raise ModelUnavailableError("the language model stopped answering. Start it again, or go on without it.")
        if "bug" in message:
            raise ZeroDivisionError(message)
        preference = replace(conversation.preference, language=_language(message))
        for year in re.findall(r"after (\d{4})", message):
            limit = Constraint("year", Op.MIN, (float(int(year) + 1),), words=f"after {year}")
            preference = replace(preference, constraints=(*preference.constraints, limit))
        act = Act.ANSWER if "hello" in message else Act.ASK if "which" in message else Act.RECOMMEND
        preference = replace(preference, text=message if act is Act.RECOMMEND else "")
        choices = ("Calm ones", "Tense ones") if act is Act.ASK else ()
        kind = "talk" if act is Act.ANSWER else ""
        intent = Intent(act, preference, _chips(preference), kind, choices=choices, driver="tools")
        async for event in self._run(conversation, message, intent, empty="nothing" in message):
            yield event

    async def receive(self, conversation: Conversation, message: str) -> None:
        self.state.open_conversation(conversation.user_id, conversation.conversation_id, title=message[:60])
        self.conversations.stored[conversation.conversation_id] = conversation.add(Turn(Role.USER, message))

    async def rerank(self, conversation, *, remove=None, novelty=None, keep=True) -> AsyncIterator[Event]:
        self.calls.append(("rerank", str(remove), str(novelty)))
        preference = conversation.preference if remove is None else conversation.preference.without(remove)
        preference = preference if novelty is None else replace(preference, novelty=novelty)
        intent = Intent(Act.RECOMMEND, preference, _chips(preference), driver="click")
        async for event in self._run(conversation, "", intent):
            yield event

    async def reply(self, conversation: Conversation, message: str, *, store: bool = True) -> Reply:
        async for event in self.stream(conversation, message, store=store):
            if isinstance(event, Finished):
                return event.reply
        raise AssertionError("no Finished event")

    async def stop(self, conversation: Conversation, half: PartialTurn) -> Conversation:
        self.calls.append(("stop", half.message))
        stopped = half.added_to(conversation)
        self._show(stopped, half.shown())
        self.conversations.stored[stopped.conversation_id] = stopped
        return stopped

    async def rewind(self, conversation: Conversation, place: int, *, language: str) -> Conversation:
        self.calls.append(("rewind", str(place)))
        kept = {number: shown_turn.after for number, shown_turn in (await self.shown(conversation)).items()}
        return await asyncio.to_thread(rewind, self.state, conversation, place, kept, language=language)

    async def shown(self, conversation: Conversation) -> dict[int, TurnRecord]:
        return self.kept_shown.get(conversation.conversation_id, {})

    def _show(self, conversation: Conversation, shown: TurnRecord) -> None:
        number = conversation.number_of(len(conversation.turns) - 1)
        kept = replace(shown, after=snapshot_of(conversation))
        self.kept_shown.setdefault(conversation.conversation_id, {})[number] = kept

    async def feedback(self, conversation: Conversation, item_id: str, kind) -> tuple[Conversation, str]:
        self.catalog.item(item_id)
        self.calls.append(("feedback", item_id, str(kind)))
        stored = self.state.add_feedback(
            conversation.user_id, item_id, kind, conversation_id=conversation.conversation_id
        )
        preference = conversation.preference
        changed = {
            "like": replace(preference, liked=(*preference.liked, item_id)),
            "dislike": replace(preference, disliked=(*preference.disliked, item_id)),
            "seen": replace(preference, seen=(*preference.seen, item_id)),
        }[str(kind)]
        return replace(conversation, preference=changed), str(stored.feedback_id)

    async def undo(self, conversation: Conversation, feedback_id: str) -> Conversation:
        self.calls.append(("undo", feedback_id))
        self.state.undo_feedback(conversation.user_id, int(feedback_id))
        kept = {opinion.item_id for opinion in self.state.feedback_of(conversation.user_id)}
        old = conversation.preference
        names = ("liked", "disliked", "seen")
        fields = {name: tuple(item_id for item_id in getattr(old, name) if item_id in kept) for name in names}
        return replace(conversation, preference=replace(old, **fields))

    def from_messages(self, messages: Sequence[tuple[Role, str]], *, user_id: str | None) -> Conversation:
        conversation = Conversation(user_id=user_id)
        for role, text in messages:
            shown = self._ids(shown_titles(text)) if role is Role.ASSISTANT else ()
            near = self._ids(near_titles(text)) if role is Role.ASSISTANT else ()
            conversation = conversation.add(Turn(role, text, shown, near))
        return conversation

    async def explain(self, conversation: Conversation, item_id: str, *, language: str) -> Recommendation:
        return _recommend(self.catalog.item(item_id), 1)

    async def why_not(self, conversation: Conversation, item_id: str, *, language: str) -> str:
        return f"{self.catalog.item(item_id).title} stands further down."

    async def tendencies(self, conversation: Conversation) -> list[Tendency]:
        """More calm ones for each that is liked."""
        held = self.state.feedback_of(conversation.user_id) if conversation.user_id else []
        calm = 0.5 * sum(opinion.kind.weight for opinion in held)
        return [
            Tendency("kinds", "party", -0.1, 0.9),
            Tendency("kinds", "strategy", calm, 0.7),
            Tendency("year", "2010..2019", 0.3, 0.5),
            Tendency("moods", "calm", calm, 0.7),
        ]

    async def erase(self, user_id: str, *, who: str = "") -> None:
        for conversation_id in self.state.erase_user(user_id, who=who):
            await self.conversations.delete(conversation_id)

    async def forget(self, user_id: str, conversation_id: str) -> None:
        self.state.delete_conversation(user_id, conversation_id)
        await self.conversations.delete(conversation_id)

    async def export(self, user_id: str) -> dict:
        return self.state.export_user(user_id)

    async def ready(self) -> dict[str, str]:
        return dict(self.parts)

    async def warm(self) -> None:
        self.warmed = True

    async def aclose(self) -> None:
        self.closed = True

    async def _run(self, conversation, message: str, intent: Intent, *, empty: bool = False) -> AsyncIterator[Event]:
        try:
            async for event in self._turn(conversation, message, intent, empty=empty):
                yield event
        except (asyncio.CancelledError, GeneratorExit):
            self.cut_off += 1
            raise

    async def _turn(self, conversation, message: str, intent: Intent, *, empty: bool) -> AsyncIterator[Event]:
        is_list = intent.act is Act.RECOMMEND
        items, near = self._pick(conversation, intent, empty=empty) if is_list else ([], [])
        notices = ("No game keeps all limits; these come close.",) if near else ()
        run = ToolRun("search_catalog", {"description": message[:80], "k": 5}, 0.012, found=len(items))
        if is_list and message:
            yield ToolCalled(run)
        yield Understood(intent, intent.preference)
        await asyncio.sleep(self.delay_s)
        if is_list:
            yield Recommended(tuple(items), tuple(near), notices)
        await asyncio.sleep(self.delay_s)
        prose = _prose(items, intent)
        for at, piece in enumerate(prose):
            if at == 1 and "break late" in message:
                raise ModelUnavailableError("the language model stopped in mid-sentence.")
            yield TextDelta(piece)
            await asyncio.sleep(self.delay_s)
        turn = Turn(Role.ASSISTANT, "".join(prose), _ids(items), _ids(near))
        after = replace(conversation.add(Turn(Role.USER, message)).add(turn), preference=intent.preference, asked=True)
        trace = Trace(
            tools=(run,) if is_list and message else (),
            llm=(LlmRun("step", 0.4, 900, 850, 40), LlmRun("write", 0.6, 300, 100, 60)),
            seconds={"drive": 0.4, "rank": 0.02, "cards": 0.45, "write": 0.6, "total": 1.05},
            driver=intent.driver,
            reason="right tool calls in 3 of 3 trials",
        )
        self.last = after
        self._show(after, TurnRecord(cards_of(items), cards_of(near), notices, "", intent.chips, trace=trace))
        yield Finished(Reply("".join(prose), after, intent, tuple(items), tuple(near), notices, trace))

    def _pick(self, conversation, intent: Intent, *, empty: bool) -> tuple[list, list]:
        hidden = conversation.all_shown() | {*intent.preference.disliked, *intent.preference.seen}
        rest = [entry for entry in self.catalog if entry.item_id not in hidden]
        fitting = [
            entry for entry in rest if all(self.catalog.satisfies(entry, c) for c in intent.preference.constraints)
        ]
        if empty or not fitting:
            limit = Constraint("minutes", Op.MAX, (10.0,), words="ten minutes")
            return [], [_recommend(entry, rank, breaks=(limit,)) for rank, entry in enumerate(rest[:2], start=1)]
        count = min(intent.preference.count, 3)
        return [_recommend(entry, rank) for rank, entry in enumerate(fitting[:count], start=1)], []

    def _ids(self, labels: Sequence[str]) -> tuple[str, ...]:
        known = {entry.label: entry.item_id for entry in self.catalog}
        return tuple(known[label] for label in labels if label in known)


def _recommend(entry: Item, rank: int, breaks: tuple[Constraint, ...] = ()) -> Recommendation:
    mood, designer = entry.values["moods"][0], entry.values["designers"][0]
    fact = Evidence("graph", EvidenceKind.FACT, field="moods", value=mood)
    text = Evidence("content", EvidenceKind.TEXT, score=0.62, text=entry.text)
    statements = (Statement(f"its mood is {mood}", fact), Statement("its description is near to your wish", text))
    return Recommendation(
        item=entry,
        rank=rank,
        explanation=Explanation(f"{mood}, by {designer}.", statements),
        score=1.0 / rank,
        channels={"content": 0.62, "graph": 0.4},
        exploratory=rank == 3,
        propensity=0.25 if rank == 3 else 1.0,
        breaks=breaks,
    )


def _chips(preference) -> tuple[Chip, ...]:
    return tuple(Chip(constraint.key, constraint.words) for constraint in preference.constraints)


def _language(message: str) -> str:
    return "zh" if re.search(r"[一-鿿]", message) else "en"


def _prose(items: list[Recommendation], intent: Intent) -> list[str]:
    if intent.act is Act.ANSWER:
        return ["Hello! ", "What would you like to play?"]
    if intent.act is Act.ASK:
        return ["Shall it be calm ", "or tense?"]
    if intent.preference.language == "zh":
        return ["希望", "你喜欢。"]
    names = " and ".join(card.item.label for card in items[:2]) or "The near misses"
    return [f"{names} would suit ", "an evening ", "like that."]


def _ids(recommendations: Sequence[Recommendation]) -> tuple[str, ...]:
    return tuple(card.item.item_id for card in recommendations)


def near_titles_of(catalog: Catalog, item_id: str) -> UnknownItemError:
    return UnknownItemError(item_id, near_titles=[match.title for match in catalog.find_title(item_id)])


def make_agent(folder: Path, **options) -> FakeAgent:
    """A fake agent over a real state store in `folder`."""
    from retrieval.state import StateStore

    return FakeAgent(StateStore(f"sqlite:///{folder / 'state.db'}"), **options)


def main() -> None:
    import tempfile

    import uvicorn

    from ui.api.app import create_app

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=7861)
    parser.add_argument("--page", action="store_true", help="with the chat page")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        agent = make_agent(Path(folder), delay_s=0.2)
        app = create_app(agent, agent.settings)
        if options.page:
            from ui.page.mount import mount_chat

            app = mount_chat(app, agent)
        uvicorn.run(app, port=options.port, access_log=False)


if __name__ == "__main__":
    sys.exit(main())
