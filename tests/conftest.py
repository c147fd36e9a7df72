"""What all tests share: small workspaces, the studio as a command, a Chromium, and a quiet machine."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from studio.families._base import Model
from studio.workspace import Workspace

ROOT = Path(__file__).resolve().parent.parent
NO_CHROMIUM = "no Chromium; get one: apt-get install chromium, or python -m playwright install chromium"
QUIET = {
    "OMP_NUM_THREADS": "1",  # several tests run at the same time
    "MKL_NUM_THREADS": "1",
    "HF_HUB_OFFLINE": "1",
    "GRADIO_ANALYTICS_ENABLED": "False",
    "DO_NOT_TRACK": "1",
}
for name, value in QUIET.items():
    os.environ.setdefault(name, value)

Run = Callable[..., subprocess.CompletedProcess[str]]


def pytest_xdist_auto_num_workers() -> int:
    """A worker for each core; every one holds torch in memory, so never more than four."""
    return min(4, os.cpu_count() or 1)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The tests of the page first: their files are the longest, and the short ones fill up the end."""
    items.sort(key=lambda item: item.get_closest_marker("browser") is None)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name the tests of the page that could not run, and say what they need."""
    skipped = terminalreporter.stats.get("skipped", [])
    names = [report.nodeid for report in skipped if "no Chromium" in str(report.longrepr)]
    if names:
        terminalreporter.section("not run: " + NO_CHROMIUM)
        terminalreporter.write_line("\n".join(names))


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """An empty workspace."""
    return Workspace.open(tmp_path / "workspace")


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a tiny Stable Diffusion."""
    from tests.tiny import write_tiny_pipeline

    return write_tiny_pipeline(tmp_path_factory.mktemp("base") / "tiny")


@pytest.fixture
def model(tiny: Path, workspace: Workspace) -> Model:
    """The tiny Stable Diffusion, opened."""
    from studio.models.opening import open_model

    return open_model(str(tiny), workspace)


@pytest.fixture(autouse=True)
def no_workspace_of_the_person(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A test that forgets to name a workspace must not write into the person's own."""
    monkeypatch.setenv("STUDIO_WORKSPACE", str(tmp_path / "workspace"))


@pytest.fixture
def python() -> Run:
    """Run a few lines in a fresh Python, in which nothing is imported yet."""

    def run(code: str, *, timeout: float = 120) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", code]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=timeout)

    return run


@pytest.fixture
def studio() -> Run:
    """Run a command of the studio as a person does: `studio("caption", folder)`."""

    def run(*words: str | Path, timeout: float = 300) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "studio", *map(str, words)]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=timeout)

    return run


@pytest.fixture
def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def chromium() -> Iterator[str]:
    """The path of a Chromium: the system's, or Playwright's own; without one the test is skipped."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
    found = next(filter(None, map(shutil.which, names)), None) or _of_playwright()
    if found is None:
        pytest.skip(NO_CHROMIUM)
    yield found


def _of_playwright() -> str | None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else None
