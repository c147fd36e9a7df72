"""The tree of faults that a person can act on.

    StudioError                 says what happened, why, and what to do next
     ├─ SettingsError           a field holds something that cannot work
     ├─ PictureError            one picture cannot be read or written
     ├─ CaptionConflict         a caption says something else by now than the writer believes
     ├─ DatasetError            a dataset as a whole cannot be used
     ├─ ModelError              a base model cannot be found, recognised or opened
     ├─ AdapterError            an adapter file cannot be read, or does not fit the base
     ├─ TrainingError           the training went wrong in a way with a name
     ├─ DiskFull                nothing more can be written
     ├─ OutOfMemory             the card or the machine has no memory left
     ├─ Offline                 something must be downloaded and there is no network
     ├─ WorkerDied              the process that did the work is gone
     └─ InternalFault           a fault of the studio itself; the log has the details

`Cancelled` is no fault: the person pressed Stop.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping
from typing import Any


class StudioError(Exception):
    """A fault with a plain sentence for the person: what happened, why, what to do."""

    exit_code = 1

    def __init__(self, what: str, *, why: str = "", remedy: str = "") -> None:
        self.what, self.why, self.remedy = what, why, remedy
        super().__init__(what, why, remedy)

    def __str__(self) -> str:
        return " ".join(_sentence(part) for part in self.args if part)

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild, (type(self), self.what, self.why, self.remedy))


def _rebuild(kind: type[StudioError], what: str, why: str, remedy: str) -> StudioError:
    return kind(what, why=why, remedy=remedy)


def _sentence(text: str) -> str:
    return text if text[-1] in ".!?…" else text + "."


class SettingsError(StudioError):
    """A field holds something that cannot work; `field` is its name in the settings class."""

    exit_code = 2

    def __init__(self, what: str, *, why: str = "", remedy: str = "", field: str = "") -> None:
        super().__init__(what, why=why, remedy=remedy)
        self.field = field


class PictureError(StudioError):
    """One picture cannot be read or written."""


class CaptionConflict(StudioError):
    """A caption says something else by now than the writer believes; `present` is what it says."""

    def __init__(self, what: str, *, why: str = "", remedy: str = "", present: str = "") -> None:
        super().__init__(what, why=why, remedy=remedy)
        self.present = present


class DatasetError(StudioError):
    """A dataset as a whole cannot be used."""


class ModelError(StudioError):
    """A base model cannot be found, recognised or opened."""


class AdapterError(StudioError):
    """An adapter file cannot be read, or does not fit the base."""


class TrainingError(StudioError):
    """The training went wrong in a way that has a name.

    `afresh`, unless None: going on would end alike, so start anew, with these settings otherwise.
    """

    def __init__(
        self, what: str, *, why: str = "", remedy: str = "", afresh: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(what, why=why, remedy=remedy)
        self.afresh = afresh


class DiskFull(StudioError):
    """Nothing more can be written."""


class OutOfMemory(StudioError):
    """The card or the machine has no memory left."""


class Offline(StudioError):
    """Something must be downloaded and there is no network."""


class WorkerDied(StudioError):
    """The process that did the work is gone."""


class InternalFault(StudioError):
    """A fault of the studio itself; the log has the details."""


class Cancelled(Exception):
    """Raised at a step boundary after the person pressed Stop."""

    exit_code = 130


class Paused(Cancelled):
    """Raised at a step boundary after the person pressed Pause: the card is wanted for something else."""


def explain(fault: BaseException) -> StudioError:
    """The sentence for any exception: the fault itself, or the kind of fault it amounts to."""
    if isinstance(fault, StudioError):
        return fault
    if _disk_is_full(fault):
        return DiskFull(
            f"There is no room left on the disk for {_file_of(fault)}",
            remedy="Free some space and press Resume; nothing that was finished is lost.",
        )
    if _memory_is_full(fault):
        return OutOfMemory(
            "The memory was not enough for this job",
            remedy="Try a smaller batch or a lower resolution, or close other programs that use the card.",
        )
    if isinstance(fault, PermissionError) or (isinstance(fault, OSError) and fault.errno == errno.EROFS):
        return StudioError(
            f"The studio may not write to {_file_of(fault)}",
            why="The system refused it",
            remedy="Check the folder's permissions, or choose another workspace.",
        )
    return InternalFault(
        "Something went wrong inside the studio",
        why="This is a fault of ours, not yours",
        remedy="The log of this job has the details; what was finished is kept.",
    )


def _disk_is_full(fault: BaseException) -> bool:
    """Libraries written in C++ and Rust say it only in their message."""
    if isinstance(fault, OSError):
        return fault.errno in (errno.ENOSPC, errno.EDQUOT)
    return "No space left on device" in str(fault) or "os error 28" in str(fault)


def _memory_is_full(fault: BaseException) -> bool:
    named = isinstance(fault, MemoryError) or type(fault).__name__ == "OutOfMemoryError"
    return named or "can't allocate memory" in str(fault)


def _file_of(fault: BaseException) -> str:
    return os.path.basename(str(getattr(fault, "filename", None) or "a file"))
