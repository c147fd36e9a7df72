"""Markup: nothing from outside becomes HTML, and figures are said as people say them."""

from __future__ import annotations

from pathlib import Path

import pytest

from studio.errors import PictureError
from studio.jobs.events import Artifact
from studio.jobs.run import new_run
from studio.jobs.snapshot import JobView
from studio.train.settings import TrainSettings
from studio.ui.desk import Desk
from studio.ui.jobs_panel import job_panel
from studio.ui.markup import HERE, picture_url, size_in_words, time_left
from studio.ui.tabs.caption import refusals
from studio.workspace import Workspace

EVIL = '"><img src=x onerror=alert(1)>'


def test_the_scripts_of_the_workbench_put_only_fixed_text_in_as_html() -> None:
    told = [
        line.strip()
        for name in (
            "bring",
            "deck",
            "grid",
            "brush",
            "regions",
            "editor",
            "batch",
            "doctor",
            "bench",
            "build",
        )
        for line in (HERE / "assets" / f"{name}.js").read_text(encoding="utf-8").splitlines()
        if "innerHTML" in line or "insertAdjacent" in line
    ]
    assert told == ["empty.innerHTML = EMPTY;"]


def test_a_refused_file_name_that_is_html_is_shown_as_text() -> None:
    assert "<img" not in refusals((PictureError(f"{EVIL} is not a picture"),))


def test_a_job_whose_title_and_notes_are_html_are_shown_as_text(workspace: Workspace) -> None:
    run = new_run(workspace, "train", TrainSettings(dataset=EVIL), title=EVIL)
    view = JobView(run, "failed", message=EVIL, artifacts=[Artifact("note", "", {"text": EVIL})])
    html = job_panel(Desk(workspace), view)
    assert "onerror" in html
    assert "<img" not in html


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (None, ""),
        (0.5, "a moment left"),
        (13, "15 seconds left"),
        (130, "2 min left"),
        (9000, "2.5 hours left"),
    ],
)
def test_time_left_is_said_as_people_say_it(seconds: float | None, said: str) -> None:
    assert time_left(seconds) == said


@pytest.mark.parametrize(
    ("count", "said"), [(900, "900 B"), (1_600_000, "1.6 MB"), (4_270_000_000, "4.3 GB")]
)
def test_sizes_are_said_as_people_say_them(count: int, said: str) -> None:
    assert size_in_words(count) == said


def test_a_picture_with_an_odd_name_has_an_address() -> None:
    assert picture_url(Path("/w/a b#c?.png")) == "gradio_api/file=/w/a%20b%23c%3F.png"
