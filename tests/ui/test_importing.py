"""Exports of other services: what their rows mean, which titles are found, and what bad files do."""

import pytest

from retrieval.state import FeedbackKind
from tests.ui.conftest import drain
from tests.ui.fakes import CATALOG
from ui.page.importing import LONGEST_PIECE, MOST_ROWS, Import

LIKE, DISLIKE, SEEN = FeedbackKind.LIKE, FeedbackKind.DISLIKE, FeedbackKind.SEEN
LETTERBOXD = "Date,Name,Year,Letterboxd URI,Rating"
IMDB = "Const,Your Rating,Date Rated,Title,URL,Title Type,IMDb Rating,Runtime (mins),Year"
MOVIELENS = "movie_id,imdb_id,tmdb_id,rating,average_rating,title"


def read(name: str, head: str, *rows: str) -> Import:
    incoming = Import(CATALOG)
    incoming.take(0, name, head, "\n".join(rows))
    return incoming


@pytest.mark.parametrize(
    ("head", "rows"),
    [
        (LETTERBOXD, ("2024-01-02,Nine Foxes,2019,https://x,4.5", "2024-01-02,Salt Road,1998,https://x,1.5")),
        (IMDB, ("tt1,9,2024-01-02,Nine Foxes,https://x,movie,7.1,100,2019", "tt2,3,,Salt Road,,movie,5,90,1998")),
        (MOVIELENS, ('1,2,3,4.0,3.9,"Nine Foxes (2019)"', "1,2,3,0.5,3.9,Salt Road (1998)")),
    ],
)
def test_a_rating_is_an_opinion_on_the_scale_of_its_service(head: str, rows: tuple[str, ...]):
    incoming = read("ratings.csv", head, *rows)

    assert incoming.given == {"game:2": LIKE, "game:3": DISLIKE}
    assert incoming.is_whole
    assert incoming.unknown == {}


def test_what_is_in_between_or_only_watched_is_seen_and_does_not_hide_an_opinion():
    incoming = Import(CATALOG, of=2)
    incoming.take(1, "ratings.csv", LETTERBOXD, "d,Nine Foxes,2019,u,3\nd,Salt Road,1998,u,5\n")
    assert not incoming.is_whole
    incoming.take(0, "watched.csv", "Date,Name,Year,Letterboxd URI", "d,Salt Road,1998,u\nd,Tide Pools,2022,u\n")

    assert incoming.given == {"game:2": SEEN, "game:3": LIKE, "game:11": SEEN}


def test_a_watchlist_is_saved_and_likes_are_likes():
    incoming = Import(CATALOG, of=2)
    incoming.take(0, "watchlist.csv", "Date,Name,Year,Letterboxd URI", "d,Tide Pools,2022,u")
    incoming.take(1, "likes/films.csv", "Date,Name,Year,Letterboxd URI", "d,Deep Signal,2017,u")

    assert [*incoming.saved] == ["game:11"]
    assert incoming.given == {"game:7": LIKE}


def test_a_title_counts_with_its_year_or_the_next_one_and_no_other():
    incoming = read("ratings.csv", LETTERBOXD, "d,Nine Foxes,2020,u,5", "d,Salt Road,1950,u,5", "d,Nowhere,1999,u,5")

    assert incoming.given == {"game:2": LIKE}
    assert [*incoming.unknown] == ["Salt Road (1950)", "Nowhere (1999)"]


@pytest.mark.parametrize(
    ("head", "text"),
    [
        ("", ""),
        ("userId,movieId,rating,timestamp", "1,2,5,3"),
        (LETTERBOXD, '=HYPERLINK("https://x"),=cmd|,,,\n"'),
        (LETTERBOXD, "d," + "x" * 140_000 + ",1999,u,5"),
        ("\ufeff\x00,\x00", "\x00\n\x00"),
        (LETTERBOXD, "d,Nine Foxes,٣,u,nan"),
    ],
)
def test_odd_files_bring_no_opinion_but_what_is_really_there(head: str, text: str):
    incoming = read("ratings.csv", head, text)

    assert set(incoming.given.values()) <= {SEEN}
    assert all(len(title) < 250 for title in incoming.unknown)


def test_a_file_without_end_is_cut():
    incoming = Import(CATALOG, of=64)
    for number in range(64):
        incoming.take(number, "ratings.csv", LETTERBOXD, "d,Nowhere,1999,u,5\n" * 9000)
    incoming.take(64, "ratings.csv", LETTERBOXD, "d,Nine Foxes,2019,u,5")
    large = read("ratings.csv", LETTERBOXD, "d,Nine Foxes,2019,u,5\n" + " " * LONGEST_PIECE)

    assert incoming.rows <= 64 * (MOST_ROWS + 1)
    assert incoming.given == {}
    assert large.given == {}


async def test_what_is_brought_along_leaves_opinions_alone_and_is_known_as_imported(actions, agent, session):
    await drain(actions.feedback(session, "game:2", "dislike"))
    piece = {"number": "0", "of": "1", "name": "ratings.csv", "head": LETTERBOXD}
    rows = "d,Nine Foxes,2019,u,5\nd,Salt Road,1998,u,5"

    await drain(actions.keeping.read(session, {**piece, "text": rows}))
    assert [opinion.item_id for opinion in agent.state.feedback_of(session.user.user_id)] == ["game:2"]
    await drain(actions.keeping.bring(session))

    kept = agent.state.feedback_of(session.user.user_id)
    assert [(opinion.item_id, opinion.kind, opinion.source) for opinion in kept] == [
        ("game:2", DISLIKE, "click"),
        ("game:3", LIKE, "imported"),
    ]
    assert session.incoming is None
    assert session.notice == "1 new opinion kept."
