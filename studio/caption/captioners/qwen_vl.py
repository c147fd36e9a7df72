"""Qwen3-VL 4B (arXiv 2511.21631)."""

from __future__ import annotations

from studio.caption.captioners._chat import HubChat

ENTRY = HubChat(
    name="qwen-vl",
    title="Qwen3-VL 4B",
    about="A chat model that follows what you ask closely and reads text in pictures.",
    licence="Apache-2.0",
    hub_id="Qwen/Qwen3-VL-4B-Instruct",
    download_bytes=8_900_000_000,
    memory_bytes=10_500_000_000,
    order=31,
)
