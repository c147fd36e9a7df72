"""The jobs panel: how far a job is, what became of it, and the buttons to stop it or go on."""

from __future__ import annotations

from typing import Any

import gradio as gr

from studio.jobs.requests import PAUSE, SAMPLE_NOW, SAVE_NOW, STOP
from studio.jobs.snapshot import JobView
from studio.train.wording import PREPARING
from studio.ui.desk import Desk
from studio.ui.faults import kindly
from studio.ui.markup import render, time_left

VERBS = {"caption": "Captioning", "examine": "Comparing", "train": "Training", "generate": "Painting"}
STATES = {
    "waiting": "Waiting for its turn",
    "running": "Running",
    "stopping": "Stopping after this step",
    "pausing": "Pausing after this step",
    "done": "Done",
    "stopped": "Stopped",
    "paused": "Paused",
    "failed": "Did not work",
    "died": "Broken off",
}
SOON = {
    frozenset({SAMPLE_NOW}): "Running, samples after this step",
    frozenset({SAVE_NOW}): "Running, a checkpoint after this step",
    frozenset({SAMPLE_NOW, SAVE_NOW}): "Running, samples and a checkpoint after this step",
}


def job_panel(desk: Desk, view: JobView | None, *, empty: str = "") -> str:
    """A job as HTML; `empty` is what is said when there is none."""
    if view is None:
        return render("job", job=None, empty=empty)
    return render("job", job=facts(desk, view), behind=behind(desk, view), empty=empty)


def facts(desk: Desk, view: JobView) -> dict[str, Any]:
    """What a template shows of a job, in words."""
    asked = desk.asked(view)
    state = "stopping" if STOP in asked else "pausing" if PAUSE in asked else view.state
    return {
        "id": view.run.id,
        "title": view.run.title,
        "training": view.run.kind == "train",
        "kind": VERBS.get(view.run.kind, view.run.kind.capitalize()),
        "state": state,
        "words": _ahead(desk, view) if state == "waiting" else SOON.get(asked, STATES[state]),
        "asked": asked,
        "percent": round(view.fraction * 1000) / 10,
        "steps": f"{view.step} of {view.total}" if view.total else "",
        "left": _left(view) if state == "running" else "",
        "message": "" if view.message == f"Step {view.step} of {view.total}" else view.message,
        "again": _again(view),
        "live": state in ("waiting", "running", "stopping", "pausing"),
        "notes": list(
            dict.fromkeys(str(a.facts.get("text", "")) for a in view.artifacts if a.what == "note")
        ),
    }


def behind(desk: Desk, view: JobView | None) -> list[dict[str, Any]]:
    """The jobs of the same kind that wait beside the one that is shown, or run."""
    if view is None:
        return []
    waiting = [job for job in desk.journal.queued() if job.run.kind == view.run.kind]
    return [
        {"id": job.run.id, "title": job.run.title, "running": job.state == "running"}
        for job in waiting
        if job.run.id != view.run.id
    ]


def _again(view: JobView) -> str:
    """What the button says that queues an ended job once more; empty where there is nothing to go on with."""
    if not view.can_resume:
        return ""
    return "Resume" if view.step else "Try again" if view.began else "Queue it again"


def _left(view: JobView) -> str:
    """At the last step the time is no longer known from the steps: samples may still be painted."""
    if view.total and view.step == view.total:
        return "finishing"
    return time_left(view.seconds_left)


def in_words(view: JobView) -> str:
    """A job in one line, for the status bar."""
    what = f"{VERBS.get(view.run.kind, view.run.kind)} “{view.run.title}”"
    if view.state != "running" or not view.total:
        return what
    before = view.message.startswith(PREPARING)  # what is counted then are not yet its steps
    counted = f"{'preparing, ' if before else ''}{view.step} of {view.total}"
    return " · ".join(part for part in (what, counted, _left(view)) if part)


def act_on_jobs(desk: Desk, widget: gr.HTML) -> None:
    """Let the panel's buttons stop and resume jobs."""

    @kindly
    def act(event: gr.EventData) -> None:
        press(desk, event._data)

    widget.act(act, None, None, trigger_mode="multiple", show_progress="hidden", api_visibility="private")


def press(desk: Desk, data: dict[str, Any]) -> None:
    """Do what a button of the panel says."""
    if data.get("act") == "stop":
        desk.queue.stop(str(data["run"]))
    elif data.get("act") == "resume":
        desk.queue.resume(str(data["run"]))
    elif data.get("act") == "pause":
        desk.queue.pause(str(data["run"]))
    elif data.get("act") == "sample":
        desk.queue.sample_now(str(data["run"]))
    elif data.get("act") == "save":
        desk.queue.save_now(str(data["run"]))


def _ahead(desk: Desk, view: JobView) -> str:
    before = 0
    for run in desk.queue.waiting():
        if run.id == view.run.id:
            break
        before += 1
    if not before:
        return "About to begin"
    told = f"Waiting for its turn, {before} job{'s' if before > 1 else ''} before it"
    training = desk.present("train")
    pausable = training is not None and training.state == "running" and view.run.kind != "train"
    return f"{told}; pause the training, and it comes now" if pausable else told
