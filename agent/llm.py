"""The one place where a chat model is made, and where its failures become one kind of error."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from typing import Any

import httpx
import httpx2
import openai
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.runnables import Runnable
from langchain_openai import ChatOpenAI

from agent.recommendation import LlmRun
from agent.settings import LlmSettings
from retrieval.untrusted import visible
from tools.template_tokens import without_tokens

FAILURES = (
    openai.OpenAIError,
    httpx.HTTPError,
    httpx2.HTTPError,
    OSError,
    TimeoutError,
    # an endpoint that answers 200 with HTML, '{}' or half a document fails in the libraries that read it
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
)
"""What a model that is not there, too slow, broken or no model at all raises; to be caught around its calls only."""

LONGEST_ANSWER = 1 << 20
"""Bytes of one answer, streamed or not; the largest sensible one is a hundredth of it."""


class OverlongAnswerError(httpx2.ReadError):
    """An endpoint that sends more than any answer holds."""


class _BoundedStream(httpx2.AsyncByteStream):
    """A body that ends in an error where it grows too long."""

    def __init__(self, stream: httpx2.AsyncByteStream) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        size = 0
        async for piece in self._stream:
            size += len(piece)
            if size > LONGEST_ANSWER:
                raise OverlongAnswerError(f"expected an answer of at most {LONGEST_ANSWER} bytes, found more")
            yield piece

    async def aclose(self) -> None:
        """Close the connection."""
        await self._stream.aclose()


class BoundedTransport(httpx2.AsyncHTTPTransport):
    """Reads no more of an answer than an answer can have; of httpx2, which OpenAI's client is built on."""

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Pass a request on, its answer bounded."""
        response = await super().handle_async_request(request)
        if isinstance(response.stream, httpx2.AsyncByteStream):
            response.stream = _BoundedStream(response.stream)
        return response


class GuardedChatModel(ChatOpenAI):
    """A chat model that sends no token of a chat template and no hidden text, wherever in a prompt they stand.

    Texts are cleaned where a prompt is made, too; this is the last gate, which no new text can be led around.
    """

    def _get_request_payload(self, input_: Any, *, stop: list[str] | None = None, **kwargs: Any) -> dict[str, Any]:
        payload: dict[str, Any] = super()._get_request_payload(input_, stop=stop, **kwargs)
        return {key: _defused(part) if key in _FOREIGN else part for key, part in payload.items()}


_FOREIGN = ("messages", "tools", "response_format")
"""The parts of a request that hold words of the catalog or of people."""


def _defused(part: Any) -> Any:
    """JSON values without tokens and hidden text, keys included: a schema has words of the message for keys."""
    if isinstance(part, str):
        return without_tokens(visible(part))
    if isinstance(part, list | tuple):
        return [_defused(element) for element in part]
    if isinstance(part, dict):
        return {_defused(key): _defused(value) for key, value in part.items()}
    return part


def open_client(settings: LlmSettings) -> openai.DefaultAsyncHttpxClient:
    """Connections of one agent, to be closed with it; LangChain's own are shared by all event loops of a process."""
    return openai.DefaultAsyncHttpxClient(timeout=settings.timeout_s, transport=BoundedTransport())


def make_chat_model(settings: LlmSettings, client: openai.DefaultAsyncHttpxClient | None = None) -> ChatOpenAI | None:
    """A chat model at the configured endpoint, over the connections of a client; None when no endpoint is set.

    It tries once: how often is tried, and how long a `retry-after` may be obeyed, is decided by the turn's deadline.
    """
    if not settings.url:
        return None
    return GuardedChatModel(
        model=settings.model,
        base_url=settings.url,
        api_key=settings.api_key,
        temperature=0.0,
        timeout=settings.timeout_s,
        max_retries=0,
        stream_usage=True,
        use_responses_api=False,
        http_async_client=client,
    )


def make_waiting_model(settings: LlmSettings, client: httpx.Client, *, timeout_s: float) -> ChatOpenAI:
    """A chat model for threads that wait for it no longer than they may, without a second try."""
    return GuardedChatModel(
        model=settings.model,
        base_url=settings.url,
        api_key=settings.api_key,
        temperature=0.0,
        timeout=timeout_s,
        max_retries=0,
        use_responses_api=False,
        http_client=client,
    )


def constrained(model: ChatOpenAI, schema: dict[str, Any], *, max_tokens: int) -> Runnable[Any, Any]:
    """A model that can only answer with JSON of a schema."""
    name = str(schema["title"])
    form = {"type": "json_schema", "json_schema": {"name": name, "schema": schema, "strict": True}}
    return model.bind(max_tokens=max_tokens, response_format=form)


async def within(call: Any, seconds: float) -> Any:
    """Await a call of the model for so long at the most.

    Raises:
        TimeoutError: It took longer (or nothing is left).
    """
    if seconds <= 0:
        call.close()
        raise TimeoutError("the turn's time is over")
    return await asyncio.wait_for(call, seconds)


def count(purpose: str, started: float, answer: AIMessage | AIMessageChunk | None, error: str = "") -> LlmRun:
    """The cost of a call that began at `started` (time.perf_counter); the turn's trace says since when it counts."""
    usage = answer.usage_metadata if answer is not None else None
    details = usage.get("input_token_details", {}) if usage else {}
    return LlmRun(
        purpose=purpose,
        seconds=time.perf_counter() - started,
        prompt_tokens=usage["input_tokens"] if usage else 0,
        cached_tokens=details.get("cache_read", 0) or 0,
        completion_tokens=usage["output_tokens"] if usage else 0,
        error=error,
        at=started,
    )


def text_of(messages: Sequence[BaseMessage]) -> str:
    """All texts of a prompt, for tests that look what a model gets to see."""
    return "\n".join(str(message.content) for message in messages)
