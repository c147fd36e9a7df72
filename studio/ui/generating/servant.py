"""The servant: the one function that the widgets of the Generate room call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from studio.errors import StudioError
from studio.ui.faults import answering

Question = dict[str, Any]
Answer = dict[str, Any]


def servant(*parts: object) -> Callable[[Any], Answer]:
    """A function `ask` that lets the part answer which has a method `answer_<what>`."""
    answers = {
        name.removeprefix("answer_"): getattr(part, name)
        for part in parts
        for name in dir(part)
        if name.startswith("answer_")
    }

    @answering
    def ask(question: Any) -> Answer:
        answer = answers.get(str(question.get("what")))
        if answer is None:
            raise StudioError("The page asked for something that is not there", remedy="Load it again.")
        told: Answer = answer(question)
        return told

    return ask
