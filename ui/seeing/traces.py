"""Turns as OpenTelemetry traces, named by its conventions for generative AI; without words unless asked for them."""

import json
import time
from collections.abc import Callable
from typing import Any

from opentelemetry.trace import Span, SpanKind, Status, StatusCode, Tracer, set_span_in_context

from agent.recommendation import LlmRun, Reply, ToolRun
from agent.settings import Settings, TelemetrySettings
from retrieval.errors import SettingsError
from retrieval.state import FeedbackKind
from ui.version import package_version

NAME = "reconteur"
NS = 1_000_000_000
MISSING = (
    "RECONTEUR_TELEMETRY__ENDPOINT: expected OpenTelemetry's SDK and its exporter, found none. "
    "Install them with: pip install 'reconteur[otel]'"
)


class Traces:
    """Writes a trace for each turn, once it is over: its calls have their times from the turn's own trace."""

    def __init__(
        self, tracer: Tracer, model: str, *, with_text: bool, close: Callable[[], None] = lambda: None
    ) -> None:
        """Begin.

        Args:
            tracer: Takes the spans.
            model: Name of the language model.
            with_text: Whether messages, answers and arguments go along.
            close: Sends what is left.
        """
        self._tracer = tracer
        self._model = model
        self._with_text = with_text
        self.close = close

    @classmethod
    def to(cls, settings: Settings) -> "Traces | None":
        """Traces to the endpoint that the settings name; None where they name none.

        Raises:
            SettingsError: What sends them is not installed.
        """
        telemetry = settings.telemetry
        if not telemetry.endpoint:
            return None
        provider = _provider(telemetry)
        tracer: Tracer = provider.get_tracer(NAME, package_version())
        return cls(tracer, settings.llm.model, with_text=telemetry.with_text, close=provider.shutdown)

    def on_turn(self, message: str, reply: Reply, realm: str) -> None:
        """Write a turn's trace."""
        end = time.time_ns()
        trace = reply.trace
        start = end - int(trace.seconds.get("total", 0.0) * NS)
        turn = self._tracer.start_span(f"invoke_agent {NAME}", kind=SpanKind.INTERNAL, start_time=start)
        self._describe(turn, message, reply)
        for call in trace.llm:
            self._call(turn, call, start)
        for run in trace.tools:
            self._tool(turn, run, start)
        turn.end(end)

    def on_feedback(self, kind: FeedbackKind) -> None:
        """Opinions are counted elsewhere."""

    def _describe(self, span: Span, message: str, reply: Reply) -> None:
        trace = reply.trace
        span.set_attributes(
            {
                "gen_ai.operation.name": "invoke_agent",
                "gen_ai.agent.name": NAME,
                "gen_ai.conversation.id": reply.conversation.conversation_id,
                "reconteur.driver": trace.driver,
                "reconteur.act": reply.intent.act.value,
                "reconteur.recommendations": len(reply.recommendations),
                "reconteur.guesses": sum(card.exploratory for card in reply.recommendations),
                "reconteur.near_misses": len(reply.near_misses),
                "reconteur.dropped_sentences": trace.dropped,
                **{f"reconteur.seconds.{stage}": seconds for stage, seconds in trace.seconds.items()},
            }
        )
        if self._with_text:
            span.set_attribute("gen_ai.input.messages", _said("user", message))
            span.set_attribute("gen_ai.output.messages", _said("assistant", reply.text))

    def _call(self, turn: Span, call: LlmRun, start: int) -> None:
        self._child(
            turn,
            f"chat {self._model}",
            SpanKind.CLIENT,
            start + int(call.at * NS),
            call.seconds,
            call.error,
            {
                "gen_ai.operation.name": "chat",
                "gen_ai.provider.name": "openai",
                "gen_ai.request.model": self._model,
                "gen_ai.usage.input_tokens": call.prompt_tokens,
                "gen_ai.usage.output_tokens": call.completion_tokens,
                "gen_ai.usage.cache_read.input_tokens": call.cached_tokens,
                "reconteur.purpose": call.purpose,
            },
        )

    def _tool(self, turn: Span, run: ToolRun, start: int) -> None:
        told = {"gen_ai.tool.call.arguments": json.dumps(dict(run.arguments))} if self._with_text else {}
        about = {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": run.name, "reconteur.found": run.found}
        name, begun = f"execute_tool {run.name}", start + int(run.at * NS)
        self._child(turn, name, SpanKind.INTERNAL, begun, run.seconds, run.error, {**about, **told})

    def _child(
        self, turn: Span, name: str, kind: SpanKind, start: int, seconds: float, error: str, about: dict[str, Any]
    ) -> None:
        context = set_span_in_context(turn)
        span = self._tracer.start_span(name, context, kind=kind, start_time=start, attributes=about)
        if error:
            span.set_attribute("error.type", error)
            span.set_status(Status(StatusCode.ERROR))
        span.end(start + int(seconds * NS))


def _said(role: str, text: str) -> str:
    return json.dumps([{"role": role, "parts": [{"type": "text", "content": text}]}], ensure_ascii=False)


def _provider(telemetry: TelemetrySettings) -> Any:
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError:
        raise SettingsError(MISSING) from None
    provider = TracerProvider(resource=Resource.create({"service.name": NAME, "service.version": package_version()}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=telemetry.endpoint)))
    return provider
