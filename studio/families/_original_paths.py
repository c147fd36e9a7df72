"""From the names in an original checkpoint to the paths that its layers have once it is opened."""

from __future__ import annotations

import re
from collections.abc import Iterator

from studio.adapters.naming import DENOISER
from studio.adapters.original_names import IN_RESNET, OUTSIDE_BLOCKS
from studio.families._base import Layers
from studio.models.layout import Layout

UNET = "model.diffusion_model."
TEXTS = {
    "cond_stage_model.transformer.": "text_encoder",
    "cond_stage_model.model.": "text_encoder",
    "conditioner.embedders.0.transformer.": "text_encoder",
    "conditioner.embedders.1.model.": "text_encoder_2",
}
OPEN_CLIP = {"attn.out_proj": "self_attn.out_proj", "mlp.c_fc": "mlp.fc1", "mlp.c_proj": "mlp.fc2"}
OUTSIDE = {original: path for path, original in OUTSIDE_BLOCKS.items()}
RESNET = {original: path for path, original in IN_RESNET.items()}
A_LEVEL = 3  # blocks of input and of output: two resnets and a downsampler, or three resnets


def original_layers(layout: Layout) -> Layers:
    """The weights of a UNet and its CLIP text encoders in one file, by part and path; empty for a folder."""
    found: dict[str, dict[str, tuple[int, ...]]] = {}
    for name, entry in layout.entries.items():
        if not name.endswith("weight") or len(entry.shape) not in (2, 4):
            continue
        path = name.removesuffix(".weight")
        if path.startswith(UNET):
            found.setdefault(DENOISER, {})[unet_path(path.removeprefix(UNET))] = entry.shape
        for prefix, part in TEXTS.items():
            if path.startswith(prefix):
                told = dict(_clip_layers(path.removeprefix(prefix), entry.shape))
                found.setdefault(part, {}).update(told)
    return found


def _clip_layers(path: str, shape: tuple[int, ...]) -> Iterator[tuple[str, tuple[int, ...]]]:
    """OpenCLIP has query, key and value of a layer in one weight."""
    block = re.fullmatch(r"transformer\.resblocks\.(\d+)\.(.+)", path)
    if block is None:
        yield path, shape
    elif block[2] == "attn.in_proj_weight":
        for name in ("q_proj", "k_proj", "v_proj"):
            yield f"text_model.encoder.layers.{block[1]}.self_attn.{name}", (shape[0] // 3, shape[1])
    else:
        yield f"text_model.encoder.layers.{block[1]}.{OPEN_CLIP.get(block[2], block[2])}", shape


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
