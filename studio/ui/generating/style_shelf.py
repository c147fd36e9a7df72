"""Styles in the form: chosen, kept under a name, and put away."""

from __future__ import annotations

from html import escape
from typing import Any

import gradio as gr
from gradio.components import Component

from studio.errors import SettingsError
from studio.generate.prompts.styles import PLACE, Style, bin_style, save_style, styles
from studio.settings import KnobInfo
from studio.ui.desk import Desk
from studio.ui.faults import kindly
from studio.ui.markup import render
from studio.ui.pulse import Pulse
from studio.ui.widgets import live

QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}


class StyleShelf:
    """The box of styles, the line that says what the chosen one adds, and the place to keep a new one."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    def make(self, knob: KnobInfo, elem_id: str) -> Component:
        """The maker of the field."""
        self.box = gr.Dropdown(
            self.titles(),
            value="",
            allow_custom_value=True,
            label=knob.label,
            info=knob.help,
            elem_id=elem_id,
        )
        self.about = live(f"{elem_id}-about")
        with gr.Row(elem_classes="save-row"):
            self.name = gr.Textbox(
                label="Keep the prompt as a style",
                info=f"Under this name. {PLACE} in it is where later words go; without it they come first.",
                placeholder="Watercolour",
                max_lines=1,
                max_length=80,
                elem_id=f"{elem_id}-name",
            )
            self.save = gr.Button("Keep", size="sm", elem_id=f"{elem_id}-save", min_width=64, scale=0)
        return self.box

    def events(self, fields: dict[str, Component], pulse: Pulse) -> None:
        """Wire it; called when the form is placed."""
        pulse.show(self.box, lambda _: self.titles(), prop="choices", at_first=False)
        pulse.show(self.about, lambda given: self.told(given[self.box] or ""), self.box)
        kept = [self.name, fields["prompt"], fields["negative"]]
        for event in (self.save.click, self.name.submit):
            event(kindly(self.keep), kept, self.name, **QUIET)
        self.about.act(kindly(self.put_away), None, self.box, **QUIET)

    def titles(self) -> list[tuple[str, str]]:
        """The styles as (what is read, what is kept)."""
        return [("No style", ""), *((style.title, style.name) for style in styles(self.desk.workspace))]

    def told(self, name: str) -> str:
        """What a style puts around the prompt, and how to be rid of it; nothing of what is no style."""
        found = next((one for one in styles(self.desk.workspace) if one.name == name), None)
        return render("style", style=found) if found else ""

    def keep(self, name: str, prompt: str, negative: str) -> str:
        """Save the prompt as a style; what the field of its name holds after it. Raises `SettingsError`."""
        if not name.strip():
            raise SettingsError("The style has no name", remedy="Write one, then press Keep.")
        if not prompt.strip() and not negative.strip():
            raise SettingsError(
                "The prompt is empty", remedy="Write in it what the style adds, then press Keep."
            )
        style = Style("", name.strip(), prompt.strip(), negative.strip())
        save_style(self.desk.workspace, style)
        told = f"“{style.title}” is among your styles. With it, write in the prompt only what is to be seen."
        gr.Info(escape(told), title="Kept")
        return ""

    def put_away(self, event: gr.EventData) -> str:
        """Put the style of the event into the bin; what the box holds after it."""
        bin_style(self.desk.workspace, str(event._data["name"]))
        gr.Info("The style is in the system's bin.")
        return ""
