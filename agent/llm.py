"""The one place where a chat model is made, and where its failures become one kind of error."""

import time
from collections.abc import Sequence
from typing import Any

import httpx
import openai
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.runnables import Runnable
from langchain_openai import ChatOpenAI

from agent.recommendation import LlmRun
from agent.settings import LlmSettings

FAILURES = (openai.OpenAIError, httpx.HTTPError, OSError, TimeoutError)
"""What a model that is not there, too slow or broken raises."""


def open_client(settings: LlmSettings) -> openai.DefaultAsyncHttpxClient:
    """Connections of one agent, to be closed with it; LangChain's own are shared by all event loops of a process."""
    return openai.DefaultAsyncHttpxClient(timeout=settings.timeout_s)


def make_chat_model(settings: LlmSettings, client: openai.DefaultAsyncHttpxClient | None = None) -> ChatOpenAI | None:
    """A chat model at the configured endpoint, over the connections of a client; None when no endpoint is set."""
    if not settings.url:
        return None
    return ChatOpenAI(
        model=settings.model,
        base_url=settings.url,
        api_key=settings.api_key,
        temperature=0.0,
        timeout=settings.timeout_s,
        max_retries=1,
        stream_usage=True,
        use_responses_api=False,
        http_async_client=client,
    )


def make_waiting_model(settings: LlmSettings, client: httpx.Client, *, timeout_s: float) -> ChatOpenAI:
    """A chat model for threads that wait for it no longer than they may, without a second try."""
    return ChatOpenAI(
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


def count(purpose: str, started: float, answer: AIMessage | AIMessageChunk | None, error: str = "") -> LlmRun:
    """The cost of a call that began at `started` (time.perf_counter)."""
    usage = answer.usage_metadata if answer is not None else None
    details = usage.get("input_token_details", {}) if usage else {}
    return LlmRun(
        purpose=purpose,
        seconds=time.perf_counter() - started,
        prompt_tokens=usage["input_tokens"] if usage else 0,
        cached_tokens=details.get("cache_read", 0) or 0,
        completion_tokens=usage["output_tokens"] if usage else 0,
        error=error,
    )


def text_of(messages: Sequence[BaseMessage]) -> str:
    """All texts of a prompt, for tests that look what a model gets to see."""
    return "\n".join(str(message.content) for message in messages)
