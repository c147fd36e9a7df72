"""A real server on a workspace of its own, and a browser that notices what must not happen."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, expect, sync_playwright

from studio.workspace import Workspace
from tests.conftest import ROOT

PATIENCE = 240_000  # milliseconds for what a model has to do on a busy machine
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
LEAVING = ("AbortError", "Connection errored out", "Failed to fetch")
expect.set_options(timeout=30_000)


@dataclass
class Server:
    """`studio ui` in a process of its own."""

    process: subprocess.Popen[str]
    address: str
    workspace: Workspace

    def stop(self) -> None:
        """End it as Ctrl+C does."""
        self.process.send_signal(signal.SIGINT)
        self.process.wait(timeout=60)

    def kill(self) -> None:
        """End it as a power cut does."""
        self.process.kill()
        self.process.wait(timeout=60)


Serve = Callable[[Workspace], Server]


@pytest.fixture(scope="module")
def serve() -> Iterator[Serve]:
    """Start the studio on a workspace; everything that was started is ended after the test."""
    started: list[Server] = []

    def start(workspace: Workspace) -> Server:
        command = [sys.executable, "-m", "studio", "ui", "--no-browser", "--workspace", str(workspace.root)]
        log = (workspace.root / "server.log").open("a")
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=log, text=True)
        assert process.stdout is not None
        line = process.stdout.readline()
        assert "http://127.0.0.1:" in line, (workspace.root / "server.log").read_text()
        server = Server(process, "http://" + line.partition("http://")[2].split()[0], workspace)
        started.append(server)
        return server

    yield start
    for server in started:
        for pid in workers(server.workspace):
            os.kill(pid, signal.SIGKILL)
        if server.process.poll() is None:
            server.kill()


def workers(workspace: Workspace) -> list[int]:
    """The worker processes of a workspace; they outlive the page by design."""
    found = []
    for process in psutil.process_iter(["cmdline"]):
        words = process.info["cmdline"] or []
        if "work" in words and str(workspace.root) in words:
            found.append(process.pid)
    return found


@pytest.fixture(scope="module")
def server(serve: Serve, tmp_path_factory: pytest.TempPathFactory) -> Server:
    """The studio on a workspace that the tests of a file share, for a start takes seconds."""
    return serve(Workspace.open(tmp_path_factory.mktemp("studio") / "workspace"))


@pytest.fixture(scope="session")
def browser(chromium: str) -> Iterator[Browser]:
    """One Chromium for all tests."""
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        yield found
        found.close()


@dataclass
class Watch:
    """What a page did that it must not do."""

    home: str
    faults: list[str] = field(default_factory=list)

    def on_console(self, message: ConsoleMessage) -> None:
        """Errors that the browser reports; a request that is cut off by a reload is none."""
        if message.type == "error" and not any(sign in message.text for sign in LEAVING):
            self.faults.append(f"console: {message.text}")

    def on_request(self, request: Request) -> None:
        """Requests to any other host."""
        if not request.url.startswith((self.home, "data:", "blob:")):
            self.faults.append(f"request to {request.url}")


Visit = Callable[..., Page]


@pytest.fixture
def visit(browser: Browser) -> Iterator[Visit]:
    """Open the studio in a window; after the test nothing must have gone wrong in it."""
    opened: list[tuple[Page, Watch]] = []

    def open_page(server: Server, *, width: int = 1280, height: int = 900, **options: object) -> Page:
        context = browser.new_context(viewport={"width": width, "height": height}, **options)  # type: ignore[arg-type]
        page = context.new_page()
        watch = Watch(server.address)
        page.on("console", watch.on_console)
        page.on("pageerror", lambda error: watch.faults.append(f"page error: {error}"))
        page.on("request", watch.on_request)
        page.goto(server.address)
        expect(page.locator("#status .status")).to_be_visible()
        opened.append((page, watch))
        return page

    yield open_page
    for page, watch in opened:
        text = "" if page.is_closed() else page.content()
        page.context.close()
        assert watch.faults == []
        assert "Traceback" not in text


@pytest.fixture
def samples() -> list[Path]:
    """The eight sample pictures of the subject."""
    return sorted((ROOT / "assets" / "demo" / "subject").glob("*.png"))
