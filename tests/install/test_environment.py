"""The environment: when it is finished, and how an interrupted installation is gone on with."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from studio.install import environment as module
from studio.install.environment import Environment, forget_halves, locked, only_one, whole
from studio.install.faults import InstallFault
from studio.install.installer import Installer, Way
from studio.install.machine import Card


@pytest.fixture
def home(tmp_path: Path) -> Environment:
    """A studio with small lock files and a real, empty environment that claims to have pip."""
    (tmp_path / ".lock").mkdir()
    for name in ("studio", "test"):
        (tmp_path / ".lock" / f"{name}.txt").write_text("rich==15.0.0\n")
    home = Environment(tmp_path)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(home.folder)], check=True)
    package(home, "pip")
    return home


def package(home: Environment, name: str, text: str = "x = 1\n") -> Path:
    """A small installed package; returns its record."""
    site = home._site()
    record = site / f"{name}-1.0.dist-info"
    record.mkdir()
    (site / f"{name}.py").write_text(text)
    (record / "METADATA").write_text("Name: " + name)
    (record / "INSTALLER").write_text("pip\n")
    (record / "RECORD").write_text(f"{name}.py,sha256=x,{len(text)}\n{record.name}/RECORD,,\n")
    return record


class Steps:
    """Takes the place of pip and uv: remembers the steps, and fails at one if told to."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.done: list[str] = []
        self.fails_at = ""
        monkeypatch.setattr(Installer, "go", lambda _, title, packages, *ways: self.go(title, ways))
        monkeypatch.setattr(Environment, "_try_torch", lambda *_: self.done.append("try torch"))
        monkeypatch.setattr(module, "find_card", lambda: Card("a card of the test", gigabytes=0))

    def go(self, title: str, ways: tuple[Way, ...]) -> None:
        if title == self.fails_at:
            raise InstallFault("the power is gone")
        self.done.append(title)


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> Steps:
    return Steps(monkeypatch)


def test_an_installation_is_ready_only_after_its_last_step(home: Environment, steps: Steps) -> None:
    steps.fails_at = "1 packages"
    with pytest.raises(InstallFault):
        home.prepare(["studio"])
    assert not home.ready("studio")
    steps.fails_at = ""
    home.prepare(["studio"])
    assert home.ready("studio") and not home.ready("test")
    assert steps.done == ["torch 2.13.0", "torch 2.13.0", "1 packages", "try torch"]


def test_what_is_ready_is_not_installed_again(home: Environment, steps: Steps) -> None:
    home.prepare(["studio", "test"])
    steps.done.clear()
    home.prepare(["studio", "test"])
    assert steps.done == []


def test_a_changed_lock_is_noticed(home: Environment, steps: Steps) -> None:
    home.prepare(["studio"])
    (home.root / ".lock" / "studio.txt").write_text("rich==15.0.1\n")
    assert not home.ready("studio")


def test_an_environment_that_was_half_removed_is_made_anew(home: Environment, steps: Steps) -> None:
    (home.folder / "pyvenv.cfg").unlink()  # now its python is the system's, into which nothing may go
    with pytest.raises(StopIteration):  # the steps of this test make no environment
        home.prepare(["studio"])
    assert steps.done == ["environment"]


def test_an_environment_without_a_whole_pip_is_made_anew(home: Environment) -> None:
    assert home._usable()
    (home._site() / "pip.py").write_text("")
    assert not home._usable()


def test_the_studio_can_be_imported_from_everywhere_even_after_a_move(
    home: Environment, steps: Steps, tmp_path: Path
) -> None:
    home.prepare(["studio"])
    (home.root / "studio").mkdir()
    (home.root / "studio" / "__init__.py").write_text("print('found')")
    moved = tmp_path.rename(tmp_path.with_name(tmp_path.name + " moved"))
    python = Environment(moved).python
    told = subprocess.run([python, "-P", "-c", "import studio"], cwd="/", capture_output=True, text=True)
    assert told.stdout == "found\n"
    moved.rename(tmp_path)


def test_too_little_room_is_told_with_figures(
    home: Environment, steps: Steps, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "find_card", lambda: Card("a large card", "auto", 10**9))
    with pytest.raises(InstallFault, match=r"needs about 1000000000 GB, .* has \d+\.\d GB left"):
        home.prepare(["studio"])
    assert steps.done == []


BROKEN = {
    "a file is missing": lambda record: (record.parent / "paint.py").unlink(),
    "a file is cut off": lambda record: (record.parent / "paint.py").write_text("x"),
    "the record is missing": lambda record: (record / "RECORD").unlink(),
    "the record is cut off": lambda record: (record / "RECORD").write_text("paint.py,sha2"),
    "the last file was never written": lambda record: (record / "INSTALLER").unlink(),
    "the metadata are missing": lambda record: (record / "METADATA").unlink(),
}


@pytest.mark.parametrize("fate", BROKEN)
def test_a_half_installed_package_is_installed_again(home: Environment, fate: str) -> None:
    paint, other = package(home, "paint"), package(home, "other")
    assert whole(paint)
    BROKEN[fate](paint)
    forget_halves(home._site())
    assert not paint.exists() and other.exists()


def test_two_starts_do_not_install_at_the_same_time(tmp_path: Path) -> None:
    with only_one(tmp_path / "lock"), (tmp_path / "lock").open("w") as second:
        assert not locked(second)
    with (tmp_path / "lock").open("w") as second:
        assert locked(second)
