"""What settings of kohya's trainer, and of its page, are called here."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

Value = Any
Rule = Callable[[Value], dict[str, Value]]

KINDS = {"loha": "loha", "lokr": "lokr", "locon": "locon", "lora": "locon", "dora": "dora"}
"""What LyCORIS calls its kinds; its LoRA has convolutions too."""
MODULES = {
    "networks.lora": "lora", "networks.dora": "dora", "networks.loha": "loha", "networks.lokr": "lokr",
    "networks.lora_flux": "lora", "networks.lora_sd3": "lora",
}  # fmt: skip
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
_WITHOUT_EFFECT = """
    additional_parameters async_upload bucket_reso_steps cache_latents cache_latents_to_disk
    cache_text_encoder_outputs cache_text_encoder_outputs_to_disk caption_extension dataset_config
    dynamo_backend dynamo_mode enable_bucket epoch extra_accelerate_launch_args general gpu_ids highvram
    log_config log_prefix log_tracker_name log_with logging_dir lowram main_process_port max_bucket_reso
    max_data_loader_n_workers max_train_epochs mem_eff_attn metadata_author metadata_description
    metadata_license metadata_tags metadata_title min_bucket_reso model_list multi_gpu no_half_vae
    num_cpu_threads_per_process num_machines num_processes output_dir persistent_data_loader_workers resume
    sample_every_n_epochs sample_sampler save_as_bool save_every_n_epochs save_last_n_epochs
    save_last_n_epochs_state save_last_n_steps save_last_n_steps_state save_model_as save_precision save_state
    save_state_on_train_end sdpa sdxl sdxl_cache_text_encoder_outputs sdxl_no_half_vae skip_cache_check
    train_on_input training_comment v2 v_parameterization vae_batch_size wandb_api_key wandb_run_name xformers
"""
WITHOUT_EFFECT = frozenset(_WITHOUT_EFFECT.split())
"""Where things lie, how fast they go, and what a base model says of itself; the studio sees to that."""
USUAL: Mapping[str, Value] = {
    "clip_skip": 1, "max_token_length": 75, "factor": -1, "unit": 1, "constrain": 0, "noise_offset_type":
    "Original", "loss_type": "l2", "huber_c": 0.1, "huber_schedule": "snr", "LyCORIS_preset": "full",
    "LoRA_type": "Standard", "vae_reflection": False, "conv_dim": 1, "conv_alpha": 1,
    "multires_noise_discount": 0.3, "network_train_text_encoder_only": False,
}  # fmt: skip
"""What their page writes down where nobody chose anything."""


def is_usual(key: str, value: Value) -> bool:
    """Whether a value that has no counterpart means that nothing was asked for."""
    return value in (False, 0, "0", "false", [], {}) or str(value).lower() == str(USUAL.get(key, "")).lower()


def switch(value: Value) -> bool:
    """A switch, however it is written."""
    return value in (True, 1, "true", "True", "1")


def class_folder(value: Value) -> dict[str, Value]:
    """A folder of class pictures, which are then trained too."""
    return {"class_folder": str(value), "keep_class": "on"}


def _same(name: str, kind: Callable[[Value], Value]) -> Rule:
    return lambda value: {name: kind(value)}


def _one_of(name: str, words: Mapping[str, str]) -> Rule:
    return lambda value: {name: words[str(value).split(".")[-1].lower()]}


def _part(name: str) -> Rule:
    return lambda value: {name: min(1.0, float(value) / 1000)}


def _rate(name: str) -> Rule:
    """A learning rate; of several text encoders the first one's."""
    return lambda value: {name: float(value[0] if isinstance(value, list) else value)}


def _resolution(value: Value) -> dict[str, Value]:
    sides = value if isinstance(value, list) else re.split(r"[x,]", str(value))
    return {"resolution": max(int(side) for side in sides)}


def _warm_up(value: Value) -> dict[str, Value]:
    """Below 1 it is a part of the steps."""
    steps = float(value)
    return {"warmup": steps} if 0 < steps < 1 else {"warmup_steps": int(steps)}


