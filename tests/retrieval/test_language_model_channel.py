"""Titles that somebody names are linked to the catalog, remembered, and kept apart from what was read out of texts."""

from collections.abc import Sequence

import numpy as np
import pytest

from retrieval.candidates import EvidenceKind
from retrieval.channels.language_model import COUNT, REMEMBERED, LanguageModelChannel
from retrieval.datasets import Dataset
from retrieval.errors import ModelUnavailableError
from retrieval.features.store import ItemFeatures
from retrieval.history import UserHistory
from retrieval.items import Catalog, Item
from retrieval.parts import Parts
from retrieval.preference import Constraint, Op, Preference, Wish
from retrieval.proposals import Proposal, Request, find_proposal, link_proposals, request_of
from retrieval.retriever import Retriever
from retrieval.settings import RetrievalSettings
from tests.fakes import tea_schema
from tests.retrieval.test_channels import NOBODY, RICH, guest

READ = ItemFeatures(
    {"tea:4": ("dark",), "tea:3": ("calm",), "tea:0": ("calm", "dreamy"), "tea:9": ()},
    {"tea:9": {"notes": ("honey",)}, "tea:0": {"notes": ("honey",)}},
)


class Namer:
    """Names the same titles for everything, and counts how often it was asked."""

    def __init__(self, *titles: str, fails: bool = False) -> None:
        self.titles = titles
        self.asked: list[Request] = []
        self.fails = fails

    @property
    def name(self) -> str:
        return "namer"

    def propose(self, request: Request) -> Sequence[Proposal]:
        self.asked.append(request)
        if self.fails:
            raise ModelUnavailableError("the language model named no titles")
        return [Proposal(title) for title in self.titles]


def ids(candidates) -> list[str]:
    return [candidate.item_id for candidate in candidates]


@pytest.fixture
def everything(teas: Dataset) -> LanguageModelChannel:
    return LanguageModelChannel(teas.catalog, Namer(*(item.title for item in teas.catalog)), READ)


# The contract of every channel


@pytest.mark.parametrize("k", [0, 1, 3, 1000])
@pytest.mark.parametrize("history", [NOBODY, guest()], ids=["new", "known"])
def test_the_channel_keeps_the_contract(everything: LanguageModelChannel, history: UserHistory, k: int):
    everything.ask(RICH)

    candidates = everything.retrieve(RICH, history, k=k)

    scores = [candidate.scores["language_model"] for candidate in candidates]
    assert len(candidates) <= k
    assert len(candidates) > 0 or k == 0
    assert len(set(ids(candidates))) == len(candidates)
    assert scores == sorted(scores, reverse=True)
    assert np.isfinite(scores).all()
    assert all(candidate.evidence for candidate in candidates)
    assert not {"tea:4", "tea:0", "tea:5", "tea:15", *history.seen()} & set(ids(candidates))
    assert candidates == everything.retrieve(RICH, history, k=k)


def test_a_mask_is_kept(everything: LanguageModelChannel, teas: Dataset):
    allowed = teas.catalog.mask([Constraint("kinds", Op.IS, ("White",))])
    everything.ask(RICH)

    assert set(ids(everything.retrieve(RICH, NOBODY, k=5, allowed=allowed))) == {"tea:12", "tea:13"}
    assert everything.retrieve(RICH, NOBODY, k=5, allowed=np.zeros_like(allowed)) == []


def test_where_nothing_is_wished_nobody_is_asked(teas: Dataset):
    namer = Namer("Jade Path")
    channel = LanguageModelChannel(teas.catalog, namer, READ)

    channel.ask(Preference(disliked=("tea:1",)))

    assert namer.asked == []
    assert channel.retrieve(Preference(), guest(), k=5) == []
    assert np.isneginf(channel.scores(Preference(), guest())).all()


# Asking


