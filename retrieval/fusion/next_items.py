"""What a log teaches of what comes next: a weighted sum of models, for people with a past who ask for nothing.

The weights are learned from interactions that were held back from the models. What does not help gets none.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from retrieval.fusion.others.examples import LEAST_PROFILE, Moment, gather, score_all
from retrieval.fusion.others.members import MEMBERS, SavableModel
from retrieval.fusion.others.weighted import WeightedModel, WeightSettings, fit_weights
from retrieval.models.features import Dimension, ItemFacts, ItemSide
from retrieval.models.log import Log, Profile
from retrieval.models.sequence import NAME as SEQUENCE
from retrieval.models.sequence import SequenceModel
from retrieval.resources import Progress, silent

CLOSED = ("rules", "together", "facts")
"""Fitted in seconds, and again on the whole log once the weights are known."""
LEAST_HELD, MOST_HELD = 300, 2000
"""People of whom one interaction is held back; with fewer of them nothing is learned."""
POOL = 500
"""Candidates of a person that the weights are learned on."""
LEAST_WEIGHT = 0.02
"""A member that counts less is left out."""
FREE = WeightSettings(pull=1.0)


@dataclass(frozen=True, slots=True)
class NextItems:
    """Members and their weights."""

    members: Mapping[str, SavableModel]
    weighted: WeightedModel
    """Of the members, in their order."""

    def by_dimension(self, profile: Profile) -> dict[Dimension, NDArray[np.float32]]:
        """What each dimension of interest adds to the score of every item, shape (n_items,)."""
        added: dict[Dimension, NDArray[np.float32]] = {}
        calibrated = score_all(self.members, [profile])
        for (name, scores), weight in zip(calibrated.items(), self.weighted.weights.tolist(), strict=True):
            kind = MEMBERS[name].dimension
            added[kind] = added.get(kind, 0.0) + np.float32(weight) * scores[0]
        return added

    def score(self, profiles: Sequence[Profile]) -> NDArray[np.float32]:
        """Scores of all items, shape (len(profiles), n_items)."""
        calibrated = np.stack(list(score_all(self.members, profiles).values()))
        return np.asarray(np.tensordot(self.weighted.weights, calibrated, axes=1), dtype=np.float32)

    def save(self, folder: Path) -> None:
        """Write the weights and all members but the sequence model, which lies beside them, into an existing folder."""
        self.weighted.save(folder)
        for name, member in self.members.items():
            if name != SEQUENCE:
                (folder / name).mkdir()
                member.save(folder / name)

    @classmethod
    def load(cls, folder: Path, sequence: SequenceModel) -> "NextItems":
        """Read what `save` wrote.

        Raises:
            IndexMissingError: It is absent or damaged.
        """
        weighted = WeightedModel.load(folder)
        members = {
            name: sequence if name == SEQUENCE else MEMBERS[name].load(folder / name) for name in weighted.members
        }
        return cls(members, weighted)


def held_back(log: Log, *, seed: int = 0) -> NDArray[np.bool_] | None:
    """The last interactions of some people to learn weights from, a mask of shape (len(log),); None where too few.

    Of at most half of the people who have enough of a past before it.
    """
    starts = log.starts()
    people = np.flatnonzero(np.diff(starts) > LEAST_PROFILE)
    n_held = min(MOST_HELD, len(people) // 2)
    if n_held < LEAST_HELD:
        return None
    drawn = np.random.default_rng(seed).permutation(people)[:n_held]
    held = np.zeros(len(log), dtype=np.bool_)
    held[starts[drawn + 1] - 1] = True
    return held


def fit_next_items(
    log: Log, held: NDArray[np.bool_], side: ItemSide, sequence: SequenceModel, progress: Progress = silent
) -> NextItems:
    """Learn how much each member counts.

    Args:
        log: All that may be known.
        held: What the sequence model was not fitted on.
        side: What is known of the items without interactions.
        sequence: Counts as it is; the others are fitted anew.
        progress: Told what is being fitted.
    """
    known = log.where(~held)
    own: dict[str, SavableModel] = {SEQUENCE: sequence} if sequence.nets else {}
    members = _closed(known, side, progress) | own
    pasts, asked = list(known.profiles()), zip(log.users[held].tolist(), log.items[held].tolist(), strict=True)
    cases = [Moment(pasts[user], pasts[user], item, 1.0) for user, item in asked]
    examples = gather(cases, members, tuple(members), side, ItemFacts.of(known), pool=POOL)
    weighted = fit_weights(examples.features, examples.taken, FREE, progress)
    kept = np.flatnonzero(weighted.weights >= LEAST_WEIGHT)
    names = tuple(weighted.members[at] for at in kept.tolist())
    again = _closed(log, side, progress) | own
    return NextItems({name: again[name] for name in names}, WeightedModel(FREE, names, weighted.weights[kept]))


def _closed(log: Log, side: ItemSide, progress: Progress) -> dict[str, SavableModel]:
    names = [name for name in CLOSED if name != "facts" or side.facts.nnz]
    return {name: MEMBERS[name].fit(log, side, progress) for name in names}
