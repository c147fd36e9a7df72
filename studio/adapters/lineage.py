"""Lineage: the family of base models for which an adapter was made, from its metadata or its layers."""

from __future__ import annotations

import re
from collections.abc import Sequence

from studio.adapters.entries import Entry
from studio.adapters.metadata import AdapterFacts
from studio.families import FAMILIES

# How trainers spell the base in `modelspec.architecture` and `ss_base_model_version`.
SPELLED = (
    (r"stable-diffusion-v1\b|^sd_v1|^sd_1\.5|^sd1", "sd1"),
    (r"stable-diffusion-v2\b|^sd_v2|^sd_2|^sd2", "sd2"),
    (r"stable-diffusion-xl|^sdxl", "sdxl"),
    (r"stable-diffusion-3|^sd3", "sd3"),
    (r"^flux-?2|flux\.2", "flux2"),
    (r"^flux", "flux"),
)
# Names that only one family has.
MARKS = (
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


def _said(facts: AdapterFacts) -> str:
    """The family that the file names, in either of the two ways in which files do."""
    for family in FAMILIES:
        if facts.architecture == family.architecture or facts.base_version == family.base_version:
            return family.name
    for text in (facts.architecture, facts.base_version):
        for pattern, name in SPELLED:
            if re.search(pattern, text.casefold()):
                return name
    return ""


def _seen(entries: Sequence[Entry]) -> str:
    names = " ".join(entry.name for entry in entries)
    for pattern, name in reversed(MARKS) if "single" in names or "double" in names else MARKS:
        if re.search(pattern, names):
            return name
    widths = {e.measure.shape[-1] for e in entries if READS_TEXT.search(e.name) and len(e.measure.shape) > 1}
    return WIDTHS.get(widths.pop(), "") if len(widths) == 1 else ""
