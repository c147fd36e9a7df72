"""SmolVLM 2.2B (arXiv 2504.05299)."""

from __future__ import annotations

from studio.caption.captioners._chat import HubChat

ENTRY = HubChat(
    name="smolvlm",
    title="SmolVLM",
    about="A small chat model: answers what you ask of each picture, on cards of 8 GB.",
    licence="Apache-2.0",
    hub_id="HuggingFaceTB/SmolVLM-Instruct",
    download_bytes=4_500_000_000,
    memory_bytes=6_000_000_000,
    speed="moderate",
    order=30,
)
