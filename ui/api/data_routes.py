"""The routes beside the chat: recommendations in fields, feedback, users, items."""

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Depends, Request, Response
from pydantic import JsonValue

from agent.conversation import Conversation
from retrieval.errors import UnknownItemError
from retrieval.items import Catalog, Item
from retrieval.preference import Constraint, Op, Preference
from retrieval.schema import FieldKind
from retrieval.state import FeedbackKind, Profile, Saved, User
from ui.access.scopes import caller_of, user_of
from ui.api import paths  # noqa: F401  the kinds of paths that routes are written with
from ui.api.answers import NOT_FOUND
from ui.api.chat_routes import conversation_of, start, the_agent
from ui.api.errors import BadFieldError
from ui.api.leaving import while_here
from ui.api.values import Id
from ui.api.wire import (
    FeedbackAnswer,
    FeedbackRequest,
    ItemWire,
    Limit,
    NewUser,
    RecommendAnswer,
    RecommendRequest,
    WatchRequest,
)
from ui.api.writing import Writing, item_to_wire, trace_to_wire
from ui.limits.quotas import hold_turn

if TYPE_CHECKING:
    pass

router = APIRouter(prefix="/api")


@router.post("/recommend", response_model_exclude_none=True, responses=NOT_FOUND, dependencies=[Depends(hold_turn)])
async def recommend(body: RecommendRequest, request: Request) -> RecommendAnswer:
    """Recommend from words, from a preference in fields, or from both."""
    agent, user = the_agent(request), user_of(request, body.user)
    catalog = agent.retriever.catalog
    talk = body.talk()
    conversation, message = await while_here(request, start(agent, talk, user))
    conversation = replace(conversation, preference=_preference(body, conversation.preference, catalog), asked=True)
    store = conversation.user_id is not None
    events = (
        agent.stream(conversation, message, store=store, keep=False, is_lost=user is not None and not store)
        if talk
        else agent.rerank(conversation, keep=False)
    )
    writing = Writing()
    await while_here(request, writing.take_all(events))
    extras = writing.extras(conversation)
    trace = trace_to_wire(writing.reply.trace) if writing.reply else {}
    return RecommendAnswer(**dict(extras), text=writing.text).model_copy(update={"trace": trace})


@router.post("/feedback", responses=NOT_FOUND)
async def give_feedback(body: FeedbackRequest, request: Request) -> FeedbackAnswer:
    """Keep an opinion of a known user about an item; it changes the very next answer."""
    agent = the_agent(request)
    user_of(request, body.user)
    await asyncio.to_thread(agent.state.user, body.user)
    find_item(agent.retriever.catalog, body.item_id)
    conversation = await conversation_of(agent, body.user, body.conversation_id)
    _, feedback_id = await agent.feedback(conversation, body.item_id, FeedbackKind(body.kind))
    return FeedbackAnswer(feedback_id=str(feedback_id), item_id=body.item_id, kind=body.kind)


@router.delete("/feedback/{feedback_id}", status_code=204, response_class=Response, responses=NOT_FOUND)
async def undo_feedback(feedback_id: int, user: str, request: Request) -> None:
    """Take an opinion back; again is no error."""
    agent = the_agent(request)
    await asyncio.to_thread(agent.state.user, user)
    await agent.undo(Conversation(user_id=user), str(feedback_id))


@router.get("/watchlist", responses=NOT_FOUND)
async def get_watchlist(user: Id, request: Request) -> list[Saved]:
    """What a user saved for later, the newest first."""
    return await asyncio.to_thread(the_agent(request).state.watchlist_of, user)


@router.post("/watchlist", responses=NOT_FOUND)
async def save_item(body: WatchRequest, request: Request) -> Saved:
    """Put an item on a known user's watchlist; again is no error."""
    agent = the_agent(request)
    user_of(request, body.user)
    await asyncio.to_thread(agent.state.user, body.user)
    find_item(agent.retriever.catalog, body.item_id)
    return await asyncio.to_thread(agent.state.save_item, body.user, body.item_id)


@router.delete("/watchlist/{item_id:rest}", status_code=204, response_class=Response, responses=NOT_FOUND)
async def unsave_item(item_id: str, user: Id, request: Request) -> None:
    """Take an item off a user's watchlist; again is no error."""
    await asyncio.to_thread(the_agent(request).state.unsave_item, user, item_id)


