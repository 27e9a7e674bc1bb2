"""Cards and near misses: what is shown of a ranked list."""

from dataclasses import replace

from agent.wording.cards import make_cards, shortage
from retrieval.candidates import Candidate, Evidence, EvidenceKind
from retrieval.policies import Slot
from retrieval.preference import Constraint, Op, Preference
from retrieval.ranking import Ranked
from retrieval.retriever import Retriever
from retrieval.schema import FieldKind, FieldSpec
from tests.agent.films import film_id

HEAT, CASINO, FARGO = film_id("Heat"), film_id("Casino"), film_id("Fargo")
COMEDY, OLD = Constraint("genres", Op.IS, ("Comedy",)), Constraint("year", Op.MAX, (1996.0,))


def test_a_card_holds_its_place_its_reason_and_how_it_was_chosen(film_retriever: Retriever):
    evidence = (Evidence("factors", EvidenceKind.CO_LIKED, item_ids=(HEAT,), count=16),)
    slot = Slot(Candidate(CASINO, {"factors": 0.4}, evidence, 0.9), propensity=0.5)

    (card,), near = make_cards((slot,), Ranked(()), Preference(), film_retriever, "en", ("for Anna",))

    assert (card.item.item_id, card.rank, card.slot, card.propensity, card.score) == (CASINO, 1, "for Anna", 0.5, 0.9)
    assert card.explanation.text.startswith("16 people who liked Heat liked it too")
    assert near == ()


def test_a_guess_is_called_one(film_retriever: Retriever):
    slot = Slot(Candidate(CASINO), exploratory=True, why="little_known")

    (card,), _ = make_cards((slot,), Ranked(()), Preference(), film_retriever, "en")

    assert card.exploratory
    assert card.explanation.text.startswith("Few people know it")


def test_near_misses_name_only_the_limits_that_they_break(film_retriever: Retriever):
    claimed = {HEAT: (COMEDY, OLD), FARGO: (COMEDY, OLD)}
    ranked = Ranked((), near=(Candidate(FARGO), Candidate(HEAT)), broken=claimed)

    cards, near = make_cards((), ranked, Preference(constraints=(COMEDY, OLD)), film_retriever, "en")

    assert cards == ()
    assert [(miss.item.item_id, miss.rank, miss.breaks) for miss in near] == [(HEAT, 1, (COMEDY,))]
    assert near[0].explanation.text == "Not comedy (genre)"


def test_what_is_on_a_card_is_no_near_miss(film_retriever: Retriever):
    ranked = Ranked((), near=(Candidate(HEAT),), broken={HEAT: (COMEDY,)})

    _, near = make_cards((Slot(Candidate(HEAT)),), ranked, Preference(), film_retriever, "en")

    assert near == ()


def test_a_shortage_is_told_by_how_few_fit(film_retriever: Retriever):
    schema = film_retriever.schema
    ranked = Ranked((), near=(Candidate(HEAT),), broken={HEAT: (COMEDY,)})

    def told(*fitting: str, language: str = "en") -> str:
        slots = tuple(Slot(Candidate(item_id)) for item_id in fitting)
        return shortage(make_cards(slots, ranked, Preference(), film_retriever, language), schema, language)

    assert told() == "Nothing fits all of that; what comes closest is listed separately."
    assert told(FARGO) == "Only one film fits all of that; near misses are listed separately."
    assert told(FARGO, CASINO) == "Only 2 films fit all of that; near misses are listed separately."
    assert told(FARGO, CASINO, language="zh") == "完全符合的只有 2 部；接近的另列在下面。"
    assert shortage(((), ()), schema, "en") == ""


def test_a_short_list_for_children_says_why(film_retriever: Retriever):
    catalog = film_retriever.catalog
    fields = (*catalog.schema.fields, FieldSpec(name="age", kind=FieldKind.NUMBER, label={}, role="suits_from"))
    schema = catalog.schema.model_copy(update={"fields": fields})
    cards, _ = make_cards((Slot(Candidate(FARGO)),), Ranked(()), Preference(), film_retriever, "en")
    wanted = Preference(constraints=(Constraint("age", Op.MAX, (4.0,)),), count=3)

    said = shortage((cards, ()), schema, "en", wanted)

    assert said == "Only one film surely suits whom it is for; what might not is left out."
    assert shortage((cards, ()), schema, "en", replace(wanted, count=1)) == ""
