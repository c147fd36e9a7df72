"""BLIP-2 with OPT 2.7B (arXiv 2301.12597)."""

from __future__ import annotations

from studio.caption.captioners._sentence import HubSentence

ENTRY = HubSentence(
    name="blip2",
    title="BLIP-2",
    about="A short sentence by a larger model, which knows more things by their names.",
    licence="MIT",
    hub_id="Salesforce/blip2-opt-2.7b",
    kind="Blip2ForConditionalGeneration",
    download_bytes=15_000_000_000,
    memory_bytes=8_500_000_000,
    speed="moderate",
    order=12,
)
