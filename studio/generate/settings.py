"""Settings of a generation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import model_validator

from studio.generate.samplers import SAMPLERS
from studio.generate.schedules import SCHEDULES
from studio.generate.settings_mix import Mix
from studio.generate.settings_painting import (
    ModelSettings,
    PictureSettings,
    PromptSettings,
    SamplingSettings,
)
from studio.generate.settings_sheet import Axis
from studio.generate.settings_starting import FinishingSettings, StartingSettings
from studio.settings import Settings

__all__ = ["SAMPLERS", "SCHEDULES", "Axis", "GenerateSettings", "Mix"]
OLD_NAME = "dpmpp_2m_karras"
"""What the first versions called DPM++ 2M at Karras's noise levels."""


class GenerateSettings(
    FinishingSettings,
    StartingSettings,
    SamplingSettings,
    PictureSettings,
    ModelSettings,
    PromptSettings,
    Settings,
):
    """All of a generation's settings; the form shows them from the last base class to the first."""

    @model_validator(mode="before")
    @classmethod
    def _renamed(cls, values: Any) -> Any:
        if isinstance(values, Mapping) and values.get("sampler") == OLD_NAME:
            return {**values, "sampler": "dpmpp_2m", "schedule": "karras"}
        return values
