"""Identifying: which family a model belongs to, seen from its weights and never from its name."""

from __future__ import annotations

from studio.errors import ModelError
from studio.families import FAMILIES
from studio.families._base import Family
from studio.models.layout import Layout, read_layout
from studio.models.source import Source

# What a file seems to be when no family knows it: a part of a weight's name that gives it away.
# The first match counts, so the more telling names come first.
SIGNS = (
    ("lora_unet_", "a LoRA"),
    (".lora_down.", "a LoRA"),
    (".lora_A.", "a LoRA"),
    ("conditioner.embedders.1.", "an SDXL model"),
    ("unet.add_embedding.", "an SDXL model"),
    ("cond_stage_model.model.", "an SD2 model"),
    ("distilled_guidance_layer.", "a Chroma model"),
    ("single_stream_modulation", "a FLUX.2 model of another size"),
    ("cap_embedder.", "a Z-Image or Lumina model of another size"),
    ("txt_norm.", "a Qwen-Image model"),
    ("joint_blocks.", "an SD3 model"),
    ("transformer.pos_embed.", "an SD3 model"),
    ("double_blocks.", "a FLUX model"),
    ("single_transformer_blocks.", "a FLUX model"),
    ("control_model.", "a ControlNet"),
    ("controlnet_", "a ControlNet"),
    ("string_to_param", "a textual inversion"),
    ("emb_params", "a textual inversion"),
)
FIRST_LAYER = ("unet.conv_in.weight", "model.diffusion_model.input_blocks.0.0.weight")
ORIGINAL_UNET = "model.diffusion_model."


def identify(source: Source) -> Family:
    """The family of a model on this machine; raises `ModelError` saying what it seems to be instead."""
    layout = read_layout(source)
    for family in FAMILIES:
        if family.recognises(layout):
            return family.variant(source, layout)
    known = ", ".join(family.title for family in FAMILIES)
    seems = guess(layout)
    raise ModelError(
        f"“{source.title}” is {seems}" if seems else f"“{source.title}” is no model that the studio knows",
        why=f"This version works with: {known}",
        remedy="Choose another base model.",
    )


def guess(layout: Layout) -> str:
    """What a layout that no family recognises seems to be, in a few words; empty if nobody can say."""
    for sign, title in SIGNS:
        if any(sign in name for name in layout.entries):
            return title
    if any(layout.shape(name)[1:2] == (9,) for name in FIRST_LAYER):
        return "an inpainting model"
    reads = {entry.shape[1:] for name, entry in layout.entries.items() if name.endswith("attn2.to_k.weight")}
    if (1024,) in reads:
        return "an SD2 model"
    if any(name.startswith((ORIGINAL_UNET, "unet.")) for name in layout.entries):
        return "a diffusion model of an unknown kind"
    parts = {name.partition(".")[0] for name in layout.entries}
    if parts <= {"encoder", "decoder", "quant_conv", "post_quant_conv", "first_stage_model"}:
        return "a VAE alone, without a model that paints"
    if any("text_model" in name or "token_embedding" in name for name in layout.entries):
        return "a text encoder alone, without a model that paints"
    return ""