def _network(value: Value) -> dict[str, Value]:
    return {} if "lycoris" in str(value) else {"network": MODULES[str(value)]}


def _type(value: Value) -> dict[str, Value]:
    """What the page calls its networks: “Standard”, “LyCORIS/LoHa” …"""
    name = str(value).split("/")[-1].lower()
    return {"network": "lora" if name in ("standard", "flux1") else KINDS[name]}


def _text_part(value: Value) -> dict[str, Value]:
    """In percent; 0 is all of the steps, below it none."""
    percent = float(value)
    return {"text_learning_rate": 0.0} if percent < 0 else {"text_part": percent / 100} if percent else {}


def _prompts(value: Value) -> dict[str, Value]:
    """Prompts a line, without the flags behind each; the name of a file is no prompt."""
    if re.search(r"\.(txt|toml|json)$", str(value)):
        raise ValueError
    lines = (re.split(r"\s--\w", line)[0].strip() for line in str(value).splitlines())
    return {"sample_prompts": "\n".join(line for line in lines if line and not line.startswith("#"))}


def _loss(value: Value) -> dict[str, Value]:
    return {"l2": {}, "huber": {"huber": 0.1}}[str(value)]


RULES: Mapping[str, Rule] = {
    "pretrained_model_name_or_path": _same("base", str),
    "train_data_dir": _same("dataset", str),
    "reg_data_dir": class_folder,
    "output_name": _same("name", str),
    "resolution": _resolution,
    "max_resolution": _resolution,
    "learning_rate": _rate("learning_rate"),
    "text_encoder_lr": _rate("text_learning_rate"),
    "stop_text_encoder_training": _text_part,
    "stop_text_encoder_training_pct": _text_part,
    "network_dim": _same("rank", int),
    "network_alpha": _same("alpha", float),
    "network_dropout": _same("dropout", float),
    "LoRA_type": _type,
    "network_module": _network,
    "train_batch_size": _same("batch_size", int),
    "gradient_accumulation_steps": _same("accumulation", int),
    "gradient_checkpointing": _same("gradient_checkpointing", switch),
    "max_train_steps": _same("steps", int),
    "lr_scheduler": _one_of("schedule", SCHEDULES),
    "lr_warmup_steps": _warm_up,
    "lr_warmup": _same("warmup", lambda value: float(value) / 100),
    "lr_scheduler_num_cycles": _same("restarts", int),
    "lr_scheduler_power": _same("schedule_power", float),
    "optimizer_type": _one_of("optimizer", OPTIMIZERS),
    "optimizer": _one_of("optimizer", OPTIMIZERS),
    "weight_decay": _same("weight_decay", float),
    "max_grad_norm": _same("max_grad_norm", float),
    "mixed_precision": _one_of("precision", PRECISIONS),
    "fp8_base": lambda value: {"storage": "fp8"} if switch(value) else {},
    "min_snr_gamma": _same("min_snr_gamma", float),
    "debiased_estimation_loss": _same("debiased", switch),
    "loss_type": _loss,
    "noise_offset": _same("noise_offset", float),
    "ip_noise_gamma": _same("input_perturbation", float),
    "zero_terminal_snr": _same("zero_terminal_snr", switch),
    "min_timestep": _part("timestep_from"),
    "max_timestep": _part("timestep_to"),
    "discrete_flow_shift": _same("timestep_shift", float),
    "prior_loss_weight": _same("class_weight", float),
    "caption_dropout_rate": _same("caption_dropout", float),
    "shuffle_caption": _same("shuffle_tags", switch),
    "keep_tokens": _same("keep_tags", int),
    "flip_aug": _same("flip", switch),
    "bucket_no_upscale": lambda value: {"enlarge": not switch(value)},
    "masked_loss": _same("masks", switch),
    "sample_prompts": _prompts,
    "sample_every_n_steps": _same("sample_every", int),
    "save_every_n_steps": _same("save_every", int),
    "seed": _same("seed", int),
}
