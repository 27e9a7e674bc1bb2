"""Learning from a folder's own users: many move a list, one does not, and what serves is whole or not there."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from agent.agent import Agent
from agent.build import assemble
from agent.conversation import Conversation
from agent.events import Finished
from agent.learning import refit as refitting
from agent.learning.refit import learned, refit
from agent.settings import Settings
from retrieval.errors import BadDataError, RecommenderError
from retrieval.history import Interaction, UserHistory
from retrieval.preference import Preference
from retrieval.refit import Generations, Last, opinions
from retrieval.refit.measure import LEAST_PEOPLE
from retrieval.retriever import Retriever
from retrieval.settings import RetrievalSettings
from retrieval.state import FeedbackKind, StateStore, open_state
from retrieval.state.tables import FeedbackRow
from tests.agent.films import film_id
from tests.fakes import HashEncoder

ROOT = Path(__file__).parents[2]
STRANGE = tuple(film_id(title) for title in ("Nosferatu", "Speed", "Midnight Harbor", "Braveheart"))
"""Nothing they have in common would bring them together, and nobody has rated them."""
STRANGER = tuple(film_id(title) for title in ("Quiet Trap", "Raiders", "Matilda", "Vertigo"))
STRANGEST = tuple(film_id(title) for title in ("Contact", "Babe", "Casino", "Casablanca"))
LIKE = FeedbackKind.LIKE
KILLED = """
import os, signal, sys
from pathlib import Path
from agent.learning import refit as refitting
from agent.settings import Settings
from retrieval.retriever import Retriever
from retrieval.settings import RetrievalSettings
from tests.fakes import HashEncoder

fit_parts = refitting.fit_parts

def killed(dataset, settings, folder, *others):
    fit_parts(dataset, settings, folder, *others)
    if folder.name == "whole":
        os.kill(os.getpid(), signal.SIGKILL)

refitting.fit_parts = killed
retrieval = RetrievalSettings(data_dir=Path(sys.argv[1]), encoder="hash", graph_vectors="none")
refitting.refit(Settings(retrieval=retrieval), retriever=Retriever.open(retrieval, encoder=HashEncoder()))
"""
"""Ends when everything is fitted and nothing has been put in place, without a chance to clean up."""


@dataclass
class Shop:
    """A data folder of one's own, and those who come to it."""

    settings: Settings
    built: Retriever
    state: StateStore

    def come(self, people: int, likes: tuple[str, ...], *, tenant: str = "") -> list[str]:
        """So many new users, each of whom likes all of some items but one."""
        state, user_ids = self.state.of(tenant), []
        for number in range(people):
            user_ids.append(state.create_user().user_id)
            left_out = likes[number % len(likes)] if len(likes) > 2 else ""
            state.bring_feedback(user_ids[-1], {item_id: LIKE for item_id in likes if item_id != left_out})
        return user_ids

    def refit(self, tenant: str = "") -> Last:
        last = refit(self.settings, tenant, retriever=self.built)
        assert last is not None
        return last

    @property
    def generations(self) -> Generations:
        return Generations.of(self.settings.retrieval.data_dir, "")

    def serving(self, tenant: str = "") -> Retriever:
        return learned(self.built, self.settings.retrieval, tenant)

    def list_for(self, *liked: str, tenant: str = "") -> list[str]:
        """The first five of somebody who likes these, as the retriever that serves ranks them."""
        return ranked(self.serving(tenant), *liked)


def ranked(retriever: Retriever, *liked: str) -> list[str]:
    history = UserHistory.of("x", [Interaction("x", item_id, 1.0, 1.7e9) for item_id in liked])
    lists = {name: retriever.run(name, Preference(), history) for name in retriever.channel_names}
    return [candidate.item_id for candidate in retriever.rank(lists, Preference(), history, 5).fit]


@pytest.fixture
def shop(film_copy: RetrievalSettings) -> Iterator[Shop]:
    retrieval = film_copy.model_copy(update={"exploration": "greedy"})
    built = Retriever.open(retrieval, encoder=HashEncoder())
    with open_state(retrieval) as state:
        yield Shop(Settings(retrieval=retrieval), built, state)


@pytest.fixture
async def agent(shop: Shop) -> AsyncIterator[Agent]:
    made = await assemble(shop.built, open_state(shop.settings.retrieval), shop.settings, seed=0)
    yield made
    await made.aclose()


STRANGERS = [(film_id("Heat"),), (film_id("Babe"), film_id("Matilda")), (film_id("Alien"),), ()]


