"""Answers that take time: the newest question is heard, and a fault is an answer too."""

from __future__ import annotations

import threading

from studio.errors import ModelError
from studio.ui.training.later import Later


def test_an_answer_comes_later_and_is_kept() -> None:
    later, asked = Later(str), []

    def work() -> str:
        asked.append(1)
        return "seven"

    assert later.get("a", work) is None
    later.wait()
    assert later.get("a", work) == "seven"
    assert asked == [1]


def test_of_questions_that_come_meanwhile_only_the_newest_is_worked_out() -> None:
    later, gate, done = Later(str), threading.Event(), []

    def work(name: str) -> str:
        gate.wait(30)
        done.append(name)
        return name

    for name in ("first", "second", "third"):
        later.get(name, lambda name=name: work(name))
    gate.set()
    later.wait()
    assert done[-1] == "third"
    assert "second" not in done or done == ["second", "third"]


def test_a_fault_is_told_as_its_sentence() -> None:
    later = Later(lambda told: f"fault: {told}")

    def work() -> str:
        raise ModelError("There is no base model called “x”")

    later.get("a", work)
    later.wait()
    assert later.get("a", work) == "fault: There is no base model called “x”."