def test_titles_keep_their_order_and_unknown_ones_are_dropped_and_counted(teas: Dataset):
    channel = LanguageModelChannel(teas.catalog, Namer("Amber Road", "Moon Dust", "jade path", "Amber Road"))
    wish = Preference(text="something for the evening")

    linked = channel.ask(wish)
    candidates = channel.retrieve(wish, NOBODY, k=5)

    assert (linked.item_ids, linked.unknown, linked.named) == (("tea:10", "tea:1"), 1, 4)
    assert ids(candidates) == ["tea:10", "tea:1"]
    assert [piece.kind for piece in candidates[0].evidence] == [EvidenceKind.PROPOSED]


def test_only_asking_waits_for_the_model(teas: Dataset):
    namer = Namer("Jade Path")
    channel = LanguageModelChannel(teas.catalog, namer)
    wish = Preference(text="nutty")

    before = channel.retrieve(wish, NOBODY, k=5), channel.scores(wish, NOBODY)
    channel.ask(wish)
    channel.ask(wish)
    after = channel.retrieve(wish, NOBODY, k=5), channel.scores(wish, NOBODY)

    assert len(namer.asked) == 1
    assert before[0] == []
    assert np.isneginf(before[1]).all()
    assert ids(after[0]) == ["tea:1"]
    assert np.flatnonzero(np.isfinite(after[1])).tolist() == [1]


def test_only_the_newest_wishes_are_remembered_and_none_in_words(teas: Dataset):
    namer = Namer("Jade Path")
    channel = LanguageModelChannel(teas.catalog, namer)

    for number in range(REMEMBERED + 1):
        channel.ask(Preference(text=f"secret wish {number}"))
    channel.ask(Preference(text="secret wish 1"))
    asked = len(namer.asked)
    channel.ask(Preference(text="secret wish 0"))

    assert (asked, len(namer.asked)) == (REMEMBERED + 1, REMEMBERED + 2)
    assert "secret" not in repr(vars(channel) | {"_proposer": None})


def test_a_failed_model_is_asked_again(teas: Dataset):
    namer = Namer("Jade Path", fails=True)
    channel = LanguageModelChannel(teas.catalog, namer)

    with pytest.raises(ModelUnavailableError):
        channel.ask(Preference(text="nutty"))
    namer.fails = False

    assert channel.ask(Preference(text="nutty")).item_ids == ("tea:1",)


def test_a_request_says_what_is_wanted_refused_and_limited(teas: Dataset):
    preference = Preference(
        text="for a rainy evening",
        liked=("tea:4", "gone"),
        disliked=("tea:0",),
        wishes=(Wish("notes", "smoky"), Wish("notes", "tar", -1.0)),
        constraints=(
            Constraint("kinds", Op.IS, ("Black", "Oolong")),
            Constraint("kinds", Op.NOT, ("White",)),
            Constraint("price", Op.MAX, (20.0,)),
            Constraint("year", Op.MIN, (1990.0,)),
        ),
    )

    request = request_of(preference, teas.catalog, count=COUNT)

    assert request == Request(
        "for a rainy evening; smoky; not tar; Black or Oolong; not White; price at most 20; harvest at least 1990",
        ("Old Harbor (1998)",),
        ("Morning Mist (1991)",),
        COUNT,
    )


def test_the_door_asks_and_then_runs(teas: Dataset):
    namer = Namer("Jade Path")
    retriever = Retriever(Parts(teas), RetrievalSettings())
    more = retriever.with_channel(LanguageModelChannel(teas.catalog, namer))
    wish = Preference(text="nutty")

    retriever.prepare("language_model", wish)
    more.prepare("language_model", wish)
    more.warm()
    more.similar("tea:1")

    assert retriever.channel_names == ()
    assert more.channel_names == ("language_model",)
    assert ids(more.run("language_model", wish, NOBODY)) == ["tea:1"]
    assert len(namer.asked) == 1


# Linking


