"""BLIP large (arXiv 2201.12086)."""

from __future__ import annotations

from studio.caption.captioners._sentence import HubSentence

ENTRY = HubSentence(
    name="blip-large",
    title="BLIP large",
    about="A longer and surer sentence than BLIP base.",
    licence="BSD-3-Clause",
    hub_id="Salesforce/blip-image-captioning-large",
    kind="BlipForConditionalGeneration",
    download_bytes=1_880_000_000,
    memory_bytes=1_600_000_000,
    unwanted=frozenset({"arafed", "araffe", "arafe"}),  # words that this model alone knows
    order=11,
)
