"""All settings of the application: environment (prefix RECONTEUR_, nested with __), `.env`, or arguments."""

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from retrieval.settings import RetrievalSettings

MOST_HISTORIES = 2000
"""Conversations of clients that a process remembers; the one that was not asked for longest goes first."""


class LlmSettings(BaseModel):
    """The chat model's endpoint and budget."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str = Field(default="", description="OpenAI-compatible base URL ending in /v1; '' for no model at all")
    model: str = "local"
    api_key: SecretStr = SecretStr("none")
    driver: Literal["auto", "tools", "schema", "offline"] = Field(
        default="auto",
        description="who leads a turn: 'tools' calls tools natively, 'schema' asks for one constrained JSON step, "
        "'offline' asks no model; 'auto' finds out what the endpoint can do",
    )
    timeout_s: float = Field(default=120.0, gt=0, description="for one call, and between two pieces of a stream")
    turn_s: float = Field(default=120.0, gt=0, description="for a whole turn; the cards are due after half of it")
    calls_at_once: int = Field(
        default=8,
        ge=1,
        description="calls of all turns at the same time; what decides a turn goes before what is prose",
    )
    wait_share: float = Field(
        default=0.25,
        gt=0,
        le=1,
        description="the part of its time that a turn waits for a busy model; without it, it is led by rules, or its "
        "words are templates",
    )
    most_steps: int = Field(default=6, ge=1, le=20, description="calls of the model before a turn is ended for it")
    step_tokens: int = Field(default=1200, ge=64, description="most answer tokens of one step of the driver 'tools'")
    schema_tokens: int = Field(default=220, ge=32, description="most answer tokens of a step of the driver 'schema'")
    write_tokens: int = Field(default=400, ge=32, description="most answer tokens of the call that writes the prose")
    retry_s: float = Field(
        default=30.0, gt=0, description="how long a model that failed twice is left alone before it is probed again"
    )


def _split(value: object) -> object:
    return tuple(filter(None, (part.strip() for part in value.split(",")))) if isinstance(value, str) else value


Names = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)]
"""Written with commas between them."""


class HttpSettings(BaseModel):
    """Who may reach the page and the API, and how much of the server one client may hold."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    hosts: Names = Field(
        default=(),
        description="names that clients call this server by, beside localhost and the address it listens on; "
        "'*.example.org' for all below, '*' for any",
    )
    origins: Names = Field(
        default=(), description="origins of web pages elsewhere that may call the API, as 'https://shop.example.org'"
    )
    body_bytes: int = Field(default=1 << 20, ge=1 << 10, description="largest body of a request")
    request_s: float = Field(default=30.0, gt=0, description="until the headers and the body of a request are there")
    connections: int = Field(
        default=1000, ge=8, description="most open connections; beyond it the idle ones are closed"
    )


class LimitSettings(BaseModel):
    """How much is done at once, and how much of it for one caller."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    turns_at_once: int = Field(default=16, ge=1, description="turns of this process that run at the same time")
    turns_waiting: int = Field(default=32, ge=0, description="turns that wait for a place; more are refused")
    wait_s: float = Field(default=10.0, gt=0, description="how long a turn waits for a place before it is refused")
    requests_per_minute: int = Field(default=120, ge=0, description="of one caller; 0 for any number")
    turns_per_caller: int = Field(default=4, ge=0, description="turns of one caller at the same time; 0 for any number")
    streams_per_caller: int = Field(
        default=32, ge=0, description="streams that one caller's tabs of the page hold open, of each kind; 0 for any"
    )
    loopback: bool = Field(
        default=False, description="whether callers without a key on this machine itself share one caller's quota"
    )


class LogSettings(BaseModel):
    """What the server logs, and how."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal["plain", "json"] = "plain"
    level: Literal["debug", "info", "warning", "error"] = "info"


class AccessSettings(BaseModel):
    """Who may come in; keys and accounts themselves are in the state."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    open_to_everyone: bool = Field(
        default=False, description="serve other machines although there is no key: whoever reaches the port may do all"
    )
    guests: bool = Field(default=False, description="show the page without a login where keys or accounts are on")
    token_s: int = Field(default=900, ge=60, le=86400, description="how long a user's token lives if not said")
    session_h: int = Field(default=336, ge=1, le=8760, description="how long a login lasts, in hours")
    share_days: int = Field(
        default=30, ge=0, le=3650, description="how long a list that somebody shares can be seen; 0 for no sharing"
    )
    cookies_over_http: bool = Field(
        default=False, description="let people log in over plain http from other machines: passwords can be read"
    )


class TelemetrySettings(BaseModel):
    """Traces of turns, for whoever looks after the server."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    endpoint: str = Field(
        default="", description="where OTLP over HTTP takes traces, ending in /v1/traces; '' for none"
    )
    with_text: bool = Field(default=False, description="send what people say and get to read along")


class LearningSettings(BaseModel):
    """Whether a server learns from its own users as it runs."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    refit_h: float = Field(
        default=0.0,
        ge=0,
        le=8760,
        description="hours between attempts to fit the recommenders to what the users said (`reconteur refit`); 0 for "
        "none",
    )
    look_s: float = Field(default=60.0, gt=0, description="how often a server looks whether something new was learned")


class Settings(BaseSettings):
    """Read once in `__main__`, checked at once, passed down."""

    model_config = SettingsConfigDict(
        env_prefix="RECONTEUR_", env_nested_delimiter="__", env_file=".env", extra="ignore", frozen=True
    )

    llm: LlmSettings = Field(default_factory=LlmSettings)
    retrieval: RetrievalSettings = Field(default_factory=RetrievalSettings)
    limits: LimitSettings = Field(default_factory=LimitSettings)
    log: LogSettings = Field(default_factory=LogSettings)
    http: HttpSettings = Field(default_factory=HttpSettings)
    access: AccessSettings = Field(default_factory=AccessSettings)
    learning: LearningSettings = Field(default_factory=LearningSettings)
    telemetry: TelemetrySettings = Field(default_factory=TelemetrySettings)
    checkpoint_url: str = Field(
        default="", description="PostgreSQL URL of the conversations; '' follows retrieval.state_url, else SQLite"
    )
    histories: int = Field(
        default=MOST_HISTORIES,
        ge=0,
        description="conversations of clients which send them along that a process remembers; 0 reads each one anew",
    )
    rules: str = Field(
        default="", description="a file of house rules; '' for rules.toml in the data folder, where there is one"
    )
    message_limit: int = Field(default=4000, ge=100, description="longest message that is read, in characters")


def checkpoint_url(settings: Settings) -> str:
    """Where conversations go: its own URL, else beside the state when that is PostgreSQL."""
    if settings.checkpoint_url:
        return settings.checkpoint_url
    return settings.retrieval.state_url if settings.retrieval.state_url.startswith("postgres") else ""
