"""Faults: what goes wrong behind the page reaches it as a plain sentence, never as a traceback."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import wraps
from html import escape
from typing import Any, ParamSpec, TypeVar

import gradio as gr

from studio.errors import StudioError, explain

log = logging.getLogger("studio.ui")
Params = ParamSpec("Params")
Result = TypeVar("Result")


def kindly(handler: Callable[Params, Result]) -> Callable[Params, Result | Any]:
    """Wrap a handler of the page: a fault is told in a note on the page and changes nothing else.

    Its event must be queued: gradio brings no note of one with `queue=False` to the page.
    """

    @wraps(handler)
    def safe(*args: Params.args, **kwargs: Params.kwargs) -> Result | Any:
        try:
            return handler(*args, **kwargs)
        except Exception as fault:  # the edge of the page, as the job runner is the edge of a job
            gr.Warning(escape(sentence(fault)), title="That did not work")
            return gr.skip()

    return safe


def answering(function: Callable[[Any], dict[str, Any]]) -> Callable[[Any], dict[str, Any]]:
    """Wrap a function that a widget calls directly: a fault comes back as `{"fault": sentence}`."""

    @wraps(function)
    def safe(question: Any) -> dict[str, Any]:
        try:
            return function(question)
        except Exception as fault:  # as above: nothing may reach the browser but a sentence
            return {"fault": sentence(fault)}

    return safe


def seen_or_none(
    look: Callable[Params, Result], *args: Params.args, **kwargs: Params.kwargs
) -> Result | None:
    """What a live piece shows, or None: one that cannot be shown must not stop the others."""
    try:
        return look(*args, **kwargs)
    except Exception as fault:  # as above; a piece is looked at twice a second, so each fault is logged once
        told = f"{type(fault).__name__}: {fault}"
        if told not in _LOGGED:
            _LOGGED.add(told)
            log.exception("a piece of the page could not be shown: %s", fault)
        return None


def answer_or_fault(work: Callable[[], Result], failed: Callable[[str], Result]) -> Result:
    """What `work` answers in a thread of the page, or what `failed` makes of the sentence of its fault."""
    try:
        return work()
    except Exception as fault:  # as above: a thread that ends is never heard of again
        return failed(sentence(fault))


_LOGGED: set[str] = set()


def sentence(fault: Exception) -> str:
    """What the person reads of a fault; the log keeps what an engineer needs of an unknown one."""
    if not isinstance(fault, StudioError):
        log.error("on the page: %s", fault, exc_info=fault)
    return str(explain(fault))
