"""A process of its own for the counting: the page imports no torch, and what it changes goes with it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from typing import Any

from studio.errors import StudioError, explain

LONGEST = 300  # seconds; on a machine that is busy with other things
PATIENCE = 10  # how far it steps back behind the page and the jobs, as `nice` counts


def ask(module: str, question: Mapping[str, Any]) -> dict[str, Any]:
    """What `python -m module` answers; raises `StudioError` with the reason if it cannot."""
    quiet = {"CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": "1", "BITSANDBYTES_NOWELCOME": "1"}
    try:
        told = subprocess.run(
            [sys.executable, "-m", module],
            input=json.dumps(question),
            capture_output=True,
            text=True,
            timeout=LONGEST,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), **quiet},
        )
    except subprocess.TimeoutExpired:
        raise StudioError("The memory check took too long", remedy="Try again in a quiet moment.") from None
    last = told.stdout.strip().rpartition("\n")[2]
    answer: dict[str, Any] = json.loads(last) if last.startswith("{") else {"fault": _last_words(told.stderr)}
    if "fault" in answer:
        raise StudioError(answer["fault"])
    return answer


def answer(work: Callable[[Mapping[str, Any]], Mapping[str, Any]]) -> None:
    """The body of such a process: a question on standard input, the answer on the last line of the output."""
    if sys.platform != "win32":
        os.nice(PATIENCE)
    try:
        found = dict(work(json.load(sys.stdin)))
    except StudioError as fault:
        found = {"fault": str(explain(fault))}
    print(json.dumps(found))


def _last_words(errors: str) -> str:
    lines = [line for line in errors.splitlines() if line.strip()]
    return f"The memory check did not work: {lines[-1][:300]}" if lines else "The memory check did not work"
