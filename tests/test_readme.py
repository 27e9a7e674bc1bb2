"""The README's commands and code do what it says."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def run(*command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "200", **environment}
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=600, check=False)


def test_the_commands_of_the_first_screen_exist():
    commands = [line.split("#")[0].strip() for line in blocks("bash")[0].splitlines()]

    assert commands == ["./serve.sh", "make test"]
    assert "--setup" in run("./serve.sh", "--help").stdout
    assert run("make", "--dry-run", "test").returncode == 0


@pytest.mark.parametrize("command", sorted(set(re.findall(r"`reconteur (\w+)", README))))
def test_every_subcommand_named_exists(command: str):
    answer = run(sys.executable, "-m", "ui", command, "--help")

    assert answer.returncode == 0, answer.stderr


def test_every_file_named_is_there():
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", README) if not link.startswith("http")]

    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


@pytest.mark.live
def test_the_python_of_the_readme_prints_recommendations(demo_dir: Path):
    answer = run(sys.executable, "-c", blocks("python")[0], RECONTEUR_RETRIEVAL__DATA_DIR=str(demo_dir))

    assert answer.returncode == 0, answer.stderr
    lines = answer.stdout.splitlines()
    assert len(lines) == 5
    assert all(re.fullmatch(r"\d .+ \(\d{4}\) - .+", line) for line in lines)
    assert all("(198" in line for line in lines)


@pytest.mark.live
def test_the_request_of_the_readme_is_answered(served_url: str):
    words = shlex.split(blocks("bash")[1].replace("\\\n", " "))
    url = next(word for word in words if word.startswith("http")).replace("http://127.0.0.1:7860", served_url)

    answer = httpx.post(
        url, content=words[words.index("-d") + 1], headers={"Content-Type": "application/json"}, timeout=300
    )

    assert answer.status_code == 200, answer.text
    assert answer.json()["reconteur"]["recommendations"]
