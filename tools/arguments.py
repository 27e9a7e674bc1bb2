"""What the tools take, as pydantic models made from a catalog's schema: closed lists of fields, bounds everywhere.

A model that breaks a bound is told so; what it may not know (whether a title or a name exists) is placed later.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal

from annotated_types import MaxLen
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, create_model

from retrieval.schema import CONTENT, SUITS_FROM, CatalogSchema, FieldKind, FieldSpec
from tools.audience import groups

LONGEST = 200
"""Characters of a title, name or reference."""
MOST_ROWS = 30
"""Rows that a look-up may be asked for."""
MOST_ITEMS = 10
"""Items of one list, as everywhere in the product."""
MOST_PEOPLE = 4
"""People whose wishes are kept apart."""


def _listed(value: object) -> object:
    """A single value where a list is expected is a list of one; nothing is an empty one."""
    if value is None:
        return []
    return value if isinstance(value, list | tuple) else [value]


def _text(value: object) -> object:
    """A number where a reference is expected: models write 2 for '#2', and 1984 for a title of digits."""
    if not isinstance(value, int) or isinstance(value, bool):
        return value
    return f"#{value}" if 0 <= value <= MOST_ITEMS else str(value)


Reference = Annotated[
    str, BeforeValidator(_text), StringConstraints(min_length=1, max_length=LONGEST, strip_whitespace=True)
]
References = Annotated[list[Reference], BeforeValidator(_listed), Field(max_length=20)]
Words = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST, strip_whitespace=True)]
WordList = Annotated[list[Words], BeforeValidator(_listed), Field(max_length=12)]
Value = Annotated[float, Field(allow_inf_nan=False)] | Words
Values = Annotated[list[Value], BeforeValidator(_listed), Field(max_length=12)]

BEYOND = "('these': the list last shown)"
ITEM = "'#2' for the second item last shown, 'i12' as a tool wrote it, or a title, with its year if that matters"


class Arguments(BaseModel):
    """Unknown keys are left out rather than refused: a slip of the pen is no reason to ask again."""

    model_config = ConfigDict(extra="ignore", frozen=True)


def shortened(kind: type[Arguments], arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments that code has made, with no list longer than its kind allows: every entry once, the first ones."""
    most = {
        name: bound.max_length
        for name, spec in kind.model_fields.items()
        for bound in spec.metadata
        if isinstance(bound, MaxLen)
    }
    return {
        name: [entry for at, entry in enumerate(value) if entry not in value[:at]][: most.get(name)]
        if isinstance(value, list)
        else value
        for name, value in arguments.items()
    }


class Exempt(Arguments):
    """What a limit lets through all the same."""

    field: str
    value: Values = Field(description="any of these")


Exemptions = Annotated[list[Exempt], BeforeValidator(_listed), Field(max_length=4)]


class Limit(Arguments):
    """A limit that every item must keep."""

    field: str
    op: Literal["is", "not", "any_of", "all_of", "min", "max"] = "is"
    value: Values = Field(
        default_factory=list,
        description="one value, or several: 'any_of' and 'not' take any of them, 'all_of' every one",
    )
    same_as: Reference | None = Field(
        None, description=f"take the value from this item instead (with 'not': something else than it has): {ITEM}"
    )
    after: Reference | None = Field(
        None, description=f"numbers and values in order: above that of this item {BEYOND}: 'longer', 'too tame'"
    )
    before: Reference | None = Field(
        None, description=f"numbers and values in order: below that of this item {BEYOND}: 'cheaper', 'too long'"
    )
    lasting: bool = Field(False, description="true for what holds in later conversations, too ('never', 'always')")
    unless: Exemptions = Field(default_factory=list)


class SoftWish(Arguments):
    """A value that moves the ranking without being a limit."""

    field: str
    value: Words
    less: bool = Field(False, description="true for 'rather not'")


class UpdateWish(Arguments):
    """A patch; what is left out stays as it was."""

    start_over: bool = Field(False, description="forget the earlier wish first; lasting limits stay")
    drop: WordList = Field(
        default_factory=list,
        description="what no longer holds: a field name, a value, a title, or 'about' (applied before the rest)",
    )
    about: str | None = Field(
        None,
        max_length=LONGEST,
        description="mood, story, style that is wanted, in a few English words; replaces the earlier words; never a "
        "refusal",
    )
    avoid: WordList = Field(
        default_factory=list, description="what it should have little of, in English words ('violence')"
    )
    similar_to: References = Field(default_factory=list, description=f"examples of what is wanted now: {ITEM}")
    likes: References = Field(default_factory=list, description="items that the user said they like")
    dislikes: References = Field(default_factory=list, description="items that the user said they do not like")
    seen: References = Field(default_factory=list, description="items known already, not to be shown again")
    save: References = Field(
        default_factory=list,
        description="items that they pick or mean to try ('I'll take #2'): no opinion, not 'likes'",
    )
    passed_over: References = Field(
        default_factory=list, description="items shown, in place of which others are asked for: no opinion, not 'seen'"
    )
    novelty: float | None = Field(None, ge=0, le=1, description="0 safe choices only, 1 adventurous ('surprise me')")
    count: int | None = Field(None, ge=1, le=MOST_ITEMS, description="how many items are wanted")
    language: str | None = Field(
        None, pattern=r"^[a-z]{2,3}(-[A-Za-z]{2,4})?$", description="of the user's last message, as 'en', 'fr', 'zh'"
    )


