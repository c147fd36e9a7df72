"""launch.py: what it refuses, what it passes on, and that a second start goes straight to the page."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import launch
from studio.install.environment import Environment
from studio.install.faults import InstallFault
from tests.conftest import Run

UNSUITABLE = ["(3, 6, 15)", "(3, 10, 13)", "(3, 14, 0)"]


@pytest.mark.parametrize("version", UNSUITABLE)
def test_an_unsuitable_python_gets_one_sentence(python: Run, version: str) -> None:
    told = python(
        f"import runpy, sys; sys.version_info = {version}; sys.version = '3.x.y (main)'; "
        "runpy.run_path('launch.py', run_name='__main__')"
    )
    assert told.returncode == 1
    assert told.stderr.startswith("LoRA Studio needs Python 3.11, 3.12 or 3.13, and this is Python 3.x.y.")
    assert "Traceback" not in told.stderr


def test_it_needs_nothing_but_python(python: Run) -> None:
    told = python(
        "import launch, sys; loaded = {name.partition('.')[0] for name in sys.modules}; "
        "print(sorted(loaded - sys.stdlib_module_names - {'launch', 'studio', '__mp_main__'}))",
    )
    first_party = [name for name in eval(told.stdout) if not name.startswith("_")]
    assert first_party == []


COMMANDS = [
    ([], ["ui"]),
    (["--no-browser", "--port", "8000"], ["ui", "--no-browser", "--port", "8000"]),
    (["--listen", "--auth", "ann:secret"], ["ui", "--listen", "--auth", "ann:secret"]),
    (["--window"], ["ui", "--window"]),
    (["--reinstall", "demo"], ["demo"]),
    (["train", "--dataset", "fox", "--port"], ["train", "--dataset", "fox", "--port"]),
    (["generate", "a fox", "--help"], ["generate", "a fox", "--help"]),
    (["test", "-k", "launch"], ["test", "-k", "launch"]),
]


@pytest.mark.parametrize(("typed", "meant"), COMMANDS)
def test_options_of_the_page_and_other_commands_are_passed_on(typed: list[str], meant: list[str]) -> None:
    assert launch.read_options(typed)[1] == meant


@pytest.mark.parametrize("auth", [[], ["--auth", "ann"], ["--auth", "ann:"], ["--auth", ":secret"]])
def test_nobody_is_let_in_without_a_password(auth: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        launch.read_options(["--listen", *auth])
    assert ended.value.code == 2
    assert "needs --auth user:password" in capsys.readouterr().err


class Started(Exception):
    pass


@pytest.fixture
def became(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The command line of what launch.py became."""
    words: list[str] = []

    def start(python: Path, command: list[str]) -> None:
        words.extend(command)
        raise Started

    monkeypatch.setattr(os, "execv", start)
    monkeypatch.setenv("STUDIO_COMMAND", "")
    return words


@pytest.mark.skipif(os.name == "nt", reason="Windows cannot become another program")
def test_the_second_start_goes_straight_to_the_page(
    monkeypatch: pytest.MonkeyPatch, became: list[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(Environment, "ready", lambda self, name: name == "studio")
    monkeypatch.setattr(Environment, "prepare", lambda *_, **__: pytest.fail("it installed again"))
    with pytest.raises(Started):
        launch.main(["--no-browser", "--workspace", str(tmp_path / "art")])
    assert became[1:] == ["-P", "-m", "studio", "ui", "--no-browser"]
    assert os.environ["STUDIO_WORKSPACE"] == str(tmp_path / "art")


@pytest.mark.skipif(os.name == "nt", reason="Windows cannot become another program")
def test_the_tests_bring_what_they_need(monkeypatch: pytest.MonkeyPatch, became: list[str]) -> None:
    asked: list[list[str]] = []
    monkeypatch.chdir(Path.cwd())
    monkeypatch.setattr(Environment, "ready", lambda self, name: name == "studio")
    monkeypatch.setattr(Environment, "prepare", lambda self, names, *, anew: asked.append(names))
    with pytest.raises(Started):
        launch.main(["test", "-x"])
    assert asked == [["studio", "test"]]
    assert became[1:3] == ["-m", "pytest"] and became[-1] == "-x"


ENDINGS = [
    (InstallFault("The disk is full."), "The disk is full."),
    (OSError(28, "No space left on device"), "The disk is full."),
    (PermissionError(13, "Permission denied", ".venv"), "does not let the studio write"),
]


@pytest.mark.parametrize(("fault", "told"), ENDINGS)
def test_a_failed_installation_ends_with_one_sentence(
    monkeypatch: pytest.MonkeyPatch, fault: Exception, told: str
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise fault

    monkeypatch.setattr(Environment, "prepare", fail)
    with pytest.raises(SystemExit) as ended:
        launch.install(Environment(launch.ROOT), ["studio"], anew=False)
    assert told in str(ended.value.code)


def test_ctrl_c_while_installing_is_no_fault(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Environment, "prepare", interrupted)
    with pytest.raises(SystemExit) as ended:
        launch.install(Environment(launch.ROOT), ["studio"], anew=False)
    assert ended.value.code == 130
    assert "goes on from here" in capsys.readouterr().err
