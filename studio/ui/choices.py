"""Choices that come from disk: the dataset box and the base-model box, and what is said of a choice."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gradio as gr
from gradio.components import Component

from studio.data.dataset import list_datasets
from studio.models.source import bases
from studio.settings import KnobInfo
from studio.ui.desk import Desk
from studio.ui.markup import size_in_words

Maker = Callable[[KnobInfo, str], Component]


def dataset_box(desk: Desk) -> Maker:
    """A box with the datasets of the workspace, which also takes the path of any folder."""

    def make(knob: KnobInfo, elem_id: str) -> Component:
        names = list_datasets(desk.workspace)
        return gr.Dropdown(
            names,
            value=names[0] if names else None,
            allow_custom_value=True,
            label=knob.label,
            info=f"{knob.help} Or the full path of a folder.",
            elem_id=elem_id,
            interactive=True,
        )

    return make


def base_box(desk: Desk) -> Maker:
    """A box with the base models that are here, which also takes a path or a hub id."""

    def make(knob: KnobInfo, elem_id: str) -> Component:
        return gr.Dropdown(
            base_choices(desk),
            value=knob.default,
            allow_custom_value=True,
            label=knob.label,
            info=f"{knob.help} Or a path, or a hub id like owner/name.",
            elem_id=elem_id,
            interactive=True,
        )

    return make


def base_choices(desk: Desk) -> list[tuple[str, str]]:
    """The base models as (what is read, what is kept)."""
    return [(_line(base), base.value) for base in bases(desk.workspace)]


def _line(base: Any) -> str:
    size = size_in_words(base.size_bytes) if base.size_bytes else ""
    state = size if base.downloaded else "to be downloaded"
    return " · ".join(part for part in (base.title, base.family_title, state) if part and part != base.title)
