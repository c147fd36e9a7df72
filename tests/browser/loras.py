"""LoRAs for the miniature that one sees at once, made of random numbers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from safetensors import safe_open
from safetensors.numpy import save_file

from studio.families import FAMILIES
from tests.conftest import ROOT

UNET = ROOT / "assets" / "pocket" / "unet" / "diffusion_pytorch_model.safetensors"
ENDS = (".to_q.weight", ".to_k.weight", ".to_v.weight", ".to_out.0.weight")
RANK, STRENGTH = 4, 0.35


def make_lora(path: Path, *, title: str, trigger: str = "", seed: int = 0) -> Path:
    """A LoRA on the attention layers, a third as large as their weights."""
    random = np.random.default_rng(seed)
    tensors = {}
    with safe_open(UNET, "numpy") as file:
        for name in sorted(file.keys()):
            if name.endswith(ENDS):
                key = f"lora_unet_{name.removesuffix('.weight').replace('.', '_')}"
                weight = file.get_tensor(name).astype(np.float32)
                tensors |= _layer(key, weight, random)
    version = FAMILIES.get("pocket").base_version
    told = {"modelspec.title": title, "modelspec.trigger_phrase": trigger, "ss_base_model_version": version}
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(tensors, path, metadata=told)
    return path


def _layer(key: str, weight: np.ndarray, random: np.random.Generator) -> dict[str, np.ndarray]:
    up = random.standard_normal((weight.shape[0], RANK))
    down = random.standard_normal((RANK, weight.shape[1]))
    up *= STRENGTH * np.linalg.norm(weight) / np.linalg.norm(up @ down)
    return {
        f"{key}.lora_up.weight": up.astype(np.float16),
        f"{key}.lora_down.weight": down.astype(np.float16),
        f"{key}.alpha": np.array(RANK, np.float16),
    }
