"""What each tool does for one caller; knows nothing of transports."""

import asyncio
from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from starlette.requests import Request

from agent import direct
from agent.conversation import Conversation, Role
from agent.intent import Act
from agent.recommendation import Recommendation
from retrieval.house import ENGLISH
from retrieval.preference import Constraint, Preference
from retrieval.state import FeedbackKind
from tools.context import ToolContext
from ui.access.caller import Caller, Scope
from ui.access.scopes import check_user
from ui.api.chat_routes import conversation_of, ensure_user
from ui.api.data_routes import constraint_of, find_item
from ui.api.wire import Limit, RecommendationWire
from ui.api.writing import Writing, evidence_to_wire, item_to_wire, recommendation_to_wire
from ui.limits.quotas import Quotas
from ui.mcp.shapes import (
    CompareAnswer,
    CompareArguments,
    ExplainAnswer,
    ExplainArguments,
    FeedbackArguments,
    FeedbackResult,
    RecommendArguments,
    RecommendResult,
    SearchAnswer,
    SearchArguments,
    TasteAnswer,
    TasteArguments,
)

if TYPE_CHECKING:
    from agent.agent import Agent

Said = tuple[Role, str]


@dataclass(frozen=True, slots=True)
class Desk:
    """The tools for one caller."""

    agent: "Agent"
    """As the caller's tenant sees it."""
    caller: Caller
    request: Request | None = None
    """None where the caller is a program on this machine that started the server."""

    def may(self, scope: Scope) -> bool:
        """Whether the caller may use what needs a scope."""
        return scope in self.caller.scopes

    async def recommend(self, given: RecommendArguments, answered: tuple[Said, ...] = ()) -> RecommendResult:
        """A turn of a conversation.

        Args:
            given: The message and what was said before.
            answered: Questions that were asked since, each with the answer to it.
        """
        user = check_user(self.caller, given.user)
        if user is not None:
            await ensure_user(self.agent, user)
        said: list[Said] = [(Role(utterance.role), utterance.content) for utterance in given.history]
        said += [(Role.USER, given.message), *answered]
        before, message = said[:-1], said[-1][1]
        conversation = await self._conversation(before, user, given.conversation_id or "")
        writing = Writing()
        with self._turn():
            await writing.take_all(self.agent.stream(conversation, message, store=user is not None))
        return _result(writing, conversation)

    async def search(self, given: SearchArguments) -> SearchAnswer:
        """Items by what they are about."""
        context = await self._context(given.user, given.query, given.language)
        limits = self._limits(given.limits)
        result = await asyncio.to_thread(direct.search, context, given.query, limits, k=given.k)
        return SearchAnswer(total=result.total, items=_cards(result.items))

    async def explain(self, given: ExplainArguments) -> ExplainAnswer:
        """What speaks for an item."""
        item = find_item(self.agent.catalog, given.item_id)
        context = await self._context(given.user, given.query, given.language)
        card = await asyncio.to_thread(direct.explain_item, context, item.item_id)
        return ExplainAnswer(
            recommendation=recommendation_to_wire(card), item=item_to_wire(item, self.agent.catalog, given.language)
        )

    async def compare(self, given: CompareArguments) -> CompareAnswer:
        """Items side by side."""
        for item_id in given.item_ids:
            find_item(self.agent.catalog, item_id)
        comparison = await asyncio.to_thread(direct.compare, self.agent.retriever, given.item_ids)
        return CompareAnswer(
            item_ids=[item.item_id for item in comparison.items],
            titles=[item.title for item in comparison.items],
            fields={name: [[*values] for values in all_values] for name, all_values in comparison.fields.items()},
            shared={name: [*values] for name, values in comparison.shared.items()},
            connections=[evidence_to_wire(connection) for connection in comparison.connections],
            disclosures={
                item.item_id: words
                for item in comparison.items
                if (words := self.agent.catalog.house.disclosure(item.item_id, ENGLISH))
            },
        )

    async def feedback(self, given: FeedbackArguments) -> FeedbackResult:
        """Keep an opinion."""
        check_user(self.caller, given.user)
        item = find_item(self.agent.catalog, given.item_id)
        await ensure_user(self.agent, given.user)
        conversation = await conversation_of(self.agent, given.user, given.conversation_id or "")
        _, feedback_id = await self.agent.feedback(conversation, item.item_id, FeedbackKind(given.kind))
        return FeedbackResult(feedback_id=feedback_id, item_id=item.item_id, kind=given.kind)

    async def taste(self, given: TasteArguments) -> TasteAnswer:
        """What is known of a user."""
        check_user(self.caller, given.user)
        profile = await asyncio.to_thread(self.agent.state.profile, given.user)
        return TasteAnswer(
            liked=self._there(profile.liked),
            disliked=self._there(profile.disliked),
            seen=self._there(profile.seen),
            lasting=[taste.words for taste in profile.tastes],
            novelty=profile.novelty,
        )

    def _there(self, item_ids: Iterable[str]) -> list[str]:
        """The items that are in the catalog as the caller sees it."""
        return [item_id for item_id in item_ids if item_id in self.agent.catalog]

    async def _conversation(self, before: list[Said], user: str | None, conversation_id: str) -> Conversation:
        """The conversation so far: a stored one, or what the caller sends along."""
        if conversation_id and user is not None:
            return await conversation_of(self.agent, user, conversation_id)
        return await asyncio.to_thread(self.agent.from_messages, before, user_id=user)

    async def _context(self, user: str | None, query: str, language: str) -> ToolContext:
        user = check_user(self.caller, user)
        return await self.agent.desk(user, replace(Preference(), text=query, language=language))

    def _limits(self, limits: Iterable[Limit]) -> list[Constraint]:
        catalog = self.agent.catalog
        return [constraint_of(limit, catalog, param=f"limits.{number}") for number, limit in enumerate(limits)]

    def _turn(self) -> AbstractContextManager[None]:
        """One of the caller's turns."""
        if self.request is None:
            return nullcontext()
        quotas: Quotas = self.request.app.state.quotas
        return quotas.turn(self.request.scope)


def _result(writing: Writing, conversation: Conversation) -> RecommendResult:
    asks = writing.intent is not None and writing.intent.act is Act.ASK
    extras = writing.extras(conversation)
    return RecommendResult(
        status="input_required" if asks else "complete",
        text=writing.text,
        recommendations=extras.recommendations or [],
        near_misses=extras.near_misses or [],
        notices=extras.notices or [],
        handover=extras.handover,
        question=writing.reply.text if asks and writing.reply is not None else None,
        choices=[*writing.intent.choices] if asks and writing.intent is not None else None,
        conversation_id=conversation.conversation_id if conversation.user_id is not None else None,
    )


def _cards(items: Iterable[Recommendation]) -> list[RecommendationWire]:
    return [recommendation_to_wire(card) for card in items]
