"""Answers that take longer than a look at the page may: worked out in a thread, and kept."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from studio.ui.faults import answer_or_fault

Answer = TypeVar("Answer")
KEPT = 64


class Later(Generic[Answer]):
    """Works out one answer at a time; of questions that come meanwhile only the newest is heard.

    A fault is an answer too: its sentence, made by `failed`.
    """

    def __init__(self, failed: Callable[[str], Answer]) -> None:
        self._failed, self._lock = failed, threading.Lock()
        self._known: OrderedDict[Hashable, Answer] = OrderedDict()
        self._next: tuple[Hashable, Callable[[], Answer]] | None = None
        self._thread: threading.Thread | None = None

    def get(self, key: Hashable, work: Callable[[], Answer]) -> Answer | None:
        """The answer to a question; None while it is being worked out."""
        with self._lock:
            if key in self._known:
                self._known.move_to_end(key)
                return self._known[key]
            self._next = (key, work)
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="later", daemon=True)
                self._thread.start()
        return None

    def wait(self) -> None:
        """Return when nothing is being worked out any more."""
        thread = self._thread
        if thread is not None:
            thread.join()

    def _work(self) -> None:
        while True:
            with self._lock:
                if self._next is None:
                    self._thread = None
                    return
                (key, work), self._next = self._next, None
            answer = answer_or_fault(work, self._failed)
            with self._lock:
                self._known[key] = answer
                if self._next is not None and self._next[0] == key:
                    self._next = None
                while len(self._known) > KEPT:
                    self._known.popitem(last=False)
