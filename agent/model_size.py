"""How large the language model is, as far as its name or its server tells: small ones name titles that do not exist."""

import re
from pathlib import PurePosixPath

import httpx

from agent.settings import LlmSettings

LARGE = 7.0
"""Billions of parameters from which on a model is trusted with what it has read."""
PATIENCE_S = 2.0
SIZE = re.compile(r"(?<![a-z0-9.])(?:(\d+)x)?(\d+(?:\.\d+)?)b(?![a-z0-9])", re.IGNORECASE)
"""'7B', '1.5b', '8x7B'; not the '4bit' of a quantization, nor the 'A3B' that says how much of a mixture is active."""


def billions_in(name: str) -> float | None:
    """Billions of parameters by a model's name; None where the name does not tell.

    'Qwen2.5-7B-Instruct-AWQ' is 7, 'Mixtral-8x7B' 56, 'Qwen3-30B-A3B' 30, 'local' and 'gpt-4o' do not tell.
    """
    sizes = [float(size) * int(times or 1) for times, size in SIZE.findall(name)]
    return max(sizes, default=None)


def is_large(name: str) -> bool:
    """Whether the name says that the model has at least `LARGE` billion parameters; an unknown size is small."""
    size = billions_in(name)
    return size is not None and size >= LARGE


async def identify(llm: LlmSettings) -> str:
    """The model's name and, where the name does not tell its size, what the server says of it.

    vLLM tells the folder or repository behind a served name, llama.cpp the number of parameters. A server that does not
    answer at once adds nothing.
    """
    if not llm.url or billions_in(llm.model) is not None:
        return llm.model
    try:
        async with httpx.AsyncClient(timeout=PATIENCE_S) as client:
            headers = {"Authorization": f"Bearer {llm.api_key.get_secret_value()}"}
            answer = await client.get(f"{llm.url.rstrip('/')}/models", headers=headers)
        models = answer.json()["data"]
        mine = next((one for one in models if one.get("id") == llm.model), None)
        return " ".join(filter(None, (llm.model, *_told(mine)))) if mine else llm.model
    except (httpx.HTTPError, OSError, ValueError, KeyError, TypeError, AttributeError):
        return llm.model


def _told(model: dict[str, object]) -> list[str]:
    root, meta = model.get("root"), model.get("meta")
    told = [PurePosixPath(root).name] if isinstance(root, str) and root != model.get("id") else []
    parameters = meta.get("n_params") if isinstance(meta, dict) else None
    return [*told, f"{parameters / 1e9:.1f}B"] if isinstance(parameters, int | float) else told
