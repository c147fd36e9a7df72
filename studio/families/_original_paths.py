"""From the names in an original checkpoint to the paths that its layers have once it is opened."""

from __future__ import annotations

import re

from studio.adapters.naming import DENOISER
from studio.adapters.original_names import IN_RESNET, OUTSIDE_BLOCKS
from studio.families._base import Layers
from studio.models.layout import Layout

UNET, TEXT = "model.diffusion_model.", "cond_stage_model.transformer."
OUTSIDE = {original: path for path, original in OUTSIDE_BLOCKS.items()}
RESNET = {original: path for path, original in IN_RESNET.items()}
A_LEVEL = 3  # blocks of input and of output: two resnets and a downsampler, or three resnets


def original_layers(layout: Layout) -> Layers:
    """The weights of a UNet and a CLIP text encoder in one file, by part and path; empty for a folder."""
    found: dict[str, dict[str, tuple[int, ...]]] = {}
    for name, entry in layout.entries.items():
        if not name.endswith(".weight") or len(entry.shape) not in (2, 4):
            continue
        path = name.removesuffix(".weight")
        if path.startswith(UNET):
            found.setdefault(DENOISER, {})[unet_path(path.removeprefix(UNET))] = entry.shape
        elif path.startswith(TEXT):
            found.setdefault("text_encoder", {})[path.removeprefix(TEXT)] = entry.shape
    return found


def unet_path(name: str) -> str:
    """`input_blocks.1.0.in_layers.2` is `down_blocks.0.resnets.0.conv1`; what is none of these stays."""
    block = re.match(r"(input_blocks|middle_block|output_blocks)\.(\d+)\.(?:(\d+)\.)?(.+)", name)
    if name in OUTSIDE or block is None:
        return OUTSIDE.get(name, name)
    side, number, rest = block[1], int(block[2]), block[4]
    if side == "middle_block":
        return f"mid_block.{_inside(rest, number // 2)}"
    down = side == "input_blocks"
    level, index = divmod(number - 1 if down else number, A_LEVEL)
    return f"{'down' if down else 'up'}_blocks.{level}.{_inside(rest, index)}"


def _inside(rest: str, index: int) -> str:
    if rest in RESNET:
        return f"resnets.{index}.{RESNET[rest]}"
    if rest in ("op", "conv"):
        return "downsamplers.0.conv" if rest == "op" else "upsamplers.0.conv"
    return f"attentions.{index}.{rest}"
