"""Plug-ins: a file in the folder is all that it takes."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from studio.errors import SettingsError
from studio.registry import Registry

MODULE = """
class Brush:
    name = {name!r}
    order = {order}
    available = {name!r} != "worn"
ENTRY = Brush()
"""


def folder_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, package: str, **brushes: str) -> None:
    folder = tmp_path / package
    folder.mkdir()
    (folder / "__init__.py").touch()
    (folder / "_shared.py").write_text("not python at all, and never opened")
    for position, (module, name) in enumerate(brushes.items()):
        (folder / f"{module}.py").write_text(MODULE.format(name=name, order=-position))
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, package, raising=False)


def test_a_file_in_the_folder_is_found_and_comes_in_its_own_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder_of(tmp_path, monkeypatch, "brushes_a", first="round", second="flat")
    registry: Registry[object] = Registry("brushes_a", "brush")  # type: ignore[type-var]
    assert registry.names() == ["flat", "round"]


def test_two_plug_ins_of_one_name_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder_of(tmp_path, monkeypatch, "brushes_b", first="round", second="round")
    with pytest.raises(TypeError, match="two plug-ins call themselves “round”"):
        Registry("brushes_b", "brush").names()


def test_an_unknown_name_is_answered_with_the_choices(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder_of(tmp_path, monkeypatch, "brushes_c", first="round", second="flat")
    with pytest.raises(SettingsError, match="no brush called “fan”. Choose one of: flat, round"):
        Registry("brushes_c", "brush").get("fan")


def test_what_is_not_available_here_is_not_offered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder_of(tmp_path, monkeypatch, "brushes_d", first="round", second="worn")
    registry: Registry[object] = Registry("brushes_d", "brush")  # type: ignore[type-var]
    assert registry.names() == ["round"]
    with pytest.raises(SettingsError, match="no brush called “worn”"):
        registry.get("worn")