def test_people_who_like_what_nobody_liked_move_the_list_of_the_next_one(shop: Shop):
    seed, *others = STRANGE
    before = shop.list_for(seed)
    shop.come(200, STRANGE)

    last = shop.refit()

    assert not set(others) <= set(before)
    assert last.taken
    assert set(shop.list_for(seed)[:3]) == set(others)
    assert last.generation is not None
    assert (last.generation.people, last.generation.opinions) == (200, 600)
    measured = last.generation.measured
    assert measured.people == 200
    assert measured.found_after > measured.found_before
    assert measured.ndcg_after > measured.ndcg_before
    assert measured.moved > 0
    assert measured.risen
    assert shop.generations.last == last


def test_what_was_learned_serves_after_a_restart_and_the_dataset_is_as_it_was(shop: Shop):
    shop.come(60, STRANGE)
    assert shop.refit().taken

    again = learned(Retriever.open(shop.settings.retrieval, encoder=HashEncoder()), shop.settings.retrieval, "")

    assert ranked(again, STRANGE[0]) == shop.list_for(STRANGE[0])
    assert again.dataset_users(1000) == shop.built.dataset_users(1000)
    assert again.history_of("own 0").interactions == ()  # nobody can ask for what somebody here said


def test_one_account_with_ten_thousand_likes_moves_no_strangers_list(shop: Shop):
    lists = [shop.list_for(*liked) for liked in STRANGERS]
    everything = [item.item_id for item in shop.built.catalog]
    give_ten_thousand(shop, everything)

    last = shop.refit()

    assert not last.taken
    assert f"expected {LEAST_PEOPLE} people" in last.reason
    assert [shop.list_for(*liked) for liked in STRANGERS] == lists


def test_an_account_that_said_more_than_a_person_can_counts_nothing_among_others(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
):
    everything = [item.item_id for item in shop.built.catalog]
    monkeypatch.setattr(opinions, "MOST", len(everything) - 1)
    shop.come(60, STRANGE)
    assert shop.refit().taken
    alone = [shop.list_for(*liked) for liked in STRANGERS]
    shop.generations.forget()
    give_ten_thousand(shop, everything)

    last = shop.refit()

    assert last.taken
    assert last.generation is not None
    assert (last.generation.people, last.generation.left_out) == (60, 1)
    assert [shop.list_for(*liked) for liked in STRANGERS] == alone


def give_ten_thousand(shop: Shop, items: list[str]) -> None:
    """Ten thousand likes of one account, each in a conversation of its own, in one transaction."""
    user = shop.state.create_user().user_id
    with shop.state.database.write() as session:
        session.add_all(
            FeedbackRow(
                user_id=user,
                item_id=items[number % len(items)],
                kind=LIKE.value,
                conversation_id=f"c{number}",
                source="click",
                created_at=time.time(),
            )
            for number in range(10_000)
        )
    assert len(shop.state.feedback_of(user)) == 10_000


def test_a_worse_one_is_not_taken_and_the_one_before_serves_on(shop: Shop, monkeypatch: pytest.MonkeyPatch):
    shop.come(60, STRANGE)
    assert shop.refit().taken
    good, name = shop.list_for(STRANGE[0]), shop.generations.current.name
    fit_parts, with_generation = refitting.fit_parts, refitting.with_generation

    def unheard(dataset):  # nobody ever said a word about the strange films
        known = np.minimum(dataset.interactions.rows, min(dataset.catalog.rows(STRANGE)) - 1)
        changed = replace(dataset, interactions=replace(dataset.interactions, rows=known.astype(np.int32)))
        changed.__dict__.update(catalog_hash=dataset.catalog_hash, fingerprint=dataset.fingerprint)
        return changed

    def put_in_place(parts, dataset, settings, folder, named):
        return with_generation(parts, unheard(dataset) if named == "trial" else dataset, settings, folder, named)

    monkeypatch.setattr(refitting, "fit_parts", lambda dataset, *others: fit_parts(unheard(dataset), *others))
    monkeypatch.setattr(refitting, "with_generation", put_in_place)
    shop.come(60, STRANGE)

    last = shop.refit()

    assert not last.taken
    assert last.generation is not None
    assert last.generation.measured.ndcg_after < last.generation.measured.ndcg_before
    assert "so that stays" in last.reason
    assert shop.generations.current.name == name
    assert shop.list_for(STRANGE[0]) == good