class SearchCatalog(Arguments):
    """A look-up by meaning, within the wish's limits and these."""

    description: str = Field("", max_length=400, description="what it should be about or feel like, in English words")
    titles: References = Field(
        default_factory=list, description="titles that you know to fit; those that exist come back"
    )
    k: int = Field(12, ge=1, le=MOST_ROWS, description="rows to return")


class CfScores(Arguments):
    """What people of similar taste like."""

    liked: References = Field(default_factory=list, description="beside what the wish says")
    disliked: References = Field(default_factory=list, description="beside what the wish says")
    items: References = Field(default_factory=list, description="score just these; leave out for the best of all")
    k: int = Field(8, ge=1, le=MOST_ROWS)


GraphKind = Literal["items", "count", "facts", "path", "neighbors"]


class GraphLookup(Arguments):
    """Facts and connections; the wish's limits do not apply here."""

    kind: GraphKind = Field(
        "items",
        description="'items': all items that keep the limits given here, and how many; 'count': only how many; "
        "'facts': what is known of the items; 'path': how two items, or two people, hang together; 'neighbors': what "
        "shares most "
        "with an item",
    )
    items: References = Field(
        default_factory=list, description=f"for facts, path (two, or two names of people), neighbors (one): {ITEM}"
    )
    k: int = Field(12, ge=1, le=MOST_ROWS)


class ItemDetails(Arguments):
    """Everything that is known of some items."""

    items: References = Field(min_length=1, description=ITEM)


OTHER: Final = "other"
"""What is asked about items and stands in no field of the catalog: a running time, a prize."""

AnswerKind = Literal[
    "facts",
    "comparison",
    "connection",
    "which",
    "count",
    "list",
    "identify",
    "why",
    "why_not",
    "about_me",
    "help",
    "talk",
]


class Slot(Arguments):
    """A place of the list with wishes of its own."""

    name: Words = Field(description="what it is for, in the user's language: 'the 1950s', 'for Anna', 'the wild one'")
    about: str = Field("", max_length=LONGEST, description="mood, story, style of this place, in a few English words")
    items: References = Field(default_factory=list, description="items for this place, best first")
    novelty: float | None = Field(None, ge=0, le=1, description="0 a safe choice, 1 a wild one")


class Person(Arguments):
    """One of several people who choose together."""

    name: Words = Field(description="as you speak of them to the user, in their language: 'your wife', 'you'")


class Recommend(Arguments):
    """Ends the turn with a list."""

    items: References = Field(
        default_factory=list,
        description="items that came back from tools, best first: your order leads; leave out what does not fit",
    )
    count: int | None = Field(None, ge=1, le=MOST_ITEMS)
    among: References = Field(
        default_factory=list,
        description="where they let you choose between items that were named or shown ('A or B?', 'which of these "
        "would you take?'): those items; the best of them for the wish comes first, nothing else is shown",
    )


class Answer(Arguments):
    """Ends the turn with words about what the tools returned."""

    kind: AnswerKind = Field(
        description="'facts' of items, 'comparison' side by side, 'connection' of two, 'which' of the items keep "
        "limits, 'count', 'list' of all that a look-up found, 'identify' what a description is of (items: what it is, "
        "then what it may be), 'why' an item was suggested, 'why_not' (one that was not), 'about_me' (what is known of "
        "the user), 'help' (what you can do), 'talk' (anything else)"
    )
    items: References = Field(
        default_factory=list,
        description=f"what it is about: {ITEM}; where left out, 'which' and 'comparison' are of the last list",
    )
    text: str = Field(
        "",
        max_length=1500,
        description="your words, where all that they need stands in results that you have read: in the user's "
        "language, with handles; leave out to be asked for them after the look-ups of this step. Not for 'why', "
        "'why_not' and 'about_me', whose causes are found out after this call",
    )


class AskUser(Arguments):
    """Ends the turn with a question."""

    question: str = Field(min_length=2, max_length=300, description="one short question, in the user's language")
    choices: WordList = Field(default_factory=list, description="two to five answers to click")


