"""Choosing, starting and stopping the language-model server, and `serve.sh` around it."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from itertools import pairwise
from pathlib import Path

import httpx
import pytest

from agent.serving import (
    Backend,
    ServingError,
    VllmPlan,
    choose_backend,
    choose_vllm_model,
    resolve_gguf,
    vllm_command,
    wait_healthy,
)
from agent.serving.__main__ import main
from agent.serving.embedded import CONTEXT_PER_SLOT, SLOTS, server_options
from agent.serving.hardware import Gpu, count_threads, freest, memory_utilization, only_visible, parse_gpus
from agent.serving.models import is_repo_id, pick_gguf
from agent.serving.plan import FP8_MODELS, HALF_MODELS, plan_for_named_model, vllm_environment, vllm_executable
from agent.serving.tool_parsers import FAMILIES, architecture_of, choose_tool_parser

ROOT = Path(__file__).parent.parent
FP8_30B = "Qwen/Qwen3-30B-A3B-Instruct-2507-FP8"


@pytest.mark.parametrize(
    ("requested", "has_gpu", "expected"),
    [
        ("auto", True, Backend.VLLM),
        ("auto", False, Backend.EMBEDDED),
        ("vllm", False, Backend.VLLM),
        ("embedded", True, Backend.EMBEDDED),
        ("none", True, Backend.NONE),
    ],
)
def test_backend(requested: str, has_gpu: bool, expected: Backend):
    assert choose_backend(requested, has_gpu) is expected


@pytest.mark.parametrize(
    ("free", "model", "gpus"),
    [
        ([7.5], "Qwen/Qwen3-1.7B-FP8", 1),
        ([11.5], "Qwen/Qwen3-4B-Instruct-2507-FP8", 1),
        ([15.5], "Qwen/Qwen3-8B-FP8", 1),
        ([23.0], "Qwen/Qwen3-14B-FP8", 1),
        ([39.0], FP8_30B, 1),
        ([79.0], FP8_30B, 1),
        ([79.0] * 8, FP8_30B, 1),
        ([22.0, 22.0], FP8_30B, 2),
        ([22.0, 22.0, 22.0], FP8_30B, 2),
        ([1.0, 39.0], FP8_30B, 1),
        ([15.0] * 4, "Qwen/Qwen3-32B-FP8", 4),
    ],
)
def test_the_best_model_that_fits_on_the_fewest_gpus(free: list[float], model: str, gpus: int):
    assert choose_vllm_model(free) == VllmPlan(model, gpus)


@pytest.mark.parametrize("free", [[], [3.0], [2.0, 2.0]])
def test_no_model_fits(free: list[float]):
    assert choose_vllm_model(free) is None


def test_old_gpus_get_sixteen_bit_weights():
    assert choose_vllm_model([15.5], fp8=False) == VllmPlan("Qwen/Qwen3-4B-Instruct-2507", 1, dtype="half")


@pytest.mark.parametrize("model", FP8_MODELS + HALF_MODELS, ids=lambda model: model.name)
def test_splits_are_powers_of_two_within_the_heads(model):
    assert model.max_tensor_parallel in (1, 2, 4, 8)


def test_a_named_model_is_served_where_it_fits_or_on_all_gpus():
    assert plan_for_named_model(FP8_30B, [22.0, 22.0, 22.0]) == VllmPlan(FP8_30B, 2)
    assert plan_for_named_model("org/other", [22.0, 22.0, 22.0]) == VllmPlan("org/other", 2)
    assert plan_for_named_model("org/other", []) == VllmPlan("org/other", 1)


def test_vllm_command_caches_prefixes_binds_schemas_and_stays_at_home():
    command = vllm_command(VllmPlan(FP8_30B, 2), 8123, gpu_memory_utilization=0.875, extra=["--max-num-seqs", "8"])

    pairs = dict(pairwise(command))
    assert command[:3] == ["vllm", "serve", FP8_30B]
    assert "--enable-prefix-caching" in command
    assert "--no-enable-log-requests" in command
    assert pairs["--host"] == "127.0.0.1"
    assert pairs["--port"] == "8123"
    assert pairs["--served-model-name"] == "local"
    assert pairs["--tensor-parallel-size"] == "2"
    assert pairs["--gpu-memory-utilization"] == "0.88"
    assert json.loads(pairs["--structured-outputs-config"])["backend"] == "xgrammar"
    assert json.loads(pairs["--default-chat-template-kwargs"]) == {"enable_thinking": False}
    assert command[-2:] == ["--max-num-seqs", "8"]


def test_a_tool_call_that_is_required_has_the_arguments_of_its_tool():
    command = vllm_command(VllmPlan(FP8_30B, 1), 8123)

    assert command[command.index("--tool-strict-level") + 1] == "parameter"
    assert "--enable-auto-tool-choice" in command


def test_vllm_tells_how_much_of_a_prompt_was_cached():
    assert "--enable-prompt-tokens-details" in vllm_command(VllmPlan(FP8_30B, 1), 8123)


@pytest.mark.parametrize(
    ("model", "parser"),
    [
        *((model.name, "hermes") for model in FP8_MODELS + HALF_MODELS),
        ("Qwen/Qwen2.5-7B-Instruct", "hermes"),
        ("Qwen/Qwen3-Next-80B-A3B-Instruct", "hermes"),
        ("Qwen/Qwen3-Coder-30B-A3B-Instruct-FP8", "qwen3_xml"),
        ("Qwen/Qwen3.6-27B", "qwen3_xml"),
        ("openai/gpt-oss-20b", "openai"),
        ("meta-llama/Llama-3.2-3B-Instruct", "llama3_json"),
        ("meta-llama/Meta-Llama-3.1-8B-Instruct", "llama3_json"),
        ("meta-llama/Llama-4-Scout-17B-16E-Instruct", "llama4_pythonic"),
        ("NousResearch/Hermes-3-Llama-3.1-8B", "hermes"),
        ("Salesforce/Llama-xLAM-2-8b-fc-r", "xlam"),
        ("mistralai/Mistral-Small-3.2-24B-Instruct-2506", "mistral"),
        ("ibm-granite/granite-3.1-8b-instruct", "granite"),
        ("ibm-granite/granite-4.0-h-small", "granite4"),
        ("deepseek-ai/DeepSeek-V3-0324", "deepseek_v3"),
        ("deepseek-ai/DeepSeek-V3.1", "deepseek_v31"),
        ("deepseek-ai/DeepSeek-V3.2", "deepseek_v32"),
        ("moonshotai/Kimi-K2-Instruct", "kimi_k2"),
        ("zai-org/GLM-4.5-Air", "glm45"),
        ("zai-org/GLM-4.7-Flash", "glm47"),
        ("google/gemma-3-27b-it", "pythonic"),
        ("google/gemma-4-31b-it", "gemma4"),
        ("google/functiongemma-270m-it", "functiongemma"),
        ("org/something-new", "hermes"),
        ("/home/mistral/models/something-new", "hermes"),
    ],
)
def test_tool_calls_are_read_as_the_models_family_writes_them(model: str, parser: str):
    assert choose_tool_parser(model) == parser


@pytest.mark.parametrize(
    ("architecture", "parser"),
    [
        ("Qwen3ForCausalLM", "hermes"),
        ("Qwen3_5MoeForConditionalGeneration", "qwen3_xml"),
        ("LlamaForCausalLM", "llama3_json"),
        ("Llama4ForConditionalGeneration", "llama4_pythonic"),
        ("Mistral3ForConditionalGeneration", "mistral"),
        ("GraniteMoeHybridForCausalLM", "granite4"),
        ("Glm4MoeForCausalLM", "glm45"),
        ("GptOssForCausalLM", "openai"),
        ("Gemma3ForConditionalGeneration", "pythonic"),
        ("NobodyKnowsItForCausalLM", "hermes"),
    ],
)
def test_a_folder_whose_name_says_nothing_is_known_by_its_architecture(tmp_path: Path, architecture: str, parser: str):
    (tmp_path / "config.json").write_text(json.dumps({"architectures": [architecture]}))

    assert choose_tool_parser(f"{tmp_path}/", architecture_of(str(tmp_path))) == parser


@pytest.mark.parametrize("text", [None, "", "[]", "{}", '{"architectures": []}', '{"architectures": null}'])
def test_a_folder_without_a_readable_configuration_has_no_architecture(tmp_path: Path, text: str | None):
    if text is not None:
        (tmp_path / "config.json").write_text(text)

    assert architecture_of(str(tmp_path)) == ""


def test_every_parser_is_one_that_the_oldest_supported_vllm_has():
    assert {family.parser for family in FAMILIES} <= set(VLLM_PARSERS.split())


VLLM_PARSERS = """
apertus cohere_command3 cohere_command4 deepseek_v3 deepseek_v31 deepseek_v32 deepseek_v4 deepseek_v41 dots ernie45
functiongemma gemma4 gigachat3 glm45 glm47 granite granite-20b-fc granite4 hermes hunyuan_a13b hy_v3 hy_v4 inkling
internlm jamba k2_horizon kimi_k2 kimi_k3 lfm2 ling3 llama3_json llama4_json llama4_pythonic longcat mimo minicpm5
minimax_m2 minimax_m3 mistral muse_glimmer olmo3 openai phi4_mini_json poolside_v1 pythonic qwen3_coder qwen3_xml
seed_oss step3 step3p5 xlam
"""
"""Registered by vLLM 0.30.0, and still by 0.32.0 and 0.33.0."""


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[str]:
    command = ["vllm", "--cpu", "--port", "8000", "--python", "/v/bin/python", "--print", *arguments]
    assert main(command) == 0
    return capsys.readouterr().out.split()


def test_the_parser_can_be_named(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    model = ("--model", "mistralai/Ministral-8B-Instruct-2410")

    chosen = printed(capsys, *model)
    named = printed(capsys, *model, "--tool-call-parser", "xlam")
    monkeypatch.setenv("RECONTEUR_TOOL_CALL_PARSER", "pythonic")
    by_environment = printed(capsys, *model)

    parsers = [words[words.index("--tool-call-parser") + 1] for words in (chosen, named, by_environment)]
    assert parsers == ["mistral", "xlam", "pythonic"]


def test_the_processor_build_is_started_as_a_module(capsys: pytest.CaptureFixture[str]):
    code = main(["vllm", "--cpu", "--model", "/models/m", "--port", "8000", "--python", "/v/bin/python", "--print"])

    words = capsys.readouterr().out.split()
    assert code == 0
    assert words[:5] == ["/v/bin/python", "-m", "vllm.entrypoints.openai.api_server", "--model", "/models/m"]
    assert "--gpu-memory-utilization" not in words
    assert words[words.index("--dtype") + 1] == "bfloat16"
    assert int(words[words.index("--max-model-len") + 1]) >= 12_000, "room for the driver `tools` and its steps"


def test_vllm_is_found_beside_its_python_and_sees_only_the_chosen_gpus():
    assert vllm_executable(".venv-vllm/bin/python") == (".venv-vllm/bin/vllm", "serve")
    assert vllm_environment(["1", "3"])["CUDA_VISIBLE_DEVICES"] == "1,3"
    assert vllm_environment(["1", "3"])["CUDA_DEVICE_ORDER"] == "PCI_BUS_ID"
    assert "CUDA_VISIBLE_DEVICES" not in vllm_environment([])


NVIDIA_SMI = """0, GPU-aaaa, 23552, 24576, 8.9
1, GPU-bbbb, 12288, 24576, 7.5
2, GPU-cccc, [N/A], [N/A], 9.0
Failed to initialize NVML
"""


def test_gpus_are_read_from_nvidia_smi():
    gpus = parse_gpus(NVIDIA_SMI)

    assert [(gpu.index, gpu.free_gib, gpu.total_gib, gpu.runs_fp8) for gpu in gpus] == [
        ("0", 23.0, 24.0, True),
        ("1", 12.0, 24.0, False),
    ]


def test_only_visible_gpus_count():
    gpus = parse_gpus(NVIDIA_SMI)

    assert [gpu.index for gpu in only_visible(gpus, "1")] == ["1"]
    assert [gpu.index for gpu in only_visible(gpus, "GPU-aa")] == ["0"]
    assert [gpu.index for gpu in only_visible(gpus, "")] == ["0", "1"]


def test_vllm_takes_no_more_than_what_is_free():
    gpus = [Gpu("0", "a", 20, 24, 8.9), Gpu("1", "b", 12, 24, 8.9), Gpu("2", "c", 22, 24, 8.9)]

    assert [gpu.index for gpu in freest(gpus, 2)] == ["0", "2"]
    assert memory_utilization(freest(gpus, 2)) * 24 < 20
    assert memory_utilization(gpus) * 24 < 12


@pytest.mark.parametrize(
    ("siblings", "cpu_max", "threads"),
    [
        ({0: "0", 1: "1"}, "max 100000", 2),
        ({0: "0,2", 1: "1,3", 2: "0,2", 3: "1,3"}, "", 2),
        (dict.fromkeys(range(8), ""), "", 8),
        ({cpu: str(cpu) for cpu in range(64)}, "200000 100000", 2),
        ({0: "0"}, "50000 100000", 1),
    ],
)
def test_threads_are_physical_cores_within_the_quota(siblings: dict[int, str], cpu_max: str, threads: int):
    assert count_threads(siblings, cpu_max) == threads


def test_the_embedded_server_stays_at_home_and_keeps_quiet():
    options = server_options(Path("/m.gguf"), 8000, 2)

    assert options["hostnames"] == ["127.0.0.1"]
    assert options["n_ctx"] // options["n_parallel"] == CONTEXT_PER_SLOT >= 4096
    assert options["n_parallel"] == SLOTS == 2
    assert options["cache_prompt"] is True
    assert options["verbosity"] == 1
    assert not options["endpoint_slots"]


@pytest.mark.parametrize("name", ["1.5c", "no/such/file.gguf", "./model.gguf", "a.gguf"])
def test_a_model_that_is_nothing_is_refused(name: str, tmp_path: Path):
    with pytest.raises(ServingError, match=r"expected --model to be 1\.5b, 0\.5b, the path of a GGUF file"):
        resolve_gguf(name, tmp_path)


def test_a_path_must_hold_a_gguf_file(tmp_path: Path):
    good, bad = tmp_path / "good.gguf", tmp_path / "bad.gguf"
    good.write_bytes(b"GGUF....")
    bad.write_bytes(b"<html>")

    assert resolve_gguf(str(good), tmp_path) == good
    with pytest.raises(ServingError, match=r"expected a GGUF file in .*bad\.gguf, found one that starts with b'<htm'"):
        resolve_gguf(str(bad), tmp_path)


def test_a_hub_that_cannot_be_reached_is_said_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    from huggingface_hub import HfApi

    def unreachable(*_: object, **__: object) -> None:
        raise ConnectionError

    monkeypatch.setattr(HfApi, "model_info", unreachable)

    with pytest.raises(
        ServingError, match=r"expected to download org/name-GGUF from the Hugging Face hub.*--model 1\.5b"
    ):
        resolve_gguf("org/name-GGUF", tmp_path)


def test_repo_ids_and_their_files():
    assert is_repo_id("Qwen/Qwen3-4B-GGUF")
    assert not any(map(is_repo_id, ["a", "/a/b", "./b", "~/b", "a/b/c", "a/b.gguf"]))
    assert pick_gguf(["README.md", "m-Q8_0.gguf", "m-Q4_K_M.gguf"]) == "m-Q4_K_M.gguf"
    assert pick_gguf(["m-Q4_K_M-00001-of-00002.gguf", "m-f16.gguf"]) == "m-f16.gguf"
    assert pick_gguf(["model.safetensors"]) is None


class SlowServer(BaseHTTPRequestHandler):
    """Answers 503 twice, then 200."""

    asked: list[str]

    def do_GET(self) -> None:
        self.asked.append(self.path)
        self.send_response(200 if len(self.asked) > 2 else 503)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture
def slow_server() -> Iterator[tuple[str, list[str]]]:
    asked: list[str] = []
    handler = type("Handler", (SlowServer,), {"asked": asked})
    with HTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/v1", asked
        server.shutdown()


def test_health_is_asked_until_the_model_is_loaded(slow_server: tuple[str, list[str]]):
    url, asked = slow_server
    waits: list[float] = []

    wait_healthy(url, 30, waits.append)

    assert asked == ["/health"] * 3
    assert len(waits) == 2


def test_a_server_that_ended_is_not_waited_for():
    with pytest.raises(ServingError, match="but it ended"):
        wait_healthy("http://127.0.0.1:9/v1", 60, is_running=lambda: False)


def test_a_server_that_never_gets_ready_is_given_up():
    with pytest.raises(
        ServingError, match=r"expected http://127\.0\.0\.1:9/health to answer 200 within 0 s, found: Conn"
    ):
        wait_healthy("http://127.0.0.1:9", 0)


def test_vllm_without_a_gpu_names_the_way_out(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.setattr("agent.serving.__main__.gpu_memory", lambda _: [])

    assert main(["choose", "--llm", "vllm"]) == 1
    assert "or use --llm embedded" in capsys.readouterr().err


def test_auto_falls_back_when_the_weights_cannot_be_had(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr("agent.serving.__main__.gpu_memory", lambda _: [Gpu("0", "a", 79, 80, 9.0)])
    monkeypatch.setattr("agent.serving.__main__.hub_has", lambda _: False)

    assert main(["choose"]) == 0
    answer = capsys.readouterr()
    assert answer.out == "embedded\n"
    assert "could not be reached: the embedded server is used instead" in answer.err


def run_script(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", str(ROOT / "serve.sh"), *arguments],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=60,
    )


def test_help_explains_every_option():
    result = run_script("--help")

    assert result.returncode == 0
    for option in ("--llm ", "--llm-url", "--model", "--host", "--port", "--data", "--setup", "--help"):
        assert option in result.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--prot", "1"], "expected an option, found '--prot'"),
        (["--port", "http"], "expected a port from 0 to 65535, found 'http'"),
        (["--port"], "expected a value after --port, found none"),
        (["--llm", "gpt"], "expected --llm auto, vllm, embedded or none, found 'gpt'"),
        (["--llm", "none", "--llm-url", "http://x/v1"], "found both"),
        (["--llm-url", "x:1"], "expected --llm-url http://.../v1, found 'x:1'"),
    ],
)
def test_wrong_options_are_named(arguments: list[str], message: str):
    result = run_script(*arguments)

    assert result.returncode == 1
    assert message in result.stderr


def test_a_port_in_use_is_noticed_before_anything_is_set_up():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        result = run_script("--port", str(taken.getsockname()[1]), "--llm", "none")

    assert result.returncode == 1
    assert "is in use by another program" in result.stderr
    assert "==>" not in result.stderr


FAKE_PYTHON = """#!/usr/bin/env bash
case "$2 $3" in
  "agent.serving choose") echo embedded ;;
  "agent.serving model") echo /m.gguf ;;
  "agent.serving free-port") echo 1 ;;
  "agent.serving embedded" | "ui serve") env > "env-$2"; echo "$$" >> pids; [ "$2" = ui ] && touch up; exec sleep 100 ;;
