"""Which of vLLM's tool-call parsers reads a model's calls: decided by its family, since each writes its own way.

The names are those that vLLM 0.31 to 0.33 register (`vllm/tool_parsers/__init__.py`); serve.sh installs no older one.
A driver asks with `tool_choice="required"`, which most parsers leave to the JSON schema; the words of a turn and other
clients of the same server still need the right one.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final

DEFAULT: Final = "hermes"
"""What Qwen2.5, the dense Qwen3 and most fine-tunes write."""


@dataclass(frozen=True, slots=True)
class Family:
    """Models whose calls one parser reads."""

    parser: str
    names: tuple[str, ...]
    """Pieces of a model's own name, in lower case with hyphens."""
    architectures: tuple[str, ...] = ()
    """Beginnings of `architectures` in config.json, in lower case, for names that say nothing."""


FAMILIES: Final = (
    Family("hermes", ("hermes", "qwen2", "qwq", "qwen3-next")),
    Family("xlam", ("xlam",)),
    Family("qwen3_xml", ("qwen3-coder", "qwen3.5", "qwen3.6", "nemotron-3"), ("qwen3_5",)),
    Family("hermes", ("qwen3",), ("qwen",)),
    Family("openai", ("gpt-oss",), ("gptoss",)),
    Family("llama4_pythonic", ("llama-4", "llama4"), ("llama4",)),
    Family("llama3_json", ("llama-3", "llama3")),
    Family(
        "mistral", ("mistral", "ministral", "mixtral", "magistral", "devstral"), ("mistral", "ministral", "mixtral")
    ),
    Family("granite-20b-fc", ("granite-20b-functioncalling",)),
    Family("granite4", ("granite-4",), ("granitemoehybrid",)),
    Family("granite", ("granite",), ("granite",)),
    Family("kimi_k3", ("kimi-k3",), ("kimik3",)),
    Family("kimi_k2", ("kimi-k2",), ("kimik2",)),
    Family("deepseek_v41", ("deepseek-v4.1",), ("deepseekv41",)),
    Family("deepseek_v4", ("deepseek-v4",), ("deepseekv4",)),
    Family("deepseek_v32", ("deepseek-v3.2",), ("deepseekv32",)),
    Family("deepseek_v31", ("deepseek-v3.1",)),
    Family("deepseek_v3", ("deepseek-v3", "deepseek-r1-0528"), ("deepseekv3",)),
    Family("glm45", ("glm-4.5", "glm-4.6")),
    Family("glm47", ("glm-4.7", "glm-5"), ("glm4moelite", "glmmoedsa")),
    Family("glm45", (), ("glm4moe",)),
    Family("gemma4", ("gemma-4",), ("gemma4",)),
    Family("functiongemma", ("functiongemma",)),
    Family("pythonic", ("gemma", "toolace"), ("gemma",)),
    Family("minimax_m3", ("minimax-m3",), ("minimaxm3",)),
    Family("minimax_m2", ("minimax-m2",), ("minimaxm2",)),
    Family("phi4_mini_json", ("phi-4-mini",)),
    Family("olmo3", ("olmo-3",), ("olmo3",)),
    Family("seed_oss", ("seed-oss",), ("seedoss",)),
    Family("step3p5", ("step-3.5", "step-3.7"), ("step3p5", "step3p7")),
    Family("mimo", ("mimo-v2",), ("mimov2",)),
    Family("longcat", ("longcat",), ("longcat",)),
    Family("hunyuan_a13b", ("hunyuan-a13b",), ("hunyuanmoe",)),
    Family("ernie45", ("ernie-4.5",), ("ernie4_5",)),
    Family("lfm2", ("lfm2",), ("lfm2",)),
    Family("jamba", ("jamba",), ("jamba",)),
    Family("internlm", ("internlm2",), ("internlm2",)),
    Family("apertus", ("apertus",), ("apertus",)),
    Family("llama3_json", (), ("llama",)),
)
"""The first one that fits wins, names before architectures: fine-tunes are called after what they add, so they lead."""


def choose_tool_parser(model: str, architecture: str = "") -> str:
    """The parser of a model.

    Args:
        model: A repository id or a folder.
        architecture: As in its config.json, asked only where the name says nothing.
    """
    name = Path(model).name.casefold().replace("_", "-")
    named = (family.parser for family in FAMILIES if any(piece in name for piece in family.names))
    known = architecture.casefold()
    built = (family.parser for family in FAMILIES if known and known.startswith(family.architectures))
    return next(named, None) or next(built, DEFAULT)


def architecture_of(model: str) -> str:
    """What the config.json in a model's folder says; '' where it is no folder, or there is no such file."""
    try:
        config = json.loads((Path(model) / "config.json").read_text(encoding="utf-8"))
        return str(config["architectures"][0])
    except (OSError, ValueError, LookupError, TypeError):
        return ""
