"""Stand-ins for what is slow, random or remote, and a made-up world whose right answers are known beforehand."""

import hashlib
import json
import re
import select
import socket
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from retrieval.datasets import Dataset, Interactions
from retrieval.history import Interaction
from retrieval.items import Catalog, Item
from retrieval.schema import CatalogSchema, FieldKind, FieldSpec

DAY = 86_400.0
START = 1_600_000_000.0


class HashEncoder:
    """A deterministic bag of words: every word has its own direction, so shared words make texts alike."""

    def __init__(self, dimension: int = 96) -> None:
        self._dimension = dimension

    @property
    def name(self) -> str:
        """As in the settings of the tests."""
        return "hash"

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """One unit vector per text."""
        vectors = np.zeros((len(texts), self._dimension), dtype=np.float32)
        for row, text in enumerate(texts):
            words = re.findall(r"[^\W_]+", text.casefold()) or [" "]
            vectors[row] = sum((self._direction(word) for word in words), np.zeros(self._dimension, dtype=np.float32))
        return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float32)

    def warm(self) -> None:
        """Nothing to load."""

    def _direction(self, word: str) -> NDArray[np.float32]:
        seed = int.from_bytes(hashlib.sha256(word.encode()).digest()[:8], "little")
        return np.random.default_rng(seed).standard_normal(self._dimension).astype(np.float32)


def tea_schema() -> CatalogSchema:
    """The domain of a tea shop."""
    return CatalogSchema(
        name="teas",
        noun={"en": "tea", "zh": "茶"},
        nouns={"en": "teas", "zh": "茶"},
        consumed={"en": "know it", "zh": "喝过"},
        fields=(
            FieldSpec(
                name="kinds",
                kind=FieldKind.CATEGORY,
                label={"en": "kind"},
                fact={"en": "a {value} tea"},
                synonyms={"Green": ("grassy", "绿茶")},
            ),
            FieldSpec(
                name="growers", kind=FieldKind.ENTITY, label={"en": "grower"}, fact={"en": "by {value}"}, people=True
            ),
            FieldSpec(name="notes", kind=FieldKind.ENTITY, label={"en": "note"}, fact={"en": "{value}"}, soft=True),
            FieldSpec(name="year", kind=FieldKind.NUMBER, label={"en": "harvest"}, unit="year"),
            FieldSpec(name="price", kind=FieldKind.NUMBER, label={"en": "price"}, unit="EUR"),
        ),
        wishes={"en": ("Something smoky for a rainy evening",)},
    )


_TEAS = (
    # name, kind, grower, notes, year, price, text
    ("Morning Mist", "Green", "Ada Finch", ("grassy", "sea breeze"), 1991, 8, "A light cup for early hours."),
    ("Jade Path", "Green", "Ada Finch", ("grassy", "chestnut"), 1993, 12, "Fresh leaves with a nutty end."),
    ("Spring Rain", "Green", "Bo Lindqvist", ("grassy", "melon"), 1995, 9, "Soft and sweet, picked in April."),
    ("Quiet Lake", "Green", "Bo Lindqvist", ("sea breeze", "melon"), 1997, 15, "Cool and calm."),
    ("Old Harbor", "Black", "Chiara Rossi", ("smoky", "tar"), 1998, 11, "Strong, dried over pine fires."),
    ("Night Train", "Black", "Chiara Rossi", ("smoky", "cocoa"), 2001, 14, "Dark and warm, for late travel."),
    ("Red Lantern", "Black", "Dmitri Volkov", ("cocoa", "raisin"), 2003, 10, "A round cup like dessert."),
    ("Copper Hill", "Black", "Dmitri Volkov", ("raisin", "tar"), 2004, 7, "Brisk, stands up to milk."),
    ("Cloud Gate", "Oolong", "Ada Finch", ("orchid", "chestnut"), 2006, 22, "Flowers first, then toast."),
    ("Iron Bell", "Oolong", "Emi Sato", ("orchid", "honey"), 2008, 25, "Long and floral."),
    ("Amber Road", "Oolong", "Emi Sato", ("honey", "raisin"), 2011, 19, "Baked slowly over two days."),
    ("Tiger Stair", "Oolong", "Bo Lindqvist", ("honey", "cocoa"), 2012, 21, "Roasted and deep."),
    ("Snow Bud", "White", "Farid Aziz", ("melon", "hay"), 2018, 30, "Barely there, and lovely."),
    ("Paper Moon", "White", "Farid Aziz", ("hay", "honey"), 2019, 28, "Aged in the dry."),
    ("茉莉 Evening", "Green", "Emi Sato", ("jasmine", "orchid"), 2020, 13, "Scented on seven nights."),
    ("Night Train", "Black", "Chiara Rossi", ("smoky", "cocoa"), 2001, 14, "The same tea in a tin."),
)


