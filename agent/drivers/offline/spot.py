"""Everything of a catalog that a message names: titles, values, numbers, places in the last list."""

import re
from collections.abc import Iterator, Sequence
from copy import copy
from itertools import chain

from agent.drivers.offline.numbers import find_numbers
from agent.drivers.offline.phrases import has, matches, pattern, small, table, words
from agent.drivers.text import Limits, Names, Place, Spot, blank, is_free, prose_words, said_of, stem, words_of
from agent.drivers.vocabulary import Meaning, Vocabulary
from retrieval.items import Catalog
from retrieval.schema import FieldKind
from retrieval.titles import ARTICLES, HAN, LETTER, UNSPACED, TitleSpan, normalize_title
from tools.placing import COMMON_SURNAME_SHARE, Placer, fold


class Spotter:
    """Spots what one catalog knows; made once, holds no user."""

    def __init__(self, catalog: Catalog, placer: Placer | None = None) -> None:
        self.catalog, self.placer, self.schema = catalog, placer or Placer(catalog), catalog.schema
        nouns = (*self.schema.noun.values(), *self.schema.nouns.values(), *self.schema.also_called)
        known = (said for spec in self.schema.of_kind(FieldKind.CATEGORY) for said in spec.synonyms.values())
        plurals = (word for said in known for word in said if re.fullmatch(r"[\w-]+s", word))
        self.nouns, self.countable = "|".join(map(re.escape, nouns)), "|".join(map(re.escape, (*nouns, *plurals)))
        self.moods = f"(?:{'|'.join(map(re.escape, sorted(self.schema.moods, key=len, reverse=True))) or '(?!)'})"
        own = (*nouns, *map(said_of, self.schema.fields), *chain(*self.schema.also_called_in.values()))
        self.own_words = frozenset(map(stem, words_of(" ".join(own))))
        self.vocabulary, self._values = (words := Vocabulary(catalog, self.placer)), ValueFinder(catalog, words)

    def spot(
        self, message: str, *, shown: Sequence[str] = (), known: Names = (), language: str = "en", people: Limits = ()
    ) -> list[Spot]:
        """What is named; 'the second one' is one `shown`, 'he' one of `people`; a `known` item wins over namesakes."""
        spots, values = list[Spot](), self._values.within(self.vocabulary.language_read(message, language))
        roles = {spec.name for spec in self.schema.fields if spec.people}
        titles = TitleFinder(self.catalog, values).find(message)
        names = [spot for spot in (values.find(message) if titles or people else ()) if spot.field in roles]
        for start, end in titles:
            if any(name.start <= start and end <= name.end and name.words != message[start:end] for name in names):
                continue  # 'Akira' of 'Akira Kurosawa'
            said = message[start:end].strip("《》“”\"'«» ")
            spots.append(Spot(start, end, said, "title", self.placer.item(said, shown=shown, known=known).item_ids))
        for find in (places, self._described):
            spots += find(blank(message, [spot.place for spot in spots], "\x00"), shown)
        spots += find_numbers(blank(message, [spot.place for spot in spots], "\x00"), self.catalog)
        for match in [*matches(table()["he"].get(language, "(?!)"), message)][:1] if people and not names else ():
            behind = message[match.end() :]  # 'the ones he directed': as a director, whatever he was spoken of as
            done = [spec for spec in self.schema.fields if spec.people and has(rf"^ ?(?:{said_of(spec)})", behind)]
            for field, value in ((limit.field, str(value)) for limit in people for value in limit.values):
                names_of = [spec.name for spec in done if value in self.catalog.values(spec.name)]
                spots.append(Spot(*match.span(), match[0], "value", (), (*names_of, field)[0], value, "is"))
        return sorted((*spots, *values.find(message, [spot.place for spot in spots])), key=lambda spot: spot.start)

    def _described(self, message: str, shown: Sequence[str]) -> list[Spot]:
        said = [(match, next(filter(None, match.groups()))) for match in matches("<described>", message)]
        fitting = [(match, tuple(item_id for item_id in shown if self._fits(item_id, words))) for match, words in said]
        return [Spot(*match.span(), match[0], "place", ids) for match, ids in fitting if len(ids) == 1]

    def _fits(self, item_id: str, said: str) -> bool:
        item, named = self.catalog.item(item_id), {str(spot.value) for spot in self._values.find(said)}
        texts = [item.title, item.text, *item.aka, *(value for values in item.values.values() for value in values)]
        stems = {stem(word) for word in words_of(said)} - words("stopwords")
        if has(f"[{HAN}]", said):
            return any(said in text or text in named for text in texts)
        return bool(stems) and stems <= {stem(word) for text in texts for word in words_of(text)}


