"""The lock files fit the project, and no machine's own addresses are in them."""

from __future__ import annotations

import re
import tomllib

import pytest
from packaging.requirements import Requirement

from launch import ROOT
from studio.install.environment import TORCH

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
TEXTS = {name: (ROOT / ".lock" / f"{name}.txt").read_text(encoding="utf-8") for name in ("studio", "test")}


def versions(text: str) -> dict[str, str]:
    found = re.findall(r"^([\w.-]+)==(\S+)", text, re.MULTILINE)
    return {plain(name): version for name, version in found}


def plain(name: str) -> str:
    return name.lower().replace("_", "-")


def test_they_hold_what_the_project_asks_for() -> None:
    locked = versions(TEXTS["test"])
    asked = [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["test"]]
    for requirement in map(Requirement, asked):
        if requirement.name != "torch":  # launch.py chooses its build
            assert requirement.specifier.contains(locked[plain(requirement.name)]), requirement
    assert TORCH in asked


def test_the_tests_run_on_what_the_studio_runs_on() -> None:
    assert versions(TEXTS["studio"]).items() <= versions(TEXTS["test"]).items()


@pytest.mark.parametrize("name", TEXTS)
def test_they_hold_exact_versions_and_nothing_else(name: str) -> None:
    text = TEXTS[name]
    assert not re.search(r"://|^--|^torch==|^nvidia-cu", text, re.MULTILINE)
    assert len(versions(text)) == len(text.splitlines())
