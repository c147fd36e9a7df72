"""Whatever dies, the page says what happened and how to go on."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from studio.workspace import Workspace
from tests.browser.conftest import Serve, Visit, workers
from tests.browser.rooms import PATIENCE, bring_pictures, enter, train

pytestmark = pytest.mark.browser


def test_a_training_survives_its_worker_and_the_page(
    serve: Serve, visit: Visit, workspace: Workspace, samples: list[Path]
) -> None:
    server = serve(workspace)
    page = visit(server)
    bring_pictures(page, samples, "Foxes")
    train(page, name="Survivor", dataset="Foxes", steps=2000)
    _wait_until_it_learns(page)
    _kill_worker(workspace)
    expect(page.locator("#train-stage .state")).to_have_text("Broken off")
    expect(page.locator("#train-stage .message")).to_contain_text("ended from outside")
    page.get_by_role("button", name="Resume").click()
    _wait_until_it_learns(page)
    page.close()
    server.kill()
    _kill_worker(workspace)
    page = visit(serve(workspace))
    enter(page, "Train")
    expect(page.locator("#train-stage .state")).to_have_text("Broken off")
    expect(page.locator("#train-stage .message")).to_contain_text(
        "the machine went off while this was running"
    )
    expect(page.get_by_role("button", name="Resume")).to_be_enabled()


def _wait_until_it_learns(page: Page) -> None:
    expect(page.locator("#train-stage .state")).to_have_text("Running", timeout=PATIENCE)
    expect(page.locator("#train-stage .plot")).to_be_visible(timeout=PATIENCE)


def _kill_worker(workspace: Workspace) -> None:
    for pid in workers(workspace):
        os.kill(pid, signal.SIGKILL)
