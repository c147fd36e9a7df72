"""The names that the original code of SD3 and FLUX gives to the layers of diffusers' transformers.

There, queries, keys and values are rows of one layer, and the last modulation has its two halves the
other way round. Each table gives an original name and the layers of diffusers that are its rows.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple


class Joined(NamedTuple):
    """The layers whose rows an original layer joins, in their order; `swapped` has its halves exchanged."""

    paths: tuple[str, ...]
    swapped: bool = False


Names = Mapping[str, str]

FLUX: Mapping[str, Names] = {
    "transformer_blocks.{}.=double_blocks.{}.": {
        "img_attn.qkv": "attn.to_q attn.to_k attn.to_v",
        "txt_attn.qkv": "attn.add_q_proj attn.add_k_proj attn.add_v_proj",
        "img_attn.proj": "attn.to_out.0",
        "txt_attn.proj": "attn.to_add_out",
        "img_mlp.0": "ff.net.0.proj",
        "img_mlp.2": "ff.net.2",
        "txt_mlp.0": "ff_context.net.0.proj",
        "txt_mlp.2": "ff_context.net.2",
        "img_mod.lin": "norm1.linear",
        "txt_mod.lin": "norm1_context.linear",
        # as XLabs' trainer names them
        "qkv_lora1": "attn.to_q attn.to_k attn.to_v",
        "qkv_lora2": "attn.add_q_proj attn.add_k_proj attn.add_v_proj",
        "proj_lora1": "attn.to_out.0",
        "proj_lora2": "attn.to_add_out",
    },
    "single_transformer_blocks.{}.=single_blocks.{}.": {
        "linear1": "attn.to_q attn.to_k attn.to_v proj_mlp",
        "linear2": "proj_out",
        "modulation.lin": "norm.linear",
        "qkv": "attn.to_q attn.to_k attn.to_v",
        "proj": "proj_out",
    },
    "=": {
        "img_in": "x_embedder",
        "txt_in": "context_embedder",
        "time_in.in_layer": "time_text_embed.timestep_embedder.linear_1",
        "time_in.out_layer": "time_text_embed.timestep_embedder.linear_2",
        "vector_in.in_layer": "time_text_embed.text_embedder.linear_1",
        "vector_in.out_layer": "time_text_embed.text_embedder.linear_2",
        "guidance_in.in_layer": "time_text_embed.guidance_embedder.linear_1",
        "guidance_in.out_layer": "time_text_embed.guidance_embedder.linear_2",
        "final_layer.linear": "proj_out",
        "final_layer.adaLN_modulation.1": "swapped norm_out.linear",
    },
}
SD3: Mapping[str, Names] = {
    "transformer_blocks.{}.=joint_blocks.{}.": {
        "x_block.attn.qkv": "attn.to_q attn.to_k attn.to_v",
        "x_block.attn2.qkv": "attn2.to_q attn2.to_k attn2.to_v",
        "context_block.attn.qkv": "attn.add_q_proj attn.add_k_proj attn.add_v_proj",
        "x_block.attn.proj": "attn.to_out.0",
        "x_block.attn2.proj": "attn2.to_out.0",
        "context_block.attn.proj": "attn.to_add_out",
        "x_block.mlp.fc1": "ff.net.0.proj",
        "x_block.mlp.fc2": "ff.net.2",
        "context_block.mlp.fc1": "ff_context.net.0.proj",
        "context_block.mlp.fc2": "ff_context.net.2",
        "x_block.adaLN_modulation.1": "norm1.linear",
        "context_block.adaLN_modulation.1": "norm1_context.linear",
    },
    "=": {
        "x_embedder.proj": "pos_embed.proj",
        "context_embedder": "context_embedder",
        "t_embedder.mlp.0": "time_text_embed.timestep_embedder.linear_1",
        "t_embedder.mlp.2": "time_text_embed.timestep_embedder.linear_2",
        "y_embedder.mlp.0": "time_text_embed.text_embedder.linear_1",
        "y_embedder.mlp.2": "time_text_embed.text_embedder.linear_2",
        "final_layer.linear": "proj_out",
        "final_layer.adaLN_modulation.1": "swapped norm_out.linear",
    },
}
FLUX2: Mapping[str, Names] = {
    "transformer_blocks.{}.=double_blocks.{}.": {
        "img_attn.qkv": "attn.to_q attn.to_k attn.to_v",
        "txt_attn.qkv": "attn.add_q_proj attn.add_k_proj attn.add_v_proj",
        "img_attn.proj": "attn.to_out.0",
        "txt_attn.proj": "attn.to_add_out",
        "img_mlp.0": "ff.linear_in",
        "img_mlp.2": "ff.linear_out",
        "txt_mlp.0": "ff_context.linear_in",
        "txt_mlp.2": "ff_context.linear_out",
    },
    "single_transformer_blocks.{}.=single_blocks.{}.": {
        "linear1": "attn.to_qkv_mlp_proj",
        "linear2": "attn.to_out",
    },
    "=": {
        "img_in": "x_embedder",
        "txt_in": "context_embedder",
        "time_in.in_layer": "time_guidance_embed.timestep_embedder.linear_1",
        "time_in.out_layer": "time_guidance_embed.timestep_embedder.linear_2",
        "double_stream_modulation_img.lin": "double_stream_modulation_img.linear",
        "double_stream_modulation_txt.lin": "double_stream_modulation_txt.linear",
        "single_stream_modulation.lin": "single_stream_modulation.linear",
        "final_layer.linear": "proj_out",
        "final_layer.adaLN_modulation.1": "swapped norm_out.linear",
    },
}
_Z_BLOCK = {
    "attention.qkv": "attention.to_q attention.to_k attention.to_v",
    "attention.out": "attention.to_out.0",
    "feed_forward.w1": "feed_forward.w1",
    "feed_forward.w2": "feed_forward.w2",
    "feed_forward.w3": "feed_forward.w3",
    "adaLN_modulation.0": "adaLN_modulation.0",
}
Z_IMAGE: Mapping[str, Names] = {
    "layers.{}.=layers.{}.": _Z_BLOCK,
    "noise_refiner.{}.=noise_refiner.{}.": _Z_BLOCK,
    "context_refiner.{}.=context_refiner.{}.": _Z_BLOCK,
    "=": {
        "x_embedder": "all_x_embedder.2-1",
        "final_layer.linear": "all_final_layer.2-1.linear",
        "final_layer.adaLN_modulation.1": "all_final_layer.2-1.adaLN_modulation.1",
        "cap_embedder.1": "cap_embedder.1",
        "t_embedder.mlp.0": "t_embedder.mlp.0",
        "t_embedder.mlp.2": "t_embedder.mlp.2",
    },
}
# A layer that only transformers of this kind have, and their table.
KNOWN_BY: Mapping[str, Mapping[str, Names]] = {
    "single_transformer_blocks.0.proj_mlp": FLUX,
    "pos_embed.proj": SD3,
    "single_transformer_blocks.0.attn.to_qkv_mlp_proj": FLUX2,
    "noise_refiner.0.attention.to_q": Z_IMAGE,
}
DOTTED: Mapping[str, str] = {"noise_refiner.0.attention.to_q": "diffusion_model."}
"""What stands before a layer's path in files for transformers whose users know no kohya keys."""


