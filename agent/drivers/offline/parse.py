"""A message -> the tool calls that it asks for, by phrases and by what the catalog knows. Pure: it looks nothing up."""

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import chain, pairwise, product
from typing import Any

from agent.drivers.offline.numbers import YEAR, bound_of, compared
from agent.drivers.offline.phrases import has, matches, pattern, small, table, words
from agent.drivers.offline.spot import Spotter
from agent.drivers.reading import Arguments, Parsed, Scene, pairs_of
from agent.drivers.text import Place, Spot, blank, clause_of, is_free, outside, said_of, stem, stretches, words_of
from agent.drivers.vocabulary import READ
from retrieval.preference import Leaning, Op, Preference
from retrieval.schema import CONTENT, SUITS_FROM, FieldKind, FieldSpec
from retrieval.titles import HAN
from tools import Call
from tools.audience import absent_places, content_places, find_audiences
from tools.limits import as_limits, limit_of
from tools.placing import reference_of

MOST_UNREAD, MOST_PASSED, ADVENTUROUS, COMFORT = 5, 20, 0.9, "gentle comforting heartwarming"  # the last for the sad
NEAR = 120  # characters around a title that may say how it is related
WORD = re.compile(rf"[{HAN}]{{2,}}|[^\W\d_{HAN}][^\W\d_{HAN}'’-]+(?![\w'’])")
CLAUSE = pattern("<clause>")


def parse(message: str, spotter: Spotter, scene: Scene | None = None, *, is_wish: bool = False) -> Parsed:
    """What a message asks for; questions and small talk change nothing of the wish, and one known as a wish is none."""
    scene = scene or Scene()
    text = pattern("<no_choice>").sub("", message).strip() if scene.inquiry else message
    text = re.sub(r"(?<=\w) (?:&|n|'n') (?=\w)", " and ", text)
    unless = pattern("<unless>").search(text)  # an exception to a limit is more than a patch can say
    read = _Reading(blank(text, [unless.span()]) if unless else text, scene, spotter)
    if (leaning := read.leaning()) or (message.strip() and not text):
        return Parsed(leaning=leaning)
    unclear = (title for title in read.titles if title.kind == "title" and len(title.item_ids) > 1)
    lost = read.answer("talk", saying="unfollowed" if scene.shown else "")
    parsed = (None if is_wish else read.question() or read.other_talk()) or read.wish(is_wish=is_wish) or lost
    unmet = [*read.unmet, *([unless[0].strip()] if unless else [])]
    unread = dict.fromkeys((*unmet, *parsed.unread))
    heard = {*parsed.patch} - {"language"} or [call for call in parsed.lookups if call.arguments.get("limits") != []]
    if unread and not heard and not scene.shown and parsed.ending.arguments.get("kind", "list") in ("count", "list"):
        parsed = read.answer("talk", saying="unread_question")  # neither all there is nor what is popular was asked for
    left, stretched = tuple(dict.fromkeys((*unmet, *read.left))), parsed.saying != "unread_question"
    told = tuple(unread if read.code in READ else dict.fromkeys((*unmet, *(read.unplaced() if stretched else ()))))
    return replace(parsed, ambiguous=tuple(unclear), unread=told[:MOST_UNREAD], left=left, turns=has("<turns>", text))


