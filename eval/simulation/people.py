"""Real people to make simulated users of: what each liked and disliked, and who has to be left out."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from eval.readers.movielens import is_movielens, read_movielens
from retrieval.datasets import Interactions
from retrieval.errors import BadDataError
from retrieval.history import Interaction
from retrieval.ingest.guess import guess_interactions
from retrieval.ingest.rows import WEIGHTS, find_scale, ratings_of, read_interactions
from retrieval.ingest.tables import read_table
from retrieval.items import Catalog

AGAIN = "~"
"""Parts a person's id from the number of the draw, where several users are made of one person."""
LIKED, DISLIKED = 0.5, 0.0
"""A weight from the first on is a like (4 of 5 stars), one below the second a dislike."""
FEWEST_LIKES = 20
SAME_PERSON = 0.8
"""Two people whose items overlap by so much (Jaccard) are taken for one."""


@dataclass(frozen=True, slots=True)
class Person:
    """What somebody thinks of items of the catalog; the last opinion counts."""

    user_id: str
    liked: tuple[str, ...]
    disliked: tuple[str, ...]
    rated: frozenset[str]
    """Every item that is known to them, without an opinion too."""


def person_of(name: str) -> str:
    """Whom the simulated user of a name, or of a dialogue's, is made of."""
    return name.partition(AGAIN)[0]


@dataclass(frozen=True, slots=True)
class People:
    """Who can be simulated, and how many cannot."""

    persons: tuple[Person, ...]
    too_early: int = 0
    """Active before the given time."""
    too_few: int = 0
    """Fewer than `FEWEST_LIKES` likes."""
    learned: int = 0
    """Seem to be among those that the recommender learned from."""

    def describe(self) -> str:
        """One line."""
        return (
            f"{len(self.persons)} people; left out: {self.too_early} active before the time given, {self.too_few} with "
            f"fewer than {FEWEST_LIKES} likes, {self.learned} whom the data folder knows"
        )


@dataclass(frozen=True, slots=True)
class Learned:
    """The users that a recommender learned from."""

    holders: Mapping[str, set[str]]
    """Item id -> who has it."""
    items: Mapping[str, set[str]]
    """User id -> the items."""

    @classmethod
    def of(cls, interactions: Iterable[Interaction]) -> "Learned":
        """Of what they did."""
        holders: dict[str, set[str]] = defaultdict(set)
        items: dict[str, set[str]] = defaultdict(set)
        for interaction in interactions:
            holders[interaction.item_id].add(interaction.user_id)
            items[interaction.user_id].add(interaction.item_id)
        return cls(holders, items)

    def has(self, person: Person) -> bool:
        """Whether one of them has (nearly) the same items as a person, whatever the ids are."""
        shared = Counter(user for item_id in person.rated for user in self.holders.get(item_id, ()))
        return any(
            both >= SAME_PERSON * (len(person.rated) + len(self.items[user]) - both) for user, both in shared.items()
        )


def read_people(
    path: Path, catalog: Catalog, *, learned: Interactions | None = None, not_before: float | None = None
) -> People:
    """People of a MovieLens folder or of an interactions file (CSV, JSONL, Parquet; ids of the catalog).

    Args:
        path: Where they are.
        catalog: The items.
        learned: What the recommender learned from; people who are in it are left out.
        not_before: Seconds since 1970; whoever was active earlier is left out.

    Raises:
        BadDataError: Nothing can be read, or nobody is left.
    """
    interactions, first_seen = _read(path, catalog)
    of_user: dict[str, list[Interaction]] = defaultdict(list)
    for interaction in interactions:
        of_user[interaction.user_id].append(interaction)
    early = {user for user in of_user if not_before is not None and first_seen[user] < not_before}
    persons = [_person(user, own) for user, own in of_user.items() if user not in early]
    enough = [person for person in persons if len(person.liked) >= FEWEST_LIKES]
    known = Learned.of(learned or ())
    strangers = [person for person in enough if not known.has(person)]
    people = People(tuple(strangers), len(early), len(persons) - len(enough), len(enough) - len(strangers))
    if not strangers:
        raise BadDataError(f"nobody of {path} can be simulated ({people.describe()}). Name other people with --users.")
    return people


def _read(path: Path, catalog: Catalog) -> tuple[Iterable[Interaction], Mapping[str, float]]:
    if is_movielens(path):
        films = read_movielens(path, catalog)
        return films.interactions, films.first_seen
    if path.is_dir():
        raise BadDataError(
            f"expected an interactions file or a MovieLens folder (movies.csv, ratings.csv), found {path}"
        )
    table = read_table(path)
    columns = guess_interactions(table)
    scale = WEIGHTS if columns.weight else find_scale(ratings_of(table, columns)) if columns.rating else None
    interactions, _ = read_interactions(table, columns, scale, {item.item_id: item for item in catalog})
    first: dict[str, float] = {}
    for interaction in interactions:
        first[interaction.user_id] = min(interaction.timestamp, first.get(interaction.user_id, interaction.timestamp))
    return interactions, first


def _person(user_id: str, interactions: list[Interaction]) -> Person:
    last = {
        interaction.item_id: interaction.weight
        for interaction in sorted(interactions, key=lambda interaction: interaction.timestamp)
    }
    return Person(
        user_id,
        tuple(item_id for item_id, weight in last.items() if weight >= LIKED),
        tuple(item_id for item_id, weight in last.items() if weight < DISLIKED),
        frozenset(last),
    )