@pytest.fixture
def shelf() -> Catalog:
    rows = [("Heat", 1995), ("The Rock", 1996), ("Sabrina", 1954), ("Sabrina", 1995), ("Nine Foxes", None)]
    rows += [("The Lantern Harbor Story", 2014), ("Back to the Sea Part II", 1989), ("Alien", 1979)]
    items = [
        Item(f"x:{row}", title, numbers={} if year is None else {"year": float(year)})
        for row, (title, year) in enumerate(rows)
    ]
    return Catalog(tea_schema(), tuple(items))


@pytest.mark.parametrize(
    ("title", "year", "found"),
    [
        ("Heat", 1995, "x:0"),
        ("heat!", 1997, "x:0"),
        ("Heat", 2013, None),
        ("Heat", None, "x:0"),
        ("Sabrina", 1954, "x:2"),
        ("Sabrina", 1996, "x:3"),
        ("Rocky", 1996, None),
        ("The Lantern Harbour Story", 2014, "x:5"),
        ("The Lantern Harbour Story", None, "x:5"),
        ("The Lantern Harbour Story", 2011, None),
        ("The Lantern", 2014, "x:5"),
        ("The Lantern", 2013, "x:5"),
        ("The Lantern", 2011, None),
        ("The Lantern", None, None),
        ("The Lantern Harbor Story: A Tale of Two Winters", 2014, "x:5"),
        ("Nine Foxes", 2001, "x:4"),
        ("Back to the Sea Part II", 1990, "x:6"),
        ("Back to the Sea Part III", 1990, None),
        ("Back to the Sea, Prat II", 1989, "x:6"),
        ("Aliens", None, None),
        ("Aliens", 1986, None),
        ("", None, None),
        ("《》", 1995, None),
    ],
)
def test_a_title_must_be_spelled_or_nearly_spelled_and_of_its_year(shelf: Catalog, title, year, found):
    match = find_proposal(Proposal(title, year), shelf)

    assert (match.item_id if match else None) == found


def test_doubles_count_once(teas: Dataset):
    assert link_proposals([Proposal("Night Train"), Proposal("Night Train", 2001)], teas.catalog).item_ids == ("tea:5",)


# What was read


def test_a_wished_mood_brings_what_was_read_to_have_it(teas: Dataset):
    channel = LanguageModelChannel(teas.catalog, features=READ)

    candidates = channel.retrieve(Preference(text="a quiet cup"), NOBODY, k=9)

    assert set(ids(candidates)) == {"tea:3", "tea:0"}
    assert [(piece.kind, piece.value) for piece in candidates[0].evidence] == [(EvidenceKind.READ, "calm")]
    assert candidates[0].evidence[0].text == teas.catalog.item(candidates[0].item_id).text


def test_a_refused_mood_lowers_and_unread_items_stay_open(teas: Dataset):
    channel = LanguageModelChannel(teas.catalog, features=READ)

    scores = channel.scores(Preference(text="dreamy, not dark"), NOBODY)

    assert scores[teas.catalog.row("tea:0")] > scores[teas.catalog.row("tea:3")] > scores[teas.catalog.row("tea:4")]
    assert scores[teas.catalog.row("tea:4")] < 0
    assert np.isneginf(scores[teas.catalog.row("tea:1")])


def test_a_wished_theme_finds_what_was_read_though_the_catalog_does_not_say_it(teas: Dataset):
    channel = LanguageModelChannel(teas.catalog, features=READ)

    candidates = channel.retrieve(Preference(wishes=(Wish("notes", "honey"),)), NOBODY, k=9)

    assert set(ids(candidates)) == {"tea:9", "tea:0"}
    assert (candidates[0].evidence[0].field, candidates[0].evidence[0].value) == ("notes", "honey")


def test_named_and_read_beats_named_alone(teas: Dataset):
    channel = LanguageModelChannel(teas.catalog, Namer("Jade Path", "Quiet Lake"), READ)
    wish = Preference(text="calm")
    channel.ask(wish)

    assert ids(channel.retrieve(wish, NOBODY, k=3)) == ["tea:1", "tea:3", "tea:0"]
    assert len(channel.retrieve(wish, NOBODY, k=3)[1].evidence) == 2
