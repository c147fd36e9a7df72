"""Which torch build a machine gets."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from studio.install import machine
from studio.install.environment import TORCH, torch_ways
from studio.install.installer import Installer
from studio.install.machine import Card, find_card

NVIDIA = [
    (["NVIDIA GeForce RTX 3060, 8.6"], "NVIDIA GeForce RTX 3060", "auto"),
    (["NVIDIA GeForce RTX 2080 Ti, 7.5"], "NVIDIA GeForce RTX 2080 Ti", "auto"),
    (["NVIDIA GeForce GTX 1080 Ti, 6.1"], "NVIDIA GeForce GTX 1080 Ti", "cu126"),
    (["Tesla P100, PCIe, 6.0", "NVIDIA RTX A6000, 8.6"], "NVIDIA RTX A6000", "auto"),
    (["NVIDIA GeForce RTX 5090, 12.0", "NVIDIA A100, 8.0"], "NVIDIA GeForce RTX 5090", "auto"),
]


@pytest.mark.parametrize(("lines", "title", "backend"), NVIDIA)
def test_an_nvidia_card_gets_a_build_that_knows_it(
    monkeypatch: pytest.MonkeyPatch, lines: list[str], title: str, backend: str
) -> None:
    monkeypatch.setattr(machine, "ask", lambda *command: lines)
    assert (find_card().title, find_card().backend) == (title, backend)


def test_an_old_driver_that_does_not_know_the_question_still_means_nvidia(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(machine, "ask", lambda *words: ["GPU 0: Quadro"] if words[1] == "-L" else [])
    assert find_card().backend == "auto"


@pytest.mark.skipif(sys.platform != "linux", reason="ROCm is found by its folder on Linux")
def test_rocm_means_amd(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "ask", lambda *command: [])
    monkeypatch.setattr(machine.shutil, "which", lambda name: name if name == "rocm-smi" else None)
    assert find_card() == Card("an AMD card", "auto", 20)


def test_without_any_tool_of_a_card_the_index_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "ask", lambda *command: [])
    monkeypatch.setattr(machine.shutil, "which", lambda name: None)
    monkeypatch.setattr(machine.Path, "exists", lambda path: False)
    assert find_card().backend == ""


def test_without_a_card_plain_pip_is_tried_first(tmp_path: Path) -> None:
    first, second = torch_ways(
        Installer(tmp_path / "python", tmp_path / "log"), Card("none"), tmp_path / "lock"
    )
    assert first[0][1:5] == ["-m", "pip", "install", TORCH]
    assert "--torch-backend=cpu" in second[-1]


def test_with_a_card_its_own_build_is_tried_first(tmp_path: Path) -> None:
    card = Card("NVIDIA GeForce GTX 1080 Ti", "cu126", 12)
    first, second = torch_ways(Installer(tmp_path / "python", tmp_path / "log"), card, tmp_path / "lock")
    assert "--torch-backend=cu126" in first[-1]
    assert second[0][1:5] == ["-m", "pip", "install", TORCH]


def test_a_missing_program_says_nothing() -> None:
    assert machine.ask("no-such-program-anywhere") == []
    assert machine.ask(sys.executable, "-c", "print('one'); raise SystemExit(3)") == []
    assert machine.ask(sys.executable, "-c", "print('one')") == ["one"]
