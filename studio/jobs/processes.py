"""Processes: recognising one again after a restart, and ending it with its children."""

from __future__ import annotations

import os

import psutil

from studio.jobs.events import Started


def this_process() -> Started:
    """The event with which the running process takes a job."""
    return Started(os.getpid(), psutil.Process().create_time())


def alive(started: Started) -> bool:
    """Whether the process that took a job still runs; a reused pid does not count."""
    try:
        process = psutil.Process(started.pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return False
        return abs(process.create_time() - started.born) < 2
    except psutil.Error:
        return False


def end(started: Started) -> None:
    """End the process that took a job, and all its children, at once."""
    if not alive(started):
        return
    process = psutil.Process(started.pid)
    for one in (*process.children(recursive=True), process):
        try:
            one.kill()
        except psutil.Error:
            continue


def last_words(returncode: int | None) -> str:
    """What became of a process that ended without saying so, in a sentence."""
    if returncode is not None and returncode in (-9, 137):
        return (
            "The process was ended from outside, most often by the system because memory ran out. "
            "Try a smaller batch or resolution, or close other programs; then press Resume."
        )
    if returncode is not None and returncode < 0:
        return f"The process crashed (signal {-returncode}). Press Resume to go on from the last checkpoint."
    return "The studio was closed or the machine went off while this was running. Press Resume to go on."
