"""The workbench's part of the desk: a tool is chosen, its own short form appears, and a job begins."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import gradio as gr
from gradio.components import Component

from studio.errors import SettingsError
from studio.settings import KnobInfo
from studio.ui.base_box import base_choices
from studio.ui.desk import Desk
from studio.ui.form import Form
from studio.ui.markup import render
from studio.ui.widgets import live
from studio.workbench.settings import MakesLora
from studio.workbench.tools import TOOLS
from studio.workbench.tools._base import Tool
from studio.workspace import safe_name

Updates = dict[Any, Any]
FITS = ("Chosen for you", "")


class ToolForm(Form):
    """The form of one tool, without the LoRAs, which are chosen in the library."""

    def __init__(self, tool: Tool, desk: Desk) -> None:
        self.tool, self.desk = tool, desk
        makers = {"base": self._base, "blocks": self._blocks}
        super().__init__(tool.settings, f"loras-{tool.name}", makers=makers)
        own = [name for name in self.knobs if name not in MakesLora.model_fields]
        common = [name for name in self.knobs if name in MakesLora.model_fields and name != "loras"]
        self.knobs = {name: self.knobs[name] for name in (*own, *common)}

    def _base(self, knob: KnobInfo, elem_id: str) -> Component:
        fits = [FITS] if knob.default == "" and knob.name == "base" else []
        return gr.Dropdown(
            [*fits, *base_choices(self.desk)],
            value=knob.default or ("" if fits else None),
            allow_custom_value=True,
            label=knob.label,
            info=knob.help,
            elem_id=elem_id,
            interactive=True,
        )

    def _blocks(self, knob: KnobInfo, elem_id: str) -> Component:
        return gr.Dropdown(
            [], multiselect=True, label=knob.label, info=knob.help, elem_id=elem_id, interactive=True
        )


class Workbench:
    """Builds the chooser and all forms, of which one is seen."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.tools = [tool for tool in TOOLS if tool.shown]
        first = self.tools[0]
        self.chooser = gr.Dropdown(
            [(tool.title, tool.name) for tool in self.tools],
            value=first.name,
            label="What to do",
            info="With the LoRAs that you choose in the library.",
            elem_id="loras-tool",
            interactive=True,
        )
        self.about = live("loras-about")
        self.about.value = render("line", text=first.about)
        self.forms: dict[str, ToolForm] = {}
        self.places: dict[str, gr.Column] = {}
        for tool in self.tools:
            with gr.Column(visible=tool is first, elem_classes="tool-form") as place:
                form = ToolForm(tool, desk)
                form.rest()
                form.note()
            self.forms[tool.name], self.places[tool.name] = form, place

    @property
    def fields(self) -> set[Component]:
        """All fields of all forms, and the chooser."""
        return {self.chooser, *(field for form in self.forms.values() for field in form.fields.values())}

    def outputs(self) -> list[Any]:
        """What `chosen` and `begin` may change."""
        told = [each for form in self.forms.values() for each in (form.fault_line, form.fold)]
        return [self.about, *self.places.values(), *told]

    def chosen(self, name: str) -> Updates:
        """Show the form of a tool."""
        updates: Updates = {place: gr.update(visible=key == name) for key, place in self.places.items()}
        return {**updates, self.about: render("line", text=TOOLS.get(name).about)}

    def begin(self, given: Mapping[Component, Any], picks: list[dict[str, Any]] | None) -> Updates:
        """Queue the job that the form describes, or say what is missing at its field."""
        form = self.forms[given[self.chooser]]
        tool = form.tool
        try:
            values = form.values(given)
            if "to" in values:  # on the page a name, never a path
                values["to"] = safe_name(values["to"], fallback="") if values["to"].strip() else ""
            loras = picks or [] if tool.most else []
            tool.demand_loras(len(loras))
            settings = tool.settings.parse({**values, "task": tool.name, "loras": loras})
        except SettingsError as fault:
            return form.faulty(fault)
        title = values.get("to") or " + ".join(str(one["name"]).rpartition("/")[2] for one in loras)
        self.desk.submit("workbench", settings, title=f"{tool.title} · {title}"[:80] if title else tool.title)
        return form.faultless()