class ValueFinder:
    """Finds the values of a catalog by the words of one language."""

    def __init__(self, catalog: Catalog, vocabulary: Vocabulary) -> None:
        self._catalog, self._vocabulary, self._words = catalog, vocabulary, vocabulary.of("")
        self._prose = prose_words(item.text for item in catalog)
        self._empty = frozenset[str]()

    def within(self, language: str) -> "ValueFinder":
        """The same in another language, whose little words ('war', 'man') name nothing."""
        other, little = copy(self), table()["little"].get(language, "")
        other._words, other._empty = self._vocabulary.of(language), frozenset(little.split())
        return other

    def find(self, text: str, covered: Sequence[Place] = ()) -> Iterator[Spot]:
        """The values named in a text outside the places that are covered, the longest phrase first from the left."""
        found, known = matches(rf"<elided>|{LETTER}+(?:['’]{LETTER}+)?|[{UNSPACED}]", text), self._words
        places = [match.span() for match in found if is_free(match.span(), covered)]
        parts = [known.parts(fold(re.sub(r"['’]s$", "", text[start:end]))) for start, end in places]
        position = 0
        while position < len(places):
            for length in range(min(known.longest, len(places) - position), 0, -1):
                meanings = known.get([*chain(*parts[position : position + length])])
                start, end = places[position][0], places[position + length - 1][1]
                if meanings and self._believes(meaning := self._meant(meanings, text[:start]), text, start, end):
                    yield Spot(start, end, text[start:end], "value", (), meaning[0].name, meaning[1], "is")
                    position += length - 1
                    break
            position += 1

    def _meant(self, meanings: Sequence[Meaning], before: str) -> Meaning:
        if named := [one for one in meanings if meanings[1:] and has(rf"\b(?:{said_of(one[0])})<copula>\s*$", before)]:
            return named[-1]
        people = [meaning for meaning in meanings if meaning[0].people]
        if not meanings[-1][0].people:
            return meanings[-1]
        cues = ((meaning, meaning[0].fact.get("en", "").partition("{value}")[0].split()[-1:]) for meaning in people)
        if said := [meaning for meaning, cue in cues if cue and has(rf"\b{re.escape(cue[0])}\s+$", before)]:
            return said[0]
        counts = [self._catalog.values(spec.name)[value] for spec, value in people]
        return people[counts.index(max(counts))] if max(counts) >= COMMON_SURNAME_SHARE * counts[-1] else people[-1]

    def _believes(self, meaning: Meaning, text: str, start: int, end: int) -> bool:
        (spec, value), word, before = meaning, text[start:end], text[:start]
        if len(word.split()) > 1 or not word.isascii():  # 'I am' is nobody's name
            return word.lower() not in self._empty and not {*words_of(word.lower())} <= words("stopwords")
        is_name, is_short = spec.people and word in words("everyday_names"), len(word) < 3 and not word.isupper()
        empty = words("stopwords" if fold(value) == fold(word) else "chatter")
        is_empty = word.lower() in empty or word.lower() in self._empty
        if is_name or is_short or is_empty or has("<life_stage>", before):
            return False
        is_name = word[0].isupper() and (not word.isupper() or text.isupper())
        is_known = self._catalog.values(spec.name)[value] > 1 or fold(value) == fold(word)
        is_name |= len(word) >= 8 or (len(word) > 4 and word.lower().removesuffix("s") not in self._prose)
        is_ordinary = word.islower() and word in self._prose  # 'with rain on the windows'
        return not spec.people or (is_known and is_name) or (has("<before_person>", before) and not is_ordinary)


