"""What the offline parse makes of a message, in the words of an answer: a draft that the model confirms or corrects."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from agent.drivers import acts as do
from agent.drivers.offline import Parsed
from agent.drivers.schema.form import DROP, FOR, SKIP, Form
from agent.drivers.schema.things import Kind, Thing
from tools.limits import THESE
from tools.placing import Placer

Limits = Sequence[Mapping[str, Any]]
OPINIONS = (("dislikes", "dislike"), ("likes", "like"), ("similar_to", "like"), ("seen", "seen"))
KINDS = {"comparison": do.COMPARE, "connection": do.CONNECT, "about_me": do.ME, "why_not": do.WHY}
HIGH = 0.5
"""A novelty above this is a wish to be surprised."""
DECADES = ("s", "'s", "’s", "年代")
"""What stands behind a decade in digits."""
ROLES = {"is": "yes", "any_of": "or", "not": "no"}


class Draft:
    """One parse, seen through the form of an answer."""

    def __init__(self, parsed: Parsed, form: Form, placer: Placer, shown: Sequence[str]) -> None:
        self._parsed, self._form, self._placer, self._shown = parsed, form, placer, shown
        self._patch: Mapping[str, Any] = parsed.patch
        lookup = parsed.lookups[0].arguments if parsed.lookups else {}
        self._sort = str(lookup.get("sort") or "")
        limits: Any = lookup.get("limits") or self._patch.get("limits") or ()
        self._limits: Limits = limits

    def line(self) -> str:
        """The draft as the model would write it, without what code did not read."""
        decision = self._do()
        answer: dict[str, Any] = {"do": decision}
        for thing in self._form.things:
            if thing.kind is Kind.ITEM or decision in (*do.LISTS, *do.COUNTS):
                answer |= {thing.key: role} if (role := self._role(thing, decision)) != SKIP else {}
        if self._patch.get("avoid"):
            answer["not"] = list(self._patch["avoid"])
        if self._patch.get("count") and self._form.has_count:
            answer["count"] = self._patch["count"]
        return json.dumps(answer, ensure_ascii=False, separators=(",", ":"))

    def _do(self) -> str:
        ending = self._parsed.ending
        if ending.tool == "answer":
            kind = str(ending.arguments["kind"])
            if kind == "list" and self._sort:
                return do.NEWEST if self._sort.startswith("-") else do.OLDEST
            return KINDS.get(kind, kind)
        around = [limit for limit in self._limits if limit.get("after") or limit.get("before")]
        of_shown = [limit for limit in around if self._is_shown(limit)]
        if any(limit["field"] == self._placer.year_field for limit in of_shown):
            return do.OLDER if around[0].get("before") else do.NEWER
        if of_shown:  # 'too long', 'cheaper': the draft's own limit counts
            return do.FIND
        if around or any(limit.get("same_as") and limit["op"] != "not" for limit in self._limits):
            return do.RELATED
        if self._patch.get("start_over"):
            return do.INSTEAD
        if self._patch.get("novelty", 0.0) > HIGH:
            return do.SURPRISE
        if set(self._shown) and set(self._shown) <= self._items("passed_over"):
            return do.MORE
        stated = {"likes", "dislikes", "seen"} & set(self._patch)
        asked = {"limits", "prefer", "about", "similar_to", "drop", "avoid", "count", "audience"} & set(self._patch)
        return do.TELL if stated and not asked else do.FIND

    def _is_shown(self, limit: Mapping[str, Any]) -> bool:
        asked = [str(limit[key]) for key in ("after", "before") if limit.get(key)]
        if THESE in asked:
            return True
        said = {self._placer.item(reference, shown=self._shown).item_id for reference in asked}
        named = {reference for thing in self._form.things for reference in thing.references}
        return bool(said & set(self._shown)) and not said & named

    def _items(self, key: str) -> set[str]:
        return {self._placer.item(str(said), shown=self._shown).item_id for said in self._patch.get(key, ())} - {""}

    def _role(self, thing: Thing, decision: str) -> str:
        if thing.kind is Kind.ITEM:
            return self._item_role(thing, decision)
        if thing.kind is Kind.AUDIENCE:
            return FOR if thing.values[0] in self._patch.get("audience", ()) else SKIP
        return self._value_role(thing) if thing.kind is Kind.VALUE else self._number_role(thing)

    def _item_role(self, thing: Thing, decision: str) -> str:
        ids = {self._placer.item(said, shown=self._shown).item_id or said for said in thing.references}
        for limit in self._limits if decision != do.FIND else ():
            for key in ("same_as", "after", "before"):
                if limit.get(key) and self._placer.item(str(limit[key]), shown=self._shown).item_id in ids:
                    return str(limit["field"]) if key == "same_as" else key
        if decision in do.ABOUT:
            return "about"
        for key, role in OPINIONS:
            if ids & (self._items(key) | set(self._patch.get(key, ()))):
                return role
        return SKIP

    def _value_role(self, thing: Thing) -> str:
        value = str(thing.values[0])
        for limit in self._limits:
            placed = {self._placer.value(str(limit["field"]), str(said)).value for said in limit.get("value") or ()}
            if limit["field"] == thing.field and value in placed:
                role = ROLES.get(str(limit.get("op", "is")), "yes")
                return {"no": "never"}.get(role, "always") if limit.get("lasting") else role
        for wish in self._patch.get("prefer", ()):
            if wish["field"] == thing.field and wish["value"] == value:
                return "no" if wish.get("less") else "yes"
        if any(value in str(said) for said in self._patch.get("drop", ())):
            return DROP if (thing.field, value) in self._form.wanted else SKIP
        return SKIP

    def _number_role(self, thing: Thing) -> str:
        bounds = {
            str(limit["op"]): float(limit["value"][0])
            for limit in self._limits
            if limit["field"] == thing.field and limit.get("op") in ("min", "max") and limit.get("value")
        }
        low, high = float(thing.values[0]), float(thing.values[-1])
        exact = [limit for limit in self._limits if limit["field"] == thing.field and limit.get("op") == "is"]
        if any(float(value) == low for limit in exact for value in limit.get("value") or ()):
            return "in"
        starts, ends = bounds.get("min"), bounds.get("max")
        if starts is not None and ends is not None and starts <= low <= high <= ends:
            if thing.kind is Kind.SPAN or starts == ends:
                return "in"
            if ends == starts + 9 or any(f"{low % 100:02.0f}{sign}" in thing.key for sign in DECADES):
                return "decade"
        if starts is not None and starts in (low, high + 1):
            return "from" if starts == low else "after"
        if ends is not None and ends in (high, low - 1):
            return "until" if ends == high else "before"
        return SKIP