class _Reading:
    """One message while it is read."""

    def __init__(self, text: str, scene: Scene, spotter: Spotter) -> None:
        self.text, self.scene, self.spotter, self.schema = text, scene, spotter, spotter.schema
        spoken = spotter.vocabulary.language_of(text, scene.preference.language)
        self.code = spotter.vocabulary.language_read(text, spoken)
        self.language = self.code if self.code in READ else "other"
        self.spoken: Arguments = {"language": spoken} if spoken != scene.preference.language else {}
        self.people = {spec.name for spec in spotter.schema.fields if spec.people}
        self.focus = scene.focus or next(iter(scene.shown), "")
        asks = self.schema.of_role(SUITS_FROM, *CONTENT)  # words for whom it is name nothing else: 'Mein Chef', a 'nun'
        whom = [who.place for who in find_audiences(text) if not self._is_refused(who.start)]
        self.spots = outside(self._spots(), [*whom, *absent_places(text)] if asks else [])
        self.titles = [spot for spot in self.spots if spot.kind in ("title", "place")]
        self.free = blank(text, [spot.place for spot in self.titles], "\x00")
        self.asked = blank(text, [spot.place for spot in self.titles if spot.kind == "title"], "X")
        self.unmet, self.related = self._unmet(), self._related()
        self.about = [title for title in self.titles if title not in self.related]
        self.held = {(old.field, str(value)) for old in scene.preference.constraints for value in old.values}
        self.limits, self.prefer, self.drop = self._stated()
        wanted = [limit_of(soft["field"], "is", [soft["value"]]) for soft in self.prefer if "less" not in soft]
        self.alone, self.sorts = [*self.limits, *wanted], self._sorts()  # a look-up knows no soft wishes
        self.audience = {who.place: who.words for who in find_audiences(self.free) if not self._is_refused(who.start)}
        self.avoided = self._avoided()
        self.left, self.leftover = self._leftover()

    def says(self, phrase: str) -> bool:
        return has(phrase, self.text)

    def rows(self, item_ids: Sequence[str]) -> list[str]:
        return [reference_of(self.spotter.catalog, item_id) for item_id in item_ids if item_id in self.spotter.catalog]

    def references(self, spots: Sequence[Spot]) -> list[str]:
        """What tools take for titles and places: a row where it is certain, else the words."""
        sure = ((spot, spot.kind == "place" or len(spot.item_ids) == 1) for spot in spots)
        reference_lists = (self.rows(spot.item_ids) if is_sure else [spot.words] for spot, is_sure in sure)
        return list(dict.fromkeys(said for references in reference_lists for said in references))

    def _spots(self) -> list[Spot]:  # what is named; an opinion without a title is one of 'it'
        known = (*self.scene.shown_before, *self.scene.preference.liked, *self.scene.preference.disliked)
        people = () if find_audiences(self.text) else self.scene.people  # 'he' is the child then
        spots = self.spotter.spot(self.text, shown=self.scene.shown, known=known, language=self.code, people=people)
        named = list(dict.fromkeys(spot.item_ids for spot in spots if spot.item_ids))
        if len(named) == 2 and (it := pattern("<the_other>").search(self.text)):  # than the one just named
            last = [spot.item_ids for spot in spots if spot.item_ids and spot.end <= it.start()][-1:]
            return [*spots, Spot(*it.span(), it[0], "place", next(ids for ids in named if [ids] != last))]
        is_judged = self.says("<opinion>|<not_it>") and not named and not self.says("<scrap>")
        it = pattern("<it>").search(self.text) if self.focus and is_judged else None
        it = it or (pattern("<alike>").search(self.text) if self.scene.focus and not named else None)
        return [*spots, Spot(*it.span(), it[0], "place", (self.focus,))] if it else spots

    def _unmet(self) -> list[str]:
        degrees, taken = chain(*map(compared, self.schema.quantities)), [spot.place for spot in self.spots]
        known = pattern("|".join((*map(said_of, self.schema.fields), *degrees)))
        said = [spot.words for spot in self.spots if spot.kind == "number" and not spot.field]
        free = (match[0] for match in matches("<no_field>", self.text) if is_free(match.span(), taken))
        return list(dict.fromkeys((*said, *(phrase for phrase in free if not known.fullmatch(phrase)))))

    def _related(self) -> dict[Spot, list[Arguments]]:
        related: dict[Spot, list[Arguments]] = {}
        for title, spec in product(self.titles, self.schema.fields):
            is_joined = spec.unit == YEAR and self.says("<connection>")  # what is between two is no year then
            near = self.text[max(0, title.start - NEAR) : title.start], self.text[title.end : title.end + NEAR]
            key = "" if is_joined else _relation(spec, *near)
            if title in related and spec.unit == YEAR and not key:
                key = "before" if self.says("<before_that>") else "after" if self.says("<after_that>") else ""
            if key:
                op, said = {"after": "min", "before": "max"}.get(key, "is"), [*self.references([title]), title.words]
                related.setdefault(title, []).append({"field": spec.name, "op": op, key: said[0]})
        return related

    def _stated(self) -> tuple[list[Arguments], list[Arguments], list[str]]:
        bounds: dict[tuple[str, str], list[float]] = {}  # the widest hold: 'from the 30s or 40s'
        for spot in (spot for spot in self.spots if spot.kind == "number" and spot.field):
            bounds.setdefault((spot.field, spot.op), []).append(float(spot.value))
        limits = [limit_of(name, op, [max(said) if op == "max" else min(said)]) for (name, op), said in bounds.items()]
        moved, self.taken = self._relative()
        limits, prefer = [*chain(*self.related.values()), *limits, *moved], list[Arguments]()
        gone = r"(?<![a-z])(?:{})\b[^,.;，。；]*<still_wanted>"
        drop = [spec.name for spec in self.schema.fields if self.says(gone.format(said_of(spec)))]
        soft = {spec.name for spec in self.schema.fields if spec.soft}  # 'too violent' is less of a theme, too
        for group in (one for one in self._groups() if one[0].field in soft or is_free(one[0].place, self.taken)):
            spot, before, after = group[0], self.text[: group[0].start], self.text[group[-1].end :]
            name, values = spot.field, list(dict.fromkeys(str(spot.value) for spot in group))
            (clause, _), is_soft = clause_of(self.text, spot.start, CLAUSE), self.schema.field(name).soft
            is_refused, (is_liked, is_told) = self._is_refused(spot.start), self._hinted(group)
            shade = "<degree>|<softer>" if self.language == "en" else "<degree>|<foreign_degree>"
            is_shade = stem(spot.words) != stem(values[0]) and has(shade, f"{before}\x02{spot.words}")  # 'funnier'
            is_dropped = has("<forget>", clause) and any((name, value) in self.held for value in values)
            if bound := self._bound(self.schema.field(name), values[0], before, after):
                limits.append(bound)
            elif is_dropped or has("<still_wanted>", clause):
                drop += values
            elif has("<too_much>", before) or (is_refused and has("^too |^太", spot.words)):
                prefer += [{"field": name, "value": value, "less": True} for value in values]
            elif is_told and (is_refused or not self.says("<question>")):
                continue  # what an item is said to be is asked for by nobody
            elif is_refused:
                limits.append(limit_of(name, "not", values, lasting=has("<lasting>", clause)))
            elif is_soft or is_shade or is_liked or is_told:
                prefer += [{"field": name, "value": value} for value in values]
            elif not has(r"^\s*or not\b", after):
                op = "all_of" if has("<all_of>", clause) else "any_of" if values[1:] else "is"
                limits.append(limit_of(name, op, values, lasting=has("<always>", clause)))
        refused = {pair for limit in limits if limit["op"] == "not" for pair in pairs_of([limit])}
        prefer = [soft for soft in prefer if "less" in soft or (soft["field"], soft["value"]) not in refused]
        return [limit for limit in limits if limit["op"] == "not" or not pairs_of([limit]) & refused], prefer, drop

    def _groups(self) -> list[list[Spot]]:  # values joined by 'or', or listed under one negation, belong together
        groups, foreign = list[list[Spot]](), "|^<foreign_alternative>$" * (self.language == "other")
        joint = "^<alternative>$" + foreign + "|^<liked_too>$" * self.says("<stated_like>")
        for spot in (spot for spot in self.spots if spot.kind == "value"):
            last = groups[-1][-1] if groups else spot
            joins = last.field == spot.field and has(joint, self.text[last.end : spot.start])
            groups[-1:] = [[*groups[-1], spot]] if joins else [*groups[-1:], [spot]]
        return groups

    def _bound(self, spec: FieldSpec, value: str, before: str, after: str) -> Arguments | None:  # 'M at most'
        around = rf"<bound_before>(?:(?:{said_of(spec)})\s+)?\x01(?:\s+(?:{said_of(spec)})\b)?<bound_behind>"
        match = pattern(around).search(f"{before}\x01{after}") if value in spec.order else None
        _, op, step = bound_of(match) if match else ("", "", 0)
        at = spec.order.index(value) + step if op else 0
        return limit_of(spec.name, op, spec.order[at : at + 1] or [value]) if op else None

    def _relative(self) -> tuple[list[Arguments], list[Place]]:  # too much or too little of what was shown
        pointed = self.references([title for title in self.about if len(title.item_ids) == 1])
        base = pointed[0] if len(pointed) == 1 else "these" if self.scene.shown else ""
        moved, taken = list[Arguments](), list[Place]()  # 'gentler' is less of every content, 'older' is one thing
        for spec in self.schema.fields if base else ():
            if spec.one_suffices and (word := pattern(table()["elsewhere"].format(said_of(spec))).search(self.free)):
                return [{"field": spec.name, "op": "not", "same_as": base}], [word.span()]
            less, more, *_ = compared(spec)
            than = r"(?! than(?! (?:that|those|these|this|it)\b)| on\b)"  # 'older than that', not 'older than Alien'
            word = pattern(rf"(?<![a-z])(?:(?P<more>{more})|{less}){than}").search(self.free)
            is_open = not any(spot.field == spec.name and spot.kind == "number" for spot in self.spots)
            if word and is_open and (spec.order or spec.kind is FieldKind.NUMBER) and (spec.role or not moved):
                op, key = ("min", "after") if word["more"] else ("max", "before")
                moved, taken = [*moved, {"field": spec.name, "op": op, key: base}], [*taken, word.span()]
        return moved, taken

    def _is_refused(self, start: int) -> bool:
        clause, at = clause_of(self.text, start, CLAUSE)
        no, not_so = table()["refuses"].get(self.code, table()["refuses"]["other"])
        before = list(matches(no, clause[:at]))
        behind = pattern("<negated_verb>").sub(" ", clause[before[-1].end() : at]) if before else ""
        return (bool(before) and not has("<shift>", behind)) or has(not_so, clause[at:])

    def _hinted(self, group: Sequence[Spot]) -> tuple[bool, bool]:  # what one always likes; what an item is said to be
        (clause, at), after = clause_of(self.free, group[0].start, CLAUSE), self.free[group[-1].end :]
        fond = [match.end() for match in matches("<fond>", clause[:at])]
        is_liked = bool(fond and not has("<request>", clause[fond[-1] : at])) or has("<fond_after>", after)
        return is_liked, (has("<told>", clause[:at]) or has("<told_after>", after)) and not has("<request>", clause)

    def _avoided(self) -> dict[Place, str]:
        avoided, taken = dict[Place, str](), [spot.place for spot in self.spots]
        for match in matches("<refused_words>", self.text):
            said = pattern("<refused_end>").split(match[1])[0].strip()
            place = (match.start(1), match.start(1) + len(said))
            avoided |= {place: said} if is_free(place, taken) and {*words_of(said)} - words("chatter") else {}
        content = [place for place in content_places(self.free) if is_free(place, [] if self.audience else taken)]
        return avoided | {place: self.text[slice(*place)] for place in content if self._is_refused(place[0])}

    def _leftover(self) -> tuple[list[str], list[str]]:
        degrees = "|".join(chain(*(said for name, said in table()["compared"].items() if name not in CONTENT)))
        text = blank(self.text, [match.span() for match in matches("<sad_sentence>|<no_field>", self.text)])
        text = blank(text, [*(spot.place for spot in self.spots), *self.avoided, *self.audience, *self.taken])
        text = pattern(f"<empty>|{degrees}|<chinese>").sub(lambda match: " " * len(match[0]), text)
        plain = words("chatter") | (words("foreign") if self.language == "other" else set()) | self.spotter.own_words
        stray = (match for match in WORD.finditer(text) if not {match[0].lower(), stem(match[0])} & plain)
        at = {match[0].lower(): match.start() for match in stray}  # what English refuses is no wish, else it is unread
        said = at if self.language == "en" else {self._whole(word, start): start for word, start in at.items()}
        if self.language == "en" and self.audience:  # who comes and when is no subject: 'nan is over for tea'
            subjects = [match.span() for match in matches(f"<subject>|\\b{self.spotter.moods}\\b", self.text)]
            said = {word: start for word, start in at.items() if any(low <= start < high for low, high in subjects)}
        return [*at], [word for word, start in said.items() if self.language != "en" or not self._is_refused(start)]

    def unplaced(self, *, whole: bool = False) -> list[str]:  # what other languages say
        read = [*(spot.place for spot in self.spots), *self.avoided, *self.audience]
        read += [match.span() for match in matches("<no_field>", self.text)]
        text = self.free if whole else blank(self.text, read, "\x00")
        return stretches(text, words("chatter") | words("foreign") | self.spotter.own_words, pattern("<ends>"))

    def _whole(self, word: str, start: int) -> str:  # what is left of Chinese may be a piece of a word: then its clause
        return word if len(word) == 2 or not has(f"[{HAN}]", word) else clause_of(self.text, start, CLAUSE)[0].strip()

    def leaning(self) -> Leaning | None:
        """What it answers to the question between two values; None where it says something else, or more."""
        name, _, said = self.scene.inquiry.partition(":")
        first, _, second = said.partition("|")
        more = self.leftover or any(spot.field != name and spot.kind != "place" for spot in self.spots)
        if not second or more or len(words_of(self.text)) > 7 or self.says("<negation>|anything|<insists>"):
            return None
        values = [spot.value for spot in self.spots if spot.field == name]
        sides = [self.says("<former>") or first in values, self.says("<latter>") or second in values]
        return None if sides[0] == sides[1] else Leaning(name, *((first, second) if sides[0] else (second, first)))

    def question(self) -> Parsed | None:
        if self.says("<identify>") and self.language == "en" and not (self.titles or self.sorts or self.audience):
            said: Any = {"description": " ".join(self.leftover or [self.text])[:300], "limits": self.limits}
            return self.answer("identify", [], Call("search_catalog", said))
        items, sort, it = self.references(self.about), next(iter(self.sorts), ""), self.rows([self.focus])
        alone, is_asked = self.alone, self.says(r"<question>|[?？]|吗|哪")
        of_these = self.says("<of_these>") and is_asked and not self.scene.counted  # else they are what was counted
        if self.says("<sequel>") or (of_these and not (alone or sort or self._asked_fields())):
            return self.answer("talk", saying="unread_question")
        is_sorted = sort and self.scene.shown and (of_these or items[1:])
        if is_sorted or (items[1:] and self.says("<apart>")):
            fields = [sort.lstrip("-")] if sort else self._asked_fields()
            return self.answer("comparison", items or self.rows(self.scene.shown), fields=fields)
        people = dict.fromkeys(str(spot.value) for spot in self.spots if spot.field in self.people)
        ends = items[:2] if items[1:] else [*people] * (len(people) == 2)
        if self.says("<connection>") and ends:
            return self.answer("connection", items, Call("graph_lookup", {"kind": "path", "items": [*ends]}))
        is_plain = self.says("<question>") and not self.says("<request>|<who>")
        is_which = is_plain and (alone[len(self.limits) :] or items[1:])
        if alone and ((items and is_which) or (of_these and (items or self.scene.shown))):
            return self.answer("facts", items or self.rows(self.scene.shown), *self._counted([self]))
        if [*self.about] == [title for title in self.about if not title.item_ids] != [] and self.says("<have>"):
            return self.answer("facts", items)
        lists = self.says("<connection>") or (self.says("<list>") and not (self.prefer or items))
        counts, lists = self.says("<count>"), lists or (len(people) > 1 and is_plain and self.says("<together>"))
        if counts or sort or (alone and lists):
            parts = [_Reading(said, self.scene, self.spotter) for said in pattern("<sentence_end>").split(self.text)]
            kind = "count" if counts or sort.endswith(YEAR) or (sort and self.scene.counted and not alone) else "list"
            asked = self.answer(kind, [], *self._counted(parts if counts else [self]), fields=self._asked_fields())
            these = {"start_over": True, "limits": alone} if kind == "list" and alone and not sort else {}
            return replace(asked, patch={**self.spoken, **these}, unread=tuple(self.leftover))
        is_read = not self.says("<request>|<same_one>") and (items or (it and self.says("<it>")))
        if has("<question>", self.asked) and is_read:
            kind = "comparison" if items[1:] and has("<comparison>", self.free) else "facts"
            return self.answer(kind, items or it, fields=self._asked_fields())
        return None

    def _counted(self, parts: Sequence["_Reading"]) -> list[Call]:
        is_of_last = self.says("<of_these>") or not self.says("<count>")  # 'the oldest of those', no new count
        calls, base = list[Call](), [*as_limits(self.scene.counted)] if is_of_last else []
        for part in (part for part in parts if part.alone or part.sorts or part.says("<count>") or not parts[1:]):
            limits = [*base, *part.alone] if not part.alone or part.says("<of_these>") else part.alone
            base, kind = base or limits, "count" if part.says("<count>") and not part.sorts else "items"
            rows: Arguments = {"k": count} if part.sorts and (count := part._count()) and count > 1 else {}
            asked = [{"kind": kind, "limits": limits, "sort": sort, **rows} for sort in part.sorts or [""]]
            calls += [Call("graph_lookup", arguments) for arguments in asked]
        return calls

    def other_talk(self) -> Parsed | None:
        """An honest sentence where a question is none that rules can read, a kind one where somebody is sad."""
        if self.says("<grief>") and not self.says("<request>"):
            return replace(self.answer("talk", saying="comfort"), patch={**self.spoken, "about": COMFORT})
        open_end = "<back>|<asks_chinese>" if self.language == "zh" and self.leftover else "<back>"
        is_open = not (self.limits or self.prefer or self.titles or self.audience) and self.says(open_end)
        wants = self.related or self.audience or self.says("<request>|<identify>")
        is_talk = is_open or (has("<asks>", self.asked) and not wants and self.code in READ)
        if is_talk and self.scene.counted and self.says("<of_these>"):  # which of them was not read: then all of them
            limits: Arguments = {"start_over": True, "limits": [*as_limits(self.scene.counted)]}
            return Parsed(self.spoken | limits, unread=tuple(self.leftover))
        return self.answer("talk", saying="unread_question") if is_talk else None

    def wish(self, *, is_wish: bool = False) -> Parsed | None:
        wants, limits, prefer = self.says("<request>"), self.limits, self.prefer
        about = self.leftover if self.code in READ else self.unplaced(whole=True) if is_wish else []
        others, has_places = self.says(r"<others>|^\s*<rejects>$"), self.says("<per_decade>")
        said = limits or prefer or self.drop or self.titles or self.avoided or self.leftover or self.unmet or others
        if not (said or wants or self.audience) and (self.says("<question>") or len(words_of(self.text)) <= 3):
            return None
        wish, patch = self.scene.preference, self.spoken | self._opinions(wants=wants)
        whom = {"avoid": [*self.avoided.values()], "audience": [*self.audience.values()]}
        patch |= {"limits": limits, "prefer": prefer, "count": self._count(), **whom}
        before = (*self.scene.shown_before, *([self.scene.focus] if self.scene.people else []))
        fresh = [item_id for item_id in before if others and item_id not in wish.closed]
        patch["passed_over"] = [*self.references([*self.related]), *self.rows(fresh[-MOST_PASSED:])]
        patch["start_over"] = self._starts_over(patch, about)
        if self.says("<replaces>") and not patch["start_over"]:
            new = {limit["field"] for limit in limits if limit["op"] in ("is", "any_of")}
            new |= self.people if new & self.people else set()
            self.drop += [old.key for old in wish.constraints if old.op is Op.IS and old.field in new]
        if about := [*about, *([COMFORT] if self.says("<grief>") and self.language == "en" else [])]:
            earlier = [] if patch["start_over"] or not wish.text else wish.text.split(", ")[-4:]
            patch["about"] = ", ".join(dict.fromkeys((*earlier, " ".join(about[:12]))))[-200:]
        patch |= {"novelty": ADVENTUROUS if self.says("<surprise>") else 0.0} if self.says("<hurry>|<surprise>") else {}
        patch = {key: value for key, value in {**patch, "drop": self.drop}.items() if value or key == "novelty"}
        if {*patch} - {"language"} == {"save"}:
            return replace(self.answer("talk", saying="enjoy"), patch=patch)
        per = {"per": years} if has_places and (years := self.spotter.placer.year_field) else {}
        return Parsed(patch, (), Call("recommend", per), () if self.code in READ or is_wish else tuple(self.leftover))

    def answer(self, kind: str, items: Sequence[str] = (), *calls: Call, saying: str = "", **more: list[str]) -> Parsed:
        arguments: Arguments = {"items": list(items), **more}
        asked = calls or ((Call("item_details", arguments),) if more else ())
        told: Arguments = arguments if items else {**more} if calls else {}
        return Parsed(self.spoken, asked, Call("answer", {"kind": kind, **told}), saying=saying)

    def _opinions(self, *, wants: bool) -> Arguments:
        opinions, taken = dict[str, list[Spot]](), stances(self.text, self.about)
        liked = "likes" if self.says("<stated_like>") or not (wants or self.says("<example>")) else "similar_to"
        for title, stance in zip(self.about, taken, strict=True):
            is_open = (wants and stance in ("", " plan")) or not (stance or self.scene.shown or any(taken))
            key = "dislikes" if "dislike" in stance else liked if stance else "similar_to"
            held = {"seen": "seen" in stance, "save": "plan" in stance, key: "like" in stance or is_open}
            for name in (name for name, is_held in held.items() if is_held):
                opinions.setdefault(name, []).append(title)
        judged = {title.item_ids for key in ("dislikes", "seen") for title in opinions.get(key, ())}
        kept = [title for title in opinions.get("similar_to", ()) if title.item_ids not in judged]
        return {key: self.references(titles) for key, titles in {**opinions, "similar_to": kept}.items() if titles}

    def _starts_over(self, patch: Arguments, about: Sequence[str]) -> bool:
        wish, limits, prefer = self.scene.preference, patch["limits"], patch["prefer"]
        if self.says("<scrap>") or (self.says("<anything>") and not limits) or self.says("<back>"):
            return True
        kinds = [limit for limit in limits if limit["op"] in ("is", "any_of")]
        example = "similar_to" in patch and any(title.kind == "title" for title in self.titles)
        new, held = pairs_of([*limits, *prefer]), self.held | {(old.field, old.value) for old in wish.wishes}
        is_other = {name for name, _ in new}.isdisjoint(name for name, _ in held) and not (wish.liked or wish.text)
        is_empty, repeats = wish == Preference(language=wish.language), not example and new and new <= held
        if is_empty or repeats or self.says("<adds>") or (is_other and held and len(words_of(self.text)) < 5):
            return False
        is_new = ((kinds or example) and self.says("<wants_new>")) or (example and self.says("<example>"))
        whole = rf"(?:<opens>|<asks_for>).*\b(?:{self.spotter.nouns})\b|<opens_whole>{'|<opens>' if kinds else ''}"
        return bool(is_new or ((kinds or about or prefer) and self.says(whole) and not self.says("<shade>")))

    def _count(self) -> int | None:
        counted = rf"\b<number>\s+(?:(?!of\b)[\w-]+\s+){{0,3}}(?:{self.spotter.countable}|<suggestions>)\b"
        for said in ("<how_many>", counted, "<how_many_chinese>"):
            if (match := pattern(said).search(self.text)) and (match[1] != "一" or self.says("只要一|就一")):
                return min(int(small(match[1])), 10)
        return 1 if self.says("<hurry>") else None

    def _sorts(self) -> list[str]:  # 'the oldest is nine' sorts nothing
        numbers = [(spec.name, compared(spec)) for spec in self.schema.of_kind(FieldKind.NUMBER)]
        ends = [(sign + name, said[place]) for name, said in numbers for place, sign in ((2, ""), (3, "-"))]
        ends.append(("-popularity", "<most_popular>"))
        return [sort for sort, said in ends if has(f"(?<![a-z])(?:{said})", pattern("<of_age>").sub("", self.free))]

    def _asked_fields(self) -> list[str]:
        specs = () if has("<about>", self.free) else self.schema.fields  # none for 'what is it about'
        names = [spec.name for spec in specs if has(rf"(?<![a-z])(?:{said_of(spec)})", self.free)]
        names += [spot.field for spot in self.spots if spot.kind == "value" and specs]
        names += [spec.name for spec in specs if spec.people and has("<who>", self.free)][: 0 if names else 1]
        return list(dict.fromkeys((*names, *(one.name for one in specs if one.unit == YEAR and self.says("<when>")))))


