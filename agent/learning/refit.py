"""`reconteur refit`: what a folder's own users said reaches the recommenders that serve, where it does them good.

Fitted beside them, compared on likes that neither knows, and put in their place by one step. Whoever serves the folder
looks for a new generation now and then (`Agent.renew`).
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from agent.learning.play import Player, came_up
from agent.learning.stored import dialogues_of
from agent.learning.transcripts import Dialogue
from agent.settings import Settings, checkpoint_url
from retrieval.errors import IndexMissingError, RecommenderError
from retrieval.fusion.learning import Person, RecordedPlace
from retrieval.fusion.weights import write_weights
from retrieval.preference import Preference
from retrieval.refit import Generation, Generations, Last, Opinions, fit_parts, read_opinions, together
from retrieval.refit.fitting import with_generation
from retrieval.refit.measure import LEAST_PEOPLE, Question, compare, lists, questions, without
from retrieval.refit.opinions import SUPPORT
from retrieval.resources import Progress, silent
from retrieval.retriever import Retriever
from retrieval.settings import RetrievalSettings
from retrieval.state import StateStore, open_state
from retrieval.state.realms import tenant_of

HOUR = 3600.0


def refit(
    settings: Settings,
    tenant: str = "",
    *,
    every_h: float = 0.0,
    progress: Progress = silent,
    retriever: Retriever | None = None,
) -> Last | None:
    """Fit what a tenant's users teach, compare, and let it serve where it is no worse.

    Args:
        settings: The data folder, and where users and conversations are kept.
        tenant: Whose users; '' for those of none.
        every_h: Do nothing where an attempt was made within so many hours; 0 for at once.
        progress: Told what is being done.
        retriever: The one over what was built; opened where None.

    Returns:
        What came of it; None where nothing was due.

    Raises:
        RecommenderError: Another attempt is under way, or something cannot be read or written.
    """
    generations = Generations.of(settings.retrieval.data_dir, tenant)
    with generations.attempt() as half, open_state(settings.retrieval) as state:
        if not is_due(generations, state, tenant, every_h):
            return None
        base = retriever or Retriever.open(settings.retrieval)
        last = _Refit(settings, tenant, generations, state, base, half, progress).run()
        generations.note(last)
        return last


def is_due(generations: Generations, state: StateStore, tenant: str, every_h: float) -> bool:
    """Whether so many hours have passed since the last attempt, or somebody was erased who may be in what serves."""
    last = generations.last
    return last is None or time.time() - last.at >= every_h * HOUR or _is_void(generations, state, tenant)


def learned(base: Retriever, settings: RetrievalSettings, tenant: str) -> Retriever:
    """A retriever with what its tenant's users taught; as it is where they taught nothing that can be opened."""
    generations = Generations.of(settings.data_dir, tenant)
    current = generations.current
    for name in filter(None, (current.name, current.previous)):
        try:
            return opened(base, settings, generations, name)
        except RecommenderError:
            continue
    return base


def opened(base: Retriever, settings: RetrievalSettings, generations: Generations, name: str) -> Retriever:
    """A retriever with one generation in place of the parts as built, which it shares otherwise.

    Raises:
        IndexMissingError: It is not whole, or was made for another dataset.
        BadDataError: Its weights cannot be read.
    """
    record, dataset = generations.record(name), base.parts.dataset
    if record is None or record.base != dataset.fingerprint:
        raise IndexMissingError("a generation made for another dataset", path=str(generations.path(name)))
    known = together(dataset, generations.opinions(name))
    parts = with_generation(base.parts, known, settings, generations.path(name), name)
    return Retriever(parts, settings, policy=base.policy)


def _is_void(generations: Generations, state: StateStore, tenant: str) -> bool:
    """Whether somebody was erased after what serves was fitted: it may still know of them."""
    record = generations.record(generations.current.name)
    return record is not None and state.last_erasure(tenant) >= record.fitted_at