esac
"""


@pytest.fixture
def fake_checkout(tmp_path: Path) -> Path:
    """A checkout whose `.venv/bin/python` only pretends, so that the script itself can be tried."""
    shutil.copy(ROOT / "serve.sh", tmp_path)
    for name in (".venv/bin", ".ci"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "pyproject.toml").touch()
    (tmp_path / ".ci/constraints.txt").touch()
    python = tmp_path / ".venv/bin/python"
    python.write_text(FAKE_PYTHON)
    python.chmod(0o755)
    stamp = subprocess.run(["cksum"], input=b"", capture_output=True, check=True).stdout.decode().strip()
    (tmp_path / ".venv/.reconteur-setup").write_text(f"{stamp} ui,embedded\n")
    return tmp_path


SILENT = (
    "GRADIO_ANALYTICS_ENABLED=False",
    "ANONYMIZED_TELEMETRY=False",
    "HF_HUB_DISABLE_TELEMETRY=1",
    "DO_NOT_TRACK=1",
    "VLLM_NO_USAGE_STATS=1",
    "LANGSMITH_TRACING=false",
)
"""In every process that serve.sh starts."""


def _listen() -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_model_and_app_and_ends_with_zero(fake_checkout: Path, number: signal.Signals):
    command = ["bash", "serve.sh", "--port", "0"]
    quiet = {"stderr": subprocess.DEVNULL, "stdin": subprocess.DEVNULL}
    # a test run in the background of a script inherits SIGINT ignored, and bash cannot trap what was ignored before it
    with subprocess.Popen(command, cwd=fake_checkout, preexec_fn=_listen, **quiet) as process:
        while not (fake_checkout / "up").exists():
            assert process.poll() is None
        process.send_signal(number)
        code = process.wait(timeout=60)

    pids = [int(line) for line in (fake_checkout / "pids").read_text().split()]
    assert code == 0
    assert len(pids) == 2
    assert not any(Path(f"/proc/{pid}").exists() for pid in pids)
    for name in ("env-agent.serving", "env-ui"):
        assert set(SILENT) <= set((fake_checkout / name).read_text().splitlines())


def test_a_second_set_up_installs_nothing(fake_checkout: Path):
    command = ["bash", "serve.sh", "--setup"]
    result = subprocess.run(command, cwd=fake_checkout, capture_output=True, text=True, timeout=60)

    assert result.returncode == 0
    assert "installing" not in result.stderr


def test_a_postgresql_url_asks_for_its_driver(fake_checkout: Path):
    python = fake_checkout / ".venv/bin/python"
    python.write_text(
        python.read_text().replace('case "$2 $3" in', '[ "$2" != pip ] || echo "$*" >> pip\ncase "$2 $3" in')
    )
    environment = {**os.environ, "RECONTEUR_RETRIEVAL__STATE_URL": "postgresql+psycopg://127.0.0.1/one"}
    command = ["bash", "serve.sh", "--setup"]
    for _ in range(2):
        done = subprocess.run(command, cwd=fake_checkout, env=environment, capture_output=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr

    installed = [line for line in (fake_checkout / "pip").read_text().splitlines() if "-e " in line]
    assert [line.split()[-1] for line in installed] == [".[ui,embedded,postgres]"]


SECRET = "Quagga-7391"


@pytest.mark.live
def test_the_embedded_server_binds_schemas_counts_tokens_and_logs_no_text(tmp_path: Path):
    pytest.importorskip("xllamacpp")
    from agent.serving.health import free_port
    from retrieval.artifacts import default_cache, ensure_model

    model = ensure_model("0.5b", default_cache())
    url, log = f"http://127.0.0.1:{(port := free_port())}/v1", tmp_path / "llm.log"
    command = [sys.executable, "-m", "agent.serving", "embedded", "--model", str(model), "--port", str(port)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with log.open("wb") as out, subprocess.Popen(command, stdout=out, stderr=out, env=environment) as process:
        try:
            wait_healthy(url, 120, is_running=lambda: process.poll() is None)
            answer = ask(url)
            httpx.post(f"{url}/chat/completions", content=f'{{"messages":"{SECRET}', trust_env=False, timeout=60)
            long = {"messages": [{"role": "user", "content": f"{SECRET} " * 9000}]}
            too_long = httpx.post(f"{url}/chat/completions", json=long, trust_env=False, timeout=60)
        finally:
            process.terminate()
            code = process.wait(timeout=60)

    assert json.loads(answer["choices"][0]["message"]["content"])["color"] in ("red", "blue")
    assert answer["usage"]["completion_tokens"] > 0
    assert too_long.status_code == 400
    assert code == 0
    assert SECRET not in log.read_text(errors="replace")


def ask(url: str) -> dict[str, list[dict[str, dict[str, str]]]]:
    schema = {
        "type": "object",
        "properties": {"color": {"enum": ["red", "blue"]}},
        "required": ["color"],
        "additionalProperties": False,
    }
    body = {
        "model": "local",
        "messages": [{"role": "user", "content": f"{SECRET}: which color is the sky?"}],
        "max_tokens": 30,
        "response_format": {"type": "json_schema", "json_schema": {"name": "answer", "strict": True, "schema": schema}},
    }
    response = httpx.post(f"{url}/chat/completions", json=body, trust_env=False, timeout=120)
    return response.raise_for_status().json()
