"""The preset box: a field above a form, whose choice fills the fields that the person left alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import gradio as gr
from gradio.components import Component

from studio.settings import presets
from studio.ui.faults import kindly
from studio.ui.form import Form
from studio.ui.markup import render
from studio.ui.widgets import live

FIRST = "pocket-subject"  # what a new window begins with, where there is such a preset


class PresetBox:
    """Place it, then the form, then call `events` with the form."""

    def __init__(self, kind: str, prefix: str) -> None:
        self.presets = presets(kind)
        self.first = FIRST if FIRST in self.presets else next(iter(self.presets), "")
        self.box = gr.Dropdown(
            [(preset.title, name) for name, preset in self.presets.items()],
            value=self.first or None,
            label="Preset",
            info="Fills the form; what you changed yourself stays.",
            elem_id=f"{prefix}-preset",
            interactive=True,
        )
        self.about = live(f"{prefix}-preset-about")
        self.about.value = self.told(self.first)
        self.before = gr.State(self.first)

    @property
    def start(self) -> Mapping[str, Any]:
        """The values that the form begins with."""
        return self.values(self.first)

    def values(self, name: str | None) -> Mapping[str, Any]:
        """What a preset sets."""
        return self.presets[name].values if name in self.presets else {}

    def told(self, name: str | None) -> str:
        """What a preset is for, as HTML."""
        return render("line", text=self.presets[name].about) if name in self.presets else ""

    def events(self, form: Form) -> None:
        """Let the choice fill the form."""

        @kindly
        def chosen(given: Mapping[Component, Any]) -> dict[Component, Any]:
            after = given[self.box]
            updates = form.preset(given, self.values(given[self.before]), self.values(after))
            return {**updates, self.before: after, self.about: self.told(after)}

        self.box.input(
            chosen,
            form.inputs(self.box, self.before),
            [*form.fields.values(), self.before, self.about],
            show_progress="hidden",
            api_visibility="private",
        )

    def matching(self, values: Mapping[str, Any]) -> dict[Component, Any]:
        """The updates that name the preset nearest to these values (those of an earlier job)."""

        def agreement(name: str) -> float:
            own = self.values(name)
            return sum(values.get(key) == value for key, value in own.items()) / max(1, len(own))

        nearest = max(self.presets, key=agreement, default="")
        return {self.box: nearest, self.before: nearest, self.about: self.told(nearest)}
