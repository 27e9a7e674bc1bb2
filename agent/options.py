"""Settings from what a command line says, on top of the environment; shared by all command lines."""

from pathlib import Path
from typing import Any

from pydantic import ValidationError

from agent.settings import Settings
from retrieval.errors import SettingsError


def make_settings(
    *,
    data: Path | None = None,
    llm_url: str | None = None,
    llm_model: str | None = None,
    llm_driver: str | None = None,
    open_to_everyone: bool = False,
) -> Settings:
    """The settings: what the options say, else the environment, else the defaults.

    Args:
        data: The data folder.
        llm_url: The model's endpoint; 'none' for no model at all.
        llm_model: The model's name there.
        llm_driver: Who leads a turn: 'auto', 'tools', 'schema' or 'offline'.
        open_to_everyone: Whether other machines may come in without keys; False leaves it to the environment.

    Raises:
        SettingsError: One of them cannot be used.
    """
    llm = {"url": "" if llm_url == "none" else llm_url, "model": llm_model, "driver": llm_driver}
    given: dict[str, Any] = {
        "llm": {name: value for name, value in llm.items() if value is not None},
        "retrieval": {} if data is None else {"data_dir": data},
        "access": {"open_to_everyone": True} if open_to_everyone else {},
    }
    try:
        return Settings(**given)
    except ValidationError as error:
        problems = (f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}" for problem in error.errors())
        raise SettingsError(f"settings (RECONTEUR_ variables, .env or options): {'; '.join(problems)}") from None