def _relation(spec: FieldSpec, before: str, after: str) -> str:
    if spec.kind is not FieldKind.NUMBER:
        is_same = has(rf"<whose>(?:{said_of(spec)})<whose_of>", before)
        said = rf"^(?:的|是?同一?个?)(?:那[个位])?(?:{said_of(spec)})(?!是?谁)|^['’]?s? <guy>\b.*\b(?:{said_of(spec)})"
        return "same_as" if is_same or has(said, after) else ""
    less, more, *_ = compared(spec)
    is_year, tail, behind = spec.unit == YEAR, after * before.endswith("比"), after * (spec.unit == YEAR)
    later, earlier = ("|after|since|between", r"|before|prior to|between [^.,]* and") if is_year else ("", "")
    if has(rf"\b(?:(?:{more}) than{later})\s+$", before) or has("^[之以]后", behind) or has(r"^更?[新晚长贵]", tail):
        return "after"
    is_less = has(rf"\b(?:(?:{less}) than{earlier})\s+$", before) or has("^[之以]前", behind)
    return "before" if is_less or has(r"^更?[老早旧短便]", tail) else ""


def stances(message: str, titles: Sequence[Spot]) -> list[str]:
    """'like', 'dislike', 'seen', 'seen like' ... or '' for each; titles in a row share what is said of one of them."""
    opinions = [_stance(*_around(message, titles, place)) for place in range(len(titles))]
    gaps = [message[before.end : after.start] for before, after in pairwise(titles)]
    joined = [place for place, gap in enumerate(gaps) if has("^<separator>$", gap)]
    for to, since in (*((place + 1, place) for place in joined), *((place, place + 1) for place in reversed(joined))):
        opinions[to] = opinions[to] or opinions[since]
    return opinions


