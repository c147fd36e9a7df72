"""Settings of kohya's trainer, from its `.toml` or the `.json` of its page, as far as ours mean the same."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from studio.errors import SettingsError
from studio.train.kohya_rules import KINDS, RULES, WITHOUT_EFFECT, Value, class_folder, is_usual, switch
from studio.train.settings import TrainSettings

RATES = ("learning_rate", "unet_lr", "text_encoder_lr", "network_train_unet_only")
ARGUMENTS = ("network_args", "optimizer_args")


@dataclass(frozen=True)
class Imported:
    """Settings of ours by name, and a sentence for everything that has none."""

    values: Mapping[str, Value]
    notes: tuple[str, ...]


def read_kohya(path: Path) -> Imported:
    """The settings in a file; raises `SettingsError` if it is neither of the two."""
    try:
        text = path.read_text(encoding="utf-8-sig")
        content = json.loads(text) if path.suffix.lower() == ".json" else tomllib.loads(text)
    except (OSError, UnicodeDecodeError, ValueError) as fault:
        raise SettingsError(f"{path.name} cannot be read", why=str(fault)) from None
    if not isinstance(content, dict):
        raise SettingsError(f"{path.name} holds no settings")
    return from_kohya(content)


def from_kohya(content: Mapping[str, Value]) -> Imported:
    """Settings of ours from kohya's, given as plain values; sections are looked into."""
    given = dict(_flat(content))
    arguments = {key: value for name in ARGUMENTS for key, value in _arguments(given.pop(name, ""))}
    values: dict[str, Value] = {}
    notes: list[str] = []
    for key, value in {**given, **arguments}.items():
        if value in (None, "", "None") or key in WITHOUT_EFFECT or key in ("unet_lr", RATES[-1], "algo"):
            continue
        if key in RULES:
            _take(key, value, values, notes)
        elif not is_usual(key, value):
            notes.append(f"{key} = {value} has no counterpart here and was left out.")
    values |= _rates(given, values) | _kind(arguments, values) | _folders(content)
    if "steps" not in values and ("epoch" in given or "max_train_epochs" in given):
        notes.append("Epochs are not counted here; set the steps, about 100 for each picture of a subject.")
    return Imported(values, tuple(notes))


def _take(key: str, value: Value, values: dict[str, Value], notes: list[str]) -> None:
    """Follow the rule of a key, or note why it leads nowhere."""
    try:
        found = RULES[key](value)
    except (KeyError, ValueError, TypeError):
        if not is_usual(key, value):
            notes.append(f"{key} = {value}: the studio has nothing of the kind; its default is used.")
        return
    try:
        TrainSettings.parse({"dataset": "any", **found})
    except SettingsError as fault:
        if not is_usual(key, value):
            notes.append(f"{key} = {value}: {fault} Its default is used.")
        return
    values.update(found)


def _rates(given: Mapping[str, Value], values: Mapping[str, Value]) -> dict[str, Value]:
    """The UNet's own rate goes before the common one, which text encoders share unless told otherwise."""
    found: dict[str, Value] = {}
    common, own = values.get("learning_rate"), given.get("unet_lr")
    if own and float(own) > 0:
        found["learning_rate"] = float(own)
    if switch(given.get("network_train_unet_only")):
        found["text_learning_rate"] = 0.0
    elif common and given.get("network_module") and given.get("text_encoder_lr") in (None, "", []):
        found["text_learning_rate"] = common
    return found


def _kind(arguments: Mapping[str, str], values: Mapping[str, Value]) -> dict[str, Value]:
    """LyCORIS names its kind in its arguments; a LoRA with a rank for convolutions is a LoCon."""
    if arguments.get("algo", "").lower() in KINDS:
        return {"network": KINDS[arguments["algo"].lower()]}
    convolutions = int(float(arguments.get("conv_dim", 0))) > 0 and values.get("network") == "lora"
    return {"network": "locon"} if convolutions else {}


def _arguments(value: Value) -> Iterator[tuple[str, str]]:
    """Arguments such as ["algo=loha", "conv_dim=8"], or the same in one line."""
    for one in value if isinstance(value, list) else str(value or "").split():
        name, _, told = str(one).partition("=")
        if told:
            yield name.strip(), told.strip()


def _flat(content: Mapping[str, Value]) -> Iterator[tuple[str, Value]]:
    for key, value in content.items():
        if isinstance(value, Mapping):
            yield from _flat(value)
        elif key != "datasets":
            yield key, value


def _folders(content: Mapping[str, Value]) -> dict[str, Value]:
    """The folders of a dataset config: the first is the dataset, the others come beside it."""
    subsets = [
        subset
        for dataset in content.get("datasets", ())
        for subset in dataset.get("subsets", ())
        if subset.get("image_dir")
    ]
    own = [subset for subset in subsets if not subset.get("is_reg")]
    values: dict[str, Value] = {}
    if own:
        values["dataset"] = str(own[0]["image_dir"])
    if own[1:]:
        lines = [f"{each['image_dir']} x{int(each.get('num_repeats', 1))}" for each in own[1:]]
        values["more_datasets"] = "\n".join(lines)
    for each in subsets:
        if each.get("is_reg"):
            values |= class_folder(each["image_dir"])
    return values
