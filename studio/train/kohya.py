"""Settings of kohya's trainer, from its `.toml` or the `.json` of its page, as far as ours mean the same."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from studio.errors import SettingsError

Value = Any
NETWORKS = {"loha": "loha", "lokr": "lokr", "locon": "locon", "lora": "locon", "dora": "dora"}
"""What LyCORIS calls its kinds."""
MODULES = {"networks.lora": "lora", "networks.dora": "dora", "networks.loha": "loha", "networks.lokr": "lokr"}
SCHEDULES = {
    "cosine": "cosine",
    "constant": "constant",
    "constant_with_warmup": "constant",
    "linear": "linear",
    "cosine_with_restarts": "cosine-restarts",
    "polynomial": "polynomial",
    "rex": "rex",
}
OPTIMIZERS = {
    "adamw8bit": "adamw8bit",
    "pagedadamw8bit": "paged-adamw8bit",
    "adamw": "adamw",
    "lion8bit": "lion8bit",
    "adafactor": "adafactor",
    "prodigy": "prodigy",
    "adamwschedulefree": "schedule-free",
}
PRECISIONS = {"no": "fp32", "fp16": "fp16", "bf16": "bf16"}
WITHOUT_EFFECT = {
    "output_dir", "logging_dir", "log_prefix", "save_model_as", "save_precision", "cache_latents",
    "cache_latents_to_disk", "xformers", "sdpa", "mem_eff_attn", "max_data_loader_n_workers",
    "persistent_data_loader_workers", "enable_bucket", "bucket_reso_steps", "min_bucket_reso",
    "max_bucket_reso", "vae_batch_size", "cache_text_encoder_outputs", "lowram", "highvram",
    "num_processes", "cache_text_encoder_outputs_to_disk", "save_state", "caption_extension", "log_with",
    "wandb_run_name", "metadata_title", "general", "dataset_config", "epoch", "save_every_n_epochs",
}  # fmt: skip
"""Where things lie and how fast they go; the studio sees to that itself."""


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
    given = _flat(content)
    values: dict[str, Value] = {}
    notes: list[str] = []
    for key, value in given.items():
        if value in (None, "", "None") or key in WITHOUT_EFFECT:
            continue
        try:
            values |= RULES[key](value) if key in RULES else {}
        except (KeyError, ValueError, TypeError):
            notes.append(f"{key} = {value}: the studio has nothing of the kind; its default is used.")
            continue
        if key not in RULES and value not in (False, 0, "0", [], {}):
            notes.append(f"{key} = {value} has no counterpart here and was left out.")
    if given.get("network_train_unet_only") in (True, "true"):
        values["text_learning_rate"] = 0.0
    values |= _folders(content)
    if "epoch" in given and "steps" not in values:
        notes.append("Epochs are not counted here; set the steps, about 100 for each picture of a subject.")
    return Imported(values, tuple(notes))


def _flat(content: Mapping[str, Value]) -> dict[str, Value]:
    flat: dict[str, Value] = {}
    for key, value in content.items():
        if isinstance(value, Mapping):
            flat |= _flat(value)
        elif key != "datasets":
            flat[key] = value
    return flat


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
            values |= _class_folder(each["image_dir"])
    return values


def _same(name: str, kind: Callable[[Value], Value]) -> Callable[[Value], dict[str, Value]]:
    return lambda value: {name: kind(value)}


def _one_of(name: str, words: Mapping[str, str]) -> Callable[[Value], dict[str, Value]]:
    return lambda value: {
        name: words[str(value).split(".")[-1].lower() if "." in str(value) else str(value).lower()]
    }


def _part(name: str) -> Callable[[Value], dict[str, Value]]:
    return lambda value: {name: min(1.0, float(value) / 1000)}


def _switch(value: Value) -> bool:
    return value in (True, 1, "true", "True", "1")


def _resolution(value: Value) -> dict[str, Value]:
    sides = value if isinstance(value, list) else str(value).replace("x", ",").split(",")
    return {"resolution": max(int(side) for side in sides)}


def _class_folder(value: Value) -> dict[str, Value]:
    return {"class_folder": str(value), "keep_class": "on"}


def _network(value: Value) -> dict[str, Value]:
    return {} if "lycoris" in str(value) else {"network": MODULES[str(value)]}


def _arguments(value: Value) -> dict[str, Value]:
    """LyCORIS says what it is in its arguments: ["algo=loha", "conv_dim=8"]."""
    told = dict(str(one).split("=", 1) for one in (value if isinstance(value, list) else str(value).split()))
    return {"network": NETWORKS[told["algo"].lower()]} if "algo" in told else {}


RULES: Mapping[str, Callable[[Value], dict[str, Value]]] = {
    "pretrained_model_name_or_path": _same("base", str),
    "train_data_dir": _same("dataset", str),
    "reg_data_dir": _class_folder,
    "output_name": _same("name", str),
    "resolution": _resolution,
    "max_resolution": _resolution,
    "learning_rate": _same("learning_rate", float),
    "unet_lr": _same("learning_rate", float),
    "text_encoder_lr": _same(
        "text_learning_rate", lambda value: float(value[0] if isinstance(value, list) else value)
    ),
    "network_train_unet_only": lambda value: {},
    "network_dim": _same("rank", int),
    "network_alpha": _same("alpha", float),
    "network_dropout": _same("dropout", float),
    "network_module": _network,
    "network_args": _arguments,
    "train_batch_size": _same("batch_size", int),
    "gradient_accumulation_steps": _same("accumulation", int),
    "gradient_checkpointing": _same("gradient_checkpointing", _switch),
    "max_train_steps": _same("steps", int),
    "lr_scheduler": _one_of("schedule", SCHEDULES),
    "lr_warmup_steps": _same("warmup_steps", int),
    "lr_warmup": _same("warmup", lambda value: float(value) / 100),
    "lr_scheduler_num_cycles": _same("restarts", int),
    "lr_scheduler_power": _same("schedule_power", float),
    "optimizer_type": _one_of("optimizer", OPTIMIZERS),
    "optimizer": _one_of("optimizer", OPTIMIZERS),
    "max_grad_norm": _same("max_grad_norm", float),
    "mixed_precision": _one_of("precision", PRECISIONS),
    "min_snr_gamma": _same("min_snr_gamma", float),
    "debiased_estimation_loss": _same("debiased", _switch),
    "noise_offset": _same("noise_offset", float),
    "ip_noise_gamma": _same("input_perturbation", float),
    "zero_terminal_snr": _same("zero_terminal_snr", _switch),
    "min_timestep": _part("timestep_from"),
    "max_timestep": _part("timestep_to"),
    "prior_loss_weight": _same("class_weight", float),
    "caption_dropout_rate": _same("caption_dropout", float),
    "shuffle_caption": _same("shuffle_tags", _switch),
    "keep_tokens": _same("keep_tags", int),
    "flip_aug": _same("flip", _switch),
    "bucket_no_upscale": lambda value: {"enlarge": not _switch(value)},
    "masked_loss": _same("masks", _switch),
    "sample_every_n_steps": _same("sample_every", int),
    "save_every_n_steps": _same("save_every", int),
    "seed": _same("seed", int),
}
