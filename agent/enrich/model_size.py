"""What the language model is called, with its size where its server tells: small ones name titles that do not exist."""

from pathlib import PurePosixPath

import httpx

from agent.settings import LlmSettings
from retrieval.features.trust import billions_in

PATIENCE_S = 2.0


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
        mine = next((model for model in models if model.get("id") == llm.model), None)
        return " ".join(filter(None, (llm.model, *_told(mine)))) if mine else llm.model
    except (httpx.HTTPError, OSError, ValueError, KeyError, TypeError, AttributeError):
        return llm.model


def _told(model: dict[str, object]) -> list[str]:
    root, meta = model.get("root"), model.get("meta")
    told = [PurePosixPath(root).name] if isinstance(root, str) and root != model.get("id") else []
    parameters = meta.get("n_params") if isinstance(meta, dict) else None
    return [*told, f"{parameters / 1e9:.1f}B"] if isinstance(parameters, int | float) else told
