"""Settings of an examination."""

from __future__ import annotations

from studio.settings import Knob, Settings


class ExamineSettings(Settings):
    """What to look at."""

    dataset: str = Knob(label="Dataset", help="The pictures to look at.", widget="dataset")
