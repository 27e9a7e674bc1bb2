"""Which server runs, with which model and flags: pure functions over what the machine has."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from agent.serving.tool_parsers import DEFAULT

SERVED_NAME: Final = "local"
"""The model name that every server started by us answers to."""

MAX_MODEL_LEN: Final = 16384
"""The driver `tools` starts at 6,000 tokens and was seen at 8,300 after three steps of six."""
CPU_MAX_MODEL_LEN: Final = 12288
CONCURRENT_REQUESTS: Final = 1
"""Of full length; most are half of it and share their beginning, so more run side by side."""
USABLE_SHARE: Final = 0.92
RUNTIME_GIB: Final = 2.0


class Backend(StrEnum):
    """The kinds of server that can be started here."""

    VLLM = "vllm"
    EMBEDDED = "embedded"
    NONE = "none"


def choose_backend(requested: str, has_gpu: bool) -> Backend:
    """Turn the value of `--llm` into a server: `auto` is vLLM on a GPU that fits a model, else the embedded one."""
    if requested == "auto":
        return Backend.VLLM if has_gpu else Backend.EMBEDDED
    return Backend(requested)


@dataclass(frozen=True, slots=True)
class GpuModel:
    """A model that vLLM can serve.

    Attributes:
        name: Its repository on the Hugging Face hub.
        weights_gib: Its weights in GPU memory.
        kv_kib_per_token: Key and value cache of one token at 16 bits.
        max_tensor_parallel: The largest split that divides its heads and, for FP8, keeps each shard of its
            feed-forward layers a multiple of the 128-wide quantization blocks.
    """

    name: str
    weights_gib: float
    kv_kib_per_token: int
    max_tensor_parallel: int


FP8_MODELS: Final = (
    GpuModel("Qwen/Qwen3-30B-A3B-Instruct-2507-FP8", weights_gib=29.1, kv_kib_per_token=96, max_tensor_parallel=2),
    GpuModel("Qwen/Qwen3-32B-FP8", weights_gib=32.0, kv_kib_per_token=256, max_tensor_parallel=8),
    GpuModel("Qwen/Qwen3-14B-FP8", weights_gib=15.2, kv_kib_per_token=160, max_tensor_parallel=8),
    GpuModel("Qwen/Qwen3-8B-FP8", weights_gib=8.9, kv_kib_per_token=144, max_tensor_parallel=8),
    GpuModel("Qwen/Qwen3-4B-Instruct-2507-FP8", weights_gib=4.9, kv_kib_per_token=144, max_tensor_parallel=4),
    GpuModel("Qwen/Qwen3-1.7B-FP8", weights_gib=2.0, kv_kib_per_token=112, max_tensor_parallel=8),
)
"""Best first. FP8 halves the weights at next to no loss; GPUs from compute capability 8.0 on run it."""

HALF_MODELS: Final = (
    GpuModel("Qwen/Qwen3-30B-A3B-Instruct-2507", weights_gib=56.9, kv_kib_per_token=96, max_tensor_parallel=4),
    GpuModel("Qwen/Qwen3-14B", weights_gib=27.5, kv_kib_per_token=160, max_tensor_parallel=8),
    GpuModel("Qwen/Qwen3-8B", weights_gib=15.3, kv_kib_per_token=144, max_tensor_parallel=8),
    GpuModel("Qwen/Qwen3-4B-Instruct-2507", weights_gib=7.5, kv_kib_per_token=144, max_tensor_parallel=8),
    GpuModel("Qwen/Qwen3-1.7B", weights_gib=3.2, kv_kib_per_token=112, max_tensor_parallel=8),
)
"""Best first; for GPUs that cannot run FP8."""


@dataclass(frozen=True, slots=True)
class VllmPlan:
    """What vLLM will serve, and how many GPUs share it (the freest ones)."""

    model: str
    tensor_parallel_size: int
    dtype: str = "auto"


def choose_vllm_model(free_gib_per_gpu: Sequence[float], *, fp8: bool = True) -> VllmPlan | None:
    """Pick the best model that fits the free memory, on as few GPUs as hold it; None when not even the smallest fits.

    Args:
        free_gib_per_gpu: Free memory of each GPU, in any order.
        fp8: Whether every GPU runs FP8 weights.
    """
    for model in FP8_MODELS if fp8 else HALF_MODELS:
        for size in _splits(min(model.max_tensor_parallel, len(free_gib_per_gpu))):
            if _fits(model, size, sorted(free_gib_per_gpu, reverse=True)[:size]):
                return VllmPlan(model.name, size, dtype="auto" if fp8 else "half")
    return None


def plan_for_named_model(model: str, free_gib_per_gpu: Sequence[float], *, fp8: bool = True) -> VllmPlan:
    """Serve the model that the user names: on the split known to fit, else on all GPUs (a power of two of them)."""
    known = next((entry for entry in FP8_MODELS + HALF_MODELS if entry.name == model), None)
    dtype = "auto" if fp8 else "half"
    sizes = _splits(min(known.max_tensor_parallel if known else 8, max(1, len(free_gib_per_gpu))))
    freest = sorted(free_gib_per_gpu, reverse=True)
    fitting = [size for size in sizes if known and _fits(known, size, freest[:size])]
    return VllmPlan(model, fitting[0] if fitting else sizes[-1], dtype=dtype)


def cpu_plan(model: str) -> VllmPlan | None:
    """The plan for vLLM's processor build: it serves what it is told to, at the width that processors know."""
    return VllmPlan(model, 1, dtype="bfloat16") if model else None


