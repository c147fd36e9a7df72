"""Checkpoints that are packed already: fp8 with or without scales, as ComfyUI writes them."""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any

from studio.errors import ModelError

if TYPE_CHECKING:
    import torch
    from torch import Tensor

SCALES = (".scale_weight", ".weight_scale")
BESIDE = (*SCALES, ".scale_input", ".input_scale", ".comfy_quant")
MARK, PACKED_BY_BITSANDBYTES = "scaled_fp8", ".quant_state.bitsandbytes__"
KNOWN = ("float8_e4m3fn", "float8_e5m2")


def is_beside(name: str) -> bool:
    """Whether this belongs to another weight, or only says how the file is packed."""
    return name.endswith((*BESIDE, MARK))


def weight_in(file: Any, name: str, names: Collection[str], dtype: torch.dtype) -> Tensor:
    """A weight of an open file in `dtype`; one in fp8 times its scale, which stands beside it."""
    import torch

    weight: Tensor = file.get_tensor(name)
    layer = name.removesuffix(".weight")
    scale = next((f"{layer}{end}" for end in SCALES if f"{layer}{end}" in names), "")
    if weight.dtype.itemsize > 1 or not scale:
        return weight.to(dtype)
    factor = file.get_tensor(scale).to(torch.float32)
    if factor.ndim:
        factor = factor.reshape(-1, *(1 for _ in weight.shape[1:]))
    full: Tensor = weight.to(torch.float32) * factor
    return full.to(dtype)


def check_packing(path: Path, file: Any, names: Collection[str]) -> None:
    """Raises `ModelError` for a file that is packed in another way than fp8."""
    told = [name for name in names if name.endswith(".comfy_quant")]
    kinds = {_kind(bytes(file.get_tensor(name).tolist()).decode()) for name in told}
    layers = _told(file.metadata() or {})
    kinds |= {str(each.get("format", "")) for each in layers if isinstance(each, dict)}
    if any(PACKED_BY_BITSANDBYTES in name for name in names):
        kinds.add("bitsandbytes")
    unknown = sorted(kinds - {*KNOWN, ""})
    if unknown:
        raise ModelError(
            f"{path.name} is packed as {unknown[0]}, which is not opened here",
            remedy="Get the file in bf16, fp16 or fp8; the studio packs it itself (“Base stored as”).",
        )


def _kind(text: str) -> str:
    try:
        return str(json.loads(text).get("format", ""))
    except (ValueError, AttributeError):
        return "an unknown format"


def _told(metadata: dict[str, str]) -> Collection[Any]:
    try:
        layers = json.loads(metadata.get("_quantization_metadata", "{}")).get("layers", {})
        return list(layers.values())
    except (ValueError, AttributeError):
        return []