@router.post("/users", status_code=201)
async def create_user(body: NewUser, request: Request) -> User:
    """Make a user with an id that cannot be guessed."""
    state = the_agent(request).state
    return await asyncio.to_thread(state.create_user, body.name, dataset_user=body.dataset_user)


@router.get("/users/{user_id:user}/profile", responses=NOT_FOUND)
async def get_profile(user_id: str, request: Request) -> Profile:
    """What is known about a user, in short."""
    return await asyncio.to_thread(the_agent(request).state.profile, user_id)


@router.get("/users/{user_id:user}/export", response_model=dict[str, Any], responses=NOT_FOUND)
async def export_user(user_id: str, request: Request) -> dict[str, JsonValue]:
    """Everything that is stored about a user."""
    return await the_agent(request).export(user_id)


@router.get("/users/{user_id:user}", responses=NOT_FOUND)
async def get_user(user_id: str, request: Request) -> User:
    """A user."""
    return await asyncio.to_thread(the_agent(request).state.user, user_id)


@router.delete("/users/{user_id:user}", status_code=204, response_class=Response, responses=NOT_FOUND)
async def erase_user(user_id: str, request: Request) -> None:
    """Delete everything that is stored about a user, for good."""
    agent = the_agent(request)
    await asyncio.to_thread(agent.state.user, user_id)
    await agent.erase(user_id, who=caller_of(request).name)


@router.get("/items/{item_id:rest}", response_model_exclude_none=True, responses=NOT_FOUND)
async def get_item(item_id: str, request: Request) -> ItemWire:
    """An item of the catalog."""
    catalog = the_agent(request).retriever.catalog
    return item_to_wire(find_item(catalog, item_id), catalog)


def find_item(catalog: Catalog, item_id: str) -> Item:
    """The item of an id.

    Raises:
        UnknownItemError: There is none; it names items whose titles are near to what was asked for.
    """
    if item_id in catalog:
        return catalog.item(item_id)
    near = catalog.find_title(item_id, limit=3) or catalog.find_title(item_id.rpartition(":")[2], limit=3)
    raise UnknownItemError(item_id, near_titles=[f"{match.title} ({match.item_id})" for match in near])


def _preference(body: RecommendRequest, before: Preference, catalog: Catalog) -> Preference:
    for item_id in (*body.liked, *body.disliked, *body.seen):
        find_item(catalog, item_id)
    limits = tuple(
        constraint_of(limit, catalog, param=f"constraints.{number}") for number, limit in enumerate(body.constraints)
    )
    return replace(
        before,
        text=body.query or before.text,
        liked=(*before.liked, *body.liked),
        disliked=(*before.disliked, *body.disliked),
        seen=(*before.seen, *body.seen),
        constraints=(*before.constraints, *limits),
        novelty=before.novelty if body.novelty is None else body.novelty,
        count=body.k,
        language=body.language or before.language,
    )


def constraint_of(limit: Limit, catalog: Catalog, *, param: str) -> Constraint:
    """A limit that this catalog can keep.

    Raises:
        BadFieldError: It cannot; `param` is where in the request the limit stands.
    """
    kinds = {spec.name: spec.kind for spec in catalog.schema.fields}
    kind = kinds.get(limit.field)
    if kind is None:
        raise BadFieldError(f"expected one of {', '.join(kinds)}, found another name.", param=f"{param}.field")
    is_number = kind is FieldKind.NUMBER
    if limit.op in (Op.MIN, Op.MAX) and (not is_number or len(limit.values) != 1):
        raise BadFieldError("min and max take one number and a field of numbers.", param=f"{param}.op")
    if is_number and not all(isinstance(value, int | float) for value in limit.values):
        raise BadFieldError(f"{limit.field} is compared with numbers.", param=f"{param}.values")
    known = {value.casefold() for value in catalog.values(limit.field)}
    if kind is FieldKind.CATEGORY and not all(str(value).casefold() in known for value in limit.values):
        words = ", ".join(sorted(catalog.values(limit.field)))
        raise BadFieldError(f"expected words of {limit.field}: {words}.", param=f"{param}.values")
    return Constraint(limit.field, limit.op, tuple(limit.values))
