"""Settings of a training job."""

from __future__ import annotations

from studio.settings import Knob, Settings
from studio.train.settings_learning import LearningSettings
from studio.train.settings_material import MaterialSettings
from studio.train.settings_watching import WatchingSettings


class SubjectSettings(Settings):
    """What is learned, from which pictures, on which base."""

    name: str = Knob(
        "", max_length=80, group="What to learn", label="Name of the LoRA", help="Empty: the dataset's name."
    )
    dataset: str = Knob(
        group="What to learn",
        label="Dataset",
        help="Five to twenty pictures of one subject, or of one style.",
        widget="dataset",
    )
    base: str = Knob(
        "pocket",
        group="What to learn",
        label="Base model",
        help="The model that learns; the LoRA works with it and its relatives.",
        widget="base",
    )
    trigger: str = Knob(
        "sks",
        max_length=60,
        group="What to learn",
        label="Trigger word",
        help="A rare word that will call the subject or style in a prompt.",
    )
    class_word: str = Knob(
        "",
        max_length=60,
        group="What to learn",
        label="What it is",
        help="The plain word for it: fox, woman, teapot. Empty for a style.",
    )
    captions: str = Knob(
        "trigger",
        group="What to learn",
        label="Train on",
        help="Trigger: that word and what it is, no captions. Captions: the trigger, then the caption.",
        choices=("trigger", "captions"),
    )


class TrainSettings(WatchingSettings, MaterialSettings, LearningSettings, SubjectSettings, Settings):
    """All of a training's settings; the form shows them from the last base class to the first."""
