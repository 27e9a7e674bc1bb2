"""An environment of their own for the peers, made once under the cache: RecTools wants an older numpy than we do."""

import hashlib
import subprocess
import sys
from pathlib import Path

from retrieval.artifacts import default_cache

REQUIREMENTS = Path(__file__).with_name("peers-requirements.txt")
CHECK = "import implicit, numpy, pandas, rectools.models, torch, torch_geometric; assert numpy.__version__ < '2'"


def peers_python(cache: Path | None = None) -> Path:
    """The interpreter of the peers' environment; the environment is made where it is missing or outdated.

    Raises:
        subprocess.CalledProcessError: pip could not install a library.
    """
    folder = (cache or default_cache()) / "peers-venv"
    python, mark = folder / "bin" / "python", folder / "made-for"
    wanted = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()
    if python.is_file() and mark.is_file() and mark.read_text(encoding="utf-8") == wanted:
        return python
    subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
    pip = [str(python), "-m", "pip", "--no-input", "--quiet", "install"]
    subprocess.run([*pip, *_lines("torch", "numpy")], check=True)  # first, so that nothing pulls in others
    subprocess.run([*pip, "--requirement", str(REQUIREMENTS)], check=True)
    subprocess.run([str(python), "-c", CHECK], check=True)
    mark.write_text(wanted, encoding="utf-8")
    return python


def _lines(*names: str) -> list[str]:
    lines = REQUIREMENTS.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line.startswith(names)]
