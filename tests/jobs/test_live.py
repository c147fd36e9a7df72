"""What a person notices of live previews: they come at once, the last wish counts, and a job goes first."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from studio.jobs.dispatcher import Dispatcher
from studio.jobs.live import Glimpse, Inbox, LiveRequest, Viewer
from studio.jobs.queue import Queue
from studio.jobs.worker import BUSY, Worker, card
from studio.workspace import Workspace
from tests.jobs.test_queue import ended, submit, until
from tests.jobs.workshop import COMMAND, KINDS, CountSettings


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace.open(tmp_path)


@pytest.fixture
def page(workspace: Workspace) -> Iterator[Dispatcher]:
    dispatcher = Dispatcher(workspace, KINDS, command=COMMAND)
    dispatcher.start()
    until(lambda: dispatcher._leads)
    yield dispatcher
    dispatcher.close()


def line(ticket: int, window: str = "", steps: int = 3) -> str:
    return LiveRequest(ticket, "count", {"steps": steps}, window).to_line()


def test_a_preview_comes_over_the_pipe_and_nothing_is_written(page: Dispatcher, workspace: Workspace) -> None:
    ticket = page.live("count", CountSettings(steps=7))
    until(lambda: page.viewer.glimpse(ticket))
    seen = page.viewer.glimpse(ticket)
    assert seen is not None and seen.jpeg == b"7" and not seen.fault
    assert list(workspace.runs.iterdir()) == []


def test_the_warm_process_does_jobs_and_previews(page: Dispatcher, workspace: Workspace) -> None:
    job = submit(workspace, fate="pid")
    ended(workspace, job)
    ticket = page.live("count", CountSettings(fate="pid"))
    until(lambda: page.viewer.glimpse(ticket))
    seen = page.viewer.glimpse(ticket)
    assert seen is not None and seen.jpeg.decode() == (workspace.runs / job / "pid.txt").read_text()


def test_a_fault_is_a_sentence_and_the_next_preview_comes(page: Dispatcher) -> None:
    wrong = page.live("count", CountSettings(fate="damaged"))
    until(lambda: page.viewer.glimpse(wrong))
    seen = page.viewer.glimpse(wrong)
    assert seen is not None and "cannot be read" in seen.fault and not seen.jpeg
    right = page.live("count", CountSettings())
    until(lambda: page.viewer.glimpse(right))


def test_of_one_window_only_the_last_wish_counts() -> None:
    lines = iter([line(1), line(2), line(3, window="other"), line(4)])
    inbox = Inbox(lines)
    until(lambda: inbox._closed)
    assert [asked.ticket for asked in inbox if isinstance(asked, LiveRequest)] == [4, 3]


def test_a_job_goes_before_previews_and_ends_the_one_in_hand() -> None:
    inbox = Inbox(iter([line(1), "run-1\n"]))
    until(lambda: inbox._closed)
    request = LiveRequest(1, "count", {})
    assert inbox.overtaken(request)
    assert [asked if isinstance(asked, str) else asked.ticket for asked in inbox] == ["run-1", 1]
    assert not inbox.overtaken(request)


def test_a_preview_that_comes_too_late_is_not_shown(workspace: Workspace) -> None:
    shown: list[Glimpse] = []
    worker = Worker(workspace, KINDS, shown.append)
    worker.look(LiveRequest(1, "count", {}), lambda request: True)
    worker.look(LiveRequest(2, "count", {}), lambda request: False)
    assert [glimpse.ticket for glimpse in shown] == [2]


def test_while_another_job_has_the_card_a_preview_says_so(workspace: Workspace) -> None:
    shown: list[Glimpse] = []
    with card(workspace):
        Worker(workspace, KINDS, shown.append).look(LiveRequest(1, "count", {}), lambda request: False)
    assert shown[0].fault == BUSY


def test_a_page_waits_for_what_is_new() -> None:
    viewer = Viewer()
    assert viewer.wait(timeout=0) is None
    viewer.put(Glimpse(run="a", jpeg=b"1"))
    viewer.put(Glimpse(ticket=5, jpeg=b"2"))
    seen = viewer.wait()
    assert seen is not None and (seen.number, seen.ticket) == (2, 5)
    assert viewer.wait(after=2, timeout=0) is None
    assert viewer.of_run("a") == Glimpse(run="a", jpeg=b"1", number=1)
    assert viewer.glimpse(6) is None


def test_glimpses_survive_the_pipe() -> None:
    glimpse = Glimpse(ticket=3, run="r", step=1, steps=9, jpeg=bytes(range(256)), fault="«ü»", window="w")
    assert Glimpse.from_line(glimpse.to_line()) == glimpse


def test_waiting_jobs_can_be_put_in_another_order(workspace: Workspace) -> None:
    queue = Queue(workspace)
    one, two, three = (submit(workspace) for _ in range(3))
    queue.move(three, before=one)
    assert [run.id for run in queue.waiting()] == [three, one, two]
    queue.move(three)
    assert [run.id for run in queue.waiting()] == [one, two, three]
    queue.move(one, before=three)
    assert [run.id for run in queue.waiting()] == [two, one, three]
    queue.stop(two)
    assert [run.id for run in queue.waiting()] == [one, three]
