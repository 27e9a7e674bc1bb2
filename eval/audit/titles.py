"""Titles in an assistant's words: those of the catalog, marked or not, and those that the catalog does not have."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from rapidfuzz import fuzz, process

from eval.audit.phrases import (
    AFTER_TITLE,
    CUE_BEFORE,
    LIST_ITEM,
    NAME_CUE,
    NOT_A_TITLE,
    NUMBERED,
    OF_LIKE,
    PRONOUNS,
    WEAK_CUE,
)
from eval.audit.plain_words import GLUE
from eval.reading.lexicon import Lexicon
from eval.reading.mentions import COMMON_CHINESE, MentionFinder
from eval.reading.words import STOPWORDS
from retrieval.items import Catalog
from retrieval.titles import ARTICLES, UNSPACED, TitleMatch, TitleSpan, normalize_title

YEAR_BEHIND = re.compile(r"[\"”'’*_》]{0,4}\s*[(（\[]\s*((?:18|19|20)\d{2})\s*[)）\]]")
MARKED = re.compile(
    r"《(?P<han>[^》\n]{1,80})》|\*\*(?P<bold>[^*\n]{2,90})\*\*|“(?P<curly>[^”\n]{2,80})”|\"(?P<quote>[^\"\n]{2,80})\""
    r"|(?<![\w*])\*(?P<star>[^*\n]{2,80})\*(?![\w*])|(?<!\w)_(?P<under>[^_\n]{2,80})_(?!\w)|「(?P<corner>[^」\n]{1,60})」"
)
WORD = r"[A-Z0-9À-Þ][\w'’.&-]*"
SMALL = r"(?:of|the|and|in|a|an|to|for|on|with|at|from|by|is|under|&|de|la)"
RUN = re.compile(rf"(?<![\w'’])(?:A |An |The )?{WORD}(?:[ \t]+(?:{SMALL}[ \t]+){{0,3}}{WORD})*")
SUBTITLE = re.compile(rf":\s+((?:A |An |The )?{WORD}(?:\s+(?:{SMALL}\s+){{0,2}}{WORD})*)(?=\s*(?:[.!?,;)]|$))")
PART = re.compile(r"\b[Pp]art (II|III|2|3|[Tt]wo|[Tt]hree)\b")
IS_A_TITLE = re.compile(r"\s+(?:is|was|stars|has|tells|follows)\b|\s+[–—-]\s")
"""Behind an everyday word that begins a sentence and may be a title."""
PART_NUMBERS = {"two": "II", "three": "III", "2": "II", "3": "III"}
LEAST = 0.9
"""How like a title must be to be taken for a misspelled one."""


@dataclass(frozen=True, slots=True)
class Named:
    """A title in a text."""

    start: int
    end: int
    text: str
    ids: tuple[str, ...] = ()
    """Items of that title; none where the catalog does not have it."""
    year: int | None = None
    """A year in brackets right behind it."""
    marked: bool = False
    """In quotes, 《》, bold, or with a year in brackets: surely meant as a title."""

    @property
    def is_known(self) -> bool:
        """Whether the catalog has it."""
        return bool(self.ids)


@dataclass(frozen=True, slots=True)
class TitleReader:
    """Finds titles of one catalog in what an assistant wrote."""

    catalog: Catalog
    lexicon: Lexicon
    finder: MentionFinder
    people: tuple[str, ...]
    """Everybody's name, casefolded."""

    @classmethod
    def of(cls, catalog: Catalog) -> "TitleReader":
        """For one catalog."""
        lexicon = Lexicon(catalog)
        names = {name.casefold() for spec in catalog.schema.fields if spec.people for name in catalog.values(spec.name)}
        return cls(catalog, lexicon, MentionFinder(catalog, lexicon), tuple(sorted(names)))

    def find(self, text: str, *, expected: Iterable[str] = ()) -> list[Named]:
        """All titles of a text, in order, without overlaps.

        Args:
            text: What the assistant wrote, markup included.
            expected: Item ids that came up before or are recorded with the turn: of several items of a title these are
                meant, and a single capitalized word is believed to be one of theirs.
        """
        known = tuple(expected)
        found: list[Named] = []
        for steps in (self._marked(text, known), self._dated(text, known), self._plain(text, known)):
            for one in steps:
                if not any(old.start < one.end and one.start < old.end for old in found):
                    found.append(one)
        found += self._parts(text, found)
        found += [one for one in self._foreign(text, found) if not _overlaps(one, found)]
        return sorted(found, key=lambda one: one.start)

    # Marked titles -----------------------------------------------------------------------------------------------

    def _marked(self, text: str, known: tuple[str, ...]) -> Iterator[Named]:
        for match in MARKED.finditer(text):
            inner = next(group for group in match.groups() if group is not None)
            start = match.start() + 1 if match.group().startswith("**") else match.start()
            title, year = _split(inner)
            behind = YEAR_BEHIND.match(text, match.end())
            year = year or (int(behind.group(1)) if behind else None)
            end = behind.end() if behind else match.end()
            ids = self._ids(title, year, known, near=True)
            sure = match.group()[0] == "《" or year is not None
            bold = match.lastgroup in ("bold", "star", "under") and LIST_ITEM.search(text[: match.start()])
            cued = CUE_BEFORE.search(text[max(0, match.start() - 40) : match.start()])
            if ids or ((sure or bold or cued) and self._could_be(title)):
                yield Named(start if ids else match.start(), end, title, ids, year, marked=True)

    def _dated(self, text: str, known: tuple[str, ...]) -> Iterator[Named]:
        """'Heat (1995)': the longest catalog title that ends before the bracket, else the capitalized words there."""
        for match in re.finditer(r"\s[(（\[]\s*((?:18|19|20)\d{2})\s*[)）\]]", text):
            year, head = int(match.group(1)), text[max(0, match.start() - 90) : match.start()]
            head = re.split(r"[\n;•]", head)[-1]
            exact = self._title_start(head, year)
            if exact is None:
                head = re.split(r"(?<!\bMr)(?<!\bDr)(?<!Mrs)(?<!\bvs)(?<=\w\w[.!?])\s", head)[-1]
                run = re.search(rf"(?:{RUN.pattern})(?:[:,!?–-]*\s+(?:{RUN.pattern}))*[!?.]*$", head)
                if run is None:
                    continue
                exact = _without_lead(run.group(), run.start(), keep_article=True)
            title = head[exact:].strip(" \"'“”*_")
            begin = match.start() - len(head)
            yield Named(begin + exact, match.end(), title, self._ids(title, year, known, near=True), year, marked=True)

    def _title_start(self, head: str, year: int) -> int | None:
        """Where the title begins that ends a text: exactly one of the catalog, or nearly one of that year."""
        starts = [one.start() for one in re.finditer(r"(?<![\w'’])[\w(¡¿'’\"]", head)]
        exact = next((one for one in starts if self.catalog.titles.exact(head[one:])), None)
        if exact is not None:
            return exact
        capitals = [one for one in starts[-10:] if head[one].isupper() and len(head) - one > 5]
        return next((one for one in capitals if self._near(head[one:], year)), None)

    def _near(self, title: str, year: int) -> bool:
        matches = self.catalog.titles.misspelled(title, year=year, least=LEAST)
        return bool(matches) and matches[0].year is not None and abs(matches[0].year - year) <= 1

    # Plain titles ------------------------------------------------------------------------------------------------

    def _plain(self, text: str, known: tuple[str, ...]) -> Iterator[Named]:
        people = [
            (one.start, one.end) for one in self.lexicon.find(text) if one.field.people and re.search(r"\s", one.words)
        ]
        for span in map(_trimmed, self.catalog.titles.spans(text)):
            inside = any(a <= span.start and span.end <= b and (b - a) > (span.end - span.start) for a, b in people)
            if inside or not self._is_meant(text, span, known):
                continue
            more = self._number(text, span)
            if more and not self.catalog.titles.exact(text[span.start : more]):
                yield Named(span.start, more, text[span.start : more])
            elif sub := self._subtitle(text, span):
                yield Named(span.start, sub, text[span.start : sub])
            else:
                yield Named(span.start, span.end, span.text, self._choose(span.matches, None, known))

    def _number(self, text: str, span: TitleSpan) -> int:
        """Where the number behind a title ends; 0 where there is none."""
        more = NUMBERED.match(text, span.end)
        return more.end() if more else 0

    def _subtitle(self, text: str, span: TitleSpan) -> int | None:
        """Where a title goes on behind a colon as no item of the catalog does: 'Groundhog Day: The Return'."""
        match = SUBTITLE.match(text, span.end)
        if not match or any(True for _ in self.lexicon.find(match.group(1))):
            return None
        rest = match.group(1)
        if self.catalog.titles.exact(rest) or len(rest.split()) > 5 or " " not in rest:
            return None
        return match.end()

    def _is_meant(self, text: str, span: TitleSpan, known: tuple[str, ...]) -> bool:
        """Whether words that happen to be a title are meant as one by somebody who writes in capitals."""
        if re.search(rf"[{UNSPACED}]", span.text):
            return span.text not in COMMON_CHINESE and self.finder.believes(text, span)
        words = span.text.split()
        if not (words[0][0].isupper() or words[0][0].isdigit()):
            return False
        if not all(word[:1].isupper() or word[:1].isdigit() or word.lower() in STOPWORDS | GLUE for word in words):
            return False
        before, after = text[: span.start], text[self._number(text, span) or span.end :]
        if _inside_name(before, after, span.text):
            return False
        begins = not before.strip() or before.rstrip()[-1] in ".!?:\n。！？"
        merely_begins = begins and all(word.islower() and word in GLUE for word in words[1:])
        if len(words) > 1 and merely_begins and words[0].lower() in GLUE:
            return False
        if len(words) > 1 and not all(word.lower() in STOPWORDS for word in words):
            return not any(one.words == span.text and one.field.people for one in self.lexicon.find(span.text))
        follows = bool(AFTER_TITLE.match(after))
        expected = any(one.item_id in known for one in span.matches)
        if span.text.lower() in PRONOUNS:
            return bool(CUE_BEFORE.search(before[-40:])) and not begins
        listed = bool(LIST_ITEM.search(before))
        is_value = any(True for _ in self.lexicon.find(span.text))
        cue = CUE_BEFORE.search(before[-40:])
        cued = (
            bool(cue and not (is_value and WEAK_CUE.search(cue.group())))
            or listed
            or (bool(OF_LIKE.search(before[-30:])) and not is_value)
        )
        if span.text.lower() in STOPWORDS | GLUE:
            return cued or (begins and bool(IS_A_TITLE.match(after))) or (expected and not begins)
        return cued or (follows and (begins or not is_value)) or expected or (not begins and not is_value)

    def _parts(self, text: str, found: list[Named]) -> list[Named]:
        """'Part II' behind a title that has one."""
        more = []
        for match in PART.finditer(text):
            before = [one for one in found if one.end <= match.start() and one.is_known]
            if not before or any(one.start <= match.start() < one.end for one in found):
                continue
            number = PART_NUMBERS.get(match.group(1).lower(), match.group(1))
            ids = tuple(one.item_id for one in self.catalog.titles.exact(f"{before[-1].text} Part {number}"))
            if ids:
                more.append(Named(match.start(), match.end(), match.group(), ids))
        return more

    # Titles that the catalog does not have -----------------------------------------------------------------------

    def _foreign(self, text: str, found: list[Named]) -> Iterator[Named]:
        """Capitalized words that stand where a title would, and are none of the catalog."""
        free = "".join("\x00" if any(o.start <= at < o.end for o in found) else char for at, char in enumerate(text))
        for match in RUN.finditer(free):
            start = _without_lead(match.group(), match.start(), keep_article=True)
            title = free[start : match.end()].rstrip(".,!?’'")
            title = re.split(r"(?<=[a-z])\.\s", title)[0]
            end = start + len(title)
            capitals = [word for word in title.split() if word[0].isupper() and word.lower() not in GLUE | STOPWORDS]
            if len(capitals) < 2 or not self._could_be(title):
                continue
            before, after = free[max(0, start - 40) : start], free[end:]
            article = bool(re.match(r"(?:The|A|An)\s", title))
            like_a_name = len(capitals) == len(title.split()) < 4
            cue = CUE_BEFORE.search(before)
            cued = bool(cue and not (like_a_name and NAME_CUE.search(cue.group()))) and not re.match(
                r"['’]s\b|\s+(?:films?|movies?|fans?)\b", after
            )
            subject = article and bool(AFTER_TITLE.match(after)) and len(capitals) > 1
            dated = bool(re.match(r"\s+from\s+(?:18|19|20)\d{2}\b", after)) and (article or len(title.split()) > 3)
            if cued or subject or dated:
                yield Named(start, end, title, self._ids(title, None, (), near=True))

    def _could_be(self, title: str) -> bool:
        """Whether words may be a title: no person or value of the catalog, no prize, not a whole sentence."""
        if NOT_A_TITLE.search(title) or len(title.split()) > 12 or not re.search(r"\w", title):
            return False
        if re.search(rf"[{UNSPACED}]", title):
            return True
        if not re.search(r"[A-Z0-9]", title[:6]) or title.rstrip().endswith((",", ":")):
            return False
        if len(title.split()) == 2 and self._is_name(title):
            return False
        spans = list(self.lexicon.find(title))
        return not any(
            one.end - one.start >= len(title) - 4 or (one.field.people and " " in one.words) for one in spans
        )

    def _is_name(self, words: str) -> bool:
        """Whether words are nearly the name of somebody in the catalog ('Robert Deniro')."""
        return process.extractOne(words.casefold(), self.people, scorer=fuzz.ratio, score_cutoff=88) is not None

    # Linking -----------------------------------------------------------------------------------------------------

    def _ids(self, title: str, year: int | None, known: tuple[str, ...], *, near: bool = False) -> tuple[str, ...]:
        """The items that a title means."""
        titles = self.catalog.titles
        matches = titles.exact(title, year=year)
        if not matches and near and len(normalize_title(title)) > 5:
            digits = re.findall(r"\d+", title)
            matches = [
                one for one in titles.misspelled(title, year=year, least=LEAST) if _same_digits(one, digits, year)
            ]
            matches = matches or [
                one for one in titles.cut_short(title) if year is not None and one.year is not None and one.year == year
            ]
        return self._choose(matches, year, known)

    def _choose(self, matches: Iterable[TitleMatch], year: int | None, known: tuple[str, ...]) -> tuple[str, ...]:
        best = list(matches)
        best = [one for one in best if one.score >= best[0].score - 0.005]
        if year is not None and any(one.year == year for one in best):
            best = [one for one in best if one.year == year]
        elif year is not None and any(one.year is not None and abs(one.year - year) <= 1 for one in best):
            best = [one for one in best if one.year is not None and abs(one.year - year) <= 1]
        expected = [one for one in best if one.item_id in known]
        return tuple(dict.fromkeys(one.item_id for one in expected or best))


