"""The jobs panel: what became of a job, in words, and the buttons that fit."""

from __future__ import annotations

import pytest

from studio.generate.settings import GenerateSettings
from studio.jobs import processes
from studio.jobs.events import Ended, EventLog, Progress, Started
from studio.train.settings import TrainSettings
from studio.train.wording import PREPARING
from studio.ui.desk import Desk
from studio.ui.jobs_panel import in_words, job_panel, press
from studio.ui.status import status
from studio.workspace import Workspace


@pytest.fixture
def desk(workspace: Workspace) -> Desk:
    return Desk(workspace)


def submit(desk: Desk, title: str = "fox") -> str:
    return desk.submit("train", TrainSettings(dataset="fox"), title).id


def panel(desk: Desk) -> str:
    return job_panel(desk, desk.latest("train"), empty="Nothing yet.")


def begin(desk: Desk, run_id: str) -> EventLog:
    events = EventLog(desk.workspace.runs / run_id)
    events.append(processes.this_process())
    events.append(Progress(30, 120, "Step 30 of 120"))
    return events


def test_without_a_job_the_panel_says_so(desk: Desk) -> None:
    assert "Nothing yet." in panel(desk)


def test_a_waiting_job_says_how_many_are_before_it(desk: Desk) -> None:
    submit(desk, "first")
    submit(desk, "second")
    assert "1 job before it" in panel(desk)
    assert "Take out of the queue" in panel(desk)


def test_a_running_job_can_be_stopped_and_then_ended(desk: Desk) -> None:
    run_id = submit(desk)
    begin(desk, run_id)
    assert "30 of 120" in panel(desk)
    assert ">Stop<" in panel(desk)
    press(desk, {"act": "stop", "run": run_id})
    assert "Stopping after this step" in panel(desk)
    assert ">End now<" in panel(desk)


@pytest.mark.parametrize("outcome", ["stopped", "failed", "died"])
def test_a_job_that_ended_early_says_why_and_can_be_resumed(desk: Desk, outcome: str) -> None:
    run_id = submit(desk)
    begin(desk, run_id).append(Ended(outcome, "The memory was not enough."))  # type: ignore[arg-type]
    desk.queue.remove(run_id)
    assert "The memory was not enough." in panel(desk)
    press(desk, {"act": "resume", "run": run_id})
    assert "About to begin" in panel(desk)


def test_a_process_that_is_gone_is_told_as_broken_off(desk: Desk) -> None:
    run_id = submit(desk)
    EventLog(desk.workspace.runs / run_id).append(Started(pid=2**22 + 1, born=1.0))
    desk.queue.remove(run_id)
    assert "Broken off" in panel(desk)


def test_the_status_bar_has_a_job_in_one_line(desk: Desk) -> None:
    begin(desk, submit(desk))
    view = desk.latest("train")
    assert view is not None
    assert in_words(view).startswith("Training “fox” · 30 of 120")


def test_the_status_bar_tells_of_a_training_that_is_paused(desk: Desk) -> None:
    assert "Nothing is running" in status(desk)
    run_id = submit(desk)
    begin(desk, run_id).append(Ended("paused", ""))
    desk.queue.remove(run_id)
    assert "“fox” is paused · 30 of 120" in status(desk)


def test_the_time_left_counts_what_comes_between_steps(desk: Desk) -> None:
    """Ten steps of a second and ten seconds of samples between them: two seconds a step, not one."""
    run_id = submit(desk)
    events = EventLog(desk.workspace.runs / run_id)
    events.append(processes.this_process())
    for step in range(11):
        events.append(Progress(step, 120, at=1000.0 + step + (10 if step > 5 else 0)))
    view = desk.latest("train")
    assert view is not None
    assert view.seconds_left == pytest.approx(2.0 * (120 - 10))
    assert "4 min left" in in_words(view)


def test_who_waits_behind_a_training_is_told_that_it_can_be_paused(desk: Desk) -> None:
    training = submit(desk)
    begin(desk, training)
    painting = desk.submit("generate", GenerateSettings(prompt="a cat"), "cat").id
    told = "pause the training, and it comes now"
    assert told in job_panel(desk, desk.journal.job(painting), empty="")
    second = submit(desk, "second")
    assert told not in job_panel(desk, desk.journal.job(second), empty="")


def test_the_status_bar_says_that_a_job_is_pausing_and_what_else_is_paused(desk: Desk) -> None:
    training = submit(desk)
    begin(desk, training)
    press(desk, {"act": "pause", "run": training})
    assert "pausing after this step" in status(desk)
    EventLog(desk.workspace.runs / training).append(Ended("paused", ""))
    desk.queue.remove(training)
    begin(desk, desk.submit("generate", GenerateSettings(prompt="a cat"), "cat").id)
    assert "Painting “cat”" in status(desk) and "“fox” is paused · 30 of 120" in status(desk)


def test_what_is_counted_before_the_first_step_is_told_apart(desk: Desk) -> None:
    begin(desk, submit(desk)).append(Progress(4, 24, f"{PREPARING}: painting class pictures"))
    assert "preparing, 4 of 24" in status(desk)
