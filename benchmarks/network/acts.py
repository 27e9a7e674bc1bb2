"""Messages whose decision is known, and how well these are read."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest

from agent.conversation import Conversation, Role, Turn
from agent.drivers.acts import PART, ActClassifier, masked, signs_of
from agent.drivers.base import View
from agent.drivers.offline import Spotter
from agent.drivers.schema.asking import asked_about
from agent.drivers.schema.bank import examples_of
from agent.drivers.schema.form import read_answer
from agent.drivers.text import Spot
from agent.drivers.vocabulary import READ
from agent.examples import names_of
from retrieval.encoder import MultilingualEncoder
from retrieval.items import Catalog
from retrieval.preference import Preference

HERE: Final = Path(__file__).parent
ACTED: Final = HERE / "acted.tsv"
FIRST, LIST, ANSWER = "0", "L", "A"
"""What came before a message: nothing, a list, an answer about one item."""
INVERSE_PENALTY: Final = 5.0
"""Of the logistic regressions that tell which fields are asked about."""
PAIRED: Final = 400
"""Questions about one field that are put together by twos, to teach questions about two."""


@dataclass(frozen=True, slots=True)
class Acted:
    """A message, and what it is after."""

    language: str
    view: View
    act: str
    """With the kind of talk: 'talk/hello'."""
    fields: tuple[str, ...] = ()
    """What is asked about items: names that `names_of` knows."""


def shown_of(catalog: Catalog) -> tuple[str, ...]:
    """The items that stand on screen where a message comes after a list."""
    return tuple(item.item_id for item in catalog.items[:5])


def view_of(message: str, before: str, catalog: Catalog) -> View:
    """The turn of a message, by what came before it."""
    talk, shown = Conversation("taught"), shown_of(catalog)
    if before != FIRST:
        talk = talk.add(Turn(Role.USER, "something good")).add(Turn(Role.ASSISTANT, "", shown=shown))
    if before == ANSWER:
        talk = talk.add(Turn(Role.USER, "what is it about?")).add(Turn(Role.ASSISTANT, "", about=shown[0]))
    return View(talk, message, catalog, Preference() if before == FIRST else Preference(text="a wish"))


def read_acted(catalog: Catalog, path: Path = ACTED) -> list[Acted]:
    """The messages that were written for it."""
    rows = (line.split("\t") for line in path.read_text(encoding="utf-8").splitlines() if line.strip())
    return [
        Acted(language, view_of(message, before, catalog), act, tuple(filter(None, fields.split(","))))
        for language, before, act, fields, message in rows
    ]


def of_bank(catalog: Catalog) -> list[Acted]:
    """The messages of the example bank, with their decisions."""
    meant = {name: place for place, name in names_of(catalog).items() if place.endswith(("_field", "_field2"))}
    acted = []
    for example in examples_of(catalog, has_staff=True):
        kind, field = str(example.answer.get("kind", "")), str(example.answer.get("field", ""))
        act = f"{example.answer['do']}{PART}{kind}" if kind else str(example.answer["do"])
        acted.append(Acted(example.language, example.view, act, (meant.get(field, field),) if field else ()))
    return acted


def spots_of(each: Acted, spotter: Spotter) -> list[Spot]:
    """What the catalog knows in a message."""
    return list(spotter.spot(each.view.message, shown=each.view.shown, language=each.language))


def wholes(
    messages: Sequence[Acted], spotted: Sequence[Sequence[Spot]], encoder: MultilingualEncoder
) -> NDArray[np.float32]:
    """What is seen of messages beside their words, shape (n, n_whole), as `ActClassifier` puts it together."""
    nameless = [masked(each.view.message, spots) for each, spots in zip(messages, spotted, strict=True)]
    signs = np.stack([signs_of(each.view, spots) for each, spots in zip(messages, spotted, strict=True)])
    said = encoder.encode([each.view.message for each in messages])
    return np.hstack([encoder.encode(nameless), signs, said]).astype(np.float32)


def learn_fields(
    messages: Sequence[Acted], features: NDArray[np.float32], encoder: MultilingualEncoder, *, seed: int = 0
) -> dict[str, Any]:
    """One logistic regression a field; two questions put together ask about both."""
    from sklearn.linear_model import LogisticRegression  # slow to load

    asked = [at for at, each in enumerate(messages) if each.fields]
    names = sorted({name for at in asked for name in messages[at].fields})
    rng, pairs = np.random.default_rng(seed), list[tuple[int, int]]()
    while len(pairs) < PAIRED:
        first, second = rng.choice(asked, 2, replace=False).tolist()
        if messages[first].language == messages[second].language and messages[first].fields != messages[second].fields:
            pairs.append((first, second))
    texts = [
        f"{messages[first].view.message.rstrip('?!. ')}, {messages[second].view.message}" for first, second in pairs
    ]
    vectors = encoder.encode(texts)
    both = np.stack([features[first] for first, _ in pairs])
    n_signs = features.shape[1] - 2 * vectors.shape[1]
    both = np.hstack([vectors, both[:, vectors.shape[1] : vectors.shape[1] + n_signs], vectors])
    taught = np.vstack([features[asked], both])
    wanted = np.array(
        [[name in messages[at].fields for name in names] for at in asked]
        + [[name in (*messages[one].fields, *messages[two].fields) for name in names] for one, two in pairs]
    )
    heads = [LogisticRegression(C=INVERSE_PENALTY, max_iter=3000).fit(taught, column) for column in wanted.T]
    return {
        "field_names": np.array(names),
        "fields": np.vstack([head.coef_ for head in heads]).astype(np.float32),
        "fields_bias": np.concatenate([head.intercept_ for head in heads]).astype(np.float32),
    }


def told(name: str, hits: Sequence[bool]) -> str:
    """A share with its Wilson interval."""
    low, high = binomtest(sum(hits), len(hits)).proportion_ci(method="wilson")
    return f"{name}: {np.mean(hits):.3f} ({low:.3f} to {high:.3f}) of {len(hits)}"


def table(classifier: ActClassifier, messages: Sequence[Acted], spotter: Spotter) -> None:
    """Print how messages that were kept apart are read."""
    right: dict[str, list[bool]] = {"all": [], "sure ones": [], "what is asked about items": []}
    for each in messages:
        likely = classifier.likely(each.view, spots_of(each, spotter))
        is_right = likely.first[0] == each.act.partition(PART)[0]
        right["all"].append(is_right)
        right.setdefault(each.language, []).append(is_right)
        if likely.decided:
            right["sure ones"].append(is_right)
        if each.fields:
            right["what is asked about items"].append({*likely.asked} == {*each.fields})
    for name, hits in right.items():
        print(told(name, hits) if hits else f"{name}: none")


def labeled() -> Iterator[tuple[str, list[str], set[str]]]:
    """(language, messages so far, decisions that will do) of the opened sets, by one reader."""
    messages: dict[str, tuple[str, list[str]]] = {}
    sets = HERE.parent
    for path in sorted(sets.glob("unforeseen_*.jsonl")):
        rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        name = path.stem.removeprefix("unforeseen_")
        for row in (row for row in rows if "messages" in row):
            said = ((n, row["messages"][: n + 1]) for n in range(len(row["messages"])))
            messages |= {f"{name}/{row['id']}/{n}": (row["language"], so_far) for n, so_far in said}
    for line in (sets / "unforeseen_acts.jsonl").read_text(encoding="utf-8").splitlines():
        label: Mapping[str, Any] = json.loads(line)
        yield *messages[label["key"]], {label["do"], *label["also"]}


def unforeseen(classifier: ActClassifier, catalog: Catalog, spotter: Spotter) -> None:
    """Print how the labeled messages are read, the rules beside it; each but the first comes after a list of five."""
    right: dict[str, list[bool]] = {"rules": [], "classifier": [], "both": [], "classifier, other languages": []}
    for language, said, wanted in labeled():
        view = view_of(said[-1], LIST if said[1:] else FIRST, catalog)
        likely = classifier.likely(view, spotter.spot(view.message, shown=view.shown, language=language))
        if language not in READ:
            right["classifier, other languages"].append(likely.first[0] in wanted)
            continue
        asked = asked_about(view, spotter, language)
        drafted = read_answer(asked.draft, asked.form).do
        right["rules"].append(drafted in wanted)
        right["classifier"].append(likely.first[0] in wanted)
        right["both"].append((likely.decided or drafted) in wanted)
    for who, hits in right.items():
        print(told(who, hits))
