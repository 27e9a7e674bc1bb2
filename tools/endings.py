"""The three tools that end a turn: a list, an answer, a question. What they say is carried out by the code behind."""

from collections.abc import Sequence

from langchain_core.tools import BaseTool, StructuredTool

from tools.arguments import MOST_ITEMS, AnswerKind, ArgumentTypes, Limit, Slot
from tools.context import Ending, Found, SlotPlan, ToolContext
from tools.limits import Problems
from tools.patch import stated

RECOMMEND, ANSWER, ASK_USER, HAND_OVER = "recommend", "answer", "ask_user", "hand_over"
NAMES = (RECOMMEND, ANSWER, ASK_USER, HAND_OVER)


def make_recommend(context: ToolContext, types: ArgumentTypes) -> BaseTool:
    """The tool that ends a turn with a list."""

    def recommend(
        items: Sequence[str] = (),
        count: int | None = None,
        slots: Sequence[Slot] = (),
        per: str | None = None,
        same: Sequence[str] = (),
        among: Sequence[str] = (),
    ) -> tuple[str, Found]:
        problems, named = Problems(), Problems()
        chosen, choice = context.items(items, named), context.items(among, named)
        plans = tuple(_plan(slot, context, problems, named) for slot in slots[:MOST_ITEMS])
        if any(plan is None for plan in plans):
            return _refused("nothing was shown: a limit of a place could not be placed", problems)
        named.forget_names()
        problems.join(named)
        left = len(slots) - len(plans)
        if left:
            problems.add(f"a list has {MOST_ITEMS} places: {left} were left out")
        ending = Ending(
            RECOMMEND,
            tuple(item.item_id for item in chosen),
            count,
            tuple(filter(None, plans)),
            left,
            "" if plans else per or "",
            tuple(same),
            among=tuple(item.item_id for item in choice),
        )
        return "\n".join(["the list is on screen", *problems.lines]), Found(ending=ending, problems=problems)

    return StructuredTool.from_function(
        recommend,
        name=RECOMMEND,
        description=(
            "End the turn by showing a list of cards. Your order leads, the recommenders fill the rest; what breaks a "
            "limit of the wish is not shown. Search first, and call update_wish first where the message changes it."
        ),
        args_schema=types.recommend,
        response_format="content_and_artifact",
        handle_tool_error=True,
    )


def _plan(slot: Slot, context: ToolContext, problems: Problems, named: Problems) -> SlotPlan | None:
    """One place; None where it would stand without a limit that was asked for."""
    n_limits, n_problems = len(getattr(slot, "limits", ())), len(problems.unknown)
    constraints, wishes, text = stated(
        getattr(slot, "limits", ()), getattr(slot, "prefer", ()), slot.about, context.limits, problems
    )
    if n_limits and len(problems.unknown) > n_problems:
        return None
    chosen = context.items(slot.items, named)
    return SlotPlan(slot.name, constraints, wishes, text, tuple(item.item_id for item in chosen), slot.novelty)


def _refused(why: str, problems: Problems) -> tuple[str, Found]:
    return "\n".join([why, *problems.lines]), Found(problems=problems, is_refused=True)


def make_answer(context: ToolContext, types: ArgumentTypes) -> BaseTool:
    """The tool that ends a turn with words."""

    def answer(
        kind: AnswerKind,
        items: Sequence[str] = (),
        fields: Sequence[str] = (),
        limits: Sequence[Limit] = (),
        text: str = "",
    ) -> tuple[str, Found]:
        problems = Problems()
        chosen = context.items(items, problems)
        if problems.ambiguous and not chosen:
            return _refused("an item may be several: ask which with ask_user", problems)
        asked = context.limits.read(limits, problems)
        if limits and not asked:
            return _refused(
                "nothing was checked: no field has that. Take another value, or say that it is not known "
                "(kind 'facts', fields ['other'])",
                problems,
            )
        ending = Ending(
            ANSWER,
            tuple(item.item_id for item in chosen),
            kind=kind,
            fields=tuple(fields),
            limits=asked,
            text=text.strip(),
            unknown=tuple(problems.unknown),
        )
        facts = {item.item_id: context.retriever.facts(item.item_id) for item in chosen}
        return "\n".join(["answer now", *problems.lines]), Found(facts=facts, ending=ending, problems=problems)

    return StructuredTool.from_function(
        answer,
        name=ANSWER,
        description=(
            "End the turn by answering a question or talking, without a new list. Look the facts up first: what no "
            "tool returned cannot be stated."
        ),
        args_schema=types.answer,
        response_format="content_and_artifact",
        handle_tool_error=True,
    )


def make_ask_user(context: ToolContext, types: ArgumentTypes) -> BaseTool:
    """The tool that ends a turn with a question."""

    def ask_user(question: str, choices: Sequence[str] = ()) -> tuple[str, Found]:
        ending = Ending(ASK_USER, text=question.strip(), choices=tuple(choices))
        return "the question is on screen", Found(ending=ending)

    return StructuredTool.from_function(
        ask_user,
        name=ASK_USER,
        description=(
            "End the turn with one short question, only where nothing sensible can be shown or answered without it."
        ),
        args_schema=types.ask_user,
        response_format="content_and_artifact",
        handle_tool_error=True,
    )


def make_hand_over(context: ToolContext) -> BaseTool:
    """The tool that ends a turn with a person of the house; only where the house has one."""

    def hand_over() -> tuple[str, Found]:
        return "the house's words are on screen", Found(ending=Ending(HAND_OVER))

    return StructuredTool.from_function(
        hand_over,
        name=HAND_OVER,
        description="End the turn by handing over to a person of the house, where the user asks for one.",
        response_format="content_and_artifact",
        handle_tool_error=True,
    )
