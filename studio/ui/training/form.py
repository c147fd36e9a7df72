"""The form of a training: short at first sight, everything else in folds by group."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import gradio as gr
from gradio.components import Component

from studio.data.dataset import dataset_folder
from studio.data.hints import Hints, hints
from studio.errors import SettingsError, StudioError
from studio.models.identify import identify
from studio.models.source import resolve
from studio.presets import Known, presets_of
from studio.settings import KnobInfo
from studio.train.settings import TrainSettings
from studio.ui.base_box import BaseBox, base_choices
from studio.ui.choices import dataset_box
from studio.ui.desk import Desk
from studio.ui.faults import kindly
from studio.ui.form import AUTO, Updates, changed_by_preset, component
from studio.ui.generating.folds import FoldedForm
from studio.ui.pulse import Given
from studio.ui.training import choice
from studio.ui.training.choice import FIRST, PERSONAL, PURPOSES, QUALITIES, Followed
from studio.ui.widgets import live, memo

QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
LAST: dict[str, Any] = {**QUIET, "trigger_mode": "always_last"}  # what is chosen while one is under way holds
TITLES = {"What to learn": "Name and captions", "Network": "Network and rank"}
PROPOSED = ("trigger", "class_word")
HELD = ("purpose", "quality", "preset_box", "before")  # beside the fields
Values = Mapping[str, Any]


class TrainForm(FoldedForm):
    """The fields of `TrainSettings`, and three choices that fill them: purpose, quality and preset.

    `before` holds the choices that the form last followed, with dataset and base, and what they gave: so
    only fields the person left alone follow the next. The page keeps it, and one handler follows all
    choices, for two made quickly after one another would else each answer to half of what was chosen.
    """

    def __init__(self, desk: Desk) -> None:
        self.desk, self.base = desk, BaseBox(desk)
        presets = presets_of(desk.workspace, "train")
        start = presets[FIRST].preset.values if FIRST in presets else {}
        makers = {
            "dataset": dataset_box(desk),
            "base": self.base.make,
            "network": self._with_line("train-network-line"),
            "schedule": self._with_line("train-curve"),
            "trigger": self._shortly("A rare word that calls it in a prompt."),
            "class_word": self._shortly("The plain word for it: fox, woman, teapot."),
        }
        super().__init__(TrainSettings, "train", makers=makers, start=start, titles=TITLES)
        self.lines: dict[str, gr.HTML] = {}
        self.preset_box = gr.Dropdown(
            self.titles_of(presets),
            value=FIRST if FIRST in presets else None,
            label="Preset",
            info="Chosen by base and purpose; fills the form. What you changed yourself stays.",
            elem_id="train-preset",
            interactive=True,
            render=False,
        )
        chosen = {"dataset": None, "base": start.get("base", "pocket"), "preset_box": FIRST}
        followed = self._followed({**chosen, "purpose": "subject", "quality": "good"}).text
        self.before = memo("train-before", followed, render=False)

    def short_name(self, group: str) -> str:
        """Whole, for two groups begin with the same word."""
        return group.lower().replace(" ", "-")

    def short(self) -> None:
        """Place what everybody has to say."""
        self.place("dataset", "base")
        self.purpose = gr.Radio(
            [(title, name) for name, title in PURPOSES.items()],
            value="subject",
            label="What you teach",
            info="A subject is one person, animal or thing. A style is a way of drawing.",
            elem_id="train-purpose",
        )
        with gr.Row(elem_classes="pair-row"):
            self.place("trigger", "class_word")
        self.quality = gr.Radio(
            [(one.title, one.name) for one in QUALITIES.values()],
            value="good",
            label="Quality",
            info="How long it learns, and how thoroughly the result is tried.",
            elem_id="train-quality",
        )

    @staticmethod
    def _shortly(help: str) -> Any:
        """A maker of a field that stands in half a line."""
        return lambda knob, elem_id: component(TrainSettings, replace(knob, help=help), elem_id)

    def _with_line(self, elem_id: str) -> Any:
        """A maker of a field under which there is a live line."""

        def make(knob: KnobInfo, field_id: str) -> Component:
            field = component(TrainSettings, knob, field_id)
            self.lines[knob.name] = live(elem_id)
            return field

        return make

    def events(self) -> None:
        """Let the choices fill the form; called when all is placed."""
        self.base.events()
        fields = self.fields
        choices = (self.preset_box, self.quality, self.purpose, fields["base"], fields["dataset"])
        triggers = [each.input for each in choices]
        gr.on(triggers, kindly(self.follow), self.inputs(self.before), self.outputs(), **LAST)

    def inputs(self, *others: Component) -> set[Component]:
        """What a handler of this form takes."""
        return super().inputs(self.purpose, self.quality, self.preset_box, *others)

    def outputs(self) -> list[Any]:
        """What a handler of this form may change."""
        return [*super().outputs(), self.purpose, self.quality, self.preset_box, self.before, self.base.line]

    def values(self, given: Given) -> dict[str, Any]:
        """The values by name; a style has no class."""
        values = super().values(given)
        if given[self.purpose] == "style":
            values["class_word"] = ""
        return values

    def parsed(self, given: Given) -> TrainSettings:
        """What the form says so far, whether or not a training could begin with it."""
        return TrainSettings.parse(self.values(given))

    def ready(self, given: Given) -> TrainSettings:
        """What a training would begin with; raises `SettingsError` naming the field that cannot be so."""
        settings = self.parsed(given)
        if given[self.purpose] == "subject" and not settings.class_word.strip():
            raise SettingsError(
                "What it is: this is empty",
                why="A subject is learned as one of its kind",
                remedy="Write the plain word for it, such as fox, woman or teapot; or teach a style.",
                field="class_word",
            )
        return settings

    def with_values(self, values: Values, *, purpose: str = "") -> Updates:
        """The updates that put in the values of another training, whole; what is taught is seen from them."""
        presets, purpose = self.presets(), purpose or choice.purpose_of(values)
        preset = choice.nearest(presets, values, purpose)
        own = presets[preset].preset.values if preset else {}
        quality = choice.quality_of(own, values)
        base = str(values.get("base", "pocket"))
        updates = {**self.faultless(), **self.filled(values)}
        updates[self.fields["base"]] = gr.update(choices=base_choices(self.desk), value=base)
        updates |= {self.base.line: self.base.told_now(base), self.quality: quality}
        updates |= self.put_purpose(purpose, values.get("class_word"))
        updates[self.preset_box] = gr.update(choices=self.titles_of(presets), value=preset or None)
        chosen = {"base": base, "purpose": purpose, "quality": quality, "preset_box": preset or None}
        updates[self.before] = self._followed({"dataset": values.get("dataset"), **chosen}).text
        return updates

    def held(self, given: Given) -> dict[str, Any]:
        """All that stands in the form, for `as_it_was`."""
        values = {name: given[field] for name, field in self.fields.items()}
        choices = {name: given[getattr(self, name)] for name in HELD}
        return {"values": values, **choices}

    def as_it_was(self, held: Mapping[str, Any]) -> Updates:
        """The updates that put back what the form held."""
        updates = self.with_values(held["values"], purpose=held["purpose"])
        for name in ("quality", "before"):
            updates[getattr(self, name)] = held[name]
        known = held["preset_box"] if held["preset_box"] in self.presets() else None
        return {**updates, self.preset_box: gr.update(value=known)}

    def settled(self, given: Given, preset: str) -> Updates:
        """The updates of a preset that was made of what the form holds."""
        shown = gr.update(choices=self.titles_of(self.presets()), value=preset)
        chosen = {**self._choices(given), "preset_box": preset, "quality": "good"}
        return {self.preset_box: shown, self.quality: "good", self.before: self._followed(chosen).text}

    def without(self, given: Given) -> Updates:
        """The updates of a chosen preset that is no more; the fields stay as they are."""
        chosen = self._choices(given)
        found = chosen["preset_box"] = self._preset_of(str(chosen["base"] or ""), chosen["purpose"]) or FIRST
        shown = gr.update(choices=self.titles_of(self.presets()), value=found)
        return {self.preset_box: shown, self.before: self._followed(chosen).text}

    def presets(self) -> dict[str, Known]:
        """Ours, and the person's own."""
        return presets_of(self.desk.workspace, "train")

    @staticmethod
    def titles_of(presets: Mapping[str, Known]) -> list[tuple[str, str]]:
        """The presets as (what is read, what is kept), the person's own first."""
        own = [(f"{one.preset.title} (yours)", name) for name, one in presets.items() if one.own]
        return own + [(one.preset.title, name) for name, one in presets.items() if not one.own]

    def follow(self, given: Given) -> Updates:
        """The updates of what was chosen since the form last followed; what the person wrote stays."""
        before, chosen = Followed.of(given[self.before]), self._choices(given)
        changed = {name for name, value in chosen.items() if value != before.choices.get(name)}
        keep = frozenset({"base"})
        if "preset_box" in changed:
            known = self.presets().get(chosen["preset_box"] or "")
            chosen["purpose"] = (known.preset.purpose if known else "") or chosen["purpose"]
            keep = frozenset()
        elif changed & {"base", "purpose"}:
            chosen["preset_box"] = self._fitting(chosen, by_purpose="purpose" in changed)
        updates = self._refilled(given, {**chosen, "dataset": before.choices["dataset"]}, keep)
        if "dataset" in changed:
            updates |= self.proposed({**given, self.before: updates[self.before]}, chosen["dataset"] or "")
        word = updates.get(self.fields["class_word"], {}).get("value")
        return {**updates, **self.class_shown(chosen["purpose"], word)}

    def _choices(self, given: Given) -> dict[str, Any]:
        fields = {name: given[self.fields[name]] for name in ("dataset", "base")}
        return fields | {name: given[getattr(self, name)] for name in ("purpose", "quality", "preset_box")}

    def _followed(self, chosen: Values) -> Followed:
        known = presets_of(self.desk.workspace, "train").get(chosen["preset_box"] or "")
        values = choice.with_quality(known.preset.values if known else {}, chosen["quality"] or "good")
        layer = {name: value for name, value in self.layer(values).items() if name not in PERSONAL}
        return Followed(dict(chosen), layer)

    def _refilled(self, given: Given, chosen: dict[str, Any], keep: frozenset[str]) -> Updates:
        """The updates of these choices; of the choices themselves only what another one changed."""
        before, after = Followed.of(given[self.before]), self._followed(chosen)
        now = {name: self._now(name, given) for name in self.fields}
        changed = changed_by_preset(now, before.values, after.values)
        updates = self.filled({name: value for name, value in changed.items() if name not in keep})
        if "base" in changed and "base" not in keep:
            chosen["base"] = changed["base"]
            updates[self.base.line] = self.base.told_now(changed["base"])
        for name in ("purpose", "preset_box"):
            if chosen[name] != given[getattr(self, name)]:
                updates[getattr(self, name)] = chosen[name]
        proposed = {name: before.values[name] for name in PROPOSED if name in before.values}
        return {**updates, self.before: Followed(chosen, {**after.values, **proposed}).text}

    def _now(self, name: str, given: Given) -> Any:
        value = given[self.fields[name]]
        return 0 if value is None and self.knobs[name].widget == AUTO else value

    def _fitting(self, chosen: Values, *, by_purpose: bool) -> str | None:
        """The preset for a base and a purpose; one's own stays on another base."""
        known = self.presets().get(chosen["preset_box"] or "")
        if known is not None and known.own and not by_purpose:
            return str(chosen["preset_box"])
        return self._preset_of(str(chosen["base"] or ""), chosen["purpose"]) or chosen["preset_box"]

    def _preset_of(self, base: str, purpose: str) -> str:
        try:
            source = resolve(base, self.desk.workspace)
            family = "" if source.kind == "hub" else identify(source).name
        except StudioError:
            return ""  # told beside the field
        return choice.preset_for(self.presets(), family=family, base=base, purpose=purpose)

    def put_purpose(self, purpose: str, class_word: str | None = None) -> Updates:
        """The updates of another purpose."""
        return {self.purpose: purpose, **self.class_shown(purpose, class_word)}

    def class_shown(self, purpose: str, class_word: str | None = None) -> Updates:
        """The updates of the word for the kind; a style has none to ask for."""
        word = {} if class_word is None else {"value": class_word}
        return {self.fields["class_word"]: gr.update(visible=purpose == "subject", **word)}

    def _words_of(self, dataset: str) -> Hints:
        try:
            return hints(dataset_folder(self.desk.workspace, dataset))
        except StudioError:
            return Hints()

    def proposed(self, given: Given, dataset: str) -> Updates:
        """The words that a dataset knows of itself, where the person wrote none of their own.

        Those of the dataset before are its own: they do not stay for another.
        """
        followed = Followed.of(given[self.before])
        known, left = self._words_of(dataset), self._words_of(followed.choices["dataset"] or "")
        before, changed = dict(followed.values), {}
        for name in PROPOSED:
            now, usual, was = given[self.fields[name]] or "", self.knobs[name].default, getattr(left, name)
            word = getattr(known, name) or (usual if was and now == was else "")
            if word != now and now in ("", before.get(name), usual, was) and (word or was):
                changed[name] = before[name] = word
        chosen = {**followed.choices, "dataset": dataset}
        return {**self.filled(changed), self.before: Followed(chosen, before).text}
