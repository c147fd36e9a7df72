"""What a person notices of the queue: nothing is lost, whatever is ended and whenever."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from studio.jobs import processes
from studio.jobs.dispatcher import Dispatcher, on_cards
from studio.jobs.events import Ended, EventLog, Started
from studio.jobs.queue import Queue, last_start, running
from studio.jobs.snapshot import JobView, Journal
from studio.jobs.worker import Worker
from studio.ui.serving import farewell
from studio.workspace import Workspace
from tests.jobs.workshop import COMMAND, KINDS, CountSettings

PATIENCE = 60  # seconds; a machine may be busy


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace.open(tmp_path)


@pytest.fixture
def page(workspace: Workspace) -> Iterator[Dispatcher]:
    dispatcher = Dispatcher(workspace, KINDS, command=COMMAND)
    dispatcher.start()
    yield dispatcher
    dispatcher.close()


def until(true: Callable[[], object]) -> None:
    """Wait for a condition; the limit only ends a test that would hang."""
    limit = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < limit, "it never came"
        time.sleep(0.01)


def submit(workspace: Workspace, kind: str = "count", **values: object) -> str:
    return Queue(workspace).submit(kind, CountSettings.parse(values)).id


def ended(workspace: Workspace, run_id: str) -> JobView:
    journal = Journal(workspace)
    until(lambda: journal.job(run_id).state not in ("waiting", "running"))
    return journal.job(run_id)


def test_a_job_runs_and_says_what_came_of_it(workspace: Workspace, page: Dispatcher) -> None:
    job = ended(workspace, submit(workspace))
    assert (job.state, job.message, job.fraction) == ("done", "Counted to 3.", 1.0)


def test_jobs_run_in_the_order_in_which_they_were_asked_for(workspace: Workspace, page: Dispatcher) -> None:
    asked = [submit(workspace, kind) for kind in ("count", "alone", "count", "alone")]
    jobs = [ended(workspace, run_id) for run_id in asked]
    finished = [job.ended_at for job in jobs]
    assert finished == sorted(finished, key=lambda at: at or 0)
    assert {job.state for job in jobs} == {"done"}


def test_short_jobs_share_a_warm_process_and_a_training_has_its_own(
    workspace: Workspace, page: Dispatcher
) -> None:
    asked = [submit(workspace, kind, fate="pid") for kind in ("count", "count", "alone")]
    for run_id in asked:
        ended(workspace, run_id)
    first, second, third = [(workspace.runs / run_id / "pid.txt").read_text() for run_id in asked]
    assert first == second != third


def test_stop_keeps_what_is_done_and_resume_goes_on_from_there(
    workspace: Workspace, page: Dispatcher
) -> None:
    run_id = submit(workspace, steps=400, fate="waits")
    counted = workspace.runs / run_id / "count.txt"
    until(counted.exists)
    page.queue.stop(run_id)
    job = ended(workspace, run_id)
    reached = int(counted.read_text())
    assert job.state == "stopped" and job.can_resume and reached < 400
    page.queue.resume(run_id)
    assert ended(workspace, run_id).state == "done"
    steps = [event.step for event in EventLog(workspace.runs / run_id).since()[0] if event.kind == "progress"]
    assert steps == sorted(set(steps)), "no step was done twice"


def test_a_paused_job_leaves_the_card_and_goes_on_when_resumed(
    workspace: Workspace, page: Dispatcher
) -> None:
    run_id = submit(workspace, steps=400, fate="waits")
    until(lambda: Journal(workspace).job(run_id).step)
    page.queue.pause(run_id)
    job = ended(workspace, run_id)
    assert job.state == "paused" and job.can_resume and job.step < 400
    assert not (workspace.runs / run_id / "pause").exists()
    short = submit(workspace)
    assert ended(workspace, short).state == "done"


def test_several_cards_are_given_a_process_each() -> None:
    assert on_cards(("python", "-m", "studio", "work"), 1) == ["python", "-m", "studio", "work"]
    launched = " ".join(on_cards(("python", "-m", "studio", "work"), 2))
    assert launched.startswith("python -m accelerate.commands.launch ")
    assert "--num_processes 2 " in launched and launched.endswith("-m studio work")


def test_requests_reach_only_a_job_that_runs(workspace: Workspace) -> None:
    queue = Queue(workspace)
    run_id = submit(workspace)
    assert not queue.sample_now(run_id) and not queue.save_now(run_id)
    queue.pause(run_id)
    assert Journal(workspace).job(run_id).state == "paused"
    assert not queue.holds(run_id)


def test_a_second_stop_ends_the_process(workspace: Workspace, page: Dispatcher) -> None:
    run_id = submit(workspace, steps=2, fate="sticks")
    folder = workspace.runs / run_id
    until((folder / "count.txt").exists)
    started = last_start(folder)
    assert started is not None
    (folder / "stop").touch()  # as the first Stop does; the second comes before the next step
    page.queue.stop(run_id)
    job = ended(workspace, run_id)
    assert job.state == "stopped" and not processes.alive(started)


def test_a_waiting_job_is_taken_from_the_queue(workspace: Workspace) -> None:
    run_id = submit(workspace)
    queue = Queue(workspace)
    queue.stop(run_id)
    assert not queue.holds(run_id)
    assert Journal(workspace).job(run_id).state == "stopped"


@pytest.mark.parametrize("kind", ["count", "alone"])
def test_a_worker_that_is_killed_is_reported_and_the_next_job_runs(
    workspace: Workspace, page: Dispatcher, kind: str
) -> None:
    if sys.platform == "win32":
        pytest.skip("SIGKILL is a thing of POSIX")
    lost, next_one = submit(workspace, kind, fate="crash"), submit(workspace, kind)
    job = ended(workspace, lost)
    assert job.state == "died" and "memory" in job.message and job.can_resume
    assert ended(workspace, next_one).state == "done"


def test_a_known_fault_is_told_in_its_own_words(workspace: Workspace, page: Dispatcher) -> None:
    job = ended(workspace, submit(workspace, fate="picture"))
    assert (job.state, job.message) == ("failed", "The picture cat.png cannot be read. Save it again.")


def test_an_unknown_fault_stays_in_the_log(workspace: Workspace, page: Dispatcher) -> None:
    job = ended(workspace, submit(workspace, fate="fault"))
    assert job.state == "failed"
    assert "secret" not in job.message and "Traceback" not in job.message
    logged = (workspace.runs / job.run.id / "log.txt").read_text()
    assert "Traceback" in logged and "a secret of the inside" in logged


def test_a_job_of_an_unknown_kind_does_not_block_the_queue(workspace: Workspace, page: Dispatcher) -> None:
    foreign, ours = submit(workspace, "sculpt"), submit(workspace)
    assert "sculpt" in ended(workspace, foreign).message
    assert ended(workspace, ours).state == "done"


def test_the_queue_survives_the_end_of_the_page(workspace: Workspace) -> None:
    asked = [submit(workspace), submit(workspace)]
    assert [run.id for run in Queue(workspace).waiting()] == asked
    page = Dispatcher(workspace, KINDS, command=COMMAND)
    page.start()
    assert [ended(workspace, run_id).state for run_id in asked] == ["done", "done"]
    page.close()


def test_a_page_that_comes_back_adopts_the_job_that_runs_on(workspace: Workspace) -> None:
    first = Dispatcher(workspace, KINDS, command=COMMAND)
    first.start()
    run_id = submit(workspace, "alone", steps=100_000, fate="waits")
    until(lambda: running(workspace.runs / run_id))
    waits = submit(workspace)
    first.close()
    told = farewell(first.queue)
    assert first.queue.read(run_id).title in told and told.endswith("open again: 1.")
    first.queue.remove(waits)
    second = Dispatcher(workspace, KINDS, command=COMMAND)
    second.start()
    assert Journal(workspace).job(run_id).state == "running"
    second.queue.stop(run_id)
    assert ended(workspace, run_id).state == "stopped"
    second.close()
    assert farewell(second.queue) == ""


def test_a_job_cut_off_by_a_power_cut_says_so_and_can_be_resumed(workspace: Workspace) -> None:
    run_id = submit(workspace, steps=100_000, fate="waits")
    command = [*COMMAND, "--workspace", str(workspace.root), run_id]
    with subprocess.Popen(command) as worker:
        until(lambda: (workspace.runs / run_id / "count.txt").exists() and running(workspace.runs / run_id))
        worker.kill()
    page = Dispatcher(workspace, KINDS, command=COMMAND)
    page.start()
    job = ended(workspace, run_id)
    assert job.state == "died" and "Resume" in job.message
    assert int((workspace.runs / run_id / "count.txt").read_text()) > 0
    page.close()


def test_a_job_seen_between_its_end_and_its_leaving_the_queue_does_not_wait_for_ever(
    workspace: Workspace,
) -> None:
    run_id, journal = submit(workspace), Journal(workspace)
    EventLog(workspace.runs / run_id).append(Ended("died", "The machine went off."))
    assert journal.job(run_id).state == "waiting"
    Queue(workspace).remove(run_id)
    assert journal.job(run_id).state == "died"


def test_a_process_number_used_again_is_not_taken_for_the_worker() -> None:
    own = psutil.Process()
    assert processes.alive(Started(own.pid, own.create_time()))
    assert not processes.alive(Started(own.pid, own.create_time() - 1000))


def test_two_pages_on_one_workspace_do_each_job_once(workspace: Workspace, page: Dispatcher) -> None:
    second = Dispatcher(workspace, KINDS, command=COMMAND)
    second.start()
    asked = [submit(workspace) for _ in range(3)]
    for run_id in asked:
        assert ended(workspace, run_id).state == "done"
        events = EventLog(workspace.runs / run_id).since()[0]
        assert sum(isinstance(event, Ended) for event in events) == 1
    second.close()


@pytest.mark.parametrize("run_id", ["../outside", "", "nothing", "a/b", ".hidden"])
def test_an_id_is_never_followed_as_a_path(workspace: Workspace, run_id: str) -> None:
    from studio.errors import StudioError

    with pytest.raises(StudioError):
        Queue(workspace).read(run_id)


def test_a_damaged_record_leaves_the_queue_and_the_rest_goes_on(workspace: Workspace) -> None:
    broken, whole = submit(workspace), submit(workspace)
    (workspace.runs / broken / "run.json").write_text("{")
    assert [run.id for run in Queue(workspace).waiting()] == [whole]


def test_what_a_newer_version_tells_beside_is_passed_over(workspace: Workspace) -> None:
    folder = workspace.runs / "newer"
    folder.mkdir(parents=True)
    line = {"kind": "ended", "outcome": "done", "message": "Done.", "colour": "green"}
    (folder / "events.jsonl").write_text(json.dumps(line) + "\n")
    (event,) = EventLog(folder).since()[0]
    assert isinstance(event, Ended)
    assert event.outcome == "done"


def test_a_line_torn_by_a_power_cut_is_passed_over(workspace: Workspace) -> None:
    run_id = submit(workspace)
    run = Queue(workspace).read(run_id)
    log = EventLog(workspace.runs / run_id)
    Worker(workspace, KINDS).work(run)
    whole = log.since()[0]
    with log.path.open("a") as file:
        file.write('{"kind": "progress", "st')
    assert log.since()[0] == whole
    with log.path.open("a") as file:
        file.write("\n")
    log.append(Ended("done", "again"))
    assert [*whole, log.since()[0][-1]] == log.since()[0]


def test_ctrl_c_at_the_page_does_not_reach_the_training(workspace: Workspace, page: Dispatcher) -> None:
    if sys.platform == "win32":
        pytest.skip("process groups are a thing of POSIX")
    run_id = submit(workspace, "alone", steps=100_000, fate="waits")
    until(lambda: running(workspace.runs / run_id))
    started = last_start(workspace.runs / run_id)
    assert started is not None and os.getpgid(started.pid) != os.getpgid(os.getpid())
    os.kill(started.pid, signal.SIGKILL)
    assert ended(workspace, run_id).state == "died"