def tea_catalog() -> Catalog:
    """Sixteen teas; `tea:15` doubles `tea:5`, and the last four have no ratings in `tea_interactions`."""
    items = tuple(
        Item(
            item_id=f"tea:{row}",
            title=title,
            values={"kinds": (kind,), "growers": (grower,), "notes": notes},
            numbers={"year": float(year), "price": float(price)},
            text=text,
            aka=("茉莉之夜",) if row == 14 else (),
            same_as="tea:5" if row == 15 else "",
        )
        for row, (title, kind, grower, notes, year, price, text) in enumerate(_TEAS)
    )
    return Catalog(tea_schema(), items)


BLOCKS = (range(4), range(4, 8), range(8, 12))
"""Rows that the same people like: green, black, oolong."""


def tea_interactions(*, users_per_block: int = 10) -> tuple[Interaction, ...]:
    """Block-structured: user `u<block>-<n>` loves all teas of one block but one, and dislikes one of the next block."""
    interactions: list[Interaction] = []
    for block, rows in enumerate(BLOCKS):
        others = BLOCKS[(block + 1) % len(BLOCKS)]
        for n in range(users_per_block):
            user, when = f"u{block}-{n}", START + (block * users_per_block + n) * DAY
            loved = [row for i, row in enumerate(rows) if i != n % 4]
            interactions += [Interaction(user, f"tea:{row}", 1.0, when + i) for i, row in enumerate(loved)]
            interactions.append(Interaction(user, f"tea:{others[n % 4]}", -0.5, when + 9))
    return tuple(interactions)


def tea_dataset() -> Dataset:
    """The tea shop and its guests."""
    catalog = tea_catalog()
    return Dataset(catalog, Interactions.of(catalog, tea_interactions()))


@dataclass(frozen=True)
class Cut:
    """An answer that breaks off in mid-stream, quietly or with a broken connection."""

    text: str
    quietly: bool = False
    stalling: bool = False
    """Stays open, but nothing more comes."""


@dataclass(frozen=True)
class Full:
    """An answer that ends at the token limit."""

    text: str


@dataclass(frozen=True)
class Status:
    """An answer with an error status."""

    code: int = 500
    retry_after: str = ""


@dataclass(frozen=True)
class Hang:
    """No answer until the server closes."""


@dataclass(frozen=True)
class Raw:
    """A body as it is, with status 200: HTML, '{}', a broken stream."""

    body: bytes
    content_type: str = "application/json"


@dataclass(frozen=True)
class Drip:
    """An answer that never ends: a piece of white space now and then."""

    every_s: float = 0.05


@dataclass(frozen=True)
class Calls:
    """An answer of native tool calls: (name, arguments); arguments that are a string are sent as they are."""

    calls: tuple[tuple[str, dict[str, Any] | str], ...]

    @classmethod
    def of(cls, *calls: tuple[str, dict[str, Any] | str]) -> "Calls":
        return cls(calls)

    def message(self) -> dict[str, Any]:
        made = [
            {
                "id": f"call-{place}",
                "type": "function",
                "function": {"name": name, "arguments": words if isinstance(words, str) else json.dumps(words)},
            }
            for place, (name, words) in enumerate(self.calls)
        ]
        return {"role": "assistant", "content": None, "tool_calls": made}


Answer = str | Cut | Full | Status | Hang | Raw | Drip | Calls


@dataclass(frozen=True)
class Call:
    """What the model was asked."""

    purpose: str
    """'understand' when the answer is bound to a schema, 'step' when a tool must be called, else 'write'."""
    body: dict[str, Any]

    @property
    def messages(self) -> list[dict[str, str]]:
        return self.body["messages"]

    @property
    def question(self) -> str:
        """The last message: what is not the same in every call."""
        return self.messages[-1]["content"]

    @property
    def is_translation(self) -> bool:
        """Whether the answer is to be the message in English."""
        return "en" in self.body["response_format"]["json_schema"]["schema"].get("properties", ())

    @property
    def plain_answer(self) -> str:
        """An answer bound to a schema, of a model that has nothing to say."""
        return '{"en": "something good"}' if self.is_translation else '{"do": "find"}'


class ScriptedChatModel:
    """An OpenAI-compatible server on the loopback address: answers from two lists, records what it was asked.

    When a list is used up, a message is read as a plain wish, and the prose is one sentence without any claim.
    """

    def __init__(self) -> None:
        self.readings: list[Answer] = []
        self.steps: list[Answer] = []
        """Answers of native tool calls; when used up, the turn is ended by a list."""
        self.prose: list[Answer] = []
        self.mended: list[Answer] = []
        """What is said in place of sentences that do not hold; nothing when used up."""
        self.calls: list[Call] = []
        self.may_write = threading.Event()
        """Cleared, it holds every writing call back until it is set."""
        self.may_write.set()
        self.may_decide = threading.Event()
        """Cleared, it holds every other call back."""
        self.may_decide.set()
        self.closing = threading.Event()
        self.asked = threading.Event()
        """Set with the first call."""
        self.left = threading.Event()
        """Set when a client goes away before its answer has ended."""
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"model": self}))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/v1"

    def purposes(self) -> list[str]:
        """Which calls came, in order."""
        return [call.purpose for call in self.calls]

    def answer_to(self, call: Call) -> Answer:
        self.calls.append(call)
        self.asked.set()
        if call.purpose != "write":
            self.may_decide.wait(600)
        if call.purpose == "step":
            return self.steps.pop(0) if self.steps else Calls.of(("recommend", {}))
        if call.purpose == "understand":
            return self.readings.pop(0) if self.readings else call.plain_answer
        if call.purpose == "mend":
            return self.mended.pop(0) if self.mended else "-"
        self.may_write.wait(60)
        return self.prose.pop(0) if self.prose else "These fit what you asked for."

    def close(self) -> None:
        self.closing.set()
        self.may_decide.set()
        self.may_write.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)