def test_an_attempt_that_is_killed_half_way_leaves_the_old_one_serving(shop: Shop):
    before = shop.list_for(STRANGE[0])
    shop.come(60, STRANGE)
    folder = shop.settings.retrieval.data_dir

    killed = subprocess.run(
        [sys.executable, "-c", KILLED, str(folder)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=False,
    )

    assert killed.returncode == -signal.SIGKILL
    assert (shop.generations.folder / ".half" / "whole" / "factors").is_dir()
    assert shop.generations.last is None
    assert shop.list_for(STRANGE[0]) == before
    assert shop.refit().taken
    assert not (shop.generations.folder / ".half").exists()


def test_two_attempts_at_once_are_one(shop: Shop):
    with shop.generations.attempt(), pytest.raises(RecommenderError, match="found one under way"):
        shop.refit()


def test_the_last_two_are_kept_and_one_can_go_back(shop: Shop):
    with pytest.raises(BadDataError, match="reconteur refit"):
        shop.generations.back()
    as_built = shop.list_for(STRANGE[0])
    names = []
    for liked in (STRANGE, STRANGER, STRANGEST):
        shop.come(60, liked)
        assert shop.refit().taken
        names.append(shop.generations.current.name)

    kept = {folder.name for folder in shop.generations.folder.iterdir() if folder.is_dir()}

    assert kept == set(names[1:])
    assert shop.generations.back() == names[1]
    assert shop.serving().parts.generation == names[1]
    assert shop.generations.back() == names[2]
    shop.generations.forget()
    assert shop.list_for(STRANGE[0]) == as_built


def test_what_knows_of_an_erased_user_serves_no_more(shop: Shop):
    gone, *_ = shop.come(60, STRANGE)
    assert shop.refit().taken
    name = shop.generations.current.name
    shop.state.erase_user(gone, who="test")

    assert refitting.is_due(shop.generations, shop.state, "", every_h=1000)
    last = shop.refit()

    assert last.taken
    assert last.generation is not None
    assert last.generation.people == 59
    assert shop.generations.current.previous == ""
    assert not (shop.generations.folder / name).exists()
    assert not refitting.is_due(shop.generations, shop.state, "", every_h=1000)


def test_where_all_were_erased_what_was_built_serves(shop: Shop):
    as_built = shop.list_for(STRANGE[0])
    people = shop.come(LEAST_PEOPLE, STRANGE)
    assert shop.refit().taken
    for user in people:
        shop.state.erase_user(user, who="test")

    assert not shop.refit().taken
    assert shop.list_for(STRANGE[0]) == as_built
    assert [folder.name for folder in shop.generations.folder.iterdir() if folder.is_dir()] == []


def test_a_tenants_users_teach_no_other_tenant(shop: Shop):
    as_built = shop.list_for(STRANGE[0])
    shop.come(60, STRANGE, tenant="shop")

    assert not shop.refit("").taken
    assert shop.refit("shop").taken
    assert shop.list_for(STRANGE[0]) == as_built
    assert set(shop.list_for(STRANGE[0], tenant="shop")[:3]) == set(STRANGE[1:])


# The agent that serves


async def listed(agent: Agent) -> list[str]:
    """What a new user gets who likes the first of the strange films."""
    user = agent.state.create_user().user_id
    agent.state.add_feedback(user, STRANGE[0], LIKE)
    reply = await agent.reply(Conversation(user_id=user), "recommend something")
    return [card.item.item_id for card in reply.recommendations]


async def test_a_server_takes_up_what_was_learned_without_a_restart(shop: Shop, agent: Agent):
    before = await listed(agent.of(""))
    shop.come(60, STRANGE)
    await asyncio.to_thread(shop.refit)
    earlier = agent.of("")

    assert agent.renew() == [""]

    after = await listed(agent.of(""))
    assert set(after[:3]) == set(STRANGE[1:])
    assert after != before
    assert await listed(earlier) == before
    assert agent.renew() == []


async def test_whoever_is_answered_during_the_swap_sees_a_whole_old_or_a_whole_new(shop: Shop, agent: Agent):
    old = await listed(agent.of(""))
    shop.come(60, STRANGE)
    await asyncio.to_thread(shop.refit)
    user = agent.state.create_user().user_id
    agent.state.add_feedback(user, STRANGE[0], LIKE)
    under_way = agent.of("").stream(Conversation(user_id=user), "recommend something")

    async with aclosing(under_way) as events:
        await anext(events)  # it has begun
        swap = asyncio.create_task(asyncio.to_thread(agent.renew))
        during = [await listed(agent.of("")) for _ in range(3)]
        await swap
        begun = [event async for event in events][-1]

    new = await listed(agent.of(""))
    assert isinstance(begun, Finished)
    assert [card.item.item_id for card in begun.reply.recommendations] == old
    assert new != old
    assert all(ranking in (old, new) for ranking in during)


async def test_a_generation_that_cannot_be_opened_is_passed_over(shop: Shop, agent: Agent):
    shop.come(60, STRANGE)
    await asyncio.to_thread(shop.refit)
    agent.renew()
    good = await listed(agent.of(""))
    shop.come(60, STRANGE)
    await asyncio.to_thread(shop.refit)
    (shop.generations.path(shop.generations.current.name) / "factors" / "index.json").unlink()

    assert agent.renew() == []
    assert await listed(agent.of("")) == good
    assert shop.serving().parts.generation == shop.generations.current.previous