def _same_digits(match: TitleMatch, digits: list[str], year: int | None) -> bool:
    """Whether a like title has the same numbers (another part is another item) and no other year."""
    near = year is None or match.year is None or abs(match.year - year) <= 2
    return near and re.findall(r"\d+", match.title) == digits


def _split(inner: str) -> tuple[str, int | None]:
    match = re.fullmatch(r"(.+?)\s*[(（]((?:18|19|20)\d{2})[)）]\W*", inner.strip())
    if match:
        return match.group(1), int(match.group(2))
    return inner.strip().rstrip(",.:;"), None


def _without_lead(run: str, start: int, *, keep_article: bool) -> int:
    """Where a run of capitalized words begins without the words that merely begin a sentence."""
    words = list(re.finditer(r"\S+", run))
    articles = {"the", "a", "an"} if keep_article else set()
    while len(words) > 1 and words[0].group().lower().strip(",:") in (STOPWORDS | GLUE) - articles:
        words = words[1:]
    return start + words[0].start()


def _trimmed(span: TitleSpan) -> TitleSpan:
    """A span without an article behind a comma or colon: 'Parasite, a' -> 'Parasite'."""
    match = re.search(rf"[,:;.!?–—-]\s+(?:{'|'.join(ARTICLES)})$", span.text, re.IGNORECASE)
    title = span.matches[0].title
    if not match or title.lower().endswith(match.group().lower()):
        return span
    return TitleSpan(span.start, span.start + match.start(), span.text[: match.start()], span.matches)


def _inside_name(before: str, after: str, text: str) -> bool:
    """Whether a word is part of a longer name: 'Emma' in 'Emma Stone'."""
    if " " in text.strip():
        return False
    if re.match(r"\s+of\s+(?:the\s+|a\s+)?[A-Z]", after):
        return True
    follows = re.match(r"\s+([A-Z][a-z]+)", after)
    leads = re.search(r"([A-Z][a-z]+)\s+$", before)
    name = follows and follows.group(1).lower() not in STOPWORDS | GLUE
    part = leads and leads.group(1).lower() not in STOPWORDS | GLUE and not CUE_BEFORE.search(before)
    return bool(name or part)


def _overlaps(one: Named, found: Iterable[Named]) -> bool:
    return any(old.start < one.end and one.start < old.end for old in found)
