"""Settings of the workbench: one class for what all its tools have; each tool has its own beside it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from studio.settings import Knob, Settings


class Part(Settings):
    """One LoRA of those that a tool is given. `name` is that of the library, or a path."""

    name: str = Knob(label="LoRA", help="The LoRA.")
    weight: float = Knob(1.0, ge=-2, le=2, step=0.05, label="Weight", help="How strongly it counts.")


class WorkbenchSettings(Settings):
    """What to do at the workbench; `parse` gives the settings of the tool that `task` names."""

    task: str = Knob("", label="Tool", help="What to do.", widget="hidden")
    loras: tuple[Part, ...] = Knob((), label="LoRAs", help="Those that were chosen.", widget="loras")

    @classmethod
    def parse(cls, values: Mapping[str, Any]) -> Self:
        """Check the values; raises `SettingsError` naming the first wrong field by its label."""
        if cls is not WorkbenchSettings:
            return super().parse(values)
        from studio.workbench.tools import TOOLS

        return TOOLS.get(str(values.get("task", ""))).settings.parse(values)  # type: ignore[return-value]


class MakesLora(WorkbenchSettings):
    """What all tools have that write a LoRA."""

    to: str = Knob("", label="Save as", help="The name of the new LoRA; empty makes one of the old names.")
    precision: str = Knob(
        "fp16",
        choices=("fp16", "bf16", "fp32"),
        advanced=True,
        label="Numbers",
        help="How the file keeps its numbers; fp16 is what every program reads.",
    )
    check: bool = Knob(
        True, label="Check by a picture", help="Paints old and new at one seed and says whether they differ."
    )
    base: str = Knob(
        "",
        widget="base",
        advanced=True,
        label="Base model",
        help="To check with, and where the old file needs it; empty is one that fits.",
    )
