"""The Generate room: a prompt, a slider for each LoRA, the picture, and the way back to each of them."""

from __future__ import annotations

import json
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.components import Component

from studio.errors import PictureError, SettingsError
from studio.generate.prompts.checking import check_words
from studio.generate.settings import GenerateSettings
from studio.generate.sheet import comparison
from studio.settings import KnobInfo
from studio.ui import widgets
from studio.ui.base_box import BaseBox
from studio.ui.desk import Desk
from studio.ui.faults import kindly
from studio.ui.generating.carrying import Carrying
from studio.ui.generating.draft import KEEP, Draft, of_last_job
from studio.ui.generating.fields import Fields
from studio.ui.generating.fitting import FitCheck
from studio.ui.generating.folds import FoldedForm
from studio.ui.generating.gallery import GalleryAnswers
from studio.ui.generating.mixes import Mixes, of_picture
from studio.ui.generating.painting import Painting
from studio.ui.generating.returning import Returning
from studio.ui.generating.servant import servant
from studio.ui.generating.sheets import alone, check_sheet, several
from studio.ui.generating.standing import READ, standing, untouched
from studio.ui.generating.starting import Starting
from studio.ui.generating.words import Words
from studio.ui.jobs_panel import press
from studio.ui.library import Library, take_adapters
from studio.ui.loras.clash import ClashBox, weighed
from studio.ui.markup import render
from studio.ui.pictures_view import PicturesView, used_seed
from studio.ui.pulse import Given, Pulse

QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
EACH = {**QUIET, "trigger_mode": "multiple"}  # none is left out that comes while another is under way
FOLDS = {
    "Prompt": "Negative prompt and style",
    "Picture": "Size, number and seed",
    "Start from a picture": "Start from a picture",
    "Model": "Base model",
    "Sampling": "Sampling",
    "Finish": "Upscale, sheet and file",
}
Updates = dict[Component, Any]


