"""The dataset box: a field whose choices are on disk."""

from __future__ import annotations

from collections.abc import Callable

import gradio as gr
from gradio.components import Component

from studio.data.dataset import list_datasets
from studio.settings import KnobInfo
from studio.ui.desk import Desk


def dataset_box(desk: Desk) -> Callable[[KnobInfo, str], Component]:
    """A box with the datasets of the workspace, which also takes a new name or the path of any folder."""

    def make(knob: KnobInfo, elem_id: str) -> Component:
        return gr.Dropdown(
            list_datasets(desk.workspace),
            value=None,
            allow_custom_value=True,
            label=knob.label,
            info=knob.help,
            elem_id=elem_id,
            interactive=True,
        )

    return make
