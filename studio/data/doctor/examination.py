"""An examination: every picture measured, every check asked, and one line that sums it up."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from studio.data.crops import crops
from studio.data.dataset import Dataset
from studio.data.doctor.checks import CHECKS
from studio.data.doctor.findings import Case, Facts, Finding, Report, told
from studio.data.doctor.likeness import known_features
from studio.data.doctor.record import facts_of
from studio.data.masks import mask_of
from studio.errors import PictureError
from studio.models.facts import BaseFacts
from studio.workspace import Workspace

Progress = Callable[[int, int], object]
"""Called with the pictures that are measured and those in all; may raise to stop the examination."""

PATIENCE = 10  # how far measuring steps back behind all else, as `nice` counts
SPOKEN = 2  # findings that the verdict names


def examine(
    dataset: Dataset,
    *,
    workspace: Workspace,
    base: BaseFacts | None = None,
    trigger: str = "",
    progress: Progress | None = None,
) -> Report:
    """Look at a dataset as a base model will; what was measured before is not measured again."""
    facts = _measured(dataset, workspace, progress or (lambda done, total: None))
    case = Case(
        dataset=dataset,
        facts=facts,
        base=base,
        trigger=trigger.strip(),
        crops=crops(dataset.folder),
        masks=frozenset(picture.path for picture in dataset.pictures if mask_of(picture.path)),
        features=known_features(list(facts), workspace),
    )
    found = [finding for check in CHECKS for finding in check.look(case)]
    found.sort(key=lambda finding: not finding.serious)
    ready = not any(finding.serious for finding in found)
    state = told(len(facts), f"{{n}} picture{{s}}, {'ready' if ready else 'not quite ready'}.")
    return Report(_verdict(state, found), tuple(found), ready, state)


def _measured(dataset: Dataset, workspace: Workspace, progress: Progress) -> dict[Path, Facts]:
    """The facts of the pictures that can be decoded; one picture in memory at a time, behind all others."""
    total, checks = len(dataset.pictures), list(CHECKS)
    facts = {}
    with ThreadPoolExecutor(1, "doctor", initializer=_step_back) as quiet:
        for done, picture in enumerate(dataset.pictures):
            progress(done, total)
            try:
                facts[picture.path] = quiet.submit(facts_of, picture.path, workspace, checks).result()
            except PictureError:
                continue  # the check for damaged pictures finds that it has no facts
    progress(total, total)
    return facts


def _step_back() -> None:
    """Give this thread a low priority, where a system lets a single thread have one."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), PATIENCE)


def _verdict(state: str, found: Sequence[Finding]) -> str:
    """ "24 pictures, ready. 2 near-duplicates are worth removing." """
    parts = [state] + [f"{finding.verdict}." for finding in found[:SPOKEN] if finding.verdict]
    if len(found) > SPOKEN:
        more = len(found) - SPOKEN
        parts.append(told(more, "{n} more thing{s} {are} below."))
    return " ".join(parts)
