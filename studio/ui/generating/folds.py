"""A form whose groups lie in a fold each, so that a beginner sees what matters and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby
from typing import Any

import gradio as gr

from studio.errors import SettingsError
from studio.settings import KnobInfo
from studio.ui.form import Form, Updates, shown


class FoldedForm(Form):
    """A `Form` that puts what is not placed by hand into one fold a group, the advanced fields last.

    `titles` names the folds by their groups, in the order in which they are to stand.
    """

    def __init__(self, *about: Any, titles: Mapping[str, str], **more: Any) -> None:
        super().__init__(*about, **more)
        self.titles = titles
        self.folds: dict[str, gr.Accordion] = {}

    def rest(self) -> None:
        """Place all other fields here."""
        others = [knob for name, knob in self.knobs.items() if name not in self.fields]
        for group, members in groupby(sorted(others, key=self._place), key=lambda knob: knob.group):
            title, name = self.titles.get(group, group), self.short_name(group)
            with gr.Accordion(title, open=False, elem_id=f"{self.prefix}-fold-{name}") as fold:
                for knob in sorted(members, key=lambda knob: knob.advanced):
                    self.fields[knob.name] = self._field(knob)
                    self.folds[knob.name] = fold
        self.fold = fold

    def short_name(self, group: str) -> str:
        """What stands for a group in the id of its fold."""
        return group.split()[0].lower()

    def automatic(self) -> dict[str, Any]:
        """The numbers that the studio chooses: gradio shows one that was never set as a 0."""
        empty = self.layer({}).items()
        return {name: None for name, value in empty if shown(self.knobs[name], value) is None}

    def outputs(self) -> list[Any]:
        """What a handler of this form may change."""
        return [*self.fields.values(), *dict.fromkeys(self.folds.values()), self.fault_line]

    def faulty(self, fault: SettingsError) -> Updates:
        """Tell the fault at the form, and open the fold in which its field lies."""
        updates = super().faulty(fault)
        updates.pop(self.fold, None)
        if fault.field in self.folds:
            updates[self.folds[fault.field]] = gr.update(open=True)
        return updates

    def _place(self, knob: KnobInfo) -> int:
        groups = [*self.titles, *dict.fromkeys(knob.group for knob in self.knobs.values())]
        return groups.index(knob.group)
