"""The tagger: what it was taught, what it reads in languages without rules, what it does with odd texts."""

import re
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest

from agent.drivers import network
from agent.drivers.network import Layer, Network, plain, stored, tokens, weights
from agent.drivers.offline import Spotter
from agent.drivers.tagging import ROLES, Tagged, Tags, bundled_tagger, joined
from benchmarks.network.__main__ import digest
from benchmarks.network.acts import ACTED, ANSWER, FIRST, LIST, read_acted
from benchmarks.network.tags import MARKED, kept_apart, labels_of, read_marked
from retrieval.encoder import multilingual
from tests.agent.films import film_catalog


def tagged(message: str) -> dict[str, str]:
    """Words -> role."""
    spots = Spotter(film_catalog()).spot(message)
    return {message[one.start : one.end]: one.role for one in bundled_tagger().tag(message, spots).stretches}


def test_the_weights_were_learned_from_the_messages_as_they_are() -> None:
    assert str(stored()["messages"]) == digest(), "the messages changed: run python -m benchmarks.network --write"


def test_the_messages_with_decisions_are_well_formed() -> None:
    rows = [line.split("\t") for line in ACTED.read_text(encoding="utf-8").splitlines()]
    acted = read_acted(film_catalog())
    names, fields = {*map(str, stored()["act_names"])}, {*map(str, stored()["field_names"])}

    assert len(rows) == len({(*row,) for row in rows}) == len(acted)
    assert {row[1] for row in rows} == {FIRST, LIST, ANSWER}
    assert {each.act for each in acted} <= names
    assert {name for each in acted for name in each.fields} <= fields
    assert min(Counter(each.act for each in acted).values()) > 50


def test_the_marked_messages_are_well_formed() -> None:
    lines = MARKED.read_text(encoding="utf-8").splitlines()
    messages = read_marked()
    roles = Counter(role for each in messages for *_, role in each.marks)

    assert len(lines) == len({*lines}) == len(messages)
    assert {*roles} == {*ROLES}
    assert min(roles.values()) > 50
    assert min(Counter(each.language for each in messages).values()) > 150
    assert not any(re.search(r"[\[\]|]", each.message) for each in messages)
    assert sum(kept_apart(messages)) == pytest.approx(len(messages) / 10, abs=13)


@pytest.mark.parametrize(
    ("message", "roles"),
    [
        ("eine Komödie ohne Kinder, bitte", {"Komödie": "want", "Kinder": "not"}),
        ("un film policier d'avant 1970, pas trop violent", {"1970": "before", "violent": "not"}),
        ("algo de terror sin zombies", {"terror": "want", "zombies": "not"}),
        ("qualcosa di Fellini, niente oltre le due ore", {"Fellini": "want", "due ore": "most"}),
        ("ホラーは嫌いなので、コメディで", {"ホラー": "not", "コメディ": "want"}),
        ("2010년 이후 한국 영화", {"2010년": "from", "한국": "want"}),
        ("только не ужасы", {"ужасы": "not"}),
        ("不要恐怖片", {"恐怖片": "not"}),
    ],
)
def test_words_are_told_by_what_they_are_there_for(message: str, roles: dict[str, str]) -> None:
    found = tagged(message)

    assert {word: found.get(word, "") for word in roles} == roles


@pytest.mark.parametrize("message", ["danke dir, bis morgen!", "你好", "lol ok"])
def test_small_talk_has_no_roles(message: str) -> None:
    assert tagged(message) == {}


@pytest.mark.parametrize("message", ["", " ", "\x00", "🎬" * 300, "a" * 50_000, "ไม่เอาหนังผี", "[a|want]", "ﾎﾗｰ以外で"])
def test_any_text_is_read(message: str) -> None:
    tags = bundled_tagger().tag(message, ())

    assert len(tags.places) <= network.LONGEST
    assert all(0 <= one.start < one.end <= len(message) and one.role in ROLES for one in tags.stretches)


@pytest.mark.parametrize(
    "message", ["不要恐怖片", "怖くないやつ、90年代の邦画で", "공포영화는 싫어요", "Don't, l'été 1990!"]
)
def test_words_follow_one_another_and_leave_nothing_out(message: str) -> None:
    places = tokens(message, multilingual())

    assert all(before[1] <= after[0] for before, after in pairwise(places))
    assert "".join(message[start:end] for start, end in places) == message.replace(" ", "")


def test_a_layer_computes_what_torch_computes() -> None:
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    gru = torch.nn.GRU(5, 3, batch_first=True)
    inputs = torch.randn(7, 5)
    weights = (gru.weight_ih_l0, gru.weight_hh_l0, gru.bias_ih_l0, gru.bias_hh_l0)

    ours = Layer(*(weight.detach().numpy() for weight in weights)).run(inputs.numpy())

    np.testing.assert_allclose(ours, gru(inputs[None])[0][0].detach().numpy(), atol=1e-5)


def test_words_in_a_row_are_one_stretch_until_another_begins() -> None:
    places, size = [(0, 3), (4, 7), (8, 11), (12, 15)], 2 * len(ROLES) + 1
    want, begins = ROLES.index("want"), np.zeros((4, size), dtype=np.float32)
    begins[0, 1 + want] = begins[2, 1 + want] = 0.9
    begins[1, 1 + len(ROLES) + want] = 0.7
    begins[3, 0] = 1.0

    assert joined(places, begins) == [
        Tagged(0, 7, "want", pytest.approx(0.8)),
        Tagged(8, 11, "want", pytest.approx(0.9)),
    ]


def test_labels_are_what_stretches_are_made_from() -> None:
    message, marks = "no big robots or war", ((3, 13, "not"), (17, 20, "not"))
    places = tokens(message, multilingual())

    labels = labels_of(places, marks)

    found = joined(places, np.eye(2 * len(ROLES) + 1, dtype=np.float32)[labels])
    assert [(one.start, one.end, one.role) for one in found] == [*marks]


def test_what_is_not_there_has_no_role() -> None:
    assert Tags((), np.zeros((0, 2 * len(ROLES) + 1), dtype=np.float32)).roles_of((0, 4)) == {"": 1.0}


def test_years_are_alike_and_letters_small() -> None:
    assert [plain(word) for word in ("1994", "94", "Keine", "2031")] == ["1990", "94", "keine", "1990"]


def test_vectors_of_words_are_remembered_within_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network, "REMEMBERED", 3)
    fresh = Network(multilingual(), weights(stored()))

    first, said = fresh.vectors(["one", "two", "three", "four", "five"], "one two")
    again, _ = fresh.vectors(["five", "one"], "five one")

    np.testing.assert_allclose(again, first[[4, 0]], atol=1e-6)
    np.testing.assert_allclose(said, multilingual().encode(["one two"])[0], atol=1e-6)
    assert len(fresh._known) <= 3


def test_a_message_is_read_once_for_its_roles_and_its_decision(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network, "RECENT", 2)
    fresh = Network(multilingual(), weights(stored()))

    first = fresh.read("no horror", ())

    assert fresh.read("no horror", ()) is first
    assert fresh.read("no horror", Spotter(film_catalog()).spot("no horror")) is not first
    for message in ("a", "b", "c"):
        fresh.read(message, ())
    assert len(fresh._recent) == 2
