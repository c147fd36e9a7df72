"""The names that Stability's original code gives to the modules of a diffusers UNet.

SDXL files of kohya's trainer use them. The blocks are numbered through: `input_blocks.0` is the
first convolution, then each level holds its resnets, followed by its downsampler; on the way up
the upsampler shares the number of the level's last resnet.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

OUTSIDE_BLOCKS = {
    "conv_in": "input_blocks.0.0",
    "conv_norm_out": "out.0",
    "conv_out": "out.2",
    "time_embedding.linear_1": "time_embed.0",
    "time_embedding.linear_2": "time_embed.2",
    "add_embedding.linear_1": "label_emb.0.0",
    "add_embedding.linear_2": "label_emb.0.2",
}
IN_RESNET = {
    "norm1": "in_layers.0",
    "norm2": "out_layers.0",
    "conv1": "in_layers.2",
    "conv2": "out_layers.3",
    "time_emb_proj": "emb_layers.1",
    "conv_shortcut": "skip_connection",
}


def original_names(paths: Iterable[str]) -> dict[str, str]:
    """The original name of each module path that has one; empty for what is no UNet."""
    paths = list(paths)
    resnets = [int(m[1]) for path in paths if (m := re.match(r"down_blocks\.\d+\.resnets\.(\d+)\.", path))]
    attentive = {int(m[1]) for path in paths if (m := re.match(r"up_blocks\.(\d+)\.attentions\.", path))}
    if not resnets:
        return {}
    named = {path: _original_name(path, max(resnets) + 1, attentive) for path in paths}
    return {path: name for path, name in named.items() if name}


def _original_name(path: str, depth: int, attentive: Collection[int]) -> str:
    """`depth` is the number of resnets of a level going down; `attentive` levels attend going up."""
    if path in OUTSIDE_BLOCKS:
        return OUTSIDE_BLOCKS[path]
    middle = re.match(r"mid_block\.(resnets|attentions)\.(\d+)\.(.+)", path)
    if middle:
        number = 2 * int(middle[2]) if middle[1] == "resnets" else 1
        return f"middle_block.{number}.{_inside(middle[1], middle[3])}"
    block = re.match(r"(down|up)_blocks\.(\d+)\.(\w+)\.(\d+)\.(.+)", path)
    if not block:
        return ""
    side, level, kind, index, rest = block[1], int(block[2]), block[3], int(block[4]), block[5]
    number = level * (depth + 1) + (index if kind in ("resnets", "attentions") else depth)
    places = {"resnets": 0, "attentions": 1, "downsamplers": 0, "upsamplers": 2 if level in attentive else 1}
    if side == "down":
        return f"input_blocks.{number + 1}.{places[kind]}.{_inside(kind, rest)}"
    return f"output_blocks.{number}.{places[kind]}.{_inside(kind, rest)}"


def _inside(kind: str, rest: str) -> str:
    if kind == "downsamplers":
        return "op"
    return IN_RESNET.get(rest, rest) if kind == "resnets" else rest
