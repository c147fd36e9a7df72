"""BLIP base (arXiv 2201.12086)."""

from __future__ import annotations

from studio.caption.captioners._sentence import HubSentence

ENTRY = HubSentence(
    name="blip-base",
    title="BLIP base",
    about="A short sentence for photographs and drawings.",
    licence="BSD-3-Clause",
    hub_id="Salesforce/blip-image-captioning-base",
    kind="BlipForConditionalGeneration",
    revision="refs/pr/50",  # the main branch has pickled weights only, which are not opened here
    download_bytes=990_000_000,
    memory_bytes=1_000_000_000,
    order=10,
)
