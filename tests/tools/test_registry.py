"""The one list of tools, and what holds for all of them."""

import importlib
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from retrieval.house import Handover, House
from retrieval.preference import Preference
from retrieval.retriever import Retriever
from tests.fakes import tea_schema
from tests.tools.desk import call, desk, found_ids
from tools import ENDINGS, LOOKUPS, PATCHES, ArgumentTypes, make_tools
from tools.endings import HAND_OVER
from tools.registry import schemas

NAMES = [
    "update_wish",
    "search_catalog",
    "cf_scores",
    "graph_lookup",
    "item_details",
    "recommend",
    "answer",
    "ask_user",
]


def test_there_are_eight_tools_always_in_the_same_order(shop: Retriever) -> None:
    assert list(make_tools(desk(shop))) == NAMES
    assert [tool["function"]["name"] for tool in schemas(ArgumentTypes.of(tea_schema()))] == NAMES


def test_every_tool_runs_in_one_phase_of_a_step() -> None:
    assert sorted((*PATCHES, *LOOKUPS, *ENDINGS)) == sorted((*NAMES, HAND_OVER))


def test_a_person_can_be_reached_only_where_the_house_has_one(shop: Retriever) -> None:
    house = House(handover=Handover({"en": "Our staff is glad to help."}))
    staffed = shop.within(replace(shop.catalog, house=house))

    assert list(make_tools(desk(staffed))) == [*NAMES, HAND_OVER]


def test_every_tool_says_what_it_is_for(shop: Retriever) -> None:
    assert all(len(tool.description) > 40 for tool in make_tools(desk(shop)).values())


def test_no_tool_knows_what_the_items_are() -> None:
    text = json.dumps(schemas(ArgumentTypes.of(tea_schema()))).lower()

    assert not {word for word in ("film", "movie", "director", "actor", "cinema", "genre") if word in text}


def test_what_the_model_is_told_is_the_same_in_every_turn() -> None:
    first, second = (json.dumps(schemas(ArgumentTypes.of(tea_schema()))) for _ in range(2))

    assert first == second


def test_two_turns_share_nothing(shop: Retriever) -> None:
    mine, other = (
        desk(shop, Preference(liked=("tea:8",))),
        desk(shop, Preference(liked=("tea:8",), disliked=("tea:10",))),
    )

    assert "tea:10" in found_ids(call(mine, "cf_scores")[1], "factors")
    assert "tea:10" not in found_ids(call(other, "cf_scores")[1], "factors")


def test_importing_agent_and_tools_loads_nothing_heavy(root: Path) -> None:
    code = (
        "import sys, agent, agent.agent, agent.build, tools\n"
        "print([name for name in ('torch', 'sentence_transformers', 'chromadb', 'gradio', 'fastapi', 'pandas') "
        "if name in sys.modules])"
    )

    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("name", ["agent", "tools", "retrieval", "ui", "eval"])
def test_each_package_is_this_project_s(root: Path, name: str) -> None:
    assert Path(str(importlib.import_module(name).__file__)).is_relative_to(root)
