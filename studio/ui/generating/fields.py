"""The fields of the Generate form that are more than a component: seed, sizes, styles, pictures, sheets."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import gradio as gr
from gradio.components import Component

from studio.errors import StudioError
from studio.generate.upscaling import names
from studio.settings import KnobInfo
from studio.ui.desk import Desk
from studio.ui.form import Maker, component
from studio.ui.generating.starting import sizes, whole_side
from studio.ui.generating.style_shelf import StyleShelf
from studio.ui.markup import render
from studio.ui.widgets import axes, held, live, source

QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private", "queue": False}
NO_SIDES = "0,0,0,0"


class Fields:
    """Makers for the form, and the small things beside the fields."""

    def __init__(self, desk: Desk, ask: Callable[..., Any], settings: Any) -> None:
        self.desk, self.ask, self.settings = desk, ask, settings
        self.styles = StyleShelf(desk)

    @property
    def makers(self) -> dict[str, Maker]:
        """By the knob's name or widget."""
        return {
            "prompt": self._prompt,
            "negative": self._negative,
            "width": self._width,
            "seed": self._seed,
            "style": self.styles.make,
            "upscaler": self._upscaler,
            "image": lambda knob, elem_id: _titled(knob, source(elem_id, self.ask)),
            "mask": lambda _, elem_id: held(elem_id),
            "sides": lambda _, elem_id: held(elem_id, NO_SIDES),
            "sheet": lambda knob, elem_id: _titled(knob, axes(elem_id, self.ask)),
        }

    def events(self, fields: dict[str, Component]) -> None:
        """Wire what lies beside the fields."""
        seed, size = fields["seed"], [fields["width"], fields["height"]]
        self.dice.click(_rolled, None, [seed, self.keep, self.typed], **QUIET)
        seed.input(_typed, seed, [self.keep, self.typed], **QUIET)
        for side in size:
            side.blur(self._whole, [fields["base"], side], side, **QUIET)
        self.shapes.act(_sized, size, size, **QUIET)

    def _whole(self, base: str | None, side: int | None) -> int | None:
        return whole_side(self.desk, base or "pocket", side)

    def shapes_told(self, base: str, width: int | None, height: int | None) -> str:
        """The shapes that suit the base, the one that is chosen marked."""
        found = sizes(self.desk, base)
        for each in found:
            each["chosen"] = (each["width"], each["height"]) == (width, height)
        if found and not width and not height:
            found[0]["chosen"] = True
        return render("sizes", sizes=found)

    def _prompt(self, knob: KnobInfo, elem_id: str) -> Component:
        return gr.Textbox(lines=3, max_lines=8, label=knob.label, info=knob.help, elem_id=elem_id)

    def _negative(self, knob: KnobInfo, elem_id: str) -> Component:
        return gr.Textbox(lines=1, max_lines=6, label=knob.label, info=knob.help, elem_id=elem_id)

    def _width(self, knob: KnobInfo, elem_id: str) -> Component:
        self.shapes = live("generate-shapes")
        return component(self.settings, knob, elem_id)

    def _seed(self, knob: KnobInfo, elem_id: str) -> Component:
        with gr.Row(elem_classes="seed-row"):
            seed = gr.Number(-1, precision=0, label=knob.label, info=knob.help, elem_id=elem_id)
            self.dice = gr.Button("Roll", size="sm", elem_id=f"{elem_id}-roll", min_width=56, scale=0)
        self.keep = gr.Checkbox(
            label="Same seed each time",
            info="Off, each picture gets a new one; a seed that you type counts for the next in any case.",
            elem_id=f"{elem_id}-keep",
        )
        self.typed = gr.State(None)
        return seed

    def _upscaler(self, knob: KnobInfo, elem_id: str) -> Component:
        try:
            found = names(self.desk.workspace)
        except StudioError:
            found = []
        return gr.Dropdown(
            found,
            value=knob.default,
            allow_custom_value=True,
            label=knob.label,
            info=knob.help,
            elem_id=elem_id,
        )


def _rolled() -> tuple[int, bool, int | None]:
    seed = random.randrange(2**31)
    return (seed, *_typed(seed))


def _typed(seed: int | None) -> tuple[bool, int | None]:
    """A seed that the person chose is kept, and known as theirs until it has painted."""
    own = seed is not None and seed >= 0
    return own, seed if own else None


def _titled(knob: KnobInfo, widget: gr.HTML) -> gr.HTML:
    """A widget under the name and the help of its knob, as gradio's own components have them."""
    with gr.Group(elem_classes="titled"):
        widget.unrender()
        words = f'<p class="field-title">{knob.label}</p><p class="field-help">{knob.help}</p>'
        gr.HTML(words, apply_default_css=False)
        widget.render()
    return widget


def _sized(width: int | None, height: int | None, event: gr.EventData) -> tuple[Any, Any]:
    """A shape that was pressed, or the one that is there, turned."""
    if event._data["act"] == "turn":
        return height, width
    return int(event._data["width"]), int(event._data["height"])