def dotted_prefix(paths: Collection[str]) -> str:
    """That for a transformer with these module paths; empty where keys are kohya's."""
    return next((prefix for mark, prefix in DOTTED.items() if mark in paths), "")


def joined_layers(paths: Collection[str]) -> dict[str, Joined]:
    """The original layers of a transformer with these module paths; empty for another model."""
    table = next((table for mark, table in KNOWN_BY.items() if mark in paths), {})
    there = set(paths)
    found: dict[str, Joined] = {}
    for prefixes, names in table.items():
        ours, theirs = prefixes.split("=")
        for number in _numbers(ours, there):
            for original, joined in names.items():
                swap, *own = joined.split() if joined.startswith("swapped") else ["", *joined.split()]
                layers = tuple(f"{ours.format(number)}{name}" for name in own)
                if there.issuperset(layers):
                    found[f"{theirs.format(number)}{original}"] = Joined(layers, bool(swap))
    return found | _last_context_swapped(found)


def kohya_layers(paths: Collection[str]) -> Iterator[tuple[str, Joined]]:
    """Those that kohya's files have, each of ours in one; none where files have our own paths."""
    covered: set[str] = set()
    for name, joined in joined_layers(paths).items() if not dotted_prefix(paths) else ():
        if not covered.intersection(joined.paths):  # XLabs' names for the same come later
            covered.update(joined.paths)
            yield name, joined


def _numbers(prefix: str, paths: Collection[str]) -> Iterator[str]:
    """The numbers of the blocks that there are; one empty one for what lies outside of blocks."""
    if not prefix:
        yield ""
        return
    pattern = re.compile(re.escape(prefix).replace(r"\{\}", r"(\d+)"))
    yield from sorted({match[1] for path in paths if (match := pattern.match(path))}, key=int)


def _last_context_swapped(found: Mapping[str, Joined]) -> dict[str, Joined]:
    """In SD3's last block the context is only read, and its modulation is like the final layer's."""
    name = "joint_blocks.{}.context_block.adaLN_modulation.1"
    blocks = [block for block in range(len(found)) if name.format(block) in found]
    if not blocks or f"joint_blocks.{blocks[-1]}.context_block.attn.proj" in found:
        return {}
    last = name.format(blocks[-1])
    return {last: Joined(found[last].paths, swapped=True)}