def _around(message: str, titles: Sequence[Spot], place: int) -> tuple[str, str]:
    between = message[titles[place - 1].end if place else 0 : titles[place].start]
    before = pattern(r"<sentence_end>|\bbut\b|但是?|可是" + ("|[,，]" if place else "")).split(between)[-1]
    is_last = place + 1 == len(titles)
    following = message[titles[place].end : len(message) if is_last else titles[place + 1].start]
    if has("^<no_one>", titles[place].words) or has("^<turns_away>", following):
        return "", "not for me"
    if turned := pattern("<turns_back>").search(following):
        return "", turned[0]
    after = pattern(r"<sentence_end>|<but_then>|,\s*(?:i want|give me|now|something)\b").split(following)[0]
    if pattern("<turned_down>").match(following):
        after = following
    elif known := pattern("<known_too>").search(following):
        after = following[: known.end()]
    is_judged = has("<like>|<dislike>", before) and not has("<backward>", after)
    return before, re.split(r"[,，]", after)[0] if is_judged or not is_last else after


def _stance(before: str, after: str) -> str:
    text, mark = f"{before} \x01 {after}", len(before) + 1
    seen = "seen" if has("<seen>", text) and not has("<unseen>", text) else ""
    spans = [[end for match in matches(cue, text) for end in match.span()] for cue in ("<dislike>", "<like>")]
    away, near = (min((abs(end - mark) for end in ends), default=999) for ends in spans)
    is_refused = away < 999 and away <= near and not has("<not_that_i>", text)  # 'don't like' holds 'like'
    if is_refused or has("^<no_then>", after) or has("<refusal>", before):
        return f"{seen} dislike"
    planned = [abs(end - mark) for match in matches("<intends>", text) for end in match.span()]
    return f"{seen} {'plan' if near in planned else 'like'}" if near < 999 or has("^<approval>", after) else seen
