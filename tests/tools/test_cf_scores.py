"""What people of similar taste like, with what was said just now folded in."""

from retrieval.candidates import EvidenceKind
from retrieval.history import Interaction, UserHistory
from retrieval.preference import Constraint, Op, Preference
from retrieval.retriever import Retriever
from tests.tools.desk import call, desk, found_ids, lines

CHANNELS = ("factors", "neighbors", "trend")


def test_what_was_liked_just_now_is_folded_in(shop: Retriever) -> None:
    text, result = call(desk(shop), "cf_scores", liked=["Cloud Gate", "i9"], k=2)

    best = result.by_channel["factors"][0]
    assert set(found_ids(result, "factors")[:2]) == {"tea:10", "tea:11"}
    assert any(piece.kind is EvidenceKind.CO_LIKED for piece in best.evidence)
    assert len(lines(text)) == 2
    assert lines(text)[0].startswith(("i10 Amber Road", "i11 Tiger Stair"))


def test_the_wish_counts_beside_the_arguments(shop: Retriever) -> None:
    _, result = call(
        desk(shop, Preference(liked=("tea:8",))), "cf_scores", liked=["Iron Bell"], disliked=["Amber Road"]
    )

    assert found_ids(result, "factors")[0] == "tea:11"
    assert not {"tea:8", "tea:9", "tea:10"} & set(found_ids(result, "factors"))


def test_the_limits_of_the_wish_hold(shop: Retriever) -> None:
    context = desk(shop, Preference(liked=("tea:8",), constraints=(Constraint("price", Op.MAX, (20.0,)),)))

    _, result = call(context, "cf_scores")

    assert "tea:10" in found_ids(result, "factors")
    for channel in CHANNELS:
        assert not {"tea:9", "tea:11", "tea:12"} & set(found_ids(result, channel))


def test_what_the_user_knows_is_left_out(shop: Retriever) -> None:
    history = UserHistory.of("me", [Interaction("me", "tea:8", 1.0, 1.0), Interaction("me", "tea:9", 1.0, 2.0)])

    _, result = call(desk(shop, history=history), "cf_scores")

    for channel in CHANNELS:
        assert not {"tea:8", "tea:9"} & set(found_ids(result, channel))


def test_just_the_given_items_are_scored(shop: Retriever) -> None:
    text, result = call(desk(shop), "cf_scores", liked=["Cloud Gate"], items=["Amber Road", "Old Harbor"])

    assert found_ids(result, "factors")[0] == "tea:10"
    assert set(found_ids(result, "trend")) == {"tea:10", "tea:4"}
    assert len(lines(text)) == 2


def test_items_of_which_none_exists_score_nothing(shop: Retriever) -> None:
    text, result = call(desk(shop), "cf_scores", liked=["Cloud Gate"], items=["Moon Dust"])

    assert lines(text) == ["nobody's taste says anything here", "no item 'Moon Dust' in the catalog"]
    assert result.size == 0


def test_what_nobody_rated_says_nothing(shop: Retriever) -> None:
    text, result = call(desk(shop), "cf_scores", items=["Snow Bud"])

    assert text == "nobody's taste says anything here"
    assert result.size == 0
