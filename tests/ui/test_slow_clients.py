"""Clients that are slow, silent or many, against the real server: they are dropped, and everybody else is served."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

import httpx
import pytest

from agent.settings import HttpSettings, Settings
from tests.ui.fakes import FakeAgent
from tests.ui.test_server import WISH, Served, handlers, served
from ui.edge import files
from ui.edge.files import raise_open_files
from ui.edge.protocol import HEAD_BYTES

__all__ = ["handlers"]
HEAD = b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@contextlib.asynccontextmanager
async def server(agent: FakeAgent, **http: object) -> AsyncIterator[Served]:
    async def build(settings: Settings) -> FakeAgent:
        return agent

    async with served(build, Settings(http=HttpSettings(**http), _env_file=None)) as made:
        await until(lambda: len(made.told) == 2)  # a request could itself be too slow for what is tested here
        yield made


async def until(is_so: Callable[[], bool]) -> None:
    while not is_so():  # noqa: ASYNC110  what it waits for sets no event
        await asyncio.sleep(0.01)


async def connect(made: Served, sent: bytes = b"") -> Stream:
    reader, writer = await asyncio.open_connection(*made.listener.getsockname()[:2])
    writer.write(sent)
    await writer.drain()
    return reader, writer


async def rest(stream: Stream) -> bytes:
    """What the server still says before it closes; empty where it just closes."""
    reader, writer = stream
    try:
        return await asyncio.wait_for(reader.read(), 120)
    except ConnectionResetError:
        return b""
    finally:
        await close(writer)


async def close(writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()
    with contextlib.suppress(OSError):
        await writer.wait_closed()


@pytest.mark.parametrize(
    "sent",
    [b"", b"GET /healthz HT", HEAD, HEAD + b"Content-Length: 50\r\n\r\n", HEAD + b'Content-Length: 50\r\n\r\n{"mess'],
)
async def test_a_request_that_does_not_come_to_its_end_is_dropped(agent: FakeAgent, sent: bytes):
    async with server(agent, request_s=0.3) as made:
        answer = await rest(await connect(made, sent))

    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b'"error"' in answer


async def test_a_client_that_drips_gets_no_more_time(agent: FakeAgent):
    async with server(agent, request_s=0.5) as made:
        stream = await connect(made, HEAD)

        async def drip() -> None:
            with contextlib.suppress(OSError):
                while not stream[0].at_eof():
                    stream[1].write(b"X-More: 1\r\n")
                    await stream[1].drain()
                    await asyncio.sleep(0.05)

        dripping = asyncio.create_task(drip())
        answer = await rest(stream)
        await asyncio.wait_for(dripping, 120)

    # what was still dripping when the server closed may have swept its answer away
    assert answer == b"" or answer.startswith(b"HTTP/1.1 408 ")


async def test_a_long_answer_is_not_cut_off(agent: FakeAgent):
    agent.delay_s = 0.5  # between any two of five events

    async with server(agent, request_s=2) as made:
        answer = await made.client.post("/v1/chat/completions", json={**WISH, "stream": True})

    assert answer.text.endswith("data: [DONE]\n\n")


async def test_a_client_that_does_not_read_is_dropped(agent: FakeAgent):
    much = b"GET /api/openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n" * 2000

    async def ask_without_end(writer: asyncio.StreamWriter) -> None:
        while True:
            writer.write(much)
            await asyncio.wait_for(writer.drain(), 120)

    async with server(agent, request_s=0.5) as made:
        _, writer = await connect(made)
        writer.transport.pause_reading()

        with pytest.raises(OSError, match=r"reset|Broken pipe|lost"):
            await ask_without_end(writer)
        await close(writer)


async def test_headers_without_end_are_refused(agent: FakeAgent):
    async with server(agent) as made:
        answer = await rest(await connect(made, HEAD + b"X-More: 12345678\r\n" * (HEAD_BYTES // 8)))

    assert b"431" in answer.split(b"\r\n")[0] or answer == b""


@pytest.mark.parametrize("apart", [False, True])
async def test_headers_behind_a_body_are_refused(agent: FakeAgent, apart: bool):
    whole, trailer = HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n", b"Authorization: Bearer x\r\n\r\n"

    async with server(agent) as made:
        stream = await connect(made, whole if apart else whole + trailer)
        if apart:
            await asyncio.sleep(0.05)
            stream[1].write(trailer)
        answer = await rest(stream)

    assert answer.startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize(("more", "status"), [(0, b"200"), (1, b"431")])
async def test_a_head_may_have_64_kib_and_no_byte_more(agent: FakeAgent, more: int, status: bytes):
    head, end = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nX-More: ", b"\r\n\r\n"
    filled = head + b"x" * (HEAD_BYTES - len(head) - len(end) + more) + end

    async with server(agent) as made:
        in_one_piece = await rest(await connect(made, filled))
        stream = await connect(made, filled[:40_000])
        await asyncio.sleep(0.05)
        stream[1].write(filled[40_000:])
        in_two = await rest(stream)

    assert [answer.split(b" ")[1] for answer in (in_one_piece, in_two)] == [status, status]


async def test_idle_connections_make_room_for_new_ones(agent: FakeAgent):
    async with server(agent, connections=16, request_s=60) as made:
        idle = [await connect(made, HEAD) for _ in range(100)]
        answers = [await made.client.get("/healthz") for _ in range(3)]
        open_now = sum(not reader.at_eof() for reader, _ in idle)
        for _, writer in idle:
            await close(writer)

    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert open_now <= 16


async def test_connections_that_are_answered_are_not_dropped_for_new_ones(agent: FakeAgent):
    agent.delay_s = 0.5

    async with server(agent, connections=8) as made:
        limits = httpx.Limits(max_connections=None)
        url = str(made.client.base_url)
        async with httpx.AsyncClient(base_url=url, timeout=60, trust_env=False, limits=limits) as client:
            asked = [asyncio.create_task(client.post("/v1/chat/completions", json=WISH)) for _ in range(7)]
            await until(lambda: len(agent.stored) == len(asked))
            more = [await connect(made, HEAD) for _ in range(20)]
            answers = await asyncio.gather(*asked)
        for _, writer in more:
            await close(writer)

    assert {answer.status_code for answer in answers} == {200}


class _Limits:
    """The system's limits of open files, without touching them."""

    RLIMIT_NOFILE, RLIM_INFINITY = 7, -1

    def __init__(self, soft: int, hard: int) -> None:
        self.now = (soft, hard)

    def getrlimit(self, _kind: int) -> tuple[int, int]:
        return self.now

    def setrlimit(self, _kind: int, limits: tuple[int, int]) -> None:
        self.now = limits


@pytest.mark.parametrize(
    ("soft", "hard", "after"),
    [(1024, 4096, 4096), (1024, 1_000_000, 65536), (1024, -1, 65536), (4096, 4096, 4096), (100_000, -1, 100_000)],
)
def test_open_files_are_raised_as_far_as_they_may(monkeypatch, soft: int, hard: int, after: int):
    limits = _Limits(soft, hard)
    monkeypatch.setattr(files, "resource", limits)

    assert raise_open_files() == after
    assert limits.now == (after, hard)
