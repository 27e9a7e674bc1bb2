"""All settings of the application: environment (prefix RECONTEUR_, nested with __), `.env`, or arguments."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from agent.histories import MOST
from retrieval.settings import RetrievalSettings


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
    most_steps: int = Field(default=6, ge=1, le=20, description="calls of the model before a turn is ended for it")
    step_tokens: int = Field(default=1200, ge=64, description="most answer tokens of one step of the driver 'tools'")
    schema_tokens: int = Field(default=220, ge=32, description="most answer tokens of a step of the driver 'schema'")
    write_tokens: int = Field(default=400, ge=32, description="most answer tokens of the call that writes the prose")
    retry_s: float = Field(
        default=30.0, gt=0, description="how long a model that failed twice is left alone before it is probed again"
    )


class Settings(BaseSettings):
    """Read once in `__main__`, checked at once, passed down."""

    model_config = SettingsConfigDict(
        env_prefix="RECONTEUR_", env_nested_delimiter="__", env_file=".env", extra="ignore", frozen=True
    )

    llm: LlmSettings = Field(default_factory=LlmSettings)
    retrieval: RetrievalSettings = Field(default_factory=RetrievalSettings)
    checkpoint_url: str = Field(
        default="", description="PostgreSQL URL of the conversations; '' follows retrieval.state_url, else SQLite"
    )
    histories: int = Field(
        default=MOST,
        ge=0,
        description="conversations of clients which send them along that a process remembers; 0 reads each one anew",
    )
    message_limit: int = Field(default=4000, ge=100, description="longest message that is read, in characters")
