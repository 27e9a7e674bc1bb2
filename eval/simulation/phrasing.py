"""Lets a language model put a simulated user's lines in its words; where the meaning is lost the rule's line stays."""

import re
from dataclasses import dataclass, replace
from importlib.resources import files
from typing import TYPE_CHECKING

from langchain_core.messages import HumanMessage, SystemMessage

from agent.llm import FAILURES
from eval.readers.naming import TitleReader
from eval.simulation.speech import Line
from eval.simulation.taste import Temper

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

LONGER = 2.5
"""A line may grow by so much, and by `SLACK` characters."""
SLACK = 80


@dataclass(frozen=True, slots=True)
class Phraser:
    """A chat model that phrases lines."""

    model: "BaseChatModel"
    titles: TitleReader

    async def phrase(self, line: Line, temper: Temper) -> Line | None:
        """The line in other words; None where the model fails or its words do not keep the meaning."""
        template = files("eval").joinpath("prompts/simulated_user.md").read_text(encoding="utf-8")
        prompt = template.replace("<<temper>>", temper).replace("<<keep>>", "; ".join(line.keep))
        try:
            answer = await self.model.ainvoke([SystemMessage(prompt), HumanMessage(line.text)])
        except FAILURES:
            return None
        text = " ".join(str(answer.content).split()).strip('"“”')
        return replace(line, text=text) if keeps_meaning(line, text, self.titles) else None


def keeps_meaning(line: Line, text: str, titles: TitleReader) -> bool:
    """Whether other words still hold what has to stay, name nothing more and no other number, and are no speech."""
    said = text.casefold()
    if not text or len(text) > LONGER * len(line.text) + SLACK:
        return False
    if any(word.casefold() not in said for word in line.keep):
        return False
    if set(re.findall(r"\d+", text)) - set(re.findall(r"\d+", line.text)):
        return False
    known = {*titles.items(line.text), *(mention.item_id for mention in line.mentions)}
    return not set(titles.items(text, known)) - known
