"""Lineage: the family of base models for which an adapter was made, from its metadata or its layers."""

from __future__ import annotations

import re
from collections.abc import Sequence

from studio.adapters.entries import Entry
from studio.adapters.metadata import AdapterFacts
from studio.families import FAMILIES

# How bases are spelled in `modelspec.architecture`, in `ss_base_model_version`, by Civitai and by A1111.
SPELLED = (
    (r"stable-diffusion-v1\b|^sd[ _]?v?1", "sd1"),
    (r"stable-diffusion-v2\b|^sd[ _]?v?2", "sd2"),
    (r"stable-diffusion-xl|^sdxl|^pony|^illustrious|^noobai", "sdxl"),
    (r"stable-diffusion-3.5-large|^sd[ _]?3\.5[ _-]?large", "sd3-large"),
    (r"stable-diffusion-3|^sd[ _]?v?3", "sd3"),
    (r"^flux[-._]?2.*klein.*4b", "flux2-klein-4b"),
    (r"^flux[-._]?2", "flux2"),
    (r"^z[ _-]?image", "z-image"),
    (r"^flux", "flux"),
)
# Names that only one family has.
MARKS = (
    (r"noise_refiner|layers[._]0[._]attention[._](qkv|to_q)", "z-image"),
    (r"joint_blocks|transformer_blocks[._]0[._]ff_context|add_q_proj", "sd3"),
    (r"single_transformer_blocks|double_blocks|single_blocks", "flux"),
    (r"add_embedding|label_emb", "sdxl"),
)
# The width of the text that a UNet's second attention reads.
WIDTHS = {768: "sd1", 1024: "sd2", 2048: "sdxl"}
READS_TEXT = re.compile(r"attn2[._]to_[kv]$")


def family_of(facts: AdapterFacts, entries: Sequence[Entry]) -> str:
    """The name of the family; empty if nothing tells."""
    return _said(facts) or _seen(entries)


def family_spelled(text: str) -> str:
    """The family that is meant by a base's name as other programs write it; empty for an unknown one."""
    return next((name for pattern, name in SPELLED if re.search(pattern, text.casefold())), "")


def _said(facts: AdapterFacts) -> str:
    """The family that the file names, in either of the two ways in which files do."""
    for family in FAMILIES:
        if facts.architecture == family.architecture or facts.base_version == family.base_version:
            return family.name
    return family_spelled(facts.architecture) or family_spelled(facts.base_version)


def _seen(entries: Sequence[Entry]) -> str:
    names = " ".join(entry.name for entry in entries)
    for pattern, name in reversed(MARKS) if "single_" in names or "double_" in names else MARKS:
        if re.search(pattern, names):
            return name
    widths = {e.measure.shape[-1] for e in entries if READS_TEXT.search(e.name) and len(e.measure.shape) > 1}
    return WIDTHS.get(widths.pop(), "") if len(widths) == 1 else ""
