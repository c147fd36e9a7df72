"""What a tool of the workbench is to the rest of the studio."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

from studio.errors import SettingsError
from studio.workbench.settings import WorkbenchSettings

if TYPE_CHECKING:
    from studio.workbench.job import Job


class Tool(ABC):
    """A tool; a module in this package has an instance as its `ENTRY`. Importing it imports no torch.

    `title` is what it is called in a list, `verb` what its button says; `least` and `most` are of LoRAs.
    """

    name: str
    title: str
    about: str
    verb: str
    settings: type[WorkbenchSettings]
    least: int = 1
    most: int = 100
    order: int = 100
    shown: bool = True
    """Whether a person chooses it from the list; some are reached in other ways."""

    @abstractmethod
    def work(self, job: Job, settings: Any) -> str:
        """Do it; returns the sentence that says what came of it."""

    def demand_loras(self, count: int) -> None:
        """Raise `SettingsError` where too few or too many were chosen."""
        if count < self.least:
            wanted = "a LoRA" if self.least == 1 else f"{self.least} LoRAs or more"
            raise SettingsError(f"Choose {wanted} first", field="loras")
        if count > self.most > 0:
            raise SettingsError(f"{self.title} takes one LoRA at a time", field="loras")