class _Handler(BaseHTTPRequestHandler):
    """One request to a `ScriptedChatModel`."""

    model: ScriptedChatModel

    def do_GET(self) -> None:
        self._json(200, {"object": "list", "data": [{"id": "local", "object": "model"}]})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        answer = self.model.answer_to(Call(_purpose(body), body))
        try:
            self._send(answer, is_stream=bool(body.get("stream")))
        except (BrokenPipeError, ConnectionResetError):  # a client that leaves pieces unread resets the connection
            self.model.left.set()

    def _send(self, answer: Answer, *, is_stream: bool) -> None:
        if isinstance(answer, Raw):
            self._raw(answer)
        elif isinstance(answer, Drip):
            self._drip(answer)
        elif isinstance(answer, Calls):
            choice = {"index": 0, "message": answer.message(), "finish_reason": "tool_calls"}
            self._json(200, {**_whole([choice]), "usage": USAGE})
        elif isinstance(answer, Hang):
            self._wait()
        elif isinstance(answer, Status):
            headers = {"retry-after": answer.retry_after} if answer.retry_after else {}
            self._json(answer.code, {"error": {"message": "scripted", "type": "server_error"}}, headers)
        elif is_stream:
            self._stream(answer)
        else:
            message = {"role": "assistant", "content": answer if isinstance(answer, str) else answer.text}
            self._json(200, {**_whole([{"index": 0, "message": message, "finish_reason": "stop"}]), "usage": USAGE})

    def _stream(self, answer: str | Cut | Full) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        if isinstance(answer, Cut) and not answer.quietly:
            self.send_header("content-length", "1000000")
        self.end_headers()
        for piece in _pieces(answer if isinstance(answer, str) else answer.text):
            self._event(_chunk([{"index": 0, "delta": {"content": piece}, "finish_reason": None}]))
        if isinstance(answer, Cut):
            if answer.stalling:
                self.wfile.flush()
                self._wait()
            return
        reason = "length" if isinstance(answer, Full) else "stop"
        self._event(_chunk([{"index": 0, "delta": {}, "finish_reason": reason}]))
        self._event({**_chunk([]), "usage": USAGE})
        self.wfile.write(b"data: [DONE]\n\n")

    def _raw(self, answer: Raw) -> None:
        self.send_response(200)
        self.send_header("content-type", answer.content_type)
        self.send_header("content-length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)

    def _drip(self, answer: Drip) -> None:
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.end_headers()
        while not self.model.closing.wait(answer.every_s):
            self.wfile.write(b" ")
            self.wfile.flush()

    def _wait(self) -> None:
        """Until the server closes or the client goes away."""
        while not self.model.closing.wait(0.02):
            readable, _, _ = select.select([self.connection], [], [], 0)
            if readable and not self.connection.recv(1, socket.MSG_PEEK):
                self.model.left.set()
                return

    def _event(self, data: dict[str, Any]) -> None:
        self.wfile.write(f"data: {json.dumps(data)}\n\n".encode())

    def _json(self, code: int, data: dict[str, Any], headers: Mapping[str, str] = MappingProxyType({})) -> None:
        payload = json.dumps(data).encode()
        self.send_response(code)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)

    def log_message(self, *_: Any) -> None:
        """Silent."""


def _purpose(body: dict[str, Any]) -> str:
    if "response_format" in body:
        return "understand"
    if body.get("tool_choice") == "none" and not body.get("stream"):
        return "mend"
    return "step" if body.get("tool_choice") == "required" else "write"


USAGE = {"prompt_tokens": 70, "completion_tokens": 20, "total_tokens": 90}


def _whole(choices: list[dict[str, Any]]) -> dict[str, Any]:
    return {"id": "s-1", "object": "chat.completion", "created": 1, "model": "local", "choices": choices}


def _chunk(choices: list[dict[str, Any]]) -> dict[str, Any]:
    return {**_whole(choices), "object": "chat.completion.chunk"}


def _pieces(text: str) -> Iterator[str]:
    """Seven characters at a time: no piece is a word."""
    for start in range(0, len(text), 7):
        yield text[start : start + 7]
