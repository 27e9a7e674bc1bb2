"""Reads the tree: where patterns may read meaning, how large the offline driver may be, and what is gone."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
OFFLINE = ROOT / "agent" / "drivers" / "offline"
MOST_LINES = 900
FORM = {
    "agent/agent.py": "characters that no database takes",
    "agent/examples.py": "places in a prompt",
    "agent/transcript.py": "the written form of a list",
    "agent/wording": "where a sentence ends, what a title or a number looks like, handles and message catalogs",
    "agent/serving": "what nvidia-smi and model repositories write",
    "agent/drivers/text.py": "words, plurals, scripts; for the two drivers that spot names in a message",
    "agent/drivers/network.py": "words, and pieces of scripts without spaces",
    "agent/drivers/years.py": "years, decades, centuries",
    "agent/drivers/schema/meanings.py": "how a name sounds in Latin letters",
    "agent/drivers/schema/heard.py": "a number among words whose role is known",
    "agent/drivers/schema/question.py": "where names and numbers may stand that code did not place",
    "agent/drivers/schema/things.py": "the words around what was spotted",
    "agent/markdown.py": "what would act in Markdown",
    "tools/template_tokens.py": "what chat templates are made of",
    "tools/placing.py": "references, years, numbers",
    "tools/audience.py": "ages, and words for company, which drivers and models name",
    "tools/quantities.py": "numbers, spans, decades",
    "tools/rules.py": "lines and addresses of a file of settings",
}
"""Files that read form by pattern, and which form; nobody's meaning."""
GONE = (
    "rules",
    "phrases",
    "merge",
    "limits",
    "opinions",
    "answers",
    "aspects",
    "plan",
    "mentions",
    "wanting",
    "lexicon",
    "linking",
    "reading",
    "understand",
    "model_reader",
    "working",
    "speech",
    "proposals",
    "common_words",
    "trust",
    "check",
    "replies",
    "explain",
    "writer",
)


def uses_patterns(path: Path) -> bool:
    """Whether a module imports a library of patterns."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    return bool(imported & {"re", "regex"})


def test_no_pattern_decides_what_a_person_meant_outside_the_offline_driver():
    users = [
        path.relative_to(ROOT).as_posix()
        for package in ("agent", "tools")
        for path in (ROOT / package).rglob("*.py")
        if OFFLINE not in path.parents and uses_patterns(path)
    ]

    assert [user for user in users if not any(user.startswith(name) for name in FORM)] == []


def test_the_offline_driver_stays_small():
    lines = sum(len(path.read_text(encoding="utf-8").splitlines()) for path in OFFLINE.rglob("*.py"))

    assert lines <= MOST_LINES


@pytest.mark.parametrize("name", GONE)
def test_what_overruled_the_model_is_gone(name: str):
    assert not (ROOT / "agent" / f"{name}.py").exists()


def test_the_rules_of_the_offline_driver_are_used_by_hints_and_for_learning_alone():
    users = [
        path.relative_to(ROOT).as_posix()
        for package in ("agent", "tools", "retrieval", "ui")
        for path in (ROOT / package).rglob("*.py")
        if OFFLINE not in path.parents and "agent.drivers.offline" in path.read_text(encoding="utf-8")
    ]

    allowed = ("agent/build.py", "agent/drivers/schema/", "agent/learning/play.py")
    assert [user for user in users if not user.startswith(allowed)] == []