def vllm_executable(python: str, *, cpu: bool = False) -> tuple[str, ...]:
    """The words before the model's name; the processor build's own `vllm` command does not start."""
    if cpu:
        return (python, "-m", "vllm.entrypoints.openai.api_server", "--model")
    return (str(Path(python).with_name("vllm")), "serve")


def vllm_environment(gpu_indexes: Sequence[str]) -> dict[str, str]:
    """Environment variables: which GPUs, counted as nvidia-smi counts them, and no calling home."""
    private = {"VLLM_NO_USAGE_STATS": "1", "DO_NOT_TRACK": "1"}
    if not gpu_indexes:
        return private
    return {"CUDA_DEVICE_ORDER": "PCI_BUS_ID", "CUDA_VISIBLE_DEVICES": ",".join(gpu_indexes), **private}


def vllm_command(
    plan: VllmPlan,
    port: int,
    *,
    executable: Sequence[str] = ("vllm", "serve"),
    gpu_memory_utilization: float | None = USABLE_SHARE,
    max_model_len: int = MAX_MODEL_LEN,
    tool_parser: str = DEFAULT,
    extra: Sequence[str] = (),
) -> list[str]:
    """Build the argument list that serves `plan` on this machine's loopback address.

    Args:
        plan: What to serve.
        port: Where to listen.
        executable: The command before the model's name.
        gpu_memory_utilization: Share of each GPU's whole memory to take; None leaves the flag out (CPU build).
        max_model_len: Tokens of prompt and answer together.
        tool_parser: vLLM's name of the parser that reads the model's tool calls.
        extra: More flags, put last, so that they win.
    """
    flags = {
        "--served-model-name": SERVED_NAME,
        "--host": "127.0.0.1",
        "--port": str(port),
        "--dtype": plan.dtype,
        "--max-model-len": str(max_model_len),
        "--tensor-parallel-size": str(plan.tensor_parallel_size),
        # xgrammar knows bounds, lengths and enums; compact JSON saves tokens and cannot run away in blanks
        "--structured-outputs-config": json.dumps({"backend": "xgrammar", "disable_any_whitespace": True}),
        # the hybrid Qwen3 models think aloud unless told not to; other templates ignore this
        "--default-chat-template-kwargs": json.dumps({"enable_thinking": False}),
        "--tool-call-parser": tool_parser,
        # without it `required` forces a call, but no argument: vLLM binds those of tools marked strict only
        "--tool-strict-level": "parameter",
        "--uvicorn-log-level": "warning",
    }
    if gpu_memory_utilization is not None:
        flags["--gpu-memory-utilization"] = f"{gpu_memory_utilization:.2f}"
    switches = [
        "--enable-prefix-caching",
        "--enable-prompt-tokens-details",
        "--enable-auto-tool-choice",
        "--no-enable-log-requests",
    ]
    return [*executable, plan.model, *(word for flag in flags.items() for word in flag), *switches, *extra]


def _splits(limit: int) -> list[int]:
    return [size for size in (1, 2, 4, 8) if size <= limit]


def _fits(model: GpuModel, size: int, free_gib: Sequence[float]) -> bool:
    cache_gib = model.kv_kib_per_token * MAX_MODEL_LEN * CONCURRENT_REQUESTS / (1 << 20)
    needed = (model.weights_gib + cache_gib) / size + RUNTIME_GIB
    return min(free_gib) * USABLE_SHARE >= needed
