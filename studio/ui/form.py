"""Form: made from a settings class, so that no field is written down twice.

Components come from a knob's type, choices and limits. Values are read by name. A preset changes
the fields that still hold what the preset before it gave; what the person changed stays.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import groupby
from typing import Any

import gradio as gr
from gradio.components import Component

from studio.errors import SettingsError
from studio.registry import Registry
from studio.settings import KnobInfo, Settings, knobs, unread
from studio.ui.markup import render
from studio.ui.widgets import live

STOPS = 400  # positions up to which a slider can still be aimed at
AUTO = "auto"  # the widget of a number whose 0 means that the studio chooses
Maker = Callable[[KnobInfo, str], Component]
Updates = dict[Component, Any]


class Form:
    """The fields of a settings class; placed inside a `gr.Blocks` context by `place` and `rest`.

    `makers` builds the components that are not evident from the type, by the knob's name or
    `widget`; `start` is a preset to begin with.
    """

    def __init__(
        self,
        settings: type[Settings],
        prefix: str,
        *,
        makers: Mapping[str, Maker] | None = None,
        start: Mapping[str, Any] | None = None,
    ) -> None:
        self.settings, self.prefix = settings, prefix
        self.makers, self.start = dict(makers or {}), dict(start or {})
        self.knobs = {knob.name: knob for knob in knobs(settings) if knob.widget != "hidden"}
        self.fields: dict[str, Component] = {}

    def place(self, *names: str) -> None:
        """Place these fields here, without a heading."""
        for name in names:
            self.fields[name] = self._field(self.knobs[name])

    def rest(self) -> None:
        """Place all other fields here, by groups, the advanced ones in a fold."""
        others = [knob for name, knob in self.knobs.items() if name not in self.fields]
        self._groups([knob for knob in others if not knob.advanced])
        advanced = [knob for knob in others if knob.advanced]
        with gr.Accordion(
            "More settings", open=False, visible=bool(advanced), elem_id=f"{self.prefix}-more"
        ) as self.fold:
            self._groups(advanced)

    def note(self) -> None:
        """Place the line in which a fault of this form is told; where the button is."""
        self.fault_line = live(f"{self.prefix}-fault")

    def _groups(self, shown: list[KnobInfo]) -> None:
        for name, members in groupby(shown, key=lambda knob: knob.group):
            if name:
                gr.HTML(f'<h3 class="group">{name}</h3>', apply_default_css=False)
            for knob in members:
                self.fields[knob.name] = self._field(knob)

    def _field(self, knob: KnobInfo) -> Component:
        elem_id = f"{self.prefix}-{knob.name}"
        knob = replace(knob, default=self.start.get(knob.name, knob.default))
        maker = self.makers.get(knob.name) or self.makers.get(knob.widget)
        if maker is not None:
            return maker(knob, elem_id)
        return component(self.settings, knob, elem_id)

    def inputs(self, *others: Component) -> set[Component]:
        """What a handler of this form takes: every field, and others beside them."""
        return {*self.fields.values(), *others}

    def outputs(self) -> list[Component]:
        """What a handler of this form may change."""
        return [*self.fields.values(), self.fold, self.fault_line]

    def values(self, given: Mapping[Component, Any]) -> dict[str, Any]:
        """The values by name; raises `SettingsError` for a number that was emptied."""
        found = {name: given[field] for name, field in self.fields.items()}
        for name, value in found.items():
            knob = self.knobs[name]
            if value is None and knob.default is not None:
                if knob.widget == AUTO:
                    found[name] = 0
                elif knob.type is str:
                    found[name] = ""
                else:
                    raise SettingsError(f"{knob.label} is empty", remedy="Please fill it in.", field=name)
        return found

    def optional(self) -> list[str]:
        """The fields that matter only to some of the plug-ins that may be chosen."""
        return [name for name, knob in self.knobs.items() if knob.read_by]

    def choosing(self, name: str) -> list[Component]:
        """The fields that decide whether an optional one matters."""
        return [self.fields[each] for each in self.knobs[name].read_by]

    def is_read(self, name: str, given: Mapping[Component, Any]) -> bool:
        """Whether an optional field matters to what is chosen."""
        chosen = {each: given[self.fields[each]] for each in self.knobs[name].read_by}
        return name not in unread(self.settings, chosen)

    def filled(self, values: Mapping[str, Any]) -> Updates:
        """The updates that put these values into their fields; other names are passed over."""
        return {
            self.fields[name]: gr.update(value=shown(self.knobs[name], value))
            for name, value in values.items()
            if name in self.fields
        }

    def preset(
        self, given: Mapping[Component, Any], before: Mapping[str, Any], after: Mapping[str, Any]
    ) -> Updates:
        """The updates of a change from the values of one preset to those of another."""
        now = {name: given[field] for name, field in self.fields.items()}
        now.update({name: 0 for name in now if self.knobs[name].widget == AUTO and now[name] is None})
        return self.filled(changed_by_preset(now, self.layer(before), self.layer(after)))

    def layer(self, preset: Mapping[str, Any]) -> dict[str, Any]:
        """What an untouched form holds under a preset: the defaults, then the preset."""
        defaults = {n: ("" if k.default is ... else k.default) for n, k in self.knobs.items()}
        return {**defaults, **{n: v for n, v in preset.items() if n in self.knobs}}

    def faulty(self, fault: SettingsError) -> Updates:
        """Tell the fault at the form, and open the fold if its field lies in there; the page marks it.

        The time makes two faults of the same words two: the first may have been put away.
        """
        knob = self.knobs.get(fault.field)
        field = f"{self.prefix}-{fault.field}" if fault.field else ""
        told = render("fault", text=str(fault), field=field, at=time.time_ns())
        updates: Updates = {self.fault_line: told}
        if knob is not None and knob.advanced:
            updates[self.fold] = gr.update(open=True)
        return updates

    def faultless(self) -> Updates:
        """Take back what `faulty` did."""
        return {self.fault_line: ""}


def shown(knob: KnobInfo, value: Any) -> Any:
    """What a field shows for a value: nothing but the word “auto” where the studio chooses by itself."""
    return None if knob.widget == AUTO and not value else value


def changed_by_preset(
    now: Mapping[str, Any], before: Mapping[str, Any], after: Mapping[str, Any]
) -> dict[str, Any]:
    """The fields that a new preset sets: those the person left as the old preset had them."""
    return {
        name: value
        for name, value in after.items()
        if now.get(name) == before.get(name) and now.get(name) != value
    }


def component(settings: type[Settings], knob: KnobInfo, elem_id: str) -> Component:
    """The component for a knob, by its type, choices and limits."""
    choices = titles(settings, knob)
    common: dict[str, Any] = {
        "label": knob.label,
        "info": knob.help,
        "elem_id": elem_id,
        "value": None if knob.default is ... else shown(knob, knob.default),
        "interactive": True,
    }
    if len(choices) > 3 or isinstance(_source(settings, knob), Registry):
        return gr.Dropdown(choices, **common)
    if choices:
        return gr.Radio(choices, **common)
    if knob.type is bool:
        return gr.Checkbox(**common)
    if knob.type in (int, float):
        return _number(knob, common)
    return gr.Textbox(lines=3 if knob.widget == "lines" else 1, max_lines=8, **common)


def _number(knob: KnobInfo, common: dict[str, Any]) -> Component:
    if knob.widget == AUTO:
        return gr.Number(precision=0 if knob.type is int else None, placeholder="auto", **common)
    step = knob.step or (1 if knob.type is int else None)
    bounded = step and knob.minimum is not None and knob.maximum is not None
    if bounded and (knob.maximum - knob.minimum) / step <= STOPS:
        return gr.Slider(knob.minimum, knob.maximum, step=step, buttons=[], **common)
    return gr.Number(precision=0 if knob.type is int else None, step=step or 1e-5, **common)


def titles(settings: type[Settings], knob: KnobInfo) -> list[tuple[str, str]]:
    """The choices of a knob as (what is read, what is kept): plug-ins by their title."""
    source = _source(settings, knob)
    if isinstance(source, Registry):
        nobody = [(knob.nobody, "")] if knob.nobody else []
        return nobody + [(str(getattr(entry, "title", entry.name)), entry.name) for entry in source]
    return [(name.capitalize() if name.isalpha() else name, name) for name in knob.choices]


def _source(settings: type[Settings], knob: KnobInfo) -> Any:
    extra = settings.model_fields[knob.name].json_schema_extra
    return extra.get("choices") if isinstance(extra, dict) else None