class TitleFinder:
    """Where a message names titles: quoted, capitalized, listed, after a word such as 'like', or misspelled."""

    def __init__(self, catalog: Catalog, values: ValueFinder) -> None:
        self._catalog, self._values = catalog, values
        self._soft = {spec.name for spec in catalog.schema.fields if spec.soft}

    def find(self, message: str) -> list[Place]:
        """The places of titles, in order, without overlaps."""
        taken: list[Place] = []
        for step in (self._quoted, self._exact, self._asked, self._listed, self._capitalized, self._capitalized):
            for place in step(message, taken):
                taken += [place] if is_free(place, taken) else []
        return sorted(taken)

    def _quoted(self, message: str, _: list[Place]) -> Iterator[Place]:
        for match in matches("<quoted>", message):
            inner = next(filter(None, match.groups()))
            if match[0][0] in "《«" or inner[0].isupper() or self._catalog.find_title(inner, limit=1):
                yield match.span()

    def _exact(self, message: str, _: list[Place]) -> Iterator[Place]:
        for span in self._catalog.titles.spans(message):
            number = pattern("<part_of_title>").match(message, span.end)
            if number and self._believes(message, span):
                yield span.start, number.end()

    def _asked(self, message: str, taken: list[Place]) -> Iterator[Place]:
        for match in matches("<asked_title>", blank(message, taken, "\x00")):
            text = next(filter(None, match.groups()))
            start, said = match.start() + match[0].index(text), normalize_title(text).split()
            near = any(match.score >= 0.88 for match in self._catalog.find_title(text, limit=1))
            is_common = set(said) & (words("chatter") - words("linking"))
            is_plain = text.islower() and (any(self._values.find(text)) or len(text.split()) < 2)
            if near or not (is_plain or is_common):
                yield start, start + len(text)

    def _believes(self, message: str, span: TitleSpan) -> bool:
        text, before, empty = span.text, message[: span.start], words("stopwords")
        if has(rf"[{UNSPACED}]", text):
            is_plain = has("<everyday>", text) or any(self._values.find(text))
            return not is_plain and (len(text) >= 3 or has(r"[喜爱看过像似]|讨厌", before[-4:]))
        said = normalize_title(text).split()
        if all(word in empty or word.isdigit() for word in said):
            return text.lower() != "it" and has("<like>|<seen>", re.split(r"[.!?;。！？；]", before)[-1][-14:])
        whole = (value for value in self._values.find(text) if normalize_title(value.words).split() == said)
        is_value = any(value.field not in self._soft or text.islower() for value in whole)  # not 'wars' of 'star wars'
        if has("<weekday>", text) or (text.islower() and set(said) <= words("chatter")):
            return False
        has_capitals = all(not word[:1].islower() or word.lower() in empty for word in text.split())
        if has("<linked>", message) and (has("<pairs>$", before) or has(r"^\s*<pairs>", message[span.end :])):
            return True  # 'the difference between alien and aliens'
        if not has_capitals or (message.isupper() and len(message) > 12):
            is_linked = has("<linked>", message) and (len(said) > 1 or has("<links>$", before))
            is_asked = is_linked or has("<before_title>", before)
            return not (is_value and len(said) < 3) and (is_asked or len(said) > 2)
        begins = not before.strip() or before.strip()[-1] in ".!?:"
        stands_out = not begins or len(message.split()) < 5 or has(r"^(?:\W*(?:is|was|and)\b|,)", message[span.end :])
        return len(said) > 1 or (not is_value and (stands_out or has("<before_title>", before)))

    def _listed(self, message: str, taken: list[Place]) -> Iterator[Place]:
        pieces: list[tuple[Place, bool]] = []
        for match in re.finditer(r"[^,;:.!?()\n]+", message):
            lead = pattern("<lead>").match(match[0])
            start = match.start() + (lead.end() if lead else 0)
            text = pattern("<tail>").sub("", message[start : match.end()]).rstrip()
            place = (start, start + len(text))
            if len(text) > 2 and is_free(place, taken) and normalize_title(text) not in words("stopwords"):
                is_title = self._catalog.titles.exact(text) or self._is_near(text, 7, 0.9)
                is_whole = " " in text and (not text.islower() or text == message.strip(" .?!"))
                is_judged = has("<judged>", message[place[1] :]) or is_whole or start - match.start() > 2
                pieces += [(place, is_judged)] if is_title and not any(self._values.find(text)) else []
        gaps = (message[end : place[0]] for _, end in taken for place, _ in pieces)
        follows = any(has(r"^[\s,]*(?:and|or)?\s*$", gap) for gap in gaps)
        yield from (place for place, is_judged in pieces if is_judged or follows or len(pieces) > 1)

    def _capitalized(self, message: str, taken: list[Place]) -> Iterator[Place]:
        for match in matches("<name>", "" if message.isupper() else blank(message, taken)):
            start, end = _trimmed(message, *match.span())
            text = message[start:end]
            if len(text) < 2 or text.isupper() or normalize_title(text) in words("stopwords") or has("<weekday>", text):
                continue
            gaps = (message[end:a] if end <= a else message[b:start] for a, b in taken if end <= a or b <= start)
            beside = sum(has("<in_a_list>", gap) for gap in gaps)
            is_title = (" " in text or beside > 1) and self._catalog.find_title(text, limit=1)
            is_likely = beside or has("<before_name>", message[:start]) or self._is_near(text, 6, 0.88)
            if is_likely and (is_title or not any(self._values.find(text))):
                yield start, end

    def _is_near(self, text: str, shortest: int, least: float) -> bool:
        titles, longest = self._catalog.find_title(text, limit=2), len(normalize_title(text)) + 2
        near = (match.score >= least and len(normalize_title(match.title)) <= longest for match in titles)
        return len(text) >= shortest and any(near)


