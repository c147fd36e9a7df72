"""Serving: a free port, the line that says where the page is, and opening it."""

from __future__ import annotations

import socket
import threading
import webbrowser
from collections.abc import Callable

from studio.errors import StudioError
from studio.jobs.queue import Queue

FIRST, LAST = 7860, 7960


def on_free_port(wanted: int | None, start: Callable[[int], None]) -> None:
    """Start a server on the wanted port, or on the first that is free; raises `StudioError` like `free_port`.

    `start` raises `OSError` if another program took the port in the meantime, as a second studio does
    that is opened at the same moment; then the next one is tried.
    """
    first = FIRST
    while True:
        port = free_port(wanted, first)
        try:
            return start(port)
        except OSError:
            if _free(port):  # it was not about the port: a file is missing, the disk is full
                raise
        first = port + 1


def free_port(wanted: int | None = None, first: int = FIRST) -> int:
    """The wanted port, or the first free one from `first` on; raises `StudioError` if it is taken."""
    if wanted is not None:
        if not _free(wanted):
            raise StudioError(
                f"Port {wanted} is in use by another program", remedy="Leave --port out, or give another one."
            )
        return wanted
    for port in range(first, LAST):
        if _free(port):
            return port
    raise StudioError(f"No port between {FIRST} and {LAST} is free", remedy="Give one with --port.")


def _free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def announce(address: str) -> str:
    """Say where the page is, in one line; returns the address for this machine's browser."""
    here = address.replace("0.0.0.0", "127.0.0.1")
    print(f"LoRA Studio is open at {here} (Ctrl+C closes it)", flush=True)
    return here


def farewell(queue: Queue) -> str:
    """What goes on, or waits, when the page is closed; empty where nothing does."""
    run, waiting = queue.in_hand(), len(list(queue.waiting()))
    told = []
    if run is not None:
        told.append(f"“{run.title}” goes on without the page. To pause or stop it, open the studio again.")
        waiting -= 1
    if waiting:
        told.append(f"In the queue, until the studio is open again: {waiting}.")
    return "\n".join(told)


def show(address: str, *, browser: bool, window: bool) -> None:
    """Show the page in a window of its own where that is installed, or in the browser.

    The server answers already. Returns when the window is closed; without one, only Ctrl+C ends it.
    """
    if window and _window(address):
        return
    if browser or window:
        webbrowser.open(address)
    forever = threading.Event()
    while not forever.wait(1):  # a wait without end would not hear Ctrl+C on Windows
        continue


def _window(address: str) -> bool:
    try:
        import webview
    except ImportError:
        print("A window of its own needs pywebview (pip install pywebview); the browser opens instead.")
        return False
    webview.create_window("LoRA Studio", address, width=1320, height=900, min_size=(400, 600))
    webview.start()
    return True
