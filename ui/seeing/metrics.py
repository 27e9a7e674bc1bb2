"""Figures in Prometheus's form; of one process, and without users, tenants or words."""

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from agent.drivers.choose import OFFLINE, SCHEMA, TOOLS
from agent.intent import Act
from agent.loop.turn import CLICK
from agent.recommendation import Reply
from retrieval.items import Catalog
from retrieval.state import FeedbackKind
from tools.registry import MAKERS

__all__ = ["CONTENT_TYPE_LATEST", "Metrics"]

SECONDS = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0)
DRIVERS = (TOOLS, SCHEMA, OFFLINE, CLICK)
OTHER = "other"
LIST, NEAR_MISS = "list", "near_miss"


class Metrics:
    """Counts what an agent does."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._registry = registry = CollectorRegistry()
        self._turns = Counter("reconteur_turns", "Finished turns", ("driver", "act"), registry=registry)
        self._seconds = Histogram(
            "reconteur_turn_seconds", "Seconds of a turn by stage", ("stage",), buckets=SECONDS, registry=registry
        )
        self._tokens = Counter("reconteur_tokens", "Tokens of the language model", ("kind",), registry=registry)
        self._calls = Counter(
            "reconteur_model_calls", "Calls of the language model", ("purpose", "result"), registry=registry
        )
        self._tools = Counter("reconteur_tool_calls", "Calls of tools", ("tool", "result"), registry=registry)
        self._shown = Counter("reconteur_shown", "Items shown", ("kind",), registry=registry)
        self._broken = Counter(
            "reconteur_limits_broken",
            "Limits of the wish that shown items do not keep: near misses say so, on the list there should be none",
            ("kind",),
            registry=registry,
        )
        self._feedback = Counter("reconteur_feedback", "Opinions told", ("kind", "how"), registry=registry)
        self._dropped = Counter(
            "reconteur_dropped_sentences", "Sentences of the model that nothing shows to be true", registry=registry
        )
        self._unread = Counter(
            "reconteur_not_understood", "Turns with words or names that nothing was made of", registry=registry
        )
        self._empty = Counter("reconteur_empty_lists", "Turns with a list of nothing", registry=registry)
        for kind in (LIST, NEAR_MISS):  # so that rates begin at zero
            self._broken.labels(kind)
        for driver in DRIVERS:
            for act in Act:
                self._turns.labels(driver, act.value)

    def on_turn(self, message: str, reply: Reply, realm: str) -> None:
        """Count a turn."""
        trace, intent = reply.trace, reply.intent
        self._turns.labels(trace.driver if trace.driver in DRIVERS else OTHER, intent.act.value).inc()
        for stage, seconds in trace.seconds.items():
            self._seconds.labels(stage).observe(seconds)
        for call in trace.llm:
            self._calls.labels(call.purpose, "failed" if call.error else "ok").inc()
            self._tokens.labels("prompt").inc(call.prompt_tokens)
            self._tokens.labels("cached").inc(call.cached_tokens)
            self._tokens.labels("completion").inc(call.completion_tokens)
        for run in trace.tools:  # a model may call what there is not
            self._tools.labels(run.name if run.name in MAKERS else OTHER, run.error or "ok").inc()
        self._count_shown(reply)
        self._dropped.inc(trace.dropped)
        self._unread.inc(bool(intent.unread or intent.unknown))
        for kind, ids in (("like", intent.liked), ("dislike", intent.disliked), ("seen", intent.seen)):
            self._feedback.labels(kind, "said").inc(len(ids))

    def _count_shown(self, reply: Reply) -> None:
        guesses = sum(card.exploratory for card in reply.recommendations)
        self._shown.labels("guess").inc(guesses)
        self._shown.labels("recommended").inc(len(reply.recommendations) - guesses)
        self._shown.labels(NEAR_MISS).inc(len(reply.near_misses))
        limits = reply.intent.preference.constraints
        kept = (self._catalog.satisfies(card.item, limit) for card in reply.recommendations for limit in limits)
        self._broken.labels(LIST).inc(sum(not is_kept for is_kept in kept))
        self._broken.labels(NEAR_MISS).inc(sum(len(card.breaks) for card in reply.near_misses))
        self._empty.inc(reply.intent.act is Act.RECOMMEND and not reply.recommendations)

    def on_feedback(self, kind: FeedbackKind) -> None:
        """Count a click."""
        self._feedback.labels(kind.value, "clicked").inc()

    def text(self) -> bytes:
        """All of it, as Prometheus reads it."""
        return generate_latest(self._registry)