def places(text: str, shown: Sequence[str]) -> list[Spot]:
    """Where a message points at the last list: 'the second one', 'the first two', '第三部', 'all of these'."""
    spots, pair = list[Spot](), "both" if len(shown) == 2 else "every"
    for phrase in ("first_few", "last_few", "middle", "every", pair, "last", "numbered", "ordinal", "others_shown"):
        said = {item_id for spot in spots for item_id in spot.item_ids}
        for match in matches(f"<{phrase}>", text) if shown else ():
            place = int(small(next(filter(None, match.groups()), "")))
            others, half = [item_id for item_id in shown if said and item_id not in said], (len(shown) - 1) // 2
            ids = {"first_few": shown[:place], "last_few": shown[-place:], "every": shown, "last": shown[-1:]}
            ids |= {"middle": shown[half : half + 1], "others_shown": others, "both": shown}
            pointed = ids.get(phrase, shown[place - 1 : place] if place else ())
            if pointed and is_free(match.span(), [spot.place for spot in spots]):
                spots.append(Spot(*match.span(), match[0], "place", tuple(pointed)))
    return sorted(spots, key=lambda spot: spot.start)


def _trimmed(message: str, start: int, end: int) -> Place:
    tokens, empty = list(re.finditer(r"\S+", message[start:end])), words("stopwords")
    heads = [word for word in tokens if word[0].lower() not in empty - ARTICLES and not has("^<opinion>$", word[0])]
    tails = [word for word in tokens if word[0].lower() not in empty]
    return (start + heads[0].start(), start + tails[-1].end()) if heads and tails else (start, start)