@dataclass(frozen=True, slots=True)
class _Refit:
    """One attempt."""

    settings: Settings
    tenant: str
    generations: Generations
    state: StateStore
    base: Retriever
    half: Path
    progress: Progress

    def run(self) -> Last:
        """See `refit`."""
        began, void = time.time(), _is_void(self.generations, self.state, self.tenant)
        if void:  # neither it nor the one before may serve again
            self.generations.forget()
        serving = learned(self.base, self.settings.retrieval, self.tenant)
        record = self.generations.record(serving.parts.generation)
        opinions = read_opinions(self.state, self.base.catalog, self.tenant)
        asked = questions(opinions, self.base.catalog, after=record.until if record else 0.0)
        if len(asked) < LEAST_PEOPLE:
            return Last(
                at=began,
                taken=False,
                reason=f"expected {LEAST_PEOPLE} people with a like that what serves does not know and another one, "
                f"found {len(asked)}. Try again when more people have said what they like.",
            )
        trial = self._fitted("trial", without(opinions, asked).supported())
        people = self._people(opinions, asked)
        learnt = trial.relearn([person for person, _ in people], support=SUPPORT)
        after: dict[int, list[str]] = {}
        for half, weights in enumerate(learnt.crossed):  # each with weights that others moved
            own = [question for _, question in people[half::2] if question is not None]
            after |= {
                question.user: ranked for question, ranked in zip(own, lists(trial.weighing(weights), own), strict=True)
            }
        measured = compare(lists(serving, asked), [after[question.user] for question in asked], asked)
        told = opinions.supported()
        generation = Generation(
            base=self.base.parts.dataset.fingerprint,
            fitted_at=began,
            until=opinions.until,
            people=told.people,
            opinions=len(told),
            left_out=opinions.left_out,
            measured=measured,
            weights_learned_from=learnt.places,
        )
        if measured.ndcg_after < measured.ndcg_before:
            reason = "what was fitted finds less of what people liked than what serves, so that stays."
            return Last(at=began, taken=False, reason=reason, generation=generation)
        self._fitted("whole", told)
        write_weights(self.half / "whole", learnt.weights)
        self.generations.publish(self.half / "whole", told, generation, keep_previous=not void)
        return Last(at=began, taken=True, generation=generation)

    def _fitted(self, name: str, opinions: Opinions) -> Retriever:
        """A retriever that was fitted on the dataset and some opinions."""
        folder, settings = self.half / name, self.settings.retrieval
        folder.mkdir()
        dataset = together(self.base.parts.dataset, opinions)
        vectors = self.base.parts.vectors
        fit_parts(dataset, settings, folder, None if vectors is None else vectors.matrix, self.progress)
        return Retriever(with_generation(self.base.parts, dataset, settings, folder, name), settings)

    def _people(self, opinions: Opinions, asked: Sequence[Question]) -> list[tuple[Person, Question | None]]:
        """Everybody who gave an opinion: what came up in their conversations, and where they took what is held back."""
        realms = [realm for realm in self.state.realms() if tenant_of(realm) == self.tenant]
        talks: dict[tuple[str, str], Person] = {}
        for done, realm in enumerate(realms):
            self.progress("conversations", done, len(realms))
            talks |= asyncio.run(self._talks(realm, Player.of(self.base.catalog)))
        by_account = {opinions.accounts[question.user]: question for question in asked}
        return [
            (_held_back(talks.get(account, Person(())), by_account.get(account)), by_account.get(account))
            for account in opinions.accounts
        ]

    async def _talks(self, realm: str, player: Player) -> dict[tuple[str, str], Person]:
        url, folder = checkpoint_url(self.settings), self.settings.retrieval.data_dir
        by_user: dict[str, list[Dialogue]] = {}
        for dialogue in await dialogues_of(self.state.of(realm), url, folder):
            by_user.setdefault(str(dialogue.user_id), []).append(dialogue)
        return {(realm, user_id): await _person(own, player) for user_id, own in by_user.items()}


def _held_back(talked: Person, asked: Question | None) -> Person:
    """Only the places where somebody took what no model was fitted on: in a conversation, else out of the blue."""
    if asked is None:
        return replace(talked, places=())
    chosen, history = (asked.item_id,), asked.history
    places = [
        replace(place, chosen=chosen, history=history) for place in talked.places if asked.item_id in place.chosen
    ]
    return replace(talked, places=(*places,) or (RecordedPlace(Preference(), (), chosen, frozenset(), history),))


async def _person(dialogues: Sequence[Dialogue], player: Player) -> Person:
    places = [place for dialogue in reversed(dialogues) async for place in player.places(dialogue)]
    return Person(tuple(places), frozenset().union(*map(came_up, dialogues)))
