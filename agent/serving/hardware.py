"""What this machine has: GPUs with their free memory, and processor cores."""

import os
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

FP8_CAPABILITY: Final = 8.0
HEADROOM: Final = 0.92
_QUERY: Final = "index,uuid,memory.free,memory.total,compute_cap"


@dataclass(frozen=True, slots=True)
class Gpu:
    """One NVIDIA GPU; memory in GiB."""

    index: str
    uuid: str
    free_gib: float
    total_gib: float
    compute_capability: float

    @property
    def runs_fp8(self) -> bool:
        """Whether it can serve FP8 weights (as such, or unpacked on the fly)."""
        return self.compute_capability >= FP8_CAPABILITY


def gpu_memory(visible: str = "") -> list[Gpu]:
    """Ask nvidia-smi for the GPUs; none where it is absent, fails or answers nonsense.

    Args:
        visible: The value of CUDA_VISIBLE_DEVICES, indexes or UUIDs; '' for all.
    """
    command = ["nvidia-smi", f"--query-gpu={_QUERY}", "--format=csv,noheader,nounits"]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True)  # noqa: S603 - a fixed command  # nosec B603
    except (OSError, subprocess.SubprocessError):
        return []
    return only_visible(parse_gpus(answer.stdout), visible)


def parse_gpus(csv: str) -> list[Gpu]:
    """Read nvidia-smi's lines; a line that is not a GPU with known memory is left out."""
    gpus = []
    for line in csv.splitlines():
        fields = [field.strip() for field in line.split(",")]
        try:
            index, uuid, free, total, capability = fields
            gpus.append(Gpu(index, uuid, float(free) / 1024, float(total) / 1024, float(capability)))
        except ValueError:
            continue
    return gpus


def only_visible(gpus: Iterable[Gpu], visible: str) -> list[Gpu]:
    """Keep the GPUs that CUDA_VISIBLE_DEVICES lists."""
    names = [name.strip() for name in visible.split(",") if name.strip()]
    return [gpu for gpu in gpus if not names or any(gpu.index == name or gpu.uuid.startswith(name) for name in names)]


def freest(gpus: Iterable[Gpu], count: int) -> list[Gpu]:
    """The `count` GPUs with the most free memory, in the order of their indexes."""
    chosen = sorted(gpus, key=lambda gpu: -gpu.free_gib)[:count]
    return sorted(chosen, key=lambda gpu: int(gpu.index))


def memory_utilization(gpus: Sequence[Gpu]) -> float:
    """The share of whole GPU memory that vLLM may take, so that it stays within what is free on each of `gpus`."""
    return round(min(HEADROOM * gpu.free_gib / gpu.total_gib for gpu in gpus) - 0.005, 2)


def worker_threads() -> int:
    """Threads for the embedded server: physical cores, within what this process may use."""
    usable = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set(range(os.cpu_count() or 1))
    siblings = {cpu: _read(f"/sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list") for cpu in usable}
    return count_threads(siblings, _read("/sys/fs/cgroup/cpu.max"))


def count_threads(siblings: dict[int, str], cpu_max: str = "") -> int:
    """Count physical cores; llama.cpp's threads spin, so more than the container's quota would be ruinous.

    Args:
        siblings: For each usable logical processor, the kernel's list of those on the same core ('' if unknown).
        cpu_max: The cgroup's 'quota period' line, 'max period' where there is no limit, '' if unknown.
    """
    cores = len({name or str(cpu) for cpu, name in siblings.items()})
    quota, _, period = cpu_max.partition(" ")
    if quota.isdigit() and period.strip().isdigit():
        cores = min(cores, int(quota) // int(period))
    return max(1, cores)


def _read(path: str) -> str:
    try:
        return Path(path).read_text(encoding="ascii").strip()
    except OSError:
        return ""
