"""Returning: a picture's settings come back into the form, or the picture itself becomes a beginning."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gradio as gr
from gradio.components import Component

from studio.errors import StudioError
from studio.ui.generating.carrying import SENDS, Carrying, Restored
from studio.ui.generating.folds import FoldedForm
from studio.ui.generating.mixes import of_picture
from studio.ui.markup import render
from studio.ui.pictures_view import PicturesView
from studio.ui.widgets import uploaded

Rows = list[dict[str, Any]] | None
Updates = dict[Component, Any]


class Returning:
    """Handlers of the room: each takes the mixer's rows, the prompt and an event, and returns updates.

    `note` is the piece of page in which it is told what came back; `keep` says that the seed is kept.
    """

    def __init__(
        self, carrying: Carrying, view: PicturesView, form: FoldedForm, *, keep: Component, note: Component
    ) -> None:
        self.carrying, self.view, self.form, self.keep, self.note = carrying, view, form, keep, note

    def reused(self, rows: Rows, _: str, event: gr.EventData) -> Updates:
        """The settings of a picture of the gallery."""
        path = self._own(event._data["picture"])
        return self.fill(self.carrying.restored(path), rows)

    def brought(self, rows: Rows, _: str, event: gr.EventData) -> Updates:
        """The settings of a picture that was dropped on the page."""
        with uploaded(event._data["files"][:1]) as folder:
            return self.fill(self.carrying.restored(next(folder.rglob("*.*"))), rows)

    def sent(self, rows: Rows, prompt: str, event: gr.EventData) -> Updates:
        """A picture of the gallery, to be painted over, enlarged or varied."""
        to = str(event._data["value"])
        if to not in SENDS:
            return {self.note: gr.skip()}
        return self.fill(self.carrying.sent(self._own(event._data["picture"]), to, prompt or ""), rows)

    def noted(self, rows: Rows, _: str, event: gr.EventData) -> Updates:
        """The buttons of the note."""
        if event._data.get("act") != "start":
            return {self.note: ""}
        return self.fill(Restored({"image": str(event._data["place"])}, whole=False, fold="image"), rows)

    def as_dataset(self, picture: str) -> str:
        """A picture in a dataset; returns the dataset's name."""
        return self.carrying.as_dataset(self._own(picture))

    def fill(self, found: Restored, rows: Rows) -> Updates:
        """Fill the form; what a whole recipe does not say is as in an untouched form, base and mix aside."""
        values = {**(self._untouched() if found.whole else {}), **found.values}
        used = values.pop("adapters", None)
        updates = self.form.filled(values)
        if used is not None:
            updates[self.form.fields["adapters"]] = gr.update(value=of_picture(used, rows))
        if "seed" in found.values:
            updates[self.keep] = True
        if found.fold:
            updates[self.form.folds[found.fold]] = gr.update(open=True)
        note = render("restored", title=found.title, notes=found.notes, start=found.start)
        return {**updates, self.note: note if found.title else ""}

    def _untouched(self) -> dict[str, Any]:
        untouched = self.form.layer({})
        return {name: value for name, value in untouched.items() if name not in ("base", "adapters")}

    def _own(self, picture: Any) -> Path:
        path = Path(str(picture))
        if not self.view.own(path):
            raise StudioError("This picture is no longer there")
        return path
