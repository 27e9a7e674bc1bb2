"""All settings of the application: environment (prefix RECONTEUR_, nested with __), `.env`, or arguments."""

from pydantic import BaseModel, ConfigDict, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from retrieval.settings import RetrievalSettings


class LlmSettings(BaseModel):
    """The chat model's endpoint and budget."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str = Field(default="", description="OpenAI-compatible base URL ending in /v1; '' for no model at all")
    model: str = "local"
    api_key: SecretStr = SecretStr("none")
    timeout_s: float = Field(default=120.0, gt=0, description="for one call, and between two pieces of a stream")
    understand_tokens: int = Field(default=220, ge=32, description="most answer tokens of the understanding call")
    write_tokens: int = Field(default=200, ge=32, description="most answer tokens of the writing call")
    titles_tokens: int = Field(default=400, ge=32, description="most answer tokens when the model names titles")
    titles_timeout_s: float = Field(default=8.0, gt=0, description="how long the model may take to name titles")


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
    message_limit: int = Field(default=4000, ge=100, description="longest message that is read, in characters")
