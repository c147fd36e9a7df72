"""The base-model box: the models that are here, any path, any hub id, and what is known of the choice."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import gradio as gr
from gradio.components import Component

from studio.errors import StudioError
from studio.models.hub import describe
from studio.models.identify import identify
from studio.models.layout import read_layout
from studio.models.source import Base, Source, add_folder, bases, resolve
from studio.settings import KnobInfo
from studio.ui.desk import Desk
from studio.ui.faults import kindly
from studio.ui.markup import render, size_in_words
from studio.ui.widgets import live

ELSEWHERE = (
    "Type into the box above: the path of a .safetensors file or a diffusers folder, "
    "or a hub id like owner/name, which is downloaded when you begin."
)


class BaseBox:
    """The field of a form, the line under it, and the fold in which another program's folder is added."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    def make(self, knob: KnobInfo, elem_id: str) -> Component:
        """Place the box; a maker for `Form`."""
        self.box = gr.Dropdown(
            base_choices(self.desk),
            value=knob.default,
            allow_custom_value=True,
            label=knob.label,
            info=knob.help,
            elem_id=elem_id,
            interactive=True,
        )
        self.line = live(f"{elem_id}-line")
        with gr.Accordion("Use a model that is not in the list", open=False, elem_classes="small-fold"):
            gr.HTML(render("line", text=ELSEWHERE), apply_default_css=False)
            self.folder = gr.Textbox(
                label="Model folder of another program",
                info="Its full path. The studio only reads there.",
                elem_id=f"{elem_id}-folder",
            )
            self.add = gr.Button("Add this folder", size="sm", elem_id=f"{elem_id}-add")
        return self.box

    def events(self) -> None:
        """Wire it; called when all fields are there."""
        quiet = {"show_progress": "hidden", "api_visibility": "private"}
        self.box.change(kindly(self._told), self.box, self.line, **quiet)
        self.add.click(kindly(self._added), self.folder, [self.box, self.folder], **quiet)

    def told_now(self, base: str) -> str:
        """The line for a base, without asking the hub: for the moment when the page is opened."""
        try:
            source = resolve(base, self.desk.workspace)
            return "" if source.kind == "hub" else render("base", **_here(source))
        except StudioError as fault:
            return render("base", fault=str(fault))

    def _told(self, base: str | None) -> str:
        if not base:
            return ""
        try:
            source = resolve(base, self.desk.workspace)
            return render("base", **(_there(source.location) if source.kind == "hub" else _here(source)))
        except StudioError as fault:  # told beside the field, not in a passing note
            return render("base", fault=str(fault))

    def _added(self, folder: str) -> tuple[object, str]:
        before = {base.value for base in bases(self.desk.workspace)}
        add_folder(self.desk.workspace, Path(folder.strip()))
        found = [base for base in bases(self.desk.workspace) if base.value not in before]
        models = f"{len(found)} model{'s' if len(found) != 1 else ''}"
        gr.Info(f"{models} found there." if found else "The folder is added. No model was recognised in it.")
        return gr.update(choices=base_choices(self.desk)), ""


def base_choices(desk: Desk) -> list[tuple[str, str]]:
    """The base models as (what is read, what is kept)."""
    return [(_title(base), base.value) for base in bases(desk.workspace)]


def _title(base: Base) -> str:
    return base.title if base.downloaded else f"{base.title} (to be downloaded)"


def _here(source: Source) -> dict[str, str]:
    family, size = identify(source), size_in_words(read_layout(source).size_bytes)
    return {"family": family.title, "size": size, "about": family.about}


@lru_cache(maxsize=64)
def _there(hub_id: str) -> dict[str, object]:
    info = describe(hub_id)
    return {"download": size_in_words(info.size_bytes), "licence": info.licence, "gated": info.gated}
