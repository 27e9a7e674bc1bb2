"""The three tools that end a turn: a list, an answer, a question. What they say is carried out by the code behind."""

from collections.abc import Sequence

from langchain_core.tools import BaseTool, StructuredTool

from tools.arguments import AnswerKind, ArgumentTypes
from tools.context import Ending, Found, SlotPlan, ToolContext
from tools.limits import Problems

RECOMMEND, ANSWER, ASK_USER = "recommend", "answer", "ask_user"
NAMES = (RECOMMEND, ANSWER, ASK_USER)


def make_recommend(context: ToolContext, types: ArgumentTypes) -> BaseTool:
    """The tool that ends a turn with a list."""

    def recommend(
        items: Sequence[str] = (), count: int | None = None, slots: Sequence[object] = ()
    ) -> tuple[str, Found]:
        problems = Problems()
        found = context.items(items, problems)
        problems.forget_names()
        plans = tuple(
            SlotPlan(str(getattr(slot, "name", "")), context.limits.read(getattr(slot, "limits", ()), problems))
            for slot in slots
        )
        ending = Ending(RECOMMEND, tuple(item.item_id for item in found), count, plans)
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


def make_answer(context: ToolContext, types: ArgumentTypes) -> BaseTool:
    """The tool that ends a turn with words."""

    def answer(
        kind: AnswerKind, items: Sequence[str] = (), fields: Sequence[str] = (), text: str = ""
    ) -> tuple[str, Found]:
        problems = Problems()
        found = context.items(items, problems)
        ending = Ending(
            ANSWER,
            tuple(item.item_id for item in found),
            kind=kind,
            fields=tuple(fields),
            text=text.strip(),
            unknown=tuple(problems.unknown),
        )
        facts = {item.item_id: context.retriever.facts(item.item_id) for item in found}
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
