"""A message that the model put into English -> tool calls: its English is read by the rules that read English.

A small model translates well and judges badly; so it says what a message means, in a sentence, and code reads that.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import JsonValue

from agent.drivers.offline import Parsed
from agent.drivers.schema import form as do
from agent.drivers.schema.form import Answer
from agent.drivers.schema.plan import ADVENTUROUS, Arguments, Plan, which_is_meant
from tools.batch import Call

SAYS_SOMETHING = ("limits", "prefer", "likes", "dislikes", "seen", "similar_to", "drop", "avoid")
"""Keys of a patch that rest on more than leftover words."""


@dataclass(frozen=True)
class Restated:
    """An answer with the message in English, and how that reads."""

    answer: Answer
    parsed: Parsed
    plan: Plan

    def calls(self) -> list[Call]:
        """What it comes to; where the sentence leaves open what to do, the model's decision counts."""
        patch, ending = self.patch(), self.parsed.ending
        first = [Call("update_wish", patch)] if patch else []
        if unclear := self.parsed.ambiguous:
            return [*first, which_is_meant(unclear[0].words, unclear[0].item_ids, self.plan.catalog)]
        if self.answer.do == do.CONNECT and len(self._named) > 1:
            return [*first, *self.plan.ending(self.answer)]
        if self._is_open and self.answer.do in (do.TALK, do.ME, *do.ABOUT):
            return [*first, *self.plan.ending(self.answer)]
        if self._is_talk and self.answer.do in do.LISTS:
            return [*first, Call("recommend")]
        return [*first, *self.parsed.lookups, ending]

    def patch(self) -> Arguments:
        """The sentence's patch, with what the model decided about the wish as a whole."""
        patch: Arguments = {**self.parsed.patch, "language": self.answer.language}
        if not self._is_list:
            return {"language": self.answer.language}
        if self.answer.do == do.INSTEAD:
            patch["start_over"] = True
        if self.answer.do == do.SURPRISE:
            patch.setdefault("novelty", ADVENTUROUS)
        if self.answer.do == do.MORE:
            patch["seen"] = [*_listed(patch.get("seen")), *self.plan.shown]
        if not self._has_years(patch):
            limits = [*_listed(patch.get("limits")), *self.plan.aged(self.answer)]
            patch |= {"limits": limits} if limits else {}
        return patch

    @property
    def _is_list(self) -> bool:
        return self.parsed.ending.tool == "recommend" or (self._is_talk and self.answer.do in do.LISTS)

    @property
    def _is_talk(self) -> bool:
        return self.parsed.ending.arguments.get("kind") == "talk"

    @property
    def _is_open(self) -> bool:
        """Whether the sentence says nothing that the rules know, so that the model's decision is all there is."""
        names_items = bool(self._named)
        if self._is_talk:
            return self.answer.do == do.TALK or names_items
        is_bare = self.parsed.ending.tool == "recommend" and not set(SAYS_SOMETHING) & set(self.parsed.patch)
        return is_bare and (self.answer.do in (do.TALK, do.ME) or names_items)

    @property
    def _named(self) -> list[str]:
        """The items that code found in the message itself."""
        return [reference for thing in self.plan.form.things for reference in thing.references]

    def _has_years(self, patch: Arguments) -> bool:
        return any(
            isinstance(limit, dict) and limit.get("field") == self.plan.placer.year_field
            for limit in _listed(patch.get("limits"))
        )


def _listed(value: JsonValue) -> Sequence[JsonValue]:
    return value if isinstance(value, list) else []