class GenerateRoom:
    """Builds the room inside a `gr.Tab`."""

    def __init__(self, desk: Desk, pulse: Pulse) -> None:
        self.desk, self.library, self.view = desk, Library(desk), PicturesView(desk)
        self.draft, self.mixes = Draft(desk.workspace), Mixes(desk, self.library)
        self.fit = FitCheck(desk, self.draft)
        painting = Painting(desk, self.library, self.draft, self.view)
        parts = (self.mixes, Words(desk), painting, Starting(desk), GalleryAnswers(desk, self.view))
        self.ask = servant(*parts)
        self.beside = Fields(desk, self.ask, GenerateSettings)
        with gr.Row(elem_classes="room"):
            with gr.Column(elem_classes="desk"):
                self._desk()
            with gr.Column(elem_classes="stage"):
                self._stage()
        self.chosen = gr.State("")
        self.fields = self.form.fields
        self.returning = Returning(
            Carrying(desk.workspace),
            self.view,
            self.form,
            base=self.base,
            keep=self.beside.keep,
            note=self.restored,
        )
        self._events()
        self._live(pulse)

    def _desk(self) -> None:
        with gr.Column(elem_classes="desk-body"):
            self.base = BaseBox(self.desk)
            makers = {**self.beside.makers, "base": self.base.make, "adapters": self._mixer}
            self.form = FoldedForm(GenerateSettings, "generate", makers=makers, titles=FOLDS)
            self.form.place("prompt")
            self.words = widgets.prompting("generate-words", self.ask)
            self.form.place("adapters")
            self.clash_place = gr.Column(elem_classes="clash-place")
            self.form.rest()
            self.keeper = widgets.keeper("generate-keeper")
        with gr.Column(elem_classes="desk-foot"):
            self.fitting = widgets.live("generate-fit")
            self.standing = widgets.live("generate-standing")
            self.form.note()
            with gr.Row(elem_classes="go-row"):
                self.go = gr.Button("Generate", variant="primary", elem_id="generate-go", elem_classes="go")
                self.live = gr.Checkbox(
                    label="Live", elem_id="generate-live", info="Previews as you drag", container=False
                )

    def _stage(self) -> None:
        self.drops = widgets.drops("generate-drops")
        self.restored = widgets.live("generate-restored")
        self.stage = widgets.live("generate-stage")
        self.easel = widgets.easel("generate-easel", self.ask)
        self.recipe = widgets.live("generate-recipe", "reused", "sent")
        self.gallery = widgets.gallery("generate-gallery", self.ask)

    def _mixer(self, knob: KnobInfo, elem_id: str) -> Component:
        gr.HTML('<p class="field-title">LoRAs</p>', apply_default_css=False)
        self.mixer = widgets.mixer(elem_id, self.ask)
        self.shelf = widgets.shelf("generate-shelf")
        return self.mixer

    def _live(self, pulse: Pulse) -> None:
        base, chosen = self.fields["base"], self.chosen
        size = self.fields["width"], self.fields["height"]
        pulse.show(self.stage, lambda given: self.view.stage(given[chosen]), chosen)
        pulse.show(self.easel, lambda given: self.view.easel(given[chosen]), chosen)
        pulse.show(self.recipe, lambda given: self.view.recipe(given[chosen]), chosen)
        pulse.show(self.gallery, lambda _: self.view.mark())
        pulse.show(self.shelf, lambda given: self.mixes.shelf(given[base] or ""), base)
        pulse.show(self.fitting, lambda _: self.fit.html())
        read = [self.fields[name] for name in READ]
        pulse.show(self.standing, self._standing, *read)
        with self.clash_place:
            self.clash = ClashBox(
                self.desk,
                pulse,
                "generate-clash",
                library=self.library,
                inputs=[self.mixer, base],
                mix=lambda given: [weighed(row) for row in self._heard(given)],
                base=lambda given: given[base] or "pocket",
            )
        self.clash.widget.even(kindly(self._evened), self.mixer, self.mixer, **QUIET)
        pulse.show(self.words, lambda given: given[base] or "", base)
        pulse.show(self.fields["seed"], self._seed_used, self.beside.keep, self.beside.typed, at_first=False)
        self.beside.styles.events(self.fields, pulse)
        pulse.show(
            self.beside.shapes,
            lambda given: self.beside.shapes_told(given[base] or "", *(given[side] for side in size)),
            base,
            *size,
        )

    def _heard(self, given: Given) -> list[dict[str, Any]]:
        rows = self.library.mixes(given[self.mixer], given[self.fields["base"]] or "")
        return [row for row in rows if not row.get("mute")]

    def _standing(self, given: Given) -> str:
        return render("standing", standing=standing({name: given[self.fields[name]] for name in READ}))

    def _evened(self, rows: list[dict[str, Any]] | None, event: gr.EventData) -> Any:
        """Weights at which each LoRA of the mix pushes equally hard."""
        weights = json.loads(event._data["weights"])
        return gr.update(
            value=[{**row, "weight": weights.get(row["name"], row["weight"])} for row in rows or ()]
        )

    def _fitted(self, event: gr.EventData) -> Updates:
        changes, told = self.fit.pressed(event._data)
        if told:
            gr.Info(escape(told))
        return self.form.filled(changes) or {self.chosen: gr.skip()}

    def _reset(self, event: gr.EventData) -> Updates:
        return self.form.filled(untouched(str(event._data["field"])))

    def _events(self) -> None:
        self.base.events()
        self.beside.events(self.fields)
        inputs = self.form.inputs(self.beside.keep, self.beside.typed, self.live)
        outputs = [*self.form.outputs(), self.chosen, self.beside.typed, self.restored]
        filling = [*self.filling(), self.restored]
        form = self.form.inputs(self.beside.keep)
        kept = (kindly(self._kept), form, self.keeper)
        self.go.click(kindly(self._generate), inputs, outputs, **QUIET)
        self.mixer.released(kindly(self._released), inputs, outputs, trigger_mode="always_last", **QUIET)
        self.mixer.compared(kindly(self._compared), inputs, outputs, **QUIET)
        self.keeper.changed(kindly(self._changed), form, [self.keeper, self.restored], **EACH)
        for widget in (self.stage, self.easel, self.gallery):
            widget.act(kindly(self._act), None, self.chosen, **EACH)
        for event in (self.mixer.dropped, self.drops.adapters):
            event(kindly(self._dropped), None, None, **QUIET)
        fitted = self.fitting.act(kindly(self._fitted), None, outputs, **QUIET)
        fitted.then(*kept, **QUIET)
        reset = [self.fields[name] for name in READ]
        self.standing.act(kindly(self._reset), None, reset, **EACH).then(*kept, **QUIET)
        for event, handler in (
            (self.recipe.reused, self.returning.reused),
            (self.recipe.sent, self.returning.sent),
            (self.drops.pictures, self.returning.brought),
            (self.restored.act, self.returning.noted),
        ):
            event(kindly(handler), form, filling, **QUIET).then(*kept, **QUIET)

    def filling(self) -> list[Component]:
        """The components that change when the whole form is filled."""
        return [*self.form.outputs(), self.beside.keep, self.base.line, self.keeper]

    def opened(self) -> Updates:
        """What a window that was just opened finds: the form as it was left."""
        values = self.draft.last() or of_last_job(self.desk, self.library)
        rows, base = values.pop("adapters", None), str(values.get("base") or "pocket")
        updates = self.returning.as_it_was(values)
        came = self.library.arrived(rows or (), base, self.draft.kept_at)
        updates[self.mixer] = gr.update(value=self.library.at_first(base, ()) if rows is None else came)
        return {**updates, self.keeper: widgets.AS_KEPT}

    def try_adapter(self, rows: list[dict[str, Any]] | None, event: gr.EventData) -> Updates:
        """Bring a LoRA that was just trained into the mix, alone and at its best weight, with a prompt."""
        told = event._data
        used = [{"name": told["name"], "weight": float(told["weight"])}]
        return self.mixed(used, rows, prompt=told["prompt"], base=told["base"])

    def mixed(self, used: list[dict[str, Any]], rows: list[dict[str, Any]] | None, **values: Any) -> Updates:
        """Fill the form, with these adapters on and the other rows off."""
        return {**self.form.filled(values), self.mixer: gr.update(value=of_picture(used, rows))}

    def _generate(self, given: Given, *, same_seed: bool = False) -> Updates:
        return self._submit(given, lambda settings: settings, same_seed=same_seed)

    def _compared(self, given: Given) -> Updates:
        """Each LoRA alone, all together and none, at one seed."""
        return self._submit(given, comparison)

    def _submit(self, given: Given, change: Any, *, same_seed: bool = False) -> Updates:
        try:
            settings = change(self._settings(given, same_seed=same_seed))
            check_sheet(settings)
        except SettingsError as fault:
            return self.form.faulty(fault)
        self.desk.submit("generate", settings, title=settings.prompt[:60])
        return {**self.form.faultless(), self.chosen: "", self.beside.typed: None, self.restored: ""}

    def _settings(self, given: Given, *, same_seed: bool) -> GenerateSettings:
        values = self.form.values(given)
        values["adapters"] = self.library.mixes(values["adapters"], values["base"] or "")
        own = given[self.beside.typed] is not None and given[self.beside.typed] == values["seed"]
        if not (own or given[self.beside.keep] or same_seed):
            values["seed"] = -1
        settings = GenerateSettings.parse(values)
        if not settings.prompt.strip():
            raise SettingsError("Prompt: write what the picture shows", field="prompt")
        check_words(settings, self.desk.workspace)
        return settings

    def _released(self, given: Given) -> Any:
        """With Live on, a slider that was let go paints one picture: such a one before it makes way."""
        if not given[self.live]:
            return gr.skip()
        job = self.desk.latest("generate")
        one = job and not several(job.run.settings) and not self.desk.stopping(job)
        if job and one and self.desk.queue.holds(job.run.id):
            self.desk.queue.stop(job.run.id)
        return self._submit(given, alone, same_seed=True)

    def _changed(self, given: Given, event: gr.EventData) -> Updates:
        """What was told of the form before is over once it holds something else."""
        said, new = self._keep(given, event)
        return {self.keeper: said, self.restored: "" if new else gr.skip()}

    def _kept(self, given: Given, event: gr.EventData) -> str:
        return self._keep(given, event)[0]

    def _keep(self, given: Given, event: gr.EventData) -> tuple[str, bool]:
        values = {name: given[field] for name, field in self.form.fields.items()}
        told = event._data if isinstance(event._data, dict) else {}
        window = str(told.get("window", ""))[:20]
        now = {**values, KEEP: bool(given[self.beside.keep])}
        return widgets.kept_now(event), self.draft.keep(now, window) and not self.returning.was(now)

    def _dropped(self, event: gr.EventData) -> None:
        with widgets.uploaded(event._data["files"]) as folder:
            added, refused = take_adapters(self.desk.workspace, folder)
        for name in added:
            gr.Info(escape(f"“{name}” is in your LoRAs now."), title="Added")
        for fault in refused:
            gr.Warning(escape(str(fault)), title="Left out")

    def _act(self, event: gr.EventData) -> Any:
        if event._data.get("act") == "pick":
            picture = Path(str(event._data["picture"]))
            if not self.view.own(picture):
                raise PictureError(f"The picture {picture.name} is no longer there")
            return str(picture)
        if event._data.get("act") == "move":
            self.desk.queue.move(str(event._data["run"]), str(event._data["before"]))
        press(self.desk, event._data)
        return gr.skip()

    def _seed_used(self, given: Given) -> int | None:
        kept = given[self.beside.keep] or given[self.beside.typed] is not None
        return None if kept else used_seed(self.desk.latest("generate"))
