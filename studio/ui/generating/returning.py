"""Returning: a picture's settings come back into the form, or the picture itself becomes a beginning."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gradio as gr
from gradio.components import Component

from studio.errors import StudioError
from studio.ui.base_box import BaseBox, base_choices
from studio.ui.earlier import Earlier
from studio.ui.generating.carrying import SENDS, Carrying, Restored
from studio.ui.generating.draft import KEEP, Values
from studio.ui.generating.folds import FoldedForm
from studio.ui.generating.mixes import of_picture
from studio.ui.markup import render
from studio.ui.pictures_view import PicturesView
from studio.ui.pulse import Given
from studio.ui.widgets import uploaded

Updates = dict[Component, Any]


class Returning:
    """Handlers of the room: each takes what the form holds and an event, and returns updates.

    `note` is the piece of page in which it is told what came back; `keep` says that the seed is kept.
    """

    def __init__(
        self,
        carrying: Carrying,
        view: PicturesView,
        form: FoldedForm,
        *,
        base: BaseBox,
        keep: Component,
        note: Component,
    ) -> None:
        self.carrying, self.view, self.form = carrying, view, form
        self.base, self.keep, self.note = base, keep, note
        self._before = Earlier()

    def reused(self, given: Given, event: gr.EventData) -> Updates:
        """The settings of a picture of the gallery."""
        path = self._own(event._data["picture"])
        return self.fill(self.carrying.restored(path), given)

    def brought(self, given: Given, event: gr.EventData) -> Updates:
        """The settings of a picture that was dropped on the page."""
        with uploaded(event._data["files"][:1]) as folder:
            return self.fill(self.carrying.restored(next(folder.rglob("*.*"))), given)

    def sent(self, given: Given, event: gr.EventData) -> Updates:
        """A picture of the gallery, to be painted over, enlarged or varied."""
        to = str(event._data["value"])
        if to not in SENDS:
            return {self.note: gr.skip()}
        prompt = given[self.form.fields["prompt"]] or ""
        return self.fill(self.carrying.sent(self._own(event._data["picture"]), to, prompt), given)

    def noted(self, given: Given, event: gr.EventData) -> Updates:
        """The buttons of the note."""
        act = event._data.get("act")
        if act == "start":
            return self.fill(Restored({"image": str(event._data["place"])}, whole=False, fold="image"), given)
        before = self._before.of(event._data.get("before")) if act == "back" else None
        return {**(self.as_it_was(before) if before else {}), self.note: ""}

    def as_it_was(self, values: Values) -> Updates:
        """Fill the form with all that it held once; what is not told is as in an untouched form."""
        updates = self.form.filled({**self.form.automatic(), **values})
        base = str(values.get("base") or "pocket")
        updates[self.form.fields["base"]] = gr.update(choices=base_choices(self.base.desk), value=base)
        return {**updates, self.base.line: self.base.told_now(base), self.keep: bool(values.get(KEEP))}

    def as_dataset(self, picture: str) -> str:
        """A picture in a dataset; returns the dataset's name."""
        return self.carrying.as_dataset(self._own(picture))

    def fill(self, found: Restored, given: Given) -> Updates:
        """Fill the form; what a whole recipe does not say is as in an untouched form, base and mix aside."""
        rows = given[self.form.fields["adapters"]]
        values = {**(self._untouched() if found.whole else {}), **found.values}
        used = values.pop("adapters", None)
        updates = self.form.filled(values)
        if used is not None:
            updates[self.form.fields["adapters"]] = gr.update(value=of_picture(used, rows))
        if "seed" in found.values:
            updates[self.keep] = True
        if found.fold:
            updates[self.form.folds[found.fold]] = gr.update(open=True)
        before = self._remember(given) if found.values and found.title else ""
        note = render("restored", title=found.title, notes=found.notes, start=found.start, before=before)
        return {**updates, self.note: note if found.title else ""}

    def _remember(self, given: Given) -> str:
        """Keep what the form holds now, and name it."""
        now = {each: given[field] for each, field in self.form.fields.items()}
        return self._before.keep({**now, KEEP: bool(given[self.keep])})

    def was(self, values: Values) -> bool:
        """Whether a form held just this before a picture filled it: such news comes late, and is none."""
        return self._before.holds(values)

    def _untouched(self) -> dict[str, Any]:
        untouched = self.form.layer({})
        return {name: value for name, value in untouched.items() if name not in ("base", "adapters")}

    def _own(self, picture: Any) -> Path:
        path = Path(str(picture))
        if not self.view.own(path):
            raise StudioError("This picture is no longer there")
        return path
