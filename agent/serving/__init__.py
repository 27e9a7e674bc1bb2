"""Picks, starts and waits for the language-model server; knows nothing of what is asked of it.

`plan`, `tool_parsers` and `hardware` choose, `models` finds the file, `embedded` runs llama.cpp, `health` waits,
`__main__` is what `serve.sh` calls.
"""

from agent.serving.health import wait_healthy
from agent.serving.models import ServingError, resolve_gguf
from agent.serving.plan import Backend, VllmPlan, choose_backend, choose_vllm_model, vllm_command

__all__ = [
    "Backend",
    "ServingError",
    "VllmPlan",
    "choose_backend",
    "choose_vllm_model",
    "resolve_gguf",
    "vllm_command",
    "wait_healthy",
]
