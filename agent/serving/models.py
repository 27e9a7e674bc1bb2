"""From the value of `--model` to something a server can load."""

import errno
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from retrieval.artifacts import DEFAULT_MODEL, MODELS, ensure_model
from retrieval.errors import RecommenderError

GGUF_MAGIC: Final = b"GGUF"
PREFERRED_QUANTIZATIONS: Final = ("q4_k_m", "q4_k_s", "q5_k_m", "q4_0", "q8_0")
HUB_TIMEOUT_S: Final = 10.0


class ServingError(RecommenderError):
    """A language-model server that cannot be started or does not get ready."""


def resolve_gguf(model: str, cache: Path) -> Path:
    """Return the GGUF file for the embedded server: a known name, a path, or a Hugging Face repo id.

    Raises:
        ServingError: `model` is none of them, or the hub could not be reached.
        ArtifactError: A known model could not be fetched.
    """
    name = model or DEFAULT_MODEL
    if name in MODELS:
        return ensure_model(name, cache)
    if Path(name).expanduser().is_file():
        return _checked_gguf(Path(name).expanduser())
    if is_repo_id(name):
        return _from_hub(name, cache)
    raise ServingError(
        f"expected --model to be {', '.join(MODELS)}, the path of a GGUF file, or a Hugging Face repo id like "
        f"org/name-GGUF, found {name!r}, which is no file here. Check the path, or leave --model out."
    )


def is_repo_id(name: str) -> bool:
    """Whether it reads like `org/name`, and not like a path."""
    parts = name.split("/")
    return len(parts) == 2 and all(parts) and not name.startswith((".", "~")) and not name.endswith(".gguf")


def pick_gguf(names: Sequence[str]) -> str | None:
    """The file of a repository to load: the preferred quantization in one piece; None where there is no such file."""
    whole = [name for name in sorted(names) if name.lower().endswith(".gguf") and "-of-0" not in name]
    for wanted in PREFERRED_QUANTIZATIONS:
        for name in whole:
            if wanted in name.lower():
                return name
    return whole[0] if whole else None


def hub_has(repo: str) -> bool:
    """Whether a model is on this disk already, or the hub answers for it."""
    from huggingface_hub import HfApi, try_to_load_from_cache

    if isinstance(try_to_load_from_cache(repo, "config.json"), str):
        return True
    try:
        HfApi().model_info(repo, timeout=HUB_TIMEOUT_S)
    except Exception:  # the client has changed its HTTP library, and with it the errors of a missing network
        return False
    return True


def _checked_gguf(path: Path) -> Path:
    with path.open("rb") as file:
        magic = file.read(4)
    if magic != GGUF_MAGIC:
        raise ServingError(f"expected a GGUF file in {path}, found one that starts with {magic!r}. Name another file.")
    return path.resolve()


def _from_hub(repo: str, cache: Path) -> Path:
    from huggingface_hub import HfApi, hf_hub_download
    from huggingface_hub.errors import HfHubHTTPError

    try:
        names = [file.rfilename for file in HfApi().model_info(repo, timeout=HUB_TIMEOUT_S).siblings or ()]
        chosen = pick_gguf(names)
        if chosen is None:
            raise ServingError(
                f"expected a GGUF file in the repository {repo}, found {len(names)} other files. "
                "Name a repository with GGUF files, often the one ending in -GGUF."
            )
        return Path(hf_hub_download(repo, chosen, cache_dir=cache / "hub"))
    except HfHubHTTPError as error:
        raise ServingError(_hub_message(repo, f"the hub's answer {error.response.status_code}")) from error
    except ServingError:
        raise
    except Exception as error:  # as in hub_has
        full = isinstance(error, OSError) and error.errno == errno.ENOSPC
        raise ServingError(_hub_message(repo, "a full disk" if full else type(error).__name__)) from error


def _hub_message(repo: str, reason: str) -> str:
    return (
        f"expected to download {repo} from the Hugging Face hub, found: {reason}. Check the name and the connection, "
        f"or use --model {DEFAULT_MODEL}, which comes from the package index, or the path of a GGUF file."
    )