@dataclass(frozen=True, slots=True)
class ArgumentTypes:
    """The arguments of every tool for one catalog."""

    update_wish: type[UpdateWish]
    search_catalog: type[SearchCatalog]
    cf_scores: type[CfScores]
    graph_lookup: type[GraphLookup]
    item_details: type[ItemDetails]
    recommend: type[Recommend]
    answer: type[Answer]
    ask_user: type[AskUser]

    @classmethod
    def of(cls, schema: CatalogSchema) -> "ArgumentTypes":
        """Close the lists of field names."""
        names = tuple(spec.name for spec in schema.fields) or ("none",)
        field: Any = Literal[names]
        ordered = ("popularity", *(spec.name for spec in schema.of_kind(FieldKind.NUMBER)))
        sort: Any = Literal[("", *(direction + name for name in ordered for direction in ("", "-")))]
        exempt = create_model("Exempt", __base__=Exempt, field=(field, ...))
        exempted: Any = Annotated[list[exempt], BeforeValidator(_listed), Field(max_length=4)]  # type: ignore[valid-type]
        unless: Any = (
            exempted,
            Field(default_factory=list, description="what may be there: 'no musicals unless French'"),
        )
        limit = create_model("Limit", __base__=Limit, field=(field, ...), unless=unless)
        soft = create_model("SoftWish", __base__=SoftWish, field=(field, ...))
        limits: Any = Annotated[list[limit], BeforeValidator(_listed), Field(max_length=12)]  # type: ignore[valid-type]
        softs: Any = Annotated[list[soft], BeforeValidator(_listed), Field(max_length=12)]  # type: ignore[valid-type]
        fields: Any = Annotated[list[field], BeforeValidator(_listed), Field(max_length=20)]
        asked: Any = Annotated[list[Literal[(*names, OTHER)]], BeforeValidator(_listed), Field(max_length=20)]  # type: ignore[valid-type]
        limited: Any = (limits, Field(default_factory=list, description="limits beside those of the wish"))
        alone: Any = (limits, Field(default_factory=list, description="several must all hold"))
        sorted_by = (sort, Field("", description="a field of numbers, '-' before it for the largest or newest first"))
        audience: Any = (
            WordList,
            Field(
                default_factory=list,
                description="for whom it is, where that is said or plain: each child's age ('6'), or company ("
                f"{', '.join(groups())}); what does not suit them is not shown",
            ),
        )
        preferred: Any = (softs, Field(default_factory=list, description="values wished for, or rather not"))
        slot = create_model("Slot", __base__=Slot, limits=limited, prefer=preferred)
        slots: Any = Annotated[list[slot], BeforeValidator(_listed), Field(json_schema_extra={"maxItems": MOST_ITEMS})]  # type: ignore[valid-type]
        person = create_model("Person", __base__=Person, limits=alone, prefer=preferred)
        people: Any = Annotated[list[person], BeforeValidator(_listed), Field(max_length=MOST_PEOPLE)]  # type: ignore[valid-type]
        split: Any = Literal[tuple(spec.name for spec in schema.fields if _is_split(spec)) or ("none",)]
        return cls(
            create_model(
                "UpdateWish",
                __base__=UpdateWish,
                limits=(limits, Field(default_factory=list, description="what every item must keep")),
                prefer=preferred,
                people=(
                    people,
                    Field(
                        default_factory=list,
                        description="several people who want different things, each with what they alone want; what "
                        "all of them want stands in limits and prefer",
                    ),
                ),
                **({"audience": audience} if schema.of_role(SUITS_FROM, *CONTENT) else {}),
            ),
            create_model("SearchCatalog", __base__=SearchCatalog, limits=limited, sort=sorted_by),
            create_model("CfScores", __base__=CfScores),
            create_model("GraphLookup", __base__=GraphLookup, limits=alone, sort=sorted_by),
            create_model(
                "ItemDetails",
                __base__=ItemDetails,
                fields=(fields, Field(default_factory=list, description="only these; leave out for all")),
            ),
            create_model(
                "Recommend",
                __base__=Recommend,
                slots=(
                    slots,
                    Field(default_factory=list, description="one place each, in their order, with wishes of its own"),
                ),
                per=(
                    split | None,
                    Field(None, description="in place of slots: one item for each value of this field, or each decade"),
                ),
                same=(fields, Field(default_factory=list, description="fields in which all slots share a value")),
            ),
            create_model(
                "Answer",
                __base__=Answer,
                fields=(
                    asked,
                    Field(default_factory=list, description=f"what is asked about them; {OTHER!r}: no field"),
                ),
                limits=(limits, Field(default_factory=list, description="for 'which': what they shall have")),
            ),
            create_model("AskUser", __base__=AskUser),
        )


def _is_split(spec: FieldSpec) -> bool:
    """Whether a list can have a place for each value of a field."""
    return spec.kind is not FieldKind.NUMBER or spec.unit == "year"
